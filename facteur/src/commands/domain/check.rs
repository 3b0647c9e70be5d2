//! Looks what the world sees of the records of a domain.

use std::net::IpAddr;

use directory::domain_key::publishes_same_key;
use mail::Domain;
use net::{Answer, DnsFault, Exchanges, Resolver};

use super::record::{Data, Purpose, Record};
use crate::language::say;

/// The state of a record in the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It says what it should.
    Right,
    /// It is not there.
    Missing,
    /// This is there in its place.
    Other(String),
    /// Nobody could say, for this reason.
    Unknown(String),
}

impl Seen {
    /// Returns its name for scripts.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Missing => "missing",
            Self::Other(_) => "other",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Returns what is there in its place, or why nobody could say.
    pub fn found(&self) -> Option<&str> {
        match self {
            Self::Right | Self::Missing => None,
            Self::Other(found) | Self::Unknown(found) => Some(found),
        }
    }

    pub fn in_words(&self) -> String {
        match self {
            Self::Right => say!("right", "bon"),
            Self::Missing => say!("missing", "manque"),
            Self::Other(found) => say!("other: {found}", "autre : {found}"),
            Self::Unknown(why) => say!("could not be asked: {why}", "pas de réponse : {why}"),
        }
    }
}

/// Looks at each record, one after the other. An SPF record that is there is merged with ours, since a domain has one: the
/// record is then the result.
pub async fn look(records: &mut [Record], resolver: &dyn Resolver) -> Vec<Seen> {
    let mut seen = Vec::new();
    for record in records {
        seen.push(look_at(record, resolver).await.unwrap_or_else(|DnsFault(why)| Seen::Unknown(why)));
    }
    seen
}

async fn look_at(record: &mut Record, resolver: &dyn Resolver) -> Result<Seen, DnsFault> {
    let name = record.name.clone();
    match &mut record.data {
        Data::Mx { host, .. } => exchange(&name, host, resolver).await,
        Data::Address(ip) => address(&name, *ip, resolver).await,
        Data::Text(text) => {
            let texts = strings(resolver.txt(&name).await?);
            Ok(match record.purpose {
                Purpose::Key(_) => key(&texts, text),
                Purpose::Policy => policy(&texts),
                _ => senders(&texts, text),
            })
        }
        Data::Service { port, host } => {
            let found = resolver.services(&name).await?.records().unwrap_or_default();
            let is_ours = found.iter().any(|service| service.port == *port && service.host == *host);
            Ok(judged(is_ours, found.iter().map(|one| format!("{} {}", one.port, one.host))))
        }
        Data::Pointer { ip, host } => {
            let found = resolver.ptr(*ip).await?.records().unwrap_or_default();
            Ok(judged(found.contains(host), found))
        }
    }
}

fn judged(is_right: bool, found: impl IntoIterator<Item = String>) -> Seen {
    let found: Vec<String> = found.into_iter().collect();
    match (is_right, found.is_empty()) {
        (true, _) => Seen::Right,
        (false, true) => Seen::Missing,
        (false, false) => Seen::Other(found.join(", ")),
    }
}

async fn exchange(name: &str, host: &str, resolver: &dyn Resolver) -> Result<Seen, DnsFault> {
    let Ok(domain) = Domain::parse(name) else { return Ok(Seen::Missing) };
    Ok(match resolver.mx(&domain).await? {
        Answer::Records(Exchanges::Hosts(hosts), _) => {
            let hosts: Vec<String> = hosts.into_iter().map(|one| one.host).collect();
            judged(hosts.iter().any(|one| one == host), hosts)
        }
        Answer::Records(Exchanges::Null, _) => Seen::Other("0 .".to_owned()),
        Answer::NoRecord | Answer::NoSuchDomain => Seen::Missing,
    })
}

async fn address(name: &str, ip: IpAddr, resolver: &dyn Resolver) -> Result<Seen, DnsFault> {
    let all = resolver.addresses(name).await?.records().unwrap_or_default();
    let same_kind: Vec<IpAddr> = all.into_iter().filter(|other| other.is_ipv4() == ip.is_ipv4()).collect();
    Ok(judged(same_kind.contains(&ip), same_kind.iter().map(ToString::to_string)))
}

fn strings(answer: Answer<Vec<Vec<u8>>>) -> Vec<String> {
    let texts = answer.records().unwrap_or_default();
    texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}

fn key(texts: &[String], ours: &str) -> Seen {
    let is_ours = texts.iter().any(|text| publishes_same_key(text.as_bytes(), ours));
    judged(is_ours, texts.iter().cloned())
}

/// Any one policy is right: how strict it is, is for the domain to say. Of several, none counts (RFC 9989 §4.10).
fn policy(texts: &[String]) -> Seen {
    let policies: Vec<&String> = texts.iter().filter(|text| is_version(text, "v=DMARC1")).collect();
    judged(policies.len() == 1, policies.into_iter().cloned())
}

/// Returns true if a record begins with this version, which is not the beginning of a longer word.
fn is_version(text: &str, version: &str) -> bool {
    let text = text.trim_start();
    let begins = text.get(..version.len()).is_some_and(|start| start.eq_ignore_ascii_case(version));
    begins && text[version.len()..].chars().next().is_none_or(|next| next == ';' || next.is_whitespace())
}

