//! POP3 as old and simple clients use it, two at a time, with the server killed at the worst moments.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tests::{Dialogue, Office, OfficeBuilder, Output, Person, generated_letter, message_ids, python, sample};

/// An office in which Alice has letters called `l0`, `l1`, …
fn office_with_letters(count: usize) -> Office {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let alice = office.first().address.clone();
    std::thread::scope(|scope| {
        for session in 0..count.min(8) {
            let (alice, port) = (&alice, office.ports.smtp);
            scope.spawn(move || {
                let mut dialogue = Dialogue::open(port).expect("connected");
                dialogue.reply().expect("greeted");
                dialogue.ask("EHLO client.test").expect("answered");
                for number in (session..count).step_by(8) {
                    let letter = generated_letter(&format!("l{number}"), "carol@elsewhere.test", alice, 2000);
                    assert!(dialogue.send("carol@elsewhere.test", alice, &letter).expect("answered"));
                }
            });
        }
    });
    office
}

fn poplib(office: &Office, what: &str, person: &Person) -> Output {
    let port = if what == "stls" { office.ports.pop3 } else { office.ports.pop3s };
    python("pop3.py", &[what, &port.to_string(), &person.address, &person.password], b"")
}

fn strings(output: Output) -> Vec<String> {
    serde_json::from_str(&output.must_succeed().out).expect("a list")
}

fn letters(office: &Office) -> Vec<String> {
    strings(poplib(office, "read", office.first()))
}

fn names(office: &Office) -> Vec<String> {
    strings(poplib(office, "names", office.first()))
}

/// A poplib that has marked all letters and waits for a word before it quits.
struct Waiting(Child);

impl Waiting {
    fn start(office: &Office, what: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/pop3.py");
        let (port, person) = (office.ports.pop3s.to_string(), office.first());
        let mut python = Command::new("python3");
        python.arg(script).args([what, &port, &person.address, &person.password]);
        python.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = python.spawn().expect("python starts");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut line).expect("a line");
        assert_eq!(line, "marked\n");
        Self(child)
    }

    fn quit(&mut self) {
        let _ = self.0.stdin.as_mut().expect("piped").write_all(b"go on\n");
    }

    /// Returns true if the server said `+OK` to QUIT.
    fn was_told_goodbye(mut self) -> bool {
        self.0.wait().expect("it ends").success()
    }
}

#[test]
fn poplib_reads_what_came_over_smtp_with_the_sizes_it_was_told() {
    let office = office_with_letters(3);
    let alice = office.first();
    office.hand_in("carol@elsewhere.test", &[&alice.address], &sample("utf8.eml")).must_succeed();
    office.hand_in("carol@elsewhere.test", &[&alice.address], &sample("attachment.eml")).must_succeed();
    let over_imap = office.read(alice, "INBOX", 5);
    assert_eq!(letters(&office), over_imap);
    assert_eq!(strings(poplib(&office, "stls", alice)), over_imap);
    let names = names(&office);
    assert!(names.len() == 5 && names.iter().all(|name| names.iter().filter(|other| *other == name).count() == 1));
}

#[test]
fn curl_lists_and_takes_letters_and_logs_in_as_it_is_asked_to() {
    let office = office_with_letters(2);
    let alice = office.first();
    let user = format!("{}:{}", alice.address, alice.password);
    let curl = |path: &str, more: &[&str]| {
        let url = format!("pop3s://127.0.0.1:{}/{path}", office.ports.pop3s);
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--insecure", "--user", &user, &url]).args(more);
        tests::client(&mut curl, b"").must_succeed().out
    };
    assert_eq!(curl("", &[]).lines().count(), 2);
    for options in ["AUTH=*", "AUTH=PLAIN", "AUTH=LOGIN"] {
        assert!(curl("1", &["--login-options", options]).contains("Message-ID: <l"), "{options}");
    }
    curl("1", &["--request", "DELE", "--list-only"]);
    assert_eq!(letters(&office).len(), 1);
}

