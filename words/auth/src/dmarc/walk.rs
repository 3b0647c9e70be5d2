//! The walk through the tree of names (RFC 9989 §4.10): which records stand above a domain, and whose domain it is.

use super::record::{PublicSuffix, Record};
use crate::dns::{Dns, Later};

/// A domain with as many labels is cut to [`SHORT`] after its own record was asked for: a walk asks eight questions.
const LONG: usize = 8;
const SHORT: usize = 7;

/// The records that a walk found, with the domain of each, from the longest name to the shortest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Walk<'a> {
    start: &'a str,
    found: Vec<(&'a str, Record)>,
}

/// Asks for the records of a domain and of those above it.
pub(super) async fn walk<'a>(dns: &dyn Dns, domain: &'a str) -> Result<Walk<'a>, Later> {
    let mut found = Vec::new();
    for name in names(domain) {
        let Some(record) = ask(dns, name).await? else { continue };
        let ends_here = record.public_suffix != PublicSuffix::Unsaid;
        found.push((name, record));
        if ends_here {
            break;
        }
    }
    Ok(Walk { start: domain, found })
}

/// Returns the names whose records are asked for: the domain itself, then those above it.
fn names(domain: &str) -> impl Iterator<Item = &str> {
    let labels = domain.split('.').count();
    let skipped = if labels >= LONG { labels - SHORT } else { 1 };
    let above = std::iter::successors(Some(domain), |name| name.split_once('.').map(|(_, above)| above));
    std::iter::once(domain).chain(above.skip(skipped))
}

/// Returns the record of one domain; several are none (RFC 9989 §4.10 step 2).
async fn ask(dns: &dyn Dns, domain: &str) -> Result<Option<Record>, Later> {
    let texts = dns.txt(&format!("_dmarc.{domain}")).await?.records().unwrap_or_default();
    let mut records = texts.iter().filter(|text| is_dmarc(text));
    let (first, second) = (records.next(), records.next());
    Ok(if second.is_some() { None } else { first.and_then(|text| Record::read(text)) })
}

/// Returns true if a text begins with the tag of this version, whatever follows.
fn is_dmarc(text: &[u8]) -> bool {
    let tag = text.split(|octet| *octet == b';').next().unwrap_or_default();
    let mut halves = tag.splitn(2, |octet| *octet == b'=').map(<[u8]>::trim_ascii);
    halves.next().is_some_and(|name| name.eq_ignore_ascii_case(b"v")) && halves.next() == Some(b"DMARC1")
}

impl<'a> Walk<'a> {
    /// Returns the domain at which the walk began.
    pub fn domain(&self) -> &'a str {
        self.start
    }

    /// Returns the domain of the owner (RFC 9989 §4.10.2): the same for all domains of one owner.
    pub fn organization(&self) -> &'a str {
        for (name, record) in &self.found {
            match record.public_suffix {
                PublicSuffix::No => return name,
                PublicSuffix::Yes if *name != self.start => return one_below(self.start, name),
                PublicSuffix::Yes | PublicSuffix::Unsaid => {}
            }
        }
        self.found.last().map_or(self.start, |(name, _)| name)
    }

    /// Returns the record that holds for the domain, and the domain that published it (RFC 9989 §4.10.1): its own, that
    /// of its owner, or that of the public suffix.
    pub fn policy(&self) -> Option<(&'a str, &Record)> {
        let organization = self.organization();
        let at = |domain: &str| self.found.iter().find(|(name, _)| *name == domain);
        let suffix = || self.found.iter().find(|(_, record)| record.public_suffix == PublicSuffix::Yes);
        let found = at(self.start).or_else(|| at(organization)).or_else(suffix)?;
        Some((found.0, &found.1))
    }
}

/// Returns the domain one label below `suffix` that `domain` lies in.
fn one_below<'a>(domain: &'a str, suffix: &str) -> &'a str {
    let below = domain.strip_suffix(suffix).map(|below| below.trim_end_matches('.')).unwrap_or_default();
    let start = below.rfind('.').map_or(0, |dot| dot + 1);
    &domain[start..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Table;
    use crate::tests::wait;

    fn organization(table: &Table, domain: &str) -> String {
        wait(walk(table, domain)).unwrap().organization().to_owned()
    }

    #[test]
    fn a_walk_asks_eight_questions_at_most() {
        let above =
            ["g.h.i.j.mail.example.com", "h.i.j.mail.example.com", "i.j.mail.example.com", "j.mail.example.com"];
        let long = "a.b.c.d.e.f.g.h.i.j.mail.example.com";
        let expected: Vec<&str> =
            [long].into_iter().chain(above).chain(["mail.example.com", "example.com", "com"]).collect();
        assert_eq!(names(long).collect::<Vec<_>>(), expected);
        assert_eq!(names("a.b.c.d.e.f.g.h").nth(1), Some("b.c.d.e.f.g.h"));
        assert_eq!(names("example.com").collect::<Vec<_>>(), ["example.com", "com"]);
        assert_eq!(names("com").collect::<Vec<_>>(), ["com"]);
    }

    #[test]
    fn the_owner_is_the_shortest_name_with_a_record() {
        let table = Table::new().txt("_dmarc.mail.example.com", "v=DMARC1").txt("_dmarc.example.com", "v=DMARC1");
        assert_eq!(organization(&table, "a.mail.example.com"), "example.com");
        assert_eq!(
            organization(&table, "elsewhere.test"),
            "elsewhere.test",
            "without any record it is the name itself"
        );
    }

    #[test]
    fn a_public_suffix_ends_the_domain_of_its_owners() {
        let table = Table::new().txt("_dmarc.com", "v=DMARC1; psd=y").txt("_dmarc.x.example.com", "v=DMARC1");
        assert_eq!(organization(&table, "a.mail.example.com"), "example.com");
        assert_eq!(organization(&table, "com"), "com", "a suffix that writes letters is its own owner");
        let table =
            Table::new().txt("_dmarc.mail.example.com", "v=DMARC1; psd=n").txt("_dmarc.example.com", "v=DMARC1");
        assert_eq!(organization(&table, "a.mail.example.com"), "mail.example.com");
    }

    #[test]
    fn the_policy_is_that_of_the_domain_of_its_owner_or_of_the_suffix() {
        let table = Table::new()
            .txt("_dmarc.test", "v=DMARC1; p=quarantine; psd=y")
            .txt("_dmarc.own.a.test", "v=DMARC1; p=none")
            .txt("_dmarc.a.test", "v=DMARC1; p=reject");
        let at = |domain: &str| wait(walk(&table, domain)).unwrap().policy().map(|(at, _)| at.to_owned());
        assert_eq!(at("own.a.test").as_deref(), Some("own.a.test"));
        assert_eq!(at("x.y.a.test").as_deref(), Some("a.test"));
        assert_eq!(at("b.test").as_deref(), Some("test"));
        assert_eq!(at("b.example"), None);
    }

    #[test]
    fn several_records_of_a_name_are_none() {
        let table = Table::new().txt("_dmarc.a.test", "v=DMARC1; p=reject").txt("_dmarc.a.test", "v=DMARC1; p=x");
        assert_eq!(wait(walk(&table, "a.test")).unwrap().policy(), None);
        let table = Table::new().txt("_dmarc.a.test", "v=DMARC1; p=reject").txt("_dmarc.a.test", "v=spf1 -all");
        assert!(wait(walk(&table, "a.test")).unwrap().policy().is_some());
        assert_eq!(wait(walk(&Table::new().silent("_dmarc.test"), "a.test")), Err(Later));
    }
}
