//! Signatures, ours and those of others, honest and hostile.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::body::{Bodies, Covered};
use super::canonical::Form;
use super::field;
use super::header::{Header, split};
use super::tags::{Tags, between_colons};
use super::*;
use crate::Table;
use crate::tests::wait;

const NOW: u64 = 1_796_059_411;
const LETTER: &str = "From: Bank <info@bank.test>\r\nTo: Bob <bob@beta.test>\r\nSubject: Your\r\n account\r\n\
                      Date: Mon, 30 Nov 2026 17:00:00 +0000\r\n\r\nDear Bob,  \r\n\r\nall \t is well.\r\n\r\n\r\n";

fn key() -> SigningKey {
    SigningKey::from_pem(include_bytes!("samples/ed25519.pem")).unwrap()
}

fn rsa() -> SigningKey {
    SigningKey::from_pem(include_bytes!("samples/rsa-2048.pem")).unwrap()
}

fn dns(record: &str) -> Table {
    Table::new().txt("one._domainkey.bank.test", record)
}

fn with_key() -> Table {
    dns(&key().public_record())
}

fn checked(letter: &[u8], dns: &Table) -> Vec<SignatureVerdict> {
    let mut verifier = Verifier::new();
    verifier.octets(letter);
    wait(verifier.finish().conclude(dns, NOW))
}

fn only(letter: &str, dns: &Table) -> SignatureVerdict {
    let verdicts = checked(letter.as_bytes(), dns);
    assert_eq!(verdicts.len(), 1, "{verdicts:?}");
    verdicts.into_iter().next().unwrap()
}

fn reason(letter: &str, dns: &Table) -> Reason {
    only(letter, dns).reason
}

/// Signs a letter with any tags: those told replace or join the usual ones; one without a value is left out.
fn signed(letter: &str, told: &[(&str, &str)]) -> String {
    let usual = [("v", "1"), ("a", "ed25519-sha256"), ("d", "bank.test"), ("s", "one"), ("h", "From:To:Subject")];
    let left = usual.iter().filter(|(name, _)| !told.iter().any(|(other, _)| other == name));
    let tags = left.chain(told).filter(|(_, value)| !value.is_empty());
    let mut list = tags.map(|(name, value)| format!(" {name}={value};\r\n")).collect::<String>();
    let find = |name: &str| Tags::parse(list.as_bytes()).unwrap().find(name).map(<[u8]>::to_vec);
    let forms = String::from_utf8(find("c").unwrap_or_default()).unwrap();
    let (of_header, of_body) = forms.split_once('/').unwrap_or((&forms, "simple"));
    let form = |name: &str| Form::named(name.as_bytes()).unwrap_or_default();
    let up_to = find("l").map(|digits| String::from_utf8(digits).unwrap().parse().unwrap_or_default());
    let names: Vec<_> = between_colons(&find("h").unwrap_or_default()).map(<[u8]>::to_ascii_lowercase).collect();
    let (header, body) = split(letter.as_bytes());
    if find("bh").is_none() {
        let covered = Covered { form: form(of_body), up_to };
        let mut bodies = Bodies::new([covered]);
        bodies.octets(body);
        list += &format!(" bh={};", STANDARD.encode(bodies.finish().find(covered).unwrap().sha256));
    }
    list += " b=";
    let mut octets = Vec::new();
    for field in Header::new(header.to_vec()).chosen(&names, None) {
        form(of_header).write_field(field.name, field.value, &mut octets);
        octets.extend_from_slice(b"\r\n");
    }
    form(of_header).write_field(b"DKIM-Signature", list.as_bytes(), &mut octets);
    let signature = STANDARD.encode(key().sign(&octets).unwrap());
    format!("DKIM-Signature:{list}{signature}\r\n{letter}")
}

fn signer(key: SigningKey) -> Signer {
    Signer { domain: "bank.test".to_owned(), selector: "one".to_owned(), key }
}

