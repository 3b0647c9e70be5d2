//! Settles the direction in which a letter is read if it leaves that to its reader (`dir="auto"`).
//!
//! A browser searches for the first letter of such an element anew whenever something is added to the element, so
//! twenty thousand lines without a letter keep it busy for half a minute. This module reads each text once.

use super::markup::{Tag, Token, Tokens};

/// The direction of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// From left to right.
    #[default]
    Ltr,
    /// From right to left.
    Rtl,
}

impl Direction {
    /// Returns the word for it in the attribute `dir`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ltr => "ltr",
            Self::Rtl => "rtl",
        }
    }
}

/// Returns clean markup in which each `dir="auto"` is the direction that a browser would find (HTML §3.2.6.4), and the
/// direction of the whole.
pub fn settle(markup: &str) -> (String, Direction) {
    let found = found_in(markup);
    let mut settled = String::with_capacity(markup.len());
    let mut next = 1;
    for token in Tokens::of(markup) {
        match token {
            Token::Start(tag) if Own::of(tag) == Own::Auto => {
                let direction = found.get(next).copied().flatten().unwrap_or_default();
                write(tag, direction, &mut settled);
                next += 1;
            }
            Token::Start(Tag(text)) | Token::End(text) | Token::Text(text) => settled.push_str(text),
        }
    }
    (settled, found.first().copied().flatten().unwrap_or_default())
}

/// The statement of an element about its direction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Own {
    Auto,
    Fixed,
    Nothing,
}

impl Own {
    fn of(tag: Tag<'_>) -> Self {
        let said = tag.attribute("dir").unwrap_or_default();
        match () {
            () if said.eq_ignore_ascii_case("ltr") || said.eq_ignore_ascii_case("rtl") => Self::Fixed,
            () if said.eq_ignore_ascii_case("auto") || tag.name() == "bdi" => Self::Auto,
            () => Self::Nothing,
        }
    }
}

/// Returns the direction of the whole and of each element that leaves it open, in order; `None` if nothing says.
fn found_in(markup: &str) -> Vec<Option<Direction>> {
    let mut found = vec![None];
    // For each open element, the element whose direction its text decides.
    let mut open: Vec<Option<usize>> = vec![Some(0)];
    for token in Tokens::of(markup) {
        match token {
            Token::Start(tag) => {
                let told = match Own::of(tag) {
                    Own::Auto => {
                        found.push(None);
                        Some(found.len() - 1)
                    }
                    Own::Fixed => None,
                    Own::Nothing => open.last().copied().flatten(),
                };
                if !tag.is_void() {
                    open.push(told);
                }
            }
            Token::End(_) if open.len() > 1 => drop(open.pop()),
            Token::End(_) => {}
            Token::Text(text) => {
                let told = open.last().copied().flatten().and_then(|at| found.get_mut(at));
                if let Some(told @ None) = told {
                    *told = first(text);
                }
            }
        }
    }
    found
}

/// Returns the direction of the first letter of a text, if it has one.
fn first(text: &str) -> Option<Direction> {
    let mut in_reference = false;
    text.chars().find_map(|c| {
        let is_read = !in_reference && c != '&';
        in_reference = c == '&' || (in_reference && c != ';');
        if is_read { of_letter(c) } else { None }
    })
}

/// Returns the direction that a character decides (UAX #9, the classes L, R and AL).
fn of_letter(c: char) -> Option<Direction> {
    match c {
        '\u{200f}' | '\u{61c}' => Some(Direction::Rtl),
        '\u{200e}' => Some(Direction::Ltr),
        _ if !c.is_alphabetic() => None,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' => Some(Direction::Rtl),
        '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}' => Some(Direction::Rtl),
        _ => Some(Direction::Ltr),
    }
}

/// Writes a tag with a direction in place of the one that it leaves open.
fn write(tag: Tag<'_>, direction: Direction, into: &mut String) {
    const NAME: &str = " dir=\"";
    let (before, after) = match tag.0.split_once(NAME) {
        Some((before, value)) => (before, value.split_once('"').map_or(">", |(_, after)| after)),
        None => tag.0.split_at(1 + tag.name().len()),
    };
    for part in [before, NAME, direction.word(), "\"", after] {
        into.push_str(part);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn settled(markup: &str) -> String {
        settle(markup).0
    }

    #[test]
    fn the_first_letter_decides() {
        assert_eq!(settled("<p dir=\"auto\">12, \u{5d0}b</p>"), "<p dir=\"rtl\">12, \u{5d0}b</p>");
        assert_eq!(
            settled("<p class=\"x\" dir=\"AUTO\" id=\"y\">a\u{5d0}</p>"),
            "<p class=\"x\" dir=\"ltr\" id=\"y\">a\u{5d0}</p>"
        );
        assert_eq!(settled("<p dir=\"auto\">&amp;<b>\u{627}</b></p>"), "<p dir=\"rtl\">&amp;<b>\u{627}</b></p>");
        assert_eq!(settled("<p dir=\"auto\">12<br></p>a"), "<p dir=\"ltr\">12<br></p>a");
        assert_eq!(
            settled("<bdi>\u{5d0}</bdi><bdi title=\"x\">a</bdi>"),
            "<bdi dir=\"rtl\">\u{5d0}</bdi><bdi dir=\"ltr\" title=\"x\">a</bdi>"
        );
    }

    #[test]
    fn what_has_a_direction_of_its_own_says_nothing_about_what_is_around_it() {
        let markup = "<div dir=\"auto\"><p dir=\"auto\">a</p><p dir=\"ltr\">a</p>\u{5d0}</div>";
        assert_eq!(settled(markup), "<div dir=\"rtl\"><p dir=\"ltr\">a</p><p dir=\"ltr\">a</p>\u{5d0}</div>");
        assert_eq!(settle(markup).1, Direction::Ltr);
        assert_eq!(settle("<p dir=\"rtl\">a</p><i>\u{5d0}</i>a").1, Direction::Rtl);
        assert_eq!(settle("").1, Direction::Ltr);
    }

    #[test]
    fn a_letter_without_letters_is_looked_through_once() {
        let markup = "<p dir=\"auto\">=<br>".repeat(300) + &"= <br>".repeat(500_000);
        let begin = std::time::Instant::now();
        assert!(!settled(&markup).contains("auto"));
        assert!(begin.elapsed().as_secs() < 30, "{:?}", begin.elapsed());
    }

    proptest! {
        #[test]
        fn nothing_else_is_changed(markup in "(<p dir=\"auto\">|<bdi>|<i dir=\"rtl\">|</p>|<br>|&lt;|[a \u{5d0}1]{1,4}){0,12}") {
            let (settled, _) = settle(&markup);
            let plain = |text: &str| text.replace(" dir=\"auto\"", "").replace(" dir=\"ltr\"", "").replace(" dir=\"rtl\"", "");
            prop_assert_eq!(plain(&settled), plain(&markup));
            prop_assert!(!settled.contains("auto") && !settled.contains("<bdi>"));
        }
    }
}
