//! The letters and the folders that labels make of them.

use std::collections::{BTreeMap, BTreeSet};

/// A letter.
#[derive(Clone, Debug)]
pub struct GmailLetter {
    /// X-GM-MSGID: the same in every folder.
    pub id: u64,
    /// X-GM-THRID
    pub thread: u64,
    /// The letter itself.
    pub bytes: Vec<u8>,
    /// INTERNALDATE, as IMAP writes it.
    pub date: String,
    /// `\Seen`, `\Answered`, and keywords.
    pub flags: BTreeSet<String>,
    /// `\Inbox`, `\Sent`, `\Important`, `\Trash`, `\Junk`, `\Draft`, and the person's own.
    pub labels: BTreeSet<String>,
}

/// A folder as IMAP shows it.
pub struct Folder {
    /// The name in Unicode.
    pub name: String,
    /// The label whose letters it shows; empty for All Mail.
    pub label: String,
    /// `\All`, `\Sent`, …
    pub uses: &'static str,
    /// UIDVALIDITY
    pub validity: u32,
    /// UIDNEXT
    pub next: u32,
    /// UIDs and the letters they name.
    pub uids: BTreeMap<u32, u64>,
}

/// All of it.
pub struct Mailbox {
    letters: BTreeMap<u64, GmailLetter>,
    folders: Vec<Folder>,
    last: u64,
    /// The last change of each letter, and of any.
    changed: BTreeMap<u64, u64>,
    change: u64,
}

const ALL: &str = "";
const SYSTEM: [(&str, &str, &str); 8] = [
    ("INBOX", "\\Inbox", ""),
    ("[Gmail]/All Mail", ALL, "\\All"),
    ("[Gmail]/Drafts", "\\Draft", "\\Drafts"),
    ("[Gmail]/Important", "\\Important", "\\Important"),
    ("[Gmail]/Sent Mail", "\\Sent", "\\Sent"),
    ("[Gmail]/Spam", "\\Junk", "\\Junk"),
    ("[Gmail]/Starred", "\\Starred", "\\Flagged"),
    ("[Gmail]/Trash", "\\Trash", "\\Trash"),
];

impl Mailbox {
    pub(super) fn new() -> Self {
        let mut new = Self {
            letters: BTreeMap::new(),
            folders: Vec::new(),
            last: 1_278_455_344_230_334_865,
            changed: BTreeMap::new(),
            change: 7,
        };
        SYSTEM.iter().for_each(|(name, label, uses)| new.add_folder(name, label, uses));
        new
    }

    fn add_folder(&mut self, name: &str, label: &str, uses: &'static str) {
        let validity = 600_000_000 + u32::try_from(self.folders.len()).expect("few");
        let (name, label) = (name.to_owned(), label.to_owned());
        self.folders.push(Folder { name, label, uses, validity, next: 1, uids: BTreeMap::new() });
    }

    /// Puts a letter in, with labels as X-GM-LABELS names them (`\Inbox`, `Projects/Paris`), flags, and an INTERNALDATE
    /// such as `17-Jul-2024 02:44:25 +0000`. Folders are made for new labels. Returns its X-GM-MSGID.
    pub fn add(&mut self, bytes: &[u8], labels: &[&str], flags: &[&str], date: &str) -> u64 {
        self.last += 1;
        let id = self.last;
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        self.make_folders(labels);
        let letter = GmailLetter {
            id,
            thread: id,
            bytes: bytes.to_vec(),
            date: date.into(),
            flags: own(flags),
            labels: own(labels),
        };
        self.letters.insert(id, letter);
        self.file(id);
        id
    }

    /// Gives a letter labels and takes others away, as a person does on Gmail's pages.
    pub fn relabel(&mut self, id: u64, give: &[&str], take: &[&str]) {
        self.make_folders(give);
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        self.label(id, &own(take), Some(false));
        self.label(id, &own(give), Some(true));
    }

    fn make_folders(&mut self, labels: &[&str]) {
        for label in labels {
            if !self.folders.iter().any(|folder| folder.label == *label) {
                self.add_folder(label, label, "");
            }
        }
    }

    /// HIGHESTMODSEQ, the same for all folders.
    pub(super) fn highest(&self) -> u64 {
        self.change
    }

    /// MODSEQ of a letter.
    pub(super) fn modseq(&self, id: u64) -> u64 {
        self.changed.get(&id).copied().unwrap_or(1)
    }

