//! The codes of errors of the disk, as Node names them.

use std::io::{Error, ErrorKind};

/// The folder, or something in it, could have been made by another user.
pub(super) const UNSAFE: &str = "ERR_SESSION_INGRESS_OUTBOX_UNSAFE";

/// The code of an error, such as `ENOSPC`.
pub(super) fn code(error: &Error) -> &'static str {
    if cfg!(unix) {
        match error.raw_os_error() {
            Some(1) => return "EPERM",
            Some(5) => return "EIO",
            Some(23) => return "ENFILE",
            Some(24) => return "EMFILE",
            _ => {}
        }
    }
    match error.kind() {
        ErrorKind::NotFound => "ENOENT",
        ErrorKind::PermissionDenied => "EACCES",
        ErrorKind::AlreadyExists => "EEXIST",
        ErrorKind::NotADirectory => "ENOTDIR",
        ErrorKind::StorageFull | ErrorKind::WriteZero => "ENOSPC",
        ErrorKind::QuotaExceeded => "EDQUOT",
        ErrorKind::FileTooLarge => "EFBIG",
        ErrorKind::ReadOnlyFilesystem => "EROFS",
        ErrorKind::InvalidFilename => "ENAMETOOLONG",
        ErrorKind::Unsupported => "ENOTSUP",
        ErrorKind::StaleNetworkFileHandle => "ESTALE",
        _ => "EIO",
    }
}

/// Whether the file system has no such call, so that it never will work.
pub(super) fn is_unsupported(error: &Error) -> bool {
    let no_such_call = cfg!(unix) && matches!(error.raw_os_error(), Some(22 | 25 | 38 | 45 | 78 | 95));
    no_such_call || error.kind() == ErrorKind::Unsupported
}
