//! Reading a Maildir by the names in it: which folder a directory is, when a letter was received, and where a letter
//! went whose reader renamed its file meanwhile.

use std::path::{Path, PathBuf};

use mail::{Timestamp, mutf7};

use crate::FileName;
use crate::deliver::every_unique;

/// The folder that a directory is, by its path below the Maildir, `/` between the levels. Both layouts are read:
/// Maildir++ (`.A.B`) and nested directories (`A/B`, `A/.B`), names in modified UTF-7 or in UTF-8. The Maildir itself
/// (an empty path) is `INBOX`.
pub fn folder_name(directory: &str) -> String {
    let mut parts = Vec::new();
    for part in directory.split('/').filter(|part| !part.is_empty()) {
        match part.strip_prefix('.') {
            Some(levels) => parts.extend(levels.split('.').map(decoded)),
            None => parts.push(decoded(part)),
        }
    }
    parts.retain(|part| !part.is_empty());
    if parts.is_empty() { "INBOX".to_owned() } else { parts.join("/") }
}

/// Undoes the storage escaping and modified UTF-7. A name that has neither stays as it is.
fn decoded(part: &str) -> String {
    let name = mutf7::decode(part.as_bytes()).unwrap_or_else(|| part.to_owned());
    // A slash stands between levels in our house, so that it cannot be inside a name.
    name.replace("\\2e", ".").replace("\\2f", "-").replace("\\5c", "\\")
}

/// Returns when a letter was received: the time of its file, or the time in its name if that is earlier. The time of
/// a file is INTERNALDATE (Dovecot, Courier), unless a program that did not keep the time has copied the file since.
pub fn received(name: &FileName, modified: Option<Timestamp>) -> Option<Timestamp> {
    match (name.time(), modified) {
        (Some(named), Some(modified)) if modified.seconds() <= named.seconds() => Some(modified),
        (Some(named), _) => Some(named),
        (None, modified) => modified,
    }
}

/// Finds the file that a vanished letter lies in now: its reader has seen it, or changed its flags, and so renamed
/// the file. `None` when the letter is gone.
pub fn moved_to(file: &Path) -> Option<PathBuf> {
    let name = file.file_name()?.to_string_lossy();
    let unique = FileName::read(&name).unique;
    let folder = file.parent()?.parent()?;
    every_unique(folder).ok()?.into_iter().find(|(known, _)| known == unique).map(|(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_both_layouts_have_their_names() {
        for (directory, name) in [
            ("", "INBOX"),
            (".Sent", "Sent"),
            (".&AMk-l&AOg-ves.2026", "Élèves/2026"),
            (".Élèves", "Élèves"),
            (".v1\\2e0\\5cx", "v1.0\\x"),
            ("Archive/2019", "Archive/2019"),
            ("Archive/.2019", "Archive/2019"),
            ("R&D", "R&D"),
            (".a..b", "a/b"),
        ] {
            assert_eq!(folder_name(directory), name, "{directory}");
        }
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        for name in ["Élèves/2026", "v1.0\\x", "a\\2eb", "R&D", "&-", "..", "日本語/~"] {
            let directory = crate::folder::directory(name).unwrap().unwrap();
            assert_eq!(folder_name(&directory), name);
        }
    }

    #[test]
    fn the_earlier_of_file_and_name_says_when_a_letter_was_received() {
        let name = FileName::read("1000.x");
        let seconds = |time| Some(Timestamp::from_seconds(time));
        assert_eq!(received(&name, seconds(500)), seconds(500));
        assert_eq!(received(&name, seconds(5000)), seconds(1000));
        assert_eq!(received(&name, None), seconds(1000));
        assert_eq!(received(&FileName::read("msg"), seconds(7)), seconds(7));
    }

    #[test]
    fn a_letter_that_was_seen_meanwhile_is_found_again() {
        let place = tempfile::tempdir().unwrap();
        let maildir = crate::Maildir::at(place.path().join("m"));
        maildir.create().unwrap();
        let path = maildir.deliver(None, &crate::Delivery::new(b"a: b\r\n\r\n", Timestamp(0))).unwrap();
        let seen = maildir.root().join("cur").join(format!("{}:2,S", path.file_name().unwrap().display()));
        std::fs::rename(&path, &seen).unwrap();
        assert_eq!(moved_to(&path), Some(seen.clone()));
        std::fs::remove_file(seen).unwrap();
        assert_eq!(moved_to(&path), None);
    }
}
