//! The reports, held against fixtures in `tests/reports`. `UPDATE=1 cargo test` writes them anew: read the difference.

use std::path::PathBuf;
use std::time::Duration;

use mail::{Address, Enhanced, Timestamp};
use proptest::prelude::*;

use super::*;

const ORIGINAL: &[u8] = b"From: Alice <alice@alpha.test>\r\n\
    To: Bob <bob@beta.test>\r\n\
    Subject: =?utf-8?Q?Rendez-vous_=C3=A0_la_gare?=\r\n\
    Message-ID: <1234@alpha.test>\r\n\
    \r\n\
    At ten o'clock.\r\n";

fn office() -> Office {
    let postmaster = Address::parse("postmaster@alpha.test").unwrap();
    Office { hostname: "mail.alpha.test".into(), postmaster, signer: std::sync::Arc::new(mail::sign::Unsigned) }
}

fn fate(address: &str, status: (u8, u16, u16), said: &str, by: Option<&str>) -> Fate {
    Fate {
        address: Address::parse(address).unwrap(),
        original: None,
        status: Enhanced(status.0, status.1, status.2),
        said: said.into(),
        by: by.map(str::to_owned),
    }
}

fn id(number: u8) -> LetterId {
    LetterId::from_random([number; 10])
}

/// Calls `then` with a report on `original`, five days after it came.
fn with<T>(kind: Kind, fates: &[Fate], original: &[u8], then: impl FnOnce(&Report) -> T) -> T {
    let arrived = Timestamp::from_seconds(1_795_501_377);
    then(&Report {
        kind,
        office: &office(),
        to: &Address::parse("alice@alpha.test").unwrap(),
        arrived,
        now: arrived.after(Duration::from_secs(5 * 86_400)),
        fates,
        wishes: &LetterWishes::default(),
        original: Original { id: id(1), bytes: original, whole: true, size: original.len() as u64 },
    })
}

fn whole(kind: Kind, fates: &[Fate], original: &[u8]) -> String {
    with(kind, fates, original, |report| {
        let (letter, envelope) = report.write(id(2));
        assert_eq!(envelope.return_path, ReturnPath::Null);
        assert_eq!(envelope.recipients[0].address, Address::parse("alice@alpha.test").unwrap());
        assert_eq!(envelope.recipients[0].wishes, Wishes::none());
        String::from_utf8(letter.raw.to_vec()).unwrap()
    })
}

fn plain(kind: Kind, fates: &[Fate]) -> String {
    with(kind, fates, ORIGINAL, |report| words::plain_part(report, report.subject_of_original().as_deref()))
}

fn is_as_in(name: &str, found: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reports").join(name);
    // The fixtures have the line ends of text files.
    let found = found.replace("\r\n", "\n");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == expected, "{} is otherwise now:\n{found}", file.display());
}

const MX: Option<&str> = Some("mx.beta.test (192.0.2.7)");

#[test]
fn a_report_is_a_letter_with_three_parts() {
    let said = "550 5.1.1 <bob@beta.test>: Recipient address rejected: User unknown in local recipient table";
    is_as_in("no_such_mailbox.eml", &whole(Kind::Failed, &[fate("bob@beta.test", (5, 1, 1), said, MX)], ORIGINAL));
}

#[test]
fn a_notice_of_delay_asks_for_nothing() {
    let until = Timestamp::from_seconds(1_795_501_377).after(Duration::from_secs(5 * 86_400));
    let fates = [fate("bob@beta.test", (4, 4, 1), "connecting to mx.beta.test (192.0.2.7): Connection refused", None)];
    is_as_in("late.txt", &plain(Kind::Late { until }, &fates));
}

