//! The forms in which texts are compared, and the words of a text. Letters and questions go through the same code, so that
//! a letter that is not indexed yet is found by the same question as one that is.
//!
//! The *exact* form takes case away and makes compatible characters one (as i;unicode-casemap does, RFC 5051); the *plain*
//! form takes accents and what else people leave out. Both are made sign by sign: a piece of a text stays one in either.

use store::Form;
use unicode_normalization::char::{decompose_canonical, decompose_compatible, is_combining_mark};

/// The exact form of a text, with one blank wherever there is blank space.
pub fn exact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| each_exact(c, &mut |sign| push(sign, &mut out)));
    out
}

/// The plain form of a text, with one blank wherever there is blank space.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| each_exact(c, &mut |sign| each_plain(sign, &mut |sign| push(sign, &mut out))));
    out
}

/// The word that stands for the name of a header field.
pub fn field_name(name: &str) -> Form {
    Form { plain: format!("{}:", name.to_ascii_lowercase()), exact: None }
}

/// Both forms, of a text to be kept.
pub fn both(text: &str) -> Form {
    let (plain, exact) = (plain(text), exact(text));
    Form { exact: (exact != plain).then_some(exact), plain }
}

fn push(sign: char, out: &mut String) {
    if !sign.is_whitespace() && !sign.is_control() {
        out.push(sign);
    } else if !out.ends_with(' ') {
        out.push(' ');
    }
}

fn each_exact(c: char, take: &mut dyn FnMut(char)) {
    if c.is_ascii() {
        return take(c.to_ascii_lowercase());
    }
    decompose_compatible(c, |part| {
        for lower in part.to_lowercase() {
            match lower {
                // Full case folding makes these one; lower case does not.
                'ß' => ['s', 's'].into_iter().for_each(&mut *take),
                'ς' => take('σ'),
                lower if lower.is_ascii() => take(lower),
                lower => decompose_canonical(lower, &mut *take),
            }
        }
    });
}

fn each_plain(sign: char, take: &mut dyn FnMut(char)) {
    let letters = match sign {
        sign if sign.is_ascii() => return take(sign),
        sign if is_left_out(sign) => "",
        'œ' => "oe",
        'æ' => "ae",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ŧ' => "t",
        'ı' => "i",
        'þ' => "th",
        '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2bc}' => "'",
        '\u{201c}' | '\u{201d}' | '«' | '»' => "\"",
        '\u{2010}'..='\u{2015}' | '\u{2212}' => "-",
        // Katakana as hiragana.
        'ァ'..='ヶ' => return take(char::from_u32(u32::from(sign) - 0x60).unwrap_or(sign)),
        sign => return take(sign),
    };
    letters.chars().for_each(take);
}

/// Accents of the scripts that are written without them as well, and signs that nobody sees.
fn is_left_out(sign: char) -> bool {
    matches!(sign, '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}' | '\u{feff}')
}

/// The kind of characters that a word is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Letters and digits.
    Letters,
    /// One sign that is a word: of a script without blanks, or a picture.
    Sign,
    /// Punctuation that is more than that: `!!`, `++`.
    Symbols,
}

/// A word of a text, or a piece of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The kind of its characters.
    pub kind: Kind,
    /// Without accents. Never empty.
    pub plain: String,
    /// The word with accents.
    pub exact: String,
    /// The position of its first octet in the text.
    pub start: usize,
    /// The position behind its last octet.
    pub end: usize,
}

/// The longest word on the list of words, in octets.
const LONGEST: usize = 64;
/// Words with letters and digits in them that have so many characters are tickets or keys.
const TICKET: usize = 16;

impl Word {
    /// Returns true for a word that stands in no other letter, as a rule.
    pub fn is_sealed(&self) -> bool {
        if self.plain.len() > LONGEST {
            return true;
        }
        let has = |what: fn(&char) -> bool| self.plain.chars().any(|c| what(&c));
        self.plain.len() >= TICKET
            && has(char::is_ascii_digit)
            && has(char::is_ascii_alphabetic)
            && self.plain.chars().nth(TICKET - 1).is_some()
    }

    fn is_worth_it(&self) -> bool {
        !self.plain.is_empty() && (self.kind != Kind::Symbols || has_twins(&self.exact))
    }
}

/// The words of a text, in order.
pub fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    each_word(text, |word| words.push(word.clone()));
    words
}

/// Shows the words of a text one after the other.
pub fn each_word(text: &str, mut show: impl FnMut(&Word)) {
    let mut cutter = Cutter { word: None };
    for (start, c) in text.char_indices() {
        let end = start + c.len_utf8();
        each_exact(c, &mut |sign| {
            if let Some(word) = cutter.take(sign, start, end) {
                show(&word);
            }
        });
    }
    if let Some(word) = cutter.word.filter(Word::is_worth_it) {
        show(&word);
    }
}

struct Cutter {
    word: Option<Word>,
}

/// The way in which a sign joins the sign before it.
enum Joins {
    Word(Kind),
    /// It belongs to the sign before it, whatever that is.
    Before,
    Nothing,
}

