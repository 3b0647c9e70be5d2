//! A tagged answer tells of a letter whose text is damaged or lost; the command shows the other letters, and the
//! session goes on.

mod fixture;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use store::{Key, Store, params};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

struct Client(BufStream<TcpStream>);

impl Client {
    async fn log_in(address: SocketAddr) -> Self {
        let mut client = Self(BufStream::new(TcpStream::connect(address).await.unwrap()));
        client.line().await;
        assert!(client.ask("LOGIN alice secret").await.1.starts_with("OK"));
        client
    }

    async fn line(&mut self) -> String {
        let mut line = Vec::new();
        let read = tokio::time::timeout(std::time::Duration::from_secs(60), self.0.read_until(b'\n', &mut line));
        assert!(read.await.expect("it answers").unwrap() > 0, "the connection was closed");
        String::from_utf8_lossy(&line).trim_end().to_owned()
    }

    async fn send(&mut self, octets: &[u8]) {
        self.0.write_all(octets).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// Sends a command; returns the untagged answers and the tagged one.
    async fn ask(&mut self, command: &str) -> (Vec<String>, String) {
        self.send(format!("t {command}\r\n").as_bytes()).await;
        self.answer().await
    }

    async fn answer(&mut self) -> (Vec<String>, String) {
        let mut lines = Vec::new();
        loop {
            let line = self.line().await;
            match line.strip_prefix("t ") {
                Some(tagged) => return (lines, tagged.to_owned()),
                None => lines.push(line),
            }
        }
    }

    async fn append(&mut self, letter: &str) {
        let command = format!("t APPEND INBOX {{{}+}}\r\n{letter}\r\n", letter.len());
        self.send(command.as_bytes()).await;
        assert!(self.answer().await.1.starts_with("OK"));
    }
}

/// Returns the letters that an answer shows, by their places.
fn shown(lines: &[String]) -> Vec<&str> {
    let responses = lines.iter().filter(|line| line.contains(" FETCH ("));
    responses.filter_map(|line| line.strip_prefix("* ")?.split(' ').next()).collect()
}

fn letter(subject: &str, lines: usize) -> String {
    let body: String = (0..lines).map(|line| format!("{subject} line {line}, {}\r\n", line * 7919)).collect();
    format!("From: bob@alpha.test\r\nSubject: {subject}\r\n\r\n{body}")
}

/// Furnishes alice with five letters: the second and the fourth, which is large, are damaged.
async fn furnish(data: &Path) -> (Client, Store) {
    let kept = Arc::new(Mutex::new(None));
    let address = fixture::open(data, |server| {
        server.terms.clear_logins = true;
        server.append_limit = 2_000_000;
        *kept.lock().unwrap() = Some(server.shared.store.clone());
    })
    .await;
    let store = kept.lock().unwrap().take().unwrap();
    let mut client = Client::log_in(address).await;
    for (subject, lines) in [("one", 3), ("two", 900), ("three", 3), ("four", 30_000), ("five", 3)] {
        client.append(&letter(subject, lines)).await;
    }
    let damage = "UPDATE blob_content SET bytes = zeroblob(length(bytes)) WHERE length(bytes) > 100";
    store.write(Key::Everything, move |tx| tx.execute(damage, params![])).await.unwrap();
    let shards = std::fs::read_dir(data.join("blobs")).unwrap().flatten().filter(|entry| entry.path().is_dir());
    for file in shards.flat_map(|shard| std::fs::read_dir(shard.path()).unwrap().flatten()) {
        let mut octets = std::fs::read(file.path()).unwrap();
        let middle = octets.len() / 2;
        octets[middle] ^= 4;
        std::fs::write(file.path(), octets).unwrap();
    }
    client.ask("SELECT INBOX").await;
    (client, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_letters_are_shown_and_the_damaged_ones_are_named() {
    let data = tempfile::tempdir().unwrap();
    let (mut client, _store) = furnish(data.path()).await;
    for items in ["(UID BODY.PEEK[])", "(BODY.PEEK[] BODY.PEEK[TEXT])", "BODY.PEEK[TEXT]", "(FLAGS BINARY.PEEK[1])"] {
        let (lines, tagged) = client.ask(&format!("FETCH 1:5 {items}")).await;
        assert_eq!(shown(&lines), ["1", "3", "5"], "{items}");
        assert!(tagged.starts_with("NO [CORRUPTION]") && tagged.contains("2, 4"), "{items}: {tagged}");
        assert!(lines.iter().filter(|line| line.contains("line 2, ")).count() >= 3, "{items}: they are whole");
    }
    let (lines, tagged) = client.ask("UID FETCH 2 (BODY.PEEK[])").await;
    assert!(lines.is_empty() && tagged.starts_with("NO [CORRUPTION]"), "{lines:?} {tagged}");
    let (lines, tagged) = client.ask("FETCH 1:5 (FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE)").await;
    assert!(shown(&lines).len() == 5 && tagged.starts_with("OK"), "what is kept beside the body is there: {tagged}");
    assert!(client.ask("NOOP").await.1.starts_with("OK"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_of_a_damaged_letter_is_sound_is_still_shown() {
    let data = tempfile::tempdir().unwrap();
    let (mut client, _store) = furnish(data.path()).await;
    let (lines, tagged) = client.ask("FETCH 4 BODY.PEEK[]<0.70000>").await;
    assert!(tagged.starts_with("OK") && shown(&lines) == ["4"], "{tagged}");
    let (lines, tagged) = client.ask("FETCH 1:5 BODY.PEEK[HEADER]").await;
    assert!(tagged.starts_with("OK") && shown(&lines).len() == 5, "{tagged}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_damaged_letters_are_passed_over_in_one_command() {
    let data = tempfile::tempdir().unwrap();
    let (mut client, store) = furnish(data.path()).await;
    for number in 0..250 {
        client.append(&letter(&format!("more {number}"), 1)).await;
    }
    let damage = "UPDATE blob_content SET head = zeroblob(length(head)) WHERE blob > 8";
    store.write(Key::Everything, move |tx| tx.execute(damage, params![])).await.unwrap();
    client.append(&letter("last", 1)).await;
    let (lines, tagged) = client.ask("FETCH 1:* BODY.PEEK[]").await;
    let shown = shown(&lines);
    assert!(shown.first() == Some(&"1") && shown.last() == Some(&"256"), "{shown:?}");
    assert!(shown.len() < 10 && tagged.starts_with("NO [CORRUPTION]"), "{} {tagged}", shown.len());
}
