//! A server of the protocol in memory, with all that can go wrong on the way to it, and a process that uses it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderValue};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;

use crate::append::Retry;
use crate::delivery::{Deliveries, Means};
use crate::http::{self, Body, Request, Response, Transport};
use crate::outbox::tests::memory::MemoryDisk;
use crate::outbox::{Outbox, OutboxOptions};
use crate::protocol::{EntryUuid, LogEndpoint, Timeouts};
use crate::report::{Diagnostic, ReporterExt};
use crate::session::Session;
use crate::testing::script::Recorder;

/// How often each fault comes, in per mille.
#[derive(Clone, Copy, Default)]
pub(super) struct Faults {
    /// No response, the entry being stored or not.
    pub(super) lost: u64,
    /// Another writer appends before or after a request.
    pub(super) others: u64,
    /// A conflict names the head before the last one.
    pub(super) stale_conflicts: u64,
    /// A conflict names none.
    pub(super) nameless_conflicts: u64,
    /// A read lacks the last two entries.
    pub(super) stale_reads: u64,
    /// The process is killed at a request.
    pub(super) kills: u64,
    /// A request of a killed process arrives later.
    pub(super) late: u64,
    /// A status that says that nothing was stored, or nothing at all.
    pub(super) refused: u64,
}

type Random = Box<dyn FnMut(u64) -> u64 + Send>;

pub(super) struct World {
    /// The log of each session.
    pub(super) logs: std::collections::BTreeMap<String, Vec<String>>,
    pub(super) faults: Faults,
    /// What every request is answered with, where that is set.
    pub(super) refuses: Option<Refusal>,
    /// Requests of killed processes: the session, the entry, and the head that it names.
    late: Vec<(String, String, Option<String>)>,
    pub(super) requests: usize,
    /// Requests under way at the same time, and the most of them.
    under_way: usize,
    pub(super) most_under_way: usize,
    random: Random,
    others: u64,
    process: u64,
    kill: Option<oneshot::Sender<()>>,
}

#[derive(Clone, Copy)]
pub(super) enum Refusal {
    NoConnection,
    Status(u16),
    /// A status for one entry alone.
    Of(&'static str, u16),
}

/// The server, as one process sees it.
#[derive(Clone)]
pub(super) struct Server {
    world: Arc<Mutex<World>>,
    process: u64,
}

impl Server {
    pub(super) fn new(random: impl FnMut(u64) -> u64 + Send + 'static) -> Self {
        let world = World {
            logs: Default::default(),
            faults: Faults::default(),
            refuses: None,
            late: Vec::new(),
            requests: 0,
            under_way: 0,
            most_under_way: 0,
            random: Box::new(random),
            others: 0,
            process: 0,
            kill: None,
        };
        Self { world: Arc::new(Mutex::new(world)), process: 0 }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next process, and what tells that it was killed.
    pub(super) fn next_process(&self) -> (Self, oneshot::Receiver<()>) {
        let mut world = self.world();
        let (kill, killed) = oneshot::channel();
        world.process += 1;
        world.kill = Some(kill);
        world.under_way = 0;
        (Self { world: Arc::clone(&self.world), process: world.process }, killed)
    }

    pub(super) fn log(&self, session: &str) -> Vec<String> {
        self.world().logs.get(session).cloned().unwrap_or_default()
    }
}

impl World {
    fn chance(&mut self, per_mille: u64) -> bool {
        per_mille > 0 && (self.random)(1000) < per_mille
    }

    fn head(&self, session: &str) -> Option<String> {
        self.logs.get(session).and_then(|log| log.last().cloned())
    }

    fn others(&mut self, session: &str) {
        if self.chance(self.faults.others) {
            self.others += 1;
            let name = format!("other-{}", self.others);
            self.logs.entry(session.into()).or_default().push(name);
        }
    }

    fn late_ones_arrive(&mut self) {
        for (session, uuid, head) in std::mem::take(&mut self.late) {
            if self.chance(250) {
                self.store(&session, &uuid, head.as_deref());
            } else {
                self.late.push((session, uuid, head));
            }
        }
    }

