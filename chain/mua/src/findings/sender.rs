//! Finds the sender that the letter claims, and the address that answers go to.

use mail::header::Mention;
use mailbox::parse::{Piece, Summary, decode};

use super::{DomainRole, Finding, Known, domain, told};

/// The most addresses of one field that are read.
const MOST: usize = 20;

/// A person that a letter names.
pub struct Person {
    pub name: String,
    pub local: String,
    /// The domain in ASCII, in small letters.
    pub domain: String,
}

impl Person {
    fn address(&self) -> String {
        told(&format!("{}@{}", self.local, domain::legible(&self.domain)))
    }
}

/// Returns the first of the senders.
pub fn address(summary: &Summary) -> Option<Person> {
    people(summary, Piece::From).into_iter().next()
}

/// Returns the findings about the sender and the address for answers.
pub fn findings(summary: &Summary, is_bulk: bool, known: &Known) -> Vec<Finding> {
    let Some(from) = address(summary) else { return Vec::new() };
    let mut found = Vec::new();
    found.extend(claim(&from, is_bulk));
    found.extend(look_alike(&from.domain, DomainRole::From, known));
    for person in people(summary, Piece::ReplyTo) {
        if domain::are_one(&person.domain, &from.domain) {
            continue;
        }
        found.extend(look_alike(&person.domain, DomainRole::ReplyTo, known));
        // A mailing list directs answers to itself, and a bulk sender to whoever reads them.
        if !is_bulk && !known.holds(&person.domain) {
            let domain = domain::legible(domain::registered(&from.domain));
            found.push(Finding::ReplyTo { address: person.address(), domain });
            break;
        }
    }
    found
}

pub fn people(summary: &Summary, piece: Piece) -> Vec<Person> {
    let mentions = summary.mentions(piece).into_iter().take(MOST);
    let read = |mention| match mention {
        Mention::Mailbox { name, local, domain, .. } => Some(Person {
            name: name.map(|name| decode::words(&name)).unwrap_or_default(),
            local: String::from_utf8_lossy(&local).into_owned(),
            domain: domain::ascii(&String::from_utf8_lossy(&domain))?,
        }),
        _ => None,
    };
    mentions.filter_map(read).collect()
}

/// Returns the address in a name, if it belongs to another domain: most programs show the name alone.
fn claim(from: &Person, is_bulk: bool) -> Option<Finding> {
    // Mailing lists replace the sender's address by their own, and name the sender: `bob@a.test via Gardeners`.
    if is_bulk && from.name.contains(" via ") {
        return None;
    }
    let trimmed = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let claimed = from.name.split(|c: char| c.is_whitespace() || "<>()[]\",;:".contains(c)).find_map(|word| {
        let word = trimmed(word);
        let (local, host) = word.rsplit_once('@')?;
        let host = domain::ascii(host).filter(|host| !local.is_empty() && domain::is_public(host))?;
        (!domain::are_one(&host, &from.domain)).then_some(word.clone())
    })?;
    Some(Finding::Name { claims: told(&claimed), address: from.address() })
}

/// Returns the finding about the look of a domain.
pub fn look_alike(host: &str, place: DomainRole, known: &Known) -> Option<Finding> {
    let ascii = domain::ascii(host)?;
    if known.holds(&ascii) {
        return None;
    }
    let registered = domain::registered(&ascii).to_owned();
    let like = known.domains().find(|known| {
        domain::begins_with(&ascii, known)
            // Links lead to all kinds of hosts, and some of them differ by one letter from a host that the reader
            // knows.
            || domain::is_like(&registered, known) && (place != DomainRole::Link || !registered.is_ascii() || is_disguise(&registered))
    });
    if like.is_none() && !domain::is_disguised(&ascii) {
        return None;
    }
    let shown = told(&domain::legible(&ascii));
    Some(Finding::LookAlike { place, shown, ascii: told(&ascii), like: like.map(domain::legible) })
}

fn is_disguise(registered: &str) -> bool {
    registered.contains("xn--")
}
