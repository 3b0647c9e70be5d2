//! The LMTP door, over real sockets, with a small town behind it.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use facteur_mda::Lmtp;
use mail::seam::{Deliver, Origin, OurFault, Pending, Recipients, Standing, Wire};
use mail::{Address, Domain, Envelope, Letter, Reply};
use net::{Connection, Limits, Listener, ServerTls, Shutdown, Stream};
use smtpd::Server;

/// alpha.test is ours, with a few people of different kinds.
struct Town;

impl Recipients for Town {
    fn standing<'a>(&'a self, address: &'a Address) -> Pending<'a, Result<Standing, OurFault>> {
        Box::pin(async move {
            match (address.local(), address.domain().as_str()) {
                ("alice" | "bob" | "late", "alpha.test") => Ok(Standing::Ours),
                ("full", "alpha.test") => Ok(Standing::Full),
                ("fault", "alpha.test") => Err(OurFault("the disk is on fire".into())),
                (_, "alpha.test") => Ok(Standing::Unknown),
                _ => Ok(Standing::Elsewhere),
            }
        })
    }
}

/// Takes letters for everybody but late@; says nothing at all where its answer is a fault.
#[derive(Default)]
struct Basket {
    taken: Mutex<Vec<(Letter, Envelope, Origin)>>,
    fault: Mutex<Option<OurFault>>,
}

impl Deliver for Basket {
    fn deliver(&self, letter: Letter, envelope: Envelope, origin: Origin) -> Pending<'_, Result<Vec<Reply>, OurFault>> {
        Box::pin(async move {
            if let Some(fault) = self.fault.lock().unwrap().take() {
                return Err(fault);
            }
            let reply = |to: &mail::Recipient| match to.address.local() {
                "late" => Reply::new(452, (4, 2, 2), "no room for this one"),
                _ => Reply::new(250, (2, 1, 5), "filed"),
            };
            let replies = envelope.recipients.iter().map(reply).collect();
            self.taken.lock().unwrap().push((letter, envelope, origin));
            Ok(replies)
        })
    }
}

/// A front's connection.
struct Front(Connection);

impl Front {
    async fn greeted(stream: Stream) -> Self {
        let mut front = Self(Connection::new(stream));
        assert!(front.hears().await.starts_with("220 mail.alpha.test LMTP"));
        front.says("LHLO front.test").await;
        front
    }

    /// The next whole reply, its lines joined by `|`.
    async fn hears(&mut self) -> String {
        let mut said = Vec::new();
        loop {
            let line = String::from_utf8(self.0.line(4096).await.unwrap().to_vec()).unwrap();
            said.push(line.trim_end().to_owned());
            if line.as_bytes()[3] == b' ' {
                return said.join("|");
            }
        }
    }

    async fn says(&mut self, text: &str) -> String {
        self.0.write(format!("{text}\r\n").as_bytes()).await.unwrap();
        self.hears().await
    }
}

struct Post {
    tcp: std::net::SocketAddr,
    basket: Arc<Basket>,
    folder: tempfile::TempDir,
}

/// One door with a port and a Unix socket.
fn open() -> Post {
    let folder = tempfile::tempdir().unwrap();
    let basket = Arc::new(Basket::default());
    let mut server = Server::new(Domain::parse("mail.alpha.test").unwrap(), "postmaster@alpha.test".parse().unwrap());
    server.tls = Some(ServerTls::self_signed(folder.path(), "mail.alpha.test").unwrap());
    let lmtp = Lmtp::new(server, Arc::new(Town), basket.clone());
    let unix = format!("unix:{}", folder.path().join("lmtp").display());
    let listener = Listener::bind("lmtp", &["127.0.0.1:0", &unix]).unwrap();
    let tcp = listener.addresses()[0];
    tokio::spawn(net::serve(listener, Limits::default(), Shutdown::never(), move |stream| {
        lmtp.clone().converse(stream)
    }));
    Post { tcp, basket, folder }
}

impl Post {
    async fn by_tcp(&self) -> Front {
        Front::greeted(Stream::connect(self.tcp, Duration::from_secs(5)).await.unwrap()).await
    }

    async fn by_unix(&self) -> Front {
        let path: &Path = &self.folder.path().join("lmtp");
        Front::greeted(Stream::connect_unix(path, Duration::from_secs(5)).await.unwrap()).await
    }
}

#[tokio::test]
async fn each_recipient_has_an_answer_of_their_own_behind_the_letter() {
    let post = open();
    let mut front = post.by_tcp().await;
    assert!(front.says("MAIL FROM:<chris@bar.test>").await.starts_with("250"));
    for (to, code) in [
        ("alice@alpha.test", "250 2.1.5"),
        ("nobody@alpha.test", "550 5.1.1"),
        ("late@alpha.test", "250 2.1.5"),
        ("full@alpha.test", "452 4.2.2"),
        ("fault@alpha.test", "451 4.3.0"),
        ("victim@elsewhere.test", "550 5.7.1"),
        ("alice@alpha.test", "250 2.1.5"),
    ] {
        let said = front.says(&format!("RCPT TO:<{to}>")).await;
        assert!(said.starts_with(code), "{to}: {said}");
    }
    assert!(front.says("DATA").await.starts_with("354"));
    assert_eq!(front.says("Subject: hello\r\n\r\nHello\r\n.").await, "250 2.1.5 filed");
    assert_eq!(front.hears().await, "452 4.2.2 no room for this one");
    assert_eq!(front.hears().await, "250 2.1.5 filed");
    assert!(front.says("NOOP").await.starts_with("250 2.0.0 nothing"), "and not one reply more");
}

#[tokio::test]
async fn a_unix_socket_is_a_door_too_and_makes_up_no_address() {
    let post = open();
    let mut front = post.by_unix().await;
    front.says("MAIL FROM:<chris@bar.test>").await;
    front.says("RCPT TO:<bob@alpha.test>").await;
    front.says("DATA").await;
    assert_eq!(front.says("Hello\r\n.").await, "250 2.1.5 filed");
    let taken = post.basket.taken.lock().unwrap();
    let (letter, _, origin) = &taken[0];
    let wire = Wire { hello: "front.test".into(), extended: true, ..Wire::new("127.0.0.1".parse().unwrap()) };
    assert_eq!(*origin, Origin::Front(wire));
    let text = String::from_utf8(letter.raw.to_vec()).unwrap();
    assert!(
        text.starts_with("Received: from front.test (local socket)\r\n\tby mail.alpha.test with LMTP id "),
        "{text}"
    );
}

#[tokio::test]
async fn tls_is_offered_over_the_net_and_not_on_a_socket_of_this_machine() {
    let post = open();
    assert!(post.by_tcp().await.says("LHLO front.test").await.contains("STARTTLS"));
    assert!(!post.by_unix().await.says("LHLO front.test").await.contains("STARTTLS"));
}

#[tokio::test]
async fn a_fault_of_ours_is_said_for_every_recipient_so_that_none_is_lost() {
    let post = open();
    *post.basket.fault.lock().unwrap() = Some(OurFault("the disk is full".into()));
    let mut front = post.by_tcp().await;
    front.says("MAIL FROM:<chris@bar.test>").await;
    front.says("RCPT TO:<alice@alpha.test>").await;
    front.says("RCPT TO:<bob@alpha.test>").await;
    front.says("DATA").await;
    assert!(front.says("Hello\r\n.").await.starts_with("451 4.3.0"));
    assert!(front.hears().await.starts_with("451 4.3.0"));
    assert!(post.basket.taken.lock().unwrap().is_empty());
}
