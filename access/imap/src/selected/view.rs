//! A folder as one client sees it: the letters that it has been told of, and the change up to which it knows
//! everything.

use std::sync::Arc;

use mailbox::{Access, Change, Error, FlagSet, FolderId, Keywords, System, Uid, UidValidity, Uids};
use store::View;

use crate::codec::write::number;
use crate::session::Enabled;

/// The selected folder.
pub struct Selected {
    /// The access to the mailbox that the folder is in.
    pub(super) access: Access,
    /// The folder's number: a rename by another client does not matter, except that of INBOX.
    pub(super) folder: FolderId,
    /// The UIDVALIDITY shows when the folder's number has become that of another folder.
    pub(super) validity: UidValidity,
    /// `EXAMINE`
    pub(super) read_only: bool,
    /// The letters that the client knows of. Shared with the reader thread while a batch is rendered.
    pub(super) uids: Arc<Uids>,
    /// The letters among them that are gone, and that the client may not hear of yet (RFC 9051 §7.5.1).
    pub(super) gone: Uids,
    /// The client knows all changes up to this one, except for `gone`.
    pub(super) told: Change,
    /// The client knows all changes up to this one, `gone` included: it may come back with it later (RFC 7162 §3.2.5)
    /// and misses nothing.
    pub(super) settled: Change,
    /// Later changes that this client made itself and knows of, rising.
    pub(super) own: Vec<Change>,
    /// Letters that it changed in silence after another client had: it must still hear of the other client's change.
    pub(super) mixed: Uids,
    /// The names of the keywords that the client has been told of.
    pub(super) keywords: Arc<Keywords>,
    /// The letters that the last `SEARCH RETURN (SAVE)` found (RFC 5182).
    pub(super) saved: Uids,
}

impl Selected {
    /// Returns the UIDVALIDITY of the folder, which identifies it under any name.
    pub fn validity(&self) -> UidValidity {
        self.validity
    }

    /// Returns the folder, for work outside this session.
    pub(super) fn place(&self) -> SelectedFolder {
        SelectedFolder { access: self.access, folder: self.folder, validity: self.validity }
    }

    /// Remembers a change that the client made itself, so that it does not hear of it once more.
    pub(super) fn remember(&mut self, change: Change) {
        if let Err(place) = self.own.binary_search(&change) {
            self.own.insert(place, change);
        }
    }
}

/// A folder as it was selected, for the transactions that change it.
#[derive(Clone, Copy, Debug)]
pub struct SelectedFolder {
    pub(super) access: Access,
    pub(super) folder: FolderId,
    validity: UidValidity,
}

impl SelectedFolder {
    /// Returns false once INBOX was renamed: its letters are gone from it (RFC 9051 §6.3.6), and this client has not
    /// heard of it yet.
    pub(super) fn holds(self, view: &View) -> Result<bool, Error> {
        mailbox::folder::is_same(view, self.access, self.folder, self.validity)
    }

    /// Returns the number of the folder now.
    pub(super) fn now(self, view: &View) -> Result<FolderId, Error> {
        if self.holds(view)? {
            return Ok(self.folder);
        }
        mailbox::folder::by_validity(view, self.access, self.validity)?.ok_or(Error::NoSuchFolder(self.folder))
    }
}

/// Writes `FLAGS (\Seen $Forwarded)`; keywords without a known name are left out.
pub fn flags(out: &mut Vec<u8>, flags: &FlagSet, keywords: &Keywords) {
    out.extend_from_slice(b"FLAGS (");
    let start = out.len();
    for (flag, name) in System::NAMES {
        if flags.system.contains(flag) {
            out.extend_from_slice(name.as_bytes());
            out.push(b' ');
        }
    }
    for name in flags.keywords().iter().filter_map(|id| keywords.name(*id)) {
        out.extend_from_slice(name.as_bytes());
        out.push(b' ');
    }
    if out.len() > start {
        out.pop();
    }
    out.push(b')');
}

/// Writes ` MODSEQ (12)`.
pub fn modseq(out: &mut Vec<u8>, change: Change) {
    out.extend_from_slice(b"MODSEQ (");
    number(out, change.0);
    out.push(b')');
}

/// Writes `* FLAGS (…)` and `* OK [PERMANENTFLAGS (…)]`.
pub fn flags_there_are(out: &mut Vec<u8>, keywords: &Keywords, read_only: bool) {
    let mut names = Vec::new();
    for (_, name) in System::NAMES {
        names.extend_from_slice(name.as_bytes());
        names.push(b' ');
    }
    for (_, name) in keywords.iter() {
        names.extend_from_slice(name.as_bytes());
        names.push(b' ');
    }
    names.pop();
    out.extend_from_slice(b"* FLAGS (");
    out.extend_from_slice(&names);
    out.extend_from_slice(b")\r\n* OK [PERMANENTFLAGS (");
    if !read_only {
        out.extend_from_slice(&names);
        // RFC 9051 §7.1: any keyword can be made by using it.
        out.extend_from_slice(b" \\*");
    }
    out.extend_from_slice(b")] Flags that are kept\r\n");
}

/// Writes an untagged FETCH with new flags. The UID is always with them: RFC 7162 §3.2.4 requires it for QRESYNC, RFC
/// 9051 §7.5.2 prefers it, and it harms nobody.
pub fn flags_changed(
    out: &mut Vec<u8>,
    place: u32,
    uid: Uid,
    flag_set: &FlagSet,
    change: Change,
    keywords: &Keywords,
    enabled: Enabled,
) {
    out.extend_from_slice(b"* ");
    number(out, u64::from(place));
    out.extend_from_slice(b" FETCH (UID ");
    number(out, u64::from(uid.get()));
    out.push(b' ');
    flags(out, flag_set, keywords);
    if enabled.condstore {
        out.push(b' ');
        modseq(out, change);
    }
    out.extend_from_slice(b")\r\n");
}
