//! The circuit breaker of a server: while it is out of reach, one session at a time looks whether it is back.

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::append::Random;
use crate::sync::{Mutex, MutexGuard};

/// The first wait of an outage is up to this, doubled.
const FIRST_WAIT: Duration = Duration::from_secs(8);
/// The longest wait that a server can ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);
/// Tries that the host's own appends may make at once, and the time after which one more is allowed.
const TOKENS: f64 = 3.0;
const TOKEN_EVERY: Duration = Duration::from_secs(20);
/// Sessions that drain at the same time, and the time over which they start.
const MAX_DRAINING: usize = 4;
const START_SPREAD: Duration = Duration::from_millis(250);

/// One server, as the sessions of a process know it.
pub struct Breaker {
    state: Mutex<State>,
    /// Whether it is open, for those who wait between attempts.
    is_open: watch::Sender<bool>,
    /// Signals every change.
    changed: watch::Sender<u64>,
    random: Random,
}

struct State {
    /// Failed tries in a row; none while it is closed.
    failures: u32,
    /// When the next try is due.
    due: Instant,
    is_probing: bool,
    draining: usize,
    /// The sessions that wait, the one whose last try is longest ago at the front.
    waiting: VecDeque<u64>,
    tokens: f64,
    refilled: Instant,
    /// Entries that the server took.
    successes: u64,
}

/// What a session that waits may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Make one try: no other session makes one.
    Probe,
    /// Send what it has, after this wait.
    Drain(Duration),
    /// Ask again then, or when something has changed.
    Wait(Option<Instant>),
}