fn signed_by_us(letter: &str) -> String {
    signer(key()).sign(letter.as_bytes(), NOW).unwrap() + letter
}

#[test]
fn the_example_of_rfc_8463_is_right_with_both_of_its_signatures() {
    let dns = Table::new()
        .txt(
            "brisbane._domainkey.football.example.com",
            concat!("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMl", "rwIaaPcHURo="),
        )
        .txt(
            "test._domainkey.football.example.com",
            concat!(
                "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR",
                "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC",
                "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3",
                "Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
            ),
        );
    let verdicts = checked(include_bytes!("samples/rfc8463.eml"), &dns);
    let told: Vec<_> = verdicts.iter().map(|one| (one.result, one.algorithm.unwrap(), one.key_bits.unwrap())).collect();
    let pass = SignatureResult::Pass;
    assert_eq!(told, [(pass, Algorithm::Ed25519Sha256, 256), (pass, Algorithm::RsaSha256, 1024)]);
    assert_eq!(
        (verdicts[0].domain.as_str(), verdicts[0].identity.as_str()),
        ("football.example.com", "@football.example.com")
    );
    assert_eq!(verdicts[1].beginning, "icKcLSEZ");
}

#[test]
fn what_we_sign_is_right_with_both_kinds_of_key() {
    for key in [key(), rsa(), SigningKey::generate_ed25519().unwrap().0] {
        let dns = dns(&key.public_record());
        let (algorithm, bits) = (key.algorithm(), u32::try_from(key.bits()).ok());
        let field = signer(key).sign(LETTER.as_bytes(), NOW).unwrap();
        assert!(field.ends_with("\r\n") && field.lines().all(|line| line.len() <= 78), "{field}");
        let verdict = only(&(field + LETTER), &dns);
        assert_eq!((verdict.reason, verdict.algorithm), (Reason::Valid, Some(algorithm)));
        assert_eq!((verdict.key_bits, verdict.domain.as_str()), (bits, "bank.test"));
    }
}

#[test]
fn a_signature_of_ours_holds_when_the_letter_is_folded_and_spaced_anew_and_breaks_when_it_says_something_else() {
    let letter = signed_by_us(LETTER);
    let moved = letter.replace("Subject: Your\r\n account", "SUBJECT:  Your account ").replace("Bob,  ", "Bob,");
    assert_eq!(reason(&moved, &with_key()), Reason::Valid);
    assert_eq!(reason(&letter.replace("account", "money"), &with_key()), Reason::HeaderChanged);
    assert_eq!(reason(&letter.replace("is well", "is lost"), &with_key()), Reason::BodyChanged);
}

#[test]
fn nobody_can_add_a_field_that_we_sign() {
    let letter = signed_by_us(LETTER);
    for name in ["From", "To", "Cc", "Subject", "Date", "Reply-To", "References", "Content-Type", "Message-ID"] {
        for added in
            [letter.replace("\r\n\r\nDear", &format!("\r\n{name}: x\r\n\r\nDear")), format!("{name}: x\r\n{letter}")]
        {
            assert_eq!(reason(&added, &with_key()), Reason::HeaderChanged, "{name}");
        }
    }
    assert_eq!(reason(&format!("Received: x\r\nList-Id: x\r\n{letter}"), &with_key()), Reason::Valid);
}

#[test]
fn a_letter_without_one_from_is_not_signed() {
    let signer = signer(key());
    assert_eq!(signer.sign(b"To: bob@beta.test\r\n\r\n", NOW), Err(SignFault::NotOneFrom));
    assert_eq!(signer.sign(b"From: a@b.test\r\nFrom: c@d.test\r\n\r\n", NOW), Err(SignFault::NotOneFrom));
    assert!(signer.sign(b"From: a@b.test\r\n", NOW).is_ok(), "a letter without a body");
}

