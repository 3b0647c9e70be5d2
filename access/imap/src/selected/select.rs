//! `SELECT` and `EXAMINE` (RFC 9051 §6.3.2) with the parameters of RFC 7162.

use std::sync::Arc;

use mailbox::{Access, Change, Error, Folder, Keywords, Uid, Uids, folder};
use store::View;

use super::resync;
use super::updates::exists;
use super::view::{Selected, flags_there_are};
use crate::codec::command::Select;
use crate::codec::write::{folder_name, number};
use crate::session::{Answer, Code, Done, Enabled, Output, Session};

/// Runs `SELECT` and `EXAMINE`. It leaves the folder selected before, whatever comes of it (RFC 9051 §6.3.2), and sends
/// `* OK [CLOSED]` for it.
pub async fn select(session: &mut Session, out: &mut Output<'_>, select: Select) -> Done {
    if select.qresync.is_some() && !session.enabled.qresync {
        // RFC 7162 §3.2.5: QRESYNC has to be enabled before its parameter may be used.
        return Err(Answer::bad("ENABLE QRESYNC comes first").into());
    }
    if session.selected.take().is_some() {
        out.line("* OK [CLOSED] The folder selected before is left");
    }
    session.enabled.condstore |= select.condstore;
    let (access, name) = (session.access(), select.folder.clone());
    let found = session.server.shared.store.read_for(session.asker(), move |view| open(view, access, &name)).await?;
    let Some(opened) = found else {
        return Err(Answer::no("There is no folder of that name").word("NONEXISTENT").into());
    };
    greet(out.buffer(), &opened, &select, session.enabled);
    out.breathe().await?;
    let validity = opened.folder.uid_validity;
    session.selected = Some(Box::new(opened.into_selected(select.read_only)));
    if let Some(qresync) = select.qresync.filter(|known| known.uid_validity == validity.0) {
        resync::tell(session, out, qresync).await?;
    }
    let word = if select.read_only { "READ-ONLY" } else { "READ-WRITE" };
    Ok(Answer::ok("The folder is open").word(word))
}

/// The contents of a folder that are read to open it, in one snapshot.
struct Opened {
    access: Access,
    folder: Folder,
    uids: Uids,
    at: Change,
    keywords: Keywords,
    first_unseen: Option<Uid>,
}

impl Opened {
    fn into_selected(self, read_only: bool) -> Selected {
        Selected {
            access: self.access,
            folder: self.folder.id,
            validity: self.folder.uid_validity,
            read_only,
            uids: Arc::new(self.uids),
            gone: Uids::new(),
            told: self.at,
            settled: self.at,
            own: Vec::new(),
            mixed: Uids::new(),
            keywords: Arc::new(self.keywords),
            saved: Uids::new(),
        }
    }
}

fn open(view: &View, access: Access, name: &str) -> Result<Option<Opened>, Error> {
    let Some(folder) = folder::by_name(view, access, name)? else { return Ok(None) };
    let (uids, at) = Uids::load(view, access, folder.id)?;
    let keywords = Keywords::load(view, access)?;
    let first_unseen = if folder.unseen > 0 { folder::first_unseen(view, access, folder.id)? } else { None };
    Ok(Some(Opened { access, folder, uids, at, keywords, first_unseen }))
}

/// Writes the untagged answers of RFC 9051 §6.3.2.
fn greet(out: &mut Vec<u8>, opened: &Opened, select: &Select, enabled: Enabled) {
    let folder = &opened.folder;
    flags_there_are(out, &opened.keywords, select.read_only);
    exists(out, opened.uids.len(), enabled);
    // RFC 9051 dropped UNSEEN, because nearly no client uses it and it costs most servers much.
    let unseen = opened.first_unseen.filter(|_| !enabled.rev2).and_then(|uid| opened.uids.seq_of(uid));
    if let Some(place) = unseen {
        code(out, "UNSEEN", u64::from(place), "First letter not seen");
    }
    code(out, "UIDVALIDITY", u64::from(folder.uid_validity.get()), "UIDs are valid");
    Answer::ok("The folder's id").with(Code::MailboxId(folder.id)).write("*", out);
    code(out, "UIDNEXT", u64::from(folder.uid_next.get()), "Next UID");
    code(out, "HIGHESTMODSEQ", opened.at.0, "Highest");
    if enabled.rev2 {
        // RFC 9051 §6.3.2: the LIST response tells the name as we write it.
        out.extend_from_slice(b"* LIST () \"/\" ");
        folder_name(out, &folder.name, true);
        out.extend_from_slice(b"\r\n");
    }
}

/// Writes `* OK [HIGHESTMODSEQ 12]` for a client that has just switched CONDSTORE on with a folder selected: from now
/// on each change reaches it with its number (RFC 7162 §3.1).
pub fn highest(session: &Session, out: &mut Output<'_>) {
    if let Some(selected) = session.selected.as_deref() {
        code(out.buffer(), "HIGHESTMODSEQ", selected.settled.0, "Highest");
    }
}

fn code(out: &mut Vec<u8>, word: &str, value: u64, text: &str) {
    out.extend_from_slice(b"* OK [");
    out.extend_from_slice(word.as_bytes());
    out.push(b' ');
    number(out, value);
    out.extend_from_slice(b"] ");
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(b"\r\n");
}
