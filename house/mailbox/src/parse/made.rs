//! Texts and files that stand in a leaf as mailers put them there without MIME: uuencode and yEnc between the paragraphs of a
//! plain text, and TNEF (winmail.dat). They are found when the letter is filed. Each is a part of its own to whoever shows, lists,
//! previews or indexes the letter; nothing is copied, a part only tells where it stands.

mod blocks;
mod kinds;
mod opened;
mod tnef;

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::ops::Range;

use reading::params::Param;

pub(super) use self::opened::Opened;
use self::tnef::{Form, Tnef};
use super::decode;
use super::structure::{Content, Disposition, Encoding, Part};

/// Octets of text that are compared to know whether TNEF says more than the letter.
const COMPARED: usize = 256 * 1024;

/// The texts and files in a leaf, `most` at most: `body` is where it stands in `letter`, and `said` gives the words that the letter
/// has said before. None where there is nothing but what MIME tells.
pub(super) fn look(
    part: &Part,
    letter: &[u8],
    body: Range<usize>,
    most: usize,
    said: impl FnOnce() -> HashSet<u64>,
) -> Option<Vec<Part>> {
    if most == 0 {
        return None;
    }
    let made = if is_plain_body(part) {
        if !blocks::may_be_in(letter.get(body.clone())?, part.transfer_encoding()) {
            return None;
        }
        between(part, &Opened::of(letter, body, part.transfer_encoding())?, most)
    } else if is_tnef(part) {
        unwrapped(part, &Opened::of(letter, body, part.transfer_encoding())?, most, said())
    } else {
        return None;
    };
    Some(made).filter(|made| !made.is_empty())
}

/// The words of a text that people read, folded, to be compared with those of TNEF.
pub(super) fn words_of(part: &Part, letter: &[u8]) -> HashSet<u64> {
    let range = part.body.start as usize..(part.body.end as usize).min(part.body.start as usize + COMPARED);
    let octets = decode::body(part.transfer_encoding(), letter.get(range).unwrap_or_default());
    words(&decode::part_text(part, &octets, false).text, part.is("text", "html"))
}

fn words(text: &str, is_html: bool) -> HashSet<u64> {
    if !is_html {
        return folded_words(text);
    }
    // Whatever stands between angle brackets is no word.
    let outside: String = text.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, rest)| rest)).fold(
        String::with_capacity(text.len()),
        |mut outside, piece| {
            outside.push_str(piece);
            outside.push(' ');
            outside
        },
    );
    folded_words(&outside)
}

/// The words, each as a number: they are many, and are only to be compared.
fn folded_words(text: &str) -> HashSet<u64> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| BuildHasherDefault::<DefaultHasher>::default().hash_one(decode::fold(word))).collect()
}

/// A text that is shown, and not a file that happens to be text.
fn is_plain_body(part: &Part) -> bool {
    let is_attached = part.disposition.as_ref().is_some_and(|told| told.kind.eq_ignore_ascii_case(b"attachment"));
    part.is("text", "plain") && !is_attached && part.file_name().is_none()
}

/// Returns true if the part is said to be TNEF, or has the name that Outlook gives it.
fn is_tnef(part: &Part) -> bool {
    let has_name =
        || part.file_name().is_some_and(|name| matches!(name.to_lowercase().as_str(), "winmail.dat" | "win.dat"));
    part.is("application", "ms-tnef")
        || part.is("application", "vnd.ms-tnef")
        || (part.is("application", "octet-stream") && has_name())
}

/// The files in a plain text, and the texts between them.
fn between(part: &Part, opened: &Opened<'_>, most: usize) -> Vec<Part> {
    // Each file may have a text behind it, and there is one before them all.
    let blocks = blocks::find(&opened.octets, most.saturating_sub(1) / 2);
    if blocks.is_empty() {
        return Vec::new();
    }
    let (mut made, mut at) = (Vec::new(), 0);
    let tell = |range: Range<usize>, made: &mut Vec<Part>| {
        let is_blank = opened.octets.get(range.clone()).is_none_or(|text| text.trim_ascii().is_empty());
        if !is_blank {
            let params = part.params.clone();
            let told = Part { kind: b"text".to_vec(), subtype: b"plain".to_vec(), params, ..Part::default() };
            made.push(opened.part(told, range, Encoding::Identity));
        }
    };
    for block in blocks {
        tell(at..block.whole.start, &mut made);
        at = block.whole.end;
        made.push(opened.part(
            file(&String::from_utf8_lossy(&block.name), &block.name, None),
            block.data,
            block.encoding,
        ));
    }
    tell(at..opened.octets.len(), &mut made);
    made
}

/// A part that is a file: its type as it is told, or as its name tells.
fn file(name: &str, written: &[u8], kind: Option<&str>) -> Part {
    let kind = kind.filter(|kind| kinds::is_kind(kind)).map(str::to_ascii_lowercase);
    let (kind, subtype) = kind.as_deref().unwrap_or_else(|| kinds::of_name(name)).split_once('/').unwrap_or_default();
    let params = match written.is_empty() {
        true => Vec::new(),
        false => vec![Param { name: b"filename".to_vec(), value: written.to_vec() }],
    };
    Part {
        kind: kind.as_bytes().to_vec(),
        subtype: subtype.as_bytes().to_vec(),
        disposition: Some(Disposition { kind: b"attachment".to_vec(), params }),
        ..Part::default()
    }
}

/// Lists the contents of TNEF: the text, if the letter has not said it, and the files. If we do not understand all of
/// the TNEF part, the list has that part itself, too.
fn unwrapped(part: &Part, opened: &Opened<'_>, most: usize, said: HashSet<u64>) -> Vec<Part> {
    let Some(Tnef { body, files, whole }) = tnef::read(&opened.octets, most.saturating_sub(2)) else {
        return Vec::new();
    };
    let mut made = Vec::new();
    if let Some(body) = body {
        let text = opened.part(text_part(body.form, body.charset.as_deref()), body.range.clone(), body.form.encoding());
        let octets = opened.octets.get(body.range).unwrap_or_default();
        let octets = decode::body(body.form.encoding(), octets.get(..octets.len().min(COMPARED)).unwrap_or_default());
        let words = words(&decode::part_text(&text, &octets, false).text, body.form == Form::Html);
        if !words.is_subset(&said) {
            made.push(text);
        }
    }
    for found in files {
        let mut told = match found.text {
            Some(body) => {
                let text = text_part(body.form, body.charset.as_deref());
                Part { disposition: file(&found.name, found.name.as_bytes(), None).disposition, ..text }
            }
            None => file(&found.name, found.name.as_bytes(), found.kind.as_deref()),
        };
        told.id = found.id;
        made.push(opened.part(told, found.range, found.encoding));
    }
    if !whole && !made.is_empty() {
        let name = part.file_name().unwrap_or_else(|| "winmail.dat".to_owned());
        let told = file(&name, name.as_bytes(), Some("application/ms-tnef"));
        made.push(opened.part(told, 0..opened.octets.len(), Encoding::Identity));
    }
    made
}

fn text_part(form: Form, charset: Option<&str>) -> Part {
    let subtype: &[u8] = if form == Form::Html { b"html" } else { b"plain" };
    let charset = charset.map(|charset| Param { name: b"charset".to_vec(), value: charset.as_bytes().to_vec() });
    let params = charset.into_iter().collect();
    Part { kind: b"text".to_vec(), subtype: subtype.to_vec(), params, content: Content::Leaf, ..Part::default() }
}
