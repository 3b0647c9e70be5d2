//! A round through a POP3 maildrop.

use std::collections::{HashMap, HashSet, VecDeque};

use mail::{Timestamp, lines};
use mailbox::{Summary, System};
use store::Tx;

use super::Means;
use crate::credential::Credential;
use crate::home::{Arrived, Place};
use crate::identity;
use crate::ledger::{self, Due, Entry, LetterState, Source};
use crate::pop3::Client;
use crate::progress::{News, Why};
use crate::taker::Taker;
use crate::{Fault, Keep};

/// Commands on their way, where the server can bear it (RFC 2449 §6.6).
const DEPTH: usize = 32;
/// The octets that are asked for at once, beyond which no letter more is.
const AHEAD: u64 = 4 << 20;
/// Octets of a header.
const MOST_HEADER: u64 = 1 << 20;
/// Letters taken away, or forgotten, in one commit.
const SLICE: usize = 1000;

/// A letter of the maildrop.
#[derive(Clone, Debug)]
struct Letter {
    number: u32,
    size: u64,
    /// What it is known by; without one, only its content tells.
    key: Option<Vec<u8>>,
}

/// A conversation with a maildrop.
struct Drop<'a> {
    means: &'a Means,
    source: &'a Source,
    client: Client,
    /// The row of its one folder.
    row: i64,
}

/// Brings all that is new from a POP3 maildrop, and takes away what is to go.
pub(super) async fn fetch(means: &Means, source: &Source, credential: &Credential) -> Result<(), Fault> {
    let client = Client::open(&means.way, &source.settings.mailbox.user, credential).await?;
    means.listener.hear(&News::Connected);
    let id = source.id;
    let row = means.store.write(move |tx: &mut Tx| ledger::folder(tx, id, b"")).await?.id;
    let mut maildrop = Drop { means, source, client, row };
    let letters = maildrop.look().await?;
    let by_content = maildrop.fetch_new(&letters).await?;
    maildrop.take_away(&letters, by_content).await
}

