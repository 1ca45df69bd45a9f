//! Which folders and files an outbox uses, on a real disk.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tokio::time::Instant;

use super::crashes::{body, runtime};
use crate::outbox::adopt::adopt;
use crate::outbox::list::{Discarded, Whereabouts};
use crate::outbox::writer::Writable;
use crate::outbox::{Disk, Event, Look, Outbox, OutboxOptions, Spool};

const URL: &str = "http://a.test/log";

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("session-ingress-outbox-{}-{name}", std::process::id()));
        std::fs::remove_dir_all(&path).ok();
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn dir(&self) -> PathBuf {
        self.0.join("outbox")
    }

    fn files(&self) -> Vec<PathBuf> {
        let listed = std::fs::read_dir(self.dir().join("v1")).unwrap();
        let mut files: Vec<_> =
            listed.map(|file| file.unwrap().path()).filter(|path| path.is_file()).collect();
        files.sort();
        files
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

struct Process {
    outbox: Outbox,
    events: Arc<Mutex<Vec<Event>>>,
    runtime: tokio::runtime::Runtime,
}

impl Process {
    fn new(folder: &Folder) -> Self {
        Self::with(folder, |options| options)
    }

    fn with(folder: &Folder, change: impl Fn(OutboxOptions) -> OutboxOptions) -> Self {
        let runtime = runtime();
        let options = change(OutboxOptions::new(folder.dir().to_str().unwrap().into()));
        let events = Arc::<Mutex<Vec<Event>>>::default();
        let of_outbox = Arc::clone(&events);
        let on_event = move |event| of_outbox.lock().unwrap().push(event);
        let outbox = Outbox::new(options, Arc::new(Disk), runtime.handle().clone(), on_event);
        Self { outbox, events, runtime }
    }

    fn spool(&self, session: &str, entries: u64) -> Arc<Spool> {
        let spool = self.outbox.spool(session, URL);
        for seq in 1..=entries {
            spool.append(seq, b"", format!("{session}-{seq}").as_bytes(), &body(0, seq));
        }
        spool.step(Instant::now());
        spool
    }

    fn look(&self, session: Option<&str>) -> Look {
        adopt(&self.outbox.core, self.outbox.options(), session, &|_| true)
    }

    fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }
}

/// Makes a folder for its owner alone, whatever the process makes otherwise.
fn make_private(path: &Path) {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path).unwrap();
}

fn uuids(look: &Look) -> Vec<String> {
    let entries = look.adopted.iter().flat_map(|adopted| &adopted.entries);
    entries.map(|entry| String::from_utf8_lossy(&entry.uuid).into_owned()).collect()
}

#[test]
fn what_an_owner_leaves_behind_is_taken_by_the_next_one_and_by_nobody_while_it_lives() {
    let folder = Folder::new("owners");
    let (first, second) = (Process::new(&folder), Process::new(&folder));
    let spool = first.spool("a", 2);
    let look = second.look(Some("a"));
    assert_eq!((uuids(&look), look.held), (vec![], 1));
    first.outbox.close();
    drop(spool);
    let look = second.look(Some("a"));
    assert_eq!((uuids(&look), look.held), (vec!["a-1".into(), "a-2".into()], 0));
    assert_eq!(uuids(&second.look(Some("a"))), [""; 0], "it has them already");
    look.adopted[0].spool.delivered(2, b"a-2");
    look.adopted[0].spool.end();
    look.adopted[0].spool.step(Instant::now());
    assert!(folder.files().is_empty());
}

#[test]
fn orphans_are_taken_by_session_oldest_first() {
    let folder = Folder::new("order");
    for _ in 0..3 {
        let process = Process::new(&folder);
        process.spool("a", 1);
        process.spool("b", 1);
        process.outbox.close();
    }
    let process = Process::new(&folder);
    let look = process.look(Some("a"));
    assert_eq!(look.adopted.len(), 3);
    let created: Vec<_> = look.adopted.iter().map(|adopted| adopted.origin.created).collect();
    assert!(created.is_sorted() && created[0] < created[2], "{created:?}");
    assert_eq!(process.look(None).adopted.len(), 3, "those of b");
}

