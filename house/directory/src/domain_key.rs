//! The keys that sign the letters of our domains (RFC 6376), and the order in which they take turns.
//!
//! A domain has keys of two algorithms: RSA, which everybody can check, and Ed25519 (RFC 8463), for those who can. Of each
//! there is an **active** key, which signs, and a **next** one, whose record is published in advance, so that it can take the
//! turn without anybody's help. A key that signs no more is **old**: its record stays published for a while, since letters that
//! it has signed may still be on their way.

use std::fmt;
use std::time::Duration;

use auth::dkim::SigningKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail::{Domain, Timestamp};
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};
use store::{Row, Tx, View, params};
use zeroize::Zeroizing;

use crate::{Error, KEYS, domain};

/// The time for which the record of an old key stays published, counted while the office runs.
pub const OLD_FOR: Duration = Duration::from_secs(14 * 24 * 3600);
/// The time after which the next key takes its turn, counted while the office runs.
pub const ACTIVE_FOR: Duration = Duration::from_secs(180 * 24 * 3600);
/// The size of the RSA keys that are made here (RFC 8301 §3.2).
const RSA_BITS: usize = 2048;
/// The longest name of a key, so that the name of its record fits into the domain name system with most domains.
const LONGEST_SELECTOR: usize = 100;

/// The kind of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// RSA with SHA-256.
    Rsa,
    /// Ed25519 with SHA-256.
    Ed25519,
}

impl Algorithm {
    /// All of them, in the order in which they sign.
    pub const ALL: [Self; 2] = [Self::Rsa, Self::Ed25519];

    /// `rsa` or `ed25519`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::Ed25519 => "ed25519",
        }
    }

    fn of(key: &SigningKey) -> Self {
        match key.algorithm() {
            auth::dkim::Algorithm::Ed25519Sha256 => Self::Ed25519,
            auth::dkim::Algorithm::RsaSha256 | auth::dkim::Algorithm::RsaSha1 => Self::Rsa,
        }
    }
}

/// The turn of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Its record is published in advance.
    Next,
    /// It signs.
    Active,
    /// It signs no more, and its record stays published until [`OLD_FOR`] has passed.
    Old,
}

impl State {
    const ALL: [Self; 3] = [Self::Next, Self::Active, Self::Old];

    /// `next`, `active` or `old`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Old => "old",
        }
    }

    fn number(self) -> i64 {
        self as i64
    }
}

/// A private key as a PEM file. It is wiped when it is dropped, and `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey(Zeroizing<Vec<u8>>);

impl PrivateKey {
    /// Shows the file, to be exported.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }

    /// Returns the key that signs.
    pub fn signing(&self) -> Result<SigningKey, Error> {
        Ok(SigningKey::from_pem(&self.0)?)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"…\"")
    }
}

/// A key that no domain has yet.
#[derive(Clone, Debug)]
pub struct NewKey {
    algorithm: Algorithm,
    secret: PrivateKey,
}

impl NewKey {
    /// Makes a key. An RSA key takes a good part of a second: call it where a thread may compute.
    pub fn make(algorithm: Algorithm) -> Result<Self, Error> {
        let secret = match algorithm {
            Algorithm::Rsa => make_rsa()?,
            Algorithm::Ed25519 => pem(&SigningKey::generate_ed25519()?.1),
        };
        Ok(Self { algorithm, secret: PrivateKey(secret) })
    }

    /// Takes a key that was made elsewhere, from a PEM file with PKCS#1 or PKCS#8.
    pub fn from_pem(file: &[u8]) -> Result<Self, Error> {
        let algorithm = Algorithm::of(&SigningKey::from_pem(file)?);
        Ok(Self { algorithm, secret: PrivateKey(Zeroizing::new(file.to_vec())) })
    }

    /// Returns the kind of the key.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

/// `ring`, which signs, makes no RSA keys.
fn make_rsa() -> Result<Zeroizing<Vec<u8>>, Error> {
    let key = rsa::PrivateKey::new(&mut rand::rng(), RSA_BITS).map_err(|why| Error::NoKeyMade(why.to_string()))?;
    let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|why| Error::NoKeyMade(why.to_string()))?;
    Ok(Zeroizing::new(pem.as_bytes().to_vec()))
}

