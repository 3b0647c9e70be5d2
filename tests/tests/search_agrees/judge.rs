//! A third reading of the letters, by mail-parser, that says who is right where two servers differ.

use mail_parser::decoders::html::html_to_text;
use mail_parser::{Message, MessageParser, PartType};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::questions::Question;

/// Why two servers may differ about a letter and both be right, or why the other one may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It stands there, and Dovecot does not find it.
    DovecotMisses,
    /// It does not stand there, and Dovecot finds it.
    DovecotInvents,
    /// It stands there but for accents, ligatures or width.
    Letters,
    /// It stands there but for blanks and line ends.
    Blanks,
    /// It stands in the markup of a page alone.
    Markup,
    /// It stands in the header of a part or of a letter inside; RFC 9051 does not say whether that is the body.
    Inside,
    /// It stands in what no reader of mail shows: around the parts, or encoded.
    Raw,
}

/// What a letter says, by place.
pub struct Reading {
    /// Fields of the header, decoded.
    pub fields: Vec<(String, String)>,
    /// Texts, of pages what is shown.
    bodies: Vec<String>,
    /// Pages with their markup.
    pages: Vec<String>,
    /// Headers of parts and of letters inside.
    inside: Vec<String>,
    raw: String,
}

impl Reading {
    /// Of a letter.
    pub fn of(letter: &[u8]) -> Self {
        let raw = String::from_utf8_lossy(letter).into_owned();
        let mut reading = Self { fields: Vec::new(), bodies: Vec::new(), pages: Vec::new(), inside: Vec::new(), raw };
        if let Some(message) = MessageParser::default().parse(letter) {
            reading.fields = fields(&message, 0);
            reading.read(&message, true);
        }
        reading
    }

    fn read(&mut self, message: &Message<'_>, outermost: bool) {
        for (n, part) in message.parts.iter().enumerate() {
            if n > 0 || !outermost {
                self.inside.extend(fields(message, n).into_iter().map(|(name, value)| format!("{name}: {value}")));
            }
            match &part.body {
                PartType::Text(text) => self.bodies.push(text.clone().into_owned()),
                PartType::Html(page) => {
                    self.bodies.push(html_to_text(page));
                    self.pages.push(page.clone().into_owned());
                }
                PartType::Message(inner) => self.read(inner, false),
                PartType::Binary(octets) | PartType::InlineBinary(octets) => {
                    self.inside.push(String::from_utf8_lossy(octets).into_owned());
                }
                PartType::Multipart(_) => {}
            }
        }
    }

    /// Texts to ask for; never none.
    pub fn bodies_or_nothing(&self) -> Vec<String> {
        if self.bodies.is_empty() { vec![String::new()] } else { self.bodies.clone() }
    }
}

/// The fields of a part, encoded words decoded.
fn fields(message: &Message<'_>, part: usize) -> Vec<(String, String)> {
    let Some(part) = message.parts.get(part) else { return Vec::new() };
    let headers = part.headers.iter();
    headers
        .map(|header| {
            let value = message.raw_message.get(header.offset_start as usize..header.offset_end as usize);
            (header.name.as_str().to_owned(), decoded(value.unwrap_or_default()))
        })
        .collect()
}

/// A field as a person reads it, whatever it is for.
fn decoded(value: &[u8]) -> String {
    let unfolded: Vec<u8> = value.iter().copied().filter(|octet| !b"\r\n".contains(octet)).collect();
    let subject = [b"Subject: ", unfolded.trim_ascii(), b"\r\n\r\n"].concat();
    let parsed = MessageParser::new().parse_headers(&subject[..]);
    parsed.and_then(|message| message.subject().map(str::to_owned)).unwrap_or_default()
}

/// Is it so?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Truth {
    Yes,
    No,
    /// It depends on how one reads.
    Perhaps(Reason),
}

/// Who says what is right.
pub struct Judge(Vec<Folded>);

impl Judge {
    /// For these letters.
    pub fn of(letters: &[Vec<u8>]) -> Self {
        Self(letters.iter().map(|letter| Folded::of(&Reading::of(letter))).collect())
    }

