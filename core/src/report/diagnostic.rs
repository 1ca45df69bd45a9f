//! Diagnostics: events with stable names, for the monitoring of hosts.

/// The first argument of `logForDiagnosticsNoPII`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Info,
    Warn,
    Error,
}

impl Level {
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// The diagnostics of specification.md, section 6. Monitoring depends on their names, levels and data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Diagnostic {
    PersistNoToken,
    PersistQueueFull,
    PersistShutDown,
    PersistRecoveredFrom409,
    PersistAdoptedServerUuid,
    PersistConcurrentModification,
    PersistBadToken,
    PersistStatus { status: Option<u16>, attempt: u32 },
    PersistRetriesExhausted { attempt: u32 },
    GetNoToken,
    GetNoLogs,
    GetBadToken,
    GetInvalidResponse,
    GetStatus { status: Option<u16> },
    GetChainGap { gaps: usize },
    OutboxDeferred { entries: usize },
    OutboxRecovered { entries: usize },
    OutboxLate { entries: usize },
    OutboxFull,
    OutboxWriteFailed { code: &'static str },
    OutboxUnavailable { code: &'static str },
    OutboxCorrupt { bytes: u64 },
    OutboxDeadLetter { status: u16 },
    OutboxExpired { entries: usize },
    TeleportNotFound,
    TeleportBadToken,
    TeleportBadStatus,
    TeleportFetchFail,
    TeleportInvalidShape,
    TeleportPageCap,
}

/// The third argument of `logForDiagnosticsNoPII`; the object has no key for a field that is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Data {
    pub status: Option<u16>,
    /// The number of the attempt, from 1.
    pub attempt: Option<u32>,
    /// Entries whose parent stands nowhere in the log.
    pub gaps: Option<usize>,
    pub entries: Option<usize>,
    pub bytes: Option<u64>,
    /// Of an error of the disk, as Node names it: `ENOSPC`.
    pub code: Option<&'static str>,
}

impl Diagnostic {
    /// The second argument of `logForDiagnosticsNoPII`.
    pub fn event(self) -> &'static str {
        self.row().0
    }

    pub fn level(self) -> Level {
        self.row().1
    }

    /// The table of the specification.
    fn row(self) -> (&'static str, Level) {
        match self {
            Self::PersistNoToken => ("session_persist_fail_jwt_no_token", Level::Error),
            Self::PersistQueueFull => ("session_persist_fail_queue_full", Level::Error),
            Self::PersistShutDown => ("session_persist_fail_shut_down", Level::Error),
            Self::PersistRecoveredFrom409 => ("session_persist_recovered_from_409", Level::Info),
            Self::PersistAdoptedServerUuid => ("session_persist_409_adopt_server_uuid", Level::Info),
            Self::PersistConcurrentModification => {
                ("session_persist_fail_concurrent_modification", Level::Error)
            }
            Self::PersistBadToken => ("session_persist_fail_bad_token", Level::Error),
            Self::PersistStatus { .. } => ("session_persist_fail_status", Level::Error),
            Self::PersistRetriesExhausted { .. } => ("session_persist_error_retries_exhausted", Level::Error),
            Self::GetNoToken => ("session_get_fail_no_token", Level::Error),
            Self::GetNoLogs => ("session_get_no_logs_for_session", Level::Warn),
            Self::GetBadToken => ("session_get_fail_bad_token", Level::Error),
            Self::GetInvalidResponse => ("session_get_fail_invalid_response", Level::Error),
            Self::GetStatus { .. } => ("session_get_fail_status", Level::Error),
            Self::GetChainGap { .. } => ("session_get_chain_gap", Level::Warn),
            Self::OutboxDeferred { .. } => ("session_outbox_deferred", Level::Warn),
            Self::OutboxRecovered { .. } => ("session_outbox_recovered", Level::Info),
            Self::OutboxLate { .. } => ("session_outbox_late", Level::Warn),
            Self::OutboxFull => ("session_outbox_full", Level::Error),
            Self::OutboxWriteFailed { .. } => ("session_outbox_write_failed", Level::Error),
            Self::OutboxUnavailable { .. } => ("session_outbox_unavailable", Level::Error),
            Self::OutboxCorrupt { .. } => ("session_outbox_corrupt", Level::Error),
            Self::OutboxDeadLetter { .. } => ("session_outbox_dead_letter", Level::Error),
            Self::OutboxExpired { .. } => ("session_outbox_expired", Level::Warn),
            Self::TeleportNotFound => ("teleport_events_not_found", Level::Warn),
            Self::TeleportBadToken => ("teleport_events_bad_token", Level::Error),
            Self::TeleportBadStatus => ("teleport_events_bad_status", Level::Error),
            Self::TeleportFetchFail => ("teleport_events_fetch_fail", Level::Error),
            Self::TeleportInvalidShape => ("teleport_events_invalid_shape", Level::Error),
            Self::TeleportPageCap => ("teleport_events_page_cap", Level::Warn),
        }
    }

    /// The third argument; `None` where the function is called with two.
    pub fn data(self) -> Option<Data> {
        match self {
            Self::PersistStatus { status, attempt } => {
                Some(Data { status, attempt: Some(attempt), ..Data::default() })
            }
            Self::PersistRetriesExhausted { attempt } => {
                Some(Data { attempt: Some(attempt), ..Data::default() })
            }
            Self::GetStatus { status } => Some(Data { status, ..Data::default() }),
            Self::GetChainGap { gaps } => Some(Data { gaps: Some(gaps), ..Data::default() }),
            Self::OutboxDeferred { entries }
            | Self::OutboxRecovered { entries }
            | Self::OutboxLate { entries }
            | Self::OutboxExpired { entries } => Some(Data { entries: Some(entries), ..Data::default() }),
            Self::OutboxWriteFailed { code } | Self::OutboxUnavailable { code } => {
                Some(Data { code: Some(code), ..Data::default() })
            }
            Self::OutboxCorrupt { bytes } => Some(Data { bytes: Some(bytes), ..Data::default() }),
            Self::OutboxDeadLetter { status } => Some(Data { status: Some(status), ..Data::default() }),
            _ => None,
        }
    }
}
