//! Finds what may lead a letter to a conversation when no message id does: its topic, and its people. It is computed
//! before the writer is asked.

use std::collections::BTreeMap;

use mail::header::{self, Mention};

use super::subject::Subject;
use crate::numbers::hash;
use crate::parse::{Piece, Summary};

/// The most people of one letter that count: its writer, and the first of its recipients.
const MOST_PEOPLE: usize = 16;
const SECONDS_A_DAY: i64 = 86_400;

/// A letter's subject with its people, as numbers that tell a reader nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Topic {
    /// An answer, by its subject, that names no letter it answers.
    pub is_loose: bool,
    /// Days since 1970 in UTC when it was sent, if it says that.
    pub sent: Option<i64>,
    /// The people in the letter.
    pub people: Vec<Person>,
}

/// Somebody in a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// The address (see [`crate::own`]).
    pub address: i64,
    /// All addresses of its domain.
    pub domain: i64,
    /// True if they wrote the letter, and did not send it on as a list does.
    pub wrote: bool,
    /// The subject with the person as its writer.
    as_writer: i64,
    /// The subject with the person as somebody it is written to.
    as_reader: i64,
}

impl Person {
    fn of(base: &str, address: &str, wrote: bool) -> Self {
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        Self {
            address: hash(address.as_bytes()),
            domain: hash(format!("*@{domain}").as_bytes()),
            wrote,
            as_writer: hash([base, "\0wrote\0", address].concat().as_bytes()),
            as_reader: hash([base, "\0read\0", address].concat().as_bytes()),
        }
    }

    /// Returns the hash that is noted of the person in this letter.
    pub fn noted(&self) -> i64 {
        if self.wrote { self.as_writer } else { self.as_reader }
    }

    /// Returns the hashes that may have been noted of the person in a letter that belongs to this one. Somebody to
    /// whom both letters are written, and who wrote neither, joins nothing.
    pub fn sought(&self) -> impl Iterator<Item = i64> {
        [Some(self.as_writer), self.wrote.then_some(self.as_reader)].into_iter().flatten()
    }
}

impl Topic {
    /// Finds the topic of a letter, whose header stands at the start of `raw`. `None` if its subject says nothing or
    /// nobody is in it. `answers` says whether it names a letter that it answers.
    pub fn of(summary: &Summary, raw: &[u8], answers: bool) -> Option<Self> {
        let subject = Subject::read(summary.subject()?)?;
        let mut people = BTreeMap::new();
        let lists = Lists::of(&subject, raw);
        for (field, wrote) in [(Piece::From, true), (Piece::To, false), (Piece::Cc, false)] {
            for mention in summary.mentions(field) {
                let Mention::Mailbox { local, domain, .. } = mention else { continue };
                let Some(address) = address(&local, &domain) else { continue };
                if people.len() < MOST_PEOPLE || people.contains_key(&address) {
                    let wrote = wrote || lists.has(&address);
                    *people.entry(address).or_default() |= wrote;
                }
            }
        }
        let people: Vec<Person> =
            people.into_iter().map(|(address, wrote)| Person::of(&subject.base, &address, wrote)).collect();
        let sent = summary.sent.map(|sent| sent.seconds.div_euclid(SECONDS_A_DAY));
        (!people.is_empty()).then_some(Self { is_loose: subject.is_answer && !answers, sent, people })
    }
}

/// Returns an address as it is compared: without case, and without the part behind a `+`. `None` for a text that is
/// no address.
pub(crate) fn address(local: &[u8], domain: &[u8]) -> Option<String> {
    let (local, domain) =
        (String::from_utf8_lossy(local).to_lowercase(), String::from_utf8_lossy(domain).to_lowercase());
    let person = match local.split_once('+') {
        Some((person, _)) if !person.is_empty() => person,
        _ => &local,
    };
    (!person.is_empty() && !domain.is_empty()).then(|| format!("{person}@{domain}"))
}

/// The mailing lists that a letter came through, as it says itself.
struct Lists {
    /// `List-Post: <mailto:list@lists.test>` (RFC 2369 §3.4)
    post: Option<String>,
    /// `List-Id: Name <list.lists.test>` (RFC 2919 §2)
    id: Option<String>,
    /// The words in brackets before the subject.
    tags: Vec<String>,
}

