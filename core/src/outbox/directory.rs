//! The folder of an outbox: which files in it are ours, who may use it, and who owns a file.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::code::{UNSAFE, code};
use super::files::{Files, Listed, SpoolFile, Standing};
use super::name::{NEW, Name};

/// The folder of this version of the format: another one gets its own, and leaves this alone.
const VERSION_FOLDER: &str = "v1";
const QUARANTINE: &str = "quarantine";
const DEAD: &str = "dead";
/// The number of the user who may do anything, where users have numbers.
const ADMINISTRATOR: Option<u32> = Some(0);
/// For how long what cannot be delivered is kept.
const KEPT_MS: u64 = 30 * 24 * 60 * 60 * 1000;
/// How much of what cannot be read is kept.
const MAX_QUARANTINE_BYTES: u64 = 64 * 1024 * 1024;

/// The reason for which there is no outbox: a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unavailable(pub(super) &'static str);

impl From<io::Error> for Unavailable {
    fn from(error: io::Error) -> Self {
        Self(code(&error))
    }
}

/// A spool file that somebody may own.
pub(super) enum Opened {
    /// It is ours now.
    Locked(Box<dyn SpoolFile>),
    /// Another owner lives.
    Held,
    /// It is not there any more, or is none of ours.
    Gone,
}

pub(super) struct Directory {
    root: PathBuf,
    pub(super) files: Arc<dyn Files>,
}

impl Directory {
    pub(super) fn new(root: PathBuf, files: Arc<dyn Files>) -> Self {
        Self { root, files }
    }

    fn folder(&self) -> PathBuf {
        self.root.join(VERSION_FOLDER)
    }

    fn path(&self, name: Name) -> PathBuf {
        self.folder().join(name.spool())
    }

    pub(super) fn is_there(&self) -> bool {
        self.files.folder(&self.folder()).is_ok()
    }

    /// Makes the folder.
    pub(super) fn make(&self) -> Result<(), Unavailable> {
        Ok(self.files.make_folder(&self.folder())?)
    }

    /// Who makes files here. As the files of others are read before one of our own is made, one is made and removed.
    pub(super) fn user(&self, random: u64) -> Result<Option<u32>, Unavailable> {
        let name = Name::new("", self.files.now(), random as u32);
        let path = self.folder().join(name.unfinished());
        let standing = self.files.create(&path)?.standing();
        self.files.remove(&path).ok();
        Ok(standing?.owner)
    }

    /// Refuses a folder in which another user could have planted an entry or a link: it would be sent with this user's
    /// token. Removes what is too old to be kept.
    pub(super) fn prepare(&self, user: Option<u32>) -> Result<(), Unavailable> {
        // The user may have put a link in the place of the folder, or the system's administrator may have.
        let owner_of_link = self.files.folder(&self.root)?.owner;
        let is_own = |owner| owner == user;
        let is_safe = |folder: Standing| folder.is_plain && !folder.is_open_to_others && is_own(folder.owner);
        if !(is_own(owner_of_link) || owner_of_link == ADMINISTRATOR)
            || !is_safe(self.files.folder_behind(&self.root)?)
            || !is_safe(self.files.folder(&self.folder())?)
        {
            return Err(Unavailable(UNSAFE));
        }
        for folder in [QUARANTINE, DEAD] {
            self.tidy(&self.root.join(VERSION_FOLDER).join(folder));
        }
        Ok(())
    }

    /// Makes a file that `begin` writes the beginning of. Whoever sees its name sees a file that is whole and locked, or
    /// an orphan.
    pub(super) fn create(&self, name: Name, beginning: &[u8]) -> Result<Box<dyn SpoolFile>, Unavailable> {
        let unfinished = self.folder().join(name.unfinished());
        let file = self.files.create(&unfinished)?;
        let made = self.begin(file, &unfinished, name, beginning);
        if made.is_err() {
            self.files.remove(&unfinished).ok();
        }
        made
    }

    fn begin(
        &self,
        mut file: Box<dyn SpoolFile>,
        unfinished: &Path,
        name: Name,
        beginning: &[u8],
    ) -> Result<Box<dyn SpoolFile>, Unavailable> {
        let standing = file.standing()?;
        // The folder may be another one by now.
        let (root, folder) = (self.files.folder_behind(&self.root)?, self.files.folder(&self.folder())?);
        if root.owner != standing.owner || folder.owner != standing.owner {
            return Err(Unavailable(UNSAFE));
        }
        if !file.try_lock()? {
            return Err(Unavailable("EBUSY"));
        }
        file.write_at(beginning, 0)?;
        self.files.rename(unfinished, &self.path(name))?;
        Ok(file)
    }

