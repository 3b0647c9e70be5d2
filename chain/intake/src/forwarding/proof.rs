//! Says if the findings about a letter prove its sender.

use mail::{Address, Finding, Findings};

/// Returns true if it is proved that the owner of the return path has sent the letter: only then may we write to it.
pub(crate) fn is_proved(findings: &Findings, return_path: &Address) -> bool {
    let domain = return_path.domain().as_str();
    let names = |finding: &Finding, property: &str| {
        finding.properties().any(|(name, value)| {
            let value = value.rsplit('@').next().unwrap_or_default();
            name == property && value.eq_ignore_ascii_case(domain)
        })
    };
    let passes = |method: &'static str, property: &'static str| {
        findings.of(method).any(|finding| finding.result() == "pass" && names(finding, property))
    };
    passes("spf", "smtp.mailfrom") || passes("dmarc", "header.from")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(finding: Finding) -> Findings {
        let mut findings = Findings::default();
        findings.add(finding);
        findings
    }

    #[test]
    fn a_return_path_is_proved_by_spf_or_dmarc_for_its_own_domain_alone() {
        let bob = Address::parse("bob@beta.test").unwrap();
        assert!(!is_proved(&Findings::default(), &bob));
        let spf = |result: &str, from: &str| found(Finding::new("spf", result).about("smtp.mailfrom", from));
        assert!(is_proved(&spf("pass", "bob@beta.test"), &bob) && is_proved(&spf("pass", "Beta.test"), &bob));
        assert!(!is_proved(&spf("fail", "bob@beta.test"), &bob) && !is_proved(&spf("pass", "eve@evil.test"), &bob));
        assert!(is_proved(&found(Finding::new("dmarc", "pass").about("header.from", "beta.test")), &bob));
    }
}
