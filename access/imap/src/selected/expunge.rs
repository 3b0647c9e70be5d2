//! `EXPUNGE`, `UID EXPUNGE`, `CLOSE` and `UNSELECT` (RFC 9051 §6.4.1 to §6.4.3, §6.4.9).

use mail::trace::{Link, Observation};
use mailbox::letter::{Expunge, expunge, rest};
use mailbox::{Error, LetterKey, UidRange, sliced};
use store::Tx;

use super::answers;
use super::sets::resolve;
use super::view::SelectedFolder;
use crate::codec::command::Numbering;
use crate::codec::sets::SequenceSet;
use crate::session::{Answer, Done, Output, Session};

/// The most letters that one transaction expunges.
const SLICE: usize = 500;

/// Runs `EXPUNGE`, or `UID EXPUNGE` with a set.
pub async fn expunge_letters(session: &mut Session, out: &mut Output<'_>, among: Option<&SequenceSet>) -> Done {
    let Some(selected) = session.selected.as_deref() else { return Err(answers::nothing_selected()) };
    if selected.read_only {
        return Err(answers::read_only());
    }
    let among = among.map(|set| resolve(set, Numbering::Uid, &selected.uids, &selected.saved)).transpose()?;
    let failed = clear(session, selected.place(), among).await.err();
    // The client learns of the letters that are gone even if a later slice failed.
    super::updates::updates(session, out, true).await?;
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(answers::with_highest(session, Answer::ok("EXPUNGE completed"))),
    }
}

/// Runs `CLOSE`: expunges in silence, unless the folder is open read-only.
pub async fn close(session: &mut Session) -> Done {
    let Some(selected) = session.selected.take() else { return Err(answers::nothing_selected()) };
    if !selected.read_only {
        clear(session, selected.place(), None).await?;
    }
    Ok(Answer::ok("CLOSE completed"))
}

/// Expunges slice after slice. `None` stands for every letter that is `\Deleted`.
async fn clear(session: &Session, place: SelectedFolder, among: Option<Vec<UidRange>>) -> Result<(), Error> {
    let access = place.access;
    let expunge = move |tx: &mut Tx, among: Option<Vec<UidRange>>| {
        if !place.holds(tx)? {
            return Ok((Vec::new(), None));
        }
        let which = among.as_deref().map_or(Expunge::Deleted, Expunge::DeletedAmong);
        let gone = expunge(tx, access, place.folder, &which, SLICE)?;
        let next = gone.next.map(|next| among.map(|among| rest(&among, next)));
        Ok::<_, Error>((gone.letters, next))
    };
    sliced(&session.server.shared.store, access.key(), among, expunge, |letters: Vec<LetterKey>| {
        let keys: Vec<i64> = letters.iter().map(|letter| letter.0).collect();
        if !keys.is_empty() {
            let account = access.owner();
            session.server.shared.witness.saw(Observation::Removed { account, keys, door: Link::Imap, at: net::now() });
        }
    })
    .await
}
