//! Decides which parts of a letter are its text, which its HTML, and which are attached (RFC 8621 §4.1.4).

use super::structure::{Part, Structure};

/// The leaves of a letter, sorted into how they are shown. A part may stand in more than one list.
#[derive(Clone, Debug, Default)]
pub struct Bodies<'a> {
    /// The parts to show one after the other if plain text is preferred.
    pub text: Vec<&'a Part>,
    /// The parts to show one after the other if HTML is preferred.
    pub html: Vec<&'a Part>,
    /// The parts to offer beside.
    pub attachments: Vec<&'a Part>,
}

impl Structure {
    /// Sorts the parts of the letter. Letters inside are not looked into, nor is what a signature is wrapped around.
    pub fn bodies(&self) -> Bodies<'_> {
        self.sorted(Part::sub_parts)
    }

    /// The same as a person meets the letter: without the wrapping of a signature.
    pub fn shown_bodies(&self) -> Bodies<'_> {
        self.sorted(Part::shown_parts)
    }

    fn sorted(&self, parts_of: PartsOf) -> Bodies<'_> {
        let mut sorter = Sorter { bodies: Bodies::default(), parts_of };
        let lists = Lists { text: true, html: true };
        sorter.sort(std::slice::from_ref(&self.root), 0, Within::Mixed, false, lists);
        sorter.bodies
    }
}

/// The parts that a part is sorted as.
type PartsOf = fn(&Part) -> Option<&[Part]>;

struct Sorter<'a> {
    bodies: Bodies<'a>,
    parts_of: PartsOf,
}

/// The kind of the multipart around a part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Mixed,
    Alternative,
    Related,
}

/// The lists that a part may still go into.
#[derive(Clone, Copy)]
struct Lists {
    text: bool,
    html: bool,
}

impl<'a> Sorter<'a> {
    /// `first` is the part that the others go with.
    fn sort(&mut self, parts: &'a [Part], first: usize, within: Within, in_alternative: bool, mut open: Lists) {
        let (text_before, html_before) = (self.bodies.text.len(), self.bodies.html.len());
        for (place, part) in parts.iter().enumerate() {
            if let Some(parts) = (self.parts_of)(part) {
                self.sort_parts(part, parts, in_alternative, open);
            } else if !is_body(part, place == first, within) {
                self.bodies.attachments.push(part);
            } else if within == Within::Alternative {
                self.choose(part, open);
            } else {
                if in_alternative {
                    open.html &= !part.is("text", "plain");
                    open.text &= !part.is("text", "html");
                }
                self.show(part, open);
            }
        }
        if within == Within::Alternative && open.text && open.html {
            self.balance(text_before, html_before);
        }
    }

    fn sort_parts(&mut self, part: &'a Part, parts: &'a [Part], in_alternative: bool, open: Lists) {
        let within = match () {
            () if part.is("multipart", "alternative") => Within::Alternative,
            () if part.is("multipart", "related") => Within::Related,
            () => Within::Mixed,
        };
        let first = if within == Within::Related { start(part, parts) } else { 0 };
        self.sort(parts, first, within, in_alternative || within == Within::Alternative, open);
    }

    /// One of several ways to say the same.
    fn choose(&mut self, part: &'a Part, open: Lists) {
        match () {
            () if part.is("text", "plain") && open.text => self.bodies.text.push(part),
            () if part.is("text", "html") && open.html => self.bodies.html.push(part),
            // RFC 8621 §4.1.4 leaves out what has no place in the list that is still open; nothing is to be hidden.
            () => self.bodies.attachments.push(part),
        }
    }

    fn show(&mut self, part: &'a Part, open: Lists) {
        if open.text {
            self.bodies.text.push(part);
        }
        if open.html {
            self.bodies.html.push(part);
        }
        // The same for a text in an alternative that has two kinds of text side by side.
        if (is_media(part) && !(open.text && open.html)) || !(open.text || open.html) {
            self.bodies.attachments.push(part);
        }
    }

    /// If an alternative has only one of the two forms, that form stands for both.
    fn balance(&mut self, text_before: usize, html_before: usize) {
        let Bodies { text, html, .. } = &mut self.bodies;
        let (has_text, has_html) = (text.len() > text_before, html.len() > html_before);
        if !has_text && has_html {
            text.extend_from_slice(&html[html_before..]);
        } else if !has_html && has_text {
            html.extend_from_slice(&text[text_before..]);
        }
    }
}

