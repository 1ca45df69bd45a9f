//! Sending requests over shared connections.

use std::collections::HashMap;
use std::error::Error as _;
use std::mem;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderValue, USER_AGENT};
use tokio::sync::OnceCell;

use super::body::{ACCEPTED_ENCODINGS, Incoming};
use super::gate::gate;
use super::message::{Failure, Limit, Request, Response, Transport, within};
use super::redirect::{MAX_REDIRECTS, follow};
use super::settings::Settings;
use super::{proxy, tick, trust};

/// A client of given settings. Its connections are shared by all clients of equal settings in the process.
#[derive(Clone)]
pub(crate) struct Client(Arc<Shared>);

struct Shared {
    settings: Settings,
    /// Built at the first request, off the JavaScript thread: it reads certificate stores from disk.
    inner: OnceCell<reqwest::Client>,
}

impl Client {
    pub(crate) fn shared(settings: Settings) -> Self {
        static CLIENTS: OnceLock<Mutex<HashMap<Settings, Weak<Shared>>>> = OnceLock::new();
        let clients = CLIENTS.get_or_init(Mutex::default);
        let mut clients = clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = clients.get(&settings).and_then(Weak::upgrade) {
            return Self(shared);
        }
        // A client that nobody uses any more is gone, with its connections.
        clients.retain(|_, shared| shared.strong_count() > 0);
        let shared = Arc::new(Shared { settings: settings.clone(), inner: OnceCell::new() });
        clients.insert(settings, Arc::downgrade(&shared));
        Self(shared)
    }

    async fn inner(&self) -> Result<&reqwest::Client, Failure> {
        let build = async || build(&self.0.settings).map_err(Failure::NotConnected);
        self.0.inner.get_or_try_init(build).await
    }
}

/// As many as fit into the 16 KiB that Node takes, or nearly; hyper's own limit is 100.
const MAX_HEADERS: usize = 512;

fn build(settings: &Settings) -> Result<reqwest::Client, String> {
    let tls = trust::tls_config(settings.extra_ca_certs.as_deref()).map_err(|error| error.to_string())?;
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        // What is repeated, and what is followed, is decided here and in the core, not underneath.
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .http1_max_headers(MAX_HEADERS)
        // The environment was read on the JavaScript thread.
        .no_proxy();
    if let Some(limit) = settings.connect_timeout {
        builder = builder.connect_timeout(limit);
    }
    for proxy in proxy::proxies(settings) {
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(|error| describe(&error))
}

impl Transport for Client {
    type Body = Incoming;

    async fn send(&self, mut request: Request) -> Result<Response<Incoming>, Failure> {
        let client = self.inner().await?;
        let place = gate().enter().await;
        tick::keep();
        let limit = request.answer_within;
        let (chunk_within, at_most) = (request.chunk_within, request.body_at_most);
        add_common_headers(&mut request.headers);
        let mut answer = within(limit, async {
            for _ in 0..=MAX_REDIRECTS {
                let answer = client
                    .execute(outgoing(&request))
                    .await
                    .map_err(|error| failure(error, self.0.settings.connect_timeout))?;
                match follow(&request, answer.status().as_u16(), answer.headers())? {
                    Some(next) => request = next,
                    None => return Ok(answer),
                }
            }
            Err(Failure::Redirect(format!("the server redirected more than {MAX_REDIRECTS} times")))
        })
        .await?;
        let status = answer.status().as_u16();
        let headers = mem::take(answer.headers_mut());
        let body = Incoming::new(answer, &headers, chunk_within, at_most, place);
        Ok(Response { status, headers, body })
    }
}

/// Without reqwest's builder, which would copy the headers once more.
fn outgoing(request: &Request) -> reqwest::Request {
    let mut outgoing = reqwest::Request::new(request.method.clone(), request.url.clone());
    *outgoing.headers_mut() = request.headers.clone();
    *outgoing.body_mut() = Some(request.body.clone().into());
    outgoing
}

/// What every request carries, unless a host's own headers say otherwise.
fn add_common_headers(headers: &mut HeaderMap) {
    const AGENT: HeaderValue =
        HeaderValue::from_static(concat!("session-ingress/", env!("CARGO_PKG_VERSION")));
    const ANY_TEXT: HeaderValue = HeaderValue::from_static("application/json, text/plain, */*");
    const ENCODINGS: HeaderValue = HeaderValue::from_static(ACCEPTED_ENCODINGS);
    headers.entry(USER_AGENT).or_insert(AGENT);
    headers.entry(ACCEPT).or_insert(ANY_TEXT);
    headers.entry(ACCEPT_ENCODING).or_insert(ENCODINGS);
}

fn failure(error: reqwest::Error, connect_timeout: Option<Duration>) -> Failure {
    let why = describe(&error);
    if error.is_connect()
        && error.is_timeout()
        && let Some(duration) = connect_timeout
    {
        Failure::ConnectTimedOut(Limit { name: "connectMs", duration })
    } else if error.is_builder() {
        Failure::Unsendable(why)
    } else if error.is_connect() {
        Failure::NotConnected(why)
    } else {
        Failure::Broken(why)
    }
}

/// The causes of an error, down to the one that says what happened. No URL: it may hold secrets.
pub(super) fn describe(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !causes.contains(&text) {
            causes.push(text);
        }
        next = cause.source();
    }
    if causes.is_empty() {
        causes.push(if error.is_timeout() { "timed out".into() } else { "unknown error".into() });
    }
    causes.join(": ")
}
