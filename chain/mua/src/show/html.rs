//! Cleans letters in HTML.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ammonia::{Builder, UrlRelative};
use mailbox::parse::named::content_ids;

use super::bounds::outline;
use super::css::Surroundings;
use super::{Pictures, css, escape};

/// The HTML of a letter that is left after cleaning.
pub struct Clean {
    /// The text in its `<style>`, as it came.
    pub styles: String,
    /// Clean markup.
    pub body: String,
    /// The pictures that its styles may refer to.
    pub album: Album,
}

/// Makes the HTML of a letter fit to be shown, but for its styles: those are cleaned for the elements of a piece of it.
pub fn clean(source: &str, pictures: &Arc<dyn Pictures>, fonts: &Fonts) -> Clean {
    let outline = outline(source);
    let album = Album { pictures: pictures.clone(), fonts: fonts.clone(), left_out: Arc::default() };
    if outline.too_much {
        let mut body = String::from("<pre>");
        escape(outline.text.trim(), &mut body);
        body.push_str("</pre>");
        return Clean { styles: String::new(), body, album };
    }
    let body_style = css::declarations(&outline.body_style, &mut album.clone());
    let filter = album.clone();
    let kept = builder()
        .attribute_filter(move |element, attribute, value| filter.attribute(element, attribute, value))
        .clean(source)
        .to_string();
    let mut body = String::with_capacity(kept.len() + 64);
    body.push_str("<div style=\"");
    escape(&body_style, &mut body);
    body.push_str("\">");
    body.push_str(&kept);
    body.push_str("</div>");
    Clean { styles: outline.style, body, album }
}

/// Returns true if the writer has chosen colours, which fit the light page they were chosen on.
pub fn has_colours(clean: &str) -> bool {
    ["color:", "background:", "background-color:", "bgcolor=", "color="].iter().any(|word| clean.contains(word))
}

/// The most names and sizes of fonts that one letter may ask for. A browser looks each name up among all fonts of the
/// machine, and makes each size anew.
const MOST_FONTS: usize = 96;
/// The most octets of the names in one list.
const LONGEST_FONTS: usize = 1_000;

/// The fonts that a letter has asked for.
#[derive(Clone, Default)]
pub struct Fonts(Arc<Mutex<HashSet<String>>>);

impl Fonts {
    /// Returns true if the letter may ask for this font, too.
    fn takes(&self, name: &str) -> bool {
        let Ok(mut names) = self.0.lock() else { return false };
        let name = name.trim().to_ascii_lowercase();
        names.contains(&name) || (names.len() < MOST_FONTS && names.insert(name))
    }
}

/// The pictures of a letter, the number of those that are not shown, and its fonts.
#[derive(Clone)]
pub struct Album {
    pictures: Arc<dyn Pictures>,
    fonts: Fonts,
    left_out: Arc<AtomicUsize>,
}

impl Surroundings for Album {
    fn address(&mut self, url: &str) -> Option<String> {
        self.led(url)
    }

    fn takes_font(&mut self, name: &str) -> bool {
        self.fonts.takes(name)
    }
}

impl Album {
    /// Returns the number of pictures elsewhere that were not shown so far.
    pub fn left_out(&self) -> usize {
        self.left_out.load(Ordering::Relaxed)
    }

    /// Returns the address from which a picture is shown, if it is.
    fn led(&self, url: &str) -> Option<String> {
        let url = url.trim();
        // A picture that came with the letter is not fetched from elsewhere.
        if let Some(there) = self.pictures.located(url) {
            return Some(there);
        }
        if let Some(mut ids) = content_ids(url) {
            return ids.find_map(|id| self.pictures.inline(&id));
        }
        let (scheme, rest) = url.split_once(':')?;
        match scheme.to_ascii_lowercase().as_str() {
            "data" if is_picture(rest) => Some(url.to_owned()),
            "http" | "https" => {
                let there = self.pictures.remote(url);
                self.left_out.fetch_add(usize::from(there.is_none()), Ordering::Relaxed);
                there
            }
            _ => None,
        }
    }

