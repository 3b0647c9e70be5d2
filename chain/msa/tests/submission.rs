//! Submission, over real sockets.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use facteur_msa::Submission;
use mail::seam::{Accept, Origin, OurFault, Pending, Recipients, Standing, Verdict};
use mail::{Address, Domain, Envelope, Letter, Password};
use net::{ClientTls, Connection, Limits, Listener, ServerTls, Shutdown, Stream};
use people::People;
use sasl::Mechanism;
use smtpd::Server;

/// Alice, who may also write as alice+x and as info.
fn alice() -> People {
    let alice = People::with_password("secret").and("alice@alpha.test");
    alice.who_writes_as("alice+x@alpha.test").who_writes_as("info@alpha.test")
}

/// No domain is ours; the server behind us cannot be asked for now.
struct Neighbours;

impl Recipients for Neighbours {
    fn standing<'a>(&'a self, address: &'a Address) -> Pending<'a, Result<Standing, OurFault>> {
        let behind = address.domain().as_str() == "behind.test";
        Box::pin(async move { Ok(if behind { Standing::Away } else { Standing::Elsewhere }) })
    }
}

#[derive(Default)]
struct Basket(Mutex<Vec<(Letter, Envelope, Origin)>>);

impl Accept for Basket {
    fn accept(&self, letter: Letter, envelope: Envelope, origin: Origin) -> Pending<'_, Result<Verdict, OurFault>> {
        self.0.lock().unwrap().push((letter, envelope, origin));
        Box::pin(async { Ok(Verdict::Accept) })
    }
}

impl Basket {
    fn last(&self) -> (String, Envelope, Origin) {
        let taken = self.0.lock().unwrap();
        let (letter, envelope, origin) = taken.last().unwrap();
        (String::from_utf8(letter.raw.to_vec()).unwrap(), envelope.clone(), origin.clone())
    }
}

struct Office {
    address: SocketAddr,
    basket: Arc<Basket>,
    _folder: tempfile::TempDir,
}

/// `tls`: as on 465, from the first octet; otherwise STARTTLS is offered, as on 587.
fn open(tls_first: bool) -> Office {
    let folder = tempfile::tempdir().unwrap();
    let tls = ServerTls::self_signed(folder.path(), "mail.alpha.test").unwrap();
    let mut server = Server::new(Domain::parse("mail.alpha.test").unwrap(), "postmaster@alpha.test".parse().unwrap());
    server.tls = Some(tls.clone());
    let basket = Arc::new(Basket::default());
    let submission = Submission::new(server, Arc::new(alice()), basket.clone()).with_recipients(Arc::new(Neighbours));
    let listener = Listener::bind("submission", &["127.0.0.1:0"]).unwrap();
    let listener = if tls_first { listener.with_tls(tls) } else { listener };
    let address = listener.addresses()[0];
    tokio::spawn(net::serve(listener, Limits::default(), Shutdown::never(), move |stream| {
        submission.clone().converse(stream)
    }));
    Office { address, basket, _folder: folder }
}

struct Client(Connection);

impl Office {
    async fn visit(&self) -> Client {
        let stream = Stream::connect(self.address, Duration::from_secs(5)).await.unwrap();
        let mut client = Client(Connection::new(stream));
        client.hears().await;
        client
    }

    /// Behind STARTTLS and EHLO.
    async fn secure(&self) -> Client {
        let mut client = self.visit().await;
        client.says("EHLO laptop.home").await;
        assert!(client.says("STARTTLS").await.starts_with("220 "));
        client.starts_tls().await
    }

    async fn alice(&self) -> Client {
        let mut client = self.secure().await;
        assert!(client.logs_in(Mechanism::Plain, "secret").await.starts_with("235 2.7.0"));
        client
    }
}

impl Client {
    async fn starts_tls(self) -> Self {
        let tls = ClientTls::opportunistic().unwrap();
        let mut client = Self(self.0.start_tls_client(&tls, "mail.alpha.test").await.unwrap());
        client.says("EHLO laptop.home").await;
        client
    }

    async fn hears(&mut self) -> String {
        loop {
            let line = String::from_utf8(self.0.line(4096).await.unwrap().to_vec()).unwrap();
            if line.as_bytes()[3] == b' ' {
                return line.trim_end_matches("\r\n").to_owned();
            }
        }
    }

    async fn says(&mut self, text: &str) -> String {
        self.0.write(format!("{text}\r\n").as_bytes()).await.unwrap();
        self.hears().await
    }

