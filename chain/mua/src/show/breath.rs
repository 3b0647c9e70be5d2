//! Adds room in text: places to break long stretches and long words, and no more accents on a letter than its line has
//! room for. A browser that lays out one stretch in many fonts looks through all of it for each line: a hundred
//! kilobytes of that keep it busy for minutes, and the pages around the letter with it.

use super::markup::{Tag, Token, Tokens};

/// Characters between two places.
const STRETCH: usize = 500;
/// A shorter text needs no places.
const LONG: usize = 2 * STRETCH;
/// A longer word may be broken behind a sign, such as those in addresses of pages; otherwise a table with such an
/// address in it would be as wide.
const LONG_WORD: usize = 32;
/// A longer word without a sign may be broken anywhere.
const LONGEST_WORD: usize = 80;
/// The most places in one word. A word that goes on is no word: the line is broken where it is full (`overflow-wrap`),
/// and it has one place in each stretch.
const MOST_PLACES: usize = 64;
/// The most marks on one character. (Vietnamese has two, Hebrew with its accents three.)
const MOST_MARKS: u32 = 3;

/// The most characters and places of one word in a line; behind them the line ends, in the middle of the word. Firefox
/// looks back over the whole word for each of its places: four thousand keep it busy for a minute.
const LONGEST_LINE: usize = 10_000;
const MOST_PLACES_IN_LINE: usize = 1_000;

/// Adds `<wbr>` to clean markup, and takes stacks of accents away from it.
pub fn give(markup: &str) -> String {
    let out = String::with_capacity(markup.len() + markup.len() / STRETCH * 5);
    let mut breath = Breath { out, word: 0, places: 0, line: 0, line_places: 0, before: ' ' };
    for token in Tokens::of(markup) {
        match token {
            Token::Text(text) => breath.text(text),
            Token::Start(tag) if tag.name() == "wbr" => breath.place(),
            Token::Start(Tag(tag)) | Token::End(tag) => breath.tag(tag),
        }
    }
    breath.out
}

/// The markup that has been written, and the word at its end.
struct Breath {
    out: String,
    /// Characters of the word since its beginning or its last place.
    word: usize,
    /// Places in the word.
    places: usize,
    /// Characters and places of the word since its beginning or its last end of a line.
    line: usize,
    line_places: usize,
    before: char,
}

impl Breath {
    fn tag(&mut self, tag: &str) {
        if !goes_on_behind(tag) {
            self.end_word();
        }
        self.out.push_str(tag);
    }

    fn end_word(&mut self) {
        (self.word, self.places, self.line, self.line_places, self.before) = (0, 0, 0, 0, ' ');
    }

    /// Adds a place; in a word without end, it adds an end of the line.
    fn place(&mut self) {
        self.places += 1;
        self.line_places += 1;
        let is_full = self.line > LONGEST_LINE || self.line_places > MOST_PLACES_IN_LINE;
        self.out.push_str(if is_full { "<br>" } else { "<wbr>" });
        if is_full {
            (self.line, self.line_places) = (0, 0);
        }
    }

    /// Writes text without tags.
    fn text(&mut self, text: &str) {
        let is_long = text.len() > LONG;
        let (mut length, mut marks, mut reference) = (0, 0, false);
        for c in text.chars() {
            marks = if is_mark(c) { marks + 1 } else { 0 };
            if marks > MOST_MARKS {
                continue;
            }
            let blank = self.before.is_whitespace();
            if c.is_whitespace() {
                self.end_word();
            } else {
                (self.word, self.line) = (self.word + 1, self.line + 1);
            }
            // `&amp;` is one character, and so is a letter with its marks.
            let is_whole = !reference && marks == 0;
            let in_word = self.has_place_in_word();
            if is_whole && ((is_long && length >= STRETCH && blank) || in_word) {
                if in_word {
                    self.place();
                } else {
                    self.out.push_str("<wbr>");
                }
                (length, self.word) = (0, 1);
            }
            reference = c == '&' || (reference && self.before != ';' && c != ';' && !c.is_whitespace());
            length += 1;
            self.out.push(c);
            self.before = c;
        }
    }

    /// Returns true if the word may be broken before the character that has just been counted.
    fn has_place_in_word(&self) -> bool {
        let sign = self.before.is_ascii_punctuation() && self.before != '&' && self.word > LONG_WORD;
        let longest = if self.places < MOST_PLACES { LONGEST_WORD } else { STRETCH };
        (self.word > 1 && sign && self.places < MOST_PLACES) || self.word > longest
    }
}

