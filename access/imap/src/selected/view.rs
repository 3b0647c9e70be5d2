//! A folder as one client sees it: which letters it has been told of, and up to which change.

use std::sync::Arc;

use mailbox::{Change, FlagSet, FolderId, Keywords, System, Uid, Uids};

use crate::codec::write::number;
use crate::serve::Enabled;

/// The selected folder.
pub struct Selected {
    /// Its number: a rename by another client does not matter.
    pub(super) folder: FolderId,
    /// `EXAMINE`
    pub(super) read_only: bool,
    /// The letters the client knows of. Shared with the reader thread while a batch is rendered.
    pub(super) uids: Arc<Uids>,
    /// Those among them that are gone, which the client may not be told yet (RFC 9051 §7.5.1).
    pub(super) gone: Uids,
    /// All changes up to this one have been told, but for `gone`.
    pub(super) told: Change,
    /// Later changes that this client made itself and has been told of, rising.
    pub(super) own: Vec<Change>,
    /// Names of keywords as far as the client has been told them.
    pub(super) keywords: Arc<Keywords>,
    /// What the last `SEARCH RETURN (SAVE)` found (RFC 5182).
    pub(super) saved: Uids,
}

impl Selected {
    /// The number of the folder.
    pub fn folder(&self) -> FolderId {
        self.folder
    }

    /// Remembers a change the client made itself, so that it is not told of it once more.
    pub(super) fn remember(&mut self, change: Change) {
        if let Err(place) = self.own.binary_search(&change) {
            self.own.insert(place, change);
        }
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

/// Writes an untagged FETCH that tells of new flags. The UID is always with them: RFC 7162 §3.2.4 wants it for
/// QRESYNC, RFC 9051 §7.5.2 prefers it, and it harms nobody.
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
