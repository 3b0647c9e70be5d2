//! `\Seen`, set by reading (RFC 9051 §6.4.5): for many letters in one commit, before they are shown.

use std::ops::ControlFlow;

use mailbox::letter::{Stored, rest, store_flags};
use mailbox::{Error, FlagChange, FlagSet, FolderId, System, Uid, UidRange, Uids, Want};
use store::{Key, View};

use super::Job;

/// The letters that reading has marked.
#[derive(Debug, Default)]
pub struct Seen(Uids);

impl Seen {
    pub fn contains(&self, uid: Uid) -> bool {
        self.0.contains(uid)
    }
}

impl Job<'_> {
    /// Marks the letters of the ranges that are not yet `\Seen`. Where that cannot be done now the letters are shown
    /// all the same: reading matters more than its mark.
    pub(super) async fn mark_seen(&mut self, ranges: &[UidRange]) -> Seen {
        match self.mark(ranges).await {
            Ok(uids) => Seen(uids),
            Err(error) => {
                tracing::debug!(%error, "letters that are being read stay unseen");
                Seen::default()
            }
        }
    }

    async fn mark(&mut self, ranges: &[UidRange]) -> Result<Uids, Error> {
        let (folder, among) = (self.selected.folder, ranges.to_vec());
        let unseen = self.store.read_for(self.asker, move |view| unseen(view, folder, &among)).await?;
        let mut left: Vec<UidRange> = unseen.ranges().collect();
        let mut marked = Uids::new();
        while !left.is_empty() {
            let slice = left.clone();
            let stored: Stored = self
                .store
                .write(Key::Account(self.asker.0), move |tx| {
                    let seen = FlagChange::Add(FlagSet::from(System::SEEN));
                    store_flags(tx, folder, &slice, &seen, None, mailbox::letter::SLICE)
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

fn unseen(view: &View, folder: FolderId, ranges: &[UidRange]) -> Result<Uids, Error> {
    let mut unseen = Uids::new();
    mailbox::fetch::each(view, folder, ranges, Want::ROW, |row| {
        if !row.flags.system.contains(System::SEEN) {
            unseen.insert(row.uid);
        }
        ControlFlow::Continue(())
    })?;
    Ok(unseen)
}