#[test]
fn each_cause_has_its_words_in_both_languages() {
    for (name, status, said, by) in [
        ("no_such_mailbox.txt", (5, 1, 1), "550 5.1.1 No such user", MX),
        ("mailbox_closed.txt", (5, 2, 1), "550 5.2.1 mailbox disabled", MX),
        ("mailbox_full.txt", (5, 2, 2), "552 5.2.2 over quota", MX),
        ("mailbox_stayed_full.txt", (4, 2, 2), "452 4.2.2 the mailbox of bob@beta.test is full", MX),
        ("no_such_domain.txt", (5, 1, 2), "the domain beta.test does not exist", None),
        ("domain_takes_no_mail.txt", (5, 1, 10), "beta.test takes no mail (it has a null MX record)", None),
        ("too_big.txt", (5, 3, 4), "552 5.3.4 Message size exceeds fixed limit", MX),
        ("spam.txt", (5, 7, 1), "550 5.7.1 Message rejected as spam by content filtering", MX),
        ("policy.txt", (5, 7, 1), "550 5.7.1 Not permitted", MX),
        ("not_in_charge.txt", (5, 7, 1), "550 5.7.1 Relay access denied", MX),
        ("blocked.txt", (5, 7, 1), "554 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org", MX),
        ("unproven.txt", (5, 7, 26), "550 5.7.26 Unauthenticated email from alpha.test is not accepted", MX),
        ("loop.txt", (5, 4, 6), "the mail server of beta.test is this server", None),
        (
            "cannot_carry.txt",
            (5, 6, 7),
            "the address is international (SMTPUTF8), which mx.beta.test does not know",
            None,
        ),
        ("time_ran_out.txt", (4, 4, 1), "connecting to mx.beta.test (192.0.2.7): Connection refused", None),
        ("damaged_here.txt", (5, 3, 0), crate::queue::DAMAGED, None),
        ("other.txt", (5, 0, 0), "554 no", MX),
        ("overdue.txt", (5, 4, 7), crate::queue::OVERDUE, None),
        ("greylisted.txt", (4, 2, 0), "450 4.2.0 <bob@beta.test>: Recipient address rejected: Greylisted", MX),
        ("not_encrypted.txt", (5, 7, 0), "530 5.7.0 Must issue a STARTTLS command first", MX),
        (
            "too_big_by_our_count.txt",
            (5, 3, 4),
            "the letter has 20000000 bytes, and mx.beta.test takes 10485760 at most",
            None,
        ),
        (
            "blocked_by_a_list.txt",
            (5, 7, 1),
            "554 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.1",
            MX,
        ),
        ("nobody_here.txt", (5, 1, 1), "550 5.1.1 nobody here is called bob@beta.test", None),
    ] {
        is_as_in(name, &plain(Kind::Failed, &[fate("bob@beta.test", status, said, by)]));
    }
}

#[test]
fn several_recipients_stand_in_one_report_each_with_its_own_words() {
    let fates = [
        fate("bob@beta.test", (5, 1, 1), "550 5.1.1 No such user", MX),
        fate("josé@bücher.example", (5, 6, 7), "the address is international (SMTPUTF8)", None),
    ];
    is_as_in("two_recipients.eml", &whole(Kind::Failed, &fates, ORIGINAL));
}

#[test]
fn of_a_large_letter_only_the_header_comes_back() {
    let large = [ORIGINAL, &[b'x'; 100], b"\r\n", &b"more\r\n".repeat(20_000)].concat();
    let report = whole(Kind::Failed, &[fate("bob@beta.test", (5, 1, 1), "550 no", MX)], &large);
    assert!(report.contains("Content-Type: text/rfc822-headers\r\n\r\nFrom: Alice"));
    assert!(!report.contains("ten o'clock"));
}

#[test]
fn the_subject_is_read_as_everybody_reads_it() {
    for (letter, read) in [
        // Raw octets in the charset that the text is in.
        (&b"Subject: \xf0\xd2\xc9\xd7\xc5\xd4\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\n"[..], "Привет"),
        (b"Subject: caf\xe9\r\n\r\n", "café"),
        // Neighbouring words of a charset with states, and one whose character was cut in two.
        (b"Subject: =?iso-2022-jp?B?GyRCMnE1RBsoQg==?=\r\n =?iso-2022-jp?B?GyRCMnE1RBsoQg==?=\r\n\r\n", "会議会議"),
        (b"Subject: =?utf-8?q?=C3?= =?utf-8?q?=A9?=\r\n\r\n", "é"),
        (b"Subject: =?cp932?B?ie+LYw==?=\r\n\r\n", "会議"),
        // If there are two, the last counts.
        (b"Subject: one\r\nSubject: two\r\n\r\n", "two"),
    ] {
        with(Kind::Failed, &[], letter, |report| {
            assert_eq!(report.subject_of_original().as_deref(), Some(read), "{}", letter.escape_ascii());
        });
    }
}

