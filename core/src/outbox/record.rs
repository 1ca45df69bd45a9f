//! The records of a spool file, byte by byte: docs/specification.md, section 11, has the table.

use crc32fast::Hasher;
use reqwest::Url;
use serde_json::{Value, json};

/// Length of what a spool file begins with.
pub(super) const PREAMBLE_BYTES: usize = 24;
/// Length of what stands before the body of a record: its own length, and its checksum.
pub(super) const HEAD_BYTES: usize = 8;
/// The longest body of a record. What is longer is not kept on disk.
pub(super) const MAX_BODY_BYTES: usize = 1 << 30;

const MAGIC: &[u8; 8] = b"SIOUTBOX";
const VERSION: u16 = 1;

const OPEN: u8 = 1;
const ENTRY: u8 = 2;
const DELIVERED: u8 = 3;
const REMOVED: u8 = 4;
const MOVED: u8 = 5;

/// The reason for which an entry is taken out of a file without being delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// The server refuses it for what it is.
    DeadLetter = 1,
    /// The host does not want it any more.
    Discarded = 2,
}

/// Whose entries a file has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub session_id: String,
    /// The URL of the log, without credentials, query and fragment.
    pub url: String,
    /// When the file was made, in milliseconds since 1970.
    pub created: u64,
}

/// A URL as it stands in a file: without credentials, query and fragment, which may be secrets.
pub(super) fn without_secrets(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else { return String::new() };
    url.set_query(None);
    url.set_fragment(None);
    // Neither can fail for a URL with a host.
    url.set_username("").ok();
    url.set_password(None).ok();
    url.into()
}

/// A record, as it is read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Record<'a> {
    Open(Origin),
    Entry {
        seq: u64,
        from: &'a [u8],
        uuid: &'a [u8],
        body: &'a [u8],
    },
    Delivered {
        through: u64,
        uuid: &'a [u8],
    },
    Removed {
        seq: u64,
    },
    Moved {
        url: &'a str,
    },
    /// Of a later version, or one that makes no sense.
    Unknown,
}

/// The beginning of a spool file, and its checksum, which the first record continues.
pub(super) fn preamble(salt: u64) -> ([u8; PREAMBLE_BYTES], u32) {
    let mut bytes = [0; PREAMBLE_BYTES];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..10].copy_from_slice(&VERSION.to_le_bytes());
    bytes[12..20].copy_from_slice(&salt.to_le_bytes());
    let crc = crc32fast::hash(&bytes[..20]);
    bytes[20..].copy_from_slice(&crc.to_le_bytes());
    (bytes, crc)
}

/// What the beginning of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preamble {
    /// A file of this version, with the checksum that the first record continues.
    Good(u32),
    /// A file of another version.
    Foreign,
    Bad,
}

pub(super) fn read_preamble(bytes: &[u8; PREAMBLE_BYTES]) -> Preamble {
    let crc = u32_at(bytes, 20);
    if &bytes[..8] != MAGIC || crc32fast::hash(&bytes[..20]) != crc {
        return Preamble::Bad;
    }
    if u16::from_le_bytes([bytes[8], bytes[9]]) == VERSION { Preamble::Good(crc) } else { Preamble::Foreign }
}

/// Writes records, each with a checksum over that of the record before it: records of an earlier life of a file, or of
/// another file, do not continue it.
pub(super) struct Encoder {
    pub(super) bytes: Vec<u8>,
    /// The checksum of the last record.
    pub(super) crc: u32,
}

impl Encoder {
    pub(super) fn after(crc: u32) -> Self {
        Self { bytes: Vec::new(), crc }
    }

    pub(super) fn open(&mut self, origin: &Origin) {
        let Origin { session_id, url, created } = origin;
        let version = env!("CARGO_PKG_VERSION");
        let json = json!({ "sessionId": session_id, "url": url, "created": created, "version": version });
        self.record(OPEN, &[json.to_string().as_bytes()]);
    }

    pub(super) fn entry(&mut self, seq: u64, from: &[u8], uuid: &[u8], body: &[u8]) {
        let lengths = [from, uuid].map(|text| u16::try_from(text.len()).unwrap_or(0).to_le_bytes());
        // A head that is too long for its length is none: then the exchange begins without one, which is always safe.
        let from = if lengths[0] == [0, 0] { &[] } else { from };
        self.record(ENTRY, &[&seq.to_le_bytes(), &lengths[0], from, &lengths[1], uuid, body]);
    }

    pub(super) fn delivered(&mut self, through: u64, uuid: &[u8]) {
        self.record(DELIVERED, &[&through.to_le_bytes(), uuid]);
    }

    pub(super) fn removed(&mut self, seq: u64, why: Removal) {
        self.record(REMOVED, &[&seq.to_le_bytes(), &[why as u8]]);
    }

    pub(super) fn moved(&mut self, url: &str) {
        self.record(MOVED, &[url.as_bytes()]);
    }

    fn record(&mut self, kind: u8, parts: &[&[u8]]) {
        let length = 1 + parts.iter().map(|part| part.len()).sum::<usize>();
        let length = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&length);
        self.bytes.extend_from_slice(&[0; 4]);
        self.bytes.push(kind);
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
        self.crc = checksum(self.crc, length, &self.bytes[start + HEAD_BYTES..]);
        self.bytes[start + 4..start + HEAD_BYTES].copy_from_slice(&self.crc.to_le_bytes());
    }
}

/// Length and checksum of a record. The length is that of the body.
pub(super) fn read_head(head: [u8; HEAD_BYTES]) -> (u32, u32) {
    (u32_at(&head, 0), u32_at(&head, 4))
}

/// The checksum of a record, over that of the one before.
pub(super) fn checksum(before: u32, length: [u8; 4], body: &[u8]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(&before.to_le_bytes());
    hasher.update(&length);
    hasher.update(body);
    hasher.finalize()
}

/// Reads the body of a record, whose checksum is right.
pub(super) fn read_record(body: &[u8]) -> Record<'_> {
    read_known(body).unwrap_or(Record::Unknown)
}

fn read_known(body: &[u8]) -> Option<Record<'_>> {
    let (kind, rest) = body.split_first()?;
    Some(match *kind {
        OPEN => Record::Open(read_origin(rest)?),
        ENTRY => {
            let (seq, rest) = read_u64(rest)?;
            let (from, rest) = read_text(rest)?;
            let (uuid, body) = read_text(rest)?;
            Record::Entry { seq, from, uuid, body }
        }
        DELIVERED => {
            let (through, uuid) = read_u64(rest)?;
            Record::Delivered { through, uuid }
        }
        REMOVED => Record::Removed { seq: read_u64(rest)?.0 },
        MOVED => Record::Moved { url: str::from_utf8(rest).ok()? },
        _ => return None,
    })
}

fn read_origin(json: &[u8]) -> Option<Origin> {
    let json: Value = serde_json::from_slice(json).ok()?;
    let text = |key: &str| Some(json.get(key)?.as_str()?.to_owned());
    Some(Origin {
        session_id: text("sessionId")?,
        url: text("url")?,
        created: json.get("created")?.as_u64()?,
    })
}

fn read_u64(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<8>()?;
    Some((u64::from_le_bytes(*number), rest))
}

fn read_text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(u16::from_le_bytes(*length).into())
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut four = [0; 4];
    four.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(four)
}
