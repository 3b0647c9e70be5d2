//! Faults and whose they are: a letter's and a folder's are written down, and the round goes on, on another connection
//! where it must; only the whole mailbox's end it.

use store::{Key, Tx};

use super::Session;
use super::folders::Folder;
use super::imap::Opened;
use super::list::Card;
use crate::imap::Client;
use crate::ledger;
use crate::progress::{News, Why};
use crate::{Fault, ledger::FolderRow};

/// Rows written in one commit.
const SLICE: usize = 500;

impl Session<'_> {
    /// Makes the conversation fit to go on after a fault. An error says that the round cannot.
    pub(super) async fn go_on_after(&mut self, fault: &Fault) -> Result<(), Fault> {
        if fault.is_of_site() {
            return Err(fault.clone());
        }
        if self.client.is_lost() { self.reconnect(fault).await } else { Ok(()) }
    }

    async fn reconnect(&mut self, why: &Fault) -> Result<(), Fault> {
        self.tell_alerts().await?;
        let mut why = why.clone();
        loop {
            let Some(pause) = self.breaks.another(&why) else { return Err(why) };
            tracing::debug!(source = self.source.name, %why, "connects again");
            self.means.sleep(pause).await?;
            let settings = &self.source.settings;
            let opened = Client::open(&self.means.endpoint, &settings.mailbox.user, &self.credential, settings.largest);
            why = match opened.await {
                Ok(client) => {
                    self.client = client;
                    return Ok(());
                }
                Err(fault @ (Fault::Cut(_) | Fault::Unreachable(_))) => fault,
                // It let us in a moment ago: a token may have run out meanwhile.
                Err(Fault::Refused(said)) => return Err(Fault::Cut(said)),
                Err(fault) => return Err(fault),
            };
        }
    }

    /// Tells the texts that the server wants people to see, unless they were told before.
    pub(super) async fn tell_alerts(&mut self) -> Result<(), Fault> {
        for text in self.client.take_alerts() {
            let (id, now, said) = (self.source.id, net::now(), text.clone());
            let heard =
                self.means.store.write(Key::Fetching, move |tx: &mut Tx| ledger::alert_is_new(tx, id, &said, now));
            if heard.await? {
                self.means.listener.hear(&News::Alert(text));
            }
        }
        Ok(())
    }

    /// Leaves a folder as it is, says so, and remembers it.
    pub(super) async fn leave_folder(&self, folder: &Folder, row: FolderRow, fault: &Fault) -> Result<(), Fault> {
        let (id, said, now) = (self.source.id, fault.to_string(), net::now());
        let words = said.clone();
        let left = move |tx: &mut Tx| ledger::leave_folder(tx, id, row.id, &words, now);
        self.means.store.write(Key::Fetching, left).await?;
        let folder = folder.place.folder.clone();
        self.means.listener.hear(&News::FolderLeft { folder, said });
        Ok(())
    }

    /// Leaves a letter where it is, and remembers it.
    pub(super) async fn note_left(&self, opened: &Opened, card: &Card, why: Why, said: &str) -> Result<(), Fault> {
        let (entry, now, said) = (card.entry(self, opened), net::now(), said.to_owned());
        Ok(self.means.store.write(Key::Fetching, move |tx: &mut Tx| ledger::leave(tx, &entry, why, &said, now)).await?)
    }

    /// Says that a letter was left where it is.
    pub(super) fn tell_left(&self, opened: &Opened, uid: u32, why: Why, said: &str) {
        let (folder, name) = (opened.folder.place.folder.clone(), uid.to_string());
        self.means.listener.hear(&News::LeftThere { folder, name, why, said: said.to_owned() });
    }

    /// Leaves a letter where it is, says so, and remembers it.
    pub(super) async fn leave_there(&self, opened: &Opened, card: &Card, why: Why, said: &str) -> Result<(), Fault> {
        self.note_left(opened, card, why, said).await?;
        self.tell_left(opened, card.uid, why, said);
        Ok(())
    }

    /// Writes down letters that did not come with their neighbours: each is asked for alone.
    pub(super) async fn suspect(&self, opened: &Opened, uids: &[u32]) -> Result<(), Fault> {
        let (id, folder, now) = (self.source.id, opened.row.id, net::now());
        for slice in uids.chunks(SLICE) {
            let keys = ledger::imap_keys(opened.validity, slice);
            let written =
                self.means.store.write(Key::Fetching, move |tx: &mut Tx| ledger::suspect(tx, id, folder, &keys, now));
            written.await?;
        }
        Ok(())
    }
}
