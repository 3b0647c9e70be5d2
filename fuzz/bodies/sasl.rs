//! Feeds a log-in with whatever anybody may send, and checks what must hold then: a property test of `words/sasl` and
//! the fuzz target `sasl` run it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail::Password;
use mail::seam::{LoginVerdict, OurFault, ScramKeys};
use sasl::{
    Answer, Bearer, BearerMechanism, Client, Exchange, Keys, Mechanism, NONCE, Question, Refusal, Step, derive_keys,
    prepare,
};

/// More rounds than these make a run slow, and show nothing new.
const ROUNDS: u32 = 8192;

/// The first octet says what is tried, the others are what is sent.
pub fn any_input(data: &[u8]) {
    let Some((how, rest)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    let mechanism = Mechanism::ALL[usize::from(how % 3)];
    let plain: Vec<String> = text.split('\n').take(8).map(str::to_owned).collect();
    let encoded: Vec<String> = plain.iter().map(|line| STANDARD.encode(line)).collect();
    match how / 3 % 6 {
        0 => server_hears(mechanism, &plain, *how > 127),
        1 => server_hears(mechanism, &encoded, *how > 127),
        2 => client_hears(mechanism, &plain),
        3 => client_hears(mechanism, &encoded),
        4 => bearer_hears(&plain, &encoded),
        _ => both_agree(mechanism, plain.first().map_or("", String::as_str), plain.get(1).map_or("", String::as_str)),
    }
    let once = prepare(&text);
    assert_eq!(prepare(&once), once, "who prepares twice has the same as who prepares once");
}

/// Checks that the server lets nobody in whom the owner did not welcome, and that its questions make sense.
fn server_hears(mechanism: Mechanism, lines: &[String], begins_with_a_line: bool) {
    let mut server = Exchange::new(mechanism, [7; NONCE]);
    let (first, rest) = lines.split_at(usize::from(begins_with_a_line).min(lines.len()));
    let mut step = server.begin(first.first().map(String::as_str));
    let mut rest = rest.iter();
    for _ in 0..20 {
        step = match step {
            Step::Challenge(text) => {
                assert!(STANDARD.decode(text).is_ok());
                let Some(line) = rest.next() else { return };
                server.line(line)
            }
            Step::Ask(question) => server.answer(no_to(question)),
            Step::Done(outcome) => {
                assert!(outcome.is_err());
                assert!(matches!(server.line(""), Step::Done(Err(Refusal::Malformed(_)))), "it is over");
                return;
            }
        };
    }
    panic!("it never ends");
}

fn no_to(question: Question) -> Answer {
    match question {
        Question::Keys { name } => {
            assert!(!name.is_empty());
            let keys = ScramKeys { salt: vec![1; 16], iterations: 4096, stored_key: [2; 32], server_key: [3; 32] };
            Answer::Keys(Box::new(Keys(keys)))
        }
        Question::Password { name, password } => {
            assert!(!name.is_empty() && !password.reveal().is_empty());
            Answer::Verdict(LoginVerdict::Wrong)
        }
        Question::Proved { proved, .. } => {
            assert!(!proved, "nobody knows what these keys were made of");
            Answer::Fault(OurFault("it is over".to_owned()))
        }
    }
}

fn client_hears(mechanism: Mechanism, lines: &[String]) {
    let mut client = Client::new(mechanism, "alice", &Password::new("pencil".to_owned()), [7; NONCE]);
    client.initial();
    for line in lines {
        if asks_too_much(line) {
            return;
        }
        // Whoever hears an error gives up.
        let Ok(answer) = client.challenge(line) else { return };
        assert!(STANDARD.decode(answer.reveal()).is_ok());
    }
    assert!(client.finish().is_ok() == (mechanism != Mechanism::ScramSha256), "a server that has not proved itself");
}

fn asks_too_much(line: &str) -> bool {
    let text = STANDARD.decode(line).ok().and_then(|octets| String::from_utf8(octets).ok()).unwrap_or_default();
    let rounds = text.split(',').filter_map(|part| part.strip_prefix("i=")?.parse::<u32>().ok());
    rounds.max().unwrap_or_default() > ROUNDS
}

fn bearer_hears(plain: &[String], encoded: &[String]) {
    let token = Password::new(plain.first().cloned().unwrap_or_default());
    let name = plain.get(1).map_or("", String::as_str);
    for mechanism in BearerMechanism::ALL {
        let Ok(mut bearer) = Bearer::new(mechanism, name, &token, "imap.alpha.test", 993) else { continue };
        assert!(STANDARD.decode(bearer.initial().reveal()).is_ok());
        for challenge in plain.iter().chain(encoded) {
            let _ = bearer.challenge(challenge);
        }
        let said = bearer.refusal().unwrap_or_default();
        assert!(said.chars().count() <= 500 && !said.chars().any(char::is_control));
    }
}

/// Our client logs in at our server with the right password, and with no other.
fn both_agree(mechanism: Mechanism, name: &str, password: &str) {
    let fine = |text: &str, most| {
        let prepared = prepare(text);
        let sizes = [text.len(), prepared.len()];
        sizes.iter().all(|size| (1..=most).contains(size)) && !text.chars().any(char::is_control)
    };
    if !fine(name, 320) || !fine(password, 1000) {
        return;
    }
    assert!(log_in(mechanism, name, password, password));
    assert!(!log_in(mechanism, name, &format!("{password}x"), password));
}

fn log_in(mechanism: Mechanism, name: &str, given: &str, right: &str) -> bool {
    let mut client = Client::new(mechanism, name, &Password::new(given.to_owned()), [5; NONCE]);
    let mut server = Exchange::new(mechanism, [7; NONCE]);
    let initial = client.initial();
    let mut step = server.begin(initial.as_ref().map(Password::reveal));
    loop {
        step = match step {
            Step::Challenge(text) => match client.challenge(&text) {
                Ok(line) => server.line(line.reveal()),
                Err(_) => return false,
            },
            Step::Ask(Question::Keys { name: asked }) => {
                assert_eq!(asked, prepare(name));
                server.answer(Answer::Keys(Box::new(Keys(derive_keys(right, vec![1; 16], 4096)))))
            }
            Step::Ask(Question::Password { name: asked, password }) => {
                assert_eq!(asked, prepare(name));
                server.answer(verdict(password.reveal() == prepare(right)))
            }
            Step::Ask(Question::Proved { proved, .. }) => server.answer(verdict(proved)),
            Step::Done(outcome) => return outcome.is_ok() && client.finish().is_ok(),
        };
    }
}

fn verdict(right: bool) -> Answer {
    let address = "alice@alpha.test".parse().expect("an address");
    let alice = mail::seam::Login::of(mail::seam::AccountId(1), address);
    Answer::Verdict(if right { LoginVerdict::Welcome(alice) } else { LoginVerdict::Wrong })
}