#[test]
fn a_file_that_cannot_be_read_goes_to_quarantine_and_costs_nothing_else() {
    let folder = Folder::new("corrupt");
    let process = Process::new(&folder);
    process.spool("a", 3);
    process.spool("b", 1);
    process.outbox.close();
    let of_a = folder.files().into_iter().find(|path| std::fs::metadata(path).unwrap().len() > 600).unwrap();
    let mut bytes = std::fs::read(&of_a).unwrap();
    let last = bytes.len() - 5;
    bytes[last] ^= 1;
    std::fs::write(&of_a, bytes).unwrap();
    std::fs::write(folder.dir().join("v1/00000000-0199c1b2a3d4-7be01c22.spool"), "nothing of ours").unwrap();
    let next = Process::new(&folder);
    let look = next.look(None);
    // The two sessions may have been begun in one millisecond: then any of them is the first one.
    let mut found = uuids(&look);
    found.sort();
    assert_eq!(found, ["a-1", "a-2", "b-1"]);
    let events = next.events();
    assert_eq!(events.len(), 2, "{events:?}");
    assert!(events.iter().all(|event| matches!(event, Event::Corrupt { .. })));
    for adopted in &look.adopted {
        let last = adopted.entries.last().unwrap();
        adopted.spool.delivered(last.seq, &last.uuid);
        adopted.spool.end();
        adopted.spool.step(Instant::now());
    }
    assert!(folder.files().is_empty());
    assert_eq!(std::fs::read_dir(folder.dir().join("v1/quarantine")).unwrap().count(), 2);
}

#[cfg(unix)]
#[test]
fn files_and_folders_are_the_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("modes");
    Process::new(&folder).spool("a", 1);
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(folder.dir()), mode(folder.dir().join("v1"))), (0o700, 0o700));
    assert_eq!(mode(folder.files().remove(0)), 0o600);
}