/// Writes PKCS#8 as a PEM file (RFC 7468 §10).
fn pem(pkcs8: &[u8]) -> Zeroizing<Vec<u8>> {
    let encoded = Zeroizing::new(STANDARD.encode(pkcs8));
    let mut pem = Zeroizing::new(Vec::with_capacity(encoded.len() + 128));
    pem.extend_from_slice(b"-----BEGIN PRIVATE KEY-----\n");
    for line in encoded.as_bytes().chunks(64) {
        pem.extend_from_slice(line);
        pem.push(b'\n');
    }
    pem.extend_from_slice(b"-----END PRIVATE KEY-----\n");
    pem
}

/// A key of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number, which no other key ever has.
    pub id: i64,
    /// The domain that it signs for.
    pub domain: Domain,
    /// Its name: the record stands below `<selector>._domainkey.<domain>`.
    pub selector: String,
    /// Its kind.
    pub algorithm: Algorithm,
    /// Its turn.
    pub state: State,
    /// The time at which it was made or brought here.
    pub made: Timestamp,
    /// The time at which it came into its state.
    pub since: Timestamp,
    /// The time for which it has been in its state while the office was running.
    pub ran: Duration,
    /// The time at which its record was first seen in the domain name system.
    pub published: Option<Timestamp>,
    /// The private key.
    pub secret: PrivateKey,
}

impl Entry {
    /// Returns the name of its record.
    pub fn record_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// Returns the text of its record. An error if the key is damaged.
    pub fn record(&self) -> Result<String, Error> {
        Ok(self.secret.signing()?.public_record())
    }
}

