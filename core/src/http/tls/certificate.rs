//! Certificates, looked at by themselves: those that are trusted as such, and keys that cannot be used.

use std::net::IpAddr;

use rustls::CertificateError;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::asn1::{Any, AnyRef, ObjectIdentifier, UintRef};
use x509_cert::der::oid::db::{rfc4519, rfc5280, rfc5912, rfc8410};
use x509_cert::der::{Decode, Reader, SliceReader, Tag, Tagged};
use x509_cert::ext::pkix::name::{DirectoryString, GeneralName};
use x509_cert::ext::pkix::{ExtendedKeyUsage, SubjectAltName};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

/// A certificate of any form and version.
type Certificate = CertificateInner<Raw>;

const FOR_SERVERS: [ObjectIdentifier; 2] = [rfc5280::ID_KP_SERVER_AUTH, rfc5280::ANY_EXTENDED_KEY_USAGE];

/// Checks a certificate that is trusted itself: only its time, its host and its purpose matter, and not its form.
pub(super) fn check_pinned(
    certificate: &CertificateDer<'_>,
    server: &ServerName<'_>,
    now: UnixTime,
) -> Result<(), CertificateError> {
    let certificate = Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let certificate = certificate.tbs_certificate();
    let validity = certificate.validity();
    if now.as_secs() < validity.not_before.to_unix_duration().as_secs() {
        return Err(CertificateError::NotValidYet);
    }
    if now.as_secs() > validity.not_after.to_unix_duration().as_secs() {
        return Err(CertificateError::Expired);
    }
    let purposes = certificate.get_extension::<ExtendedKeyUsage>();
    let purposes = purposes.map_err(|_| CertificateError::BadEncoding)?;
    const FOR_SERVERS: [ObjectIdentifier; 2] = [rfc5280::ID_KP_SERVER_AUTH, rfc5280::ANY_EXTENDED_KEY_USAGE];
    if purposes.is_some_and(|(_, purposes)| !purposes.0.iter().any(|one| FOR_SERVERS.contains(one))) {
        return Err(CertificateError::InvalidPurpose);
    }
    let names = Names::of(certificate).ok_or(CertificateError::BadEncoding)?;
    if names.has(server) {
        return Ok(());
    }
    Err(CertificateError::NotValidForNameContext { expected: server.to_owned(), presented: names.all() })
}

/// The names in a certificate, of hosts and addresses.
#[derive(Default)]
struct Names {
    dns: Vec<String>,
    addresses: Vec<IpAddr>,
    /// Count where there is no name of a host.
    common: Vec<String>,
}

impl Names {
    /// `None` where they cannot be read.
    fn of(certificate: &x509_cert::certificate::TbsCertificateInner<Raw>) -> Option<Self> {
        let mut names = Self::default();
        let alternatives = certificate.get_extension::<SubjectAltName>().ok()?;
        for name in alternatives.map(|(_, names)| names.0).unwrap_or_default() {
            match name {
                GeneralName::DnsName(name) => names.dns.push(name.to_string()),
                GeneralName::IpAddress(bytes) => names.addresses.extend(address(bytes.as_bytes())),
                _ => {}
            }
        }
        if names.dns.is_empty() {
            let common = certificate.subject().iter().filter(|attribute| attribute.oid == rfc4519::CN);
            names.common.extend(common.filter_map(|attribute| text(&attribute.value)));
        }
        Some(names)
    }

    fn has(&self, server: &ServerName<'_>) -> bool {
        match server {
            ServerName::DnsName(host) => {
                self.dns.iter().chain(&self.common).any(|pattern| matches(pattern, host.as_ref()))
            }
            ServerName::IpAddress(host) => {
                let host = IpAddr::from(*host);
                let is_it = |name: &String| name.parse() == Ok(host);
                self.addresses.contains(&host) || (self.addresses.is_empty() && self.common.iter().any(is_it))
            }
            _ => false,
        }
    }

