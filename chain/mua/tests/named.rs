//! What is said to be shown of a letter is shown: the pictures that `mailbox` finds named in its HTML are those that the page of the
//! letter has.

extern crate facteur_mua as mua;

use std::sync::Arc;

use mailbox::parse::named::{Name, Names};
use mailbox::parse::{Limits, scan};
use mua::show::{Page, Pictures};
use proptest::prelude::*;

const LETTER: &str = "Content-Type: image/png\r\nContent-ID: <foo@bar.test>\r\nContent-Location: image001.png\r\n\r\nx";
const ADDRESS: &str = "/picture/the-one";

struct One;

impl One {
    fn address(name: &Name) -> Option<String> {
        let structure = scan(LETTER.as_bytes(), Limits::default());
        Name::all_of(&structure.root).any(|own| own == *name).then(|| ADDRESS.to_owned())
    }
}

impl Pictures for One {
    fn inline(&self, content_id: &str) -> Option<String> {
        Self::address(&Name::Id(content_id.to_lowercase()))
    }

    fn located(&self, url: &str) -> Option<String> {
        Self::address(&Name::Location(url.to_owned()))
    }

    fn remote(&self, _: &str) -> Option<String> {
        None
    }
}

fn is_said_shown(html: &str) -> bool {
    let mut names = Names::default();
    names.read(html);
    names.shows(&scan(LETTER.as_bytes(), Limits::default()).root)
}

fn is_shown(html: &str) -> bool {
    let mut page = Page::new(Arc::new(One));
    page.html(html);
    page.finish().document.contains(ADDRESS)
}

/// A picture, named in one of the ways of mailers, where HTML can have one.
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