/// Returns true if a word goes on behind this tag.
fn goes_on_behind(tag: &str) -> bool {
    let name = tag.trim_start_matches(['<', '/']).split([' ', '>']).next().unwrap_or_default();
    matches!(
        name,
        "a" | "abbr" | "b" | "bdi" | "bdo" | "big" | "code" | "del" | "em" | "font" | "i" | "ins" | "mark" | "nobr"
    ) || matches!(name, "s" | "small" | "span" | "strike" | "strong" | "sub" | "sup" | "tt" | "u")
}

/// Returns true for marks over and under letters of any script (the blocks "Combining …" of Unicode), which can be
/// stacked.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_letters_stay_as_they_are() {
        let markup = format!("<p title=\"a > b\">{}</p>", "words of a letter ".repeat(40));
        assert_eq!(give(&markup), markup);
    }

    #[test]
    fn long_stretches_can_be_broken_between_words_if_there_are_any() {
        let markup = format!("<p>{}</p>", "word ".repeat(1_000));
        let broken = give(&markup);
        assert!(broken.contains("word <wbr>word") && !broken.contains("o<wbr>"), "{broken}");
        assert!(broken.matches("<wbr>").count() >= 8);
        let broken = give(&"é".repeat(5_000));
        assert_eq!(broken.matches("<wbr>").count(), 4_999 / LONGEST_WORD);
        let endless = give(&"a".repeat(1_000_000)).matches("<wbr>").count();
        assert!(endless < MOST_PLACES + 1_000_000 / STRETCH, "{endless}");
        assert!(give(&"a/".repeat(500_000)).matches("<wbr>").count() < MOST_PLACES + 1_000_000 / STRETCH);
    }

    #[test]
    fn a_word_without_end_ends_its_lines_whatever_it_is_made_of() {
        for word in ["a".repeat(300_000), "a<wbr>".repeat(30_000), "<b>a</b>".repeat(300_000), "=".repeat(300_000)] {
            let broken = give(&word);
            let whole = |markup: &str| markup.replace("<br>", "").replace("<wbr>", "");
            assert!(whole(&broken) == whole(&word), "{}", &word[..20]);
            for line in broken.split("<br>") {
                let (places, characters) = (line.matches("<wbr>").count(), text_of(line));
                assert!(places <= MOST_PLACES_IN_LINE && characters <= LONGEST_LINE + STRETCH, "{places} {characters}");
            }
        }
        let words = "<p>words of <b>a letter</b> </p>".repeat(10_000);
        assert_eq!(give(&words), words);
    }

    fn text_of(markup: &str) -> usize {
        Tokens::of(markup).map(|token| if let Token::Text(text) = token { text.len() } else { 0 }).sum()
    }

    #[test]
    fn the_address_of_a_page_can_be_broken_behind_its_signs() {
        let address = "https://shop.test/orders/2026/11/30/a-very-long-name?of=what&amp;was=bought";
        let broken = give(address);
        assert_eq!(broken.replace("<wbr>", ""), address);
        assert!(broken.contains("/11/<wbr>30") && !broken.contains("shop.<wbr>"), "{broken}");
        assert!(!broken.contains("am<wbr>p") && !broken.contains("&<wbr>"), "{broken}");
        let long = "Donaudampfschifffahrtsgesellschaftskapitän";
        assert_eq!(give(long), long);
    }

    #[test]
    fn accents_do_not_stack() {
        assert_eq!(give(&format!("Z{}a", "\u{489}\u{300}".repeat(500))), "Z\u{489}\u{300}\u{489}a");
        for word in ["Việt", "Vie\u{302}\u{323}t", "שָׁלוֹם"] {
            assert_eq!(give(word), word);
        }
    }

    #[test]
    fn tags_and_references_are_not_broken() {
        let references = "&amp;&lt;".repeat(1_000);
        let broken = give(&references);
        assert!(broken.split("<wbr>").all(|part| part.replace("&amp;", "").replace("&lt;", "").is_empty()), "{broken}");
        let tag = format!("<a href=\"{}\">x</a>", "y>".repeat(2_000));
        assert_eq!(give(&tag), tag);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(markup in "(<b>|</b>|<a href=\"x>y\">|&amp;|[a-zé \u{4e00}]{1,900}){0,8}") {
            prop_assert_eq!(give(&markup).replace("<wbr>", ""), markup);
        }
    }
}
