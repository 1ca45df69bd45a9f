//! `NO_PROXY`: which hosts are reached without a proxy.
//!
//! reqwest's own rules are not used: for them a host stands for all names beneath it, too.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use reqwest::Url;

/// The entries of `NO_PROXY`, separated by commas or white space.
#[derive(Debug, Default, PartialEq)]
pub(super) struct NoProxy(Vec<Entry>);

#[derive(Debug, PartialEq)]
struct Entry {
    hosts: Hosts,
    /// `None`: any.
    port: Option<u16>,
}

#[derive(Debug, PartialEq)]
enum Hosts {
    /// `*`
    All,
    /// `example.com`: this name alone.
    Name(String),
    /// `localhost`, `127.0.0.1` and the other names of this machine: each of them stands for all.
    Loopback,
    /// `.example.com` or `*.example.com`: the names beneath it, and not itself. What follows the star may
    /// begin anywhere: `*example.com` has all names that end so.
    Suffix(String),
    /// An address, or a range of them in CIDR notation.
    Network(IpNet),
}

impl NoProxy {
    pub(super) fn new(list: &str) -> Self {
        let separator = |char: char| char == ',' || char.is_whitespace();
        Self(list.split(separator).filter(|entry| !entry.is_empty()).map(Entry::new).collect())
    }

    /// Whether `url` is to be reached without a proxy.
    pub(super) fn has(&self, url: &Url) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let Some(host) = url.host_str() else { return false };
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let address = address(&host);
        let is_loopback = is_loopback(&host, address);
        let port = url.port_or_known_default();
        self.0.iter().any(|entry| {
            (entry.port.is_none() || entry.port == port)
                && match &entry.hosts {
                    Hosts::All => true,
                    Hosts::Name(name) => *name == host,
                    Hosts::Loopback => is_loopback,
                    Hosts::Suffix(suffix) => address.is_none() && host.ends_with(suffix.as_str()),
                    Hosts::Network(network) => address.is_some_and(|address| network.contains(&address)),
                }
        })
    }
}

impl Entry {
    fn new(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        // An IPv6 address alone is full of colons.
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if address(&text).is_none() && network(&text).is_none() => {
                match port.parse() {
                    Ok(port) => (host, Some(port)),
                    Err(_) => (text.as_str(), None),
                }
            }
            _ => (text.as_str(), None),
        };
        let name = host.trim_end_matches('.');
        let without_star = name.strip_prefix('*').unwrap_or(name);
        let base = without_star.strip_prefix('.').unwrap_or(without_star);
        let in_url = as_in_url(base);
        let base = in_url.as_deref().unwrap_or(base);
        let hosts = if name == "*" {
            Hosts::All
        } else if without_star.starts_with('.') {
            Hosts::Suffix(format!(".{base}"))
        } else if name.starts_with('*') {
            Hosts::Suffix(base.to_owned())
        } else if is_loopback(base, address(base)) {
            Hosts::Loopback
        } else if let Some(network) = network(base) {
            Hosts::Network(network)
        } else {
            Hosts::Name(base.to_owned())
        };
        Self { hosts, port }
    }
}

/// Parses an address with or without brackets. IPv4-mapped IPv6 addresses are compared as IPv4.
fn address(host: &str) -> Option<IpAddr> {
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    inner.parse().ok().map(|address: IpAddr| address.to_canonical())
}

fn network(text: &str) -> Option<IpNet> {
    address(text).map(IpNet::from).or_else(|| text.replace(['[', ']'], "").parse().ok().map(as_ipv4))
}

/// A range of IPv4-mapped IPv6 addresses as one of IPv4.
fn as_ipv4(network: IpNet) -> IpNet {
    let IpNet::V6(mapped) = network else { return network };
    let address = mapped.addr().to_ipv4_mapped();
    let length = mapped.prefix_len().checked_sub(96);
    let of_ipv4 = address.zip(length).and_then(|(address, length)| Ipv4Net::new(address, length).ok());
    of_ipv4.map_or(network, IpNet::V4)
}

/// The form that a host has in a URL: Punycode, and `127.0.0.1` for `127.1`.
fn as_in_url(host: &str) -> Option<String> {
    // A number alone is a URL's form of an address, too, and nobody's who means one.
    if host.contains(['/', '@', '?', '#', '\\', ':']) || host.parse::<u32>().is_ok() {
        return None;
    }
    Url::parse(&format!("http://{host}/")).ok()?.host_str().map(str::to_owned)
}

