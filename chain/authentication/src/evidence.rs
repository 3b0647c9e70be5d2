//! Reads from the findings of a letter what the policy asks about.

use mail::finding::authentication::{
    DMARC_PROVED, IPREV_CLAIMED, IPREV_GENERIC, IPREV_NO_NAME, OWN_NOT_PROVED, SENDER_BY_FORWARDER, SENDER_BY_WORD,
    SENDER_NOT_PROVED_BY_WORD, SPF_AUTHOR_NOT_PERMITTED, SPF_NOT_PERMITTED,
};
use mail::finding::{ALLOWED, LISTED};
use mail::{Finding, Findings};

use crate::author::is_within;
use crate::policy::{Against, Author};
use crate::told::{OWN, POLICY};

/// The finding about the author; `None` if DMARC was not asked.
pub(crate) fn about_author(findings: &Findings) -> Option<&Finding> {
    findings.of("dmarc").next()
}

/// The value of a property.
pub(crate) fn property<'a>(finding: &'a Finding, name: &str) -> Option<&'a str> {
    finding.properties().find(|(property, _)| *property == name).map(|(_, value)| value)
}

/// Returns the state of the author.
pub(crate) fn author(found: &Finding) -> Author {
    // A policy that asks for nothing is said; where nothing is said there is no record, or nobody could find it.
    let asks = match property(found, POLICY) {
        Some("none") => Some(false),
        Some(_) => Some(true),
        None => None,
    };
    match (found.code(), found.result()) {
        (DMARC_PROVED | SENDER_BY_FORWARDER | SENDER_BY_WORD | SENDER_NOT_PROVED_BY_WORD, _) => Author::Fine,
        (OWN_NOT_PROVED, _) if asks != Some(true) => Author::OwnUnproved,
        (_, "fail") if asks == Some(true) => Author::Unproved,
        (_, "temperror") if asks != Some(false) => Author::Unknown,
        (_, "permerror") if found.severity() == mail::finding::Severity::Alarm => Author::Unproved,
        _ => Author::Fine,
    }
}

/// Returns the findings that speak against a letter beside DMARC, and whether there could be more.
pub(crate) fn against(findings: &Findings) -> (Against, Option<&Finding>) {
    let definite = findings.iter().find(|found| speaks_against(found, findings));
    let is_open = || {
        let unsaid = |found: &&Finding| found.result() == "temperror";
        let of_author = |found: &&Finding| property(found, "header.from").is_some() || is_of_author(found, findings);
        findings.of("iprev").any(|found| unsaid(&found))
            || findings.of("spf").filter(unsaid).any(|found| of_author(&found))
    };
    match definite {
        Some(found) => (Against::Something, Some(found)),
        None if is_open() => (Against::Unknown, None),
        None => (Against::Nothing, None),
    }
}

fn speaks_against(found: &Finding, findings: &Findings) -> bool {
    match found.code() {
        IPREV_CLAIMED | IPREV_GENERIC | IPREV_NO_NAME | LISTED | SPF_AUTHOR_NOT_PERMITTED => true,
        SPF_NOT_PERMITTED => is_of_author(found, findings),
        // The domain is our own: nobody knows better who writes in its name.
        _ => found.method() == "dmarc" && property(found, OWN).is_some(),
    }
}

/// Returns true if a finding of SPF is about MAIL FROM of the very domain that is said to be the author's.
fn is_of_author(found: &Finding, findings: &Findings) -> bool {
    let author = about_author(findings).and_then(|author| property(author, "header.from"));
    author.is_some() && property(found, "smtp.mailfrom") == author
}

/// Returns true if a list of the administrator lets the sender in.
pub(crate) fn is_allowed(findings: &Findings) -> bool {
    findings.iter().any(|found| found.code() == ALLOWED)
}

/// Returns the domain of the author, if a signature of it or of a domain above it holds.
pub(crate) fn signing(findings: &Findings) -> Option<&str> {
    let found = about_author(findings).filter(|found| found.code() == DMARC_PROVED)?;
    let author = property(found, "header.from")?;
    signers(findings).any(|signer| is_within(author, signer) || is_within(signer, author)).then_some(author)
}

/// Returns true if a signature that holds speaks for this list.
pub(crate) fn signed_by_list(findings: &Findings, list: &str) -> bool {
    signers(findings).any(|signer| is_within(list, signer))
}

