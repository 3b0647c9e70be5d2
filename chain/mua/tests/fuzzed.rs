//! The bodies of the fuzz targets, with generated letters, cookies and addresses: so that every test run covers them,
//! and a target that asks too much is found before anybody fuzzes. `PROPTEST_CASES=100000` runs them for some minutes.

extern crate facteur_mua as mua;

#[path = "../../../fuzz/bodies/cards.rs"]
mod cards;
#[path = "../../../fuzz/bodies/cookies.rs"]
mod cookies;
#[path = "../../../fuzz/bodies/html_cleaner.rs"]
mod html_cleaner;
#[path = "../../../fuzz/bodies/signed_addresses.rs"]
mod signed_addresses;

use proptest::prelude::*;

/// Generates pieces of markup and styles as letters and attackers write them.
fn markup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(PIECES).prop_map(str::to_owned),
        "[a-z<>/'\"=:;(){}\\\\&#! -]{0,12}",
        "\\PC{0,4}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

const PIECES: &[&str] = &[
    "<p>",
    "</p>",
    "<b ",
    "<a href=",
    "<a href='javascript:evil()'>",
    "<img src=",
    "<img src=http://evil.test/p>",
    "<img src=cid:1>",
    "<img src=data:image/svg+xml,x>",
    "<img src='data:image/png;base64,AA'>",
    " onerror=evil()",
    "<script>",
    "</script>",
    "<style>",
    "</style>",
    "<svg>",
    "<svg><style>",
    "<math><mtext>",
    "<table><td background=http://evil.test/>",
    "<noscript>",
    "<title>",
    "<textarea>",
    "<template>",
    "<iframe srcdoc='",
    "<form action=/>",
    "<input>",
    "<base href=//evil>",
    "<meta http-equiv=refresh>",
    "<link rel=stylesheet href=//evil>",
    "<!--",
    "-->",
    "--!>",
    "<![CDATA[",
    "]]>",
    "<?xml",
    "&lt;",
    "&#106;",
    "&Tab;",
    "\u{0}",
    "\u{feff}",
    "style=\"",
    "style='",
    "background:url(http://evil.test/x)",
    "background:u\\rl(//evil)",
    "@import 'x';",
    "@media x{",
    "url(",
    "url('",
    "url(cid:1)",
    "image-set('http://evil.test/' 1x)",
    "expression(",
    "-moz-binding:",
    "a{",
    "}",
    "/*",
    "*/",
    "\\",
    "\"",
    "'",
    ")",
    ";",
    "{",
    "behavior:url(x)",
    "content:attr(href)",
    "<body style=",
    "<a\tb\nc>",
];

proptest! {
    #[test]
    fn any_file_is_read_as_a_calendar_and_as_cards(text in "(BEGIN:|END:|VCALENDAR|VEVENT|VCARD|DTSTART|[:;=,\r\n]|[0-9TZ]{1,15}|\\PC){0,60}") {
        cards::check(&text);
    }

    #[test]
    fn nothing_that_runs_or_calls_home_is_left_of_a_letter(source in markup()) {
        html_cleaner::check_all(&source);
    }

    #[test]
    fn a_session_is_found_under_its_own_name_and_no_other(
        lines in prop::collection::vec(
            prop_oneof![
                "(__Host-facteur|facteur|facteur-8443|__Host-facteur-8443|a)=[a-f0-9]{0,12}(; ?[a-z_H-]{0,9}=?[a-z0-9]{0,4}){0,3}".prop_map(String::into_bytes),
                prop::collection::vec(any::<u8>(), 0..40),
            ],
            0..5,
        ),
        host in "(mail.alpha.test|\\[::1\\]|127.0.0.1|\\PC{0,8})(:[0-9]{1,5})?",
        secure: bool,
    ) {
        cookies::check(&lines, &host, secure);
    }

    #[test]
    fn only_what_we_have_sealed_is_opened(
        text in prop_oneof!["\\PC{0,40}", "(r\\.)?[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,14}(\\.[a-zA-Z0-9]{0,9}){0,4}"],
        key: [u8; 32],
        at: usize,
        bits: u8,
        now: i64,
    ) {
        signed_addresses::check(&text, key, at, bits, now);
    }
}
