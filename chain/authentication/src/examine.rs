//! Asks all methods about one letter, each within bounds of its own: what a stranger lets one method ask must not be
//! missing to another.

use std::sync::Arc;
use std::time::Duration;

use auth::arc::{Chain, ChainResult};
use auth::dkim::{SignatureResult, SignatureVerdict, Unresolved};
use auth::dmarc::{self, DmarcQuestion, DmarcResult, Method, Outcome, Policy, Proof};
use auth::dns::Dns;
use auth::iprev;
use auth::spf::{self, SpfQuestion, SpfResult};
use bytes::Bytes;
use futures_util::future::join4;
use mail::finding::Severity;
use mail::finding::authentication::SENDER_BY_FORWARDER;
use mail::seam::Wire;
use mail::{Domain, Finding};
use net::Resolver;
use store::Store;
use tokio::time::Instant;

use crate::author;
use crate::known::is_ours;
use crate::patience::{Asking, Patience};
use crate::settings::Settings;
use crate::told::{self, Author};
use crate::word;

/// The most questions of each method.
const MOST_OF_SIGNATURES: u32 = 80;
const MOST_OF_PEER: u32 = 60;
const MOST_OF_SPF: u32 = 50;
const MOST_OF_DMARC: u32 = 90;

/// The way that a letter came, as far as it says something about the sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// From a stranger, over this connection.
    Peer(Wire),
    /// From a server in front of this one, or from a mailbox elsewhere: the address of the peer is not the sender's. A
    /// mailbox is named as histories name it.
    Handed(Option<String>),
}

/// The domains that have a home elsewhere as well: a letter from there is no letter from outside.
pub(crate) type Elsewhere = Arc<dyn Fn(&Domain) -> bool + Send + Sync>;

/// All that the examination of one letter works with.
pub(crate) struct Examination {
    pub letter: Bytes,
    pub way: Way,
    /// The address of MAIL FROM; empty for `<>`.
    pub mail_from: String,
    pub receiver: Domain,
    pub resolver: Arc<dyn Resolver>,
    pub store: Store,
    pub elsewhere: Elsewhere,
    pub settings: Arc<Settings>,
    pub patience: Arc<Patience>,
}

/// The proofs that were found.
struct Proofs {
    spf: Option<spf::Verdict>,
    signatures: Vec<SignatureVerdict>,
    chain: Chain,
}

impl Examination {
    /// Finds out what is proved. `now` counts seconds since 1970.
    pub async fn findings(self, unresolved: Unresolved, now: u64, within: Duration) -> Vec<Finding> {
        let time = self.patience.time(matches!(self.way, Way::Peer(_)), within);
        let begun = Instant::now();
        // DMARC keeps a third for itself, however slow the rest is.
        let first = time * 2 / 3;
        let asking = |most, time| Asking::new(&self.resolver, most, time);
        let (signing, of_peer, of_spf) =
            (asking(MOST_OF_SIGNATURES, first), asking(MOST_OF_PEER, first), asking(MOST_OF_SPF, first));
        let (proofs, mut found) = match &self.way {
            Way::Peer(wire) => self.of_peer(wire, unresolved, (&signing, &of_peer, &of_spf), now).await,
            Way::Handed(_) => {
                let (signatures, chain) = unresolved.conclude_with_chain(&signing, now).await;
                (Proofs { spf: None, signatures, chain }, Vec::new())
            }
        };
        let of_dmarc = asking(MOST_OF_DMARC, time.saturating_sub(begun.elapsed()));
        let about_author = match &self.way {
            Way::Peer(wire) => self.of_author(wire, &proofs, &of_dmarc, now).await,
            Way::Handed(_) => self.of_author_handed(&proofs, &of_dmarc).await,
        };
        let all = [&signing, &of_peer, &of_spf, &of_dmarc];
        if all.iter().any(|asking| asking.asked()) {
            self.patience.note(begun.elapsed(), all.iter().any(|asking| asking.answered()));
        }
        found.extend(proofs.signatures.iter().map(told::dkim));
        found.extend(told::arc(&proofs.chain));
        about_author.into_iter().chain(found).collect()
    }

