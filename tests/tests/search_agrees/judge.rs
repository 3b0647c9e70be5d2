//! A third reading of the letters, by mail-parser, that says who is right where two servers differ.

use mail_parser::decoders::html::html_to_text;
use mail_parser::{Message, MessageParser, MimeHeaders, PartType};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::questions::Question;

/// The reasons why two servers may differ about a letter and both be right, or why the other one may be wrong.
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
    /// It stands in the header of a letter inside, or in a file's name or octets.
    Inside,
    /// It stands in the MIME fields of a part (its charset, its boundary), which no reader shows: RFC 9051 does not say whether
    /// that is the body, and we say that it is not.
    Mime,
    /// It stands where no reader of mail shows it: around the parts, or encoded.
    Raw,
    /// It stands in a file that came beside MIME (winmail.dat, uuencode, yEnc), which the third reading does not open.
    Beside,
}

/// The texts of a letter, by place.
pub struct Reading {
    /// Fields of the header, decoded.
    pub fields: Vec<(String, String)>,
    /// The texts; of pages, the shown part.
    bodies: Vec<String>,
    /// Pages with their markup.
    pages: Vec<String>,
    /// Headers of letters inside, and files.
    inside: Vec<String>,
    /// MIME fields of parts.
    mime: Vec<String>,
    raw: String,
    /// True if there are files in it that mail-parser does not open.
    has_more: bool,
}

impl Reading {
    /// Reads a letter.
    pub fn of(letter: &[u8]) -> Self {
        let raw = guessed(letter);
        let mut reading = Self {
            fields: Vec::new(),
            bodies: Vec::new(),
            pages: Vec::new(),
            inside: Vec::new(),
            mime: Vec::new(),
            has_more: ["application/ms-tnef", "\n=ybegin ", "\nbegin 644 "].iter().any(|mark| raw.contains(mark)),
            raw,
        };
        if let Some(message) = MessageParser::default().parse(letter) {
            reading.fields = fields(&message, 0);
            reading.read(&message, true);
        }
        reading
    }

    fn read(&mut self, message: &Message<'_>, outermost: bool) {
        for (n, part) in message.parts.iter().enumerate() {
            if n > 0 || !outermost {
                for (name, value) in fields(message, n) {
                    let is_mime = name.to_ascii_lowercase().starts_with("content-");
                    let place = if is_mime { &mut self.mime } else { &mut self.inside };
                    place.push(format!("{name}: {value}"));
                }
            }
            self.inside.extend(part.attachment_name().map(str::to_owned));
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
    let subject = format!("Subject: {}\r\n\r\n", guessed(unfolded.trim_ascii()));
    let parsed = MessageParser::new().parse_headers(subject.as_bytes());
    parsed.and_then(|message| message.subject().map(str::to_owned)).unwrap_or_default()
}

/// Octets of which nobody says in which charset they are: this is the usual guess.
fn guessed(octets: &[u8]) -> String {
    match std::str::from_utf8(octets) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode(octets).0.into_owned(),
    }
}

/// The answer to a question about a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Truth {
    Yes,
    No,
    /// It depends on how one reads.
    Perhaps(Reason),
}

/// The judge says which letters should be found.
pub struct Judge(Vec<Folded>);

impl Judge {
    /// Makes a judge for these letters.
    pub fn of(letters: &[Vec<u8>]) -> Self {
        Self(letters.iter().map(|letter| Folded::of(&Reading::of(letter))).collect())
    }

    /// Says why we and Dovecot differ about a letter. `ours`: we found it and Dovecot did not, else the other way
    /// round. The error says what is wrong with us: of the texts that Dovecot alone sees in a letter, only those may
    /// be missing here that no reader of mail shows: markup, MIME fields, the lines around the parts.
    pub fn explain(&self, question: &Question, letter: usize, ours: bool) -> Result<Reason, &'static str> {
        // A reader that does not answer to NOT is one that saw the text.
        let (seen, by_us) = match question {
            Question::Not(inner) => (&**inner, !ours),
            question => (question, ours),
        };
        let letter = &self.0[letter];
        match (truth(seen, letter), by_us) {
            (Truth::Yes, true) => Ok(Reason::DovecotMisses),
            (Truth::No, false) => Ok(Reason::DovecotInvents),
            (Truth::Perhaps(reason), true) => Ok(reason),
            (Truth::Perhaps(reason @ (Reason::Markup | Reason::Mime | Reason::Raw)), false) => Ok(reason),
            (Truth::Perhaps(_), false) if is_in(seen, &letter.pages) => Ok(Reason::Markup),
            (Truth::Perhaps(_), false) if is_in(seen, &letter.mime) => Ok(Reason::Mime),
            (Truth::Yes, false) => Err("it stands there, Dovecot sees it, and we do not"),
            (Truth::No, true) if letter.has_more => Ok(Reason::Beside),
            (Truth::No, true) => Err("we see it, and it does not stand there"),
            (Truth::Perhaps(_), false) => Err("Dovecot sees it, where a reader sees it too, and we do not"),
        }
    }
}

/// Returns true if one of these places has the text as the question asks for it, but for the accents and the width that
/// Dovecot does not tell apart either.
fn is_in(question: &Question, places: &[Levels]) -> bool {
    match question {
        Question::Body(needle) | Question::Text(needle) => {
            matches!(loosely(needle, places.iter()), Truth::Yes | Truth::Perhaps(Reason::Letters))
        }
        Question::Or(one, other) => is_in(one, places) || is_in(other, places),
        _ => false,
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
    let more = [
        (&letter.inside, Reason::Inside),
        (&letter.pages, Reason::Markup),
        (&letter.mime, Reason::Mime),
        (&letter.raw, Reason::Raw),
    ];
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
    mime: Vec<Levels>,
    raw: Vec<Levels>,
    has_more: bool,
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
            mime: all(&reading.mime),
            raw: vec![Levels::of(&reading.raw)],
            has_more: reading.has_more,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_explains_a_question_in_another_width_too() {
        let page = "Content-Type: text/html\r\n\r\n<p style=\"width: 12px\">1 2\r\n".as_bytes().to_vec();
        let text = "Content-Type: text/plain\r\n\r\n12\r\n".as_bytes().to_vec();
        let judge = Judge::of(&[page, text]);
        let question = Question::Body("１２".to_owned());
        assert_eq!(judge.explain(&question, 0, false), Ok(Reason::Markup));
        assert!(judge.explain(&question, 1, false).is_err(), "a reader sees it, and so must we");
    }
}
