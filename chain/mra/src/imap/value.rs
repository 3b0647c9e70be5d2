//! The words of a response: atoms, strings, lists (RFC 9051 §4).

use bytes::Bytes;

use super::assemble::{Piece, Raw};

/// Lists deeper than this are no answer to anything asked.
const DEEPEST: usize = 24;
/// A response with more words than this is no answer either. (SEARCH is read without making words of its numbers.)
const MOST: usize = 100_000;

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// An atom, a flag, a number: as written. `BODY[HEADER.FIELDS (DATE)]` is one.
    Atom(Bytes),
    /// A quoted string or a literal.
    Text(Bytes),
    /// A literal of so many octets that was not kept.
    TooLarge(u64),
    /// A list in parentheses.
    List(Vec<Value>),
}

impl Value {
    /// The octets of an atom or a string.
    pub fn bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Atom(bytes) | Self::Text(bytes) => Some(bytes),
            Self::TooLarge(_) | Self::List(_) => None,
        }
    }

    /// The same as text, if it is UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// Returns true for this atom, whatever its case.
    pub fn is(&self, atom: &str) -> bool {
        matches!(self, Self::Atom(bytes) if bytes.eq_ignore_ascii_case(atom.as_bytes()))
    }

    /// A number.
    pub fn number<N: std::str::FromStr>(&self) -> Option<N> {
        match self {
            Self::Atom(_) => self.text()?.parse().ok(),
            _ => None,
        }
    }

    /// The words of a list.
    pub fn list(&self) -> Option<&[Value]> {
        match self {
            Self::List(values) => Some(values),
            _ => None,
        }
    }
}

/// Reads words from a response, one after the other.
pub struct Words<'a> {
    pieces: std::slice::Iter<'a, Piece>,
    rest: Bytes,
    budget: usize,
}

impl<'a> Words<'a> {
    /// Makes a reader of a whole response.
    pub fn of(raw: &'a Raw) -> Self {
        let mut words = Self { pieces: raw.iter(), rest: Bytes::new(), budget: MOST };
        if let Some(Piece::Text(text)) = words.pieces.as_slice().first() {
            words.rest = text.clone();
            words.pieces.next();
        }
        words
    }

    /// Returns the rest of the text before the next literal.
    pub fn rest(&self) -> &Bytes {
        &self.rest
    }

    /// Takes a word that is no list and has no literal, up to the next blank.
    pub fn plain(&mut self) -> Option<Bytes> {
        self.blanks();
        let end = self.rest.iter().position(|b| *b == b' ').unwrap_or(self.rest.len());
        (end > 0).then(|| self.rest.split_to(end))
    }

    /// The next word; `None` at the end, and if there is none that can be read.
    pub fn next(&mut self) -> Option<Value> {
        self.value(0)
    }

    fn blanks(&mut self) {
        let blanks = self.rest.iter().take_while(|b| **b == b' ').count();
        let _ = self.rest.split_to(blanks);
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        self.budget = self.budget.checked_sub(1)?;
        self.blanks();
        match self.rest.first() {
            None => self.literal(),
            Some(b'(') if depth < DEEPEST => {
                let _ = self.rest.split_to(1);
                let mut values = Vec::new();
                while !self.closes() {
                    values.push(self.value(depth + 1)?);
                }
                Some(Value::List(values))
            }
            Some(b'"') => self.quoted(),
            Some(_) => self.atom(),
        }
    }

    fn closes(&mut self) -> bool {
        self.blanks();
        let closes = self.rest.first() == Some(&b')');
        if closes {
            let _ = self.rest.split_to(1);
        }
        closes
    }

    /// Reads the literal at the end of a text, unless the response ends there.
    fn literal(&mut self) -> Option<Value> {
        let literal = match self.pieces.next()? {
            Piece::Literal(bytes) => Value::Text(bytes.clone()),
            Piece::TooLarge(size) => Value::TooLarge(*size),
            Piece::Text(_) => return None,
        };
        if let Some(Piece::Text(text)) = self.pieces.next() {
            self.rest = text.clone();
        }
        Some(literal)
    }

    fn quoted(&mut self) -> Option<Value> {
        let (mut at, mut escaped) = (1, false);
        loop {
            match self.rest.get(at)? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    at += 2;
                }
                _ => at += 1,
            }
        }
        let text = self.rest.slice(1..at);
        let _ = self.rest.split_to(at + 1);
        Some(Value::Text(if escaped { unescape(&text) } else { text }))
    }

    /// Up to a blank or a closing parenthesis, but not one inside brackets.
    fn atom(&mut self) -> Option<Value> {
        let mut brackets = 0_usize;
        let end = self.rest.iter().position(|b| {
            match b {
                b'[' => brackets += 1,
                b']' => brackets = brackets.saturating_sub(1),
                b' ' | b'(' | b')' if brackets == 0 => return true,
                _ => {}
            }
            false
        });
        let end = end.unwrap_or(self.rest.len());
        (end > 0).then(|| Value::Atom(self.rest.split_to(end)))
    }
}

fn unescape(text: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        if byte == b'\\' {
            out.extend(bytes.next());
        } else {
            out.push(byte);
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(raw: &Raw) -> Vec<Value> {
        let mut words = Words::of(raw);
        std::iter::from_fn(|| words.next()).collect()
    }

    fn atom(text: &'static str) -> Value {
        Value::Atom(text.into())
    }

    #[test]
    fn atoms_strings_lists_and_literals_are_told_apart() {
        let raw = vec![
            Piece::Text(r#"* 2 FETCH (FLAGS (\Seen a) BODY[HEADER.FIELDS (DATE)] "a\"b" X "#.into()),
            Piece::Literal("hello".into()),
            Piece::Text(")".into()),
        ];
        let flags = Value::List(vec![atom("\\Seen"), atom("a")]);
        let inner = vec![
            atom("FLAGS"),
            flags,
            atom("BODY[HEADER.FIELDS (DATE)]"),
            Value::Text("a\"b".into()),
            atom("X"),
            Value::Text("hello".into()),
        ];
        assert_eq!(words(&raw), [atom("*"), atom("2"), atom("FETCH"), Value::List(inner)]);
    }

    #[test]
    fn what_is_cut_short_gives_no_word() {
        for text in ["(", "(a", "\"a", "\"a\\", "((((((((((((((((((((((((((((((a", ")"] {
            let raw = vec![Piece::Text(text.into())];
            assert!(words(&raw).iter().all(|word| word.list().is_none()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_never_panics(texts in prop::collection::vec("[ a\\\\()\"\\[\\]é]{0,40}", 1..4)) {
            let raw = texts.into_iter().flat_map(|text| [Piece::Text(text.into()), Piece::Literal("x".into())]);
            words(&raw.collect());
        }
    }
}