impl Drop<'_> {
    /// All letters there are, with what they are known by.
    async fn look(&mut self) -> Result<Vec<Letter>, Fault> {
        let sizes = self.client.sizes().await?;
        let keys: HashMap<u32, Vec<u8>> = match self.client.unique_ids().await? {
            Some(ids) => ids.into_iter().map(|(number, id)| (number, ledger::pop_key(b'U', id.as_bytes()))).collect(),
            None => self.keys_by_header(&sizes).await?,
        };
        let letter = |(number, size): (u32, u64)| Letter { number, size, key: keys.get(&number).cloned() };
        Ok(sizes.into_iter().map(letter).collect())
    }

    /// A server without unique-ids: header and size tell, where it shows headers (TOP).
    async fn keys_by_header(&mut self, sizes: &[(u32, u64)]) -> Result<HashMap<u32, Vec<u8>>, Fault> {
        let mut keys = HashMap::new();
        let commands: Vec<(u32, u64)> = sizes.iter().map(|(number, _)| (*number, 0)).collect();
        let mut ahead = Ahead::new("TOP", " 0", &commands, self.depth());
        while let Some(number) = ahead.next(&mut self.client).await? {
            let Ok(body) = self.client.answer(MOST_HEADER).await? else { continue };
            let size = sizes.iter().find(|(own, _)| *own == number).map_or(0, |(_, size)| *size);
            if let Ok(header) = body.finish()
                && !header.is_empty()
            {
                let told = [&size.to_le_bytes()[..], &header].concat();
                keys.insert(number, ledger::pop_key(b'T', &identity::content(&told)));
            }
        }
        Ok(keys)
    }

    fn depth(&self) -> usize {
        if self.client.can("PIPELINING") && !self.means.gently { DEPTH } else { 1 }
    }

    /// Fetches what is not known. Gives the keys of letters that are known by their content alone.
    async fn fetch_new(&mut self, letters: &[Letter]) -> Result<HashMap<u32, Vec<u8>>, Fault> {
        let row = self.row;
        let known = self.means.store.read(move |view| ledger::pop_keys(view, row)).await?;
        self.forget_gone(letters, &known).await?;
        let is_new = |letter: &&Letter| letter.key.as_ref().is_none_or(|key| !known.contains_key(key));
        let new: Vec<Letter> = letters.iter().filter(is_new).cloned().collect();
        let new = self.without_old(self.without_large(new).await?).await?;
        let (folder, count) = ("INBOX".to_owned(), new.len() as u64);
        if count == 0 {
            return Ok(HashMap::new());
        }
        self.means.listener.hear(&News::ToCome { folder, letters: count });
        let taker = Taker::start(self.means.home.clone(), self.means.listener.clone(), self.means.share());
        let pulled = self.pull(&new, &taker).await;
        taker.finish().await?;
        pulled
    }

    /// Letters that are not there any more may come back under another unique-id: then their content tells.
    async fn forget_gone(&self, letters: &[Letter], known: &HashMap<Vec<u8>, bool>) -> Result<(), Fault> {
        let there: HashSet<&[u8]> = letters.iter().filter_map(|letter| letter.key.as_deref()).collect();
        if letters.iter().any(|letter| letter.key.is_none()) {
            return Ok(());
        }
        let gone: Vec<Vec<u8>> = known
            .iter()
            .filter(|(key, gone)| !**gone && !there.contains(&key[..]))
            .map(|(key, _)| key.clone())
            .collect();
        let row = self.row;
        for slice in gone.chunks(SLICE) {
            let slice = slice.to_vec();
            self.means.store.write(move |tx: &mut Tx| ledger::mark_keys_gone(tx, row, &slice)).await?;
        }
        Ok(())
    }

    async fn without_large(&self, letters: Vec<Letter>) -> Result<Vec<Letter>, Fault> {
        let largest = self.source.settings.largest;
        let (large, rest): (Vec<_>, Vec<_>) = letters.into_iter().partition(|letter| letter.size > largest);
        for letter in large {
            self.leave_there(&letter, Why::TooLarge(letter.size)).await?;
        }
        Ok(rest)
    }

    /// POP3 cannot be asked for young letters, so the Date of each is looked at.
    async fn without_old(&mut self, letters: Vec<Letter>) -> Result<Vec<Letter>, Fault> {
        let Some(since) = self.source.settings.since() else { return Ok(letters) };
        let commands: Vec<(u32, u64)> = letters.iter().map(|letter| (letter.number, 0)).collect();
        let mut ahead = Ahead::new("TOP", " 0", &commands, self.depth());
        let mut old = HashSet::new();
        while let Some(number) = ahead.next(&mut self.client).await? {
            let Ok(body) = self.client.answer(MOST_HEADER).await? else { continue };
            let date = body.finish().ok().and_then(|header| Summary::parse(&header).sent);
            if date.is_some_and(|sent| sent.seconds < since.seconds()) {
                old.insert(number);
            }
        }
        let now = net::now();
        let (old, young): (Vec<Letter>, Vec<Letter>) =
            letters.into_iter().partition(|letter| old.contains(&letter.number));
        let entries: Vec<Entry> = old.iter().filter_map(|letter| self.entry(letter)).collect();
        let noted = move |tx: &mut Tx| entries.iter().try_for_each(|entry| entry.note(tx, LetterState::LeftThere, now));
        self.means.store.write(noted).await?;
        Ok(young)
    }

    fn entry(&self, letter: &Letter) -> Option<Entry> {
        Some(Entry::pop(self.source.id, self.row, letter.key.clone()?, letter.size))
    }

    async fn pull(&mut self, new: &[Letter], taker: &Taker) -> Result<HashMap<u32, Vec<u8>>, Fault> {
        let mut by_content = HashMap::new();
        let commands: Vec<(u32, u64)> = new.iter().map(|letter| (letter.number, letter.size)).collect();
        let mut ahead = Ahead::new("RETR", "", &commands, self.depth());
        let mut letters = new.iter();
        while let Some(number) = ahead.next(&mut self.client).await? {
            let Some(letter) = letters.find(|letter| letter.number == number) else { continue };
            let body = match self.client.answer(self.source.settings.largest).await? {
                Ok(body) => body.finish(),
                Err(refused) => {
                    self.not_given(letter, refused).await?;
                    continue;
                }
            };
            match body {
                Err(size) => self.leave_there(letter, Why::TooLarge(size)).await?,
                Ok(body) => {
                    let content = identity::content(&body);
                    let key = letter.key.clone().unwrap_or_else(|| ledger::pop_key(b'H', &content));
                    if letter.key.is_none() {
                        by_content.insert(number, key.clone());
                    }
                    let entry = Entry::pop(self.source.id, self.row, key, letter.size);
                    let entry = Entry { content: Some(content), light: identity::light(&body, letter.size), ..entry };
                    let given = taker.give(arrived(entry, body)).await;
                    given.map_err(|_| Fault::Home("no more letters are taken".to_owned()))?;
                }
            }
            if self.means.shutdown.is_requested() {
                return Err(Fault::Ended);
            }
        }
        Ok(by_content)
    }

    /// A letter that cannot be had now is tried again, unless the server says that it will not come.
    async fn not_given(&self, letter: &Letter, refused: crate::pop3::Reply) -> Result<(), Fault> {
        match refused.must("RETR") {
            Err(fault @ (Fault::Throttled { .. } | Fault::Refused(_))) => Err(fault),
            _ => self.leave_there(letter, Why::NotGiven).await,
        }
    }

    async fn leave_there(&self, letter: &Letter, why: Why) -> Result<(), Fault> {
        let (entry, id, now) = (self.entry(letter), self.source.id, net::now());
        let left = move |tx: &mut Tx| {
            // A letter without a name is met again each time.
            let Some(entry) = &entry else { return Ok(()) };
            entry.note(tx, LetterState::LeftThere, now)?;
            ledger::note_taken(tx, id, 0, 0, 1)
        };
        self.means.store.write(left).await?;
        let (folder, name) = ("INBOX".to_owned(), letter.number.to_string());
        tracing::warn!(source = self.source.name, name, ?why, "a letter was left where it is");
        self.means.listener.hear(&News::LeftThere { folder, name, why });
        Ok(())
    }

    /// Marks the letters that are here long enough, and ends the conversation, with which they go. Where its end does
    /// not come through, nobody knows whether they went: they are marked again the next time.
    async fn take_away(mut self, letters: &[Letter], by_content: HashMap<u32, Vec<u8>>) -> Result<(), Fault> {
        let (means, row) = (self.means, self.row);
        let mut parting = Vec::new();
        if self.source.settings.keep != Keep::Forever
            && let Some(before) = self.source.parting(net::now())
        {
            let due = means.store.read(move |view| ledger::due(view, row, before, usize::MAX >> 1)).await?;
            let due: HashSet<Vec<u8>> = due.into_iter().map(|Due { key, .. }| key).collect();
            for letter in letters {
                let key = letter.key.as_ref().or_else(|| by_content.get(&letter.number));
                if let Some(key) = key.filter(|key| due.contains(*key)) {
                    parting.push((letter.number, key.clone()));
                }
            }
        }
        let commands: Vec<(u32, u64)> = parting.iter().map(|(number, _)| (*number, 0)).collect();
        let mut ahead = Ahead::new("DELE", "", &commands, self.depth());
        while ahead.next(&mut self.client).await?.is_some() {
            self.client.reply().await?.must("DELE")?;
        }
        self.client.quit().await?;
        let keys: Vec<Vec<u8>> = parting.into_iter().map(|(_, key)| key).collect();
        for slice in keys.chunks(SLICE) {
            let slice = slice.to_vec();
            means.store.write(move |tx: &mut Tx| ledger::parted(tx, row, &slice)).await?;
        }
        if !keys.is_empty() {
            means.listener.hear(&News::Parted(keys.len() as u64));
        }
        Ok(())
    }
}