    fn attribute<'v>(&self, element: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
        match (element, attribute) {
            (_, "style") => {
                let clean = css::declarations(value, &mut self.clone());
                (!clean.is_empty()).then_some(clean.into())
            }
            ("img", "src") => self.led(value).map(Cow::from),
            (_, "background") => self.led(value).filter(|address| address.len() <= LONGEST_VALUE).map(Cow::from),
            ("a" | "area", "href") => link(value).filter(|url| url.len() <= LONGEST_READ).map(Cow::from),
            ("font", "face") => {
                let names = value.len() <= LONGEST_FONTS && value.split(',').all(|name| self.fonts.takes(name));
                names.then_some(value.into())
            }
            (_, "align") if value.eq_ignore_ascii_case("justify") => Some("justify".into()),
            // A browser compares each cell with each row and column that it is in.
            (_, "colspan" | "rowspan" | "span") => Some(at_most(value, MOST_SPANNED)),
            (_, "alt" | "title" | "summary") => {
                Some(value.get(..value.floor_char_boundary(LONGEST_READ)).unwrap_or_default().into())
            }
            _ => (value.len() <= LONGEST_VALUE).then_some(value.into()),
        }
    }
}

/// Octets of an attribute that a person reads or follows.
const LONGEST_READ: usize = 16 << 10;
/// The most octets of another attribute.
const LONGEST_VALUE: usize = 4 << 10;
/// The most rows or columns of a table that one cell is in.
const MOST_SPANNED: u32 = 100;

/// Returns a number as it stands there, or the largest that is allowed.
fn at_most(value: &str, most: u32) -> Cow<'_, str> {
    let digits = value.trim().trim_start_matches('+');
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let is_more =
        end > 9 || digits.get(..end).and_then(|number| number.parse().ok()).is_some_and(|number: u32| number > most);
    if is_more { most.to_string().into() } else { value.into() }
}

/// Returns true for types that are pixels and nothing else: an SVG is a document.
fn is_picture(data: &str) -> bool {
    const KINDS: [&str; 5] = ["image/png", "image/gif", "image/jpeg", "image/webp", "image/bmp"];
    let kind = data.split([';', ',']).next().unwrap_or_default().trim();
    KINDS.iter().any(|known| kind.eq_ignore_ascii_case(known))
}

/// Returns the address that a link may lead to. Control characters and spaces, which browsers skip, are taken out
/// before it is judged.
fn link(value: &str) -> Option<String> {
    let plain: String = value.chars().filter(|c| !c.is_control()).collect();
    let plain = plain.trim();
    let scheme = plain.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("http" | "https" | "mailto" | "tel") => Some(plain.to_owned()),
        // A place in the letter itself.
        None if plain.starts_with('#') => Some(plain.to_owned()),
        _ => None,
    }
}

/// Returns the rules for the elements that stay. Nothing stays that runs, loads, asks for input, or is not HTML (SVG,
/// MathML).
fn builder() -> Builder<'static> {
    let mut builder = Builder::default();
    builder
        .add_tags(["big", "font", "main", "nobr", "section", "tfoot", "u"])
        .rm_tags(["map", "area"])
        .rm_clean_content_tags(["style", "script"])
        .add_clean_content_tags(HIDDEN)
        .generic_attributes(HashSet::from(GENERIC))
        .tag_attributes(HashMap::from(
            TAG_ATTRIBUTES.map(|(tag, attributes)| (tag, attributes.iter().copied().collect())),
        ))
        // `Album::attribute` judges each address. The last two schemes name pictures that came along (RFC 2557 §5).
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "cid", "mid", "data", "thismessage", "file"]))
        .url_relative(UrlRelative::PassThrough)
        .id_prefix(Some("letter-"))
        .link_rel(Some("noopener noreferrer nofollow"));
    builder
}

/// Elements that are removed with everything in them.
const HIDDEN: [&str; 15] = [
    "script", "style", "title", "head", "iframe", "object", "embed", "applet", "noscript", "template", "svg", "math",
    "textarea", "select", "xmp",
];

const GENERIC: [&str; 9] = ["class", "style", "lang", "dir", "title", "align", "valign", "bgcolor", "role"];

const TAG_ATTRIBUTES: [(&str, &[&str]); 13] = [
    ("a", &["href", "name"]),
    ("blockquote", &["type"]),
    ("br", &["clear"]),
    ("col", &["span", "width"]),
    ("colgroup", &["span", "width"]),
    ("font", &["color", "face", "size"]),
    ("hr", &["color", "noshade", "size", "width"]),
    ("img", &["alt", "border", "height", "hspace", "src", "vspace", "width"]),
    ("li", &["type", "value"]),
    ("ol", &["start", "type", "reversed"]),
    ("table", &["background", "border", "cellpadding", "cellspacing", "height", "rules", "summary", "width"]),
    ("td", &["abbr", "background", "colspan", "headers", "height", "nowrap", "rowspan", "scope", "width"]),
    ("th", &["abbr", "background", "colspan", "headers", "height", "nowrap", "rowspan", "scope", "width"]),
];

#[cfg(test)]
mod tests;
