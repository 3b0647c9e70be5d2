//! Exchanges with servers on this machine that behave badly.

#[path = "../testing/server.rs"]
mod server;

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use facteur_https::{Client, Error, HeaderMap, Home, Limits, OwnNames, Reach, Url};
use net::{AddressAnswer, ClientTls, DnsFault, Resolver, Table};
use server::Server;

const LIMITS: Limits = Limits { time: Duration::from_secs(10), body: 1000, redirects: 2 };

impl Server {
    fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.place)).unwrap()
    }

    fn client(&self, limits: Limits) -> Client {
        client(Reach::PublicAnd(vec![self.place]), limits)
    }
}

fn client(reach: Reach, limits: Limits) -> Client {
    let table = Table::new()
        .addresses("inside.test", Ok(AddressAnswer::found(vec!["::ffff:127.0.0.1".parse().unwrap()])))
        .addresses("here.test", Ok(AddressAnswer::found(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])));
    Client::new(ClientTls::verified().unwrap(), Arc::new(table), reach, limits)
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn redirect(to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")
}

fn say(stream: &mut TcpStream, text: &str) {
    // The client may have heard enough.
    let _ = stream.write_all(text.as_bytes());
}

#[tokio::test]
async fn what_is_asked_is_what_the_caller_gave_and_what_http_needs() {
    let server = Server::start(|_, stream| say(stream, &ok("here")));
    let mut fields = HeaderMap::new();
    fields.insert("accept", "image/*".parse().unwrap());
    let answer = server.client(LIMITS).get(&server.url("/a%20b?c=d|e#f"), &fields).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.whole().await.unwrap(), "here");
    let expected =
        format!("GET /a%20b?c=d|e HTTP/1.1\r\naccept: image/*\r\nhost: {}\r\nconnection: close\r\n\r\n", server.place);
    assert_eq!(server.asked(), [expected]);
}

#[tokio::test]
async fn a_body_ends_at_its_limit_whether_announced_or_not() {
    let server = Server::start(|path, stream| match path {
        "/announced" => say(stream, "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"),
        "/fits" => say(stream, &ok(&"x".repeat(1000))),
        _ => say(stream, &format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(100_000))),
    });
    let get = async |path| server.client(LIMITS).get(&server.url(path), &HeaderMap::new()).await.unwrap().whole().await;
    assert_eq!(get("/fits").await.unwrap().len(), 1000);
    assert_eq!(get("/announced").await, Err(Error::TooLarge(1000)));
    assert_eq!(get("/unannounced").await, Err(Error::TooLarge(1000)));
}