    /// Asks about the peer and about the signatures, all at the same time.
    async fn of_peer(
        &self,
        wire: &Wire,
        unresolved: Unresolved,
        (signing, of_peer, of_spf): (&dyn Dns, &dyn Dns, &dyn Dns),
        now: u64,
    ) -> (Proofs, Vec<Finding>) {
        let question = self.question(wire, &self.mail_from, now);
        let helo = async { if wire.hello.is_empty() { None } else { Some(spf::check_helo(of_peer, question).await) } };
        // For `<>`, the name that the peer gave itself stands for MAIL FROM (RFC 7208 §2.4).
        let sender = async { if self.mail_from.is_empty() { None } else { Some(spf::check(of_spf, question).await) } };
        let signed = unresolved.conclude_with_chain(signing, now);
        let (reverse, helo, sender, (signatures, chain)) =
            join4(iprev::check(of_peer, wire.ip), helo, sender, signed).await;
        let mut found: Vec<Finding> = sender.iter().map(told::spf).collect();
        let says_something = |helo: &&spf::Verdict| sender.is_none() || helo.result != SpfResult::None;
        found.extend(helo.iter().filter(says_something).map(told::spf));
        found.push(told::iprev(&reverse, wire.ip.to_canonical()));
        (Proofs { spf: sender.or(helo), signatures, chain }, found)
    }

    fn question<'a>(&'a self, wire: &'a Wire, mail_from: &'a str, now: u64) -> SpfQuestion<'a> {
        SpfQuestion { ip: wire.ip.to_canonical(), helo: &wire.hello, mail_from, receiver: self.receiver.as_str(), now }
    }

    /// Asks DMARC about a letter from a stranger, and what else speaks against its author.
    async fn of_author(&self, wire: &Wire, proofs: &Proofs, dns: &dyn Dns, now: u64) -> Vec<Finding> {
        let authors = author::domains(&self.letter);
        let proofs_of = proofs.each();
        let verdict = evaluate(dns, &authors, &proofs_of).await;
        let own = self.unproved_own(&verdict, &authors, &proofs_of).await;
        let is_own = own.is_some();
        let verdict = dmarc::Verdict { author: own.unwrap_or_else(|| verdict.author.clone()), ..verdict };
        let about = Author { is_own, is_proved: is_proved(&verdict.author, &proofs_of) };
        let mut found = vec![told::dmarc(&verdict, about)];
        if authors.len() > 1 && verdict.result == DmarcResult::PermError {
            // Nobody can say whose letter it is, and programs show one of them.
            found = vec![found.remove(0).with_severity(Severity::Alarm)];
        }
        let fails = matches!(verdict.result, DmarcResult::Fail | DmarcResult::None) && !about.is_proved;
        if let Some(forwarder) = vouched(&proofs.chain, &verdict.author, &self.settings).filter(|_| fails) {
            let by_forwarder = Finding::new("dmarc", verdict.result.name()).because(SENDER_BY_FORWARDER);
            return vec![by_forwarder.about("header.from", &verdict.author).about("arc.d", forwarder)];
        }
        found.extend(self.spf_of_author(wire, &verdict, proofs, dns, now).await);
        found
    }

    /// Returns the domain of ours that the letter names as an author's and that nothing proves.
    async fn unproved_own(&self, verdict: &dmarc::Verdict, authors: &[String], proofs: &[Proof<'_>]) -> Option<String> {
        if verdict.result == DmarcResult::Pass {
            return None;
        }
        for author in authors.iter().filter_map(|author| Domain::parse(author).ok()) {
            let is_proved = is_proved(author.as_str(), proofs);
            if !is_proved && !(self.elsewhere)(&author) && is_ours(&self.store, &author).await {
                return Some(author.to_string());
            }
        }
        None
    }

    /// Asks SPF of the author's domain, where the envelope names another and a letter that fails could be refused.
    async fn spf_of_author(
        &self,
        wire: &Wire,
        verdict: &dmarc::Verdict,
        proofs: &Proofs,
        dns: &dyn Dns,
        now: u64,
    ) -> Option<Finding> {
        let is_open = match verdict.result {
            DmarcResult::Fail | DmarcResult::TempError => {
                verdict.record_at.is_none() || verdict.disposition_if_it_failed() != Policy::None
            }
            _ => false,
        };
        let was_asked = proofs.spf.as_ref().is_some_and(|spf| spf.domain.eq_ignore_ascii_case(&verdict.author));
        if !is_open || was_asked || verdict.author.is_empty() {
            return None;
        }
        let postmaster = format!("postmaster@{}", verdict.author);
        told::spf_of_author(&spf::check(dns, self.question(wire, &postmaster, now)).await)
    }

    /// The address of the peer says nothing about the sender of a letter that was handed to us, so that nothing is held
    /// against it: a signature may prove its author, or a server that is believed says what it found.
    async fn of_author_handed(&self, proofs: &Proofs, dns: &dyn Dns) -> Vec<Finding> {
        let authors = author::domains(&self.letter);
        let each = proofs.each();
        if each.iter().any(|proof| proof.outcome == Outcome::Pass) {
            let verdict = evaluate(dns, &authors, &each).await;
            let is_proved = is_proved(&verdict.author, &each);
            if verdict.result == DmarcResult::Pass || (is_proved && verdict.result == DmarcResult::None) {
                return vec![told::dmarc(&verdict, Author { is_own: false, is_proved })];
            }
        }
        let Way::Handed(source) = &self.way else { return Vec::new() };
        word::of_others(&self.letter, source.as_deref(), &authors, &self.settings).into_iter().collect()
    }
}

