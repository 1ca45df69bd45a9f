//! Staying awake between the requests to a server that answers at once.
//!
//! A thread that goes to sleep and is woken again costs tens of microseconds on many machines, virtual ones above
//! all. For a server far away that is nothing. Next to one on the same machine, or as near as that, it is more than all
//! the work of an append: its answer, and the next append behind it, are there before the thread is asleep. So after a request
//! that was answered at once the runtime's thread looks around for a moment longer, which also spares the
//! JavaScript thread the call that wakes it.
//!
//! It never does for a server that takes its time, and stops where others want the core: whoever looks around
//! instead of sleeping is who has to wait on a busy machine.

use std::cell::RefCell;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use tokio::task::yield_now;

/// What is answered within this time is answered at once, and what the host does next it does within it.
const AT_ONCE: Duration = Duration::from_micros(200);

/// Where so much time passes between two looks, another thread was given the core, or there is so much to do that
/// sleeping at the end of it is no loss.
const CROWDED: Duration = Duration::from_millis(1);

/// So long it goes to sleep at once on a machine that was found crowded; twice as long each time that it is found so
/// again soon after. A garbage collector beside it is over in a moment; a compiler is not.
const REST: Duration = Duration::from_millis(30);
const LONGEST_REST: Duration = Duration::from_millis(480);
const SOON: Duration = Duration::from_millis(100);

/// What the runtime does before it sleeps. Without it there is no lingering: on a runtime of somebody else's.
static WHEN_IDLE: OnceLock<fn()> = OnceLock::new();

thread_local! {
    // All requests are sent from the runtime's one worker thread.
    static LINGER: RefCell<Linger> = const { RefCell::new(Linger::new()) };
}

/// Lets the runtime linger; `when_idle` is called each time that it has nothing else to do meanwhile.
pub fn allow(when_idle: fn()) {
    WHEN_IDLE.get_or_init(|| when_idle);
}

/// A request is about to be sent.
pub(super) fn begun() {
    stay(|linger, now| linger.begun(now));
}

/// The server has answered a request after so long; `None` where it has not.
pub(super) fn answered(took: Option<Duration>) {
    stay(|linger, now| linger.answered(took, now));
}

/// Begins to look around where `decide` says so.
fn stay(decide: impl FnOnce(&mut Linger, Instant) -> bool) {
    let Some(&when_idle) = WHEN_IDLE.get() else { return };
    if LINGER.with_borrow_mut(|linger| decide(linger, Instant::now())) && has_cores() {
        tokio::spawn(look_around(when_idle));
    }
}

async fn look_around(when_idle: fn()) {
    loop {
        // Whatever is ready runs first, and the network is looked at.
        yield_now().await;
        when_idle();
        if !LINGER.with_borrow_mut(|linger| linger.stays(Instant::now())) {
            return;
        }
    }
}

/// Whether there is a core besides this one, on which others can do what is waited for.
fn has_cores() -> bool {
    static HAS: OnceLock<bool> = OnceLock::new();
    *HAS.get_or_init(|| thread::available_parallelism().is_ok_and(|cores| cores.get() > 1))
}

/// Whether to linger, and how long.
#[derive(Debug)]
struct Linger {
    /// The last request was answered at once.
    near: bool,
    /// When to go to sleep; `None` while not looking around.
    until: Option<Instant>,
    last_look: Option<Instant>,
    rests_until: Option<Instant>,
    /// How long it rested the last time.
    rest: Duration,
}

impl Linger {
    const fn new() -> Self {
        Self { near: false, until: None, last_look: None, rests_until: None, rest: Duration::ZERO }
    }

    /// A request begins; says whether to begin to look around.
    fn begun(&mut self, now: Instant) -> bool {
        if !self.near || self.rests_until.is_some_and(|until| now < until) {
            return false;
        }
        let begins = self.until.is_none();
        if begins {
            self.last_look = Some(now);
        }
        self.until = Some(now + AT_ONCE);
        begins
    }

