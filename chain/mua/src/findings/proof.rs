//! The line about who sent the letter, from what was found out when it came in.

use mail::finding::authentication::{
    DMARC_NO_RECORD, DMARC_NOT_PROVED, DMARC_PROVED, SENDER_BY_FORWARDER, SENDER_BY_WORD,
};
use mail::finding::{Severity, told};
use mail::trace::Event;
use mail::{Finding as Found, Findings};
use serde::Serialize;

/// The knowledge about the sender of a letter, in whole sentences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Something proves the sender.
    pub proved: bool,
    /// The reader should look twice.
    pub warns: bool,
    /// In English.
    pub en: String,
    /// In French.
    pub fr: String,
}

/// Returns what the reader should know about the sender; `None` if nobody looked, or if nobody could find out.
pub fn of(findings: &Findings) -> Option<Proof> {
    let found = findings.of("dmarc").next().filter(|found| found.result() != "temperror")?;
    let told = told(&reason(found))?;
    let proved = matches!(found.code(), DMARC_PROVED | SENDER_BY_WORD | SENDER_BY_FORWARDER);
    let warns = found.severity() > Severity::Note;
    Some(Proof { proved, warns, en: sentence(&told.english), fr: sentence(&told.french) })
}

/// A reader is told the same where the owner of a domain asks for nothing and where there is no record: nothing proves it.
fn reason(found: &Found) -> String {
    let Event::Judged { reason, .. } = found.event() else { return String::new() };
    match reason.strip_prefix(DMARC_NO_RECORD) {
        Some(properties) => format!("{DMARC_NOT_PROVED}{properties}"),
        None => reason,
    }
}

/// Begins with a capital letter and ends with a full stop.
fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    let first: String = rest.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", rest.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(result: &str, code: &str, severity: Severity) -> Option<Proof> {
        let mut findings = Findings::default();
        findings.add(Found::new("spf", "fail").because("spf-not-permitted"));
        let found = Found::new("dmarc", result).because(code).with_severity(severity);
        findings.add(found.about("header.from", "bank.test"));
        of(&findings)
    }

    #[test]
    fn the_line_says_who_the_letter_is_from_or_that_nothing_proves_it() {
        let proved = proof("pass", DMARC_PROVED, Severity::Note).unwrap();
        assert!(proved.proved && !proved.warns);
        assert_eq!(
            (proved.en.as_str(), proved.fr.as_str()),
            ("Really from bank.test.", "Vient vraiment de bank.test.")
        );
        let unproved = proof("none", DMARC_NO_RECORD, Severity::Note).unwrap();
        assert!(!unproved.proved && !unproved.warns);
        assert!(unproved.en.starts_with("Says it is from bank.test; nothing proves it. If it asks"), "{}", unproved.en);
        assert!(proof("fail", DMARC_NOT_PROVED, Severity::Warning).unwrap().warns);
        assert_eq!(proof("temperror", "dmarc-no-answer", Severity::Note), None);
        assert_eq!(of(&Findings::default()), None);
    }
}