    fn store(&mut self, session: &str, uuid: &str, head: Option<&str>) -> bool {
        let is_next = self.head(session).as_deref() == head;
        if is_next {
            self.logs.entry(session.into()).or_default().push(uuid.into());
        }
        is_next
    }

    /// `None` where there is no response; then the process is killed where that is set.
    fn put(&mut self, session: &str, uuid: &str, head: Option<&str>) -> Result<Response<TextBody>, bool> {
        self.late_ones_arrive();
        if self.chance(self.faults.kills / 2) {
            if self.chance(self.faults.late) {
                self.late.push((session.into(), uuid.into(), head.map(str::to_owned)));
            }
            return Err(true);
        }
        self.others(session);
        if self.chance(self.faults.refused) {
            let statuses = [404, 413, 429, 500, 503];
            let status = statuses[(self.random)(statuses.len() as u64) as usize];
            return Ok(response(status, None, String::new()));
        }
        if self.chance(self.faults.lost / 2) {
            if self.chance(self.faults.late) {
                self.late.push((session.into(), uuid.into(), head.map(str::to_owned)));
            }
            return Err(false);
        }
        let stored = self.store(session, uuid, head);
        self.others(session);
        if self.chance(self.faults.kills / 2) {
            return Err(true);
        }
        if self.chance(self.faults.lost / 2) {
            return Err(false);
        }
        if stored {
            return Ok(response(200, None, String::new()));
        }
        let log = self.logs.get(session).cloned().unwrap_or_default();
        let named = if self.chance(self.faults.nameless_conflicts) {
            None
        } else if self.chance(self.faults.stale_conflicts) && log.len() > 1 {
            log.get(log.len() - 2).cloned()
        } else {
            log.last().cloned()
        };
        Ok(response(409, named.as_deref(), String::new()))
    }

