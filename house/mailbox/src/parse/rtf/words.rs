//! The words in RTF. Groups that hold fonts, colours, pictures and whatever is marked as not for everybody are passed over.

use reading::charset;

/// Groups in groups that are remembered; deeper ones are as the last of these.
const DEEPEST: usize = 200;
/// The longest word of format that is looked at.
const LONGEST: usize = 32;
/// Octets of text that are brought out of their charset at once.
const RUN: usize = 1024;
/// Groups that hold no words of the letter.
const HIDDEN: [&[u8]; 14] = [
    b"fonttbl",
    b"colortbl",
    b"stylesheet",
    b"info",
    b"pict",
    b"object",
    b"header",
    b"footer",
    b"listtable",
    b"listoverridetable",
    b"rsidtbl",
    b"generator",
    b"themedata",
    b"datastore",
];

#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    state: State,
    groups: Vec<Group>,
    /// Groups that are open and not remembered.
    deeper: usize,
    group: Group,
    word: Vec<u8>,
    number: Option<i64>,
    negative: bool,
    /// The number of characters left to pass over: they stand for a character of Unicode, for readers that do not
    /// know it.
    instead: u32,
    /// Octets of something else than text that follow.
    binary: u64,
    codepage: Option<u16>,
    /// Text in that code page.
    run: Vec<u8>,
    /// The first half of a character of Unicode.
    half: Option<u16>,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Text,
    Slash,
    Word,
    Number,
    FirstDigit,
    SecondDigit(u8),
}

#[derive(Clone, Copy, Debug)]
struct Group {
    hidden: bool,
    /// The text is between `\htmlrtf` and `\htmlrtf0`, which only readers of RTF are to see.
    rtf_only: bool,
    /// The number of characters that stand for one character of Unicode.
    instead: u32,
}

impl Default for Group {
    fn default() -> Self {
        Self { hidden: false, rtf_only: false, instead: 1 }
    }
}

impl Words {
    pub(super) fn push(&mut self, octet: u8, out: &mut String) {
        if self.binary > 0 {
            self.binary -= 1;
            return;
        }
        match self.state {
            State::Text => self.text(octet, out),
            State::Slash => self.slash(octet, out),
            State::Word if octet.is_ascii_alphabetic() => {
                if self.word.len() < LONGEST {
                    self.word.push(octet);
                }
            }
            State::Word if octet == b'-' && !self.negative => self.negative = true,
            State::Word | State::Number if octet.is_ascii_digit() => {
                let digits = self.number.unwrap_or(0).saturating_mul(10).saturating_add(i64::from(octet - b'0'));
                (self.number, self.state) = (Some(digits.min(i64::from(u32::MAX))), State::Number);
            }
            State::Word | State::Number => {
                self.state = State::Text;
                self.format(out);
                // The blank behind a word belongs to it.
                if octet != b' ' && self.binary == 0 {
                    self.text(octet, out);
                }
            }
            State::FirstDigit => self.state = hex(octet).map_or(State::Text, State::SecondDigit),
            State::SecondDigit(high) => {
                self.state = State::Text;
                if let Some(low) = hex(octet) {
                    self.say(high << 4 | low, out);
                }
            }
        }
    }

    pub(super) fn finish(&mut self, out: &mut String) {
        if let State::Word | State::Number = self.state {
            self.format(out);
        }
        self.flush(out);
    }

    fn text(&mut self, octet: u8, out: &mut String) {
        match octet {
            b'\\' => self.state = State::Slash,
            b'{' => {
                self.flush(out);
                match self.groups.len() < DEEPEST {
                    true => self.groups.push(self.group),
                    false => self.deeper += 1,
                }
            }
            b'}' => {
                self.flush(out);
                match self.deeper.checked_sub(1) {
                    Some(fewer) => self.deeper = fewer,
                    None => self.group = self.groups.pop().unwrap_or_default(),
                }
            }
            b'\r' | b'\n' | 0 => {}
            octet => self.say(octet, out),
        }
    }

