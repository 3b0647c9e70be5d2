//! An mbox for each folder, in the dialect mboxrd.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use mail::{Timestamp, header};

use super::names::Names;
use super::writing::{Heading, Leaving, Writer, private_file, private_folder, private_root};
use crate::{Error, mbox, sidecar, state};

pub struct Mboxes {
    root: PathBuf,
    names: Names,
    open: Option<(PathBuf, BufWriter<File>)>,
}

impl Mboxes {
    pub fn create(root: &Path) -> Result<Self, Error> {
        private_root(root)?;
        Ok(Self { root: root.to_owned(), names: Names::default(), open: None })
    }

    fn close(&mut self) -> Result<(), Error> {
        match self.open.take() {
            Some((path, mut file)) => file.flush().map_err(Error::writing(&path)),
            None => Ok(()),
        }
    }
}

impl Writer for Mboxes {
    fn folder(&mut self, folder: &Heading) -> Result<String, Error> {
        self.close()?;
        let name = format!("{}.mbox", self.names.path(&folder.name));
        let path = self.root.join(&name);
        if let Some(above) = path.parent() {
            private_folder(above)?;
        }
        let file = private_file(&path)?;
        self.open = Some((path, file));
        Ok(name)
    }

    fn letter(&mut self, letter: &Leaving) -> Result<(), Error> {
        let Some((path, file)) = &mut self.open else { return Ok(()) };
        let content = mbox::quote(&state::write(&letter.state, &letter.raw));
        let write = |file: &mut BufWriter<File>| {
            writeln!(file, "From {} {}", sender(&letter.raw), separator_date(letter.state.received))?;
            file.write_all(&content)?;
            file.write_all(b"\n")
        };
        write(file).map_err(Error::writing(path))
    }

    fn finish(mut self: Box<Self>, sidecar: &[u8]) -> Result<(), Error> {
        self.close()?;
        let path = self.root.join(sidecar::NAME);
        fs::write(&path, sidecar).map_err(Error::writing(&path))?;
        super::writing::sync(&self.root)
    }
}

/// Returns the sender as the separator line names it: the return path, if it can stand there (RFC 4155).
fn sender(letter: &[u8]) -> String {
    let value = header::find(letter, "Return-Path").map(|field| String::from_utf8_lossy(&field.value()).into_owned());
    let sender = value.as_deref().unwrap_or_default().trim_matches(['<', '>', ' ']);
    let fits = !sender.is_empty() && sender.len() < 320 && sender.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { sender.to_owned() } else { "MAILER-DAEMON".to_owned() }
}

/// `Tue Nov 24 06:22:57 2026`, in UTC.
fn separator_date(at: Timestamp) -> String {
    // "Tue, 24 Nov 2026 06:22:57 +0000"
    let text = at.rfc5322();
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    match words[..] {
        [weekday, day, month, year, clock, ..] => {
            format!("{} {month} {:>2} {clock} {year}", weekday.trim_end_matches(','), day.trim_start_matches('0'))
        }
        _ => "Thu Jan  1 00:00:00 1970".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_separator_says_sender_and_date_as_ctime_does() {
        assert_eq!(separator_date(Timestamp::from_seconds(1_795_501_377)), "Tue Nov 24 06:22:57 2026");
        assert_eq!(separator_date(Timestamp::from_seconds(0)), "Thu Jan  1 00:00:00 1970");
        assert_eq!(sender(b"Return-Path: <a@b.test>\r\n\r\n"), "a@b.test");
        assert_eq!(sender(b"Return-Path: <>\r\n\r\n"), "MAILER-DAEMON");
        assert_eq!(sender(b"Return-Path: <a b\r\nFrom x@y>\r\n\r\n"), "MAILER-DAEMON");
    }
}
