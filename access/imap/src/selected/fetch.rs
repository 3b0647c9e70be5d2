//! `FETCH` (RFC 9051 §6.4.5): in batches, each from one snapshot, rendered where it is read, sent with back-pressure.

mod items;
mod render;
mod stream;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::sync::Arc;

use mail::trace::{Link, Observation, Witness};
use mailbox::letter::{SLICE, Stored, rest, store_flags};
use mailbox::{Access, Error, FlagChange, FlagSet, FolderId, Keywords, System, Uid, UidRange, Uids, Want};
use store::View;

use self::items::FetchItems;
use self::render::{Batch, Piece};
use super::answers;
use super::resync::{changed, tell_vanished};
use super::sets::{above, count, resolve, slices};
use super::view::Selected;
use crate::codec::command::{Fetch, Numbering};
use crate::session::{Answer, Done, Halt, Output, Session};

/// The most letters that one commit marks as seen before they are shown.
const SEEN_SLICE: u32 = 256;

/// The most damaged letters that one answer names.
const NAMED_AT_MOST: usize = 10;

/// Ranges of a set that are worked on together.
const RANGES: usize = 1000;

/// Runs `FETCH`.
pub async fn fetch(session: &mut Session, out: &mut Output<'_>, command: Fetch) -> Done {
    let plan = FetchItems::of(&command, session);
    session.enabled.condstore |= plan.modseq;
    if command.vanished && !(session.enabled.qresync && command.numbering == Numbering::Uid) {
        // RFC 7162 §3.2.6.
        return Err(Answer::bad("VANISHED is for UID FETCH, after ENABLE QRESYNC").into());
    }
    if plan.asks_too_much() {
        return Err(Answer::no("That is too many sections for one FETCH").word("LIMIT").into());
    }
    let Some(selected) = session.selected.as_deref_mut() else { return Err(answers::nothing_selected()) };
    let mut ranges = resolve(&command.set, command.numbering, &selected.uids, &selected.saved)?;
    let named = count(&ranges, &selected.uids);
    let store = session.server.shared.store.clone();
    let asker = selected.access.asker();
    if let Some(since) = plan.changed_since {
        if command.vanished {
            tell_vanished(selected, (&store, asker), out, &command.set, since).await?;
        }
        ranges = changed(selected, (&store, asker), ranges, since).await?;
    }
    let plan = Arc::new(plan);
    let witness = Arc::clone(&session.server.shared.witness);
    let mut job = Job { store, asker, selected, plan, shown: 0, damaged: Vec::new(), witness };
    if job.plan.marks_seen && !job.selected.read_only {
        let uids = Arc::clone(&job.selected.uids);
        for slice in slices(&ranges, &uids, SEEN_SLICE) {
            let seen = job.mark_seen(&slice).await;
            job.show(out, slice, seen).await?;
        }
    } else {
        job.show(out, ranges, Seen::default()).await?;
    }
    if !job.damaged.is_empty() {
        return Ok(not_shown(&job.damaged));
    }
    if job.shown < named && command.numbering == Numbering::Sequence && command.changed_since.is_none() {
        return Ok(answers::expunge_issued(job.shown > 0, "FETCH completed, but some of these letters are gone"));
    }
    match job.plan.undecodable() {
        true => Ok(Answer::no("A part is encoded in a way nobody here can undo").word("UNKNOWN-CTE")),
        false => Ok(Answer::ok("FETCH completed")),
    }
}

/// Names the letters that could not be shown. The connection and the other items of the command are not affected (RFC
/// 5530 §3, CORRUPTION).
fn not_shown(letters: &[Uid]) -> Answer {
    let uids: Vec<String> = letters.iter().map(|uid| uid.get().to_string()).collect();
    let text = format!(
        "The text of these letters is damaged or lost, by their UIDs: {}; the administrator can restore it from a backup",
        uids.join(", ")
    );
    Answer::no(text).word("CORRUPTION")
}

/// A FETCH under way.
struct Job<'a> {
    store: store::Store,
    asker: store::Asker,
    selected: &'a mut Selected,
    plan: Arc<FetchItems>,
    shown: u64,
    /// The first letters whose bodies are damaged or lost; the others are shown.
    damaged: Vec<Uid>,
    witness: Arc<dyn Witness>,
}

