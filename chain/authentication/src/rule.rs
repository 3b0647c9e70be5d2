//! The rule: asks the policy about one recipient, and remembers who signs rightly.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mail::finding::authentication::{OWN_NOT_PROVED, SIGNED_BEFORE};
use mail::listed::is_always_reached;
use mail::seam::{AccountId, Origin, OurFault, Pending};
use mail::trace::Event;
use mail::{Address, Domain, Finding, Findings, Reply, Timestamp};
use mailbox::Access;
use mda::{Addressee, Case, Disposition, Memory, Placement, Rule};
use store::{Asker, Store, View};

use crate::policy::{Against, Author, Consequence, Facts, decide};
use crate::settings::{Mode, Settings};
use crate::{author, evidence, known};

/// The name of the rule, in histories and for its memory.
const NAME: &str = "authentication";
/// A domain that signed its letters, and a list that a person reads, are remembered so long.
const REMEMBERED: Duration = Duration::from_secs(180 * 86_400);
/// A fact is written again after this time at the earliest, so that a letter a day costs no row a day.
const FRESH: Duration = Duration::from_secs(30 * 86_400);
/// The most facts whose age is known without asking the disk.
const MOST_FRESH: usize = 10_000;

/// Files letters that nothing proves as junk, or refuses them.
pub struct ForgeryRule {
    store: Store,
    settings: Arc<Settings>,
    /// The facts that were written lately, with the time of it: a letter that adds nothing new writes nothing.
    fresh: Mutex<HashMap<(AccountId, String), Timestamp>>,
}

/// The facts about a recipient that only the disk knows.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    may_refuse: bool,
    spoken_for: bool,
    by_own_list: bool,
    signed_before: bool,
}

/// The question to the disk about a letter.
#[derive(Clone, Debug)]
struct Asked {
    account: AccountId,
    recipient: Address,
    /// The authors, in lower case.
    authors: Vec<(String, String)>,
    /// The list that signed the letter.
    list: Option<String>,
    is_own: bool,
    now: Timestamp,
}

impl ForgeryRule {
    /// Makes the rule.
    pub fn new(store: Store, settings: Arc<Settings>) -> Self {
        Self { store, settings, fresh: Mutex::default() }
    }

    /// Remembers what speaks for or against the next letters, in the commit that files this one.
    fn remembering(&self, case: Case<'_>, mut so_far: Disposition, now: Timestamp) -> Disposition {
        let findings = case.incoming.findings;
        let signer = evidence::signing(findings).map(signs);
        let list = list_of(case).map(|list| reads(&list));
        for key in signer.into_iter().chain(list) {
            if self.is_new(case.recipient.account, &key, now) {
                so_far.remember.push(memory(key, now));
            }
        }
        so_far
    }

    fn is_new(&self, account: AccountId, key: &str, now: Timestamp) -> bool {
        let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (account, key.to_owned());
        if fresh.get(&place).is_some_and(|at| now.since(*at) < FRESH) {
            return false;
        }
        if fresh.len() >= MOST_FRESH {
            // They are written once more each, which harms nobody.
            fresh.clear();
        }
        fresh.insert(place, now);
        true
    }

    async fn known(&self, asked: Asked) -> Result<Known, OurFault> {
        let asker = Asker(asked.account.0);
        let found = self.store.read_for(asker, move |view| look_up(view, &asked)).await;
        found.map_err(|error: mailbox::Error| OurFault(error.to_string()))
    }

    async fn decided(&self, case: Case<'_>, so_far: Disposition, now: Timestamp) -> Result<Disposition, OurFault> {
        let findings = case.incoming.findings;
        let Some(found) = evidence::about_author(findings) else { return Ok(so_far) };
        let about = evidence::author(found);
        if about == Author::Fine {
            return Ok(self.remembering(case, so_far, now));
        }
        let (against, second) = evidence::against(findings);
        let by_own_rule = so_far.keep != Disposition::usual(case.recipient).keep;
        let must_be_reachable = is_always_reached(&case.recipient.address);
        let facts = Facts { author: about, against, by_own_rule, must_be_reachable, ..Facts::default() };
        // The disk is asked only where its answer matters.
        if by_own_rule || must_be_reachable || (about == Author::Unknown && against == Against::Nothing) {
            return Ok(so_far);
        }
        let known = self.known(asked(case, found, now)).await?;
        let before = known.signed_before.then(|| signed_before(found));
        let second = second.or(before.as_ref());
        let facts = Facts {
            against: if known.signed_before { Against::Something } else { against },
            is_connected: matches!(case.incoming.origin, Origin::Peer(_)),
            may_refuse: known.may_refuse,
            spoken_for: known.spoken_for || evidence::is_allowed(findings),
            by_own_list: known.by_own_list,
            ..facts
        };
        Ok(match decide(facts) {
            Consequence::File => so_far,
            Consequence::Junk => junk(found, so_far),
            Consequence::Refuse => Disposition::refuse(refusal(found, second), reason(found)),
            Consequence::Later => Disposition::refuse(later(found), reason(found)),
        })
    }
}

