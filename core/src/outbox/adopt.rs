//! Files whose owners have ended.

use std::sync::Arc;

use super::directory::Opened;
use super::files::SpoolFile;
use super::name::{Name, session_checksum};
use super::open_file::OpenFile;
use super::record::Origin;
use super::scan::{End, Meaning, Scanned, scan};
use super::spool::Spool;
use super::writer::OutboxCore;
use super::{Event, OutboxOptions};

/// An entry that another owner left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdoptedEntry {
    pub seq: u64,
    /// The head of the session when it was appended; empty where there was none.
    pub from: Vec<u8>,
    pub uuid: Vec<u8>,
    /// The length of its JSON, in bytes.
    pub bytes: usize,
}

/// A file that is ours now.
pub struct Adopted {
    pub spool: Arc<Spool>,
    pub origin: Origin,
    /// What was not delivered, in order.
    pub entries: Vec<AdoptedEntry>,
    /// The uuid of the entry that was delivered last.
    pub last_delivered: Option<Vec<u8>>,
}

/// What a look at the folder found.
#[derive(Default)]
pub struct Look {
    /// In the order in which they were made.
    pub adopted: Vec<Adopted>,
    /// Files that may be of the session, whose owners live.
    pub held: usize,
    /// Files that were left where they are, because `wanted` said so.
    pub left: Vec<Origin>,
}

/// Adopts the orphans that are `wanted`, of one session or of all.
pub(super) fn adopt(
    core: &Arc<OutboxCore>,
    options: &OutboxOptions,
    session_id: Option<&str>,
    wanted: &dyn Fn(&Origin) -> bool,
) -> Look {
    let mut look = Look::default();
    // A folder is made for what is kept, and for no look.
    if !core.directory.is_there() || core.prepare().is_err() {
        return look;
    }
    let Ok(names) = core.directory.list() else { return look };
    let checksum = session_id.map(session_checksum);
    let own: Vec<_> = core.spools().iter().filter_map(|spool| spool.file_name()).collect();
    for (name, _) in names {
        if checksum.is_some_and(|checksum| checksum != name.session) || own.contains(&name) {
            continue;
        }
        match core.directory.open(name) {
            Ok(Opened::Locked(file)) => {
                let wanted = |origin: &Origin| {
                    session_id.is_none_or(|session_id| session_id == origin.session_id) && wanted(origin)
                };
                take(core, options, (name, file), &wanted, &mut look);
            }
            Ok(Opened::Held) => look.held += 1,
            Ok(Opened::Gone) => {}
            Err(error) => {
                core.report(Event::Unavailable { code: super::code::code(&error) });
                return look;
            }
        }
    }
    look
}

fn take(
    core: &Arc<OutboxCore>,
    options: &OutboxOptions,
    (name, file): (Name, Box<dyn SpoolFile>),
    wanted: &dyn Fn(&Origin) -> bool,
    look: &mut Look,
) {
    let directory = &core.directory;
    let meaning = match scan(&*file) {
        Ok(Scanned::Known(meaning)) => meaning,
        Ok(Scanned::Empty) => return directory.remove(name, file),
        Ok(Scanned::Unreadable(bytes)) => {
            core.report(Event::Corrupt { bytes });
            return directory.quarantine(name);
        }
        // A newer version of the package takes it.
        Ok(Scanned::Foreign) | Err(_) => return,
    };
    let Some(origin) = meaning.origin.clone() else { return directory.remove(name, file) };
    let corrupt = if let End::Corrupt(bytes) = meaning.end { Some(bytes) } else { None };
    if meaning.pending.is_empty() && corrupt.is_none() {
        return directory.remove(name, file);
    }
    if !wanted(&origin) {
        if is_expired(core, options, name) && !meaning.pending.is_empty() {
            core.report(Event::Expired { entries: meaning.pending.len() });
            directory.bury(name);
            return;
        }
        look.left.push(origin);
        return;
    }
    if let Some(bytes) = corrupt {
        core.report(Event::Corrupt { bytes });
        if meaning.pending.is_empty() {
            return directory.quarantine(name);
        }
    }
    let entries = meaning.pending.iter().map(|entry| AdoptedEntry {
        seq: entry.place.seq,
        from: entry.from.clone(),
        uuid: entry.uuid.clone(),
        bytes: entry.bytes,
    });
    let entries = entries.collect();
    let last_delivered = meaning.last_delivered.clone();
    let last_seq = meaning.last_seq;
    if let Some(open) = open(name, file, &meaning, corrupt.is_some()) {
        let spool = Spool::adopted(Arc::clone(core), open, last_seq);
        look.adopted.push(Adopted { spool, origin, entries, last_delivered });
    }
}

fn open(name: Name, file: Box<dyn SpoolFile>, meaning: &Meaning, is_corrupt: bool) -> Option<OpenFile> {
    OpenFile::adopt(name, file, meaning, is_corrupt)
}

/// Whether a file is older than the host wants to keep trying. A clock that stands before it says nothing.
pub(super) fn is_expired(core: &OutboxCore, options: &OutboxOptions, name: Name) -> bool {
    let age = core.directory.files.now().saturating_sub(name.created);
    options.max_age.is_some_and(|max_age| u128::from(age) > max_age.as_millis())
}
