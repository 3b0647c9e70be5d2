//! Reads reports about letters: delivery status notifications (RFC 3464) and disposition notifications (RFC 8098).
//! Anybody can write anything here, so reading never fails: a malformed report merely says less.

use mail::{Address, header, trace};
use mailbox::parse::{Part, Structure};

/// The most recipients that one report names.
const MOST: usize = 2000;
/// The longest answer that is kept, in characters.
const LONGEST_REPLY: usize = 300;
/// The longest message id that is searched for, in octets (a line of RFC 5322 §2.1.1).
const LONGEST_ID: usize = 998;

/// The kind of report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A delivery status notification.
    Delivery,
    /// A message disposition notification.
    Disposition,
}

/// The places of the two parts of a report that programs read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    pub kind: Kind,
    /// The fields.
    pub fields: &'a Part,
    /// The letter it speaks of, or its header.
    pub returned: Option<&'a Part>,
}

/// The statements of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub kind: Kind,
    /// The Message-ID of the letter, without brackets.
    pub message_id: String,
    /// The statements about its recipients.
    pub told: Vec<Told>,
}

/// The statement about one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The recipient that the letter was sent to, in lower case.
    pub original: Option<String>,
    /// The address that the recipient led to, in lower case.
    pub last: Option<String>,
    pub what: What,
}

/// The fate of the letter at that recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// `delivered`: yes, no, or neither; and the answer as RFC 8621 §7 writes it.
    Delivery { delivered: Option<bool>, reply: String },
    /// The letter was shown to somebody.
    Displayed,
    /// Another action, which answers no question here.
    Other,
}

/// Returns the parts of a letter that is a report; none where it is another kind of letter.
pub fn parts(structure: &Structure) -> Option<Parts<'_>> {
    let root = Some(&structure.root).filter(|root| root.is("multipart", "report"))?;
    let kind = |part: &Part| match part.subtype.as_slice() {
        _ if part.kind != b"message" => None,
        b"delivery-status" | b"global-delivery-status" => Some(Kind::Delivery),
        b"disposition-notification" | b"global-disposition-notification" => Some(Kind::Disposition),
        _ => None,
    };
    let is_returned = |part: &&Part| {
        part.is("message", "rfc822")
            || part.is("text", "rfc822-headers")
            || part.is("message", "global")
            || part.is("message", "global-headers")
    };
    // RFC 6522 §3 requires three parts in this order, and many reports deviate.
    let mut parts = root.children().iter().take(10);
    let (fields, kind) = parts.find_map(|part| Some((part, kind(part)?)))?;
    Some(Parts { kind, fields, returned: parts.find(is_returned) })
}

impl Report {
    /// Reads the octets of the two parts, or their beginnings.
    pub fn read(kind: Kind, fields: &[u8], returned: &[u8]) -> Option<Self> {
        let (named, told) = match kind {
            Kind::Delivery => (None, deliveries(fields)),
            Kind::Disposition => (message_id(fields, "Original-Message-ID"), disposition(fields)),
        };
        let message_id = named.or_else(|| message_id(returned, "Message-ID"))?;
        Some(Self { kind, message_id, told }).filter(|report| !report.told.is_empty())
    }
}

/// Returns the message id that a field names, without brackets.
pub fn message_id(octets: &[u8], name: &str) -> Option<String> {
    let id = trace::message_id(&header::find(octets, name)?.value());
    Some(id).filter(|id| (1..=LONGEST_ID).contains(&id.len()))
}

/// Reads fields about the letter, then a block of fields for each recipient (RFC 3464 §2).
fn deliveries(mut rest: &[u8]) -> Vec<Told> {
    let mut told = Vec::new();
    while !rest.is_empty() && told.len() < MOST {
        let (block, after) = rest.split_at(header::body_start(rest));
        told.extend(delivery(block));
        rest = after;
    }
    told
}

fn delivery(block: &[u8]) -> Option<Told> {
    let text = |name: &str| header::find(block, name).map(|field| line(&field.value())).unwrap_or_default();
    let action = text("Action").to_ascii_lowercase();
    // RFC 8621 §7: other actions do not change the status.
    let delivered = match action.split_whitespace().next()? {
        "delivered" => Some(true),
        "failed" => Some(false),
        _ => None,
    };
    let what = What::Delivery { delivered, reply: reply(block, &action, &text("Status")) };
    told(block, what)
}

/// Reads a notification, which is about one recipient (RFC 8098 §3).
fn disposition(fields: &[u8]) -> Vec<Told> {
    let value = header::find(fields, "Disposition").map(|field| line(&field.value())).unwrap_or_default();
    // `manual-action/MDN-sent-manually; displayed/error`
    let kind = value.split_once(';').map(|(_, kind)| kind.split(['/', ',']).next().unwrap_or_default().trim());
    let what = match kind {
        Some(kind) if kind.eq_ignore_ascii_case("displayed") => What::Displayed,
        _ => What::Other,
    };
    told(fields, what).into_iter().collect()
}

