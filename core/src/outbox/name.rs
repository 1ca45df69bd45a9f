//! The names of spool files.

/// The name of a spool file: the session's checksum, by which a session's files are found without opening any; the time
/// when it was made, in milliseconds since 1970; and a random number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    // First in the order: by age, then as the names are.
    pub(super) created: u64,
    pub(super) session: u32,
    pub(super) random: u32,
}

const SPOOL: &str = ".spool";
/// Of a file that is being made.
pub(super) const NEW: &str = ".new";
/// Digits of the time: enough until the year 10889.
const TIME_DIGITS: usize = 12;

impl Name {
    pub(super) fn new(session_id: &str, created: u64, random: u32) -> Self {
        Self { created, session: session_checksum(session_id), random }
    }

    /// The name of a file that is ready.
    pub(super) fn spool(self) -> String {
        self.stem() + SPOOL
    }

    /// The name of the same file while it is being made.
    pub(super) fn unfinished(self) -> String {
        self.stem() + NEW
    }

    fn stem(self) -> String {
        format!("{:08x}-{:0width$x}-{:08x}", self.session, self.created, self.random, width = TIME_DIGITS)
    }

    /// `None` for every other name, whose file is never opened, moved or removed.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::parse_stem(name.strip_suffix(SPOOL)?)
    }

    pub(super) fn parse_unfinished(name: &str) -> Option<Self> {
        Self::parse_stem(name.strip_suffix(NEW)?)
    }

    fn parse_stem(stem: &str) -> Option<Self> {
        let mut parts = stem.split('-');
        let (session, created, random) = (parts.next()?, parts.next()?, parts.next()?);
        let name = Self {
            session: u32::from_str_radix(session, 16).ok()?,
            created: u64::from_str_radix(created, 16).ok()?,
            random: u32::from_str_radix(random, 16).ok()?,
        };
        // The one spelling: no signs, no capitals, no digit more or less.
        (name.stem() == stem).then_some(name)
    }
}

/// The checksum of a session's id.
pub(super) fn session_checksum(session_id: &str) -> u32 {
    crc32fast::hash(session_id.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_which_session_a_file_may_be_of_and_when_it_was_made() {
        let name = Name::new("session", 0x0199_c1b2_a3d4, 0x7be0_1c22);
        assert_eq!(name.spool(), format!("{:08x}-0199c1b2a3d4-7be01c22.spool", session_checksum("session")));
        assert_eq!(Name::parse(&name.spool()), Some(name));
        assert_eq!(Name::parse_unfinished(&name.unfinished()), Some(name));
        assert_eq!((Name::parse(&name.unfinished()), Name::parse_unfinished(&name.spool())), (None, None));
    }

    #[test]
    fn no_other_name_is_one_of_ours() {
        for name in [
            "",
            ".spool",
            "notes.spool",
            "5f3a9c01-0199c1b2a3d4-7be01c22.spool.bak",
            "5f3a9c01-0199c1b2a3d4-7be01c22",
            "5F3A9C01-0199c1b2a3d4-7be01c22.spool",
            "+f3a9c01-0199c1b2a3d4-7be01c22.spool",
            "5f3a9c01-199c1b2a3d4-7be01c22.spool",
            "5f3a9c01-0199c1b2a3d4-7be01c22-0.spool",
            "../5f3a9c01-0199c1b2a3d4-7be01c22.spool",
        ] {
            assert_eq!(Name::parse(name), None, "{name}");
        }
    }

    #[test]
    fn names_are_in_the_order_of_their_age() {
        let (old, new) = (Name::new("z", 1, 9), Name::new("a", 2, 0));
        assert!(old < new);
    }
}
