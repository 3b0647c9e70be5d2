//! Places to break long stretches of text. A browser that lays out one stretch which many fonts take turns in looks through
//! all of it for each line: a hundred kilobytes of that keep it busy for minutes, and the pages around the letter with it.

/// Characters between two places.
const STRETCH: usize = 500;
/// Where no good place comes, any will do after so many.
const LONGEST: usize = 2 * STRETCH;

/// Adds `<wbr>` to clean markup, as [`ammonia`] and [`super::escape`] write it: attributes in double quotes, `<` only where a
/// tag begins.
pub fn give(markup: &str) -> String {
    let mut out = String::with_capacity(markup.len() + markup.len() / STRETCH * 5);
    let mut rest = markup;
    while let Some(tag) = rest.find('<') {
        let (text, from) = rest.split_at(tag);
        stretch(text, &mut out);
        let (tag, after) = from.split_at(tag_end(from));
        out.push_str(tag);
        rest = after;
    }
    stretch(rest, &mut out);
    out
}

/// Behind the `>` of the tag that `markup` begins with.
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

/// Writes text without tags.
fn stretch(text: &str, out: &mut String) {
    if text.len() <= LONGEST {
        return out.push_str(text);
    }
    let (mut written, mut length, mut reference) = (0, 0, false);
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let good = before.is_whitespace() || (c.is_ascii_graphic() && before.is_ascii_graphic());
        if !reference && ((length >= STRETCH && good) || length >= LONGEST) {
            out.push_str(text.get(written..at).unwrap_or_default());
            out.push_str("<wbr>");
            (written, length) = (at, 0);
        }
        // `&amp;` is one character.
        reference = c == '&' || (reference && before != ';' && c != ';' && !c.is_whitespace());
        length += 1;
        before = c;
    }
    out.push_str(text.get(written..).unwrap_or_default());
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
        assert_eq!(broken.matches("<wbr>").count(), 4);
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
