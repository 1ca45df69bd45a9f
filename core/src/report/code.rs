//! The codes and statuses of errors, by which a host tells one from another. docs/specification.md, section 6, lists
//! them: they are an interface.

use super::Error;

impl Error {
    /// The network's own code, as Node names it, or one that begins with `ERR_SESSION_INGRESS_`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoResponse(_, failure) => failure.code(),
            Self::Status(..) | Self::Refused { .. } => "ERR_SESSION_INGRESS_STATUS",
            Self::WrongShape(..) => "ERR_SESSION_INGRESS_WRONG_SHAPE",
            Self::TooLarge(..) => "ERR_SESSION_INGRESS_TOO_LARGE",
            Self::EntryTooLong(..) => "ERR_SESSION_INGRESS_ENTRY_TOO_LONG",
            Self::NoHeadToAdopt => "ERR_SESSION_INGRESS_NO_HEAD",
            Self::StillInDoubt => "ERR_SESSION_INGRESS_IN_DOUBT",
            Self::LogNotRead => "ERR_SESSION_INGRESS_LOG_NOT_READ",
            Self::ConflictsExhausted(_) => "ERR_SESSION_INGRESS_CONFLICTS",
            Self::SessionExpired => "ERR_SESSION_INGRESS_SESSION_EXPIRED",
            Self::PageCap(_) => "ERR_SESSION_INGRESS_PAGE_CAP",
            Self::DeadLetter { .. } => "ERR_SESSION_INGRESS_DEAD_LETTER",
            Self::OutboxUnreadable(_) => "ERR_SESSION_INGRESS_OUTBOX_UNREADABLE",
            Self::OutboxCorrupt(_) => "ERR_SESSION_INGRESS_OUTBOX_CORRUPT",
            Self::Panicked(..) => "ERR_SESSION_INGRESS_INTERNAL",
        }
    }

    /// The status of the response that the error is about; `None` where there was none.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status(_, status) | Self::Refused { status, .. } | Self::DeadLetter { status, .. } => {
                Some(*status)
            }
            Self::SessionExpired => Some(401),
            Self::NoHeadToAdopt | Self::LogNotRead | Self::ConflictsExhausted(_) => Some(409),
            Self::WrongShape(..) | Self::TooLarge(..) | Self::EntryTooLong(..) => Some(200),
            Self::NoResponse(..)
            | Self::StillInDoubt
            | Self::PageCap(_)
            | Self::OutboxUnreadable(_)
            | Self::OutboxCorrupt(_)
            | Self::Panicked(..) => None,
        }
    }

    /// The text of what the error goes back to, where that is an error of its own.
    pub fn cause(&self) -> Option<String> {
        match self {
            Self::NoResponse(_, failure) => Some(failure.to_string()),
            _ => None,
        }
    }
}
