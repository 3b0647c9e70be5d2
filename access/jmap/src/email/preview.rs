//! A few words of a letter, to be shown in a list.

use std::ops::Range;

use bytes::Bytes;
use mailbox::Structure;
use mailbox::parse::Contents;
use mailbox::parse::text::said;

use crate::api::MethodError;

/// Octets of text that a preview is chosen from.
const LOOKED_AT: usize = 4096;
/// The most characters of a line that may be only a notice.
const NOTICE: usize = 140;
/// Octets of a plain text that may be a stub.
const STUB: usize = 200;
/// Characters of a preview (RFC 8621 §4.1.4 allows 256).
const LONGEST: usize = 255;

/// Returns the beginning of the letter's own text, without quotations and without the lines that newsletters put before
/// it. `read` returns octets of the letter.
pub fn of(
    structure: &Structure,
    read: impl Fn(Range<u64>) -> Result<Bytes, MethodError>,
) -> Result<String, MethodError> {
    let (plain, shown) = Contents::words(structure);
    let plain = said(&plain, LOOKED_AT, &read)?;
    let said = match collapsed(&plain).len() <= STUB {
        true => richer(plain, said(&shown, LOOKED_AT, &read)?),
        false => plain,
    };
    Ok(beginning(&said))
}

/// Returns a few words of a text: of its own lines, if some of them say more than how the letter is to be shown.
fn beginning(said: &str) -> String {
    let own = || said.lines().filter(|line| !line.trim_start().starts_with('>'));
    let told = collapsed(&own().filter(|line| !is_notice(line)).flat_map(|line| [line, "\n"]).collect::<String>());
    let words =
        if told.is_empty() { collapsed(&own().flat_map(|line| [line, "\n"]).collect::<String>()) } else { told };
    let words = if words.is_empty() { collapsed(said) } else { words };
    words.chars().take(LONGEST).collect()
}

/// Returns true if a line only says that pictures are missing, or where the letter can be seen with them.
fn is_notice(line: &str) -> bool {
    const SEEN: [&str; 22] = [
        "view in browser",
        "view in your browser",
        "view this email in",
        "view this message in",
        "view online",
        "view it in your browser",
        "view web version",
        "web version",
        "read online",
        "open in browser",
        "not displaying correctly",
        "can't see images",
        "cannot see the images",
        "images not showing",
        "voir en ligne",
        "version en ligne",
        "dans votre navigateur",
        "ne s'affiche pas",
        "version web",
        "afficher les images",
        "im browser",
        "not displayed correctly",
    ];
    let words = collapsed(line).replace('\u{2019}', "'").to_lowercase();
    words.chars().count() <= NOTICE && SEEN.iter().any(|notice| words.contains(notice))
}

/// Chooses between two forms of one text: the plain one, unless it is a stub: empty, or "your program does not read
/// HTML".
fn richer(plain: String, html: String) -> String {
    let (short, long) = (collapsed(&plain), collapsed(&html));
    let is_stub = short.len() < long.len() && !long.contains(&short);
    if short.is_empty() || is_stub { html } else { plain }
}

/// Returns the text with one blank for each blank space, without control characters, and without characters that only
/// fill a line: newsletters put hundreds of invisible characters behind their first words, so that a list shows nothing
/// else.
pub fn collapsed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).map(|word| word.trim_matches(fills));
    for word in words.filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Returns true for a character that is invisible at the edge of a word. (Within a word, joiners are part of its
/// spelling.)
fn fills(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2007}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fills_a_line_is_not_shown() {
        let filler = "\u{34f} \u{200c} \u{a0}\u{200c}\u{a0}\u{2007}\u{ad} \u{feff} ".repeat(60);
        assert_eq!(beginning(&format!("Our autumn sale{filler}Dear Alice")), "Our autumn sale Dear Alice");
        // A joiner that is part of a word stays.
        assert_eq!(collapsed("می\u{200c}خواهم 👩\u{200d}🌾"), "می\u{200c}خواهم 👩\u{200d}🌾");
    }

    #[test]
    fn notices_about_pictures_are_not_what_a_letter_says() {
        for notice in [
            "Images not showing? View this email in your browser",
            "Ce message ne s\u{2019}affiche pas correctement ? Voir en ligne",
            "View in browser",
        ] {
            assert_eq!(beginning(&format!("{notice}\nYour order is on its way")), "Your order is on its way");
            assert_eq!(beginning(notice), notice.replace("  ", " "), "unless there is nothing else");
        }
        let long = format!("{} you can view in browser what we have made of it.", "A letter of many words. ".repeat(8));
        assert_eq!(beginning(&long), collapsed(&long).chars().take(LONGEST).collect::<String>());
    }

    #[test]
    fn quotes_are_only_shown_where_there_is_nothing_else() {
        assert_eq!(beginning("> no\nYes.\n > no"), "Yes.");
        assert_eq!(beginning("> all of it"), "> all of it");
    }
}
