//! How many connections are made at once.
//!
//! A request that finds no idle connection starts a connect and takes what is there first: that, or a connection
//! that another request leaves. Connects that lose go on, to be of use later. While connecting is slow and
//! requests are quick, they would add up without bound.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tower::{BoxError, Layer, Service};

use super::sending::Sending;

/// As many as make the first handshakes of many sessions quick, and few enough that sockets stay below the 256
/// files that the strictest of common limits allows: 128 for the requests under way, these, and what Node has.
const MAX_CONNECTS: usize = 32;

/// A place is held for so long at most: many connects to a host that does not answer must not keep those to another
/// one waiting.
const HELD: Duration = Duration::from_secs(1);

static PLACES: Semaphore = Semaphore::const_new(MAX_CONNECTS);

/// Lets connects wait for a place, and gives up those that nobody waits for any more.
#[derive(Clone, Copy)]
pub(super) struct BoundConnects {
    places: &'static Semaphore,
}

impl Default for BoundConnects {
    fn default() -> Self {
        Self { places: &PLACES }
    }
}

impl<S> Layer<S> for BoundConnects {
    type Service = Bounded<S>;

    fn layer(&self, inner: S) -> Bounded<S> {
        Bounded { inner: Arc::new(inner), places: self.places }
    }
}

/// Clones for next to nothing: the client clones its connector several times for each request, and nearly all
/// requests find a connection.
pub(super) struct Bounded<S> {
    inner: Arc<S>,
    places: &'static Semaphore,
}

impl<S> Clone for Bounded<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), places: self.places }
    }
}

impl<S, T> Service<T> for Bounded<S>
where
    S: Service<T, Error = BoxError> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Response: Send,
    T: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // What has to be ready is the clone that connects.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: T) -> Self::Future {
        let mut inner = S::clone(&self.inner);
        // Called in the task of the request; the connect may go on in another.
        let request = Sending::current().map(|sending| Arc::downgrade(&sending));
        let places = self.places;
        Box::pin(async move {
            // The semaphore is never closed; should it be, everyone connects.
            let place = places.acquire().await.ok();
            if request.as_ref().is_some_and(is_served) {
                return Err("the request went over another connection".into());
            }
            poll_fn(|context| inner.poll_ready(context)).await?;
            match select(pin!(inner.call(target)), pin!(sleep(HELD))).await {
                Either::Left((connection, _)) => connection,
                Either::Right(((), connecting)) => {
                    drop(place);
                    connecting.await
                }
            }
        })
    }
}

/// It has been answered, or written to another connection.
fn is_served(request: &Weak<Sending>) -> bool {
    request.upgrade().is_none_or(|sending| sending.is_taken())
}

#[cfg(test)]
#[path = "connects_tests.rs"]
mod tests;
