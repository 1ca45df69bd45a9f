//! How fast entries are cut out of an answer: in MB/s, beside copying the same bytes and beside what
//! serde_json needs to find the same entries in an answer that is there already.
//!
//! `cargo bench`. An answer of one's own: `ANSWER=log.json cargo bench`.

#![allow(missing_docs, reason = "criterion's macros make functions")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run should say where")]

use std::hint::black_box;
use std::{env, fs};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use session_ingress_core::json::{ArraySplitter, SplitEvent};

/// As bodies arrive: what one read from a socket gives.
const CHUNK_BYTES: usize = 64 * 1024;
/// The demo's session is short: an answer repeats it up to this size.
const ANSWER_BYTES: usize = 32 * 1024 * 1024;

fn answer() -> Vec<u8> {
    if let Ok(path) = env::var("ANSWER") {
        return fs::read(path).unwrap();
    }
    let session =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../tools/demo/sample.jsonl")).unwrap();
    let entries: Vec<&str> = session.lines().collect();
    let mut answer = String::from("{\"loglines\":[");
    while answer.len() < ANSWER_BYTES {
        answer.push_str(&entries.join(","));
        answer.push(',');
    }
    answer.pop();
    answer.push_str("]}");
    answer.into_bytes()
}

fn cut(answer: &[u8]) -> usize {
    let mut splitter = ArraySplitter::new("loglines");
    let mut entries = 0;
    for chunk in answer.chunks(CHUNK_BYTES) {
        splitter.push(chunk);
        while let Some(SplitEvent::Batch(batch)) = splitter.next_event() {
            entries += batch.len();
            black_box(batch);
        }
    }
    assert!(splitter.finish().is_some());
    entries
}

/// The entries as `serde_json` borrows them from the whole text.
fn borrow(answer: &[u8]) -> usize {
    struct Object;

    impl<'de> Visitor<'de> for Object {
        type Value = Vec<&'de RawValue>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = Vec::new();
            while map.next_key::<&str>()?.is_some() {
                entries = map.next_value()?;
            }
            Ok(entries)
        }
    }

    let mut deserializer = serde_json::Deserializer::from_slice(answer);
    black_box(deserializer.deserialize_map(Object).unwrap()).len()
}

fn benchmark(criterion: &mut Criterion) {
    let answer = answer();
    assert_eq!(cut(&answer), borrow(&answer));
    let mut group = criterion.benchmark_group("entries of an answer");
    group.throughput(Throughput::Bytes(answer.len() as u64)).sample_size(20);
    let mut copy = answer.clone();
    group.bench_function("memcpy", |bencher| {
        bencher.iter(|| black_box(&mut copy).copy_from_slice(black_box(&answer)));
    });
    group.bench_function("ArraySplitter, 64 KiB at a time", |bencher| {
        bencher.iter(|| cut(black_box(&answer)))
    });
    group.bench_function("serde_json RawValue, at once", |bencher| {
        bencher.iter(|| borrow(black_box(&answer)))
    });
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
