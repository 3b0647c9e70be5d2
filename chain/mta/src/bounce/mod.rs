//! Reports to the sender of a letter that did not arrive, or not yet (RFC 3461, RFC 3464, RFC 6522).

mod cause;
mod report;
mod status;
#[cfg(test)]
mod tests;
mod words;

use bytes::Bytes;
use mail::{BodyKind, Envelope, Letter, LetterId, ReturnPath, header};

use crate::encode::{base64_lines, header_text, quoted_printable};

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
            recipients: vec![self.to.clone().into()],
            body: if smtputf8 { BodyKind::EightBitMime } else { BodyKind::SevenBit },
            smtputf8,
            hold: None,
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

    /// The whole letter when it is small and needs no 8-bit transport, else its header (RFC 6522 §3).
    fn returned(&self) -> (&'static str, Vec<u8>) {
        let bytes = self.original.bytes;
        if self.original.whole && bytes.len() <= WHOLE_UP_TO && bytes.is_ascii() && lines_are_short(bytes) {
            return ("Content-Type: message/rfc822\r\n", bytes.to_vec());
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
