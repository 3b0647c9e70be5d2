//! Doors: the clients that come in, those that are turned away, and the closing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use facteur_net::{
    ClientTls, Connection, Error, Limits, Listener, Places, Proxies, ServerTls, Shutdown, Stop, Stream, serve,
};
use mail::stay::ForEver;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// Greets, echoes lines, and says goodbye when asked to end.
async fn echo(stream: Stream, shutdown: Shutdown) {
    let mut us = Connection::new(stream);
    let _ = us.write(b"hello\r\n").await;
    loop {
        let line = tokio::select! {
            line = us.line(512) => line,
            () = shutdown.requested() => break,
        };
        let Ok(line) = line else { return };
        assert_ne!(line, "panic\r\n");
        let _ = us.write(&line).await;
    }
    let _ = us.write(b"goodbye\r\n").await;
    us.close().await;
}

fn open(limits: Limits, tls: Option<ServerTls>) -> (SocketAddr, Stop, JoinHandle<()>) {
    let (stop, shutdown) = Stop::new();
    let mut listener = Listener::bind("smtp", &["127.0.0.1:0"]).unwrap();
    if let Some(tls) = tls {
        listener = listener.with_tls(tls);
    }
    let address = listener.addresses()[0];
    let ending = shutdown.clone();
    let served = tokio::spawn(serve(listener, limits, shutdown, move |stream| echo(stream, ending.clone())));
    (address, stop, served)
}

async fn visit(address: SocketAddr) -> Connection {
    Connection::new(Stream::connect(address, Duration::from_secs(5)).await.unwrap())
}

#[tokio::test]
async fn who_is_one_too_many_hears_why() {
    let full = "421 4.7.0 too many connections\r\n";
    let limits = Limits { total: 10, per_address: 1, count_loopback: true, full, ..Limits::default() };
    let (address, _stop, _) = open(limits, None);
    let mut first = visit(address).await;
    assert_eq!(first.line(512).await.unwrap(), "hello\r\n");
    let mut second = visit(address).await;
    assert_eq!(second.line(512).await.unwrap(), "421 4.7.0 too many connections\r\n");
    first.close().await;
    // The place is free as soon as the server has seen the end.
    waiting::found("the place is given back", async || is_welcome(address).await.then_some(())).await;
}

async fn is_welcome(address: SocketAddr) -> bool {
    visit(address).await.line(512).await.is_ok_and(|line| line == "hello\r\n")
}

