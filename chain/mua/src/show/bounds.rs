//! Finds the outline of a letter's HTML by one walk over its tokens: enough to know that parsing it into a tree takes
//! time in proportion to its size, and the styles, which the tree is not asked for.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use super::attributes;

/// The most octets of markup; longer markup is shown as text. (Letters that people send have some hundred kilobytes.)
const LONGEST: usize = 4 << 20;
/// The deepest nesting of elements (each new one is compared with those that are open).
const DEEPEST: usize = 400;
/// Elements that the tree may have in the end.
const MOST: usize = 200_000;
/// The most octets of one text times its octets that need an escape: the writer of the tree searches the rest of the
/// text for each of them.
const MOST_LOOKED_THROUGH: usize = 4_000_000_000;
/// Octets of styles.
const MOST_STYLE: usize = 512 << 10;

/// The result of one walk over the tokens.
#[derive(Debug, Default)]
pub struct Outline {
    /// True if it is too large or too deep to be made a tree of.
    pub too_much: bool,
    /// The contents of all `<style>`.
    pub style: String,
    /// The `style` of `<body>`, and its `bgcolor` and `text` as styles.
    pub body_style: String,
    /// The text alone, if the markup is too much.
    pub text: String,
}

/// Walks over the tokens.
pub fn outline(source: &str) -> Outline {
    if attributes::too_many(source) {
        return Outline { too_much: true, text: between_tags(source), ..Outline::default() };
    }
    let walk = Walk(RefCell::new(State { too_much: source.len() > LONGEST, ..State::default() }));
    let tokenizer = Tokenizer::new(walk, TokenizerOpts::default());
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from_slice(source));
    let _ = tokenizer.feed(&queue);
    tokenizer.end();
    let state = tokenizer.sink.0.into_inner();
    let text = if state.too_much { state.text } else { String::new() };
    Outline { too_much: state.too_much, style: state.style, body_style: state.body_style, text }
}

/// Returns the text of markup that is not worth a parser.
fn between_tags(source: &str) -> String {
    source.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text)).collect()
}

struct Walk(RefCell<State>);

#[derive(Default)]
struct State {
    too_much: bool,
    open: usize,
    /// Elements that a new paragraph opens again (HTML §13.2.4.3).
    formatting: usize,
    elements: usize,
    within: Within,
    style: String,
    body_style: String,
    text: String,
    /// The text since the last tag: its octets, and those that need an escape.
    stretch: (usize, usize),
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Within {
    #[default]
    Text,
    Style,
    Hidden,
}

impl TokenSink for Walk {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => state.start(&tag),
            Token::TagToken(tag) => state.end(&tag),
            Token::CharacterTokens(text) => {
                state.characters(&text);
                TokenSinkResult::Continue
            }
            _ => TokenSinkResult::Continue,
        }
    }
}

impl State {
    fn start(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name = &*tag.name;
        self.stretch = (0, 0);
        if !is_void(name) {
            self.open += 1;
        }
        self.elements += 1 + self.formatting;
        self.formatting += usize::from(is_formatting(name));
        self.too_much |= self.open > DEEPEST || self.elements > MOST;
        if name == "body" {
            self.body(tag);
        }
        if breaks_line(name) {
            self.text.push('\n');
        }
        match name {
            "style" => {
                self.within = Within::Style;
                TokenSinkResult::RawData(RawKind::Rawtext)
            }
            "script" => {
                self.within = Within::Hidden;
                TokenSinkResult::RawData(RawKind::ScriptData)
            }
            "title" | "textarea" => {
                self.within = Within::Hidden;
                TokenSinkResult::RawData(RawKind::Rcdata)
            }
            "xmp" | "iframe" | "noembed" | "noframes" => {
                self.within = Within::Hidden;
                TokenSinkResult::RawData(RawKind::Rawtext)
            }
            _ => TokenSinkResult::Continue,
        }
    }

    fn end(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        self.stretch = (0, 0);
        self.open = self.open.saturating_sub(1);
        self.formatting = self.formatting.saturating_sub(usize::from(is_formatting(&tag.name)));
        self.within = Within::Text;
        TokenSinkResult::Continue
    }

    fn characters(&mut self, text: &str) {
        match self.within {
            Within::Style if self.style.len() + text.len() <= MOST_STYLE => self.style.push_str(text),
            Within::Style | Within::Hidden => {}
            Within::Text => {
                self.text.push_str(text);
                // These octets begin a no-break space and its neighbours (U+0080 to U+00BF).
                let otherwise = text.bytes().filter(|octet| matches!(octet, b'&' | b'<' | b'>' | 0xc2)).count();
                self.stretch = (self.stretch.0 + text.len(), self.stretch.1 + otherwise);
                self.too_much |= self.stretch.0.saturating_mul(self.stretch.1) > MOST_LOOKED_THROUGH;
            }
        }
    }

    fn body(&mut self, tag: &Tag) {
        for attribute in &tag.attrs {
            let property = match &*attribute.name.local {
                "style" => "",
                "bgcolor" => "background-color:",
                "text" => "color:",
                _ => continue,
            };
            self.body_style.push_str(&format!("{property}{};", attribute.value));
        }
    }
}

fn is_void(name: &str) -> bool {
    const VOID: [&str; 13] =
        ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];
    VOID.contains(&name)
}

fn is_formatting(name: &str) -> bool {
    const FORMATTING: [&str; 14] =
        ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];
    FORMATTING.contains(&name)
}

fn breaks_line(name: &str) -> bool {
    matches!(name, "br" | "p" | "div" | "tr" | "li" | "h1" | "h2" | "h3" | "h4" | "blockquote" | "pre" | "hr")
}
