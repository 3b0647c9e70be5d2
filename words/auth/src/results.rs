//! Reading the results of checks that another server wrote into a letter (RFC 8601): the field Authentication-Results, and
//! the one of a chain (RFC 8617 §4.1.1).
//!
//! Anybody can write such a field. It is worth something only if a server that one trusts put it there, and that is known
//! only of the topmost: see [`topmost`].

mod words;

use self::words::Words;
use crate::dkim::header::{Header, split};

/// The most methods of a field that are kept.
const MOST_METHODS: usize = 50;
/// The most properties of a method that are kept.
const MOST_PROPERTIES: usize = 16;
/// The largest field that is read, in octets.
const LARGEST_FIELD: usize = 64 * 1024;
/// The most sets of a chain (RFC 8617 §4.2.1).
const MOST_INSTANCES: u32 = 50;

/// The findings of a server about a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Results {
    /// The name by which the server calls itself (authserv-id), in lower case.
    pub server: String,
    /// The checks, in the order of the field. It is empty if none was done.
    pub methods: Vec<Method>,
}

/// One check and its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// The method in lower case: `dkim`.
    pub method: String,
    /// The result in lower case: `pass`.
    pub result: String,
    /// The reason; empty if none is told.
    pub reason: String,
    /// The thing that was checked.
    pub properties: Vec<Property>,
}

/// A property that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// The part of the letter or the dialogue, in lower case: `header`, `smtp`, `policy`; empty for what some servers write
    /// without one, such as `action=none`.
    pub part: String,
    /// The name in lower case: `from`.
    pub name: String,
    /// The value, without the quotes around it.
    pub value: String,
}

impl Results {
    /// Returns the checks by one method: a letter may have several signatures.
    pub fn of<'a>(&'a self, method: &'a str) -> impl Iterator<Item = &'a Method> {
        self.methods.iter().filter(move |found| found.method == method)
    }
}

impl Method {
    /// Finds the value of a property: `find("header", "d")`.
    pub fn find(&self, part: &str, name: &str) -> Option<&str> {
        let found = self.properties.iter().find(|property| property.part == part && property.name == name);
        found.map(|property| property.value.as_str())
    }
}

/// Reads the value of a field Authentication-Results. A check that is malformed, or of a version that is not known, is left
/// out, and the others are kept. `None` if the field names no server, is of another version than 1, or is too large.
pub fn parse(value: &[u8]) -> Option<Results> {
    let mut words = Words::new(value.get(..).filter(|value| value.len() <= LARGEST_FIELD)?);
    let server = words.value().filter(|server| !server.is_empty())?.to_ascii_lowercase();
    if words.number().is_some_and(|version| version != 1) || !words.at_end_of_part() {
        return None;
    }
    let mut methods = Vec::new();
    while words.next_part() {
        let method = method(&mut words);
        words.skip_part();
        methods.extend(method.filter(|_| methods.len() < MOST_METHODS));
    }
    Some(Results { server, methods })
}

/// Reads the value of a field ARC-Authentication-Results: its instance, and the results.
pub fn parse_instance(value: &[u8]) -> Option<(u32, Results)> {
    let (own, rest) = first_part(value)?;
    Some((of_part(own)?, parse(rest)?))
}

/// Reads the instance alone, so that a field whose results cannot be read still has its place in the chain.
pub fn stated_instance(value: &[u8]) -> Option<u32> {
    of_part(first_part(value)?.0)
}

fn first_part(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(b';', value)?;
    Some((&value[..end], &value[end + 1..]))
}

fn of_part(part: &[u8]) -> Option<u32> {
    let (name, digits) = part.split_at_checked(memchr::memchr(b'=', part)?)?;
    let digits = std::str::from_utf8(digits.get(1..)?.trim_ascii()).ok()?;
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    (is_number && name.trim_ascii() == b"i").then(|| digits.parse().ok().and_then(instance))?
}

/// Returns the number as an instance of a chain, if it can be one.
pub(crate) fn instance(number: u64) -> Option<u32> {
    u32::try_from(number).ok().filter(|number| (1..=MOST_INSTANCES).contains(number))
}

