//! Throughput of the array splitter in MB/s, compared with copying the same bytes, and with serde_json, which finds the
//! same entries in a body that has arrived completely.
//!
//! `npm run bench:core`; with another body, `BODY=log.json npm run bench:core`.

#![allow(missing_docs, reason = "criterion's macros make functions")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run should say where")]

use std::hint::black_box;
use std::{env, fs};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use session_ingress_core::json::{ArraySplitter, SplitEvent};

/// Size of the chunks of a body: one read from a socket.
const CHUNK_BYTES: usize = 64 * 1024;
/// Size of the body, which repeats the short session of the demo.
const BODY_BYTES: usize = 32 * 1024 * 1024;

fn body() -> Vec<u8> {
    if let Ok(path) = env::var("BODY") {
        return fs::read(path).unwrap();
    }
    let session =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../tools/demo/sample.jsonl")).unwrap();
    let entries: Vec<&str> = session.lines().collect();
    let mut body = String::from("{\"loglines\":[");
    while body.len() < BODY_BYTES {
        body.push_str(&entries.join(","));
        body.push(',');
    }
    body.pop();
    body.push_str("]}");
    body.into_bytes()
}

fn split(body: &[u8]) -> usize {
    let mut splitter = ArraySplitter::new("loglines");
    let mut entries = 0;
    for chunk in body.chunks(CHUNK_BYTES) {
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
fn borrow(body: &[u8]) -> usize {
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

    let mut deserializer = serde_json::Deserializer::from_slice(body);
    black_box(deserializer.deserialize_map(Object).unwrap()).len()
}

fn benchmark(criterion: &mut Criterion) {
    let body = body();
    assert_eq!(split(&body), borrow(&body));
    let mut group = criterion.benchmark_group("entries of a body");
    group.throughput(Throughput::Bytes(body.len() as u64)).sample_size(20);
    let mut copy = body.clone();
    group.bench_function("memcpy", |bencher| {
        bencher.iter(|| black_box(&mut copy).copy_from_slice(black_box(&body)));
    });
    group.bench_function("ArraySplitter, 64 KiB at a time", |bencher| {
        bencher.iter(|| split(black_box(&body)))
    });
    group.bench_function("serde_json RawValue, at once", |bencher| bencher.iter(|| borrow(black_box(&body))));
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
