//! Fetches the new letters of a maildrop.

use std::collections::HashMap;

use mail::{Timestamp, lines};
use mailbox::{Summary, System};
use store::{Key, Tx};

use super::ahead::Ahead;
use super::{Drop, FOLDER, Look, RemoteLetter};
use crate::Fault;
use crate::destination::Arrived;
use crate::folder::SourceFolder;
use crate::handover::Handover;
use crate::identity;
use crate::ledger::{self, Entry, Left, LetterState};
use crate::progress::{News, Why};

/// Letters in a row to which the server says that it wants to be asked for less.
const MOST_THROTTLED: u32 = 3;

impl Drop<'_, '_> {
    /// Fetches the letters that are not known. Letters that were left there come last: they may break the connection.
    pub async fn fetch_new(&mut self, look: &Look) -> Result<(), Fault> {
        self.forget_gone(look).await?;
        let left = self.left().await?;
        let (mut plain, mut doubtful) = (Vec::new(), Vec::new());
        for letter in look.letters.iter().filter(|letter| self.is_wanted(letter)) {
            match left.get(&letter.fault_key()) {
                None => plain.push(letter.clone()),
                Some(true) => doubtful.push(letter.clone()),
                Some(false) => {}
            }
        }
        plain.extend(doubtful);
        let new = self.without_large(plain).await?;
        let new = self.without_old(new).await?;
        if new.is_empty() {
            return Ok(());
        }
        if !self.round.announced {
            let (folder, letters) = (FOLDER.to_owned(), new.len() as u64);
            self.round.means.listener.hear(&News::ToCome { folder, letters });
            self.round.announced = true;
        }
        let means = self.round.means;
        let handover = Handover::start(means.destination.clone(), means.listener.clone(), means.share());
        let pulled = self.pull(&new, look, &handover).await;
        handover.finish().await?;
        pulled
    }

    /// Returns the letters that were left there, by key, with whether each is tried again now.
    async fn left(&self) -> Result<HashMap<Vec<u8>, bool>, Fault> {
        let (row, now, asked) = (self.round.row, net::now(), self.round.means.asked);
        let left = self.round.means.store.read(move |view| ledger::left_in(view, row)).await?;
        let largest = self.round.source.settings.largest;
        let tried = |left: &Left| self.round.tried.get(&left.key).copied().unwrap_or_default();
        Ok(left
            .into_iter()
            .map(|left| (left.is_due(now, asked, largest) && tried(&left) < 2, left))
            .map(|(due, left)| (left.key, due))
            .collect())
    }

    /// Returns true if the letter is new, or may be another one than that known by its key.
    fn is_wanted(&self, letter: &RemoteLetter) -> bool {
        let Some(known) = letter.key.as_ref().and_then(|key| self.known.get(key)) else { return true };
        let another_size = letter.size.is_some_and(|size| size != known.size);
        match known.state {
            LetterState::TooOld | LetterState::Same => false,
            LetterState::Parted => true,
            LetterState::Here | LetterState::Short => known.gone || another_size,
        }
    }

    async fn without_large(&mut self, letters: Vec<RemoteLetter>) -> Result<Vec<RemoteLetter>, Fault> {
        let largest = self.round.source.settings.largest;
        let (large, rest): (Vec<_>, Vec<_>) =
            letters.into_iter().partition(|letter| letter.size.is_some_and(|size| size > largest));
        for letter in large {
            let size = letter.size.unwrap_or_default();
            self.round.leave_there(&letter, Why::TooLarge(size), "", 2).await?;
        }
        Ok(rest)
    }

    /// POP3 cannot be asked for young letters, so the Date of each is looked at.
    async fn without_old(&mut self, letters: Vec<RemoteLetter>) -> Result<Vec<RemoteLetter>, Fault> {
        let Some(since) = self.round.source.settings.since() else { return Ok(letters) };
        let commands: Vec<(u32, u64)> = letters.iter().map(|letter| (letter.number, 0)).collect();
        let headers = self.headers(&commands).await?;
        let is_old = |letter: &RemoteLetter| {
            let sent = headers.get(&letter.number).and_then(|header| Summary::parse(header).sent);
            sent.is_some_and(|sent| sent.seconds < since.seconds())
        };
        let (old, young): (Vec<RemoteLetter>, Vec<RemoteLetter>) = letters.into_iter().partition(is_old);
        let now = net::now();
        let entries = old.iter().filter_map(|letter| Some(self.round.entry(letter, letter.key.clone()?)));
        let entries: Vec<Entry> = entries.collect();
        let noted = move |tx: &mut Tx| entries.iter().try_for_each(|entry| entry.note(tx, LetterState::TooOld, now));
        self.round.means.store.write(Key::Fetching, noted).await?;
        Ok(young)
    }

