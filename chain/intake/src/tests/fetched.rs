//! Letters that are fetched from a mailbox elsewhere: checked and decided about like new ones, where they lay in the inbox.

use mail::Finding;
use mail::check::{Arriving, Check, Look};
use mailbox::System;
use mda::{Disposition, Keep, Memory, Placement, Rule, Written};
use mra::ledger::{self, Entry, Source};
use mra::{Arrived, Destinations, Mailbox, Settings, SourceFolder, Taken};

use super::filters::{check, finds, refuses, refusing, rule};
use super::*;

const HELLO: &str = "Return-Path: <dora@beta.test>\r\nSubject: fetched\r\n\r\nHello.\r\n";
const OLD: &str = "Subject: old\r\n\r\nLong ago.\r\n";

/// A source of Alice's, whose inbox is delivered like new letters.
async fn source(town: &Town) -> (Source, i64) {
    let mailbox = Mailbox::parse("imaps://alice.a@imap.example.org").unwrap();
    let settings = Settings { deliver: true, ..Settings::new(mailbox, "alice@alpha.test".to_owned()) };
    let add = move |tx: &mut Tx| {
        let id = ledger::add(tx, "elsewhere", &settings, None, true, net::now()).unwrap();
        let folder = ledger::folder(tx, id, b"INBOX").unwrap();
        Ok::<_, store::Error>((ledger::get(tx, id).unwrap().unwrap(), folder.id))
    };
    town.intake.store.write(store::Key::Everything, add).await.unwrap()
}

/// The letter as it lay in this folder there, read and labelled.
fn arrived((source, row): &(Source, i64), uid: u32, folder: &str, raw: &str) -> Arrived {
    let place = SourceFolder { folder: folder.to_owned(), special_use: None };
    let entry = Entry::imap(source.id, *row, 1, uid, raw.len() as u64);
    let (flags, keywords) = (System::SEEN, vec!["label".to_owned()]);
    Arrived { entry, raw: raw.to_owned().into(), place, also: Vec::new(), flags, keywords, received: net::now() }
}

async fn take(town: &Town, source: &Source, letters: Vec<Arrived>) -> Vec<Taken> {
    let destinations = town.intake.fetch_destinations(town.means());
    let destination = destinations.destination(source).await.unwrap();
    destination.take(letters).await.unwrap()
}

/// Notes how each letter that it sees came.
struct Watching(Arc<Mutex<Vec<Origin>>>);

impl Check for Watching {
    fn method(&self) -> &'static str {
        "watching"
    }

    fn begin(&self, arriving: Arriving<'_>) -> Option<Box<dyn Look>> {
        self.0.lock().unwrap().push(arriving.origin.clone());
        None
    }
}

#[tokio::test]
async fn a_fetched_letter_is_checked_and_its_findings_stay_with_it() {
    let seen = Arc::<Mutex<Vec<Origin>>>::default();
    let (made_up, octets) = check(finds);
    let town = Town::checked(vec![Arc::new(Watching(seen.clone())), made_up]).await;
    let there = source(&town).await;
    let forged = format!("Authentication-Results: mail.alpha.test; dmarc=pass\r\n{HELLO}");
    let letters = vec![arrived(&there, 1, "INBOX", &forged), arrived(&there, 2, "Old", OLD)];
    let before = town.commits();
    assert_eq!(take(&town, &there.0, letters).await, [Taken::Filed, Taken::Filed]);
    assert_eq!(town.commits() - before, 1);
    assert_eq!(*octets.lock().unwrap(), [forged.len()], "what lay in another folder is filed as it lay");
    let came = seen.lock().unwrap().clone();
    assert!(matches!(&came[..], [Origin::Fetched(from)] if from.contains("alice.a")), "{came:?}");
    let filed = town.folder(1, "INBOX").await;
    let findings = "Authentication-Results: mail.alpha.test;\r\n\tmade-up=pass\r\n\t  policy.x=y\r\n";
    assert!(filed[0].contains(findings) && !filed[0].contains("dmarc=pass"), "{filed:?}");
    assert_eq!(town.findings(1, "INBOX").await, [Finding::new("made-up", "pass").about("policy.x", "y")]);
    assert_eq!(town.folder(1, "Old").await, [OLD]);
}

#[tokio::test]
async fn a_fetched_letter_that_a_check_or_a_rule_refuses_is_junk_and_nobody_is_told() {
    for (checks, rules) in [(vec![check(refuses).0], Vec::new()), (Vec::new(), vec![refusing(1)])] {
        let town = Town::new().await;
        let intake = town.intake.clone().with_checks(checks).with_rules(rules);
        let town = Town { intake, ..town };
        let there = source(&town).await;
        assert_eq!(take(&town, &there.0, vec![arrived(&there, 1, "INBOX", HELLO)]).await, [Taken::Filed]);
        let junk = town.folder(1, "Junk").await;
        assert!(junk[0].contains("\r\nFacteur-Refused: 550 5.7.1 "), "{junk:?}");
        assert!(town.folder(1, "INBOX").await.is_empty() && town.queue().await.is_empty(), "Dora is told nothing");
    }
}

#[tokio::test]
async fn the_rules_of_its_owner_decide_about_a_fetched_letter_once_and_in_the_commit_that_takes_it() {
    let until = net::now().after(std::time::Duration::from_secs(86400));
    let sorts: Arc<dyn Rule> = rule(move |case, so_far| {
        let to = case.incoming.envelope.return_path.address().cloned().unwrap();
        let once = Some(Memory { rule: "away".to_owned(), key: to.to_string(), until });
        let raw = "From: alice@alpha.test\r\nSubject: away\r\n\r\nI am away.\r\n".into();
        let lists = Placement { folder: Some("Lists".to_owned()), create: true, ..Placement::default() };
        let written = vec![Written { raw, to, once }];
        let onward = vec![address("carol@elsewhere.test")];
        Ok(Disposition { keep: Keep::Copies(vec![lists]), onward, written, ..so_far })
    });
    let town = Town::ruled(vec![sorts]).await;
    let there = source(&town).await;
    let letter = || vec![arrived(&there, 1, "INBOX", HELLO)];
    let before = town.commits();
    assert_eq!(take(&town, &there.0, letter()).await, [Taken::Filed]);
    assert_eq!(town.commits() - before, 1);
    assert_eq!((town.folder(1, "Lists").await.len(), town.folder(1, "INBOX").await.len()), (1, 0));
    let mut waiting = town.waiting().await;
    waiting.sort();
    assert_eq!(waiting, ["carol@elsewhere.test", "dora@beta.test"]);
    let onward = [b"Delivered-To: alice@alpha.test\r\n", HELLO.as_bytes()].concat();
    assert!(town.queued().await.contains(&onward), "it goes on as it came");
    assert_eq!(take(&town, &there.0, letter()).await, [Taken::Known]);
    assert_eq!((town.folder(1, "Lists").await.len(), town.queue().await.len()), (1, 2), "nothing of it happens twice");
}

#[tokio::test]
async fn a_rule_that_fails_keeps_no_fetched_letter_back() {
    let fails = rule(|_, _| Err(mail::seam::OurFault("her script cannot be read now".into())));
    let town = Town::ruled(vec![fails]).await;
    let there = source(&town).await;
    assert_eq!(take(&town, &there.0, vec![arrived(&there, 1, "INBOX", HELLO)]).await, [Taken::Filed]);
    assert_eq!(town.folder(1, "INBOX").await.len(), 1);
}
