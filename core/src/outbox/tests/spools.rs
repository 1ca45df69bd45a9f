//! What a spool writes, and when.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Runtime;
use tokio::time::Instant;

use super::crashes::{body, outbox, runtime};
use super::memory::MemoryDisk;
use crate::outbox::adopt::adopt;
use crate::outbox::writer::Writable;
use crate::outbox::{Event, Outbox, OutboxOptions, Spool};

const URL: &str = "http://a.test/log";

struct Case {
    disk: MemoryDisk,
    outbox: Outbox,
    spool: Arc<Spool>,
    events: Arc<Mutex<Vec<Event>>>,
    start: Instant,
    _runtime: Runtime,
}

impl Case {
    fn new() -> Self {
        let (disk, runtime) = (MemoryDisk::new(), runtime());
        let events = Arc::default();
        let outbox = outbox(&disk, &runtime, &events);
        let spool = outbox.spool("s0", URL);
        Self { disk, outbox, spool, events, start: Instant::now(), _runtime: runtime }
    }

    fn append(&self, seqs: impl IntoIterator<Item = u64>) {
        for seq in seqs {
            assert!(self.spool.append(seq, b"", format!("0-{seq}").as_bytes(), &body(0, seq)));
        }
    }

    fn delivered(&self, seq: u64) {
        self.spool.delivered(seq, format!("0-{seq}").as_bytes());
    }

    /// A step so many milliseconds after the beginning.
    fn step(&self, ms: u64) {
        self.spool.step(self.start + Duration::from_millis(ms));
    }

    fn bytes(&self) -> Option<usize> {
        self.disk.files(".spool").first().map(|(_, bytes)| bytes.len())
    }

    /// The entries that the next process finds.
    fn left(&self) -> Vec<u64> {
        let (disk, runtime) = (self.disk.next_process(), runtime());
        let next = outbox(&disk, &runtime, &Arc::default());
        let look = adopt(&next.core, &OutboxOptions::new("/outbox".into()), Some("s0"), &|_| true);
        look.adopted.iter().flat_map(|adopted| adopted.entries.iter().map(|entry| entry.seq)).collect()
    }
}

#[test]
fn entries_that_are_delivered_before_they_are_written_are_never_written() {
    let case = Case::new();
    case.append(1..=5);
    case.delivered(5);
    case.step(0);
    assert_eq!((case.bytes(), case.disk.calls()), (None, 0));
}

#[test]
fn what_is_left_of_a_burst_is_written_once() {
    let case = Case::new();
    case.append(1..=5);
    case.delivered(2);
    case.step(0);
    assert_eq!(case.left(), [3, 4, 5]);
}

#[test]
fn a_file_whose_entries_are_all_delivered_is_emptied_after_100_ms_and_removed_after_10_s_more() {
    let case = Case::new();
    case.append(1..=5);
    case.step(0);
    let full = case.bytes().unwrap();
    case.delivered(5);
    case.step(10);
    assert_eq!(case.bytes(), Some(full));
    case.step(110);
    let empty = case.bytes().unwrap();
    assert!(empty < full);
    case.step(10_000);
    assert_eq!(case.bytes(), Some(empty));
    case.step(10_111);
    assert_eq!(case.bytes(), None);
}

#[test]
fn an_emptied_file_is_used_again() {
    let case = Case::new();
    case.append(1..=5);
    case.step(0);
    case.delivered(5);
    case.step(10);
    case.step(110);
    case.append(6..=7);
    case.step(200);
    assert_eq!(case.disk.files(".spool").len(), 1);
    assert_eq!(case.left(), [6, 7]);
}

#[test]
fn a_file_with_some_entries_left_says_which_are_delivered() {
    let case = Case::new();
    case.append(1..=5);
    case.step(0);
    case.delivered(3);
    case.step(10);
    assert_eq!(case.left(), [4, 5]);
}

