//! Random bodies of responses, valid and invalid.

use crate::testing::fuzz::{Result, Unstructured};

const KEYS: [&str; 16] = [
    r#""loglines""#,
    r#""data""#,
    r#""payload""#,
    r#""next_cursor""#,
    r#""uuid""#,
    r#""log\u006cines""#,
    r#""\u0064ata""#,
    r#""p\u0061yload""#,
    r#""nex\u0074_cursor""#,
    r#""u\u0075id""#,
    r#""Loglines""#,
    r#""loglines\u0000""#,
    r#""__proto__""#,
    r#""\ud800""#,
    r#""\"data""#,
    r#""""#,
];

const SCALARS: [&str; 22] = [
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-0.0",
    "1E400",
    "-1e-400",
    "12345678901234567890",
    "0.1",
    "[]",
    "{}",
    "[[]]",
    r#"{"a":{}}"#,
    r#""""#,
    r#""],[}{,\"""#,
    r#""\\""#,
    // Not JSON.
    "01",
    "+1",
    "nul",
    "NaN",
    "'a'",
];

const STRINGS: [&[u8]; 22] = [
    b"a",
    b"0",
    b"\\\"",
    b"\\\\",
    b"\\/",
    b"\\n",
    b"\\u0000",
    b"\\u00e9",
    b"\\ud800",
    b"\\udc00",
    b"\\ud83d\\ude00",
    b"],[",
    b"}{",
    b",",
    b":",
    "é".as_bytes(),
    "日😀".as_bytes(),
    "\u{2028}\u{feff}".as_bytes(),
    // Not UTF-8: a byte that is never valid, a surrogate, two truncated characters.
    b"\xff",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x98",
    b"\xc3",
];

const CURSORS: [&[u8]; 10] =
    [b"null", b"-1", b"0", b"1E400", b"\"\"", b"\"a\\u0062\"", b"\"\\ud800\"", b"true", b"[]", b"{}"];

/// Fragments that make valid text invalid, or change it.
const GARBAGE: [&[u8]; 24] = [
    b"[",
    b"]",
    b"{",
    b"}",
    b",",
    b":",
    b"\"",
    b"\\",
    b" ",
    b"\n",
    b"\0",
    b"\x01",
    b"\x0c",
    b"\xff",
    b"\xc3",
    b"\xef\xbb\xbf",
    b"\xc2\xa0",
    b"0",
    b"null",
    b"1,",
    b"[]",
    b"\\u12",
    b"\"loglines\":[]",
    b"//",
];

/// The body of a response with an array under `key`, or nearly so.
pub(crate) fn body(u: &mut Unstructured<'_>, key: &str) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    if u.ratio(1, 8)? {
        const MARKS: [&[u8]; 5] =
            [b"\xEF\xBB\xBF", b"\xEF\xBB\xBF ", b"\xEF\xBB\xBF\xEF\xBB\xBF", b"\xEF\xBB", b" \xEF\xBB\xBF"];
        text.extend_from_slice(u.choose(&MARKS)?);
    }
    space(u, &mut text)?;
    text.push(b'{');
    let members = u.int_in_range(0..=4)?;
    let wanted = u.int_in_range(0..=members)?;
    for member in 0..=members {
        space(u, &mut text)?;
        if member == wanted {
            text.extend_from_slice(format!("\"{key}\"").as_bytes());
        } else if u.ratio(1, 3)? {
            text.extend_from_slice(b"\"next_cursor\":");
            text.extend_from_slice(u.choose(&CURSORS)?);
            text.push(if member == members { b'}' } else { b',' });
            continue;
        } else if u.ratio(1, 4)? {
            text.extend_from_slice(format!("\"{key}\"").as_bytes());
        } else {
            text.extend_from_slice(u.choose(&KEYS)?.as_bytes());
        }
        colon(u, &mut text)?;
        if member == wanted || u.ratio(1, 4)? {
            array(u, &mut text, 3)?;
        } else {
            value(u, &mut text, 2)?;
        }
        space(u, &mut text)?;
        text.push(if member == members { b'}' } else { b',' });
    }
    space(u, &mut text)?;
    if u.ratio(1, 2)? {
        mutate(u, &mut text)?;
    }
    Ok(text)
}

