//! Letters that need a warning, and letters that do not.

use mailbox::parse::{Structure, Summary};

use super::files;
use super::{DomainRole, Evidence, Finding, Known, links, of};

/// Returns the findings that alice@alpha.test sees, who has written to people at example.com, gardeners.org and
/// müller.de.
fn codes(header: &str, html: &str) -> Vec<String> {
    let known = Known::from_hosts(["alpha.test", "example.com", "gardeners.org", "müller.de"]);
    let letter = format!("{header}\r\nContent-Type: text/html\r\n\r\n{html}");
    let (summary, structure) = (Summary::parse(letter.as_bytes()), Structure::default());
    let html = [html.to_owned()];
    let evidence = Evidence { header: letter.as_bytes(), summary: &summary, structure: &structure, html: &html };
    let found = of(&evidence, &known);
    found.iter().map(|one| serde_json::to_value(one).unwrap()["code"].as_str().unwrap().to_owned()).collect()
}

const LIST: &str = "List-Unsubscribe: <https://shop.com/leave>\r\n";

#[test]
fn senders_who_are_not_who_they_seem_are_told_of() {
    for (header, code) in [
        ("From: \"security@paypal.com\" <x@evil.net>", "name"),
        ("From: \"PayPal <service@paypal.com>\" <x@evil.net>", "name"),
        ("From: =?utf-8?q?Claire_=28claire=40example.com=29?= <claire@evil.net>", "name"),
        ("From: \"claire@example.com, Claire\" <claire@example.net>", "name"),
        ("From: \"ceo@alpha.com via mail\" <x@evil.net>", "name"),
        ("From: Boss <boss@example.com>\r\nReply-To: boss@freemail.net", "replyTo"),
        ("From: Boss <boss@example.com>\r\nReply-To: Boss <boss@example.com>, Boss <x@evil.net>", "replyTo"),
        ("From: Boss <boss@mail.example.co.uk>\r\nReply-To: boss@other.co.uk", "replyTo"),
        ("From: Claire <claire@examp1e.com>", "lookAlike"),
        ("From: Claire <claire@exarnple.com>", "lookAlike"),
        ("From: Claire <claire@exampel.com>", "lookAlike"),
        ("From: Claire <claire@exmple.com>", "lookAlike"),
        ("From: Claire <claire@examplle.com>", "lookAlike"),
        ("From: Claire <claire@mail.examplee.com>", "lookAlike"),
        ("From: Claire <claire@example.com.login.net>", "lookAlike"),
        ("From: Claire <claire@ехаmple.com>", "lookAlike"),
        ("From: Claire <claire@xn--xample-2of.com>", "lookAlike"),
        ("From: Apple <x@аррӏе.com>", "lookAlike"),
        ("From: Gardeners <x@gardener5.org>", "lookAlike"),
        ("From: Gardeners <x@gadreners.org>", "lookAlike"),
        ("From: Bank <x@bаnk.fr>", "lookAlike"),
        ("From: Bank <x@gοοgle.com>", "lookAlike"),
        ("From: Boss <boss@somewhere.net>\r\nReply-To: boss@examp1e.com", "lookAlike"),
    ] {
        assert!(codes(header, "").contains(&code.to_owned()), "{header}: {:?}", codes(header, ""));
    }
}

