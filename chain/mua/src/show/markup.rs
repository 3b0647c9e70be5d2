//! Reads clean markup, token by token: as [`ammonia`] and [`super::escape`] write it, attributes in double quotes, and
//! `<` only where a tag begins.

/// A piece of clean markup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'m> {
    /// `<p class="x">`
    Start(Tag<'m>),
    /// `</p>`
    End(&'m str),
    /// The text between tags, with its references (`&amp;`).
    Text(&'m str),
}

/// The tag that begins an element, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag<'m>(pub &'m str);

impl<'m> Tag<'m> {
    /// Returns the name of the tag.
    pub fn name(self) -> &'m str {
        let inside = self.0.strip_prefix('<').unwrap_or(self.0);
        inside.split([' ', '>', '/']).next().unwrap_or_default()
    }

    /// Returns the value of an attribute, with its references.
    pub fn attribute(self, name: &str) -> Option<&'m str> {
        let mut rest = self.0;
        while let Some((before, from)) = rest.split_once("=\"") {
            let (value, after) = from.split_once('"')?;
            if before.rsplit([' ', '"']).next() == Some(name) {
                return Some(value);
            }
            rest = after;
        }
        None
    }

    /// Returns true if the element has no end tag (HTML §13.1.2).
    pub fn is_void(self) -> bool {
        matches!(self.name(), "area" | "br" | "col" | "hr" | "img" | "wbr")
    }
}

/// Clean markup in order.
pub struct Tokens<'m>(&'m str);

impl<'m> Tokens<'m> {
    /// Reads the tokens of `markup`.
    pub fn of(markup: &'m str) -> Self {
        Self(markup)
    }
}

impl<'m> Iterator for Tokens<'m> {
    type Item = Token<'m>;

    fn next(&mut self) -> Option<Token<'m>> {
        let at = self.0.find('<').unwrap_or(self.0.len());
        let is_tag = at == 0;
        let (token, rest) = self.0.split_at(if is_tag { tag_end(self.0) } else { at });
        self.0 = rest;
        match () {
            () if token.is_empty() => None,
            () if !is_tag => Some(Token::Text(token)),
            () if token.starts_with("</") => Some(Token::End(token)),
            () => Some(Token::Start(Tag(token))),
        }
    }
}

/// Returns the offset behind the `>` of the tag that `markup` begins with.
fn tag_end(markup: &str) -> usize {
    let mut quoted = false;
    for (at, octet) in markup.bytes().enumerate() {
        match octet {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return at + 1,
            _ => {}
        }
    }
    markup.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_its_tokens() {
        let markup = "a<b title=\"x > y\" class=\"c\">&lt;</b><br>";
        let tokens: Vec<_> = Tokens::of(markup).collect();
        let tag = Tag("<b title=\"x > y\" class=\"c\">");
        assert_eq!(
            tokens,
            [Token::Text("a"), Token::Start(tag), Token::Text("&lt;"), Token::End("</b>"), Token::Start(Tag("<br>"))]
        );
        assert_eq!((tag.name(), tag.attribute("class"), tag.attribute("title")), ("b", Some("c"), Some("x > y")));
        assert_eq!((tag.attribute("id"), tag.is_void(), Tag("<br>").is_void()), (None, false, true));
    }
}
