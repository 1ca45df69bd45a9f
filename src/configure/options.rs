//! The options of one instance.

use session_ingress_core::append::Retry;
use session_ingress_core::http::NetworkOptions;
use session_ingress_core::protocol::Timeouts;

use super::{OptionsPatch, OutboxSettings};

/// A function of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostCallback {
    GetSessionIngressAuthToken,
    GetOauthConfig,
    GetOAuthHeaders,
    LogForDebugging,
    LogForDiagnosticsNoPII,
    LogError,
    Headers,
}

impl HostCallback {
    pub(crate) const ALL: [Self; 7] = [
        Self::GetSessionIngressAuthToken,
        Self::GetOauthConfig,
        Self::GetOAuthHeaders,
        Self::LogForDebugging,
        Self::LogForDiagnosticsNoPII,
        Self::LogError,
        Self::Headers,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::GetSessionIngressAuthToken => "getSessionIngressAuthToken",
            Self::GetOauthConfig => "getOauthConfig",
            Self::GetOAuthHeaders => "getOAuthHeaders",
            Self::LogForDebugging => "logForDebugging",
            Self::LogForDiagnosticsNoPII => "logForDiagnosticsNoPII",
            Self::LogError => "logError",
            Self::Headers => "headers",
        }
    }
}

/// The options of one instance, as `configure` has set them. The functions of the host are kept by the instance.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) settings: CallSettings,
    pub(crate) network: NetworkOptions,
    pub(crate) outbox: Option<OutboxSettings>,
}

/// The options that apply to a call: it uses the values of the time when it is made.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct CallSettings {
    pub(crate) retry: Retry,
    pub(crate) timeouts: Timeouts,
    pub(crate) limits: Limits,
}

/// The limits of one instance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limits {
    /// Maximum size of all pending entries; `None` is no limit.
    pub(crate) max_pending_bytes: Option<u64>,
    /// Maximum size of one response to a reader. Never without: a few bytes can expand to more than a process may have.
    pub(crate) max_response_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_pending_bytes: None, max_response_bytes: 512 * 1024 * 1024 }
    }
}

impl Options {
    pub(crate) fn apply(&mut self, patch: OptionsPatch) {
        self.settings = patch.settings;
        if let Some(network) = patch.network {
            self.network = network;
        }
        if let Some(outbox) = patch.outbox {
            self.outbox = outbox.map(OutboxSettings::kept);
        }
    }
}
