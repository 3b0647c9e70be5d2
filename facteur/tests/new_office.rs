//! A post office that is being set up loses no letter: strangers are told to come again until there is a domain.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The server, which goes with the test.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn facteur(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_facteur"));
    command.env("LANG", "C").arg("--config").arg(config);
    command
}

/// One door, at a place where nobody is now.
fn configuration(folder: &Path) -> (std::path::PathBuf, String) {
    let place = TcpListener::bind("127.0.0.1:0").and_then(|door| door.local_addr()).expect("a free port").to_string();
    let others = ["submission", "submissions", "imap", "imaps", "pop3", "pop3s", "http", "https"];
    let others: String = others.iter().map(|door| format!("{door} = []\n")).collect();
    let data = folder.join("data");
    let text = format!("hostname = \"mail.alpha.test\"\ndata = {data:?}\n[listen]\nsmtp = [\"{place}\"]\n{others}");
    let config = folder.join("facteur.toml");
    std::fs::write(&config, text).expect("written");
    (config, place)
}

fn connect(place: &str) -> TcpStream {
    waiting::wait_for(format!("{place} opens"), || TcpStream::connect(place).ok())
}

/// Returns the reply to a stranger who brings a letter for `recipient`.
fn answer(place: &str, recipient: &str) -> String {
    let mut door = BufReader::new(connect(place));
    let mut last = String::new();
    let rcpt = format!("RCPT TO:<{recipient}>");
    for line in ["", "EHLO client.test", "MAIL FROM:<eve@elsewhere.test>", &rcpt] {
        if !line.is_empty() {
            door.get_mut().write_all(format!("{line}\r\n").as_bytes()).expect("the door hears");
        }
        loop {
            last.clear();
            assert!(door.read_line(&mut last).expect("the door answers") > 0, "closed after {line}");
            if last.as_bytes().get(3) == Some(&b' ') {
                break;
            }
        }
    }
    last
}

#[test]
fn strangers_are_told_to_come_again_until_there_is_a_domain_and_then_what_is_not_ours_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (config, place) = configuration(folder.path());
    let serve = facteur(&config).arg("serve").stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let _serving = Serving(serve.expect("facteur starts"));
    for recipient in ["alice@alpha.test", "postmaster@mail.alpha.test", "anybody@elsewhere.test"] {
        let said = answer(&place, recipient);
        assert!(said.starts_with("451 4.3.5 "), "{recipient}: {said}");
    }
    let added = facteur(&config).args(["domain", "add", "alpha.test"]).stdout(Stdio::null()).status();
    assert!(added.expect("facteur runs").success());
    for (recipient, code) in [("nobody@alpha.test", "550 5.1.1 "), ("anybody@elsewhere.test", "550 5.7.1 ")] {
        let said = answer(&place, recipient);
        assert!(said.starts_with(code), "{recipient}: {said}");
    }
}
