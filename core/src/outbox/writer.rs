//! When spools are written: what is appended within a millisecond is written together, off the threads that append.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

use super::directory::{Directory, Unavailable};
use super::files::Files;
use super::name::Name;
use super::open_file::OpenFile;
use super::record::Origin;
use super::{Event, OutboxOptions};
use crate::panic::catch_panic;
use crate::panic_point;
use crate::sync::{Mutex, MutexGuard};

/// For so long what is appended is gathered before it is written.
const GATHERED_FOR: Duration = Duration::from_millis(1);
/// A folder that cannot be used is looked at again after so long.
const LOOKED_AT_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// How often a file is made at most, where it vanishes before it has its name.
const CREATIONS: u32 = 5;

/// One job on the disk at a time in the process, so that the threads for blocking work stay free.
static JOBS: Semaphore = Semaphore::const_new(1);

type OnEvent = dyn Fn(Event) + Send + Sync;

/// What is written: the entries of one session, a spool.
pub(super) trait Writable: Send + Sync {
    /// Whether there is something to do now.
    fn wants_step(&self, now: Instant) -> bool;

    /// When there is something to do without being asked.
    fn due(&self) -> Option<Instant>;

    /// Does what is due; false where it has ended, and is of no use any more.
    fn step(&self, now: Instant) -> bool;

    /// Ends without its file, because a step has panicked: what it was writing is lost to the disk.
    fn abandon(&self);

    /// Writes what is queued on this thread; where the file is in use, or a write fails, again until then.
    fn write_before(&self, until: Instant);

    /// Ends with the file at once, on this thread.
    fn end_now(&self);

    /// The name of the file, where there is one.
    fn file_name(&self) -> Option<Name>;

    /// The highest number of an entry that was written, and of one that is on the disk.
    #[cfg(test)]
    fn progress(&self) -> (u64, u64);
}

/// What the spools of one outbox share.
pub(super) struct OutboxCore {
    pub(super) directory: Directory,
    pub(super) sync_after: Duration,
    max_bytes: u64,
    runtime: Handle,
    on_event: Box<OnEvent>,
    state: Mutex<State>,
    changed: Notify,
    /// Bytes of the folder, as it was listed, with what was written since.
    used: AtomicU64,
    /// Bytes that wait to be written.
    queued: AtomicU64,
    cannot_sync: AtomicBool,
    is_failing: AtomicBool,
}

#[derive(Default)]
struct State {
    spools: Vec<Arc<dyn Writable>>,
    is_running: bool,
    is_asked: bool,
    /// Every append is written on the thread that makes it: the event loop has ended.
    at_once: bool,
    folder: Folder,
}