/// Reads the topmost field Authentication-Results of a letter. The last server that handled the letter put it there, or
/// nobody did: the caller believes it only if that server is trusted, always writes such a field, and is the one that the
/// results name. Fields below it are never believed.
pub fn topmost(letter: &[u8]) -> Option<Results> {
    let header = Header::new(split(letter).0.to_vec());
    let number = header.named(b"authentication-results").first()?;
    parse(header.field(*number).value)
}

/// Reads one check. `None` if it is malformed, of an unknown version, or `none`.
fn method(words: &mut Words<'_>) -> Option<Method> {
    let method = words.name()?;
    if words.sign(b'/') && words.number()? != 1 {
        return None;
    }
    let result = words.sign(b'=').then(|| words.name())??;
    let mut found = Method { method, result, reason: String::new(), properties: Vec::new() };
    while !words.at_end_of_part() {
        let Some(property) = property(words) else { break };
        if property.part.is_empty() && property.name == "reason" {
            found.reason = property.value;
        } else if found.properties.len() < MOST_PROPERTIES {
            found.properties.push(property);
        }
    }
    Some(found)
}

fn property(words: &mut Words<'_>) -> Option<Property> {
    let first = words.name()?;
    let (part, name) = if words.sign(b'.') { (first, words.name()?) } else { (String::new(), first) };
    let value = words.sign(b'=').then(|| words.value())??;
    Some(Property { part, name, value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(results: &Results) -> String {
        let mut lines = vec![results.server.clone()];
        for Method { method, result, reason, properties } in &results.methods {
            let mut line = format!("{method}={result}");
            if !reason.is_empty() {
                line += &format!(" ({reason})");
            }
            properties.iter().for_each(|one| line += &format!(" {}.{}={}", one.part, one.name, one.value));
            lines.push(line);
        }
        lines.join("\n")
    }

    fn read(value: &str) -> String {
        parse(value.as_bytes()).map(|results| written(&results)).unwrap_or_default()
    }

    #[test]
    fn the_examples_of_the_standard_are_read() {
        // RFC 8601 §B.
        assert_eq!(read(" example.org 1; none"), "example.org");
        assert_eq!(
            read(" example.com;\r\n          spf=pass smtp.mailfrom=example.net"),
            "example.com\nspf=pass smtp.mailfrom=example.net"
        );
        assert_eq!(
            read(
                " example.com;\r\n      auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n      \
                 spf=pass smtp.mailfrom=example.net"
            ),
            "example.com\nauth=pass smtp.auth=sender@example.net\nspf=pass smtp.mailfrom=example.net"
        );
        assert_eq!(
            read(
                " foo.example.net (foobar) 1 (baz);\r\n    dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n\
                 \x20     policy (A dot can go here) . (like that) expired\r\n      (this surprised me) = (as I wasn't \
                 expecting it) 1362471462"
            ),
            "foo.example.net\ndkim=fail policy.expired=1362471462"
        );
    }

    #[test]
    fn what_large_providers_write_is_read() {
        assert_eq!(
            read(
                "mx.google.com;\r\n       dkim=pass header.i=@a.test header.s=s1 header.b=AbC/d+e=;\r\n       spf=pass \
                 (google.com: domain of b@a.test designates 192.0.2.1 as permitted sender) smtp.mailfrom=b@a.test;\r\n\
                 \x20      dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=a.test"
            ),
            "mx.google.com\ndkim=pass header.i=@a.test header.s=s1 header.b=AbC/d+e=\nspf=pass smtp.mailfrom=b@a.test\n\
             dmarc=pass header.from=a.test"
        );
        assert_eq!(
            read(
                "spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=a.test; dkim=none (message not signed)\r\n \
                 header.d=none;dmarc=bestguesspass action=none header.from=a.test;"
            ),
            "",
            "a field without a server"
        );
        assert_eq!(
            read("mx.a.test; dmarc=fail action=none header.from=b.test; compauth=pass reason=100"),
            "mx.a.test\ndmarc=fail .action=none header.from=b.test\ncompauth=pass (100)"
        );
    }

    #[test]
    fn quotes_comments_and_versions_are_understood() {
        assert_eq!(
            read(r#""Mx.A.test" 1; (a \) (b;) c) dkim=pass reason="good \"key\"; yes" header.i="a b"@c.test"#),
            "mx.a.test\ndkim=pass (good \"key\"; yes) header.i=a b@c.test"
        );
        assert_eq!(read("a.test 2; spf=pass"), "", "another version of the field");
        assert_eq!(read("a.test; spf/2=pass; dkim/1=fail"), "a.test\ndkim=fail");
        assert_eq!(read("a.test; SPF=Pass Smtp.MailFrom=B"), "a.test\nspf=pass smtp.mailfrom=B");
    }

    #[test]
    fn a_malformed_check_is_left_out_and_the_others_are_kept() {
        assert_eq!(read("a.test; =pass; spf; spf=; dkim=pass"), "a.test\ndkim=pass");
        assert_eq!(read("a.test; spf=pass smtp.; dkim=fail header.d"), "a.test\nspf=pass\ndkim=fail");
        assert_eq!(read("a.test; x=y (open; dkim=pass"), "a.test\nx=y", "a comment without an end");
        assert_eq!(read("a.test; x=y z.w=\"open; dkim=pass"), "a.test\nx=y", "quotes without an end");
        for no in ["", ";", "\"\"; spf=pass", "; spf=pass", "a b c; spf=pass", "(only a comment)"] {
            assert_eq!(read(no), "", "{no}");
        }
    }

    #[test]
    fn a_field_is_bounded() {
        let many = format!("a.test{}", "; spf=pass smtp.x=y".repeat(1000));
        assert_eq!(parse(many.as_bytes()).unwrap().methods.len(), MOST_METHODS);
        let much = format!("a.test; spf=pass{}", " smtp.x=y".repeat(1000));
        assert_eq!(parse(much.as_bytes()).unwrap().methods[0].properties.len(), MOST_PROPERTIES);
        assert!(parse(&[b'('; LARGEST_FIELD]).is_none());
        assert!(parse(&[b'a'; LARGEST_FIELD + 1]).is_none());
    }

    #[test]
    fn only_the_topmost_field_is_read() {
        let letter = b"Received: x\r\nAuthentication-Results: one.test; spf=fail\r\n\
                       Authentication-Results: two.test; spf=pass\r\n\r\nAuthentication-Results: three.test; spf=pass";
        let results = topmost(letter).unwrap();
        assert_eq!((results.server.as_str(), results.of("spf").next().unwrap().result.as_str()), ("one.test", "fail"));
        assert_eq!(topmost(b"Subject: x\r\n\r\n"), None);
    }

    #[test]
    fn a_field_of_a_chain_has_an_instance() {
        let (instance, results) = parse_instance(b" i = 3 ; a.test; arc=pass").unwrap();
        assert_eq!((instance, results.server.as_str()), (3, "a.test"));
        assert_eq!(stated_instance(b"i=50; ???"), Some(50));
        for no in ["i=0; a.test", "i=51; a.test", "i=; a.test", "a.test; i=1", "i=+1; a.test", "i=1"] {
            assert_eq!(stated_instance(no.as_bytes()), None, "{no}");
        }
    }

    proptest! {
        #[test]
        fn any_field_is_read_without_a_fault(value in "[ab1;=./@\"\\\\() \r\n\té]{0,80}") {
            if let Some(results) = parse(value.as_bytes()) {
                prop_assert!(!results.server.is_empty() && results.methods.len() <= MOST_METHODS);
            }
            let _ = (parse_instance(value.as_bytes()), stated_instance(value.as_bytes()));
        }

        #[test]
        fn what_is_written_plainly_is_read_as_it_was(
            checks in prop::collection::vec(("[a-z]{1,9}", "[a-z]{1,9}", "[a-z]{1,5}", "[!-~]{1,20}"), 1..6),
        ) {
            let quoted = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"");
            let written: String = checks.iter()
                .map(|(method, result, name, value)| format!(";\r\n\t{method}={result} smtp.{name}=\"{}\"", quoted(value)))
                .collect();
            let results = parse(format!("a.test{written}").as_bytes()).unwrap();
            prop_assert_eq!(results.methods.len(), checks.len());
            for (found, (method, result, name, value)) in results.methods.iter().zip(&checks) {
                prop_assert_eq!((&found.method, &found.result), (method, result));
                prop_assert_eq!(found.find("smtp", name), Some(value.as_str()));
            }
        }
    }
}