    /// The letters, by X-GM-MSGID.
    pub fn letters(&self) -> impl Iterator<Item = &GmailLetter> {
        self.letters.values()
    }

    /// One of them.
    pub fn letter(&self, id: u64) -> Option<&GmailLetter> {
        self.letters.get(&id)
    }

    /// Gives a folder a new UIDVALIDITY, and its letters new UIDs.
    pub fn renumber(&mut self, name: &str) {
        let folder = self.folders.iter_mut().find(|folder| folder.name == name).expect("there is such a folder");
        folder.validity += 1000;
        let ids: Vec<u64> = folder.uids.values().copied().collect();
        folder.uids = ids.iter().enumerate().map(|(number, id)| (number as u32 + 501, *id)).collect();
        folder.next = 501 + u32::try_from(ids.len()).expect("few");
    }

    pub(super) fn folders(&self) -> &[Folder] {
        &self.folders
    }

    /// Finds a folder by its name on the wire.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let inbox = name.eq_ignore_ascii_case("INBOX");
        let found = |folder: &Folder| inbox && folder.name == "INBOX" || super::labels::utf7(&folder.name) == name;
        self.folders.iter().position(found)
    }

    pub(super) fn flag(&mut self, id: u64, flags: &[String], on: Option<bool>) {
        let Some(letter) = self.letters.get_mut(&id) else { return };
        if on.is_none() {
            letter.flags.clear();
        }
        for flag in flags {
            if on == Some(false) {
                letter.flags.remove(flag)
            } else {
                letter.flags.insert(flag.clone())
            };
        }
        self.file(id);
    }

    /// Adds labels, takes them, or sets them. In Trash and Spam no other label stays.
    pub(super) fn label(&mut self, id: u64, labels: &[String], on: Option<bool>) {
        let Some(letter) = self.letters.get_mut(&id) else { return };
        let apart = labels.iter().any(|label| label == "\\Trash" || label == "\\Junk");
        if on.is_none() || apart && on == Some(true) {
            letter.labels.clear();
        }
        for label in labels {
            if on == Some(false) {
                letter.labels.remove(label)
            } else {
                letter.labels.insert(label.clone())
            };
        }
        self.file(id);
    }

    /// Expunges a letter from a folder as Gmail does: the letter loses the label; from Trash and Spam it goes for
    /// good; in All Mail it stays.
    pub(super) fn expunge(&mut self, folder: usize, uid: u32) {
        let label = self.folders[folder].label.clone();
        let Some(id) = self.folders[folder].uids.get(&uid).copied() else { return };
        if label == "\\Trash" || label == "\\Junk" {
            self.letters.remove(&id);
        } else if let Some(letter) = self.letters.get_mut(&id) {
            letter.labels.remove(&label);
            letter.flags.remove("\\Deleted");
        }
        self.file(id);
    }

    /// Adds a folder's label, as COPY and MOVE do; into Trash and Spam nothing else stays.
    pub(super) fn copy(&mut self, id: u64, to: usize) {
        let label = self.folders[to].label.clone();
        let Some(letter) = self.letters.get_mut(&id) else { return };
        if label == "\\Trash" || label == "\\Junk" {
            letter.labels.clear();
        }
        if label != ALL {
            letter.labels.insert(label);
        }
        self.file(id);
    }

    /// Brings the folders in line with a letter's labels.
    fn file(&mut self, id: u64) {
        self.change += 1;
        self.changed.insert(id, self.change);
        let letter = self.letters.get(&id);
        for folder in &mut self.folders {
            let due = letter.is_some_and(|letter| folder.shows(letter));
            let there = folder.uids.iter().find(|(_, one)| **one == id).map(|(uid, _)| *uid);
            match (due, there) {
                (true, None) => {
                    folder.uids.insert(folder.next, id);
                    folder.next += 1;
                }
                (false, Some(uid)) => drop(folder.uids.remove(&uid)),
                _ => {}
            }
        }
    }
}

impl Folder {
    fn shows(&self, letter: &GmailLetter) -> bool {
        let has = |label: &str| letter.labels.contains(label);
        let apart = has("\\Trash") || has("\\Junk");
        match self.label.as_str() {
            ALL => !apart,
            "\\Starred" => letter.flags.contains("\\Flagged") && !apart,
            label => has(label),
        }
    }
}
