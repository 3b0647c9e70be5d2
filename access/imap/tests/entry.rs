//! The behaviour that a text file cannot show: TLS, SCRAM, time, memory, and the end of the server.

#[path = "../../testing/client.rs"]
mod client;
mod fixture;

use std::net::SocketAddr;
use std::time::Duration;

use client::{Client, tls};
use mail::Password;
use net::{Stop, Stream};

const SECOND: Duration = Duration::from_secs(1);

async fn log_in(address: SocketAddr) -> Client {
    let mut client = Client::connect(address).await;
    client.expect("* OK").await;
    client.say("l LOGIN alice secret").await;
    client.expect("l OK").await;
    client
}

#[tokio::test]
async fn nobody_logs_in_before_tls_is_on() {
    let data = tempfile::tempdir().unwrap();
    let address = fixture::open(data.path(), |server| server.terms.tls = tls(data.path())).await;
    let mut client = Client::connect(address).await;
    let greeting = client.expect("* OK [CAPABILITY IMAP4rev1").await;
    assert!(greeting.contains("STARTTLS LOGINDISABLED]") && !greeting.contains("AUTH="), "{greeting}");
    client.say("a LOGIN alice secret").await;
    client.expect("a NO [PRIVACYREQUIRED]").await;
    client.say("b AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==").await;
    client.expect("b NO [PRIVACYREQUIRED]").await;
    client.say("c STARTTLS").await;
    client.expect("c OK").await;
    let mut client = client.encrypted().await;
    client.say("d CAPABILITY").await;
    let list = client.expect("* CAPABILITY").await;
    assert!(list.contains("AUTH=PLAIN") && !list.contains("STARTTLS") && !list.contains("LOGINDISABLED"), "{list}");
    client.expect("d OK").await;
    client.say("e LOGIN alice secret").await;
    client.expect("e OK").await;
    client.say("f STARTTLS").await;
    client.expect("f BAD").await;
}

#[tokio::test]
async fn what_was_sent_in_clear_behind_starttls_is_forgotten() {
    let data = tempfile::tempdir().unwrap();
    let address = fixture::open(data.path(), |server| server.terms.tls = tls(data.path())).await;
    let mut client = Client::connect(address).await;
    client.expect("* OK").await;
    client.say("a STARTTLS\r\nb NOOP\r\nc LOGIN {5+}\r\nal").await;
    client.expect("a OK").await;
    let mut client = client.encrypted().await;
    client.say("d NOOP").await;
    client.expect("d OK").await;
}

#[tokio::test]
async fn a_client_can_prove_its_password_without_sending_it() {
    let data = tempfile::tempdir().unwrap();
    let address = fixture::open(data.path(), |server| server.terms.clear_logins = true).await;
    let mut client = Client::connect(address).await;
    client.expect("* OK").await;
    let password = Password::new("secret".to_owned());
    let mut scram = sasl::Client::new(sasl::Mechanism::ScramSha256, "alice", &password, [7; sasl::NONCE]);
    let first = scram.initial().unwrap();
    client.say(&format!("a AUTHENTICATE SCRAM-SHA-256 {}", first.reveal())).await;
    for _ in 0..2 {
        let challenge = client.expect("+ ").await;
        let answer = scram.challenge(&challenge[2..]).unwrap();
        client.say(answer.reveal()).await;
    }
    client.expect("a OK [CAPABILITY").await;
    scram.finish().unwrap();
}

#[tokio::test]
async fn a_stranger_who_does_not_log_in_has_to_go() {
    let data = tempfile::tempdir().unwrap();
    let address = fixture::open(data.path(), |server| server.terms.entry = SECOND / 2).await;
    let mut client = Client::connect(address).await;
    client.expect("* OK").await;
    // A client that sends something now and then gains no time.
    for tag in ["a", "b"] {
        // time passes: the peer is slow
        tokio::time::sleep(SECOND / 8).await;
        client.say(&format!("{tag} NOOP")).await;
        client.expect(tag).await;
    }
    client.expect("* BYE").await;
    assert_eq!(client.hear().await, "");
}

#[tokio::test]
async fn a_person_who_says_nothing_for_long_is_logged_out() {
    let data = tempfile::tempdir().unwrap();
    let short = |server: &mut facteur_imap::Server| {
        server.terms.clear_logins = true;
        server.timeouts.command = SECOND / 4;
    };
    let address = fixture::open(data.path(), short).await;
    let mut waiting = log_in(address).await;
    let mut idling = log_in(address).await;
    idling.say("a IDLE").await;
    idling.expect("+").await;
    waiting.expect("* BYE").await;
    idling.expect("* BYE").await;
}