impl Rule for ForgeryRule {
    fn name(&self) -> &'static str {
        NAME
    }

    fn decide<'a>(&'a self, case: Case<'a>, so_far: Disposition) -> Pending<'a, Result<Disposition, OurFault>> {
        Box::pin(async move {
            if self.settings.mode != Mode::On {
                return Ok(so_far);
            }
            self.decided(case, so_far, net::now()).await
        })
    }
}

fn asked(case: Case<'_>, found: &Finding, now: Timestamp) -> Asked {
    let Addressee { account, address, .. } = case.recipient;
    let authors = author::addresses(&case.incoming.letter.raw).into_iter();
    let authors = authors.map(|(local, domain)| (local.to_lowercase(), domain.to_lowercase())).collect();
    let is_own = found.code() == OWN_NOT_PROVED;
    Asked { account: *account, recipient: address.clone(), authors, list: list_of(case), is_own, now }
}

/// The list that the letter names and that has signed it.
fn list_of(case: Case<'_>) -> Option<String> {
    let findings: &Findings = case.incoming.findings;
    author::list(&case.incoming.letter.raw).filter(|list| evidence::signed_by_list(findings, list))
}

/// Asks the disk: at most some hundreds of rows, and only about letters that nothing proves.
fn look_up(view: &View, asked: &Asked) -> Result<Known, mailbox::Error> {
    let may_refuse = directory::domain::refuses_forged(view, asked.recipient.domain())?;
    let remembers = |key| mda::memory::is_remembered(view, asked.account, &memory(key, asked.now), asked.now);
    let mut signed_before = false;
    for (_, domain) in asked.authors.iter().take(4) {
        signed_before |= remembers(signs(domain))?;
    }
    let access = Access::house(asked.account);
    let is_author =
        |local: &str, domain: &str| asked.authors.iter().any(|author| (&*author.0, &*author.1) == (local, domain));
    // Everybody writes to the people of their own house: that speaks for nothing.
    let mut spoken_for = !asked.is_own && known::has_written_to(view, access, &is_author)?;
    let mut by_own_list = false;
    if let Some(list) = &asked.list {
        let is_list = |_: &str, domain: &str| author::is_within(list, domain) || author::is_within(domain, list);
        spoken_for = spoken_for || remembers(reads(list))? || known::has_written_to(view, access, &is_list)?;
        by_own_list = asked.is_own && writes_to_list(view, asked, &is_list)?;
    }
    Ok(Known { may_refuse, spoken_for, by_own_list, signed_before })
}

/// Returns true if the author, who is one of our own, has lately written to the list.
fn writes_to_list(view: &View, asked: &Asked, is_list: &dyn Fn(&str, &str) -> bool) -> Result<bool, mailbox::Error> {
    for (local, domain) in asked.authors.iter().take(4) {
        let address = Domain::parse(domain).ok().and_then(|domain| Address::new(local, domain).ok());
        let Some(address) = address else { continue };
        let Some(account) = known::account_of(view, &address)? else { continue };
        if known::has_written_to(view, Access::house(account), is_list)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn signs(domain: &str) -> String {
    format!("signs {}", domain.to_lowercase())
}

fn reads(list: &str) -> String {
    format!("reads {list}")
}

fn memory(key: String, now: Timestamp) -> Memory {
    Memory { rule: NAME.to_owned(), key, until: now.after(REMEMBERED) }
}

/// The letter is junk, whatever folder the address asks for; all else that was decided stays.
fn junk(found: &Finding, so_far: Disposition) -> Disposition {
    Disposition { keep: Disposition::keep(Placement::junk()).keep, onward: Vec::new(), reason: reason(found), ..so_far }
}

/// The reason as histories keep it: a code, with the properties behind it.
fn reason(found: &Finding) -> String {
    match found.event() {
        Event::Judged { reason, .. } => reason,
        _ => String::new(),
    }
}

fn signed_before(found: &Finding) -> Finding {
    let author = evidence::property(found, "header.from").unwrap_or_default();
    Finding::new("dkim", "none").because(SIGNED_BEFORE).about("header.from", author)
}

/// Nobody gets the letter (RFC 7372 has codes for one method each; DMARC is more than one).
fn refusal(found: &Finding, second: Option<&Finding>) -> Reply {
    let author = evidence::property(found, "header.from").unwrap_or("its author");
    let own = second.is_some_and(|second| second.method() == "dmarc");
    let second = second.filter(|_| !own).and_then(Finding::told).map(|told| told.english);
    let second = if own { Some(format!("{author} is at home here")) } else { second };
    let second = second.map(|second| format!(", and {second}")).unwrap_or_default();
    Reply::new(550, (5, 7, 1), format!("nothing proves that this letter is from {author} (DMARC){second}"))
}

fn later(found: &Finding) -> Reply {
    let author = evidence::property(found, "header.from").unwrap_or("its author");
    Reply::new(
        451,
        (4, 7, 1),
        format!("name servers cannot say now whether this letter is from {author}; try again later"),
    )
}