#[test]
fn hostile_words_and_headers_stay_words() {
    let hostile = b"Subject: x\r\nMessage-ID: <a@b>\r\n\tBcc: evil@x.test\r\nX: \xff\xfe\r\n\r\n";
    let said = format!("550 {}\u{202e}\u{7f} --=_aaaa", "x".repeat(2000));
    let report = whole(Kind::Failed, &[fate("bob@beta.test", (5, 1, 1), &said, MX)], hostile);
    assert!(report.is_ascii());
    assert!(!report.contains("\r\nBcc") && !report.contains("References"));
    let depth = |text: &str| report.matches(text).count();
    assert_eq!(depth(&format!("\r\n--=_{}\r\n", id(2))), 3);
}

#[test]
fn an_international_sender_gets_an_international_report() {
    let to = Address::parse("josé@alpha.test").unwrap();
    let fates = [fate("bob@beta.test", (5, 1, 1), "550 no", MX)];
    with(Kind::Failed, &fates, ORIGINAL, |report| {
        let (letter, envelope) = Report { to: &to, ..report.clone() }.write(id(2));
        assert!(envelope.smtputf8 && envelope.body == BodyKind::EightBitMime);
        assert!(String::from_utf8(letter.raw.to_vec()).unwrap().contains("To: <josé@alpha.test>\r\n"));
    });
}

/// The fields of each block of the part that programs read (RFC 3464 §2.1), unfolded.
fn blocks(report: &str) -> Vec<Vec<(String, String)>> {
    let (_, part) = report.split_once("Content-Type: message/delivery-status\r\n\r\n").unwrap();
    let part = part.split("\r\n--=_").next().unwrap();
    let field = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
    let block =
        |block: &str| block.replace("\r\n   ", "").split("\r\n").filter(|line| !line.is_empty()).map(field).collect();
    part.split("\r\n\r\n").map(block).collect()
}

fn any_kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(vec![
        Kind::Failed,
        Kind::Late { until: Timestamp::from_seconds(1_796_000_000) },
        Kind::Delivered,
        Kind::Relayed,
        Kind::Expanded,
    ])
}

proptest! {
    #[test]
    fn a_report_reads_back_whatever_it_is_about(
        kind in any_kind(),
        said in prop::collection::vec("[ -~é\u{0}\r\n]{0,300}", 1..6),
        envelope_id in prop::option::of("[!-~]{1,100}"),
        original in "[!-~é ]{1,80}",
        lines in prop::collection::vec("[ -~é]{0,1100}|[A-Z]{1,9}: [ -~é]{0,80}", 0..9),
        returned in prop::sample::select(vec![None, Some(Returned::Full), Some(Returned::Header)]),
    ) {
        let fates: Vec<Fate> = said.iter().enumerate().map(|(place, said)| Fate {
            original: Some(mail::OriginalRecipient { kind: "rfc822".into(), address: original.clone() }),
            ..fate(&format!("person{place}@beta.test"), (5, 1, 1), &crate::queue::Said::ours(Enhanced(5, 1, 1), said).text, MX)
        }).collect();
        let letter = lines.join("\r\n");
        let wishes = LetterWishes { returned, envelope_id: envelope_id.clone(), by: None };
        let text = with(kind, &fates, letter.as_bytes(), |report| {
            let (letter, _) = Report { wishes: &wishes, ..report.clone() }.write(id(2));
            String::from_utf8(letter.raw.to_vec()).unwrap()
        });
        prop_assert!(text.is_ascii());
        prop_assert!(text.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
        let blocks = blocks(&text);
        prop_assert_eq!(blocks.len(), fates.len() + 1);
        let value = |block: &[(String, String)], name: &str| block.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        prop_assert_eq!(value(&blocks[0], "Original-Envelope-Id"), envelope_id);
        for (block, fate) in blocks[1..].iter().zip(&fates) {
            prop_assert_eq!(value(block, "Final-Recipient"), Some(format!("rfc822; {}", fate.address)));
            prop_assert!(value(block, "Original-Recipient").is_some());
            prop_assert!(matches!(value(block, "Action").as_deref(), Some("failed" | "delayed" | "delivered" | "relayed" | "expanded")));
            prop_assert_eq!(value(block, "Status"), Some("5.1.1".to_owned()));
        }
    }
}

#[test]
fn who_asked_hears_that_a_letter_has_arrived() {
    for (name, kind) in
        [("delivered.txt", Kind::Delivered), ("relayed.txt", Kind::Relayed), ("expanded.txt", Kind::Expanded)]
    {
        let said = if kind == Kind::Relayed { "250 2.0.0 taken" } else { "" };
        let by = if kind == Kind::Relayed { MX } else { None };
        is_as_in(name, &plain(kind, &[fate("bob@beta.test", (2, 0, 0), said, by)]));
    }
}