#[cfg(unix)]
#[test]
fn a_folder_may_be_a_link_of_its_user_or_stand_behind_one() {
    for dir in ["linked", "linked/outbox"] {
        let folder = Folder::new("linked");
        let real = folder.0.join("real");
        make_private(&real);
        std::os::unix::fs::symlink(&real, folder.0.join("linked")).unwrap();
        let dir = folder.0.join(dir).to_str().unwrap().to_owned();
        let at_dir = |options| OutboxOptions { dir: dir.clone(), ..options };
        let process = Process::with(&folder, at_dir);
        process.spool("a", 2);
        process.outbox.close();
        let next = Process::with(&folder, at_dir);
        assert_eq!(uuids(&next.look(None)), ["a-1", "a-2"], "{dir}: {:?}", process.events());
        assert!(real.join("v1").exists() || real.join("outbox/v1").exists());
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_may_write_or_whose_v1_is_none_is_refused_once() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    for (name, spoil) in [
        (
            "open",
            (|dir: PathBuf| std::fs::set_permissions(dir, PermissionsExt::from_mode(0o777)).unwrap())
                as fn(PathBuf),
        ),
        ("open-behind-a-link", |dir| {
            let real = dir.with_file_name("real");
            std::fs::rename(&dir, &real).unwrap();
            std::fs::set_permissions(&real, PermissionsExt::from_mode(0o777)).unwrap();
            symlink(real, dir).unwrap();
        }),
        ("link", |dir| {
            std::fs::remove_dir(dir.join("v1")).unwrap();
            symlink("/tmp", dir.join("v1")).unwrap();
        }),
        ("file", |dir| {
            std::fs::remove_dir(dir.join("v1")).unwrap();
            std::fs::write(dir.join("v1"), "").unwrap();
        }),
    ] {
        let folder = Folder::new(name);
        make_private(&folder.dir().join("v1"));
        spoil(folder.dir());
        let process = Process::new(&folder);
        process.spool("a", 1);
        process.spool("b", 1);
        let events = process.events();
        let unavailable = events.iter().filter(|event| matches!(event, Event::Unavailable { .. })).count();
        assert_eq!(unavailable, 1, "{name}: {events:?}");
        assert!(process.look(None).adopted.is_empty());
    }
}

#[test]
fn a_look_makes_no_folder() {
    let folder = Folder::new("look");
    let process = Process::new(&folder);
    assert!(process.look(None).adopted.is_empty());
    assert!(!folder.dir().exists());
    process.spool("a", 1);
    assert!(folder.dir().exists());
}

#[test]
fn names_that_are_none_of_ours_are_left_alone() {
    let folder = Folder::new("names");
    let v1 = folder.dir().join("v1");
    make_private(&v1);
    for name in ["notes.txt", "x.spool", "x.new", "00000000-0199c1b2a3d4-7be01c22.new"] {
        std::fs::write(v1.join(name), "").unwrap();
    }
    assert!(Process::new(&folder).look(None).adopted.is_empty());
    let left: Vec<_> = folder.files().iter().map(|path| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(left, ["notes.txt", "x.new", "x.spool"], "a file that was being made is removed");
}

#[test]
fn what_is_too_old_is_kept_apart_where_nobody_wants_it() {
    let folder = Folder::new("expired");
    let process = Process::new(&folder);
    process.spool("a", 2);
    process.outbox.close();
    let at_once = |options| OutboxOptions { max_age: Some(std::time::Duration::ZERO), ..options };
    let next = Process::with(&folder, at_once);
    std::thread::sleep(std::time::Duration::from_millis(2));
    let look = adopt(&next.outbox.core, next.outbox.options(), None, &|_| false);
    assert!(look.adopted.is_empty() && look.left.is_empty());
    assert_eq!(next.events(), [Event::Expired { entries: 2 }]);
    let list = next.runtime.block_on(next.outbox.list());
    assert_eq!((list.len(), list[0].whereabouts, list[0].entries), (1, Whereabouts::Dead, Some(2)));
    assert_eq!(next.runtime.block_on(next.outbox.requeue("a".into())), 2);
    assert_eq!(uuids(&next.look(None)), ["a-1", "a-2"]);
}

#[test]
fn a_folder_can_be_listed_and_given_up() {
    let folder = Folder::new("list");
    let (gone, living, looking) = (Process::new(&folder), Process::new(&folder), Process::new(&folder));
    gone.spool("a", 2);
    gone.spool("b", 1);
    gone.outbox.close();
    let _held = living.spool("c", 1);
    let list = looking.runtime.block_on(looking.outbox.list());
    let found = |session: &str| {
        list.iter().find(|listed| listed.origin.as_ref().is_some_and(|origin| origin.session_id == session))
    };
    assert_eq!(found("a").map(|a| (a.entries, a.whereabouts)), Some((Some(2), Whereabouts::Waiting)));
    assert_eq!(found("c").map(|c| (c.entries, c.whereabouts)), Some((Some(1), Whereabouts::Elsewhere)));
    let discard =
        |session: Option<&str>| looking.runtime.block_on(looking.outbox.discard(session.map(str::to_owned)));
    assert_eq!(discard(Some("a")), Discarded { entries: 2, held: 0 });
    assert_eq!(discard(None), Discarded { entries: 1, held: 1 });
    assert_eq!(folder.files().len(), 1);
}

#[test]
fn a_full_outbox_takes_entries_again_when_a_tenth_of_it_is_free() {
    let folder = Folder::new("full");
    let process = Process::with(&folder, |options| OutboxOptions { max_bytes: 10_000, ..options });
    let spool = process.spool("a", 1);
    assert!(process.outbox.has_room(9000, false) && !process.outbox.has_room(9000, true));
    assert!(!process.outbox.has_room(10_000, false));
    for seq in 2..=10 {
        spool.append(seq, b"", b"u", &"x".repeat(900).into());
    }
    assert!(!process.outbox.has_room(2000, false), "what is queued counts");
    spool.step(Instant::now());
    assert!(!process.outbox.has_room(2000, false), "what is written counts");
    spool.delivered(10, b"u");
    spool.step(Instant::now());
    spool.step(Instant::now() + std::time::Duration::from_millis(200));
    assert!(process.outbox.has_room(8000, true));
}

#[test]
fn the_name_follows_the_files_that_are_there_whatever_the_clock_says() {
    let folder = Folder::new("clock");
    let process = Process::new(&folder);
    process.spool("a", 1);
    process.outbox.close();
    let old = folder.files().remove(0);
    let name = old.file_name().unwrap().to_str().unwrap();
    // A year ahead.
    let ahead = u64::from_str_radix(&name[9..21], 16).unwrap() + 365 * 24 * 3600 * 1000;
    std::fs::rename(&old, old.with_file_name(format!("{}-{ahead:012x}-{}", &name[..8], &name[22..])))
        .unwrap();
    let next = Process::new(&folder);
    next.spool("a", 1);
    next.outbox.close();
    let last = Process::new(&folder);
    let look = last.look(Some("a"));
    assert_eq!(look.adopted.len(), 2);
    let created: Vec<_> = folder
        .files()
        .iter()
        .map(|path| u64::from_str_radix(&path.file_name().unwrap().to_str().unwrap()[9..21], 16).unwrap())
        .collect();
    assert_eq!(created.iter().max(), Some(&(ahead + 1)));
}
