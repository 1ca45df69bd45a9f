//! A disk in memory that stops, fails, or loses its power at any call.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::outbox::{Files, Listed, SpoolFile, Standing};

const PAGE: usize = 4096;

#[derive(Clone, Default)]
struct Inode {
    data: Vec<u8>,
    /// What a loss of power leaves for sure.
    synced: Vec<u8>,
    /// The process that has the lock, and its handle.
    lock: Option<(u32, u64)>,
    is_linked: bool,
}

#[derive(Default)]
pub(crate) struct World {
    names: BTreeMap<PathBuf, usize>,
    /// The names that a loss of power leaves for sure.
    synced_names: BTreeMap<PathBuf, usize>,
    inodes: Vec<Inode>,
    handles: u64,
    process: u32,
    /// Calls that change the disk, of the present process.
    calls: usize,
    /// The process ends at this call, half-way through a write where `halves` is set.
    ends_at: Option<usize>,
    halves: bool,
    /// The call that fails, and how.
    fails_at: Option<(usize, ErrorKind)>,
    pub(crate) now: u64,
}

/// The disk, as one process sees it.
#[derive(Clone)]
pub(crate) struct MemoryDisk {
    world: Arc<Mutex<World>>,
    process: u32,
}

struct Handle {
    disk: MemoryDisk,
    inode: usize,
    id: u64,
}