#[test]
fn honest_senders_are_not() {
    for header in [
        "From: Claire <claire@example.com>",
        "From: \"claire@example.com\" <claire@example.com>",
        "From: \"claire@example.com\" <claire@mail.example.com>",
        "From: \"Claire @ Example\" <claire@elsewhere.net>",
        "From: \"Meet me @home\" <x@elsewhere.net>",
        "From: \"claire@laptop\" <x@elsewhere.net>",
        "From: \"'bob@elsewhere.net' via Gardeners\" <list@gardeners.org>\r\nList-Id: <gardeners.org>",
        "From: Claire <claire@example.com>\r\nReply-To: claire@lists.example.com",
        "From: Bob <bob@elsewhere.net>\r\nReply-To: list@gardeners.net\r\nList-Id: <x>",
        "From: Bob <bob@elsewhere.net>\r\nReply-To: list@lists.net\r\nList-Post: <mailto:list@lists.net>",
        "From: Shop <news@shop.com>\r\nReply-To: shop@helpdesk.net\r\nList-Unsubscribe: <https://shop.com/x>",
        "From: Bob <bob@elsewhere.net>\r\nReply-To: bob@example.com",
        "From: Müller <x@müller.de>",
        "From: Bücher <x@bücher.example>",
        "From: Café <x@xn--caf-dma.fr>",
        "From: Россия <x@почта.рф>",
        "From: Tokyo <x@東京カラオケ.jp>",
        "From: Seoul <x@한국.kr>",
        "From: Athens <x@αθήνα.gr>",
        "From: Moscow <x@яндекс.com>",
        "From: Claire <claire@example.org>",
        "From: Claire <claire@samples.com>",
        "From: Ann <ann@alpine.test>",
        "From: Sam <sam@sample.com>",
        "From: Gardener <x@garden.org>",
        "From: nobody",
        "Subject: nobody at all",
    ] {
        assert_eq!(codes(header, ""), [""; 0], "{header}");
    }
}

#[test]
fn links_that_say_one_host_and_lead_to_another_are_told_of() {
    for html in [
        "<a href='https://evil.net/'>https://www.paypal.com/login</a>",
        "<a href='https://evil.net/'>www.paypal.com</a>",
        "<a href='https://evil.net/'>paypal.com</a>",
        "<a href='https://evil.net/'>paypal.com/signin</a>",
        "<a href='https://evil.net/'><b>pay</b><i>pal</i>.com</a>",
        "<a href='https://evil.net/'>pay&#8203;pal.com</a>",
        "<a href='https://evil.net/'>p&#97;ypal.com</a>",
        "<a href='https://evil.net/'>Log in at https://paypal.com now</a>",
        "<a href='https://paypal.com.evil.net/'>paypal.com</a>",
        "<a href='https://paypal.com@evil.net/'>https://paypal.com</a>",
        "<a href='http://192.0.2.7/paypal.com'>https://paypal.com</a>",
        "<a href='https://evil.net/?to=https://paypal.com'>https://paypal.com</a>",
        "<A HREF=https://evil.net/>HTTPS://PAYPAL.COM</A>",
        "<a href='https://evil.net/'><img src=x>www.paypal.com",
        "<a href='https://evil.net/'>(www.paypal.com).</a>",
        "<a href='https://other.co.uk/'>www.bank.co.uk</a>",
        "<a href='https://bob.github.io/'>https://alice.github.io</a>",
        "<a title='x>y' href='https://evil.net/'>www.paypal.com</a>",
    ] {
        assert_eq!(codes("From: Pay <x@paypal.com>", html), ["link"], "{html}");
        assert_eq!(links::misleading(html).len(), 1);
    }
    for html in ["<a href='https://раураl.com/'>Log in</a>", "<a href='https://xn--pypal-4ve.com/'>Log in</a>"] {
        assert_eq!(codes("From: Pay <x@paypal.com>", html), ["lookAlike"], "{html}");
    }
}

