//! People behind a reverse proxy are who they are: a client that guesses passwords from one place is refused, and
//! Alice at another place is not.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tests::http::{Answer, ask};
use tests::{Dialogue, Office, OfficeBuilder, client, free_port, python, root};

/// Wrong tries that a place has for nothing, and a few more.
const TOO_MANY: usize = 33;

fn encoded(text: &str) -> String {
    text.bytes().map(|octet| format!("%{octet:02x}")).collect()
}

/// A log-in through a proxy that says these lines of X-Forwarded-For, and that the browser speaks TLS with it.
fn log_in(port: u16, name: &str, password: &str, forwarded: &[&str]) -> Answer {
    let lines: Vec<String> = forwarded.iter().map(|line| format!("X-Forwarded-For: {line}")).collect();
    let mut fields = vec![
        "Host: mail.alpha.test",
        "X-Forwarded-Proto: https",
        "Accept: application/json",
        "Content-Type: application/x-www-form-urlencoded",
    ];
    fields.extend(lines.iter().map(String::as_str));
    ask(port, "POST", "/login", &fields, &format!("name={}&password={}", encoded(name), encoded(password)))
}

/// Guesses until it is refused, each time another name.
fn guess(port: u16, forwarded: impl Fn(usize) -> String) -> u16 {
    (0..TOO_MANY)
        .map(|n| log_in(port, &format!("somebody{n}"), "guess", &[&forwarded(n)]).status)
        .last()
        .expect("tries")
}

fn office(proxy: &str) -> Office {
    OfficeBuilder::new("alpha.test").person("alice").configure(&format!("[proxy]\n{proxy}\n")).start()
}

#[test]
fn who_guesses_through_a_proxy_does_not_lock_alice_out() {
    let office = office("trusted = [\"127.0.0.1\"]");
    let (port, alice) = (office.ports.http, office.first());
    assert_eq!(guess(port, |_| "198.51.100.7".into()), 429);
    // The address that the guesser gives himself stands further left, and helps him nothing.
    assert_eq!(guess(port, |n| format!("203.0.113.{n}, 198.51.100.7")), 429);
    let split = log_in(port, "alice@alpha.test", &alice.password, &["203.0.113.9", "198.51.100.7, 127.0.0.1"]);
    assert_eq!(split.status, 429, "several lines are one list");
    for forwarded in [&["203.0.113.9"][..], &["198.51.100.7, 203.0.113.9:4711"], &["[2001:db8::9]:4711, 127.0.0.1"]] {
        let there = log_in(port, &alice.address, &alice.password, forwarded);
        assert_eq!(there.status, 204, "{forwarded:?}: {}", there.header);
        assert!(there.header.contains("set-cookie: __host-facteur=") && there.header.contains("; secure"));
    }
    assert!(office.log().contains("203.0.113.9"), "the log names the place");
    assert_eq!(log_in(port, &alice.address, &alice.password, &["unknown"]).status, 204);
    assert!(office.log().contains("a proxy in front does not say who asks"));
}

#[test]
fn what_somebody_says_who_is_no_proxy_of_ours_counts_for_nothing() {
    let office = office("trusted = [\"192.0.2.80\"]");
    let port = office.ports.http;
    assert_eq!(guess(port, |n| format!("203.0.113.{n}")), 429, "all of them come from this machine");
    assert!(office.log().contains("it is not named in [proxy] trusted"));
}

