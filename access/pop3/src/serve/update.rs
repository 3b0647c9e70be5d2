//! What becomes of the letters: `\Seen` for those that were sent, and the end for those that were marked.

use mail::trace::{Link, Observation};
use mailbox::letter::{Expunged, SLICE, carry_out, part, store_flags};
use mailbox::{Error, FlagChange, FlagSet, FolderId, System, Uids};
use store::{Store, Tx};

use super::House;
use crate::maildrop::Maildrop;

/// The end of a conversation; with QUIT the letters that were marked go (the UPDATE state, RFC 1939 §6). When this
/// gives `Ok` they are gone for good; when not, all of them may still be there, or some.
pub(super) async fn update(house: &House, mut maildrop: Maildrop, quit: bool) -> Result<(), Error> {
    let (store, account) = (&house.store, maildrop.account());
    let (folder, read) = (maildrop.folder(), maildrop.take_read());
    if !quit || maildrop.marked().is_empty() {
        mark_seen(store, folder, read).await;
        return Ok(());
    }
    let note = |gone: &Expunged| {
        let keys = gone.letters.iter().map(|letter| letter.0).collect();
        house.witness.saw(Observation::Removed { account, keys, door: Link::Pop3, at: net::now() });
    };
    let updated = remove(store, folder, read, maildrop.marked().clone(), note).await;
    updated.inspect_err(|error| tracing::error!(%error, "letters that were marked at a POP3 door could not be removed"))
}

/// What was sent is read, as with Dovecot. Where that cannot be written down the letters stay unseen: no harm is done.
pub(super) async fn mark_seen(store: &Store, folder: FolderId, read: Uids) {
    if read.is_empty() {
        return;
    }
    if let Err(error) = store.write(move |tx| seen(tx, folder, &read)).await {
        tracing::debug!(%error, "letters that were read stay unseen");
    }
}

/// One commit decides that all of them go. Where they are very many it takes more to clear them away, which then
/// happens whatever becomes of us; the client is told when it is done.
async fn remove(
    store: &Store,
    folder: FolderId,
    read: Uids,
    marked: Uids,
    note: impl Fn(&Expunged),
) -> Result<(), Error> {
    let read = read.without(&marked);
    let decide = move |tx: &mut Tx| {
        seen(tx, folder, &read)?;
        part(tx, folder, &marked)
    };
    let mut gone = store.write(decide).await?;
    note(&gone);
    while gone.more {
        gone = store.write(move |tx| carry_out(tx, folder)).await?;
        note(&gone);
    }
    Ok(())
}

fn seen(tx: &mut Tx, folder: FolderId, read: &Uids) -> Result<(), Error> {
    let ranges: Vec<_> = read.ranges().collect();
    let change = FlagChange::Add(FlagSet::from(System::SEEN));
    store_flags(tx, folder, &ranges, &change, None, SLICE).map(drop)
}
