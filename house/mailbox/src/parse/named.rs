//! The pictures that a page shows by their names: `cid:` and `mid:` (RFC 2392), or Content-Location (RFC 2557 §4.2).

use std::borrow::Cow;
use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use url::Url;

use super::html::{decoded, walk};
use super::{Item, Part};

/// The longest name that is looked for, in octets.
const LONGEST: usize = 1000;

/// The ways in which pages name the pictures that they show.
#[derive(Clone, Debug, Default)]
pub struct Names(HashMap<Name, Vec<Way>>);

/// One of the ways in which a page writes a name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Way {
    /// The text of the name as it stands there.
    written: String,
    /// The address that this means, with references read.
    url: String,
}

/// A name by which a page speaks of a part of its letter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// Its Content-ID: without brackets, in small letters, since programs change them on the way.
    Id(String),
    /// Its Content-Location: as it is written, and as the address that it makes with its base.
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

    /// Returns all the names that an address may stand for.
    pub fn all_in(url: &str) -> Vec<Self> {
        let mut names = vec![Self::Location(url.to_owned())];
        names.extend(content_ids(url).into_iter().flatten().map(|id| Self::Id(id.to_lowercase())));
        names
    }
}

/// The address that the addresses in a part are relative to (RFC 2557 §5): its own Content-Location, that of the
/// multipart around it, or, if neither has one, an address that only this letter has.
pub struct Base(Option<Url>);

impl Base {
    /// Returns the base of the addresses in `item`.
    pub fn within(item: &Item<'_>) -> Self {
        let around = Self::around(item);
        let own = item.part.location.as_deref().and_then(|own| around.join(&String::from_utf8_lossy(own)));
        own.map_or(around, |own| Self(Some(own)))
    }

    /// Returns the base of the Content-Location of `item` itself.
    pub fn around(item: &Item<'_>) -> Self {
        let around = item.base.and_then(|base| Url::parse(String::from_utf8_lossy(base).trim()).ok());
        Self(around.or_else(|| Url::parse("thismessage:/").ok()))
    }

    fn join(&self, url: &str) -> Option<Url> {
        let url = url.trim();
        self.0.as_ref()?.join(url).ok().filter(|_| url.len() <= LONGEST && !url.is_empty())
    }

    /// The name that an address makes with it.
    fn name(&self, url: &str) -> Option<Name> {
        self.join(url).map(|url| Name::Location(url.to_string()))
    }
}

impl Item<'_> {
    /// The names of the part, each once.
    pub fn names(&self) -> Vec<Name> {
        let location = self.part.location.as_ref().map(|url| String::from_utf8_lossy(url).into_owned());
        let whole = location.and_then(|url| Base::around(self).name(&url));
        let mut names: Vec<Name> = Name::all_of(self.part).collect();
        names.extend(whole.filter(|whole| !names.contains(whole)));
        names
    }
}

impl Names {
    /// Looks through a page, in time in proportion to its length. Its addresses are relative to `base`, unless it names another
    /// in `<base>`.
    pub fn read(&mut self, page: &str, mut base: Base) {
        walk(page, &mut |element, attribute, value| match attribute {
            "src" if matches!(element, "img" | "image") => self.add(value, &decoded(value), &base),
            "background" if matches!(element, "table" | "td" | "th") => self.add(value, &decoded(value), &base),
            "href" if element == "base" => {
                if let Some(other) = base.join(&decoded(value)) {
                    base = Base(Some(other));
                }
            }
            // A style sheet is written as it is meant, an attribute may have entities in it.
            "style" if element == "style" => self.styles(value, &base),
            "style" => self.styles(&decoded(value), &base),
            _ => {}
        });
    }

    /// Returns true if a page shows this part.
    pub fn shows(&self, item: &Item<'_>) -> bool {
        item.names().iter().any(|name| self.0.contains_key(name))
    }

    /// Returns the ways in which pages write the address of the part, each once.
    pub fn written(&self, item: &Item<'_>) -> Vec<String> {
        self.ways(item).into_iter().map(|way| way.written.clone()).collect()
    }

    /// Returns the addresses that those mean to a reader of the page.
    pub fn urls(&self, item: &Item<'_>) -> Vec<String> {
        self.ways(item).into_iter().map(|way| way.url.clone()).collect()
    }

