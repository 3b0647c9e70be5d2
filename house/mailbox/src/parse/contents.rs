//! Lists the contents of a letter in order, as a person meets them: texts, pictures in their places, files beside.
//! This is decided here and nowhere else: the letter that is shown, printed, answered, forwarded and listed, and the
//! paperclip, all come from this list.
//!
//! It rests on the lists of RFC 8621 §4.1.4 ([`Structure::bodies`]) and says what those leave open: which of two forms is
//! shown, which pictures the HTML shows by name, and what an attached part is.

use std::collections::HashSet;
use std::ops::Range;

use bytes::Bytes;

use super::named::{Base, Names};
use super::steps::unpacked;
use super::structure::{Content, Part, Structure};
use super::{Bodies, decode};

/// Octets of HTML, as they travel, that are looked through for the names of pictures.
const LOOKED_AT: u64 = 4 << 20;

/// A part of a letter that is no multipart, with its role for a person.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// The part.
    pub part: &'a Part,
    /// The role of the part for a person.
    pub role: Role,
    /// The Content-Location of the nearest multipart around it that has one: its own is relative to this (RFC 2557
    /// §5).
    pub base: Option<&'a [u8]>,
}

/// The role of a part for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// HTML, shown in its place.
    Html,
    /// Other text, shown in its place.
    Text,
    /// A picture, shown in its place.
    Picture,
    /// A picture that the HTML shows, by its name.
    Named,
    /// Another form of a part that is shown: the plain text beside HTML.
    OtherForm,
    /// A letter inside.
    Letter,
    /// An invitation, or other entries of a calendar (RFC 5545).
    Calendar,
    /// Visiting cards (RFC 6350).
    Card,
    /// The signature of a signed letter (RFC 1847 §2.1), or the file in which signature and letter are wrapped up, where the
    /// letter is shown (RFC 8551 §3.5.2).
    Signature,
    /// The content of an encrypted letter (RFC 3156 §4, RFC 8551 §3.3), or of a signed one in a wrapping that could not be
    /// opened.
    Sealed,
    /// A part that says that the letter is encrypted with OpenPGP (RFC 3156 §4).
    Envelope,
    /// Any other file.
    File,
}

impl Role {
    /// Returns true if it has a place in the text.
    pub fn is_shown(self) -> bool {
        matches!(self, Self::Html | Self::Text | Self::Picture | Self::Named)
    }
}

impl Item<'_> {
    /// Returns true if it is offered beside the text. A picture in its place is, too, where it has a name of a file:
    /// somebody will look for it.
    pub fn is_listed(&self) -> bool {
        match self.role {
            Role::Letter | Role::Calendar | Role::Card | Role::Sealed | Role::File => true,
            Role::Picture => self.part.file_name().is_some(),
            // The pages say of a signature that it is there.
            Role::Html | Role::Text | Role::Named | Role::OtherForm | Role::Signature | Role::Envelope => false,
        }
    }

    /// The kind of picture that it is shown as.
    pub fn picture(&self) -> Option<&'static str> {
        self.part.picture()
    }
}

/// All of a letter but its multiparts, in order, each part once. Letters inside are not looked into.
#[derive(Clone, Debug, Default)]
pub struct Contents<'a> {
    /// The items in the order in which they stand in the letter.
    pub items: Vec<Item<'a>>,
    /// The names by which the HTML calls its pictures.
    pub names: Names,
}

impl<'a> Contents<'a> {
    /// Reads what the letter consists of. `read` reads a range of its octets; it is asked for the HTML, and only where a
    /// picture may be shown by its name.
    pub fn of<E>(structure: &'a Structure, mut read: impl FnMut(Range<u64>) -> Result<Bytes, E>) -> Result<Self, E> {
        let bodies = structure.shown_bodies();
        let mut contents = Self { items: sorted(structure, &bodies), names: Names::default() };
        if contents.items.iter().any(|item| may_be_named(item)) {
            for item in contents.items.iter().filter(|item| item.role == Role::Html) {
                contents.names.read(&page(item.part, &mut read)?, Base::within(item));
            }
            contents.take_named();
        }
        Ok(contents)
    }

    /// The same of a letter whose octets are at hand.
    pub fn of_octets(structure: &'a Structure, letter: &[u8]) -> Self {
        let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(letter.len());
        let read = |range: Range<u64>| {
            let octets = letter.get(at(range.start)..at(range.end)).unwrap_or_default();
            Ok::<_, std::convert::Infallible>(Bytes::copy_from_slice(octets))
        };
        match Self::of(structure, read) {
            Ok(contents) => contents,
        }
    }

