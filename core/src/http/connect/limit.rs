//! The limit of connections that are made at once.
//!
//! A request that finds no idle connection starts a connect and takes what is there first: that, or a connection
//! that another request leaves. Connects that lose go on, to be of use later. While connecting is slow and
//! requests are quick, they would add up without bound.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::{Either, FutureExt, select};
use hyper_util::client::legacy::connect::Connection;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tower::{BoxError, Layer, Service};

use super::FreshConnections;
use super::diagnose::AskedForCertificate;
use crate::http::tls::note_client_auth;
use crate::panic::catch_panic_async;

/// Enough to make the first handshakes of many sessions quick, and few enough that sockets stay below the 256
/// files that the strictest of common limits allows.
const MAX_CONNECTS: usize = 32;

/// Longest time for which a connect holds its permit: many connects to a host that does not respond must not keep
/// those to another one waiting.
const HELD: Duration = Duration::from_secs(1);

static CONNECTS: Semaphore = Semaphore::const_new(MAX_CONNECTS);

/// Has connects wait for a permit, and notes those that are made.
#[derive(Clone)]
pub(in crate::http) struct ConnectLimitLayer(pub(in crate::http) FreshConnections);

impl<S> Layer<S> for ConnectLimitLayer {
    type Service = ConnectLimit<S>;

    fn layer(&self, inner: S) -> ConnectLimit<S> {
        ConnectLimit { inner, fresh: self.0.clone() }
    }
}

#[derive(Clone)]
pub(in crate::http) struct ConnectLimit<S> {
    inner: S,
    fresh: FreshConnections,
}

impl<S, T> Service<T> for ConnectLimit<S>
where
    S: Service<T, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
    S::Response: Connection + Send,
    T: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // The clone that connects has to be ready, when it connects.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: T) -> Self::Future {
        let Self { mut inner, fresh } = self.clone();
        Box::pin(async move {
            let connecting = fresh.connect();
            // The semaphore is never closed; should it be, everyone connects.
            let permit = CONNECTS.acquire().await.ok();
            poll_fn(|context| inner.poll_ready(context)).await?;
            // The lookup of a name panics where the system refuses it a thread.
            let connection = catch_panic_async(inner.call(target))
                .map(|done| done.unwrap_or_else(|panic| Err(panic.into())));
            let connection = note_client_auth(connection);
            let (connection, asked) = match select(pin!(connection), pin!(sleep(HELD))).await {
                Either::Left((done, _)) => done,
                Either::Right(((), connection)) => {
                    drop(permit);
                    connection.await
                }
            };
            let connection = match connection {
                Err(error) if asked => return Err(AskedForCertificate(error).into()),
                connection => connection?,
            };
            connecting.made(&connection.connected(), asked);
            Ok(connection)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper_util::rt::TokioIo;
    use tokio::net::TcpStream;

    #[derive(Clone)]
    struct Panicking;

    impl Service<()> for Panicking {
        type Response = TokioIo<TcpStream>;
        type Error = BoxError;
        type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            Box::pin(async { panic!("no thread") })
        }
    }

    #[tokio::test]
    async fn a_panic_of_a_connect_is_an_error_of_it() {
        let connected = ConnectLimitLayer(FreshConnections::default()).layer(Panicking).call(()).await;
        assert!(connected.unwrap_err().to_string().starts_with("no thread"));
    }
}
