//! Address lists (RFC 5322 §3.4 with its obsolete forms), and the variants that people's mailers write. Each step goes
//! forward, so that a list costs time in proportion to its length, whoever wrote it.

use super::unfold;

/// One element of an address list, with names as written (encoded words not decoded).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mention {
    /// `Name <local@domain>`
    Mailbox {
        /// The display name without its quotes; encoded words stay encoded.
        name: Option<Vec<u8>>,
        /// An obsolete source route, `@a,@b`.
        route: Option<Vec<u8>>,
        /// The part before the last `@`, without quotes.
        local: Vec<u8>,
        /// The part after it; empty if there is no `@`.
        domain: Vec<u8>,
    },
    /// `Friends:`
    GroupStart(Vec<u8>),
    /// `;`
    GroupEnd,
}

/// Reads an address list. Returns at most `most` mentions, and one more if a group must be closed.
pub fn mentions(value: &[u8], most: usize) -> Vec<Mention> {
    let value = unfold(value);
    let mut reader = Reader { rest: &value, found: Vec::new(), most, in_group: false, unclosed: Unclosed::default() };
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
    most: usize,
    in_group: bool,
    unclosed: Unclosed,
}

/// The signs that are known to stay open in the rest of the value, so that each is searched for once.
#[derive(Default)]
struct Unclosed {
    quote: bool,
    comment: bool,
}

/// The text that was read up to a delimiter.
#[derive(Default)]
struct Words {
    /// The words with one blank between them, without quotes.
    text: Vec<u8>,
    /// The last comment: a name in the old style, `alice@alpha.test (Alice)`.
    comment: Option<Vec<u8>>,
    /// The offset in `text` of the last unquoted `@`.
    at: Option<usize>,
    /// The offset in `text` of the word that the last `@` stands in.
    local: usize,
    /// The offset of the word that is being read.
    word: usize,
}

impl Words {
    /// Begins a word after a blank.
    fn join(&mut self, blank: &mut bool) {
        if std::mem::take(blank) && !self.text.is_empty() {
            self.text.push(b' ');
            self.word = self.text.len();
        }
    }
}

