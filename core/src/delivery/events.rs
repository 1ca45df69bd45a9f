//! The events of an outbox as diagnostics.

use crate::outbox::Event;
use crate::report::Diagnostic;

impl From<Event> for Diagnostic {
    fn from(event: Event) -> Self {
        match event {
            Event::WriteFailed { code } => Self::OutboxWriteFailed { code },
            Event::Unavailable { code } => Self::OutboxUnavailable { code },
            Event::Corrupt { bytes } => Self::OutboxCorrupt { bytes },
            Event::Expired { entries } => Self::OutboxExpired { entries },
        }
    }
}