    async fn logs_in(&mut self, mechanism: Mechanism, password: &str) -> String {
        self.logs_in_as("alice@alpha.test", mechanism, password).await
    }

    async fn logs_in_as(&mut self, name: &str, mechanism: Mechanism, password: &str) -> String {
        let password = Password::new(password.into());
        let mut sasl = sasl::Client::new(mechanism, name, &password, [9; sasl::NONCE]);
        let initial = sasl.initial().map(|line| format!(" {}", line.reveal())).unwrap_or_default();
        let mut reply = self.says(&format!("AUTH {}{initial}", mechanism.name())).await;
        while let Some(challenge) = reply.strip_prefix("334 ") {
            let line = sasl.challenge(challenge).unwrap();
            reply = self.says(line.reveal()).await;
        }
        if reply.starts_with("235") {
            sasl.finish().unwrap();
        }
        reply
    }

    /// Sends a letter: the reply at its end, or the first refusal.
    async fn sends(&mut self, from: &str, letter: &str) -> String {
        for command in [&*format!("MAIL FROM:<{from}>"), "RCPT TO:<friend@elsewhere.test>", "DATA"] {
            let reply = self.says(command).await;
            if reply.starts_with(['4', '5']) {
                return reply;
            }
        }
        self.says(&format!("{letter}\r\n.")).await
    }
}

#[tokio::test]
async fn each_mechanism_logs_in_inside_tls() {
    let office = open(false);
    for mechanism in Mechanism::ALL {
        let mut client = office.secure().await;
        let wrong = client.logs_in(mechanism, "wrong").await;
        assert!(wrong.starts_with("535 5.7.8"), "{mechanism:?}: {wrong}");
        let right = client.logs_in(mechanism, "secret").await;
        assert!(right.starts_with("235 2.7.0"), "{mechanism:?}: {right}");
    }
}

#[tokio::test]
async fn where_too_many_log_in_at_once_it_is_for_now_and_no_wrong_password() {
    let office = open(false);
    let reply = office.secure().await.logs_in_as("crowd", Mechanism::Plain, "x").await;
    assert_eq!(reply, "454 4.7.0 too many log-ins are being checked now; try again in 5 seconds");
}

#[tokio::test]
async fn nobody_logs_in_or_writes_outside_tls() {
    let office = open(false);
    let mut client = office.visit().await;
    client.says("EHLO laptop.home").await;
    assert!(client.logs_in(Mechanism::Plain, "secret").await.starts_with("538 5.7.11"));
    assert!(client.says("MAIL FROM:<alice@alpha.test>").await.starts_with("530 5.7.0"));
}

#[tokio::test]
async fn passwords_are_not_guessed_without_end() {
    let office = open(false);
    let mut client = office.secure().await;
    for _ in 0..3 {
        assert!(client.logs_in(Mechanism::Plain, "guess").await.starts_with("535 5.7.8"));
    }
    assert!(client.logs_in(Mechanism::Plain, "guess").await.starts_with("421 4.7.0"));
}

#[tokio::test]
async fn a_letter_for_a_stranger_goes_out_complete_and_without_what_is_private() {
    let office = open(false);
    let mut client = office.alice().await;
    let reply = client
        .sends(
            "alice+x@alpha.test",
            "From: Alice <info@alpha.test>\r\nTo: friend@elsewhere.test\r\nBcc: eve@x.test\r\n\r\nhello",
        )
        .await;
    assert!(reply.starts_with("250 2.0.0 taken as "), "{reply}");
    let (letter, envelope, origin) = office.basket.last();
    assert!(letter.starts_with("Received: by mail.alpha.test with ESMTPSA id "), "{letter}");
    let (header, body) = letter.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, "hello\r\n");
    assert!(header.ends_with("\r\nFrom: Alice <info@alpha.test>\r\nTo: friend@elsewhere.test\r\nBcc: eve@x.test"));
    for private in ["127.0.0.1", "laptop"] {
        assert!(!header.contains(private), "{private}: {header}");
    }
    assert_eq!(envelope.return_path.to_string(), "alice+x@alpha.test");
    let alice = alice().get("alice").unwrap();
    assert!(matches!(origin, Origin::Person(person, wire) if person == alice && wire.ip.is_loopback()));
}