    async fn pull(&mut self, new: &[RemoteLetter], look: &Look, handover: &Handover) -> Result<(), Fault> {
        let largest = self.round.source.settings.largest;
        let commands: Vec<(u32, u64)> = new.iter().map(|letter| (letter.number, letter.size.unwrap_or(0))).collect();
        let by_number: HashMap<u32, &RemoteLetter> = new.iter().map(|letter| (letter.number, letter)).collect();
        let (mut ahead, mut throttled) = (Ahead::new("RETR", "", &commands, self.depth()), 0);
        while let Some(number) = ahead.next(&mut self.client).await? {
            let Some(letter) = by_number.get(&number) else { continue };
            let body = match self.client.answer(largest).await {
                Ok(Ok(body)) => body.finish(),
                Ok(Err(refused)) => {
                    self.round.leave_there(letter, Why::NotGiven, &refused.said(), 2).await?;
                    throttled = if refused.is_throttling() { throttled + 1 } else { 0 };
                    if throttled == MOST_THROTTLED {
                        return Err(Fault::Throttled { said: refused.said(), pause: None });
                    }
                    continue;
                }
                Err(fault) => {
                    // Answers come in order: this is the letter at which it broke.
                    self.round.leave_there(letter, Why::Breaks, &fault.to_string(), 1).await?;
                    return Err(fault);
                }
            };
            throttled = 0;
            self.round.breaks.went_well();
            self.take(letter, body, look, handover).await?;
            if self.round.means.shutdown.is_requested() {
                return Err(Fault::Ended);
            }
        }
        Ok(())
    }

    /// Takes a letter in, unless it is here already.
    async fn take(
        &mut self,
        letter: &RemoteLetter,
        body: Result<bytes::Bytes, u64>,
        look: &Look,
        handover: &Handover,
    ) -> Result<(), Fault> {
        let body = match body {
            Ok(body) => body,
            Err(size) => return self.round.leave_there(letter, Why::TooLarge(size), "", 2).await,
        };
        if body.is_empty() && letter.size != Some(0) {
            return self.round.leave_there(letter, Why::NotGiven, "the server gives an empty letter", 2).await;
        }
        let content = identity::content(&body);
        let key = letter.key.clone().unwrap_or_else(|| ledger::pop_key(b'H', &content));
        if self.is_here(letter, &key, content, look, body.len() as u64).await? {
            self.round.means.listener.hear(&News::Came { letters: 0, octets: 0, known: 1 });
            return Ok(());
        }
        let size = letter.size.unwrap_or(body.len() as u64);
        let mut entry = Entry::pop(self.round.source.id, self.round.row, key.clone(), size);
        entry.content = Some(content);
        entry.light = identity::light(&body, size);
        entry.short = (body.len() as u64) < size;
        self.read.insert(letter.number, (key.clone(), content));
        self.contents.insert(content, key);
        handover
            .give(arrived(entry, body))
            .await
            .map_err(|_| Fault::Destination("no more letters are taken".to_owned()))
    }

    /// Finds out whether the letter that was read is here already. A key that names another letter than before loses
    /// the old one.
    async fn is_here(
        &mut self,
        letter: &RemoteLetter,
        key: &[u8],
        content: crate::identity::Digest,
        look: &Look,
        octets: u64,
    ) -> Result<bool, Fault> {
        let (row, source) = (self.round.row, self.round.source.id);
        let (name, fault_key, size) = (key.to_vec(), letter.fault_key(), letter.size.unwrap_or(octets));
        let same_key = self.known.get(key).map(|known| known.content == Some(content));
        // A unique-id that is new names a new letter, however much it looks like another; a hash does not.
        let by_content = key.first() != Some(&b'U') || look.wrong.is_some() || same_key.is_some();
        let elsewhere = by_content && self.contents.contains_key(&content);
        let now = net::now();
        let noted = move |tx: &mut Tx| {
            ledger::forget_left(tx, row, &fault_key)?;
            match same_key {
                Some(true) => ledger::returned(tx, row, &name, size),
                None if elsewhere && name.first() == Some(&b'T') => {
                    Entry::pop(source, row, name.clone(), size).note(tx, LetterState::Same, now)
                }
                Some(false) if !elsewhere => ledger::displace(tx, row, &name),
                _ => Ok(()),
            }
        };
        self.round.means.store.write(Key::Fetching, noted).await?;
        if same_key == Some(true) || elsewhere {
            let own = if same_key == Some(true) { Some(key.to_vec()) } else { self.contents.get(&content).cloned() };
            self.read.extend(own.map(|own| (letter.number, (own, content))));
            return Ok(true);
        }
        Ok(false)
    }
}

fn arrived(entry: Entry, body: bytes::Bytes) -> Arrived {
    let raw = match lines::to_crlf(&body) {
        std::borrow::Cow::Borrowed(_) => body,
        std::borrow::Cow::Owned(changed) => changed.into(),
    };
    let received: Timestamp = net::now();
    Arrived {
        entry,
        raw,
        place: SourceFolder::inbox(),
        also: Vec::new(),
        flags: System::NONE,
        keywords: Vec::new(),
        received,
    }
}
