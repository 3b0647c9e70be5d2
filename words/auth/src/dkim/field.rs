//! The field of a signature (RFC 6376 §3.5), and of one in a chain (RFC 8617 §4.1.2).

use super::body::{Covered, Hashed};
use super::canonical::Form;
use super::header::{Field, Header};
use super::tags::{Tags, between_colons, without_signature};
use super::{Algorithm, Reason};

/// The longest name that the domain name system knows, in octets.
const LONGEST_NAME: usize = 253;
/// The longest identity that a verdict tells, in octets.
const LONGEST_IDENTITY: usize = 320;
/// The characters of a signature that a verdict tells (RFC 6008 §3: 8, or more where they are the same).
const BEGINNING: usize = 8;

/// The claims of a signature, as far as it can be read. It is told whatever the verdict is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// `d=`, in lower case and A-labels.
    pub domain: String,
    /// `s=`, in the same way.
    pub selector: String,
    /// `i=`
    pub identity: String,
    pub algorithm: Option<Algorithm>,
    /// The first characters of `b=`.
    pub beginning: String,
}

impl Claim {
    /// Reads what can be read of a field.
    pub fn read(tags: &Tags<'_>) -> Self {
        let domain = tags.find("d").and_then(name).unwrap_or_default();
        let selector = tags.find("s").and_then(name).unwrap_or_default();
        let identity = tags.find("i").map(text).unwrap_or_else(|| format!("@{domain}"));
        let algorithm = tags.find("a").and_then(Algorithm::named);
        let written = tags.find("b").unwrap_or_default().iter();
        let beginning =
            written.filter(|octet| octet.is_ascii_graphic()).take(BEGINNING).map(|octet| char::from(*octet));
        Self { domain, selector, identity, algorithm, beginning: beginning.collect() }
    }

    /// Returns the name of the record of the key.
    pub fn record_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// Returns true if there can be a record of the key.
    pub fn is_complete(&self) -> bool {
        !self.domain.is_empty() && !self.selector.is_empty() && self.record_name().len() <= LONGEST_NAME
    }

    /// Returns true if the identity lies in the domain itself, and not in one below it.
    pub fn is_of_domain_itself(&self) -> bool {
        self.identity_domain().is_some_and(|of| of == self.domain)
    }

    fn is_of_domain_or_below(&self) -> bool {
        let of = self.identity_domain();
        let above = of.as_deref().and_then(|of| of.strip_suffix(self.domain.as_str()));
        above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
    }

    fn identity_domain(&self) -> Option<String> {
        let (_, domain) = self.identity.rsplit_once('@')?;
        name(domain.as_bytes())
    }
}

/// A signature that can be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub algorithm: Algorithm,
    pub signature: Vec<u8>,
    pub body_hash: Vec<u8>,
    pub header_form: Form,
    pub covered: Covered,
    /// The names of the fields that are signed, in lower case, in the order of `h=`.
    pub names: Vec<Vec<u8>>,
    pub made: Option<u64>,
    pub expires: Option<u64>,
}

/// The seconds by which the clock of a signer may be ahead of ours.
const CLOCKS_APART: u64 = 300;

impl Signature {
    /// Checks that the signature is valid at this time, in seconds since 1970.
    pub fn is_of_time(&self, now: u64) -> Result<(), Reason> {
        if self.made.is_some_and(|made| made > now.saturating_add(CLOCKS_APART)) {
            return Err(Reason::FromTheFuture);
        }
        if self.expires.is_some_and(|expires| expires < now) { Err(Reason::Expired) } else { Ok(()) }
    }

    /// Returns the number of octets of the body behind the signed ones; `None` if the body is not the one that was signed.
    pub fn unsigned_octets(&self, body: &Hashed) -> Option<u64> {
        let hash = body.find(self.covered)?;
        let signed = self.covered.up_to.unwrap_or(hash.length);
        (hash.sha256.as_ref() == self.body_hash).then(|| hash.length.checked_sub(signed))?
    }

    /// Writes what was signed of the header: the chosen fields, then the field `number`, which holds this signature,
    /// without its `b=` (RFC 6376 §3.7).
    pub fn signed_octets(&self, header: &Header, number: usize) -> Vec<u8> {
        let mut octets = Vec::new();
        for Field { name, value } in header.chosen(&self.names, Some(number)) {
            self.header_form.write_field(name, value, &mut octets);
            octets.extend_from_slice(b"\r\n");
        }
        let Field { name, value } = header.field(number);
        self.header_form.write_field(name, &without_signature(value), &mut octets);
        octets
    }
}

