//! Takes letters away from a maildrop, once they are here. A name is no proof: the letter there is compared with the
//! one here first.

use std::collections::HashMap;

use store::{Key, Tx};

use super::ahead::Ahead;
use super::{Drop, FOLDER, Look, SLICE};
use crate::Fault;
use crate::identity;
use crate::ledger::{self, Due};
use crate::progress::News;

/// A letter that is due: its number in this conversation, and its row.
type Candidate = (u32, Due);

impl Drop<'_, '_> {
    /// Marks the letters that are here long enough, and ends the conversation, with which they go. If the end does
    /// not come through, nobody knows whether they went: they are marked again the next time.
    pub async fn take_away(mut self, look: &Look) -> Result<(), Fault> {
        let due = self.due(look).await?;
        let all = due.len() as u64;
        // Lists that make no sense prove nothing.
        let proven = if look.wrong.is_some() { Vec::new() } else { self.proven(due).await? };
        let commands: Vec<(u32, u64)> = proven.iter().map(|(number, _)| (*number, 0)).collect();
        let mut ahead = Ahead::new("DELE", "", &commands, self.depth());
        let mut gone = Vec::new();
        while let Some(number) = ahead.next(&mut self.client).await? {
            // One that the server does not let go is marked again in the next round.
            if matches!(self.client.reply().await?, crate::pop3::Reply::Ok(_)) {
                gone.extend(proven.iter().find(|(own, _)| *own == number).map(|(_, key)| key.clone()));
            }
        }
        let Self { round, client, .. } = self;
        client.quit().await?;
        let row = round.row;
        for slice in gone.chunks(SLICE) {
            let slice = slice.to_vec();
            round.means.store.write(Key::Fetching, move |tx: &mut Tx| ledger::parted(tx, row, &slice)).await?;
        }
        let (letters, kept) = (gone.len() as u64, all.saturating_sub(gone.len() as u64) + round.short().await?);
        if letters > 0 {
            round.means.listener.hear(&News::Parted(letters));
        }
        if kept > 0 {
            round.means.listener.hear(&News::Unproven { folder: FOLDER.to_owned(), letters: kept });
        }
        Ok(())
    }

    /// The letters that are there and here, and should go.
    async fn due(&self, look: &Look) -> Result<Vec<Candidate>, Fault> {
        let Some(before) = self.round.source.parting(net::now()) else { return Ok(Vec::new()) };
        let row = self.round.row;
        let due = self.round.means.store.read(move |view| ledger::due(view, row, before, usize::MAX >> 1)).await?;
        let mut due: HashMap<Vec<u8>, Due> = due.into_iter().map(|due| (due.key.clone(), due)).collect();
        let candidate = |letter: &super::RemoteLetter| {
            let key = letter.key.as_ref().filter(|key| due.contains_key(*key));
            let key = key.or_else(|| self.read.get(&letter.number).map(|(key, _)| key))?.clone();
            Some((letter.number, due.remove(&key)?))
        };
        Ok(look.letters.iter().filter_map(candidate).collect())
    }

    /// Returns those that are, beyond doubt, the letters that are here: they were read in this very conversation, or
    /// have the header of the one that is here, or are read again now.
    async fn proven(&mut self, due: Vec<Candidate>) -> Result<Vec<(u32, Vec<u8>)>, Fault> {
        let unread: Vec<(u32, u64)> = due
            .iter()
            .filter(|(number, due)| self.needs_header(*number, due))
            .map(|(number, _)| (*number, 0))
            .collect();
        let headers = self.headers(&unread).await?;
        let mut proven = Vec::new();
        for (number, due) in due {
            let read = self.read.get(&number).map(|(_, content)| *content);
            let light = headers.get(&number).and_then(|header| identity::light(header, due.size));
            let is_same = match read {
                Some(content) => Some(content) == due.content,
                None => light.is_some() && light == due.light || self.reads_as(number, &due).await?,
            };
            if is_same {
                proven.push((number, due.key));
            }
        }
        Ok(proven)
    }

    /// A header proves a letter with a unique-id, too.
    fn needs_header(&self, number: u32, due: &Due) -> bool {
        !self.read.contains_key(&number) && due.light.is_some() && due.key.first() == Some(&b'U')
    }

    /// Returns true if this letter is, to its last octet, the one that is here.
    async fn reads_as(&mut self, number: u32, due: &Due) -> Result<bool, Fault> {
        self.client.start(&format!("RETR {number}")).await?;
        let answer = self.client.answer(self.round.source.settings.largest).await?;
        let content = answer.ok().and_then(|body| body.finish().ok()).map(|body| identity::content(&body));
        Ok(content.is_some() && content == due.content)
    }
}

impl super::Rounds<'_> {
    /// Letters that should go and do not: their server says that there is more of them than it gives.
    async fn short(&self) -> Result<u64, Fault> {
        let Some(before) = self.source.parting(net::now()) else { return Ok(0) };
        let row = self.row;
        Ok(self.means.store.read(move |view| ledger::short(view, row, before)).await?)
    }
}
