//! Names of folders as directories: `A/B` is `.A.B`, in modified UTF-7, INBOX is the Maildir itself.
//!
//! A dot inside a name is written `\2e` and a backslash `\5c`, as Dovecot's storage escaping does it.

use mail::mutf7;

use crate::Error;

/// The longest name of a directory.
const LONGEST: usize = 255;

/// The directory of a folder below the Maildir. `None` is the Maildir itself: INBOX.
pub(crate) fn directory(folder: &str) -> Result<Option<String>, Error> {
    if folder.eq_ignore_ascii_case("INBOX") {
        return Ok(None);
    }
    let mut name = String::new();
    for part in folder.split('/') {
        if part.is_empty() {
            return Err(Error::BadFolder(folder.to_owned()));
        }
        name.push('.');
        name.push_str(&mutf7::encode(&part.replace('\\', "\\5c").replace('.', "\\2e")));
    }
    if name.len() > LONGEST { Err(Error::BadFolder(folder.to_owned())) } else { Ok(Some(name)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_a_directory_that_begins_with_a_dot() {
        let name = |folder| directory(folder).unwrap();
        assert_eq!(name("inbox"), None);
        assert_eq!(name("Élèves/2026").as_deref(), Some(".&AMk-l&AOg-ves.2026"));
        assert_eq!(name("v1.0\\x").as_deref(), Some(".v1\\2e0\\5cx"));
    }

    #[test]
    fn no_name_leads_out_of_the_maildir() {
        assert_eq!(directory("../../etc").unwrap().as_deref(), Some(".\\2e\\2e.\\2e\\2e.etc"));
        assert_eq!(directory("a\0b").unwrap().as_deref(), Some(".a&AAA-b"));
        for bad in ["", "/etc", "a//b", "a/", &"x".repeat(255)] {
            assert!(matches!(directory(bad), Err(Error::BadFolder(_))), "{bad}");
        }
    }
}