/// Whether a host is this machine by its name: `localhost`, `127.0.0.0/8` and `::1`, and the addresses of no
/// host (`0.0.0.0`, `::`), which lead to it.
fn is_loopback(host: &str, address: Option<IpAddr>) -> bool {
    address.map_or(host == "localhost", |address| address.is_loopback() || address.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(list: &str, url: &str) -> bool {
        NoProxy::new(list).has(&url.parse().unwrap())
    }

    #[test]
    fn an_empty_list_matches_nothing() {
        for list in ["", " ", ",", " , ,"] {
            assert_eq!(NoProxy::new(list), NoProxy::default(), "{list:?}");
            assert!(!has(list, "http://a.test"));
        }
    }

    #[test]
    fn entries_are_separated_by_commas_and_white_space() {
        for list in ["x.test,a.test", "x.test a.test", " x.test ,\ta.test,, ", "x.test\na.test"] {
            assert!(has(list, "http://a.test/path"), "{list:?}");
            assert!(!has(list, "http://b.test"), "{list:?}");
        }
    }

    #[test]
    fn a_star_matches_every_host() {
        for url in ["http://a.test", "https://127.0.0.1:81", "http://[::1]"] {
            assert!(has("*", url) && has("b.test, *", url) && has("*.", url), "{url}");
        }
        assert!(has("*:81", "http://a.test:81") && !has("*:81", "http://a.test"));
    }

    #[test]
    fn a_host_matches_this_name_alone() {
        assert!(has("example.com", "https://example.com"));
        for other in ["www.example.com", "notexample.com", "example.com.evil.test", "example.co"] {
            assert!(!has("example.com", &format!("https://{other}")), "{other}");
        }
    }

    #[test]
    fn a_suffix_matches_the_names_beneath_it_and_not_itself() {
        for list in [".example.com", "*.example.com"] {
            for name in ["www.example.com", "a.b.example.com"] {
                assert!(has(list, &format!("https://{name}")), "{list} {name}");
            }
            for name in ["example.com", "notexample.com", "www.example.com.evil.test"] {
                assert!(!has(list, &format!("https://{name}")), "{list} {name}");
            }
        }
        assert!(has("*example.com", "http://notexample.com") && has("*example.com", "http://example.com"));
        // An address has no names beneath it.
        assert!(!has(".0.0.1", "http://127.0.0.1") && !has("*1", "http://127.0.0.1"));
    }

    #[test]
    fn letter_case_and_a_trailing_dot_do_not_matter() {
        assert!(has("EXAMPLE.com", "http://example.COM"));
        assert!(has("example.com.", "http://example.com") && has("example.com", "http://example.com."));
        assert!(has(".Example.com.", "http://www.example.com.:81"));
    }

    #[test]
    fn a_port_must_be_the_same() {
        assert!(has("a.test:8080", "http://a.test:8080"));
        assert!(!has("a.test:8080", "http://a.test"));
        // Those that a scheme implies count.
        assert!(has("a.test:443", "https://a.test") && has("a.test:80", "http://a.test"));
        assert!(!has("a.test:443", "http://a.test"));
        assert!(has(".a.test:81", "http://b.a.test:81") && !has(".a.test:81", "http://b.a.test:82"));
        assert!(has("10.0.0.1:81", "http://10.0.0.1:81") && !has("10.0.0.1:81", "http://10.0.0.1"));
        assert!(has("[::1]:81", "http://[::1]:81") && !has("[::1]:81", "http://[::1]"));
    }

    #[test]
    fn an_address_is_compared_as_such() {
        assert!(has("10.0.0.1", "http://10.0.0.1:81") && !has("10.0.0.1", "http://10.0.0.2"));
        for list in ["::1", "[::1]", "0:0:0:0:0:0:0:1", "0::1"] {
            assert!(has(list, "http://[::1]:81"), "{list}");
        }
        assert!(has("2001:DB8::A", "http://[2001:db8::a]"));
        assert!(has("10.0.0.1", "http://[::ffff:10.0.0.1]") && has("::ffff:10.0.0.1", "http://10.0.0.1"));
        assert!(has("10.1", "http://10.0.0.1") && has("0xa.0.0.01", "http://10.0.0.1"));
    }

    #[test]
    fn a_name_of_this_machine_matches_every_other_one() {
        let hosts = ["localhost", "127.0.0.1", "127.1.2.3", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]"];
        let entries =
            ["localhost", "LOCALHOST.", "127.0.0.1", "127.1", "::1", "[::1]", "0::1", "0.0.0.0", "::"];
        for (host, entry) in hosts.iter().flat_map(|host| entries.map(|entry| (host, entry))) {
            assert!(has(entry, &format!("http://{host}:81")), "{entry} {host}");
        }
        for host in ["localhost.test", "a.localhost", "128.0.0.1", "[::2]", "10.0.0.1"] {
            assert!(!has("localhost", &format!("http://{host}")), "{host}");
        }
        // A port counts, and a range has its own addresses alone.
        assert!(has("localhost:81", "http://127.0.0.1:81") && !has("localhost:81", "http://127.0.0.1:82"));
        assert!(!has("127.0.0.0/8", "http://localhost") && !has("127.0.0.0/8", "http://[::1]"));
    }

    #[test]
    fn a_name_in_another_script_is_its_punycode() {
        for (entry, host) in [("bücher.test", "bücher.test"), (".BÜCHER.test", "www.xn--bcher-kva.test")] {
            assert!(has(entry, &format!("http://{host}")), "{entry}");
        }
    }

    #[test]
    fn a_range_matches_its_addresses() {
        assert!(has("10.0.0.0/8", "http://10.1.2.3") && !has("10.0.0.0/8", "http://11.0.0.1"));
        assert!(has("192.168.1.77/24", "http://192.168.1.1") && !has("192.168.1.0/24", "http://192.168.2.1"));
        assert!(has("0.0.0.0/0", "http://8.8.8.8") && !has("0.0.0.0/0", "http://[::1]"));
        assert!(has("fd00::/8", "http://[fd12::1]") && !has("fd00::/8", "http://[fe80::1]"));
        assert!(has("::ffff:10.0.0.0/104", "http://10.1.2.3") && !has("::ffff:0:0/96", "http://[fe80::1]"));
        assert!(!has("10.0.0.0/8", "http://10.example.com") && !has("10.0.0.0/33", "http://10.0.0.1"));
    }

    #[test]
    fn an_entry_that_cannot_be_a_host_matches_nothing() {
        for list in ["http://a.test", "a.test:port", "a.test:99999", "a.test/", ":80"] {
            assert!(!has(list, "http://a.test"), "{list}");
        }
    }
}
