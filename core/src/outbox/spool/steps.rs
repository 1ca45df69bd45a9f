//! What a spool does with its file: it writes, syncs, empties and removes it, each when that is due.

use std::time::Duration;

use tokio::time::Instant;

use super::{Due, Spool};
use crate::outbox::code::{code, is_unsupported};
use crate::outbox::directory::Unavailable;
use crate::outbox::name::Name;
use crate::outbox::open_file::{Batch, OpenFile};
use crate::outbox::writer::Writable;

/// After so long without another delivery, a file whose entries are all delivered is emptied.
const EMPTIED_AFTER: Duration = Duration::from_millis(100);
/// After so long without an entry, it is closed and removed.
const CLOSED_AFTER: Duration = Duration::from_secs(10);
/// After so long, a write that failed is tried again.
const WRITTEN_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// After so long, a file that could not be synced or written anew is synced again.
const SYNCED_AGAIN_AFTER: Duration = Duration::from_secs(60);

impl Writable for Spool {
    fn wants_step(&self, now: Instant) -> bool {
        let queue = self.queue();
        if queue.ended || queue.due.earliest().is_some_and(|due| due <= now) {
            return true;
        }
        let may_write = queue.due.write.is_none();
        may_write && (!queue.entries.is_empty() || !queue.removed.is_empty())
    }

    fn due(&self) -> Option<Instant> {
        self.queue().due.earliest()
    }

    fn step(&self, now: Instant) -> bool {
        let mut file = self.file();
        self.write(&mut file, now);
        self.sync(&mut file, now);
        self.empty(&mut file, now);
        self.recover(file.as_ref());
        let mut queue = self.queue();
        let ends = queue.ended;
        let mut fails_no_more = false;
        if ends {
            queue.due = Due::default();
            fails_no_more = std::mem::take(&mut queue.is_failing);
        }
        drop(queue);
        if fails_no_more {
            self.core.is_failing(None);
        }
        if ends && let Some(file) = file.take() {
            file.end(&self.core.directory);
        }
        drop(file);
        self.stepped.notify_waiters();
        !ends
    }

    fn abandon(&self) {
        self.queue().ended = true;
        self.stepped.notify_waiters();
    }