    fn get(&mut self, session: &str) -> Result<Response<TextBody>, bool> {
        if self.chance(self.faults.kills) {
            return Err(true);
        }
        if self.chance(self.faults.lost) {
            return Err(false);
        }
        let mut log = self.logs.get(session).cloned().unwrap_or_default();
        if self.chance(self.faults.stale_reads) {
            log.truncate(log.len().saturating_sub(2));
        }
        let entries: Vec<_> = log.iter().map(|uuid| format!(r#"{{"uuid":"{uuid}"}}"#)).collect();
        Ok(response(200, None, format!(r#"{{"loglines":[{}]}}"#, entries.join(","))))
    }
}

fn response(status: u16, head: Option<&str>, body: String) -> Response<TextBody> {
    let head = head.map(|head| HeaderValue::from_str(head).unwrap());
    let headers: HeaderMap = head.into_iter().map(|head| (http_name(), head)).collect();
    Response { status, headers, body: TextBody(Some(body.into())) }
}

fn http_name() -> reqwest::header::HeaderName {
    reqwest::header::HeaderName::from_static("x-last-uuid")
}

pub(super) struct TextBody(Option<Bytes>);

impl Body for TextBody {
    async fn chunk(&mut self) -> Result<Option<Bytes>, http::Error> {
        Ok(self.0.take().filter(|text| !text.is_empty()))
    }
}

impl Transport for Server {
    type Body = TextBody;

    async fn send(&self, request: Request) -> Result<Response<TextBody>, http::Error> {
        {
            let mut world = self.world();
            world.requests += 1;
            world.under_way += 1;
            world.most_under_way = world.most_under_way.max(world.under_way);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        let is_alive = self.world().process == self.process;
        if !is_alive {
            return std::future::pending().await;
        }
        let answer = self.answer(&request)?;
        match answer {
            Ok(response) => Ok(response),
            Err(is_killed) => {
                let kill = if is_killed { self.world().kill.take() } else { None };
                if let Some(kill) = kill {
                    kill.send(()).ok();
                    return std::future::pending().await;
                }
                Err(http::Error::Broken("connection reset".into()))
            }
        }
    }
}

impl Server {
    /// The response to a request; `Err(true)` where the process is killed at it, and `Err(false)` where it is lost.
    fn answer(&self, request: &Request) -> Result<Result<Response<TextBody>, bool>, http::Error> {
        let mut world = self.world();
        world.under_way -= 1;
        let session = request.url.path().rsplit('/').next().unwrap_or_default().to_owned();
        let uuid = uuid_of(&request.body);
        let refusal = match world.refuses {
            Some(Refusal::Of(entry, status)) => (entry == uuid).then_some(Refusal::Status(status)),
            refusal => refusal,
        };
        Ok(match refusal {
            Some(Refusal::NoConnection) => return Err(http::Error::NotConnected("refused".into())),
            Some(Refusal::Status(status)) => Ok(response(status, None, String::new())),
            _ if request.method == Method::GET => world.get(&session),
            _ => {
                let head = request.headers.get("last-uuid").and_then(|head| head.to_str().ok());
                world.put(&session, &uuid, head)
            }
        })
    }
}

fn uuid_of(body: &Bytes) -> String {
    let text = String::from_utf8_lossy(body);
    text.split('"').nth(3).unwrap_or_default().to_owned()
}

/// One process of a host.
pub(super) struct Process {
    pub(super) deliveries: Deliveries<Server, Recorder>,
    pub(super) host: Recorder,
    server: Server,
    sessions: Mutex<std::collections::HashMap<String, Arc<Session>>>,
    base: String,
}

/// The host of the server; each test has one of its own, because breakers are the process's.
pub(super) fn base(name: &str) -> String {
    format!("http://{name}.test/session")
}

pub(super) fn paused() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

impl Process {
    pub(super) fn new(disk: &MemoryDisk, server: &Server, base: &str) -> Self {
        Self::with(disk, server, base, |options| options)
    }

    pub(super) fn with(
        disk: &MemoryDisk,
        server: &Server,
        base: &str,
        change: impl Fn(OutboxOptions) -> OutboxOptions,
    ) -> Self {
        let host = Recorder::default();
        let reporter = host.clone();
        let on_event = move |event| reporter.diagnostic(Diagnostic::from(event));
        let options = change(OutboxOptions::new("/outbox".into()));
        let outbox = Outbox::new(options, Arc::new(disk.clone()), Handle::current(), on_event);
        let random = crate::append::random;
        let deliveries =
            Deliveries::new(outbox, Handle::current(), host.clone(), random, Box::new(|_, _| None));
        Self { deliveries, host, server: server.clone(), sessions: Mutex::default(), base: base.into() }
    }

    pub(super) fn session(&self, session: &str) -> Arc<Session> {
        Arc::clone(self.sessions.lock().unwrap().entry(session.into()).or_default())
    }

    /// Forgets a session, as `clearSession` does.
    pub(super) fn clear(&self, session: &str) {
        self.sessions.lock().unwrap().remove(session);
    }

    pub(super) fn means(&self, session: &str) -> Means<Server, Recorder> {
        self.means_with(session, "token", Retry::default())
    }

    pub(super) fn means_with(&self, session: &str, token: &str, retry: Retry) -> Means<Server, Recorder> {
        let endpoint = LogEndpoint::new(&format!("{}/{session}", self.base), token).unwrap();
        Means {
            transport: self.server.clone(),
            reporter: self.host.clone(),
            endpoint: Arc::new(endpoint),
            retry,
            timeouts: Timeouts::default(),
            has_token: true,
        }
    }

    pub(super) fn append(&self, session: &str, uuid: &str) -> oneshot::Receiver<bool> {
        self.append_by(session, uuid, self.means(session))
    }

    pub(super) fn append_by(
        &self,
        session: &str,
        uuid: &str,
        means: Means<Server, Recorder>,
    ) -> oneshot::Receiver<bool> {
        let (settle, settled) = oneshot::channel();
        let body = Bytes::from(format!(r#"{{"uuid":"{uuid}"}}"#));
        let settle = Box::new(move |stored| {
            settle.send(stored).ok();
        });
        let entry = (EntryUuid::new(uuid).unwrap(), body);
        self.deliveries.append((&self.session(session), session), entry, means, settle);
        settled
    }

    /// What was reported, by event.
    pub(super) fn count(&self, event: &str) -> usize {
        self.host.reports().iter().filter(|report| report.starts_with(event)).count()
    }
}
