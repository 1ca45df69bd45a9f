//! A scripted server and a recording host, for the tests of the core.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::http::{self, Body, Request, Response, Timeout, Transport};
use crate::json::EntryBatch;
use crate::read::{Sink, SinkError};
use crate::report::{ErrorReport, Report, Reporter};

/// One response of the script.
pub(crate) struct ScriptedResponse {
    status: u16,
    headers: HeaderMap,
    chunks: VecDeque<Result<Bytes, http::Error>>,
    failure: Option<http::Error>,
}

impl ScriptedResponse {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: HeaderMap::new(), chunks: VecDeque::new(), failure: None }
    }

    pub(crate) fn ok(body: impl Into<Bytes>) -> Self {
        Self { chunks: [Ok(body.into())].into(), ..Self::status(200) }
    }

    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// A 200 whose body comes in these events.
    pub(crate) fn in_chunks(chunks: impl IntoIterator<Item = Bytes>) -> Self {
        Self { chunks: chunks.into_iter().map(Ok).collect(), ..Self::status(200) }
    }

    /// A 200 with a log of entries with these uuids.
    pub(crate) fn log(uuids: &[&str]) -> Self {
        let entries: Vec<_> = uuids.iter().map(|uuid| format!(r#"{{"uuid":"{uuid}"}}"#)).collect();
        Self::ok(format!(r#"{{"loglines":[{}]}}"#, entries.join(",")))
    }

    /// A 409 that names the head of the server.
    pub(crate) fn conflict(head: &str) -> Self {
        Self::status(409).header("x-last-uuid", head)
    }

    /// No response: the connection was established, and then reset.
    pub(crate) fn connection_reset() -> Self {
        Self::failure(http::Error::Broken("connection reset".into()))
    }

    /// No response: no connection was established.
    pub(crate) fn connection_refused() -> Self {
        Self::failure(http::Error::NotConnected("connection refused".into()))
    }

    pub(crate) fn timed_out() -> Self {
        Self::failure(http::Error::TimedOut(Timeout { name: "appendMs", duration: Duration::from_secs(60) }))
    }

    pub(crate) fn failure(failure: http::Error) -> Self {
        Self { failure: Some(failure), ..Self::status(0) }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        self
    }

    /// The same response with a body that breaks off at its end.
    pub(crate) fn truncated(self) -> Self {
        self.then_fail(http::Error::Broken("connection reset".into()))
    }

    /// The same response with a body that fails at its end.
    pub(crate) fn then_fail(mut self, failure: http::Error) -> Self {
        self.chunks.push_back(Err(failure));
        self
    }
}

/// Gives the responses of a script in order, and records the requests and their times.
#[derive(Clone)]
pub(crate) struct Script(Arc<Mutex<ScriptState>>);

struct ScriptState {
    responses: VecDeque<ScriptedResponse>,
    requests: Vec<Request>,
    times: Vec<Instant>,
}

impl Script {
    pub(crate) fn new(responses: impl IntoIterator<Item = ScriptedResponse>) -> Self {
        let responses = responses.into_iter().collect();
        Self(Arc::new(Mutex::new(ScriptState { responses, requests: Vec::new(), times: Vec::new() })))
    }

    /// The requests in short: the method, and the head that a PUT names.
    pub(crate) fn request_lines(&self) -> Vec<String> {
        let line = |request: &Request| match request.headers.get("last-uuid") {
            Some(head) => format!("{} {}", request.method, head.to_str().unwrap()),
            None => request.method.to_string(),
        };
        self.0.lock().unwrap().requests.iter().map(line).collect()
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.0.lock().unwrap().requests.clone()
    }

    /// The waits between one request and the next, in milliseconds.
    pub(crate) fn waits(&self) -> Vec<u128> {
        let state = self.0.lock().unwrap();
        state.times.windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect()
    }

    /// The number of responses that were not requested yet.
    pub(crate) fn unused(&self) -> usize {
        self.0.lock().unwrap().responses.len()
    }
}

impl Transport for Script {
    type Body = ScriptBody;

    async fn send(&self, request: Request) -> Result<Response<ScriptBody>, http::Error> {
        tokio::task::yield_now().await;
        let mut state = self.0.lock().unwrap();
        state.requests.push(request);
        state.times.push(Instant::now());
        let response = state.responses.pop_front().expect("the script has no response left");
        match response.failure {
            Some(failure) => Err(failure),
            None => Ok(Response {
                status: response.status,
                headers: response.headers,
                body: ScriptBody(response.chunks),
            }),
        }
    }
}

pub(crate) struct ScriptBody(VecDeque<Result<Bytes, http::Error>>);

impl Body for ScriptBody {
    async fn chunk(&mut self) -> Result<Option<Bytes>, http::Error> {
        tokio::task::yield_now().await;
        self.0.pop_front().transpose()
    }
}

/// A host that records its reports, and supplies tokens in order.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<RecorderState>>);

#[derive(Default)]
struct RecorderState {
    reports: Vec<String>,
    errors: Vec<String>,
    debug: Vec<String>,
    tokens: VecDeque<Option<String>>,
    /// Of tokens that were made up, where it never runs out of them.
    endless: Option<u32>,
}

impl Recorder {
    pub(crate) fn with_tokens(tokens: &[Option<&str>]) -> Self {
        let this = Self::default();
        this.0.lock().unwrap().tokens = tokens.iter().map(|token| token.map(str::to_owned)).collect();
        this
    }

    /// A host that has another token at each request for one.
    pub(crate) fn with_endless_tokens() -> Self {
        let this = Self::default();
        this.0.lock().unwrap().endless = Some(0);
        this
    }

    /// The diagnostics, by event with their data, and `logError` for each error.
    pub(crate) fn reports(&self) -> Vec<String> {
        self.0.lock().unwrap().reports.clone()
    }

    pub(crate) fn errors(&self) -> Vec<String> {
        self.0.lock().unwrap().errors.clone()
    }

    pub(crate) fn debug_lines(&self) -> Vec<String> {
        self.0.lock().unwrap().debug.clone()
    }
}

impl Reporter for Recorder {
    fn wants_debug(&self) -> bool {
        true
    }

    fn report(&self, report: Report) {
        let mut state = self.0.lock().unwrap();
        match report {
            Report::Debug(line) => state.debug.push(line),
            Report::Error(ErrorReport { error, .. }) => {
                state.reports.push("logError".into());
                state.errors.push(error.to_string());
            }
            Report::Diagnostic(diagnostic) => {
                let mut line = diagnostic.event().to_owned();
                if let Some(data) = diagnostic.data() {
                    if let Some(status) = data.status {
                        line += &format!(" status={status}");
                    }
                    if let Some(attempt) = data.attempt {
                        line += &format!(" attempt={attempt}");
                    }
                    if let Some(gaps) = data.gaps {
                        line += &format!(" gaps={gaps}");
                    }
                    if let Some(entries) = data.entries {
                        line += &format!(" entries={entries}");
                    }
                }
                state.reports.push(line);
            }
        }
    }

    fn renew_token(&self) -> oneshot::Receiver<Option<String>> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.0.lock().unwrap();
        let token = match &mut state.endless {
            Some(number) => {
                *number += 1;
                Some(format!("token-{number}"))
            }
            None => state.tokens.pop_front().expect("no token is left"),
        };
        sender.send(token).unwrap();
        receiver
    }
}

/// A sink that collects the entries of a read as text.
#[derive(Default)]
pub(crate) struct CollectingSink(pub(crate) Vec<String>);

impl Sink for CollectingSink {
    async fn accept(&mut self, batch: EntryBatch) -> Result<(), SinkError> {
        for entry in batch.entries() {
            let text = String::from_utf8_lossy(entry).into_owned();
            serde_json::from_str::<serde::de::IgnoredAny>(&text).map_err(|_| SinkError::NotJson)?;
            self.0.push(text);
        }
        Ok(())
    }

    async fn truncate(&mut self, entries: usize) -> Result<(), SinkError> {
        self.0.truncate(entries);
        Ok(())
    }

    async fn complete(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}
