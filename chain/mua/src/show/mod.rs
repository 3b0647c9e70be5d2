//! Makes letters fit to be shown: HTML without anything that could run, call home or break out; text with links and
//! quotes.
//!
//! This is the first of three walls. The second is the response's `Content-Security-Policy` ([`POLICY`]), which allows
//! no script, no form, no frame and no foreign host; the third is the sandbox, of the response and of the frame around
//! it, in which no script runs whatever the other walls let through. Because none can run, the letter may have our
//! origin, so that the page around the frame can measure it.
//!
//! One thing comes with our origin even without scripts: the cookie goes with requests for pictures. Those lead only
//! where [`Pictures`] says (each address is signed, and is enough by itself), a `GET` changes nothing here, and a style
//! that asks for a picture if something in the page is so learns only of the letter's own words, which its sender
//! knows.

mod attributes;
mod bounds;
mod breath;
mod css;
mod direction;
mod edges;
mod escape;
mod flowed;
mod html;
mod markup;
mod pieces;
mod population;
mod text;
mod turning;
mod weight;

use std::sync::Arc;

use direction::Direction;
pub(crate) use escape::escape;
pub(crate) use flowed::joined;
use html::{Album, Fonts, has_colours};
use population::Population;
pub use turning::Turning;
use turning::{ELEMENT, Position};

/// Gives the addresses of a letter's pictures.
pub trait Pictures: Send + Sync {
    /// Returns the address of a part of this letter, by its Content-ID without brackets (RFC 2392); `None`: there is
    /// none.
    fn inline(&self, content_id: &str) -> Option<String>;

    /// Returns the address of a part of this letter, by its Content-Location (RFC 2557 §4.2); `None`: there is none.
    fn located(&self, _url: &str) -> Option<String> {
        None
    }

    /// Returns the address through which a picture elsewhere (`http:` or `https:`) can be fetched without naming the
    /// reader to that server; `None`: it is not to be fetched.
    fn remote(&self, url: &str) -> Option<String>;
}

/// A letter as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// A whole document, to be answered with [`POLICY`].
    pub document: String,
    /// Pictures elsewhere that were left out.
    pub left_out: usize,
}

/// The policy under which a letter is answered: styles of its own, pictures from us, links into new windows.
pub const POLICY: &str = "default-src 'none'; script-src 'none'; object-src 'none'; frame-src 'none'; \
    style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; \
    sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox";

/// A document in the making: the pieces of a letter, one below the other.
pub struct Page {
    pictures: Arc<dyn Pictures>,
    fonts: Fonts,
    styles: Vec<(String, Album)>,
    body: String,
    goes_on: bool,
}

impl Page {
    /// Starts with an empty page.
    pub fn new(pictures: Arc<dyn Pictures>) -> Self {
        Self { pictures, fonts: Fonts::default(), styles: Vec::new(), body: String::new(), goes_on: false }
    }

    /// Adds HTML.
    pub fn html(&mut self, source: &str) {
        let clean = html::clean(source, &self.pictures, &self.fonts);
        self.body.push_str(&clean.body);
        self.styles.push((clean.styles, clean.album));
    }

    /// Adds plain text.
    pub fn text(&mut self, source: &str) {
        text::write(source, &mut self.body);
    }

    /// Adds a picture, by its address.
    pub fn picture(&mut self, address: &str) {
        self.body.push_str("<p><img alt=\"\" src=\"");
        escape(address, &mut self.body);
        self.body.push_str("\"></p>");
    }

    /// Notes that the letter is longer than the part that was added.
    pub fn goes_on(&mut self) {
        self.goes_on = true;
    }