#[tokio::test]
async fn slow_headers_and_slow_bodies_are_cut() {
    let server = Server::start(|path, stream| {
        say(stream, "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n");
        say(stream, if path == "/body" { "\r\n" } else { "X-Slow: " });
        for _ in 0..40 {
            say(stream, "x");
            // time passes: the peer is slow
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let client = server.client(Limits { time: Duration::from_millis(300), ..LIMITS });
    let started = Instant::now();
    let answer = client.get(&server.url("/body"), &HeaderMap::new()).await.unwrap();
    assert_eq!(answer.whole().await, Err(Error::TimedOut));
    assert_eq!(client.get(&server.url("/header"), &HeaderMap::new()).await.unwrap_err(), Error::TimedOut);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_header_without_end_and_what_is_no_http_are_errors() {
    let server = Server::start(|path, stream| match path {
        "/endless" => say(stream, &format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(200_000))),
        "/many" => say(stream, &format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(1000))),
        _ => say(stream, "220 mail.test ESMTP\r\n"),
    });
    for path in ["/endless", "/many", "/smtp"] {
        let error = server.client(LIMITS).get(&server.url(path), &HeaderMap::new()).await.unwrap_err();
        assert!(matches!(error, Error::Broken(_)), "{path}: {error:?}");
    }
}

#[tokio::test]
async fn redirects_are_followed_so_often_and_never_with_what_was_posted() {
    let server = Server::start(|path, stream| match path {
        "/one" => say(stream, &redirect("/two?x")),
        "/two?x" => say(stream, &redirect("./there")),
        "/nowhere" => say(stream, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"),
        "/there" => say(stream, &ok("there")),
        _ => say(stream, &redirect("/round")),
    });
    let client = server.client(LIMITS);
    let get = async |path| client.get(&server.url(path), &HeaderMap::new()).await;
    assert_eq!(get("/one").await.unwrap().whole().await.unwrap(), "there");
    assert_eq!(get("/round").await.unwrap_err(), Error::TooManyRedirects(2));
    assert_eq!(get("/nowhere").await.unwrap().status, 302);
    assert_eq!(client.post(&server.url("/one"), HeaderMap::new(), "secret".into()).await.unwrap().status, 302);
}

#[tokio::test]
async fn strangers_lead_us_neither_at_once_nor_later_to_where_they_cannot_go() {
    let elsewhere = Server::start(|_, stream| say(stream, &ok("secrets")));
    let port = elsewhere.place.port();
    let server = Server::start(move |path, stream| say(stream, &redirect(path.trim_start_matches('/'))));
    for to in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://here.test:{port}/"),
        format!("http://inside.test:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://0x7f.1:{port}/"),
        format!("http://2130706433:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "https://here.test/".to_owned(),
        "http://[::1]/".to_owned(),
        "http://localhost/".to_owned(),
    ] {
        let url = Url::parse(&to).unwrap();
        let direct = client(Reach::Public, LIMITS).get(&url, &HeaderMap::new()).await.unwrap_err();
        assert!(matches!(direct, Error::OutOfReach(_) | Error::NoSuchHost(_) | Error::BadAddress), "{to}: {direct:?}");
        let led = server.client(LIMITS).get(&server.url(&format!("/{to}")), &HeaderMap::new()).await.unwrap_err();
        assert_eq!(led, direct, "{to}");
    }
    assert_eq!(elsewhere.asked(), [""; 0]);
    for bad in ["file:///etc/passwd", "gopher://here.test/", "http://me:secret@here.test/", "data:text/plain,x"] {
        let led = server.client(LIMITS).get(&server.url(&format!("/{bad}")), &HeaderMap::new()).await;
        assert_eq!(led.unwrap_err(), Error::BadAddress, "{bad}");
    }
}

#[tokio::test]
async fn a_server_that_cannot_prove_its_name_is_not_asked() {
    let folder = tempfile::tempdir().unwrap();
    let tls = net::ServerTls::self_signed(folder.path(), "here.test").unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        net::Stream::plain(socket).unwrap().start_tls_server(&tls).await.is_ok()
    });
    let url = Url::parse(&format!("https://here.test:{}/", place.port())).unwrap();
    let error = client(Reach::PublicAnd(vec![place]), LIMITS).get(&url, &HeaderMap::new()).await.unwrap_err();
    assert!(matches!(error, Error::Connect(_)), "{error:?}");
    assert!(!served.await.unwrap());
}

/// Makes the home of a server whose only name is `mail.alpha.test`.
fn home(resolver: Arc<dyn Resolver>) -> Home {
    let names = || OwnNames { hosts: vec!["mail.alpha.test".into()], domains: Vec::new() };
    Home::new(resolver, move || {
        let names = names();
        Box::pin(async move { Ok(names) })
    })
}

#[tokio::test]
async fn nobody_leads_us_to_the_router_that_our_own_name_leads_to() {
    let wan = "93.184.216.34";
    let at = |ip: &str| Ok(AddressAnswer::found(vec![ip.parse().unwrap()]));
    let table = Table::new().addresses("mail.alpha.test", at(wan)).addresses("innocent.test", at(wan));
    let resolver: Arc<dyn Resolver> = Arc::new(table);
    let server = Server::start(move |path, stream| say(stream, &redirect(path.trim_start_matches('/'))));
    let client = |reach| {
        let tls = ClientTls::verified().unwrap();
        Client::new(tls, resolver.clone(), reach, LIMITS).away_from(home(resolver.clone()))
    };
    for to in [
        format!("http://{wan}/"),
        "http://mail.alpha.test/".to_owned(),
        "https://innocent.test/".to_owned(),
        format!("http://[::ffff:{wan}]/"),
        format!("http://[64:ff9b::{wan}]/"),
    ] {
        let url = Url::parse(&to).unwrap();
        let direct = client(Reach::Public).get(&url, &HeaderMap::new()).await.unwrap_err();
        assert!(matches!(direct, Error::OutOfReach(_)), "{to}: {direct:?}");
        let led = client(Reach::PublicAnd(vec![server.place]));
        let led = led.get(&server.url(&format!("/{to}")), &HeaderMap::new()).await.unwrap_err();
        assert_eq!(led, direct, "{to}");
    }
}

#[tokio::test]
async fn while_our_own_addresses_are_unknown_nobody_leads_us_anywhere() {
    let lost: Arc<dyn Resolver> =
        Arc::new(Table::new().addresses("mail.alpha.test", Err(DnsFault("no answer".to_owned()))));
    let tls = ClientTls::verified().unwrap();
    let client = Client::new(tls, lost.clone(), Reach::Public, LIMITS).away_from(home(lost));
    let error = client.get(&Url::parse("http://93.184.216.34/").unwrap(), &HeaderMap::new()).await.unwrap_err();
    assert!(matches!(error, Error::HomeUnknown(_)), "{error:?}");
}
