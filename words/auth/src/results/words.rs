//! The words of a field: names, signs and values, with comments and folds between them (RFC 8601 §2.2, RFC 5322 §3.2.2).

/// The longest name, in octets.
const LONGEST_NAME: usize = 40;
/// The longest value that is kept, in characters.
const LONGEST_VALUE: usize = 256;

/// The rest of a field that is being read. Each step reads on from where the last one ended, so that the whole takes time in
/// proportion to the field.
pub struct Words<'a>(&'a [u8]);

impl<'a> Words<'a> {
    /// Begins a field.
    pub fn new(field: &'a [u8]) -> Self {
        let mut words = Self(field);
        words.skip_between();
        words
    }

    /// Skips white space and comments, which may stand in each other. A comment without an end reaches to the end.
    fn skip_between(&mut self) {
        let mut depth = 0_usize;
        while let Some((first, rest)) = self.0.split_first() {
            self.0 = match first {
                b'(' => {
                    depth += 1;
                    rest
                }
                b')' if depth > 0 => {
                    depth -= 1;
                    rest
                }
                b'\\' if depth > 0 => rest.get(1..).unwrap_or_default(),
                _ if depth > 0 || first.is_ascii_whitespace() => rest,
                _ => return,
            };
        }
    }

    /// Takes a sign, if it comes next.
    pub fn sign(&mut self, sign: u8) -> bool {
        let Some(rest) = self.0.strip_prefix(&[sign]) else { return false };
        self.0 = rest;
        self.skip_between();
        true
    }

    /// Takes a name of letters, digits, hyphens and underscores; it is returned in lower case.
    pub fn name(&mut self) -> Option<String> {
        let is_end = |octet: &u8| !octet.is_ascii_alphanumeric() && !b"-_".contains(octet);
        let end = self.0.iter().position(is_end).unwrap_or(self.0.len());
        let name = &self.0[..end];
        if !(1..=LONGEST_NAME).contains(&name.len()) {
            return None;
        }
        self.0 = &self.0[end..];
        self.skip_between();
        Some(name.iter().map(|octet| char::from(octet.to_ascii_lowercase())).collect())
    }

    /// Takes a number, if one comes next.
    pub fn number(&mut self) -> Option<u32> {
        let end = self.0.iter().position(|octet| !octet.is_ascii_digit()).unwrap_or(self.0.len());
        let number = std::str::from_utf8(&self.0[..end]).ok()?.parse().ok()?;
        self.0 = &self.0[end..];
        self.skip_between();
        Some(number)
    }

    /// Takes a value: a token, an address, or either with parts in quotes. Tokens are taken more widely than the standard
    /// allows, since `header.b=` is often written with the signs of base64.
    pub fn value(&mut self) -> Option<String> {
        let mut value: Vec<u8> = Vec::new();
        let mut is_quoted = false;
        loop {
            match self.0 {
                [b'"', rest @ ..] => {
                    self.0 = quoted(rest, &mut value)?;
                    is_quoted = true;
                }
                [octet, rest @ ..] if !octet.is_ascii_whitespace() && !b"();".contains(octet) => {
                    value.push(*octet);
                    self.0 = rest;
                }
                _ => break,
            }
        }
        self.skip_between();
        let text = String::from_utf8_lossy(&value);
        let text = text.chars().filter(|c| !c.is_control()).take(LONGEST_VALUE).collect();
        (is_quoted || !value.is_empty()).then_some(text)
    }

    /// Returns true at the end of a part, which is a semicolon or the end of the field.
    pub fn at_end_of_part(&self) -> bool {
        matches!(self.0.first(), None | Some(b';'))
    }

    /// Begins the next part; false if there is none.
    pub fn next_part(&mut self) -> bool {
        self.sign(b';')
    }

    /// Skips what is left of the part.
    pub fn skip_part(&mut self) {
        while !self.at_end_of_part() {
            self.0 = match self.0 {
                [b'"', rest @ ..] => quoted(rest, &mut Vec::new()).unwrap_or_default(),
                [_, rest @ ..] => rest,
                [] => return,
            };
            self.skip_between();
        }
    }
}

/// Reads to the end of the quotes, and returns what stands behind them; `None` if they have no end.
fn quoted<'a>(text: &'a [u8], value: &mut Vec<u8>) -> Option<&'a [u8]> {
    let mut rest = text;
    loop {
        match rest {
            [b'"', after @ ..] => return Some(after),
            [b'\\', octet, after @ ..] | [octet, after @ ..] => {
                if !matches!(octet, b'\r' | b'\n') {
                    value.push(*octet);
                }
                rest = after;
            }
            [] => return None,
        }
    }
}
