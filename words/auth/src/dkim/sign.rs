//! Signing (RFC 6376 §5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::body::{Bodies, Covered};
use super::canonical::Form;
use super::header::{Header, split};
use super::key::SigningKey;

/// Signs letters for a domain.
#[derive(Debug)]
pub struct Signer {
    /// The domain that answers for the letters, in A-labels: the tag `d=`.
    pub domain: String,
    /// The name of the key below `_domainkey.<domain>`: the tag `s=`.
    pub selector: String,
    /// The private key.
    pub key: SigningKey,
}

/// The reason why a letter was not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignFault {
    /// The letter has no From or more than one; nobody would trust the signature (RFC 6376 §5.4, §8.15).
    #[error("a letter is signed only if it has exactly one From")]
    NotOneFrom,
    /// The operating system gave no random octets.
    #[error("the operating system gave no random octets")]
    NoRandomness,
}

/// Fields that are signed whether or not they are there, and once more than they are there: nobody can add one.
const ALWAYS: &[&str] = &[
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// Fields that are signed where they are there, and once more. A mailing list may add them to a letter without them (RFC
/// 6376 §5.4.1).
const WHERE_PRESENT: &[&str] = &[
    "Sender",
    "Content-ID",
    "Content-Description",
    "Content-Disposition",
    "List-Id",
    "List-Help",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Subscribe",
    "List-Post",
    "List-Owner",
    "List-Archive",
    "Auto-Submitted",
    "Autocrypt",
];

/// The longest line of the field that we write.
const LONGEST_LINE: usize = 76;

impl Signer {
    /// Signs a letter whose lines end in CRLF. Returns the field DKIM-Signature with its line end, to be put before the
    /// letter. `now` counts seconds since 1970. Header and body are signed in the relaxed form, and the whole body.
    ///
    /// It reads the letter once; RSA of 2048 bits takes about a millisecond more.
    pub fn sign(&self, letter: &[u8], now: u64) -> Result<String, SignFault> {
        let (header, body) = split(letter);
        let header = Header::new(header.to_vec());
        if header.named(b"from").len() != 1 {
            return Err(SignFault::NotOneFrom);
        }
        let names = signed_names(&header);
        let unsigned = self.unsigned(&names, &body_hash(body), now);
        let mut octets = canonical_header(&header, &names);
        Form::Relaxed.write_field(b"DKIM-Signature", unsigned.as_bytes(), &mut octets);
        let signature = self.key.sign(&octets).ok_or(SignFault::NoRandomness)?;
        Ok(format!("DKIM-Signature:{unsigned}{}\r\n", folded(&STANDARD.encode(signature), "b=".len())))
    }

    /// Returns the value of the field, with nothing behind its last tag `b=`.
    fn unsigned(&self, names: &[&str], body_hash: &str, now: u64) -> String {
        let (algorithm, domain, selector) = (self.key.algorithm().name(), &self.domain, &self.selector);
        format!(
            " v=1; a={algorithm}; c=relaxed/relaxed; t={now};\r\n\td={domain};\r\n\ts={selector};\r\n\t\
             h={};\r\n\tbh={body_hash};\r\n\tb=",
            names_folded(names)
        )
    }
}

fn body_hash(body: &[u8]) -> String {
    let covered = Covered { form: Form::Relaxed, up_to: None };
    let mut bodies = Bodies::new([covered]);
    bodies.octets(body);
    let hash = bodies.finish().find(covered);
    hash.map(|hash| STANDARD.encode(hash.sha256)).unwrap_or_default()
}

fn signed_names(header: &Header) -> Vec<&'static str> {
    let count = |name: &str| header.named(name.to_ascii_lowercase().as_bytes()).len();
    let always = ALWAYS.iter().map(|name| (*name, count(name) + 1));
    let present = WHERE_PRESENT.iter().filter(|name| count(name) > 0).map(|name| (*name, count(name) + 1));
    always.chain(present).flat_map(|(name, times)| std::iter::repeat_n(name, times)).collect()
}

fn canonical_header(header: &Header, names: &[&str]) -> Vec<u8> {
    let names: Vec<_> = names.iter().map(|name| name.to_ascii_lowercase().into_bytes()).collect();
    let mut octets = Vec::new();
    for field in header.chosen(&names, None) {
        Form::Relaxed.write_field(field.name, field.value, &mut octets);
        octets.extend_from_slice(b"\r\n");
    }
    octets
}

/// Joins names with colons, on as many lines as they need.
fn names_folded(names: &[&str]) -> String {
    let (mut list, mut line) = (String::new(), "h=".len());
    for name in names {
        if !list.is_empty() {
            list.push(':');
        }
        if line + name.len() + 1 > LONGEST_LINE {
            list.push_str("\r\n\t ");
            line = 1;
        }
        list.push_str(name);
        line += name.len() + 1;
    }
    list
}

/// Breaks base64 into lines; the first goes on behind `before` octets.
fn folded(base64: &str, before: usize) -> String {
    let (mut lines, mut rest) = (String::new(), base64);
    let mut room = LONGEST_LINE - before;
    while rest.len() > room {
        let (line, after) = rest.split_at(room);
        lines.push_str(line);
        lines.push_str("\r\n\t ");
        (rest, room) = (after, LONGEST_LINE - 2);
    }
    lines + rest
}
