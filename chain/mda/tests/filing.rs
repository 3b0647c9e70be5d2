//! Letters are filed for our people, each with an answer of their own.

use std::sync::Arc;

use bytes::Bytes;
use facteur_mda::{Addressee, Case, Decision, Disposition, Fate, Incoming, Keep, Later, Mda, Outcome, Placement, Rule};
use mail::seam::{AccountId, Origin, OurFault, Pending};
use mail::{
    Address, BodyKind, Domain, Envelope, Finding, Findings, Letter, LetterId, LetterWishes, Reply, ReturnPath,
    Severity, Timestamp,
};
use mailbox::{Access, System, UidRange, Want, folder};
use store::{Key, Options, Store};

const NOW: Timestamp = Timestamp(1_795_501_377_000);

struct Fixture {
    store: Store,
    _folder: tempfile::TempDir,
}

impl Fixture {
    /// Makes the mailboxes 1 and 2, of which the second takes 1000 octets.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(Options::new(folder.path()), mailbox::MIGRATIONS).unwrap();
        store
            .write(Key::Everything, |tx| {
                mailbox::account::create(tx, AccountId(1), None)?;
                folder::create(tx, Access::own(AccountId(1)), "Lists/Rust", None)?;
                mailbox::account::create(tx, AccountId(2), Some(1000))
            })
            .await
            .unwrap();
        Self { store, _folder: folder }
    }

    /// Each letter of a folder, whole.
    async fn letters(&self, account: i64, name: &'static str) -> Vec<String> {
        let look = move |view: &store::View| {
            let access = Access::own(AccountId(account));
            let folder = folder::by_name(view, access, name)?.unwrap();
            let all = UidRange::new(mailbox::Uid::new(1).unwrap(), mailbox::Uid::new(u32::MAX).unwrap());
            let rows = mailbox::fetch(view, access, folder.id, &[all], Want::ALL, 100)?;
            let whole = |row: &mailbox::Row| {
                let card = row.card.as_ref().unwrap();
                let bytes = view.read_blob(card.blob, 0..row.size)?;
                Ok(String::from_utf8_lossy(&bytes).into_owned())
            };
            rows.iter().map(whole).collect::<Result<Vec<String>, mailbox::Error>>()
        };
        self.store.read(look).await.unwrap()
    }
}

fn to(account: i64, address: &str, detail: Option<&str>) -> Addressee {
    let address = Address::parse(address).unwrap();
    Addressee { account: AccountId(account), address, detail: detail.map(str::to_owned) }
}

fn letter(raw: impl Into<Bytes>) -> (Letter, Envelope) {
    let from = Address::parse("carol@elsewhere.test").unwrap();
    let envelope = Envelope {
        return_path: ReturnPath::Address(from.clone()),
        recipients: vec![from.into()],
        body: BodyKind::SevenBit,
        smtputf8: false,
        hold: None,
        wishes: LetterWishes::default(),
    };
    (Letter { id: LetterId::from_random([7; 10]), raw: raw.into() }, envelope)
}

/// Decides about a letter, as far as it has been decided before the writer is asked.
async fn decide(mda: &Mda, raw: impl Into<Bytes>, recipients: Vec<Addressee>, later: Later) -> Vec<Decision> {
    let ((letter, envelope), hostname) = (letter(raw), Domain::parse("mail.alpha.test").unwrap());
    let (origin, findings) = (Origin::House, Findings::default());
    let (letter, envelope, origin, findings, hostname) = (&letter, &envelope, &origin, &findings, &hostname);
    mda.decide(Incoming { letter, envelope, origin, findings, hostname }, recipients, later).await
}

async fn deliver_found(
    fixture: &Fixture,
    mda: &Mda,
    raw: impl Into<Bytes>,
    recipients: Vec<Addressee>,
    findings: &Findings,
) -> Vec<Outcome> {
    let ((letter, envelope), hostname) = (letter(raw), Domain::parse("mail.alpha.test").unwrap());
    let (letter, envelope, origin, hostname) = (&letter, &envelope, &Origin::House, &hostname);
    let incoming = Incoming { letter, envelope, origin, findings, hostname };
    let decisions = mda.decide(incoming, recipients, Later::Possible).await;
    let filing = mda.prepare(incoming, &decisions, NOW).await.unwrap();
    fixture.store.write(Key::Everything, move |tx| filing.file(tx)).await.unwrap()
}

async fn deliver(fixture: &Fixture, mda: &Mda, raw: impl Into<Bytes>, recipients: Vec<Addressee>) -> Vec<Outcome> {
    deliver_found(fixture, mda, raw, recipients, &Findings::default()).await
}

fn is_filed(outcome: &Outcome) -> bool {
    matches!(&outcome.fate, Fate::Filed(copies) if !copies.is_empty())
}