#[test]
fn keys_are_read_from_what_other_programs_write() {
    let same = |pem: &[u8]| SigningKey::from_pem(pem).unwrap().public_record();
    assert_eq!(same(include_bytes!("samples/rsa-2048-pkcs1.pem")), rsa().public_record());
    let (key, kept) = SigningKey::generate_ed25519().unwrap();
    assert_eq!(SigningKey::from_pkcs8(&kept).unwrap().public_record(), key.public_record());
    assert_eq!(SigningKey::from_pem(include_bytes!("samples/rsa-1024.pem")).unwrap_err(), KeyFault::TooShort);
    assert_eq!(SigningKey::from_pem(b"no key").unwrap_err(), KeyFault::NoKey);
    assert_eq!(SigningKey::from_pkcs8(b"0").unwrap_err(), KeyFault::NoKey);
    assert_eq!(format!("{:?}", rsa()), "SigningKey(rsa-sha256, …)");
}

#[test]
fn a_key_of_1024_bits_still_proves_something_and_one_of_512_bits_nothing() {
    let old = |record: &str| Table::new().txt("old._domainkey.bank.test", record);
    let verdicts = checked(include_bytes!("samples/rsa-1024.eml"), &old(include_str!("samples/rsa-1024.txt")));
    assert_eq!((verdicts[0].reason, verdicts[0].key_bits), (Reason::Valid, Some(1024)));
    let verdicts = checked(include_bytes!("samples/rsa-512.eml"), &old(include_str!("samples/rsa-512.txt")));
    assert_eq!((verdicts[0].reason, verdicts[0].key_bits), (Reason::WeakKey, Some(512)));
    assert_eq!(verdicts[0].result, SignatureResult::Fail);
}

#[test]
fn every_pair_of_forms_is_right_whatever_the_pieces_are() {
    for forms in ["simple", "relaxed", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"] {
        let letter = signed(LETTER, &[("c", forms)]);
        for size in [1, 2, 3, 7, 1000] {
            let mut verifier = Verifier::new();
            letter.as_bytes().chunks(size).for_each(|piece| verifier.octets(piece));
            let verdicts = wait(verifier.finish().conclude(&with_key(), NOW));
            assert_eq!(verdicts[0].reason, Reason::Valid, "{forms} {size}");
        }
    }
}

#[test]
fn bodies_with_odd_ends_are_right() {
    for body in ["", "\r\n", "\r\n\r\n", "a", "a\r\n \t\r\n", "a\rb\nc\r\n", "\n", "a\r\n.\r\n\r\n"] {
        for forms in ["simple/simple", "relaxed/relaxed"] {
            let letter = signed(&format!("From: a@bank.test\r\n\r\n{body}"), &[("c", forms)]);
            assert_eq!(reason(&letter, &with_key()), Reason::Valid, "{body:?} {forms}");
        }
    }
    let header_only = signed("From: a@bank.test\r\n", &[]);
    assert_eq!(reason(&header_only, &with_key()), Reason::Valid);
}

#[test]
fn what_stands_behind_the_signed_octets_is_counted_and_not_trusted() {
    let letter = signed(LETTER, &[("c", "relaxed/relaxed"), ("l", "9")]);
    let verdict = only(&letter, &with_key());
    assert_eq!((verdict.result, verdict.reason), (SignatureResult::Policy, Reason::PartOfBody));
    assert_eq!(verdict.unsigned_octets, "\r\n\r\nall is well.\r\n".len() as u64);
    let whole = signed(LETTER, &[("c", "relaxed/relaxed"), ("l", "27")]);
    assert_eq!(reason(&whole, &with_key()), Reason::Valid);
    assert_eq!(reason(&(whole + "Send money.\r\n"), &with_key()), Reason::PartOfBody);
    let longer = signed(LETTER, &[("c", "relaxed/relaxed"), ("l", "28")]);
    assert_eq!(reason(&longer, &with_key()), Reason::BodyChanged);
    assert_eq!(reason(&signed(LETTER, &[("l", "0")]), &with_key()), Reason::PartOfBody);
}

