//! What lies beneath an error of reqwest.

use std::error::Error as StdError;
use std::io;

use crate::http::tls::broken_off;

/// Texts of hyper for well-formed responses that it does not take, and what is said instead.
/// `__test__/response-forms.test.mjs` has a test for each.
const LIMITS_OF_HYPER: [(&str, &str); 3] = [
    ("chunk extensions over limit", "its chunk extensions have more than 16 KiB, which is not supported"),
    ("message head is too large", "its head has more than 2000 headers, or 400 KiB, which is not supported"),
    (
        "unexpected transfer-encoding parsed",
        "it has a Transfer-Encoding that is not supported (HTTP/1.1 and `chunked` are)",
    ),
];

/// The causes of an error as text, down to the one that says what happened. No URL: it may hold secrets.
pub(super) fn describe(error: &reqwest::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    for cause in causes(error) {
        if let Some(tls) = cause.downcast_ref() {
            return broken_off(tls);
        }
        let text = cause.to_string();
        if let Some((_, words)) = LIMITS_OF_HYPER.iter().find(|(hyper, _)| *hyper == text) {
            return (*words).to_owned();
        }
        // rustls refers to its manual, which is of no use to a reader of this.
        let text = text.split(": https://docs.rs/").next().unwrap_or_default().to_owned();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    if texts.is_empty() {
        texts.push(if error.is_timeout() { "timed out".into() } else { "unknown error".into() });
    }
    texts.join(": ")
}

/// The errors beneath `error`, down to the one that says what happened.
pub(super) fn causes(error: &reqwest::Error) -> Vec<&(dyn StdError + 'static)> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause);
        // The source of an `io::Error` is the source of the error that it wraps, and not that error itself.
        let wrapped = cause.downcast_ref().and_then(io::Error::get_ref);
        next = wrapped.map(|wrapped| -> &(dyn StdError + 'static) { wrapped }).or_else(|| cause.source());
    }
    causes
}
