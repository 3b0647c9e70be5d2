//! Tests of the reports that senders get, and of their time.

use std::time::Duration;

use mail::Enhanced;
use mta::queue::{Entry, Outcome, Said};
use net::Table;

use crate::support::office::{Office, beta, now};
use crate::support::server::{Server, say};
use crate::support::until;

const BOB: &str = "bob@beta.test";

async fn refusing(reply: &'static str) -> Server {
    Server::start(move |turn| if turn.said.starts_with("RCPT") { say(reply) } else { None }).await
}

fn office(names: Table, port: u16) -> (tempfile::TempDir, Office) {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(folder.path(), names, port);
    (folder, office)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_comes_with_a_null_return_path_and_the_letter() {
    let server = refusing("550 5.1.1 no such user").await;
    let (_folder, mut office) = office(beta(), server.port());
    office.queue(&[BOB]).await;
    office.start();
    until("it is filed and all has left", || office.filed().len() == 1 && office.is_empty()).await;
    let (to, report) = &office.filed()[0];
    assert_eq!(to, "alice@alpha.test");
    for part in [
        "Auto-Submitted: auto-replied\r\n",
        "report-type=delivery-status",
        "Remote-MTA: dns; mx.beta.test\r\n",
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n",
        "Content-Type: message/rfc822\r\n\r\nFrom: alice@alpha.test\r\nSubject: Hello Bob\r\n\r\nHow are you?\r\n",
    ] {
        assert!(report.contains(part), "{part}\nis not in\n{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_to_elsewhere_goes_through_the_queue() {
    let server = Server::start(|turn| match turn.said {
        "RCPT TO:<bob@beta.test>" => say("550 5.1.1 no such user"),
        _ => None,
    })
    .await;
    let (_folder, mut office) = office(beta(), server.port());
    office.queue_from("carol@beta.test", &[BOB], b"Subject: x\r\n\r\n").await;
    office.start();
    until("all has left", || office.is_empty()).await;
    let report = server.taken().remove(0);
    assert!(report.mail.starts_with("MAIL FROM:<>"), "{}", report.mail);
    assert_eq!(report.rcpt, ["RCPT TO:<carol@beta.test>"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_fails_is_held_for_the_postmaster_and_reported_to_nobody() {
    let server = refusing("550 5.1.1 no such user").await;
    let (_folder, mut office) = office(beta(), server.port());
    office.queue_from("carol@beta.test", &[BOB], b"Subject: x\r\n\r\n").await;
    office.start();
    until("it is held", || office.counts().held == 1).await;
    // time passes: nothing may happen meanwhile
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(office.counts().letters, 1);
    assert_eq!(office.list()[0].recipients[0].address.to_string(), "carol@beta.test");
    assert_eq!(office.filed(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_time_is_over_the_letter_comes_back() {
    let server = refusing("451 4.7.1 not now").await;
    let (_folder, mut office) = office(beta(), server.port());
    office.means.schedule.lifetime = Duration::from_millis(900);
    office.queue(&[BOB]).await;
    office.start();
    until("the report is filed", || office.filed().len() == 1).await;
    let report = &office.filed()[0].1;
    assert!(report.contains("Action: failed\r\nStatus: 4.7.1"), "{report}");
    assert!(report.contains("Diagnostic-Code: smtp; 451 4.7.1 not now"));
    assert!(report.contains("We have now stopped"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_time_is_over_letters_for_a_dead_host_come_back_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(folder.path(), beta(), 1);
    office.means.schedule.lifetime = Duration::from_millis(700);
    office.means.limits.claims_per_domain = 3;
    for _ in 0..10 {
        office.queue(&[BOB]).await;
    }
    office.start();
    until("all reports are filed", || office.filed().len() == 10).await;
    until("all has left", || office.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_letter_is_announced_once() {
    let server = refusing("451 4.7.1 not now").await;
    let (_folder, mut office) = office(beta(), server.port());
    office.means.schedule.warn_after = Some(Duration::from_millis(300));
    office.queue(&[BOB]).await;
    office.queue_from("", &[BOB], b"Subject: a report\r\n\r\n").await;
    // The office has been running for long enough.
    office.change("UPDATE queue_running SET ran = $1", 1000).await;
    office.start();
    until("it is announced", || office.filed().len() == 1).await;
    // Whoever looks for late letters and finds this one has seen the first again.
    office.queue(&["carol@beta.test"]).await;
    until("another is announced", || office.filed().iter().any(|(_, notice)| notice.contains("carol@"))).await;
    assert_eq!(office.filed().len(), 2);
    let notice = &office.filed()[0].1;
    assert!(notice.contains("Action: delayed") && notice.contains("Will-Retry-Until: "), "{notice}");
    assert_eq!(office.counts().waiting, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_people_are_told_per_person() {
    let (_folder, mut office) = office(Table::new(), 1);
    office.means.schedule.first = Duration::from_secs(100);
    office.queue(&["bob@alpha.test", "full@alpha.test", "gone@alpha.test"]).await;
    office.start();
    until("letter and report are filed", || office.filed().len() == 2).await;
    let filed = office.filed();
    assert_eq!(filed[0].0, "bob@alpha.test");
    assert!(filed[1].1.contains("Final-Recipient: rfc822; gone@alpha.test"));
    assert!(office.said_of("full@alpha.test").contains("the mailbox is full"));
    until("only the full one waits", || office.counts().waiting == 1 && office.counts().failed == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_cannot_be_made_seven_bit_comes_back() {
    let server =
        Server::start(|turn| if turn.said.starts_with("EHLO") { say("250 old.beta.test") } else { None }).await;
    let (_folder, mut office) = office(beta(), server.port());
    let signed = "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\né\r\n--b--\r\n";
    office.queue_from("alice@alpha.test", &[BOB], signed.as_bytes()).await;
    office.start();
    until("the report is filed", || office.filed().len() == 1).await;
    assert!(office.filed()[0].1.contains("Status: 5.6.3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_the_failure_and_its_report_loses_no_report() {
    let (_folder, mut office) = office(beta(), 1);
    let id = office.queue(&[BOB]).await;
    let row = office.list()[0].row;
    let due = office.read(move |view| mta::queue::due(view, now(), 10, |_| 10));
    let entry = Entry {
        recipient: due[0].recipients[0].recipient,
        outcome: Outcome::Failed,
        said: Said::ours(Enhanced(5, 1, 1), "no such user"),
        tls: "",
    };
    let record = move |tx: &mut store::Tx| mta::queue::record(tx, row, now(), std::slice::from_ref(&entry));
    office.store.write::<(), store::Error, _>(store::Key::Everything, record).await.unwrap();
    // Here it crashed. The next start finds the failure in the store.
    assert_eq!(office.counts().failed, 1);
    office.start();
    until("the report is filed and all has left", || office.filed().len() == 1 && office.is_empty()).await;
    assert!(office.filed()[0].1.contains(&format!("X-Facteur-Letter: {id}")));
}
