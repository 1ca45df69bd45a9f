//! Looking for entries in a log, whose text passes and is not kept.

use crate::http::{Body, Request, Transport};
use crate::json::{ArraySplitter, Elements};
use crate::report::Reporter;
use crate::test_hooks::panic_point;

use super::list::{Fetched, ReadError, broken_off, fetch};
use super::session_log::{LOGLINES, other_status, report_error};
use super::turns::Turns;

/// The reason for which a search gives nothing. It has been reported as for any read of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchError {
    /// The server refused the token.
    BadToken,
    /// No response, or none that is a log.
    Failed,
}

/// Sends `request` and passes the entries of the response's `loglines` to `elements`, with the outcomes and diagnostics
/// of specification.md, section 4. A log that is not there has no entries.
///
/// It needs the same memory for a log of any length, provided that `elements` do. Whatever may end a search early
/// (beyond the limits of `request`) belongs around this call.
pub async fn search_log<T: Transport, E: Elements + Send>(
    transport: &T,
    request: Request,
    elements: E,
    reporter: &dyn Reporter,
) -> Result<E, SearchError> {
    panic_point!("read");
    let mut response = match fetch(transport, request).await {
        Ok(Fetched::Ok(response)) => response,
        Ok(Fetched::Other(status)) => {
            return match other_status(status, reporter) {
                Some(_) => Ok(elements),
                None if status == 401 => Err(SearchError::BadToken),
                None => Err(SearchError::Failed),
            };
        }
        Err(error) => return Err(failed(error, reporter)),
    };
    let mut splitter = ArraySplitter::into_elements(LOGLINES, elements);
    let mut turns = Turns::default();
    loop {
        match response.body.chunk().await {
            Ok(Some(chunk)) => {
                panic_point!("chunk");
                splitter.push(&chunk);
                turns.count(chunk.len());
                turns.give_if_due().await;
            }
            Ok(None) => break,
            Err(failure) => return Err(failed(broken_off(failure), reporter)),
        }
    }
    match splitter.finish_elements() {
        Some((_, elements)) => Ok(elements),
        None => Err(failed(ReadError::WrongShape, reporter)),
    }
}

fn failed(error: ReadError, reporter: &dyn Reporter) -> SearchError {
    report_error(error, reporter);
    SearchError::Failed
}
