//! The splitter: the entries and the envelope that it gives, and the bodies that it refuses, wherever the chunks end.

use crate::json::{ArraySplitter, SplitEvent};

#[derive(Debug, Default, PartialEq)]
struct Split {
    entries: Vec<String>,
    envelope: Option<String>,
}

/// Splits `body`, given in chunks of `size` bytes.
fn split_in_chunks(body: &[u8], size: usize) -> Split {
    let mut splitter = ArraySplitter::new("loglines");
    let mut entries = Vec::new();
    for chunk in body.chunks(size) {
        splitter.push(chunk);
        while let Some(event) = splitter.next_event() {
            match event {
                SplitEvent::Batch(batch) => {
                    entries.extend(batch.entries().map(|entry| String::from_utf8_lossy(entry).into_owned()))
                }
                SplitEvent::StartOver => entries.clear(),
            }
        }
    }
    Split { entries, envelope: splitter.finish().map(|envelope| envelope.0) }
}

/// Splits `body` in one chunk, and asserts that smaller chunks give the same.
fn split(body: impl AsRef<[u8]>) -> Split {
    let body = body.as_ref();
    let expected = split_in_chunks(body, body.len().max(1));
    for size in 1..8 {
        let by_size = split_in_chunks(body, size);
        assert_eq!(by_size.envelope, expected.envelope, "in chunks of {size}");
        if expected.envelope.is_some() {
            assert_eq!(by_size, expected, "in chunks of {size}");
        }
    }
    expected
}

fn entries(body: impl AsRef<[u8]>) -> Vec<String> {
    let split = split(body);
    assert!(split.envelope.is_some());
    split.entries
}

fn assert_refused(body: impl AsRef<[u8]>) {
    let body = body.as_ref();
    assert_eq!(split(body).envelope, None, "{}", String::from_utf8_lossy(body));
}