/// The domains whose signatures hold.
fn signers(findings: &Findings) -> impl Iterator<Item = &str> {
    let valid = findings.of("dkim").filter(|found| found.result() == "pass");
    valid.filter_map(|found| property(found, "header.d"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::finding::Severity;
    use mail::finding::authentication::{DMARC_NO_RECORD, DMARC_NOT_PROVED, DMARC_REJECT};

    fn findings(each: impl IntoIterator<Item = Finding>) -> Findings {
        let mut findings = Findings::default();
        each.into_iter().for_each(|finding| findings.add(finding));
        findings
    }

    fn dmarc(result: &str, code: &str, policy: &str) -> Finding {
        let found = Finding::new("dmarc", result).because(code).about("header.from", "bank.test");
        if policy.is_empty() { found } else { found.about(POLICY, policy) }
    }

    #[test]
    fn the_author_is_unproved_where_the_owner_asks_for_something() {
        assert_eq!(author(&dmarc("fail", DMARC_REJECT, "reject")), Author::Unproved);
        assert_eq!(author(&dmarc("fail", DMARC_NOT_PROVED, "none")), Author::Fine);
        assert_eq!(author(&dmarc("none", DMARC_NO_RECORD, "")), Author::Fine);
        assert_eq!(author(&dmarc("temperror", "dmarc-no-answer", "")), Author::Unknown);
        assert_eq!(author(&dmarc("temperror", "dmarc-no-proof-yet", "none")), Author::Fine, "it could not be refused");
        assert_eq!(author(&dmarc("none", OWN_NOT_PROVED, "")), Author::OwnUnproved);
        assert_eq!(author(&dmarc("fail", OWN_NOT_PROVED, "none")), Author::OwnUnproved);
        assert_eq!(author(&dmarc("fail", OWN_NOT_PROVED, "reject")), Author::Unproved);
        assert_eq!(author(&dmarc("fail", SENDER_BY_FORWARDER, "")), Author::Fine);
        assert_eq!(author(&dmarc("permerror", "x", "").with_severity(Severity::Alarm)), Author::Unproved);
    }

    #[test]
    fn spf_speaks_against_a_letter_only_where_it_is_the_author_s() {
        let fails =
            |domain: &str| Finding::new("spf", "fail").because(SPF_NOT_PERMITTED).about("smtp.mailfrom", domain);
        let with = |second: Finding| against(&findings([dmarc("fail", DMARC_REJECT, "reject"), second])).0;
        assert_eq!(with(fails("bank.test")), Against::Something);
        assert_eq!(with(fails("forwarder.test")), Against::Nothing);
        let helo = Finding::new("spf", "fail").because(SPF_NOT_PERMITTED).about("smtp.helo", "bank.test");
        assert_eq!(with(helo), Against::Nothing);
        assert_eq!(with(Finding::new("spf", "temperror").about("smtp.mailfrom", "bank.test")), Against::Unknown);
        assert_eq!(with(Finding::new("spf", "temperror").about("smtp.mailfrom", "x.test")), Against::Nothing);
        assert_eq!(with(Finding::new("iprev", "permerror").because(IPREV_NO_NAME)), Against::Something);
        assert_eq!(with(Finding::new("iprev", "temperror")), Against::Unknown);
        assert_eq!(with(Finding::new("iprev", "pass")), Against::Nothing);
        assert_eq!(with(Finding::new("denied", "fail").because(LISTED)), Against::Something);
        let own = dmarc("fail", OWN_NOT_PROVED, "reject").about(OWN, "yes");
        assert_eq!(against(&findings([own])).0, Against::Something);
    }

    #[test]
    fn a_signature_is_that_of_the_author_or_of_the_list() {
        let signed = |d: &str| Finding::new("dkim", "pass").about("header.d", d);
        let proved = dmarc("pass", DMARC_PROVED, "reject");
        assert_eq!(signing(&findings([proved.clone(), signed("mail.bank.test")])), Some("bank.test"));
        assert_eq!(signing(&findings([proved, signed("other.test")])), None, "SPF proved it");
        assert!(signed_by_list(&findings([signed("example.org")]), "gardeners.example.org"));
        assert!(!signed_by_list(&findings([signed("evil.test")]), "gardeners.example.org"));
    }
}