    fn slash(&mut self, octet: u8, out: &mut String) {
        self.state = State::Text;
        match octet {
            b'\'' => self.state = State::FirstDigit,
            b'*' => self.group.hidden = true,
            b'~' => self.say(b' ', out),
            b'\r' | b'\n' => self.end_line("\n", out),
            b'a'..=b'z' | b'A'..=b'Z' => {
                self.word.clear();
                self.word.push(octet);
                (self.number, self.negative, self.state) = (None, false, State::Word);
            }
            b'-' | b'_' => {}
            octet => self.say(octet, out),
        }
    }

    /// A word of format.
    fn format(&mut self, out: &mut String) {
        let (word, number) = (std::mem::take(&mut self.word), self.number);
        let signed = if self.negative { number.map(|number| -number) } else { number };
        match word.as_slice() {
            b"u" => self.character(signed.unwrap_or(0), out),
            b"uc" => self.group.instead = u32::try_from(number.unwrap_or(1)).unwrap_or(1).min(16),
            b"bin" => self.binary = number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0),
            b"ansicpg" => self.codepage = number.and_then(|number| u16::try_from(number).ok()),
            b"par" | b"line" | b"row" | b"sect" | b"page" => self.end_line("\n", out),
            b"tab" | b"cell" => self.end_line("\t", out),
            b"htmlrtf" => {
                self.flush(out);
                self.group.rtf_only = number != Some(0);
            }
            hidden if HIDDEN.contains(&hidden) => {
                self.flush(out);
                self.group.hidden = true;
            }
            b"emdash" => self.unicode('—', out),
            b"endash" => self.unicode('–', out),
            b"lquote" => self.unicode('‘', out),
            b"rquote" => self.unicode('’', out),
            b"ldblquote" => self.unicode('“', out),
            b"rdblquote" => self.unicode('”', out),
            b"bullet" => self.unicode('•', out),
            _ => {}
        }
        self.word = word;
        self.word.clear();
    }

    fn is_shown(&self) -> bool {
        !self.group.hidden && !self.group.rtf_only
    }

    fn say(&mut self, octet: u8, out: &mut String) {
        if self.instead > 0 {
            self.instead -= 1;
            return;
        }
        if self.is_shown() {
            self.run.push(octet);
            // Rather between two characters than in one.
            if self.run.len() >= if octet.is_ascii() { RUN } else { 2 * RUN } {
                self.flush(out);
            }
        }
    }

    fn end_line(&mut self, end: &str, out: &mut String) {
        self.flush(out);
        self.instead = 0;
        if self.is_shown() {
            out.push_str(end);
        }
    }

    fn unicode(&mut self, character: char, out: &mut String) {
        self.flush(out);
        if self.is_shown() {
            out.push(character);
        }
    }

    /// `\u8364`: a number of 16 bits, often written as a negative one, of which two may be one character.
    fn character(&mut self, number: i64, out: &mut String) {
        self.instead = 0;
        self.flush_run(out);
        if self.is_shown() {
            let unit = (number & 0xffff) as u16;
            let units = [self.half.take().unwrap_or(unit), unit];
            let units = if units[0] == unit { &units[..1] } else { &units[..] };
            match char::decode_utf16(units.iter().copied()).next() {
                Some(Ok(character)) => out.push(character),
                Some(Err(_)) if (0xd800..0xdc00).contains(&unit) => self.half = Some(unit),
                _ => {}
            }
        }
        self.instead = self.group.instead;
    }

    fn flush(&mut self, out: &mut String) {
        self.instead = 0;
        self.half = None;
        self.flush_run(out);
    }

    fn flush_run(&mut self, out: &mut String) {
        if self.run.is_empty() {
            return;
        }
        self.half = None;
        let label = format!("cp{}", self.codepage.unwrap_or(1252));
        out.push_str(&charset::read(Some(label.as_bytes()), &self.run, true).text);
        self.run.clear();
    }
}

fn hex(octet: u8) -> Option<u8> {
    char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
