//! An office at alpha.test with a queue in a temporary folder.

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use mail::seam::{OurFault, Pending, Recipients, Standing};
use mail::{Address, BodyKind, Envelope, Letter, LetterId, LetterWishes, Reply, ReturnPath, Timestamp};
use mta::backoff::Schedule;
use mta::bounce::Office as Writer;
use mta::delivery::{Delivery, Done, LocalDrop, Means, OutgoingTls, Waiting};
use mta::outgoing::Outgoing;
use mta::queue::{self, Counts, Filter, Listed, Page, Terms};
use net::{AddressAnswer, Exchange, MxAnswer, Stop, Table};
use store::{Store, Tx, View};

pub fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as i64)
}

pub fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// alpha.test is ours, and postmaster at our own name; everything else is not.
struct OurDomains;

impl Recipients for OurDomains {
    fn standing<'a>(&'a self, address: &'a Address) -> Pending<'a, Result<Standing, OurFault>> {
        let at_hostname = address.domain().as_str() == "mail.alpha.test" && address.local() == "postmaster";
        let ours = address.domain().as_str() == "alpha.test" || at_hostname;
        Box::pin(async move { Ok(if ours { Standing::Ours } else { Standing::Elsewhere }) })
    }
}

/// Keeps what was filed; `full@` has no room, `gone@` is not there, `panic@` meets a fault of the program.
pub struct Cabinet {
    store: Store,
    filed: Mutex<Vec<(Letter, Envelope)>>,
}

fn verdict(address: &Address) -> Reply {
    match address.local() {
        "panic" => panic!("a fault of the program"),
        "full" => Reply::new(452, (4, 2, 2), "the mailbox is full"),
        "gone" => Reply::new(550, (5, 1, 1), "no such person"),
        _ => Reply::new(250, (2, 1, 5), "filed"),
    }
}

impl LocalDrop for Cabinet {
    fn drop_off(&self, waiting: Waiting, mut done: Done) -> Pending<'_, Result<(), OurFault>> {
        let Waiting { letter, envelope, .. } = waiting;
        let replies: Vec<(Address, Reply)> =
            envelope.recipients.iter().map(|to| (to.address.clone(), verdict(&to.address))).collect();
        Box::pin(async move {
            let filed = replies.iter().any(|(_, reply)| reply.is_positive());
            let write = move |tx: &mut Tx| done(tx, &replies);
            self.store
                .write::<(), store::Error, _>(store::Key::Everything, write)
                .await
                .map_err(|error| OurFault(error.to_string()))?;
            if filed {
                self.filed.lock().unwrap().push((letter, envelope));
            }
            Ok(())
        })
    }
}

/// The letter of somebody with wishes.
const WISHED: &[u8] = b"From: alice@alpha.test\r\nSubject: Hello Bob\r\n\r\nHow are you?\r\n";

pub struct Office {
    pub store: Store,
    pub means: Means,
    cabinet: Arc<Cabinet>,
    running: Option<(Stop, tokio::task::JoinHandle<()>)>,
}

impl Office {
    /// Opens an office with the data in `folder`, short waits, and these names known. MX hosts listen at `port`.
    pub fn open(folder: &Path, names: Table, port: u16) -> Self {
        let mut options = store::Options::new(folder);
        options.readers = 2;
        Self::with_store(Store::open(options, &[mta::MIGRATIONS, trace::MIGRATIONS].concat()).unwrap(), names, port)
    }

    pub fn with_store(store: Store, names: Table, port: u16) -> Self {
        let cabinet = Arc::new(Cabinet { store: store.clone(), filed: Mutex::default() });
        let (postmaster, signer) = (address("postmaster@alpha.test"), Arc::new(mail::sign::Unsigned));
        let writer = Writer { hostname: "mail.alpha.test".into(), postmaster, signer };
        let tls = OutgoingTls {
            opportunistic: net::ClientTls::opportunistic().unwrap(),
            verified: net::ClientTls::with_roots([]).unwrap(),
        };
        let mut means = Means::new(store.clone(), Arc::new(names), Arc::new(OurDomains), cabinet.clone(), writer, tls);
        means.port = port;
        // The servers of the tests are all on this machine.
        means.is_here = |_| false;
        means.schedule = Schedule {
            first: Duration::from_millis(200),
            most: Duration::from_millis(800),
            greylisted: Duration::from_millis(200),
            lifetime: Duration::from_secs(600),
            warn_after: None,
        };
        means.limits.idle = Duration::from_millis(500);
        Self { store, means, cabinet, running: None }
    }

