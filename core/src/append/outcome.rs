//! What became of the attempts of an entry.

use std::time::Duration;

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server has it.
    Stored(Proof),
    /// It is not known to be stored.
    Failed(Failure),
}

impl Outcome {
    pub fn is_stored(self) -> bool {
        matches!(self, Self::Stored(_))
    }
}

/// How it is known that the server has an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Its own `PUT` succeeded.
    Put,
    /// A conflict named it, or the log shows it.
    Seen,
}

/// Why the attempts of an entry ended without success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    pub cause: Cause,
    /// The last status; `None` where no response came.
    pub status: Option<u16>,
    /// The wait that the server asked for last.
    pub asked: Option<Duration>,
    /// Responses in a row that refused the entry for what it is, up to the last one.
    pub refusals: u32,
}

/// What has to change before another attempt can succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The server, or the way to it.
    Outage,
    /// The token.
    Token,
    /// The session: others can go on.
    Session,
    /// The entry itself, by a 400, 413 or 422.
    Entry,
}

impl Cause {
    /// The cause of a response that is no success and no conflict.
    pub(super) fn of_status(status: u16) -> Self {
        match status {
            401 => Self::Token,
            400 | 413 | 422 => Self::Entry,
            408 | 429 => Self::Outage,
            402..=499 => Self::Session,
            _ => Self::Outage,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_to_change_is_told_by_the_status() {
        for (cause, statuses) in [
            (Cause::Outage, &[100, 204, 302, 408, 429, 500, 502, 503, 599][..]),
            (Cause::Token, &[401]),
            (Cause::Entry, &[400, 413, 422]),
            (Cause::Session, &[402, 403, 404, 405, 409, 410, 414, 415, 431, 451]),
        ] {
            for status in statuses {
                assert_eq!(Cause::of_status(*status), cause, "{status}");
            }
        }
    }
}
