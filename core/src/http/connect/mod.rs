//! Making connections: how many at once, which of them are new, and why one could not be made.

mod diagnose;
mod fresh;
mod limit;

pub(super) use diagnose::{is_closed, no_connection};
pub(super) use fresh::FreshConnections;
pub(super) use limit::ConnectLimitLayer;
