//! Rules of the file system on which the outbox builds. They differ between systems: these tests try those of the system
//! that they run on.

use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

use super::super::files::{Disk, Files, SpoolFile};

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let random = RandomState::new().hash_one(0_u8);
        let path = std::env::temp_dir().join(format!("session-ingress-{random:x}"));
        Disk.make_folder(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = Disk.list(&self.0).unwrap().into_iter().map(|listed| listed.name).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Makes a file of ten bytes, and locks it.
fn locked(path: &Path) -> Box<dyn SpoolFile> {
    let mut file = Disk.create(path).unwrap();
    assert!(file.try_lock().unwrap());
    file.write_at(b"0123456789", 0).unwrap();
    file
}

fn read(file: &dyn SpoolFile) -> String {
    let mut bytes = vec![0; usize::try_from(file.size().unwrap()).unwrap()];
    file.read_at(&mut bytes, 0).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_locked_open_file_is_renamed_and_keeps_its_lock_and_its_handle() {
    let folder = Folder::new();
    let mut file = locked(&folder.path("a.new"));
    Disk.rename(&folder.path("a.new"), &folder.path("a.spool")).unwrap();
    assert_eq!(folder.names(), ["a.spool"]);

    file.write_at(b"abc", 10).unwrap();
    assert_eq!(read(&*file), "0123456789abc");
    assert!(!Disk.open(&folder.path("a.spool")).unwrap().try_lock().unwrap());
}

#[test]
fn a_locked_open_file_is_cut_and_written_again() {
    let folder = Folder::new();
    let mut file = locked(&folder.path("a.spool"));
    file.set_len(4).unwrap();
    file.write_at(b"xy", 4).unwrap();
    file.sync().unwrap();
    assert_eq!(read(&*file), "0123xy");
    assert_eq!(Disk.list(&folder.0).unwrap()[0].bytes, 6, "a listing tells the length of now");
}

#[test]
fn a_locked_open_file_is_removed_and_is_gone_at_the_latest_when_it_is_closed() {
    let folder = Folder::new();
    let file = locked(&folder.path("a.spool"));
    Disk.remove(&folder.path("a.spool")).unwrap();
    drop(file);
    assert_eq!(folder.names(), [""; 0]);
    locked(&folder.path("a.spool"));
}

#[test]
fn a_lock_ends_with_its_handle_and_the_next_owner_can_do_all_of_it() {
    let folder = Folder::new();
    let path = folder.path("a.spool");
    let first = locked(&path);
    let mut second = Disk.open(&path).unwrap();
    assert!(!second.try_lock().unwrap());
    drop(first);

    assert!(second.try_lock().unwrap());
    assert_eq!(read(&*second), "0123456789");
    second.set_len(0).unwrap();
    Disk.remove(&path).unwrap();
    drop(second);
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn a_file_whose_name_is_taken_is_not_made() {
    let folder = Folder::new();
    let _file = locked(&folder.path("5f3a.spool"));
    let error = Disk.create(&folder.path("5f3a.spool")).err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
    // Names are of lower-case digits, so that two never differ in nothing but case, which Windows and macOS do not tell.
    if cfg!(windows) {
        let error = Disk.create(&folder.path("5F3A.spool")).err().unwrap();
        assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
    }
}

/// A virus scanner has a file open for a moment, and lets nobody else rename, open or remove it.
#[cfg(windows)]
#[test]
fn a_file_that_another_program_keeps_for_a_moment_is_renamed_opened_and_removed_when_it_lets_go() {
    use std::os::windows::fs::OpenOptionsExt;
    use std::thread;
    use std::time::Duration;

    let folder = Folder::new();
    let (old, new) = (folder.path("a.new"), folder.path("a.spool"));
    drop(locked(&old));
    let keep = |path: &Path| {
        let kept = std::fs::OpenOptions::new().read(true).share_mode(0).open(path).unwrap();
        assert!(std::fs::File::open(path).is_err(), "the file is kept");
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            drop(kept);
        })
    };
    let keeper = keep(&old);
    Disk.rename(&old, &new).unwrap();
    keeper.join().unwrap();
    let keeper = keep(&new);
    assert_eq!(read(&*Disk.open(&new).unwrap()), "0123456789");
    keeper.join().unwrap();
    let keeper = keep(&new);
    Disk.remove(&new).unwrap();
    keeper.join().unwrap();
    assert_eq!(folder.names(), [""; 0]);
}