    /// Returns the parts whose words a person reads, without a look at their content: those in plain text, and those
    /// that are shown where HTML is. If there is no other form of the HTML, both are the same.
    pub fn words(structure: &'a Structure) -> (Vec<&'a Part>, Vec<&'a Part>) {
        let items = sorted(structure, &structure.shown_bodies());
        let of = |role: fn(&Item<'_>) -> bool| items.iter().filter(|item| role(item)).map(|item| item.part).collect();
        let is_plain = |item: &Item<'_>| item.role == Role::OtherForm && item.part.is("text", "plain");
        let shown = of(|item| matches!(item.role, Role::Html | Role::Text));
        if !items.iter().any(is_plain) {
            return (Vec::clone(&shown), shown);
        }
        (of(|item| item.role == Role::Text || (item.role == Role::OtherForm && item.part.is("text", "plain"))), shown)
    }

    /// Returns true if there is something that a person would save.
    pub fn has_attachment(&self) -> bool {
        self.items.iter().any(|item| item.is_listed() && !is_ornament(item.part))
    }

    /// Two parts may have one name: the HTML shows the first.
    fn take_named(&mut self) {
        let mut taken = HashSet::new();
        for item in self.items.iter_mut().filter(|item| may_be_named(item)) {
            if self.names.shows(item) && item.names().into_iter().all(|name| taken.insert(name)) {
                item.role = Role::Named;
            }
        }
    }
}

impl Part {
    /// Returns the kind of picture that the part is; `None` if it is none of those that are shown, which are pixels
    /// and nothing else. If the mailer did not say, the name of the file does.
    pub fn picture(&self) -> Option<&'static str> {
        if self.is("image", "") {
            return named(&String::from_utf8_lossy(&self.subtype));
        }
        let name = self.is("application", "octet-stream").then(|| self.file_name())??;
        named(&name.rsplit_once('.')?.1.to_ascii_lowercase())
    }
}

/// Returns the media type of a picture, by that name or another that mailers use.
fn named(sort: &str) -> Option<&'static str> {
    Some(match sort {
        "png" | "x-png" => "image/png",
        "gif" => "image/gif",
        "jpeg" | "jpg" | "pjpeg" | "jfif" => "image/jpeg",
        "webp" => "image/webp",
        "bmp" | "x-ms-bmp" | "x-bmp" => "image/bmp",
        "avif" => "image/avif",
        _ => return None,
    })
}

/// Something that HTML may show: a picture that is not in the text, or is in it once more.
fn may_be_named(item: &Item<'_>) -> bool {
    matches!(item.role, Role::Picture | Role::File)
        && item.picture().is_some()
        && (item.part.id.is_some() || item.part.location.is_some())
}

/// A picture that was made part of a text which does not show it: nobody would look for it.
fn is_ornament(part: &Part) -> bool {
    let is_inline = part.disposition.as_ref().is_some_and(|found| found.kind.eq_ignore_ascii_case(b"inline"));
    part.is("image", "") && is_inline && part.file_name().is_none()
}

fn page<E>(part: &Part, read: &mut impl FnMut(Range<u64>) -> Result<Bytes, E>) -> Result<String, E> {
    let path = part.steps();
    let (start, end) = path.first().map_or((0, 0), |step| (step.start, step.end));
    let octets = read(start..end.min(start.saturating_add(LOOKED_AT)))?;
    let decoded = unpacked(&path, &octets);
    Ok(decode::part_text(part, &decoded, start + octets.len() as u64 >= end).text.into_owned())
}

/// The parts by where they lie in memory.
type Parts = HashSet<*const Part>;

/// Gives each part its role.
struct Sorter<'a> {
    html: Parts,
    text: Parts,
    items: Vec<Item<'a>>,
}

/// The surroundings of a part.
#[derive(Clone, Copy, Default)]
struct Around<'a> {
    /// The Content-Location that those inside are relative to.
    base: Option<&'a [u8]>,
    /// An alternative, of which something else is shown.
    has_other_form: bool,
    /// It is directly in it.
    is_form: bool,
    is_signed: bool,
    is_encrypted: bool,
}

