//! Fetched letters to a delivery agent elsewhere, over LMTP (RFC 2033).
//!
//! It does not know our commits: a letter it has taken is written down here right behind its answer. Killed between the
//! two, the next fetch hands the letter in once more; that is the one moment in which a letter can come twice.

use mail::seam::Pending;
use mail::{Address, ReturnPath, header};
use mra::ledger::{self, Fate, Source, SourceId};
use mra::progress::Why;
use mra::{Arrived, Destination, Fault, Taken};
use mta::delivery::{Direct, Given, Means};
use mta::route::Route;
use store::{Key, Store, Tx};

/// A person at a delivery agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LmtpTarget {
    pub recipient: Address,
    pub route: Route,
}

impl LmtpTarget {
    /// Understands `alice@example.org@127.0.0.1:24` and `alice@example.org@unix:/run/lmtp`.
    pub fn parse(text: &str) -> Option<Self> {
        let (recipient, agent) = text.rsplit_once('@').filter(|(_, agent)| agent.contains(':'))?;
        Some(Self { recipient: Address::parse(recipient).ok()?, route: Route::parse(&format!("lmtp:{agent}")).ok()? })
    }
}

/// A delivery agent as the home of a source.
pub struct LmtpHome {
    store: Store,
    means: Means,
    source: SourceId,
    target: LmtpTarget,
}

impl LmtpHome {
    /// For the letters of a source. `means` reach the agent.
    pub fn new(store: Store, means: Means, source: &Source, target: LmtpTarget) -> Self {
        Self { store, means, source: source.id, target }
    }

    async fn take_all(&self, letters: Vec<Arrived>) -> Result<Vec<Taken>, Fault> {
        let agent = Direct::to(self.means.clone(), &self.target.route);
        let mut agent = agent.ok_or_else(|| Fault::Destination(format!("{} is no server", self.target.route)))?;
        let mut taken = Vec::with_capacity(letters.len());
        for letter in letters {
            let entry = letter.entry.clone();
            if self.store.read(move |view| entry.is_known(view)).await? {
                taken.push(Taken::Known);
                continue;
            }
            let return_path = author(&letter).map_or(ReturnPath::Null, ReturnPath::Address);
            let given = agent.give(&return_path, &self.target.recipient, &letter.raw).await;
            let given =
                given.map_err(|why| Fault::Destination(format!("the delivery agent did not take a letter: {why}")));
            taken.push(self.write_down(letter, given?).await?);
        }
        agent.end().await;
        Ok(taken)
    }

    /// Notes a letter that the agent refuses for good: it is neither here nor lost, and stays where it is.
    async fn write_down(&self, letter: Arrived, given: Given) -> Result<Taken, Fault> {
        let (entry, source, now) = (letter.entry, self.source, net::now());
        let octets = letter.raw.len() as u64;
        if let Given::Refused(said) = given {
            tracing::warn!(said = said.text, "the delivery agent refuses a letter, which stays where it is");
            let noted = move |tx: &mut Tx| ledger::leave(tx, &entry, Why::NotTaken, &said.text, now);
            self.store.write(Key::Fetching, noted).await?;
            return Ok(Taken::LeftThere);
        }
        let admitted = move |tx: &mut Tx| {
            let fate = entry.admit(tx, now)?;
            ledger::note_taken(tx, source, u64::from(fate == Fate::New), octets)
        };
        self.store.write(Key::Fetching, admitted).await?;
        Ok(Taken::Filed)
    }
}

impl Destination for LmtpHome {
    fn take(&self, letters: Vec<Arrived>) -> Pending<'_, Result<Vec<Taken>, Fault>> {
        Box::pin(self.take_all(letters))
    }
}

/// The return path the letter came with, where it can be read and sent.
fn author(letter: &Arrived) -> Option<Address> {
    let field = header::find(&letter.raw, "Return-Path")?;
    let value = field.value();
    let inner = std::str::from_utf8(&value).ok()?.trim().trim_start_matches('<').trim_end_matches('>').to_owned();
    Address::parse(&inner).ok().filter(|address| address.to_string().is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_agent_is_named_with_the_person_in_front() {
        let target = LmtpTarget::parse("alice@example.org@127.0.0.1:24").unwrap();
        assert_eq!(target.route, Route::parse("lmtp:127.0.0.1:24").unwrap());
        assert_eq!(target.recipient.to_string(), "alice@example.org");
        let socket = LmtpTarget::parse("a@b.test@unix:/run/lmtp").unwrap();
        assert_eq!(socket.route, Route::parse("lmtp:unix:/run/lmtp").unwrap());
        assert!(LmtpTarget::parse("a@b.test@[::1]:24").is_some());
        for bad in ["alice@example.org", "a@b.test@host", "a@b.test@host:0", "a@b.test@unix:lmtp", "@host:24"] {
            assert_eq!(LmtpTarget::parse(bad), None, "{bad}");
        }
    }
}
