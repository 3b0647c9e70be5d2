//! HTML letters.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ammonia::{Builder, UrlRelative};
use mailbox::parse::named::content_ids;

use super::bounds::outline;
use super::{Pictures, css, escape};

/// What is left of the HTML of a letter.
pub struct Clean {
    pub style: String,
    pub body: String,
    /// It has colours of its own.
    pub coloured: bool,
    /// Pictures elsewhere that are not shown.
    pub left_out: usize,
}

/// Makes the HTML of a letter fit to be shown.
pub fn clean(source: &str, pictures: &Arc<dyn Pictures>) -> Clean {
    let outline = outline(source);
    if outline.too_much {
        let mut body = String::from("<pre>");
        escape(outline.text.trim(), &mut body);
        body.push_str("</pre>");
        return Clean { style: String::new(), body, coloured: false, left_out: 0 };
    }
    let album = Album { pictures: pictures.clone(), left_out: Arc::default() };
    let style = css::sheet(&outline.style, outline.elements, &mut |url| album.address(url));
    let body_style = css::declarations(&outline.body_style, &mut |url| album.address(url));
    let filter = album.clone();
    let kept = builder()
        .attribute_filter(move |element, attribute, value| filter.attribute(element, attribute, value))
        .clean(source)
        .to_string();
    let coloured = [&style, &body_style, &kept].iter().any(|part| has_colours(part));
    let mut body = String::with_capacity(kept.len() + 64);
    body.push_str("<div style=\"");
    escape(&body_style, &mut body);
    body.push_str("\">");
    body.push_str(&kept);
    body.push_str("</div>");
    Clean { style, body, coloured, left_out: album.left_out.load(Ordering::Relaxed) }
}

/// Does the writer choose colours? Then they fit the light page they were chosen on.
fn has_colours(clean: &str) -> bool {
    ["color:", "background:", "background-color:", "bgcolor=", "color="].iter().any(|word| clean.contains(word))
}

/// The pictures of a letter, and how many of them are not shown.
#[derive(Clone)]
struct Album {
    pictures: Arc<dyn Pictures>,
    left_out: Arc<AtomicUsize>,
}

impl Album {
    /// The address from which a picture is shown, if it is.
    fn address(&self, url: &str) -> Option<String> {
        let url = url.trim();
        // What came along is not asked for elsewhere.
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
                let clean = css::declarations(value, &mut |url| self.address(url));
                (!clean.is_empty()).then_some(clean.into())
            }
            ("img", "src") | (_, "background") => self.address(value).map(Cow::from),
            ("a" | "area", "href") => link(value).map(Cow::from),
            _ => Some(value.into()),
        }
    }
}

/// Of the kinds that are pixels and nothing else: an SVG is a document.
fn is_picture(data: &str) -> bool {
    const KINDS: [&str; 5] = ["image/png", "image/gif", "image/jpeg", "image/webp", "image/bmp"];
    let kind = data.split([';', ',']).next().unwrap_or_default().trim();
    KINDS.iter().any(|known| kind.eq_ignore_ascii_case(known))
}

/// Where a link may lead. Control characters and spaces, which browsers pass over, are taken out before it is judged.
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

/// What may stay. Nothing that runs, loads, asks for input, or is not HTML (SVG, MathML).
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
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "cid", "mid", "data"]))
        // Judged one by one in `Album::attribute`.
        .url_relative(UrlRelative::PassThrough)
        .id_prefix(Some("letter-"))
        .link_rel(Some("noopener noreferrer nofollow"));
    builder
}

/// Elements that go with all that is in them.
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