    /// The spool files, oldest first, with their lengths. Removes the leftovers of files that were being made when their
    /// process ended.
    pub(super) fn list(&self) -> io::Result<Vec<(Name, u64)>> {
        let listed = match self.files.list(&self.folder()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            listed => listed?,
        };
        let unfinished = listed.iter().filter(|file| file.name.ends_with(NEW));
        unfinished.for_each(|file| self.remove_unfinished(&file.name));
        let named = |Listed { name, bytes }| Some((Name::parse(&name)?, bytes));
        let mut names: Vec<_> = listed.into_iter().filter_map(named).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Its owner may have renamed it meanwhile: so it is removed by the name alone, and never cut.
    fn remove_unfinished(&self, name: &str) {
        let Some(_) = Name::parse_unfinished(name) else { return };
        let path = self.folder().join(name);
        if let Ok(file) = self.files.open(&path)
            && file.try_lock().unwrap_or(false)
        {
            self.files.remove(&path).ok();
        }
    }

    /// Bytes of all files under the folder.
    pub(super) fn bytes(&self) -> u64 {
        let of = |folder: PathBuf| {
            let listed = self.files.list(&folder).unwrap_or_default();
            listed.iter().map(|file| file.bytes).sum::<u64>()
        };
        of(self.folder()) + of(self.dead()) + of(self.quarantine_folder())
    }

    /// Takes the lock of a file. An error where there are no locks here.
    pub(super) fn open(&self, name: Name) -> io::Result<Opened> {
        self.open_at(&self.path(name))
    }

    fn open_at(&self, path: &Path) -> io::Result<Opened> {
        // What cannot be opened is passed over: another's file costs nothing but itself.
        let Ok(mut file) = self.files.open(path) else { return Ok(Opened::Gone) };
        if !file.try_lock()? {
            return Ok(Opened::Held);
        }
        let standing = file.standing()?;
        let owner = self.files.folder(&self.folder())?.owner;
        if !standing.is_plain || standing.owner != owner {
            return Ok(Opened::Gone);
        }
        if file.size()? == 0 {
            // Its last owner emptied it to remove it, or has removed it: there may be a new file by this name.
            file.set_len(0).ok();
            self.files.remove(path).ok();
            return Ok(Opened::Gone);
        }
        Ok(Opened::Locked(file))
    }

    /// Opens a file to look at it, without its lock.
    pub(super) fn peek(&self, name: Name) -> Option<Box<dyn SpoolFile>> {
        self.files.open(&self.path(name)).ok()
    }

    /// Removes a file that we own: emptied first, so that whoever has opened it meanwhile finds nothing in it.
    pub(super) fn remove(&self, name: Name, mut file: Box<dyn SpoolFile>) {
        if file.set_len(0).is_ok() {
            self.files.remove(&self.path(name)).ok();
        }
    }

    /// Moves a file that we own, and that cannot be read, out of the way.
    pub(super) fn quarantine(&self, name: Name) {
        self.move_to(&self.quarantine_folder(), name);
    }

    /// Moves a file that we own to those that are not delivered any more.
    pub(super) fn bury(&self, name: Name) {
        self.move_to(&self.dead(), name);
    }

    /// It is kept from now on, and so gets a name of now.
    fn move_to(&self, folder: &Path, name: Name) {
        let moved_name = Name { created: self.files.now(), ..name };
        let moved = self
            .files
            .make_folder(folder)
            .and_then(|()| self.files.rename(&self.path(name), &folder.join(moved_name.spool())));
        // It is looked at again with the next listing.
        moved.ok();
    }

    /// Writes a file of dead letters.
    pub(super) fn write_dead(&self, name: Name, bytes: &[u8]) -> io::Result<()> {
        let folder = self.dead();
        self.files.make_folder(&folder)?;
        self.files.create(&folder.join(name.spool()))?.write_at(bytes, 0)
    }

    fn dead(&self) -> PathBuf {
        self.folder().join(DEAD)
    }

    fn quarantine_folder(&self) -> PathBuf {
        self.folder().join(QUARANTINE)
    }

    /// The files that are not delivered any more, oldest first.
    pub(super) fn dead_letters(&self) -> Vec<Name> {
        let listed = self.files.list(&self.dead()).unwrap_or_default();
        let mut names: Vec<_> = listed.iter().filter_map(|file| Name::parse(&file.name)).collect();
        names.sort_unstable();
        names
    }

    /// Opens a dead letter under its lock.
    pub(super) fn open_dead(&self, name: Name) -> Option<Box<dyn SpoolFile>> {
        let file = self.files.open(&self.dead().join(name.spool())).ok()?;
        file.try_lock().ok()?.then_some(file)
    }

    pub(super) fn remove_dead(&self, name: Name) -> io::Result<()> {
        self.files.remove(&self.dead().join(name.spool()))
    }

    /// Moves a dead letter back to what is delivered.
    pub(super) fn requeue(&self, name: Name) -> io::Result<()> {
        self.files.rename(&self.dead().join(name.spool()), &self.path(name))
    }

    /// Removes what cannot be read of all sessions.
    pub(super) fn remove_quarantine(&self) {
        let folder = self.quarantine_folder();
        for file in self.files.list(&folder).unwrap_or_default() {
            if Name::parse(&file.name).is_some() {
                self.files.remove(&folder.join(file.name)).ok();
            }
        }
    }

    /// Makes sure that the names in the folder survive a loss of power. A folder that cannot be synced is no failure.
    pub(super) fn sync(&self) {
        self.files.sync_folder(&self.folder()).ok();
    }

    /// Removes the oldest files of a folder where they are too old, or too much.
    fn tidy(&self, folder: &Path) {
        let Ok(listed) = self.files.list(folder) else { return };
        let mut names: Vec<_> =
            listed.into_iter().filter_map(|file| Some((Name::parse(&file.name)?, file.bytes))).collect();
        names.sort_unstable_by(|a, b| b.cmp(a));
        let is_quarantine = folder.ends_with(QUARANTINE);
        let (now, mut kept) = (self.files.now(), 0);
        for (name, bytes) in names {
            kept += bytes;
            let is_old = name.created.saturating_add(KEPT_MS) < now;
            if is_old || is_quarantine && kept > MAX_QUARANTINE_BYTES {
                self.files.remove(&folder.join(name.spool())).ok();
            }
        }
    }
}