impl Proofs {
    /// Lists the outcome of each method. A signature that leaves out a part of the letter proves nothing (RFC 9989 §4.4.1).
    fn each(&self) -> Vec<Proof<'_>> {
        let of_spf = self.spf.iter().map(|spf| {
            let outcome = match spf.result {
                SpfResult::Pass => Outcome::Pass,
                SpfResult::TempError => Outcome::Later,
                _ => Outcome::Fail,
            };
            Proof { method: Method::Spf, domain: &spf.domain, outcome }
        });
        let of_signature = self.signatures.iter().map(|signature| {
            let outcome = match signature.result {
                SignatureResult::Pass => Outcome::Pass,
                SignatureResult::TempError => Outcome::Later,
                _ => Outcome::Fail,
            };
            Proof { method: Method::Dkim, domain: &signature.domain, outcome }
        });
        of_spf.chain(of_signature).collect()
    }
}

async fn evaluate(dns: &dyn Dns, authors: &[String], proofs: &[Proof<'_>]) -> dmarc::Verdict {
    let authors: Vec<&str> = authors.iter().map(String::as_str).collect();
    dmarc::evaluate(dns, DmarcQuestion { authors: &authors, proofs }).await
}

/// Returns true if a method stands for this very domain.
fn is_proved(author: &str, proofs: &[Proof<'_>]) -> bool {
    let is_it = |proof: &&Proof<'_>| proof.outcome == Outcome::Pass && proof.domain.eq_ignore_ascii_case(author);
    !author.is_empty() && proofs.iter().any(|proof| is_it(&proof))
}

/// Returns the named forwarder who says that the author was proved when the letter came to it. Everybody who has passed
/// the letter on behind it must be named as well: each of them could have written another letter.
fn vouched<'a>(chain: &'a Chain, author: &str, settings: &Settings) -> Option<&'a str> {
    if chain.result != ChainResult::Pass {
        return None;
    }
    let named = chain.seals.iter().rev().take_while(|seal| settings.trusts(&seal.domain));
    let proves = |seal: &&auth::arc::Seal| seal.results.as_ref().is_some_and(|results| word::proves(results, author));
    named.into_iter().find(proves).map(|seal| seal.domain.as_str())
}

#[cfg(test)]
mod tests;
