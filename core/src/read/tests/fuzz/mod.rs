//! An answer reads as if it were parsed whole, wherever its events end: or there is no result.

use bytes::Bytes;
use tokio::runtime::{Builder, Runtime};

use crate::http::Request;
use crate::json::is_json;
use crate::json::{ArraySplitter, SplitEvent};
use crate::protocol::{LogEndpoint, OAuthEndpoint, Timeouts};
use crate::read::read_log;
use crate::read::teleport::{Events, read_events};
use crate::testing::fuzz::{chunks, fuzz};
use crate::testing::log_body::body;
use crate::testing::script::{Kept, Recorder, Script, ScriptedResponse};
use crate::testing::whole::{Object, decode, elements, text};

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// The entries of a list as their text, and the raw text of `next_cursor`.
type List = (Vec<String>, Option<String>);

fn whole(body: &[u8], key: &str) -> Option<List> {
    let text = text(body);
    let object = Object::parse(&text)?;
    let entries = elements(object.get(key)?)?.into_iter().map(str::to_owned).collect();
    Some((entries, object.get("next_cursor").map(str::to_owned)))
}

/// By the splitter, whose batches are parsed as V8 parses them.
fn cut(chunks: &[&[u8]], key: &'static str) -> Option<List> {
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
fn an_answer_is_cut_as_if_it_were_parsed_whole() {
    fuzz("cut", |u| {
        let key = *u.choose(&["loglines", "data"])?;
        let body = body(u, key)?;
        let chunks = chunks(u, &body)?;
        assert_eq!(cut(&chunks, key), whole(&body, key), "{:?}", String::from_utf8_lossy(&body));
        Ok(())
    });
}

#[test]
fn bytes_of_any_kind_are_cut_or_refused() {
    const SPECIAL: &[u8] = b"{}[]\",:\\ \n0a\xEF\xBB\xBF\xFF";
    fuzz("bytes", |u| {
        let mut body = b"{\"loglines\":[".repeat(u.int_in_range(0..=2)?);
        for _ in 0..u.int_in_range(0..=40)? {
            body.push(if u.ratio(1, 10)? { u.arbitrary()? } else { *u.choose(SPECIAL)? });
        }
        let chunks = chunks(u, &body)?;
        assert_eq!(
            cut(&chunks, "loglines"),
            whole(&body, "loglines"),
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
fn a_log_reads_as_if_it_were_parsed_whole() {
    let runtime = runtime();
    fuzz("log", |u| {
        let body = body(u, "loglines")?;
        let script = Script::new([scripted(&chunks(u, &body)?)]);
        let request = LogEndpoint::new("http://a.test/log", "t").unwrap().read(false, &Timeouts::default());
        let mut kept = Kept::default();
        let read = runtime.block_on(read_log(&script, request, &mut kept, &Recorder::default()));
        let expected = whole(&body, "loglines").map(|(entries, _)| entries);
        let of = String::from_utf8_lossy(&body);
        match (read, expected) {
            (Some(log), Some(expected)) => {
                let entries: Vec<_> = kept.0.iter().map(|entry| trimmed(entry)).collect();
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

/// The uuid that an entry says it has.
fn uuid(entry: &str) -> Option<String> {
    let units = decode(Object::parse(entry)?.get("uuid")?)?;
    Some(String::from_utf16_lossy(&units)).filter(|uuid| !uuid.is_empty())
}

/// specification.md, section 5, page by page: the payloads and the cursors asked for; `None` for a wrong shape.
fn events(pages: &[Vec<u8>]) -> Option<(Vec<String>, Vec<Option<String>>)> {
    let (mut payloads, mut cursors) = (Vec::new(), vec![None]);
    for page in pages {
        let (events, cursor) = whole(page, "data")?;
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
    // The next page is not there any more: what was read stands.
    Some((payloads, cursors))
}

#[test]
fn events_read_as_if_their_pages_were_parsed_whole() {
    let runtime = runtime();
    fuzz("events", |u| {
        let mut pages = Vec::new();
        for _ in 0..=u.int_in_range(0..=2)? {
            pages.push(body(u, "data")?);
        }
        let mut answers = Vec::new();
        for page in &pages {
            answers.push(scripted(&chunks(u, page)?));
        }
        answers.push(ScriptedResponse::status(404));
        let script = Script::new(answers);
        let endpoint = OAuthEndpoint::new("http://a.test".into(), vec![], "o").unwrap();
        let requests = endpoint.read_teleport_events("s", &Timeouts::default()).unwrap();
        let mut kept = Kept::default();
        let read = runtime.block_on(read_events(&script, &requests, &mut kept, &Recorder::default()));
        let of: Vec<_> = pages.iter().map(|page| String::from_utf8_lossy(page)).collect();
        match events(&pages) {
            Some((payloads, cursors)) => {
                assert_eq!((read, kept.0), (Events::Read, payloads), "{of:?}");
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
fn what_is_made_is_valid_often_enough() {
    let (mut valid, mut cases) = (0, 0);
    fuzz("valid", |u| {
        let body = body(u, "loglines")?;
        valid += u32::from(whole(&body, "loglines").is_some_and(|(entries, _)| !entries.is_empty()));
        cases += 1;
        Ok(())
    });
    // A single case by its seed, or a machine that got to few of them, says nothing.
    assert!(cases < 100 || (cases / 10..cases * 9 / 10).contains(&valid), "{valid} of {cases}");
}
