//! Every command goes round: encoded and decoded, it is the same. And every input is answered.

mod commands;
mod fixture;

use std::time::Duration;

use commands::command;
use facteur_imap::codec::command::{Command, EntryCommand, Request, Tag};
use facteur_imap::codec::decoder::{Event, Limits, decode_all};
use facteur_imap::codec::encode;
use net::{Connection, Stream};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

proptest! {
    #[test]
    fn a_command_goes_round(command in command(), tag in "[A-Za-z0-9.]{1,10}", utf8_names in any::<bool>()) {
        let request = Request { tag: Tag(tag.into()), command };
        let wire = encode::request(&request, utf8_names);
        let mut events = decode_all(&wire, Limits::logged_in(1000), utf8_names);
        prop_assert_eq!(events.pop(), Some(Event::Request(request)), "{}", wire.escape_ascii());
    }

    #[test]
    fn whatever_comes_is_answered(input in vec(any::<u8>(), 0..300)) {
        decode_all(&input, Limits::ENTRY, false);
    }

    #[test]
    fn whatever_looks_like_a_command_is_answered(
        verb in select(vec!["FETCH", "UID FETCH", "SEARCH", "STORE", "LIST", "APPEND", "SELECT", "STATUS", "ID", "CREATE"]),
        rest in "[0-9:*,$ ()\\[\\]<>.{}+~\"\\\\A-Z%\r\n]{0,60}",
    ) {
        decode_all(format!("a {verb} {rest}\r\n").as_bytes(), Limits::logged_in(1000), true);
    }
}

/// Says `wire` and waits for the line with the tag.
async fn answered(connection: &mut Connection, wire: &[u8], tag: &str) -> Result<String, String> {
    connection.write(wire).await.map_err(|error| error.to_string())?;
    loop {
        let line = connection.line(10_000_000).await.map_err(|error| error.to_string())?;
        if line.starts_with(tag.as_bytes()) {
            return Ok(String::from_utf8_lossy(&line).into_owned());
        }
    }
}

/// Returns false for log-ins, which are not repeated, and for IDLE, which would wait.
fn is_answered_at_once(command: &Command) -> bool {
    !matches!(
        command,
        Command::Entry(EntryCommand::Authenticate { .. })
            | Command::Folder(facteur_imap::codec::command::FolderCommand::Idle)
            | Command::Any(facteur_imap::codec::command::AnyCommand::Logout)
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_is_answered_whatever_it_asks() {
    let data = tempfile::tempdir().unwrap();
    let address = fixture::open(data.path(), |server| server.terms.clear_logins = true).await;
    let mut connection = Connection::new(Stream::connect(address, Duration::from_secs(5)).await.unwrap());
    connection.set_read_timeout(Duration::from_secs(20));
    connection.line(1000).await.unwrap();
    answered(&mut connection, b"in LOGIN alice secret\r\n", "in").await.unwrap();
    let letter = b"in APPEND INBOX {28+}\r\nSubject: hello\r\n\r\nHow are you?\r\n";
    answered(&mut connection, letter, "in").await.unwrap();
    let mut runner = TestRunner::deterministic();
    for number in 0..2000 {
        let command = command().new_tree(&mut runner).unwrap().current();
        if !is_answered_at_once(&command) {
            continue;
        }
        if number % 10 == 0 {
            answered(&mut connection, b"in SELECT INBOX\r\n", "in").await.unwrap();
        }
        let tag = format!("t{number}");
        let wire = encode::request(&Request { tag: Tag(tag.as_str().into()), command: command.clone() }, false);
        let answer = answered(&mut connection, &wire, &tag).await;
        assert!(answer.is_ok(), "{answer:?} to {command:?}: {}", wire.escape_ascii());
    }
}
