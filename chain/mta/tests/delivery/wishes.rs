//! Tests of the wishes that senders have for reports (RFC 3461) and for the time of delivery (RFC 2852).

use std::time::Duration;

use mail::Enhanced;
use mta::queue::{Entry, Outcome, Said};

use crate::support::office::{Office, beta, now};
use crate::support::server::{Act, OFFERS, Server, Turn, say};
use crate::support::until;

const BOB: &str = "bob@beta.test";

/// A server that offers these extensions beside the usual ones, and answers RCPT so.
async fn offering(extensions: &'static str, rcpt: &'static str) -> Server {
    let script = move |turn: Turn<'_>| -> Option<Act> {
        match turn.said.split(' ').next()? {
            "EHLO" => say(&OFFERS.replace("250 8BITMIME", &format!("{extensions}250 8BITMIME"))),
            "RCPT" if !rcpt.is_empty() => say(rcpt),
            _ => None,
        }
    };
    Server::start(script).await
}

fn office(port: u16) -> (tempfile::TempDir, Office) {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(folder.path(), beta(), port);
    (folder, office)
}

/// Returns the reports that the sender of one letter gets.
async fn heard(server: &Server, of_mail: &str, of_rcpt: &str) -> Vec<String> {
    let (_folder, mut office) = office(server.port());
    office.means.schedule.lifetime = Duration::from_secs(2);
    office.queue_wishing(BOB, of_mail, of_rcpt, false).await;
    office.start();
    until("all has left", || office.is_empty()).await;
    office.filed().into_iter().map(|(_, report)| report).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn wishes_go_on_to_a_server_that_heeds_them_and_it_writes_the_report() {
    let server = offering("250-DSN\r\n", "").await;
    let reports =
        heard(&server, "RET=HDRS ENVID=a+2Bb", "NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Robert+20B@beta.test").await;
    let letter = server.taken().remove(0);
    assert!(letter.mail.ends_with(" RET=HDRS ENVID=a+2Bb"), "{}", letter.mail);
    assert_eq!(letter.rcpt, ["RCPT TO:<bob@beta.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Robert+20B@beta.test"]);
    assert!(reports.is_empty(), "{reports:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_success_hears_that_the_letter_went_to_a_server_that_reports_nothing() {
    let server = offering("", "").await;
    let reports = heard(&server, "ENVID=a+2Bb", "NOTIFY=SUCCESS ORCPT=rfc822;Robert@beta.test").await;
    let letter = server.taken().remove(0);
    assert!(!letter.mail.contains("ENVID") && !letter.rcpt[0].contains("NOTIFY"), "{letter:?}");
    for part in [
        "Original-Envelope-Id: a+b\r\nReporting-MTA: dns; mail.alpha.test\r\n",
        "\r\nOriginal-Recipient: rfc822; Robert@beta.test\r\nFinal-Recipient: rfc822; bob@beta.test\r\nAction: relayed\r\n",
        "Status: 2.",
        "Content-Type: text/rfc822-headers\r\n\r\nFrom: alice@alpha.test\r\n",
    ] {
        assert!(reports[0].contains(part), "{part}\nis not in\n{}", reports[0]);
    }
    assert!(!reports[0].contains("How are you?") && reports.len() == 1);
    assert!(heard(&server, "", "NOTIFY=FAILURE,DELAY").await.is_empty());
    assert!(heard(&server, "", "").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_no_report_of_a_failure_gets_none_and_nothing_stays() {
    let server = offering("", "550 5.1.1 no such user").await;
    for none in ["NOTIFY=NEVER", "NOTIFY=SUCCESS", "NOTIFY=DELAY"] {
        assert!(heard(&server, "", none).await.is_empty(), "{none}");
    }
    let whole = heard(&server, "RET=FULL", "NOTIFY=FAILURE").await;
    assert!(whole[0].contains("How are you?"), "{whole:?}");
    let header = heard(&server, "RET=HDRS", "").await;
    assert!(header[0].contains("Subject: Hello Bob") && !header[0].contains("How are you?"), "{header:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_of_delay_is_for_those_who_want_one() {
    let server = offering("", "451 4.7.1 not now").await;
    let (_folder, mut office) = office(server.port());
    office.means.schedule.warn_after = Some(Duration::from_millis(300));
    for (to, notify) in
        [("a@beta.test", "NOTIFY=FAILURE"), ("b@beta.test", "NOTIFY=NEVER"), ("c@beta.test", "NOTIFY=DELAY")]
    {
        office.queue_wishing(to, "", notify, false).await;
    }
    office.queue_wishing("d@beta.test", "", "NOTIFY=DELAY", true).await;
    office.change("UPDATE queue_running SET ran = $1", 1000).await;
    office.start();
    until("it is announced", || office.filed().iter().any(|(_, notice)| notice.contains("c@beta.test"))).await;
    let told = office.read(|view| {
        let sql = "SELECT count(*) FROM queue_letter WHERE warn IS NOT NULL";
        view.query_one(sql, store::params![], |row| row.get::<i64>(0))
    });
    assert_eq!((told, office.filed().len()), (0, 1), "all were looked at, and one sender is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_written_to_about_a_letter_whose_sender_may_be_forged() {
    let server = offering("", "").await;
    let (_folder, mut office) = office(server.port());
    office.queue_wishing(BOB, "", "NOTIFY=SUCCESS", true).await;
    office.start();
    until("it has left", || office.is_empty()).await;
    assert_eq!((server.count(), office.filed().len()), (1, 0));
    office.stop().await;

    let refusing = offering("", "550 5.1.1 no such user").await;
    office.means.port = refusing.port();
    office.queue_wishing(BOB, "", "", true).await;
    office.start();
    until("it is held for the postmaster", || office.counts().held == 1).await;
    assert!(office.filed().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_the_arrival_and_its_report_loses_no_report() {
    let (_folder, mut office) = office(1);
    office.queue_wishing(BOB, "ENVID=x", "NOTIFY=SUCCESS", false).await;
    let listed = office.list().remove(0);
    assert_eq!(listed.wishes.envelope_id.as_deref(), Some("x"));
    assert!(listed.recipients[0].wishes.success());
    let row = listed.row;
    let due = office.read(move |view| mta::queue::due(view, now(), 10, |_| 10));
    let entry = Entry {
        recipient: due[0].recipients[0].recipient,
        outcome: Outcome::Relayed { anyway: false },
        said: Said::by(Enhanced(2, 0, 0), "250 ok", "mx.beta.test (192.0.2.7)"),
        tls: "",
    };
    let record = move |tx: &mut store::Tx| mta::queue::record(tx, row, now(), std::slice::from_ref(&entry));
    office.store.write::<(), store::Error, _>(store::Key::Everything, record).await.unwrap();
    // Here it crashed. The next start finds in the store that the sender is to be told.
    office.start();
    until("the report is filed and all has left", || office.filed().len() == 1 && office.is_empty()).await;
    let report = &office.filed()[0].1;
    assert!(report.contains("Action: relayed") && report.contains("Remote-MTA: dns; mx.beta.test"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_is_not_delivered_in_time_goes_back() {
    let server = offering("250-DELIVERBY\r\n", "451 4.7.1 not now").await;
    let (_folder, mut office) = office(server.port());
    // It would be tried again long after.
    office.means.schedule.first = Duration::from_secs(60);
    office.queue_wishing(BOB, "BY=2;R", "", false).await;
    office.start();
    until("it is back", || office.filed().len() == 1 && office.is_empty()).await;
    let report = &office.filed()[0].1;
    assert!(report.contains("Status: 5.4.7") && report.contains("in the time that you had set"), "{report}");
    let mail = server.seen();
    assert!(mail.is_empty(), "no letter came so far: {mail:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_that_is_left_goes_on_with_the_letter() {
    let server = offering("250-DELIVERBY 10\r\n250-DSN\r\n", "").await;
    assert!(heard(&server, "BY=60;R", "").await.is_empty());
    let mail = server.taken().remove(0).mail;
    let seconds = mail.split_once(" BY=").and_then(|(_, by)| by.split_once(";R")).map(|(seconds, _)| seconds.parse());
    assert!(matches!(seconds, Some(Ok(50..=60))), "{mail}");
    let traced = heard(&server, "BY=60;NT", "").await;
    assert!(traced[0].contains("Action: relayed"), "{traced:?}");
    let never = heard(&server, "BY=60;NT", "NOTIFY=NEVER").await;
    assert!(never.is_empty(), "{never:?}");
    let too_soon = heard(&server, "BY=5;R", "").await;
    assert!(too_soon[0].contains("Status: 5.3.3"), "ten seconds are the least there: {too_soon:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_promises_no_time_gets_no_letter_that_needs_one() {
    let server = offering("250-DSN\r\n", "").await;
    let back = heard(&server, "BY=60;R", "").await;
    assert!(back[0].contains("Status: 5.3.3") && back[0].contains("Action: failed"), "{back:?}");
    assert_eq!(server.count(), 0);
    let on = heard(&server, "BY=60;N", "").await;
    assert!(on[0].contains("Action: relayed"), "the sender hears where the promise ends: {on:?}");
    assert!(!server.taken()[0].mail.contains("BY="));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sender_of_an_overdue_letter_hears_of_it_once_and_it_is_tried_on() {
    let server = offering("", "451 4.7.1 not now").await;
    let (_folder, mut office) = office(server.port());
    office.queue_wishing(BOB, "BY=1;N", "NOTIFY=FAILURE", false).await;
    office.queue_wishing("carol@beta.test", "BY=1;N", "NOTIFY=NEVER", false).await;
    office.start();
    until("it is announced", || office.filed().len() == 1).await;
    assert!(office.filed()[0].1.contains("Action: delayed"), "{:?}", office.filed());
    until("nothing is left to announce", || {
        let sql = "SELECT count(*) FROM queue_letter WHERE deadline IS NOT NULL";
        office.read(move |view| view.query_one(sql, store::params![], |row| row.get::<i64>(0))) == 0
    })
    .await;
    assert_eq!((office.filed().len(), office.counts().waiting), (1, 2));
}
