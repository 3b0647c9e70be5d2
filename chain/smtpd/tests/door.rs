//! The loop behind a door, over real sockets.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use facteur_smtpd::{Doorkeeper, Server, Visit, converse};
use mail::seam::Verdict;
use mail::{Address, Domain, Envelope, Letter, LetterId, Reply};
use net::{Budget, ClientTls, Connection, Intake, Limits, Listener, ServerTls, Shutdown, Stop, Stream};
use smtp::{Kind, MailFrom};
use tokio::task::JoinHandle;

/// Takes every letter, after a while, and remembers it.
#[derive(Clone, Default)]
struct Keeper {
    letters: Arc<Mutex<Vec<(Letter, Envelope)>>>,
    slowness: Duration,
}

impl Keeper {
    fn letters(&self) -> Vec<(Letter, Envelope)> {
        self.letters.lock().unwrap().clone()
    }
}

impl Doorkeeper for Keeper {
    async fn sender(&self, _: Visit<'_>, _: &MailFrom) -> Verdict {
        Verdict::Accept
    }

    async fn recipient(&self, _: Visit<'_>, address: &Address) -> Verdict {
        if address.domain().as_str() == "alpha.test" {
            return Verdict::Accept;
        }
        Verdict::Refuse(Reply::new(550, (5, 7, 1), "relaying denied"))
    }

    fn front(&self, visit: Visit<'_>, _: &Envelope, id: LetterId) -> String {
        format!("Received: with {} id {id}\r\n", visit.protocol)
    }

    async fn letter(&self, _: Visit<'_>, letter: Letter, envelope: Envelope) -> Vec<Reply> {
        // time passes: the peer is slow
        tokio::time::sleep(self.slowness).await;
        self.letters.lock().unwrap().push((letter, envelope));
        vec![Reply::new(250, (2, 0, 0), "taken")]
    }
}

/// A door, with the parts that a test needs to watch and to end it.
struct Post {
    address: std::net::SocketAddr,
    keeper: Keeper,
    stop: Stop,
    serving: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

fn server() -> Server {
    let hostname = Domain::parse("mail.alpha.test").unwrap();
    Server::new(hostname, "postmaster@alpha.test".parse().unwrap())
}

fn open(server: Server) -> Post {
    open_with(server, Keeper::default())
}

fn open_with(mut server: Server, keeper: Keeper) -> Post {
    let folder = tempfile::tempdir().unwrap();
    server.tls = Some(ServerTls::self_signed(folder.path(), "mail.alpha.test").unwrap());
    let (stop, shutdown): (Stop, Shutdown) = Stop::new();
    server.shutdown = shutdown.clone();
    let listener = Listener::bind("smtp", &["127.0.0.1:0"]).unwrap();
    let address = listener.addresses()[0];
    let (server, settings) = (Arc::new(server.clone()), Arc::new(server.settings(Kind::Reception)));
    let behind = keeper.clone();
    let serving = tokio::spawn(net::serve(listener, Limits::default(), shutdown, move |stream| {
        let (server, settings, keeper) = (server.clone(), settings.clone(), behind.clone());
        async move { converse(stream, settings, &server, &keeper).await }
    }));
    Post { address, keeper, stop, serving, _folder: folder }
}

impl Post {
    async fn visit(&self) -> Visitor {
        let stream = Stream::connect(self.address, Duration::from_secs(5)).await.unwrap();
        let mut visitor = Visitor(Connection::new(stream));
        visitor.hears("220 ").await;
        visitor
    }

