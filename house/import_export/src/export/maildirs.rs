//! A Maildir++ as Dovecot keeps it, with its list of subscriptions.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use mail::{header, lines};
use mailbox::System;
use maildir::{Delivery, Flags, Maildir};

use super::writing::{Heading, Leaving, Writer};
use crate::state::FORWARDED;
use crate::{Error, sidecar, state, status};

pub struct Maildirs {
    maildir: Maildir,
    folder: String,
    /// Keywords that have a letter in this folder: there are 26.
    keywords: HashSet<String>,
    waiting: Vec<Waiting>,
    subscriptions: String,
}

/// A letter as it will be delivered.
struct Waiting {
    content: Vec<u8>,
    flags: Flags,
    keywords: Vec<String>,
    received: mail::Timestamp,
}

/// Letters delivered together: each holds a file open until then.
const TOGETHER: usize = 200;
const MOST_KEYWORDS: usize = 26;

impl Maildirs {
    pub fn create(root: &Path) -> Result<Self, Error> {
        super::writing::private_root(root)?;
        let maildir = Maildir::at(root);
        maildir.create()?;
        Ok(Self {
            maildir,
            folder: String::new(),
            keywords: HashSet::new(),
            waiting: Vec::new(),
            subscriptions: String::new(),
        })
    }

    fn deliver(&mut self) -> Result<(), Error> {
        let mut batch = self.maildir.batch();
        for letter in &self.waiting {
            let keywords: Vec<&str> = letter.keywords.iter().map(String::as_str).collect();
            let Waiting { content, flags, received, .. } = letter;
            let delivery = Delivery { flags: *flags, keywords: &keywords, ..Delivery::new(content, *received) };
            batch.add(Some(&self.folder), &delivery)?;
        }
        batch.commit()?;
        self.waiting.clear();
        Ok(())
    }

    /// All of the keywords have a letter, or can get one.
    fn have_letters(&mut self, keywords: &[String]) -> bool {
        let new: HashSet<&String> = keywords.iter().filter(|keyword| !self.keywords.contains(*keyword)).collect();
        if self.keywords.len() + new.len() > MOST_KEYWORDS {
            return false;
        }
        self.keywords.extend(new.into_iter().cloned().collect::<Vec<_>>());
        true
    }
}

impl Writer for Maildirs {
    fn folder(&mut self, folder: &Heading) -> Result<String, Error> {
        self.deliver()?;
        self.keywords.clear();
        let long = matches!(self.maildir.folder_path(Some(&folder.name)), Err(maildir::Error::BadFolder(_)));
        self.folder = if long { shortened(&folder.name) } else { folder.name.clone() };
        let path = self.maildir.create_folder(&self.folder)?;
        let directory = path.strip_prefix(self.maildir.root()).unwrap_or(Path::new("")).to_string_lossy().into_owned();
        if folder.subscribed {
            let name = if directory.is_empty() { "INBOX" } else { directory.trim_start_matches('.') };
            self.subscriptions.push_str(name);
            self.subscriptions.push('\n');
        }
        Ok(if directory.is_empty() { ".".to_owned() } else { directory })
    }

    fn letter(&mut self, letter: &Leaving) -> Result<(), Error> {
        let system = letter.state.system;
        let forwarded = letter.state.keywords.iter().any(|keyword| keyword == FORWARDED);
        let flags = Flags {
            draft: system.contains(System::DRAFT),
            flagged: system.contains(System::FLAGGED),
            passed: forwarded,
            replied: system.contains(System::ANSWERED),
            seen: system.contains(System::SEEN),
            trashed: system.contains(System::DELETED),
        };
        let mut keywords: Vec<String> =
            letter.state.keywords.iter().filter(|keyword| *keyword != FORWARDED).cloned().collect();
        let fits = self.have_letters(&keywords);
        let content = if fits && letter.state.shared.is_none() && is_plain(&letter.raw) {
            letter.raw.to_vec()
        } else {
            // A part of the state that the file name cannot express stands before the letter.
            let mut state = letter.state.clone();
            state.keywords = if fits { Vec::new() } else { std::mem::take(&mut keywords) };
            let content = state::write(&state, &letter.raw);
            // The Maildir wants CRLF where it is to write LF; line ends that stand as they are, stay.
            if lines::to_lf(&letter.raw).is_some() { lines::to_crlf(&content).into_owned() } else { content }
        };
        self.waiting.push(Waiting { content, flags, keywords, received: letter.state.received });
        if self.waiting.len() >= TOGETHER { self.deliver() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>, sidecar: &[u8]) -> Result<(), Error> {
        self.deliver()?;
        for (name, content) in [(sidecar::NAME, sidecar), ("subscriptions", self.subscriptions.as_bytes())] {
            let path = self.maildir.root().join(name);
            fs::write(&path, content).map_err(Error::writing(&path))?;
        }
        super::writing::sync(self.maildir.root())
    }
}

/// A name that is too long for a directory gets a shorter one, with a mark that tells it from others that begin the
/// same. The sidecar has the real one.
fn shortened(name: &str) -> String {
    let start: String = name.chars().take(40).map(|c| if c == '/' { '-' } else { c }).collect();
    format!("{start} {}", &blake3::hash(name.as_bytes()).to_hex()[..8])
}

/// Returns true if the letter would be read as it is: it has a header, and nothing in it that is taken off when letters
/// are read.
fn is_plain(letter: &[u8]) -> bool {
    header::fields(letter).next().is_some() && !state::is_there(letter) && status::read(letter, false).1.is_none()
}
