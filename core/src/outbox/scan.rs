//! What a spool file means: its longest prefix of good records.

use std::io;

use super::files::SpoolFile;
use super::record::{
    HEAD_BYTES, MAX_BODY_BYTES, Origin, PREAMBLE_BYTES, Preamble, Record, checksum, read_head, read_preamble,
    read_record,
};

/// Where a record stands, for its body to be read when its turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) seq: u64,
    pub(super) offset: u64,
    /// The length of the record's body.
    pub(super) length: u32,
    /// The checksum of the record before it.
    pub(super) before: u32,
}

/// An entry that was neither delivered nor removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PendingRecord {
    pub(super) place: Place,
    pub(super) from: Vec<u8>,
    pub(super) uuid: Vec<u8>,
    /// The length of the entry's JSON.
    pub(super) bytes: usize,
}

/// How a file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With its last record.
    Clean,
    /// Within a record, or with zeros: what a loss of power or a full disk leaves.
    Torn,
    /// With so many bytes that are no record.
    Corrupt(u64),
    /// With a record of a later version.
    Newer,
}

/// The meaning of a file of this version.
#[derive(Debug)]
pub(super) struct Meaning {
    /// The session and the URL; `None` where not even the first record is whole.
    pub(super) origin: Option<Origin>,
    /// The end of the first record, where an emptied file begins again, and the checksum there.
    pub(super) first: (u64, u32),
    /// The end of the good records, and the checksum there.
    pub(super) last: (u64, u32),
    pub(super) pending: Vec<PendingRecord>,
    /// The highest number of an entry.
    pub(super) last_seq: u64,
    /// The entry that was delivered last.
    pub(super) last_delivered: Option<Vec<u8>>,
    pub(super) end: End,
}

/// A file that was read.
#[derive(Debug)]
pub(super) enum Scanned {
    Known(Meaning),
    /// Nothing but zeros, or nothing.
    Empty,
    /// A later version's.
    Foreign,
    /// No spool file at all, of so many bytes.
    Unreadable(u64),
}

/// Reads a file. An error is one of the disk.
pub(super) fn scan(file: &dyn SpoolFile) -> io::Result<Scanned> {
    let length = file.size()?;
    let mut start = [0; PREAMBLE_BYTES];
    if length < PREAMBLE_BYTES as u64 {
        return Ok(if is_zero(file, 0, length)? { Scanned::Empty } else { Scanned::Unreadable(length) });
    }
    file.read_at(&mut start, 0)?;
    match read_preamble(&start) {
        Preamble::Good(crc) => read_records(file, length, crc),
        Preamble::Foreign => Ok(Scanned::Foreign),
        Preamble::Bad if is_zero(file, 0, length)? => Ok(Scanned::Empty),
        Preamble::Bad => Ok(Scanned::Unreadable(length)),
    }
}

fn read_records(file: &dyn SpoolFile, length: u64, start_crc: u32) -> io::Result<Scanned> {
    let start = (PREAMBLE_BYTES as u64, start_crc);
    let mut meaning = Meaning {
        origin: None,
        first: start,
        last: start,
        pending: Vec::new(),
        last_seq: 0,
        last_delivered: None,
        end: End::Clean,
    };
    let mut body = Vec::new();
    while meaning.last.0 < length {
        match read_one(file, length, meaning.last, &mut body)? {
            Ok(crc) => {
                if let Some(end) = meaning.take(&body, crc) {
                    meaning.end = end.unwrap_or(End::Corrupt(length - meaning.last.0));
                    break;
                }
            }
            Err(end) => {
                meaning.end = end;
                break;
            }
        }
    }
    Ok(match (&meaning.origin, meaning.end) {
        (None, End::Corrupt(_)) => Scanned::Unreadable(length),
        (_, End::Newer) => Scanned::Foreign,
        _ => Scanned::Known(meaning),
    })
}