/// The header of version 2 for a client.
fn introduction(client: [u8; 4]) -> String {
    let rest = [&client[..], &[192, 0, 2, 1, 0x12, 0x34, 0x03, 0xe1]].concat();
    let header = [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".as_slice(), &rest].concat();
    header.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[test]
fn mail_doors_hear_from_the_proxy_who_comes() {
    let office =
        office("trusted = [\"127.0.0.1\"]\nprotocol = [\"smtp\", \"submission\", \"imap\", \"imaps\", \"pop3\"]");
    let log_in = |header: &str, names: String| -> Vec<String> {
        let words = [&office.ports.imaps.to_string(), header];
        python("proxied.py", &words, names.as_bytes()).must_succeed().out.lines().map(str::to_owned).collect()
    };
    let guesses: String = (0..TOO_MANY).map(|n| format!("somebody{n}\tguess\n")).collect();
    let guessed = log_in(&introduction([198, 51, 100, 7]), guesses);
    let alice = || format!("{}\t{}\n", office.first().address, office.first().password);
    let refused = log_in(&introduction([198, 51, 100, 7]), alice());
    assert!(guessed[0].starts_with("a NO") && refused[0].starts_with("a NO"), "{guessed:?} {refused:?}");
    for header in [introduction([203, 0, 113, 9]), hex("PROXY TCP4 203.0.113.10 192.0.2.1 4660 993\r\n")] {
        let there = log_in(&header, alice());
        assert!(there[0].starts_with("a OK"), "{there:?}");
    }
    assert!(log_in("", alice())[0].starts_with("no connection"), "a proxy that does not say for whom it speaks");

    let ports = office.ports;
    for (door, port) in
        [("smtp", ports.smtp), ("submission", ports.submission), ("imap", ports.imap), ("pop3", ports.pop3)]
    {
        let mut client = Dialogue::open(port).expect("connected");
        client.write(b"PROXY TCP6 2001:db8::7 2001:db8::1 4660 25\r\n").expect("said");
        let greeting = client.line().expect("a greeting");
        assert!(["220 ", "* OK", "+OK"].iter().any(|ok| greeting.starts_with(ok)), "{door}: {greeting}");
        let mut silent = Dialogue::open(port).expect("connected");
        silent.write(b"NOOP\r\nNOOP\r\nNOOP\r\n").expect("said");
        assert_eq!(
            silent.line().unwrap_or_default(),
            "",
            "{door} answers a proxy that does not say for whom it speaks"
        );
    }
    let mut plain = Dialogue::open(ports.pop3s).expect("connected");
    plain.write(b"PROXY UNKNOWN\r\n").expect("said");
    assert!(!plain.line().unwrap_or_default().starts_with("+OK"), "this door expects no proxy");
}

#[test]
fn the_trace_names_the_client_and_not_the_proxy() {
    let office = office("trusted = [\"127.0.0.1\"]\nprotocol = [\"smtp\"]\n[receive]\nauthentication = \"off\"");
    let mut eve = Dialogue::open(office.ports.smtp).expect("connected");
    eve.write(b"PROXY TCP4 198.51.100.7 192.0.2.1 4660 25\r\n").expect("said");
    assert!(eve.reply().expect("a greeting").starts_with("220"));
    assert!(eve.ask("EHLO evil.test").expect("an answer").starts_with("250"));
    let letter =
        b"From: eve@evil.test\r\nTo: alice@alpha.test\r\nSubject: hello\r\nMessage-ID: <1@evil.test>\r\n\r\nhello\r\n";
    assert!(eve.send("eve@evil.test", "alice@alpha.test", letter).expect("a dialogue"));
    let letters = office.read(office.first(), "INBOX", 1);
    assert!(letters[0].contains("[198.51.100.7]") && !letters[0].contains("127.0.0.1"), "{}", letters[0]);
    let trace = office.command(&["trace", "alice@alpha.test"]);
    assert!(trace.contains("198.51.100.7"), "{trace}");
}

fn hex(text: &str) -> String {
    text.bytes().map(|octet| format!("{octet:02x}")).collect()
}

/// A program in front of an office, stopped at the end.
struct Front(Child);

impl Front {
    fn start(command: &mut Command, port: u16) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let front =
            Self(child.unwrap_or_else(|why| panic!("{name} does not start ({why}); `cargo xtask test` installs it")));
        waiting::wait_until(format!("{name} opens its door"), || TcpStream::connect(("127.0.0.1", port)).is_ok());
        front
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A block of the documentation, whose first line is `# NAME`, with other ports and paths. Both languages show the same.
fn shown(name: &str, replacements: &[(&str, String)]) -> String {
    let block = |page: &str| {
        let text = std::fs::read_to_string(root().join("docs").join(page)).expect("the page");
        let head = format!("# {name}\n");
        let begin = text.find(&head).unwrap_or_else(|| panic!("{page} shows no {name}")) + head.len();
        let rest = &text[begin..];
        let lines = rest[..rest.find("```").expect("an end")].lines();
        lines.map(|line| line.split("  #").next().unwrap_or_default().trim_end().to_owned() + "\n").collect::<String>()
    };
    let mut text = block("use.md");
    assert_eq!(text, block("utiliser.md"), "the two pages differ in {name}");
    for (from, to) in replacements {
        assert!(text.contains(from), "{name} does not speak of {from}:\n{text}");
        text = text.replace(from, to);
    }
    text
}

/// A certificate with its key, in one file, as the proxies want it.
fn certificate(office: &Office) -> String {
    office.data().join("tls/self-signed-mail.alpha.test.pem").display().to_string()
}

#[test]
fn nginx_as_the_documentation_shows_it_says_who_asks() {
    let office = office(&shown("facteur.toml of nginx", &[("[proxy]\n", String::new())]));
    let (port, pem) = (free_port(), certificate(&office));
    let site = shown(
        "nginx",
        &[
            ("listen 443 ssl", format!("listen 127.0.0.1:{port} ssl")),
            ("mail.example.org", "mail.alpha.test".into()),
            ("/etc/ssl/mail.pem", pem.clone()),
            ("/etc/ssl/mail.key", pem.clone()),
            ("127.0.0.1:8080", format!("127.0.0.1:{}", office.ports.http)),
        ],
    );
    let folder = office.folder().display();
    let whole = format!(
        "daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\nevents {{}}\nhttp {{ access_log off;\n{site}}}\n"
    );
    let config = office.folder().join("nginx.conf");
    std::fs::write(&config, whole).expect("written");
    let _nginx = Front::start(Command::new("nginx").arg("-c").arg(&config), port);
    let curl = |more: &[&str]| {
        let mut command = Command::new("curl");
        command.args([
            "--silent",
            "--include",
            "--cacert",
            &pem,
            "--connect-to",
            &format!("mail.alpha.test:443:127.0.0.1:{port}"),
        ]);
        client(command.args(more).arg("https://mail.alpha.test/login"), b"").must_succeed().out
    };
    let form = |name: &str, password: &str| {
        let fields = [format!("name={name}"), format!("password={password}")];
        curl(&[
            "--data-urlencode",
            &fields[0],
            "--data-urlencode",
            &fields[1],
            "--header",
            "Accept: application/json",
            "--header",
            "Origin: https://mail.alpha.test",
        ])
    };
    let there = form(&office.first().address, &office.first().password);
    assert!(there.contains(" 204 ") && there.contains("__Host-facteur=") && there.contains("Secure"), "{there}");
    assert!(curl(&[]).contains("type=\"password\""), "the form is shown, for the browser speaks TLS");
}

#[test]
fn haproxy_as_the_documentation_shows_it_says_who_comes() {
    let office = office(&shown("facteur.toml of haproxy", &[("[proxy]\n", String::new())]));
    let (imaps, smtp) = (free_port(), free_port());
    let config = shown(
        "haproxy",
        &[
            ("bind :993", format!("bind 127.0.0.1:{imaps}")),
            ("bind :25", format!("bind 127.0.0.1:{smtp}")),
            ("127.0.0.1:2993", format!("127.0.0.1:{}", office.ports.imaps)),
            ("127.0.0.1:2525", format!("127.0.0.1:{}", office.ports.smtp)),
        ],
    );
    let path = office.folder().join("haproxy.cfg");
    std::fs::write(&path, config).expect("written");
    let _haproxy = Front::start(Command::new("haproxy").args(["-db", "-f"]).arg(&path), imaps);
    let names = format!("{}\t{}\n", office.first().address, office.first().password);
    let there = python("proxied.py", &[&imaps.to_string(), ""], names.as_bytes()).must_succeed().out;
    assert!(there.starts_with("a OK"), "{there}");
    let mut server = TcpStream::connect(("127.0.0.1", smtp)).expect("connected");
    server.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
    let mut greeting = [0; 4];
    server.read_exact(&mut greeting).expect("a greeting");
    assert_eq!(&greeting, b"220 ");
    server.write_all(b"QUIT\r\n").expect("said");
}
