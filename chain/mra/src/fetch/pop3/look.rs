//! Looks what there is in a maildrop, and finds for each letter the key that it is known by.
//!
//! Servers make of unique-ids what they like: some give one to two letters, some give other ones each time, some give
//! one that was another letter's. If they cannot be trusted, the headers tell the letters, or the contents.

use std::collections::{BTreeMap, HashMap, HashSet};

use store::{Key, Tx};

use super::ahead::Ahead;
use super::{Drop, Look, MOST_HEADER, RemoteLetter, SLICE};
use crate::Fault;
use crate::identity;
use crate::ledger::{self, LetterState};
use crate::pop3::Listing;

/// Letters that no list names, but of which the server says that they are there: more are not asked for.
const MOST_GUESSED: u32 = 10_000;

impl Drop<'_, '_> {
    /// Returns all letters there are, with the key that each is known by.
    pub async fn look(&mut self) -> Result<Look, Fault> {
        let count = self.client.count().await?;
        let sizes = self.client.sizes().await?;
        let ids = self.client.unique_ids().await?;
        let mut letters: BTreeMap<u32, Option<u64>> = sizes.letters.iter().map(|(n, size)| (*n, Some(*size))).collect();
        for (number, _) in ids.iter().flat_map(|ids| &ids.letters) {
            letters.entry(*number).or_insert(None);
        }
        let wrong = sizes.wrong.or_else(|| ids.as_ref()?.wrong.clone());
        let (count, listed) = (count.unwrap_or(0), u32::try_from(letters.len()).unwrap_or(u32::MAX));
        let hidden = || format!("the server says that there are {count} letters and lists {listed}");
        let wrong = wrong.or_else(|| (count > listed).then(hidden));
        if wrong.is_some() {
            for number in 1..=count.min(MOST_GUESSED) {
                letters.entry(number).or_insert(None);
            }
        }
        let ids = ids.filter(|ids| ids.wrong.is_none());
        let mut keys = ids.map(keys_by_id).unwrap_or_default();
        if self.ids_moved(&letters, &keys).await? {
            keys.clear();
        }
        let nameless: Vec<(u32, Option<u64>)> = letters
            .iter()
            .filter(|(number, _)| !keys.contains_key(number))
            .map(|(number, size)| (*number, *size))
            .collect();
        keys.extend(self.keys_by_header(&nameless).await?);
        let letter =
            |(number, size): (u32, Option<u64>)| RemoteLetter { number, size, key: keys.get(&number).cloned() };
        Ok(Look { letters: letters.into_iter().map(letter).collect(), wrong })
    }

    /// A server whose unique-ids are only numbers gives other ones to all letters when one goes. The last letter that is
    /// known shows it.
    async fn ids_moved(
        &mut self,
        letters: &BTreeMap<u32, Option<u64>>,
        keys: &HashMap<u32, Vec<u8>>,
    ) -> Result<bool, Fault> {
        let last = letters.keys().rev().find_map(|number| {
            let known = self.known.get(keys.get(number)?)?;
            let usable = known.state == LetterState::Here && !known.gone;
            usable.then_some((*number, known.size, known.light?))
        });
        let Some((number, size, light)) = last else { return Ok(false) };
        let header = self.headers(&[(number, 0)]).await?.remove(&number);
        let moved = header.and_then(|header| identity::light(&header, size)).is_some_and(|now| now != light);
        if moved {
            let source = &self.round.source.name;
            tracing::info!(source, "the unique-ids of a maildrop name other letters than before");
        }
        Ok(moved)
    }

    /// Header and size tell a letter without a unique-id, if the server shows headers (TOP). If two letters look the
    /// same that way, only their contents tell them apart.
    async fn keys_by_header(&mut self, letters: &[(u32, Option<u64>)]) -> Result<HashMap<u32, Vec<u8>>, Fault> {
        let sizes: HashMap<u32, u64> = letters.iter().filter_map(|(number, size)| Some((*number, (*size)?))).collect();
        let commands: Vec<(u32, u64)> = letters.iter().map(|(number, _)| (*number, 0)).collect();
        let mut keys = HashMap::new();
        for (number, header) in self.headers(&commands).await? {
            if let Some(size) = sizes.get(&number).filter(|_| !header.is_empty()) {
                let told = [&size.to_le_bytes()[..], &header].concat();
                keys.insert(number, ledger::pop_key(b'T', &identity::content(&told)));
            }
        }
        Ok(unique(keys))
    }

    /// The headers of letters, of those that the server shows.
    pub async fn headers(&mut self, letters: &[(u32, u64)]) -> Result<HashMap<u32, bytes::Bytes>, Fault> {
        let mut headers = HashMap::new();
        if self.round.without_headers {
            return Ok(headers);
        }
        let mut ahead = Ahead::new("TOP", " 0", letters, self.depth());
        loop {
            let answer = match ahead.next(&mut self.client).await {
                Ok(None) => return Ok(headers),
                Ok(Some(number)) => self.client.answer(MOST_HEADER).await.map(|answer| (number, answer)),
                Err(fault) => Err(fault),
            };
            // A server that breaks off at TOP is not asked for headers any more.
            self.round.without_headers |= answer.is_err();
            if let (number, Ok(body)) = answer?
                && let Ok(header) = body.finish()
            {
                headers.insert(number, header);
            }
        }
    }

    /// Forgets letters that are not there any more. They may come back under another unique-id: then their content
    /// tells. Letters that were left there and are gone are forgotten for good.
    pub async fn forget_gone(&self, look: &Look) -> Result<(), Fault> {
        if look.wrong.is_some() {
            return Ok(());
        }
        let there: HashSet<Vec<u8>> = look.letters.iter().map(RemoteLetter::fault_key).collect();
        let row = self.round.row;
        let left = self.round.means.store.read(move |view| ledger::left_in(view, row)).await?;
        let left = left.into_iter().filter(|left| !left.is_folder() && !there.contains(&left.key));
        let left: Vec<Vec<u8>> = left.map(|left| left.key).collect();
        for slice in left.chunks(SLICE) {
            let slice = slice.to_vec();
            let forgotten = move |tx: &mut Tx| slice.iter().try_for_each(|key| ledger::forget_left(tx, row, key));
            self.round.means.store.write(Key::Fetching, forgotten).await?;
        }
        if look.letters.iter().any(|letter| letter.key.is_none()) {
            return Ok(());
        }
        let gone = self.known.iter().filter(|(key, known)| !known.gone && !there.contains(*key));
        let gone: Vec<Vec<u8>> = gone.map(|(key, _)| key.clone()).collect();
        for slice in gone.chunks(SLICE) {
            let slice = slice.to_vec();
            self.round
                .means
                .store
                .write(Key::Fetching, move |tx: &mut Tx| ledger::mark_keys_gone(tx, row, &slice))
                .await?;
        }
        Ok(())
    }
}

/// Unique-ids as keys, those that name one letter only.
fn keys_by_id(ids: Listing<String>) -> HashMap<u32, Vec<u8>> {
    unique(ids.letters.into_iter().map(|(number, id)| (number, ledger::pop_key(b'U', id.as_bytes()))).collect())
}

/// Without the keys that name more than one letter.
fn unique(keys: HashMap<u32, Vec<u8>>) -> HashMap<u32, Vec<u8>> {
    let mut times: HashMap<Vec<u8>, u32> = HashMap::new();
    keys.values().for_each(|key| *times.entry(key.clone()).or_default() += 1);
    keys.into_iter().filter(|(_, key)| times.get(key) == Some(&1)).collect()
}
