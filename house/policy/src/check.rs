//! The checks that the rules make of each letter: the sender is looked up on the lists, by the connection, by the return path and
//! by the From field; and the letter is counted under the limits that fit.

use std::time::Duration;

use mail::allowance::Sender;
use mail::check::{Arriving, Check, Conclusion, Look};
use mail::header::{self, Mention};
use mail::listed::{Lists, Word, is_always_reached};
use mail::seam::{Origin, OurFault, Pending};
use mail::{Address, Domain, Findings, Reply};

use crate::Rulebook;

/// The authors of a letter that are looked up. Nobody has more than a few.
const MOST_AUTHORS: usize = 20;

/// The check of the lists.
pub(crate) struct ListCheck(pub(crate) Rulebook);

/// The word of the administrator about a letter.
struct Looked {
    word: Word,
    /// It is only for those who are reached whatever a list says.
    is_taken: bool,
}

impl Check for ListCheck {
    fn method(&self) -> &'static str {
        mail::finding::POLICY
    }

    fn begin(&self, arriving: Arriving<'_>) -> Option<Box<dyn Look>> {
        // Of a letter that somebody hands on, the connection says nothing about its sender.
        let wire = match arriving.origin {
            Origin::Peer(wire) => Some(wire),
            Origin::Front(_) | Origin::Fetched(_) => None,
            Origin::Person(..) | Origin::House => return None,
        };
        let authors = authors(&arriving.letter.raw);
        let hello = wire.map(|wire| wire.hello.as_str()).unwrap_or_default();
        let mut senders = arriving.envelope.return_path.address().into_iter().chain(&authors);
        let word = self.0.of_all(wire.map(|wire| wire.ip), hello, &mut senders)?;
        let is_taken = arriving.envelope.recipients.iter().all(|to| is_always_reached(&to.address));
        Some(Box::new(Looked { word, is_taken }))
    }
}

impl Look for Looked {
    fn conclude<'a>(self: Box<Self>, _: &'a Findings, _: Duration) -> Pending<'a, Result<Conclusion, OurFault>> {
        Box::pin(async move {
            Ok(match self.word.is_allowed || self.is_taken {
                true => Conclusion::Found(vec![self.word.finding()]),
                false => Conclusion::Refuse(self.word.refusal()),
            })
        })
    }
}

/// The check of the limits. What comes in by hand over SMTP was refused before, if the letter did not come for nothing; here every
/// way in is counted.
pub(crate) struct LimitCheck(pub(crate) Rulebook);

/// The refusal of a limit.
struct Counted(Reply);

impl Check for LimitCheck {
    fn method(&self) -> &'static str {
        "limit"
    }

    fn begin(&self, arriving: Arriving<'_>) -> Option<Box<dyn Look>> {
        let (ip, login) = match arriving.origin {
            Origin::Peer(wire) => (Some(wire.ip), None),
            Origin::Person(login, wire) => (Some(wire.ip), Some(&login.address)),
            Origin::Front(_) => (None, None),
            Origin::Fetched(_) | Origin::House => return None,
        };
        let sender = Sender { ip, addresses: [arriving.envelope.return_path.address(), login] };
        let (recipients, size) = (arriving.envelope.recipients.len(), arriving.letter.raw.len() as u64);
        let refusal = self.0.take(sender, recipients, size).err()?;
        Some(Box::new(Counted(refusal)))
    }
}

impl Look for Counted {
    fn conclude<'a>(self: Box<Self>, _: &'a Findings, _: Duration) -> Pending<'a, Result<Conclusion, OurFault>> {
        Box::pin(async move { Ok(Conclusion::Refuse(self.0)) })
    }
}

/// Returns the addresses that the From fields of a letter name.
fn authors(letter: &[u8]) -> Vec<Address> {
    let from = header::fields(letter).filter(|field| field.is("From")).take(2);
    let mentions = from.flat_map(|field| header::mentions(&field.value(), MOST_AUTHORS));
    let address = |mention| match mention {
        Mention::Mailbox { local, domain, .. } => {
            let domain = Domain::parse(std::str::from_utf8(&domain).ok()?).ok()?;
            Address::new(std::str::from_utf8(&local).ok()?, domain).ok()
        }
        Mention::GroupStart(_) | Mention::GroupEnd => None,
    };
    mentions.filter_map(address).collect()
}
