//! Verification (RFC 6376 §6): one pass over the letter, then one question for each key.

use std::future::Future;
use std::pin::Pin;

use futures_util::future::join_all;

use super::body::{Bodies, Covered, Hashed};
use super::field::{self, Claim, Signature};
use super::header::{self, Field, Header};
use super::record::KeyRecord;
use super::tags::{Tags, without_signature};
use super::verdict::{Reason, SignatureVerdict};
use crate::dns::{Answer, Dns, Later};

/// The most signatures of a letter that are checked, counted from the top. Honest letters have one to three.
pub const MOST_SIGNATURES: usize = 10;
/// The largest header that is checked, in octets.
const LARGEST_HEADER: usize = 512 * 1024;
/// The most records of one name that are looked at; there should be one (RFC 6376 §3.6.2.2).
const MOST_RECORDS: usize = 4;
/// The seconds by which the clock of a signer may be ahead of ours.
const CLOCKS_APART: u64 = 300;

/// Reads a letter as it arrives. It holds the header, and of the body nothing but hashes.
pub struct Verifier(Stage);

enum Stage {
    /// The header is arriving; no empty line stands before `line`.
    Header { octets: Vec<u8>, line: usize },
    /// The body is arriving.
    Body { found: Found, bodies: Bodies },
    /// The header is too large.
    TooLarge,
}

impl Default for Verifier {
    fn default() -> Self {
        Self::new()
    }
}

impl Verifier {
    /// Begins a letter.
    pub fn new() -> Self {
        Self(Stage::Header { octets: Vec::new(), line: 0 })
    }

    /// Takes the next octets of the letter, as many as there are. The lines of a letter end in CRLF.
    pub fn octets(&mut self, piece: &[u8]) {
        match &mut self.0 {
            Stage::Header { octets, line } => {
                let room = LARGEST_HEADER.saturating_sub(octets.len());
                octets.extend_from_slice(&piece[..piece.len().min(room)]);
                let Some((end, body)) = header::end(octets, *line) else {
                    *line = memchr::memrchr(b'\n', octets).map_or(0, |end| end + 1);
                    if piece.len() > room {
                        self.0 = Stage::TooLarge;
                    }
                    return;
                };
                let mut octets = std::mem::take(octets);
                let of_body = octets.split_off(body);
                octets.truncate(end);
                let (found, mut bodies) = Found::in_header(octets);
                bodies.octets(&of_body);
                bodies.octets(&piece[piece.len().min(room)..]);
                self.0 = Stage::Body { found, bodies };
            }
            Stage::Body { bodies, .. } => bodies.octets(piece),
            Stage::TooLarge => {}
        }
    }

    /// Ends the letter.
    pub fn finish(self) -> Unresolved {
        match self.0 {
            Stage::Header { octets, .. } => {
                let (found, bodies) = Found::in_header(octets);
                Unresolved { found, hashed: bodies.finish() }
            }
            Stage::Body { found, bodies } => Unresolved { found, hashed: bodies.finish() },
            Stage::TooLarge => Unresolved { found: Found::too_large(), hashed: Bodies::new([]).finish() },
        }
    }
}

/// The signatures of a header.
struct Found {
    header: Header,
    signatures: Vec<Candidate>,
    /// A reason that concerns no single signature.
    beyond: Option<Reason>,
}

/// A signature of the letter.
struct Candidate {
    /// The number of its field.
    number: usize,
    claim: Claim,
    read: Result<Signature, Reason>,
}

impl Found {
    fn in_header(octets: Vec<u8>) -> (Self, Bodies) {
        let header = Header::new(octets);
        let numbers = header.named(b"dkim-signature");
        let beyond = (numbers.len() > MOST_SIGNATURES).then_some(Reason::TooMany);
        let signatures: Vec<_> =
            numbers.iter().take(MOST_SIGNATURES).map(|number| Candidate::read(&header, *number)).collect();
        let asked: Vec<Covered> = signatures.iter().filter_map(|one| Some(one.read.as_ref().ok()?.covered)).collect();
        (Self { header, signatures, beyond }, Bodies::new(asked))
    }

    fn too_large() -> Self {
        Self { header: Header::default(), signatures: Vec::new(), beyond: Some(Reason::HeaderTooLarge) }
    }
}

impl Candidate {
    fn read(header: &Header, number: usize) -> Self {
        let Some(tags) = Tags::parse(header.field(number).value) else {
            return Self { number, claim: Claim::default(), read: Err(Reason::Malformed) };
        };
        let claim = Claim::read(&tags);
        let read = field::signature(&tags, &claim);
        Self { number, claim, read }
    }
}

/// A letter that was read, and whose keys are not yet known.
pub struct Unresolved {
    found: Found,
    hashed: Hashed,
}

/// What is known of a key.
type Key = Result<Answer<Vec<Vec<u8>>>, Later>;

