//! Tests of deliveries to a server behind us, over LMTP: every recipient has an answer of their own.

use mail::seam::Standing;
use mta::delivery::Prober;
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