/// The longest encoded word that is recognised.
const LONGEST_WORD: usize = 1024;

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

    /// Adds `local@domain` without angle brackets, perhaps with a comment that names the person, or with the bare name
    /// before it.
    fn bare(&mut self, words: Words) {
        if words.text.is_empty() {
            return;
        }
        let (local, domain) = split(&words);
        let before = words.text.get(..words.local).unwrap_or_default().trim_ascii();
        let name = match words.at {
            Some(_) => words.comment.or_else(|| (!before.is_empty()).then(|| before.to_vec())),
            // Several words, or a name in another alphabet, are a person whose address was left out.
            None if words.word > 0 || words.text.starts_with(b"=?") => {
                let name = Some(words.text);
                return self.found.push(Mention::Mailbox { name, route: None, local: Vec::new(), domain });
            }
            None => words.comment,
        };
        self.found.push(Mention::Mailbox { name, route: None, local, domain });
    }

    /// Reads the address in angle brackets; `name` was before them.
    fn angle(&mut self, name: Words) {
        let mut name = name;
        loop {
            let route = self.route();
            // A bracket that stays open ends with its item.
            let address = self.words(b">,");
            let closed = self.rest.first() == Some(&b'>');
            if closed {
                self.take();
            }
            let (local, domain) = split(&address);
            let called = if name.text.is_empty() { name.comment.or(address.comment) } else { Some(name.text) };
            self.found.push(Mention::Mailbox { name: called, route, local, domain });
            // The text between `>` and the next comma belongs to nobody, unless a person without a comma stands before
            // it.
            let trailing = if closed { self.words(b",;<") } else { Words::default() };
            let goes_on = self.rest.first() == Some(&b'<') && self.found.len() < self.most;
            if !goes_on {
                break;
            }
            self.take();
            name = trailing;
        }
        if self.rest.first() == Some(&b',') {
            self.take();
        }
    }

    /// Reads `@a,@b:` at the beginning of the text in angle brackets (RFC 5322 §4.4).
    fn route(&mut self) -> Option<Vec<u8>> {
        if !self.rest.trim_ascii_start().starts_with(b"@") {
            return None;
        }
        let end = memchr::memchr2(b':', b'>', self.rest).unwrap_or(self.rest.len());
        let route = self.rest[..end].trim_ascii().to_vec();
        self.rest = if self.rest.get(end) == Some(&b':') { &self.rest[end + 1..] } else { &self.rest[end..] };
        Some(route)
    }

    /// Reads words until one of `stops` stands outside quotes, comments, encoded words and domain literals.
    fn words(&mut self, stops: &[u8]) -> Words {
        let mut words = Words::default();
        let mut blank = false;
        while let Some(&b) = self.rest.first() {
            if stops.contains(&b) {
                break;
            }
            if let Some(word) = encoded_word(self.rest).filter(|_| words.at.is_none()) {
                words.join(&mut blank);
                words.text.extend_from_slice(word);
                self.rest = &self.rest[word.len()..];
                continue;
            }
            self.take();
            match b {
                b' ' | b'\t' => blank = true,
                b'(' if self.is_closed(b')') => words.comment = Some(self.comment()),
                b'"' if self.is_closed(b'"') => {
                    words.join(&mut blank);
                    self.quoted(&mut words.text);
                }
                b'"' => {}
                b'[' if words.text.last() == Some(&b'@') => {
                    blank = false;
                    words.text.push(b'[');
                    let end = memchr::memchr(b']', self.rest).map_or(self.rest.len(), |end| end + 1);
                    words.text.extend_from_slice(&self.rest[..end]);
                    self.rest = &self.rest[end..];
                }
                b'@' => {
                    blank = false;
                    (words.at, words.local) = (Some(words.text.len()), words.word);
                    words.text.push(b'@');
                }
                b => {
                    if words.text.last() == Some(&b'@') {
                        blank = false;
                    }
                    words.join(&mut blank);
                    words.text.push(b);
                }
            }
        }
        words
    }

    /// Returns true if the opened construct ends somewhere. An opening sign without an end is a sign like any other.
    fn is_closed(&mut self, end: u8) -> bool {
        let unclosed = if end == b'"' { &mut self.unclosed.quote } else { &mut self.unclosed.comment };
        *unclosed = *unclosed || memchr::memchr(end, self.rest).is_none();
        !*unclosed
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

    /// Reads the text of a comment; nested ones keep their parentheses. It uses a counter, not recursion: input may
    /// nest at will.
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

/// Returns the encoded word (RFC 2047) at the start: it is one sign, whatever the mailer left in it.
fn encoded_word(value: &[u8]) -> Option<&[u8]> {
    let inside = value.strip_prefix(b"=?")?;
    let inside = inside.get(..inside.len().min(LONGEST_WORD))?;
    let charset = memchr::memchr(b'?', inside).filter(|end| (1..80).contains(end))?;
    let is_word = matches!(inside.get(charset + 1..charset + 3), Some([b'B' | b'b' | b'Q' | b'q', b'?']));
    let data = charset + 3;
    let length = memchr::memmem::find(inside.get(data..).filter(|_| is_word)?, b"?=")?;
    // A construct without an end of its own must not swallow the people behind it.
    let has_people = memchr::memchr2(b'<', b'>', &inside[data..data + length]).is_some();
    value.get(..2 + data + length + 2).filter(|_| !has_people)
}

/// Splits the words at the `@`. Text behind a blank after the domain is no part of it. If the text before the blank is
/// not yet a domain of several labels, nobody knows which was meant, and it stays as it was written.
fn split(words: &Words) -> (Vec<u8>, Vec<u8>) {
    let Some(at) = words.at else { return (words.text.clone(), Vec::new()) };
    let domain = &words.text[at + 1..];
    let end = memchr::memchr2(b' ', b'>', domain).unwrap_or(domain.len());
    // RFC 822 allowed `alice @ alpha . test`.
    let is_spaced = domain.get(end..).is_some_and(|rest| rest.starts_with(b" .")) || domain[..end].ends_with(b".");
    let domain = match is_spaced {
        true => domain.iter().copied().filter(|octet| *octet != b' ').collect(),
        false if domain[..end].contains(&b'.') || domain.get(end) == Some(&b'>') => domain[..end].to_vec(),
        false => domain.to_vec(),
    };
    (words.text[words.local..at].to_vec(), domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox(name: Option<&str>, local: &str, domain: &str) -> Mention {
        Mention::Mailbox {
            name: name.map(|n| n.as_bytes().to_vec()),
            route: None,
            local: local.into(),
            domain: domain.into(),
        }
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

    #[test]
    fn lists_are_read_as_mailers_write_them() {
        let one = |name: Option<&str>, local: &str, domain: &str| vec![mailbox(name, local, domain)];
        for (written, read) in [
            ("=?utf-8?Q?M=C3=BCller,_J?= <mj@one.test>", one(Some("=?utf-8?Q?M=C3=BCller,_J?="), "mj", "one.test")),
            ("=?utf-8?Q?a@b;_(c)_\"d?= <mj@one.test>", one(Some("=?utf-8?Q?a@b;_(c)_\"d?="), "mj", "one.test")),
            ("Support [Acme] <help@one.test>", one(Some("Support [Acme]"), "help", "one.test")),
            ("[Acme <help@one.test>", one(Some("[Acme"), "help", "one.test")),
            ("Ann Smith ann@one.test", one(Some("Ann Smith"), "ann", "one.test")),
            ("Ann Smith", one(Some("Ann Smith"), "", "")),
            ("=?utf-8?q?=C3=89lo?=", one(Some("=?utf-8?q?=C3=89lo?="), "", "")),
            ("root", one(None, "root", "")),
            ("(work) ann@one.test (Ann (home))", one(Some("Ann (home)"), "ann", "one.test")),
            ("Ann (work <ann@one.test>", one(Some("Ann (work"), "ann", "one.test")),
            ("Ann\" <ann@one.test>", one(Some("Ann"), "ann", "one.test")),
            ("Ann <ann@one.test", one(Some("Ann"), "ann", "one.test")),
            ("ann@one.test>", one(None, "ann", "one.test")),
            ("ann @ one . test", one(None, "ann", "one.test")),
            ("ann@[192.0.2.1]", one(None, "ann", "[192.0.2.1]")),
            ("\"ann smith\"@one.test", one(None, "ann smith", "one.test")),
            ("\"Smith, Ann\" <ann@one.test>", one(Some("Smith, Ann"), "ann", "one.test")),
        ] {
            assert_eq!(mentions(written.as_bytes(), 10), read, "{written}");
        }
    }

    #[test]
    fn nobody_is_lost_where_a_comma_or_a_bracket_is() {
        let both = vec![mailbox(Some("Ann"), "ann", "one.test"), mailbox(Some("Bob"), "bob", "two.test")];
        for written in [
            "Ann <ann@one.test> Bob <bob@two.test>",
            "Ann <ann@one.test, Bob <bob@two.test>",
            "Ann <ann@one.test>; Bob <bob@two.test>",
            "Ann <ann@one.test>,,Bob <bob@two.test>,",
        ] {
            assert_eq!(mentions(written.as_bytes(), 10), both, "{written}");
        }
        let open = b"=?utf-8?q?y <a@b.test>, =?utf-8?q?z?= <c@d.test>";
        assert_eq!(mentions(open, 10).len(), 2);
    }
}
