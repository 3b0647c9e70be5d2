//! Letters that go on to another house, and those that must not.

use directory::forward;
use mail::finding::Severity;
use mail::{Finding, Findings};
use mda::{Disposition, Placement};

use super::filters::{check, rule};
use super::*;

/// Has Alice's letters go on to carol@elsewhere.test, and info@ lead to dora@elsewhere.test.
async fn forwarding(town: &Town, keep_copy: bool) {
    let settle = move |tx: &mut Tx| {
        let targets = [address("carol@elsewhere.test")];
        let changes = forward::Changes { targets: Some(&targets), keep_copy: Some(keep_copy) };
        forward::change(tx, &address("alice@alpha.test"), &changes)?;
        directory::alias::add(tx, &address("info@alpha.test"), &[address("dora@elsewhere.test")], net::now())
    };
    town.intake.store.write(store::Key::Everything, settle).await.unwrap();
}

/// A town whose check gives each letter a finding of this severity.
async fn town_that_finds(severity: Severity, keep_copy: bool) -> Town {
    let town = Town::new().await;
    forwarding(&town, keep_copy).await;
    let (checked, _) = match severity {
        Severity::Alarm => check(|| {
            let found = Finding::new("made-up", "fail").with_severity(Severity::Alarm);
            Box::pin(async { Ok(mail::check::Conclusion::Found(vec![found])) })
        }),
        _ => check(super::filters::finds),
    };
    Town { intake: town.intake.clone().with_checks(vec![checked]), ..town }
}

async fn return_paths(town: &Town) -> Vec<String> {
    town.queue().await.iter().map(|letter| letter.return_path.to_string()).collect()
}

#[tokio::test]
async fn a_letter_goes_on_with_a_return_path_of_ours_in_the_commit_that_takes_it() {
    let town = town_that_finds(Severity::Note, true).await;
    town.accept(&hello(), "eve@evil.test", &["bob@alpha.test"], peer()).await;
    town.intake.directory.return_paths().await.unwrap();
    let before = town.commits();
    assert_eq!(town.accept(&hello(), "eve@evil.test", &["alice@alpha.test"], peer()).await, Verdict::Accept);
    assert_eq!((town.commits() - before, town.letters(1).await), (1, 1));
    assert_eq!(town.waiting().await, ["carol@elsewhere.test"]);
    let path = return_paths(&town).await.remove(0);
    assert!(path.starts_with("SRS0=") && path.ends_with("=evil.test=eve@alpha.test"), "{path}");
    assert!(town.queued().await[0].ends_with(&hello().raw));
    assert!(town.queued().await[0].starts_with(b"Delivered-To: alice@alpha.test\r\n"));
}

#[tokio::test]
async fn the_return_path_of_our_own_people_and_that_of_a_report_stay() {
    let town = town_that_finds(Severity::Note, false).await;
    town.accept(&hello(), "bob@alpha.test", &["alice@alpha.test"], Origin::House).await;
    town.accept(&hello(), "", &["info@alpha.test"], peer()).await;
    assert_eq!(return_paths(&town).await, ["bob@alpha.test", ""]);
    assert_eq!(town.letters(1).await, 0, "no copy is kept");
}

#[tokio::test]
async fn what_is_suspect_stays_here_in_the_junk_folder_and_goes_on_to_nobody() {
    for keep_copy in [true, false] {
        let town = town_that_finds(Severity::Alarm, keep_copy).await;
        assert_eq!(town.accept(&hello(), "eve@evil.test", &["alice@alpha.test"], peer()).await, Verdict::Accept);
        assert_eq!(town.folder(1, "Junk").await.len(), 1);
        assert_eq!(town.accept(&hello(), "eve@evil.test", &["info@alpha.test"], peer()).await, Verdict::Accept);
        assert_eq!(town.folder(1, "Junk").await.len(), 2, "the postmaster has the letter for the alias");
        assert_eq!(town.accept(&hello(), "eve@evil.test", &["team@alpha.test"], peer()).await, Verdict::Accept);
        assert_eq!((town.letters(1).await, town.letters(2).await), (3, 1), "Alice and Bob have it for the team");
        assert!(town.queue().await.is_empty(), "{:?}", town.queue().await);
    }
}