    fn ways(&self, item: &Item<'_>) -> Vec<&Way> {
        let mut ways: Vec<&Way> = Vec::new();
        for way in item.names().iter().filter_map(|name| self.0.get(name)).flatten() {
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        ways
    }

    fn styles(&mut self, style: &str, base: &Base) {
        let mut rest = style;
        while let Some(at) = find_url(rest) {
            rest = rest[at..].trim_start();
            let quoted = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
            let end = quoted.find(['"', '\'', ')', '<', '>']).unwrap_or(quoted.len());
            self.add(&quoted[..end], &quoted[..end], base);
            rest = &quoted[end..];
        }
    }

    /// An address as it is written, and what that means.
    fn add(&mut self, written: &str, url: &str, base: &Base) {
        if written.len() > LONGEST {
            return;
        }
        let url = url.trim();
        let mut names = Name::all_in(url);
        names.extend(base.name(url).filter(|whole| !names.contains(whole)));
        for name in names {
            let ways = self.0.entry(name).or_default();
            // A page may write one name in a thousand ways; the callers need only a few.
            if ways.len() < 8 && !ways.iter().any(|way| way.written == written) {
                ways.push(Way { written: written.to_owned(), url: url.to_owned() });
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

    fn item(part: &Part) -> Item<'_> {
        Item { part, role: super::super::Role::Picture, base: None }
    }

    fn read(page: &str) -> Names {
        let mut names = Names::default();
        names.read(page, Base::within(&item(&Part::default())));
        names
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
            ("<img src=\"./image001.png\">", true),
            ("<img src=\"thismessage:/image001.png\">", true),
            ("<base href=\"http://a.test/\"><img src=\"image%3001.png\">", false),
            ("<td background=\"cid:foo@bar.test\">", true),
            ("<p style=\"background: url(cid:foo@bar.test)\">", true),
            ("<p style=\"background: URL( &quot;cid:foo@bar.test&quot; )\">", true),
            ("<style>p{background:url('cid:foo%40bar.test')}</style>", true),
            // These show nothing.
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
            assert_eq!(read(page).shows(&item(&picture())), shows, "{page}");
        }
    }

    #[test]
    fn relative_addresses_are_those_of_what_is_around() {
        for (around, page, picture, html, shows) in [
            ("http://a.test/news/", "", "logo.png", "logo.png", true),
            ("http://a.test/news/", "", "logo.png", "http://a.test/news/logo.png", true),
            ("http://a.test/news/", "", "http://a.test/news/logo.png", "logo.png", true),
            ("http://a.test/news/", "1/index.html", "1/logo.png", "logo.png", true),
            ("", "http://a.test/news/1.html", "http://a.test/news/logo.png", "logo.png", true),
            ("", "http://a.test/news/1.html", "http://a.test/pictures/logo.png", "../pictures/logo.png", true),
            ("relative/", "", "logo.png", "logo.png", true),
            ("http://a.test/news/", "", "logo.png", "http://a.test/logo.png", false),
            ("", "http://a.test/news/1.html", "logo.png", "other.png", false),
        ] {
            let located =
                |url: &str| if url.is_empty() { String::new() } else { format!("Content-Location: {url}\r\n") };
            let letter = format!(
                "{}Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\n{}Content-Type: text/html\r\n\r\n\
                 <img src=\"{html}\">\r\n--b\r\n{}Content-Type: image/png\r\n\r\nx\r\n--b--\r\n",
                located(around),
                located(page),
                located(picture),
            );
            let structure = super::super::scan(letter.as_bytes(), Default::default());
            let contents = super::super::Contents::of_octets(&structure, letter.as_bytes());
            assert_eq!(contents.items[1].role == super::super::Role::Named, shows, "{letter}");
            if shows {
                assert_eq!(contents.names.urls(&contents.items[1]), [html]);
            }
        }
    }

    #[test]
    fn the_ways_a_page_writes_a_name_are_told_as_they_stand() {
        let names =
            read("<img src='cid:foo%40bar.test'><img src=cid:foo&#64;bar.test><img src=\"cid:foo%40bar.test\">");
        assert_eq!(names.written(&item(&picture())), ["cid:foo%40bar.test", "cid:foo&#64;bar.test"]);
        assert_eq!(names.urls(&item(&picture())), ["cid:foo%40bar.test", "cid:foo@bar.test"]);
    }

    #[test]
    fn a_page_is_looked_through_in_time_in_proportion_to_its_length() {
        let started = std::time::Instant::now();
        for piece in
            ["<img ", "<!--", "src=\"", "<img src=x ", "<p style='url(", "<style>url(", "<img src='cid:", "<a b='"]
        {
            read(&piece.repeat(1_000_000 / piece.len()));
        }
        assert!(started.elapsed() < std::time::Duration::from_secs(20));
    }

    proptest::proptest! {
        #[test]
        fn any_page_is_looked_through(page in "(<img|<style>|</style>|src=|url\\(|cid:a|[<>/!a-z&;#\"'= é(-]){0,60}") {
            read(&page);
        }
    }
}