impl Unresolved {
    /// Asks for the keys, all at the same time, and concludes. `now` counts seconds since 1970. The verdicts stand in the
    /// order of the signatures from the top; there is none if the letter is not signed. At most [`MOST_SIGNATURES`]
    /// signatures are checked, each for some 0.1 ms at most; if there are more, a last verdict says so.
    pub fn conclude<'a>(
        self,
        dns: &'a dyn Dns,
        now: u64,
    ) -> Pin<Box<dyn Future<Output = Vec<SignatureVerdict>> + Send + 'a>> {
        Box::pin(async move {
            let before: Vec<_> = self.found.signatures.iter().map(|one| self.before_key(one, now)).collect();
            let names: Vec<Option<String>> = (self.found.signatures.iter().zip(&before))
                .map(|(one, before)| before.is_ok().then(|| one.claim.record_name()))
                .collect();
            let keys = join_all(names.iter().map(|name| ask(dns, name.as_deref()))).await;
            let each = self.found.signatures.iter().zip(before).zip(keys);
            let verdicts = each.map(|((one, before), key)| match before {
                Ok(read) => self.with_key(one, read, key),
                Err(reason) => one.verdict(reason),
            });
            verdicts.chain(self.found.beyond.map(|reason| SignatureVerdict::new(&Claim::default(), reason))).collect()
        })
    }

    /// Checks all that needs no key.
    fn before_key<'c>(&self, one: &'c Candidate, now: u64) -> Result<&'c Signature, Reason> {
        let read = one.read.as_ref().map_err(|reason| *reason)?;
        if read.made.is_some_and(|made| made > now.saturating_add(CLOCKS_APART)) {
            return Err(Reason::FromTheFuture);
        }
        if read.expires.is_some_and(|expires| expires < now) {
            return Err(Reason::Expired);
        }
        if self.unsigned_octets(read).is_none() {
            return Err(Reason::BodyChanged);
        }
        Ok(read)
    }

    /// Returns the number of octets behind the signed ones; `None` if the body is not the one that was signed.
    fn unsigned_octets(&self, read: &Signature) -> Option<u64> {
        let hash = self.hashed.find(read.covered)?;
        let signed = read.covered.up_to.unwrap_or(hash.length);
        (hash.sha256.as_ref() == read.body_hash).then(|| hash.length.checked_sub(signed))?
    }

    fn with_key(&self, one: &Candidate, read: &Signature, answer: Key) -> SignatureVerdict {
        let key = match key(answer) {
            Ok(key) => key,
            Err(reason) => return one.verdict(reason),
        };
        let unsigned_octets = self.unsigned_octets(read).unwrap_or_default();
        let reason = self.check(one, read, &key).err().unwrap_or_else(|| self.trust(unsigned_octets));
        let (key_bits, testing) = (Some(key.bits()), key.testing);
        SignatureVerdict { key_bits, unsigned_octets, testing, ..one.verdict(reason) }
    }

    fn check(&self, one: &Candidate, read: &Signature, key: &KeyRecord) -> Result<(), Reason> {
        key.fits(read.algorithm)?;
        if key.strict && !one.claim.is_of_domain_itself() {
            return Err(Reason::ForeignIdentity);
        }
        let signed = canonical_header(&self.found.header, one.number, read);
        key.signed(&signed, &read.signature).then_some(()).ok_or(Reason::HeaderChanged)
    }

    /// Says what a signature that fits is worth.
    fn trust(&self, unsigned_octets: u64) -> Reason {
        if self.found.header.named(b"from").len() != 1 {
            return Reason::SeveralFrom;
        }
        if unsigned_octets > 0 { Reason::PartOfBody } else { Reason::Valid }
    }
}

impl Candidate {
    fn verdict(&self, reason: Reason) -> SignatureVerdict {
        SignatureVerdict::new(&self.claim, reason)
    }
}

/// Writes what was signed: the chosen fields, then the signature itself without its `b=` (RFC 6376 §3.7).
fn canonical_header(header: &Header, number: usize, read: &Signature) -> Vec<u8> {
    let mut octets = Vec::new();
    for Field { name, value } in header.chosen(&read.names, Some(number)) {
        read.header_form.write_field(name, value, &mut octets);
        octets.extend_from_slice(b"\r\n");
    }
    let Field { name, value } = header.field(number);
    read.header_form.write_field(name, &without_signature(value), &mut octets);
    octets
}

async fn ask(dns: &dyn Dns, name: Option<&str>) -> Key {
    match name {
        Some(name) => dns.txt(name).await,
        None => Ok(Answer::NoRecord),
    }
}

/// Reads the key of an answer: the first record that can be read, or the fault of the first.
fn key(answer: Key) -> Result<KeyRecord, Reason> {
    let records = answer.map_err(|Later| Reason::NoAnswer)?.records().unwrap_or_default();
    let mut read = records.iter().take(MOST_RECORDS).map(|text| KeyRecord::parse(text));
    let first = read.next().ok_or(Reason::NoKey)?;
    first.or_else(|fault| read.find_map(Result::ok).ok_or(fault)).map_err(|fault| fault.reason())
}