#[test]
fn ordinary_links_are_not() {
    for html in [
        "<a href='https://click.mailer.net/c/1234'>Read more</a>",
        "<a href='https://click.mailer.net/c/1234'>Booking.com</a>",
        "<a href='https://click.mailer.net/c/1234'>Amazon.de: your order</a>",
        "<a href='https://click.mailer.net/c/1234'><img src=x alt='www.shop.com'></a>",
        "<a href='https://github.com/x/y'>README.md</a>",
        "<a href='https://github.com/x/y'>notes.py</a>",
        "<a href='https://github.com/x/y'>v1.2.3</a>",
        "<a href='https://github.com/x/y'>e.g.</a>",
        "<a href='https://www.example.org/a'>example.org</a>",
        "<a href='https://login.example.org/a'>https://www.example.org</a>",
        "<a href='http://example.org/a'>https://example.org</a>",
        "<a href='https://shop.co.uk/'>www.shop.co.uk</a>",
        "<a href='mailto:bob@evil.net'>www.paypal.com</a>",
        "<a href='https://evil.net/'>bob@paypal.com</a>",
        "<a href='https://evil.net/'>index.php</a>",
        "<a href='https://xn--mller-kva.de/'>www.müller.de</a>",
        "<a href='https://müller.de/'>www.xn--mller-kva.de</a>",
        "<a href='https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fshop.com%2Fa'>https://shop.com/a</a>",
        "<a href='https://www.google.com/url?q=https://shop.com/a'>shop.com</a>",
        "<a name='top'>www.paypal.com</a><a href='https://a.org'>x</a>",
        "<style>a:after{content:'<a href=https://evil.net>www.paypal.com</a>'}</style>",
        "<!-- <a href='https://evil.net'>www.paypal.com</a> -->",
        "<a href='#top'>www.paypal.com</a>",
    ] {
        assert_eq!(codes("From: x <x@somewhere.org>", html), [""; 0], "{html}");
    }
    // A newsletter counts clicks on the way to its own site; a reader who clicks sees the host all the same.
    let html = "<a href='https://click.mailer.net/c/1'>www.shop.com</a>";
    assert_eq!(codes(&format!("From: Shop <news@mail.shop.com>\r\n{LIST}"), html), [""; 0]);
    assert_eq!(links::misleading(html).len(), 1);
    let foreign = "<a href='https://click.mailer.net/c/1'>www.paypal.com</a>";
    assert_eq!(codes(&format!("From: Shop <news@mail.shop.com>\r\n{LIST}"), foreign), ["link"]);
}

#[test]
fn files_that_do_something_are_told_of_by_how_they_end() {
    let code = |name: &str| files::of(name).map(|one| serde_json::to_value(one).unwrap()["code"].clone());
    for (name, told) in [
        ("setup.exe", "program"),
        ("Setup.EXE", "program"),
        ("setup.exe.", "program"),
        ("photo.scr", "program"),
        ("open me.lnk", "program"),
        ("invoice.js", "program"),
        ("disk.iso", "program"),
        ("table.xlsm", "program"),
        ("invoice.pdf.exe", "doubleEnding"),
        ("invoice.pdf          .exe", "doubleEnding"),
        ("photo.jpg.lnk", "doubleEnding"),
        ("letter.docx.js", "doubleEnding"),
        ("photo\u{202e}gpj.exe", "doubleEnding"),
        ("invoice.pdf.html", "doubleEnding"),
        ("payment.html", "webPage"),
        ("logo.svg", "webPage"),
    ] {
        assert_eq!(code(name), Some(told.into()), "{name}");
    }
    for name in [
        "invoice.pdf",
        "photo.jpg",
        "archive.tar.gz",
        "letter.docx",
        "notes.txt",
        "exe",
        "a.b.c",
        "",
        ".",
        "page.htmlx",
    ] {
        assert_eq!(code(name), None, "{name}");
    }
}

#[test]
fn a_look_alike_is_told_with_what_it_looks_like() {
    let known = Known::from_hosts(["example.com"]);
    let found = super::sender::look_alike("xn--xample-2of.com", DomainRole::From, &known);
    let (shown, ascii, like) = ("еxample.com".into(), "xn--xample-2of.com".into(), Some("example.com".into()));
    assert_eq!(found, Some(Finding::LookAlike { place: DomainRole::From, shown, ascii, like }));
}

#[test]
fn however_a_page_is_made_it_is_looked_through_soon() {
    let began = std::time::Instant::now();
    for piece in
        ["<a href='https://evil.net/'>www.paypal.com", "<a href='https://e.net'>", "<", "<a ", "&#", "x.", "<a href='"]
    {
        let page = piece.repeat((1 << 20) / piece.len());
        links::misleading(&page);
        links::hosts(&page);
    }
    assert!(began.elapsed() < std::time::Duration::from_secs(60), "{:?}", began.elapsed());
}
