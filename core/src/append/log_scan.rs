//! Searches a log for an entry by the uuids that pass.

use crate::json::{Elements, FieldScanner};
use crate::protocol::EntryUuid;

/// Looks for an entry by the uuids that pass. It keeps what it has seen, and no entry.
pub(super) struct LogScan {
    own: EntryUuid,
    named: Option<EntryUuid>,
    uuid: FieldScanner,
    /// The entry itself is in the log.
    pub(super) has_own: bool,
    /// So is the entry that the conflict named.
    pub(super) has_named: bool,
    /// There is any entry at all.
    pub(super) has_entries: bool,
    /// The last uuid in the log; entries without one are passed over.
    pub(super) last: Option<EntryUuid>,
}

impl LogScan {
    pub(super) fn new(own: EntryUuid, named: Option<EntryUuid>) -> Self {
        let uuid = FieldScanner::new("uuid");
        Self { own, named, uuid, has_own: false, has_named: false, has_entries: false, last: None }
    }
}

impl Elements for LogScan {
    /// Flat for any log. A server's own text around its entries is a few bytes.
    const MAX_ENVELOPE_BYTES: usize = 1024 * 1024;

    fn begin(&mut self) {
        self.has_entries = true;
    }

    fn extend(&mut self, text: &[u8]) {
        self.uuid.push(text);
    }

    fn end(&mut self) {
        if let Some(uuid) = self.uuid.take().and_then(EntryUuid::new) {
            self.has_own |= uuid == self.own;
            self.has_named |= self.named.as_ref() == Some(&uuid);
            self.last = Some(uuid);
        }
    }

    fn start_over(&mut self) {
        (self.has_own, self.has_named, self.has_entries, self.last) = (false, false, false, None);
    }

    fn refuse(&mut self) {
        self.uuid.take();
        self.start_over();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::ArraySplitter;
    use crate::testing::fuzz::{chunks, fuzz};
    use crate::testing::log_body::body;
    use crate::testing::reference::{Object, decode, elements, text};

    fn uuid(text: &str) -> EntryUuid {
        EntryUuid::new(text).unwrap()
    }

    fn scan(chunks: &[&[u8]], own: &str, named: &str) -> Option<LogScan> {
        let scan = LogScan::new(uuid(own), Some(uuid(named)));
        let mut splitter = ArraySplitter::into_elements("loglines", scan);
        chunks.iter().for_each(|chunk| splitter.push(chunk));
        splitter.finish_elements().map(|(_, scan)| scan)
    }

    #[test]
    fn it_finds_what_parsing_the_whole_log_finds() {
        fuzz("scan", |u| {
            let body = body(u, "loglines")?;
            let text = text(&body);
            let Some(entries) = Object::parse(&text).and_then(|log| elements(log.get("loglines")?)) else {
                return Ok(());
            };
            let uuids: Vec<_> = entries
                .iter()
                .filter_map(|entry| decode(Object::parse(entry)?.get("uuid")?))
                .filter_map(|units| EntryUuid::new(String::from_utf16_lossy(&units)))
                .collect();
            let (own, named) = (*u.choose(&["a", "a\u{fffd}", "0"])?, *u.choose(&["é", "\n"])?);
            let found = scan(&chunks(u, &body)?, own, named).expect("a valid log is not refused");
            assert_eq!(found.last.as_ref(), uuids.last(), "{text:?}");
            assert_eq!(found.has_own, uuids.contains(&uuid(own)), "{text:?}");
            assert_eq!(found.has_named, uuids.contains(&uuid(named)), "{text:?}");
            assert_eq!(found.has_entries, !entries.is_empty(), "{text:?}");
            Ok(())
        });
    }

    /// The most bytes that a search holds on to at any time.
    fn most_kept(body: impl Iterator<Item = Vec<u8>>) -> (usize, Option<LogScan>) {
        let scan = LogScan::new(uuid("own"), None);
        let mut splitter = ArraySplitter::into_elements("loglines", scan);
        let mut most = 0;
        for chunk in body {
            splitter.push(&chunk);
            most = most.max(splitter.kept_bytes() + splitter.elements().uuid.kept_bytes());
        }
        (most, splitter.finish_elements().map(|(_, scan)| scan))
    }

    /// `before`, then so many MiB of filling, then `after`.
    fn long(before: &str, (filling, mib): (&[u8], usize), after: &str) -> impl Iterator<Item = Vec<u8>> {
        let chunk = filling.repeat(1024 * 1024 / filling.len());
        let one = |text: &str| std::iter::once(text.as_bytes().to_vec());
        one(before).chain(std::iter::repeat_n(chunk, mib)).chain(one(after))
    }

    #[test]
    fn an_entry_of_200_mb_needs_no_more_memory_than_a_short_one() {
        let forms = [
            (r#"{"loglines":[{"text":""#, (&b"xxxx"[..], 200), r#"","uuid":"own"}]}"#),
            (r#"{"loglines":[{"uuid":"own"},{"uuid":""#, (&b"xxxx"[..], 20), r#""}]}"#),
            (r#"{"loglines":[{"uuid":"own"},{""#, (&b"xxxx"[..], 20), r#"":1}]}"#),
            (r#"{"loglines":[{"uuid":"own"}"#, (&br#",{"uuid":"other"}"#[..], 5), "]}"),
            (r#"{"loglines":[{"uuid":"own"},{"x":"#, (&b"[[[["[..], 5), ""),
        ];
        for (before, filling, after) in forms {
            let (most, scan) = most_kept(long(before, filling, after));
            assert!(most < 100 * 1024, "{most} bytes for {before}");
            assert_eq!(scan.is_some_and(|scan| scan.has_own), !after.is_empty(), "{before}");
        }
    }

    #[test]
    fn a_log_with_20_mb_around_its_entries_is_refused() {
        let (most, scan) = most_kept(long(r#"{"x":""#, (b"xxxx", 20), r#"","loglines":[{"uuid":"own"}]}"#));
        assert!(most < 8 * 1024 * 1024, "{most} bytes");
        assert!(scan.is_none());
    }
}
