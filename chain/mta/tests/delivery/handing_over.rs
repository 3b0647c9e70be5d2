//! Tests of deliveries that go well, and of the number of connections and transactions that they take.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use mail::trace::Event;

use crate::support::office::{Office, beta};
use crate::support::server::{OFFERS, Server, say};
use crate::support::until;

const BOB: &str = "bob@beta.test";

async fn office_and(server: &Server) -> (tempfile::TempDir, Office) {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(folder.path(), beta(), server.port());
    (folder, office)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_arrives_as_it_was_written_and_leaves_the_queue() {
    let server = Server::start(|_| None).await;
    let (_folder, mut office) = office_and(&server).await;
    office.start();
    office.queue_from("alice@alpha.test", &[BOB], b"Subject: dots\r\n\r\n.\r\n..two\r\nend\r\n").await;
    until("it has left", || office.is_empty()).await;
    let letters = server.taken();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].mail, "MAIL FROM:<alice@alpha.test> SIZE=32");
    assert_eq!(letters[0].rcpt, ["RCPT TO:<bob@beta.test>"]);
    assert_eq!(letters[0].data, "Subject: dots\r\n\r\n.\r\n..two\r\nend\r\n");
    assert_eq!(office.list(), []);
    office.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_letter_is_read_in_pieces_and_arrives_whole() {
    let server = Server::start(|turn| if turn.said.starts_with("EHLO") { say("250 mx.beta.test") } else { None }).await;
    let (_folder, mut office) = office_and(&server).await;
    let line = "All work and no play makes Jack a dull boy.\r\n";
    let letter = format!("Subject: long\r\n\r\n{}", line.repeat(30_000));
    office.queue_from("alice@alpha.test", &[BOB], letter.as_bytes()).await;
    office.start();
    until("it has left", || office.is_empty()).await;
    assert!(server.taken()[0].data == letter);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_letters_share_a_connection() {
    let server = Server::start(|_| None).await;
    let (_folder, mut office) = office_and(&server).await;
    office.means.limits.connections_per_site = 1;
    for _ in 0..30 {
        office.queue(&[BOB]).await;
    }
    office.start();
    until("all have left", || office.is_empty()).await;
    assert_eq!((server.taken().len(), server.connections()), (30, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_carries_only_so_many_letters() {
    let server = Server::start(|_| None).await;
    let (_folder, mut office) = office_and(&server).await;
    office.means.limits.connections_per_site = 1;
    office.means.limits.letters_per_connection = 4;
    for _ in 0..10 {
        office.queue(&[BOB]).await;
    }
    office.start();
    until("all have left", || office.is_empty()).await;
    assert_eq!(server.connections(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_connections_are_made_than_allowed() {
    let server = Server::start(|_| None).await;
    let (_folder, mut office) = office_and(&server).await;
    for _ in 0..200 {
        office.queue(&[BOB]).await;
    }
    office.start();
    until("all have left", || office.is_empty()).await;
    assert_eq!(server.taken().len(), 200);
    assert!(server.connections() <= 5, "{}", server.connections());
}

fn crowd(number: usize) -> Vec<String> {
    (0..number).map(|n| format!("person{n}@beta.test")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_recipients_of_one_host_share_a_transaction() {
    let server = Server::start(|_| None).await;
    let (_folder, mut office) = office_and(&server).await;
    office.means.limits.connections_per_site = 1;
    let crowd = crowd(250);
    office.queue(&crowd.iter().map(String::as_str).collect::<Vec<_>>()).await;
    office.start();
    until("it has left", || office.is_empty()).await;
    let sizes: Vec<usize> = server.taken().iter().map(|letter| letter.rcpt.len()).collect();
    assert_eq!(sizes, [100, 100, 50]);
    assert_eq!(server.connections(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_wants_fewer_recipients_gets_more_transactions() {
    let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let server = Server::start(move |turn| {
        use std::sync::atomic::Ordering::SeqCst;
        match turn.said.split(' ').next() {
            Some("MAIL") => count.store(0, SeqCst),
            Some("RCPT") if count.fetch_add(1, SeqCst) >= 10 => return say("452 4.5.3 too many recipients"),
            _ => {}
        }
        None
    })
    .await;
    let (_folder, mut office) = office_and(&server).await;
    office.means.limits.connections_per_site = 1;
    let crowd = crowd(25);
    office.queue(&crowd.iter().map(String::as_str).collect::<Vec<_>>()).await;
    office.start();
    until("it has left", || office.is_empty()).await;
    let sizes: Vec<usize> = server.taken().iter().map(|letter| letter.rcpt.len()).collect();
    assert_eq!(sizes, [10, 10, 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_only_knows_helo_gets_plain_smtp() {
    let server = Server::start(|turn| match turn.said.split(' ').next() {
        Some("EHLO") => say("500 what?"),
        _ => None,
    })
    .await;
    let (_folder, mut office) = office_and(&server).await;
    office.queue(&[BOB]).await;
    office.start();
    until("it has left", || office.is_empty()).await;
    assert_eq!(server.taken()[0].mail, "MAIL FROM:<alice@alpha.test>");
}

const OLD: &str = "250-mx.beta.test\r\n250 PIPELINING";

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_8bitmime_gets_seven_bits() {
    let server = Server::start(|turn| if turn.said.starts_with("EHLO") { say(OLD) } else { None }).await;
    let (_folder, mut office) = office_and(&server).await;
    let letter = "Content-Type: text/plain; charset=utf-8\r\n\r\nÀ bientôt\r\n";
    office.queue_from("alice@alpha.test", &[BOB], letter.as_bytes()).await;
    office.start();
    until("it has left", || office.is_empty()).await;
    let data = &server.taken()[0].data;
    assert!(data.contains("quoted-printable") && data.contains("=C3=80 bient=C3=B4t"), "{data}");
}

/// Returns the findings about the letter itself in its history.
fn told(office: &Office, letter: mail::LetterId) -> Vec<String> {
    let what = trace::What::Letter(letter);
    let found = office.read(move |view| trace::find(view, trace::Scope::Everyone, &what, trace::Page::default()));
    let steps = found.letters.iter().flat_map(|history| &history.steps);
    let judged = steps.filter_map(|step| match &step.event {
        Event::Judged { by, decision, reason, .. } => Some(format!("{by} {decision} {reason}")),
        _ => None,
    });
    judged.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_letter_that_had_to_be_rewritten_says_so_in_its_history_once_it_was_taken() {
    // The first try is put off: the letter has lost nothing yet.
    let tries = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |turn| match turn.said.split(' ').next() {
        Some("EHLO") => say(OLD),
        Some("MAIL") if tries.fetch_add(1, Ordering::Relaxed) == 0 => say("451 4.7.1 come again"),
        _ => None,
    })
    .await;
    let (_folder, mut office) = office_and(&server).await;
    let letter = "DKIM-Signature: v=1; b=x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nÀ bientôt\r\n";
    let signed = office.queue_from("carol@elsewhere.test", &[BOB], letter.as_bytes()).await;
    let unsigned = letter.split_once("\r\n").unwrap().1;
    let unsigned = office.queue_from("carol@elsewhere.test", &[BOB], unsigned.as_bytes()).await;
    office.start();
    until("both have left", || office.is_empty()).await;
    assert_eq!(told(&office, signed), ["8bitmime converted signatures-lost smtp.server=mx.beta.test (127.0.0.1)"]);
    assert_eq!(told(&office, unsigned), Vec::<String>::new(), "it had none to lose");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_letter_goes_octet_for_octet_where_the_server_takes_8_bits() {
    let server = Server::start(|_| None).await;
    let (_folder, mut office) = office_and(&server).await;
    let letter = "DKIM-Signature: v=1; b=x\r\nBcc: eve@x.test\r\n\r\nÀ bientôt \r\n";
    let signed = office.queue_from("carol@elsewhere.test", &[BOB], letter.as_bytes()).await;
    office.start();
    until("it has left", || office.is_empty()).await;
    assert_eq!(server.taken()[0].data, letter);
    assert_eq!(told(&office, signed), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_8bitmime_is_told_of_eight_bits() {
    let server = Server::start(|_| None).await;
    let (_folder, mut office) = office_and(&server).await;
    office.queue_from("alice@alpha.test", &[BOB], "Subject: x\r\n\r\nÀ bientôt\r\n".as_bytes()).await;
    office.start();
    until("it has left", || office.is_empty()).await;
    let letter = &server.taken()[0];
    assert!(letter.mail.ends_with(" BODY=8BITMIME"), "{}", letter.mail);
    assert!(letter.data.contains("À bientôt"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_international_address_goes_only_to_a_server_that_knows_such() {
    let over = Arc::new(AtomicBool::new(false));
    let its_end = over.clone();
    let server = Server::start(move |turn| match turn.said.split(' ').next() {
        Some("EHLO") if turn.connection == 1 => say("250-mx.beta.test\r\n250 8BITMIME"),
        Some("QUIT") => {
            its_end.store(true, Ordering::Release);
            None
        }
        _ => None,
    })
    .await;
    let (_folder, mut office) = office_and(&server).await;
    office.queue(&["josé@beta.test", BOB]).await;
    office.start();
    until("the report is filed", || office.filed().len() == 1).await;
    assert_eq!(server.taken()[0].rcpt, ["RCPT TO:<bob@beta.test>"]);
    let report = &office.filed()[0].1;
    assert!(report.contains("Status: 5.6.7") && report.contains("utf-8; jos\\x{E9}@beta.test"), "{report}");
    until("the first connection is over", || over.load(Ordering::Acquire)).await;
    office.queue(&["josé@beta.test"]).await;
    until("it has left", || office.is_empty()).await;
    assert_eq!(server.taken()[1].mail, "MAIL FROM:<alice@alpha.test> SIZE=60 SMTPUTF8");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_beyond_the_size_the_server_names_is_not_even_tried() {
    let offers = OFFERS.replace("1000000", "50");
    let server = Server::start(move |turn| if turn.said.starts_with("EHLO") { say(&offers) } else { None }).await;
    let (_folder, mut office) = office_and(&server).await;
    office.queue(&[BOB]).await;
    office.start();
    until("the report is filed", || office.filed().len() == 1).await;
    assert!(office.filed()[0].1.contains("Status: 5.3.4"));
    assert_eq!(server.seen(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_the_server_closed_while_idle_is_no_failure() {
    let server = Server::start(|turn| match (turn.connection, turn.said.split(' ').next()) {
        // After its first letter the first connection says goodbye at the next MAIL.
        (1, Some("MAIL")) if turn.said.contains("carol") => {
            Some(crate::support::server::Act::SayAndClose("421 bye".into()))
        }
        _ => None,
    })
    .await;
    let (_folder, mut office) = office_and(&server).await;
    // A retry would come too late for this test.
    office.means.schedule.first = Duration::from_secs(1000);
    office.means.schedule.most = Duration::from_secs(1000);
    office.means.limits.idle = Duration::from_secs(20);
    office.start();
    office.queue(&[BOB]).await;
    until("the first has left", || office.is_empty()).await;
    office.queue_from("carol@alpha.test", &[BOB], b"Subject: second\r\n\r\n").await;
    until("the second has left", || office.is_empty()).await;
    assert_eq!((server.taken().len(), server.connections()), (2, 2));
}
