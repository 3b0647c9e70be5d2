//! Strangers who come in great numbers, or with great letters, keep nobody else out.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use socket2::{Domain, SockAddr, Socket, Type};
use tests::{Dialogue, Office, OfficeBuilder, generated_letter};

/// Connects from this address of the machine to one of its ports.
fn connect_from(address: Ipv4Addr, port: u16) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SockAddr::from(SocketAddr::from((address, 0))))?;
    socket.connect_timeout(&SockAddr::from(SocketAddr::from(([127, 0, 0, 1], port))), Duration::from_secs(10))?;
    Ok(socket.into())
}

/// Opens so many connections from each of some addresses to each of these ports; the connections then say nothing.
fn flood(ports: &[u16], addresses: u8, each: usize) -> Vec<TcpStream> {
    let mut silent = Vec::new();
    for n in 0..addresses {
        for port in ports {
            let from = Ipv4Addr::new(127, 0, 1, n + 1);
            silent.extend((0..each).filter_map(|_| connect_from(from, *port).ok()));
        }
    }
    silent
}

/// Alice sends herself a letter, a stranger sends her another, and she reads both.
fn works(office: &Office) {
    let alice = office.first();
    let letter = generated_letter("own", &alice.address, &alice.address, 2000);
    office.submit(alice, &[&alice.address], &letter).must_succeed();
    let mut peer = Dialogue::open(office.ports.smtp).expect("connected");
    assert!(peer.reply().expect("greeted").starts_with("220"));
    assert!(peer.ask("EHLO client.test").expect("answered").starts_with("250"));
    assert!(peer.send("eve@beta.test", &alice.address, b"Subject: x\r\n\r\nx\r\n").expect("answered"));
    assert_eq!(office.read(alice, "INBOX", 2).len(), 2);
}

#[test]
fn idle_connections_beyond_all_open_files_keep_nobody_out() {
    let office = OfficeBuilder::new("alpha.test").person("alice").open_files(256).start();
    let ports = [office.ports.smtp, office.ports.imap, office.ports.imaps, office.ports.submission, office.ports.https];
    // Half of them at each door alone would be too many.
    let mut silent = flood(&ports, 10, 12);
    assert!(silent.len() >= 300, "{}", silent.len());
    works(&office);
    // Each client that was turned away or sent away was told so, or hears nothing on a door that begins with TLS.
    let closed = silent.iter_mut().map(is_closed).filter(|closed| *closed).count();
    assert!(closed > 100, "{closed} of {}", silent.len());
    assert!(!office.log().contains("cannot accept"), "{}", office.log());
}

fn is_closed(stream: &mut TcpStream) -> bool {
    let _ = stream.set_read_timeout(Some(Duration::from_millis(20)));
    let mut heard = [0; 1024];
    loop {
        match stream.read(&mut heard) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }
}

#[test]
fn large_letters_that_are_never_finished_hold_up_no_small_one_and_hardly_any_memory() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let before = resident(&office);
    let block = b"0123456789abcde\r\n".repeat(60_000);
    let mut unfinished = Vec::new();
    for _ in 0..5 {
        let mut peer = Dialogue::open(office.ports.smtp).expect("connected");
        peer.reply().expect("greeted");
        for command in ["EHLO client.test", "MAIL FROM:<eve@beta.test>", "RCPT TO:<alice@alpha.test>", "DATA"] {
            peer.ask(command).expect("answered");
        }
        for _ in 0..44 {
            peer.write(&block).expect("taken");
        }
        unfinished.push(peer);
    }
    works(&office);
    let held = resident(&office).saturating_sub(before);
    assert!(held < 100_000, "five letters of 44 MB hold {held} kB");
    // They are whole, and when they are filed the memory that it took is given back.
    for peer in &mut unfinished {
        peer.write(b".\r\n").expect("taken");
        assert!(answer_to(peer).starts_with("250"));
    }
    waiting::wait_until("memory is given back", || resident(&office).saturating_sub(before) < 60_000);
}

/// Asks for the session of JMAP with a name and a password; gives the status.
fn log_in(connection: &mut BufReader<TcpStream>, name: &str, password: &str) -> std::io::Result<u16> {
    let credentials = BASE64_STANDARD.encode(format!("{name}:{password}"));
    let request =
        format!("GET /jmap/session HTTP/1.1\r\nHost: mail.alpha.test\r\nAuthorization: Basic {credentials}\r\n\r\n");
    connection.get_mut().write_all(request.as_bytes())?;
    let (mut status, mut length) = (0, 0);
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(after) = line.strip_prefix("http/1.1 ") {
            status = after.get(..3).and_then(|code| code.parse().ok()).unwrap_or_default();
        } else if let Some(after) = line.strip_prefix("content-length:") {
            length = after.trim().parse().unwrap_or_default();
        } else if line.is_empty() {
            std::io::copy(&mut connection.by_ref().take(length), &mut std::io::sink())?;
            return Ok(status);
        }
    }
}

/// Tries so many log-ins that fail on one connection from this address: returns how often each status was given.
fn guess(from: Ipv4Addr, port: u16, times: usize) -> BTreeMap<u16, usize> {
    let mut given = BTreeMap::new();
    let mut connection = None;
    for n in 0..times {
        let new = || BufReader::new(connect_from(from, port).expect("connected"));
        let mut stream = connection.take().unwrap_or_else(new);
        if let Ok(status) = log_in(&mut stream, &format!("made.up.{n}@alpha.test"), "guess work") {
            *given.entry(status).or_default() += 1;
            connection = Some(stream);
        }
    }
    given
}

#[test]
fn two_thousand_failed_log_ins_at_once_keep_nobody_out_and_leave_no_memory_behind() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let (alice, port) = (office.first(), office.ports.http);
    // The guesses come from four sites, each of which is refused after 30 failures: so many passwords are really
    // checked.
    let guessing: Vec<_> = (0..40)
        .map(|n: u8| std::thread::spawn(move || guess(Ipv4Addr::new(127, 10 + n % 4, 0, 1), port, 50)))
        .collect();
    let most = std::thread::spawn({
        let status = format!("/proc/{}/status", office.pid());
        move || {
            let now = |_| {
                // time passes: between two looks
                std::thread::sleep(Duration::from_millis(10));
                resident_of(&status)
            };
            (0..200).map(now).max()
        }
    });
    let mut here = BufReader::new(connect_from(Ipv4Addr::LOCALHOST, port).expect("connected"));
    assert_eq!(log_in(&mut here, &alice.address, &alice.password).expect("answered"), 200);
    let mut given = BTreeMap::<u16, usize>::new();
    for guesses in guessing {
        guesses
            .join()
            .expect("guessed")
            .into_iter()
            .for_each(|(status, times)| *given.entry(status).or_default() += times);
    }
    let of = |status| given.get(&status).copied().unwrap_or_default();
    assert_eq!(of(401) + of(429) + of(503), 2000, "{given:?}");
    assert!((4..=120).contains(&of(401)), "{given:?}");
    println!("{given:?}, most {:?} kB, then {} kB", most.join().expect("watched"), resident(&office));
    waiting::wait_until("memory is given back", || resident(&office) <= 60 * 1024);
}

/// Returns the reply to a large letter, which takes its time.
fn answer_to(peer: &mut Dialogue) -> String {
    (0..12).find_map(|_| peer.reply().ok()).expect("an answer within two minutes")
}

/// Kilobytes of memory that the office has.
fn resident(office: &Office) -> u64 {
    resident_of(&format!("/proc/{}/status", office.pid()))
}

fn resident_of(status: &str) -> u64 {
    let status = std::fs::read_to_string(status).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
