//! `facteur demo --json`, as a script that plays with it sees it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Starts a demo and gives its first line.
fn start() -> (Child, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_facteur"));
    command.args(["demo", "--json"]).env("LANG", "C").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("facteur starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let ready = serde_json::from_str(&line).unwrap_or_else(|why| panic!("{why}: {line}"));
    (child, ready)
}

fn dialogue(place: &str, lines: &[&str]) -> String {
    let mut door = TcpStream::connect(place).expect("the door is open");
    for line in lines {
        // One after the other, as a server that does not offer PIPELINING before EHLO may want it.
        door.write_all(format!("{line}\r\n").as_bytes()).expect("the door hears");
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut said = String::new();
    door.read_to_string(&mut said).expect("the door answers and closes");
    said
}

fn in_reasonable_time(mut done: impl FnMut() -> bool) -> bool {
    let patience = Instant::now() + Duration::from_secs(30);
    while Instant::now() < patience {
        if done() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

#[test]
fn a_demo_says_what_there_is_carries_a_letter_across_and_leaves_nothing_behind() {
    let (mut child, ready) = start();
    if ready["ready"] == false {
        println!("skipped: {}", ready["error"]);
        assert!(!ready["taken"].as_array().expect("which ports").is_empty());
        assert_eq!(child.wait().expect("it ends").code(), Some(1));
        return;
    }
    let [alpha, beta] = [&ready["offices"][0], &ready["offices"][1]];
    assert_eq!((&alpha["domain"], &beta["domain"]), (&"alpha.test".into(), &"beta.test".into()));
    assert_eq!(alpha["people"][0]["address"], "alice@alpha.test");
    assert_eq!(beta["people"][0]["password"].as_str().map(str::len), Some(24));
    assert_eq!(alpha["listen"]["smtp"], "127.0.0.1:2525");
    assert_eq!(beta["listen"]["imaps"], "127.0.0.1:12993");

    // Bob at beta.test answers, by way of the command that programs use, to Alice at alpha.test.
    let config = beta["config"].as_str().expect("the path of a configuration");
    let mut send = Command::new(env!("CARGO_BIN_EXE_facteur"));
    send.args(["send", "-i", "-f", "bob@beta.test", "alice@alpha.test", "--config", config]).stdin(Stdio::piped());
    let mut send = send.spawn().expect("facteur starts");
    send.stdin.take().expect("piped").write_all(b"Subject: across\n\nHello Alice.\n").expect("the letter is read");
    assert!(send.wait().expect("it ends").success());
    let config = alpha["config"].as_str().expect("the path of a configuration");
    let alice_has_it = || {
        let mut list = Command::new(env!("CARGO_BIN_EXE_facteur"));
        let output = list.args(["account", "list", "--json", "--config", config]).output().expect("facteur runs");
        serde_json::from_slice::<Value>(&output.stdout).is_ok_and(|list| list[0]["letters"] == 1)
    };
    assert!(in_reasonable_time(alice_has_it), "the letter did not come");

    let place = alpha["listen"]["smtp"].as_str().expect("an address");
    let said = dialogue(place, &["EHLO client.test", "QUIT"]);
    assert!(said.contains("250-mail.alpha.test") && said.contains("STARTTLS"), "{said}");

    let folder = Path::new(config).ancestors().nth(2).expect("the demo's folder").to_owned();
    assert!(folder.exists());
    assert!(Command::new("kill").arg(child.id().to_string()).status().expect("kill").success());
    assert!(child.wait().expect("it ends").success());
    assert!(!folder.exists(), "its folder goes with it");
}
