mod crashes;
mod directory;
mod file_rules;
mod format;
pub(crate) mod memory;
mod spools;

/// The uuids of what is pending in the files of a disk.
pub(crate) fn pending_uuids(disk: &memory::MemoryDisk) -> Vec<String> {
    use super::files::Files;
    use super::scan::{Scanned, scan};
    let mut uuids = Vec::new();
    for (path, _) in disk.files(".spool") {
        let file = disk.open(path.as_ref()).unwrap();
        if let Ok(Scanned::Known(meaning)) = scan(&*file) {
            uuids.extend(
                meaning.pending.iter().map(|entry| String::from_utf8_lossy(&entry.uuid).into_owned()),
            );
        }
    }
    uuids
}