/// Changes a text in one to three places.
fn mutate(u: &mut Unstructured<'_>, text: &mut Vec<u8>) -> Result<()> {
    for _ in 0..=u.int_in_range(0..=2)? {
        let from = u.int_in_range(0..=text.len())?;
        let to = from + u.int_in_range(0..=(text.len() - from).min(20))?;
        match u.int_in_range(0..=4)? {
            0 => drop(text.splice(from..from, u.choose(&GARBAGE)?.iter().copied())),
            1 => text.truncate(from),
            2 => drop(text.drain(from..to)),
            3 => {
                let again = text[from..to].to_vec();
                drop(text.splice(to..to, again));
            }
            _ => {
                let byte: u8 = u.arbitrary()?;
                if let Some(changed) = text.get_mut(from) {
                    *changed = byte;
                }
            }
        }
    }
    Ok(())
}

fn array(u: &mut Unstructured<'_>, text: &mut Vec<u8>, depth: u32) -> Result<()> {
    text.push(b'[');
    space(u, text)?;
    for index in 0..u.int_in_range(0..=4)? {
        if index > 0 {
            text.push(b',');
            space(u, text)?;
        }
        // Mostly objects, as entries and events are.
        if u.ratio(2, 3)? {
            object(u, text, depth)?
        } else {
            value(u, text, depth)?
        }
        space(u, text)?;
    }
    if u.ratio(1, 60)? {
        // A comma after the last element, or in an empty array.
        text.push(b',');
    }
    text.push(b']');
    Ok(())
}

fn object(u: &mut Unstructured<'_>, text: &mut Vec<u8>, depth: u32) -> Result<()> {
    text.push(b'{');
    space(u, text)?;
    for index in 0..u.int_in_range(0..=3)? {
        if index > 0 {
            text.push(b',');
            space(u, text)?;
        }
        match u.int_in_range(0..=8)? {
            0 => string(u, text)?,
            1..=2 => text.extend_from_slice(b"\"payload\""),
            3 => text.extend_from_slice(b"\"payload\":null,\"uuid\""),
            4 => text.extend_from_slice(b"\"uuid\""),
            _ => text.extend_from_slice(u.choose(&KEYS)?.as_bytes()),
        }
        colon(u, text)?;
        value(u, text, depth)?;
        space(u, text)?;
    }
    text.push(b'}');
    Ok(())
}

fn value(u: &mut Unstructured<'_>, text: &mut Vec<u8>, depth: u32) -> Result<()> {
    match u.int_in_range(0..=6)? {
        // Rarely one of the five that are not JSON.
        0..=2 => {
            let valid = SCALARS.len() - if u.ratio(1, 60)? { 0 } else { 5 };
            text.extend_from_slice(u.choose(&SCALARS[..valid])?.as_bytes());
            Ok(())
        }
        3..=4 => string(u, text),
        5 if depth > 0 => object(u, text, depth - 1),
        6 if depth > 0 => array(u, text, depth - 1),
        _ => string(u, text),
    }
}

fn string(u: &mut Unstructured<'_>, text: &mut Vec<u8>) -> Result<()> {
    text.push(b'"');
    for _ in 0..u.int_in_range(0..=4)? {
        text.extend_from_slice(u.choose(&STRINGS)?);
    }
    text.push(b'"');
    Ok(())
}

fn colon(u: &mut Unstructured<'_>, text: &mut Vec<u8>) -> Result<()> {
    space(u, text)?;
    text.push(b':');
    space(u, text)
}

fn space(u: &mut Unstructured<'_>, text: &mut Vec<u8>) -> Result<()> {
    if u.ratio(1, 8)? {
        text.extend_from_slice(u.choose(&[&b" "[..], b"\n", b"\r\t ", b"  "])?);
    }
    Ok(())
}
