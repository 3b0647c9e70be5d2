//! `facteur demo --json`, as a script that plays with it sees it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// Knocks at a door from before it opens, and gives the first answer to a recipient.
fn first_answer(place: &'static str, recipient: &'static str) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        waiting::wait_until("the door opens", || TcpStream::connect(place).is_ok());
        let rcpt = format!("RCPT TO:<{recipient}>");
        let said = dialogue(place, &["EHLO client.test", "MAIL FROM:<eve@elsewhere.test>", &rcpt, "QUIT"]);
        let answers: Vec<&str> = said.lines().filter(|line| line.as_bytes().get(3) == Some(&b' ')).collect();
        answers.get(3).unwrap_or(&"nothing").to_string()
    })
}

/// Returns the head of the pages' answer to a GET.
fn head(link: &str, more: &str) -> String {
    let (place, path) = link.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("a link");
    let mut door = TcpStream::connect(place).expect("the pages are open");
    let asked = format!("GET /{path} HTTP/1.1\r\nHost: {place}\r\n{more}Connection: close\r\n\r\n");
    door.write_all(asked.as_bytes()).expect("asked");
    let mut said = Vec::new();
    door.read_to_end(&mut said).expect("answered");
    String::from_utf8_lossy(&said).split("\r\n\r\n").next().unwrap_or_default().to_lowercase()
}

/// The link of a person logs in, once.
fn try_link(person: &Value, web: &str) {
    let link = person["link"].as_str().expect("a link that is logged in");
    assert!(!head(link, "Sec-Purpose: prefetch\r\n").contains("set-cookie:"), "a look ahead is no visit");
    let entered = head(link, "");
    let cookie = entered.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a session");
    let cookie = format!("Cookie: {}\r\n", cookie.split(';').next().unwrap_or_default());
    assert!(entered.starts_with("http/1.1 303"), "{entered}");
    let session = format!("{web}session");
    assert!(head(&session, &cookie).starts_with("http/1.1 302"), "{}", head(&session, &cookie));
    assert!(head(&session, "").starts_with("http/1.1 401"));
    assert!(!head(link, "").contains("set-cookie:"), "the link is used up");
}

/// Starts a demo and gives its first line.
fn start() -> (Child, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_facteur"));
    command
        .args(["demo", "--json"])
        .env("LANG", "C")
        .env("RUST_LOG", "info")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("facteur starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let ready = serde_json::from_str(&line).unwrap_or_else(|why| panic!("{why}: {line}"));
    (child, ready)
}

/// Checks that the text of a demo is for people: nothing is amiss, nothing is the program's own language, nothing is
/// secret.
fn assert_reads_well(child: &mut Child, ready: &Value) {
    let mut log = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut log).expect("text");
    assert!(log.contains("is open on") && log.contains("letter taken"), "{log}");
    for odd in
        [" WARN ", " ERROR ", "Timestamp(", "Duration", "migrated", "Some(", "None", "Ok(", "Err(", "{", "\u{1b}["]
    {
        assert!(!log.contains(odd), "{odd}: {log}");
    }
    let people = ready["offices"].as_array().expect("offices").iter().flat_map(|office| office["people"].as_array());
    for person in people.flatten() {
        let link = person["link"].as_str().and_then(|link| link.rsplit('/').next());
        for secret in [person["password"].as_str(), link] {
            assert!(!log.contains(secret.expect("a secret")), "{log}");
        }
    }
}

fn dialogue(place: &str, lines: &[&str]) -> String {
    let mut door = BufReader::new(TcpStream::connect(place).expect("the door is open"));
    let mut said = String::new();
    for line in lines {
        // One after the other, as a server that does not offer PIPELINING before EHLO may want it.
        answer(&mut door, &mut said);
        door.get_mut().write_all(format!("{line}\r\n").as_bytes()).expect("the door hears");
    }
    door.read_to_string(&mut said).expect("the door answers and closes");
    said
}

/// Reads one reply, to its last line: the one with a blank behind the code.
fn answer(door: &mut impl BufRead, said: &mut String) {
    loop {
        let begun = said.len();
        door.read_line(said).expect("the door answers");
        if said.as_bytes().get(begun + 3) != Some(&b'-') {
            return;
        }
    }
}

#[test]
fn a_demo_says_what_there_is_carries_a_letter_across_and_leaves_nothing_behind() {
    let knocking = first_answer("127.0.0.1:12525", "bob@beta.test");
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

    let first = knocking.join().expect("somebody answers");
    assert!(first.starts_with("250"), "a letter that comes first finds its people: {first}");
    for office in [alpha, beta] {
        try_link(&office["people"][0], office["web"].as_str().expect("the pages"));
    }

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
    waiting::wait_until("the letter comes", alice_has_it);

    let place = alpha["listen"]["smtp"].as_str().expect("an address");
    let said = dialogue(place, &["EHLO client.test", "QUIT"]);
    assert!(said.contains("250-mail.alpha.test") && said.contains("STARTTLS"), "{said}");

    let folder = Path::new(config).ancestors().nth(2).expect("the demo's folder").to_owned();
    assert!(folder.exists());
    assert!(Command::new("kill").arg(child.id().to_string()).status().expect("kill").success());
    assert!(child.wait().expect("it ends").success());
    assert!(!folder.exists(), "its folder goes with it");
    assert_reads_well(&mut child, &ready);
}
