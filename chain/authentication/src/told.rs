//! The verdicts of the methods as findings, in the words of the registry of RFC 8601.

use std::net::IpAddr;

use auth::arc::{Chain, ChainResult};
use auth::dkim::SignatureVerdict;
use auth::dmarc::{self, DmarcResult, Policy};
use auth::iprev::Reverse;
use auth::spf::{self, Identity, SpfResult};
use mail::Finding;
use mail::finding::Severity;
use mail::finding::authentication::{
    DMARC_NO_RECORD, DMARC_NOT_PROVED, DMARC_PROVED, DMARC_QUARANTINE, DMARC_REJECT, IPREV_CLAIMED, IPREV_GENERIC,
    IPREV_NO_NAME, OWN_NOT_PROVED, SPF_AUTHOR_NOT_PERMITTED, SPF_NOT_EXPECTED, SPF_NOT_PERMITTED,
};

use crate::generic::is_generic;

/// The property that says which policy the record of the author's domain has.
pub(crate) const POLICY: &str = "policy.dmarc";
/// The property that says that the author's domain is one of ours.
pub(crate) const OWN: &str = "policy.own";

/// SPF of MAIL FROM or of the name that the peer gave itself. SPF alone decides nothing (RFC 7208 §8.4).
pub(crate) fn spf(verdict: &spf::Verdict) -> Finding {
    let property = match verdict.identity {
        Identity::Helo => "smtp.helo",
        Identity::MailFrom => "smtp.mailfrom",
    };
    Finding::new("spf", verdict.result.name()).because(spf_code(verdict)).about(property, &verdict.domain)
}

fn spf_code(verdict: &spf::Verdict) -> &'static str {
    match verdict.result {
        SpfResult::Fail => SPF_NOT_PERMITTED,
        SpfResult::SoftFail => SPF_NOT_EXPECTED,
        _ => verdict.problem.as_ref().map_or("", spf::Problem::code),
    }
}

/// SPF of the author's domain, which the envelope does not name: evidence only.
pub(crate) fn spf_of_author(verdict: &spf::Verdict) -> Option<Finding> {
    let code = match verdict.result {
        SpfResult::Fail => SPF_AUTHOR_NOT_PERMITTED,
        SpfResult::TempError => "spf-no-answer",
        _ => return None,
    };
    Some(Finding::new("spf", verdict.result.name()).because(code).about("header.from", &verdict.domain))
}

/// One signature. A broken one is as good as none (RFC 6376 §6.1), and no reason to warn of the letter.
pub(crate) fn dkim(verdict: &SignatureVerdict) -> Finding {
    let found = Finding::new("dkim", verdict.result.name()).because(verdict.reason.code());
    let found = about(found, [("header.d", verdict.domain.as_str()), ("header.s", &verdict.selector)]);
    let algorithm = verdict.algorithm.map_or("", auth::dkim::Algorithm::name);
    about(found, [("header.a", algorithm), ("header.b", &verdict.beginning)])
}

fn about<'a>(found: Finding, each: impl IntoIterator<Item = (&'a str, &'a str)>) -> Finding {
    let told = each.into_iter().filter(|(_, value)| !value.is_empty());
    told.fold(found, |found, (property, value)| found.about(property, value))
}

/// The chain of forwarders, if the letter has one.
pub(crate) fn arc(chain: &Chain) -> Option<Finding> {
    if chain.result == ChainResult::None {
        return None;
    }
    let last = chain.seals.last().map_or("", |seal| seal.domain.as_str());
    Some(about(Finding::new("arc", chain.result.name()).because(chain.reason.code()), [("arc.d", last)]))
}

/// The name of the address that the peer connected from.
pub(crate) fn iprev(reverse: &Reverse, ip: IpAddr) -> Finding {
    let (code, name) = match reverse {
        Reverse::Pass(name) if is_generic(name, ip) => (IPREV_GENERIC, name.as_str()),
        Reverse::Pass(name) => ("", name.as_str()),
        Reverse::Fail(name) => (IPREV_CLAIMED, name.as_str()),
        Reverse::None => (IPREV_NO_NAME, ""),
        Reverse::Later => ("", ""),
    };
    let found = Finding::new("iprev", reverse.name()).because(code).about("policy.iprev", &ip.to_string());
    about(found, [("policy.ptr", name)])
}

/// The circumstances of the author's domain that DMARC does not look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Author {
    /// The domain is one of ours.
    pub is_own: bool,
    /// A signature or SPF of this very domain stands for the letter.
    pub is_proved: bool,
}

/// DMARC, with what is known about our own domains.
pub(crate) fn dmarc(verdict: &dmarc::Verdict, author: Author) -> Finding {
    let (code, severity) = meaning(verdict, author);
    let found = Finding::new("dmarc", verdict.result.name()).because(code).with_severity(severity);
    let policy = verdict.record_at.as_ref().map_or("", |_| verdict.disposition_if_it_failed().name());
    let own = if author.is_own { "yes" } else { "" };
    about(found, [("header.from", verdict.author.as_str()), (POLICY, policy), (OWN, own)])
}

fn meaning(verdict: &dmarc::Verdict, author: Author) -> (&str, Severity) {
    let problem = verdict.problem.as_ref().map_or("", dmarc::Problem::code);
    match verdict.result {
        DmarcResult::Pass => (DMARC_PROVED, Severity::Note),
        DmarcResult::None if author.is_proved => (DMARC_PROVED, Severity::Note),
        DmarcResult::TempError => (problem, Severity::Note),
        DmarcResult::PermError => (problem, Severity::Warning),
        DmarcResult::None | DmarcResult::Fail if author.is_own => (OWN_NOT_PROVED, Severity::Alarm),
        DmarcResult::None => (DMARC_NO_RECORD, Severity::Note),
        DmarcResult::Fail => match verdict.disposition() {
            Policy::None => (DMARC_NOT_PROVED, Severity::Warning),
            Policy::Quarantine => (DMARC_QUARANTINE, Severity::Alarm),
            Policy::Reject => (DMARC_REJECT, Severity::Alarm),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leads_back_may_still_be_nobody_s_choice() {
        let ip: IpAddr = "198.51.100.7".parse().unwrap();
        assert_eq!(iprev(&Reverse::Pass("mail.example.org".into()), ip).code(), "");
        assert_eq!(iprev(&Reverse::Pass("198-51-100-7.dsl.example.net".into()), ip).code(), IPREV_GENERIC);
        assert_eq!(iprev(&Reverse::None, ip).result(), "permerror");
    }
}