/// Reads the record at `at` into `body`: its checksum, or how the file ends there.
fn read_one(
    file: &dyn SpoolFile,
    length: u64,
    (at, before): (u64, u32),
    body: &mut Vec<u8>,
) -> io::Result<Result<u32, End>> {
    let left = length - at;
    if left < HEAD_BYTES as u64 {
        return Ok(Err(End::Torn));
    }
    let mut head = [0; HEAD_BYTES];
    file.read_at(&mut head, at)?;
    let (size, crc) = read_head(head);
    if size == 0 || size as usize > MAX_BODY_BYTES {
        let end = if is_zero(file, at, left)? { End::Torn } else { End::Corrupt(left) };
        return Ok(Err(end));
    }
    if u64::from(size) > left - HEAD_BYTES as u64 {
        return Ok(Err(End::Torn));
    }
    body.resize(size as usize, 0);
    file.read_at(body, at + HEAD_BYTES as u64)?;
    let is_good = checksum(before, size.to_le_bytes(), body) == crc;
    Ok(if is_good { Ok(crc) } else { Err(End::Corrupt(left)) })
}

impl Meaning {
    /// Takes a good record. `Some` where the file ends before it: how, or `None` where it makes no sense there.
    fn take(&mut self, body: &[u8], crc: u32) -> Option<Option<End>> {
        let (at, before) = self.last;
        match (read_record(body), &self.origin) {
            (Record::Open(origin), None) => self.origin = Some(origin),
            (Record::Unknown, _) => return Some(Some(End::Newer)),
            (Record::Open(_), Some(_)) | (_, None) => return Some(None),
            (Record::Entry { seq, from, uuid, body: entry }, Some(_)) => {
                if seq <= self.last_seq {
                    return Some(None);
                }
                self.last_seq = seq;
                let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
                self.pending.push(PendingRecord {
                    place: Place { seq, offset: at, length, before },
                    from: from.to_vec(),
                    uuid: uuid.to_vec(),
                    bytes: entry.len(),
                });
            }
            (Record::Delivered { through, uuid }, Some(_)) => {
                self.pending.retain(|entry| entry.place.seq > through);
                self.last_seq = self.last_seq.max(through);
                self.last_delivered = Some(uuid.to_vec());
            }
            (Record::Removed { seq }, Some(_)) => self.pending.retain(|entry| entry.place.seq != seq),
            (Record::Moved { url }, Some(_)) => {
                if let Some(origin) = &mut self.origin {
                    url.clone_into(&mut origin.url);
                }
            }
        }
        let first = self.first == self.last;
        self.last = (at + (HEAD_BYTES + body.len()) as u64, crc);
        if first && at == PREAMBLE_BYTES as u64 {
            self.first = self.last;
        }
        None
    }
}

/// Reads the JSON of the entry at `place`, and checks it again.
pub(super) fn read_entry(file: &dyn SpoolFile, place: Place) -> io::Result<Vec<u8>> {
    let mut record = vec![0; HEAD_BYTES + place.length as usize];
    file.read_at(&mut record, place.offset)?;
    let body = &record[HEAD_BYTES..];
    let mut head = [0; HEAD_BYTES];
    head.copy_from_slice(&record[..HEAD_BYTES]);
    let (size, crc) = read_head(head);
    match read_record(body) {
        Record::Entry { seq, body: entry, .. }
            if seq == place.seq && checksum(place.before, size.to_le_bytes(), body) == crc =>
        {
            Ok(entry.to_vec())
        }
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "the entry in the spool file has changed")),
    }
}

fn is_zero(file: &dyn SpoolFile, mut at: u64, mut left: u64) -> io::Result<bool> {
    let mut buffer = [0; 4096];
    while left > 0 {
        let size = left.min(buffer.len() as u64);
        let part = &mut buffer[..size as usize];
        file.read_at(part, at)?;
        if part.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        (at, left) = (at + size, left - size);
    }
    Ok(true)
}