#[test]
fn a_write_that_fails_is_tried_again_after_a_second_and_nothing_is_written_before_it() {
    let case = Case::new();
    case.append(1..=2);
    case.step(0);
    case.disk.fail_at(case.disk.calls(), std::io::ErrorKind::WriteZero);
    case.append(3..=4);
    case.step(10);
    assert_eq!(case.spool.progress().0, 2);
    case.append(5..=6);
    case.step(500);
    assert_eq!(case.spool.progress().0, 2);
    case.step(1010);
    assert_eq!(case.spool.progress().0, 6);
    assert_eq!(case.left(), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_failure_after_all_that_could_not_be_written_is_delivered_is_told_as_a_new_one() {
    let case = Case::new();
    let fail = |ms| {
        case.disk.fail_at(case.disk.calls(), std::io::ErrorKind::WriteZero);
        case.step(ms);
        case.events.lock().unwrap().len()
    };
    case.append(1..=2);
    case.step(0);
    case.append(3..=4);
    assert_eq!(fail(10), 1);
    case.delivered(3);
    case.append(5..=6);
    assert_eq!(fail(1010), 1, "something is left of the first failure");
    case.delivered(6);
    case.append(7..=8);
    assert_eq!(fail(1020), 2);
    case.step(2020);
    assert_eq!(case.left(), [7, 8]);
}

#[test]
fn a_failure_after_the_session_that_failed_has_ended_is_told_as_a_new_one() {
    let case = Case::new();
    case.append(1..=2);
    case.disk.fail_at(case.disk.calls(), std::io::ErrorKind::WriteZero);
    case.spool.end();
    case.step(0);
    let other = case.outbox.spool("s1", URL);
    assert!(other.append(1, b"", b"1-1", &body(1, 1)));
    case.disk.fail_at(case.disk.calls(), std::io::ErrorKind::WriteZero);
    other.step(case.start);
    assert_eq!(case.events.lock().unwrap().len(), 2);
}

#[test]
fn a_sync_that_fails_is_not_repeated_but_written_anew() {
    let case = Case::new();
    case.append(1..=3);
    case.step(0);
    let before = case.disk.files(".spool")[0].0.clone();
    case.disk.fail_at(case.disk.calls(), std::io::ErrorKind::Other);
    case.step(121);
    let after = case.disk.files(".spool");
    assert_eq!(after.len(), 1);
    assert_ne!(after[0].0, before);
    assert_eq!((case.spool.progress().1, case.left()), (3, vec![1, 2, 3]));
}

#[test]
fn a_file_that_is_mostly_delivered_and_large_is_written_anew() {
    let case = Case::new();
    let large = Bytes::from(format!(r#"{{"text":"{}"}}"#, "x".repeat(3 << 20)));
    for seq in 1..=5 {
        assert!(case.spool.append(seq, b"", format!("0-{seq}").as_bytes(), &large));
    }
    case.step(0);
    case.delivered(4);
    case.step(10);
    let before = case.bytes().unwrap();
    case.step(121);
    assert!(case.bytes().unwrap() < before / 4, "{} of {before}", case.bytes().unwrap());
    assert_eq!(case.left(), [5]);
}

#[test]
fn the_text_of_an_entry_is_read_from_the_file() {
    let case = Case::new();
    case.append(1..=3);
    case.step(0);
    assert_eq!(case.spool.read(2).unwrap(), body(0, 2));
    case.delivered(2);
    case.step(10);
    assert!(case.spool.read(2).is_err());
}

#[test]
fn credentials_query_and_fragment_of_a_url_are_not_written() {
    let case = Case::new();
    let spool = case.outbox.spool("s1", "http://user:secret@a.test/log?signature=secret#secret");
    spool.append(1, b"", b"u", &body(1, 1));
    spool.step(case.start);
    spool.moved("http://b.test/log?signature=secret");
    spool.append(2, b"", b"v", &body(1, 2));
    spool.step(case.start);
    let (_, bytes) = case.disk.files(".spool").remove(0);
    let text = String::from_utf8_lossy(&bytes);
    assert!(
        !text.contains("secret") && text.contains("http://a.test/log") && text.contains("http://b.test/log")
    );
}

#[test]
fn an_entry_that_is_removed_is_not_found_again() {
    let case = Case::new();
    case.append(1..=3);
    case.step(0);
    case.append([4]);
    case.spool.removed(2, crate::outbox::Removal::Discarded);
    case.spool.removed(4, crate::outbox::Removal::Discarded);
    case.step(10);
    assert_eq!(case.left(), [1, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_writer_gathers_a_burst_and_ends_when_nothing_is_left() {
    let disk = MemoryDisk::new();
    let options = OutboxOptions::new("/outbox".into());
    let handle = tokio::runtime::Handle::current();
    let outbox = Outbox::new(options, Arc::new(disk.clone()), handle, |event| panic!("{event:?}"));
    let spool = outbox.spool("s0", URL);
    for seq in 1..=100 {
        spool.append(seq, b"", format!("0-{seq}").as_bytes(), &body(0, seq));
    }
    assert!(spool.synced(100).await);
    assert_eq!(spool.body(50).await.unwrap(), body(0, 50));
    // Open, lock, write, rename, sync of the folder, and a few writes of entries with one sync.
    assert!(disk.calls() < 20, "{} calls", disk.calls());
    outbox.close();
    assert!(disk.next_process().files(".spool").len() == 1);
}
