//! Commands, understood as far as the tests need.

use std::io::{self, BufRead};

/// A part of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// An atom, or what stood in quotes or in a literal.
    Text(String),
    /// A list in parentheses.
    List(Vec<Word>),
}

impl Word {
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::List(_) => "",
        }
    }

    /// The texts of a list, or the one text.
    pub fn texts(&self) -> Vec<String> {
        match self {
            Self::Text(text) => vec![text.clone()],
            Self::List(words) => words.iter().flat_map(Self::texts).collect(),
        }
    }
}

/// A line without its end; none when the client has closed.
pub fn line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if reader.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
}

/// The octets of the literal at the end of a line, and whether the client waits to be asked for it.
pub fn literal(line: &str) -> Option<(usize, bool)> {
    let inside = line.strip_suffix('}')?.rsplit_once('{')?.1;
    let waits = !inside.ends_with('+');
    inside.trim_end_matches('+').parse().ok().map(|octets| (octets, waits))
}

/// The words of a command, whose literals stand as quoted strings already.
pub fn words(text: &str) -> Vec<Word> {
    let mut chars = text.chars().peekable();
    list(&mut chars)
}

fn list(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Vec<Word> {
    let mut words = Vec::new();
    while let Some(&next) = chars.peek() {
        match next {
            ')' => {
                chars.next();
                return words;
            }
            '(' => {
                chars.next();
                words.push(Word::List(list(chars)));
            }
            ' ' => drop(chars.next()),
            '"' => words.push(Word::Text(in_quotes(chars))),
            _ => words.push(Word::Text(atom(chars))),
        }
    }
    words
}

fn in_quotes(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut text = String::new();
    chars.next();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => text.extend(chars.next()),
            other => text.push(other),
        }
    }
    text
}

/// Reads an atom, which may hold blanks and parentheses in brackets: `BODY.PEEK[HEADER.FIELDS (FROM)]`.
fn atom(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut text = String::new();
    let mut depth = 0;
    while let Some(&c) = chars.peek() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            ' ' | '(' | ')' if depth == 0 => break,
            _ => {}
        }
        text.push(c);
        chars.next();
    }
    text
}

/// Returns true if a set such as `1:4,9:*` holds a number. `*` is `last`.
pub fn holds(set: &str, number: u32, last: u32) -> bool {
    let value = |text: &str| if text == "*" { last } else { text.parse().unwrap_or(0) };
    set.split(',').any(|part| {
        let (from, to) = part.split_once(':').unwrap_or((part, part));
        let (from, to) = (value(from), value(to));
        (from.min(to)..=from.max(to)).contains(&number)
    })
}

/// `17-Jul-2024` as something that can be compared.
pub fn day(text: &str) -> (i32, usize, u32) {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = text.trim().split([' ', '-']);
    let day = parts.next().and_then(|day| day.parse().ok()).unwrap_or(0);
    let month = parts.next().and_then(|name| MONTHS.iter().position(|month| *month == name)).unwrap_or(0);
    (parts.next().and_then(|year| year.parse().ok()).unwrap_or(0), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_taken_apart() {
        let texts = |text: &str| words(text).iter().flat_map(Word::texts).collect::<Vec<_>>();
        assert_eq!(texts(r#"FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (FROM TO)]<0.9>)"#).len(), 4);
        assert_eq!(texts(r#"LIST "" "a \"b\"""#), ["LIST", "", "a \"b\""]);
        assert!(holds("1:3,7:*", 9, 9) && !holds("1:3,7:*", 5, 9) && holds("*:7", 8, 9));
        assert!(day("17-Jul-2024 02:44:25 +0000") > day("2-Jul-2024"));
        assert_eq!((literal("x {12}"), literal("x {12+}"), literal("x")), (Some((12, true)), Some((12, false)), None));
    }
}
