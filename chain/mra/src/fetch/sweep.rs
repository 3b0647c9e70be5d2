//! Taking letters away at the other end, once they are here.

use store::Tx;

use super::Session;
use super::folders::Folder;
use crate::Fault;
use crate::imap::{Numbers, Response};
use crate::ledger::{self, Due, FolderRow};
use crate::progress::News;

/// Letters taken away at a time.
const SLICE: usize = 500;

impl Session<'_> {
    /// Takes away the letters of a folder that are here long enough. Only what the ledger says is here, and the ledger
    /// says so only of what is on our disk.
    pub(super) async fn take_away(&mut self, folder: &Folder, row: FolderRow) -> Result<(), Fault> {
        let Some(parting) = self.source.parting(net::now()) else { return Ok(()) };
        let (mut opened, id) = (false, row.id);
        loop {
            let due = self.means.store.read(move |view| ledger::due(view, id, parting, SLICE)).await?;
            let uids: Numbers = due.iter().filter_map(|due| due.uid).collect();
            if uids.is_empty() {
                return Ok(());
            }
            if !opened {
                let (validity, _, _) = self.open_folder("SELECT", folder).await?;
                if validity != row.validity {
                    // Their numbers mean other letters now; the next round recognises them.
                    return Ok(());
                }
                opened = true;
            }
            if !self.expunge(&uids, folder).await? {
                return Ok(());
            }
            let keys: Vec<Vec<u8>> = due.into_iter().map(|Due { key, .. }| key).collect();
            let count = keys.len() as u64;
            self.means.store.write(move |tx: &mut Tx| ledger::parted(tx, id, &keys)).await?;
            self.means.listener.hear(&News::Parted(count));
        }
    }

    /// Marks these and takes them away, and no others (RFC 4315). Gives whether they went.
    async fn expunge(&mut self, uids: &Numbers, folder: &Folder) -> Result<bool, Fault> {
        let set = uids.written();
        if folder.by_label {
            // What is expunged from All Mail stays there: Gmail takes it for archived. Its own way is the label of the
            // trash, which is emptied after a month.
            let trash = format!("UID STORE {set} +X-GM-LABELS (\\Trash)");
            self.client.ask(&trash).await?.must("UID STORE")?;
            return Ok(true);
        }
        let store = format!("UID STORE {set} +FLAGS.SILENT (\\Deleted)");
        self.client.ask(&store).await?.must("UID STORE")?;
        if self.client.can("UIDPLUS") || self.client.can("IMAP4REV2") {
            self.client.ask(&format!("UID EXPUNGE {set}")).await?.must("UID EXPUNGE")?;
            return Ok(true);
        }
        // EXPUNGE takes all that is marked, also by others: only where nothing else is.
        let answer = self.client.ask("UID SEARCH DELETED").await?.must("UID SEARCH")?;
        let others = answer.untagged.iter().any(|response| match response {
            Response::Search(marked) => !marked.without(uids).is_empty(),
            _ => false,
        });
        if others {
            tracing::warn!(source = self.source.name, folder = folder.place.folder, "others are marked as deleted too");
            self.means.listener.hear(&News::CannotPart { folder: folder.place.folder.clone() });
            return Ok(false);
        }
        self.client.ask("EXPUNGE").await?.must("EXPUNGE")?;
        Ok(true)
    }
}
