//! Sending requests over shared connections.

use std::collections::HashMap;
use std::error::Error as _;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use reqwest::Url;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderValue, USER_AGENT};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::body::{ACCEPTED_ENCODINGS, Incoming};
use super::build::{AGENT, Built};
use super::gate::gate;
use super::message::{Failure, Limit, Request, Response, Transport, within};
use super::redirect::{MAX_REDIRECTS, follow};
use super::settings::Settings;
use super::tick;

/// A client of given settings. Its connections are shared by all clients of equal settings in the process.
#[derive(Clone)]
pub(crate) struct Client(Arc<Owned>);

/// What belongs to whoever asked for the client.
struct Owned {
    shared: Arc<Shared>,
    tell: Box<dyn Fn(&str) + Send + Sync>,
    told: AtomicBool,
}

struct Shared {
    settings: Settings,
    /// Built at the first request, off the JavaScript thread: it reads certificate stores from disk.
    built: OnceCell<Built>,
}

impl Client {
    /// `tell` takes debug lines: at the first request, what was found out about the settings.
    pub(crate) fn shared(settings: Settings, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        let (shared, tell) = (Shared::of(settings), Box::new(tell));
        Self(Arc::new(Owned { shared, tell, told: AtomicBool::new(false) }))
    }

    async fn built(&self) -> Result<&Built, Failure> {
        let Owned { shared, tell, told } = &*self.0;
        let built = shared.built.get_or_try_init(|| Built::new(shared.settings.clone())).await?;
        // Who finds the client built by others is told, too.
        if !built.notes.is_empty() && !told.swap(true, Ordering::Relaxed) {
            built.notes.iter().for_each(|note| tell(note));
        }
        Ok(built)
    }
}

impl Shared {
    fn of(settings: Settings) -> Arc<Self> {
        static CLIENTS: OnceLock<Mutex<HashMap<Settings, Weak<Shared>>>> = OnceLock::new();
        let clients = CLIENTS.get_or_init(Mutex::default);
        let mut clients = clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = clients.get(&settings).and_then(Weak::upgrade) {
            return shared;
        }
        // A client that nobody uses any more is gone, with its connections.
        clients.retain(|_, shared| shared.strong_count() > 0);
        let shared = Arc::new(Self { settings: settings.clone(), built: OnceCell::new() });
        clients.insert(settings, Arc::downgrade(&shared));
        shared
    }
}

impl Transport for Client {
    type Body = Incoming;

    async fn send(&self, mut request: Request) -> Result<Response<Incoming>, Failure> {
        let built = self.built().await?;
        let place = gate().enter().await;
        tick::keep();
        let limit = request.answer_within;
        let (chunk_within, at_most) = (request.chunk_within, request.body_at_most);
        add_common_headers(&mut request.headers);
        let mut answer = within(limit, async {
            for _ in 0..=MAX_REDIRECTS {
                built.check(&request.url)?;
                let begun = Instant::now();
                let answer = match built.client.execute(outgoing(&request)).await {
                    Ok(answer) => answer,
                    Err(error) => return Err(self.failure(error, built, &request.url, begun).await),
                };
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
    const USER: HeaderValue = HeaderValue::from_static(AGENT);
    const ANY_TEXT: HeaderValue = HeaderValue::from_static("application/json, text/plain, */*");
    const ENCODINGS: HeaderValue = HeaderValue::from_static(ACCEPTED_ENCODINGS);
    headers.entry(USER_AGENT).or_insert(USER);
    headers.entry(ACCEPT).or_insert(ANY_TEXT);
    headers.entry(ACCEPT_ENCODING).or_insert(ENCODINGS);
}

impl Client {
    async fn failure(&self, error: reqwest::Error, built: &Built, url: &Url, begun: Instant) -> Failure {
        let why = describe(&error);
        if error.is_connect()
            && error.is_timeout()
            && let Some(duration) = self.0.shared.settings.connect_timeout
        {
            Failure::ConnectTimedOut(Limit { name: "connectMs", duration })
        } else if let Some(why) = built.no_connection(&error, url, begun).await {
            Failure::NotConnected(why)
        } else if error.is_builder() {
            Failure::Unsendable(why)
        } else if error.is_connect() {
            Failure::NotConnected(why)
        } else {
            Failure::Broken(why)
        }
    }
}

/// The causes of an error, down to the one that says what happened. No URL: it may hold secrets.
pub(super) fn describe(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        // rustls refers to its manual, which is of no use to who reads this.
        let text = text.split(": https://docs.rs/").next().unwrap_or_default().to_owned();
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
