//! The end of waits that have become pointless.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// Ends the waits of an append when the server is known to be out of reach. By default nothing does.
#[derive(Clone, Default)]
pub struct Interruption(Option<watch::Receiver<bool>>);

impl Interruption {
    /// Ends waits once `signal` is true.
    pub fn new(signal: watch::Receiver<bool>) -> Self {
        Self(Some(signal))
    }

    /// Waits; true where that was interrupted.
    pub(super) async fn during(&mut self, wait: Duration) -> bool {
        if let Some(signal) = &mut self.0 {
            // An error means that nothing can interrupt it any more.
            match timeout(wait, signal.wait_for(|is| *is)).await {
                Ok(Ok(_)) => return true,
                Err(_) => return false,
                Ok(Err(_)) => {}
            }
        }
        sleep(wait).await;
        false
    }
}
