//! Reports to the sender of a letter: that it did not arrive, or not yet, or, if they ask for that, that it did (RFC 3461,
//! RFC 3464, RFC 6522).

mod cause;
mod list;
mod report;
mod status;
#[cfg(test)]
mod tests;
mod words;

use bytes::Bytes;
use mail::{BodyKind, Envelope, Letter, LetterId, LetterWishes, Recipient, ReturnPath, Returned, Wishes, header};

use crate::encode::{base64_lines, header_text, quoted_printable};
use crate::outgoing::seven_bit::{Whose, seven_bit};

pub use cause::Cause;
pub use report::{Fate, Kind, Office, Original, Report, WHOLE_UP_TO};

/// Octets of a subject that are read for the one that is shown: encoded words make much of little.
const LONGEST_SUBJECT: usize = 4096;
/// No more of a header than this comes back.
const HEADER_UP_TO: usize = 16_000;

impl Report<'_> {
    /// The report as a letter called `id`, with its envelope: null return path (RFC 3461 §6.1), so that it is never
    /// itself reported on.
    pub fn write(&self, id: LetterId) -> (Letter, Envelope) {
        let raw = Bytes::from(self.compose(id));
        let smtputf8 = self.to.needs_smtputf8();
        let envelope = Envelope {
            return_path: ReturnPath::Null,
            // RFC 3461 §6.1: nobody reports on a report.
            recipients: vec![Recipient { wishes: Wishes::none(), ..Recipient::new(self.to.clone()) }],
            body: if smtputf8 { BodyKind::EightBitMime } else { BodyKind::SevenBit },
            smtputf8,
            hold: None,
            wishes: LetterWishes::default(),
        };
        (Letter { id, raw }, envelope)
    }

    fn compose(&self, id: LetterId) -> Vec<u8> {
        let boundary = format!("=_{id}");
        let subject = self.subject_of_original();
        let mut out = self.head(id, &boundary).into_bytes();
        let mut part = |head: &str, body: &[u8]| {
            out.extend_from_slice(format!("--{boundary}\r\n{head}\r\n").as_bytes());
            out.extend_from_slice(body);
            out.extend_from_slice(b"\r\n");
        };
        let mut plain = Vec::new();
        quoted_printable(words::plain_part(self, subject.as_deref()).as_bytes(), &mut plain);
        part("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n", &plain);
        part("Content-Type: message/delivery-status\r\n", status::part(self).as_bytes());
        let (head, body) = self.returned();
        part(head, &body);
        out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        out
    }

    fn head(&self, id: LetterId, boundary: &str) -> String {
        let host = &self.office.hostname;
        let mut head = format!("From: =?utf-8?Q?Mail_server_/_Serveur_de_courrier?= <{}>\r\n", self.office.postmaster);
        head.push_str(&format!("To: <{}>\r\n", self.to));
        head.push_str(&format!("Subject: {}\r\n", header_text(&self.subject())));
        head.push_str(&format!("Date: {}\r\nMessage-ID: <{id}@{host}>\r\n", self.now.rfc5322()));
        if let Some(message_id) = self.message_id_of_original() {
            head.push_str(&format!("In-Reply-To: {message_id}\r\nReferences: {message_id}\r\n"));
        }
        // RFC 3834 §5: so that no holiday notice answers it.
        head.push_str("Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n");
        head.push_str("Content-Type: multipart/report; report-type=delivery-status;\r\n");
        head.push_str(&format!(" boundary=\"{boundary}\"\r\n\r\n"));
        head
    }

    fn subject(&self) -> String {
        let to = match self.fates {
            [only] if only.address.to_string().len() <= 40 => format!(" ({})", only.address),
            _ => String::new(),
        };
        match self.kind {
            Kind::Failed => format!("Letter not delivered{to} / Lettre non remise"),
            Kind::Late { .. } => format!("Letter delayed{to} / Lettre en retard"),
            Kind::Delivered => format!("Letter delivered{to} / Lettre remise"),
            Kind::Relayed => format!("Letter handed on{to} / Lettre transmise"),
            Kind::Expanded => format!("Letter passed on to several{to} / Lettre redistribuée"),
        }
    }

    /// The subject in characters, cut where nobody reads on.
    fn subject_of_original(&self) -> Option<String> {
        let subject = header::text(self.original.bytes, "Subject", LONGEST_SUBJECT)?;
        let subject: String = subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let subject = subject.trim();
        let short: String = subject.chars().take(120).collect();
        let dots = if short.len() < subject.len() { "…" } else { "" };
        if short.is_empty() { None } else { Some(format!("{short}{dots}")) }
    }

    /// Kept only when it is one plain word, since it goes into our own header.
    fn message_id_of_original(&self) -> Option<String> {
        let field = header::find(self.original.bytes, "Message-ID")?;
        let text = String::from_utf8(field.value().into_owned()).ok()?;
        let sane = text.starts_with('<') && text.ends_with('>') && text.len() <= 200;
        if sane && text.bytes().all(|b| b.is_ascii_graphic()) { Some(text) } else { None }
    }

    /// The whole letter when it failed, is small, and can be written in 7 bits, else its header (RFC 6522 §3): also if
    /// the sender wants no more, or had it all when it arrived (RFC 3461 §4.3).
    fn returned(&self) -> (&'static str, Vec<u8>) {
        let bytes = self.original.bytes;
        let wanted = self.kind == Kind::Failed && self.wishes.returned != Some(Returned::Header);
        if let Some(whole) = wanted.then(|| self.whole()).flatten() {
            return ("Content-Type: message/rfc822\r\n", whole);
        }
        let header = some_fields(bytes);
        if header.is_ascii() && lines_are_short(&header) {
            return ("Content-Type: text/rfc822-headers\r\n", header);
        }
        let mut encoded = Vec::new();
        base64_lines(&header, &mut encoded);
        match std::str::from_utf8(&header) {
            // RFC 6533 §5: headers in UTF-8 have a type of their own.
            Ok(_) => ("Content-Type: message/global-headers\r\nContent-Transfer-Encoding: base64\r\n", encoded),
            Err(_) => ("Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: base64\r\n", encoded),
        }
    }
}

impl Report<'_> {
    /// The whole letter, encoded in 7 bits where it must be: the report may go to any server.
    fn whole(&self) -> Option<Vec<u8>> {
        let bytes = self.original.bytes;
        if !self.original.whole || bytes.len() > WHOLE_UP_TO {
            return None;
        }
        let bytes = match bytes.is_ascii() {
            true => bytes.to_vec(),
            false => seven_bit(bytes, Whose::PassingThrough).ok()?.octets,
        };
        (bytes.is_ascii() && lines_are_short(&bytes)).then_some(bytes)
    }
}

/// Whole fields from the beginning, as many as there is room for.
fn some_fields(letter: &[u8]) -> Vec<u8> {
    let mut header = Vec::new();
    for field in header::fields(letter) {
        if header.len() + field.whole.len() > HEADER_UP_TO {
            break;
        }
        header.extend_from_slice(field.whole);
    }
    header
}

/// RFC 5322 §2.1.1: 998 octets without the line end.
fn lines_are_short(bytes: &[u8]) -> bool {
    bytes.split(|b| *b == b'\n').all(|line| line.len() <= 999)
}
