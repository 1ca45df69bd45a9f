//! An append against a scripted server, for the tests of attempts and of entries in doubt.

use std::sync::Arc;

use reqwest::Url;

use crate::append::{Entry, Retry, append};
use crate::protocol::{EntryUuid, LogEndpoint, Timeouts};
use crate::session::Session;
use crate::testing::script::{Recorder, Script, ScriptedResponse};

pub(super) const ADOPT: &str = "session_persist_409_adopt_server_uuid";
pub(super) const RECOVERED: &str = "session_persist_recovered_from_409";

pub(super) const EXHAUSTED: &str = "session_persist_error_retries_exhausted";

pub(super) fn uuid(text: &str) -> EntryUuid {
    EntryUuid::new(text).unwrap()
}

/// The URL of the log.
pub(super) fn url() -> Url {
    Url::parse("http://a.test/log?x=1").unwrap()
}

/// An append of an entry `own` to a session whose head is `head`.
pub(super) struct Case {
    pub(super) session: Session,
    pub(super) entry: Entry,
    pub(super) host: Recorder,
}

pub(super) struct Outcome {
    pub(super) appended: bool,
    pub(super) requests: Vec<String>,
    pub(super) waits: Vec<u128>,
    pub(super) head: Option<EntryUuid>,
    pub(super) reports: Vec<String>,
    pub(super) retries: u64,
}

impl Case {
    pub(super) fn new() -> Self {
        let entry = Entry {
            uuid: uuid("own"),
            body: r#"{"uuid":"own"}"#.into(),
            endpoint: Arc::new(LogEndpoint::new("http://a.test/log?x=1", "t").unwrap()),
            retry: Retry::default(),
            timeouts: Timeouts::default(),
            random: || 0.5,
        };
        let session = Session::default();
        session.set_head(&url(), uuid("head"));
        Self { session, entry, host: Recorder::default() }
    }

    pub(super) fn attempts(mut self, attempts: u32) -> Self {
        self.entry.retry.max_attempts = attempts;
        self
    }

    pub(super) fn move_to(&mut self, url: &str) {
        self.entry.endpoint = Arc::new(LogEndpoint::new(url, "t").unwrap());
    }

    pub(super) fn tokens(mut self, tokens: &[Option<&str>]) -> Self {
        self.host = Recorder::with_tokens(tokens);
        self
    }

    pub(super) async fn run(&mut self, responses: impl IntoIterator<Item = ScriptedResponse>) -> Outcome {
        let script = Script::new(responses);
        let (reports_before, retries_before) = (self.host.reports().len(), self.session.retries());
        let appended = append(&script, &self.session, &self.entry, &self.host).await;
        assert_eq!(script.unused(), 0, "responses that were not requested");
        Outcome {
            appended,
            requests: script.request_lines(),
            waits: script.waits(),
            head: self.session.head(&url()),
            reports: self.host.reports().split_off(reports_before),
            retries: self.session.retries() - retries_before,
        }
    }
}

pub(super) fn failed(status: u16, attempt: u32) -> String {
    format!("session_persist_fail_status status={status} attempt={attempt}")
}