#[tokio::test]
async fn a_letter_is_filed_into_the_inbox_with_its_two_marks() {
    let fixture = Fixture::new().await;
    let mda = Mda::new(fixture.store.clone());
    let outcomes = deliver(&fixture, &mda, "Subject: x\r\n\r\nhello\r\n", vec![to(1, "team@alpha.test", None)]).await;
    assert!(outcomes.iter().all(is_filed));
    assert_eq!(
        fixture.letters(1, "INBOX").await,
        ["Return-Path: <carol@elsewhere.test>\r\nDelivered-To: team@alpha.test\r\nSubject: x\r\n\r\nhello\r\n"]
    );
}

#[tokio::test]
async fn what_stands_behind_the_plus_finds_a_folder_but_never_makes_one() {
    let fixture = Fixture::new().await;
    let mda = Mda::new(fixture.store.clone());
    for (detail, folder) in
        [("lists.rust", "Lists/Rust"), ("lists/rust", "Lists/Rust"), ("junk", "Junk"), ("new", "INBOX")]
    {
        let before = fixture.letters(1, folder).await.len();
        let outcomes = deliver(&fixture, &mda, "\r\nhello", vec![to(1, "alice@alpha.test", Some(detail))]).await;
        assert!(is_filed(&outcomes[0]));
        assert_eq!(fixture.letters(1, folder).await.len(), before + 1, "{detail}");
    }
}

#[tokio::test]
async fn a_full_mailbox_answers_for_itself_alone() {
    let fixture = Fixture::new().await;
    let mda = Mda::new(fixture.store.clone());
    let both = vec![to(2, "bob@alpha.test", None), to(1, "alice@alpha.test", None)];
    let outcomes = deliver(&fixture, &mda, "x".repeat(2000), both).await;
    assert!(matches!(&outcomes[0].fate, Fate::Refused(reply) if reply.to_string().starts_with("452 4.2.2")));
    assert!(is_filed(&outcomes[1]));
    assert_eq!((fixture.letters(1, "INBOX").await.len(), fixture.letters(2, "INBOX").await.len()), (1, 0));
}

#[tokio::test]
async fn who_is_gone_meanwhile_is_not_here() {
    let fixture = Fixture::new().await;
    let mda = Mda::new(fixture.store.clone());
    let outcomes = deliver(&fixture, &mda, "\r\nhello", vec![to(9, "gone@alpha.test", None)]).await;
    assert!(matches!(&outcomes[0].fate, Fate::Refused(reply) if reply.code == 550));
}

/// Returns how many octets the bodies take in the database, and how many bodies there are.
async fn kept(fixture: &Fixture) -> (u64, u64) {
    let sql = "SELECT coalesce(sum(length(bytes)), 0), count(*) FROM blob_content";
    let sum = |view: &store::View| view.query_one(sql, store::params![], |row| Ok((row.get(0)?, row.get(1)?)));
    fixture.store.read::<_, store::Error, _>(sum).await.unwrap()
}

/// A letter that cannot be packed much smaller.
fn noise(length: usize) -> String {
    let mut state = 1u64;
    let next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'!' + (state >> 58) as u8)
    };
    let body: String = std::iter::repeat_with(next).take(length).collect();
    format!("Subject: noise\r\n\r\n{body}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_to_a_hundred_people_is_kept_once_and_names_each_of_them() {
    for length in [10_000, 400_000] {
        let fixture = Fixture::new().await;
        fixture
            .store
            .write(Key::Everything, |tx| {
                (100..200).try_for_each(|id| mailbox::account::create(tx, AccountId(id), None))
            })
            .await
            .unwrap();
        let mda = Mda::new(fixture.store.clone());
        let everybody = (100..200).map(|id| to(id, &format!("person{id}@alpha.test"), None)).collect();
        let text = noise(length);
        let begun = std::time::Instant::now();
        let outcomes = deliver(&fixture, &mda, text.clone(), everybody).await;
        println!("{length} octets to 100 people: {:?}", begun.elapsed());
        assert_eq!(outcomes.len(), 100);
        assert!(outcomes.iter().all(is_filed));
        for id in [100, 155, 199] {
            let marks = format!("Return-Path: <carol@elsewhere.test>\r\nDelivered-To: person{id}@alpha.test\r\n");
            assert!(fixture.letters(id, "INBOX").await == [marks + &text]);
        }
        let (octets, _) = kept(&fixture).await;
        assert!(octets < length as u64 + 20_000, "{octets} octets are kept of one letter of {length}");
    }
}

#[tokio::test]
async fn people_behind_one_alias_share_one_body() {
    let fixture = Fixture::new().await;
    let mda = Mda::new(fixture.store.clone());
    let both = vec![to(1, "team@alpha.test", None), to(2, "team@alpha.test", None)];
    let outcomes = deliver(&fixture, &mda, "Subject: x\r\n\r\nhello\r\n", both).await;
    assert!(outcomes.iter().all(is_filed));
    assert_eq!(fixture.letters(1, "INBOX").await, fixture.letters(2, "INBOX").await);
    assert_eq!(kept(&fixture).await.1, 1);
}

