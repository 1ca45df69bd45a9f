//! Property tests of reads: a body in chunks gives the same result as the whole body parsed at once.

use bytes::Bytes;
use tokio::runtime::{Builder, Runtime};

use crate::http::Request;
use crate::json::is_json;
use crate::json::{ArraySplitter, SplitEvent};
use crate::protocol::{LogEndpoint, OAuthEndpoint, Timeouts};
use crate::read::session_log::read_log;
use crate::read::teleport::{Events, read_events};
use crate::testing::fuzz::{chunks, fuzz};
use crate::testing::log_body::body;
use crate::testing::reference::{Object, decode, elements, text};
use crate::testing::script::{CollectingSink, Recorder, Script, ScriptedResponse};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

/// The entries of a list as their text, and the raw text of `next_cursor`.
type List = (Vec<String>, Option<String>);

/// The list under `key` by the reference parser; `None` where there is none.
fn parsed(body: &[u8], key: &str) -> Option<List> {
    let text = text(body);
    let object = Object::parse(&text)?;
    let entries = elements(object.get(key)?)?.into_iter().map(str::to_owned).collect();
    Some((entries, object.get("next_cursor").map(str::to_owned)))
}

/// The list under `key` by the splitter, with batches parsed as V8 parses them.
fn split(chunks: &[&[u8]], key: &'static str) -> Option<List> {
    let (mut splitter, mut entries) = (ArraySplitter::new(key), Vec::new());
    for chunk in chunks {
        splitter.push(chunk);
        while let Some(event) = splitter.next_event() {
            match event {
                SplitEvent::StartOver => entries.clear(),
                SplitEvent::Batch(batch) => {
                    entries.extend(batch.entries().map(|entry| trimmed(&String::from_utf8_lossy(entry))));
                    if !is_json(&String::from_utf8_lossy(&batch.into_json())) {
                        splitter.refuse();
                    }
                }
            }
        }
    }
    let envelope = splitter.finish()?;
    Some((entries, envelope.field("next_cursor").map(|raw| raw.get().to_owned())))
}

fn trimmed(entry: &str) -> String {
    entry.trim_matches([' ', '\n', '\r', '\t']).to_owned()
}

#[test]
fn the_splitter_gives_the_entries_of_the_reference_parser() {
    fuzz("split", |u| {
        let key = *u.choose(&["loglines", "data"])?;
        let body = body(u, key)?;
        let chunks = chunks(u, &body)?;
        assert_eq!(split(&chunks, key), parsed(&body, key), "{:?}", String::from_utf8_lossy(&body));
        Ok(())
    });
}

#[test]
fn the_splitter_accepts_the_bytes_that_the_reference_parser_accepts() {
    const SPECIAL: &[u8] = b"{}[]\",:\\ \n0a\xEF\xBB\xBF\xFF";
    fuzz("bytes", |u| {
        let mut body = b"{\"loglines\":[".repeat(u.int_in_range(0..=2)?);
        for _ in 0..u.int_in_range(0..=40)? {
            body.push(if u.ratio(1, 10)? { u.arbitrary()? } else { *u.choose(SPECIAL)? });
        }
        let chunks = chunks(u, &body)?;
        assert_eq!(
            split(&chunks, "loglines"),
            parsed(&body, "loglines"),
            "{:?}",
            String::from_utf8_lossy(&body)
        );
        Ok(())
    });
}

fn scripted(chunks: &[&[u8]]) -> ScriptedResponse {
    ScriptedResponse::in_chunks(chunks.iter().map(|chunk| Bytes::copy_from_slice(chunk)))
}

