//! Records of DMARC (RFC 9989 §4.7, §4.8).

use std::fmt;

/// The wish of the owner of a domain about letters that nothing proves (RFC 9989 §4.7, `p`). Ordered by strictness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    /// Nothing is asked for.
    #[default]
    None,
    /// Such letters are suspicious.
    Quarantine,
    /// Such letters should be refused.
    Reject,
}

impl Policy {
    /// Returns the word of the record.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }

    fn read(word: &str) -> Option<Self> {
        [Self::None, Self::Quarantine, Self::Reject].into_iter().find(|policy| word.eq_ignore_ascii_case(policy.name()))
    }

    /// Returns the policy that is one step milder: that of a domain which still tests (RFC 9989 §4.7, `t`).
    pub fn milder(self) -> Self {
        match self {
            Self::Reject => Self::Quarantine,
            Self::Quarantine | Self::None => Self::None,
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// States whether a domain is a public suffix (RFC 9989 §4.7, `psd`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PublicSuffix {
    /// It is one: domains below it belong to different owners.
    Yes,
    /// It is none, and the owner's domain begins here.
    No,
    /// The record does not say.
    #[default]
    Unsaid,
}

/// A record, read. A tag that is wrong has its default value (RFC 9989 §4.7).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The policy for the domain itself (`p`).
    pub policy: Policy,
    /// The policy for domains below it that exist (`sp`).
    pub subdomains: Option<Policy>,
    /// The policy for domains below it that do not exist (`np`).
    pub nonexistent: Option<Policy>,
    /// Only the very domain of a signature proves the author's (`adkim=s`).
    pub has_strict_dkim: bool,
    /// Only the very domain of MAIL FROM proves the author's (`aspf=s`).
    pub has_strict_spf: bool,
    /// The owner still tests, and wants the next milder policy (`t=y`; in records of RFC 7489 `pct=0`).
    pub is_test: bool,
    /// The domain is a public suffix, or says that it is none (`psd`).
    pub public_suffix: PublicSuffix,
    /// The addresses that aggregate reports go to (`rua`), ten at most.
    pub reports: Vec<String>,
}

/// The most addresses for reports that are kept.
const MOST_REPORTS: usize = 10;
/// The version, which is compared with its case (RFC 9989 §4.8).
const VERSION: &str = "DMARC1";

impl Record {
    /// Reads a text. `None` if it is no record of DMARC, or one that asks for nothing: a policy in it is wrong, and no
    /// reports are wanted (RFC 9989 §4.10.1).
    pub fn read(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut tags = text.split(';').map(|tag| tag.split_once('=').map(|(name, value)| (trim(name), trim(value))));
        let (name, version) = tags.next()??;
        if !name.eq_ignore_ascii_case("v") || version != VERSION {
            return None;
        }
        let mut reading = Reading::default();
        tags.flatten().for_each(|(name, value)| reading.take(&name.to_ascii_lowercase(), value));
        reading.record()
    }

