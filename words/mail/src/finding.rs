//! The findings of checks about a letter (see [`crate::check`]). They are kept with the letter, shown in its history,
//! and written as a field before it (RFC 8601).

pub mod authentication;
mod words;

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

use crate::Domain;
use crate::trace::Event;

pub use words::{Told, Words, told, words};

/// The weight of a finding for the reader of the letter. Stored by the order of the variants: new ones go to the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Severity {
    /// Good to know, and no reason to look twice: a signature is right, a check could not be done.
    #[default]
    Note,
    /// The reader should look twice.
    Warning,
    /// The letter is not what it claims to be.
    Alarm,
}

/// One finding of a check: a resinfo of RFC 8601 §2.2, with a severity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    method: String,
    result: String,
    code: String,
    about: Vec<(String, String)>,
    severity: Severity,
}

/// The longest name of a method, result, code or property, in octets.
const LONGEST_NAME: usize = 40;
/// The longest value of a property, in characters.
const LONGEST_VALUE: usize = 256;
/// The most properties of one finding.
const MOST_ABOUT: usize = 8;

impl Finding {
    /// Makes the finding of a check of this method (`spf`, `dkim`, …) with this result (`pass`, `fail`, `temperror`,
    /// …), both in the words of the registry of RFC 8601 §6. Characters that no name has there are left out.
    pub fn new(method: &str, result: &str) -> Self {
        let (method, result) = (name(method), name(result));
        Self { method, result, code: String::new(), about: Vec::new(), severity: Severity::Note }
    }

    /// Adds the reason, as a code for machines, such as `spf-not-permitted`. People read the [`words`] made from it.
    #[must_use]
    pub fn because(self, code: &str) -> Self {
        Self { code: name(code), ..self }
    }

    /// Adds a checked value, as a property of RFC 8601 §2.3: `smtp.mailfrom`, `header.d`. Foreign values are cut at 256
    /// characters, and only eight properties are kept.
    #[must_use]
    pub fn about(mut self, property: &str, value: &str) -> Self {
        if self.about.len() < MOST_ABOUT {
            let mut value: String = value.chars().take(LONGEST_VALUE).collect();
            crate::trace::tidy(&mut value);
            self.about.push((name(property), value));
        }
        self
    }

    /// Sets the severity.
    #[must_use]
    pub fn with_severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    /// Returns the method: `spf`.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Returns the result: `fail`.
    pub fn result(&self) -> &str {
        &self.result
    }

    /// Returns the code of the reason; empty if the result says all.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Returns the checked properties, each with its value.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &str)> {
        self.about.iter().map(|(property, value)| (property.as_str(), value.as_str()))
    }

    /// Returns the weight of the finding.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// Returns the finding as an event for the history of the letter: it concerns every recipient. The reason is the
    /// code, with the properties behind it.
    pub fn event(&self) -> Event {
        let (by, decision) = (self.method.clone(), self.result.clone());
        Event::Judged { recipient: String::new(), by, decision, reason: self.reason() }
    }

    /// Returns the meaning of the finding for a person; `None` if its code has no words.
    pub fn told(&self) -> Option<Told> {
        told(&self.reason())
    }

    fn reason(&self) -> String {
        let mut reason = self.code.clone();
        for (property, value) in &self.about {
            let between = if reason.is_empty() { "" } else { " " };
            let _ = write!(reason, "{between}{property}={value}");
        }
        reason
    }
}

impl fmt::Display for Finding {
    /// Writes the finding as it stands in the field, on lines of its own (RFC 8601 §2.2).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.method, self.result)?;
        if !self.code.is_empty() {
            write!(f, " reason={}", self.code)?;
        }
        self.about.iter().try_for_each(|(property, value)| write!(f, "\r\n\t  {property}={}", value_text(value)))
    }
}

/// Makes a name of RFC 8601: letters, digits, hyphens and dots, in lower case.
fn name(text: &str) -> String {
    let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    text.chars().filter(fits).take(LONGEST_NAME).map(|c| c.to_ascii_lowercase()).collect()
}