    pub fn start(&mut self) {
        let (stop, shutdown) = Stop::new();
        let delivery = Delivery::new(self.means.clone());
        self.running = Some((stop, tokio::spawn(delivery.run(shutdown))));
    }

    pub async fn stop(&mut self) {
        let Some((stop, task)) = self.running.take() else { return };
        stop.request(Duration::from_secs(5));
        task.await.unwrap();
    }

    /// Everything in memory is gone at once, as after kill -9.
    pub async fn crash(mut self) {
        if let Some((stop, task)) = self.running.take() {
            task.abort();
            let _ = task.await;
            std::mem::forget(stop);
        }
    }

    pub async fn queue(&self, to: &[&str]) -> LetterId {
        self.queue_from("alice@alpha.test", to, b"From: alice@alpha.test\r\nSubject: Hello Bob\r\n\r\nHow are you?\r\n")
            .await
    }

    pub async fn postpone(&self, to: &[&str], until: Timestamp) -> LetterId {
        let terms = Terms::postponed(now(), until, &self.means.schedule);
        self.queue_on("alice@alpha.test", to, b"From: alice@alpha.test\r\nSubject: Later\r\n\r\nHello\r\n", terms).await
    }

    /// The office was told that it is `arrived`, whatever the time is.
    pub async fn queue_at(&self, to: &[&str], arrived: Timestamp) -> LetterId {
        self.queue_on("alice@alpha.test", to, b"Subject: x\r\n\r\n", Terms::new(arrived, &self.means.schedule)).await
    }

    pub async fn queue_from(&self, from: &str, to: &[&str], raw: &[u8]) -> LetterId {
        self.queue_on(from, to, raw, Terms::new(now(), &self.means.schedule)).await
    }

    /// The sender has these wishes: `ENVID=x RET=HDRS BY=60;R` of MAIL, and `NOTIFY=SUCCESS` of RCPT.
    pub async fn queue_wishing(&self, to: &str, of_mail: &str, of_rcpt: &str, mistrusted: bool) {
        let letter = Letter { id: LetterId::from_random(rand::random()), raw: WISHED.into() };
        let mail = smtp::Command::parse(format!("MAIL FROM:<alice@alpha.test> {of_mail}").as_bytes());
        let rcpt = smtp::Command::parse(format!("RCPT TO:<{to}> {of_rcpt}").as_bytes());
        let (Ok(smtp::Command::Mail(mail)), Ok(smtp::Command::Rcpt(rcpt))) = (mail, rcpt) else { panic!("no wishes") };
        let envelope = Envelope {
            return_path: mail.return_path,
            recipients: vec![mail::Recipient { wishes: rcpt.wishes, ..mail::Recipient::new(address(to)) }],
            body: BodyKind::SevenBit,
            smtputf8: false,
            hold: None,
            wishes: mail.wishes,
        };
        let terms = Terms::new(now(), &self.means.schedule);
        let prepared = queue::prepare(&self.store, &Outgoing::passing_through(letter), &envelope, terms).unwrap();
        let prepared = prepared.mistrusted(mistrusted);
        self.store.write::<(), store::Error, _>(store::Key::Everything, move |tx| prepared.put(tx)).await.unwrap();
    }

