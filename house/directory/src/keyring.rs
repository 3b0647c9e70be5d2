//! The keys that sign, in memory: a signature asks no table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use auth::dkim::Signer;
use mail::finding::{KEY_UNUSABLE, SEVERAL_FROM, SIGNATURE, SIGNED};
use mail::header::{self, Field, Mention};
use mail::sign::{Sign, Signed};
use mail::{Domain, Finding, Timestamp};
use store::{Store, View};

use crate::Error;
use crate::domain_key::{self, Entry, State};

/// The addresses in a From field that are looked at, and the domains that sign one letter. Nobody has more than a few authors.
const MOST_AUTHORS: usize = 100;
const MOST_DOMAINS: usize = 3;

/// Signs letters with the active keys of our domains. Cheap to clone; all clones share the keys.
#[derive(Clone)]
pub struct Keyring(Arc<Inner>);

struct Inner {
    store: Store,
    /// The name of this server, which reports are from.
    hostname: Domain,
    keys: RwLock<Arc<Keys>>,
}

/// The active keys of each domain, in the order in which they sign. A domain without keys of its own has none here.
type Keys = BTreeMap<Domain, Vec<Key>>;

/// A key that should sign.
enum Key {
    Good(Signer),
    /// The key that is kept cannot be used.
    Damaged(String),
}

impl Keyring {
    /// Makes a ring without keys, which [`Self::reload`] reads. `hostname` is the name of this server: its reports are from
    /// there.
    pub fn new(store: Store, hostname: Domain) -> Self {
        Self(Arc::new(Inner { store, hostname, keys: RwLock::default() }))
    }

    /// Makes a ring with the keys, where a thread may wait.
    pub fn load_blocking(store: Store, hostname: Domain) -> Result<Self, Error> {
        let ring = Self::new(store, hostname);
        ring.put(ring.0.store.read_blocking(active_keys)?);
        Ok(ring)
    }

    /// Reads the keys again, which have changed. If they cannot be read, those of before go on signing.
    pub async fn reload(&self) -> Result<(), Error> {
        self.put(self.0.store.read(active_keys).await?);
        Ok(())
    }

    fn put(&self, keys: Keys) {
        *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    fn keys(&self) -> Arc<Keys> {
        self.0.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the domain whose keys sign letters from `author`, a domain. Reports are from the name of this server: a domain of
    /// ours that this name lies in may sign for it, which is aligned with it (RFC 9989 §4.4, relaxed). For any other name only
    /// its own keys will do: a part of a domain may be somebody else's.
    fn signing_domain<'a>(&self, keys: &'a Keys, author: &Domain) -> Option<&'a Domain> {
        if let Some((domain, _)) = keys.get_key_value(author) {
            return Some(domain);
        }
        let is_host = *author == self.0.hostname;
        let above = keys.keys().filter(|domain| is_host && domain_key::lies_in(author, domain));
        above.max_by_key(|domain| domain.as_str().len())
    }
}

fn active_keys(view: &View) -> Result<Keys, Error> {
    let mut keys = Keys::new();
    for entry in domain_key::list(view, None)?.into_iter().filter(|entry| entry.state == State::Active) {
        keys.entry(entry.domain.clone()).or_default().push(key(entry));
    }
    Ok(keys)
}

fn key(entry: Entry) -> Key {
    let Entry { domain, selector, .. } = &entry;
    match entry.secret.signing() {
        Ok(key) => Key::Good(Signer { domain: domain.to_string(), selector: selector.clone(), key }),
        Err(error) => {
            tracing::error!(
                %error, %domain, selector,
                "a key cannot be used, and letters leave without its signature; facteur domain key rotate {domain}"
            );
            Key::Damaged(entry.selector)
        }
    }
}

impl Sign for Keyring {
    /// Signs for each domain of ours that the letter is from: a receiver asks for a signature that fits the domain of the
    /// author (RFC 9989 §4.4), and where there are several authors, for one of each. A letter with several From fields is
    /// signed for nobody: a reader may be shown either.
    fn sign(&self, letter: &[u8], now: Timestamp) -> Signed {
        let keys = self.keys();
        let from: Vec<Field<'_>> = header::fields(letter).filter(|field| field.is("From")).take(2).collect();
        let authors: BTreeSet<Domain> = from.iter().flat_map(authors).collect();
        let domains: BTreeSet<&Domain> =
            authors.iter().filter_map(|author| self.signing_domain(&keys, author)).take(MOST_DOMAINS).collect();
        let mut signed = Signed::default();
        if from.len() > 1 && !domains.is_empty() {
            signed.findings.push(Finding::new(SIGNATURE, "unsigned").because(SEVERAL_FROM));
            return signed;
        }
        for domain in domains {
            let of_domain = keys.get(domain).map(Vec::as_slice).unwrap_or_default();
            sign_for(domain, of_domain, letter, now, &mut signed);
        }
        signed
    }
}

/// Adds the signatures of one domain.
fn sign_for(domain: &Domain, keys: &[Key], letter: &[u8], now: Timestamp, signed: &mut Signed) {
    let seconds = u64::try_from(now.seconds()).unwrap_or(0);
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for key in keys {
        match key {
            Key::Damaged(selector) => bad.push(selector.as_str()),
            Key::Good(signer) => match signer.sign(letter, seconds) {
                Ok(field) => {
                    signed.fields += &field;
                    good.push(signer.selector.as_str());
                }
                Err(error) => {
                    tracing::error!(%error, %domain, selector = signer.selector, "a letter leaves without a signature");
                    bad.push(&signer.selector);
                }
            },
        }
    }
    let found = |result: &str, code: &str, selectors: &[&str]| {
        let finding = Finding::new(SIGNATURE, result).because(code).about("header.d", domain.as_str());
        finding.about("header.s", &selectors.join(" "))
    };
    if !good.is_empty() {
        signed.findings.push(found("signed", SIGNED, &good));
    }
    if !bad.is_empty() {
        signed.findings.push(found("unsigned", KEY_UNUSABLE, &bad));
    }
}

/// Returns the domains of the authors that a From field names.
fn authors(from: &Field<'_>) -> Vec<Domain> {
    let domain = |mention: Mention| match mention {
        Mention::Mailbox { domain, .. } => Domain::parse(std::str::from_utf8(&domain).ok()?).ok(),
        Mention::GroupStart(_) | Mention::GroupEnd => None,
    };
    header::mentions(from.raw_value, MOST_AUTHORS).into_iter().filter_map(domain).collect()
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("domains", &self.keys().len()).finish_non_exhaustive()
    }
}
