//! Handshakes with servers that hold certificates of X.509 version 1.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConnection, Connection, Error, ServerConfig, ServerConnection, SupportedProtocolVersion};

use super::client_tls;
use crate::http::config::{Pem, TlsSettings};
use crate::http::secret::Secret;

/// Of `localhost`, until the year 2100, with the public key of `KEY`.
const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----
MIIBGjCBwgIJAUQHtW8NhzBbMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCWxvY2Fs
aG9zdDAiGA8yMDI1MDEwMTAwMDAwMFoYDzIxMDAwMTAxMDAwMDAwWjAUMRIwEAYD
VQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQR6jmELHAj
0PhvdYBnWsN3W+CGgdx7+2s4s5lnd/cRvH3nDb3a0J5i0Y5zZQiZ4e7m54v13jAF
6yly89xKMNkiMAoGCCqGSM49BAMCA0cAMEQCIGUN8TvojXje2YSHrXv5ExfSis6b
g90B6l6ZBLwWRGiTAiA6mPk52MCk5XBA5G1J3mnV3AQ99Z3R7rClzTamfUOhTw==
-----END CERTIFICATE-----
";
const KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPcYnMPega3rmbR9v
3ICPcXfgYU2+dynouegApsIw3GShRANCAAQR6jmELHAj0PhvdYBnWsN3W+CGgdx7
+2s4s5lnd/cRvH3nDb3a0J5i0Y5zZQiZ4e7m54v13jAF6yly89xKMNki
-----END PRIVATE KEY-----
";
const ANOTHER_KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkgv2+L9EO6JuEw0k
uqpumhL7VYRR7yBazi62W80z7FuhRANCAASF27DqSEoRzrGUIh9djbXp104QeqmY
g7WG3wni23C7Erwxz5YzZ/8lJLL6/zx+hbRU/p6InNRnbuwobBQw0mv2
-----END PRIVATE KEY-----
";

/// Shows a certificate, whether or not the key is its own.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

fn server(key: &str, version: &'static SupportedProtocolVersion) -> Connection {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let key = provider.key_provider.load_private_key(key).unwrap();
    let chain = vec![CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap()];
    let config = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let shown = Shown(Arc::new(CertifiedKey::new(chain, key)));
    let config = config.with_no_client_auth().with_cert_resolver(Arc::new(shown));
    ServerConnection::new(Arc::new(config)).unwrap().into()
}

fn client(settings: &TlsSettings) -> Connection {
    let config = client_tls(settings, true, &mut |_| {}).unwrap().config;
    let name = ServerName::try_from("localhost").unwrap();
    ClientConnection::new(Arc::new(config), name).unwrap().into()
}

/// Passes messages on until nobody has more to say; the client's error.
fn handshake(mut client: Connection, mut server: Connection) -> Result<(), Error> {
    while client.is_handshaking() || server.is_handshaking() {
        let mut messages = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut messages).unwrap();
        }
        server.read_tls(&mut messages.as_slice()).unwrap();
        server.process_new_packets().unwrap();
        let mut messages = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut messages).unwrap();
        }
        client.read_tls(&mut messages.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    Ok(())
}

#[test]
fn a_server_with_a_trusted_certificate_of_version_1_has_to_have_its_key() {
    let trusting =
        TlsSettings { ca: Some(Pem::Text("tls.ca", Secret::new(CERTIFICATE))), ..TlsSettings::default() };
    let unchecked = TlsSettings { danger_accept_invalid_certs: true, ..TlsSettings::default() };
    for settings in [trusting, unchecked] {
        for version in [&TLS12, &TLS13] {
            assert_eq!(handshake(client(&settings), server(KEY, version)), Ok(()));
            let refused = handshake(client(&settings), server(ANOTHER_KEY, version));
            assert!(matches!(refused, Err(Error::InvalidCertificate(_))), "{refused:?}");
        }
    }
}