    /// Why do we and Dovecot differ about a letter? `ours`: we found it and Dovecot did not, else the other way round.
    /// The error says what is wrong with us.
    pub fn explain(&self, question: &Question, letter: usize, ours: bool) -> Result<Reason, &'static str> {
        match (truth(question, &self.0[letter]), ours) {
            (Truth::Yes, true) => Ok(Reason::DovecotMisses),
            (Truth::No, false) => Ok(Reason::DovecotInvents),
            (Truth::Perhaps(reason), _) => Ok(reason),
            (Truth::Yes, false) => Err("it stands there, Dovecot finds it, and we do not"),
            (Truth::No, true) => Err("we find it, and it does not stand there"),
        }
    }
}

fn truth(question: &Question, letter: &Folded) -> Truth {
    match question {
        Question::Not(inner) => match truth(inner, letter) {
            Truth::Yes => Truth::No,
            Truth::No => Truth::Yes,
            perhaps => perhaps,
        },
        Question::Or(one, other) => match (truth(one, letter), truth(other, letter)) {
            (Truth::Yes, _) | (_, Truth::Yes) => Truth::Yes,
            (Truth::No, other) => other,
            (one, _) => one,
        },
        Question::Known(name, needle) => in_field(name, needle, letter),
        Question::Header(name, needle) => in_field(name, needle, letter),
        Question::Body(needle) => in_places(needle, letter.bodies.iter(), letter),
        Question::Text(needle) => in_places(needle, letter.lines.iter().chain(&letter.bodies), letter),
    }
}

fn in_field(name: &str, needle: &str, letter: &Folded) -> Truth {
    let fields = letter.fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
    loosely(needle, fields.map(|(_, value)| value))
}

fn in_places<'a>(needle: &str, places: impl Iterator<Item = &'a Levels>, letter: &Folded) -> Truth {
    match loosely(needle, places) {
        Truth::No => {}
        truth => return truth,
    }
    let more = [(&letter.inside, Reason::Inside), (&letter.pages, Reason::Markup), (&letter.raw, Reason::Raw)];
    let found = more.into_iter().find(|(places, _)| loosely(needle, places.iter()) != Truth::No);
    found.map_or(Truth::No, |(_, reason)| Truth::Perhaps(reason))
}

fn loosely<'a>(needle: &str, places: impl Iterator<Item = &'a Levels>) -> Truth {
    let needle = Levels::of(needle);
    let best = places.filter_map(|place| (0..3).find(|level| place.0[*level].contains(&needle.0[*level]))).min();
    match best {
        Some(0) => Truth::Yes,
        Some(1) => Truth::Perhaps(Reason::Letters),
        Some(_) => Truth::Perhaps(Reason::Blanks),
        None => Truth::No,
    }
}

/// A text without case, without accents, and without blanks.
struct Levels([String; 3]);

impl Levels {
    fn of(text: &str) -> Self {
        Self([case_alone(text), without_accents(text), without_blanks(text)])
    }
}

/// A letter, ready to be looked into very often.
struct Folded {
    fields: Vec<(String, Levels)>,
    lines: Vec<Levels>,
    bodies: Vec<Levels>,
    pages: Vec<Levels>,
    inside: Vec<Levels>,
    raw: Vec<Levels>,
}

impl Folded {
    fn of(reading: &Reading) -> Self {
        let all = |texts: &[String]| texts.iter().map(|text| Levels::of(text)).collect::<Vec<_>>();
        Self {
            fields: reading.fields.iter().map(|(name, value)| (name.clone(), Levels::of(value))).collect(),
            lines: reading.fields.iter().map(|(name, value)| Levels::of(&format!("{name}: {value}"))).collect(),
            bodies: all(&reading.bodies),
            pages: all(&reading.pages),
            inside: all(&reading.inside),
            raw: vec![Levels::of(&reading.raw)],
        }
    }
}

fn case_alone(text: &str) -> String {
    text.to_lowercase().nfc().collect()
}

fn without_accents(text: &str) -> String {
    let plain: String = text.nfkd().flat_map(char::to_lowercase).nfkd().filter(|c| !is_combining_mark(*c)).collect();
    plain.replace('ß', "ss").replace('œ', "oe").replace('æ', "ae").replace('ς', "σ").replace('ø', "o")
}

fn without_blanks(text: &str) -> String {
    without_accents(text).chars().filter(|c| !c.is_whitespace()).collect()
}
