//! A few words of a letter, to be shown in a list.

use mailbox::parse::text::said;

use super::letter::Letter;
use crate::api::MethodError;

/// Octets of text that a preview is chosen from.
const LOOKED_AT: usize = 4096;
/// Octets of a plain text that may be a stub.
const STUB: usize = 200;
/// Characters of a preview (RFC 8621 §4.1.4 allows 256).
const LONGEST: usize = 255;

/// The beginning of what the letter says, without what it quotes.
pub fn of(letter: &Letter<'_>) -> Result<String, MethodError> {
    let bodies = letter.structure.bodies();
    let plain = said(&bodies.text, LOOKED_AT, |range| letter.read(range))?;
    let said = match collapsed(&plain).len() <= STUB {
        true => richer(plain, said(&bodies.html, LOOKED_AT, |range| letter.read(range))?),
        false => plain,
    };
    let own: String =
        said.lines().filter(|line| !line.trim_start().starts_with('>')).flat_map(|line| [line, "\n"]).collect();
    let words = collapsed(&own);
    let words = if words.is_empty() { collapsed(&said) } else { words };
    Ok(words.chars().take(LONGEST).collect())
}

/// Of two ways to say the same the plain one, unless it is a stub: nothing, or "your program does not read HTML".
fn richer(plain: String, html: String) -> String {
    let (short, long) = (collapsed(&plain), collapsed(&html));
    let is_stub = short.len() < long.len() && !long.contains(&short);
    if short.is_empty() || is_stub { html } else { plain }
}

/// One blank where there was blank space; no control characters.
pub fn collapsed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in
        text.split(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}').filter(|word| !word.is_empty())
    {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}