#[tokio::test]
async fn everyone_is_told_goodbye_when_the_house_closes() {
    let data = tempfile::tempdir().unwrap();
    let (stop, shutdown) = Stop::new();
    let close = |server: &mut facteur_imap::Server| {
        server.terms.clear_logins = true;
        server.shared.shutdown = shutdown;
    };
    let address = fixture::open(data.path(), close).await;
    let mut stranger = Client::connect(address).await;
    stranger.expect("* OK").await;
    let mut waiting = log_in(address).await;
    let mut idling = log_in(address).await;
    idling.say("a IDLE").await;
    idling.expect("+").await;
    stop.request(5 * SECOND);
    for client in [&mut stranger, &mut waiting, &mut idling] {
        client.expect("* BYE").await;
        assert_eq!(client.hear().await, "");
    }
}

#[tokio::test]
async fn letters_on_their_way_in_share_a_bounded_memory() {
    let data = tempfile::tempdir().unwrap();
    let budget = net::Budget::new(12 * 1024);
    let small = |server: &mut facteur_imap::Server| {
        server.terms.clear_logins = true;
        server.intake = net::Intake::new(budget.clone(), SECOND / 5);
    };
    let address = fixture::open(data.path(), small).await;
    let mut first = log_in(address).await;
    let mut second = log_in(address).await;
    let mut third = log_in(address).await;
    first.say("a APPEND INBOX {8000}").await;
    first.expect("+").await;
    first.say(&"x".repeat(7000)).await;
    waiting::until("the first has its memory", || budget.free() <= 12 * 1024 - 7000).await;
    second.say("b APPEND INBOX {8000}").await;
    second.expect("+").await;
    second.say(&"x".repeat(8000)).await;
    second.expect("b NO Too many letters").await;
    // A client that does not wait for our answer is also read to the end of its letter.
    third.say("c APPEND INBOX {8000+}").await;
    third.say(&"x".repeat(8000)).await;
    third.expect("c NO Too many letters").await;
    first.say(&"x".repeat(998)).await;
    first.expect("a OK [APPENDUID").await;
    second.say("b APPEND INBOX {8000}").await;
    second.expect("+").await;
    second.say(&"x".repeat(8000)).await;
    second.expect("b OK [APPENDUID").await;
}

#[tokio::test]
async fn a_client_that_never_reads_is_given_up() {
    let data = tempfile::tempdir().unwrap();
    let impatient = |server: &mut facteur_imap::Server| {
        server.terms.clear_logins = true;
        server.terms.write = SECOND / 4;
    };
    let address = fixture::open(data.path(), impatient).await;
    let mut client = log_in(address).await;
    client.0.set_write_timeout(10 * SECOND);
    let pile = "a CAPABILITY\r\n".repeat(1000);
    let pushing = async {
        for _ in 0..1000 {
            if let Err(error) = client.0.write(pile.as_bytes()).await {
                return Some(error);
            }
        }
        None
    };
    assert!(matches!(pushing.await, Some(net::Error::Closed)), "the server took it all");
}

#[tokio::test]
async fn a_waiting_conversation_is_small() {
    let data = tempfile::tempdir().unwrap();
    let store =
        store::Store::open(store::Options::new(data.path()), &[mailbox::MIGRATIONS, trace::MIGRATIONS].concat())
            .unwrap();
    let door = facteur_imap::Imap::new(facteur_imap::Server::new(doors::Shared::new(
        store,
        std::sync::Arc::new(fixture::two_people()),
    )));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = Stream::connect(listener.local_addr().unwrap(), SECOND).await.unwrap();
    let size = std::mem::size_of_val(&door.converse(stream));
    println!("{size} octets");
    assert!(size < 3000, "{size} octets");
}

#[tokio::test]
async fn a_stranger_who_never_stops_talking_has_to_go_as_well() {
    let data = tempfile::tempdir().unwrap();
    let address = fixture::open(data.path(), |server| server.terms.entry = SECOND / 4).await;
    let mut client = Client::connect(address).await;
    client.expect("* OK").await;
    let begun = std::time::Instant::now();
    while begun.elapsed() < 5 * SECOND {
        client.say("a NOOP").await;
        match client.hear().await {
            line if line.starts_with("* BYE") => return,
            line => assert!(line.starts_with("a OK"), "{line}"),
        }
    }
    panic!("still there");
}