fn told(block: &[u8], what: What) -> Option<Told> {
    let address = |name: &str| header::find(block, name).and_then(|field| address(&line(&field.value())));
    let (original, last) = (address("Original-Recipient"), address("Final-Recipient"));
    (original.is_some() || last.is_some()).then_some(Told { original, last, what })
}

/// Reads an address with its type before it: `rfc822; bob@beta.test`, in lower case, as addresses are compared here.
fn address(value: &str) -> Option<String> {
    let (kind, address) = value.split_once(';').unwrap_or(("rfc822", value));
    let address = address.split(" (").next().unwrap_or_default().trim();
    let address = address.strip_prefix('<').and_then(|address| address.strip_suffix('>')).unwrap_or(address);
    let address = match kind.trim().to_ascii_lowercase().as_str() {
        "rfc822" => Address::parse(address),
        "utf-8" => Address::parse(&unescaped(address)),
        _ => return None,
    };
    address.ok().map(|address| address.to_string().to_lowercase())
}

/// Undoes `utf-8-addr-xtext` (RFC 6533 §3): `\x{E9}`.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x{") {
        out.push_str(before);
        let found = after.split_once('}');
        let found = found.and_then(|(hex, after)| Some((char::from_u32(u32::from_str_radix(hex, 16).ok()?)?, after)));
        let Some((character, after)) = found else { return text.to_owned() };
        out.push(character);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Returns the answer as RFC 8621 §7 writes it: the server's own where the report has it, else one made of what is
/// known.
fn reply(block: &[u8], action: &str, status: &str) -> String {
    let diagnostic = header::find(block, "Diagnostic-Code");
    let diagnostic = diagnostic.as_ref().map(|field| String::from_utf8_lossy(field.raw_value));
    let (kind, said) = diagnostic.as_deref().and_then(|text| text.split_once(';')).unwrap_or_default();
    let mut said = one_line(said);
    trace::tidy(&mut said);
    if !(kind.trim().eq_ignore_ascii_case("smtp") && code(&said).is_some()) {
        let status = status.split_whitespace().next().filter(|status| is_status(status));
        let status = status.unwrap_or(match action {
            "failed" => "5.0.0",
            "delayed" => "4.0.0",
            _ => "2.0.0",
        });
        let class = status.get(..1).unwrap_or_default();
        let said_it = if said.is_empty() { action.to_owned() } else { said };
        said = format!("{class}50 {status} {said_it}");
    }
    said.chars().take(LONGEST_REPLY).collect::<String>().trim_end().to_owned()
}

/// Joins the lines of an answer (RFC 8621 §7): without the hyphens behind the code, and without the code that each line
/// begins with.
fn one_line(said: &str) -> String {
    let mut prefix: Option<String> = None;
    let mut out = String::new();
    for line in said.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut line = line.to_owned();
        if code(&line).is_some() && line.as_bytes().get(3) == Some(&b'-') {
            line.replace_range(3..4, " ");
        }
        let begins = prefix.get_or_insert_with(|| beginning(&line));
        let rest = line.strip_prefix(begins.as_str()).filter(|_| !out.is_empty() && !begins.is_empty());
        let rest = rest.unwrap_or(&line);
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(rest.trim_start());
    }
    out
}

/// Returns the code and the enhanced status at the beginning of an answer: `550 5.1.1 `.
fn beginning(line: &str) -> String {
    if code(line).is_none() {
        return String::new();
    }
    let mut words = line.splitn(3, ' ');
    let (code, status) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if is_status(status) { format!("{code} {status} ") } else { format!("{code} ") }
}

/// Returns the code that an answer begins with.
fn code(said: &str) -> Option<&str> {
    let code = said.get(..3).filter(|code| code.bytes().all(|digit| digit.is_ascii_digit()))?;
    matches!(said.as_bytes().get(3), None | Some(b' ' | b'-')).then_some(code)
}

/// Tells whether the word is a status as `5.1.1` (RFC 3463 §2).
fn is_status(word: &str) -> bool {
    let digits =
        |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|digit| digit.is_ascii_digit());
    let mut parts = word.split('.');
    matches!(parts.next(), Some("2" | "4" | "5"))
        && parts.next().is_some_and(|part| digits(part, 3))
        && parts.next().is_some_and(|part| digits(part, 3))
        && parts.next().is_none()
}

