//! A round through a POP3 maildrop: as many conversations as it takes.

mod ahead;
mod look;
mod pull;
mod sweep;

use std::collections::HashMap;

use store::{Key, Tx};

use super::Means;
use super::breaks::Breaks;
use crate::Fault;
use crate::credential::Credential;
use crate::identity::Digest;
use crate::ledger::{self, Entry, PopKnown, Source};
use crate::pop3::Client;
use crate::progress::{News, Round, Why};

/// Commands on their way, if the server can bear it (RFC 2449 §6.6).
const DEPTH: usize = 32;
/// Octets of a header.
const MOST_HEADER: u64 = 1 << 20;
/// Letters of one commit.
const SLICE: usize = 1000;
/// The name of a maildrop's only folder here.
const FOLDER: &str = "INBOX";

/// A letter of the maildrop.
#[derive(Clone, Debug)]
struct RemoteLetter {
    /// Its number in this conversation.
    number: u32,
    /// Octets; none: the server does not say.
    size: Option<u64>,
    /// The key that it is known by; without one, only its content tells.
    key: Option<Vec<u8>>,
}

impl RemoteLetter {
    /// Returns the key under which its faults are written down. A letter without a name goes by its number.
    fn fault_key(&self) -> Vec<u8> {
        self.key.clone().unwrap_or_else(|| ledger::pop_key(b'N', &self.number.to_be_bytes()))
    }
}

/// The letters that a conversation found in the maildrop.
struct Look {
    letters: Vec<RemoteLetter>,
    /// Its lists make no sense: then nothing is concluded from the letters that they miss, and no letter is taken
    /// away.
    wrong: Option<String>,
}

/// The memory of one round over its conversations.
struct Rounds<'a> {
    means: &'a Means,
    source: &'a Source,
    credential: &'a Credential,
    /// The row of its one folder.
    row: i64,
    breaks: Breaks,
    /// The number of vain tries in this round, by letter.
    tried: HashMap<Vec<u8>, u32>,
    /// A connection broke while headers were asked for: they are not asked for again.
    without_headers: bool,
    announced: bool,
}

/// A conversation with a maildrop.
struct Drop<'r, 'a> {
    round: &'r mut Rounds<'a>,
    client: Client,
    /// The letters of the maildrop that are known.
    known: HashMap<Vec<u8>, PopKnown>,
    /// The keys of letters by their content, also those of this conversation.
    contents: HashMap<Digest, Vec<u8>>,
    /// The letters that were read in this conversation, by number: the key and the content of each.
    read: HashMap<u32, (Vec<u8>, Digest)>,
}

/// Brings all new letters from a POP3 maildrop, and takes away those that are to go.
pub(super) async fn fetch(means: &Means, source: &Source, credential: &Credential) -> Result<Round, Fault> {
    let id = source.id;
    let row = means.store.write(Key::Fetching, move |tx: &mut Tx| ledger::folder(tx, id, b"")).await?.id;
    let (breaks, tried) = (Breaks::default(), HashMap::new());
    let mut round = Rounds { means, source, credential, row, breaks, tried, without_headers: false, announced: false };
    let mut client = Some(round.connect().await?);
    let wrong = loop {
        let talk = match client.take() {
            Some(client) => round.converse(client).await,
            None => round.connect_again().await,
        };
        match talk {
            Ok(wrong) => break wrong,
            Err(fault) => round.go_on_after(fault).await?,
        }
    };
    round.note_lists(wrong).await?;
    means.sum_up(source).await
}

impl<'a> Rounds<'a> {
    async fn connect(&self) -> Result<Client, Fault> {
        let client = Client::open(&self.means.endpoint, &self.source.settings.mailbox.user, self.credential).await?;
        self.means.listener.hear(&News::Connected);
        Ok(client)
    }

    async fn connect_again(&mut self) -> Result<Option<String>, Fault> {
        match self.connect().await {
            Ok(client) => self.converse(client).await,
            Err(Fault::Unreachable(said)) => Err(Fault::Cut(said)),
            // It let us in a moment ago: it is the many log-ins that it does not like.
            Err(Fault::Refused(said)) => Err(Fault::Throttled { said, pause: None }),
            Err(fault) => Err(fault),
        }
    }

    /// Leads one conversation to its end. Returns the fault in the lists of the maildrop.
    async fn converse(&mut self, client: Client) -> Result<Option<String>, Fault> {
        let row = self.row;
        let known = self.means.store.read(move |view| ledger::pop_known(view, row)).await?;
        let contents = known.iter().filter_map(|(key, known)| Some((known.content?, key.clone()))).collect();
        let mut maildrop = Drop { round: self, client, known, contents, read: HashMap::new() };
        let look = maildrop.look().await?;
        maildrop.fetch_new(&look).await?;
        let wrong = look.wrong.clone();
        maildrop.take_away(&look).await?;
        Ok(wrong)
    }

    /// Another connection goes on behind one that broke. An error says that the round cannot.
    async fn go_on_after(&mut self, fault: Fault) -> Result<(), Fault> {
        if fault.is_of_site() {
            return Err(fault);
        }
        match self.breaks.another(&fault) {
            Some(pause) => self.means.sleep(pause).await,
            None => Err(fault),
        }
    }

    /// Writes down whether the lists of the maildrop make sense.
    async fn note_lists(&self, wrong: Option<String>) -> Result<(), Fault> {
        let (id, row, now) = (self.source.id, self.row, net::now());
        let words = wrong.clone();
        let noted = move |tx: &mut Tx| match &words {
            Some(wrong) => ledger::leave_folder(tx, id, row, wrong, now),
            None => ledger::folder_is_well(tx, row),
        };
        self.means.store.write(Key::Fetching, noted).await?;
        if let Some(said) = wrong {
            self.means.listener.hear(&News::FolderLeft { folder: FOLDER.to_owned(), said });
        }
        Ok(())
    }

    /// Leaves a letter where it is, remembers it, and says so if it is not tried again in this round.
    async fn leave_there(&mut self, letter: &RemoteLetter, why: Why, said: &str, vain: u32) -> Result<(), Fault> {
        let key = letter.fault_key();
        let tried = self.tried.entry(key.clone()).or_default();
        *tried += vain;
        let told = *tried >= 2;
        let (entry, words, now) = (self.entry(letter, key), said.to_owned(), net::now());
        self.means.store.write(Key::Fetching, move |tx: &mut Tx| ledger::leave(tx, &entry, why, &words, now)).await?;
        if told {
            let (folder, name) = (FOLDER.to_owned(), letter.number.to_string());
            self.means.listener.hear(&News::LeftThere { folder, name, why, said: said.to_owned() });
        }
        Ok(())
    }

    fn entry(&self, letter: &RemoteLetter, key: Vec<u8>) -> Entry {
        Entry::pop(self.source.id, self.row, key, letter.size.unwrap_or_default())
    }
}

impl Drop<'_, '_> {
    fn depth(&self) -> usize {
        if self.client.can("PIPELINING") && !self.round.means.gently { DEPTH } else { 1 }
    }
}
