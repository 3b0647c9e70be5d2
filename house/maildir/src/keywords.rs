//! Keywords: the letters `a` to `z` in the names of files, and the file `dovecot-keywords` that says what they mean in
//! this folder, one `NUMBER NAME` a line.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::Error;

/// The names of a folder's keywords by their letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keywords {
    names: Vec<Option<String>>,
}

/// The largest number of keywords: there is one letter for each.
const MOST: usize = 26;
/// A file of 26 keywords is never longer; a larger one is no such file.
const LARGEST: u64 = 64 << 10;
/// The name of the file.
const FILE: &str = "dovecot-keywords";

impl Keywords {
    /// Reads the keywords of a folder; there are none if the file is missing.
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(FILE);
        match fs::metadata(&path) {
            Ok(about) if about.len() <= LARGEST => {}
            _ => return Ok(Self::default()),
        }
        match fs::read(&path) {
            Ok(text) => Ok(Self::read(&String::from_utf8_lossy(&text))),
            Err(gone) if gone.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Error::at(&path)(error)),
        }
    }

    /// Reads the text of a `dovecot-keywords`; lines that say nothing are passed over.
    pub fn read(text: &str) -> Self {
        let mut keywords = Self::default();
        for line in text.lines() {
            let Some((number, name)) = line.split_once(' ') else { continue };
            let Some(number) = number.parse().ok().filter(|number: &usize| *number < MOST) else { continue };
            if keywords.names.len() <= number {
                keywords.names.resize(number + 1, None);
            }
            keywords.names[number] = Some(name.to_owned()).filter(|name| !name.is_empty());
        }
        keywords
    }

    /// The meaning of the letters of a name; letters that mean nothing here are left out.
    pub fn names<'a>(&'a self, letters: &'a str) -> impl Iterator<Item = &'a str> {
        let place = |letter: u8| usize::from(letter.wrapping_sub(b'a'));
        letters.bytes().filter_map(move |letter| self.names.get(place(letter))?.as_deref())
    }

    /// The letter of a keyword, given to it now if it has none. `None` when all letters are taken.
    pub(crate) fn letter(&mut self, name: &str) -> Option<char> {
        let known = self.names.iter().position(|known| known.as_deref().is_some_and(|k| k.eq_ignore_ascii_case(name)));
        let place = match known {
            Some(place) => place,
            None if self.names.len() < MOST && is_fit(name) => {
                self.names.push(Some(name.to_owned()));
                self.names.len() - 1
            }
            None => return None,
        };
        u8::try_from(place).ok().map(|place| char::from(b'a' + place))
    }

    /// Writes them down. The caller syncs the folder.
    pub(crate) fn save(&self, folder: &Path) -> Result<(), Error> {
        let text: String = self.names.iter().enumerate().map(|(number, name)| line(number, name.as_deref())).collect();
        let (unfinished, path) = (folder.join(".dovecot-keywords.new"), folder.join(FILE));
        let write = || {
            let mut file = File::create(&unfinished)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&unfinished, &path)
        };
        write().map_err(Error::at(&path))
    }
}

fn line(number: usize, name: Option<&str>) -> String {
    name.map(|name| format!("{number} {name}\n")).unwrap_or_default()
}

/// A keyword with a line end in it would forge another.
fn is_fit(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_control() || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_go_round_through_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut keywords = Keywords::load(folder.path()).unwrap();
        assert_eq!(keywords.letter("$Forwarded"), Some('a'));
        assert_eq!(keywords.letter("facture"), Some('b'));
        assert_eq!(keywords.letter("$forwarded"), Some('a'));
        keywords.save(folder.path()).unwrap();
        let read = Keywords::load(folder.path()).unwrap();
        assert_eq!(read, keywords);
        assert_eq!(read.names("bza").collect::<Vec<_>>(), ["facture", "$Forwarded"]);
    }

    #[test]
    fn there_are_as_many_keywords_as_letters_and_no_line_is_forged() {
        let mut keywords = Keywords::default();
        assert_eq!(keywords.letter("a\n1 b"), None);
        for number in 0..MOST {
            assert!(keywords.letter(&format!("k{number}")).is_some());
        }
        assert_eq!(keywords.letter("one more"), None);
        assert_eq!(keywords.letter("k25"), Some('z'));
    }

    #[test]
    fn a_damaged_file_gives_what_it_can() {
        let keywords = Keywords::read("x\n99999999999 a\n26 b\n2 c\n-1 d\n\u{fffd}\n");
        assert_eq!(keywords.names("abc").collect::<Vec<_>>(), ["c"]);
    }
}
