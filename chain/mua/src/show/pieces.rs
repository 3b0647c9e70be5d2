//! Cuts long letters into pieces, each of which a browser shows in well under a second: it lays out a letter in the
//! thread that the pages around it use, and nobody could press a button until it is done. Nothing of a letter is left
//! out: the pieces together are all of it.

use super::markup::{Tag, Token, Tokens};
use super::weight::{self, Scale};

/// A piece ends before the next paragraph, row or similar element once it weighs so much …
const FULL: usize = 4_000_000;
/// … or anywhere once it weighs so much.
const OVERFULL: usize = FULL + FULL / 7;
/// The deepest nesting of elements: deeper ones are shown without the elements around them. (Answers to answers have
/// some eighty.)
const DEEPEST: usize = 100;

/// A piece of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Clean markup, in which each element ends.
    pub markup: String,
    /// The number of this piece, from 0.
    pub number: usize,
    /// The number of pieces.
    pub of: usize,
}

/// Returns the piece `wanted` of clean markup, from 0; the last one if there are not so many.
pub fn piece(markup: &str, wanted: usize) -> Piece {
    let knife = Knife::cut(markup, wanted);
    let of = knife.number + 1;
    if wanted < of {
        return Piece { markup: knife.kept, number: wanted, of };
    }
    Piece { markup: Knife::cut(markup, of - 1).kept, number: of - 1, of }
}

/// An open element.
struct Open<'m> {
    tag: Tag<'m>,
    weight: usize,
    is_shown: bool,
}

struct Knife<'m> {
    wanted: usize,
    number: usize,
    kept: String,
    open: Vec<Open<'m>>,
    /// The weight of the piece that is being cut.
    weight: usize,
    scale: Scale,
}

impl<'m> Knife<'m> {
    fn cut(markup: &'m str, wanted: usize) -> Self {
        let mut knife =
            Self { wanted, number: 0, kept: String::new(), open: Vec::new(), weight: 0, scale: Scale::default() };
        for token in Tokens::of(markup) {
            match token {
                Token::Start(tag) => knife.start(tag),
                Token::End(_) => knife.end(),
                Token::Text(text) => knife.text(text),
            }
        }
        knife
    }

    fn keep(&mut self, markup: &str) {
        if self.number == self.wanted {
            self.kept.push_str(markup);
        }
    }

    fn start(&mut self, tag: Tag<'m>) {
        if self.weight >= OVERFULL || (self.weight >= FULL && begins_a_line(tag.name())) {
            self.turn();
        }
        let is_shown = self.open.len() < DEEPEST;
        let weight = if is_shown { weight::of_tag(tag) } else { 0 };
        self.weight += weight;
        if is_shown {
            self.keep(tag.0);
        }
        if !tag.is_void() {
            self.open.push(Open { tag, weight, is_shown });
        }
    }

    fn end(&mut self) {
        if let Some(open) = self.open.pop()
            && open.is_shown
        {
            self.keep(&end_of(open.tag));
        }
    }

    /// Adds text: a piece may end in the middle of it, after a word if there is one soon, and never in a reference.
    fn text(&mut self, text: &str) {
        let (mut from, mut in_reference) = (0, false);
        for (at, c) in text.char_indices() {
            // A letter keeps its marks, but endless marks may be cut apart: they stand on no letter.
            let is_between = !in_reference && (!is_mark(c) || self.weight >= OVERFULL + FULL / 50);
            if self.weight >= OVERFULL && is_between || self.weight >= FULL && c.is_whitespace() {
                self.keep(text.get(from..at).unwrap_or_default());
                self.turn();
                from = at;
            }
            self.weight += self.scale.add(c);
            in_reference = c == '&' || (in_reference && c != ';');
        }
        self.keep(text.get(from..).unwrap_or_default());
    }

    /// Ends all elements, and begins them again in the next piece.
    fn turn(&mut self) {
        let shown = || self.open.iter().filter(|open| open.is_shown);
        let (ends, starts): (String, String) =
            (shown().rev().map(|open| end_of(open.tag)).collect(), shown().map(|open| open.tag.0).collect());
        let weight = shown().map(|open| open.weight).sum();
        self.keep(&ends);
        self.number += 1;
        self.weight = weight;
        self.keep(&starts);
    }
}

