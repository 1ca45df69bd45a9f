//! One request and its response: redirected, a read repeated where it was lost, within its time limit.

use std::pin::pin;
use std::sync::Arc;
use std::{io, mem};

use reqwest::{Body, Method};
use tokio::task::{JoinError, JoinHandle};

use super::connections::{Connections, Pool};
use super::request_progress::RequestProgress;
use super::send_error::SendErrorKind;
use super::{Client, panicked};
use crate::http::body::{BodyTimeouts, ResponseBody};
use crate::http::concurrency::{Share, concurrency_limit};
use crate::http::error::{Error, with_timeout};
use crate::http::message::{Request, Response, Transport};
use crate::http::redirect::{MAX_REDIRECTS, follow};
use crate::runtime::io_runtime;

impl Transport for Client {
    type Body = ResponseBody;

    async fn send(&self, request: Request) -> Result<Response<ResponseBody>, Error> {
        let refused = |error: io::Error| Error::NotConnected((&error).into());
        match io_runtime().map_err(refused)? {
            None => self.send_here(request).await,
            Some(runtime) => {
                let client = self.clone();
                let sending = runtime.spawn(async move { client.send_here(request).await });
                AbortOnDrop(sending).join().await.map_err(panicked)?
            }
        }
    }
}

impl Client {
    async fn send_here(&self, request: Request) -> Result<Response<ResponseBody>, Error> {
        // Not within the time limit: the first request makes the connections' client.
        let connections = self.connections(&request.url).await?;
        let Request { share, response_timeout, max_body_bytes, .. } = request;
        let timeouts = BodyTimeouts::new(request.read_timeout, request.search_timeout);
        let has_body = !request.body.is_empty();
        let progress = Arc::new(RequestProgress::default());
        let may_repeat = request.method == Method::GET;
        let mut exchange =
            Exchange { client: self, connections, progress: &progress, may_repeat, sent: None };
        let mut permit = match share {
            // Every read ends, so this wait does.
            Share::Reads => Some(concurrency_limit().acquire(share).await),
            Share::Appends => None,
        };
        let sent = loop {
            let work = async {
                if permit.is_none() {
                    permit = Some(concurrency_limit().acquire(share).await);
                }
                exchange.redirected(&request).await
            };
            // Pinned, and passed on by reference: a function that takes a future keeps room for it twice.
            let sent = with_timeout(response_timeout, pin!(work)).await;
            match sent {
                Err(Error::TimedOut(_)) if exchange.repeats_after_silence() => {}
                sent => break sent,
            }
        };
        let mut response = sent.map_err(|error| match error {
            Error::TimedOut(timeout) if permit.is_none() => Error::NoPermitInTime(timeout),
            Error::TimedOut(timeout) if has_body && !progress.body_started() => Error::NotSentInTime(timeout),
            error => error,
        })?;
        let status = response.status().as_u16();
        let headers = mem::take(response.headers_mut());
        let body = ResponseBody::new(response, &headers, timeouts, max_body_bytes, permit);
        Ok(Response { status, headers, body })
    }
}

/// A task that ends where nobody waits for it any more.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> AbortOnDrop<T> {
    async fn join(mut self) -> Result<T, JoinError> {
        (&mut self.0).await
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Exchange<'a> {
    client: &'a Client,
    connections: Arc<Connections>,
    progress: &'a Arc<RequestProgress>,
    /// Whether the request may be sent once more by itself: a read changes nothing, so that it does not matter whether
    /// the server has processed it.
    may_repeat: bool,
    /// The pool through which a request was sent last, and the connects that were begun before.
    sent: Option<(Pool, u64)>,
}

impl Exchange<'_> {
    async fn redirected(&mut self, request: &Request) -> Result<reqwest::Response, Error> {
        let mut redirected = None;
        for _ in 0..=MAX_REDIRECTS {
            let request = redirected.as_ref().unwrap_or(request);
            let response = self.sent(request).await?;
            match follow(request, response.status().as_u16(), response.headers())? {
                Some(next) => {
                    // One to https may be the first to speak TLS.
                    self.connections = self.client.connections(&next.url).await?;
                    redirected = Some(next);
                }
                None => return Ok(response),
            }
        }
        Err(Error::Redirect(format!("the server redirected more than {MAX_REDIRECTS} times")))
    }

    /// Lets go of the idle connections where a request got no response in time: if its own was dead, they are too, as
    /// after a closed laptop was opened. Whether the request is to be sent once more: where its connection had carried
    /// a response before.
    fn repeats_after_silence(&mut self) -> bool {
        let Some((pool, begun)) = self.sent.take() else { return false };
        self.connections.renew(&pool);
        pool.fresh.have_responded_since(begun) && mem::take(&mut self.may_repeat)
    }

    /// Sends one request. One that was not written to a connection that closed meanwhile is sent again by reqwest's
    /// client itself.
    async fn sent(&mut self, request: &Request) -> Result<reqwest::Response, Error> {
        self.connections.check(&request.url)?;
        let mut pool = self.connections.pool();
        loop {
            self.progress.begin();
            self.sent = Some((pool.clone(), pool.fresh.begun()));
            if !request.body.is_empty() {
                // Lets the runtime see first which idle connections were closed.
                tokio::task::yield_now().await;
            }
            let error = match pool.client.execute(self.outgoing(request)).await {
                Ok(response) => {
                    pool.fresh.responded(&response);
                    return Ok(response);
                }
                Err(error) => error,
            };
            let kind = SendErrorKind::of(&error, request, self.progress);
            let had_asked = pool.fresh.had_asked(&error);
            let is_lost = kind == SendErrorKind::Lost && pool.fresh.was_reused(&error);
            if !is_lost || !mem::take(&mut self.may_repeat) {
                return Err(self.connections.error(kind, &error, &request.url, had_asked));
            }
            pool = self.connections.renew(&pool);
        }
    }

    /// Makes reqwest's request, without its builder, which would copy the headers once more.
    fn outgoing(&self, request: &Request) -> reqwest::Request {
        let mut outgoing = reqwest::Request::new(request.method.clone(), request.url.clone());
        *outgoing.headers_mut() = request.headers.to_map();
        if !request.body.is_empty() {
            *outgoing.body_mut() = Some(Body::wrap(self.progress.track(request.body.clone())));
        }
        outgoing
    }
}
