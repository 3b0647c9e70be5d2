//! Tests of deliveries to a server behind us, over LMTP: every recipient has an answer of their own.

use mail::ReturnPath;
use mail::seam::Standing;
use mta::delivery::{Direct, Given, Prober};
use mta::route::Route;
use net::Table;

use crate::support::office::{Office, address};
use crate::support::server::{Act, Server, Turn, say};
use crate::support::until;

const ALICE: &str = "alice@behind.test";
const BOB: &str = "bob@behind.test";
const CAROL: &str = "carol@behind.test";

async fn behind(
    script: impl Fn(Turn<'_>) -> Option<Act> + Send + Sync + 'static,
) -> (Server, tempfile::TempDir, Office) {
    let server = Server::start(script).await;
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(folder.path(), Table::new(), 1);
    let route = Route::parse(&format!("lmtp:{}", server.address)).unwrap();
    office.means.routes.add("behind.test", route).unwrap();
    (server, folder, office)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_goes_by_lmtp_and_each_recipient_has_an_answer_of_their_own() {
    let (server, _folder, mut office) = behind(|turn| match turn.said {
        said if said.starts_with("EHLO") => say("500 this is LMTP"),
        said if said.starts_with("DOT") && said.contains("bob") && turn.connection == 1 => say("452 4.2.2 full"),
        said if said.starts_with("DOT") && said.contains("carol") => say("550 5.1.1 has just left"),
        _ => None,
    })
    .await;
    office.means.limits.letters_per_connection = 1;
    office.queue(&[ALICE, BOB, CAROL]).await;
    office.start();
    until("Bob alone is tried again, and all have their answer", || office.is_empty()).await;
    let taken = server.taken();
    assert_eq!(taken[0].rcpt.len(), 3);
    assert_eq!(taken[1].rcpt, [format!("RCPT TO:<{BOB}>")]);
    assert_eq!(taken.len(), 2);
    let filed = office.filed();
    assert_eq!(filed.len(), 1, "the one who has left is reported");
    assert!(filed[0].1.contains("has just left") && filed[0].1.contains(CAROL), "{}", filed[0].1);
    assert!(!filed[0].1.contains(BOB));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_answered_before_the_connection_broke_is_not_given_the_letter_again() {
    let (server, _folder, mut office) = behind(|turn| match turn.said {
        said if said.starts_with("DOT") && said.contains("bob") && turn.connection == 1 => Some(Act::Close),
        _ => None,
    })
    .await;
    office.queue(&[ALICE, BOB]).await;
    office.start();
    until("both have it", || office.is_empty()).await;
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1].rcpt, [format!("RCPT TO:<{BOB}>")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_up_after_data_has_nothing_and_gets_it_again() {
    let (server, _folder, mut office) = behind(|turn| match turn.said {
        said if said.starts_with("DOT") && turn.connection == 1 => Some(Act::Close),
        _ => None,
    })
    .await;
    office.queue(&[ALICE]).await;
    office.start();
    until("it is there", || office.is_empty()).await;
    assert_eq!((server.seen().len(), server.count()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn when_nobody_is_taken_the_conversation_goes_on() {
    let (server, _folder, mut office) = behind(|turn| match turn.said {
        said if said.starts_with("RCPT") && said.contains("carol") => say("550 5.1.1 unknown"),
        "DATA" => None,
        _ => None,
    })
    .await;
    office.means.limits.connections_per_site = 1;
    office.queue(&[CAROL]).await;
    office.queue(&[ALICE]).await;
    office.start();
    until("both have their answer", || office.is_empty()).await;
    assert_eq!(server.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_behind_us_is_asked_once_and_believed_while_it_is_away() {
    let (server, _folder, office) = behind(|turn| match turn.said {
        said if said.starts_with("RCPT") && said.contains("carol") => say("550 5.1.1 unknown"),
        said if said.starts_with("RCPT") && said.contains("bob") => say("452 4.2.2 full"),
        _ => None,
    })
    .await;
    let prober = Prober::new(office.means.clone());
    let route = Route::parse(&format!("lmtp:{}", server.address)).unwrap();
    let ask = async |to: &str| prober.ask(&route, &address(to)).await;
    assert_eq!(ask(ALICE).await.unwrap(), Standing::Behind);
    assert_eq!(ask(CAROL).await.unwrap(), Standing::Unknown);
    assert_eq!(ask(BOB).await.unwrap(), Standing::Full);
    let connections = server.connections();
    assert_eq!(ask(ALICE).await.unwrap(), Standing::Behind);
    assert_eq!(ask(CAROL).await.unwrap(), Standing::Unknown);
    assert_eq!(server.connections(), connections, "what is known is not asked again");
    assert!(server.seen().is_empty(), "a question is no letter");
    drop(server);
    assert!(ask("dora@behind.test").await.is_err(), "who was never heard of comes later");
    assert_eq!(ask(ALICE).await.unwrap(), Standing::Behind);
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_that_are_not_in_the_queue_go_to_a_server_one_behind_the_other() {
    let (server, _folder, office) = behind(|turn| match turn.said {
        said if said.starts_with("RCPT") && said.contains("carol") => say("550 5.1.1 unknown"),
        said if said.starts_with("DOT") && said.contains("bob") => say("452 4.2.2 full"),
        _ => None,
    })
    .await;
    let route = Route::parse(&format!("lmtp:{}", server.address)).unwrap();
    let mut direct = Direct::to(office.means.clone(), &route).unwrap();
    let letter = "Subject: caf\u{e9}\r\n\r\n.hello\r\n".into();
    let from = ReturnPath::Address(address("eve@elsewhere.test"));
    let mut give = async |to: &str| direct.give(&from, &address(to), &letter).await;
    assert_eq!(give(ALICE).await.unwrap(), Given::Taken);
    let Given::Refused(said) = give(CAROL).await.unwrap() else { panic!("Carol is not there") };
    assert!(said.text.contains("5.1.1 unknown"), "{said:?}");
    assert!(give(BOB).await.unwrap_err().0.contains("full"));
    assert_eq!(give(ALICE).await.unwrap(), Given::Taken);
    assert_eq!(server.connections(), 1);
    let taken = server.taken();
    assert!(taken.iter().all(|one| one.data.contains("hello") && one.mail.contains("BODY=8BITMIME")), "{taken:?}");
    direct.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_the_server_ended_between_two_letters_is_begun_again() {
    let (server, _folder, office) = behind(|turn| match turn.said {
        said if said.starts_with("MAIL") && turn.connection == 2 => Some(Act::SayAndClose("421 4.3.2 closing".into())),
        said if said.starts_with("DOT") && turn.connection == 1 => Some(Act::SayAndClose("250 2.0.0 taken".into())),
        _ => None,
    })
    .await;
    let route = Route::parse(&format!("lmtp:{}", server.address)).unwrap();
    let mut direct = Direct::to(office.means.clone(), &route).unwrap();
    let letter = "Subject: one\r\n\r\nhello\r\n".into();
    let mut give = async || direct.give(&ReturnPath::Null, &address(ALICE), &letter).await;
    assert_eq!(give().await.unwrap(), Given::Taken);
    assert!(give().await.is_err(), "a fresh conversation that ends at MAIL says something about the server");
    assert_eq!(give().await.unwrap(), Given::Taken);
    assert_eq!((server.seen().len(), server.connections()), (2, 3));
}