impl Cutter {
    /// Takes a sign of the exact form. Returns the word that ended before it.
    fn take(&mut self, sign: char, start: usize, end: usize) -> Option<Word> {
        let (kind, goes_on) = match (joins(sign), &self.word) {
            (Joins::Nothing, _) => return self.word.take().filter(Word::is_worth_it),
            (Joins::Before, Some(word)) if word.kind != Kind::Symbols => (word.kind, true),
            (Joins::Before, _) => (Kind::Letters, false),
            (Joins::Word(Kind::Sign), _) => (Kind::Sign, false),
            (Joins::Word(kind), Some(word)) => (kind, word.kind == kind),
            (Joins::Word(kind), None) => (kind, false),
        };
        let before = if goes_on { None } else { self.word.take().filter(Word::is_worth_it) };
        let new = || Word { kind, plain: String::new(), exact: String::new(), start, end };
        let word = self.word.get_or_insert_with(new);
        word.exact.push(sign);
        each_plain(sign, &mut |sign| word.plain.push(sign));
        word.end = end;
        before
    }
}

fn joins(sign: char) -> Joins {
    match sign {
        'a'..='z' | '0'..='9' => Joins::Word(Kind::Letters),
        sign if sign.is_whitespace() || sign.is_control() => Joins::Nothing,
        sign if is_everyday(sign) => Joins::Word(Kind::Symbols),
        sign if sign.is_ascii() => Joins::Nothing,
        sign if is_combining_mark(sign) || is_left_out(sign) => Joins::Before,
        sign if is_of_no_blanks(sign) => Joins::Word(Kind::Sign),
        sign if sign.is_alphanumeric() => Joins::Word(Kind::Letters),
        _ => Joins::Word(Kind::Sign),
    }
}

/// Han, kana and the like: no blanks stand between words.
fn is_of_no_blanks(sign: char) -> bool {
    matches!(sign, '\u{3005}'..='\u{3007}' | '\u{3031}'..='\u{3035}' | '\u{3041}'..='\u{30ff}' | '\u{3105}'..='\u{312f}'
        | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}')
}

/// Punctuation as it stands in any text.
fn is_everyday(sign: char) -> bool {
    sign.is_ascii_punctuation()
        || matches!(sign, '¡' | '¿' | '«' | '»' | '·' | '´' | '\u{2bc}' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}'
            | '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301f}' | '\u{30fb}' | '\u{fffd}')
}

/// Returns true if two of the same stand side by side. Signs that people draw lines and marks of quotations with do not
/// count.
fn has_twins(symbols: &str) -> bool {
    let mut before = None;
    symbols.chars().any(|sign| {
        let twins = before.replace(sign) == Some(sign);
        twins && !matches!(sign, '/' | '.' | '-' | '_' | '=' | '*' | '>' | '\u{fffd}' | '\u{2013}' | '\u{2014}')
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plains(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.plain).collect()
    }

    #[test]
    fn words_are_cut_where_people_see_them_end() {
        for (text, wanted) in [
            ("L'Été à Saint-Malo, bob@beta.test", &["l", "ete", "a", "saint", "malo", "bob", "beta", "test"][..]),
            ("Straße ŒUVRE smørrebrød Łódź", &["strasse", "oeuvre", "smorrebrod", "lodz"]),
            ("東京に行く カナ", &["東", "京", "に", "行", "く", "か", "な"]),
            ("한국어", &["한국어"]),
            ("C++ I/O wow!!! 5€ 😀😀 -- ... x", &["c", "++", "i", "o", "wow", "!!!", "5", "€", "😀", "😀", "x"]),
            ("ﬁn １２３ ｶﾞ", &["fin", "123", "か\u{3099}"]),
            ("Приве\u{301}т", &["привет"]),
        ] {
            let wanted: Vec<String> = wanted.iter().map(|word| plain(word)).collect();
            assert_eq!(plains(text), wanted, "{text}");
        }
    }

    #[test]
    fn forms_make_equal_what_looks_alike() {
        assert_eq!(exact("ÉTÉ"), exact("e\u{301}te\u{301}"));
        assert_eq!((exact("Straße"), exact("a \r\n\tb\u{a0}c")), ("strasse".into(), "a b c".into()));
        assert_ne!(exact("ete"), exact("été"));
        assert_eq!(plain("l’Œuvre d’été"), "l'oeuvre d'ete");
        assert_eq!(both("abc"), Form { plain: "abc".into(), exact: None });
    }

    #[test]
    fn keys_and_tickets_are_told_from_words() {
        let sealed = |text: &str| words(text).iter().any(Word::is_sealed);
        for text in ["DE89370400440532013000", "9b53102964f3aabbccddeeff", &"x".repeat(65)] {
            assert!(sealed(text), "{text}");
        }
        for text in ["Donaudampfschifffahrtsgesellschaft", "20261130123456789012", "report2026", "H2O"] {
            assert!(!sealed(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_piece_of_a_text_is_one_in_each_form(before in "\\PC{0,8}", piece in "\\PC{1,8}", after in "\\PC{0,8}") {
            let text = format!("{before}{piece}{after}");
            prop_assert!(exact(&text).contains(exact(&piece).trim()));
            prop_assert!(plain(&text).contains(plain(&piece).trim()));
            for word in words(&text) {
                prop_assert!(!word.plain.is_empty());
                prop_assert_eq!(&plain(&word.exact), &word.plain);
                prop_assert!(text.get(word.start..word.end).is_some());
            }
        }
    }
}