fn sorted<'a>(structure: &'a Structure, bodies: &Bodies<'a>) -> Vec<Item<'a>> {
    let set = |parts: &[&Part]| parts.iter().map(|part| std::ptr::from_ref(*part)).collect();
    let mut sorter = Sorter { html: set(&bodies.html), text: set(&bodies.text), items: Vec::new() };
    sorter.sort(&structure.root, Around::default());
    sorter.items
}

impl<'a> Sorter<'a> {
    /// The depth of a structure is bounded, so this is.
    fn sort(&mut self, part: &'a Part, around: Around<'a>) {
        let Some(parts) = part.shown_parts() else {
            return self.items.push(Item { part, role: self.role(part, around), base: around.base });
        };
        let is = |subtype| part.is("multipart", subtype);
        let own = part.location.as_deref().filter(|url| has_scheme(url));
        let inside = Around {
            base: own.or(around.base),
            // Once for each alternative that stands in no other, which is once for each part at most.
            has_other_form: around.has_other_form || (is("alternative") && self.shows_page(part)),
            is_form: is("alternative"),
            is_signed: is("signed"),
            is_encrypted: is("encrypted"),
        };
        parts.iter().for_each(|part| self.sort(part, inside));
        if matches!(part.held(), Content::Signed(_)) {
            self.items.push(Item { part, role: Role::Signature, base: around.base });
        }
    }

    /// Returns true if HTML is shown out of these parts.
    fn shows_page(&self, part: &Part) -> bool {
        match part.shown_parts() {
            Some(parts) => parts.iter().any(|part| self.shows_page(part)),
            None => part.is("text", "html") && self.html.contains(&std::ptr::from_ref(part)),
        }
    }

    fn role(&self, part: &Part, around: Around<'_>) -> Role {
        let place = std::ptr::from_ref(part);
        let is_body = self.html.contains(&place) || self.text.contains(&place);
        match () {
            // A text that the HTML says too is not shown once more.
            () if is_body && part.is("text", "") && !self.html.contains(&place) && around.has_other_form => {
                Role::OtherForm
            }
            () if is_body && part.is("text", "html") => Role::Html,
            () if is_body && part.is("text", "") => Role::Text,
            () if self.html.contains(&place) && part.picture().is_some() => Role::Picture,
            // A picture in the plain form, beside HTML that has it not.
            () if is_body && !around.has_other_form && part.picture().is_some() => Role::Picture,
            () => beside(part, around),
        }
    }
}

/// Returns true for a whole address. One that is relative itself is no base.
fn has_scheme(url: &[u8]) -> bool {
    url::Url::parse(String::from_utf8_lossy(url).trim()).is_ok()
}

/// Returns the role of a part that has no place in the text.
fn beside(part: &Part, around: Around<'_>) -> Role {
    let name = part.file_name().unwrap_or_default().to_lowercase();
    // Mailers that do not know a kind say so, and leave it to the name.
    let is_unknown = part.is("application", "octet-stream");
    let ends = |endings: &[&str]| is_unknown && endings.iter().any(|ending| name.ends_with(ending));
    match () {
        () if around.is_encrypted && part.is("application", "pgp-encrypted") => Role::Envelope,
        () if around.is_encrypted => Role::Sealed,
        () if around.is_signed && is_signature(part) => Role::Signature,
        () if is_sealed(part) || ends(&[".p7m"]) => Role::Sealed,
        () if matches!(part.held(), Content::Message(_)) || is_letter(part) || ends(&[".eml"]) => Role::Letter,
        () if part.is("text", "calendar") || part.is("application", "ics") || ends(&[".ics", ".vcs"]) => Role::Calendar,
        () if is_card(part) || ends(&[".vcf"]) => Role::Card,
        // Forms of the HTML that is shown, for watches and the like.
        () if around.is_form && around.has_other_form && part.is("text", "") && name.is_empty() => Role::OtherForm,
        () => Role::File,
    }
}

fn is_letter(part: &Part) -> bool {
    part.is("message", "rfc822") || part.is("message", "global")
}

fn is_card(part: &Part) -> bool {
    let is_of_profile = part.param("profile").is_none_or(|profile| profile.eq_ignore_ascii_case(b"vcard"));
    ["vcard", "x-vcard"].iter().any(|kind| part.is("text", kind)) || (part.is("text", "directory") && is_of_profile)
}

fn is_signature(part: &Part) -> bool {
    ["pgp-signature", "pkcs7-signature", "x-pkcs7-signature"].iter().any(|kind| part.is("application", kind))
}

