//! Port 25, over real sockets, with a small town behind it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use facteur_mta::reception::Reception;
use mail::seam::{Accept, Origin, OurFault, Pending, Recipients, Standing, Verdict, Wire};
use mail::{Address, Domain, Envelope, Letter, Reply};
use net::{Connection, Limits, Listener, Shutdown, Stream};
use smtpd::Server;

/// alpha.test is ours, with a few people of different kinds.
struct Town;

impl Recipients for Town {
    fn standing<'a>(&'a self, address: &'a Address) -> Pending<'a, Result<Standing, OurFault>> {
        Box::pin(async move {
            match (address.local(), address.domain().as_str()) {
                ("bob" | "postmaster", "alpha.test") => Ok(Standing::Ours),
                ("full", "alpha.test") => Ok(Standing::Full),
                ("away", "alpha.test") => Ok(Standing::Away),
                ("fault", "alpha.test") => Err(OurFault("the disk is on fire".into())),
                (_, "alpha.test") => Ok(Standing::Unknown),
                _ => Ok(Standing::Elsewhere),
            }
        })
    }
}

/// Remembers what it took.
#[derive(Default)]
struct Basket {
    taken: Mutex<Vec<(Letter, Envelope, Origin)>>,
    answer: Mutex<Option<Result<Verdict, OurFault>>>,
}

impl Accept for Basket {
    fn accept(&self, letter: Letter, envelope: Envelope, origin: Origin) -> Pending<'_, Result<Verdict, OurFault>> {
        Box::pin(async move {
            let answer = self.answer.lock().unwrap().take().unwrap_or(Ok(Verdict::Accept));
            if matches!(answer, Ok(Verdict::Accept)) {
                self.taken.lock().unwrap().push((letter, envelope, origin));
            }
            answer
        })
    }
}

struct Visitor(Connection);

async fn open() -> (SocketAddr, Arc<Basket>) {
    let basket = Arc::new(Basket::default());
    let server = Server::new(Domain::parse("mail.alpha.test").unwrap(), "postmaster@alpha.test".parse().unwrap());
    let reception = Reception::new(server, Arc::new(Town), basket.clone());
    let listener = Listener::bind("smtp", &["127.0.0.1:0"]).unwrap();
    let address = listener.addresses()[0];
    tokio::spawn(net::serve(listener, Limits::default(), Shutdown::never(), move |stream| {
        reception.clone().converse(stream)
    }));
    (address, basket)
}

impl Visitor {
    async fn at(address: SocketAddr) -> Self {
        let mut visitor = Self(Connection::new(Stream::connect(address, Duration::from_secs(5)).await.unwrap()));
        assert!(visitor.hears().await.starts_with("220 mail.alpha.test"));
        visitor
    }

    async fn hears(&mut self) -> String {
        loop {
            let line = String::from_utf8(self.0.line(4096).await.unwrap().to_vec()).unwrap();
            if line.as_bytes()[3] == b' ' {
                return line.trim_end().to_owned();
            }
        }
    }

    /// Says a line (or a letter), and gives the last line of the reply.
    async fn says(&mut self, text: &str) -> String {
        self.0.write(format!("{text}\r\n").as_bytes()).await.unwrap();
        self.hears().await
    }
}

#[tokio::test]
async fn a_letter_for_bob_is_handed_over_with_where_it_came_from() {
    let (address, basket) = open().await;
    let mut visitor = Visitor::at(address).await;
    visitor.says("EHLO mail.beta.test").await;
    visitor.says("MAIL FROM:<alice@beta.test> BODY=8BITMIME").await;
    visitor.says("RCPT TO:<bob@alpha.test>").await;
    visitor.says("DATA").await;
    let taken = visitor.says("Subject: hi\r\n\r\nhello\r\n.").await;
    let taken_letters = basket.taken.lock().unwrap();
    let (letter, envelope, origin) = &taken_letters[0];
    assert_eq!(taken, format!("250 2.0.0 taken as {}", letter.id));
    let text = String::from_utf8(letter.raw.to_vec()).unwrap();
    let expected = format!(
        "Received: from mail.beta.test ([127.0.0.1])\r\n\tby mail.alpha.test with ESMTP id {}\r\n\tfor <bob@alpha.test>;\r\n\t",
        letter.id
    );
    assert!(text.starts_with(&expected), "{text}");
    assert!(text.ends_with("+0000\r\nSubject: hi\r\n\r\nhello\r\n"), "{text}");
    assert_eq!(envelope.return_path.to_string(), "alice@beta.test");
    let wire = Wire { hello: "mail.beta.test".into(), extended: true, ..Wire::new("127.0.0.1".parse().unwrap()) };
    assert_eq!(*origin, Origin::Peer(wire));
}

