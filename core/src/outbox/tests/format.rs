//! Whatever becomes of the bytes of a file, what is read is a prefix of what was written.

use std::collections::VecDeque;
use std::path::Path;

use bytes::Bytes;

use super::memory::MemoryDisk;
use crate::outbox::directory::Directory;
use crate::outbox::files::Files;
use crate::outbox::name::Name;
use crate::outbox::open_file::{Batch, OpenFile, Unwritten};
use crate::outbox::record::{Origin, Removal};
use crate::outbox::scan::{End, Meaning, Scanned, scan};
use crate::testing::fuzz::fuzz;

fn origin() -> Origin {
    Origin { session_id: "s".into(), url: "http://a.test/log".into(), created: 7 }
}

fn entry(seq: u64, body: String) -> Unwritten {
    let uuid = format!("uuid-{seq}").into_bytes().into();
    let from = if seq == 1 { Box::default() } else { format!("uuid-{}", seq - 1).into_bytes().into() };
    Unwritten { seq, from, uuid, body: Bytes::from(body) }
}

fn body(seq: u64) -> String {
    format!(r#"{{"uuid":"uuid-{seq}","text":"{}"}}"#, "x".repeat((seq % 7) as usize * 5))
}

/// A file with these entries, delivered up to a number.
fn file(entries: u64, delivered: u64) -> Vec<u8> {
    let disk = MemoryDisk::new();
    let directory = Directory::new("/d".into(), std::sync::Arc::new(disk.clone()));
    let mut file = OpenFile::create(&directory, origin(), 42).ok().unwrap();
    for seq in 1..=entries {
        let entries: VecDeque<_> = [entry(seq, body(seq))].into();
        file.write(&Batch { entries, ..Batch::default() }, "http://a.test/log").unwrap();
    }
    if delivered > 0 {
        let delivered = Some((delivered, format!("uuid-{delivered}").into_bytes().into()));
        file.write(&Batch { delivered, ..Batch::default() }, "http://a.test/log").unwrap();
    }
    disk.files(".spool").remove(0).1
}

fn read(bytes: &[u8]) -> Scanned {
    let disk = MemoryDisk::new();
    disk.put("/f", bytes);
    scan(&*disk.open(Path::new("/f")).unwrap()).unwrap()
}

fn known(bytes: &[u8]) -> Meaning {
    match read(bytes) {
        Scanned::Known(meaning) => meaning,
        other => panic!("{other:?}"),
    }
}

fn seqs(meaning: &Meaning) -> Vec<u64> {
    meaning.pending.iter().map(|entry| entry.place.seq).collect()
}

/// Checks what a damaged file of `entries` entries gives: a prefix, with the right texts.
fn assert_prefix(bytes: &[u8], entries: u64, what: &str) -> usize {
    let meaning = match read(bytes) {
        Scanned::Known(meaning) => meaning,
        Scanned::Empty | Scanned::Foreign | Scanned::Unreadable(_) => return 0,
    };
    let found = seqs(&meaning);
    assert_eq!(found, (1..=found.len() as u64).collect::<Vec<_>>(), "{what}");
    assert!(found.len() as u64 <= entries, "{what}");
    let disk = MemoryDisk::new();
    disk.put("/f", bytes);
    let file = disk.open(Path::new("/f")).unwrap();
    for entry in &meaning.pending {
        let text = crate::outbox::scan::read_entry(&*file, entry.place).unwrap();
        assert_eq!(text, body(entry.place.seq).into_bytes(), "{what}");
        assert_eq!(entry.uuid, format!("uuid-{}", entry.place.seq).into_bytes(), "{what}");
    }
    found.len()
}

#[test]
fn what_was_written_is_read_again() {
    let meaning = known(&file(3, 0));
    assert_eq!(meaning.origin, Some(origin()));
    assert_eq!((seqs(&meaning), meaning.end, meaning.last_seq), (vec![1, 2, 3], End::Clean, 3));
    let [first, second, _] = &meaning.pending[..] else { panic!() };
    assert_eq!((&first.from[..], &second.from[..]), (&b""[..], &b"uuid-1"[..]));
    assert_eq!(first.bytes, body(1).len());
}

#[test]
fn delivered_entries_are_not_pending_and_the_last_of_them_is_known() {
    let meaning = known(&file(5, 3));
    assert_eq!(seqs(&meaning), [4, 5]);
    assert_eq!(meaning.last_delivered.as_deref(), Some(&b"uuid-3"[..]));
}

#[test]
fn removed_entries_are_not_pending_and_a_later_url_counts() {
    let disk = MemoryDisk::new();
    let directory = Directory::new("/d".into(), std::sync::Arc::new(disk.clone()));
    let mut file = OpenFile::create(&directory, origin(), 42).ok().unwrap();
    let entries = (1..=3).map(|seq| entry(seq, body(seq))).collect();
    file.write(&Batch { entries, ..Batch::default() }, "http://b.test/").unwrap();
    let removed = vec![(2, Removal::Discarded), (9, Removal::DeadLetter)];
    file.write(&Batch { removed, ..Batch::default() }, "http://b.test/").unwrap();
    let meaning = known(&disk.files(".spool")[0].1);
    assert_eq!(seqs(&meaning), [1, 3]);
    assert_eq!(meaning.origin.unwrap().url, "http://b.test/");
}

#[test]
fn every_truncation_of_a_file_of_50_entries_gives_a_prefix() {
    let bytes = file(50, 0);
    let mut most = 0;
    for length in 0..=bytes.len() {
        let found = assert_prefix(&bytes[..length], 50, &format!("cut at {length}"));
        assert!(found >= most, "cut at {length}");
        most = found;
        if let Scanned::Known(meaning) = read(&bytes[..length]) {
            assert!(matches!(meaning.end, End::Clean | End::Torn), "cut at {length}: {:?}", meaning.end);
        }
    }
    assert_eq!(most, 50);
}

#[test]
fn every_flipped_bit_of_a_file_of_50_entries_gives_a_prefix() {
    let bytes = file(50, 0);
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let found = assert_prefix(&flipped, 50, &format!("bit {bit}"));
        assert!(found < 50, "bit {bit} is noticed");
    }
}

