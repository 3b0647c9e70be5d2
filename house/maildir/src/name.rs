//! Names of files: `1795501377.M812P4711Q3R5f0c.host,S=4200,W=4310:2,FSa`. They are unique, and after the colon they say
//! the flags. `S` and `W` are the octets of the file and those it has with CRLF, as Dovecot and Courier write them.

use std::sync::atomic::{AtomicU64, Ordering};

use mail::Timestamp;

use crate::Flags;

/// The facts that the name of a file in `new/` or `cur/` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName<'a> {
    /// The part that tells the letter from all others, whatever its flags.
    pub unique: &'a str,
    /// Its flags.
    pub flags: Flags,
    /// The letters of its keywords, `a` to `z`.
    pub keywords: &'a str,
    /// True if the bytes of the file are those of the letter, with no line end to be mended. (`E=1`, ours.)
    pub exact: bool,
}

impl<'a> FileName<'a> {
    /// Reads a name. Any name is some letter's, so this cannot fail.
    pub fn read(name: &'a str) -> Self {
        // Other programs write ';' or '!' on file systems whose names cannot contain a colon (FAT, Windows).
        let (base, info) = [":2,", ";2,", "!2,"].iter().find_map(|mark| name.split_once(mark)).unwrap_or((name, ""));
        let keywords = info.find(|letter: char| letter.is_ascii_lowercase()).map_or("", |at| &info[at..]);
        let exact = base.split(',').skip(1).any(|field| field == EXACT);
        let unique = base.split_once(',').map_or(base, |(unique, _)| unique);
        Self { unique, flags: Flags::from_letters(info), keywords, exact }
    }

    /// When it was delivered, as the name says.
    pub fn time(&self) -> Option<Timestamp> {
        let seconds = self.unique.split_once('.')?.0;
        // Names that begin with a number of another kind are about.
        let plausible = (1..=12).contains(&seconds.len()) && seconds.bytes().all(|digit| digit.is_ascii_digit());
        seconds.parse().ok().filter(|_| plausible).map(Timestamp::from_seconds)
    }
}

const EXACT: &str = "E=1";

/// The part before the flags: the unique name with the two sizes.
pub(crate) fn with_sizes(unique: &str, size: usize, with_crlf: usize, exact: bool) -> String {
    let exact = if exact { format!(",{EXACT}") } else { String::new() };
    format!("{unique},S={size},W={with_crlf}{exact}")
}

/// The whole name in `cur/`.
pub(crate) fn with_flags(base: &str, flags: Flags, keywords: &str) -> String {
    format!("{base}:2,{}{keywords}", flags.letters())
}

/// A name that no file has, here or on another machine that writes into the same Maildir. It begins with the time the
/// letter was received, so that the date survives a copy that loses the times of files.
pub(crate) fn unique(received: Timestamp, host: &str) -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let (seconds, micros) = (received.seconds().max(0), received.0.rem_euclid(1000) * 1000);
    let (process, random) = (std::process::id(), rand::random::<u64>());
    // Filled with zeros, so that letters of one second stand in the order in which they came.
    format!("{seconds}.M{micros:06}P{process}Q{count:08}R{random:016x}.{host}")
}

/// This machine's name, without the characters that mean something in names of files.
pub(crate) fn host() -> String {
    let uname = rustix::system::uname();
    let name = uname.nodename().to_string_lossy();
    let name: String = name.chars().take(100).collect();
    // The specification of Maildir wants them written so; a comma would begin the sizes.
    let name = name.replace('/', "\\057").replace(':', "\\072").replace(',', "\\054");
    if name.is_empty() { "localhost".to_owned() } else { name }
}

/// A name that a caller chose: safe as a file's, and nothing that means something in a Maildir.
pub(crate) fn is_fit(chosen: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=100).contains(&chosen.len()) && chosen.bytes().all(fits) && !chosen.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_flags_keywords_and_time() {
        let name = FileName::read("1795501377.M812P4711Q3.host,S=4200,W=4310:2,FSac");
        assert_eq!(name.unique, "1795501377.M812P4711Q3.host");
        assert_eq!(name.flags, Flags { flagged: true, seen: true, ..Flags::default() });
        assert_eq!(name.keywords, "ac");
        assert_eq!(name.time(), Some(Timestamp::from_seconds(1_795_501_377)));
        assert!(!name.exact);
    }

    #[test]
    fn a_name_without_flags_and_one_of_a_thumb_drive_are_read_too() {
        assert_eq!(FileName::read("1.x.host").flags, Flags::default());
        assert!(FileName::read("1.x.host;2,S").flags.seen);
        assert!(FileName::read("1.x.host,S=1,W=1,E=1:2,").exact);
        for odd in ["", ":2,", ",,,", "x:1,S", "99999999999999999999.x"] {
            assert_eq!(FileName::read(odd).time(), None, "{odd}");
        }
    }

    #[test]
    fn no_two_names_are_the_same() {
        let names: std::collections::HashSet<_> = (0..1000).map(|_| unique(Timestamp(0), "h")).collect();
        assert_eq!(names.len(), 1000);
        assert!(!host().contains(['/', ':', ',']));
    }

    #[test]
    fn a_chosen_name_cannot_leave_its_folder_or_pretend_flags() {
        assert!(is_fit("q-7aa2.b_c"));
        for unfit in ["", "..", ".hidden", "a/b", "a:2,S", "a,S=1", "a\0", "é"] {
            assert!(!is_fit(unfit), "{unfit}");
        }
    }
}
