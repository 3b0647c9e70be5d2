//! Verification (RFC 6376 §6): one pass over the letter, then one question for each key.

use std::future::Future;
use std::pin::Pin;

use futures_util::future::join_all;

use super::body::{Bodies, Hashed};
use super::field::{self, Claim, Signature};
use super::header::{self, Header};
use super::record::{KeyAnswer, KeyRecord, key};
use super::tags::Tags;
use super::verdict::{Reason, SignatureVerdict};
use crate::arc::{Chain, Collected};
use crate::dns::{Answer, Dns};

/// The most signatures of a letter that are checked, counted from the top. Honest letters have one to three.
pub const MOST_SIGNATURES: usize = 10;
/// The largest header that is checked, in octets.
const LARGEST_HEADER: usize = 512 * 1024;

/// Reads a letter as it arrives. It holds the header, and of the body nothing but hashes.
pub struct Verifier(Stage);

enum Stage {
    /// The header is arriving; no empty line stands before `line`.
    Header { octets: Vec<u8>, line: usize },
    /// The body is arriving.
    Body(Box<(Found, Bodies)>),
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
                self.0 = Stage::Body(Box::new((found, bodies)));
            }
            Stage::Body(reading) => reading.1.octets(piece),
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
            Stage::Body(reading) => Unresolved { found: reading.0, hashed: reading.1.finish() },
            Stage::TooLarge => Unresolved { found: Found::too_large(), hashed: Bodies::new([]).finish() },
        }
    }
}

/// The signatures of a header, and the chain in it.
struct Found {
    header: Header,
    signatures: Vec<Candidate>,
    chain: Collected,
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
        let chain = Collected::in_header(&header);
        let covered = signatures.iter().filter_map(|one| Some(one.read.as_ref().ok()?.covered));
        let bodies = Bodies::new(covered.chain(chain.covered()));
        (Self { header, signatures, chain, beyond }, bodies)
    }

    fn too_large() -> Self {
        let (header, signatures) = (Header::default(), Vec::new());
        Self { chain: Collected::too_large(), header, signatures, beyond: Some(Reason::HeaderTooLarge) }
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

    /// Checks all that needs no key.
    fn before_key(&self, body: &Hashed, now: u64) -> Result<&Signature, Reason> {
        let read = self.read.as_ref().map_err(|reason| *reason)?;
        read.is_of_time(now)?;
        read.unsigned_octets(body).map(|_| read).ok_or(Reason::BodyChanged)
    }

    fn verdict(&self, reason: Reason) -> SignatureVerdict {
        SignatureVerdict::new(&self.claim, reason)
    }
}

/// A letter that was read, and whose keys are not yet known.
pub struct Unresolved {
    found: Found,
    hashed: Hashed,
}

/// The verdicts on a letter, when the keys are known.
type Concluding<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Unresolved {
    /// Asks for the keys, all at the same time, and concludes. `now` counts seconds since 1970. The verdicts stand in the
    /// order of the signatures from the top; there is none if the letter is not signed. At most [`MOST_SIGNATURES`]
    /// signatures are checked, each for some 0.1 ms at most; if there are more, a last verdict says so.
    pub fn conclude<'a>(self, dns: &'a dyn Dns, now: u64) -> Concluding<'a, Vec<SignatureVerdict>> {
        Box::pin(async move { self.signatures(dns, now).await })
    }

    /// The same, and the verdict on the chain of those who forwarded the letter (RFC 8617).
    pub fn conclude_with_chain<'a>(self, dns: &'a dyn Dns, now: u64) -> Concluding<'a, (Vec<SignatureVerdict>, Chain)> {
        Box::pin(async move {
            let chain = self.found.chain.conclude(&self.found.header, &self.hashed, dns, now);
            futures_util::future::join(self.signatures(dns, now), chain).await
        })
    }

    async fn signatures(&self, dns: &dyn Dns, now: u64) -> Vec<SignatureVerdict> {
        let signatures = &self.found.signatures;
        let before: Vec<_> = signatures.iter().map(|one| one.before_key(&self.hashed, now)).collect();
        let named = signatures.iter().zip(&before);
        let names: Vec<_> = named.map(|(one, before)| before.is_ok().then(|| one.claim.record_name())).collect();
        let keys = join_all(names.iter().map(|name| ask(dns, name.as_deref()))).await;
        let each = signatures.iter().zip(before).zip(keys);
        let verdicts = each.map(|((one, before), key)| match before {
            Ok(read) => self.with_key(one, read, key),
            Err(reason) => one.verdict(reason),
        });
        verdicts.chain(self.found.beyond.map(|reason| SignatureVerdict::new(&Claim::default(), reason))).collect()
    }

    fn with_key(&self, one: &Candidate, read: &Signature, answer: KeyAnswer) -> SignatureVerdict {
        let key = match key(answer) {
            Ok(key) => key,
            Err(reason) => return one.verdict(reason),
        };
        let unsigned_octets = read.unsigned_octets(&self.hashed).unwrap_or_default();
        let reason = self.check(one, read, &key).err().unwrap_or_else(|| self.trust(unsigned_octets));
        let (key_bits, testing) = (Some(key.bits()), key.testing);
        SignatureVerdict { key_bits, unsigned_octets, testing, ..one.verdict(reason) }
    }

    fn check(&self, one: &Candidate, read: &Signature, key: &KeyRecord) -> Result<(), Reason> {
        key.fits(read.algorithm)?;
        if key.strict && !one.claim.is_of_domain_itself() {
            return Err(Reason::ForeignIdentity);
        }
        let signed = read.signed_octets(&self.found.header, one.number);
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

async fn ask(dns: &dyn Dns, name: Option<&str>) -> KeyAnswer {
    match name {
        Some(name) => dns.txt(name).await,
        None => Ok(Answer::NoRecord),
    }
}