    fn write_before(&self, until: Instant) {
        loop {
            if let Ok(mut file) = self.file.try_lock() {
                self.queue().due.write = None;
                self.write(&mut file, Instant::now());
                // Nothing is left behind that is delivered.
                if file.as_ref().is_some_and(OpenFile::is_done)
                    && let Some(file) = file.take()
                {
                    file.end(&self.core.directory);
                }
                if self.queue().entries.is_empty() {
                    return;
                }
            }
            if Instant::now() >= until {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn end_now(&self) {
        let file = self.file().take();
        if let Some(file) = file {
            file.end(&self.core.directory);
        }
    }

    fn file_name(&self) -> Option<Name> {
        self.file().as_ref().map(OpenFile::name)
    }

    #[cfg(test)]
    fn progress(&self) -> (u64, u64) {
        let queue = self.queue();
        (queue.written, queue.synced)
    }
}

impl Spool {
    fn write(&self, file: &mut Option<OpenFile>, now: Instant) {
        let (batch, url) = {
            let mut queue = self.queue();
            if queue.due.write.is_some_and(|due| due > now) && !queue.ended {
                return;
            }
            (queue.due.write, queue.due.acknowledge) = (None, None);
            let queued = queue.queued_bytes;
            self.no_longer_queued(&mut queue, queued);
            let batch = Batch {
                entries: std::mem::take(&mut queue.entries),
                delivered: queue.delivered.clone(),
                removed: std::mem::take(&mut queue.removed),
            };
            queue.acknowledge = false;
            (batch, queue.url.clone())
        };
        let Some(last) = batch.entries.back().map(|entry| entry.seq) else {
            // Nothing new: the file, if any, only learns what is delivered.
            if let Some(file) = file {
                self.acknowledge(file, batch, &url, now);
            }
            return;
        };
        match self.write_entries(file, &batch, &url) {
            Ok(()) => self.written(last, now),
            Err(Unavailable(code)) => self.failed(batch, code, now),
        }
    }

    fn write_entries(
        &self,
        slot: &mut Option<OpenFile>,
        batch: &Batch,
        url: &str,
    ) -> Result<(), Unavailable> {
        let file = match slot {
            Some(file) => file,
            None => slot.insert(self.core.create(&self.session_id, url)?),
        };
        let before = file.bytes();
        file.write(batch, url)?;
        self.core.grew(before, file.bytes());
        Ok(())
    }

    fn written(&self, last: u64, now: Instant) {
        let mut queue = self.queue();
        queue.written = last;
        (queue.due.empty, queue.due.close) = (None, None);
        queue.due.sync.get_or_insert(now + self.core.sync_after);
        if std::mem::replace(&mut queue.is_failing, false) {
            self.core.is_failing(None);
        }
    }

    /// Gives a batch back that could not be written. Nothing later is written before it.
    fn failed(&self, batch: Batch, code: &'static str, now: Instant) {
        let mut queue = self.queue();
        let Batch { entries, mut removed, .. } = batch;
        let delivered = queue.delivered.as_ref().map_or(0, |(seq, _)| *seq);
        for entry in entries.into_iter().rev().filter(|entry| entry.seq > delivered) {
            self.queued(&mut queue, entry.bytes());
            queue.entries.push_front(entry);
        }
        removed.append(&mut queue.removed);
        // What is delivered by then is written with it.
        (queue.removed, queue.acknowledge) = (removed, queue.written > 0);
        (queue.due.write, queue.due.acknowledge) = (Some(now + WRITTEN_AGAIN_AFTER), None);
        // What was delivered during the write need not be written any more.
        let fails = !queue.entries.is_empty() || !queue.removed.is_empty() || delivered < queue.written;
        let failed = std::mem::replace(&mut queue.is_failing, fails);
        drop(queue);
        if fails || failed {
            self.core.is_failing(fails.then_some(code));
        }
    }

    fn acknowledge(&self, file: &mut OpenFile, batch: Batch, url: &str, now: Instant) {
        let before = file.bytes();
        // A file whose entries are all delivered is emptied, which says the same.
        if let Some((through, _)) = &batch.delivered
            && batch.removed.is_empty()
        {
            let mut left = file.pending().0;
            left -= file.count_through(*through).min(left);
            if left == 0 {
                file.drop_through(*through);
            }
        }
        if !file.is_done()
            && let Err(error) = file.write(&batch, url)
        {
            self.failed(batch, code(&error), now);
            return;
        }
        self.core.grew(before, file.bytes());
    }

    /// Ends a time of failing of which nothing is left to write: another failure is a new one.
    fn recover(&self, file: Option<&OpenFile>) {
        let mut queue = self.queue();
        if queue.is_failing && queue.entries.is_empty() && file.is_none_or(OpenFile::is_done) {
            queue.is_failing = false;
            drop(queue);
            self.core.is_failing(None);
        }
    }

    fn sync(&self, slot: &mut Option<OpenFile>, now: Instant) {
        let Some(file) = slot else { return };
        let (through, delivered) = {
            let mut queue = self.queue();
            if queue.due.sync.is_none_or(|due| due > now) || queue.due.write.is_some() {
                return;
            }
            queue.due.sync = None;
            (queue.written, queue.delivered.clone())
        };
        if file.is_done() {
            self.queue().synced = through;
            return;
        }
        let synced = if file.wants_compaction() {
            file.rewrite(&self.core.directory, delivered, self.core.random())
        } else if self.core.can_sync() {
            match file.sync() {
                Err(error) if is_unsupported(&error) => {
                    self.core.cannot_sync(code(&error));
                    Ok(())
                }
                // It is never tried again on the same file: its pages may be marked as written.
                Err(_) => file.rewrite(&self.core.directory, delivered, self.core.random()),
                Ok(()) => Ok(()),
            }
        } else {
            Ok(())
        };
        let mut queue = self.queue();
        match synced {
            Ok(()) => queue.synced = through,
            Err(error) => {
                queue.due.sync = Some(now + SYNCED_AGAIN_AFTER);
                queue.is_failing = true;
                drop(queue);
                self.core.is_failing(Some(code(&error)));
            }
        }
    }

    /// Empties a file whose entries are all delivered, and in the end removes it.
    fn empty(&self, slot: &mut Option<OpenFile>, now: Instant) {
        let Some(file) = slot else { return };
        let mut queue = self.queue();
        if !file.is_done() || !queue.entries.is_empty() {
            (queue.due.empty, queue.due.close) = (None, None);
            return;
        }
        if file.is_corrupt() {
            drop(queue);
            if let Some(file) = slot.take() {
                file.end(&self.core.directory);
            }
            return;
        }
        if !file.is_empty() {
            let due = *queue.due.empty.get_or_insert(now + EMPTIED_AFTER);
            if due <= now {
                queue.due.empty = None;
                drop(queue);
                let before = file.bytes();
                if file.empty().is_ok() {
                    self.core.grew(before, file.bytes());
                    self.queue().due.close = Some(now + CLOSED_AFTER);
                }
            }
            return;
        }
        let due = *queue.due.close.get_or_insert(now + CLOSED_AFTER);
        if due <= now {
            queue.due = Due::default();
            drop(queue);
            if let Some(file) = slot.take() {
                self.core.grew(file.bytes(), 0);
                file.end(&self.core.directory);
            }
        }
    }
}