impl Lists {
    fn of(subject: &Subject, raw: &[u8]) -> Self {
        let field = |name| {
            let field = header::find(raw, name)?;
            let value = String::from_utf8_lossy(field.raw_value).to_lowercase();
            let inside = value.rsplit_once('<')?.1.split_once('>')?.0.trim().to_owned();
            Some(inside)
        };
        let post = field("List-Post").and_then(|post| {
            let post = post.strip_prefix("mailto:")?;
            let (local, domain) = post.split('?').next()?.rsplit_once('@')?;
            address(local.as_bytes(), domain.as_bytes())
        });
        Self { post, id: field("List-Id"), tags: subject.tags.iter().map(|tag| bare(tag)).collect() }
    }

    fn has(&self, address: &str) -> bool {
        let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
        let is_its_id = |id: &String| id.strip_prefix(local).is_some_and(|rest| rest.strip_prefix('.') == Some(domain));
        self.post.as_deref() == Some(address)
            || self.id.as_ref().is_some_and(is_its_id)
            || self.tags.iter().any(|tag| !tag.is_empty() && *tag == bare(local))
    }
}

/// Letters and digits alone: the list `facteur-dev@…` writes `[Facteur dev]`.
fn bare(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(letter: &str) -> Topic {
        Topic::of(&Summary::parse(letter.as_bytes()), letter.as_bytes(), false).unwrap()
    }

    fn meet(one: &str, other: &str) -> bool {
        let (one, other) = (of(one), of(other));
        let sought: Vec<i64> = one.people.iter().flat_map(Person::sought).collect();
        other.people.iter().any(|person| sought.contains(&person.noted()))
    }

    #[test]
    fn who_writes_and_whom_they_write_to_meet() {
        let asked = "From: Bob <bob@beta.test>\r\nTo: alice@alpha.test\r\nCc: Carol <carol@gamma.test>\r\nSubject: Plan\r\n\r\n";
        for answer in [
            "From: Alice <ALICE@alpha.test>\r\nTo: bob@BETA.test\r\nSubject: Re: Plan\r\n\r\n",
            "From: carol@gamma.test\r\nTo: alice@alpha.test\r\nSubject: Re: Plan\r\n\r\n",
            "From: carol+lists@gamma.test\r\nTo: x@y.test\r\nSubject: AW: plan\r\n\r\n",
            "From: dan@delta.test\r\nCc: bob@beta.test\r\nSubject: Re: Plan\r\n\r\n",
        ] {
            assert!(meet(asked, answer) && meet(answer, asked), "{answer}");
        }
        // Both were written to Alice and Carol; that makes no conversation.
        let stranger = "From: eve@evil.test\r\nTo: alice@alpha.test, carol@gamma.test\r\nSubject: Re: Plan\r\n\r\n";
        assert!(!meet(asked, stranger) && !meet(stranger, asked));
        let other = "From: bob@beta.test\r\nTo: alice@alpha.test\r\nSubject: Re: Plans\r\n\r\n";
        assert!(!meet(asked, other));
    }

    #[test]
    fn a_list_is_somebody_who_writes() {
        let letter = |from: &str, more: &str, subject: &str| {
            format!("From: {from}\r\nTo: The list <club-talk@lists.test>\r\nSubject: {subject}\r\n{more}\r\n")
        };
        for (more, tag) in [
            ("", "[Club talk] "),
            ("List-Id: Talk of the club <club-talk.lists.test>\r\n", ""),
            ("List-Post: <mailto:club-talk@lists.test>\r\n", ""),
        ] {
            let asked = letter("bob@beta.test", more, &format!("{tag}Plan"));
            let answer = letter("carol@gamma.test", more, &format!("{tag}Re: Plan"));
            assert!(meet(&asked, &answer), "{more}{tag}");
        }
        let external = "[External] Re: Plan";
        assert!(!meet(&letter("bob@beta.test", "", external), &letter("carol@gamma.test", "", external)));
    }

    #[test]
    fn a_letter_to_very_many_counts_few() {
        let to: Vec<String> = (0..5000).map(|n| format!("p{n}@x.test")).collect();
        let letter = format!("From: a@b.test\r\nTo: {}\r\nSubject: Plan\r\n\r\n", to.join(", "));
        let people = of(&letter).people;
        assert!(people.len() == MOST_PEOPLE && people.iter().filter(|person| person.wrote).count() == 1);
    }
}