fn line(value: &[u8]) -> String {
    String::from_utf8_lossy(value).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETURNED: &[u8] = b"Message-ID:\r\n <one@alpha.test>\r\nSubject: Hello\r\n\r\n";

    fn dsn(fields: &str) -> Vec<Told> {
        Report::read(Kind::Delivery, fields.as_bytes(), RETURNED).map(|report| report.told).unwrap_or_default()
    }

    fn said(fields: &str) -> (Option<bool>, String) {
        match dsn(fields).remove(0).what {
            What::Delivery { delivered, reply } => (delivered, reply),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_report_names_the_letter_and_each_recipient() {
        let fields = "Reporting-MTA: dns; mx.beta.test\r\n\r\n\r\n\
            Original-Recipient: rfc822;Bob@Beta.Test\r\nFinal-Recipient: RFC822; <b.o@gamma.test>\r\nAction: Failed\r\n\
            Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 nobody\r\n   of this name\r\n\r\n\
            Final-Recipient: utf-8; \\x{E9}lise@beta.test\r\nAction: delayed\r\nStatus: 4.4.1 (no answer)\r\n";
        let report = Report::read(Kind::Delivery, fields.as_bytes(), RETURNED).unwrap();
        assert_eq!(report.message_id, "one@alpha.test");
        let failed = What::Delivery { delivered: Some(false), reply: "550 5.1.1 nobody of this name".into() };
        let delayed = What::Delivery { delivered: None, reply: "450 4.4.1 delayed".into() };
        let told = |original: Option<&str>, last: &str, what| Told {
            original: original.map(str::to_owned),
            last: Some(last.to_owned()),
            what,
        };
        assert_eq!(
            report.told,
            [told(Some("bob@beta.test"), "b.o@gamma.test", failed), told(None, "élise@beta.test", delayed),]
        );
    }

    #[test]
    fn an_answer_is_one_line_and_well_formed() {
        let with = |rest: &str| said(&format!("Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; b@c.test\n{rest}"));
        let lines = "Action: failed\nDiagnostic-Code: smtp;550-5.1.1 The account\n 550-5.1.1 does not exist.\n 550 5.1.1 Sorry\n";
        assert_eq!(with(lines), (Some(false), "550 5.1.1 The account does not exist. Sorry".into()));
        assert_eq!(with("Action: delivered\nStatus: 2.1.5\n"), (Some(true), "250 2.1.5 delivered".into()));
        assert_eq!(with("Action: relayed\n"), (None, "250 2.0.0 relayed".into()));
        assert_eq!(with("Action: failed\nStatus: 9.1\n").1, "550 5.0.0 failed");
        let unix = "Action: failed\nStatus: 5.3.0\nDiagnostic-Code: x-unix; broken \u{1b}[31m pipe\n";
        assert_eq!(with(unix).1, "550 5.3.0 broken  [31m pipe");
        let long = format!("Action: failed\nDiagnostic-Code: smtp; 550 {}\n", "é".repeat(5000));
        assert_eq!(with(&long).1.chars().count(), LONGEST_REPLY);
    }

    #[test]
    fn an_mdn_says_whether_the_letter_was_shown() {
        let read = |disposition: &str| {
            let fields = format!(
                "Reporting-UA: mutt\r\nFinal-Recipient: rfc822;bob@beta.test\r\nOriginal-Message-ID: <two@alpha.test>\r\n\
                 Disposition: {disposition}\r\n"
            );
            let report = Report::read(Kind::Disposition, fields.as_bytes(), RETURNED).unwrap();
            assert_eq!(report.message_id, "two@alpha.test");
            report.told[0].what.clone()
        };
        assert_eq!(read("manual-action/MDN-sent-manually; displayed"), What::Displayed);
        assert_eq!(read("automatic-action/MDN-sent-automatically; Displayed/error"), What::Displayed);
        assert_eq!(read("manual-action/MDN-sent-manually; deleted"), What::Other);
        assert_eq!(read("displayed"), What::Other);
    }

    #[test]
    fn what_names_no_letter_or_no_recipient_says_nothing() {
        let named = "Final-Recipient: rfc822; b@c.test\nAction: failed\n";
        assert_eq!(Report::read(Kind::Delivery, named.as_bytes(), b"Subject: x\r\n\r\nMessage-ID: <a@b>\r\n"), None);
        for nothing in [
            "",
            "\r\n\r\n\r\n",
            "Final-Recipient: x400; b@c.test\nAction: failed\n",
            "Final-Recipient: rfc822; nobody\nAction: failed\n",
            "Final-Recipient: utf-8; \\x{D800}@c.test\nAction: failed\n",
            "Final-Recipient: rfc822; b@c.test\n",
            "Action: failed\n",
        ] {
            assert_eq!(dsn(nothing), [], "{nothing:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_is_read(fields: Vec<u8>, text in "(Action|Final-Recipient|Diagnostic-Code|Status)[:; -~é\n\\\\{}x]*", returned: Vec<u8>) {
            for fields in [fields.as_slice(), text.as_bytes()] {
                let _ = Report::read(Kind::Delivery, fields, &returned);
                let _ = Report::read(Kind::Disposition, fields, RETURNED);
            }
        }
    }
}