#[tokio::test]
async fn idle_conversations_end_at_once_when_asked_and_the_door_is_closed() {
    let (address, stop, served) = open(Limits::default(), None);
    let mut visitor = visit(address).await;
    assert_eq!(visitor.line(512).await.unwrap(), "hello\r\n");
    stop.request(Duration::from_secs(30));
    assert_eq!(visitor.line(512).await.unwrap(), "goodbye\r\n");
    served.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn who_does_not_end_in_time_is_cut_off() {
    let (stop, shutdown) = Stop::new();
    let listener = Listener::bind("smtp", &["127.0.0.1:0"]).unwrap();
    let address = listener.addresses()[0];
    let (inside, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let served = tokio::spawn(serve(listener, Limits::default(), shutdown, move |stream| {
        let _ = inside.send(());
        async move {
            let _held = stream;
            std::future::pending::<()>().await;
        }
    }));
    let mut visitor = TcpStream::connect(address).await.unwrap();
    heard.recv().await.unwrap();
    let begun = Instant::now();
    stop.request(Duration::from_millis(100));
    served.await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(100));
    assert_eq!(visitor.read(&mut [0; 8]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_panic_in_one_conversation_leaves_the_others_alone() {
    let (address, _stop, _) = open(Limits::default(), None);
    let (mut unlucky, mut other) = (visit(address).await, visit(address).await);
    unlucky.line(512).await.unwrap();
    unlucky.write(b"panic\r\n").await.unwrap();
    assert!(unlucky.line(512).await.is_err());
    other.line(512).await.unwrap();
    other.write(b"still here\r\n").await.unwrap();
    assert_eq!(other.line(512).await.unwrap(), "still here\r\n");
    assert_eq!(visit(address).await.line(512).await.unwrap(), "hello\r\n");
}

#[tokio::test]
async fn a_tls_door_shakes_hands_first_and_half_open_visitors_do_not_hold_up_others() {
    let folder = tempfile::tempdir().unwrap();
    let tls = ServerTls::self_signed(folder.path(), "mail.alpha.test").unwrap();
    let (address, _stop, _) = open(Limits::default(), Some(tls));
    let _half_open = TcpStream::connect(address).await.unwrap();
    let stream = Stream::connect(address, Duration::from_secs(5)).await.unwrap();
    let stream = stream.start_tls_client(&ClientTls::opportunistic().unwrap(), "mail.alpha.test").await.unwrap();
    let mut visitor = Connection::new(stream);
    assert_eq!(visitor.line(512).await.unwrap(), "hello\r\n");
}

#[tokio::test]
async fn who_says_nothing_goes_when_another_needs_the_place_and_who_has_logged_in_stays() {
    let (stop, shutdown) = Stop::new();
    let listener = Listener::bind("smtp", &["127.0.0.1:0"]).unwrap();
    let address = listener.addresses()[0];
    let limits = Limits { places: Places::new(4), ..Limits::default() };
    let _served = tokio::spawn(serve(listener, limits, shutdown, |stream| async move {
        let mut us = Connection::new(stream);
        let _ = us.write(b"hello\r\n").await;
        while let Ok(line) = us.line(512).await {
            if line == "log in\r\n" {
                us.stay_while(Arc::new(ForEver));
            }
            let _ = us.write(&line).await;
        }
    }));
    let mut person = visit(address).await;
    person.line(512).await.unwrap();
    person.write(b"log in\r\n").await.unwrap();
    person.line(512).await.unwrap();
    let mut flood = Vec::new();
    for _ in 0..3 {
        let mut one = visit(address).await;
        one.line(512).await.unwrap();
        flood.push(one);
    }
    // All of one address: until one of them has been silent for a while nobody else comes in.
    waiting::found("a place is found", async || is_welcome(address).await.then_some(())).await;
    assert!(matches!(flood[0].line(512).await, Err(Error::Closed)), "the one that was silent longest has gone");
    person.write(b"still here\r\n").await.unwrap();
    assert_eq!(person.line(512).await.unwrap(), "still here\r\n");
    drop(stop);
}

/// Opens a door behind a proxy at `trusted` that names its clients; each visitor hears who they are.
fn behind_a_proxy(trusted: &str, per_address: usize, tls: Option<ServerTls>) -> (SocketAddr, Stop) {
    let (stop, shutdown) = Stop::new();
    let proxies = Proxies::new(vec![trusted.parse().unwrap()]);
    let mut listener = Listener::bind("smtp", &["127.0.0.1:0"]).unwrap().with_proxies(proxies, true);
    if let Some(tls) = tls {
        listener = listener.with_tls(tls);
    }
    let address = listener.addresses()[0];
    let limits = Limits { per_address, count_loopback: true, full: "full\r\n", ..Limits::default() };
    tokio::spawn(serve(listener, limits, shutdown, |stream| async move {
        let said = format!("{} at {}\r\n", stream.peer(), stream.local_ip().unwrap());
        let mut us = Connection::new(stream);
        let _ = us.write(said.as_bytes()).await;
        while us.line(512).await.is_ok() {}
    }));
    (address, stop)
}

async fn introduced(address: SocketAddr, header: &str) -> Connection {
    let mut visitor = visit(address).await;
    visitor.write(header.as_bytes()).await.unwrap();
    visitor.flush().await.unwrap();
    visitor
}

#[tokio::test]
async fn a_proxy_that_is_believed_speaks_for_many_and_each_has_places_of_their_own() {
    let (address, _stop) = behind_a_proxy("127.0.0.1", 1, None);
    let mut first = introduced(address, "PROXY TCP4 198.51.100.7 192.0.2.1 4711 25\r\n").await;
    assert_eq!(first.line(512).await.unwrap(), "198.51.100.7:4711 at 192.0.2.1\r\n");
    let mut again = introduced(address, "PROXY TCP4 198.51.100.7 192.0.2.1 4712 25\r\n").await;
    assert_eq!(again.line(512).await.unwrap(), "full\r\n");
    let mut other = introduced(address, "PROXY TCP6 2001:db8::7 2001:db8::1 4711 25\r\n").await;
    assert_eq!(other.line(512).await.unwrap(), "[2001:db8::7]:4711 at 2001:db8::1\r\n");
    // The proxy speaks for itself, or for a client on its own machine: then the peer is the proxy.
    for own in ["PROXY UNKNOWN\r\n", "PROXY TCP4 127.0.0.1 127.0.0.1 1 25\r\n", "PROXY TCP4 0.0.0.0 0.0.0.0 1 25\r\n"] {
        assert!(introduced(address, own).await.line(512).await.unwrap().starts_with(b"127.0.0.1:"), "{own}");
    }
    for wrong in ["EHLO proxy.test\r\n", "PROXY TCP4 1.2.3.4\r\n", "\r\nX"] {
        assert!(introduced(address, wrong).await.line(512).await.is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn who_is_no_proxy_of_ours_is_served_as_who_they_are_whatever_they_say() {
    let (address, _stop) = behind_a_proxy("192.0.2.80", 50, None);
    let mut stranger = introduced(address, "PROXY TCP4 198.51.100.7 192.0.2.1 4711 25\r\n").await;
    assert!(stranger.line(512).await.unwrap().starts_with(b"127.0.0.1:"));
}

#[tokio::test]
async fn a_proxy_speaks_before_tls_begins() {
    let folder = tempfile::tempdir().unwrap();
    let tls = ServerTls::self_signed(folder.path(), "mail.alpha.test").unwrap();
    let (address, _stop) = behind_a_proxy("127.0.0.0/8", 50, Some(tls));
    let visitor = introduced(address, "PROXY TCP4 198.51.100.7 192.0.2.1 4711 993\r\n").await;
    let mut visitor = visitor.start_tls_client(&ClientTls::opportunistic().unwrap(), "mail.alpha.test").await.unwrap();
    assert_eq!(visitor.line(512).await.unwrap(), "198.51.100.7:4711 at 192.0.2.1\r\n");
}