    /// Returns the document of the wanted piece: for all but very long letters, the whole letter.
    pub fn finish(mut self, turning: &Turning) -> Shown {
        let (settled, direction) = direction::settle(&breath::give(&self.body));
        let mut piece = pieces::piece(&settled, turning.wanted);
        let (population, mut left) = (Population::of(&piece.markup), css::MOST);
        let clean = |(styles, album): &mut (String, Album)| css::sheet(styles, &population, &mut left, album);
        let mut style: String = self.styles.iter_mut().map(clean).collect();
        if edges::are_ragged(&piece.markup) {
            (piece.markup, style) = (edges::ragged(&piece.markup), edges::ragged_style(&style));
        }
        let left_out = self.styles.iter().map(|(_, album)| album.left_out()).sum();
        let at = Position { number: piece.number, of: piece.of, goes_on: self.goes_on };
        let body = format!("{}{}{}", turning.above(at), piece.markup, turning.below(at));
        let coloured = has_colours(&style) || has_colours(&self.body);
        Shown { document: document(&style, coloured, direction, left_out, &body), left_out }
    }
}

/// The look of a letter that sets none. It is dark only if the letter has no colours of its own.
///
/// The layer contains the rules that no letter may change: marked as important, rules in the first layer win over all
/// later ones (CSS Cascade 5 §6.4). The frame is as tall as the letter, so the letter must not be as tall as the frame.
///
/// A picture that is not shown is its alternative text. Words are broken if they are wider than the window, but a cell
/// of a table is as wide as its longest word: a wide table scrolls.
const LOOK: &str = "\
@layer server{html,body{height:auto!important;min-height:0!important;max-height:none!important;position:static!important;\
float:none!important;transform:none!important;zoom:1!important}body{overflow:visible!important}}\
:root{color-scheme:light dark}\
body{margin:0;padding:16px;font:15px/1.55 system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif;overflow-wrap:break-word}\
img{max-width:100%;height:auto}table{max-width:100%}pre{white-space:pre-wrap;font:inherit;margin:0}\
img:not([src]){font-style:italic;opacity:.75}img:not([src]):is(:not([alt]),[alt=\"\"]){display:none}\
blockquote{margin:.5em 0 .5em 0;padding-left:12px;border-left:2px solid #8887;color:color-mix(in srgb,currentcolor 75%,transparent)}\
summary{width:max-content;margin:10px 0;padding:0 10px;border-radius:9px;background:#8883;font:9px/18px system-ui,sans-serif;\
letter-spacing:2px;list-style:none;cursor:pointer}summary::-webkit-details-marker{display:none}\
.coloured{color-scheme:light;background:#fff;color:#111}\
@media print{body{padding:0}}";

/// The look of the way to the other pieces of a letter. The letter cannot change it: this, too, stands in the first
/// layer.
const TURNING: &str = "\
@layer house{ELEMENT,ELEMENT *{all:initial!important;font:14px/22px system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif!important}\
ELEMENT{display:block!important;clear:both!important;margin:16px 0!important;padding:10px 14px!important;\
border:1px solid #8886!important;border-radius:9px!important;background:Canvas!important;color:CanvasText!important}\
ELEMENT a{display:inline-block!important;margin-inline-start:14px!important;color:LinkText!important;\
text-decoration:underline!important;font-weight:600!important;cursor:pointer!important}\
ELEMENT a:focus-visible{outline:2px solid currentcolor!important;outline-offset:2px!important}}";

/// Writes the document around the shown content. `style` and `body` are clean.
fn document(style: &str, coloured: bool, direction: Direction, left_out: usize, body: &str) -> String {
    // If we do not know its colours, a page is shown as its writer saw it: dark on light.
    let class = if coloured { " class=\"coloured\"" } else { "" };
    let (turning, direction) = (TURNING.replace("ELEMENT", ELEMENT), direction.word());
    format!(
        "<!doctype html><html><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"pictures-left-out\" content=\"{left_out}\"><meta name=\"referrer\" content=\"no-referrer\">\
         <base target=\"_blank\"><style>{LOOK}{turning}</style><style>{style}</style></head><body dir=\"{direction}\"{class}>{body}</body></html>"
    )
}