#[tokio::test]
async fn what_a_rule_takes_for_junk_or_sends_on_itself_is_no_exception() {
    let town = Town::new().await;
    forwarding(&town, false).await;
    let junk = rule(|_, _| Ok(Disposition::keep(Placement::junk())));
    let junked = Town { intake: town.intake.clone().with_rules(vec![junk]), ..town };
    junked.accept(&hello(), "eve@evil.test", &["alice@alpha.test"], peer()).await;
    assert_eq!((junked.folder(1, "Junk").await.len(), junked.queue().await.len()), (1, 0));

    let town = town_that_finds(Severity::Alarm, true).await;
    let redirect = rule(|_, so_far| {
        let onward = vec![Address::parse("fred@elsewhere.test").unwrap()];
        Ok(Disposition { onward, keep: mda::Keep::Copies(Vec::new()), ..so_far })
    });
    let town = Town { intake: town.intake.clone().with_rules(vec![redirect]), ..town };
    town.accept(&hello(), "eve@evil.test", &["bob@alpha.test"], peer()).await;
    assert_eq!((town.folder(2, "Junk").await.len(), town.queue().await.len()), (1, 0));
}

#[tokio::test]
async fn a_letter_that_comes_back_stays() {
    let town = town_that_finds(Severity::Note, false).await;
    let back = letter("Delivered-To: alice@alpha.test\r\nSubject: hello\r\n\r\nHello.\r\n");
    town.accept(&back, "eve@evil.test", &["alice@alpha.test"], peer()).await;
    assert_eq!((town.letters(1).await, town.queue().await.len()), (1, 0));
}

#[tokio::test]
async fn what_the_queue_gives_back_names_its_sender_and_goes_on_from_no_other_door() {
    let town = town_that_finds(Severity::Note, false).await;
    town.accept(&hello(), "eve@evil.test", &["alice@alpha.test"], peer()).await;
    let path = return_paths(&town).await.remove(0);
    let back = letter(town.queued().await.remove(0));
    let waiting = Waiting {
        letter: back,
        envelope: envelope(&path, &["alice@alpha.test"]),
        findings: Findings::default(),
        mistrusted: false,
    };
    town.intake.queue_drop().drop_off(waiting, telling(&Told::default(), 0)).await.unwrap();
    let filed = town.folder(1, "INBOX").await.remove(0);
    assert!(filed.starts_with("Return-Path: <eve@evil.test>\r\n"), "{filed}");
}

#[tokio::test]
async fn a_return_path_of_ours_takes_reports_and_answers_and_nothing_else() {
    let town = town_that_finds(Severity::Note, true).await;
    town.accept(&hello(), "eve@evil.test", &["alice@alpha.test"], peer()).await;
    let path = return_paths(&town).await.remove(0);
    let refused = town.accept(&hello(), "carol@elsewhere.test", &[&path], peer()).await;
    assert!(refusal(refused).starts_with("550 5.7.1"));
    assert_eq!(town.accept(&hello(), "", &[&path], peer()).await, Verdict::Accept);
    let answers = letter("In-Reply-To: <x@y>\r\n\r\nHello.\r\n");
    assert_eq!(town.accept(&answers, "carol@elsewhere.test", &[&path], peer()).await, Verdict::Accept);
    assert_eq!(town.waiting().await, ["carol@elsewhere.test", "eve@evil.test", "eve@evil.test"]);
    let paths = return_paths(&town).await;
    assert_eq!(paths[1], "");
    assert!(paths[2].ends_with("=elsewhere.test=carol@alpha.test"), "{paths:?}");
    let forged = format!("SRS0=aaaaaaaaaa{}", &path[15..]);
    let refused = town.accept(&hello(), "", &[&forged], peer()).await;
    assert!(refusal(refused).starts_with("550 5.1.1"));
}
