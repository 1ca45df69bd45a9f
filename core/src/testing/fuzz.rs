//! Property tests: random cases for a limited time, each from a seed that repeats it.
//!
//! `ARBTEST_BUDGET_MS` sets the time for each property; the default is 100 ms. A failure prints its seed, and
//! `ARBTEST_SEED=0x… cargo test -p session-ingress-core --lib fuzz::<name>` runs that case alone.

pub(crate) use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

/// Maximum number of random bytes for one case. More bytes make longer texts and fewer cases.
const MAX_SIZE: u32 = 2048;

/// Calls `property` with random cases; `property` panics where it does not hold.
///
/// `cargo test -p session-ingress-core -- --nocapture` shows the number of cases.
#[allow(clippy::print_stderr, reason = "prints the number of cases")]
pub(crate) fn fuzz(name: &str, mut property: impl FnMut(&mut Unstructured<'_>) -> Result<()>) {
    let mut cases = 0_u64;
    arbtest(|u| property(u).inspect(|()| cases += 1)).size_max(MAX_SIZE).run();
    eprintln!("{name}: {cases} cases");
}

/// Random numbers below a limit, the same ones for the same seed.
pub(crate) fn seeded(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }
}

/// A random text, with many characters that are special in URLs, headers or JSON.
pub(crate) fn text(u: &mut Unstructured<'_>) -> Result<String> {
    const FRAGMENTS: [&str; 34] = [
        "a", "Z", "0", "7", " ", "\t", "\n", "\r", "\0", "\u{7f}", "\u{85}", "\u{a0}", "é", "ÿ", "Ā", "日",
        "😀", "\u{feff}", "\u{fffd}", "\u{2028}", "\"", "\\", "/", "..", "?", "#", "&", "=", "%", "%2F", "+",
        ":", "@", ";",
    ];
    let mut text = String::new();
    for _ in 0..u.int_in_range(0..=12)? {
        match u.ratio(1, 6)? {
            true => text.push(u.arbitrary()?),
            false => text.push_str(u.choose(&FRAGMENTS)?),
        }
    }
    Ok(text)
}

/// Random bytes, mostly text.
pub(crate) fn bytes(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut bytes = text(u)?.into_bytes();
    for _ in 0..u.int_in_range(0..=3)? {
        let at = u.int_in_range(0..=bytes.len())?;
        bytes.insert(at, u.arbitrary()?);
    }
    Ok(bytes)
}

/// `body` split at random: into single bytes, small chunks or large ones.
pub(crate) fn chunks<'a>(u: &mut Unstructured<'_>, mut body: &'a [u8]) -> Result<Vec<&'a [u8]>> {
    let max_size = *u.choose(&[1, 2, 7, 50, usize::MAX])?;
    let mut chunks = Vec::new();
    while !body.is_empty() {
        let (chunk, rest) = body.split_at(u.int_in_range(1..=max_size.min(body.len()))?);
        chunks.push(chunk);
        body = rest;
    }
    Ok(chunks)
}
