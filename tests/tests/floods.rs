//! Strangers who come in great numbers, or with great letters, keep nobody else out.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr, Socket, Type};
use tests::{Dialogue, Office, OfficeBuilder, generated_letter};

/// Connects from this address of the machine to one of its ports.
fn connect_from(address: Ipv4Addr, port: u16) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SockAddr::from(SocketAddr::from((address, 0))))?;
    socket.connect_timeout(&SockAddr::from(SocketAddr::from(([127, 0, 0, 1], port))), Duration::from_secs(10))?;
    Ok(socket.into())
}

/// So many connections from each of some addresses to each of these ports, which then say nothing.
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
    // Who was turned away or sent away was told so, or hears nothing on a door that begins with TLS.
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
    let patience = Instant::now() + Duration::from_secs(60);
    while resident(&office).saturating_sub(before) >= 60_000 {
        assert!(Instant::now() < patience, "{} kB more than before", resident(&office).saturating_sub(before));
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// What is answered to a large letter, which takes its time.
fn answer_to(peer: &mut Dialogue) -> String {
    (0..12).find_map(|_| peer.reply().ok()).expect("an answer within two minutes")
}

/// Kilobytes of memory that the office has.
fn resident(office: &Office) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", office.pid())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
