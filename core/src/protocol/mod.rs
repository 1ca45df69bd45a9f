//! The protocol: its requests, and how entries are named.

mod entry_uuid;
mod request;
mod timeouts;
mod variables;

pub use entry_uuid::EntryUuid;
pub use request::{DEFAULT_BASE_API_URL, LogEndpoint, OAuthEndpoint, TeleportPages, server_head};
pub use timeouts::Timeouts;
pub use variables::{says_yes, trim};

#[cfg(test)]
mod tests;