impl Breaker {
    pub fn new(random: Random) -> Self {
        let now = Instant::now();
        Self {
            state: Mutex::new(State {
                failures: 0,
                due: now,
                is_probing: false,
                draining: 0,
                waiting: VecDeque::new(),
                tokens: TOKENS,
                refilled: now,
                successes: 0,
            }),
            is_open: watch::Sender::new(false),
            changed: watch::Sender::new(0),
            random,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn is_open(&self) -> bool {
        *self.is_open.borrow()
    }

    /// Becomes true when it opens.
    pub fn opens(&self) -> watch::Receiver<bool> {
        self.is_open.subscribe()
    }

    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn signal(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// Entries that the server has taken so far.
    pub fn successes(&self) -> u64 {
        self.state().successes
    }

    /// Takes a token for a try that an append of the host makes now; false where none is left.
    pub fn take_token(&self) -> bool {
        let (mut state, now) = (self.state(), Instant::now());
        let since = now.duration_since(state.refilled).as_secs_f64();
        state.tokens = (state.tokens + since / TOKEN_EVERY.as_secs_f64()).min(TOKENS);
        state.refilled = now;
        let granted = state.tokens >= 1.0;
        if granted {
            state.tokens -= 1.0;
        }
        granted
    }

    /// Puts a session among those that wait for a turn; its own wait is over.
    pub fn wait(&self, session: u64) {
        let mut state = self.state();
        if !state.waiting.contains(&session) {
            state.waiting.push_back(session);
        }
    }

    /// Takes a session out again: it has nothing left, or ends.
    pub fn leave(&self, session: u64) {
        self.state().waiting.retain(|waiting| *waiting != session);
        self.signal();
    }

    /// What a waiting session may do now. `is_urgent`: an append of the host asks for a try.
    pub fn turn(&self, session: u64, is_urgent: bool) -> Turn {
        let (mut state, now) = (self.state(), Instant::now());
        if state.is_probing {
            return Turn::Wait(None);
        }
        if !self.is_open() {
            if state.draining >= MAX_DRAINING {
                return Turn::Wait(None);
            }
            state.draining += 1;
            return Turn::Drain(START_SPREAD.mul_f64((self.random)()));
        }
        if !is_urgent && state.due > now {
            return Turn::Wait(Some(state.due));
        }
        if !is_urgent && state.waiting.front() != Some(&session) {
            return Turn::Wait(None);
        }
        state.is_probing = true;
        Turn::Probe
    }

    /// Ends a turn. Where the session waits again, it does so behind the others.
    pub fn end_turn(&self, session: u64, turn: Turn) {
        let mut state = self.state();
        match turn {
            Turn::Probe => state.is_probing = false,
            Turn::Drain(_) => state.draining = state.draining.saturating_sub(1),
            Turn::Wait(_) => {}
        }
        state.waiting.retain(|waiting| *waiting != session);
        drop(state);
        self.signal();
    }

    /// A probe that succeeded becomes one of those that drain.
    pub fn drains(&self, turn: Turn) -> Turn {
        if turn != Turn::Probe {
            return turn;
        }
        let mut state = self.state();
        state.is_probing = false;
        state.draining += 1;
        drop(state);
        self.signal();
        Turn::Drain(Duration::ZERO)
    }

    /// Notes that the server took an entry: it is closed.
    pub fn succeeded(&self) {
        let was_open = {
            let mut state = self.state();
            state.failures = 0;
            state.successes += 1;
            self.is_open()
        };
        if was_open {
            self.is_open.send_replace(false);
            self.signal();
        }
    }

    /// Notes that the server was out of reach: it is open, and the next try is due after a wait of up to `max_delay`, and
    /// of what the server asked for.
    pub fn failed(&self, asked: Option<Duration>, max_delay: Duration) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        let wait = full_jitter(state.failures, max_delay, self.random);
        let asked = asked.unwrap_or_default().min(LONGEST_ASKED);
        state.due = Instant::now() + wait.max(asked);
        drop(state);
        self.is_open.send_replace(true);
        self.signal();
    }
}

/// A random wait after the nth failure, from 0 to `min(max, 8 s × 2^n)`: clients that lost their server in the same
/// moment do not come back in the same moment.
pub fn full_jitter(failures: u32, max: Duration, random: Random) -> Duration {
    let factor = 1_u32.checked_shl(failures.min(31)).unwrap_or(u32::MAX);
    FIRST_WAIT.saturating_mul(factor).min(max).mul_f64(random())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: Duration = Duration::from_secs(300);

    fn breaker() -> Breaker {
        Breaker::new(|| 0.5)
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_with_a_failure_and_closes_with_a_success() {
        let breaker = breaker();
        assert!(!breaker.is_open());
        breaker.failed(None, MAX);
        assert!(breaker.is_open());
        breaker.succeeded();
        assert!(!breaker.is_open());
    }

    #[tokio::test(start_paused = true)]
    async fn one_session_at_a_time_tries_when_it_is_due_the_longest_waiting_first() {
        let breaker = breaker();
        breaker.failed(None, MAX);
        breaker.wait(1);
        breaker.wait(2);
        let due = Instant::now() + Duration::from_secs(8);
        assert_eq!(breaker.turn(1, false), Turn::Wait(Some(due)));
        tokio::time::advance(Duration::from_secs(8)).await;
        assert_eq!(breaker.turn(2, false), Turn::Wait(None));
        assert_eq!(breaker.turn(1, false), Turn::Probe);
        assert_eq!(breaker.turn(1, false), Turn::Wait(None));
        breaker.failed(None, MAX);
        breaker.end_turn(1, Turn::Probe);
        breaker.wait(1);
        tokio::time::advance(Duration::from_secs(16)).await;
        assert_eq!(breaker.turn(1, false), Turn::Wait(None));
        assert_eq!(breaker.turn(2, false), Turn::Probe);
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_server_asks_for_is_a_lower_bound_up_to_an_hour() {
        let breaker = breaker();
        breaker.failed(Some(Duration::from_secs(60)), MAX);
        assert_eq!(breaker.turn(1, false), Turn::Wait(Some(Instant::now() + Duration::from_secs(60))));
        breaker.failed(Some(Duration::from_secs(86_400)), MAX);
        assert_eq!(breaker.turn(1, false), Turn::Wait(Some(Instant::now() + LONGEST_ASKED)));
    }

    #[tokio::test(start_paused = true)]
    async fn appends_of_the_host_make_three_tries_and_then_one_every_20_seconds() {
        let breaker = breaker();
        let granted = || (0..10).filter(|_| breaker.take_token()).count();
        assert_eq!(granted(), 3);
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(granted(), 1);
        tokio::time::advance(Duration::from_secs(600)).await;
        assert_eq!(granted(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn an_urgent_session_tries_before_it_is_due() {
        let breaker = breaker();
        breaker.failed(None, MAX);
        breaker.wait(1);
        breaker.wait(2);
        assert_eq!(breaker.turn(2, true), Turn::Probe);
        assert_eq!(breaker.turn(1, true), Turn::Wait(None), "one at a time");
    }

    #[tokio::test(start_paused = true)]
    async fn four_sessions_drain_at_the_same_time() {
        let breaker = breaker();
        for session in 0..6 {
            breaker.wait(session);
        }
        let turns: Vec<_> = (0..6).map(|session| breaker.turn(session, false)).collect();
        assert!(turns[..4].iter().all(|turn| matches!(turn, Turn::Drain(_))));
        assert_eq!(turns[4..], [Turn::Wait(None); 2]);
        breaker.end_turn(0, turns[0]);
        assert!(matches!(breaker.turn(4, false), Turn::Drain(_)));
    }
}
