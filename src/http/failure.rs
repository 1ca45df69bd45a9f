//! What an error of the HTTP client says about the request.

use std::time::Duration;

use super::error::{Failure, Limit, describe};
use super::message::Request;
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
        // Whether a request without a body was taken cannot be seen.
        if !request.body.is_empty() && !sending.is_taken() {
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