fn end_of(tag: Tag<'_>) -> String {
    format!("</{}>", tag.name())
}

/// Returns true at a place where a reader would turn the page.
fn begins_a_line(name: &str) -> bool {
    matches!(
        name,
        "p" | "div" | "tr" | "table" | "ul" | "ol" | "li" | "blockquote" | "pre" | "hr" | "section" | "center" | "br"
    ) || matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "dl" | "dt" | "article" | "details")
}

/// Returns true for a mark, which stands on the letter before it.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(markup: &str) -> Vec<Piece> {
        let of = piece(markup, 0).of;
        (0..of).map(|number| piece(markup, number)).collect()
    }

    /// Returns the text that a person reads, without tags.
    fn read(markup: &str) -> String {
        Tokens::of(markup).filter_map(|token| if let Token::Text(text) = token { Some(text) } else { None }).collect()
    }

    /// Weighs a piece anew, and sees that each element in it ends.
    fn weigh(markup: &str) -> usize {
        let (mut depth, mut scale) = (0usize, Scale::default());
        let weight = Tokens::of(markup).map(|token| match token {
            Token::Start(tag) => {
                depth += usize::from(!tag.is_void());
                weight::of_tag(tag)
            }
            Token::End(_) => {
                depth = depth.checked_sub(1).unwrap();
                0
            }
            Token::Text(text) => text.chars().map(|c| scale.add(c)).sum(),
        });
        let weight = weight.sum();
        assert_eq!(depth, 0);
        weight
    }

    #[test]
    fn a_letter_of_usual_length_is_one_piece_as_it_is() {
        let row =
            "<tr><td style=\"padding:4px;font-family:Arial\">A row of <a href=\"https://a.test/\">words</a></td></tr>";
        let markup = format!("<table><tbody>{}</tbody></table>", row.repeat(2_000));
        assert_eq!(all(&markup), [Piece { markup: markup.clone(), number: 0, of: 1 }]);
    }

    #[test]
    fn the_pieces_of_a_long_letter_are_all_of_it_and_each_is_light() {
        let scripts = "a\u{4e2d}\u{378} &amp; ";
        for markup in [
            format!("<div><p>{}</p></div>", "word ".repeat(1_500_000)),
            "a".repeat(4_000_000),
            format!("<div class=\"x\">{}</div>", "<p>x</p>".repeat(100_000)),
            format!("<table><tbody>{}</tbody></table>", "<tr><td>x</td><td>y</td></tr>".repeat(30_000)),
            format!("<p>{}</p>", scripts.repeat(60_000)),
            format!("{}{}deep{}", "<div style=\"color:red\">".repeat(300), "x".repeat(4_000_000), "</div>".repeat(300)),
            "&amp;".repeat(800_000),
            "<img src=\"x\">".repeat(10_000),
        ] {
            let pieces = all(&markup);
            assert!(pieces.len() > 1, "{}", &markup[..40]);
            let said: String = pieces.iter().map(|piece| read(&piece.markup)).collect();
            assert!(said == read(&markup), "{}", &markup[..40]);
            for piece in &pieces {
                assert!(weigh(&piece.markup) < OVERFULL + OVERFULL / 10, "{}", &markup[..40]);
                assert!(read(&piece.markup).replace("&amp;", "").find('&').is_none(), "in a reference");
            }
        }
    }

    #[test]
    fn a_number_beyond_the_last_is_the_last() {
        let markup = "<p>x</p>".repeat(100_000);
        let last = piece(&markup, usize::MAX);
        assert_eq!((last.number + 1, &last), (last.of, &piece(&markup, last.of - 1)));
        assert_eq!(piece("", 7), Piece { markup: String::new(), number: 0, of: 1 });
    }

    #[test]
    fn what_is_too_deep_is_shown_flat() {
        let markup = format!("{}deep{}", "<b>".repeat(300), "</b>".repeat(300));
        let Piece { markup, of, .. } = piece(&markup, 0);
        assert_eq!((of, markup.matches("<b>").count(), markup.matches("</b>").count()), (1, DEEPEST, DEEPEST));
        assert!(markup.contains("deep"));
    }
}
