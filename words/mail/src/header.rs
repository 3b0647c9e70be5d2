//! The header of a letter as bytes: fields, unfolding, and address lists with the names left as they were written
//! (RFC 5322 §2.2, §3.4). Lenient: what is malformed gives less, never an error.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};

/// One field: its name and its value as written, folds included, without the line end that closes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// `Subject`
    pub name: &'a [u8],
    /// ` Hello\r\n world`
    pub raw_value: &'a [u8],
    /// Name, colon, value and the closing line end, as they stand in the letter.
    pub whole: &'a [u8],
}

impl<'a> Field<'a> {
    /// Is the field called `name`, whatever the case?
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The value without folds and without the white space around it.
    pub fn value(&self) -> Cow<'a, [u8]> {
        unfold(self.raw_value)
    }
}

/// The fields of a header in order. Stops at the empty line that ends the header, or at the end.
pub fn fields(letter: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut rest = letter;
    std::iter::from_fn(move || {
        loop {
            let length = field_length(rest)?;
            let (whole, after) = rest.split_at(length);
            rest = after;
            // A line without a colon is no field (mbox "From " lines, broken mail): passed over.
            if let Some(field) = as_field(whole) {
                return Some(field);
            }
        }
    })
}

/// The first field called `name`.
pub fn find<'a>(letter: &'a [u8], name: &str) -> Option<Field<'a>> {
    fields(letter).find(|field| field.is(name))
}

/// The letter without its fields called `name`; the same bytes where there are none.
pub fn without(letter: &Bytes, name: &str) -> Bytes {
    let mut rest: Option<(BytesMut, usize)> = None;
    for field in fields(letter).filter(|field| field.is(name)) {
        let start = (field.whole.as_ptr() as usize).saturating_sub(letter.as_ptr() as usize);
        let (kept, from) = rest.get_or_insert_with(|| (BytesMut::with_capacity(letter.len()), 0));
        kept.extend_from_slice(letter.get(*from..start).unwrap_or_default());
        *from = start + field.whole.len();
    }
    let Some((mut kept, from)) = rest else { return letter.clone() };
    kept.extend_from_slice(letter.get(from..).unwrap_or_default());
    kept.freeze()
}

/// Where the body begins: after the empty line, or at the end of the letter where there is none.
pub fn body_start(letter: &[u8]) -> usize {
    let mut at = 0;
    while let Some(length) = field_length(&letter[at..]) {
        at += length;
    }
    match letter.get(at..) {
        Some([b'\r', b'\n', ..]) => at + 2,
        Some([b'\n', ..]) => at + 1,
        _ => at,
    }
}

/// Length of the field at the start, its folded lines and line end included. `None` at the empty line or the end.
fn field_length(rest: &[u8]) -> Option<usize> {
    if rest.is_empty() || rest.starts_with(b"\r\n") || rest.starts_with(b"\n") {
        return None;
    }
    for end in memchr::memchr_iter(b'\n', rest) {
        if !matches!(rest.get(end + 1), Some(b' ' | b'\t')) {
            return Some(end + 1);
        }
    }
    Some(rest.len())
}

fn as_field(whole: &[u8]) -> Option<Field<'_>> {
    let colon = memchr::memchr(b':', whole)?;
    let name = whole[..colon].trim_ascii_end();
    if name.is_empty() || !name.iter().all(|b| (33..=126).contains(b)) {
        return None;
    }
    let value = &whole[colon + 1..];
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    let value = value.strip_suffix(b"\r").unwrap_or(value);
    Some(Field { name, raw_value: value, whole })
}

/// Takes the line ends of folding away (RFC 5322 §2.2.3) and trims. Borrowed when there is no fold.
pub fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    let value = value.trim_ascii();
    if memchr::memchr2(b'\r', b'\n', value).is_none() {
        return Cow::Borrowed(value);
    }
    Cow::Owned(value.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect())
}

