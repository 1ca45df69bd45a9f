//! Delivery by way of the outbox: an entry is kept until the server has it, through outages and the end of the process.
//! docs/specification.md, section 11, has the rules.

mod breaker;
mod breakers;
mod deliveries;
mod events;
mod look;
mod mistake;
mod outcome;
mod queue;
mod quiet;
mod session;
mod sessions;
mod shared;
#[cfg(test)]
mod tests;
mod worker;

use tokio::sync::oneshot;

use crate::append::Retry;
use crate::protocol::Timeouts;

pub use breaker::{Breaker, Turn, full_jitter};
pub use deliveries::{Deliveries, OwnSession};
pub use queue::Means;
pub use shared::Figures;

/// Settles the promise of an append: whether it resolves `true`.
pub type Settle = Box<dyn FnOnce(bool) + Send>;

/// What a host gives for the entries of a session that it has not used itself.
pub struct Grant<T> {
    pub token: String,
    pub transport: T,
    pub retry: Retry,
    pub timeouts: Timeouts,
}

/// The answer of a host to the question for a token; `None` leaves the session for later.
pub type Granted<T> = oneshot::Receiver<Option<Grant<T>>>;

/// Asks the host for the token of a session and a URL; `None` where it has no function for that.
pub type AskForToken<T> = Box<dyn Fn(&str, &str) -> Option<Granted<T>> + Send + Sync>;
