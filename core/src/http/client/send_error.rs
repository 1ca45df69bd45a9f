//! The meaning of an error of reqwest's client.

use std::time::Duration;

use super::request_progress::RequestProgress;
use crate::http::causes::describe;
use crate::http::error::{Error, Timeout};
use crate::http::message::Request;
use crate::http::reason::Reason;

/// The progress of a request that has no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SendErrorKind {
    /// It cannot be sent.
    Unsendable,
    /// No connection was established.
    NotConnected,
    /// The connection closed before the request was written.
    NotSent,
    /// The connection broke before the response came, or the response is not HTTP.
    Lost,
}

impl SendErrorKind {
    pub(super) fn of(error: &reqwest::Error, request: &Request, progress: &RequestProgress) -> Self {
        if error.is_builder() {
            return Self::Unsendable;
        }
        if error.is_connect() {
            return Self::NotConnected;
        }
        // Whether a request without a body was written cannot be seen.
        if !request.body.is_empty() && !progress.body_started() {
            return Self::NotSent;
        }
        Self::Lost
    }

    pub(super) fn into_error(self, error: &reqwest::Error, connect_timeout: Option<Duration>) -> Error {
        let why = Reason::of(error, describe(error), false);
        match self {
            Self::Unsendable => Error::Unsendable(why.to_string()),
            Self::NotConnected => match connect_timeout {
                Some(duration) if error.is_timeout() => {
                    Error::ConnectTimedOut(Timeout { name: "connectMs", duration })
                }
                _ => Error::NotConnected(why),
            },
            Self::NotSent => Error::NotSent(why),
            Self::Lost => Error::Broken(why),
        }
    }
}