#[tokio::test]
async fn nobody_writes_as_somebody_else() {
    let office = open(false);
    let mut client = office.alice().await;
    let reply = client.sends("boss@alpha.test", "x").await;
    assert_eq!(reply, "553 5.7.1 alice@alpha.test may not write as boss@alpha.test");
    for forged in [
        "From: boss@alpha.test",
        "From: \"alice@alpha.test\" <boss@alpha.test>",
        "From: alice@alpha.test, boss@alpha.test",
        "From: alice@alpha.test\r\nSender: boss@alpha.test",
        "From: alice@alpha.test\r\nFrom: boss@alpha.test",
        "From : boss@alpha.test",
        "from:\r\n boss@alpha.test",
        "From: The Boss",
        "Resent-From: alice@alpha.test\r\nFrom: boss@alpha.test",
    ] {
        let reply = client.sends("alice@alpha.test", &format!("{forged}\r\nSubject: x\r\n\r\nx")).await;
        assert!(reply.starts_with("550 5.7.1 alice@alpha.test may not write as "), "{forged}: {reply}");
    }
    assert!(office.basket.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_header_beyond_ascii_is_taken_and_declared() {
    let office = open(false);
    let mut client = office.alice().await;
    let reply = client.sends("alice@alpha.test", "From: alice@alpha.test\r\nSubject: été\r\n\r\nx").await;
    assert!(reply.starts_with("250 2.0.0"), "{reply}");
    let (_, envelope, _) = office.basket.last();
    assert_eq!((envelope.body, envelope.smtputf8), (mail::BodyKind::EightBitMime, false));
}

#[tokio::test]
async fn on_port_465_tls_comes_first() {
    let office = open(true);
    let stream = Stream::connect(office.address, Duration::from_secs(5)).await.unwrap();
    let tls = ClientTls::opportunistic().unwrap();
    let mut client = Client(Connection::new(stream).start_tls_client(&tls, "mail.alpha.test").await.unwrap());
    assert!(client.hears().await.starts_with("220 mail.alpha.test"));
    client.says("EHLO laptop.home").await;
    assert!(client.says("STARTTLS").await.starts_with("503 5.5.1"));
    assert!(client.logs_in(Mechanism::ScramSha256, "secret").await.starts_with("235 2.7.0"));
    assert!(client.sends("alice@alpha.test", "Subject: x\r\n").await.starts_with("250 2.0.0"));
}

#[tokio::test]
async fn a_letter_may_be_kept_for_its_author_and_not_longer_than_is_said() {
    // RFC 4865 §3, §4.
    let office = open(false);
    let mut client = office.alice().await;
    client.0.write(b"EHLO laptop.home\r\n").await.unwrap();
    let mut offered = String::new();
    while !offered.contains("FUTURERELEASE") {
        offered = String::from_utf8(client.0.line(4096).await.unwrap().to_vec()).unwrap();
        assert!(!offered.starts_with("250 "), "it is not offered");
    }
    let mut words = offered.trim_end().split(' ').skip(1);
    assert_eq!(words.next(), Some("31622400"));
    let latest = mail::Timestamp::parse_rfc3339(words.next().unwrap()).unwrap();
    assert!(latest > smtpd::now().after(Duration::from_secs(365 * 24 * 3600)));
    client.hears().await;

    assert!(client.says("MAIL FROM:<alice@alpha.test> HOLDFOR=31622401").await.starts_with("501 5.5.4 "));
    assert!(client.says("MAIL FROM:<alice@alpha.test> HOLDUNTIL=9999-01-01T00:00:00Z").await.starts_with("501 5.5.4 "));
    assert!(client.says("MAIL FROM:<alice@alpha.test> HOLDFOR=60").await.starts_with("250 "));
    assert!(client.says("RCPT TO:<bob@beta.test>").await.starts_with("250 "));
    assert!(client.says("DATA").await.starts_with("354 "));
    assert!(client.says("Subject: x\r\n\r\nx\r\n.").await.starts_with("250 "));
    assert_eq!(office.basket.last().1.hold, Some(mail::Hold::For(60)));
}

#[tokio::test]
async fn while_a_server_behind_us_is_away_the_letter_of_a_person_is_taken_and_waits() {
    let office = open(false);
    let mut client = office.alice().await;
    assert!(client.says("MAIL FROM:<alice@alpha.test>").await.starts_with("250 "));
    assert!(client.says("RCPT TO:<bob@behind.test>").await.starts_with("250 "));
    assert!(client.says("DATA").await.starts_with("354 "));
    assert!(client.says("Subject: x\r\n\r\nx\r\n.").await.starts_with("250 "));
    assert_eq!(office.basket.last().1.recipients[0].to_string(), "bob@behind.test");
}
