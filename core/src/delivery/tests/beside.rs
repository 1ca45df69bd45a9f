//! The model with two owners beside each other: each appends to the same session by a file of its own, and one of them may
//! end while the other lives, which then delivers what is left, behind its own entries or before them.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::model::{ORDINARY, Outcome, faults_of, schedules};
use super::server::{Faults, Process, Server, base, paused};
use crate::delivery::breakers::forget;
use crate::outbox::tests::memory::MemoryDisk;
use crate::outbox::tests::pending_uuids;
use crate::testing::fuzz::seeded;

const GENERATIONS: usize = 6;
const SESSION: &str = "s";

/// How two owners live.
struct Lives<'a> {
    entries: [&'a [String]; 2],
    /// The second one ends after so many milliseconds.
    ends_after: Option<u64>,
    /// The second one has no entries, and is none: the last process of a schedule.
    is_last: bool,
    killed: oneshot::Receiver<()>,
}

/// Whether both could finish.
fn live(
    disk: &MemoryDisk,
    server: &Server,
    host: &str,
    lives: Lives<'_>,
    random: &mut impl FnMut(u64) -> u64,
) -> bool {
    let Lives { entries, ends_after, is_last, killed } = lives;
    // The last process may have been killed in the middle of a try.
    forget(&base(host).parse().unwrap());
    let runtime = paused();
    let is_done = runtime.block_on(async {
        let owners = [Process::new(disk, server, &base(host)), Process::new(disk, server, &base(host))];
        let work = async {
            let most = entries.iter().map(|entries| entries.len()).max().unwrap_or(0);
            for number in 0..most {
                for (owner, entries) in owners.iter().zip(entries) {
                    if let Some(uuid) = entries.get(number) {
                        drop(owner.append(SESSION, uuid));
                        sleep(Duration::from_millis(random(8))).await;
                    }
                }
            }
            if let Some(after) = ends_after {
                sleep(Duration::from_millis(after)).await;
                owners[1].deliveries.end();
            }
            if is_last {
                let (session, means) = (owners[0].session(SESSION), owners[0].means(SESSION));
                owners[0].deliveries.before_read(session, SESSION, means).await;
            }
            for owner in &owners {
                owner.deliveries.until_delivered(None).await;
            }
            // A file that was found locked is looked at again until a minute has passed.
            sleep(Duration::from_secs(100)).await;
            owners[0].deliveries.until_delivered(None).await;
            owners.iter().for_each(|owner| owner.deliveries.end());
            sleep(Duration::from_secs(1)).await;
        };
        let mut work = Box::pin(async { timeout(Duration::from_secs(1_000_000), work).await.is_ok() });
        match futures_util::future::select(&mut work, killed).await {
            futures_util::future::Either::Left((done, _)) => done,
            futures_util::future::Either::Right((Ok(()), _)) => false,
            futures_util::future::Either::Right((Err(_), work)) => work.await,
        }
    });
    runtime.shutdown_background();
    is_done
}

fn run(seed: u64, faults: Faults) -> Outcome {
    let mut random = seeded(seed);
    let (mut disk, server) = (MemoryDisk::new(), Server::new(seeded(seed ^ 0xabcd)));
    let host = format!("beside-{seed}");
    let (mut appended, mut promised) = (Vec::new(), BTreeSet::new());
    let mut is_stuck = false;
    for generation in 0..GENERATIONS {
        let is_last = generation + 1 == GENERATIONS;
        server.world().faults = if is_last { Faults::default() } else { faults };
        let mut entries = ["a", "b"].map(|owner| {
            let names = (0..random(5)).map(|n| format!("e{owner}{generation}-{n}"));
            names.collect::<Vec<_>>()
        });
        if is_last {
            entries = Default::default();
        }
        let (view, killed) = server.next_process();
        disk = disk.next_process();
        let ends_after = (!is_last && random(2) == 0).then(|| random(20_000));
        let lives = Lives { entries: [&entries[0], &entries[1]], ends_after, is_last, killed };
        let is_done = live(&disk, &view, &host, lives, &mut random);
        appended.extend(entries);
        disk = disk.next_process();
        promised.extend(pending_uuids(&disk));
        promised.extend(server.log(SESSION));
        is_stuck |= is_last && !is_done;
    }
    Outcome { log: server.log(SESSION), appended, promised, is_stuck }
}

#[test]
fn two_owners_of_one_session_lose_and_double_nothing_whichever_ends() {
    let faults = Faults {
        late: 500,
        stale_conflicts: 100,
        nameless_conflicts: 100,
        stale_reads: 100,
        kills: 50,
        refused: 100,
        ..ORDINARY
    };
    for seed in 0..schedules() {
        let outcome = run(seed, faults);
        let wrong = faults_of(&outcome);
        assert!(wrong.is_empty(), "schedule {seed}: {wrong:?}: {:?} of {:?}", outcome.log, outcome.appended);
    }
}
