//! Writes the frame around a piece of a long letter: its number, and the way to the others. They are links of the
//! letter's own document, so that they work without a script, in the pages and in a tab of its own.

use directory::Language;

use super::escape;

/// The request for a piece of a letter, and the means to describe it.
#[derive(Clone, Debug, Default)]
pub struct Turning {
    /// The wanted piece, from 0.
    pub wanted: usize,
    /// The address of a piece, up to its number, which is counted from 1 there.
    pub address: String,
    /// The address of the letter's source.
    pub source: Option<String>,
    /// The language of its reader.
    pub language: Language,
}

/// The position of a piece in its letter.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    /// The number of the piece, from 0.
    pub number: usize,
    /// The number of pieces.
    pub of: usize,
    /// True if the letter is longer than the part that is shown.
    pub goes_on: bool,
}

/// The name of the element around it, which no element of a letter has.
pub const ELEMENT: &str = "facteur-turning";

impl Turning {
    /// Returns the bar above a piece; empty above the first.
    pub fn above(&self, at: Position) -> String {
        if at.number == 0 { String::new() } else { self.bar(at) }
    }

    /// Returns the bar below a piece; empty if the piece is the whole letter.
    pub fn below(&self, at: Position) -> String {
        if at.of == 1 && !at.goes_on { String::new() } else { self.bar(at) }
    }

    fn bar(&self, at: Position) -> String {
        let is_last = at.number + 1 == at.of;
        let mut bar = format!("<{ELEMENT} role=\"navigation\">");
        escape(&self.sentence(at, is_last), &mut bar);
        let [before, next, source] = match self.language {
            Language::English => ["Previous part", "Next part", "Open the whole text as it was sent"],
            Language::French => {
                ["Partie précédente", "Partie suivante", "Ouvrir le texte entier tel qu’il a été envoyé"]
            }
        };
        if at.number > 0 {
            self.link(at.number, before, &mut bar);
        }
        if !is_last {
            self.link(at.number + 2, next, &mut bar);
        }
        if let Some(address) = self.source.as_deref().filter(|_| is_last && at.goes_on) {
            write_link(address, "_blank", source, &mut bar);
        }
        bar + &format!("</{ELEMENT}>")
    }

    fn sentence(&self, Position { number, of, goes_on }: Position, is_last: bool) -> String {
        let part = number + 1;
        match (self.language, is_last && goes_on) {
            (Language::English, false) => format!("This letter is very long. This is part {part} of {of}."),
            (Language::English, true) => {
                format!("This letter is very long. This is part {part} of {of}; it goes on beyond what is shown here.")
            }
            (Language::French, false) => format!("Ce message est très long. Voici la partie {part} sur {of}."),
            (Language::French, true) => {
                format!("Ce message est très long. Voici la partie {part} sur {of} ; la suite n’est pas affichée ici.")
            }
        }
    }

    fn link(&self, part: usize, words: &str, into: &mut String) {
        write_link(&format!("{}{part}", self.address), "_self", words, into);
    }
}

fn write_link(address: &str, target: &str, words: &str, into: &mut String) {
    into.push_str(" <a href=\"");
    escape(address, into);
    into.push_str(&format!("\" target=\"{target}\" rel=\"noopener noreferrer\">"));
    escape(words, into);
    into.push_str("</a>");
}
