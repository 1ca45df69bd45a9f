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
}

impl Diagnostic {
    /// The second argument of `logForDiagnosticsNoPII`.
    pub fn event(self) -> &'static str {
        match self {
            Self::PersistNoToken => "session_persist_fail_jwt_no_token",
            Self::PersistQueueFull => "session_persist_fail_queue_full",
            Self::PersistRecoveredFrom409 => "session_persist_recovered_from_409",
            Self::PersistAdoptedServerUuid => "session_persist_409_adopt_server_uuid",
            Self::PersistConcurrentModification => "session_persist_fail_concurrent_modification",
            Self::PersistBadToken => "session_persist_fail_bad_token",
            Self::PersistStatus { .. } => "session_persist_fail_status",
            Self::PersistRetriesExhausted { .. } => "session_persist_error_retries_exhausted",
            Self::GetNoToken => "session_get_fail_no_token",
            Self::GetNoLogs => "session_get_no_logs_for_session",
            Self::GetBadToken => "session_get_fail_bad_token",
            Self::GetInvalidResponse => "session_get_fail_invalid_response",
            Self::GetStatus { .. } => "session_get_fail_status",
            Self::TeleportNotFound => "teleport_events_not_found",
            Self::TeleportBadToken => "teleport_events_bad_token",
            Self::TeleportBadStatus => "teleport_events_bad_status",
            Self::TeleportFetchFail => "teleport_events_fetch_fail",
            Self::TeleportInvalidShape => "teleport_events_invalid_shape",
            Self::TeleportPageCap => "teleport_events_page_cap",
        }
    }

    pub fn level(self) -> Level {
        match self {
            Self::PersistRecoveredFrom409 | Self::PersistAdoptedServerUuid => Level::Info,
            Self::GetNoLogs | Self::TeleportNotFound | Self::TeleportPageCap => Level::Warn,
            _ => Level::Error,
        }
    }

    /// The third argument; `None` where the function is called with two.
    pub fn data(self) -> Option<Data> {
        match self {
            Self::PersistStatus { status, attempt } => Some(Data { status, attempt: Some(attempt) }),
            Self::PersistRetriesExhausted { attempt } => Some(Data { status: None, attempt: Some(attempt) }),
            Self::GetStatus { status } => Some(Data { status, attempt: None }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of specification.md, section 6, row by row.
    #[test]
    fn diagnostics_have_the_names_levels_and_data_of_the_specification() {
        use Diagnostic::*;
        let none = None::<Data>;
        let rows = [
            (PersistNoToken, "session_persist_fail_jwt_no_token", Level::Error, none),
            (PersistQueueFull, "session_persist_fail_queue_full", Level::Error, none),
            (PersistRecoveredFrom409, "session_persist_recovered_from_409", Level::Info, none),
            (PersistAdoptedServerUuid, "session_persist_409_adopt_server_uuid", Level::Info, none),
            (
                PersistConcurrentModification,
                "session_persist_fail_concurrent_modification",
                Level::Error,
                none,
            ),
            (PersistBadToken, "session_persist_fail_bad_token", Level::Error, none),
            (
                PersistStatus { status: Some(503), attempt: 2 },
                "session_persist_fail_status",
                Level::Error,
                Some(Data { status: Some(503), attempt: Some(2) }),
            ),
            (
                PersistStatus { status: None, attempt: 1 },
                "session_persist_fail_status",
                Level::Error,
                Some(Data { status: None, attempt: Some(1) }),
            ),
            (
                PersistRetriesExhausted { attempt: 10 },
                "session_persist_error_retries_exhausted",
                Level::Error,
                Some(Data { status: None, attempt: Some(10) }),
            ),
            (GetNoToken, "session_get_fail_no_token", Level::Error, none),
            (GetNoLogs, "session_get_no_logs_for_session", Level::Warn, none),
            (GetBadToken, "session_get_fail_bad_token", Level::Error, none),
            (GetInvalidResponse, "session_get_fail_invalid_response", Level::Error, none),
            (
                GetStatus { status: Some(500) },
                "session_get_fail_status",
                Level::Error,
                Some(Data { status: Some(500), attempt: None }),
            ),
            (GetStatus { status: None }, "session_get_fail_status", Level::Error, Some(Data::default())),
            (TeleportNotFound, "teleport_events_not_found", Level::Warn, none),
            (TeleportBadToken, "teleport_events_bad_token", Level::Error, none),
            (TeleportBadStatus, "teleport_events_bad_status", Level::Error, none),
            (TeleportFetchFail, "teleport_events_fetch_fail", Level::Error, none),
            (TeleportInvalidShape, "teleport_events_invalid_shape", Level::Error, none),
            (TeleportPageCap, "teleport_events_page_cap", Level::Warn, none),
        ];
        for (diagnostic, event, level, data) in rows {
            assert_eq!((diagnostic.event(), diagnostic.level(), diagnostic.data()), (event, level, data));
        }
    }
}
