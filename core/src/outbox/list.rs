//! What waits in an outbox, and giving it up.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::directory::Opened;
use super::files::SpoolFile;
use super::name::{Name, session_checksum};
use super::record::Encoder;
use super::scan::{Meaning, Scanned, scan};
use super::writer::{OutboxCore, name_of_now};
use super::{Origin, Outbox};
use crate::outbox::record::preamble;

/// Where the entries of a session are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whereabouts {
    /// Another owner lives.
    Elsewhere,
    /// Nobody delivers them now.
    Waiting,
    /// They are not delivered any more: the server refuses them, or they became too old.
    Dead,
}

/// What the files of a session hold, but for those of this instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSession {
    /// `None` where another owner keeps the file from being read, as on Windows.
    pub origin: Option<Origin>,
    /// How many are not delivered; `None` as above.
    pub entries: Option<usize>,
    /// Bytes of the files.
    pub bytes: u64,
    /// When the oldest file was made, in milliseconds since 1970.
    pub since: u64,
    pub whereabouts: Whereabouts,
}

/// What was given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Discarded {
    /// Entries that are in no file any more.
    pub entries: usize,
    /// Files that stay, because another owner has them.
    pub held: usize,
}

impl Outbox {
    /// Lists the files of others, and those that nobody has.
    pub async fn list(&self) -> Vec<ListedSession> {
        let core = Arc::clone(&self.core);
        tokio::task::spawn_blocking(move || list(&core)).await.unwrap_or_default()
    }

    /// Removes what nobody delivers of a session, or of all, dead letters included.
    pub async fn discard(&self, session_id: Option<String>) -> Discarded {
        let core = Arc::clone(&self.core);
        let discard = move || discard(&core, session_id.as_deref());
        tokio::task::spawn_blocking(discard).await.unwrap_or_default()
    }

    /// Has the dead letters of a session tried again by whoever looks next; how many entries they are.
    pub async fn requeue(&self, session_id: String) -> usize {
        let core = Arc::clone(&self.core);
        tokio::task::spawn_blocking(move || requeue(&core, &session_id)).await.unwrap_or_default()
    }

    /// Keeps an entry that the server refuses for what it is apart from those that are tried again.
    pub async fn bury(&self, origin: Origin, uuid: Vec<u8>, body: bytes::Bytes) -> std::io::Result<()> {
        let core = Arc::clone(&self.core);
        let bury = move || {
            let name = name_of_now(&core, &origin.session_id);
            let (start, crc) = preamble(core.random());
            let mut encoder = Encoder::after(crc);
            encoder.open(&Origin { created: name.created, ..origin });
            encoder.entry(1, &[], &uuid, &body);
            core.directory.write_dead(name, &[&start[..], &encoder.bytes].concat())
        };
        tokio::task::spawn_blocking(bury).await.map_err(std::io::Error::other)?
    }
}

fn list(core: &Arc<OutboxCore>) -> Vec<ListedSession> {
    let own: Vec<_> = core.spools().iter().filter_map(|spool| spool.file_name()).collect();
    let mut found = Vec::new();
    for (name, bytes) in core.directory.list().unwrap_or_default() {
        if own.contains(&name) {
            continue;
        }
        let (whereabouts, meaning) = match core.directory.open(name) {
            Ok(Opened::Locked(file)) => (Whereabouts::Waiting, meaning(&*file)),
            Ok(Opened::Held) => {
                (Whereabouts::Elsewhere, core.directory.peek(name).and_then(|file| meaning(&*file)))
            }
            Ok(Opened::Gone) | Err(_) => continue,
        };
        found.push((name, bytes, whereabouts, meaning));
    }
    for name in core.directory.dead_letters() {
        if let Some(file) = core.directory.open_dead(name) {
            let bytes = file.size().unwrap_or(0);
            found.push((name, bytes, Whereabouts::Dead, meaning(&*file)));
        }
    }
    merge(found)
}

fn meaning(file: &dyn SpoolFile) -> Option<Meaning> {
    match scan(file) {
        Ok(Scanned::Known(meaning)) => Some(meaning),
        _ => None,
    }
}

/// One for each session and whereabouts, in the order of their oldest files.
fn merge(found: Vec<(Name, u64, Whereabouts, Option<Meaning>)>) -> Vec<ListedSession> {
    let mut sessions = BTreeMap::<_, ListedSession>::new();
    for (name, bytes, whereabouts, meaning) in found {
        let entries = meaning.as_ref().map(|meaning| meaning.pending.len());
        if entries == Some(0) {
            continue;
        }
        let origin = meaning.and_then(|meaning| meaning.origin);
        let key = (name.session, origin.as_ref().map(|origin| origin.session_id.clone()), whereabouts);
        let session = sessions.entry(key).or_insert_with(|| ListedSession {
            origin,
            entries: Some(0),
            bytes: 0,
            since: name.created,
            whereabouts,
        });
        session.entries = session.entries.zip(entries).map(|(a, b)| a + b);
        session.bytes += bytes;
        session.since = session.since.min(name.created);
    }
    let mut sessions: Vec<_> = sessions.into_values().collect();
    sessions.sort_by_key(|session| session.since);
    sessions
}

fn discard(core: &Arc<OutboxCore>, session_id: Option<&str>) -> Discarded {
    let mut discarded = Discarded::default();
    let is_of = |origin: &Option<Origin>| {
        session_id.is_none_or(|id| origin.as_ref().is_some_and(|origin| origin.session_id == id))
    };
    let checksum = session_id.map(session_checksum);
    let may_be = |name: &Name| checksum.is_none_or(|checksum| checksum == name.session);
    let own: Vec<_> = core.spools().iter().filter_map(|spool| spool.file_name()).collect();
    for (name, _) in core.directory.list().unwrap_or_default() {
        if own.contains(&name) || !may_be(&name) {
            continue;
        }
        match core.directory.open(name) {
            Ok(Opened::Locked(file)) => {
                let meaning = meaning(&*file);
                if is_of(&meaning.as_ref().and_then(|meaning| meaning.origin.clone())) {
                    discarded.entries += meaning.map_or(0, |meaning| meaning.pending.len());
                    core.directory.remove(name, file);
                }
            }
            Ok(Opened::Held) => discarded.held += 1,
            Ok(Opened::Gone) | Err(_) => {}
        }
    }
    for name in core.directory.dead_letters().into_iter().filter(may_be) {
        let Some(file) = core.directory.open_dead(name) else { continue };
        let meaning = meaning(&*file);
        if is_of(&meaning.as_ref().and_then(|meaning| meaning.origin.clone()))
            && core.directory.remove_dead(name).is_ok()
        {
            discarded.entries += meaning.map_or(0, |meaning| meaning.pending.len());
        }
    }
    if session_id.is_none() {
        core.directory.remove_quarantine();
    }
    core.directory.sync();
    discarded
}

fn requeue(core: &Arc<OutboxCore>, session_id: &str) -> usize {
    let mut entries = 0;
    for name in core.directory.dead_letters() {
        let Some(file) = core.directory.open_dead(name) else { continue };
        if let Some(meaning) = meaning(&*file)
            && meaning.origin.is_some_and(|origin| origin.session_id == session_id)
            && core.directory.requeue(name).is_ok()
        {
            entries += meaning.pending.len();
        }
    }
    core.directory.sync();
    entries
}