/// `ours` becomes what the record should be where another one is there.
fn senders(texts: &[String], ours: &mut String) -> Seen {
    let there: Vec<&String> = texts.iter().filter(|text| is_version(text, "v=spf1")).collect();
    let wanted = ours.split_whitespace().nth(1).unwrap_or("mx").to_owned();
    match there.as_slice() {
        [] => Seen::Missing,
        [one] if permits(one, &wanted) => {
            ours.clone_from(one);
            Seen::Right
        }
        all => {
            *ours = merged(all.iter().map(|text| text.as_str()), &wanted);
            Seen::Other(all.iter().map(|text| text.as_str()).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Returns true if an SPF record permits what this mechanism of ours does.
fn permits(text: &str, wanted: &str) -> bool {
    text.split_whitespace().any(|term| term.trim_start_matches('+').eq_ignore_ascii_case(wanted))
}

/// One SPF record out of several, with our mechanism in front (RFC 7208 §4.5: a domain has one). What they say about everybody
/// else stands at the end, once.
fn merged<'a>(texts: impl Iterator<Item = &'a str>, wanted: &str) -> String {
    let is_end = |term: &str| {
        let bare = term.trim_start_matches(['+', '-', '~', '?']).to_ascii_lowercase();
        bare == "all" || bare.starts_with("redirect=")
    };
    let (mut terms, mut end) = (vec![wanted.to_owned()], None);
    for term in texts.flat_map(|text| text.split_whitespace().skip(1)) {
        if is_end(term) {
            end = end.or(Some(term.to_owned()));
        } else if !terms.iter().any(|known| known.eq_ignore_ascii_case(term)) {
            terms.push(term.to_owned());
        }
    }
    terms.extend(end);
    format!("v=spf1 {}", terms.join(" "))
}

#[cfg(test)]
mod tests {
    use net::{Exchange, MxAnswer, Table};

    use super::*;

    fn text(name: &str, text: &str, purpose: Purpose) -> Record {
        Record { name: name.to_owned(), data: Data::Text(text.to_owned()), purpose }
    }

    async fn one(mut record: Record, table: Table) -> (Seen, Record) {
        let seen = look(std::slice::from_mut(&mut record), &table).await;
        (seen[0].clone(), record)
    }

    fn texts(name: &str, texts: &[&str]) -> Table {
        Table::new().txt(name, Ok(Answer::found(texts.iter().map(|text| text.as_bytes().to_vec()).collect())))
    }

    async fn spf(there: &[&str]) -> (Seen, String) {
        let (seen, record) = one(text("a.test", "v=spf1 mx -all", Purpose::Senders), texts("a.test", there)).await;
        (seen, record.data.value())
    }

    #[tokio::test]
    async fn an_spf_record_that_is_there_is_merged_and_never_doubled() {
        assert_eq!(spf(&["hello"]).await, (Seen::Missing, "v=spf1 mx -all".to_owned()));
        assert_eq!(spf(&["v=spf1 a +mx ~all"]).await.0, Seen::Right);
        let (seen, merged) = spf(&["v=spf1 include:_spf.isp.test ~all"]).await;
        assert_eq!(seen.name(), "other");
        assert_eq!(merged, "v=spf1 mx include:_spf.isp.test ~all");
        let (_, merged) = spf(&["v=spf1 mx -all", "v=spf1 a:b.test ?all"]).await;
        assert_eq!(merged, "v=spf1 mx a:b.test -all");
        assert_eq!(spf(&["v=spf1 redirect=b.test"]).await.1, "v=spf1 mx redirect=b.test");
        assert_eq!(spf(&["v=spf10 -all"]).await.0, Seen::Missing);
    }

    #[tokio::test]
    async fn each_record_is_right_missing_another_or_could_not_be_asked() {
        let mx = || {
            let data = Data::Mx { preference: 10, host: "mail.a.test".to_owned() };
            Record { name: "a.test".to_owned(), data, purpose: Purpose::Exchange }
        };
        let hosts = |host: &str| Ok(MxAnswer::hosts(vec![Exchange { preference: 5, host: host.to_owned() }]));
        assert_eq!(one(mx(), Table::new().mx("a.test", hosts("mail.a.test"))).await.0, Seen::Right);
        assert_eq!(one(mx(), Table::new()).await.0, Seen::Missing);
        let other = one(mx(), Table::new().mx("a.test", hosts("mx.isp.test"))).await.0;
        assert_eq!(other, Seen::Other("mx.isp.test".to_owned()));
        let silent = Table::new().mx("a.test", Err(DnsFault("nobody answers".to_owned())));
        assert_eq!(one(mx(), silent).await.0, Seen::Unknown("nobody answers".to_owned()));
        assert_eq!(one(mx(), Table::new().mx("a.test", Ok(MxAnswer::null()))).await.0.name(), "other");
    }

    #[tokio::test]
    async fn a_key_is_right_however_its_record_is_written_and_one_policy_is() {
        let ours =
            || text("s._domainkey.a.test", "v=DKIM1; k=rsa; p=AAAA", Purpose::Key(directory::domain_key::State::Next));
        let there = |text: &str| texts("s._domainkey.a.test", &[text]);
        assert_eq!(one(ours(), there("p=AA AA; t=s; v=DKIM1")).await.0, Seen::Right);
        assert_eq!(one(ours(), there("v=DKIM1; k=rsa; p=BBBB")).await.0.name(), "other");
        assert_eq!(one(ours(), there("v=DKIM1; k=rsa; p=")).await.0.name(), "other", "it was revoked");
        let policy = |there: &[&str]| {
            one(text("_dmarc.a.test", "v=DMARC1; p=none", Purpose::Policy), texts("_dmarc.a.test", there))
        };
        assert_eq!(policy(&["v=DMARC1;p=reject"]).await.0, Seen::Right);
        assert_eq!(policy(&["v=DMARC1;p=reject", "v=DMARC1;p=none"]).await.0.name(), "other");
        assert_eq!(policy(&["v=DMARC12; p=none"]).await.0, Seen::Missing);
    }
}
