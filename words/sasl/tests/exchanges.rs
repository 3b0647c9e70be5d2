//! Whole log-ins: the RFC's own examples, our two sides against each other, and failures.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use facteur_sasl::{
    Answer, Client, ClientError, Exchange, Keys, Mechanism, NONCE, Question, Refusal, Step, Turn, derive_keys, settle,
};
use mail::Password;
use mail::seam::Login;
use people::People;
use proptest::prelude::*;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// One person, who is called user.
fn town(password: &'static str) -> People {
    People::with_password(password).and("user@alpha.test")
}

fn login() -> Login {
    town("").get("user").unwrap()
}

/// Runs a future: none of these ever waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("waits"),
    }
}

fn b64(text: &str) -> String {
    STANDARD.encode(text)
}

fn begin(mechanism: Mechanism, initial: Option<&str>) -> (Exchange, Turn) {
    let mut exchange = Exchange::new(mechanism, [1; NONCE]);
    let step = exchange.begin(initial);
    let turn = now(settle(&mut exchange, step, &town("pencil"), PEER));
    (exchange, turn)
}

fn go_on(exchange: &mut Exchange, line: &str) -> Turn {
    let step = exchange.line(line);
    now(settle(exchange, step, &town("pencil"), PEER))
}

fn plain(message: &str) -> Result<Login, Refusal> {
    match begin(Mechanism::Plain, Some(&b64(message))).1 {
        Turn::Done(outcome) => outcome,
        turn @ Turn::Say(_) => panic!("{turn:?}"),
    }
}

/// Runs a log-in between our two sides.
fn between(
    mechanism: Mechanism,
    name: &str,
    typed: &str,
    password: &'static str,
) -> Result<Result<Login, Refusal>, ClientError> {
    let town = town(password);
    let mut client = Client::new(mechanism, name, &Password::new(typed.into()), [2; NONCE]);
    let mut exchange = Exchange::new(mechanism, [1; NONCE]);
    let initial = client.initial();
    let step = exchange.begin(initial.as_ref().map(Password::reveal));
    let mut turn = now(settle(&mut exchange, step, &town, PEER));
    loop {
        match turn {
            Turn::Done(Ok(login)) => return client.finish().map(|()| Ok(login)),
            Turn::Done(Err(refusal)) => return Ok(Err(refusal)),
            Turn::Say(challenge) => {
                let step = exchange.line(client.challenge(&challenge)?.reveal());
                turn = now(settle(&mut exchange, step, &town, PEER));
            }
        }
    }
}

#[test]
fn our_two_sides_understand_each_other() {
    for mechanism in Mechanism::ALL {
        assert_eq!(between(mechanism, "user", "pencil", "pencil").unwrap().unwrap(), login(), "{mechanism:?}");
        for (name, typed) in [("user", "pen"), ("nobody", "pencil")] {
            let outcome = between(mechanism, name, typed, "pencil").unwrap();
            assert!(matches!(outcome, Err(Refusal::Wrong)), "{mechanism:?}");
        }
        assert!(matches!(between(mechanism, "flood", "x", "x").unwrap(), Err(Refusal::TooMany(_))));
        assert!(matches!(between(mechanism, "fault", "x", "x").unwrap(), Err(Refusal::Fault(_))));
    }
}

#[test]
fn a_password_is_the_same_however_the_keyboard_composes_it() {
    // Decomposed when typed; kept composed, as SASLprep makes it.
    for mechanism in [Mechanism::Plain, Mechanism::Login, Mechanism::ScramSha256] {
        assert!(between(mechanism, "user", "cafe\u{301}", "café").unwrap().is_ok(), "{mechanism:?}");
    }
}

#[test]
fn a_scram_exchange_has_the_messages_of_the_rfc() {
    let (mut exchange, turn) = begin(Mechanism::ScramSha256, Some(&b64("n,,n=user,r=rOprNGfwEbeRWgbNEkqO")));
    let Turn::Say(challenge) = turn else { panic!("{turn:?}") };
    let challenge = String::from_utf8(STANDARD.decode(challenge).unwrap()).unwrap();
    let nonce = STANDARD.encode([1; NONCE]);
    assert_eq!(challenge, format!("r=rOprNGfwEbeRWgbNEkqO{nonce},s=c2FsdCBvZiB0aGUgZWFydGg=,i=4096"));
    let turn =
        go_on(&mut exchange, &b64(&format!("c=biws,r=rOprNGfwEbeRWgbNEkqO{nonce},p={}", STANDARD.encode([0; 32]))));
    assert!(matches!(turn, Turn::Done(Err(Refusal::Wrong))), "{turn:?}");
}

#[test]
fn plain_takes_a_name_of_its_own_and_no_other() {
    assert_eq!(plain("\0user\0pencil").unwrap(), login());
    assert_eq!(plain("user\0user\0pencil").unwrap(), login());
    assert!(matches!(plain("boss\0user\0pencil"), Err(Refusal::Wrong)));
    for bad in ["", "user", "\0user", "\0user\0", "\0\0pencil", "\0user\0pencil\0more", "\0us\ner\0pencil"] {
        assert!(matches!(plain(bad), Err(Refusal::Malformed(_))), "{bad:?}");
    }
    assert!(matches!(plain(&format!("\0user\0{}", "x".repeat(2000))), Err(Refusal::Malformed(_))));
}

#[test]
fn without_an_initial_response_an_empty_challenge_asks_for_it() {
    let (mut exchange, turn) = begin(Mechanism::Plain, None);
    assert!(matches!(turn, Turn::Say(text) if text.is_empty()));
    assert!(matches!(go_on(&mut exchange, &b64("\0user\0pencil")), Turn::Done(Ok(_))));
}

