//! The right edge of long texts. A browser that makes one straight (`text-align: justify`) looks through the whole
//! paragraph for each of its lines: a megabyte keeps it busy for ten seconds, and a letter of usual length for none.

use super::markup::{Tag, Token, Tokens};

/// Octets of the text of a page that may have a straight right edge.
const LONGEST: usize = 100_000;

/// The two ways in which [`super::css`] writes it, and the one in which [`ammonia`] does, each with what takes its
/// place.
const STRAIGHT: [(&str, &str); 3] = [
    ("text-align:justify", "text-align:start"),
    ("text-align-last:justify", "text-align-last:start"),
    (" align=\"justify\"", ""),
];

/// Returns true if a page with this clean markup has too much text for straight right edges.
pub fn are_ragged(markup: &str) -> bool {
    let texts = Tokens::of(markup).map(|token| if let Token::Text(text) = token { text.len() } else { 0 });
    texts.sum::<usize>() > LONGEST
}

/// Returns clean markup without straight right edges.
pub fn ragged(markup: &str) -> String {
    let mut out = String::with_capacity(markup.len());
    for token in Tokens::of(markup) {
        match token {
            Token::Start(Tag(tag)) if tag.contains("justify") => out.push_str(&ragged_style(tag)),
            Token::Start(Tag(text)) | Token::End(text) | Token::Text(text) => out.push_str(text),
        }
    }
    out
}

/// Returns clean styles without straight right edges.
pub fn ragged_style(style: &str) -> String {
    STRAIGHT.iter().fold(style.to_owned(), |style, (straight, ragged)| style.replace(straight, ragged))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_lose_their_straight_edges_and_nothing_else() {
        assert!(!are_ragged(&"<p class=\"justify\">words</p>".repeat(10_000)));
        assert!(are_ragged(&"<p>words</p>".repeat(30_000)));
        let markup =
            "<p align=\"justify\" style=\"text-align:justify;text-align-last:justify;\">text-align:justify</p>";
        assert_eq!(ragged(markup), "<p style=\"text-align:start;text-align-last:start;\">text-align:justify</p>");
        assert_eq!(ragged_style("p{text-align:justify !important;}"), "p{text-align:start !important;}");
    }
}
