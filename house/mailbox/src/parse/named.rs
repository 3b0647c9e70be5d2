//! The pictures that a page shows by their names: `cid:` and `mid:` (RFC 2392), or Content-Location (RFC 2557 §4.2).

use std::borrow::Cow;
use std::collections::HashMap;

use percent_encoding::percent_decode_str;

use super::Part;
use super::html::{decoded, walk};

/// The longest name that is looked for, in octets.
const LONGEST: usize = 1000;

/// What pages call the pictures that they show.
#[derive(Clone, Debug, Default)]
pub struct Names(HashMap<Name, Vec<String>>);

/// How a page speaks of a part of its letter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// By its Content-ID: without brackets, in small letters, since programs change them on the way.
    Id(String),
    /// By its Content-Location.
    Location(String),
}

impl Name {
    /// The names of a part.
    pub fn all_of(part: &Part) -> impl Iterator<Item = Self> {
        let text = |octets: &Vec<u8>| String::from_utf8_lossy(octets).trim().to_owned();
        let id = part.id.as_ref().map(|id| bare(&text(id)).to_lowercase()).filter(|id| !id.is_empty());
        let location = part.location.as_ref().map(text).filter(|url| !url.is_empty());
        id.map(Self::Id).into_iter().chain(location.map(Self::Location))
    }

    /// What an address may stand for.
    pub fn all_in(url: &str) -> Vec<Self> {
        let mut names = vec![Self::Location(url.to_owned())];
        names.extend(content_ids(url).into_iter().flatten().map(|id| Self::Id(id.to_lowercase())));
        names
    }
}

impl Names {
    /// Looks through a page, in time in proportion to its length.
    pub fn read(&mut self, page: &str) {
        walk(page, &mut |element, attribute, value| match attribute {
            "src" if matches!(element, "img" | "image") => self.add(value, &decoded(value)),
            "background" if matches!(element, "table" | "td" | "th") => self.add(value, &decoded(value)),
            // A style sheet is written as it is meant, an attribute may have entities in it.
            "style" if element == "style" => self.styles(value),
            "style" => self.styles(&decoded(value)),
            _ => {}
        });
    }

    /// Does a page show this part?
    pub fn shows(&self, part: &Part) -> bool {
        Name::all_of(part).any(|name| self.0.contains_key(&name))
    }

    /// How pages write the address of the part, each way once.
    pub fn written(&self, part: &Part) -> Vec<String> {
        let mut written: Vec<String> = Vec::new();
        for way in Name::all_of(part).filter_map(|name| self.0.get(&name)).flatten() {
            if !written.contains(way) {
                written.push(way.clone());
            }
        }
        written
    }

    fn styles(&mut self, style: &str) {
        let mut rest = style;
        while let Some(at) = find_url(rest) {
            rest = rest[at..].trim_start();
            let quoted = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
            let end = quoted.find(['"', '\'', ')', '<', '>']).unwrap_or(quoted.len());
            self.add(&quoted[..end], &quoted[..end]);
            rest = &quoted[end..];
        }
    }

    /// An address as it is written, and what that means.
    fn add(&mut self, written: &str, url: &str) {
        if written.len() > LONGEST {
            return;
        }
        for name in Name::all_in(url.trim()) {
            let ways = self.0.entry(name).or_default();
            // A page may write one name in a thousand ways; whoever asks is content with a few.
            if ways.len() < 8 && !ways.iter().any(|way| way == written) {
                ways.push(written.to_owned());
            }
        }
    }
}

/// Behind `url(`.
fn find_url(style: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = style.get(from..)?.find('(').map(|found| from + found) {
        let is_url = at.checked_sub(3).and_then(|start| style.get(start..at));
        if is_url.is_some_and(|name| name.eq_ignore_ascii_case("url")) {
            return Some(at + 1);
        }
        from = at + 1;
    }
    None
}

/// The Content-IDs, without brackets, that an address may stand for, the likeliest first; `None`: it names no part.
///
/// The standard encodes what is no letter of an address. Programs that do not are as many, so an id with a `%` of its own
/// is looked for as it is first. Some write the brackets, too.
pub fn content_ids(url: &str) -> Option<impl Iterator<Item = Cow<'_, str>>> {
    let (scheme, rest) = url.split_once(':')?;
    let id = match scheme {
        _ if scheme.eq_ignore_ascii_case("cid") => rest,
        // Behind the id of the letter that the part is in, which is this one: of others nothing can be shown.
        _ if scheme.eq_ignore_ascii_case("mid") => rest.rsplit_once('/')?.1,
        _ => return None,
    };
    let decoded = percent_decode_str(id).decode_utf8_lossy().into_owned();
    Some([Cow::Borrowed(bare(id)), Cow::Owned(bare(&decoded).to_owned())].into_iter())
}

