//! The documents of the full-text index, the questions to it, and its answers.

use roaring::RoaringTreemap;

/// Part of a letter in which words stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// The field From.
    From,
    /// The field To.
    To,
    /// The field Cc.
    Cc,
    /// The field Bcc.
    Bcc,
    /// The subject.
    Subject,
    /// Text of the body.
    Body,
    /// Names of attachments.
    Name,
    /// All other fields of the header, and the headers of parts.
    Head,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 8] =
        [Self::From, Self::To, Self::Cc, Self::Bcc, Self::Subject, Self::Body, Self::Name, Self::Head];
}

/// A piece of text in two forms. The plain form of a piece is always a piece of the plain form of a text that has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Form {
    /// The word in lower case, without accents.
    pub plain: String,
    /// The word in lower case, with accents. In the index: `None` if that is the same. In a question: `None` if the
    /// plain form alone decides.
    pub exact: Option<String>,
}

impl Form {
    /// Makes a form of which the plain form decides.
    pub fn plain_only(&self) -> Self {
        Self { plain: self.plain.clone(), exact: None }
    }

    /// The form that tells accents apart.
    pub fn exact(&self) -> &str {
        self.exact.as_deref().unwrap_or(&self.plain)
    }
}

/// Stands in the words of a field in place of one that is only looked for by its runs.
pub const SEALED: &str = "~";

/// A letter to be indexed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// The number of the letter.
    pub letter: i64,
    /// The account it belongs to.
    pub account: i64,
    /// The plain form of the words of each field, in order, with a blank between two.
    pub texts: Vec<(Field, String)>,
    /// The exact form of those words that have another, each once a field.
    pub marked: Vec<(Field, String)>,
    /// All these words, each once.
    pub terms: Vec<Form>,
    /// The plain form of words that are in no other letter as a rule (keys, tickets, signatures): they would fill the
    /// list of words for nothing. [`SEALED`] stands in their place.
    pub sealed: Vec<(Field, String)>,
    /// The fields of which more is in the letter than is told here.
    pub cut: Vec<Field>,
    /// The values of its header fields, of which any piece can be looked for. A field may have several.
    pub values: Vec<(HeaderField, Form)>,
    /// The header fields of which more is in the letter than stands in `values`.
    pub partial: Vec<HeaderField>,
}

/// A field of the header. The caller decides what the numbers mean (up to 199); fields on one shelf share their
/// values, as those that hold message ids do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeaderField {
    /// The shelf of its values.
    pub shelf: u8,
    /// The number of the field.
    pub number: u8,
}

/// A question to the index.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Question {
    /// Asks which letters have the words.
    Words(Wanted),
    /// Asks which letters have this piece of text in a value of the field. No text is in each value.
    Holds(HeaderField, Form),
}

/// Words that are looked for, one behind the other in one of the fields.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// The fields to look in. Each field counts for itself.
    pub fields: Vec<Field>,
    /// The words. No words: every letter may be meant.
    pub runs: Vec<Run>,
    /// Tells whether letters with the words are those that are asked for; else they only may be.
    pub decides: bool,
}

/// A word, or a piece of one, that is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Run {
    /// The word. With an exact form, that decides.
    pub form: Form,
    /// The way in which a word must have it.
    pub fit: Fit,
    /// Tells whether it may lie in a sealed word.
    pub sealed: bool,
}

/// The way in which a word has a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fit {
    /// The word is the piece.
    Whole,
    /// The word begins with it.
    Begins,
    /// The word ends with it.
    Ends,
    /// It is anywhere in the word.
    Within,
}

impl Fit {
    /// Returns true if the word has the piece in this way.
    pub fn has(self, word: &str, piece: &str) -> bool {
        match self {
            Self::Whole => word == piece,
            Self::Begins => word.starts_with(piece),
            Self::Ends => word.ends_with(piece),
            Self::Within => word.contains(piece),
        }
    }
}

/// The answer of the index to a question, as of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Letters that are as asked.
    pub found: RoaringTreemap,
    /// Letters that may be.
    pub perhaps: RoaringTreemap,
    /// Letters above this one have not been looked at.
    pub reached: i64,
}

impl Answer {
    /// Says whether the letter is as asked; `None` if only the letter itself can tell.
    pub fn says(&self, letter: i64) -> Option<bool> {
        let number = u64::try_from(letter).unwrap_or_default();
        if self.found.contains(number) {
            return Some(true);
        }
        (letter <= self.reached && !self.perhaps.contains(number)).then_some(false)
    }
}