impl MemoryDisk {
    pub(crate) fn new() -> Self {
        Self { world: Arc::new(Mutex::new(World { now: 1_000_000, ..World::default() })), process: 0 }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn calls(&self) -> usize {
        self.world().calls
    }

    pub(crate) fn end_at(&self, call: usize, halves: bool) {
        let mut world = self.world();
        (world.ends_at, world.halves) = (Some(call), halves);
    }

    pub(crate) fn fail_at(&self, call: usize, kind: ErrorKind) {
        self.world().fails_at = Some((call, kind));
    }

    /// The process ends, and another one begins.
    pub(crate) fn next_process(&self) -> Self {
        let mut world = self.world();
        world.process += 1;
        let process = world.process;
        world.inodes.iter_mut().for_each(|inode| inode.lock = None);
        (world.calls, world.ends_at, world.fails_at) = (0, None, None);
        drop(world);
        Self { world: Arc::clone(&self.world), process }
    }

    /// The machine loses its power: of what was not synced, `keeps` decides page by page and name by name.
    pub(crate) fn lose_power(&self, mut keeps: impl FnMut() -> bool) {
        let mut world = self.world();
        let World { names, synced_names, inodes, .. } = &mut *world;
        let all: Vec<_> = names.keys().chain(synced_names.keys()).cloned().collect();
        for path in all {
            let (now, then) = (names.get(&path).copied(), synced_names.get(&path).copied());
            match if now == then || keeps() { now } else { then } {
                Some(inode) => names.insert(path, inode),
                None => names.remove(&path),
            };
        }
        for inode in inodes {
            if inode.data == inode.synced {
                continue;
            }
            let length = if keeps() { inode.data.len() } else { inode.synced.len() };
            let mut left = vec![0; length];
            for start in (0..length).step_by(PAGE) {
                let end = (start + PAGE).min(length);
                let source = if keeps() { &inode.data } else { &inode.synced };
                let page = source.get(start..end.min(source.len())).unwrap_or(&[]);
                left[start..start + page.len()].copy_from_slice(page);
            }
            inode.synced.clone_from(&left);
            inode.data = left;
        }
        let names = world.names.clone();
        world.synced_names = names;
    }

    /// The files whose names end so, with their bytes.
    pub(crate) fn files(&self, suffix: &str) -> Vec<(String, Vec<u8>)> {
        let world = self.world();
        let files = world.names.iter().filter(|(path, _)| path.to_string_lossy().ends_with(suffix));
        files.map(|(path, inode)| (path.display().to_string(), world.inodes[*inode].data.clone())).collect()
    }

    pub(crate) fn put(&self, path: &str, data: &[u8]) {
        let mut world = self.world();
        world.inodes.push(Inode { data: data.into(), synced: data.into(), lock: None, is_linked: true });
        let inode = world.inodes.len() - 1;
        world.names.insert(path.into(), inode);
        world.synced_names.insert(path.into(), inode);
    }

    /// Counts a call; an error where it is the one that fails, or where the process has ended.
    fn call(&self, world: &mut World) -> io::Result<()> {
        if world.process != self.process || world.ends_at.is_some_and(|at| world.calls >= at) {
            return Err(io::Error::other("this process has ended"));
        }
        let call = world.calls;
        world.calls += 1;
        match world.fails_at {
            Some((at, kind)) if at == call => Err(kind.into()),
            _ => Ok(()),
        }
    }

    fn changes<T>(&self, change: impl FnOnce(&mut World) -> io::Result<T>) -> io::Result<T> {
        let mut world = self.world();
        self.call(&mut world)?;
        change(&mut world)
    }

    fn handle(&self, world: &mut World, inode: usize) -> Box<dyn SpoolFile> {
        world.handles += 1;
        Box::new(Handle { disk: self.clone(), inode, id: world.handles })
    }
}

const PLAIN: Standing = Standing { owner: Some(1), is_open_to_others: false, is_plain: true };

impl Files for MemoryDisk {
    fn make_folder(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn folder(&self, _path: &Path) -> io::Result<Standing> {
        Ok(PLAIN)
    }

    fn folder_behind(&self, path: &Path) -> io::Result<Standing> {
        self.folder(path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn SpoolFile>> {
        self.changes(|world| {
            if world.names.contains_key(path) {
                return Err(ErrorKind::AlreadyExists.into());
            }
            world.inodes.push(Inode { is_linked: true, ..Inode::default() });
            let inode = world.inodes.len() - 1;
            world.names.insert(path.into(), inode);
            Ok(self.handle(world, inode))
        })
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SpoolFile>> {
        let mut world = self.world();
        let inode = *world.names.get(path).ok_or(ErrorKind::NotFound)?;
        Ok(self.handle(&mut world, inode))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.changes(|world| {
            let inode = world.names.remove(from).ok_or(ErrorKind::NotFound)?;
            world.names.insert(to.into(), inode);
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.changes(|world| {
            let inode = world.names.remove(path).ok_or(ErrorKind::NotFound)?;
            world.inodes[inode].is_linked = false;
            Ok(())
        })
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        let world = self.world();
        let inside = world.names.iter().filter(|(path, _)| path.parent() == Some(folder));
        let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
        Ok(inside
            .map(|(path, inode)| Listed { name: name(path), bytes: world.inodes[*inode].data.len() as u64 })
            .collect())
    }

    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        self.changes(|world| {
            world.synced_names = world.names.clone();
            Ok(())
        })
    }

    fn now(&self) -> u64 {
        self.world().now
    }
}

impl SpoolFile for Handle {
    fn try_lock(&self) -> io::Result<bool> {
        self.disk.changes(|world| {
            let inode = &mut world.inodes[self.inode];
            let is_free = inode.lock.is_none_or(|(_, id)| id == self.id);
            if is_free {
                inode.lock = Some((self.disk.process, self.id));
            }
            Ok(is_free)
        })
    }

    fn standing(&self) -> io::Result<Standing> {
        Ok(PLAIN)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.disk.world().inodes[self.inode].data.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let world = self.disk.world();
        let data = &world.inodes[self.inode].data;
        let start = offset as usize;
        let part = data.get(start..start + buffer.len()).ok_or(ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(part);
        Ok(())
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut world = self.disk.world();
        let result = self.disk.call(&mut world);
        let is_last = world.process == self.disk.process
            && result.is_ok()
            && world.halves
            && world.ends_at == Some(world.calls);
        let is_short = matches!(&result, Err(error) if error.kind() == ErrorKind::WriteZero);
        let written = match &result {
            // The process ends within this write.
            Ok(()) if is_last => &bytes[..bytes.len() / 2],
            Ok(()) => bytes,
            Err(_) if is_short => &bytes[..bytes.len() / 2],
            Err(_) => return result,
        };
        let (start, data) = (offset as usize, &mut world.inodes[self.inode].data);
        data.resize(data.len().max(start + written.len()), 0);
        data[start..start + written.len()].copy_from_slice(written);
        if is_last { Err(io::Error::other("this process has ended")) } else { result }
    }

    fn set_len(&mut self, bytes: u64) -> io::Result<()> {
        self.disk.changes(|world| {
            world.inodes[self.inode].data.resize(bytes as usize, 0);
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.changes(|world| {
            let inode = &mut world.inodes[self.inode];
            inode.synced.clone_from(&inode.data);
            Ok(())
        })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut world = self.disk.world();
        let inode = &mut world.inodes[self.inode];
        if inode.lock == Some((self.disk.process, self.id)) {
            inode.lock = None;
        }
    }
}
