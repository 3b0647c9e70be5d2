//! Tests of replies that concern more than one letter: other hosts are asked, and a site that has enough is left
//! alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use net::{DnsFault, Table};

use crate::support::office::{Office, beta, mx};
use crate::support::server::{Act, Server, Turn, say};
use crate::support::until;

const BOB: &str = "bob@beta.test";

/// Two hosts for beta.test: the preferred one does as the script says, the other is a good server.
async fn two_hosts(script: impl Fn(Turn<'_>) -> Option<Act> + Send + Sync + 'static) -> (Server, Server, Table) {
    let good = Server::start(|_| None).await;
    let preferred = Server::start_at(&format!("127.0.0.2:{}", good.port()), None, script).await;
    let hosts = [(10, "mx1.beta.test", "127.0.0.2"), (20, "mx2.beta.test", "127.0.0.1")];
    (preferred, good, mx(Table::new(), "beta.test", &hosts))
}

fn slow_office(folder: &tempfile::TempDir, names: Table, port: u16) -> Office {
    let mut office = Office::open(folder.path(), names, port);
    // A letter that is put off stays put off for the whole test.
    office.means.schedule.first = Duration::from_secs(1000);
    office.means.schedule.most = Duration::from_secs(1000);
    office.means.schedule.greylisted = Duration::from_secs(1000);
    office
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_for_now_at_one_host_is_taken_at_the_next_at_once() {
    for (at, act) in [
        ("GREETING", "554 no service"),
        ("GREETING", "421 busy"),
        ("EHLO", "451 not now"),
        ("MAIL", "421 4.3.2 closing"),
        ("MAIL", "452 4.3.1 no room"),
        ("MAIL", ""),
        ("RCPT", "451 4.3.0 local error"),
        ("RCPT", "450 4.7.650 too many messages from your IP"),
        ("RCPT", ""),
        ("DATA", "451 4.3.0 not now"),
        ("DATA", ""),
        ("DOT", "451 4.3.0 cannot look at it now"),
    ] {
        let (preferred, good, names) = two_hosts(move |turn| match turn.said.starts_with(at) {
            true if act.is_empty() => Some(Act::Close),
            true => say(act),
            false => None,
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        let mut office = slow_office(&folder, names, good.port());
        office.queue(&[BOB, "carol@beta.test"]).await;
        office.start();
        until(&format!("{at} {act}: it has left"), || office.is_empty()).await;
        assert_eq!(good.taken().iter().map(|letter| letter.rcpt.len()).sum::<usize>(), 2, "{at} {act}");
        assert_eq!(preferred.connections(), 1, "{at} {act}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_was_refused_goes_to_the_next_host() {
    let (preferred, good, names) = two_hosts(|turn| match turn.said {
        "RCPT TO:<later@beta.test>" => say("451 4.3.0 not now"),
        "RCPT TO:<nobody@beta.test>" => say("550 5.1.1 no such user"),
        "RCPT TO:<grey@beta.test>" => say("450 4.7.1 greylisted for 3600 seconds"),
        _ => None,
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut office = slow_office(&folder, names, good.port());
    office.queue(&[BOB, "later@beta.test", "nobody@beta.test", "grey@beta.test"]).await;
    office.start();
    until("one is reported and one is left", || office.filed().len() == 1 && office.list().len() == 1).await;
    assert_eq!(preferred.taken()[0].rcpt, ["RCPT TO:<bob@beta.test>"]);
    assert_eq!(good.taken()[0].rcpt, ["RCPT TO:<later@beta.test>"]);
    assert!(office.filed()[0].1.contains("nobody@beta.test"));
    assert!(office.said_of("grey@beta.test").contains("greylisted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_greylisted_recipient_comes_back_after_the_named_time_to_the_same_host() {
    let (tries, first) = (Arc::new(AtomicUsize::new(0)), Arc::new(std::sync::Mutex::new(None::<Instant>)));
    let (counted, begun) = (tries.clone(), first.clone());
    let grey = move |turn: Turn<'_>| {
        if !turn.said.starts_with("RCPT") || counted.fetch_add(1, SeqCst) > 0 {
            return None;
        }
        *begun.lock().unwrap() = Some(Instant::now());
        say("451 4.7.1 Greylisting in action, please come back in 00:00:02")
    };
    let one = Server::start(|_| None).await;
    let two = Server::start_at(&format!("127.0.0.2:{}", one.port()), None, grey).await;
    // Hosts of one preference are asked in random order; the one that has greylisted knows us.
    let hosts = [(10, "mx2.beta.test", "127.0.0.2")];
    let folder = tempfile::tempdir().unwrap();
    let mut office = slow_office(&folder, mx(Table::new(), "beta.test", &hosts), one.port());
    let id = office.queue(&[BOB]).await;
    office.start();
    until("it is greylisted", || office.said_of(BOB).contains("Greylisting")).await;
    let shown = office.read(move |view| mta::queue::show(view, id));
    let wait = shown[0].letter.recipients[0].next_try.since(shown[0].attempts[0].at);
    assert!(wait >= Duration::from_secs(2) && wait < Duration::from_secs(10), "{wait:?}");
    office.stop().await;
    let hosts = [(10, "mx2.beta.test", "127.0.0.2"), (5, "mx1.beta.test", "127.0.0.1")];
    let mut office = slow_office_again(office, mx(Table::new(), "beta.test", &hosts), one.port());
    office.start();
    until("it has left", || office.is_empty()).await;
    assert!(first.lock().unwrap().unwrap().elapsed() >= Duration::from_secs(2));
    assert_eq!((one.connections(), two.taken().len()), (0, 1));
}

fn slow_office_again(office: Office, names: Table, port: u16) -> Office {
    let schedule = office.means.schedule.clone();
    let mut again = Office::with_store(office.store.clone(), names, port);
    again.means.schedule = schedule;
    again
}

/// Queues 300 letters for a site that does as the script says; gives the server and the office once all is put off.
async fn three_hundred(script: impl Fn(Turn<'_>) -> Option<Act> + Send + Sync + 'static) -> (Server, Office) {
    let server = Server::start(script).await;
    let folder = tempfile::tempdir().unwrap();
    let mut office = slow_office(&folder, beta(), server.port());
    office.queue_many(300, BOB, b"Subject: x\r\n\r\n").await;
    office.start();
    until("something is said", || !office.said_of(BOB).is_empty()).await;
    // time passes: nothing may happen meanwhile
    tokio::time::sleep(Duration::from_millis(100)).await;
    (server, office)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_says_slow_down_is_left_alone_with_all_its_letters() {
    for (at, words) in [
        ("MAIL", "421 4.7.0 slow down"),
        ("RCPT", "421 4.7.28 unusual rate of mail"),
        ("RCPT", "450 4.7.1 rate limit exceeded, try again later"),
        ("DOT", "451 4.7.650 try again later, too many messages from your IP"),
    ] {
        let (server, office) =
            three_hundred(move |turn| turn.said.starts_with(at).then(|| Act::Say(words.into()))).await;
        assert!(server.connections() <= 3, "{at} {words}: {} connections", server.connections());
        assert_eq!(office.counts().waiting, 300);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_hangs_up_is_left_alone_with_all_its_letters() {
    for at in ["MAIL", "RCPT", "DATA"] {
        let (server, office) = three_hundred(move |turn| turn.said.starts_with(at).then_some(Act::Close)).await;
        assert!(server.connections() <= 4, "{at}: {} connections", server.connections());
        assert_eq!(office.counts().waiting, 300);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_warms_up_again_by_itself() {
    let busy = Arc::new(AtomicBool::new(true));
    let is_busy = busy.clone();
    let server = Server::start(move |turn| match turn.said {
        said if said.starts_with("RCPT") && is_busy.load(SeqCst) => say("421 4.7.0 slow down"),
        _ => None,
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(folder.path(), beta(), server.port());
    office.queue_many(300, BOB, b"Subject: x\r\n\r\n").await;
    office.start();
    until("it is busy", || server.connections() >= 2).await;
    busy.store(false, SeqCst);
    until("all have left", || office.is_empty()).await;
    assert_eq!(server.taken().len(), 300);
    assert!(server.connections() < 20, "{} connections", server.connections());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_letter_over_which_a_server_hangs_up_does_not_stop_the_others() {
    let server =
        Server::start(|turn| (turn.said == "MAIL FROM:<poison@alpha.test> SIZE=14").then_some(Act::Close)).await;
    let folder = tempfile::tempdir().unwrap();
    let mut office = slow_office(&folder, beta(), server.port());
    office.queue_from("poison@alpha.test", &[BOB], b"Subject: x\r\n\r\n").await;
    office.queue_many(50, BOB, b"Subject: x\r\n\r\n").await;
    office.start();
    until("the others have left", || office.list().len() == 1).await;
    assert_eq!(server.taken().len(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_no_mail_host_exists_the_letter_comes_back_at_once_and_when_one_may_it_waits() {
    let hosts = |names: Table| names.mx("beta.test", Ok(exchanges(&["mx1.beta.test", "mx2.beta.test"])));
    let folder = tempfile::tempdir().unwrap();
    let mut office = slow_office(&folder, hosts(Table::new()), 1);
    office.queue(&[BOB]).await;
    office.start();
    until("the report is filed", || office.filed().len() == 1).await;
    assert!(office.filed()[0].1.contains("Status: 5.4.4"), "{}", office.filed()[0].1);

    let folder = tempfile::tempdir().unwrap();
    let unsure = hosts(Table::new()).addresses("mx2.beta.test", Err(DnsFault("SERVFAIL".into())));
    let mut office = slow_office(&folder, unsure, 1);
    office.queue(&[BOB]).await;
    office.start();
    until("it is said", || office.said_of(BOB).contains("SERVFAIL")).await;
    assert_eq!(office.counts().waiting, 1);
}

fn exchanges(hosts: &[&str]) -> net::MxAnswer {
    let exchange = |host: &&str| net::Exchange { preference: 10, host: (*host).to_owned() };
    net::MxAnswer::hosts(hosts.iter().map(exchange).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_never_takes_mail_returns_the_letter_and_one_without_time_keeps_it_waiting() {
    for (greeting, comes_back) in [("521 5.3.2 this host takes no mail", true), ("554 5.3.2 no time", false)] {
        let server = Server::start(move |turn| (turn.said == "GREETING").then(|| Act::Say(greeting.into()))).await;
        let folder = tempfile::tempdir().unwrap();
        let mut office = slow_office(&folder, beta(), server.port());
        office.queue(&[BOB]).await;
        office.start();
        if comes_back {
            until("the report is filed", || office.filed().len() == 1).await;
        } else {
            until("it is said", || office.said_of(BOB) == greeting).await;
            assert_eq!(office.counts().waiting, 1);
        }
    }
}
