//! Ends a session: letters that were sent become `\Seen`, and letters that were marked are removed.

use mail::trace::{Link, Observation};
use mailbox::letter::{Expunged, SLICE, Stored, carry_out, part, rest, store_flags};
use mailbox::{Access, Error, FlagChange, FlagSet, FolderId, System, Uid, UidRange, Uids, sliced};
use store::{Store, Tx};

use super::Server;
use crate::maildrop::Maildrop;

/// Ends a conversation; with QUIT the letters that were marked go (the UPDATE state, RFC 1939 §6). When this
/// gives `Ok` they are gone for good; when not, all of them may still be there, or some.
pub(super) async fn update(server: &Server, mut maildrop: Maildrop, quit: bool) -> Result<(), Error> {
    let (store, access, folder) = (&server.shared.store, maildrop.access(), maildrop.folder());
    let read = maildrop.take_read();
    if !quit || maildrop.marked().is_empty() {
        mark_seen(store, access, folder, read).await;
        return Ok(());
    }
    let note = |gone: &Expunged| {
        let account = access.owner();
        let keys = gone.letters.iter().map(|letter| letter.0).collect();
        server.shared.witness.saw(Observation::Removed { account, keys, door: Link::Pop3, at: net::now() });
    };
    let updated = remove(store, access, folder, read, maildrop.marked().clone(), note).await;
    updated.inspect_err(|error| tracing::error!(%error, "letters that were marked at a POP3 door could not be removed"))
}

/// Marks the sent letters as read, as Dovecot does. If the store cannot take that, the letters stay unseen: no harm is
/// done.
pub(super) async fn mark_seen(store: &Store, access: Access, folder: FolderId, read: Uids) {
    if read.is_empty() {
        return;
    }
    let ranges: Vec<UidRange> = read.ranges().collect();
    let mark = move |tx: &mut Tx, ranges: Vec<UidRange>| {
        let stored = seen(tx, access, folder, &ranges)?;
        Ok::<_, Error>(((), stored.next.map(|next| rest(&ranges, next))))
    };
    if let Err(error) = sliced(store, access.key(), ranges, mark, drop).await {
        tracing::debug!(%error, "letters that were read stay unseen");
    }
}

/// One commit decides that all of them go. If they are very many, clearing them away takes more commits, which follow
/// even if this conversation ends; the client hears of it when all is done.
async fn remove(
    store: &Store,
    access: Access,
    folder: FolderId,
    read: Uids,
    marked: Uids,
    note: impl Fn(&Expunged),
) -> Result<(), Error> {
    let read = read.without(&marked);
    let first: Vec<UidRange> = read.ranges().collect();
    let decide = move |tx: &mut Tx| {
        // Mostly they are few, and then one commit does for both.
        let stored = seen(tx, access, folder, &first)?;
        Ok::<_, Error>((part(tx, access, folder, &marked)?, stored.next))
    };
    let (gone, unseen) = store.write(access.key(), decide).await?;
    note(&gone);
    if gone.more {
        let carry_out =
            move |tx: &mut Tx, ()| carry_out(tx, access, folder).map(|gone| (gone.clone(), gone.more.then_some(())));
        sliced(store, access.key(), (), carry_out, |gone| note(&gone)).await?;
    }
    if let Some(first) = unseen {
        mark_seen(store, access, folder, read.within(&[UidRange { first, last: Uid::LAST }])).await;
    }
    Ok(())
}

fn seen(tx: &mut Tx, access: Access, folder: FolderId, read: &[UidRange]) -> Result<Stored, Error> {
    let change = FlagChange::Add(FlagSet::from(System::SEEN));
    store_flags(tx, access, folder, read, &change, None, SLICE)
}
