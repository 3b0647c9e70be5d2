//! The text of an HTML page as a person reads it: no tags, no styles, no scripts; entities decoded; a line end where a
//! block begins or ends.

use mail_parser::decoders::html::add_html_token;

/// The longest entity, in octets.
const LONGEST_ENTITY: usize = 32;
/// The number of octets in which the end of a tag is sought with regard to quotes. A longer tag holds a picture, not
/// a `>`.
const QUOTED: usize = 4096;
/// Elements within a line: a word may go on across them.
const INLINE: [&str; 34] = [
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins",
    "kbd", "label", "mark", "o:p", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt",
    "u", "var", "wbr",
];
/// Elements whose content nobody sees.
const UNSEEN: [&str; 3] = ["script", "style", "template"];

/// The text of a page. `titled`: with its title, which is not shown with it.
pub fn text(page: &str, titled: bool) -> String {
    let mut out = String::with_capacity(page.len() / 2);
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        words(&rest[..at], &mut out);
        rest = match tag(&rest[at..]) {
            Some(Tag { name, closes, length }) => {
                let after = &rest[at + length..];
                let is = |wanted: &&str| name.eq_ignore_ascii_case(wanted);
                if !name.is_empty() && !INLINE.iter().any(&is) {
                    out.push('\n');
                }
                let is_unseen = UNSEEN.iter().any(&is) || (!titled && is(&"title"));
                if is_unseen && !closes { behind(after, name) } else { after }
            }
            // Not a tag: a sign as any other.
            None => {
                out.push('<');
                &rest[at + 1..]
            }
        };
    }
    words(rest, &mut out);
    out
}

/// Shows each attribute of each element that a browser would look at – `element`, `attribute` in small letters, and the value
/// as it is written – and the style sheets as the attribute `style` of `style`. In time in proportion to the page.
pub(super) fn walk(page: &str, see: &mut impl FnMut(&str, &str, &str)) {
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = match tag(&rest[at..]) {
            Some(Tag { name, closes, length }) => {
                let (whole, after) = rest[at..].split_at(length);
                let element = name.to_ascii_lowercase();
                if !closes && !element.is_empty() {
                    attributes(&whole[1 + name.len()..], &mut |name, value| see(&element, name, value));
                }
                match closes || !UNREAD.contains(&&*element) {
                    true => after,
                    false => {
                        let end = behind(after, name);
                        if element == "style" {
                            see("style", "style", &after[..after.len() - end.len()]);
                        }
                        end
                    }
                }
            }
            None => &rest[at + 1..],
        };
    }
}

/// Elements whose content is no elements.
const UNREAD: [&str; 9] = ["script", "style", "template", "title", "textarea", "noscript", "iframe", "noembed", "xmp"];

/// The attributes of a tag, from behind its name on. Of two with one name the first counts.
fn attributes(tag: &str, see: &mut impl FnMut(&str, &str)) {
    let mut seen = std::collections::HashSet::new();
    let is_between = |c: char| c.is_ascii_whitespace() || c == '/';
    let mut rest = tag.trim_end_matches('>').trim_start_matches(is_between);
    while !rest.is_empty() {
        // An "=" at the beginning belongs to the name.
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest[first..].find(|c: char| is_between(c) || matches!(c, '=' | '>'));
        let (name, after) = rest.split_at(end.map_or(rest.len(), |end| first + end));
        let (value, after) = match after.trim_start().strip_prefix('=') {
            Some(after) => value(after.trim_start()),
            None => ("", after),
        };
        let name = name.to_ascii_lowercase();
        if seen.insert(name.clone()) {
            see(&name, value);
        }
        rest = after.trim_start_matches(|c| is_between(c) || c == '>');
    }
}

/// Returns the value of an attribute, and the text behind it. A quote that nobody closes holds the rest.
fn value(text: &str) -> (&str, &str) {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        let end = text.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(text.len());
        return text.split_at(end);
    };
    let inside = &text[1..];
    match inside.split_once(quote) {
        Some(split) => split,
        None => (inside, ""),
    }
}

