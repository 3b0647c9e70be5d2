//! The log-in over lines, at a door that does nothing but pass lines.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};

use facteur_doors::{Entrance, Lines, Terms, log_in};
use mail::Password;
use mail::seam::Login;
use people::two_people;
use sasl::{Mechanism, Refusal};

/// `\0alice\0secret` and `\0alice\0wrong`, in base64.
const RIGHT: &str = "AGFsaWNlAHNlY3JldA==";
const WRONG: &str = "AGFsaWNlAHdyb25n";

/// The lines of a client: `Some(None)` is a line that is too long; the client leaves at the end.
struct Script {
    client: VecDeque<Option<&'static str>>,
    heard: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct Gone;

impl Lines for Script {
    type End = Gone;

    async fn challenge(&mut self, challenge: &str) -> Result<(), Gone> {
        self.heard.push(challenge.to_owned());
        Ok(())
    }

    async fn line(&mut self) -> Result<Option<Password>, Gone> {
        self.client.pop_front().map(|line| line.map(|line| Password::new(line.to_owned()))).ok_or(Gone)
    }
}

/// Returns the outcome, and the challenges that the client heard.
async fn played(
    mechanism: Mechanism,
    initial: Option<&str>,
    client: &[Option<&'static str>],
) -> (Result<Result<Login, Refusal>, Gone>, Vec<String>) {
    let mut script = Script { client: client.iter().copied().collect(), heard: Vec::new() };
    let initial = initial.map(|initial| Password::new(initial.to_owned()));
    let outcome = log_in(&mut script, &two_people(), IpAddr::V4(Ipv4Addr::LOCALHOST), mechanism, initial).await;
    (outcome, script.heard)
}

#[tokio::test]
async fn a_client_comes_in_with_an_initial_response_or_without() {
    for (initial, client, challenges) in [(Some(RIGHT), &[][..], &[][..]), (None, &[Some(RIGHT)], &[""])] {
        let (outcome, heard) = played(Mechanism::Plain, initial, client).await;
        assert_eq!(outcome.unwrap().unwrap().account.0, 1, "{initial:?}");
        assert_eq!(heard, challenges);
    }
    let (outcome, heard) = played(Mechanism::Login, None, &[Some("Ym9i"), Some("c2VjcmV0")]).await;
    assert_eq!(outcome.unwrap().unwrap().account.0, 2);
    assert_eq!(heard, ["VXNlcm5hbWU6", "UGFzc3dvcmQ6"]);
}

#[tokio::test]
async fn a_log_in_that_is_taken_back_or_badly_written_is_refused_and_the_conversation_goes_on() {
    let (outcome, _) = played(Mechanism::Plain, None, &[Some("*")]).await;
    assert!(matches!(outcome, Ok(Err(Refusal::Cancelled))), "{outcome:?}");
    for client in [None, Some("not base64!"), Some("")] {
        let (outcome, _) = played(Mechanism::Plain, None, &[client]).await;
        assert!(matches!(outcome, Ok(Err(Refusal::Malformed(_)))), "{client:?}: {outcome:?}");
    }
    let (outcome, _) = played(Mechanism::Plain, Some(WRONG), &[]).await;
    assert!(matches!(outcome, Ok(Err(Refusal::Wrong))), "{outcome:?}");
}

#[tokio::test]
async fn a_client_that_goes_in_the_midst_of_it_ends_the_conversation() {
    let (outcome, heard) = played(Mechanism::Login, None, &[Some("Ym9i")]).await;
    assert_eq!(outcome.unwrap_err(), Gone);
    assert_eq!(heard.len(), 2);
}

#[test]
fn a_password_is_asked_for_inside_tls_alone_unless_a_test_wants_it_otherwise() {
    let data = tempfile::tempdir().unwrap();
    let mut terms = Terms::default();
    let ways = |start_tls, log_in| Entrance { start_tls, log_in };
    assert_eq!((terms.entrance(false), terms.entrance(true)), (ways(false, false), ways(false, true)));
    terms.tls = Some(net::ServerTls::self_signed(data.path(), "mail.alpha.test").unwrap());
    assert_eq!((terms.entrance(false), terms.entrance(true)), (ways(true, false), ways(false, true)));
    terms.clear_logins = true;
    assert_eq!((terms.entrance(false), terms.entrance(true)), (ways(true, true), ways(false, true)));
}