#[derive(Default)]
enum Folder {
    #[default]
    Unknown,
    Ready,
    /// Until then it is not tried again.
    Unavailable(Instant, &'static str),
}

impl OutboxCore {
    pub(super) fn new(
        options: &OutboxOptions,
        files: Arc<dyn Files>,
        runtime: Handle,
        on_event: impl Fn(Event) + Send + Sync + 'static,
    ) -> Self {
        Self {
            directory: Directory::new(PathBuf::from(&options.dir), files),
            sync_after: options.sync_after,
            max_bytes: options.max_bytes,
            runtime,
            on_event: Box::new(on_event),
            state: Mutex::default(),
            changed: Notify::new(),
            used: AtomicU64::new(0),
            queued: AtomicU64::new(0),
            cannot_sync: AtomicBool::new(false),
            is_failing: AtomicBool::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn report(&self, event: Event) {
        (self.on_event)(event);
    }

    pub(super) fn random(&self) -> u64 {
        // Seeded by the system once for each thread, and different at each call.
        RandomState::new().hash_one(0_u8)
    }

    /// Makes the folder where that is not done yet. While it cannot be used, that is told once a minute at most.
    pub(super) fn prepare(&self) -> Result<(), Unavailable> {
        match self.state().folder {
            Folder::Ready => return Ok(()),
            Folder::Unavailable(until, code) if until > Instant::now() => return Err(Unavailable(code)),
            Folder::Unavailable(..) | Folder::Unknown => {}
        }
        let prepared = match self.directory.make() {
            // Where no file can be made, that may pass: it is told, and tried again, as a write that failed.
            Ok(()) => self.directory.prepare(self.directory.user(self.random())?),
            Err(unavailable) => Err(unavailable),
        };
        if prepared.is_ok() {
            self.used.store(self.directory.bytes(), Ordering::Relaxed);
        }
        let was_unavailable = {
            let mut state = self.state();
            let was = matches!(state.folder, Folder::Unavailable(..));
            state.folder = match prepared {
                Ok(()) => Folder::Ready,
                Err(Unavailable(code)) => Folder::Unavailable(Instant::now() + LOOKED_AT_AGAIN_AFTER, code),
            };
            was
        };
        if let Err(Unavailable(code)) = prepared
            && !was_unavailable
        {
            self.report(Event::Unavailable { code });
        }
        prepared
    }

    /// Makes a file for a session.
    pub(super) fn create(&self, session_id: &str, url: &str) -> Result<OpenFile, Unavailable> {
        let mut created = self.create_once(session_id, url);
        for _ in 1..CREATIONS {
            // Somebody took the file for the leftover of a dead process, or the folder has gone.
            let Err(Unavailable("ENOENT" | "EBUSY")) = created else { break };
            self.state().folder = Folder::Unknown;
            created = self.create_once(session_id, url);
        }
        created
    }

    fn create_once(&self, session_id: &str, url: &str) -> Result<OpenFile, Unavailable> {
        self.prepare()?;
        let now = self.directory.files.now();
        let checksum = super::name::session_checksum(session_id);
        let listed = self.directory.list()?;
        let of_session = listed.iter().filter(|(name, _)| name.session == checksum);
        // Behind the files that are there, whatever the clock says.
        let latest = of_session.map(|(name, _)| name.created + 1).max().unwrap_or(0);
        let origin = Origin { session_id: session_id.into(), url: url.into(), created: now.max(latest) };
        let file = OpenFile::create(&self.directory, origin, self.random())?;
        self.grew(0, file.bytes());
        self.directory.sync();
        Ok(file)
    }

    /// Opens what is left of a file's name, for one who owns it.
    pub(super) fn add(&self, spool: Arc<dyn Writable>) {
        self.state().spools.push(spool);
    }

    /// Has the writer look at what was queued. The first call of a burst spawns it.
    pub(super) fn wake(self: &Arc<Self>, spool: &dyn Writable) {
        let at_once = {
            let mut state = self.state();
            if !state.at_once {
                self.ask(&mut state);
            }
            state.at_once
        };
        if at_once {
            spool.write_before(Instant::now() + Duration::from_secs(1));
        }
    }

    /// The same for what may wait for the next write.
    pub(super) fn wake_for_acknowledgement(self: &Arc<Self>) {
        self.ask(&mut self.state());
    }

    fn ask(self: &Arc<Self>, state: &mut State) {
        if std::mem::replace(&mut state.is_asked, true) {
            return;
        }
        if state.is_running {
            self.changed.notify_one();
        } else {
            state.is_running = true;
            self.runtime.spawn(run(Arc::clone(self)));
        }
    }

    /// Writes what is queued on this thread, and what is appended from now on.
    pub(super) fn write_before(&self, until: Instant) {
        let spools = {
            let mut state = self.state();
            state.at_once = true;
            state.spools.clone()
        };
        for spool in spools {
            spool.write_before(until);
        }
    }

    /// Ends with all files: what is queued is written, and their locks are given up.
    pub(super) fn close(&self, until: Instant) {
        self.write_before(until);
        let spools = std::mem::take(&mut self.state().spools);
        for spool in spools {
            spool.end_now();
        }
    }

    pub(super) fn spools(&self) -> Vec<Arc<dyn Writable>> {
        self.state().spools.clone()
    }

    pub(super) fn grew(&self, from: u64, to: u64) {
        if to >= from {
            self.used.fetch_add(to - from, Ordering::Relaxed);
        } else {
            // It may have been emptied by somebody else when it was listed.
            let smaller = |used: u64| Some(used.saturating_sub(from - to));
            self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, smaller).ok();
        }
    }

    pub(super) fn queued(&self, bytes: u64) {
        self.queued.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn no_longer_queued(&self, bytes: u64) {
        self.queued.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Bytes of the folder, with those that wait to be written.
    fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed) + self.queued.load(Ordering::Relaxed)
    }

    /// Whether another entry fits, `slack` of the room being free.
    pub(super) fn has_room(&self, bytes: u64, slack: f64) -> bool {
        let room = self.max_bytes as f64 * (1.0 - slack);
        (self.used() + bytes) as f64 <= room
    }

    pub(super) fn can_sync(&self) -> bool {
        !self.cannot_sync.load(Ordering::Relaxed)
    }

    pub(super) fn cannot_sync(&self, code: &'static str) {
        if !self.cannot_sync.swap(true, Ordering::Relaxed) {
            self.report(Event::WriteFailed { code });
        }
    }

    /// Does what is due of a spool; false where it has ended.
    fn step(&self, spool: &dyn Writable) -> bool {
        let stepped = catch_panic(|| {
            panic_point!("write");
            spool.step(Instant::now())
        });
        stepped.unwrap_or_else(|_| {
            self.report(Event::WriteFailed { code: "ERR_SESSION_INGRESS_INTERNAL" });
            spool.abandon();
            false
        })
    }

    /// Tells when writing begins to fail.
    pub(super) fn is_failing(&self, code: Option<&'static str>) {
        let was = self.is_failing.swap(code.is_some(), Ordering::Relaxed);
        if let Some(code) = code
            && !was
        {
            self.report(Event::WriteFailed { code });
        }
    }
}

/// Writes as long as something is queued, or due.
async fn run(core: Arc<OutboxCore>) {
    loop {
        tokio::time::sleep(GATHERED_FOR).await;
        core.state().is_asked = false;
        let now = Instant::now();
        let spools = core.spools();
        let work: Vec<_> = spools.into_iter().filter(|spool| spool.wants_step(now)).collect();
        if !work.is_empty() {
            let permit = JOBS.acquire().await;
            let of_work = Arc::clone(&core);
            let step = move || work.into_iter().filter(|spool| !of_work.step(&**spool)).collect::<Vec<_>>();
            let ended = tokio::task::spawn_blocking(step).await.unwrap_or_default();
            drop(permit);
            core.state().spools.retain(|spool| !ended.iter().any(|ended| Arc::ptr_eq(spool, ended)));
        }
        let next = core.spools().iter().filter_map(|spool| spool.due()).min();
        let until = {
            let mut state = core.state();
            if state.is_asked {
                continue;
            }
            match next {
                Some(next) => next,
                None => {
                    state.is_running = false;
                    return;
                }
            }
        };
        tokio::time::timeout_at(until, core.changed.notified()).await.ok();
    }
}

/// The name of a file that is made now.
pub(super) fn name_of_now(core: &OutboxCore, session_id: &str) -> Name {
    Name::new(session_id, core.directory.files.now(), core.random() as u32)
}