#[test]
fn a_read_of_a_log_gives_the_entries_of_the_reference_parser() {
    let runtime = runtime();
    fuzz("log", |u| {
        let body = body(u, "loglines")?;
        let script = Script::new([scripted(&chunks(u, &body)?)]);
        let request = LogEndpoint::new("http://a.test/log", "t").unwrap().read(false, &Timeouts::default());
        let mut sink = CollectingSink::default();
        let read = runtime.block_on(read_log(&script, request, &mut sink, &Recorder::default()));
        let expected = parsed(&body, "loglines").map(|(entries, _)| entries);
        let of = String::from_utf8_lossy(&body);
        match (read, expected) {
            (Some(log), Some(expected)) => {
                let entries: Vec<_> = sink.0.iter().map(|entry| trimmed(entry)).collect();
                assert_eq!((log.entries, &entries), (expected.len(), &expected), "{of:?}");
                let last_uuid = expected.last().and_then(|last| uuid(last));
                assert_eq!(log.last_uuid.map(|uuid| uuid.to_string()), last_uuid, "{of:?}");
            }
            (None, None) => {}
            (read, expected) => panic!("{read:?} is not {expected:?}: {of:?}"),
        }
        Ok(())
    });
}

/// The uuid of an entry by the reference parser.
fn uuid(entry: &str) -> Option<String> {
    let units = decode(Object::parse(entry)?.get("uuid")?)?;
    Some(String::from_utf16_lossy(&units)).filter(|uuid| !uuid.is_empty())
}

/// The payloads, and the cursors of the requests, by specification.md, section 5; `None` for a wrong shape.
fn events(pages: &[Vec<u8>]) -> Option<(Vec<String>, Vec<Option<String>>)> {
    let (mut payloads, mut cursors) = (Vec::new(), vec![None]);
    for page in pages {
        let (events, cursor) = parsed(page, "data")?;
        for event in &events {
            let payload = Object::parse(event)?.get("payload");
            payloads.extend(payload.filter(|payload| *payload != "null").map(str::to_owned));
        }
        cursors.push(match cursor.as_deref() {
            None | Some("null") => return Some((payloads, cursors)),
            Some(raw) => Some(match decode(raw) {
                Some(units) => String::from_utf16_lossy(&units),
                None if raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => {
                    raw.to_owned()
                }
                None => return None,
            }),
        });
    }
    // The next request gets a 404, which ends the list.
    Some((payloads, cursors))
}

#[test]
fn a_read_of_events_gives_the_payloads_of_the_reference_parser() {
    let runtime = runtime();
    fuzz("events", |u| {
        let mut pages = Vec::new();
        for _ in 0..=u.int_in_range(0..=2)? {
            pages.push(body(u, "data")?);
        }
        let mut responses = Vec::new();
        for page in &pages {
            responses.push(scripted(&chunks(u, page)?));
        }
        responses.push(ScriptedResponse::status(404));
        let script = Script::new(responses);
        let endpoint = OAuthEndpoint::new("http://a.test".into(), vec![], "o").unwrap();
        let requests = endpoint.read_teleport_events("s", &Timeouts::default()).unwrap();
        let mut sink = CollectingSink::default();
        let read = runtime.block_on(read_events(&script, &requests, &mut sink, &Recorder::default()));
        let of: Vec<_> = pages.iter().map(|page| String::from_utf8_lossy(page)).collect();
        match events(&pages) {
            Some((payloads, cursors)) => {
                assert_eq!((read, sink.0), (Events::Read, payloads), "{of:?}");
                let cursor = |request: &Request| {
                    let mut query = request.url.query_pairs();
                    query.find(|(name, _)| name == "cursor").map(|(_, cursor)| cursor.into_owned())
                };
                assert_eq!(script.requests().iter().map(cursor).collect::<Vec<_>>(), cursors, "{of:?}");
            }
            None => assert_eq!(read, Events::None, "{of:?}"),
        }
        Ok(())
    });
}

#[test]
fn random_bodies_are_valid_often_enough_and_not_always() {
    let (mut valid, mut cases) = (0, 0);
    fuzz("valid", |u| {
        let body = body(u, "loglines")?;
        valid += u32::from(parsed(&body, "loglines").is_some_and(|(entries, _)| !entries.is_empty()));
        cases += 1;
        Ok(())
    });
    // A single case by its seed, or few cases on a slow machine, prove nothing.
    assert!(cases < 100 || (cases / 10..cases * 9 / 10).contains(&valid), "{valid} of {cases}");
}