#[test]
fn times_bound_a_signature() {
    let at = |made: u64, expires: u64| signed(LETTER, &[("t", &made.to_string()), ("x", &expires.to_string())]);
    assert_eq!(reason(&at(NOW - 9, NOW), &with_key()), Reason::Valid);
    assert_eq!(reason(&at(NOW - 9, NOW - 1), &with_key()), Reason::Expired);
    assert_eq!(reason(&at(NOW + 9, NOW + 99), &with_key()), Reason::Valid);
    assert_eq!(reason(&at(NOW + 900, NOW + 9999), &with_key()), Reason::FromTheFuture);
    assert_eq!(reason(&at(NOW, NOW), &with_key()), Reason::Malformed);
    assert_eq!(reason(&signed(LETTER, &[("t", "soon")]), &with_key()), Reason::Malformed);
}

#[test]
fn several_from_prove_nothing() {
    let two = format!("From: Eve <eve@evil.test>\r\n{LETTER}");
    for names in ["From", "From:From", "From:From:From"] {
        let verdict = only(&signed(&two, &[("h", names)]), &with_key());
        assert_eq!((verdict.result, verdict.reason), (SignatureResult::Policy, Reason::SeveralFrom), "{names}");
    }
    // A second From that was added behind the signature.
    let once = signed(LETTER, &[("h", "From")]);
    assert_eq!(reason(&format!("From: Eve <eve@evil.test>\r\n{once}"), &with_key()), Reason::SeveralFrom);
    let twice = signed(LETTER, &[("h", "From:From")]);
    assert_eq!(reason(&format!("From: Eve <eve@evil.test>\r\n{twice}"), &with_key()), Reason::HeaderChanged);
    assert_eq!(reason(&signed(LETTER, &[("h", "From:To:To:Cc:from")]), &with_key()), Reason::Valid);
    assert_eq!(reason(&signed(LETTER, &[("h", "To:Subject")]), &with_key()), Reason::FromNotSigned);
    assert_eq!(reason(&signed("To: b@c.test\r\n\r\n", &[]), &with_key()), Reason::SeveralFrom);
}

#[test]
fn an_identity_belongs_to_the_domain() {
    let of = |identity: &str, record: &str| reason(&signed(LETTER, &[("i", identity)]), &dns(record));
    let record = key().public_record();
    for identity in ["@bank.test", "info@bank.test", "@Mail.BANK.test", "a@b@mail.bank.test"] {
        assert_eq!(of(identity, &record), Reason::Valid, "{identity}");
    }
    for identity in ["@evilbank.test", "@test", "bank.test", "@", "@bank.test.evil.test"] {
        assert_eq!(of(identity, &record), Reason::ForeignIdentity, "{identity}");
    }
    let strict = record.replace("k=", "t=y:s; k=");
    assert_eq!(of("info@bank.test", &strict), Reason::Valid);
    assert_eq!(of("info@mail.bank.test", &strict), Reason::ForeignIdentity);
    assert!(only(&signed(LETTER, &[]), &dns(&strict)).testing);
}

#[test]
fn a_record_says_what_its_key_is_for() {
    let record = key().public_record();
    let with = |tag: &str| reason(&signed(LETTER, &[]), &dns(&record.replace("k=", &format!("{tag}; k="))));
    for tag in ["s=email", "s=*", "s=chat : email", "h=sha1:sha256", "n=note; g=*; x=y"] {
        assert_eq!(with(tag), Reason::Valid, "{tag}");
    }
    for tag in ["s=chat", "h=sha1", "h=sha512", "s=tlsrpt"] {
        assert_eq!(with(tag), Reason::OtherKey, "{tag}");
    }
    for (text, expected) in [
        ("v=DKIM1; p=", Reason::KeyRevoked),
        ("v=DKIM1; k=ed25519", Reason::MalformedKey),
        ("v=DKIM2; p=AAAA", Reason::MalformedKey),
        ("k=rsa; v=DKIM1; p=AAAA", Reason::MalformedKey),
        ("v=DKIM1; k=ed25519; p=AAAA", Reason::MalformedKey),
        ("v=DKIM1; k=rsa; p=????", Reason::MalformedKey),
        ("v=DKIM1; k=dilithium; p=AAAA", Reason::OtherKey),
        ("hello", Reason::MalformedKey),
        ("", Reason::MalformedKey),
    ] {
        assert_eq!(reason(&signed(LETTER, &[]), &dns(text)), expected, "{text}");
    }
    assert_eq!(reason(&signed(LETTER, &[]), &dns(&rsa().public_record())), Reason::OtherKey);
    let beside = dns("v=spf1 -all").txt("one._domainkey.bank.test", record);
    assert_eq!(reason(&signed(LETTER, &[]), &beside), Reason::Valid, "another text beside the key");
}

