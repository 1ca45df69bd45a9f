//! A server's message about an entry that it refuses.

use std::time::Duration;

use memchr::memmem;
use tokio::time::timeout;

use crate::http::Body;
use crate::json::{pick_fields, string};

/// How much of the body is read, and for how long.
const MAX_BODY_BYTES: usize = 64 * 1024;
const READ_WITHIN: Duration = Duration::from_secs(1);
/// The longest message that is passed on.
const MAX_MESSAGE_BYTES: usize = 1024;

/// Reads `error.message` of a response's body, for `logError`. Without control characters; `None` where there is no such
/// text, or where it holds one of the `tokens`.
pub(super) async fn server_message(body: impl Body, tokens: [&[u8]; 2]) -> Option<String> {
    let body = timeout(READ_WITHIN, read(body)).await.ok()??;
    let message = error_message(&String::from_utf8_lossy(&body))?;
    let mut message: String = message.chars().filter(|char| !char.is_control()).collect();
    if message.is_empty() || tokens.iter().any(|token| memmem::find(message.as_bytes(), token).is_some()) {
        return None;
    }
    while message.len() > MAX_MESSAGE_BYTES {
        message.truncate((0..=MAX_MESSAGE_BYTES).rev().find(|&at| message.is_char_boundary(at)).unwrap_or(0));
    }
    Some(message)
}

/// The whole body; `None` where it is longer than what is read, or breaks off.
async fn read(mut body: impl Body) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.chunk().await.ok()? {
        if bytes.len() + chunk.len() > MAX_BODY_BYTES {
            return None;
        }
        bytes.extend_from_slice(&chunk);
    }
    Some(bytes)
}

fn error_message(body: &str) -> Option<String> {
    let [error] = pick_fields(body, ["error"])?;
    let [message] = pick_fields(error?.get(), ["message"])?;
    string(message?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http;
    use bytes::Bytes;
    use std::collections::VecDeque;

    struct Chunks(VecDeque<Vec<u8>>);

    impl Body for Chunks {
        async fn chunk(&mut self) -> Result<Option<Bytes>, http::Error> {
            Ok(self.0.pop_front().map(Bytes::from))
        }
    }

    async fn message_of(body: impl AsRef<[u8]>) -> Option<String> {
        let chunks = body.as_ref().chunks(7).map(<[u8]>::to_vec).collect();
        server_message(Chunks(chunks), [b"old-secret", b"new-secret"]).await
    }

    async fn message(text: &str) -> Option<String> {
        message_of(format!(r#"{{"type":"error","error":{{"type":"x","message":{text}}}}}"#)).await
    }

    #[tokio::test]
    async fn it_is_the_string_error_message_of_the_body() {
        assert_eq!(message(r#""the entry is too large""#).await.as_deref(), Some("the entry is too large"));
        assert_eq!(message(r#""gr\u00f6\ud83d\ude00\ud800""#).await.as_deref(), Some("grö😀\u{fffd}"));
    }

    #[tokio::test]
    async fn anything_else_is_no_message() {
        for text in ["5", "null", r#"["a"]"#, r#"{"message":"a"}"#, r#""""#, r#""\n""#] {
            assert_eq!(message(text).await, None, "{text}");
        }
        let bodies =
            ["", "<html>", "null", r#"{"message":"a"}"#, r#"{"error":"a"}"#, r#"{"error":{"message":"a"}"#];
        for body in bodies {
            assert_eq!(message_of(body).await, None, "{body}");
        }
    }

    #[tokio::test]
    async fn control_characters_are_removed() {
        assert_eq!(message(r#""a\u001b[31mb\r\nc\u0085d\u007f""#).await.as_deref(), Some("a[31mbcd"));
    }

    #[tokio::test]
    async fn a_message_with_a_token_in_it_is_not_passed_on() {
        for text in ["bad old-secret", "new-secret", r"old\u002dsecret", r"new-\nsecret", r"\u0000new-secret"]
        {
            assert_eq!(message(&format!("\"{text}\"")).await, None, "{text}");
        }
        // The cut must not leave a part of one.
        let text = format!("\"{}old-secret\"", "x".repeat(MAX_MESSAGE_BYTES - 5));
        assert_eq!(message(&text).await, None);
    }

    #[tokio::test]
    async fn a_long_message_is_cut_at_1_kib_between_characters() {
        let cut = message(&format!("\"x{}\"", "ö".repeat(2000))).await.unwrap();
        assert_eq!(cut, format!("x{}", "ö".repeat(511)));
    }

    #[tokio::test]
    async fn a_body_beyond_64_kib_has_no_message() {
        let padding = " ".repeat(MAX_BODY_BYTES);
        assert_eq!(message_of(format!(r#"{{"error":{{"message":"a"}}}}{padding}"#)).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_end_has_no_message_after_a_second() {
        struct Endless;
        impl Body for Endless {
            async fn chunk(&mut self) -> Result<Option<Bytes>, http::Error> {
                tokio::time::sleep(Duration::from_millis(10)).await;
                Ok(Some(Bytes::from_static(b" ")))
            }
        }
        let begun = tokio::time::Instant::now();
        assert_eq!(server_message(Endless, [b"a", b"b"]).await, None);
        assert_eq!(begun.elapsed(), READ_WITHIN);
    }
}
