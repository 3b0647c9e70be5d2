//! The sets of a chain, collected and verified (RFC 8617 §5.2).

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use super::set::{Before, ReadSeal, Set, fault};
use super::{Chain, ChainReason, Seal};
use crate::dkim::Reason;
use crate::dkim::body::{Covered, Hashed};
use crate::dkim::canonical::Form;
use crate::dkim::field::{Claim, Signature};
use crate::dkim::header::Header;
use crate::dkim::record::{KeyAnswer, key};
use crate::dkim::tags::{Tags, without_signature};
use crate::dns::Dns;
use crate::results;

/// The most sets of a chain (RFC 8617 §4.2.1).
const MOST_SETS: usize = 50;
/// The most octets of all fields of a chain. Each seal covers all sets before it, so the work grows with the square of
/// the sets.
const MOST_OCTETS: usize = 128 * 1024;

/// The sets of a letter, from the first to the last, or the fault that was found in them.
pub struct Collected {
    sets: Vec<Set>,
    /// The statement of the last set about the letter.
    last: Option<(Claim, Signature)>,
    fault: Option<Fault>,
}

/// A fault, and the instance that it concerns.
type Fault = (ChainReason, Option<u32>);

/// The parts that are needed to verify a chain without a fault in its form.
struct Read<'a> {
    claim: &'a Claim,
    message: &'a Signature,
    last: Set,
    seals: Vec<(Set, ReadSeal)>,
}

impl Collected {
    /// Finds the chain of a header.
    pub fn in_header(header: &Header) -> Self {
        match sets(header) {
            Err(fault) => Self { sets: Vec::new(), last: None, fault: Some(fault) },
            Ok(sets) => match sets.last().map(|set| (set, set.read_message(header))) {
                None => Self { sets, last: None, fault: None },
                Some((_, Ok(last))) => Self { last: Some(last), sets, fault: None },
                Some((set, Err(reason))) => Self { fault: Some((reason, Some(set.instance))), sets, last: None },
            },
        }
    }

    /// The chain of a letter whose header is too large.
    pub fn too_large() -> Self {
        Self { sets: Vec::new(), last: None, fault: Some((ChainReason::TooLong, None)) }
    }

    /// Returns what the last set covers of the body.
    pub fn covered(&self) -> Option<Covered> {
        self.last.as_ref().map(|(_, read)| read.covered)
    }

    /// Verifies the chain. It asks for all keys at the same time.
    pub async fn conclude(&self, header: &Header, body: &Hashed, dns: &dyn Dns, now: u64) -> Chain {
        let stated: Vec<Seal> = self.sets.iter().map(|set| set.stated(header)).collect();
        let read = match self.read(header, body, now) {
            Ok(Some(read)) => read,
            Ok(None) => return Chain::new(ChainReason::NoChain, None, stated),
            Err((reason, at)) => return Chain::new(reason, at, stated),
        };
        let keys = read.keys(dns).await;
        match read.verify(header, &keys) {
            Ok(()) => Chain::new(ChainReason::Valid, None, stated),
            Err((reason, at)) => Chain::new(reason, at, stated),
        }
    }

    /// Checks all that needs no key; `None` if there is no chain.
    fn read(&self, header: &Header, body: &Hashed, now: u64) -> Result<Option<Read<'_>>, Fault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let Some((last, (claim, message))) = self.sets.last().zip(self.last.as_ref()) else { return Ok(None) };
        let seals = read_seals(header, &self.sets)?;
        let broken = |reason| (fault(reason), Some(last.instance));
        message.is_of_time(now).map_err(broken)?;
        match message.unsigned_octets(body) {
            Some(0) => Ok(Some(Read { claim, message, last: *last, seals })),
            _ => Err(broken(Reason::BodyChanged)),
        }
    }
}

/// Collects the sets of a header: each instance from 1 to the last has each of the three fields once.
fn sets(header: &Header) -> Result<Vec<Set>, Fault> {
    let kinds = [&b"arc-authentication-results"[..], b"arc-message-signature", b"arc-seal"];
    let numbers = kinds.map(|kind| header.named(kind));
    if numbers.iter().any(|numbers| numbers.len() > MOST_SETS) {
        return Err((ChainReason::TooLong, None));
    }
    let octets: usize = numbers.iter().copied().flatten().map(|number| header.field(*number).value.len()).sum();
    if octets > MOST_OCTETS {
        return Err((ChainReason::TooLong, None));
    }
    let results = by_instance(numbers[0], |number| stated_instance(header, number))?;
    let messages = by_instance(numbers[1], |number| tagged_instance(header, number))?;
    let seals = by_instance(numbers[2], |number| tagged_instance(header, number))?;
    let last = [&results, &messages, &seals].iter().filter_map(|kind| kind.keys().next_back()).max().copied();
    let missing = |instance| (ChainReason::Incomplete, Some(instance));
    (1..=last.unwrap_or_default())
        .map(|instance| {
            let of = |kind: &BTreeMap<u32, usize>| kind.get(&instance).copied().ok_or(missing(instance));
            Ok(Set { instance, results: of(&results)?, message: of(&messages)?, seal: of(&seals)? })
        })
        .collect()
}

