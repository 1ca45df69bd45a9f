//! One request and its answer: redirected, a read repeated where it was lost, within its time limit.

use std::mem;
use std::pin::pin;
use std::sync::Arc;

use reqwest::{Body, Method, Url};

use super::body::Incoming;
use super::build::Built;
use super::client::Client;
use super::error::{Failure, within};
use super::failure::Fate;
use super::gate::gate;
use super::message::{Request, Response, Transport};
use super::redirect::{MAX_REDIRECTS, follow};
use super::sending::Sending;

impl Transport for Client {
    type Body = Incoming;

    async fn send(&self, request: Request) -> Result<Response<Incoming>, Failure> {
        // Not within the time limit: the first request builds the client.
        let built = self.built().await?;
        let place = gate().enter().await;
        let Request { answer_within, chunk_within, body_at_most, .. } = request;
        let has_body = !request.body.is_empty();
        let sending = Arc::new(Sending::default());
        let exchange = Exchange { built, sending: &sending };
        // Pinned, and passed on by reference: what takes a future keeps room for it twice.
        let work = pin!(exchange.redirected(request));
        let mut answer = within(answer_within, work).await.map_err(|failure| match failure {
            Failure::TimedOut(limit) if has_body && !sending.is_taken() => Failure::NotSentInTime(limit),
            failure => failure,
        })?;
        let status = answer.status().as_u16();
        let headers = mem::take(answer.headers_mut());
        let body = Incoming::new(answer, &headers, chunk_within, body_at_most, place);
        Ok(Response { status, headers, body })
    }
}

struct Exchange<'a> {
    built: &'a Built,
    sending: &'a Arc<Sending>,
}

impl Exchange<'_> {
    async fn redirected(&self, mut request: Request) -> Result<reqwest::Response, Failure> {
        for _ in 0..=MAX_REDIRECTS {
            let answer = self.sent(&request).await?;
            match follow(&request, answer.status().as_u16(), answer.headers())? {
                Some(next) => request = next,
                None => return Ok(answer),
            }
        }
        Err(Failure::Redirect(format!("the server redirected more than {MAX_REDIRECTS} times")))
    }

    /// One that was not written to a connection that closed meanwhile is sent again by the client itself.
    async fn sent(&self, request: &Request) -> Result<reqwest::Response, Failure> {
        self.built.check(&request.url)?;
        // A read changes nothing. Mostly it was a connection that had been idle, and that the server closed for that.
        let mut may_repeat = request.method == Method::GET;
        loop {
            self.sending.begin();
            if !request.body.is_empty() {
                // What the network knows by now is seen before an idle connection is taken: one that was closed.
                tokio::task::yield_now().await;
            }
            let error = match self.built.client.execute(self.outgoing(request)).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let fate = Fate::of(&error, request, self.sending);
            if fate != Fate::Lost || !mem::take(&mut may_repeat) {
                return Err(failure(self.built, fate, &error, &request.url));
            }
        }
    }

    /// Without reqwest's builder, which would copy the headers once more.
    fn outgoing(&self, request: &Request) -> reqwest::Request {
        let mut outgoing = reqwest::Request::new(request.method.clone(), request.url.clone());
        *outgoing.headers_mut() = request.headers.to_map();
        if !request.body.is_empty() {
            *outgoing.body_mut() = Some(Body::wrap(self.sending.watch(request.body.clone())));
        }
        outgoing
    }
}

fn failure(built: &Built, fate: Fate, error: &reqwest::Error, url: &Url) -> Failure {
    let failure = fate.failure(error, built.connect_timeout);
    if matches!(failure, Failure::ConnectTimedOut(_)) {
        return failure;
    }
    built.no_connection(error, url).map_or(failure, Failure::NotConnected)
}