#[test]
fn login_asks_for_name_and_password_in_words_old_clients_know() {
    let (mut exchange, turn) = begin(Mechanism::Login, None);
    assert!(matches!(turn, Turn::Say(text) if text == "VXNlcm5hbWU6"));
    assert!(matches!(go_on(&mut exchange, &b64("user")), Turn::Say(text) if text == "UGFzc3dvcmQ6"));
    assert!(matches!(go_on(&mut exchange, &b64("pencil")), Turn::Done(Ok(_))));
}

#[test]
fn a_star_cancels_at_any_point() {
    for mechanism in Mechanism::ALL {
        let (mut exchange, _) = begin(mechanism, None);
        assert!(matches!(go_on(&mut exchange, "*"), Turn::Done(Err(Refusal::Cancelled))));
        assert!(matches!(go_on(&mut exchange, &b64("\0user\0pencil")), Turn::Done(Err(Refusal::Malformed(_)))));
    }
}

#[test]
fn a_line_that_is_too_long_or_not_base64_ends_the_exchange() {
    for bad in ["!!!", "a", "/w==", &"A".repeat(12_292)] {
        let (mut exchange, _) = begin(Mechanism::Login, None);
        assert!(matches!(go_on(&mut exchange, bad), Turn::Done(Err(Refusal::Malformed(_)))));
    }
}

#[test]
fn a_proof_for_another_nonce_or_channel_is_refused() {
    let nonce = STANDARD.encode([1; NONCE]);
    for last in [
        "c=biws,r=other,p=AAAA".to_owned(),
        format!("c=eSws,r=abc{nonce},p={}", STANDARD.encode([0; 32])),
        format!("c=biws,r=abc{nonce}x,p={}", STANDARD.encode([0; 32])),
        format!("c=biws,r=abc{nonce},p="),
    ] {
        let (mut exchange, _) = begin(Mechanism::ScramSha256, Some(&b64("n,,n=user,r=abc")));
        assert!(matches!(go_on(&mut exchange, &b64(&last)), Turn::Done(Err(Refusal::Malformed(_)))), "{last}");
    }
}

#[test]
fn a_server_that_does_not_know_the_password_is_found_out() {
    let mut client = Client::new(Mechanism::ScramSha256, "user", &Password::new("pencil".into()), [2; NONCE]);
    client.initial().unwrap();
    let nonce = STANDARD.encode([2; NONCE]);
    client.challenge(&b64(&format!("r={nonce}abc,s=c2FsdA==,i=4096"))).unwrap();
    assert_eq!(client.challenge(&b64("v=AAAA")).err(), Some(ClientError::Impostor));

    // A server that says "welcome" without any proof fails, too.
    let mut client = Client::new(Mechanism::ScramSha256, "user", &Password::new("pencil".into()), [2; NONCE]);
    client.initial().unwrap();
    client.challenge(&b64(&format!("r={nonce}abc,s=c2FsdA==,i=4096"))).unwrap();
    assert_eq!(client.finish(), Err(ClientError::Impostor));
}

#[test]
fn a_server_that_would_keep_us_busy_or_learn_too_much_is_left() {
    let nonce = STANDARD.encode([2; NONCE]);
    for (first, error) in [
        (format!("r={nonce}abc,s=c2FsdA==,i=4000000000"), ClientError::Iterations),
        (format!("r={nonce}abc,s=c2FsdA==,i=1"), ClientError::Iterations),
        (format!("r={nonce},s=c2FsdA==,i=4096"), ClientError::Malformed),
        ("r=other,s=c2FsdA==,i=4096".into(), ClientError::Malformed),
        (format!("r={nonce}abc,s=,i=4096"), ClientError::Malformed),
        ("e=unknown-user".into(), ClientError::Malformed),
    ] {
        let mut client = Client::new(Mechanism::ScramSha256, "user", &Password::new("pencil".into()), [2; NONCE]);
        client.initial().unwrap();
        assert_eq!(client.challenge(&b64(&first)).err(), Some(error), "{first}");
    }
}

#[test]
fn the_best_mechanism_offered_is_taken() {
    assert_eq!(Mechanism::best(&["LOGIN", "PLAIN"]), Some(Mechanism::Plain));
    assert_eq!(Mechanism::best(&["plain", "scram-sha-256"]), Some(Mechanism::ScramSha256));
    assert_eq!(Mechanism::best(&["CRAM-MD5"]), None);
}

#[test]
fn what_is_asked_does_not_show_the_password() {
    let mut exchange = Exchange::new(Mechanism::Plain, [1; NONCE]);
    let step = exchange.begin(Some(&b64("\0user\0pencil")));
    assert!(!format!("{step:?}").contains("pencil"));
    assert!(matches!(step, Step::Ask(Question::Password { .. })));
    let keys = Answer::Keys(Box::new(Keys(derive_keys("pencil", vec![1], 4096))));
    assert!(format!("{keys:?}").len() < 20);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_name_and_password_go_through(name in "[^\0\\p{C}]{1,20}", password in "[^\0\\p{C}]{1,20}") {
        for mechanism in Mechanism::ALL {
            // The person is unknown in each case: but the lines are understood.
            let outcome = between(mechanism, &name, &password, "pencil");
            prop_assert!(matches!(outcome, Ok(Err(Refusal::Wrong | Refusal::Malformed(_)))), "{:?}: {:?}", mechanism, outcome);
        }
    }

    #[test]
    fn any_lines_are_borne(first in ".{0,40}", second in "[A-Za-z0-9+/]{0,40}={0,2}", third in ".{0,40}") {
        for mechanism in Mechanism::ALL {
            let (mut exchange, _) = begin(mechanism, Some(&first));
            go_on(&mut exchange, &second);
            go_on(&mut exchange, &b64(&third));
        }
    }
}