/// Text with its entities undone.
pub(super) fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    words(text, &mut out);
    out
}

/// The text between `<` and `>`.
struct Tag<'a> {
    /// The name; empty for tags that begin no element: comments, declarations.
    name: &'a str,
    closes: bool,
    length: usize,
}

fn tag(page: &str) -> Option<Tag<'_>> {
    let inside = page.get(1..)?;
    if let Some(comment) = inside.strip_prefix("!--") {
        let length = comment.find("-->").map_or(page.len(), |end| 4 + end + 3);
        return Some(Tag { name: "", closes: false, length });
    }
    let closes = inside.starts_with('/');
    let inside = if closes { &inside[1..] } else { inside };
    let first = inside.chars().next()?;
    if !first.is_ascii_alphabetic() && !matches!(first, '!' | '?') {
        return None;
    }
    let end = inside.find(|c: char| c.is_whitespace() || matches!(c, '/' | '>')).unwrap_or(inside.len());
    let name = if first.is_ascii_alphabetic() { &inside[..end] } else { "" };
    Some(Tag { name, closes, length: length(page) })
}

/// Octets up to the `>` that ends a tag, which does not stand in a quoted value; without one, all there is.
fn length(page: &str) -> usize {
    let (mut quote, mut before) = (None, b' ');
    for (at, octet) in page.bytes().take(QUOTED).enumerate() {
        match (quote, octet) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') if before == b'=' => quote = Some(octet),
            (Some(open), octet) if octet == open => quote = None,
            _ => {}
        }
        if !octet.is_ascii_whitespace() {
            before = octet;
        }
    }
    // A quote that nobody closed: the tag ended where it seems to.
    page.find('>').map_or(page.len(), |end| end + 1)
}

/// Returns the page behind an element whose content is not read.
fn behind<'a>(page: &'a str, name: &str) -> &'a str {
    let mut rest = page;
    while let Some(at) = rest.find("</") {
        let inside = &rest[at + 2..];
        if inside.get(..name.len()).is_some_and(|closed| closed.eq_ignore_ascii_case(name)) {
            return &rest[at..];
        }
        rest = inside;
    }
    ""
}

/// Text with entities in it.
fn words(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(LONGEST_ENTITY).position(|octet| octet == b';');
        let entity = end.and_then(|end| rest.get(..=end)).unwrap_or("&");
        let is_entity =
            entity[1..].trim_end_matches(';').bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'#');
        match is_entity && entity.len() > 2 {
            true => {
                add_html_token(out, entity.as_bytes(), false);
                rest = &rest[entity.len()..];
            }
            false => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_reads_is_told() {
        for (page, read) in [
            ("<p>caf&eacute; &amp; t&#233; &lt;b&gt; &nosuch; & x</p>", "\ncafé & té <b> &nosuch; & x\n"),
            ("<td>one</td><td>two</td> in<b>side</b>", "\none\n\ntwo\n inside"),
            ("<head><title>T</title><style>p{}</style><body>x", "\n\nT\n\n\n\nx"),
            ("a < b <!-- no > --> c<!doctype html> d", "a < b  c d"),
            ("<a title=\"1 > 2\" href=x>link</a><script>if (a<b) {}</SCRIPT>y", "link\n\ny"),
            ("<a href=\"x>open</a> more", "open more"),
        ] {
            assert_eq!(text(page, true), read, "{page}");
        }
        assert_eq!(text("<title>T</title>x", false).trim(), "x");
    }

    #[test]
    fn unclosed_tags_cost_no_more_than_their_length() {
        let started = std::time::Instant::now();
        for page in ["<a \"".repeat(50_000), "<style>".repeat(50_000), "<!--".repeat(50_000), "<a ='".repeat(50_000)] {
            text(&page, true);
        }
        assert!(started.elapsed() < std::time::Duration::from_secs(20));
    }

    proptest::proptest! {
        #[test]
        fn any_page_is_read(page in "[<>/!a-z&;#\"'= é-]{0,80}") {
            text(&page, true);
        }
    }
}
