//! Is the name of this post office one that other servers can find? They ask for it before they take its letters.

use std::sync::Arc;
use std::time::Duration;

use mail::Domain;
use net::{AddressAnswer, Resolver};

use crate::language::say;

/// The longest time that the name servers may take. Nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(20);
/// Endings of names that the domain name system does not know on purpose (RFC 6761, RFC 6762, RFC 9476): whoever uses
/// one knows that.
const APART: [&str; 6] = ["test", "example", "invalid", "localhost", "local", "internal"];

/// A doubt about a host name.
#[derive(Debug, PartialEq, Eq)]
enum Doubt {
    /// It has one word, as a machine at home has.
    NoDot,
    /// The domain name system knows no such name.
    Unknown,
    /// It is there, and no address of a machine.
    NoAddress,
}

/// Says in the log what other servers will find wrong with the name, in the background. If the name servers do not
/// answer, it says nothing: that is no fault of the name.
pub fn look_into(hostname: Domain, resolver: Arc<dyn Resolver>) {
    tokio::spawn(async move {
        let asked = tokio::time::timeout(PATIENCE, doubt(&hostname, &*resolver)).await;
        if let Ok(Some(doubt)) = asked {
            tracing::warn!("{}", doubt.told(hostname.as_str()));
        }
    });
}

async fn doubt(hostname: &Domain, resolver: &dyn Resolver) -> Option<Doubt> {
    let name = hostname.as_str();
    let last = name.rsplit('.').next().unwrap_or_default();
    if APART.contains(&last) && last != name {
        return None;
    }
    if last == name {
        return Some(Doubt::NoDot);
    }
    match resolver.addresses(name).await {
        Ok(AddressAnswer::NoSuchDomain) => Some(Doubt::Unknown),
        Ok(AddressAnswer::NoRecord) => Some(Doubt::NoAddress),
        Ok(AddressAnswer::Records(..)) | Err(_) => None,
    }
}

impl Doubt {
    fn told(&self, name: &str) -> String {
        match self {
            Self::NoDot => say!(
                "this post office calls itself \"{name}\", and other servers refuse letters of a host without a full name; write hostname = \"mail.YOUR-DOMAIN\" at the top of the configuration",
                "ce bureau de poste se nomme « {name} », et d'autres serveurs refusent les lettres d'une machine sans nom complet ; écrivez hostname = \"mail.VOTRE-DOMAINE\" au début de la configuration"
            ),
            Self::Unknown => say!(
                "this post office calls itself {name}, and the domain name system knows no such name: many servers will refuse its letters. Have A and AAAA records made for {name}, or correct hostname in the configuration",
                "ce bureau de poste se nomme {name}, et le DNS ne connaît pas ce nom : bien des serveurs refuseront ses lettres. Faites inscrire des enregistrements A et AAAA pour {name}, ou corrigez hostname dans la configuration"
            ),
            Self::NoAddress => say!(
                "this post office calls itself {name}, and the domain name system has no address for that name: many servers will refuse its letters. Have A and AAAA records made for {name}, or correct hostname in the configuration",
                "ce bureau de poste se nomme {name}, et le DNS n'a pas d'adresse pour ce nom : bien des serveurs refuseront ses lettres. Faites inscrire des enregistrements A et AAAA pour {name}, ou corrigez hostname dans la configuration"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use mail::seam::Pending;
    use net::{DnsFault, MxAnswer};

    use super::*;

    /// Answers each question about addresses alike.
    struct Answering(fn() -> Result<AddressAnswer, DnsFault>);

    impl Resolver for Answering {
        fn mx<'a>(&'a self, _: &'a Domain) -> Pending<'a, Result<MxAnswer, DnsFault>> {
            Box::pin(async { Ok(MxAnswer::NoRecord) })
        }

        fn addresses<'a>(&'a self, _: &'a str) -> Pending<'a, Result<AddressAnswer, DnsFault>> {
            Box::pin(async { (self.0)() })
        }
    }

    #[tokio::test]
    async fn only_a_name_that_nobody_can_find_is_doubted() {
        let unknown = Answering(|| Ok(AddressAnswer::NoSuchDomain));
        let empty = Answering(|| Ok(AddressAnswer::NoRecord));
        let known = Answering(|| Ok(AddressAnswer::found(vec![[192, 0, 2, 1].into()])));
        let silent = Answering(|| Err(DnsFault("nobody answers".to_owned())));
        for (name, resolver, wanted) in [
            ("attic", &known, Some(Doubt::NoDot)),
            ("localhost", &known, Some(Doubt::NoDot)),
            ("mail.alpha.org", &known, None),
            ("mail.alpha.org", &unknown, Some(Doubt::Unknown)),
            ("mail.alpha.org", &empty, Some(Doubt::NoAddress)),
            ("mail.alpha.org", &silent, None),
            ("mail.alpha.test", &unknown, None),
            ("attic.local", &unknown, None),
        ] {
            assert_eq!(doubt(&Domain::parse(name).unwrap(), resolver).await, wanted, "{name}");
        }
    }
}
