//! The octets of a letter, here and elsewhere.

use mail::seam::Login;

use super::*;

const EIGHT_BITS: &str = "From: alice@alpha.test\r\nBcc: eve@x.test\r\nMIME-Version: 1.0\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nÀ bientôt\r\n";

fn alice() -> Login {
    Login::of(AccountId(1), address("alice@alpha.test"))
}

fn wire() -> Wire {
    match peer() {
        Origin::Peer(wire) => wire,
        other => panic!("{other:?} is no peer"),
    }
}

/// It has what every letter has, and nothing but ASCII.
fn assert_finished(letter: &[u8], author: &str) {
    let text = std::str::from_utf8(letter).unwrap();
    assert!(text.is_ascii() && text.contains("\r\n=C3=80 bient=C3=B4t\r\n"), "{text}");
    for once in ["Date: ", "Message-ID: <aebagbafaydqqcik", "Content-Transfer-Encoding: quoted-printable\r\n", author] {
        assert_eq!(text.matches(once).count(), 1, "{once}: {text}");
    }
    assert!(!text.contains("eve@x.test"), "{text}");
}

fn own(raw: &str) -> Letter {
    Letter { id: LetterId::from_random([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), raw: raw.to_owned().into() }
}

#[tokio::test]
async fn a_letter_that_is_written_here_has_its_last_octets_before_it_is_queued_whichever_way_it_is_handed_in() {
    let to = ["bob@alpha.test", "dora@beta.test"];
    let letter = own(EIGHT_BITS);
    for way in ["submission", "submission, for later", "JMAP", "facteur send"] {
        let town = Town::new().await;
        let (acceptor, envelope) = (town.intake.acceptor(), envelope("alice@alpha.test", &to));
        let person = Origin::Person(alice(), wire());
        let verdict = match way {
            "submission" => acceptor.accept(letter.clone(), envelope, person).await,
            "submission, for later" => {
                let envelope = Envelope { hold: Some(mail::Hold::For(3600)), ..envelope };
                acceptor.accept(letter.clone(), envelope, person).await
            }
            "JMAP" => {
                let noted = Box::new(|_: &mut Tx| Ok(()));
                town.intake.submitter().send(letter.clone(), envelope, (alice(), wire()), None, noted).await
            }
            _ => acceptor.accept_here(letter.clone(), envelope, "root").await,
        };
        assert_eq!(verdict.unwrap(), Verdict::Accept, "{way}");
        let queued = town.queued().await;
        assert_eq!(queued.len(), 1, "{way}");
        assert_finished(&queued[0], "From: alice@alpha.test\r\n");
        if way != "submission, for later" {
            let filed = town.folder(2, "INBOX").await;
            assert!(filed[0].as_bytes().ends_with(&queued[0]), "{way}: people here get the same octets: {filed:?}");
        }
    }
}

#[tokio::test]
async fn a_letter_without_an_author_is_who_has_its_reports_or_who_has_logged_in() {
    for (from, author) in [("bob@alpha.test", "bob@alpha.test"), ("", "alice@alpha.test")] {
        let town = Town::new().await;
        let letter = own("Subject: x\r\n\r\nhello\r\n");
        let person = Origin::Person(alice(), wire());
        assert_eq!(town.accept(&letter, from, &["dora@beta.test"], person).await, Verdict::Accept);
        let queued = String::from_utf8(town.queued().await.remove(0)).unwrap();
        assert!(queued.contains(&format!("From: {author}\r\n")), "{queued}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_letter_is_finished_like_a_small_one() {
    let town = Town::new().await;
    let letter = own(&(EIGHT_BITS.to_owned() + &"x\r\n".repeat(200_000)));
    let person = Origin::Person(alice(), wire());
    assert_eq!(town.accept(&letter, "alice@alpha.test", &["dora@beta.test"], person).await, Verdict::Accept);
    assert_finished(&town.queued().await[0], "From: alice@alpha.test\r\n");
}

#[tokio::test]
async fn what_somebody_has_signed_leaves_as_it_was_handed_in() {
    let head = "Date: x\r\nFrom: alice@alpha.test\r\nMessage-ID: <1@alpha.test>\r\n";
    let signed = "Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\né\r\n--s\r\n\r\nx\r\n--s--\r\n";
    let by_gateway = "DKIM-Signature: v=1; b=x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\né\r\n";
    for rest in [signed, by_gateway] {
        let town = Town::new().await;
        let letter = own(&format!("{head}{rest}"));
        let person = Origin::Person(alice(), wire());
        assert_eq!(town.accept(&letter, "alice@alpha.test", &["dora@beta.test"], person).await, Verdict::Accept);
        assert_eq!(town.queued().await, [letter.raw.to_vec()]);
    }
}

#[tokio::test]
async fn a_letter_of_somebody_else_keeps_its_octets_whether_it_is_filed_or_goes_on() {
    let town = Town::new().await;
    let letter = own(EIGHT_BITS);
    assert_eq!(town.accept(&letter, "eve@evil.test", &["team@alpha.test"], peer()).await, Verdict::Accept);
    let on = [b"Delivered-To: team@alpha.test\r\n", &letter.raw[..]].concat();
    assert_eq!(town.queued().await, [on], "an alias that leads elsewhere");
    for filed in [town.folder(1, "INBOX").await, town.folder(2, "INBOX").await] {
        assert!(filed[0].as_bytes().ends_with(&letter.raw), "{filed:?}");
    }
}

#[tokio::test]
async fn a_letter_of_ours_that_goes_on_through_an_alias_has_the_octets_that_all_have() {
    let town = Town::new().await;
    let person = Origin::Person(alice(), wire());
    let to = ["dora@beta.test", "team@alpha.test"];
    assert_eq!(town.accept(&own(EIGHT_BITS), "alice@alpha.test", &to, person).await, Verdict::Accept);
    let queued = town.queued().await;
    assert_finished(&queued[0], "From: alice@alpha.test\r\n");
    assert_eq!(queued[1], [b"Delivered-To: team@alpha.test\r\n", &queued[0][..]].concat());
}

/// Signs with the length of the letter.
#[derive(Debug)]
struct Stamp;

impl mail::sign::Sign for Stamp {
    fn sign(&self, letter: &[u8], _: mail::Timestamp) -> mail::sign::Signed {
        let fields = format!("DKIM-Signature: {}\r\n", letter.len());
        mail::sign::Signed { fields, findings: vec![mail::Finding::new("signature", "signed")] }
    }
}

/// Returns true if the letter is signed, once, and in its last octets.
fn is_stamped(letter: &[u8]) -> bool {
    let text = String::from_utf8_lossy(letter);
    let Some((first, rest)) = text.split_once("\r\n") else { return false };
    // A report has the header of the letter that it tells of, with its signature, in a part of its body.
    let header = rest.split("\r\n\r\n").next().unwrap_or_default();
    first == format!("DKIM-Signature: {}", rest.len()) && !header.contains("DKIM-Signature:")
}

impl Town {
    async fn that_signs() -> Self {
        let Self { intake, _folder } = Self::new().await;
        Self { intake: intake.with_signer(Arc::new(Stamp)), _folder }
    }
}

#[tokio::test]
async fn all_that_is_written_here_is_signed_and_people_here_get_the_same_octets() {
    let to = ["bob@alpha.test", "dora@beta.test"];
    for way in ["submission", "facteur send"] {
        let town = Town::that_signs().await;
        let (acceptor, envelope) = (town.intake.acceptor(), envelope("alice@alpha.test", &to));
        let verdict = match way {
            "submission" => acceptor.accept(own(EIGHT_BITS), envelope, Origin::Person(alice(), wire())).await,
            _ => acceptor.accept_here(own(EIGHT_BITS), envelope, "root").await,
        };
        assert_eq!(verdict.unwrap(), Verdict::Accept, "{way}");
        let queued = town.queued().await;
        assert!(is_stamped(&queued[0]), "{way}: {queued:?}");
        let filed = town.folder(2, "INBOX").await;
        assert!(filed[0].as_bytes().ends_with(&queued[0]), "{way}: {filed:?}");
    }
}

#[tokio::test]
async fn a_rules_letter_and_a_report_are_signed_and_what_passes_through_is_not() {
    let town = Town::that_signs().await;
    let answers = super::filters::rule(|_, mut so_far| {
        let raw = bytes::Bytes::from_static(b"From: alice@alpha.test\r\nSubject: I am away\r\n\r\nBack soon.\r\n");
        so_far.written.push(mda::Written { to: address("eve@evil.test"), raw, once: None });
        Ok(so_far)
    });
    let town = Town { intake: town.intake.with_rules(vec![answers]), _folder: town._folder };
    let letter = own(EIGHT_BITS);
    assert_eq!(town.accept(&letter, "eve@evil.test", &["team@alpha.test"], peer()).await, Verdict::Accept);
    let (signed, passing): (Vec<_>, Vec<_>) = town.queued().await.into_iter().partition(|raw| is_stamped(raw));
    assert_eq!(passing, [[b"Delivered-To: team@alpha.test\r\n", &letter.raw[..]].concat()]);
    assert_eq!(signed.len(), 2, "one answer for each of the two who live here");

    let town = Town::that_signs().await;
    let to = ["alice@alpha.test", "ghost@alpha.test"];
    assert_eq!(town.accept(&hello(), "dora@beta.test", &to, Origin::House).await, Verdict::Accept);
    let report = town.queued().await.remove(0);
    assert!(is_stamped(&report), "{}", String::from_utf8_lossy(&report));
}
