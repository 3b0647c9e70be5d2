//! Reads TNEF, which Outlook and Exchange put into winmail.dat (MS-OXTNEF): a text, files, and letters that hold the
//! same again. Nothing is copied: a file is a stretch of the octets. Any octets are read, and each of them a few
//! times at most.

mod props;

use std::ops::Range;

use self::props::{Props, Value};
use crate::parse::decode;
use crate::parse::structure::Encoding;

const SIGNATURE: [u8; 4] = 0x223e_9f78_u32.to_le_bytes();
/// Letters in letters that are looked into.
const DEEPEST: usize = 4;

/// The ids of attributes, without the type that stands in their upper half.
mod id {
    pub const SUBJECT: u16 = 0x8004;
    pub const CLASS: u16 = 0x8008;
    pub const BODY: u16 = 0x800c;
    pub const DATA: u16 = 0x800f;
    pub const TITLE: u16 = 0x8010;
    pub const RENDERING: u16 = 0x9002;
    pub const MESSAGE_PROPS: u16 = 0x9003;
    pub const FILE_PROPS: u16 = 0x9005;
    pub const CODEPAGE: u16 = 0x9007;
}

/// The content of a TNEF part.
#[derive(Debug, Default)]
pub(super) struct Tnef {
    pub(super) body: Option<Body>,
    pub(super) files: Vec<File>,
    /// True if all of it was understood.
    pub(super) whole: bool,
}

/// The text of the letter.
#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) range: Range<usize>,
    pub(super) form: Form,
    pub(super) charset: Option<String>,
}

/// The form in which a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    Rtf,
    Plain,
    Html,
}

impl Form {
    pub(super) fn encoding(self) -> Encoding {
        if self == Self::Rtf { Encoding::RtfText } else { Encoding::Identity }
    }
}

/// A file.
#[derive(Debug)]
pub(super) struct File {
    pub(super) name: String,
    /// The type, as it is told.
    pub(super) kind: Option<String>,
    /// Its Content-ID.
    pub(super) id: Option<Vec<u8>>,
    pub(super) range: Range<usize>,
    pub(super) encoding: Encoding,
    /// The text, if the file is a letter inside the letter.
    pub(super) text: Option<Body>,
}

/// Reads TNEF with so many files at most. `None` for octets that are something else.
pub(super) fn read(octets: &[u8], most: usize) -> Option<Tnef> {
    let mut reader = Reader { octets, most, files: Vec::new(), whole: true };
    let letter = reader.letter(0..octets.len(), 0)?;
    let body = letter.body;
    Some(Tnef { body, files: reader.files, whole: reader.whole })
}

struct Reader<'a> {
    octets: &'a [u8],
    most: usize,
    files: Vec<File>,
    whole: bool,
}

/// The attributes of the letter.
#[derive(Default)]
struct Message {
    body: Option<Body>,
    subject: Option<String>,
    codepage: Option<u32>,
}

/// The attributes of a file, gathered until the next file begins.
#[derive(Default)]
struct Attached {
    title: Option<String>,
    long_name: Option<String>,
    short_name: Option<String>,
    display_name: Option<String>,
    kind: Option<String>,
    id: Option<Vec<u8>>,
    data: Option<Range<usize>>,
    object: Option<Range<usize>>,
}