    /// A request was answered, or failed; says whether to begin to look around.
    fn answered(&mut self, took: Option<Duration>, now: Instant) -> bool {
        self.near = took.is_some_and(|took| took <= AT_ONCE);
        self.begun(now)
    }

    /// Having looked: whether to look again.
    fn stays(&mut self, now: Instant) -> bool {
        let away = self.last_look.replace(now).map(|last| now.saturating_duration_since(last));
        if away.is_some_and(|away| away >= CROWDED) {
            let again = self.rests_until.is_some_and(|until| now < until + SOON);
            self.rest = if again { LONGEST_REST.min(2 * self.rest) } else { REST };
            self.rests_until = Some(now + self.rest);
            self.until = None;
        }
        self.until = self.until.filter(|until| now < *until);
        self.until.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_micros(20);

    /// One that has just seen a request answered at once.
    fn lingering(now: Instant) -> Linger {
        let mut linger = Linger::new();
        assert!(linger.answered(Some(AT_ONCE), now));
        linger
    }

    #[test]
    fn it_stays_for_a_moment_after_a_request_that_was_answered_at_once() {
        let now = Instant::now();
        let mut linger = lingering(now);
        assert!(linger.stays(now + MOMENT));
        assert!(!linger.stays(now + AT_ONCE));
    }

    #[test]
    fn each_request_that_follows_at_once_lets_it_stay_longer() {
        let mut now = Instant::now();
        let mut linger = lingering(now);
        for _ in 0..100 {
            now += MOMENT;
            // It looks around already.
            assert!(!linger.begun(now) && linger.stays(now));
            now += MOMENT;
            assert!(!linger.answered(Some(MOMENT), now) && linger.stays(now));
        }
        assert!(!linger.stays(now + AT_ONCE));
        // A later one, to a server that is still believed near.
        assert!(linger.begun(now + SOON));
    }

    #[test]
    fn it_does_not_stay_for_a_server_that_takes_its_time_or_does_not_answer() {
        let now = Instant::now();
        let mut linger = Linger::new();
        assert!(!linger.begun(now) && !linger.answered(Some(AT_ONCE + MOMENT), now) && !linger.begun(now));
        for took in [Some(AT_ONCE + MOMENT), None] {
            let mut linger = lingering(now);
            linger.answered(took, now + MOMENT);
            assert!(!linger.stays(now + AT_ONCE) && !linger.begun(now + SOON));
        }
    }

    /// Lets one that lingers lose its core; says for how long it then goes to sleep at once, and when that ends.
    fn crowded(linger: &mut Linger, begun: Instant) -> (Duration, Instant) {
        let now = begun + CROWDED;
        // Though a request has just been answered.
        assert!(!linger.answered(Some(MOMENT), now) && !linger.stays(now));
        let until = linger.rests_until.unwrap();
        assert!(!linger.answered(Some(MOMENT), until - MOMENT) && linger.answered(Some(MOMENT), until));
        (until - now, until)
    }

    #[test]
    fn it_rests_on_a_crowded_machine_and_longer_on_one_that_stays_crowded() {
        let mut now = Instant::now();
        let mut linger = lingering(now);
        let mut rests = [Duration::ZERO; 6];
        for rest in &mut rests {
            (*rest, now) = crowded(&mut linger, now);
        }
        assert_eq!(rests.map(|rest| rest.as_millis()), [30, 60, 120, 240, 480, 480]);
        assert!(!linger.stays(now + AT_ONCE));
        now += SOON;
        assert!(linger.begun(now));
        assert_eq!(crowded(&mut linger, now).0, REST);
    }

    #[tokio::test]
    async fn what_waits_for_an_idle_runtime_is_done_meanwhile() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static LOOKS: AtomicUsize = AtomicUsize::new(0);
        let when_idle = || {
            LOOKS.fetch_add(1, Ordering::Relaxed);
        };
        let now = Instant::now();
        LINGER.with_borrow_mut(|linger| linger.answered(Some(Duration::ZERO), now));
        look_around(when_idle).await;
        assert!(LOOKS.load(Ordering::Relaxed) > 0 && now.elapsed() >= AT_ONCE);
    }
}
