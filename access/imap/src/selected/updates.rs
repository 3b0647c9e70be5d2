//! Tells this client of the changes that others have made (RFC 9051 §5.2, §7.5.1; RFC 7162).

use std::sync::Arc;

use mailbox::{Change, Error, FolderChanges, FolderId, Keywords, Row, Uids};
use store::View;

use super::expunged;
use super::view::{Selected, SelectedFolder, flags_changed, flags_there_are};
use crate::codec::write::number;
use crate::session::{Enabled, Halt, Output, Session};

/// Changed letters that one step reads and announces.
const BATCH: usize = 1000;

/// Tells the client of the changes that others have made since the last call. The loop calls it before each tagged line
/// and whenever the store announces a change during IDLE. Expunged letters are held back while `expunges` is false.
///
/// Work and memory are proportional to the changes, never to the size of the folder.
pub async fn updates(session: &mut Session, out: &mut Output<'_>, expunges: bool) -> Result<(), Halt> {
    let (enabled, asker) = (session.enabled, session.asker());
    let Some(selected) = session.selected.as_deref_mut() else { return Ok(()) };
    let mut arrived = Uids::new();
    loop {
        let (place, since, keywords) = (selected.place(), selected.told, Arc::clone(&selected.keywords));
        let read = move |view: &View| news(view, place, since, &keywords);
        let read = session.server.shared.store.read_for(asker, read).await;
        let news = match read {
            Err(Error::NoSuchFolder(_)) => return Err(deleted(out).await),
            read => read?,
        };
        let more = news.changes.more;
        absorb(selected, &mut arrived, news, out, enabled).await?;
        if !more {
            break;
        }
    }
    selected.own.clear();
    selected.mixed = Uids::new();
    if expunges && !selected.gone.is_empty() {
        let gone = std::mem::take(&mut selected.gone);
        expunged::tell(out, &selected.uids, &gone, enabled.qresync).await?;
        selected.uids = Arc::new(selected.uids.without(&gone));
    }
    if selected.gone.is_empty() {
        selected.settled = selected.told;
    }
    if !arrived.is_empty() {
        let uids = Arc::make_mut(&mut selected.uids);
        uids.extend(&arrived);
        exists(out.buffer(), uids.len(), enabled);
        out.breathe().await?;
    }
    Ok(())
}

/// Writes `* 23 EXISTS`, and for rev1 `* 0 RECENT`: no letter is ever `\Recent` here (RFC 9051 dropped it; RFC 3501
/// §2.3.2 allows a server to have none).
pub fn exists(out: &mut Vec<u8>, letters: u32, enabled: Enabled) {
    out.extend_from_slice(b"* ");
    number(out, u64::from(letters));
    out.extend_from_slice(b" EXISTS\r\n");
    if !enabled.rev2 {
        out.extend_from_slice(b"* 0 RECENT\r\n");
    }
}

/// Answers when another client deletes the selected folder: nothing that is said of it makes sense any more.
async fn deleted(out: &mut Output<'_>) -> Halt {
    out.line("* BYE The selected folder was deleted");
    match out.send().await {
        Ok(()) => Halt::Gone(net::Error::Closed),
        Err(error) => Halt::Gone(error),
    }
}

struct News {
    /// Its number now.
    folder: FolderId,
    changes: FolderChanges,
    /// Read anew when a letter has a keyword that this client has not been told of.
    keywords: Option<Keywords>,
}

fn news(view: &View, place: SelectedFolder, since: Change, known: &Keywords) -> Result<News, Error> {
    let (access, folder) = (place.access, place.now(view)?);
    let changes = mailbox::changes_since(view, access, folder, since, BATCH)?;
    let keywords = if changes.changed.iter().any(|row| !all_known(row, known)) {
        Some(Keywords::load(view, access)?)
    } else {
        None
    };
    Ok(News { folder, changes, keywords })
}

fn all_known(row: &Row, known: &Keywords) -> bool {
    row.flags.keywords().iter().all(|id| known.name(*id).is_some())
}

/// Announces changed flags, and sorts the letters that came and went.
async fn absorb(
    selected: &mut Selected,
    arrived: &mut Uids,
    news: News,
    out: &mut Output<'_>,
    enabled: Enabled,
) -> Result<(), Halt> {
    if let Some(keywords) = news.keywords {
        flags_there_are(out.buffer(), &keywords, selected.read_only);
        selected.keywords = Arc::new(keywords);
    }
    for row in &news.changes.changed {
        if !selected.uids.contains(row.uid) {
            arrived.insert(row.uid);
        } else if (!selected.own.contains(&row.change) || selected.mixed.contains(row.uid))
            && let Some(place) = selected.uids.seq_of(row.uid)
        {
            flags_changed(out.buffer(), place, row.uid, &row.flags, row.change, &selected.keywords, enabled);
            out.breathe().await?;
        }
    }
    *arrived = arrived.without(&news.changes.vanished);
    selected.gone.extend(&news.changes.vanished.and(&selected.uids));
    selected.folder = news.folder;
    selected.told = news.changes.now;
    Ok(())
}
