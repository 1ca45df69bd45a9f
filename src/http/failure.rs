//! What an error of the HTTP client says about the request.

use std::error::Error;
use std::time::Duration;

use super::message::{Failure, Limit, Request};
use super::sending::Sending;

/// What became of a request that has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It cannot be sent.
    Unsendable,
    /// No connection came to stand.
    NotConnected,
    /// The connection closed before the request was written.
    NotSent,
    /// Anything else: the connection broke before the answer came, or what came is not HTTP.
    Lost,
}

impl Fate {
    pub(super) fn of(error: &reqwest::Error, request: &Request, sending: &Sending) -> Self {
        if error.is_builder() {
            return Self::Unsendable;
        }
        if error.is_connect() {
            return Self::NotConnected;
        }
        let canceled = find::<hyper::Error>(error).is_some_and(hyper::Error::is_canceled);
        // Whether a request without a body was taken cannot be seen.
        if canceled || (!request.body.is_empty() && !sending.is_taken()) {
            return Self::NotSent;
        }
        Self::Lost
    }

    pub(super) fn failure(self, error: &reqwest::Error, connect_timeout: Option<Duration>) -> Failure {
        let why = describe(error);
        match self {
            Self::Unsendable => Failure::Unsendable(why),
            Self::NotConnected => match connect_timeout {
                Some(duration) if error.is_timeout() => {
                    Failure::ConnectTimedOut(Limit { name: "connectMs", duration })
                }
                _ => Failure::NotConnected(why),
            },
            Self::NotSent => Failure::NotTaken(why),
            Self::Lost => Failure::Broken(why),
        }
    }
}

/// The first cause of this type.
fn find<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}

/// The causes of an error, down to the one that says what happened. No URL: it may hold secrets.
pub(super) fn describe(error: &reqwest::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    for cause in causes(error) {
        let text = cause.to_string();
        // rustls refers to its manual, which is of no use to who reads this.
        let text = text.split(": https://docs.rs/").next().unwrap_or_default().to_owned();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    if texts.is_empty() {
        texts.push(if error.is_timeout() { "timed out".into() } else { "unknown error".into() });
    }
    texts.join(": ")
}
