//! Deliveries, kills, losses of power, other writers and recoveries, by thousands of schedules: nothing is lost, doubled
//! or out of order, and nothing is missing in between.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::delivery::breakers::forget;
use crate::delivery::mistake::{MADE, Mistake};

use super::server::{Faults, Process, Server, base, paused};
use crate::outbox::tests::memory::MemoryDisk;
use crate::outbox::tests::pending_uuids;
use crate::testing::fuzz::seeded;

const GENERATIONS: usize = 8;
const SESSION: &str = "s";

/// Schedules for each set of faults; env `OUTBOX_SCHEDULES` has another number.
pub(super) fn schedules() -> u64 {
    std::env::var("OUTBOX_SCHEDULES").ok().and_then(|number| number.parse().ok()).unwrap_or(150)
}

pub(super) struct Outcome {
    pub(super) log: Vec<String>,
    /// The entries of each process, in the order of its calls.
    pub(super) appended: Vec<Vec<String>>,
    /// What stood in the folder, or was stored, when a process was killed or said so.
    pub(super) promised: BTreeSet<String>,
    /// No process could finish.
    pub(super) is_stuck: bool,
}

/// Lets one process append, and live until it has delivered all or is killed.
fn live(
    disk: &MemoryDisk,
    server: &Server,
    host: &str,
    (entries, killed): (&[String], oneshot::Receiver<()>),
    random: &mut impl FnMut(u64) -> u64,
) -> (bool, Vec<String>) {
    // The last process may have been killed in the middle of a try.
    forget(&base(host).parse().unwrap());
    let runtime = paused();
    let mut settled = Vec::new();
    let lives = runtime.block_on(async {
        let process = Process::new(disk, server, &base(host));
        let work = async {
            let mut calls = Vec::new();
            for uuid in entries {
                calls.push((uuid.clone(), process.append(SESSION, uuid)));
                if random(3) == 0 {
                    sleep(Duration::from_millis(random(8))).await;
                }
            }
            if entries.is_empty() {
                process
                    .deliveries
                    .before_read(process.session(SESSION), SESSION, process.means(SESSION))
                    .await;
            }
            for (uuid, call) in calls {
                if call.await == Ok(true) {
                    settled.push(uuid);
                }
            }
            process.deliveries.until_delivered(None).await;
            process.deliveries.end();
            sleep(Duration::from_secs(1)).await;
        };
        let work = async { timeout(Duration::from_secs(100_000), work).await.is_ok() };
        let mut work = Box::pin(work);
        match futures_util::future::select(&mut work, killed).await {
            futures_util::future::Either::Left((done, _)) => done,
            futures_util::future::Either::Right((Ok(()), _)) => false,
            futures_util::future::Either::Right((Err(_), work)) => work.await,
        }
    });
    runtime.shutdown_background();
    (lives, settled)
}

fn run(seed: u64, faults: Faults, losses_of_power: bool) -> Outcome {
    let mut random = seeded(seed);
    let (disk, server) = (MemoryDisk::new(), Server::new(seeded(seed ^ 0xabcd)));
    // Breakers are the process's, in which other schedules run at the same time.
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let host = format!("model-{}", RUNS.fetch_add(1, Ordering::Relaxed));
    let (mut appended, mut promised) = (Vec::new(), BTreeSet::new());
    let mut disk = disk;
    for generation in 0..GENERATIONS {
        let last = generation + 1 == GENERATIONS;
        server.world().faults = if last { Faults::default() } else { faults };
        let entries: Vec<_> = (0..random(6)).map(|n| format!("e{generation}-{n}")).collect();
        let entries = if last { Vec::new() } else { entries };
        let (view, killed) = server.next_process();
        disk = disk.next_process();
        let (is_done, settled) = live(&disk, &view, &host, (&entries, killed), &mut random);
        appended.push(entries);
        promised.extend(settled);
        let dead = disk.next_process();
        if losses_of_power && random(3) == 0 {
            let before = pending_uuids(&dead);
            dead.lose_power(|| random(2) == 0);
            // What was not synced may be lost: the tests of the files say which.
            let (after, log) = (pending_uuids(&dead), server.log(SESSION));
            let is_lost = |uuid: &String| !after.contains(uuid) && !log.contains(uuid);
            before.iter().filter(|uuid| is_lost(uuid)).for_each(|uuid| {
                promised.remove(uuid);
            });
        } else {
            promised.extend(pending_uuids(&dead));
        }
        disk = dead;
        promised.extend(server.log(SESSION));
        if last && !is_done {
            return Outcome { log: server.log(SESSION), appended, promised, is_stuck: true };
        }
    }
    Outcome { log: server.log(SESSION), appended, promised, is_stuck: false }
}