#[tokio::test]
async fn one_of_many_who_expunges_the_letter_takes_it_from_nobody_else() {
    let fixture = Fixture::new().await;
    let mda = Mda::new(fixture.store.clone());
    let both = vec![to(1, "alice@alpha.test", None), to(2, "bob@alpha.test", None)];
    deliver(&fixture, &mda, "Subject: x\r\n\r\nhello\r\n", both).await;
    let expunge = |account| {
        move |tx: &mut store::Tx| {
            let access = Access::own(AccountId(account));
            let inbox = folder::by_name(tx, access, "INBOX")?.unwrap().id;
            mailbox::letter::expunge(tx, access, inbox, &mailbox::letter::Expunge::All(&[UidRange::ALL]), 100)
        }
    };
    fixture.store.write(store::Key::Everything, expunge(1)).await.unwrap();
    assert!(fixture.letters(1, "INBOX").await.is_empty());
    assert!(
        fixture.letters(2, "INBOX").await[0].ends_with("Delivered-To: bob@alpha.test\r\nSubject: x\r\n\r\nhello\r\n")
    );
    fixture.store.write(store::Key::Everything, expunge(2)).await.unwrap();
    assert_eq!(kept(&fixture).await, (0, 0));
}

/// Files what is marked as junk where junk belongs, and refuses what is poison.
struct Taster;

impl Rule for Taster {
    fn name(&self) -> &'static str {
        "taster"
    }

    fn decide<'a>(&'a self, case: Case<'a>, so_far: Disposition) -> Pending<'a, Result<Disposition, OurFault>> {
        Box::pin(async move {
            let text = String::from_utf8_lossy(&case.incoming.letter.raw);
            if text.contains("poison") {
                return Ok(Disposition::refuse(Reply::new(550, (5, 7, 1), "no poison, please"), "poison"));
            }
            if text.contains("junk") {
                return Ok(Disposition::keep(Placement { flags: System::SEEN, ..Placement::junk() }));
            }
            Ok(so_far)
        })
    }
}

#[tokio::test]
async fn rules_place_and_refuse() {
    let fixture = Fixture::new().await;
    let mda = Mda::new(fixture.store.clone()).with_rules(vec![Arc::new(Taster)]);
    let alice = || vec![to(1, "alice@alpha.test", None)];
    assert!(is_filed(&deliver(&fixture, &mda, "\r\nsome junk", alice()).await[0]));
    assert_eq!(fixture.letters(1, "Junk").await.len(), 1);
    let refused = deliver(&fixture, &mda, "\r\nsome poison", alice()).await;
    assert!(matches!(&refused[0].fate, Fate::Refused(reply) if reply.code == 550));
}

/// Fails in its own way for each of some people.
struct Broken;

impl Rule for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }

    fn decide<'a>(&'a self, case: Case<'a>, so_far: Disposition) -> Pending<'a, Result<Disposition, OurFault>> {
        Box::pin(async move {
            match case.recipient.account.0 {
                1 => Ok(so_far),
                2 => Err(OurFault("the spam filter is away".to_owned())),
                3 => panic!("a fault of the rule"),
                4 => Ok(Disposition::refuse(Reply::new(450, (4, 7, 1), "come again"), "greylisted")),
                _ => std::future::pending().await,
            }
        })
    }
}

fn people() -> Vec<Addressee> {
    (1..=5).map(|id| to(id, &format!("person{id}@alpha.test"), None)).collect()
}

