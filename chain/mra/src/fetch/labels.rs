//! Labels that were given and taken away at Gmail since the letters came.

use store::{Key, Tx};

use super::Session;
use super::flags;
use super::imap::Opened;
use crate::Fault;
use crate::destination::Relabelled;
use crate::folder::SourceFolder;
use crate::imap::{Response, Status};
use crate::ledger;

/// Letters that are handed over together.
const SLICE: usize = 500;

impl Session<'_> {
    /// Follows the labels of the letters in All Mail that have changed since the last look. A server that does not tell
    /// what has changed is asked about all of them when a person asks for a fetch. A fault leaves them to the next round.
    pub(super) async fn follow_labels(&mut self, opened: &Opened) -> Result<(), Fault> {
        if !opened.folder.by_label {
            return Ok(());
        }
        let row = opened.row;
        // The labels of letters that have just come for the first time are known. A folder with other numbers than before
        // may have been another one for a while.
        let is_new = row.validity == 0;
        let changed_since = (row.modseq > 0 && row.validity == opened.validity).then_some(row.modseq);
        let is_due = match opened.modseq {
            Some(modseq) => changed_since != Some(modseq),
            None => self.means.asked.is_some(),
        };
        if is_due
            && !is_new
            && let Err(fault) = self.read_labels(opened, changed_since).await
        {
            tracing::debug!(source = self.source.name, %fault, "labels are followed in the next round");
            return self.go_on_after(&fault).await;
        }
        let Some(modseq) = opened.modseq.filter(|modseq| *modseq != row.modseq) else { return Ok(()) };
        let seen = move |tx: &mut Tx| ledger::labels_seen(tx, row.id, modseq);
        Ok(self.means.store.write(Key::Fetching, seen).await?)
    }

    /// Reads the labels of the letters that have changed since then, or of all.
    async fn read_labels(&mut self, opened: &Opened, changed_since: Option<u64>) -> Result<(), Fault> {
        self.open_again(opened).await?;
        let since = changed_since.map(|modseq| format!(" (CHANGEDSINCE {modseq})")).unwrap_or_default();
        let command = format!("UID FETCH 1:* (UID X-GM-MSGID X-GM-LABELS){since}");
        let own = self.client.start(&command).await?;
        let mut changed = Vec::new();
        loop {
            match self.client.next().await? {
                Response::Fetch(fetched) => {
                    let (Some(gmail), Some(labels)) = (fetched.gmail_id, fetched.gmail_labels) else { continue };
                    let places = flags::by_labels(&labels).places;
                    // A letter that was thrown away there stays as it is here.
                    if !places.iter().any(SourceFolder::is_apart) {
                        changed.push(Relabelled { gmail, places, all: true });
                    }
                    if changed.len() >= SLICE {
                        self.means.destination.relabel(std::mem::take(&mut changed)).await?;
                    }
                }
                Response::Status { tag: Some(tag), status, text, .. } if tag == own => {
                    self.means.destination.relabel(changed).await?;
                    return if status == Status::Ok { Ok(()) } else { Err(Fault::Server(text)) };
                }
                _ => {}
            }
        }
    }
}