/// Reads the name of a key: labels of letters, digits and hyphens (RFC 6376 §3.1), in lower case.
pub fn selector(text: &str) -> Result<String, Error> {
    let text = text.to_ascii_lowercase();
    let is_label = |label: &str| {
        let fits = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
        (1..=63).contains(&label.len()) && label.bytes().all(fits) && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_one = text.len() <= LONGEST_SELECTOR && text.split('.').all(is_label);
    if is_one { Ok(text) } else { Err(Error::BadSelector) }
}

/// Returns the keys of a domain, or of all: domain by domain, the active ones first, and RSA before Ed25519. A row that nobody
/// can read is left out, and the log says so.
pub fn list(view: &View, of: Option<&Domain>) -> Result<Vec<Entry>, Error> {
    let sql = "SELECT id, domain, selector, algorithm, state, made, since, ran, published, secret FROM domain_key
               WHERE $1 = '' OR domain = $1 ORDER BY domain, id";
    let rows = view.query(sql, params![of.map_or("", Domain::as_str)], |row| Ok((row.get::<i64>(0)?, entry(row))))?;
    let mut entries = Vec::new();
    for (id, entry) in rows {
        match entry {
            Ok(entry) => entries.push(entry),
            Err(error) => tracing::error!(%error, id, "a key of a domain cannot be read"),
        }
    }
    let turn = |state| [State::Active, State::Next, State::Old].iter().position(|one| *one == state);
    entries.sort_by(|a, b| (&a.domain, turn(a.state), a.algorithm).cmp(&(&b.domain, turn(b.state), b.algorithm)));
    Ok(entries)
}

fn entry(row: &Row<'_>) -> Result<Entry, store::Error> {
    let no = |column, wanted| store::Error::Type { column, wanted };
    let (algorithm, state) = (row.text(3)?, row.get::<i64>(4)?);
    Ok(Entry {
        id: row.get(0)?,
        domain: Domain::parse(row.text(1)?).map_err(|_| no(1, "a domain"))?,
        selector: row.get(2)?,
        algorithm: Algorithm::ALL.into_iter().find(|one| one.name() == algorithm).ok_or(no(3, "a kind of key"))?,
        state: State::ALL.into_iter().find(|one| one.number() == state).ok_or(no(4, "the state of a key"))?,
        made: Timestamp(row.get(5)?),
        since: Timestamp(row.get(6)?),
        ran: Duration::from_millis(row.get::<u64>(7)?),
        published: row.get::<Option<i64>>(8)?.map(Timestamp),
        secret: PrivateKey(Zeroizing::new(row.bytes(9)?.to_vec())),
    })
}

/// Returns the names that have keys: our domains, and the name of this server if it lies in none of them, since its reports
/// are from there. A name of one word is none that others can look up.
pub fn owners(view: &View, hostname: &Domain) -> Result<Vec<Domain>, Error> {
    let mut names: Vec<Domain> = domain::list(view)?.into_iter().map(|entry| entry.name).collect();
    let is_public = hostname.as_str().contains('.') && !hostname.is_literal();
    let has_own = names.iter().any(|domain| domain == hostname || lies_in(hostname, domain));
    if !names.is_empty() && is_public && !has_own {
        names.push(hostname.clone());
    }
    Ok(names)
}

/// Returns true if the name lies below the domain.
pub(crate) fn lies_in(name: &Domain, domain: &Domain) -> bool {
    name.as_str().strip_suffix(domain.as_str()).is_some_and(|before| before.ends_with('.'))
}

/// Returns the key of that name.
pub fn find(view: &View, domain: &Domain, selector: &str) -> Result<Entry, Error> {
    let found = list(view, Some(domain))?.into_iter().find(|entry| entry.selector == selector);
    found.ok_or_else(|| Error::UnknownSelector { domain: domain.clone(), selector: selector.to_owned() })
}

/// Returns the kinds of which the domain has no key in this state.
pub fn missing(view: &View, domain: &Domain, state: State) -> Result<Vec<Algorithm>, Error> {
    let sql = "SELECT algorithm FROM domain_key WHERE domain = $1 AND state = $2";
    let there = view.query(sql, params![domain.as_str(), state.number()], |row| row.get::<String>(0))?;
    Ok(Algorithm::ALL.into_iter().filter(|one| !there.iter().any(|there| there == one.name())).collect())
}

/// Gives the domain a key in a state that no other of its kind is in; `false` if it has one by now. The key is named after the
/// day.
pub fn add(tx: &mut Tx, domain: &Domain, key: &NewKey, state: State, now: Timestamp) -> Result<bool, Error> {
    if !missing(tx, domain, state)?.contains(&key.algorithm) {
        return Ok(false);
    }
    let selector = free_selector(tx, domain, key.algorithm, now)?;
    insert(tx, (domain, &selector), key, state, now)?;
    Ok(true)
}

/// The day and the kind, such as `f20261130-rsa`; with a number before it where the domain has a key of that name.
fn free_selector(view: &View, domain: &Domain, algorithm: Algorithm, now: Timestamp) -> Result<String, Error> {
    let taken = view.query("SELECT selector FROM domain_key WHERE domain = $1", params![domain.as_str()], |row| {
        row.get::<String>(0)
    })?;
    let day: String = now.rfc3339().chars().take(10).filter(char::is_ascii_digit).collect();
    let named = |count: usize| match count {
        0 => format!("f{day}-{}", algorithm.name()),
        _ => format!("f{day}-{}-{}", count + 1, algorithm.name()),
    };
    let free = (0..=taken.len()).map(named).find(|name| !taken.contains(name));
    Ok(free.unwrap_or_else(|| named(taken.len() + 1)))
}

fn insert(
    tx: &mut Tx,
    (domain, selector): (&Domain, &str),
    key: &NewKey,
    state: State,
    now: Timestamp,
) -> Result<(), Error> {
    let sql = "INSERT INTO domain_key (domain, selector, algorithm, state, made, since, secret)
               VALUES ($1, $2, $3, $4, $5, $5, $6)";
    let (algorithm, secret) = (key.algorithm.name(), key.secret.reveal());
    tx.execute(sql, params![domain.as_str(), selector, algorithm, state.number(), now.0, secret])?;
    tx.announce(KEYS);
    Ok(())
}

/// Brings a key from elsewhere, under the name that its record is published under. It signs from now on, and the one that did
/// is old. The same key under the same name changes nothing but that.
pub fn import(tx: &mut Tx, domain: &Domain, selector: &str, key: &NewKey, now: Timestamp) -> Result<(), Error> {
    match list(tx, Some(domain))?.into_iter().find(|entry| entry.selector == selector) {
        None => {
            retire_active(tx, domain.as_str(), key.algorithm.name(), now)?;
            insert(tx, (domain, selector), key, State::Active, now)
        }
        Some(there) if is_same(&there.secret, &key.secret) => {
            if there.state != State::Active {
                retire_active(tx, domain.as_str(), key.algorithm.name(), now)?;
                set_state(tx, there.id, State::Active, now)?;
            }
            Ok(())
        }
        Some(_) => Err(Error::SelectorExists { domain: domain.clone(), selector: selector.to_owned() }),
    }
}

/// Two files of one key: PKCS#1 and PKCS#8 may say the same.
fn is_same(one: &PrivateKey, other: &PrivateKey) -> bool {
    let record = |key: &PrivateKey| key.signing().map(|key| key.public_record()).ok();
    one == other || record(one).is_some_and(|text| record(other) == Some(text))
}

/// A next key takes its turn; `false` if it is no next key by now.
pub fn take_turn(tx: &mut Tx, next: i64, now: Timestamp) -> Result<bool, Error> {
    let sql = "SELECT domain, algorithm FROM domain_key WHERE id = $1 AND state = $2";
    let found = tx.query_opt(sql, params![next, State::Next.number()], |row| {
        Ok((row.get::<String>(0)?, row.get::<String>(1)?))
    })?;
    let Some((domain, algorithm)) = found else { return Ok(false) };
    retire_active(tx, &domain, &algorithm, now)?;
    set_state(tx, next, State::Active, now)?;
    Ok(true)
}

fn retire_active(tx: &mut Tx, domain: &str, algorithm: &str, now: Timestamp) -> Result<(), Error> {
    let sql = "SELECT id FROM domain_key WHERE domain = $1 AND algorithm = $2 AND state = $3";
    match tx.query_opt(sql, params![domain, algorithm, State::Active.number()], |row| row.get::<i64>(0))? {
        Some(active) => set_state(tx, active, State::Old, now),
        None => Ok(()),
    }
}

fn set_state(tx: &mut Tx, id: i64, state: State, now: Timestamp) -> Result<(), Error> {
    let sql = "UPDATE domain_key SET state = $2, since = $3, ran = 0 WHERE id = $1";
    tx.execute(sql, params![id, state.number(), now.0])?;
    tx.announce(KEYS);
    Ok(())
}

/// Notes that the record of a key was seen in the domain name system.
pub fn seen_published(tx: &mut Tx, id: i64, now: Timestamp) -> Result<(), Error> {
    tx.execute("UPDATE domain_key SET published = $2 WHERE id = $1 AND published IS NULL", params![id, now.0])?;
    Ok(())
}

/// Adds to every key the time that the office has run, and forgets the old ones that have been old for long enough.
pub fn grow_older(tx: &mut Tx, ran: Duration) -> Result<(), Error> {
    let milliseconds = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    tx.execute("UPDATE domain_key SET ran = ran + $1", params![milliseconds(ran)])?;
    let sql = "DELETE FROM domain_key WHERE state = $1 AND ran >= $2";
    tx.execute(sql, params![State::Old.number(), milliseconds(OLD_FOR)])?;
    Ok(())
}

/// Forgets the keys of a domain that is ours no more.
pub(crate) fn remove_all(tx: &mut Tx, domain: &Domain) -> Result<(), Error> {
    tx.execute("DELETE FROM domain_key WHERE domain = $1", params![domain.as_str()])?;
    tx.announce(KEYS);
    Ok(())
}

/// Returns true if the text of a record publishes the same key as ours. Blanks, the order of tags and tags without
/// meaning for the key do not matter (RFC 6376 §3.6.1).
pub fn publishes_same_key(record: &[u8], ours: &str) -> bool {
    let key = |text: &str| {
        let tag = |wanted: &str| {
            let mut tags = text.split(';').filter_map(|tag| tag.split_once('='));
            let value = tags.find(|(name, _)| name.trim() == wanted).map(|(_, value)| value);
            value.map(|value| value.chars().filter(|c| !c.is_whitespace()).collect::<String>())
        };
        // RFC 6376 §3.6.1: RSA is meant where nothing is said.
        (tag("k").unwrap_or_else(|| "rsa".to_owned()), tag("p").filter(|key| !key.is_empty()))
    };
    let (theirs, ours) = (key(&String::from_utf8_lossy(record)), key(ours));
    theirs == ours && theirs.1.is_some()
}