/// `keep`, or the code of the refusal, for each.
fn shown(decisions: &[Decision]) -> Vec<String> {
    let one = |decision: &Decision| match decision.disposition.refusal() {
        Some(reply) => reply.code.to_string(),
        None => decision.disposition.summary(),
    };
    decisions.iter().map(one).collect()
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_fails_for_one_person_concerns_that_person_alone_and_loses_no_letter() {
    let fixture = Fixture::new().await;
    let mda = Mda::new(fixture.store.clone()).with_rules(vec![Arc::new(Broken)]);
    // A rule that may succeed another time is tried again; a rule that would fail for ever counts as no rule.
    let decisions = decide(&mda, "\r\nhello", people(), Later::Possible).await;
    assert_eq!(shown(&decisions), ["keep", "451", "keep", "450", "keep"]);
    // If the letter was taken long ago, nothing can be tried again: it is filed as if there were no rule.
    let decisions = decide(&mda, "\r\nhello", people(), Later::Over).await;
    assert_eq!(shown(&decisions), ["keep"; 5]);
    assert!(decisions[0].events.is_empty() && !decisions[1].events.is_empty(), "a history tells that a rule failed");
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_hangs_for_everybody_holds_a_letter_up_for_minutes_and_not_for_hours() {
    let fixture = Fixture::new().await;
    let mda = Mda::new(fixture.store.clone()).with_rules(vec![Arc::new(Broken)]);
    let crowd = (100..1100).map(|id| to(id, &format!("person{id}@alpha.test"), None)).collect();
    let begun = tokio::time::Instant::now();
    let decisions = decide(&mda, "\r\nhello", crowd, Later::Possible).await;
    assert_eq!(decisions.len(), 1000);
    assert!(begun.elapsed() < std::time::Duration::from_secs(600), "RFC 5321 §4.5.3.2.6: a sender waits so long");
}

/// Puts a letter into two folders, one of them with another subject.
struct Sorter;

impl Rule for Sorter {
    fn name(&self) -> &'static str {
        "sorter"
    }

    fn decide<'a>(&'a self, _: Case<'a>, so_far: Disposition) -> Pending<'a, Result<Disposition, OurFault>> {
        Box::pin(async move {
            let header = Some(Bytes::from_static(b"Subject: [list] x\r\n"));
            let folder = |name: &str| Placement { folder: Some(name.to_owned()), ..Placement::default() };
            let made = Placement { create: true, header, keywords: vec!["$List".to_owned()], ..folder("New/Place") };
            Ok(Disposition { keep: Keep::Copies(vec![folder("lists/rust"), made]), ..so_far })
        })
    }
}

#[tokio::test]
async fn a_rule_may_file_several_copies_and_change_the_header_of_one() {
    let fixture = Fixture::new().await;
    let mda = Mda::new(fixture.store.clone()).with_rules(vec![Arc::new(Sorter)]);
    let both = vec![to(1, "alice@alpha.test", None), to(2, "bob@alpha.test", None)];
    let outcomes = deliver(&fixture, &mda, "Subject: x\r\n\r\nhello\r\n", both).await;
    assert!(matches!(&outcomes[0].fate, Fate::Filed(copies) if copies.len() == 2), "{outcomes:?}");
    let marks = "Return-Path: <carol@elsewhere.test>\r\nDelivered-To: alice@alpha.test\r\n";
    assert_eq!(fixture.letters(1, "Lists/Rust").await, [format!("{marks}Subject: x\r\n\r\nhello\r\n")]);
    assert_eq!(fixture.letters(1, "New/Place").await, [format!("{marks}Subject: [list] x\r\n\r\nhello\r\n")]);
    assert!(fixture.letters(1, "INBOX").await.is_empty());
}

#[tokio::test]
async fn what_was_found_out_stands_before_the_letter_and_stays_with_it() {
    let fixture = Fixture::new().await;
    let mda = Mda::new(fixture.store.clone());
    let mut findings = Findings::default();
    findings.add(Finding::new("spf", "fail").about("smtp.mailfrom", "x.test").with_severity(Severity::Warning));
    let forged = "Authentication-Results: mail.alpha.test; spf=pass\r\nSubject: x\r\n\r\nhello\r\n";
    let both = vec![to(1, "alice@alpha.test", None), to(2, "bob@alpha.test", None)];
    let outcomes = deliver_found(&fixture, &mda, forged, both, &findings).await;
    assert_eq!(
        fixture.letters(1, "INBOX").await,
        ["Return-Path: <carol@elsewhere.test>\r\nDelivered-To: alice@alpha.test\r\n\
          Authentication-Results: mail.alpha.test;\r\n\tspf=fail\r\n\t  smtp.mailfrom=x.test\r\n\
          Subject: x\r\n\r\nhello\r\n"]
    );
    let Fate::Filed(copies) = &outcomes[0].fate else { panic!("{outcomes:?}") };
    let (letter, folder, uid) = (copies[0].filed.letter, copies[0].folder, copies[0].filed.uid);
    let found = |letter| fixture.store.read(move |view| mailbox::findings::of(view, Access::own(AccountId(1)), letter));
    assert_eq!(found(letter).await.unwrap(), findings);
    // A copy of the letter is still the letter of which that was found.
    let copied = move |tx: &mut store::Tx| {
        let there = folder::by_name(tx, Access::own(AccountId(1)), "Lists/Rust")?.unwrap().id;
        mailbox::letter::copy(tx, Access::own(AccountId(1)), folder, &[UidRange::one(uid)], there, 1)?;
        let rows = mailbox::fetch(tx, Access::own(AccountId(1)), there, &[UidRange::ALL], Want::ROW, 1)?;
        Ok::<_, mailbox::Error>(rows[0].letter)
    };
    let copy = fixture.store.write(Key::Everything, copied).await.unwrap();
    assert_eq!(found(copy).await.unwrap(), findings);
}
