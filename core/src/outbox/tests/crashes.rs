//! The process ends, a call fails, or the power is lost, at every call of the disk: nothing that was written is lost,
//! nothing that was not appended appears, and nothing is missing in between.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use super::memory::MemoryDisk;
use crate::outbox::adopt::adopt;
use crate::outbox::writer::Writable;
use crate::outbox::{Event, Outbox, OutboxOptions, Removal, Spool};
use crate::testing::fuzz::seeded;

const SESSIONS: usize = 3;
const APPENDS: usize = 30;

/// What is known of a session's entries.
#[derive(Default)]
struct Known {
    appended: u64,
    delivered: u64,
    removed: Vec<u64>,
    written: u64,
    synced: u64,
}

pub(super) fn body(session: usize, seq: u64) -> Bytes {
    let padding = "x".repeat((seq as usize * 97) % 900);
    format!(r#"{{"uuid":"{session}-{seq}","text":"{padding}"}}"#).into()
}

fn options() -> OutboxOptions {
    OutboxOptions { sync_after: Duration::from_millis(120), ..OutboxOptions::new("/outbox".into()) }
}

/// An outbox whose writer never runs: the tests take its steps.
pub(super) fn outbox(disk: &MemoryDisk, runtime: &Runtime, events: &Arc<Mutex<Vec<Event>>>) -> Outbox {
    let events = Arc::clone(events);
    let on_event = move |event| events.lock().unwrap().push(event);
    Outbox::new(options(), Arc::new(disk.clone()), runtime.handle().clone(), on_event)
}

pub(super) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

/// Appends to a few sessions, delivers some of it, and lets time pass.
fn live(outbox: &Outbox, seed: u64) -> Vec<Known> {
    let mut random = seeded(seed);
    let spools: Vec<Arc<Spool>> =
        (0..SESSIONS).map(|session| outbox.spool(&format!("s{session}"), "http://a.test/log")).collect();
    let mut known: Vec<_> = (0..SESSIONS).map(|_| Known::default()).collect();
    let start = Instant::now();
    for step in 0..APPENDS as u32 {
        let session = random(SESSIONS as u64) as usize;
        let (spool, of) = (&spools[session], &mut known[session]);
        for _ in 0..=random(3) {
            of.appended += 1;
            let from = if of.delivered > 0 { format!("{session}-{}", of.delivered) } else { String::new() };
            let uuid = format!("{session}-{}", of.appended);
            assert!(spool.append(of.appended, from.as_bytes(), uuid.as_bytes(), &body(session, of.appended)));
        }
        match random(4) {
            0 => {
                of.delivered += random(of.appended - of.delivered + 1);
                if of.delivered > 0 {
                    spool.delivered(of.delivered, format!("{session}-{}", of.delivered).as_bytes());
                }
            }
            1 if of.appended > of.delivered + 1 => {
                of.removed.push(of.delivered + 1);
                spool.removed(of.delivered + 1, Removal::Discarded);
            }
            _ => {}
        }
        let now = start + Duration::from_millis(60) * step;
        for (spool, of) in spools.iter().zip(&mut known) {
            spool.step(now);
            (of.written, of.synced) = spool.progress();
        }
    }
    known
}

/// Checks what the next process finds. `safe` says up to which number entries must be there.
fn check(disk: &MemoryDisk, runtime: &Runtime, known: &[Known], safe: impl Fn(&Known) -> u64, what: &str) {
    let events = Arc::default();
    let outbox = outbox(disk, runtime, &events);
    for (session, of) in known.iter().enumerate() {
        let look = adopt(&outbox.core, &options(), Some(&format!("s{session}")), &|_| true);
        let mut found = BTreeMap::new();
        for adopted in &look.adopted {
            let mut last = 0;
            for entry in &adopted.entries {
                assert!(entry.seq > last, "{what}: out of order");
                last = entry.seq;
                let text = adopted.spool.read(entry.seq).expect(what);
                assert_eq!(text, body(session, entry.seq), "{what}");
                assert_eq!(entry.uuid, format!("{session}-{}", entry.seq).into_bytes(), "{what}");
                found.insert(entry.seq, ());
            }
        }
        let gone = |seq: &u64| *seq <= of.delivered || of.removed.contains(seq);
        for seq in (1..=safe(of)).filter(|seq| !gone(seq)) {
            assert!(found.contains_key(&seq), "{what}: entry {seq} of session {session} is lost");
        }
        // No gap: what is there reaches from its first to its last, but for what is delivered or removed.
        let (first, last) = (found.keys().next().copied(), found.keys().last().copied());
        for seq in first.unwrap_or(1)..=last.unwrap_or(0) {
            assert!(found.contains_key(&seq) || gone(&seq), "{what}: entry {seq} of {session} is a gap");
        }
        assert!(last.unwrap_or(0) <= of.appended, "{what}");
    }
    assert!(events.lock().unwrap().is_empty(), "{what}: {:?}", events.lock().unwrap());
}

/// How many calls a life makes.
fn calls(seed: u64) -> usize {
    let (disk, runtime) = (MemoryDisk::new(), runtime());
    live(&outbox(&disk, &runtime, &Arc::default()), seed);
    disk.calls()
}

#[test]
fn a_process_that_ends_at_any_call_or_within_any_write_loses_nothing_that_was_written() {
    for seed in 0..6 {
        for call in 0..calls(seed) {
            for halves in [false, true] {
                let (disk, runtime) = (MemoryDisk::new(), runtime());
                disk.end_at(call, halves);
                let known = live(&outbox(&disk, &runtime, &Arc::default()), seed);
                let what = format!("seed {seed}, call {call}, halves {halves}");
                check(&disk.next_process(), &runtime, &known, |of| of.written, &what);
            }
        }
    }
}

#[test]
fn a_loss_of_power_at_any_call_loses_nothing_that_was_synced_and_makes_no_gap() {
    for seed in 0..4 {
        for call in 0..calls(seed) {
            for round in 0..3 {
                let (disk, runtime) = (MemoryDisk::new(), runtime());
                disk.end_at(call, false);
                let known = live(&outbox(&disk, &runtime, &Arc::default()), seed);
                let mut random = seeded(seed * 1000 + call as u64 * 10 + round);
                let disk = disk.next_process();
                disk.lose_power(|| random(2) == 0);
                let what = format!("seed {seed}, call {call}, round {round}");
                check_after_power_loss(&disk, &runtime, &known, &what);
            }
        }
    }
}

/// As [`check`]: but a page that was lost in the middle of a file is told as corrupt.
fn check_after_power_loss(disk: &MemoryDisk, runtime: &Runtime, known: &[Known], what: &str) {
    let events = Arc::default();
    let outbox = outbox(disk, runtime, &events);
    for (session, of) in known.iter().enumerate() {
        let look = adopt(&outbox.core, &options(), Some(&format!("s{session}")), &|_| true);
        let found: BTreeMap<_, _> = look
            .adopted
            .iter()
            .flat_map(|adopted| adopted.entries.iter().map(|entry| (entry.seq, &adopted.spool)))
            .collect();
        for (seq, spool) in &found {
            assert_eq!(spool.read(*seq).expect(what), body(session, *seq), "{what}");
        }
        let gone = |seq: &u64| *seq <= of.delivered || of.removed.contains(seq);
        for seq in (1..=of.synced).filter(|seq| !gone(seq)) {
            assert!(found.contains_key(&seq), "{what}: entry {seq} of session {session} was synced");
        }
        for adopted in &look.adopted {
            let seqs: Vec<_> = adopted.entries.iter().map(|entry| entry.seq).collect();
            let (first, last) = (seqs.first().copied().unwrap_or(1), seqs.last().copied().unwrap_or(0));
            for seq in (first..=last).filter(|seq| !gone(seq)) {
                assert!(seqs.contains(&seq), "{what}: entry {seq} of session {session} is a gap");
            }
        }
    }
}

#[test]
fn a_call_that_fails_loses_nothing_and_what_is_left_is_written_later() {
    let kinds = [
        ErrorKind::StorageFull,
        ErrorKind::PermissionDenied,
        ErrorKind::ReadOnlyFilesystem,
        ErrorKind::WriteZero,
        ErrorKind::Other,
    ];
    for seed in 0..2 {
        for call in 0..calls(seed) {
            for kind in kinds {
                let (disk, runtime) = (MemoryDisk::new(), runtime());
                disk.fail_at(call, kind);
                let outbox = outbox(&disk, &runtime, &Arc::default());
                let known = live(&outbox, seed);
                // Longer than anything is waited for.
                let later = Instant::now() + Duration::from_secs(3600);
                for spool in outbox.core.spools() {
                    spool.step(later);
                    spool.step(later);
                }
                let what = format!("seed {seed}, call {call}, {kind:?}");
                for (spool, of) in outbox.core.spools().iter().zip(&known) {
                    let last = (of.delivered + 1..=of.appended).rfind(|seq| !of.removed.contains(seq));
                    assert!(last.is_none_or(|last| spool.progress().0 >= last), "{what}: left unwritten");
                }
                drop(outbox);
                check(&disk.next_process(), &runtime, &known, |of| of.written, &what);
            }
        }
    }
}
