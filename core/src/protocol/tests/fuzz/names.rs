//! Property tests of entry uuids, and of the JSON strings that hold them.

use std::hash::{BuildHasher, RandomState};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::json::{key_matches, string};
use crate::protocol::EntryUuid;
use crate::protocol::server_head;
use crate::testing::fuzz::{Result, Unstructured, bytes, fuzz, text};
use crate::testing::reference::decode;

/// A random entry uuid: mostly a UUID, in one of its notations.
fn random_uuid(u: &mut Unstructured<'_>, uuid: Uuid, other: &str) -> Result<Vec<u8>> {
    Ok(match u.int_in_range(0..=8)? {
        0 => uuid.to_string().into_bytes(),
        1 => uuid.to_string().to_uppercase().into_bytes(),
        2 => uuid.simple().to_string().into_bytes(),
        3 => uuid.braced().to_string().into_bytes(),
        4 => uuid.urn().to_string().into_bytes(),
        5 => {
            let mut near = uuid.to_string().into_bytes();
            let at = u.choose_index(near.len())?;
            near[at] = u.arbitrary()?;
            near
        }
        6 => other.as_bytes().to_vec(),
        7 => other.to_uppercase().into_bytes(),
        _ => bytes(u)?,
    })
}

#[test]
fn entry_uuids_are_equal_when_they_are_the_same_uuid_or_the_same_bytes() {
    let hasher = RandomState::new();
    fuzz("uuids", |u| {
        let (uuid, other) = (Uuid::from_u128(u.arbitrary()?), text(u)?);
        let texts = [random_uuid(u, uuid, &other)?, random_uuid(u, uuid, &other)?];
        let [Some(a), Some(b)] = texts.clone().map(EntryUuid::new) else {
            assert!(texts.iter().any(Vec::is_empty));
            return Ok(());
        };
        let parsed = texts.clone().map(|text| String::from_utf8(text).ok()?.parse::<Uuid>().ok());
        let same = texts[0] == texts[1] || (parsed[0].is_some() && parsed[0] == parsed[1]);
        assert_eq!((a == b, b == a), (same, same), "{a:?} {b:?}");
        assert!(a == a.clone());
        if same {
            assert_eq!(hasher.hash_one(&a), hasher.hash_one(&b), "{a:?} {b:?}");
        }
        Ok(())
    });
}

#[test]
fn a_head_is_received_and_sent_byte_for_byte_or_not_at_all() {
    const X_LAST_UUID: HeaderName = HeaderName::from_static("x-last-uuid");
    fuzz("heads", |u| {
        let text = bytes(u)?;
        let is_control = |byte: &u8| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f;
        let can_be_sent = !text.iter().any(is_control);
        let head = EntryUuid::new(&text);
        assert_eq!(head.is_some(), !text.is_empty());
        let sent = head.and_then(|head| head.header());
        assert_eq!(sent.is_some(), can_be_sent && !text.is_empty(), "{text:?}");
        if let Ok(value) = HeaderValue::from_bytes(&text) {
            let named = server_head(&HeaderMap::from_iter([(X_LAST_UUID, value.clone())]));
            assert_eq!(named.and_then(|head| head.header()), Some(value).filter(|value| !value.is_empty()));
        }
        Ok(())
    });
}

#[test]
fn a_json_string_decodes_to_its_utf16_units() {
    fuzz("strings", |u| {
        let mut raw = String::from('"');
        for _ in 0..u.int_in_range(0..=20)? {
            match u.int_in_range(0..=3)? {
                0 => raw.push_str(&format!("\\u{:04x}", u.arbitrary::<u16>()?)),
                // Surrogates, alone and in pairs.
                1 => raw.push_str(&format!("\\uD{:X}{:02X}", u.int_in_range(8..=15)?, u.arbitrary::<u8>()?)),
                2 => raw.push_str(u.choose(&["\\n", "\\\\", "\\\"", "\\/", "\\b", "\\f", "\\r", "\\t"])?),
                _ => raw.extend(text(u)?.chars().filter(|c| !matches!(c, '"' | '\\' | '\0'..='\x1f'))),
            }
        }
        raw.push('"');
        let units = decode(&raw).unwrap();
        let value = RawValue::from_string(raw.clone()).unwrap();
        assert_eq!(string(&value), Some(String::from_utf16_lossy(&units)), "{raw}");
        let name = text(u)?;
        assert_eq!(
            key_matches(&raw, &name),
            units == name.encode_utf16().collect::<Vec<_>>(),
            "{raw} {name:?}"
        );
        let itself = String::from_utf16(&units);
        assert_eq!(itself.as_ref().is_ok_and(|itself| key_matches(&raw, itself)), itself.is_ok(), "{raw}");
        Ok(())
    });
}
