//! Shows letters in plain text: quotes as quotes (RFC 3676 §4.5), addresses as links, the rest unchanged.

use super::escape;

/// The deepest quote, `>>>>…`: deeper ones are shown at this depth.
const DEEPEST_QUOTE: usize = 12;

/// Makes a plain text fit to be shown.
pub fn write(text: &str, body: &mut String) {
    let mut depth = 0;
    for line in text.lines() {
        let (quoted, rest) = quote(line);
        while depth > quoted {
            body.push_str("</blockquote>");
            depth -= 1;
        }
        while depth < quoted {
            body.push_str("<blockquote>");
            depth += 1;
        }
        // Each line in the direction of its own language.
        body.push_str("<pre dir=\"auto\">");
        with_links(rest, body);
        // An empty line has a height, too.
        body.push_str(if rest.is_empty() { "<br></pre>" } else { "</pre>" });
    }
    body.push_str(&"</blockquote>".repeat(depth));
}

/// Returns the depth of a line's quotation, and the line without the marks.
fn quote(line: &str) -> (usize, &str) {
    let (mut depth, mut rest) = (0, line);
    while depth < DEEPEST_QUOTE {
        // Between marks a space is common: `> > text`.
        let inner = if depth == 0 { rest } else { rest.strip_prefix(' ').unwrap_or(rest) };
        match inner.strip_prefix('>') {
            Some(inner) => (depth, rest) = (depth + 1, inner),
            None => break,
        }
    }
    (depth, if depth > 0 { rest.strip_prefix(' ').unwrap_or(rest) } else { rest })
}

fn with_links(line: &str, into: &mut String) {
    let mut rest = line;
    while let Some(at) = next_link(rest) {
        let (before, from) = rest.split_at(at);
        escape(before, into);
        let end = link_end(from);
        let (link, after) = from.split_at(end);
        into.push_str("<a rel=\"noopener noreferrer nofollow\" href=\"");
        escape(link, into);
        into.push_str("\">");
        escape(link, into);
        into.push_str("</a>");
        rest = after;
    }
    escape(rest, into);
}

fn next_link(text: &str) -> Option<usize> {
    ["https://", "http://", "mailto:"].iter().filter_map(|scheme| text.find(scheme)).min()
}

/// Returns the end of an address: at white space or a closing sign. A full stop or comma behind it belongs to the
/// sentence, and so does a bracket that was not opened in it.
fn link_end(text: &str) -> usize {
    let end = text.find(|c: char| c.is_whitespace() || c.is_control() || "<>\"«»“”".contains(c)).unwrap_or(text.len());
    let mut link = text.get(..end).unwrap_or(text);
    loop {
        let closes = |open, close| link.ends_with(close) && link.matches(close).count() > link.matches(open).count();
        if link.ends_with(['.', ',', ';', ':', '!', '?', '\'']) || closes('(', ')') || closes('[', ']') {
            link = link.get(..link.len() - 1).unwrap_or_default();
        } else {
            return link.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn body(text: &str) -> String {
        let mut body = String::new();
        write(text, &mut body);
        body
    }

    #[test]
    fn markup_in_a_text_is_text() {
        assert_eq!(body("<b>1 & 2</b>"), "<pre dir=\"auto\">&lt;b&gt;1 &amp; 2&lt;/b&gt;</pre>");
    }

    #[test]
    fn quotes_lie_in_quotes() {
        assert_eq!(
            body("> a\n>> b\n> > c\nd"),
            "<blockquote><pre dir=\"auto\">a</pre><blockquote><pre dir=\"auto\">b</pre><pre dir=\"auto\">c</pre></blockquote></blockquote><pre dir=\"auto\">d</pre>"
        );
        assert_eq!(body(">"), "<blockquote><pre dir=\"auto\"><br></pre></blockquote>");
    }

    #[test]
    fn addresses_become_links_without_the_sentence_around_them() {
        let link = |url: &str| format!("<a rel=\"noopener noreferrer nofollow\" href=\"{url}\">{url}</a>");
        assert_eq!(body("see https://a.test/x."), format!("<pre dir=\"auto\">see {}.</pre>", link("https://a.test/x")));
        assert_eq!(body("(http://a.test/b_(c))"), format!("<pre dir=\"auto\">({})</pre>", link("http://a.test/b_(c)")));
        assert!(!body("javascript:alert(1)").contains("href"));
    }

    proptest! {
        #[test]
        fn no_text_makes_an_element(text in "[a-z<>\"'&:/ \\n>.()]{0,60}") {
            let shown = body(&format!("{text} http://x.test/{text}"));
            let allowed = ["<pre dir=\"auto\">", "</pre>", "<br>", "<blockquote>", "</blockquote>", "</a>"];
            let mut rest = shown.as_str();
            while let Some(at) = rest.find('<') {
                rest = &rest[at..];
                let fits = allowed.iter().any(|tag| rest.starts_with(tag)) || rest.starts_with("<a rel=\"noopener noreferrer nofollow\" href=\"http");
                prop_assert!(fits, "{}", rest);
                rest = &rest[1..];
            }
        }
    }
}