#[test]
fn zeros_at_the_end_are_a_torn_tail_and_other_bytes_are_corrupt() {
    let bytes = file(3, 0);
    let with = |tail: &[u8]| known(&[&bytes[..], tail].concat());
    assert_eq!((seqs(&with(&[0; 5000])).len(), with(&[0; 5000]).end), (3, End::Torn));
    assert_eq!(with(&[0; 3]).end, End::Torn);
    assert_eq!(with(&[1, 0, 0, 0, 9, 9, 9, 9, 7]).end, End::Corrupt(9));
    assert_eq!(with(&[0, 0, 0, 0, 9, 9, 9, 9, 7]).end, End::Corrupt(9));
    assert_eq!(with(&[255; 20]).end, End::Corrupt(20));
    assert!(matches!(read(&[0; 100]), Scanned::Empty));
    assert!(matches!(read(b""), Scanned::Empty));
    assert!(matches!(read(b"hello"), Scanned::Unreadable(5)));
    assert!(matches!(read(&[7; 100]), Scanned::Unreadable(100)));
}

#[test]
fn records_of_another_file_or_of_an_earlier_life_of_this_one_are_none_of_it() {
    let (bytes, other) = (file(10, 0), file(20, 0));
    fuzz("mixed spool files", |u| {
        let cut = u.int_in_range(0..=bytes.len())?;
        let from = u.int_in_range(0..=other.len())?;
        let mixed = [&bytes[..cut], &other[from..]].concat();
        // The two begin with the same records: at the same place, they continue each other.
        let found = assert_prefix(&mixed, 20, &format!("{cut}, {from}"));
        assert!(from == cut || found <= 10);
        Ok(())
    });
}

#[test]
fn garbage_is_never_an_entry_and_never_a_panic() {
    fuzz("garbage spool files", |u| {
        let mut bytes = file(3, 0);
        for _ in 0..u.int_in_range(1..=8)? {
            let at = u.int_in_range(0..=bytes.len() - 1)?;
            let length = u.int_in_range(0..=(bytes.len() - at).min(64))?;
            bytes[at..at + length].copy_from_slice(u.bytes(length)?);
        }
        assert_prefix(&bytes, 3, "garbage");
        Ok(())
    });
}

#[test]
fn a_file_of_a_later_version_is_left_alone() {
    let mut bytes = file(1, 0);
    bytes[8] = 2;
    let crc = crc32fast::hash(&bytes[..20]);
    bytes[20..24].copy_from_slice(&crc.to_le_bytes());
    assert!(matches!(read(&bytes), Scanned::Foreign));
}

#[test]
fn a_name_is_made_of_the_session_and_the_time() {
    assert_eq!(Name::new("s", 7, 42).created, 7);
}
