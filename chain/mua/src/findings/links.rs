//! Finds links whose text names one host and whose target is another: the oldest trick of those who fish for passwords.

use std::cell::RefCell;

use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use https::Url;

use super::domain;

/// The most links that are checked, and the most octets of a link's text.
const MOST: usize = 2000;
const LONGEST: usize = 400;
/// Services that check links for their people write an address of theirs around each, with the true one in it.
const WRAPPERS: [&str; 5] = ["outlook.com", "urldefense.com", "urldefense.proofpoint.com", "google.com", "cudasvc.com"];

/// A link that misleads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misleading {
    /// The host its text names.
    pub shown: String,
    /// Its target, as it stands in the letter.
    pub href: String,
    url: Url,
}

impl Misleading {
    /// Returns the host it leads to, as people read it, and in ASCII if that is different.
    pub fn host(&self) -> String {
        let ascii = self.url.host_str().unwrap_or_default();
        let text = domain::legible(ascii);
        if text == ascii { text } else { format!("{text} ({ascii})") }
    }
}

/// Returns the links of a page whose text names another host than they lead to.
pub fn misleading(html: &str) -> Vec<Misleading> {
    links(html).into_iter().filter_map(|link| judge(&link)).collect()
}

/// Returns the hosts that the links of a page lead to, in ASCII; those alone whose look is worth a look.
pub fn hosts(html: &str) -> Vec<String> {
    let hosts = links(html).into_iter().filter_map(|link| Some(target(&link.href)?.host_str()?.to_owned()));
    hosts.collect()
}

/// A link, and all the text in it.
struct Link {
    href: String,
    text: String,
}

fn judge(link: &Link) -> Option<Misleading> {
    let url = target(&link.href)?;
    let to = url.host_str()?;
    let named = named_hosts(&link.text);
    let shown = named.first()?.clone();
    if named.iter().any(|host| domain::are_one(host, to)) || is_wrapped(&url, &shown) {
        return None;
    }
    Some(Misleading { shown: domain::legible(&shown), href: link.href.clone(), url })
}

fn target(href: &str) -> Option<Url> {
    let url = Url::parse(href.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    url.host_str()?;
    Some(url)
}

/// Returns the hosts that a text names: words that are web addresses, or a text that is a host and nothing else.
fn named_hosts(text: &str) -> Vec<String> {
    let text: String = text.chars().filter(|c| !is_unseen(*c)).collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_alone = words.len() == 1;
    let named = words.into_iter().filter_map(|word| {
        let word = word.trim_matches(|c: char| "()[]<>{}\"'«»“”‘’.,;:!?…".contains(c));
        let lower = word.to_lowercase();
        let bare = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
        let is_address = bare.is_some() || lower.starts_with("www.");
        let rest = bare.unwrap_or(&lower);
        // In `user@host` before a path, the host is meant.
        let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        if !(is_address || is_alone && looks_like_a_host(word, authority)) {
            return None;
        }
        let host = authority.rsplit('@').next()?.split(':').next()?;
        domain::ascii(host).filter(|host| domain::is_public(host))
    });
    named.collect()
}

/// Returns true if the word must be a host: `Booking.com` is how a company writes its name, `notes.md` a file, and
/// `alice@example.org` an address.
fn looks_like_a_host(word: &str, authority: &str) -> bool {
    let in_small_letters = !word.contains(char::is_uppercase);
    let goes_on = word.len() > authority.len();
    let is_file =
        authority.rsplit('.').next().is_some_and(|end| ["md", "py", "rs", "sh", "pl", "zip", "mov"].contains(&end));
    in_small_letters && !word.contains('@') && authority.contains('.') && (goes_on || !is_file)
}

/// Returns true for characters without width, which make a text differ from its appearance.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Returns true if a known wrapper leads to the shown host.
fn is_wrapped(url: &Url, shown: &str) -> bool {
    let host = url.host_str().unwrap_or_default();
    let is_wrapper = WRAPPERS.iter().any(|known| host == *known || host.ends_with(&format!(".{known}")));
    let inner = || url.query_pairs().find_map(|(_, value)| target(&value));
    is_wrapper
        && inner().and_then(|inner| inner.host_str().map(str::to_owned)).is_some_and(|to| domain::are_one(&to, shown))
}

fn links(html: &str) -> Vec<Link> {
    let tokenizer = Tokenizer::new(Reader::default(), TokenizerOpts::default());
    let queue = BufferQueue::default();
    queue.push_back(html.into());
    // The tokenizer stops where a page names its charset, which does not matter here.
    while !queue.is_empty() {
        let _stopped = tokenizer.feed(&queue);
    }
    tokenizer.end();
    let mut found = tokenizer.sink.0.into_inner();
    found.close();
    found.links
}

/// Gathers links from the tokens of a page. A link inside another ends the outer one.
#[derive(Default)]
struct Reader(RefCell<Gathered>);

#[derive(Default)]
struct Gathered {
    links: Vec<Link>,
    open: Option<Link>,
}

impl Gathered {
    fn close(&mut self) {
        let open = self.open.take();
        if self.links.len() < MOST {
            self.links.extend(open);
        }
    }

    fn say(&mut self, text: &str) {
        if let Some(link) = self.open.as_mut().filter(|link| link.text.len() < LONGEST) {
            link.text.extend(text.chars().take(LONGEST));
        }
    }

    fn tag(&mut self, tag: &Tag) {
        let name = &*tag.name;
        match (tag.kind, name) {
            (TagKind::StartTag, "a") => {
                self.close();
                let href = tag.attrs.iter().find(|attribute| &*attribute.name.local == "href");
                self.open = href.map(|href| Link { href: href.value.to_string(), text: String::new() });
            }
            (TagKind::EndTag, "a") => self.close(),
            // Text in another block or line is another word.
            (_, "br" | "p" | "div" | "td" | "tr" | "li" | "table") => self.say(" "),
            _ => {}
        }
    }
}

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut found = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => found.say(&text),
            Token::TagToken(tag) => {
                found.tag(&tag);
                let is_raw = matches!(&*tag.name, "style" | "script" | "title" | "textarea" | "xmp" | "noscript");
                if tag.kind == TagKind::StartTag && is_raw && !tag.self_closing {
                    return TokenSinkResult::RawData(RawKind::Rawtext);
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}
