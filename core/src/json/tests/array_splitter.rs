//! What the splitter cuts, keeps and refuses, wherever the chunks end.

use crate::json::{ArraySplitter, SplitEvent};

#[derive(Debug, Default, PartialEq)]
struct Cut {
    entries: Vec<String>,
    envelope: Option<String>,
}

/// Cuts `body`, given in chunks of `size` bytes.
fn cut_by(body: &[u8], size: usize) -> Cut {
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
    Cut { entries, envelope: splitter.finish().map(|envelope| envelope.0) }
}

/// Cuts `body` whole, and makes sure that it does not matter where the chunks end.
fn cut(body: impl AsRef<[u8]>) -> Cut {
    let body = body.as_ref();
    let whole = cut_by(body, body.len().max(1));
    for size in 1..8 {
        let by_size = cut_by(body, size);
        assert_eq!(by_size.envelope, whole.envelope, "in chunks of {size}");
        if whole.envelope.is_some() {
            assert_eq!(by_size, whole, "in chunks of {size}");
        }
    }
    whole
}

fn entries(body: impl AsRef<[u8]>) -> Vec<String> {
    let cut = cut(body);
    assert!(cut.envelope.is_some());
    cut.entries
}

fn refused(body: impl AsRef<[u8]>) {
    let body = body.as_ref();
    assert_eq!(cut(body).envelope, None, "{}", String::from_utf8_lossy(body));
}

#[test]
fn entries_are_cut_at_the_commas_of_the_array() {
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
fn what_stands_around_the_array_is_kept_without_it() {
    let cut = cut(r#"{"a":{"loglines":[1]},"loglines":[2,{"loglines":[3]}],"b":[{"loglines":4}]}"#);
    assert_eq!(cut.entries, ["2", r#"{"loglines":[3]}"#]);
    assert_eq!(cut.envelope.unwrap(), r#"{"a":{"loglines":[1]},"loglines":[],"b":[{"loglines":4}]}"#);
}

#[test]
fn of_duplicate_keys_the_last_one_counts() {
    assert_eq!(entries(r#"{"loglines":[1,2],"loglines":[3]}"#), ["3"]);
    assert_eq!(entries(r#"{"loglines":null,"loglines":[3]}"#), ["3"]);
    refused(r#"{"loglines":[1],"loglines":{}}"#);
}

#[test]
fn the_key_may_be_written_with_escapes() {
    assert_eq!(entries(r#"{"log\u006cines":[1]}"#), ["1"]);
}

#[test]
fn one_byte_order_mark_is_skipped_at_the_start() {
    assert_eq!(entries(b"\xEF\xBB\xBF{\"loglines\":[1]}"), ["1"]);
    refused(b"\xEF\xBB\xBF\xEF\xBB\xBF{\"loglines\":[1]}");
    refused(b" \xEF\xBB\xBF{\"loglines\":[1]}");
    refused(b"\xEF\xBB{\"loglines\":[1]}");
    refused(b"{\"loglines\":[1]}\xEF\xBB\xBF");
}

#[test]
fn another_shape_is_refused() {
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
        refused(body);
    }
}

#[test]
fn every_truncation_is_refused() {
    let body = r#" {"a":[1,{}], "loglines" : [ {"uuid":"a\"b"}, [1,[2]] ,3 ] ,"b":null} "#;
    let end = body.trim_end().len();
    for length in 0..end {
        refused(&body[..length]);
    }
    assert_eq!(entries(body).len(), 3);
}

#[test]
fn malformed_surroundings_are_refused() {
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
        refused(body);
    }
}

#[test]
fn empty_places_in_the_array_are_refused() {
    for body in [
        r#"{"loglines":[,]}"#,
        r#"{"loglines":[1,]}"#,
        r#"{"loglines":[,1]}"#,
        r#"{"loglines":[1,,2]}"#,
        r#"{"loglines":[1}]}"#,
        r#"{"loglines":[}]}"#,
    ] {
        refused(body);
    }
}

#[test]
fn nesting_has_no_limit() {
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(entries(format!(r#"{{"x":{deep},"loglines":[{deep},1]}}"#)), [deep, "1".into()]);
}

#[test]
fn slices_are_handed_on_when_they_are_full() {
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
fn an_element_that_is_no_json_is_left_to_whoever_parses_the_slice() {
    assert_eq!(entries(r#"{"loglines":[{"a":1],[}]}"#), [r#"{"a":1]"#, "[}"]);
}
