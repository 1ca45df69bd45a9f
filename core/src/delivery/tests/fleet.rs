//! Many clients of a server that comes back after an outage: their first requests are spread, and none comes late.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

use crate::append::Retry;
use crate::delivery::full_jitter;

const CLIENTS: usize = 200_000;
const OUTAGE: u64 = 3600;
const LONGEST: Duration = Duration::from_secs(300);

thread_local! {
    static STATE: Cell<u64> = const { Cell::new(0) };
}

/// A number from 0 to 1, by SplitMix64 from a seed: a figure can be had again.
fn random() -> f64 {
    let state = STATE.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
    STATE.set(state);
    let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The time, after the server is back, at which a client's first request comes, by the waits of a breaker. The client
/// finds the outage out within its first minute.
fn first_request(begun: Instant) -> Duration {
    let back = begun + Duration::from_secs(OUTAGE);
    let mut now = begun + Duration::from_secs(60).mul_f64(random());
    for failures in 1.. {
        if now >= back {
            break;
        }
        now += full_jitter(failures, LONGEST, random);
    }
    now - back
}

/// The same by ten attempts for each entry, one after the other, as long as the outage lasts: what clients do without an
/// outbox that go on appending.
fn first_request_by_rounds(begun: Instant) -> Duration {
    let back = begun + Duration::from_secs(OUTAGE);
    // Rounds repeat themselves: the last minutes of the outage show all.
    let mut now = back - Duration::from_secs(60).mul_f64(2.0 + random());
    let retry = Retry::default();
    loop {
        for attempt in 1..=retry.max_attempts {
            if now >= back {
                return now - back;
            }
            if attempt < retry.max_attempts {
                now += retry.wait(attempt, None, random);
            }
        }
        // Each attempt takes a moment, and the next entry's round begins at once.
        now += Duration::from_millis(1);
    }
}

/// Numbers of first requests in each second after the server is back.
fn histogram(clients: usize, first_request: impl Fn(Instant) -> Duration) -> Vec<usize> {
    let begun = Instant::now();
    let mut seconds = vec![0; LONGEST.as_secs() as usize + 1];
    (0..clients).for_each(|_| seconds[first_request(begun).as_secs() as usize] += 1);
    seconds
}

#[test]
fn the_first_requests_of_200_000_clients_fall_linearly_over_300_seconds() {
    STATE.set(14);
    let seconds = histogram(CLIENTS, first_request);
    assert_eq!(seconds.iter().sum::<usize>(), CLIENTS);
    assert_eq!(seconds[300], 0, "none waits for longer");
    let most = *seconds.iter().max().unwrap();
    assert!(most * 1000 <= CLIENTS * 8, "{most} in one second");
    // What is left of a wait falls linearly to nothing: so many are expected in each 30 seconds.
    for tenth in 0..10 {
        let found: usize = seconds[tenth * 30..(tenth + 1) * 30].iter().sum();
        let expected = CLIENTS as f64 * f64::from(19 - 2 * tenth as u32) / 100.0;
        assert!((found as f64 - expected).abs() < CLIENTS as f64 * 0.01, "{tenth}: {found}, not {expected}");
    }
}

/// `FLEET=FILE cargo test … fleet` writes the figures of the picture in docs/reliability.md: for each second after the
/// server is back, the first requests of a million clients by the breaker, and by rounds of ten attempts.
#[test]
fn the_figures_of_a_million_clients_are_written_where_a_file_is_named() {
    STATE.set(15);
    let file = std::env::var_os("FLEET");
    let clients = if file.is_some() { 1_000_000 } else { 1000 };
    let (breaker, rounds) = (histogram(clients, first_request), histogram(clients, first_request_by_rounds));
    assert_eq!(breaker.iter().sum::<usize>(), rounds.iter().sum::<usize>());
    assert!(rounds[11..].iter().all(|&clients| clients == 0), "a round's longest wait is 10 s");
    if let Some(file) = file {
        let rows = breaker.iter().zip(&rounds).enumerate();
        let rows: String = rows.map(|(second, (a, b))| format!("{second},{a},{b}\n")).collect();
        std::fs::write(file, format!("second,breaker,rounds\n{rows}")).unwrap();
    }
}
