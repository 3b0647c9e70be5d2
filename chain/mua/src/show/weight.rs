//! Weighs the cost of markup for a browser. The unit is a tenth of a microsecond of one core of the machine that it was
//! measured on (testing/real/heavy.test.ts, docs/measured.md): parsing, style, layout and the first drawing together.

use super::markup::Tag;

/// The cost of a change from one script to another: the text is shaped in another run, perhaps with another font.
const RUN: usize = 260;
/// The cost of a character that few fonts have: the browser searches all of them.
const RARE: usize = 600;
/// A character that turns the direction of writing, or breaks a word.
const TURN: usize = 60;

/// Weighs text, character by character.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scale {
    before: Script,
}

/// Scripts, with the distinctions that matter for fonts and shapers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Script {
    #[default]
    Latin,
    /// One block of 128 characters, which a font has or does not have.
    Block(u32),
    /// Chinese, Japanese, Korean.
    Wide,
    Rare,
}

impl Scale {
    /// Returns the cost of one more character.
    pub fn add(&mut self, c: char) -> usize {
        if c.is_ascii() {
            // Blanks and signs belong to the script around them.
            let turns = c.is_ascii_alphanumeric() && std::mem::take(&mut self.before) != Script::Latin;
            let own = match c {
                '\n' => 100,
                '\t' => 10,
                _ => 2,
            };
            return own + if turns { RUN } else { 0 };
        }
        let (script, own) = kind(c);
        let turns = script != self.before;
        self.before = script;
        own + if turns { RUN } else { 0 }
    }
}

/// Returns the script of a character beyond ASCII, and the cost of the character by itself.
fn kind(c: char) -> (Script, usize) {
    match u32::from(c) {
        0x80..=0x24f | 0x1e00..=0x1eff | 0x2010..=0x2027 | 0x2030..=0x205e | 0x20a0..=0x20bf => (Script::Latin, 3),
        // Invisible signs that break, join or turn.
        0x200b..=0x200f | 0x2028..=0x202f | 0x2060..=0x206f | 0x61c | 0xfeff => (Script::Latin, TURN),
        block @ (0x370..=0x52f) => (Script::Block(block >> 8), 3),
        0x3000..=0x30ff | 0x3400..=0x9fff | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xff00..=0xffef => (Script::Wide, 7),
        0xd800..=0xf8ff | 0xfff0..=0xffff => (Script::Rare, RARE),
        emoji @ 0x1f000..=0x1faff => (Script::Block(emoji >> 10), 20),
        0x20000..=0x323af => (Script::Wide, 20),
        0x10000.. => (Script::Rare, RARE),
        block => (Script::Block(block >> 7), 12),
    }
}

/// Returns the cost of the element that a tag begins, with its attributes.
pub fn of_tag(tag: Tag<'_>) -> usize {
    let style = tag.attribute("style").unwrap_or_default();
    // Another thread reads a picture that is written into its address.
    let data = tag.0.split("\"data:").skip(1).map(|rest| rest.split('"').next().map_or(0, str::len)).sum::<usize>();
    of_element(tag.name()) + (tag.0.len() - data) / 2 + data / 100 + of_style(style)
}

/// Returns the weight of an element: those inside lines weigh more than those around them, because a line is laid out
/// anew while more of it comes.
fn of_element(name: &str) -> usize {
    match name {
        "table" => 800,
        "td" | "th" => 300,
        "tr" | "tbody" | "thead" | "tfoot" => 150,
        "img" => 3_000,
        "hr" | "details" | "summary" => 400,
        "p" | "div" | "li" | "pre" | "blockquote" | "center" => 180,
        _ => 250,
    }
}

/// Returns the extra cost of an element's own style: its text, and effects that take long to draw.
fn of_style(style: &str) -> usize {
    let drawn = ["shadow", "gradient", "opacity"].iter().map(|word| style.matches(word).count()).sum::<usize>();
    if style.is_empty() { 0 } else { 60 + style.len() + 300 * drawn }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> usize {
        let mut scale = Scale::default();
        text.chars().map(|c| scale.add(c)).sum()
    }

    #[test]
    fn words_weigh_little_and_what_takes_turns_much() {
        let (latin, chinese) = (text(&"words ".repeat(100)), text(&"\u{4e2d}\u{6587}".repeat(300)));
        assert!(latin < chinese && chinese < 5 * latin, "{latin} {chinese}");
        assert!(text(&"a\u{4e2d}".repeat(300)) > 5 * chinese);
        assert!(text(&"a\u{5d0}".repeat(300)) > 10 * latin);
        assert!(text(&"\u{10ffff}".repeat(300)) > 100 * latin);
        // A number, a blank or a full stop in a text of another script is no change.
        assert!(text("\u{627}\u{628} \u{627}. \u{628}") < text("\u{627}\u{628}a\u{627}b\u{628}"));
    }

    #[test]
    fn a_picture_in_an_address_weighs_less_than_a_style_as_long() {
        let (data, style) = ("x".repeat(1_000_000), "color:red;".repeat(100_000));
        let weigh = |tag: &str| of_tag(Tag(tag));
        assert!(weigh(&format!("<img src=\"data:image/png;base64,{data}\">")) < 20_000);
        assert!(weigh(&format!("<p style=\"{style}\">")) > 1_000_000);
    }
}
