//! The word of another server about the sender: the Authentication-Results that it wrote before the letter (RFC 8601).
//!
//! Anybody can write such a field. It counts only where it is the topmost, and where it bears the name of a server that
//! the postmaster believes, or of the provider whose mailbox the letter was fetched from.

use auth::results::{self, Method, Results};
use mail::Finding;
use mail::finding::Severity;
use mail::finding::authentication::{SENDER_BY_WORD, SENDER_NOT_PROVED_BY_WORD};

use crate::settings::Settings;

/// Providers whose servers for reading and for receiving have different names.
const PROVIDERS: [(&str, &str); 6] = [
    ("gmail.com", "google.com"),
    ("googlemail.com", "google.com"),
    ("fastmail.com", "messagingengine.com"),
    ("office365.com", "outlook.com"),
    ("me.com", "icloud.com"),
    ("mail.com", "gmx.net"),
];

/// Returns what a server that is believed says about the author of a letter that it handed to us.
pub(crate) fn of_others(
    letter: &[u8],
    source: Option<&str>,
    authors: &[String],
    settings: &Settings,
) -> Option<Finding> {
    let results = results::topmost(letter)?;
    let is_provider = source.is_some_and(|source| is_of(&results.server, host(source)));
    let author = authors.first().filter(|author| authors.iter().all(|other| other.eq_ignore_ascii_case(author)))?;
    if !is_provider && !settings.believes(&results.server) {
        return None;
    }
    let told = |result, code, severity| {
        let found = Finding::new("dmarc", result).because(code).with_severity(severity);
        Some(found.about("header.from", &author.to_ascii_lowercase()).about("policy.by", &results.server))
    };
    if proves(&results, author) {
        return told("pass", SENDER_BY_WORD, Severity::Note);
    }
    let fails = of(&results, "dmarc", author, from).any(|dmarc| dmarc.result == "fail");
    if fails { told("fail", SENDER_NOT_PROVED_BY_WORD, Severity::Warning) } else { None }
}

/// Returns true if these results prove the author: by DMARC, or by a signature or SPF of this very domain.
pub(crate) fn proves(results: &Results, author: &str) -> bool {
    let passes = |method: &Method| method.result == "pass";
    of(results, "dmarc", author, from).any(passes)
        || of(results, "dkim", author, |method| method.find("header", "d")).any(passes)
        || of(results, "dkim", author, |method| method.find("header", "i").map(domain_of)).any(passes)
        || of(results, "spf", author, |method| method.find("smtp", "mailfrom").map(domain_of)).any(passes)
}

fn from(method: &Method) -> Option<&str> {
    method.find("header", "from").map(domain_of)
}

/// The checks by one method that are about this domain.
fn of<'a>(
    results: &'a Results,
    method: &'a str,
    author: &'a str,
    about: impl Fn(&'a Method) -> Option<&'a str> + 'a,
) -> impl Iterator<Item = &'a Method> {
    results.of(method).filter(move |found| about(found).is_some_and(|domain| domain.eq_ignore_ascii_case(author)))
}

fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |(_, domain)| domain)
}

/// The host of a mailbox elsewhere: `imaps://alice@imap.gmail.com:993`.
fn host(source: &str) -> &str {
    let host = source.rsplit_once('@').map_or(source, |(_, host)| host);
    host.split([':', '/']).next().unwrap_or_default()
}

/// Returns true if a server that receives letters belongs to the provider whose mailboxes are read at `host`.
fn is_of(server: &str, host: &str) -> bool {
    let (server, host) = (site(server), site(host));
    let is_known = PROVIDERS.iter().any(|(read, receive)| *read == host && *receive == server);
    server.contains('.')
        && !server.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.')
        && (server == host || is_known)
}

/// The last two labels of a name, or three where the second is as short as in `co.uk`.
fn site(name: &str) -> &str {
    let name = name.trim_end_matches('.');
    let mut dots = name.rmatch_indices('.').map(|(at, _)| at);
    let (last, second) = (dots.next(), dots.next());
    let short = matches!((last, second), (Some(last), Some(second)) if last - second <= 4);
    let cut = if short { dots.next() } else { second };
    cut.map_or(name, |at| &name[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::Domain;

    fn said(field: &str, source: Option<&str>) -> Option<(String, String)> {
        let letter = format!("Authentication-Results: {field}\r\nFrom: a@bank.test\r\n\r\nx");
        let settings = Settings { believed: vec![Domain::parse("mx.front.test").unwrap()], ..Settings::default() };
        let found = of_others(letter.as_bytes(), source, &["bank.test".to_owned()], &settings)?;
        Some((found.code().to_owned(), found.told()?.english))
    }

    #[test]
    fn the_provider_of_a_fetched_letter_is_believed_and_nobody_else() {
        let gmail = Some("imaps://alice@imap.gmail.com");
        let (code, words) = said("mx.google.com; dmarc=pass (p=REJECT) header.from=bank.test", gmail).unwrap();
        assert_eq!(
            (code.as_str(), words.as_str()),
            (SENDER_BY_WORD, "really from bank.test, by the word of mx.google.com")
        );
        let failed = said("mx.google.com; spf=pass smtp.mailfrom=x@evil.test; dmarc=fail header.from=bank.test", gmail);
        assert_eq!(failed.unwrap().0, SENDER_NOT_PROVED_BY_WORD);
        assert_eq!(said("mx.evil.test; dmarc=pass header.from=bank.test", gmail), None, "anybody can write the field");
        assert_eq!(said("mx.google.com; dmarc=pass header.from=bank.test", None), None);
        assert_eq!(said("mx.google.com; dmarc=pass header.from=other.test", gmail), None);
        assert!(
            said("mx3.provider.co.uk; dkim=pass header.i=@bank.test", Some("imaps://a@imap.provider.co.uk:993"))
                .is_some()
        );
        assert!(said("mx3.other.co.uk; dkim=pass header.d=bank.test", Some("imaps://a@imap.provider.co.uk")).is_none());
    }

    #[test]
    fn a_front_is_believed_under_the_name_that_the_postmaster_gives() {
        assert!(said("mx.front.test; dmarc=pass header.from=bank.test", None).is_some());
        assert!(said("front.test; dmarc=pass header.from=bank.test", None).is_none());
    }
}