fn arrived(entry: Entry, body: bytes::Bytes) -> Arrived {
    let raw = match lines::to_crlf(&body) {
        std::borrow::Cow::Borrowed(_) => body,
        std::borrow::Cow::Owned(changed) => changed.into(),
    };
    let received: Timestamp = net::now();
    Arrived { entry, raw, place: Place::inbox(), flags: System::NONE, keywords: Vec::new(), received }
}

/// Commands for many letters, some of them on their way while answers are read.
struct Ahead<'l> {
    verb: &'static str,
    end: &'static str,
    waiting: std::iter::Peekable<std::slice::Iter<'l, (u32, u64)>>,
    running: VecDeque<(u32, u64)>,
    octets: u64,
    depth: usize,
}

impl<'l> Ahead<'l> {
    fn new(verb: &'static str, end: &'static str, letters: &'l [(u32, u64)], depth: usize) -> Self {
        Self { verb, end, waiting: letters.iter().peekable(), running: VecDeque::new(), octets: 0, depth }
    }

    /// Sends what may be sent; gives the number whose answer comes next.
    async fn next(&mut self, client: &mut Client) -> Result<Option<u32>, Fault> {
        while self.running.len() < self.depth
            && let Some((number, size)) = self.waiting.peek()
            && (self.running.is_empty() || self.octets.saturating_add(*size) <= AHEAD)
        {
            client.start(&format!("{} {number}{}", self.verb, self.end)).await?;
            self.octets = self.octets.saturating_add(*size);
            self.running.push_back((*number, *size));
            self.waiting.next();
        }
        let Some((number, size)) = self.running.pop_front() else { return Ok(None) };
        self.octets = self.octets.saturating_sub(size);
        Ok(Some(number))
    }
}