#[test]
fn names_stay_the_same_over_a_restart_and_when_others_go() {
    let mut office = office_with_letters(3);
    let before = names(&office);
    office.stop();
    office.start();
    assert_eq!(names(&office), before);
    let alice = office.first();
    let url = format!("pop3s://127.0.0.1:{}/2", office.ports.pop3s);
    let user = format!("{}:{}", alice.address, alice.password);
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--insecure", "--user", &user, &url, "--request", "DELE", "--list-only"]);
    tests::client(&mut curl, b"").must_succeed();
    assert_eq!(names(&office), [before[0].clone(), before[2].clone()]);
}

#[test]
fn a_second_client_is_told_that_the_mailbox_is_in_use_until_the_first_one_goes() {
    let office = office_with_letters(2);
    let mut first = Waiting::start(&office, "hold");
    let second = poplib(&office, "read", office.first());
    assert!(second.code != 0 && second.err.contains("[IN-USE]"), "{second:?}");
    // IMAP is another matter.
    assert_eq!(office.read(office.first(), "INBOX", 2).len(), 2);
    first.quit();
    assert!(first.was_told_goodbye());
    assert!(letters(&office).is_empty());
}

#[test]
fn a_kill_between_retr_and_quit_removes_nothing() {
    let mut office = office_with_letters(3);
    let mut client = Waiting::start(&office, "hold");
    office.kill();
    client.quit();
    assert!(!client.was_told_goodbye());
    office.start();
    assert_eq!(message_ids(&letters(&office)), ["l0", "l1", "l2"]);
}

#[test]
fn what_was_removed_before_a_kill_does_not_come_back() {
    let mut office = office_with_letters(3);
    poplib(&office, "take", office.first()).must_succeed();
    office.kill();
    office.start();
    assert!(letters(&office).is_empty());
}

#[test]
fn a_kill_in_the_middle_of_quit_leaves_all_the_letters_or_none() {
    let many = 3000;
    let mut office = office_with_letters(many);
    let mut client = Waiting::start(&office, "mark");
    client.quit();
    // time passes: at any moment
    std::thread::sleep(Duration::from_millis(40));
    office.kill();
    let told = client.was_told_goodbye();
    office.start();
    let left = waiting::wait_for("all of the letters stay, or none", || {
        Some(names(&office).len()).filter(|left| *left == 0 || *left == many)
    });
    println!("goodbye: {told}, letters left: {left}");
    assert!(left == 0 || !told, "they came back");
}

/// All that the door says to these octets.
fn shout(port: u16, octets: &[u8]) -> String {
    let mut door = TcpStream::connect(("127.0.0.1", port)).expect("connected");
    door.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
    let mut other_half = door.try_clone().expect("cloned");
    let octets = octets.to_vec();
    // The door may close before it has heard all.
    let speaker = std::thread::spawn(move || drop(other_half.write_all(&octets)));
    let mut said = Vec::new();
    let _ = door.read_to_end(&mut said);
    let _ = speaker.join();
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn nonsense_is_answered_and_the_door_stays_open_for_others() {
    let office = office_with_letters(1);
    let port = office.ports.pop3;
    let said = shout(port, &b"\0\xff\x80 \r\n".repeat(50));
    assert!(said.starts_with("+OK") && said.matches("-ERR").count() == 10, "{said}");
    let said = shout(port, &[b"USER ".as_slice(), &vec![b'x'; 3_000_000], b"\r\n"].concat());
    assert!(said.starts_with("+OK"), "{said}");
    let said = shout(port, b"RETR 1\r\nQUIT\r\n");
    assert!(said.contains("-ERR Log in first") && said.ends_with("+OK Goodbye\r\n"), "{said}");
    // Nobody speaks in clear at the door that begins with TLS.
    shout(office.ports.pop3s, b"USER alice\r\nQUIT\r\n");
    assert_eq!(letters(&office).len(), 1);
}
