//! Makes questions that people and programs ask, from the texts of the letters.

use std::fmt;

use crate::corpus::Dice;
use crate::judge::Reading;

/// A question to both servers.
#[derive(Clone, Debug)]
pub enum Question {
    /// `SUBJECT x`, `FROM x`, `TO x`, `CC x`
    Known(&'static str, String),
    /// `HEADER name x`
    Header(String, String),
    /// `BODY x`
    Body(String),
    /// `TEXT x`
    Text(String),
    /// `NOT …`
    Not(Box<Question>),
    /// `OR … …`
    Or(Box<Question>, Box<Question>),
}

impl Question {
    /// Writes the question as it is sent.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Known(key, text) => word(out, key, text),
            Self::Header(name, text) => word(out, &format!("HEADER {name}"), text),
            Self::Body(text) => word(out, "BODY", text),
            Self::Text(text) => word(out, "TEXT", text),
            Self::Not(inner) => {
                out.extend_from_slice(b"NOT ");
                inner.write(out);
            }
            Self::Or(one, other) => {
                out.extend_from_slice(b"OR ");
                one.write(out);
                out.push(b' ');
                other.write(out);
            }
        }
    }
}

fn word(out: &mut Vec<u8>, key: &str, text: &str) {
    out.extend_from_slice(key.as_bytes());
    if text.is_ascii() {
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
        out.extend_from_slice(format!(" \"{escaped}\"").as_bytes());
    } else {
        out.extend_from_slice(format!(" {{{}+}}\r\n{text}", text.len()).as_bytes());
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(key, text) => write!(f, "{key} {text:?}"),
            Self::Header(name, text) => write!(f, "HEADER {name} {text:?}"),
            Self::Body(text) => write!(f, "BODY {text:?}"),
            Self::Text(text) => write!(f, "TEXT {text:?}"),
            Self::Not(inner) => write!(f, "NOT {inner}"),
            Self::Or(one, other) => write!(f, "OR {one} {other}"),
        }
    }
}

/// Questions about letters, without end.
pub struct Questions {
    dice: Dice,
    readings: Vec<Reading>,
}

impl Questions {
    /// About these letters, with a seed.
    pub fn about(letters: &[Vec<u8>], seed: u64) -> Self {
        let readings = letters.iter().map(|letter| Reading::of(letter)).collect();
        Self { dice: Dice::of(seed.wrapping_add(77)), readings }
    }

    /// The next one.
    pub fn next(&mut self) -> Question {
        match self.dice.below(10) {
            0 => Question::Not(Box::new(self.simple())),
            1 => Question::Or(Box::new(self.simple()), Box::new(self.simple())),
            _ => self.simple(),
        }
    }

    fn simple(&mut self) -> Question {
        let letter = self.dice.below(self.readings.len());
        let key = *self.dice.one(&["SUBJECT", "FROM", "TO", "CC", "HEADER", "BODY", "BODY", "TEXT", "TEXT"]);
        let reading = &self.readings[letter];
        let fields: Vec<&(String, String)> = match key {
            "HEADER" | "TEXT" => reading.fields.iter().collect(),
            "BODY" => Vec::new(),
            key => reading.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key)).collect(),
        };
        let in_body = key == "BODY" || (key == "TEXT" && self.dice.often(60)) || fields.is_empty();
        let (name, source) = match in_body {
            false => (**self.dice.one(&fields)).clone(),
            true => ("Subject".to_owned(), self.dice.one(&reading.bodies_or_nothing()).clone()),
        };
        let needle = self.needle(&source);
        match key {
            "HEADER" => Question::Header(name, needle),
            "BODY" => Question::Body(needle),
            "TEXT" => Question::Text(needle),
            key => Question::Known(key, needle),
        }
    }

    /// Returns the text of a question: words, pieces and ends of words, across the signs between them, in other
    /// cases, and words that are not there.
    fn needle(&mut self, source: &str) -> String {
        let words: Vec<&str> = source.split_whitespace().collect();
        if words.is_empty() || self.dice.often(4) {
            return self
                .dice
                .one(&["zzqx", "!!!", "...", "、、", "é", "e", "@", "-", "qwfp-zx", "会x议", "\"", "%"])
                .to_string();
        }
        let at = self.dice.below(words.len());
        let chars: Vec<char> = words[at].chars().collect();
        let piece =
            |from: usize, to: usize| chars[from.min(chars.len())..to.min(chars.len())].iter().collect::<String>();
        let found = match self.dice.below(9) {
            0 | 1 => words[at].to_owned(),
            2 => {
                let from = self.dice.below(chars.len());
                let length = 1 + self.dice.below(6);
                piece(from, from + length)
            }
            3 => piece(chars.len() / 2, chars.len()),
            4 => piece(0, chars.len().div_ceil(2)),
            5 | 6 => words[at..words.len().min(at + 2)].join(" "),
            7 => {
                // The piece goes from the middle of a word into the middle of the next.
                let all: Vec<char> = source.lines().next().unwrap_or_default().chars().collect();
                let from = self.dice.below(all.len());
                let length = 3 + self.dice.below(12);
                all.iter().skip(from).take(length).collect::<String>().trim().to_owned()
            }
            _ => chars.iter().filter(|c| !c.is_alphanumeric()).collect(),
        };
        let found = match self.dice.below(6) {
            0 => found.to_uppercase(),
            1 => found.to_lowercase(),
            _ => found,
        };
        let found: String =
            found.chars().filter(|c| !c.is_control() && *c != char::REPLACEMENT_CHARACTER).take(40).collect();
        // If one reader could not read a text, that says nothing of what another one finds.
        if found.is_empty() { "zzqx".to_owned() } else { found }
    }
}
