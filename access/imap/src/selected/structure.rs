//! `BODY` and `BODYSTRUCTURE` (RFC 9051 §7.5.2) from the part tree that was made when the letter was filed.

use mailbox::parse::{Content, Disposition, Message, Param, Part};

use super::continued::joined;
use super::envelope::envelope;
use super::write::{Charset, nstring, string};
use crate::codec::write::number;

/// The form of a structure.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// True for `BODYSTRUCTURE`, which has extension data, and false for `BODY`.
    pub extended: bool,
    /// The charset that strings may be in.
    pub charset: Charset,
}

/// Writes the structure of a part and of all parts below it. The code that makes the tree limits its depth.
pub fn structure(out: &mut Vec<u8>, part: &Part, form: Form) {
    out.push(b'(');
    match &part.content {
        Content::Multipart(parts) => multipart(out, part, parts, form),
        Content::Message(message) => single(out, part, Some(message), form),
        // The parts found in a leaf beside MIME or in the wrapping of a signature are left out: clients fetch octets as
        // they stand.
        Content::Leaf | Content::Made(_) | Content::Within(_) | Content::Signed(_) | Content::Deep(_) => {
            single(out, part, None, form);
        }
    }
    out.push(b')');
}

fn multipart(out: &mut Vec<u8>, part: &Part, parts: &[Part], form: Form) {
    for child in parts {
        structure(out, child, form);
    }
    out.push(b' ');
    string(out, &part.subtype, form.charset);
    if form.extended {
        out.push(b' ');
        params(out, &part.params, form);
        tail(out, part, form);
    }
}

fn single(out: &mut Vec<u8>, part: &Part, message: Option<&Message>, form: Form) {
    string(out, &part.kind, form.charset);
    out.push(b' ');
    string(out, &part.subtype, form.charset);
    out.push(b' ');
    params(out, &part.params, form);
    for text in [&part.id, &part.description] {
        out.push(b' ');
        nstring(out, text.as_deref(), form.charset);
    }
    out.push(b' ');
    // RFC 2045 §6.1: a part without a named encoding is 7bit.
    string(out, part.encoding.as_deref().unwrap_or(b"7bit"), form.charset);
    out.push(b' ');
    number(out, u64::from(part.size()));
    if let Some(message) = message {
        out.push(b' ');
        envelope(out, &message.summary, form.charset);
        out.push(b' ');
        structure(out, &message.root, form);
    }
    if message.is_some() || part.is("text", "") {
        out.push(b' ');
        number(out, u64::from(part.lines));
    }
    if form.extended {
        out.push(b' ');
        nstring(out, part.md5.as_deref(), form.charset);
        tail(out, part, form);
    }
}

/// Writes disposition, languages and location: the end of the extension data of every part.
fn tail(out: &mut Vec<u8>, part: &Part, form: Form) {
    out.push(b' ');
    match &part.disposition {
        Some(disposition) => written_disposition(out, disposition, form),
        None => out.extend_from_slice(b"NIL"),
    }
    out.push(b' ');
    languages(out, &part.language, form);
    out.push(b' ');
    nstring(out, part.location.as_deref(), form.charset);
}

fn written_disposition(out: &mut Vec<u8>, disposition: &Disposition, form: Form) {
    out.push(b'(');
    string(out, &disposition.kind, form.charset);
    out.push(b' ');
    params(out, &disposition.params, form);
    out.push(b')');
}

fn languages(out: &mut Vec<u8>, languages: &[Vec<u8>], form: Form) {
    match languages {
        [] => out.extend_from_slice(b"NIL"),
        [one] => string(out, one, form.charset),
        several => {
            out.push(b'(');
            for (i, language) in several.iter().enumerate() {
                if i > 0 {
                    out.push(b' ');
                }
                string(out, language, form.charset);
            }
            out.push(b')');
        }
    }
}

fn params(out: &mut Vec<u8>, params: &[Param], form: Form) {
    if params.is_empty() {
        return out.extend_from_slice(b"NIL");
    }
    out.push(b'(');
    for (i, param) in joined(params).iter().enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        string(out, &param.name, form.charset);
        out.push(b' ');
        string(out, &param.value, form.charset);
    }
    out.push(b')');
}