/// What is wrong with an outcome.
pub(super) fn faults_of(outcome: &Outcome) -> Vec<&'static str> {
    let mut wrong = Vec::new();
    let mut places = BTreeMap::new();
    for (place, uuid) in outcome.log.iter().enumerate() {
        if places.insert(uuid, place).is_some() && uuid.starts_with('e') {
            wrong.push("doubled");
        }
    }
    if outcome.promised.iter().any(|uuid| !places.contains_key(uuid)) {
        wrong.push("lost");
    }
    for entries in &outcome.appended {
        let there: Vec<_> = entries.iter().map(|uuid| places.get(uuid)).collect();
        if there.iter().flatten().is_sorted() {
            let missing = there.iter().position(Option::is_none).unwrap_or(there.len());
            if there[missing..].iter().any(Option::is_some) {
                wrong.push("gap");
            }
        } else {
            wrong.push("out of order");
        }
    }
    if outcome.is_stuck {
        wrong.push("stuck");
    }
    wrong
}

/// The seeds of the schedules that end with each thing that must not be.
fn found(schedules: u64, faults: Faults, losses_of_power: bool) -> BTreeMap<&'static str, Vec<u64>> {
    let mut bad = BTreeMap::<_, Vec<u64>>::new();
    for seed in 0..schedules {
        for wrong in faults_of(&run(seed, faults, losses_of_power)) {
            bad.entry(wrong).or_default().push(seed);
        }
    }
    bad
}

fn assert_holds(name: &str, faults: Faults, losses_of_power: bool) {
    let bad = found(schedules(), faults, losses_of_power);
    assert!(bad.is_empty(), "{name}: {bad:?}");
}

pub(super) const ORDINARY: Faults = Faults {
    lost: 150,
    others: 150,
    stale_conflicts: 0,
    nameless_conflicts: 0,
    stale_reads: 0,
    kills: 100,
    late: 0,
    refused: 0,
};

#[test]
fn kills_lost_responses_and_other_writers_lose_and_double_nothing() {
    assert_holds("kills", ORDINARY, false);
}

#[test]
fn neither_do_losses_of_power() {
    assert_holds("power", ORDINARY, true);
}

#[test]
fn neither_do_requests_of_a_killed_process_that_arrive_late() {
    assert_holds("late", Faults { late: 500, ..ORDINARY }, true);
}

#[test]
fn neither_do_stale_conflicts_conflicts_without_a_head_and_stale_reads() {
    let faults =
        Faults { late: 500, stale_conflicts: 300, nameless_conflicts: 300, stale_reads: 200, ..ORDINARY };
    assert_holds("stale", faults, true);
}

const HARD: Faults = Faults {
    late: 500,
    stale_conflicts: 300,
    nameless_conflicts: 300,
    stale_reads: 200,
    kills: 200,
    ..ORDINARY
};

#[test]
fn mistakes_in_the_exchange_for_what_was_left_behind_are_found() {
    for (mistake, schedules) in
        [(Mistake::NoDoubt, 100), (Mistake::DoubtEndsWhenSeen, 2000), (Mistake::KeepsHeadOfLog, 2000)]
    {
        MADE.set(Some(mistake));
        let mut seed = 0;
        // As many schedules as it takes.
        let bad = loop {
            let wrong = faults_of(&run(seed, HARD, true));
            seed += 1;
            if !wrong.is_empty() || seed == schedules {
                break wrong;
            }
        };
        MADE.set(None);
        assert!(bad.contains(&"doubled"), "{mistake:?}: {bad:?} after {seed} schedules");
    }
}