/// Sorts fields of one kind by their instance.
fn by_instance(numbers: &[usize], instance: impl Fn(usize) -> Option<u32>) -> Result<BTreeMap<u32, usize>, Fault> {
    let mut sorted = BTreeMap::new();
    for number in numbers {
        let instance = instance(*number).ok_or((ChainReason::Malformed, None))?;
        if sorted.insert(instance, *number).is_some() {
            return Err((ChainReason::Incomplete, Some(instance)));
        }
    }
    Ok(sorted)
}

fn tagged_instance(header: &Header, number: usize) -> Option<u32> {
    let instance = Tags::parse(header.field(number).value)?.number("i").ok()??;
    results::instance(instance)
}

fn stated_instance(header: &Header, number: usize) -> Option<u32> {
    results::stated_instance(header.field(number).value)
}

/// Reads every seal. The first says that there was no chain before it, and each other one that the chain fits; the last
/// may say that it was broken, which settles the matter (RFC 8617 §5.2).
fn read_seals(header: &Header, sets: &[Set]) -> Result<Vec<(Set, ReadSeal)>, Fault> {
    let mut seals = Vec::with_capacity(sets.len());
    for set in sets.iter().rev() {
        let seal = set.read_seal(header).map_err(|reason| (reason, Some(set.instance)))?;
        let expected = if set.instance == 1 { Before::Nothing } else { Before::Fits };
        if seal.before == Before::Broken && seals.is_empty() {
            return Err((ChainReason::SaidBroken, Some(set.instance)));
        }
        if seal.before != expected {
            return Err((ChainReason::Malformed, Some(set.instance)));
        }
        seals.push((*set, seal));
    }
    seals.reverse();
    Ok(seals)
}

/// The answers about keys, by the names of their records.
type Keys = BTreeMap<String, KeyAnswer>;

impl Read<'_> {
    async fn keys(&self, dns: &dyn Dns) -> Keys {
        let of_seals = self.seals.iter().map(|(_, seal)| seal.claim.record_name());
        let names: BTreeSet<String> = of_seals.chain([self.claim.record_name()]).collect();
        let answers = join_all(names.iter().map(|name| dns.txt(name))).await;
        names.into_iter().zip(answers).collect()
    }

    fn verify(&self, header: &Header, keys: &Keys) -> Result<(), Fault> {
        let broken = |reason| (fault(reason), Some(self.last.instance));
        let key = found(keys, self.claim).map_err(broken)?;
        key.fits(self.message.algorithm).map_err(broken)?;
        if !key.signed(&self.message.signed_octets(header, self.last.message), &self.message.signature) {
            return Err(broken(Reason::HeaderChanged));
        }
        self.verify_seals(header, keys)
    }

    /// Verifies that each seal covers all sets up to its own (RFC 8617 §5.1.1).
    fn verify_seals(&self, header: &Header, keys: &Keys) -> Result<(), Fault> {
        let mut octets = Vec::new();
        for (set, seal) in &self.seals {
            write(header, set.results, &mut octets);
            write(header, set.message, &mut octets);
            let before = octets.len();
            let field = header.field(set.seal);
            Form::Relaxed.write_field(field.name, &without_signature(field.value), &mut octets);
            let broken = |reason| (fault(reason), Some(set.instance));
            let key = found(keys, &seal.claim).map_err(broken)?;
            key.fits(seal.algorithm).map_err(broken)?;
            if !key.signed(&octets, &seal.signature) {
                return Err((ChainReason::SealBroken, Some(set.instance)));
            }
            octets.truncate(before);
            write(header, set.seal, &mut octets);
        }
        Ok(())
    }
}

fn write(header: &Header, number: usize, octets: &mut Vec<u8>) {
    let field = header.field(number);
    Form::Relaxed.write_field(field.name, field.value, octets);
    octets.extend_from_slice(b"\r\n");
}

fn found(keys: &Keys, claim: &Claim) -> Result<crate::dkim::KeyRecord, Reason> {
    keys.get(&claim.record_name()).cloned().map_or(Err(Reason::NoKey), key)
}
