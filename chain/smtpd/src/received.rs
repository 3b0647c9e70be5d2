//! The Received field (RFC 5321 §4.4).

use std::fmt::Write as _;
use std::net::IpAddr;

use mail::{Domain, Envelope, LetterId, Timestamp};
use net::Peer;

use crate::Visit;

/// The facts that a Received field tells.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// Us.
    pub by: &'a Domain,
    /// The letter.
    pub id: LetterId,
    /// Now.
    pub now: Timestamp,
    /// Its recipients: named where there is only one, so that nobody learns of the others.
    pub envelope: &'a Envelope,
}

impl Received<'_> {
    /// The field with where the letter came from.
    pub fn from_peer(&self, visit: Visit<'_>) -> String {
        let address = match visit.peer {
            Peer::Net(_) => literal(visit.peer.ip()),
            // It has no address: nothing is made up. In parentheses it is a comment to whoever parses it.
            Peer::Unix => "local socket".to_owned(),
        };
        let hello = visit.hello.filter(|hello| !hello.name.is_empty());
        let hello = hello.map_or_else(|| literal(visit.peer.ip()), |hello| harmless(&hello.name));
        format!("Received: from {hello} ({address})\r\n\t{}", self.rest(visit))
    }

    /// The field without where the letter came from: at which address our people sit is nobody's business.
    pub fn from_person(&self, visit: Visit<'_>) -> String {
        format!("Received: {}", self.rest(visit))
    }

    fn rest(&self, visit: Visit<'_>) -> String {
        let mut rest = format!("by {} with {} id {}", self.by, visit.protocol, self.id);
        if let [only] = self.envelope.recipients.as_slice() {
            let _ = write!(rest, "\r\n\tfor <{only}>");
        }
        if let Some(tls) = visit.tls {
            // RFC 8314 §7.4 registered this clause.
            let _ = write!(rest, "\r\n\ttls {}", tls.cipher);
        }
        let _ = write!(rest, ";\r\n\t{}\r\n", self.now.rfc5322());
        rest
    }
}

/// RFC 5321 §4.1.3
fn literal(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => format!("[{ip}]"),
        IpAddr::V6(ip) => format!("[IPv6:{ip}]"),
    }
}

/// Makes the name that a client gives itself fit to stand in a header field: a domain, or letters and digits.
fn harmless(name: &str) -> String {
    if let Ok(domain) = Domain::parse(name) {
        return domain.to_string();
    }
    name.chars().map(|c| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use mail::{Address, BodyKind, LetterWishes, ReturnPath};
    use net::TlsInfo;
    use smtp::Hello;

    use super::*;

    fn written(hello: &str, recipients: &[&str], tls: bool) -> (String, String) {
        let envelope = Envelope {
            return_path: ReturnPath::Null,
            recipients: recipients.iter().map(|to| Address::parse(to).unwrap().into()).collect(),
            body: BodyKind::SevenBit,
            smtputf8: false,
            hold: None,
            wishes: LetterWishes::default(),
        };
        let by = Domain::parse("mail.alpha.test").unwrap();
        let id = LetterId::from_random([0; 10]);
        let received = Received { by: &by, id, now: Timestamp::from_seconds(1_795_501_377), envelope: &envelope };
        let tls = tls.then(|| TlsInfo { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384".into() });
        let hello = Hello { name: hello.into(), extended: true };
        let visit = Visit {
            peer: Peer::Net("[2001:db8::1]:1234".parse().unwrap()),
            hello: Some(&hello),
            login: None,
            return_path: None,
            recipients: 0,
            tls: tls.as_ref(),
            protocol: "ESMTPS",
        };
        (received.from_peer(visit), received.from_person(visit))
    }

    #[test]
    fn a_peer_is_named_with_its_address() {
        assert_eq!(
            written("Mail.Beta.test", &["bob@alpha.test"], true).0,
            "Received: from mail.beta.test ([IPv6:2001:db8::1])\r\n\tby mail.alpha.test with ESMTPS id aaaaaaaaaaaaaaaa\r\n\t\
             for <bob@alpha.test>\r\n\ttls TLS_AES_256_GCM_SHA384;\r\n\tTue, 24 Nov 2026 06:22:57 +0000\r\n"
        );
    }

    #[test]
    fn several_recipients_do_not_learn_of_each_other() {
        let (peer, person) = written("x", &["bob@alpha.test", "carol@alpha.test"], false);
        assert!(!peer.contains("for <") && !person.contains("for <"));
    }

    #[test]
    fn nobody_learns_where_our_people_sit() {
        let (_, person) = written("alices-laptop", &["bob@alpha.test"], true);
        assert!(!person.contains("laptop") && !person.contains("2001"), "{person}");
    }

    #[test]
    fn a_name_cannot_write_into_the_header() {
        let (peer, _) = written("a(b;c\u{85}\"<é>", &["bob@alpha.test"], false);
        assert!(peer.starts_with("Received: from a?b?c????? ("), "{peer}");
        assert!(written("my pc", &[], false).0.starts_with("Received: from my?pc ("));
        assert!(written("", &[], false).0.starts_with("Received: from [IPv6:2001:db8::1] ("));
    }
}