impl Job<'_> {
    /// Shows the letters of the ranges.
    async fn show(&mut self, out: &mut Output<'_>, ranges: Vec<UidRange>, seen: Seen) -> Result<(), Halt> {
        let seen = Arc::new(seen);
        // A set of 100,000 single numbers is not copied whole for each batch.
        for some in ranges.chunks(RANGES) {
            self.show_some(out, some.to_vec(), &seen).await?;
        }
        Ok(())
    }

    /// Shows letters, a batch at a time.
    async fn show_some(&mut self, out: &mut Output<'_>, mut rest: Vec<UidRange>, seen: &Arc<Seen>) -> Result<(), Halt> {
        let mut read = self.read(rest.clone(), seen).await?;
        loop {
            let Batch { pieces, last, shown, keywords, damaged, read: opened } = read;
            self.shown += shown;
            self.damaged.extend(damaged.into_iter().take(NAMED_AT_MOST - self.damaged.len()));
            if let Some(keywords) = keywords {
                super::view::flags_there_are(out.buffer(), &keywords, self.selected.read_only);
                self.selected.keywords = Arc::new(keywords);
            }
            rest = last.map(|last| above(&rest, last)).unwrap_or_default();
            let streams = pieces.iter().any(|piece| matches!(piece, Piece::Body(_)));
            let send = send(&self.store, self.asker, out, pieces);
            if rest.is_empty() {
                send.await?;
                self.note_read(opened);
                return Ok(());
            }
            read = if streams {
                // A slow client may take long for a body: the letters behind it are read when it wants them.
                send.await?;
                self.note_read(opened);
                self.read(rest.clone(), seen).await?
            } else {
                // The next batch is read while this one is sent.
                let (sent, next) = tokio::join!(send, self.read(rest.clone(), seen));
                sent?;
                self.note_read(opened);
                next?
            };
        }
    }

    /// Lets the witness take down that letters were opened.
    fn note_read(&self, keys: Vec<i64>) {
        if !keys.is_empty() {
            let account = self.selected.access.owner();
            self.witness.saw(Observation::Read { account, keys, door: Link::Imap, at: net::now() });
        }
    }

    async fn read(&self, ranges: Vec<UidRange>, seen: &Arc<Seen>) -> Result<Batch, Error> {
        let (folder, access) = (self.selected.folder, self.selected.access);
        let (uids, keywords) = (Arc::clone(&self.selected.uids), Arc::clone(&self.selected.keywords));
        let (plan, seen) = (Arc::clone(&self.plan), Arc::clone(seen));
        self.store
            .read_for(self.asker, move |view| {
                let keywords = Known { access, told: &keywords };
                render::batch(view, folder, &ranges, &plan, &uids, keywords, &seen)
            })
            .await
    }
}

/// The letters that reading has marked as `\Seen` (RFC 9051 §6.4.5): many in one commit, before they are shown.
#[derive(Debug, Default)]
pub struct Seen(Uids);

impl Seen {
    pub fn contains(&self, uid: Uid) -> bool {
        self.0.contains(uid)
    }
}

impl Job<'_> {
    /// Marks the letters of the ranges that are not yet `\Seen`. If that cannot be done now, the letters are shown all
    /// the same: reading matters more than its mark.
    async fn mark_seen(&mut self, ranges: &[UidRange]) -> Seen {
        match self.mark(ranges).await {
            Ok(uids) => Seen(uids),
            Err(error) => {
                tracing::debug!(%error, "letters that are being read stay unseen");
                Seen::default()
            }
        }
    }

    async fn mark(&mut self, ranges: &[UidRange]) -> Result<Uids, Error> {
        let (access, folder, among) = (self.selected.access, self.selected.folder, ranges.to_vec());
        let unseen = self.store.read_for(self.asker, move |view| unseen(view, access, folder, &among)).await?;
        let mut left: Vec<UidRange> = unseen.ranges().collect();
        let mut marked = Uids::new();
        while !left.is_empty() {
            let slice = left.clone();
            let stored: Stored = self
                .store
                .write(access.key(), move |tx| {
                    let seen = FlagChange::Add(FlagSet::from(System::SEEN));
                    store_flags(tx, access, folder, &slice, &seen, None, SLICE)
                })
                .await?;
            for flagged in &stored.changed {
                marked.insert(flagged.uid);
                self.selected.remember(flagged.change);
            }
            left = stored.next.map(|next| rest(&left, next)).unwrap_or_default();
        }
        Ok(marked)
    }
}

fn unseen(view: &View, access: Access, folder: FolderId, ranges: &[UidRange]) -> Result<Uids, Error> {
    let mut unseen = Uids::new();
    mailbox::fetch::each(view, access, folder, ranges, Want::ROW, |row| {
        if !row.flags.system.contains(System::SEEN) {
            unseen.insert(row.uid);
        }
        ControlFlow::Continue(())
    })?;
    Ok(unseen)
}

async fn send(store: &store::Store, asker: store::Asker, out: &mut Output<'_>, pieces: Vec<Piece>) -> Result<(), Halt> {
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.send_bytes(&text).await?,
            Piece::Body(body) => stream::send(store, asker, out, body).await?,
        }
    }
    Ok(())
}

/// The keywords that a client has been told of, and the access to the mailbox whose keywords they are.
#[derive(Clone, Copy)]
struct Known<'a> {
    access: Access,
    told: &'a Keywords,
}

type Folder = FolderId;