/// The part that the others of a multipart/related go with: the one that `start` names, else the first (RFC 2387 §3.2).
fn start(part: &Part, parts: &[Part]) -> usize {
    let bare = |id: &[u8]| String::from_utf8_lossy(id).trim_matches(['<', '>', ' ', '\t']).to_owned();
    let wanted = part.param("start").map(bare);
    let named = |part: &Part| part.id.as_deref().map(bare).is_some_and(|id| Some(&id) == wanted.as_ref());
    parts.iter().position(named).unwrap_or(0)
}

/// Returns true for a part of the text, and not for an attachment.
fn is_body(part: &Part, first: bool, within: Within) -> bool {
    let readable = part.is("text", "plain") || part.is("text", "html") || is_media(part);
    // A text with a file name that is not the first is a file; in multipart/related only the first is the text.
    let placed = first || (within != Within::Related && (is_media(part) || part.file_name().is_none()));
    readable && placed && !is_disposed(part, b"attachment")
}

fn is_media(part: &Part) -> bool {
    ["image", "audio", "video"].iter().any(|kind| part.is(kind, ""))
}

fn is_disposed(part: &Part, kind: &[u8]) -> bool {
    part.disposition.as_ref().is_some_and(|disposition| disposition.kind.eq_ignore_ascii_case(kind))
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, scan};
    use super::*;

    fn leaf(kind: &str, disposition: &str, name: &str) -> String {
        format!("Content-Type: {kind}\r\nContent-Disposition: {disposition}\r\nContent-ID: <{name}>\r\n\r\n{name}\r\n")
    }

    fn multipart(kind: &str, boundary: &str, parts: &[String]) -> String {
        let mut text = format!("Content-Type: multipart/{kind}; boundary={boundary}\r\n\r\n");
        for part in parts {
            text.push_str(&format!("--{boundary}\r\n{part}\r\n"));
        }
        text + &format!("--{boundary}--\r\n")
    }

    fn names(parts: &[&Part]) -> String {
        parts.iter().map(|part| String::from_utf8_lossy(part.id.as_deref().unwrap()).replace(['<', '>'], "")).collect()
    }

    #[test]
    fn the_example_of_the_rfc_is_taken_apart_as_it_says() {
        let inner = multipart(
            "mixed",
            "b3",
            &[leaf("text/plain", "inline", "B"), leaf("image/jpeg", "inline", "C"), leaf("text/plain", "inline", "D")],
        );
        let related =
            multipart("related", "b4", &[leaf("text/html", "inline", "E"), leaf("image/jpeg", "inline", "F")]);
        let letter = multipart(
            "mixed",
            "b0",
            &[
                leaf("text/plain", "inline", "A"),
                multipart(
                    "mixed",
                    "b1",
                    &[
                        multipart("alternative", "b2", &[inner, related]),
                        leaf("image/jpeg", "attachment", "G"),
                        leaf("application/x-excel", "attachment", "H"),
                        leaf("message/rfc822", "inline", "J"),
                    ],
                ),
                leaf("text/plain", "inline", "K"),
            ],
        );
        let structure = scan(letter.as_bytes(), Limits::default());
        let bodies = structure.bodies();
        assert_eq!(names(&bodies.text), "ABCDK");
        assert_eq!(names(&bodies.html), "AEK");
        assert_eq!(names(&bodies.attachments), "CFGHJ");
    }

    #[test]
    fn the_part_that_start_names_is_the_one_that_is_shown() {
        let parts = [leaf("image/png", "inline", "A"), leaf("text/html", "inline", "B")];
        let shown = |start: &str| {
            let letter = multipart(&format!("related; start=\"{start}\""), "b", &parts);
            let structure = scan(letter.as_bytes(), Limits::default());
            (names(&structure.bodies().html), names(&structure.bodies().attachments))
        };
        assert_eq!(shown("<B>"), ("B".into(), "A".into()));
        assert_eq!(shown("<nobody>").0, "A");
    }

    #[test]
    fn an_alternative_with_one_form_stands_for_both() {
        let letter = multipart("alternative", "b", &[leaf("text/html", "inline", "A")]);
        let structure = scan(letter.as_bytes(), Limits::default());
        assert_eq!((names(&structure.bodies().text), names(&structure.bodies().html)), ("A".into(), "A".into()));
    }
}
