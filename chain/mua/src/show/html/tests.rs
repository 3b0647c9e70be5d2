use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::{Page, Shown, Turning};
use super::*;

/// A letter without pictures of its own, and a reader who wants none from elsewhere.
struct NoPictures;

impl Pictures for NoPictures {
    fn inline(&self, _: &str) -> Option<String> {
        None
    }

    fn remote(&self, _: &str) -> Option<String> {
        None
    }
}

fn shown(source: &str) -> Shown {
    with(Arc::new(NoPictures), source)
}

fn with(pictures: Arc<dyn Pictures>, source: &str) -> Shown {
    let mut page = Page::new(pictures);
    page.html(source);
    page.finish(&Turning::default())
}

/// Returns the contents of the body, without the element around it.
fn body(source: &str) -> String {
    let document = shown(source).document;
    let body = document.split_once("<div style=\"\">").unwrap().1;
    body.strip_suffix("</div></body></html>").unwrap().to_owned()
}

#[test]
fn an_ordinary_letter_looks_as_it_did() {
    assert_eq!(body("<p style='color:red'>Bonjour <b>Bob</b></p>"), "<p style=\"color:red;\">Bonjour <b>Bob</b></p>");
    // Some newsletters put a form around their whole text.
    assert_eq!(body("<form action=x:><p>News<input name=q><button>Go</button></form>"), "<p>NewsGo</p>");
    assert_eq!(
        body("<table width=100% bgcolor=#eee><tr><td align=center>x</td></tr></table>"),
        "<table width=\"100%\" bgcolor=\"#eee\"><tbody><tr><td align=\"center\">x</td></tr></tbody></table>"
    );
    let document =
        shown("<html><head><style>.x{color:red}</style></head><body style='margin:0' bgcolor=#abc><i class=x>y</i>")
            .document;
    assert!(document.contains("<style>.x{color:red;}</style>"), "{document}");
    assert!(
        document.contains("<div style=\"margin:0;background-color:#abc;\"><i class=\"x\">y</i></div>"),
        "{document}"
    );
}

#[test]
fn nothing_of_a_hostile_letter_runs_loads_or_asks() {
    for bad in [
        "<script>evil()</script>",
        "<img src=x onerror=evil()>",
        "<img src='http://evil.test/pixel.gif'>",
        "<img srcset='http://evil.test/x 2x' src=y>",
        "<a href='javascript:evil()'>x</a>",
        "<a href='java\tscript:evil()'>x</a>",
        "<a href='&#106;avascript:evil()'>x</a>",
        "<a href='data:text/html,<script>evil()</script>'>x</a>",
        "<a href=' vbscript:evil()'>x</a>",
        "<svg onload=evil()><use href='http://evil.test/'/></svg>",
        "<svg><style><img src=x onerror=evil()></style></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=evil()>",
        "<form action=http://evil.test/><input name=password></form>",
        "<meta http-equiv=refresh content='0;url=http://evil.test/'>",
        "<base href=http://evil.test/><a href=x>y</a>",
        "<link rel=stylesheet href=http://evil.test/x.css>",
        "<style>@import 'http://evil.test/x.css'; p{background:url(http://evil.test/p)}</style>",
        "<p style='background:url(http://evil.test/p)'>x</p>",
        "<table background=http://evil.test/p><tr><td background=//evil.test/p>x</table>",
        "<iframe src=http://evil.test/></iframe>",
        "<iframe srcdoc='<script>evil()</script>'></iframe>",
        "<object data=http://evil.test/></object><embed src=http://evil.test/>",
        "<video src=http://evil.test/ poster=http://evil.test/><source src=http://evil.test/></video>",
        "<audio src=http://evil.test/ autoplay></audio>",
        "<noscript><p title='</noscript><img src=x onerror=evil()>'>",
        "<template><script>evil()</script></template>",
        "<img src='data:image/svg+xml,<svg onload=evil()>'>",
        "<div style='behavior:url(http://evil.test/)'>x</div>",
        "<xmp><script>evil()</script></xmp>",
        "<!--[if gte mso 9]><script>evil()</script><![endif]-->",
        "<textarea><script>evil()</script></textarea>",
        "<a ping=http://evil.test/ href=https://good.test/>x</a>",
        "<body onload=evil() background=http://evil.test/p style='background:url(//evil.test)'>",
        "<img src=\"cid:x\" style=\"x:\\75rl(//evil.test)\">",
    ] {
        let document = shown(bad).document;
        let body = document.split_once("<style></style>").map_or(document.as_str(), |(_, body)| body);
        assert!(!body.contains("evil"), "{bad} → {body}");
    }
}

#[test]
fn what_looks_like_a_tag_where_none_can_be_becomes_text() {
    assert_eq!(
        body("<style></style><img title='</style><script>evil()</script>'><style>"),
        "<img title=\"&lt;/style&gt;&lt;script&gt;evil()&lt;/script&gt;\">"
    );
    assert_eq!(body("<scr<script>ipt>evil()</script>"), "ipt&gt;evil()");
}

