//! The calls that touch the disk, which tests replace.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, SystemTime};

/// One file in a listing.
#[derive(Clone, Debug)]
pub struct Listed {
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
}

/// What has to be known about a folder, or a file, before it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The number of its owner; `None` where the system has no such numbers.
    pub owner: Option<u32>,
    /// Others than its owner may write it.
    pub is_open_to_others: bool,
    /// It is what it is expected to be: a folder that is no link; a regular file with one name.
    pub is_plain: bool,
}

/// The calls on folders.
pub trait Files: Send + Sync + 'static {
    /// Makes a folder for its owner alone, with its parents; fine where it is there.
    fn make_folder(&self, path: &Path) -> io::Result<()>;
    /// Looks at a folder itself, not at what a link leads to.
    fn folder(&self, path: &Path) -> io::Result<Standing>;
    /// Looks at a folder, or at the one to which a link leads.
    fn folder_behind(&self, path: &Path) -> io::Result<Standing>;
    /// Makes a file for its owner alone; an error where the name is taken.
    fn create(&self, path: &Path) -> io::Result<Box<dyn SpoolFile>>;
    /// Opens a file to read and write.
    fn open(&self, path: &Path) -> io::Result<Box<dyn SpoolFile>>;
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&self, path: &Path) -> io::Result<()>;
    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>>;
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Milliseconds since 1970, by the wall clock.
    fn now(&self) -> u64;
}

/// The calls on one open file.
pub trait SpoolFile: Send {
    /// Takes the lock, which ends with the file's handle, and so with the process; false where another handle has it.
    fn try_lock(&self) -> io::Result<bool>;
    fn standing(&self) -> io::Result<Standing>;
    /// Its length in bytes.
    fn size(&self) -> io::Result<u64>;
    /// Fills `buffer` from `offset` on; an error where the file ends before.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;
    fn set_len(&mut self, bytes: u64) -> io::Result<()>;
    /// Returns when the file is on the disk.
    fn sync(&self) -> io::Result<()>;
}

/// The disk of this machine.
pub struct Disk;

/// For how long a call is repeated on Windows, where another program (a virus scanner, say) has the file open.
const SHARING: Duration = Duration::from_secs(1);
const BETWEEN: Duration = Duration::from_millis(20);

/// Repeats `call` while another program keeps the file.
fn while_shared<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let mut waited = Duration::ZERO;
    loop {
        match call() {
            Err(error) if is_sharing_violation(&error) && waited < SHARING => {
                sleep(BETWEEN);
                waited += BETWEEN;
            }
            result => return result,
        }
    }
}

/// `ERROR_ACCESS_DENIED`, `ERROR_SHARING_VIOLATION` or `ERROR_LOCK_VIOLATION` of Windows.
fn is_sharing_violation(error: &io::Error) -> bool {
    cfg!(windows) && matches!(error.raw_os_error(), Some(5 | 32 | 33))
}

impl Files for Disk {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)
    }

    fn folder(&self, path: &Path) -> io::Result<Standing> {
        let metadata = std::fs::symlink_metadata(path)?;
        Ok(standing(&metadata, metadata.is_dir()))
    }

    fn folder_behind(&self, path: &Path) -> io::Result<Standing> {
        let metadata = std::fs::metadata(path)?;
        Ok(standing(&metadata, metadata.is_dir()))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn SpoolFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Box::new(options.open(path)?))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SpoolFile>> {
        // Not `append`: a file that is opened so cannot be cut on Windows, and NFS needs a writable one for the lock.
        Ok(Box::new(while_shared(|| OpenOptions::new().read(true).write(true).open(path))?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        while_shared(|| std::fs::rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        while_shared(|| std::fs::remove_file(path))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        let mut listed = Vec::new();
        for item in std::fs::read_dir(folder)? {
            let item = item?;
            // By path: in a listing of Windows, the length of an open file is that of some earlier time.
            let metadata = std::fs::symlink_metadata(item.path());
            if let (Ok(name), Ok(metadata)) = (item.file_name().into_string(), metadata)
                && metadata.is_file()
            {
                listed.push(Listed { name, bytes: metadata.len() });
            }
        }
        Ok(listed)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        // Windows has no such call for a folder.
        if cfg!(windows) { Ok(()) } else { File::open(folder)?.sync_all() }
    }

    fn now(&self) -> u64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

impl SpoolFile for File {
    fn try_lock(&self) -> io::Result<bool> {
        match Self::try_lock(self) {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn standing(&self) -> io::Result<Standing> {
        let metadata = self.metadata()?;
        #[cfg(unix)]
        let has_one_name = std::os::unix::fs::MetadataExt::nlink(&metadata) == 1;
        #[cfg(not(unix))]
        let has_one_name = true;
        Ok(standing(&metadata, metadata.is_file() && has_one_name))
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    #[cfg(unix)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, buffer, offset)
    }

    #[cfg(unix)]
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(self, bytes, offset)
    }

    #[cfg(not(unix))]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = self;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(buffer)
    }

    #[cfg(not(unix))]
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        use std::io::{Seek, SeekFrom, Write};
        self.seek(SeekFrom::Start(offset))?;
        self.write_all(bytes)
    }

    fn set_len(&mut self, bytes: u64) -> io::Result<()> {
        Self::set_len(self, bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

#[cfg(unix)]
fn standing(metadata: &std::fs::Metadata, is_plain: bool) -> Standing {
    use std::os::unix::fs::MetadataExt;
    Standing { owner: Some(metadata.uid()), is_open_to_others: metadata.mode() & 0o022 != 0, is_plain }
}

/// The access list of a folder is the host's matter on Windows.
#[cfg(not(unix))]
fn standing(_metadata: &std::fs::Metadata, is_plain: bool) -> Standing {
    Standing { owner: None, is_open_to_others: false, is_plain }
}