    async fn greeted(&self) -> Visitor {
        let mut visitor = self.visit().await;
        visitor.says("EHLO client.test\r\n").await;
        visitor.hears("250 HELP").await;
        visitor
    }
}

struct Visitor(Connection);

impl Visitor {
    async fn says(&mut self, text: impl AsRef<[u8]>) {
        self.0.write(text.as_ref()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// Reads lines up to the one that begins like this; those before must be other lines of the same reply.
    async fn hears(&mut self, start: &str) -> String {
        loop {
            let line = self.0.line(4096).await.unwrap_or_else(|error| panic!("expected {start}: {error}"));
            let line = String::from_utf8(line.to_vec()).unwrap();
            if line.starts_with(start) {
                return line;
            }
            assert_eq!(line.as_bytes().get(3), Some(&b'-'), "expected {start}, heard {line}");
        }
    }

    async fn hears_nothing_more(&mut self) {
        let more = self.0.line(4096).await;
        assert!(matches!(more, Err(net::Error::Closed)), "{more:?}");
    }

    async fn begins_letter(&mut self) {
        self.says("MAIL FROM:<a@b.test>\r\nRCPT TO:<bob@alpha.test>\r\nDATA\r\n").await;
        self.hears("250 2.1.0").await;
        self.hears("250 2.1.5").await;
        self.hears("354 ").await;
    }
}

#[tokio::test]
async fn a_pipelined_group_is_answered_and_its_letter_taken() {
    let post = open(server());
    let mut visitor = post.visit().await;
    visitor
        .says("EHLO c.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<bob@alpha.test>\r\nRCPT TO:<x@y.test>\r\nDATA\r\n")
        .await;
    visitor.hears("250 HELP").await;
    visitor.hears("250 2.1.0").await;
    visitor.hears("250 2.1.5").await;
    visitor.hears("550 5.7.1").await;
    visitor.hears("354 ").await;
    visitor.says("Subject: x\r\n\r\n..dot\r\n.\r\nNOOP\r\nQUIT\r\n").await;
    visitor.hears("250 2.0.0 taken").await;
    visitor.hears("250 2.0.0 nothing").await;
    visitor.hears("221 2.0.0").await;
    visitor.hears_nothing_more().await;
    let letters = post.keeper.letters();
    let (letter, envelope) = &letters[0];
    let text = String::from_utf8(letter.raw.to_vec()).unwrap();
    assert_eq!(text, format!("Received: with ESMTP id {}\r\nSubject: x\r\n\r\n.dot\r\n", letter.id));
    assert_eq!(envelope.recipients.len(), 1);
}

#[tokio::test]
async fn an_octet_at_a_time_makes_the_same_letter() {
    let post = open(server());
    let mut visitor = post.greeted().await;
    for octet in b"MAIL FROM:<a@b.test>\r\nRCPT TO:<bob@alpha.test>\r\nDATA\r\n" {
        visitor.says([*octet]).await;
    }
    visitor.hears("250 2.1.0").await;
    visitor.hears("250 2.1.5").await;
    visitor.hears("354 ").await;
    for octet in b"\r\n..\r\n.x\r\n.\r\n" {
        visitor.says([*octet]).await;
    }
    visitor.hears("250 2.0.0 taken").await;
    assert!(post.keeper.letters()[0].0.raw.ends_with(b"\r\n\r\n.\r\nx\r\n"));
}

#[tokio::test]
async fn chunks_make_a_letter_whose_last_line_is_ended() {
    let post = open(server());
    let mut visitor = post.greeted().await;
    visitor.says("MAIL FROM:<a@b.test>\r\nRCPT TO:<bob@alpha.test>\r\nBDAT 4\r\na\r\n.BDAT 4 LAST\r\n\r\nb").await;
    visitor.hears("250 2.1.0").await;
    visitor.hears("250 2.1.5").await;
    visitor.hears("250 2.0.0 4 octets").await;
    visitor.says("c").await;
    visitor.hears("250 2.0.0 taken").await;
    assert!(post.keeper.letters()[0].0.raw.ends_with(b"\r\na\r\n.\r\nbc\r\n"));
}

#[tokio::test]
async fn a_letter_of_many_megabytes_comes_in_whole() {
    let post = open(server());
    let mut visitor = post.greeted().await;
    visitor.begins_letter().await;
    let line = b"0123456789012345678901234567890123456789012345678901234567890123456789\r\n";
    let body = line.repeat(400_000);
    visitor.says(&body).await;
    visitor.says(".\r\n").await;
    visitor.hears("250 2.0.0 taken").await;
    assert!(post.keeper.letters()[0].0.raw.ends_with(&body));
}

#[tokio::test]
async fn who_hangs_up_within_a_letter_leaves_nothing_behind() {
    let mut server = server();
    server.intake = Intake::new(Budget::new(2 * 1024 * 1024), Duration::from_secs(30));
    let post = open(server);
    for _ in 0..5 {
        let mut visitor = post.greeted().await;
        visitor.begins_letter().await;
        visitor.says(b"half a letter\r\n".repeat(30_000)).await;
        drop(visitor);
    }
    // All memory is free again: a letter that needs most of it is taken.
    let mut visitor = post.greeted().await;
    visitor.begins_letter().await;
    visitor.says([b"x\r\n".repeat(200_000).as_slice(), b".\r\n"].concat()).await;
    visitor.hears("250 2.0.0 taken").await;
    assert_eq!(post.keeper.letters().len(), 1);
}

struct Full(std::sync::atomic::AtomicBool);

impl mail::seam::Room for Full {
    fn has_room(&self) -> bool {
        !self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}

#[tokio::test]
async fn letters_that_find_no_room_on_the_disk_are_put_off_before_their_bodies_come() {
    let mut server = server();
    let full = Arc::new(Full(true.into()));
    server.room = full.clone();
    let post = open(server);
    let mut visitor = post.greeted().await;
    visitor.says("MAIL FROM:<carol@elsewhere.test>\r\n").await;
    visitor.hears("452 4.3.1 there is no room").await;
    full.0.store(false, std::sync::atomic::Ordering::Relaxed);
    visitor.begins_letter().await;
    visitor.says("Dear Bob\r\n.\r\n").await;
    visitor.hears("250 2.0.0 taken").await;
}

#[tokio::test]
async fn letters_that_find_no_memory_are_put_off() {
    let mut server = server();
    let budget = Budget::new(64 * 1024);
    server.intake = Intake::new(budget.clone(), Duration::from_millis(50));
    let post = open(server);
    let (mut first, mut second) = (post.greeted().await, post.greeted().await);
    first.begins_letter().await;
    first.says("x\r\n".repeat(11_000)).await;
    waiting::until("the first has its memory", || budget.free() <= 64 * 1024 - 33_000).await;
    second.begins_letter().await;
    second.says("x\r\n".repeat(11_000) + ".\r\nNOOP\r\n").await;
    second.hears("452 4.3.1").await;
    second.hears("250 2.0.0 nothing").await;
    first.says(".\r\n").await;
    first.hears("250 2.0.0 taken").await;
    second.begins_letter().await;
    second.says("x\r\n".repeat(11_000) + ".\r\n").await;
    second.hears("250 2.0.0 taken").await;
}

#[tokio::test]
async fn large_letters_that_are_not_finished_hold_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = server();
    server.intake = Intake::new(Budget::new(32 * 1024 * 1024), Duration::from_secs(30)).with_folder(folder.path());
    let post = open(server);
    let block = b"0123456789abcde\r\n".repeat(60_000);
    let mut unfinished = Vec::new();
    for _ in 0..6 {
        let mut visitor = post.greeted().await;
        visitor.begins_letter().await;
        for _ in 0..10 {
            visitor.says(&block).await;
        }
        unfinished.push(visitor);
    }
    // Sixty megabytes have come, and there is room for letters, small and large.
    for size in [1, 1000, 600_000] {
        let mut visitor = post.greeted().await;
        visitor.begins_letter().await;
        visitor.says([b"x\r\n".repeat(size).as_slice(), b".\r\n"].concat()).await;
        visitor.hears("250 2.0.0 taken").await;
    }
    for visitor in &mut unfinished {
        visitor.says(".\r\n").await;
        visitor.hears("250 2.0.0 taken").await;
    }
    let letters = post.keeper.letters();
    assert_eq!(letters.len(), 9);
    assert!(letters[3..].iter().all(|(letter, _)| letter.raw.ends_with(&block.repeat(10))));
}

#[tokio::test]
async fn line_ends_are_mended_and_nul_is_kept() {
    let post = open(server());
    let mut visitor = post.greeted().await;
    visitor.begins_letter().await;
    visitor.says("a\nb\rc\0\r\n.\r\n").await;
    visitor.hears("250 2.0.0 taken").await;
    assert!(post.keeper.letters()[0].0.raw.ends_with(b"\r\na\r\nb\r\nc\0\r\n"));
}

fn impatient() -> Server {
    let mut server = server();
    server.timeouts.command = Duration::from_millis(1000);
    server.timeouts.data = Duration::from_millis(1000);
    server.timeouts.letter = Duration::from_millis(2500);
    server
}

#[tokio::test]
async fn the_silent_are_sent_away() {
    let post = open(impatient());
    let (mut silent, mut in_letter) = (post.greeted().await, post.greeted().await);
    in_letter.begins_letter().await;
    in_letter.says("half a let").await;
    silent.hears("421 4.4.2").await;
    in_letter.hears("421 4.4.2").await;
    assert!(post.keeper.letters().is_empty());
}

#[tokio::test]
async fn who_drips_octets_is_sent_away_as_well() {
    let post = open(impatient());
    let (mut command, mut letter) = (post.greeted().await, post.greeted().await);
    letter.begins_letter().await;
    let begun = tokio::time::Instant::now();
    for round in 0..20 {
        if round < 7 {
            command.says("x").await;
        }
        letter.says("x\r\n").await;
        // time passes: the peer is slow
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    command.hears("421 4.4.2").await;
    letter.hears("421 4.4.2").await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(post.keeper.letters().is_empty());
}

#[tokio::test]
async fn at_closing_time_the_idle_are_sent_away_and_letters_are_finished() {
    let post = open_with(server(), Keeper { slowness: Duration::from_millis(100), ..Keeper::default() });
    let mut idle = post.greeted().await;
    let mut writing = post.greeted().await;
    writing.begins_letter().await;
    writing.says("a\r\n").await;
    post.stop.request(Duration::from_secs(5));
    idle.hears("421 4.3.2").await;
    idle.hears_nothing_more().await;
    writing.says("b\r\n.\r\n").await;
    writing.hears("250 2.0.0 taken").await;
    writing.hears("421 4.3.2").await;
    post.serving.await.unwrap();
    assert!(post.keeper.letters()[0].0.raw.ends_with(b"a\r\nb\r\n"));
}

#[tokio::test]
async fn inside_tls_everything_begins_anew() {
    let post = open(server());
    let mut visitor = post.greeted().await;
    visitor.says("MAIL FROM:<evil@b.test>\r\n").await;
    visitor.hears("250 2.1.0").await;
    // The server does not obey a command that was put behind STARTTLS in clear.
    visitor.says("STARTTLS\r\n").await;
    visitor.hears("220 2.0.0").await;
    let tls = ClientTls::opportunistic().unwrap();
    let mut visitor = Visitor(visitor.0.start_tls_client(&tls, "mail.alpha.test").await.unwrap());
    visitor.says("RCPT TO:<bob@alpha.test>\r\n").await;
    visitor.hears("503 5.5.1").await;
    visitor.says("EHLO client.test\r\n").await;
    visitor.hears("250 HELP").await;
    visitor.says("STARTTLS\r\n").await;
    visitor.hears("503 5.5.1").await;
    visitor.begins_letter().await;
    visitor.says("x\r\n.\r\n").await;
    visitor.hears("250 2.0.0 taken").await;
    assert!(post.keeper.letters()[0].0.raw.starts_with(b"Received: with ESMTPS id "));
}

#[tokio::test]
async fn commands_injected_behind_starttls_do_not_enter() {
    let post = open(server());
    let mut visitor = post.greeted().await;
    visitor.says("STARTTLS\r\nMAIL FROM:<evil@b.test>\r\nRCPT TO:<bob@alpha.test>\r\n").await;
    visitor.hears("220 2.0.0").await;
    let tls = ClientTls::opportunistic().unwrap();
    let mut visitor = Visitor(visitor.0.start_tls_client(&tls, "mail.alpha.test").await.unwrap());
    visitor.says("RCPT TO:<bob@alpha.test>\r\n").await;
    visitor.hears("503 5.5.1").await;
}

#[tokio::test]
async fn a_flood_without_a_line_end_is_cut_off_and_others_are_served_on() {
    let post = open(server());
    let mut flooding = post.visit().await;
    let flood = tokio::spawn(async move {
        let block = vec![b'x'; 64 * 1024];
        while flooding.0.write(&block).await.is_ok() {}
    });
    let mut visitor = post.greeted().await;
    visitor.begins_letter().await;
    visitor.says(".\r\n").await;
    visitor.hears("250 2.0.0 taken").await;
    tokio::time::timeout(Duration::from_secs(20), flood).await.expect("cut off").unwrap();
}

#[tokio::test]
async fn who_is_cut_short_still_hears_why() {
    let post = open(server());
    for _ in 0..20 {
        let mut visitor = post.greeted().await;
        visitor.begins_letter().await;
        let smuggled = "a\n.\nMAIL FROM:<evil@b.test>\r\n".to_owned() + &"x\r\n".repeat(60_000);
        let _ = visitor.0.write(smuggled.as_bytes()).await;
        visitor.hears("554 5.6.0").await;
    }
    assert!(post.keeper.letters().is_empty());
}

#[tokio::test]
async fn sixty_four_clients_are_served_at_once() {
    let post = Arc::new(open_with(server(), Keeper { slowness: Duration::from_millis(20), ..Keeper::default() }));
    let clients: Vec<_> = (0..64)
        .map(|number| {
            let post = post.clone();
            tokio::spawn(async move {
                let mut visitor = post.greeted().await;
                for letter in 0..10 {
                    visitor.begins_letter().await;
                    visitor.says(format!("Subject: {number}-{letter}\r\n\r\n{}\r\n.\r\n", "x".repeat(10_000))).await;
                    visitor.hears("250 2.0.0 taken").await;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    let letters = post.keeper.letters();
    let subjects: std::collections::HashSet<_> = letters
        .iter()
        .map(|(letter, _)| mail::header::find(&letter.raw, "Subject").unwrap().value().into_owned())
        .collect();
    let ids: std::collections::HashSet<_> = letters.iter().map(|(letter, _)| letter.id).collect();
    assert_eq!((letters.len(), subjects.len(), ids.len()), (640, 640, 640));
}

#[tokio::test]
async fn an_idle_dialogue_is_small() {
    let post = open(server());
    let stream = Stream::connect(post.address, Duration::from_secs(5)).await.unwrap();
    let (server, keeper) = (server(), Keeper::default());
    let settings = Arc::new(server.settings(Kind::Reception));
    let dialogue = converse(stream, settings, &server, &keeper);
    let size = std::mem::size_of_val(&dialogue);
    assert!(size < 4096, "{size}");
}
