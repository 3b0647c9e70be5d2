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
    let (mut written, mut starts) = (0, Starts::default());
    while let Some(at) = starts.next(line, written) {
        escape(line.get(written..at).unwrap_or_default(), into);
        let link = link_of(line.get(at..).unwrap_or_default());
        into.push_str("<a rel=\"noopener noreferrer nofollow\" href=\"");
        escape(link, into);
        into.push_str("\">");
        escape(link, into);
        into.push_str("</a>");
        written = at + link.len();
    }
    escape(line.get(written..).unwrap_or_default(), into);
}

/// The beginnings of addresses.
const SCHEMES: [&str; 3] = ["https://", "http://", "mailto:"];

/// The places where the next address of each scheme begins in a line. Each is looked for once, and again only behind it:
/// a line with a hundred thousand addresses of one scheme is not read to its end for the others behind each of them.
#[derive(Default)]
struct Starts([Next; SCHEMES.len()]);

#[derive(Clone, Copy, Default)]
enum Next {
    #[default]
    Unknown,
    At(usize),
    Nowhere,
}

impl Starts {
    /// Returns the place of the first address in the line at `from` or behind it. Later calls ask no further ahead.
    fn next(&mut self, line: &str, from: usize) -> Option<usize> {
        let rest = line.get(from..)?;
        let places = SCHEMES.iter().zip(&mut self.0).filter_map(|(scheme, next)| {
            if matches!(next, Next::Unknown) || matches!(next, Next::At(at) if *at < from) {
                *next = rest.find(scheme).map_or(Next::Nowhere, |at| Next::At(from + at));
            }
            if let Next::At(at) = next { Some(*at) } else { None }
        });
        places.min()
    }
}

/// Returns the address at the beginning of a text. It ends at white space or a closing sign. A full stop or comma behind
/// it belongs to the sentence, and so does a bracket that was not opened in it.
fn link_of(text: &str) -> &str {
    let end = text.find(|c: char| c.is_whitespace() || c.is_control() || "<>\"«»“”".contains(c)).unwrap_or(text.len());
    let mut link = text.get(..end).unwrap_or(text);
    let count = |sign: char| link.matches(sign).count();
    let (round, mut round_ends) = (count('('), count(')'));
    let (square, mut square_ends) = (count('['), count(']'));
    loop {
        match link.as_bytes().last() {
            Some(b'.' | b',' | b';' | b':' | b'!' | b'?' | b'\'') => {}
            Some(b')') if round_ends > round => round_ends -= 1,
            Some(b']') if square_ends > square => square_ends -= 1,
            _ => return link,
        }
        link = link.get(..link.len() - 1).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

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

    #[test]
    fn a_line_takes_time_in_proportion_to_its_length_whatever_stands_in_it() {
        let takes = |text: &str| {
            let began = Instant::now();
            let length = body(text).len();
            assert!(length > text.len() && length < 12 * text.len() + 200, "{length}");
            began.elapsed()
        };
        for piece in ["https://a.test/x ", "mailto:a ", "https://a.test/)", ")]", "(https://a", "!https://a.", ":(["] {
            let line = |octets: usize| format!("https://a.test/{}", piece.repeat(octets / piece.len()));
            // Eight times the line would take sixty-four times as long if it were read again for each piece.
            let (short, long) = (takes(&line(50_000)), takes(&line(400_000)));
            let most = Duration::from_millis(400).max(short * 32);
            assert!(long < most, "{piece:?}: {short:?} for a line, {long:?} for one of eight times its length");
        }
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