fn is_sealed(part: &Part) -> bool {
    let is_only_certificates =
        part.param("smime-type").is_some_and(|kind| kind.to_ascii_lowercase().starts_with(b"certs"));
    (part.is("application", "pkcs7-mime") || part.is("application", "x-pkcs7-mime")) && !is_only_certificates
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, scan};
    use super::*;

    fn multipart(kind: &str, boundary: &str, parts: &[String]) -> String {
        let mut text = format!("Content-Type: multipart/{kind}; boundary={boundary}\r\n\r\n");
        for part in parts {
            text.push_str(&format!("--{boundary}\r\n{part}\r\n"));
        }
        text + &format!("--{boundary}--\r\n")
    }

    fn part(header: &str, body: &str) -> String {
        format!("Content-Type: {header}\r\n\r\n{body}\r\n")
    }

    /// Each part as `role`, with `+` where it is listed.
    fn told(letter: &str) -> String {
        let structure = scan(letter.as_bytes(), Limits::default());
        let contents = Contents::of_octets(&structure, letter.as_bytes());
        let told = |item: &Item<'_>| format!("{:?}{}", item.role, if item.is_listed() { "+" } else { "" });
        contents.items.iter().map(told).collect::<Vec<_>>().join(" ")
    }

    fn has_attachment(letter: &str) -> bool {
        let structure = scan(letter.as_bytes(), Limits::default());
        Contents::of_octets(&structure, letter.as_bytes()).has_attachment()
    }

    const PHOTO: &str = "image/jpeg; name=photo.jpeg\r\nContent-Disposition: inline; filename=photo.jpeg";
    const LOGO: &str =
        "image/png; name=logo.png\r\nContent-ID: <logo@x>\r\nContent-Disposition: inline; filename=logo.png";

    #[test]
    fn the_words_of_a_letter_are_those_that_are_shown_and_their_plain_form() {
        let text = || part("text/plain", "Hello");
        let html = || part("text/html", "<p>Hello");
        let notes = || part("text/plain; name=notes.txt\r\nContent-Disposition: attachment; filename=notes.txt", "x");
        let sealed = || part("application/pkcs7-mime; smime-type=enveloped-data", "x");
        for (letter, plain, shown) in [
            (text(), 1, 1),
            (html(), 1, 1),
            (multipart("alternative", "a", &[text(), html()]), 1, 1),
            (multipart("mixed", "m", &[html(), part(PHOTO, "x"), html(), notes()]), 2, 2),
            (multipart("mixed", "m", &[multipart("alternative", "a", &[text(), html()]), text()]), 2, 2),
            (sealed(), 0, 0),
        ] {
            let structure = scan(letter.as_bytes(), Limits::default());
            let (words, pages) = Contents::words(&structure);
            assert_eq!((words.len(), pages.len()), (plain, shown), "{letter}");
            let contents = Contents::of_octets(&structure, letter.as_bytes());
            let is = |role: Role| matches!(role, Role::Html | Role::Text);
            let on_screen = contents.items.iter().filter(|item| is(item.role)).map(|item| item.part);
            assert!(on_screen.eq(pages), "{letter}");
        }
    }

    #[test]
    fn what_people_send_every_day_is_shown_or_listed() {
        let text = || part("text/plain", "Hello");
        let html = || part("text/html", "<p>Hello <img src=\"cid:logo%40x\">");
        let bare = || part("text/html", "<p>Hello");
        let mixed = |parts: &[String]| multipart("mixed", "m", parts);
        for (letter, wanted) in [
            (mixed(&[text(), part(PHOTO, "x"), text()]), "Text Picture+ Text"),
            (mixed(&[bare(), part(LOGO, "x"), bare()]), "Html Picture+ Html"),
            (part("application/pdf; name=scan.pdf", "x"), "File+"),
            (part("image/jpeg", "x"), "Picture"),
            (part("image/tiff", "x"), "File+"),
            (part("audio/amr", "x"), "File+"),
            (mixed(&[text(), part("audio/mpeg\r\nContent-Disposition: inline", "x")]), "Text File+"),
            (multipart("related", "r", &[html(), part(LOGO, "x")]), "Html Named"),
            (multipart("related", "r", &[bare(), part(LOGO, "x")]), "Html File+"),
            // Exchange: the picture beside the alternative that shows it; and twice under one name.
            (mixed(&[multipart("alternative", "a", &[text(), html()]), part(LOGO, "x")]), "OtherForm Html Named"),
            (multipart("related", "r", &[html(), part(LOGO, "x"), part(LOGO, "y")]), "Html Named File+"),
            // The HTML lacks a part that the plain form has.
            (
                multipart("alternative", "a", &[mixed(&[text(), part(PHOTO, "x"), text()]), bare()]),
                "OtherForm File+ OtherForm Html",
            ),
            // The other form is nothing but a picture: the words are shown all the same.
            (multipart("alternative", "a", &[text(), mixed(&[part(PHOTO, "x")])]), "Text Picture+"),
            (
                multipart("related", "r", &[multipart("alternative", "a", &[text(), html()]), part(LOGO, "x")]),
                "OtherForm Html Named",
            ),
            (
                multipart("alternative", "a", &[text(), multipart("related", "r", &[html(), part(LOGO, "x")])]),
                "OtherForm Html Named",
            ),
            (
                multipart("alternative", "a", &[text(), part("text/x-amp-html", "x"), bare()]),
                "OtherForm OtherForm Html",
            ),
            (
                multipart("alternative", "a", &[text(), bare(), part("text/calendar; method=REQUEST", "x")]),
                "OtherForm Html Calendar+",
            ),
            (
                mixed(&[text(), part("text/x-vcard", "x"), part("application/octet-stream; name=a.VCF", "x")]),
                "Text Card+ Card+",
            ),
            (
                mixed(&[
                    text(),
                    part("message/rfc822", "Subject: x\r\n\r\ny"),
                    part("application/octet-stream; name=a.eml", "x"),
                ]),
                "Text Letter+ Letter+",
            ),
            (
                multipart("signed", "s", &[text(), part("application/pkcs7-signature; name=smime.p7s", "x")]),
                "Text Signature",
            ),
            (mixed(&[text(), part("application/pgp-signature; name=a.asc", "x")]), "Text File+"),
            (part("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", "x"), "Sealed+"),
            (
                multipart(
                    "encrypted",
                    "e",
                    &[part("application/pgp-encrypted", "Version: 1"), part("application/octet-stream", "x")],
                ),
                "Envelope Sealed+",
            ),
        ] {
            assert_eq!(told(&letter), wanted, "{letter}");
        }
    }

    #[test]
    fn the_paperclip_says_that_somebody_would_save_something() {
        let text = || "\r\nHello\r\n".to_owned();
        let html = |body: &str| part("text/html", body);
        let pdf = |disposition: &str| part(&format!("application/pdf; name=doc.pdf{disposition}"), "x");
        for parts in [
            vec![text(), part(PHOTO, "x"), text(), part(PHOTO, "x"), text()],
            vec![text(), part("image/jpeg; name=photo.jpeg", "x")],
            vec![text(), pdf("\r\nContent-Disposition: inline"), text()],
            vec![text(), pdf("")],
            vec![html("<p>Before"), part(LOGO, "x"), html("<p>After")],
            vec![text(), part("message/rfc822\r\nContent-Disposition: inline", "Subject: x\r\n\r\ny")],
            vec![
                text(),
                part("text/plain; name=notes.txt\r\nContent-Disposition: attachment; filename=notes.txt", "x"),
            ],
        ] {
            assert!(has_attachment(&multipart("mixed", "b", &parts)), "{parts:?}");
        }
        assert!(has_attachment(&pdf("\r\nContent-Disposition: attachment")));
        let page = || html("<img src='cid:logo@x'>");
        assert!(!has_attachment(&multipart("related", "b", &[page(), part(LOGO, "x")])));
        assert!(!has_attachment(&multipart("mixed", "b", &[page(), part(LOGO, "x")])));
        assert!(!has_attachment(&multipart("mixed", "b", &[text(), text()])));
        let signature = part("application/pgp-signature", "x");
        assert!(!has_attachment(&multipart("signed", "b", &[text(), signature])));
    }

    #[test]
    fn a_picture_is_known_by_its_kind_or_its_name() {
        for (header, wanted) in [
            ("image/png", Some("image/png")),
            ("image/JPG", Some("image/jpeg")),
            ("application/octet-stream; name=Photo.JPG", Some("image/jpeg")),
            ("application/pdf; name=photo.jpg", None),
            ("application/octet-stream", None),
            ("image/svg+xml; name=a.png", None),
            ("image/heic", None),
        ] {
            let structure = scan(part(header, "x").as_bytes(), Limits::default());
            assert_eq!(structure.root.picture(), wanted, "{header}");
        }
    }
}
