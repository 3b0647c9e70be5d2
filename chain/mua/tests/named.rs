//! The pictures that `mailbox` finds named in a letter's HTML are those that the page of the letter shows.

extern crate facteur_mua as mua;

use std::sync::Arc;

use mailbox::parse::named::{Base, Name, Names};
use mailbox::parse::{Item, Limits, Role, scan};
use mua::show::{Page, Pictures, Turning};
use proptest::prelude::*;

const LETTER: &str = "Content-Type: image/png\r\nContent-ID: <foo@bar.test>\r\nContent-Location: image001.png\r\n\r\nx";
const ADDRESS: &str = "/picture/the-one";

/// The picture of the letter, by all its names.
struct One(Vec<Name>);

impl One {
    fn address(&self, name: &Name) -> Option<String> {
        self.0.contains(name).then(|| ADDRESS.to_owned())
    }
}

impl Pictures for One {
    fn inline(&self, content_id: &str) -> Option<String> {
        self.address(&Name::Id(content_id.to_lowercase()))
    }

    fn located(&self, url: &str) -> Option<String> {
        self.address(&Name::Location(url.to_owned()))
    }

    fn remote(&self, _: &str) -> Option<String> {
        None
    }
}

/// Returns two answers about the picture: `mailbox` says that it is shown, and the page shows it.
fn said_and_shown(html: &str) -> (bool, bool) {
    let structure = scan(LETTER.as_bytes(), Limits::default());
    let item = Item { part: &structure.root, role: Role::Picture, base: None };
    let mut names = Names::default();
    names.read(html, Base::within(&item));
    let called = names.urls(&item).into_iter().map(Name::Location);
    let mut page = Page::new(Arc::new(One(item.names().into_iter().chain(called).collect())));
    page.html(html);
    (names.shows(&item), page.finish(&Turning::default()).document.contains(ADDRESS))
}

fn is_said_shown(html: &str) -> bool {
    said_and_shown(html).0
}

fn is_shown(html: &str) -> bool {
    said_and_shown(html).1
}

/// Generates a picture, named in one of the ways of mailers, where HTML can have one.
fn shape() -> impl Strategy<Value = String> {
    let url = prop::sample::select(
        &[
            "cid:foo@bar.test",
            "cid:foo%40bar.test",
            "CID:FOO@BAR.TEST",
            "cid:&lt;foo@bar.test&gt;",
            "cid:foo&#64;bar.test",
            "mid:m%40x/foo%40bar.test",
            "image001.png",
            " image001.png ",
            "./image001.png",
            "thismessage:/image001.png",
            "cid:other",
            "https://t.test/x.png",
            "image002.png",
            "",
        ][..],
    );
    let place = prop::sample::select(
        &[
            "<img src=\"URL\">",
            "<img alt='a > b' width=3 src='URL'/>",
            "<IMG\n SRC = \"URL\" >",
            "<image src=\"URL\">",
            "<table><tr><td background=\"URL\">x</td></tr></table>",
            "<table background='URL'><tr><th>x</th></tr></table>",
            "<p style=\"color:red;background:url(URL)\">x</p>",
            "<p style=\"background-image:url( 'URL' )\">x</p>",
            "<style>p{background:url(\"URL\")}</style><p>x</p>",
            "<a href=\"URL\">x</a>",
            "<img data-src=\"URL\">",
            "<!-- <img src=\"URL\"> -->",
            "<script>'<img src=\"URL\">'</script>",
            "<title><img src=\"URL\"></title>",
            "<v:imagedata src=\"URL\"></v:imagedata>",
            "<img src=x src=\"URL\">",
            "<embed src=\"URL\">",
        ][..],
    );
    let around = prop::sample::select(
        &[
            "X",
            "<p>X</p>",
            "<div><b>X</b> words",
            "a < b X",
            "<br/>X<hr>",
            "<!doctype html><html><body>X</body></html>",
        ][..],
    );
    prop::collection::vec((around, place, url), 1..4).prop_map(|all| {
        all.iter().map(|(around, place, url)| around.replace('X', &place.replace("URL", url))).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn a_picture_that_is_not_listed_because_the_html_shows_it_is_shown(html in shape()) {
        prop_assert!(!is_said_shown(&html) || is_shown(&html), "{}", html);
    }
}

#[test]
fn what_shows_a_picture_is_found() {
    for html in [
        "<img src=\"cid:foo%40bar.test\">",
        "<p>a<img width=1 src=cid:foo@bar.test>b",
        "<img src='mid:x/foo@bar.test'>",
        "<img src=\"image001.png\">",
        "<table><tr><td style=\"background:url(cid:foo@bar.test)\">x</table>",
    ] {
        assert!(is_said_shown(html) && is_shown(html), "{html}");
    }
}
