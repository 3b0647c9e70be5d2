//! Doors: who comes in, who is turned away, and how they close.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use facteur_net::{ClientTls, Connection, Error, Limits, Listener, Places, ServerTls, Shutdown, Stop, Stream, serve};
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
    for _ in 0..100 {
        if visit(address).await.line(512).await.is_ok_and(|line| line == "hello\r\n") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the place was not given back");
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
    let served = tokio::spawn(serve(listener, Limits::default(), shutdown, |stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    }));
    let mut visitor = TcpStream::connect(address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
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
                us.has_logged_in();
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
    let welcome = async {
        loop {
            if visit(address).await.line(512).await.is_ok_and(|line| line == "hello\r\n") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), welcome).await.expect("a place is found");
    assert!(matches!(flood[0].line(512).await, Err(Error::Closed)), "the one that was silent longest has gone");
    person.write(b"still here\r\n").await.unwrap();
    assert_eq!(person.line(512).await.unwrap(), "still here\r\n");
    drop(stop);
}
