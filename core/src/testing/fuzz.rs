//! Property tests: random cases for a time, each made of a seed by which a failure can be seen again.
//!
//! How long: `ARBTEST_BUDGET_MS` for each property, by default 100. A failure prints its seed, and
//! `ARBTEST_SEED=0x… cargo test --lib fuzz::<name>` is that case alone.

pub(crate) use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

/// Random bytes for one case. More make texts longer and cases fewer.
const MAX_SIZE: u32 = 2048;

/// Calls `property` with random cases; it panics where it does not hold.
///
/// How many cases there were is shown by `cargo test -- --nocapture`.
#[allow(clippy::print_stderr, reason = "a test says how much it tried")]
pub(crate) fn fuzz(name: &str, mut property: impl FnMut(&mut Unstructured<'_>) -> Result<()>) {
    let mut cases = 0_u64;
    arbtest(|u| property(u).inspect(|()| cases += 1)).size_max(MAX_SIZE).run();
    eprintln!("{name}: {cases} cases");
}

/// A text that may hold anything: what is special somewhere, and what is not.
pub(crate) fn text(u: &mut Unstructured<'_>) -> Result<String> {
    const PIECES: [&str; 34] = [
        "a", "Z", "0", "7", " ", "\t", "\n", "\r", "\0", "\u{7f}", "\u{85}", "\u{a0}", "é", "ÿ", "Ā", "日",
        "😀", "\u{feff}", "\u{fffd}", "\u{2028}", "\"", "\\", "/", "..", "?", "#", "&", "=", "%", "%2F", "+",
        ":", "@", ";",
    ];
    let mut text = String::new();
    for _ in 0..u.int_in_range(0..=12)? {
        match u.ratio(1, 6)? {
            true => text.push(u.arbitrary()?),
            false => text.push_str(u.choose(&PIECES)?),
        }
    }
    Ok(text)
}

/// Bytes that may be anything, often text.
pub(crate) fn bytes(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut bytes = text(u)?.into_bytes();
    for _ in 0..u.int_in_range(0..=3)? {
        let at = u.int_in_range(0..=bytes.len())?;
        bytes.insert(at, u.arbitrary()?);
    }
    Ok(bytes)
}

/// `body` cut anywhere: into single bytes, small events or large ones.
pub(crate) fn chunks<'a>(u: &mut Unstructured<'_>, mut body: &'a [u8]) -> Result<Vec<&'a [u8]>> {
    let most = *u.choose(&[1, 2, 7, 50, usize::MAX])?;
    let mut chunks = Vec::new();
    while !body.is_empty() {
        let (chunk, rest) = body.split_at(u.int_in_range(1..=most.min(body.len()))?);
        chunks.push(chunk);
        body = rest;
    }
    Ok(chunks)
}
