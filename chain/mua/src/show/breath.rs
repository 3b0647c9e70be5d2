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

/// Adds `<wbr>` to clean markup, and takes stacks of accents away from it.
pub fn give(markup: &str) -> String {
    let mut out = String::with_capacity(markup.len() + markup.len() / STRETCH * 5);
    for token in Tokens::of(markup) {
        match token {
            Token::Text(text) => stretch(text, &mut out),
            Token::Start(Tag(tag)) | Token::End(tag) => out.push_str(tag),
        }
    }
    out
}

/// Writes text without tags.
fn stretch(text: &str, out: &mut String) {
    let is_long = text.len() > LONG;
    let (mut length, mut word, mut marks, mut reference) = (0, 0, 0, false);
    let (mut before, mut places) = (' ', 0);
    for c in text.chars() {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        if marks > MOST_MARKS {
            continue;
        }
        (word, places) = if c.is_whitespace() { (0, 0) } else { (word + 1, places) };
        let blank = before.is_whitespace();
        let sign = before.is_ascii_punctuation() && before != '&' && word > LONG_WORD;
        // `&amp;` is one character, and so is a letter with its marks.
        let whole = !reference && marks == 0;
        let longest = if places < MOST_PLACES { LONGEST_WORD } else { STRETCH };
        let in_word = (word > 1 && sign && places < MOST_PLACES) || word > longest;
        if whole && ((is_long && length >= STRETCH && blank) || in_word) {
            out.push_str("<wbr>");
            (length, word) = (0, 1);
            places += usize::from(in_word);
        }
        reference = c == '&' || (reference && before != ';' && c != ';' && !c.is_whitespace());
        length += 1;
        out.push(c);
        before = c;
    }
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