/// One element of an address list, names left as written (encoded words not decoded).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mention {
    /// `Name <local@domain>`
    Mailbox {
        /// The display name without its quotes; encoded words stay encoded.
        name: Option<Vec<u8>>,
        /// An obsolete source route, `@a,@b`.
        route: Option<Vec<u8>>,
        /// Before the last `@`, without quotes.
        local: Vec<u8>,
        /// After it; empty where there is no `@`.
        domain: Vec<u8>,
    },
    /// `Friends:`
    GroupStart(Vec<u8>),
    /// `;`
    GroupEnd,
}

/// Reads an address list (RFC 5322 §3.4 with its obsolete forms). Gives at most `most` mentions.
pub fn mentions(value: &[u8], most: usize) -> Vec<Mention> {
    let value = unfold(value);
    let mut reader = Reader { rest: &value, found: Vec::new(), in_group: false };
    while !reader.rest.is_empty() && reader.found.len() < most {
        reader.step();
    }
    if reader.in_group {
        reader.found.push(Mention::GroupEnd);
    }
    reader.found
}

struct Reader<'a> {
    rest: &'a [u8],
    found: Vec<Mention>,
    in_group: bool,
}

/// What was read up to a delimiter.
#[derive(Default)]
struct Words {
    /// The words with one blank between them, quotes taken away.
    text: Vec<u8>,
    /// The last comment: a name in the old style, `alice@alpha.test (Alice)`.
    comment: Option<Vec<u8>>,
    /// Where the last unquoted `@` stands in `text`.
    at: Option<usize>,
}