/// Writes a value as a token (RFC 2045 §5.1, and `@` as in an address), or quoted. A character outside ASCII would make
/// the header need SMTPUTF8, and is shown as `?`.
fn value_text(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`{|}~@".contains(c);
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_owned();
    }
    let mut quoted = String::from('"');
    for c in value.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }) {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted + "\""
}

/// The version of the encoding of columns; see [`Findings::to_column`].
const COLUMN_VERSION: u8 = 1;

/// All findings about a letter, in the order of the checks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// The most that are kept of one letter; it may have any number of signatures.
    pub const MOST: usize = 50;

    /// Adds a finding. Beyond [`Self::MOST`] it is not kept.
    pub fn add(&mut self, finding: Finding) {
        if self.0.len() < Self::MOST {
            self.0.push(finding);
        }
    }

    /// Returns true if there are no findings.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns each finding, in the order of the checks.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter()
    }

    /// Returns the findings of one method: a letter may have several signatures.
    pub fn of<'a>(&'a self, method: &'a str) -> impl Iterator<Item = &'a Finding> {
        self.0.iter().filter(move |finding| finding.method == method)
    }

    /// Returns the severity of the gravest finding.
    pub fn severity(&self) -> Severity {
        self.0.iter().map(Finding::severity).max().unwrap_or_default()
    }

    /// Returns true if the domain that the letter names as its author's is one that nothing proves: DMARC fails, whatever
    /// its owner asks for, or the domain is our own. It is false where a forwarder whom the postmaster trusts answers for
    /// the letter, and where nobody could find out.
    pub fn fails_alignment(&self) -> bool {
        let is_unproved = |found: &Finding| match found.code() {
            authentication::SENDER_BY_FORWARDER => false,
            authentication::OWN_NOT_PROVED => true,
            _ => found.result() == "fail",
        };
        self.of("dmarc").any(is_unproved)
    }

    /// Returns true if the letter belongs among the junk unless its reader decides otherwise: a check says that it is not
    /// what it claims to be. Such a letter goes on to nobody by itself.
    pub fn is_suspect(&self) -> bool {
        self.severity() == Severity::Alarm
    }

    /// Writes the findings for a column: a version, then the findings as postcard encodes them. `None` if there are
    /// none, so that a letter that was not checked costs nothing.
    pub fn to_column(&self) -> Option<Vec<u8>> {
        if self.is_empty() {
            return None;
        }
        // It fails only where the memory does.
        postcard::to_extend(self, vec![COLUMN_VERSION]).ok()
    }

    /// Reads the findings of a column that [`Self::to_column`] wrote. `None` if it is damaged, or of a version that
    /// this program does not know.
    pub fn from_column(column: &[u8]) -> Option<Self> {
        match column.split_first()? {
            (&COLUMN_VERSION, findings) => postcard::from_bytes(findings).ok(),
            _ => None,
        }
    }

    /// Returns the field with the findings, with its line end: `Authentication-Results` of this server (RFC 8601 §2.2).
    /// `None` if there are none.
    pub fn field(&self, by: &Domain) -> Option<String> {
        let mut field = format!("{FIELD}: {by}");
        self.0.iter().for_each(|finding| {
            let _ = write!(field, ";\r\n\t{finding}");
        });
        (!self.0.is_empty()).then(|| field + "\r\n")
    }
}

/// The name of the field with the findings.
pub const FIELD: &str = "Authentication-Results";

/// Returns true if a field of a letter claims that the server `by` wrote it (RFC 8601 §5). Such a field of an arriving
/// letter is a forgery, or comes from an earlier journey.
pub fn is_claimed_by(field: &crate::header::Field<'_>, by: &Domain) -> bool {
    let value = field.value();
    let name = value.split(|octet| *octet == b';' || octet.is_ascii_whitespace()).next().unwrap_or_default();
    field.is(FIELD) && name.trim_ascii().eq_ignore_ascii_case(by.as_str().as_bytes())
}

/// A check failed; see [`words`].
pub const CHECK_FAILED: &str = "check-failed";
/// A check took longer than it may; see [`words`].
pub const CHECK_LATE: &str = "check-late";

/// The method of a finding about a letter that is rewritten for the server it goes to (RFC 6152). It is made on the way
/// out, and not by a check.
pub const CONVERSION: &str = "8bitmime";
/// A letter was rewritten on its way out, so that signatures of it no longer hold; see [`words`].
pub const SIGNATURES_LOST: &str = "signatures-lost";

/// The method of a finding about the signatures that a letter leaves with (RFC 6376). The code that makes the letter ready
/// to leave makes it, and not a check.
pub const SIGNATURE: &str = "signature";
/// A letter was signed by the keys of the domain that it is from; see [`words`].
pub const SIGNED: &str = "signed-by-its-domain";
/// A key of the domain is damaged or missing; see [`words`].
pub const KEY_UNUSABLE: &str = "key-unusable";
/// A letter has several From fields, and is not signed; see [`words`].
pub const SEVERAL_FROM: &str = "several-from-fields";

/// The method of a finding about the address of ours that a letter has left from. It is made on the way out.
pub const SOURCE: &str = "source";
/// The address that a letter left from has the name of this server; see [`words`].
pub const SOURCE_CONFIRMED: &str = "source-confirmed";
/// The address that a letter left from has another name, or none; see [`words`].
pub const SOURCE_NOT_CONFIRMED: &str = "source-not-confirmed";
/// Nobody could say which name the address has that a letter left from; see [`words`].
pub const SOURCE_UNKNOWN: &str = "source-unknown";

/// The method of a finding of the administrator's lists (see [`crate::listed`]).
pub const POLICY: &str = "policy";
/// The administrator denies whoever the letter is from; see [`words`].
pub const LISTED: &str = "listed";
/// The administrator allows whoever the letter is from, whatever else is found; see [`words`].
pub const ALLOWED: &str = "allowed";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header;

    fn alpha() -> Domain {
        Domain::parse("mail.alpha.test").unwrap()
    }

    fn found(each: impl IntoIterator<Item = Finding>) -> Findings {
        let mut findings = Findings::default();
        each.into_iter().for_each(|finding| findings.add(finding));
        findings
    }

    #[test]
    fn findings_are_one_field_of_this_server() {
        let findings = found([
            Finding::new("spf", "fail").because("spf-not-permitted").about("smtp.mailfrom", "eve@evil.test"),
            Finding::new("dkim", "pass").about("header.d", "evil.test"),
        ]);
        assert_eq!(
            findings.field(&alpha()).unwrap(),
            "Authentication-Results: mail.alpha.test;\r\n\tspf=fail reason=spf-not-permitted\r\n\t  \
             smtp.mailfrom=eve@evil.test;\r\n\tdkim=pass\r\n\t  header.d=evil.test\r\n"
        );
        assert_eq!(Findings::default().field(&alpha()), None);
    }

    #[test]
    fn a_foreign_value_cannot_leave_its_field() {
        let evil = "a\"b\\c\r\n\r\nBcc: x\u{202e}é";
        let field = found([Finding::new("s p\nf", "Fail;").about("smtp.mailfrom", evil)]).field(&alpha()).unwrap();
        assert_eq!(header::fields(field.as_bytes()).count(), 1, "{field}");
        assert!(field.contains("spf=fail") && field.is_ascii() && !field.contains("\r\n\r\n"), "{field}");
        assert!(field.contains(r#"smtp.mailfrom="a\"b\\c"#), "{field}");
    }

    #[test]
    fn no_line_of_the_field_is_longer_than_a_line_may_be() {
        let long = (0..20).fold(Finding::new("x", "y").because(&"c".repeat(900)), |finding, _| {
            finding.about("p.q", &"\"".repeat(5000))
        });
        let field = found(std::iter::repeat_n(long, 500)).field(&alpha()).unwrap();
        assert!(field.lines().all(|line| line.len() <= 998), "RFC 5322 §2.1.1");
        assert!(field.len() < 300_000);
    }

    #[test]
    fn findings_go_round_through_their_column() {
        assert_eq!(Findings::default().to_column(), None, "a letter that was not checked costs nothing");
        let suspect = Finding::new("spam", "suspect").with_severity(Severity::Warning);
        let spf = Finding::new("spf", "fail").because("spf-not-permitted").about("smtp.mailfrom", "é@x.test");
        let findings = found([spf, suspect]);
        let column = findings.to_column().unwrap();
        assert_eq!(Findings::from_column(&column), Some(findings));
        assert_eq!(Findings::from_column(&column[..column.len() - 1]), None);
        assert_eq!(Findings::from_column(&[]), None);
    }

    #[test]
    fn the_gravest_finding_is_that_of_the_letter() {
        let warning = Finding::new("spam", "suspect").with_severity(Severity::Warning);
        let findings = found([Finding::new("spf", "pass"), warning, Finding::new("dkim", "none")]);
        assert_eq!(findings.severity(), Severity::Warning);
        assert_eq!(findings.of("spf").count(), 1);
        assert_eq!(Findings::default().severity(), Severity::Note);
    }

    #[test]
    fn what_nothing_proves_fails_alignment_and_an_alarm_makes_a_letter_suspect() {
        let dmarc = |result, code| found([Finding::new("dmarc", result).because(code)]);
        assert!(dmarc("fail", authentication::DMARC_NOT_PROVED).fails_alignment(), "whatever the owner asks for");
        assert!(dmarc("none", authentication::OWN_NOT_PROVED).fails_alignment());
        assert!(!dmarc("fail", authentication::SENDER_BY_FORWARDER).fails_alignment());
        assert!(!dmarc("temperror", "dmarc-no-answer").fails_alignment());
        assert!(!found([Finding::new("spf", "fail")]).fails_alignment(), "SPF alone proves nothing");
        assert!(!found([Finding::new("spf", "fail").with_severity(Severity::Warning)]).is_suspect());
        assert!(found([Finding::new("dmarc", "fail").with_severity(Severity::Alarm)]).is_suspect());
    }

    #[test]
    fn a_field_that_claims_to_be_ours_is_known_whatever_its_case() {
        let claims = |letter: &str| is_claimed_by(&header::fields(letter.as_bytes()).next().unwrap(), &alpha());
        assert!(claims("authentication-results: MAIL.alpha.test; spf=pass\r\n"));
        assert!(claims("Authentication-Results:\r\n mail.alpha.test 1; none\r\n"));
        assert!(!claims("Authentication-Results: mail.beta.test; spf=pass\r\n"));
        assert!(!claims("Subject: mail.alpha.test; spf=pass\r\n"));
    }

    #[test]
    fn a_code_has_words_in_both_languages_or_none() {
        let late = words(CHECK_LATE).unwrap();
        assert_eq!((late.english, late.french), ("the check took too long", "le contrôle a pris trop de temps"));
        assert_eq!(words("no-such-code"), None);
    }
}