    /// Returns the policy for letters of `domain`, where the record is that of `at`.
    pub(super) fn policy_for(&self, domain: &str, at: &str, exists: bool) -> Policy {
        if domain == at {
            return self.policy;
        }
        let for_missing = self.nonexistent.filter(|_| !exists);
        for_missing.or(self.subdomains).unwrap_or(self.policy)
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// A record that is being read. Of a tag that stands twice the first counts.
#[derive(Default)]
struct Reading {
    seen: Vec<String>,
    record: Record,
    is_wrong: bool,
    test: Option<bool>,
    percent: Option<u64>,
}

impl Reading {
    fn take(&mut self, name: &str, value: &str) {
        let known = ["p", "sp", "np", "adkim", "aspf", "t", "psd", "rua", "pct"];
        if !known.contains(&name) || self.seen.iter().any(|seen| seen == name) {
            return;
        }
        self.seen.push(name.to_owned());
        let record = &mut self.record;
        let (yes, strict) = (value.eq_ignore_ascii_case("y"), value.eq_ignore_ascii_case("s"));
        match name {
            "p" => match Policy::read(value) {
                Some(policy) => record.policy = policy,
                None => self.is_wrong = true,
            },
            "sp" | "np" => {
                let policy = Policy::read(value);
                self.is_wrong |= policy.is_none();
                let place = if name == "sp" { &mut record.subdomains } else { &mut record.nonexistent };
                *place = policy;
            }
            "adkim" => record.has_strict_dkim = strict,
            "aspf" => record.has_strict_spf = strict,
            "t" => self.test = Some(yes),
            "psd" if yes => record.public_suffix = PublicSuffix::Yes,
            "psd" if value.eq_ignore_ascii_case("n") => record.public_suffix = PublicSuffix::No,
            "rua" => record.reports = report_addresses(value),
            "pct" => self.percent = value.parse().ok(),
            _ => {}
        }
    }

    fn record(self) -> Option<Record> {
        // RFC 9989 A.6: owners who tested by RFC 7489 wrote pct=0. Other numbers were never applied alike, and say that
        // the policy is meant.
        let is_test = self.test.unwrap_or(self.percent == Some(0));
        let record = Record { is_test, ..self.record };
        match (self.is_wrong, record.reports.is_empty()) {
            (false, _) => Some(record),
            (true, true) => None,
            (true, false) => Some(Record { policy: Policy::None, subdomains: None, nonexistent: None, ..record }),
        }
    }
}

/// Returns the addresses of a list that are URIs with a scheme. A limit on the size, which RFC 7489 knew, is left out.
fn report_addresses(list: &str) -> Vec<String> {
    let is_address = |address: &str| {
        let is_scheme = |scheme: &str| !scheme.is_empty() && scheme.bytes().all(|octet| octet.is_ascii_alphanumeric());
        let is_plain = address.bytes().all(|octet| octet.is_ascii_graphic());
        is_plain && address.split_once(':').is_some_and(|(scheme, rest)| is_scheme(scheme) && !rest.is_empty())
    };
    let addresses = list.split(',').map(|address| trim(address.split('!').next().unwrap_or_default()));
    addresses.filter(|address| is_address(address)).take(MOST_REPORTS).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Record> {
        Record::read(text.as_bytes())
    }

    #[test]
    fn every_tag_is_read() {
        let record = read(
            "v=DMARC1; p=reject ;sp=Quarantine; np = none; adkim=s; aspf=S; t=y; psd=n; \
             rua=mailto:a@alpha.test!10m, mailto:b@beta.test; ruf=mailto:c@x.test; fo=1; unknown=x;",
        );
        let record = record.unwrap();
        assert_eq!(record.policy, Policy::Reject);
        assert_eq!((record.subdomains, record.nonexistent), (Some(Policy::Quarantine), Some(Policy::None)));
        assert!(record.has_strict_dkim && record.has_strict_spf && record.is_test);
        assert_eq!(record.public_suffix, PublicSuffix::No);
        assert_eq!(record.reports, ["mailto:a@alpha.test", "mailto:b@beta.test"]);
    }

    #[test]
    fn the_version_stands_first_and_is_exact() {
        for bad in
            ["", "v=DMARC2; p=none", "v=dmarc1; p=none", "p=none; v=DMARC1", "DMARC1", "v=DMARC1 p=none", "\u{ff}"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(Record::read(b"v=DMARC1; p=\xff"), None);
        assert_eq!(read("v = DMARC1;p=quarantine").unwrap().policy, Policy::Quarantine);
    }

    #[test]
    fn a_record_without_a_policy_asks_for_nothing() {
        assert_eq!(read("v=DMARC1"), Some(Record::default()));
        assert_eq!(read("v=DMARC1; t=y;;;").unwrap().policy, Policy::None);
    }

    #[test]
    fn a_wrong_policy_leaves_only_the_reports() {
        for bad in ["p=rejects", "p=", "p=reject; sp=all", "p=reject; np=x"] {
            assert_eq!(read(&format!("v=DMARC1; {bad}")), None, "{bad}");
            let record = read(&format!("v=DMARC1; {bad}; rua=mailto:a@alpha.test")).unwrap();
            assert_eq!((record.policy, record.subdomains), (Policy::None, None), "{bad}");
        }
        assert_eq!(read("v=DMARC1; p=x; rua=nobody"), None);
    }

    #[test]
    fn old_records_are_read_as_they_were_meant() {
        assert!(read("v=DMARC1; p=reject; pct=0; rf=afrf; ri=86400").unwrap().is_test);
        assert!(!read("v=DMARC1; p=reject; pct=50").unwrap().is_test);
        assert!(!read("v=DMARC1; p=reject; pct=0; t=n").unwrap().is_test);
    }

    #[test]
    fn of_a_tag_that_stands_twice_the_first_counts() {
        assert_eq!(read("v=DMARC1; p=none; p=reject").unwrap().policy, Policy::None);
    }

    #[test]
    fn a_policy_of_a_domain_above_is_that_for_subdomains() {
        let record = read("v=DMARC1; p=reject; sp=quarantine; np=none").unwrap();
        assert_eq!(record.policy_for("a.test", "a.test", true), Policy::Reject);
        assert_eq!(record.policy_for("b.a.test", "a.test", true), Policy::Quarantine);
        assert_eq!(record.policy_for("b.a.test", "a.test", false), Policy::None);
        let record = read("v=DMARC1; p=reject; sp=none").unwrap();
        assert_eq!(record.policy_for("b.a.test", "a.test", false), Policy::None, "without np, sp holds");
    }
}
