//! A small file beside the database that says which one it is and how far it has come, so that a database which was
//! exchanged, or which has lost its log, is not taken for it.
//!
//! The mark never says more than what is on the disk: it is written behind the commits, now and then, and costs them
//! nothing. A mark that is not there, or cannot be read, says nothing; only a mark that can be read proves something.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The name of the file in the data folder.
pub(crate) const NAME: &str = "facteur.state";

/// The file is written in place, so that a full disk does not stand in the way.
const SIZE: usize = 4096;
const TITLE: &str = "By this Facteur knows its database again. Leave it here, and back it up with facteur.db.";

/// The progress of the tables: the last number that each has given out. They only grow.
pub(crate) type Numbers = BTreeMap<String, i64>;

/// The facts about a file that show that nobody has written to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    length: u64,
    modified: (i64, i64),
}

impl Stamp {
    /// Returns the stamp of a file as it is now.
    pub(crate) fn of(file: &Path) -> std::io::Result<Self> {
        let found = std::fs::metadata(file)?;
        Ok(Self { length: found.len(), modified: (found.mtime(), found.mtime_nsec()) })
    }

    fn encode(self) -> String {
        format!("{} {} {}", self.length, self.modified.0, self.modified.1)
    }

    fn decode(text: &str) -> Option<Self> {
        let mut numbers = text.split(' ');
        let length = numbers.next()?.parse().ok()?;
        let modified = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
        Some(Self { length, modified })
    }
}

/// The content of a mark.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// The office that the database belongs to.
    pub(crate) office: Vec<u8>,
    /// The log held what the database file did not, when the file looked like this.
    pub(crate) log_needed: Option<Stamp>,
    /// A look at the database found damage.
    pub(crate) damaged: bool,
    /// The progress of the tables.
    pub(crate) numbers: Numbers,
}

impl Said {
    fn encode(&self) -> Vec<u8> {
        let mut text = format!("{TITLE}\noffice {}\n", hex(&self.office));
        if let Some(stamp) = self.log_needed {
            let _ = writeln!(text, "log-needed {}", stamp.encode());
        }
        if self.damaged {
            text.push_str("damaged\n");
        }
        for (table, number) in &self.numbers {
            // Numbers that do not fit are not known, and so prove nothing.
            if text.len() + table.len() + 120 < SIZE {
                let _ = writeln!(text, "seen {number} {table}");
            }
        }
        let sum = sum(text.as_bytes());
        let _ = writeln!(text, "sum {sum}");
        let mut bytes = text.into_bytes();
        bytes.resize(SIZE, b' ');
        bytes
    }

    /// `None`: torn, or not ours.
    fn decode(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (said, rest) = text.rsplit_once("sum ")?;
        if rest.trim_end() != sum(said.as_bytes()) {
            return None;
        }
        let mut found = Self::default();
        for line in said.lines().skip(1) {
            match line.split_once(' ') {
                Some(("office", office)) => found.office = unhex(office)?,
                Some(("seen", seen)) => {
                    let (number, table) = seen.split_once(' ')?;
                    found.numbers.insert(table.to_owned(), number.parse().ok()?);
                }
                Some(("log-needed", stamp)) => found.log_needed = Some(Stamp::decode(stamp)?),
                None if line == "damaged" => found.damaged = true,
                // A later Facteur may say more.
                _ => {}
            }
        }
        Some(found)
    }
}

/// The file. Each process that has the database open writes it; all of them write the truth.
pub(crate) struct Mark {
    /// `None`: this user may not write it, or the disk has no room for it. Then nothing is said.
    file: Option<File>,
    said: Mutex<Said>,
}

impl Mark {
    /// Opens the file, or makes it.
    pub(crate) fn open(folder: &Path) -> Self {
        let path = folder.join(NAME);
        let opened = File::options().read(true).write(true).create(true).truncate(false).open(path);
        match opened.and_then(|file| Ok((read(&file)?.unwrap_or_default(), file))) {
            Ok((said, file)) => Self { file: Some(file), said: Mutex::new(said) },
            Err(error) => {
                tracing::warn!(%error, "{NAME} cannot be written; a database that is exchanged will not be noticed");
                Self { file: None, said: Mutex::default() }
            }
        }
    }

    /// Changes what is said. It is not synced: after a power cut the mark says less, or nothing. A failure is told and no
    /// more, since a mark that says less than it could refuses nothing.
    pub(crate) fn say(&self, change: impl FnOnce(&mut Said)) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let before = said.clone();
        change(&mut said);
        if *said == before {
            return;
        }
        let Some(file) = &self.file else { return };
        if let Err(error) = file.write_all_at(&said.encode(), 0) {
            tracing::warn!(%error, "{NAME} could not be written; it says less than it could");
        }
    }
}

/// Reads the mark of a folder, if there is one.
pub(crate) fn read_in(folder: &Path) -> std::io::Result<Option<Said>> {
    match File::open(folder.join(NAME)) {
        Ok(file) => read(&file),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => Ok(None),
        Err(error) => Err(error),
    }
}

fn read(file: &File) -> std::io::Result<Option<Said>> {
    let mut bytes = vec![0; SIZE];
    let mut filled = 0;
    while filled < SIZE {
        match file.read_at(bytes.get_mut(filled..).unwrap_or_default(), filled as u64)? {
            0 => break,
            count => filled += count,
        }
    }
    bytes.truncate(filled);
    let said = Said::decode(&bytes);
    if said.is_none() && filled > 0 {
        tracing::warn!("{NAME} is damaged, so it cannot be told whether this is the database as it was last");
    }
    Ok(said)
}

fn sum(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().chars().take(16).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    digits.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said() -> Said {
        let numbers = [("blob".to_owned(), 17), ("a table".to_owned(), i64::MAX)].into();
        let stamp = Stamp { length: 40_960, modified: (1_700_000_000, 999_999_999) };
        Said { office: vec![0, 255, 16], log_needed: Some(stamp), damaged: false, numbers }
    }

    #[test]
    fn what_is_said_is_read_again() {
        for said in [said(), Said::default(), Said { damaged: true, log_needed: None, ..said() }] {
            assert_eq!(Said::decode(&said.encode()), Some(said));
        }
    }

    #[test]
    fn a_mark_that_is_torn_anywhere_says_nothing() {
        let whole = said().encode();
        let end = whole.iter().rposition(|byte| *byte == b'\n').unwrap();
        for at in 0..end {
            let mut torn = whole.clone();
            torn[at] ^= 1;
            assert_eq!(Said::decode(&torn), None, "{at}");
            assert_eq!(Said::decode(&whole[..at]), None, "{at}");
        }
        assert_eq!(Said::decode(&[0; SIZE]), None);
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_the_rest_still_counts() {
        let mut said = said();
        said.numbers = (0..500).map(|number| (format!("table number {number}"), number)).collect();
        let bytes = said.encode();
        assert_eq!(bytes.len(), SIZE);
        let read = Said::decode(&bytes).unwrap();
        assert!(read.numbers.len() > 50 && read.numbers.iter().all(|(table, seen)| said.numbers[table] == *seen));
    }
}