#[tokio::test]
async fn each_recipient_is_judged_while_the_sender_is_connected() {
    let (address, _) = open().await;
    let mut visitor = Visitor::at(address).await;
    visitor.says("HELO mail.beta.test").await;
    visitor.says("MAIL FROM:<>").await;
    for (recipient, code) in [
        ("bob@alpha.test", "250 2.1.5"),
        ("Postmaster", "250 2.1.5"),
        ("nobody@alpha.test", "550 5.1.1"),
        ("full@alpha.test", "452 4.2.2"),
        ("fault@alpha.test", "451 4.3.0"),
        ("away@alpha.test", "451 4.4.1 the server that keeps this mailbox"),
        ("victim@elsewhere.test", "550 5.7.1"),
        ("@alpha.test:victim@elsewhere.test", "550 5.7.1"),
    ] {
        let reply = visitor.says(&format!("RCPT TO:<{recipient}>")).await;
        assert!(reply.starts_with(code), "{recipient}: {reply}");
        assert!(!reply.contains("fire"), "what fails inside is not told outside: {reply}");
    }
}

#[tokio::test]
async fn nothing_is_acknowledged_that_was_not_taken() {
    let (address, basket) = open().await;
    let mut visitor = Visitor::at(address).await;
    visitor.says("HELO x").await;
    let refusal = Verdict::Refuse(Reply::new(554, (5, 7, 1), "spam"));
    for (answer, code) in [
        (Err(OurFault("full disk".into())), "451 4.3.0"),
        (Ok(refusal), "554 5.7.1"),
        (Ok(Verdict::Accept), "250 2.0.0"),
    ] {
        *basket.answer.lock().unwrap() = Some(answer);
        visitor.says("MAIL FROM:<a@b.test>").await;
        visitor.says("RCPT TO:<bob@alpha.test>").await;
        visitor.says("DATA").await;
        let reply = visitor.says("x\r\n.").await;
        assert!(reply.starts_with(code) && !reply.contains("disk"), "{reply}");
    }
}

#[tokio::test]
async fn nobody_logs_in_at_port_25() {
    let (address, _) = open().await;
    let mut visitor = Visitor::at(address).await;
    visitor.says("EHLO x").await;
    assert!(visitor.says("AUTH PLAIN AGFsaWNlAHNlY3JldA==").await.starts_with("502 5.5.1"));
}

#[tokio::test]
async fn a_stranger_who_asks_for_many_names_learns_no_more_of_them() {
    let (address, _) = open().await;
    let ask = |number: usize| async move {
        let mut visitor = Visitor::at(address).await;
        visitor.says("EHLO harvester").await;
        visitor.says("MAIL FROM:<>").await;
        let mut answered = 0;
        for name in 0..10 {
            let reply = visitor.says(&format!("RCPT TO:<guess{number}.{name}@alpha.test>")).await;
            answered += usize::from(reply.starts_with("550 5.1.1"));
        }
        answered
    };
    let asking: Vec<_> = (0..30).map(|number| tokio::spawn(ask(number))).collect();
    let mut answered = 0;
    for one in asking {
        answered += one.await.unwrap();
    }
    // Those that were being asked for while the last free one was counted are answered too.
    assert!((100..=130).contains(&answered), "{answered} of 300 names were answered");
    let mut visitor = Visitor::at(address).await;
    visitor.says("EHLO harvester").await;
    visitor.says("MAIL FROM:<>").await;
    let reply = visitor.says("RCPT TO:<bob@alpha.test>").await;
    assert!(reply.starts_with("450 4.7.1 too many unknown recipients"), "a name that somebody has: {reply}");
}
