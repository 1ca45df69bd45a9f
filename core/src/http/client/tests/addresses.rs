//! Tries of the addresses that a name has.

use std::convert::Infallible;
use std::net::{Ipv6Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::http::client::tuning::tune;

/// A server that responds to every request.
async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let response = service_fn(async |_| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), response));
        }
    });
    address
}

/// Whether a server is reached by a name that has these addresses.
async fn reaches(addresses: &[SocketAddr]) -> bool {
    rustls::crypto::ring::default_provider().install_default().ok();
    let builder = reqwest::Client::builder().no_proxy().resolve_to_addrs("some.test", addresses);
    // The machine may have no certificates, and http needs none.
    let builder = builder.tls_certs_only([]);
    let client = tune(builder.connect_timeout(Duration::from_secs(10))).build().unwrap();
    client.get(format!("http://some.test:{}/", addresses[0].port())).send().await.is_ok()
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_passed_over() {
    let alive = serve().await;
    let dead = SocketAddr::from(([127, 0, 0, 2], alive.port()));
    assert!(reaches(&[dead, alive]).await);
    assert!(!reaches(&[dead]).await);
}

#[tokio::test]
async fn an_address_that_hangs_does_not_hold_up_the_other_family() {
    let alive = serve().await;
    let address = SocketAddr::from((Ipv6Addr::LOCALHOST, alive.port()));
    let socket = TcpSocket::new_v6().unwrap();
    // Where there is no IPv6, there is no address of it that could hang.
    if socket.bind(address).is_err() {
        return;
    }
    let _listener = socket.listen(1).unwrap();
    // Nobody accepts: the queue is full when a connect waits.
    let mut queue = Vec::new();
    while let Ok(stream) = timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
        queue.push(stream.unwrap());
    }
    assert!(timeout(Duration::from_secs(5), reaches(&[address, alive])).await.unwrap());
}
