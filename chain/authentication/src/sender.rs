//! Says at MAIL FROM whether a reply to the sender could go anywhere.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mail::check::SenderCheck;
use mail::seam::{Pending, Verdict};
use mail::{Domain, Reply, ReturnPath};
use net::{Answer, DnsFault, Exchanges, Lookups, Resolver};
use store::Store;

use crate::known::is_ours;
use crate::patience::Patience;
use crate::settings::{Mode, Settings};

/// The most questions about one sender.
const QUESTIONS: u32 = 5;
/// The longest time that a peer waits for the answer to MAIL FROM.
const WITHIN: Duration = Duration::from_secs(6);

/// Refuses senders whose domain takes no letters: nobody could answer them, nor be told of a failure.
pub struct SenderDomains {
    resolver: Arc<dyn Resolver>,
    store: Store,
    is_routed: Box<dyn Fn(&Domain) -> bool + Send + Sync>,
    settings: Arc<Settings>,
    patience: Patience,
}

impl SenderDomains {
    /// Makes the check. `is_routed` returns true for a domain that has a route of its own: the name servers need not know
    /// it.
    pub fn new(
        resolver: Arc<dyn Resolver>,
        store: Store,
        is_routed: impl Fn(&Domain) -> bool + Send + Sync + 'static,
        settings: Arc<Settings>,
    ) -> Self {
        Self { resolver, store, is_routed: Box::new(is_routed), settings, patience: Patience::default() }
    }

    async fn judge(&self, domain: &Domain) -> Verdict {
        let (begun, time) = (Instant::now(), self.patience.time(true, WITHIN));
        let dns = Lookups::new(self.resolver.clone(), QUESTIONS, time);
        let answer = receives(&dns, domain).await;
        self.patience.note(begun.elapsed(), answer.is_ok());
        match answer {
            Ok(Receives::Letters) => Verdict::Accept,
            Ok(Receives::Nothing) => Verdict::Refuse(null_mx(domain)),
            Ok(Receives::NobodyThere) => Verdict::Refuse(no_domain(domain)),
            Err(fault) => {
                tracing::info!(%domain, %fault, "it cannot be found out whether the domain of a sender exists");
                Verdict::Refuse(no_answer(domain))
            }
        }
    }
}

impl SenderCheck for SenderDomains {
    fn sender<'a>(&'a self, from: IpAddr, return_path: &'a ReturnPath) -> Pending<'a, Verdict> {
        Box::pin(async move {
            let Some(domain) = return_path.address().map(mail::Address::domain) else { return Verdict::Accept };
            let is_exempt = self.settings.mode != Mode::On
                || self.settings.fronts.trust(from)
                || domain.is_literal()
                || (self.is_routed)(domain)
                || is_ours(&self.store, domain).await;
            if is_exempt { Verdict::Accept } else { self.judge(domain).await }
        })
    }
}

/// The state of a domain as a place for letters.
enum Receives {
    Letters,
    Nothing,
    NobodyThere,
}

async fn receives(dns: &Lookups, domain: &Domain) -> Result<Receives, DnsFault> {
    match Resolver::mx(dns, domain).await? {
        Answer::Records(Exchanges::Null, _) => return Ok(Receives::Nothing),
        Answer::Records(Exchanges::Hosts(_), _) => return Ok(Receives::Letters),
        Answer::NoSuchDomain => return Ok(Receives::NobodyThere),
        Answer::NoRecord => {}
    }
    // RFC 5321 §5.1: without MX, the domain itself is the host.
    Ok(match Resolver::addresses(dns, domain.as_str()).await? {
        Answer::Records(..) => Receives::Letters,
        Answer::NoRecord | Answer::NoSuchDomain => Receives::NobodyThere,
    })
}

/// RFC 7505 §4.2: a domain that takes no letters should send none.
fn null_mx(domain: &Domain) -> Reply {
    Reply::new(550, (5, 7, 27), format!("{domain} takes no letters (null MX), so that nobody could answer this one"))
}

fn no_domain(domain: &Domain) -> Reply {
    Reply::new(550, (5, 1, 8), format!("{domain} has neither MX nor address, so that nobody could answer this letter"))
}

fn no_answer(domain: &Domain) -> Reply {
    Reply::new(
        451,
        (4, 1, 8),
        format!("the name servers of {domain} cannot say now whether it takes letters; try again later"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::Address;
    use net::{Exchange, MxAnswer, Table};

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(store::Options::new(folder.path()), directory::MIGRATIONS).unwrap();
        (folder, store)
    }

    fn table() -> Table {
        let host = MxAnswer::hosts(vec![Exchange { preference: 10, host: "mail.good.test".into() }]);
        let ip: IpAddr = "192.0.2.1".parse().unwrap();
        Table::new()
            .mx("good.test", Ok(host))
            .mx("null.test", Ok(MxAnswer::null()))
            .mx("plain.test", Ok(Answer::NoRecord))
            .addresses("plain.test", Ok(Answer::found(vec![ip])))
            .mx("empty.test", Ok(Answer::NoRecord))
            .addresses("empty.test", Ok(Answer::NoRecord))
            .mx("silent.test", Err(DnsFault("nobody answers".into())))
            .mx("half.test", Ok(Answer::NoRecord))
            .addresses("half.test", Err(DnsFault("nobody answers".into())))
    }

    async fn reply(sender: &str, from: &str) -> String {
        let (_folder, store) = store();
        let check =
            SenderDomains::new(Arc::new(table()), store, |domain| domain.as_str() == "routed.test", Arc::default());
        let path =
            if sender.is_empty() { ReturnPath::Null } else { ReturnPath::Address(Address::parse(sender).unwrap()) };
        match check.sender(from.parse().unwrap(), &path).await {
            Verdict::Accept => "accepted".to_owned(),
            Verdict::Refuse(reply) => reply.to_string().chars().take(10).collect(),
        }
    }

    #[tokio::test]
    async fn a_sender_whom_nobody_could_answer_is_refused() {
        for (sender, expected) in [
            ("a@good.test", "accepted"),
            ("a@plain.test", "accepted"),
            ("a@null.test", "550 5.7.27"),
            ("a@empty.test", "550 5.1.8 "),
            ("a@nowhere.test", "550 5.1.8 "),
            ("a@silent.test", "451 4.1.8 "),
            ("a@half.test", "451 4.1.8 "),
            ("a@routed.test", "accepted"),
            ("a@[192.0.2.1]", "accepted"),
            ("", "accepted"),
        ] {
            assert_eq!(reply(sender, "198.51.100.7").await, expected, "{sender}");
        }
        assert_eq!(reply("a@nowhere.test", "127.0.0.1").await, "accepted", "this machine is in front");
    }
}