#[test]
fn no_key_is_not_the_same_as_no_answer() {
    let letter = signed(LETTER, &[]);
    assert_eq!(reason(&letter, &Table::new()), Reason::NoKey);
    assert_eq!(reason(&letter, &Table::new().name("one._domainkey.bank.test")), Reason::NoKey);
    let verdict = only(&letter, &with_key().silent("one._domainkey.bank.test"));
    assert_eq!((verdict.result, verdict.reason), (SignatureResult::TempError, Reason::NoAnswer));
    let broken = letter.replace("is well", "is lost");
    assert_eq!(reason(&broken, &Table::new().silent("one._domainkey.bank.test")), Reason::BodyChanged);
}

#[test]
fn sha1_and_what_is_not_known_are_no_pass() {
    let told = |tag, value| only(&signed(LETTER, &[(tag, value)]), &with_key());
    assert_eq!((told("a", "rsa-sha1").result, told("a", "rsa-sha1").reason), (SignatureResult::Fail, Reason::Sha1));
    for (tag, value) in [("a", "rsa-sha512"), ("v", "2"), ("c", "nofws"), ("c", "relaxed/nofws"), ("q", "http")] {
        assert_eq!(told(tag, value).result, SignatureResult::Neutral, "{tag}={value}");
    }
    assert_eq!(told("q", "http:dns/txt").reason, Reason::Valid);
}

#[test]
fn malformed_signatures_are_errors_that_still_name_the_domain() {
    for (tag, value) in [("v", ""), ("a", ""), ("s", ""), ("h", ""), ("bh", "????"), ("l", "x"), ("h", "From::To")] {
        let verdict = only(&signed(LETTER, &[(tag, value)]), &with_key());
        assert_eq!(
            (verdict.result, verdict.domain.as_str()),
            (SignatureResult::PermError, "bank.test"),
            "{tag}={value}"
        );
    }
    for domain in ["", "bank..test", "a b", "-.\u{7f}", &"a.".repeat(200)] {
        assert_eq!(reason(&signed(LETTER, &[("d", domain)]), &with_key()), Reason::Malformed, "{domain}");
    }
    for field in ["", " ", " v=1", " v=1; v=1", ";;;;", " v=1; a=rsa-sha256; b=; bh=; d=; s=; h="] {
        let verdict = only(&format!("DKIM-Signature:{field}\r\n{LETTER}"), &with_key());
        assert_eq!(verdict.result, SignatureResult::PermError, "{field}");
    }
}

#[test]
fn international_names_are_asked_for_in_a_labels() {
    // RFC 8616 §4.
    let dns = Table::new().txt("xn--cl-cja._domainkey.xn--caf-dma.test", key().public_record());
    for domain in ["café.test", "CAFÉ.test", "xn--caf-dma.test"] {
        let verdict = only(&signed(LETTER, &[("d", domain), ("s", "clé"), ("i", "é@mail.café.test")]), &dns);
        assert_eq!((verdict.reason, verdict.domain.as_str()), (Reason::Valid, "xn--caf-dma.test"), "{domain}");
        assert_eq!(verdict.identity, "é@mail.café.test");
    }
}

