//! Random faults between an append and a server that keeps the protocol: whatever happens, nothing is stored twice.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderValue};
use tokio::runtime::{Builder, Runtime};

use crate::append::tests::case::{Case, url, uuid};
use crate::append::{Statuses, append};
use crate::http::{self, Body, Request, Response, Timeout, Transport};
use crate::protocol::EntryUuid;
use crate::session::Session;
use crate::testing::fuzz::fuzz;
use crate::testing::script::Recorder;

/// A log, and what goes wrong on the way to it.
#[derive(Clone)]
struct Server(Arc<Mutex<State>>);

struct State {
    log: Vec<String>,
    /// PUTs on their way: the entry, and the head that it continues from. They may arrive long after.
    late: Vec<(String, Option<String>)>,
    others: u32,
    /// Whether something on the way sends PUTs twice.
    repeats: bool,
    chance: u64,
}

impl State {
    /// A random number below `most`.
    fn random(&mut self, most: u64) -> u64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        (self.chance >> 16) % most
    }

    fn head(&self) -> Option<&String> {
        self.log.last()
    }

    /// Handles a PUT by the protocol; returns whether it is stored.
    fn put(&mut self, entry: &str, from: Option<&String>) -> bool {
        let is_next = self.head() == from;
        if is_next {
            self.log.push(entry.to_owned());
        }
        is_next
    }

    fn another_writer(&mut self) {
        self.others += 1;
        self.log.push(format!("other-{}", self.others));
    }

    fn late_arrivals(&mut self) {
        while !self.late.is_empty() && self.random(2) == 0 {
            let (entry, from) = self.late.remove(0);
            self.put(&entry, from.as_ref());
        }
    }

    fn conflict(&mut self) -> Response<Whole> {
        let mut response = status(409);
        // Some servers, and some proxies, leave the header out.
        if let Some(head) = self.head().cloned().filter(|_| self.random(4) > 0) {
            response.headers.insert("x-last-uuid", HeaderValue::from_str(&head).unwrap());
        }
        response
    }

    fn answer_put(&mut self, entry: &str, from: Option<&String>) -> Result<Response<Whole>, http::Error> {
        let lost = [http::Error::Broken("reset".into()), http::Error::TimedOut(LIMIT)];
        let [broken, timed_out] = lost;
        match self.random(12) {
            0 => return Err(http::Error::NotConnected("refused".into())),
            1 => return Ok(status(429)),
            2 => return Ok(status(503)),
            3 => return Ok(status(401)),
            4 => {
                self.late.push((entry.to_owned(), from.cloned()));
                return Err(timed_out);
            }
            _ => {}
        }
        let mut stored = self.put(entry, from);
        if self.random(4) == 0 {
            self.another_writer();
        }
        if self.repeats && self.random(3) == 0 {
            // The second copy may be refused although the first is stored.
            match self.random(6) {
                0 => return Ok(status(429)),
                1 => return Ok(status(401)),
                _ => stored = self.put(entry, from),
            }
        }
        match self.random(6) {
            0 => Err(broken),
            1 => Ok(status(502)),
            2 if stored => Ok(status(204)),
            _ if stored => Ok(status(201)),
            _ => Ok(self.conflict()),
        }
    }

    fn answer_get(&mut self) -> Result<Response<Whole>, http::Error> {
        let stale = match self.random(8) {
            0 => return Ok(status(500)),
            1 => return Err(http::Error::Broken("reset".into())),
            2 => return Ok(status(401)),
            3 => return Ok(status(404)),
            4 | 5 => self.random(4) as usize,
            _ => 0,
        };
        let seen = &self.log[..self.log.len().saturating_sub(stale)];
        let entries: Vec<_> = seen.iter().map(|uuid| format!(r#"{{"uuid":"{uuid}"}}"#)).collect();
        Ok(Response {
            body: Whole(Some(format!(r#"{{"loglines":[{}]}}"#, entries.join(",")))),
            ..status(200)
        })
    }

    fn count(&self, entry: &str) -> usize {
        self.log.iter().filter(|stored| *stored == entry).count()
    }
}

const LIMIT: Timeout = Timeout { name: "appendMs", duration: std::time::Duration::from_secs(60) };

fn status(status: u16) -> Response<Whole> {
    Response { status, headers: HeaderMap::new(), body: Whole(None) }
}

struct Whole(Option<String>);

impl Body for Whole {
    async fn chunk(&mut self) -> Result<Option<Bytes>, http::Error> {
        Ok(self.0.take().map(Bytes::from))
    }
}

impl Transport for Server {
    type Body = Whole;

    async fn send(&self, request: Request) -> Result<Response<Whole>, http::Error> {
        let mut state = self.0.lock().unwrap();
        state.late_arrivals();
        if state.random(6) == 0 {
            state.another_writer();
        }
        if request.method == "GET" {
            return state.answer_get();
        }
        let entry: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        let from = request.headers.get("last-uuid").map(|head| head.to_str().unwrap().to_owned());
        state.answer_put(entry["uuid"].as_str().unwrap(), from.as_ref())
    }
}

/// Sets the head as `getSessionLogs` of the host would, from a replica that may be behind.
fn read_by_the_host(server: &Server, session: &Session) {
    let mut state = server.0.lock().unwrap();
    let stale = state.random(3) as usize;
    let seen = state.log.len().saturating_sub(stale);
    match state.log[..seen].last() {
        Some(last) => session.set_head(&url(), uuid(last)),
        None => session.forget_head(&url(), session.head(&url()).as_ref()),
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

#[test]
fn whatever_happens_true_is_stored_once_and_nothing_is_stored_twice() {
    let runtime = runtime();
    fuzz("oracle", |u| {
        let repeats: bool = u.arbitrary()?;
        let state = State {
            log: vec!["head".to_owned()],
            late: Vec::new(),
            others: 0,
            repeats,
            chance: u.arbitrary::<u64>()? | 1,
        };
        let server = Server(Arc::new(Mutex::new(state)));
        let mut case = Case::new();
        case.host = Recorder::with_endless_tokens();
        let retry = &mut case.entry.retry;
        retry.max_attempts = u.int_in_range(1..=4)?;
        retry.max_conflicts = u.int_in_range(0..=5)?;
        retry.verify_conflicts = repeats || u.arbitrary()?;
        if u.arbitrary()? {
            let mut statuses = Statuses::default();
            statuses.insert(503);
            retry.give_up_on = statuses;
        }
        for number in 0..u.int_in_range(1..=6)? {
            let name = format!("own-{number}");
            case.entry.uuid = EntryUuid::new(&name).unwrap();
            case.entry.body = format!(r#"{{"uuid":"{name}"}}"#).into();
            for _ in 0..u.int_in_range(1..=4)? {
                if u.arbitrary()? {
                    read_by_the_host(&server, &case.session);
                }
                let elsewhere = u.ratio(1, 6)?;
                let here = url();
                case.move_to(if elsewhere { "http://b.test/the-same-log" } else { here.as_str() });
                let appended = runtime.block_on(append(&server, &case.session, &case.entry, &case.host));
                let state = server.0.lock().unwrap();
                let stored = state.count(&name);
                assert!(stored <= 1, "{name} is stored {stored} times: {:?}", state.log);
                if appended {
                    assert_eq!(stored, 1, "{name} is not stored: {:?}", state.log);
                    break;
                }
            }
        }
        let mut state = server.0.lock().unwrap();
        for (entry, from) in std::mem::take(&mut state.late) {
            state.put(&entry, from.as_ref());
        }
        for number in 0..6 {
            assert!(state.count(&format!("own-{number}")) <= 1, "{:?}", state.log);
        }
        Ok(())
    });
}