    async fn queue_on(&self, from: &str, to: &[&str], raw: &[u8], terms: Terms) -> LetterId {
        let letter = Letter { id: LetterId::from_random(rand::random()), raw: Bytes::copy_from_slice(raw) };
        let envelope = Envelope {
            return_path: Address::parse(from).map_or(ReturnPath::Null, ReturnPath::Address),
            recipients: to.iter().map(|to| address(to).into()).collect(),
            body: BodyKind::SevenBit,
            smtputf8: true,
            hold: None,
            wishes: LetterWishes::default(),
        };
        let prepared =
            queue::prepare(&self.store, &Outgoing::passing_through(letter.clone()), &envelope, terms).unwrap();
        self.store.write::<(), store::Error, _>(store::Key::Everything, move |tx| prepared.put(tx)).await.unwrap();
        letter.id
    }

    /// Many letters, in large commits.
    pub async fn queue_many(&self, number: usize, to: &str, raw: &[u8]) {
        let letters: Vec<usize> = (0..number).collect();
        for slice in letters.chunks(500) {
            let terms = Terms::new(now(), &self.means.schedule);
            let prepare = |_: &usize| {
                let letter = Letter { id: LetterId::from_random(rand::random()), raw: Bytes::copy_from_slice(raw) };
                let envelope = Envelope {
                    return_path: ReturnPath::Address(address("alice@alpha.test")),
                    recipients: vec![address(to).into()],
                    body: BodyKind::SevenBit,
                    smtputf8: false,
                    hold: None,
                    wishes: LetterWishes::default(),
                };
                queue::prepare(&self.store, &Outgoing::passing_through(letter), &envelope, terms).unwrap()
            };
            let mut prepared: Vec<_> = slice.iter().map(prepare).collect();
            let write = move |tx: &mut Tx| prepared.iter_mut().try_for_each(|prepared| prepared.put(tx));
            self.store.write::<(), store::Error, _>(store::Key::Everything, write).await.unwrap();
        }
    }

    pub fn read<T: Send + 'static>(&self, read: impl FnOnce(&View) -> Result<T, store::Error> + Send + 'static) -> T {
        tokio::task::block_in_place(|| self.store.read_blocking(read)).unwrap()
    }

    /// Changes rows behind the office's back.
    pub async fn change(&self, sql: &'static str, number: i64) {
        let write = move |tx: &mut Tx| tx.execute(sql, store::params![number]).map(drop);
        self.store.write::<(), store::Error, _>(store::Key::Everything, write).await.unwrap();
    }

    pub fn counts(&self) -> Counts {
        self.read(queue::counts)
    }

    pub fn is_empty(&self) -> bool {
        self.counts().letters == 0
    }

    pub fn list(&self) -> Vec<Listed> {
        let page = Page { after: 0, most: 1000 };
        self.read(move |view| queue::list(view, &Filter::default(), page))
    }

    /// Returns the last words about a recipient that is still in the queue.
    pub fn said_of(&self, to: &str) -> String {
        let all = self.list();
        let found = all.iter().flat_map(|letter| &letter.recipients).find(|r| r.address == address(to));
        found.map(|r| r.said.clone()).unwrap_or_default()
    }

    /// Letters filed for our own people: to whom, and their text.
    pub fn filed(&self) -> Vec<(String, String)> {
        let filed = self.cabinet.filed.lock().unwrap();
        let text = |letter: &Letter| String::from_utf8_lossy(&letter.raw).into_owned();
        filed.iter().map(|(letter, to)| (to.recipients[0].to_string(), text(letter))).collect()
    }
}

/// `domain` has these MX hosts, each at its address.
pub fn mx(names: Table, domain: &str, hosts: &[(u16, &str, &str)]) -> Table {
    let exchange =
        |(preference, host, _): &(u16, &str, &str)| Exchange { preference: *preference, host: (*host).into() };
    let names = names.mx(domain, Ok(MxAnswer::hosts(hosts.iter().map(exchange).collect())));
    hosts.iter().fold(names, |names, (_, host, ip)| {
        names.addresses(host, Ok(AddressAnswer::found(vec![ip.parse::<IpAddr>().unwrap()])))
    })
}

/// beta.test is at 127.0.0.1.
pub fn beta() -> Table {
    mx(Table::new(), "beta.test", &[(10, "mx.beta.test", "127.0.0.1")])
}