/// Without blanks and brackets.
pub fn bare(id: &str) -> &str {
    let id = id.trim();
    let id = id.strip_prefix('<').unwrap_or(id);
    id.strip_suffix('>').unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_part_however_it_is_written() {
        for url in ["cid:a@b", "CID:a%40b", "cid:<a@b>", "cid:%3Ca%40b%3E", "mid:letter@x/a@b", "mid:letter%40x/a%40b"]
        {
            assert!(content_ids(url).unwrap().any(|id| id == "a@b"), "{url}");
        }
        assert!(content_ids("cid:100%25@b").unwrap().eq(["100%25@b", "100%@b"]));
        for url in ["http://a@b", "a@b", "mid:letter@x", "", "cid"] {
            assert!(content_ids(url).is_none(), "{url}");
        }
    }

    fn picture() -> Part {
        let header = "Content-Type: image/png\r\nContent-ID: <foo@bar.test>\r\nContent-Location: image001.png\r\n\r\nx";
        super::super::scan(header.as_bytes(), Default::default()).root
    }

    #[test]
    fn a_page_shows_what_it_would_load() {
        for (page, shows) in [
            ("<img src=\"cid:foo%40bar.test\">", true),
            ("<img width=1 src=cid:foo@bar.test>", true),
            ("<IMG SRC = 'CID:<foo@bar.test>'>", true),
            ("<img src=\"cid:&lt;foo&#64;bar.test&gt;\">", true),
            ("<img alt=\"2 > 1\" src=\"cid:FOO@bar.test\"/>", true),
            ("<img src=\"mid:letter%40x/foo%40bar.test\">", true),
            ("<img src=\" image001.png \">", true),
            ("<td background=\"cid:foo@bar.test\">", true),
            ("<p style=\"background: url(cid:foo@bar.test)\">", true),
            ("<p style=\"background: URL( &quot;cid:foo@bar.test&quot; )\">", true),
            ("<style>p{background:url('cid:foo%40bar.test')}</style>", true),
            // Those show nothing.
            ("<img data-src=\"cid:foo@bar.test\">", false),
            ("<img srcset=\"cid:foo@bar.test 2x\">", false),
            ("<img src=x src=cid:foo@bar.test>", false),
            ("<!-- <img src=\"cid:foo@bar.test\"> -->", false),
            ("<!-- <img src=\"cid:foo@bar.test\">", false),
            ("<script><img src=\"cid:foo@bar.test\"></script>", false),
            ("<title><img src=\"cid:foo@bar.test\"></title>", false),
            ("<v:imagedata src=\"cid:foo@bar.test\">", false),
            ("<a href=\"cid:foo@bar.test\">", false),
            ("src=\"cid:foo@bar.test\"", false),
            ("<img alt='src=\"cid:foo@bar.test\"'>", false),
        ] {
            let mut names = Names::default();
            names.read(page);
            assert_eq!(names.shows(&picture()), shows, "{page}");
        }
    }

    #[test]
    fn the_ways_a_page_writes_a_name_are_told_as_they_stand() {
        let mut names = Names::default();
        names.read("<img src='cid:foo%40bar.test'><img src=cid:foo&#64;bar.test><img src=\"cid:foo%40bar.test\">");
        assert_eq!(names.written(&picture()), ["cid:foo%40bar.test", "cid:foo&#64;bar.test"]);
    }

    #[test]
    fn a_page_is_looked_through_in_time_in_proportion_to_its_length() {
        let started = std::time::Instant::now();
        for piece in
            ["<img ", "<!--", "src=\"", "<img src=x ", "<p style='url(", "<style>url(", "<img src='cid:", "<a b='"]
        {
            Names::default().read(&piece.repeat(1_000_000 / piece.len()));
        }
        assert!(started.elapsed() < std::time::Duration::from_secs(20));
    }

    proptest::proptest! {
        #[test]
        fn any_page_is_looked_through(page in "(<img|<style>|</style>|src=|url\\(|cid:a|[<>/!a-z&;#\"'= é(-]){0,60}") {
            Names::default().read(&page);
        }
    }
}