impl Reader<'_> {
    /// Reads one mailbox, group start or group end, and the comma behind it.
    fn step(&mut self) {
        let words = self.words(b",;:<");
        match self.take() {
            Some(b':') if words.at.is_none() => {
                self.in_group = true;
                self.found.push(Mention::GroupStart(words.text));
            }
            Some(b'<') => self.angle(words),
            Some(b';') => {
                self.bare(words);
                if std::mem::take(&mut self.in_group) {
                    self.found.push(Mention::GroupEnd);
                }
            }
            _ => self.bare(words),
        }
    }

    fn take(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// `local@domain` without angle brackets, perhaps with a comment that names the person.
    fn bare(&mut self, words: Words) {
        if words.text.is_empty() {
            return;
        }
        let (local, domain) = split(&words);
        self.found.push(Mention::Mailbox { name: words.comment, route: None, local, domain });
    }

    /// What stands in angle brackets; `name` was before them.
    fn angle(&mut self, name: Words) {
        let route = if self.rest.trim_ascii_start().starts_with(b"@") {
            let end = memchr::memchr2(b':', b'>', self.rest).unwrap_or(self.rest.len());
            let route = self.rest[..end].trim_ascii().to_vec();
            self.rest = if self.rest.get(end) == Some(&b':') { &self.rest[end + 1..] } else { &self.rest[end..] };
            Some(route)
        } else {
            None
        };
        let address = self.words(b">");
        self.take();
        let (local, domain) = split(&address);
        let name = if name.text.is_empty() { name.comment.or(address.comment) } else { Some(name.text) };
        self.found.push(Mention::Mailbox { name, route, local, domain });
        // Whatever stands between `>` and the next comma belongs to nobody.
        let trailing = self.words(b",;");
        drop(trailing);
        if self.rest.first() == Some(&b',') {
            self.take();
        }
    }

    /// Reads words until one of `stops` stands outside quotes, comments and domain literals.
    fn words(&mut self, stops: &[u8]) -> Words {
        let mut words = Words::default();
        let mut blank = false;
        while let Some(&b) = self.rest.first() {
            if stops.contains(&b) {
                break;
            }
            self.take();
            match b {
                b' ' | b'\t' => blank = true,
                b'(' => words.comment = Some(self.comment()),
                b'"' => {
                    join(&mut words.text, &mut blank);
                    self.quoted(&mut words.text);
                }
                b'[' => {
                    words.text.push(b'[');
                    let end = memchr::memchr(b']', self.rest).map_or(self.rest.len(), |end| end + 1);
                    words.text.extend_from_slice(&self.rest[..end]);
                    self.rest = &self.rest[end..];
                }
                b'@' => {
                    blank = false;
                    words.at = Some(words.text.len());
                    words.text.push(b'@');
                }
                b => {
                    if words.text.last() == Some(&b'@') {
                        blank = false;
                    }
                    join(&mut words.text, &mut blank);
                    words.text.push(b);
                }
            }
        }
        words
    }

    fn quoted(&mut self, into: &mut Vec<u8>) {
        while let Some(b) = self.take() {
            match b {
                b'"' => return,
                b'\\' => into.extend(self.take()),
                b => into.push(b),
            }
        }
    }

    /// The text of a comment; nested ones keep their parentheses. A counter, not recursion: input may nest at will.
    fn comment(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        let mut depth = 1;
        while let Some(b) = self.take() {
            match b {
                b'\\' => {
                    text.extend(self.take());
                    continue;
                }
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            text.push(b);
        }
        text
    }
}

fn join(text: &mut Vec<u8>, blank: &mut bool) {
    if std::mem::take(blank) && !text.is_empty() {
        text.push(b' ');
    }
}

fn split(words: &Words) -> (Vec<u8>, Vec<u8>) {
    match words.at {
        Some(at) => (words.text[..at].to_vec(), words.text[at + 1..].to_vec()),
        None => (words.text.clone(), Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTER: &[u8] = b"From: Alice <alice@alpha.test>\r\nSubject: a\r\n long one\r\nbroken line\r\nTo : bob@beta.test\r\n\r\nBody: no field\r\n";

    fn mailbox(name: Option<&str>, local: &str, domain: &str) -> Mention {
        Mention::Mailbox {
            name: name.map(|n| n.as_bytes().to_vec()),
            route: None,
            local: local.into(),
            domain: domain.into(),
        }
    }

    #[test]
    fn fields_are_read_in_order_up_to_the_empty_line() {
        let names: Vec<_> = fields(LETTER).map(|f| String::from_utf8_lossy(f.name).into_owned()).collect();
        assert_eq!(names, ["From", "Subject", "To"]);
        assert_eq!(&*find(LETTER, "SUBJECT").unwrap().value(), b"a long one");
        assert_eq!(&LETTER[body_start(LETTER)..], b"Body: no field\r\n");
    }

    #[test]
    fn a_header_without_an_end_has_no_body() {
        assert_eq!(body_start(b"Subject: x"), 10);
        assert_eq!(body_start(b"\r\nbody"), 2);
        assert_eq!(body_start(b""), 0);
    }

    #[test]
    fn address_lists_in_all_their_forms() {
        let list = b"bob@beta.test, Alice <alice@alpha.test>,\r\n \"Doe, John\" <\"j d\"@x.test> , old@style.test (Old Style), Friends: a@x.test, b@x.test;, undisclosed:;";
        assert_eq!(
            mentions(list, 100),
            vec![
                mailbox(None, "bob", "beta.test"),
                mailbox(Some("Alice"), "alice", "alpha.test"),
                mailbox(Some("Doe, John"), "j d", "x.test"),
                mailbox(Some("Old Style"), "old", "style.test"),
                Mention::GroupStart(b"Friends".to_vec()),
                mailbox(None, "a", "x.test"),
                mailbox(None, "b", "x.test"),
                Mention::GroupEnd,
                Mention::GroupStart(b"undisclosed".to_vec()),
                Mention::GroupEnd,
            ]
        );
    }

    #[test]
    fn a_source_route_is_kept_apart() {
        let found = mentions(b"<@a.test,@b.test:joe@c.test>", 10);
        assert_eq!(
            found,
            vec![Mention::Mailbox {
                name: None,
                route: Some(b"@a.test,@b.test".to_vec()),
                local: b"joe".to_vec(),
                domain: b"c.test".to_vec()
            }]
        );
    }

    #[test]
    fn broken_lists_give_what_they_can() {
        for broken in [&b"<"[..], b"\"", b"(((((", b"a@", b"<<<>>>", b",,,,", b";;;", b"[", b"@", b"x: y: z", b"\\"] {
            mentions(broken, 10);
        }
        assert!(mentions(&b"a@b,".repeat(1000), 10).len() <= 11);
    }
}