#[test]
fn entries_are_split_at_the_commas_of_the_array() {
    assert_eq!(
        entries(r#"{"loglines":[{"a":1},[2,3],"x",-0,null]}"#),
        [r#"{"a":1}"#, "[2,3]", r#""x""#, "-0", "null"]
    );
    assert_eq!(entries(r#"{"loglines":[]}"#), [""; 0]);
    assert_eq!(entries("{\n\"loglines\"\t:\r[ ] }"), [""; 0]);
}

#[test]
fn brackets_commas_and_quotes_inside_strings_do_not_count() {
    assert_eq!(
        entries(r#"{"loglines":["],[}\"{",{"k,\\":"\\\""}]}"#),
        [r#""],[}\"{""#, r#"{"k,\\":"\\\""}"#]
    );
}

#[test]
fn the_envelope_is_the_body_with_an_empty_array() {
    let split = split(r#"{"a":{"loglines":[1]},"loglines":[2,{"loglines":[3]}],"b":[{"loglines":4}]}"#);
    assert_eq!(split.entries, ["2", r#"{"loglines":[3]}"#]);
    assert_eq!(split.envelope.unwrap(), r#"{"a":{"loglines":[1]},"loglines":[],"b":[{"loglines":4}]}"#);
}

#[test]
fn the_last_of_duplicate_keys_wins() {
    assert_eq!(entries(r#"{"loglines":[1,2],"loglines":[3]}"#), ["3"]);
    assert_eq!(entries(r#"{"loglines":null,"loglines":[3]}"#), ["3"]);
    assert_refused(r#"{"loglines":[1],"loglines":{}}"#);
}

#[test]
fn the_key_may_be_written_with_escapes() {
    assert_eq!(entries(r#"{"log\u006cines":[1]}"#), ["1"]);
}

#[test]
fn one_byte_order_mark_is_skipped_at_the_start() {
    assert_eq!(entries(b"\xEF\xBB\xBF{\"loglines\":[1]}"), ["1"]);
    assert_refused(b"\xEF\xBB\xBF\xEF\xBB\xBF{\"loglines\":[1]}");
    assert_refused(b" \xEF\xBB\xBF{\"loglines\":[1]}");
    assert_refused(b"\xEF\xBB{\"loglines\":[1]}");
    assert_refused(b"{\"loglines\":[1]}\xEF\xBB\xBF");
}

#[test]
fn a_body_of_another_shape_is_refused() {
    for body in [
        "",
        " ",
        "null",
        "[]",
        "17",
        "\"loglines\"",
        "{}",
        "<html></html>",
        r#"["loglines",[1]]"#,
        r#"{"loglines":null}"#,
        r#"{"loglines":{}}"#,
        r#"{"loglines":"[]"}"#,
        r#"{"Loglines":[]}"#,
        r#"[{"loglines":[1]}]"#,
        r#"{"a":"loglines","b":[1]}"#,
    ] {
        assert_refused(body);
    }
}

#[test]
fn a_body_truncated_anywhere_is_refused() {
    let body = r#" {"a":[1,{}], "loglines" : [ {"uuid":"a\"b"}, [1,[2]] ,3 ] ,"b":null} "#;
    let end = body.trim_end().len();
    for length in 0..end {
        assert_refused(&body[..length]);
    }
    assert_eq!(entries(body).len(), 3);
}

#[test]
fn a_malformed_envelope_is_refused() {
    for body in [
        r#"{"loglines":[1]}}"#,
        r#"{"loglines":[1]}{}"#,
        r#"{"loglines":[1]} x"#,
        r#"{"loglines":[1]"#,
        r#"{"loglines" [1]}"#,
        r#"{"loglines":[1],}"#,
        r#"{,"loglines":[1]}"#,
        r#"{"a" "loglines":[1]}"#,
        r#"{"a":1 "loglines":[1]}"#,
        r#"{"loglines"::[1]}"#,
        r#"{"loglines":[1]:2}"#,
        r#"{"loglines":[1],"a":tru}"#,
        r#"{"a":"\x","loglines":[1]}"#,
        r#"{}{"loglines":[1]}"#,
        r#"{'loglines':[1]}"#,
        r#"{loglines:[1]}"#,
        "{\"loglines\":[1],\"a\":\"\u{1}\"}",
        "{\"loglines\":[1],\"\u{1}\":0}",
    ] {
        assert_refused(body);
    }
}

#[test]
fn an_array_with_a_missing_element_is_refused() {
    for body in [
        r#"{"loglines":[,]}"#,
        r#"{"loglines":[1,]}"#,
        r#"{"loglines":[,1]}"#,
        r#"{"loglines":[1,,2]}"#,
        r#"{"loglines":[1}]}"#,
        r#"{"loglines":[}]}"#,
    ] {
        assert_refused(body);
    }
}

#[test]
fn nesting_has_no_limit() {
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(entries(format!(r#"{{"x":{deep},"loglines":[{deep},1]}}"#)), [deep, "1".into()]);
}

#[test]
fn a_batch_is_emitted_when_it_is_full() {
    let entry = format!("\"{}\"", "x".repeat(1000));
    let body = format!(r#"{{"loglines":[{}]}}"#, vec![entry.as_str(); 1000].join(","));
    let mut splitter = ArraySplitter::new("loglines");
    splitter.push(body.as_bytes());
    let mut counts = Vec::new();
    while let Some(SplitEvent::Batch(batch)) = splitter.next_event() {
        let count = batch.len();
        assert_eq!(batch.into_json(), format!("[{}]", vec![entry.as_str(); count].join(",")).into_bytes());
        counts.push(count);
    }
    assert_eq!(counts.iter().sum::<usize>(), 1000);
    // Each entry has a bracket or a comma before it.
    let full = crate::json::BATCH_BYTES.div_ceil(1 + entry.len());
    let (last, others) = counts.split_last().unwrap();
    assert!(others.iter().all(|count| *count == full) && (1..=full).contains(last), "{counts:?}");
}

#[test]
fn an_element_that_is_not_json_is_left_to_the_parser_of_the_batch() {
    assert_eq!(entries(r#"{"loglines":[{"a":1],[}]}"#), [r#"{"a":1]"#, "[}"]);
}
