//! Property tests of `NO_PROXY`; see [`crate::testing::fuzz`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

use crate::http::proxy::no_proxy::NoProxy;
use crate::testing::fuzz::{Result, Unstructured, fuzz, text};

fn name(u: &mut Unstructured<'_>) -> Result<String> {
    const LABELS: [&str; 8] = ["a", "b", "test", "example", "x-1", "xn--bcher-kva", "com", "a1"];
    let mut labels = vec![*u.choose(&LABELS)?];
    for _ in 0..u.int_in_range(0..=3)? {
        labels.push(u.choose(&LABELS)?);
    }
    Ok(labels.join("."))
}

fn address(u: &mut Unstructured<'_>) -> Result<IpAddr> {
    Ok(match u.arbitrary()? {
        true => Ipv4Addr::from_bits(u.arbitrary()?).into(),
        false => Ipv6Addr::from_bits(u.arbitrary()?).into(),
    })
}

/// As a URL has it.
fn host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// Some letters in the other case.
fn recased(u: &mut Unstructured<'_>, text: &str) -> Result<String> {
    let change =
        |char: char| Ok(if u.arbitrary()? { char.to_ascii_uppercase() } else { char.to_ascii_lowercase() });
    text.chars().map(change).collect()
}

fn url(host: &str) -> Url {
    format!("http://{host}:8080/path").parse().unwrap()
}

#[test]
fn any_list_is_read_and_any_host_that_stands_in_it_is_in_it() {
    fuzz("no-proxy", |u| {
        let host = if u.arbitrary()? { name(u)? } else { host(address(u)?) };
        let dot = if u.arbitrary()? && !host.ends_with(']') { "." } else { "" };
        let port = *u.choose(&["", ":8080"])?;
        let entry = recased(u, &host)? + dot + port;
        let list = format!("{},{entry} {}", text(u)?, text(u)?);
        assert!(NoProxy::new(&list).has(&url(&recased(u, &host)?)), "{list:?} {host}");
        let elsewhere = recased(u, &host)? + dot + ":81";
        assert!(!NoProxy::new(&elsewhere).has(&url(&host)), "{elsewhere}");
        Ok(())
    });
}

#[test]
fn neither_case_nor_a_trailing_dot_matters() {
    fuzz("no-proxy names", |u| {
        let entry = String::from(*u.choose(&["", ".", "*.", "*"])?) + &name(u)?;
        let host = if u.arbitrary()? {
            format!("{}.{}", name(u)?, entry.trim_start_matches(['*', '.']))
        } else {
            name(u)?
        };
        let bare = entry.trim_start_matches(['*', '.']);
        let expected = match entry.strip_suffix(bare).unwrap() {
            "" => host == bare,
            "*" => host.ends_with(bare),
            _ => host.ends_with(&format!(".{bare}")),
        };
        let dots = [*u.choose(&["", "."])?, *u.choose(&["", "."])?];
        let list = recased(u, &entry)? + dots[0];
        let host = recased(u, &host)? + dots[1];
        assert_eq!(NoProxy::new(&list).has(&url(&host)), expected, "{list} {host}");
        Ok(())
    });
}

#[test]
fn a_range_has_the_addresses_whose_first_bits_are_its_own() {
    fuzz("no-proxy ranges", |u| {
        let network = address(u)?;
        let bits = |address: IpAddr| match address {
            IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
            IpAddr::V6(address) => address.to_bits(),
        };
        let width = if network.is_ipv4() { 32 } else { 128 };
        let length = u.int_in_range(0..=width)?;
        // One that differs in one bit, or in any.
        let other = match (u.arbitrary()?, network) {
            (true, IpAddr::V4(near)) => {
                IpAddr::from(Ipv4Addr::from_bits(near.to_bits() ^ (1 << u.int_in_range(0..=31)?)))
            }
            (true, IpAddr::V6(near)) => {
                Ipv6Addr::from_bits(near.to_bits() ^ (1 << u.int_in_range(0..=127)?)).into()
            }
            (false, _) => address(u)?,
        };
        // An IPv4 address in the form of IPv6 is that IPv4 address, and another matter.
        if [network, other].iter().any(|address| address.to_canonical() != *address) {
            return Ok(());
        }
        let differ = (bits(network) ^ bits(other)).leading_zeros();
        let expected = network.is_ipv4() == other.is_ipv4() && differ >= length;
        let list = format!("{network}/{length}");
        assert_eq!(NoProxy::new(&list).has(&url(&host(other))), expected, "{list} {other}");
        Ok(())
    });
}