#[test]
fn pictures_elsewhere_are_counted_and_come_only_when_asked_for() {
    struct Proxy;
    impl Pictures for Proxy {
        fn inline(&self, content_id: &str) -> Option<String> {
            (content_id == "logo@x").then(|| "/part/2".to_owned())
        }
        fn remote(&self, url: &str) -> Option<String> {
            Some(format!("/picture?{}", url.len()))
        }
    }
    let letter = "<img src=https://a.test/1.png><img src=cid:logo@x><p style='background:url(http://a.test/2)'>x</p>";
    assert_eq!(shown(letter).left_out, 2);
    assert_eq!(shown("<img src=relative.png><img src=file:///etc/passwd>").left_out, 0);
    let with = with(Arc::new(Proxy), letter);
    assert_eq!(with.left_out, 0);
    for part in ["<img src=\"/picture?20\">", "<img src=\"/part/2\">", "url(&quot;/picture?15&quot;)"] {
        assert!(with.document.contains(part), "{part} in {}", with.document);
    }
}

#[test]
fn pictures_that_came_along_are_shown_however_the_letter_names_them() {
    struct Here;
    impl Pictures for Here {
        fn inline(&self, content_id: &str) -> Option<String> {
            (content_id == "foo@bar.com").then(|| "/part/1".to_owned())
        }
        fn located(&self, url: &str) -> Option<String> {
            ["image001.jpg", "http://a.test/logo.png"].contains(&url).then(|| "/part/1".to_owned())
        }
        fn remote(&self, _: &str) -> Option<String> {
            None
        }
    }
    for letter in [
        "<img src='cid:foo%40bar.com'>",
        "<img src='CID:&lt;foo@bar.com&gt;'>",
        "<img src='mid:letter@x.test/foo%40bar.com'>",
        "<img src='image001.jpg'>",
        "<img src='http://a.test/logo.png'>",
        "<td background=cid:foo%40bar.com>",
        "<p style='background:url(cid:foo%40bar.com)'>x</p>",
        "<style>p{background:url(\"cid:foo%40bar.com\")}</style><p>x</p>",
    ] {
        let letter =
            if letter.starts_with("<td") { format!("<table><tr>{letter}x</table>") } else { letter.to_owned() };
        let shown = with(Arc::new(Here), &letter);
        assert!(shown.document.contains("/part/1") && shown.left_out == 0, "{letter} → {}", shown.document);
    }
}

#[test]
fn what_is_too_large_or_too_deep_is_shown_as_text_and_soon() {
    let started = Instant::now();
    let formatting: String = (0..300).map(|i| format!("<font size={i}>")).collect();
    for (much, word) in [
        ("<div>".repeat(300_000) + "deep", "deep"),
        ("<p>wide</p>".repeat(250_000), "wide"),
        (format!("{formatting}{}", "<p>copied".repeat(10_000)), "copied"),
        ("<table><tr><td>".repeat(100_000) + "nested", "nested"),
        ("long ".repeat(1 << 20), "long"),
        ("<b><i><u>".repeat(100_000) + "formatted", "formatted"),
        ("a\u{ad}".repeat(600_000) + "hyphens", "hyphens"),
        ("&amp;".repeat(300_000) + "signs", "signs"),
        (format!("<p {}>compared", (0..100_000).map(|n| format!("a{n} ")).collect::<String>()), "compared"),
    ] {
        // A word without end has places at which it may be broken.
        let document = shown(&much).document.replace("<wbr>", "").replace("<br>", "");
        assert!(document.contains("<pre>") && document.contains(word), "{word}");
    }
    // The limit is generous: the machine may be busy.
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn a_letter_with_colours_of_its_own_is_shown_on_white() {
    assert!(shown("<p style='color:#333'>x</p>").document.contains("<body dir=\"ltr\" class=\"coloured\">"));
    assert!(shown("<p>x</p>").document.contains("<body dir=\"ltr\">"));
    assert!(shown("<p>12 \u{5d0}</p>").document.contains("<body dir=\"rtl\">"));
}

proptest! {
    #[test]
    fn no_letter_gets_an_element_or_an_attribute_through_that_is_not_allowed(
        source in "(<(a|b|p|img|svg|math|style|script|table|td|form|select|noscript|title)( (href|src|on[a-z]|style)=('[a-z:/]{0,9}'|\"[^\"]{0,9}))?>?|</[a-z]{0,6}>|[a-z<>'\"!-]{0,5}){0,12}"
    ) {
        let document = shown(&source).document.to_lowercase();
        let letter = document.split_once("</head>").unwrap().1;
        for bad in ["<script", "<svg", "<form", "<select", "<iframe", "<object", "<math", "<link", "<meta"] {
            prop_assert!(!letter.contains(bad), "{} in {}", bad, letter);
        }
    }
}

#[test]
fn what_has_a_browser_look_through_a_text_for_each_of_its_lines_is_left_out() {
    let style = "<style>p{unicode-bidi:PLAINTEXT;color:red} i{unicode-bidi:isolate}</style><p>x</p>";
    let document = shown(style).document;
    assert!(document.contains("p{color:red;}") && document.contains("i{unicode-bidi:isolate;}"), "{document}");
    let justified = |words: usize| {
        let text = "word ".repeat(words);
        shown(&format!(
            "<style>p{{text-align: Justify !important}}</style><p style='text-align:justify' align=JUSTIFY>{text}"
        ))
        .document
    };
    assert_eq!(justified(1_000).matches("justify").count(), 3);
    assert_eq!(justified(30_000).matches("justify").count(), 0);
}
