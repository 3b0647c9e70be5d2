//! STATUS (RFC 9051 §6.3.11).

use mailbox::{Error, Folder, folder};

use crate::codec::command::StatusItem;
use crate::codec::encode::status_item;
use crate::codec::{object_id, write};
use crate::session::{Answer, Done, Output, Session};

pub(super) async fn status(session: &mut Session, out: &mut Output<'_>, name: String, items: &[StatusItem]) -> Done {
    let access = session.access();
    let read = move |view: &store::View| folder::by_name(view, access, &name)?.ok_or(Error::NoFolderCalled(name));
    let folder = session.server.shared.store.read_for(session.asker(), read).await?;
    respond(session, out, &folder, items);
    Ok(Answer::ok("Done"))
}

/// Writes `* STATUS name (…)`.
pub(super) fn respond(session: &mut Session, out: &mut Output<'_>, folder: &Folder, items: &[StatusItem]) {
    // RFC 7162 §3.1: asking for HIGHESTMODSEQ switches CONDSTORE on.
    session.enabled.condstore |= items.contains(&StatusItem::HighestModSeq);
    let buffer = out.buffer();
    buffer.extend_from_slice(b"* STATUS ");
    write::folder_name(buffer, &folder.name, session.enabled.utf8_names());
    buffer.extend_from_slice(b" (");
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            buffer.push(b' ');
        }
        buffer.extend_from_slice(status_item(*item).as_bytes());
        buffer.push(b' ');
        match number(folder, *item, session.server.append_limit) {
            Some(number) => write::number(buffer, number),
            None => object_id::mailbox_id(buffer, folder.id),
        }
    }
    buffer.extend_from_slice(b")\r\n");
}

/// Returns the number that an item is; `None` for the only one that is an id.
fn number(folder: &Folder, item: StatusItem, append_limit: u64) -> Option<u64> {
    Some(match item {
        StatusItem::Messages => u64::from(folder.total),
        StatusItem::Recent => 0,
        StatusItem::UidNext => u64::from(folder.uid_next.get()),
        StatusItem::UidValidity => u64::from(folder.uid_validity.get()),
        StatusItem::Unseen => u64::from(folder.unseen),
        StatusItem::Deleted => u64::from(folder.deleted),
        StatusItem::Size => folder.size,
        StatusItem::HighestModSeq => folder.highest.0,
        StatusItem::AppendLimit => append_limit,
        StatusItem::MailboxId => return None,
    })
}