/// Reads the field of a signature of a letter (RFC 6376 §6.1.1).
pub fn signature(tags: &Tags<'_>, claim: &Claim) -> Result<Signature, Reason> {
    match tags.find("v") {
        Some(b"1") => {}
        Some(_) => return Err(Reason::Unknown),
        None => return Err(Reason::Malformed),
    }
    if !claim.is_of_domain_or_below() && !claim.domain.is_empty() {
        return Err(Reason::ForeignIdentity);
    }
    let signature = part_of_chain(tags, claim)?;
    if !signature.names.iter().any(|name| name == b"from") {
        return Err(Reason::FromNotSigned);
    }
    Ok(signature)
}

/// Reads the tags that a signature of a letter and one in a chain have in common.
pub fn part_of_chain(tags: &Tags<'_>, claim: &Claim) -> Result<Signature, Reason> {
    let algorithm = known_algorithm(tags)?;
    if !claim.is_complete() {
        return Err(Reason::Malformed);
    }
    let (header_form, body_form) = forms(tags.find("c"))?;
    let number = |name| tags.number(name).map_err(|_| Reason::Malformed);
    let (made, expires, up_to) = (number("t")?, number("x")?, number("l")?);
    if made.zip(expires).is_some_and(|(made, expires)| expires <= made) {
        return Err(Reason::Malformed);
    }
    if tags.find("q").is_some_and(|ways| !between_colons(ways).any(|way| way.eq_ignore_ascii_case(b"dns/txt"))) {
        return Err(Reason::Unknown);
    }
    let octets = |name| tags.base64(name).filter(|octets| !octets.is_empty()).ok_or(Reason::Malformed);
    Ok(Signature {
        algorithm,
        signature: octets("b")?,
        body_hash: octets("bh")?,
        header_form,
        covered: Covered { form: body_form, up_to },
        names: names(tags.find("h"))?,
        made,
        expires,
    })
}

/// Reads the algorithm; SHA-1 is none that proves anything.
pub fn known_algorithm(tags: &Tags<'_>) -> Result<Algorithm, Reason> {
    let algorithm = tags.find("a").ok_or(Reason::Malformed)?;
    match Algorithm::named(algorithm) {
        Some(Algorithm::RsaSha1) => Err(Reason::Sha1),
        Some(algorithm) => Ok(algorithm),
        None => Err(Reason::Unknown),
    }
}

/// Reads `c=`: the form of the header, and that of the body, which is simple if none is told.
fn forms(written: Option<&[u8]>) -> Result<(Form, Form), Reason> {
    let Some(written) = written else { return Ok((Form::Simple, Form::Simple)) };
    let (header, body) = match memchr::memchr(b'/', written) {
        Some(slash) => (&written[..slash], &written[slash + 1..]),
        None => (written, &b"simple"[..]),
    };
    Form::named(header).zip(Form::named(body)).ok_or(Reason::Unknown)
}

fn names(written: Option<&[u8]>) -> Result<Vec<Vec<u8>>, Reason> {
    let names: Vec<_> = between_colons(written.ok_or(Reason::Malformed)?).map(<[u8]>::to_ascii_lowercase).collect();
    let all_read = names.iter().all(|name| !name.is_empty() && name.iter().all(u8::is_ascii_graphic));
    all_read.then_some(names).ok_or(Reason::Malformed)
}

/// Reads a name of the domain name system, in A-labels or U-labels (RFC 8616 §4), into A-labels in lower case. `None` if it
/// can be no such name.
pub fn name(written: &[u8]) -> Option<String> {
    let written = std::str::from_utf8(written).ok().filter(|written| written.len() <= 4 * LONGEST_NAME)?;
    let ascii = if written.is_ascii() { written.to_ascii_lowercase() } else { idna::domain_to_ascii(written).ok()? };
    let is_label = |label: &str| {
        let fits = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
        (1..=63).contains(&label.len()) && label.bytes().all(fits)
    };
    (ascii.len() <= LONGEST_NAME && ascii.split('.').all(is_label)).then_some(ascii)
}

fn text(value: &[u8]) -> String {
    let end = value.len().min(LONGEST_IDENTITY);
    String::from_utf8_lossy(&value[..end]).chars().filter(|c| !c.is_control()).collect()
}
