//! The chain that the entries of a log form by their `parentUuid`.

use std::collections::HashSet;

use super::{Sink, SinkError};
use crate::json::{EntryBatch, pick_fields, string};
use crate::report::{Diagnostic, Reporter, ReporterExt};

/// Maximum number of gaps that are told one by one, in debug lines.
const MAX_TOLD: usize = 20;

/// The two uuids of an entry, which join it to the entry before it.
#[derive(Default)]
struct Link {
    uuid: Option<String>,
    parent: Option<String>,
}

/// Looks, where that is wanted, for entries whose parent stands nowhere in the log: a resume, which follows the chain
/// from its end, misses what is before such a gap.
pub(super) struct CheckedChain<S> {
    sink: S,
    /// `None` where nobody wants to know.
    links: Option<Vec<Link>>,
}

impl<S> CheckedChain<S> {
    pub(super) fn new(sink: S, wanted: bool) -> Self {
        Self { sink, links: wanted.then(Vec::new) }
    }

    /// Reports the gaps of a log that was read whole, if there are any.
    pub(super) fn report(&self, reporter: &dyn Reporter) {
        let Some(links) = &self.links else { return };
        let known: HashSet<&str> = links.iter().filter_map(|link| link.uuid.as_deref()).collect();
        let mut gaps = 0;
        for Link { uuid, parent } in links {
            let Some(parent) = parent.as_deref().filter(|parent| !known.contains(parent)) else { continue };
            gaps += 1;
            if gaps <= MAX_TOLD {
                let uuid = uuid.as_deref().unwrap_or("without a uuid");
                reporter.debug(|| format!("Entry {uuid}: its parent {parent} is not in the log"));
            }
        }
        if gaps > 0 {
            reporter.diagnostic(Diagnostic::GetChainGap { gaps });
        }
    }
}

impl<S: Sink> Sink for CheckedChain<S> {
    async fn accept(&mut self, batch: EntryBatch) -> Result<(), SinkError> {
        if let Some(links) = &mut self.links {
            links.extend(batch.entries().map(link));
        }
        self.sink.accept(batch).await
    }

    async fn truncate(&mut self, entries: usize) -> Result<(), SinkError> {
        if let Some(links) = &mut self.links {
            links.truncate(entries);
        }
        self.sink.truncate(entries).await
    }

    async fn complete(&mut self) -> Result<(), SinkError> {
        self.sink.complete().await
    }

    fn received(&mut self, bytes: usize) {
        self.sink.received(bytes);
    }

    fn page_read(&mut self) {
        self.sink.page_read();
    }
}

/// The two uuids of an entry; what is no object has none.
fn link(entry: &[u8]) -> Link {
    let text = String::from_utf8_lossy(entry);
    let Some([uuid, parent]) = pick_fields(&text, ["uuid", "parentUuid"]) else { return Link::default() };
    Link { uuid: uuid.and_then(string), parent: parent.and_then(string) }
}