#[test]
fn signatures_are_checked_up_to_a_bound_and_each_for_itself() {
    let mut letter = LETTER.to_owned();
    for _ in 0..MOST_SIGNATURES {
        letter = signed(&letter, &[]);
    }
    let verdicts = checked(letter.as_bytes(), &with_key());
    assert_eq!((verdicts.len(), verdicts.iter().all(|one| one.reason == Reason::Valid)), (MOST_SIGNATURES, true));
    let more = format!("DKIM-Signature: broken\r\n{letter}");
    let reasons: Vec<_> = checked(more.as_bytes(), &with_key()).iter().map(|one| one.reason).collect();
    assert_eq!((reasons[0], reasons[1], reasons[MOST_SIGNATURES]), (Reason::Malformed, Reason::Valid, Reason::TooMany));
    assert_eq!(checked(LETTER.as_bytes(), &with_key()), [], "a letter that is not signed");
}

#[test]
fn a_signature_can_cover_another_and_never_itself() {
    let first = signed(LETTER, &[]);
    let second = signed(&first, &[("h", "From:DKIM-Signature")]);
    assert!(checked(second.as_bytes(), &with_key()).iter().all(|one| one.reason == Reason::Valid));
}

#[test]
fn a_replayed_signature_holds_for_its_own_letter_only() {
    let field = signer(key()).sign(LETTER.as_bytes(), NOW).unwrap();
    let other = LETTER.replace("all \t is well", "pay here");
    assert_eq!(reason(&(field.clone() + &other), &with_key()), Reason::BodyChanged);
    assert_eq!(reason(&(field + &LETTER.replace("info@bank", "info@evil")), &with_key()), Reason::HeaderChanged);
}

#[test]
fn a_header_without_an_end_is_not_kept() {
    let mut verifier = Verifier::new();
    for _ in 0..100 {
        verifier.octets(&[b'a'; 100_000]);
    }
    let verdicts = wait(verifier.finish().conclude(&with_key(), NOW));
    assert_eq!((verdicts.len(), verdicts[0].reason), (1, Reason::HeaderTooLarge));
}

#[test]
fn names_of_the_domain_name_system_are_read() {
    assert_eq!(field::name(b"Mail.Bank.TEST").as_deref(), Some("mail.bank.test"));
    assert_eq!(field::name(b"a_b.test").as_deref(), Some("a_b.test"));
    for no in [&b""[..], b".", b"a.", b"a b", b"\xff.test", &[b'a'; 64]] {
        assert_eq!(field::name(no), None);
    }
}

proptest! {
    #[test]
    fn whatever_we_sign_is_right_whatever_stands_in_it(
        subject in "[ -~é]{0,40}", body in "[ab\\. \t\r\n]{0,200}", more in prop::collection::vec("[ -~]{0,20}", 0..3),
        size in 1..50_usize,
    ) {
        let more: String = more.iter().map(|value| format!("Cc: {value}\r\n")).collect();
        let letter = signed_by_us(&format!("From: a@bank.test\r\nSubject: {subject}\r\n{more}\r\n{body}"));
        let mut verifier = Verifier::new();
        letter.as_bytes().chunks(size).for_each(|piece| verifier.octets(piece));
        let verdicts = wait(verifier.finish().conclude(&with_key(), NOW));
        prop_assert_eq!(verdicts[0].reason, Reason::Valid);
    }

    #[test]
    fn any_octets_get_a_verdict(
        value in "([vabcdhilqstxz]=[ -~]{0,9};|[ -~\r\n]){0,20}", record in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let letter = format!("DKIM-Signature: {value}\r\n{LETTER}");
        let verdicts = checked(letter.as_bytes(), &Table::new().txt("one._domainkey.bank.test", record.clone()));
        prop_assert!(verdicts.iter().all(|one| one.result != SignatureResult::Pass));
        let unread = checked(signed(LETTER, &[]).as_bytes(), &Table::new().txt("one._domainkey.bank.test", record));
        prop_assert!(unread.iter().all(|one| one.result != SignatureResult::Pass));
    }
}
