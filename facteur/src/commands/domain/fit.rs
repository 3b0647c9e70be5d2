//! Decides which names can be a domain of a post office.

use mail::Domain;

use crate::commands::account::ask;
use crate::failure::Failure;
use crate::language::say;

/// Domains of those who give mailboxes to everybody: a post office that took one for its own would keep every letter to the
/// people there.
const PROVIDERS: &[&str] = &[
    "163.com",
    "126.com",
    "aliyun.com",
    "aol.com",
    "bbox.fr",
    "bluewin.ch",
    "bt.com",
    "btinternet.com",
    "comcast.net",
    "fastmail.com",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.fr",
    "gmx.net",
    "googlemail.com",
    "hotmail.be",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.de",
    "hotmail.es",
    "hotmail.fr",
    "hotmail.it",
    "icloud.com",
    "laposte.net",
    "libero.it",
    "live.be",
    "live.com",
    "live.fr",
    "mac.com",
    "mail.com",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "mozmail.com",
    "msn.com",
    "naver.com",
    "neuf.fr",
    "numericable.fr",
    "orange.fr",
    "outlook.be",
    "outlook.com",
    "outlook.de",
    "outlook.fr",
    "pm.me",
    "posteo.de",
    "posteo.net",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rocketmail.com",
    "sbcglobal.net",
    "sfr.fr",
    "sina.com",
    "skynet.be",
    "t-online.de",
    "telenet.be",
    "tuta.com",
    "tuta.io",
    "tutanota.com",
    "videotron.ca",
    "virgilio.it",
    "wanadoo.fr",
    "web.de",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.de",
    "yahoo.es",
    "yahoo.fr",
    "yahoo.it",
    "yandex.com",
    "yandex.ru",
    "ymail.com",
    "zoho.com",
];

/// Refuses a name that can be no domain, and asks about one that is well known as somebody else's, unless `yes` says
/// so already.
pub fn check(domain: &Domain, yes: bool) -> Result<(), Failure> {
    if let Some(why) = unfit(domain) {
        return Err(Failure::new(why));
    }
    if yes || !PROVIDERS.contains(&domain.as_str()) {
        return Ok(());
    }
    let question = say!(
        "{domain} is a provider's. Every letter from here to somebody there would stay here. Is it really yours?",
        "{domain} est à un fournisseur. Toute lettre d'ici pour quelqu'un de là-bas resterait ici. Est-il vraiment à vous ?"
    );
    if ask::sure(&question)? {
        return Ok(());
    }
    Err(Failure::new(say!(
        "{domain} was not added; to fetch letters from a mailbox there: facteur fetch add; if it is yours: --yes",
        "{domain} n'a pas été ajouté ; pour relever une boîte de là-bas : facteur fetch add ; s'il est à vous : --yes"
    )))
}

/// Says why this is no domain that letters can come to.
fn unfit(domain: &Domain) -> Option<String> {
    let name = domain.as_str();
    let (_, last) = name.rsplit_once('.').unwrap_or(("", name));
    if domain.is_literal() || last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(say!(
            "{domain} is the address of a machine; people live in domains that have a name, such as alpha.test",
            "{domain} est l'adresse d'une machine ; il faut un domaine qui a un nom, comme alpha.test"
        ));
    }
    match last {
        "localhost" => Some(say!(
            "{domain} is this machine for every machine, so no letter can come to it; name a domain such as alpha.test",
            "{domain} désigne sa propre machine pour chacune, aucune lettre ne peut y venir ; nommez un domaine comme alpha.test"
        )),
        _ if !name.contains('.') => Some(say!(
            "{domain} has no dot; a domain is written like alpha.test",
            "{domain} n'a pas de point ; un domaine s'écrit comme alpha.test"
        )),
        "local" => Some(say!(
            "{domain} ends in .local, which machines ask their neighbours for and not DNS (RFC 6762), so mail servers do not find it; for a network of your own take a name below home.arpa or .internal",
            "{domain} finit par .local, que les machines demandent à leurs voisines et non au DNS (RFC 6762) : les serveurs de courrier ne le trouvent pas ; pour un réseau à vous, prenez un nom sous home.arpa ou .internal"
        )),
        "invalid" | "onion" => Some(say!(
            "{domain} ends in .{last}, which is never in DNS, so no letter can come to it",
            "{domain} finit par .{last}, qui n'est jamais dans le DNS : aucune lettre ne peut y venir"
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_domain_is_refused_and_what_is_one_is_not() {
        for bad in [
            "192.168.1.1",
            "[192.0.2.1]",
            "localhost",
            "mail.localhost",
            "intranet",
            "office.local",
            "a.invalid",
            "b.onion",
        ] {
            let Ok(domain) = Domain::parse(bad) else { continue };
            assert!(unfit(&domain).is_some(), "{bad}");
        }
        for good in ["alpha.test", "example.org", "bücher.example", "mail.home.arpa", "corp.internal", "a1.b2.c3"] {
            assert_eq!(unfit(&Domain::parse(good).expect("a domain")), None, "{good}");
        }
    }

    #[test]
    fn the_providers_are_domains_each_once() {
        for (at, name) in PROVIDERS.iter().enumerate() {
            assert_eq!(Domain::parse(name).expect("a domain").as_str(), *name);
            assert!(!PROVIDERS[..at].contains(name), "{name}");
        }
    }
}