impl Reader<'_> {
    /// A letter that fills the range. `None` if it is none.
    fn letter(&mut self, range: Range<usize>, depth: usize) -> Option<Message> {
        if self.octets.get(range.clone())?.get(..4)? != SIGNATURE {
            return None;
        }
        let (mut letter, mut attached) = (Message::default(), None::<Attached>);
        // A signature of four octets and a key of two.
        let mut at = range.start + 6;
        while at < range.end {
            let Some((name, data)) = self.attribute(at..range.end) else {
                self.whole = false;
                break;
            };
            // A check sum of two octets stands behind each.
            at = data.end + 2;
            self.whole &= at <= range.end;
            if name == id::RENDERING {
                self.file(attached.replace(Attached::default()), depth);
            } else if matches!(name, id::TITLE | id::DATA | id::FILE_PROPS) {
                let about = attached.get_or_insert_default();
                self.of_file(about, name, data, letter.codepage);
            } else {
                self.of_letter(&mut letter, name, data);
            }
        }
        self.file(attached, depth);
        Some(letter)
    }

    /// The attribute at the start of a range: level, id, length, data.
    fn attribute(&self, range: Range<usize>) -> Option<(u16, Range<usize>)> {
        let head: [u8; 9] = self.octets.get(range.start..range.start + 9)?.try_into().ok()?;
        let [level, low, high, _, _, length @ ..] = head;
        let length = usize::try_from(u32::from_le_bytes(length)).ok()?;
        let start = range.start + head.len();
        let end = start.checked_add(length).filter(|end| *end <= range.end)?;
        matches!(level, 1 | 2).then_some((u16::from_le_bytes([low, high]), start..end))
    }

    fn of_letter(&mut self, letter: &mut Message, name: u16, data: Range<usize>) {
        let octets = self.octets.get(data.clone()).unwrap_or_default();
        match name {
            id::CODEPAGE => letter.codepage = octets.first_chunk().map(|first| u32::from_le_bytes(*first)),
            id::SUBJECT => letter.subject = Some(told(octets, letter.codepage)),
            // A meeting or a task says more than its text.
            id::CLASS if !is_note(octets) => self.whole = false,
            id::BODY => {
                let charset = Some(charset(letter.codepage));
                prefer(&mut letter.body, Body { range: without_nul(octets, data.start), form: Form::Plain, charset });
            }
            id::MESSAGE_PROPS => self.props_of_letter(letter, data),
            _ => {}
        }
    }

    fn props_of_letter(&mut self, letter: &mut Message, data: Range<usize>) {
        let mut props = Props::new(self.octets, data);
        let (mut bodies, mut internet) = (Vec::new(), None);
        for (tag, value) in &mut props {
            match tag {
                0x1000 | 0x1013 | 0x1009 => bodies.push((tag, value)),
                0x3fde => internet = value.number(self.octets),
                0x0037 => letter.subject = Some(value.text(self.octets, letter.codepage)),
                _ => {}
            }
        }
        self.whole &= props.ended_well();
        for (tag, value) in bodies {
            let form = match tag {
                0x1000 => Form::Plain,
                0x1013 => Form::Html,
                _ => Form::Rtf,
            };
            let (charset, range) = match (form, value.is_unicode()) {
                (Form::Rtf, _) => ("utf-8".to_owned(), value.range),
                (_, true) => ("utf-16le".to_owned(), value.without_nul(self.octets)),
                (Form::Html, false) => (charset(internet.or(letter.codepage)), value.without_nul(self.octets)),
                (_, false) => (charset(letter.codepage), value.without_nul(self.octets)),
            };
            prefer(&mut letter.body, Body { range, form, charset: Some(charset) });
        }
    }

    fn of_file(&mut self, about: &mut Attached, name: u16, data: Range<usize>, codepage: Option<u32>) {
        match name {
            id::TITLE => about.title = Some(told(self.octets.get(data).unwrap_or_default(), codepage)),
            id::DATA => about.data = Some(data),
            _ => {
                let mut props = Props::new(self.octets, data);
                for (tag, value) in &mut props {
                    let text = |value: &Value| Some(value.text(self.octets, codepage)).filter(|text| !text.is_empty());
                    match tag {
                        0x3701 => about.object = Some(value.object()),
                        0x3707 => about.long_name = text(&value),
                        0x3704 => about.short_name = text(&value),
                        0x3001 => about.display_name = text(&value),
                        0x370e => about.kind = text(&value),
                        0x3712 => {
                            about.id = text(&value).map(|id| format!("<{}>", id.trim_matches(['<', '>'])).into_bytes())
                        }
                        _ => {}
                    }
                }
                self.whole &= props.ended_well();
            }
        }
    }

    /// A file is complete: it is listed, or what is in it where it is a letter.
    fn file(&mut self, about: Option<Attached>, depth: usize) {
        let Some(about) = about else { return };
        let name = [about.long_name, about.title, about.short_name, about.display_name].into_iter().flatten();
        let name = name.map(|name| name.trim_matches(['\0', ' ']).to_owned()).find(|name| !name.is_empty());
        let (kind, id) = (about.kind, about.id);
        // Exchange writes a stub of data beside an object.
        match (about.object, about.data) {
            (Some(object), _) if self.is_letter(&object) => self.inner(object, name, depth),
            (_, Some(range)) if !range.is_empty() => self.list(name, kind, id, range),
            (Some(range), _) | (None, Some(range)) => self.list(name, kind, id, range),
            (None, None) => self.whole = false,
        }
    }

    fn is_letter(&self, range: &Range<usize>) -> bool {
        self.octets.get(range.clone()).is_some_and(|octets| octets.starts_with(&SIGNATURE))
    }

    /// Reads a letter inside: its text as a file of its name, and its files; a letter that nobody can read stays as
    /// it is.
    fn inner(&mut self, range: Range<usize>, name: Option<String>, depth: usize) {
        let listed = self.files.len();
        let letter = if depth < DEEPEST { self.letter(range.clone(), depth + 1) } else { None };
        let (body, subject) = letter.map(|letter| (letter.body, letter.subject)).unwrap_or_default();
        let name = subject.filter(|subject| !subject.is_empty()).or(name).unwrap_or_else(|| "letter".to_owned());
        match body {
            Some(body) if self.files.len() < self.most => {
                let ending = if body.form == Form::Html { "html" } else { "txt" };
                let (range, encoding) = (body.range.clone(), body.form.encoding());
                let file =
                    File { name: format!("{name}.{ending}"), kind: None, id: None, range, encoding, text: Some(body) };
                self.files.insert(listed.min(self.files.len()), file);
            }
            _ if self.files.len() == listed => {
                self.list(Some(format!("{name}.dat")), Some("application/ms-tnef".to_owned()), None, range);
            }
            _ => {}
        }
    }

    fn list(&mut self, name: Option<String>, kind: Option<String>, id: Option<Vec<u8>>, range: Range<usize>) {
        if self.files.len() >= self.most {
            self.whole = false;
            return;
        }
        let name = name.unwrap_or_default();
        self.files.push(File { name, kind, id, range, encoding: Encoding::Identity, text: None });
    }
}

/// Prefers, of several texts, the richest that is not empty.
fn prefer(body: &mut Option<Body>, other: Body) {
    if !other.range.is_empty() && body.as_ref().is_none_or(|body| body.form < other.form) {
        *body = Some(other);
    }
}

/// Returns true if a letter of this class is no more than a letter.
fn is_note(class: &[u8]) -> bool {
    let class = String::from_utf8_lossy(class).to_ascii_lowercase();
    class.starts_with("ipm.note") || class.starts_with("ipm.microsoft mail.note")
}

fn charset(codepage: Option<u32>) -> String {
    match codepage {
        None | Some(0) => "windows-1252".to_owned(),
        Some(65001) => "utf-8".to_owned(),
        Some(1200) => "utf-16le".to_owned(),
        Some(number) => format!("cp{number}"),
    }
}

/// A text that ends with NUL.
fn told(octets: &[u8], codepage: Option<u32>) -> String {
    let octets = octets.get(..octets.len().min(props::LONGEST)).unwrap_or_default();
    decode::text(Some(charset(codepage).as_bytes()), octets).trim_end_matches('\0').to_owned()
}

fn without_nul(octets: &[u8], start: usize) -> Range<usize> {
    start..start + octets.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1)
}
