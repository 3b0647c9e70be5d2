//! Servers that fail, each in its way; and crashes of ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use net::{ServerTls, Table};

use crate::support::office::{Office, beta, mx};
use crate::support::server::{Act, OFFERS, Server, Turn, say};
use crate::support::until;

const BOB: &str = "bob@beta.test";

fn open(folder: &tempfile::TempDir, port: u16) -> Office {
    Office::open(folder.path(), beta(), port)
}

/// Sends one letter to a server that does this on its first connection and behaves afterwards; gives the two.
async fn first_connection(
    script: impl Fn(&str) -> Option<Act> + Send + Sync + 'static,
) -> (Server, Office, tempfile::TempDir) {
    let server = Server::start(move |turn: Turn| if turn.connection == 1 { script(turn.said) } else { None }).await;
    let folder = tempfile::tempdir().unwrap();
    let mut office = open(&folder, server.port());
    office.means.waits.command = Duration::from_millis(400);
    office.means.waits.greeting = Duration::from_millis(400);
    office.means.waits.data = Duration::from_millis(400);
    office.means.waits.dot = Duration::from_millis(400);
    office.queue(&[BOB]).await;
    office.start();
    (server, office, folder)
}

async fn arrives_after(script: impl Fn(&str) -> Option<Act> + Send + Sync + 'static) {
    let (server, office, _folder) = first_connection(script).await;
    until("it has left", || office.is_empty()).await;
    assert_eq!(server.taken().len(), 1);
    assert_eq!(server.taken()[0].rcpt, ["RCPT TO:<bob@beta.test>"]);
    assert!(server.connections() >= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn disconnect_in_greeting() {
    arrives_after(|said| (said == "GREETING").then_some(Act::Close)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_busy_in_greeting() {
    arrives_after(|said| (said == "GREETING").then(|| Act::SayAndClose("421 4.3.2 too busy".into()))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_service_in_greeting() {
    arrives_after(|said| (said == "GREETING").then(|| Act::Say("554 no SMTP service here".into()))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn something_else_than_smtp() {
    arrives_after(|said| (said == "GREETING").then(|| Act::Say("SSH-2.0-OpenSSH_9.9".into()))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disconnect_in_each_command() {
    for verb in ["EHLO", "MAIL", "RCPT", "DATA"] {
        arrives_after(move |said| said.starts_with(verb).then_some(Act::Close)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_in_each_command() {
    for verb in ["GREETING", "EHLO", "MAIL", "RCPT", "DATA"] {
        arrives_after(move |said| said.starts_with(verb).then_some(Act::Silence)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_reply_in_each_command() {
    for verb in ["GREETING", "EHLO", "MAIL", "DOT"] {
        let (server, office, _folder) =
            first_connection(move |said| said.starts_with(verb).then_some(Act::Endless)).await;
        until("it has left", || office.is_empty()).await;
        assert_eq!(server.taken().len(), 1, "{verb}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shutting_down_in_rcpt_and_data() {
    for verb in ["RCPT", "DATA", "DOT"] {
        arrives_after(move |said| said.starts_with(verb).then(|| Act::SayAndClose("421 4.3.2 shutting down".into())))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn disconnect_after_data_is_the_one_case_of_two_copies() {
    let (server, office, _folder) = first_connection(|said| (said == "DOT").then_some(Act::Close)).await;
    until("it has left", || office.is_empty()).await;
    assert_eq!((server.seen().len(), server.taken().len()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn not_now_and_then_yes() {
    let tries = AtomicUsize::new(0);
    let server = Server::start(move |turn| match turn.said.split(' ').next() {
        Some("RCPT") if tries.fetch_add(1, SeqCst) < 2 => say("451 4.7.1 greylisted"),
        _ => None,
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut office = open(&folder, server.port());
    let id = office.queue(&[BOB]).await;
    office.start();
    until("it is refused for now", || office.said_of(BOB) == "451 4.7.1 greylisted").await;
    let shown = office.read(move |view| mta::queue::show(view, id));
    assert_eq!(shown[0].attempts[0].said_by, "mx.beta.test (127.0.0.1)");
    until("it has left", || office.is_empty()).await;
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_recipient_has_its_own_fate() {
    for offers in [OFFERS, "250 mx.beta.test"] {
        let server = Server::start(move |turn| match turn.said {
            said if said.starts_with("EHLO") => say(offers),
            "RCPT TO:<nobody@beta.test>" => say("550 5.1.1 no such user"),
            "RCPT TO:<later@beta.test>" => say("450 4.2.1 not now"),
            _ => None,
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        let mut office = open(&folder, server.port());
        office.means.schedule.first = Duration::from_secs(100);
        office.queue(&["nobody@beta.test", BOB, "later@beta.test"]).await;
        office.start();
        until("the report is filed", || office.filed().len() == 1).await;
        assert_eq!(server.taken()[0].rcpt, ["RCPT TO:<bob@beta.test>"]);
        let (to, report) = &office.filed()[0];
        assert_eq!(to, "alice@alpha.test");
        assert!(report.contains("Final-Recipient: rfc822; nobody@beta.test"));
        assert!(!report.contains("later@beta.test") && !report.contains("bob@"));
        until("the report has left", || office.list().len() == 1).await;
        assert_eq!(office.said_of("later@beta.test"), "450 4.2.1 not now");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_sender_or_letter_fails_for_all() {
    for verb in ["MAIL", "DATA", "DOT"] {
        for offers in [OFFERS, "250 mx.beta.test"] {
            let server = Server::start(move |turn| match turn.said {
                said if said.starts_with("EHLO") => say(offers),
                said if said.starts_with(verb) => say("554 5.7.1 looks like spam"),
                _ => None,
            })
            .await;
            let folder = tempfile::tempdir().unwrap();
            let mut office = open(&folder, server.port());
            office.queue(&[BOB, "carol@beta.test"]).await;
            office.start();
            until("the report is filed and all has left", || office.filed().len() == 1 && office.is_empty()).await;
            assert_eq!(office.filed()[0].1.matches("Status: 5.7.1").count(), 2);
            assert_eq!(server.taken(), []);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_go_on_without_recipients_is_let_out() {
    let server = Server::start(|turn| match turn.said {
        "RCPT TO:<nobody@beta.test>" => say("550 5.1.1 no such user"),
        "DATA" => say("354 go on, whoever it is for"),
        _ => None,
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut office = open(&folder, server.port());
    office.means.limits.connections_per_site = 1;
    office.queue(&["nobody@beta.test"]).await;
    office.queue(&[BOB]).await;
    office.start();
    until("all has left", || office.is_empty()).await;
    assert_eq!(server.connections(), 1);
    assert_eq!(server.taken().last().unwrap().rcpt, ["RCPT TO:<bob@beta.test>"]);
}

fn offering_tls(turn: &Turn<'_>) -> Option<Act> {
    turn.said.starts_with("EHLO").then(|| Act::Say(format!("250-mx.beta.test\r\n250-STARTTLS\r\n{}", &OFFERS[18..])))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_offers_tls_gets_the_letter_inside_it() {
    let keys = tempfile::tempdir().unwrap();
    let tls = ServerTls::self_signed(keys.path(), "mx.beta.test").unwrap();
    let server = Server::start_at("127.0.0.1:0", Some(tls), |turn| offering_tls(&turn)).await;
    let folder = tempfile::tempdir().unwrap();
    let mut office = open(&folder, server.port());
    office.queue(&[BOB]).await;
    office.start();
    until("it has left", || office.is_empty()).await;
    assert!(server.taken()[0].tls);
    assert_eq!(server.connections(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_handshake_means_a_new_connection_in_clear() {
    // It offers STARTTLS, says 220, and then goes on in clear: "554" is no TLS.
    let server = Server::start(|turn| match turn.said {
        "STARTTLS" => Some(Act::SayAndClose("220 go on\r\n554 no TLS here".into())),
        _ => offering_tls(&turn),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut office = open(&folder, server.port());
    office.queue(&[BOB]).await;
    office.start();
    until("it has left", || office.is_empty()).await;
    assert!(!server.taken()[0].tls);
    assert_eq!(server.connections(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_host_does_not_stall_the_others_and_is_not_asked_for_each_letter() {
    let dead = Server::start(|turn| (turn.said == "GREETING").then_some(Act::Silence)).await;
    let alive = Server::start_at(&format!("127.0.0.2:{}", dead.port()), None, |_| None).await;
    let names = mx(beta(), "gamma.test", &[(10, "mx.gamma.test", "127.0.0.2")]);
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(folder.path(), names, dead.port());
    office.means.waits.greeting = Duration::from_secs(4);
    office.means.schedule.first = Duration::from_secs(100);
    office.means.schedule.most = Duration::from_secs(100);
    for _ in 0..100 {
        office.queue(&[BOB]).await;
    }
    office.start();
    until("the dead host is asked", || dead.connections() == 1).await;
    for _ in 0..20 {
        office.queue(&["carl@gamma.test"]).await;
    }
    until("the others have got theirs", || alive.taken().len() == 20).await;
    assert_eq!(office.said_of(BOB), "", "only after the dead host had been given up");
    until("the dead host was given up for now", || !office.said_of(BOB).is_empty()).await;
    office.queue(&["berta@beta.test"]).await;
    // time passes: nothing may happen meanwhile
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(dead.connections(), 1);
    assert_eq!(office.counts().waiting, 101);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_turns_further_connections_away_is_used_with_fewer() {
    let open_now = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |turn| match turn.said {
        "GREETING" if open_now.fetch_add(1, SeqCst) >= 1 => Some(Act::SayAndClose("421 4.7.0 too many".into())),
        "DOT" => {
            // time passes: the peer is slow
            std::thread::sleep(Duration::from_millis(20));
            None
        }
        _ => None,
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut office = open(&folder, server.port());
    for _ in 0..40 {
        office.queue(&[BOB]).await;
    }
    office.start();
    until("all have left", || office.is_empty()).await;
    assert_eq!(server.taken().len(), 40);
    assert!(server.taken().iter().all(|letter| letter.connection == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_each_letter_arrives_and_only_those_on_their_way_may_arrive_twice() {
    let slow = Arc::new(AtomicBool::new(true));
    let is_slow = slow.clone();
    let server = Server::start(move |turn| {
        if turn.said == "DOT" && is_slow.load(SeqCst) {
            // time passes: the peer is slow
            std::thread::sleep(Duration::from_millis(15));
        }
        None
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut ids = Vec::new();
    let office = open(&folder, server.port());
    for number in 0..60 {
        let letter = format!("Subject: number {number}\r\n\r\nx\r\n");
        office.queue_from("alice@alpha.test", &[BOB], letter.as_bytes()).await;
        ids.push(letter);
    }
    office.crash().await;
    let mut crashes = 0;
    loop {
        let mut office = open(&folder, server.port());
        if crashes == 5 {
            slow.store(false, SeqCst);
        }
        office.start();
        if crashes == 5 {
            until("all have left", || office.is_empty()).await;
            break;
        }
        // time passes: at any moment
        tokio::time::sleep(Duration::from_millis(30 + 20 * crashes)).await;
        office.crash().await;
        crashes += 1;
    }
    let taken = server.taken();
    for letter in &ids {
        let copies = taken.iter().filter(|arrived| arrived.data == *letter).count();
        // One more for each crash that caught it between the 250 and the record.
        assert!((1..=6).contains(&copies), "{letter}: {copies}");
    }
    assert!(taken.len() <= 60 + 25, "{}", taken.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graceful_end_loses_nothing_and_sends_nothing_twice() {
    let server = Server::start(|turn| {
        if turn.said == "DOT" {
            // time passes: the peer is slow
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let office = open(&folder, server.port());
    for _ in 0..60 {
        office.queue(&[BOB]).await;
    }
    office.crash().await;
    while {
        let mut office = open(&folder, server.port());
        office.start();
        // time passes: at any moment
        tokio::time::sleep(Duration::from_millis(60)).await;
        office.stop().await;
        !office.is_empty()
    } {}
    assert_eq!(server.taken().len(), 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_for_a_while_delays_the_record_and_sends_nothing_twice() {
    let server = Server::start(|_| None).await;
    let folder = tempfile::tempdir().unwrap();
    let broken = Arc::new(AtomicBool::new(false));
    let is_broken = broken.clone();
    drop(open(&folder, server.port()));
    let mut options = store::Options::new(folder.path());
    options.faults.before_commit =
        Some(Arc::new(
            move || {
                if is_broken.load(SeqCst) { Err(store::Error::Io("the disk refuses".into())) } else { Ok(()) }
            },
        ));
    let store = store::Store::open(options, &[mta::MIGRATIONS, trace::MIGRATIONS].concat()).unwrap();
    let mut office = Office::with_store(store, beta(), server.port());
    office.queue(&[BOB]).await;
    broken.store(true, SeqCst);
    office.start();
    until("the server has it", || server.taken().len() == 1).await;
    // time passes: nothing may happen meanwhile
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!office.is_empty());
    broken.store(false, SeqCst);
    until("it has left", || office.is_empty()).await;
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_not_there_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let names = mx(Table::new(), "beta.test", &[(1, "mx.beta.test", "127.0.0.1")]);
    // Nobody listens on port 1.
    let mut office = Office::open(folder.path(), names, 1);
    office.queue(&[BOB]).await;
    office.start();
    until("it is said", || office.said_of(BOB).contains("refused")).await;
    assert!(office.said_of(BOB).contains("mx.beta.test (127.0.0.1)"));
}
