//! The protocol: its requests, their timeouts, and the uuids of entries.

mod entry_uuid;
mod host_headers;
mod request;
mod timeouts;
mod variables;

pub use entry_uuid::EntryUuid;
pub use host_headers::HostHeaders;
pub use request::{DEFAULT_BASE_API_URL, LogEndpoint, OAuthEndpoint, TeleportPages, server_head};
pub use timeouts::Timeouts;
pub use variables::{is_truthy, trim};

#[cfg(test)]
mod tests;