    fn all(&self) -> Vec<String> {
        let addresses = self.addresses.iter().map(IpAddr::to_string);
        self.dns.iter().cloned().chain(addresses).chain(self.common.iter().cloned()).collect()
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

fn text(value: &Any) -> Option<String> {
    value.decode_as::<DirectoryString>().ok().map(|text| text.value().into_owned())
}

/// Whether a name, which may have a star in its first label, is that of a host.
fn matches(pattern: &str, host: &str) -> bool {
    let [pattern, host] = [pattern, host].map(|name| name.trim_end_matches('.').to_ascii_lowercase());
    let Some((first, rest)) = pattern.split_once('.') else { return pattern == host };
    // A star is not for all of a top level, and not a part of Punycode.
    let Some((before, after)) = first.split_once('*').filter(|_| rest.contains('.')) else {
        return pattern == host;
    };
    host.split_once('.').is_some_and(|(label, host_rest)| {
        host_rest == rest
            && !first.contains("xn--")
            && label.len() >= before.len() + after.len().max(usize::from(before.is_empty()))
            && label.starts_with(before)
            && label.ends_with(after)
    })
}

/// The certificate in a block of `TRUSTED CERTIFICATE`, without what follows it: the purposes that it is trusted and not
/// trusted for. `None` where servers are not among the former, or any purpose is among the latter.
pub(super) fn without_trust_settings(der: CertificateDer<'_>) -> Option<CertificateDer<'static>> {
    let (_, settings) = AnyRef::from_der_partial(&der).ok()?;
    let certificate = CertificateDer::from(der[..der.len() - settings.len()].to_vec());
    if settings.is_empty() {
        return Some(certificate);
    }
    let settings = Vec::<AnyRef<'_>>::from_der(settings).ok()?;
    let is_rejection = |tag| matches!(tag, Tag::ContextSpecific { number, .. } if number.value() == 0);
    let is_rejected = settings.iter().any(|one| is_rejection(one.tag()));
    let trusted = settings.iter().find(|one| one.tag() == Tag::Sequence);
    let trusted = trusted.map(|trusted| trusted.decode_as::<Vec<ObjectIdentifier>>());
    let is_for_servers = match trusted {
        None => true,
        Some(purposes) => purposes.ok()?.iter().any(|one| FOR_SERVERS.contains(one)),
    };
    (is_for_servers && !is_rejected).then_some(certificate)
}

/// The parts of a certificate about itself and its issuer.
pub(super) struct Described {
    /// As DER.
    pub(super) issuer: Vec<u8>,
    /// The reason for which the key cannot be used.
    pub(super) unsupported_key: Option<String>,
}

/// `None` where the certificate cannot be read.
pub(super) fn describe(certificate: &CertificateDer<'_>) -> Option<Described> {
    use x509_cert::der::Encode;
    let certificate = Certificate::from_der(certificate).ok()?;
    let certificate = certificate.tbs_certificate();
    let issuer = certificate.issuer().to_der().ok()?;
    Some(Described { issuer, unsupported_key: unsupported(certificate.subject_public_key_info()) })
}

/// The reason for which the key with this SubjectPublicKeyInfo (as DER) cannot be used; `None` where it can, or cannot
/// be read.
pub(super) fn unsupported_key(spki: &[u8]) -> Option<String> {
    unsupported(&SubjectPublicKeyInfoOwned::from_der(spki).ok()?)
}

const MIN_RSA_BITS: usize = 2048;
const MAX_RSA_BITS: usize = 8192;

fn unsupported(spki: &SubjectPublicKeyInfoOwned) -> Option<String> {
    match spki.algorithm.oid {
        rfc5912::RSA_ENCRYPTION => {
            let bits = modulus_bits(spki.subject_public_key.as_bytes()?)?;
            let is_supported = (MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits);
            (!is_supported).then(|| format!("RSA with {bits} bits"))
        }
        rfc5912::ID_EC_PUBLIC_KEY => {
            let curve = spki.algorithm.parameters.as_ref()?.decode_as::<ObjectIdentifier>().ok()?;
            match curve {
                rfc5912::SECP_256_R_1 | rfc5912::SECP_384_R_1 => None,
                rfc5912::SECP_521_R_1 => Some("the curve P-521".into()),
                other => Some(format!("the elliptic curve {other}")),
            }
        }
        rfc8410::ID_ED_25519 => None,
        rfc8410::ID_ED_448 => Some("the curve Ed448".into()),
        rfc5912::ID_DSA => Some("DSA".into()),
        rfc5912::ID_RSASSA_PSS => Some("RSA-PSS".into()),
        other => Some(format!("the algorithm {other}")),
    }
}

/// The size of the first number in a PKCS#1 public key.
fn modulus_bits(key: &[u8]) -> Option<usize> {
    let mut reader = SliceReader::new(key).ok()?;
    let modulus = reader.sequence(|key| {
        let modulus = key.decode::<UintRef<'_>>()?;
        key.decode::<UintRef<'_>>()?;
        Ok::<_, x509_cert::der::Error>(modulus)
    });
    let bytes = modulus.ok()?.as_bytes();
    Some(bytes.len() * 8 - bytes.first()?.leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_star_is_for_one_label_of_hosts_below_a_domain() {
        for (pattern, host) in [
            ("example.test", "EXAMPLE.test"),
            ("example.test.", "example.test"),
            ("*.example.test", "www.example.test"),
            ("w*w.example.test", "www.example.test"),
            ("w*.example.test", "w.example.test"),
            ("localhost", "localhost"),
        ] {
            assert!(matches(pattern, host), "{pattern} {host}");
        }
        for (pattern, host) in [
            ("example.test", "www.example.test"),
            ("*.example.test", "example.test"),
            ("*.example.test", "a.b.example.test"),
            ("*.test", "example.test"),
            ("*", "localhost"),
            ("ww*ww.example.test", "www.example.test"),
            ("xn--*.example.test", "xn--a.example.test"),
            ("*.example.test", ".example.test"),
            ("", "localhost"),
        ] {
            assert!(!matches(pattern, host), "{pattern} {host}");
        }
    }

    #[test]
    fn an_address_has_four_bytes_or_sixteen() {
        assert_eq!(address(&[127, 0, 0, 1]), "127.0.0.1".parse().ok());
        assert_eq!(address(&[0; 16]), "::".parse().ok());
        assert_eq!((address(&[]), address(&[1; 5])), (None, None));
    }
}
