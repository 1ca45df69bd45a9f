//! With what status a proxy refuses a tunnel.
//!
//! reqwest tells no more than that there is none, unless the status is 407. To whom the tunnel was refused, the
//! status is all: 403 is a rule, 502 a wrong name, 503 a bad day. So the proxy is asked once more, on a
//! connection that is good for nothing else.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use super::build::AGENT;
use super::proxy::ProxyServer;

/// It is asked for the sake of a message, which is not worth a longer wait.
const ASK_WITHIN: Duration = Duration::from_secs(1);
/// So long an answer holds: the attempts of an append must not cost a second `CONNECT` each.
const REMEMBER: Duration = Duration::from_secs(10);
/// As much as hyper reads for a tunnel.
const ANSWER_BYTES: u64 = 8192;
/// So much of a proxy's words is shown.
const REASON_CHARS: usize = 100;

/// What proxies say to those to whom they refuse a tunnel.
pub(super) struct Tunnels {
    tls: Arc<ClientConfig>,
    last: Mutex<Option<Refusal>>,
}

struct Refusal {
    target: String,
    at: Instant,
    status: Option<String>,
}

impl Tunnels {
    /// `tls` is for proxies that are reached by https. It offers no protocols, as reqwest's does not for a proxy.
    pub(super) fn new(tls: ClientConfig) -> Self {
        Self { tls: Arc::new(tls), last: Mutex::default() }
    }

    /// The status, and the reason that the proxy gives; `None` where it does not say in time, or grants what
    /// it refused before.
    pub(super) async fn refusal(
        &self,
        proxy: &ProxyServer,
        url: &Url,
        left: Option<Duration>,
    ) -> Option<String> {
        let target = format!("{}:{}", url.host_str()?, url.port_or_known_default()?);
        let within = left.unwrap_or(ASK_WITHIN).min(ASK_WITHIN);
        let refusal = timeout(within, async {
            // Held while asking: who fails at the same time waits for the same answer.
            let mut last = self.last.lock().await;
            if let Some(known) = &*last
                && known.target == target
                && known.at.elapsed() < REMEMBER
            {
                return known.status.clone();
            }
            // What is not said counts as said, should the proxy be silent.
            *last = Some(Refusal { target: target.clone(), at: Instant::now(), status: None });
            let status = self.ask(proxy, &target).await.ok().flatten();
            *last = Some(Refusal { target, at: Instant::now(), status: status.clone() });
            status
        });
        refusal.await.ok().flatten()
    }

    async fn ask(&self, proxy: &ProxyServer, target: &str) -> io::Result<Option<String>> {
        let host = proxy.url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let port = proxy.url.port_or_known_default().unwrap_or_default();
        let stream = TcpStream::connect((host, port)).await?;
        let head = if proxy.url.scheme() == "https" {
            let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
            connect(TlsConnector::from(self.tls.clone()).connect(name, stream).await?, proxy, target).await?
        } else {
            connect(stream, proxy, target).await?
        };
        Ok(status(&head))
    }
}

/// Asks for a tunnel; gives what begins the answer.
async fn connect(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    proxy: &ProxyServer,
    target: &str,
) -> io::Result<Vec<u8>> {
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes();
    if let Some(authorization) = &proxy.authorization {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(authorization.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(format!("User-Agent: {AGENT}\r\n\r\n").as_bytes());
    stream.write_all(&request).await?;
    stream.flush().await?;
    let (mut head, mut answer) = (Vec::new(), stream.take(ANSWER_BYTES));
    while !head.contains(&b'\n') && answer.read_buf(&mut head).await? > 0 {}
    Ok(head)
}

/// `502 Bad Gateway` of `HTTP/1.1 502 Bad Gateway`; `None` where it is no refusal.
fn status(head: &[u8]) -> Option<String> {
    let line = head.split(|&byte| byte == b'\n').next()?;
    let line: String = String::from_utf8_lossy(line).chars().filter(|char| !char.is_control()).collect();
    let (_, status) = line.strip_prefix("HTTP/")?.split_once(' ')?;
    let code = status.split(' ').next()?;
    let is_refusal = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit()) && code != "200";
    is_refusal.then(|| status.chars().take(REASON_CHARS).collect::<String>().trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_line_is_shown_without_what_could_hurt_a_terminal() {
        for (head, is) in [
            ("HTTP/1.1 502 Bad Gateway\r\nVia: x\r\n\r\n", Some("502 Bad Gateway")),
            ("HTTP/1.0 403\r\n", Some("403")),
            ("HTTP/1.1 503 \x1b[31mRed\r\n", Some("503 [31mRed")),
            ("HTTP/1.1 200 Connection established\r\n\r\n", None),
            ("HTTP/1.1 2000 OK\r\n", None),
            ("SSH-2.0-OpenSSH\r\n", None),
            ("HTTP/1.1", None),
            ("", None),
        ] {
            assert_eq!(status(head.as_bytes()).as_deref(), is, "{head:?}");
        }
        let long = format!("HTTP/1.1 500 {}", "x".repeat(8000));
        assert_eq!(status(long.as_bytes()).unwrap().len(), REASON_CHARS);
    }
}
