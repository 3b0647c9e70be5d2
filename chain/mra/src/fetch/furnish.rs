//! Folders that are met for the first time are made here, also where they hold no letter.

use std::collections::HashSet;

use bytes::Bytes;
use store::{Key, Tx};

use super::Session;
use super::folders::Folder;
use crate::Fault;
use crate::destination::Furnished;
use crate::imap::Response;
use crate::ledger::{self, FolderRow};

impl Session<'_> {
    /// Makes those folders that were not made before. Somebody who removes one here does not get it back.
    pub(super) async fn furnish(&mut self, folders: &[(Folder, FolderRow)]) -> Result<(), Fault> {
        // Gmail's labels tell where each letter of All Mail goes; it is no folder itself.
        let new: Vec<&(Folder, FolderRow)> =
            folders.iter().filter(|(folder, row)| !row.furnished && !folder.by_label).collect();
        if new.is_empty() {
            return Ok(());
        }
        let subscribed = self.subscribed().await?;
        let is_subscribed = |folder: &Folder| match &subscribed {
            Some(names) => names.contains(&folder.raw_name) || folder.place.is_inbox(),
            None => true,
        };
        let furnished = new.iter().map(|(folder, _)| {
            let subscribed = is_subscribed(folder);
            Furnished { place: folder.place.clone(), subscribed }
        });
        self.means.destination.furnish(furnished.collect()).await?;
        let rows: Vec<i64> = new.iter().map(|(_, row)| row.id).collect();
        let written = move |tx: &mut Tx| rows.iter().try_for_each(|row| ledger::furnished(tx, *row));
        Ok(self.means.store.write(Key::Fetching, written).await?)
    }

    /// The folders that are subscribed to. `None` if nobody uses subscriptions, or the server does not tell.
    async fn subscribed(&mut self) -> Result<Option<HashSet<Bytes>>, Fault> {
        // RFC 9051 has no LSUB any more; servers of the years before know nothing else.
        let extended = self.client.can("LIST-EXTENDED") || self.client.can("IMAP4REV2");
        let command = if extended { "LIST (SUBSCRIBED) \"\" \"*\"" } else { "LSUB \"\" \"*\"" };
        let answer = match self.client.ask(command).await {
            Ok(answer) => answer,
            Err(lost) => {
                self.go_on_after(&lost.into()).await?;
                return Ok(None);
            }
        };
        let names = answer.untagged.iter().filter_map(|response| match response {
            Response::List(listed) => Some(listed.raw_name.clone()),
            _ => None,
        });
        let names: HashSet<Bytes> = names.collect();
        Ok((answer.is_ok() && !names.is_empty()).then_some(names))
    }
}
