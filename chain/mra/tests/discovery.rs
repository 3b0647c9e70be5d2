//! The server of an address is found in the ways that providers have, and nothing is believed that nobody has proved.

#[path = "../../../net/https/testing/server.rs"]
mod server;

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use facteur_mra::discovery::{FILE, Finder, NotFound, Offer, Ports, Source};
use facteur_mra::{Fault, Mailbox};
use mail::seam::Pending;
use mail::{Address, Domain};
use net::{
    AddressAnswer, ClientTls, Connection, DnsFault, Exchange, MxAnswer, Resolver, ServerTls, Service, Stream, Table,
};
use server::Server;
use tokio::net::TcpListener;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A table of names that remembers what was asked for.
struct Names {
    table: Table,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Resolver for Names {
    fn mx<'a>(&'a self, domain: &'a Domain) -> Pending<'a, Result<MxAnswer, DnsFault>> {
        Resolver::mx(&self.table, domain)
    }

    fn services<'a>(&'a self, name: &'a str) -> Pending<'a, Result<net::Answer<Vec<Service>>, DnsFault>> {
        Resolver::services(&self.table, name)
    }

    fn addresses<'a>(&'a self, host: &'a str) -> Pending<'a, Result<AddressAnswer, DnsFault>> {
        self.asked.lock().unwrap().push(host.to_owned());
        Resolver::addresses(&self.table, host)
    }
}

/// A town: a server for IMAP inside TLS, one for files, and the names of both.
struct Town {
    imaps: u16,
    certificate: String,
    web: Server,
    table: Table,
    heard: Arc<Mutex<Vec<String>>>,
    asked: Arc<Mutex<Vec<String>>>,
    _folder: tempfile::TempDir,
}

impl Town {
    /// `file` is the content at each place for files.
    async fn new(file: impl Fn(u16) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tls = ServerTls::self_signed(folder.path(), "imap.provider.example").unwrap();
        let pem = std::fs::read_to_string(folder.path().join("tls/self-signed-imap.provider.example.pem")).unwrap();
        let listener = TcpListener::bind((HERE, 0)).await.unwrap();
        let imaps = listener.local_addr().unwrap().port();
        let heard = Arc::<Mutex<Vec<String>>>::default();
        tokio::spawn(serve(listener, tls, heard.clone()));
        let file = file(imaps);
        let web = Server::start(move |_, stream| {
            let head = if file.is_empty() { "404 Not Found" } else { "200 OK" };
            let _ = write!(stream, "HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{file}", file.len());
        });
        let (table, asked) = (Table::new(), Arc::default());
        Self { imaps, certificate: pem, web, table, heard, asked, _folder: folder }
    }

    fn named(mut self, hosts: &[&str]) -> Self {
        for host in hosts {
            self.table = self.table.addresses(host, Ok(AddressAnswer::found(vec![HERE])));
        }
        self
    }

    /// SRV of provider.example.
    fn offering(mut self, host: &str) -> Self {
        let service = Service { priority: 0, weight: 0, port: self.imaps, host: host.to_owned() };
        self.table = self.table.services("_imaps._tcp.provider.example", Ok(net::Answer::found(vec![service])));
        self
    }

    async fn find(&self, trusted: bool) -> Result<Offer, NotFound> {
        let resolver = Arc::new(Names { table: self.table.clone(), asked: self.asked.clone() });
        let tls = ClientTls::verified().unwrap();
        let web = https::Client::new(tls.clone(), resolver.clone(), https::Reach::Anywhere, FILE);
        let ports = Ports { imaps: self.imaps, imap: 1, pop3s: 1, pop3: 1 };
        let ca = trusted.then(|| self.certificate.clone());
        let finder = Finder::new(tls, resolver, false).trusting(ca).at(web, self.web.place.port(), ports);
        finder.find(&Address::parse("alice@provider.example").unwrap()).await
    }

    /// Checks that no server heard a name or a password.
    fn nobody_logged_in(&self) {
        let heard = self.heard.lock().unwrap();
        assert!(heard.iter().all(|line| line.contains("LOGOUT") || line.contains("CAPABILITY")), "{heard:?}");
    }
}

async fn serve(listener: TcpListener, tls: ServerTls, heard: Arc<Mutex<Vec<String>>>) {
    while let Ok((socket, _)) = listener.accept().await {
        let (tls, heard) = (tls.clone(), heard.clone());
        tokio::spawn(async move {
            let line = Connection::new(Stream::plain(socket).unwrap()).start_tls_server(&tls).await;
            let Ok(mut line) = line else { return };
            let _ = line.write(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n").await;
            let _ = line.flush().await;
            while let Ok(said) = line.line(1000).await {
                let said = String::from_utf8_lossy(&said).into_owned();
                let tag = said.split(' ').next().unwrap_or_default().to_owned();
                heard.lock().unwrap().push(said);
                let _ = line.write(format!("* BYE\r\n{tag} OK\r\n").as_bytes()).await;
                let _ = line.flush().await;
            }
        });
    }
}

fn file(host: &str, port: u16) -> String {
    format!(
        "<clientConfig><emailProvider id=\"provider.example\"><incomingServer type=\"imap\"><hostname>{host}</hostname>\
         <port>{port}</port><socketType>SSL</socketType><username>%EMAILLOCALPART%</username>\
         </incomingServer></emailProvider></clientConfig>"
    )
}

fn no_file(_: u16) -> String {
    String::new()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_says_of_itself_comes_first_and_needs_no_person() {
    let town = Town::new(|port| file("imap.elsewhere.example", port)).await;
    let town = town.named(&["autoconfig.provider.example", "imap.elsewhere.example", "imap.provider.example"]);
    let town = town.offering("imap.provider.example");
    let offer = town.find(true).await.unwrap();
    assert_eq!(offer.mailbox.to_string(), format!("imaps://alice@imap.elsewhere.example:{}", town.imaps));
    assert_eq!((offer.source, offer.must_be_confirmed(), offer.user_is_guessed), (Source::Domain, false, false));
    assert!(town.web.asked()[0].starts_with("GET /mail/config-v1.1.xml?emailaddress=alice%40provider.example "));
    town.nobody_logged_in();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_may_lie_at_the_domain_itself() {
    let town = Town::new(|port| file("imap.provider.example", port)).await;
    let town = town.named(&["provider.example", "imap.provider.example"]);
    assert_eq!(town.find(true).await.unwrap().source, Source::Domain);
    assert!(
        town.web.asked()[0].starts_with("GET /.well-known/autoconfig/mail/config-v1.1.xml "),
        "and no address in it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_record_that_leads_out_of_the_domain_needs_a_person() {
    let town = Town::new(no_file).await.named(&["imap.provider.example"]).offering("imap.provider.example");
    let own = town.find(true).await.unwrap();
    assert_eq!((own.source, own.user_is_guessed), (Source::Domain, true));
    assert_eq!(own.mailbox.user, "alice@provider.example");
    let town = Town::new(no_file).await.named(&["imap.evil.example"]).offering("imap.evil.example");
    let foreign = town.find(true).await.unwrap();
    assert_eq!((foreign.source, foreign.must_be_confirmed()), (Source::Names, true));
    town.nobody_logged_in();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_names_that_most_have_are_tried() {
    let town = Town::new(no_file).await.named(&["mail.provider.example"]);
    let offer = town.find(true).await.unwrap();
    assert_eq!(
        offer.mailbox,
        Mailbox::parse(&format!("imaps://alice@provider.example@mail.provider.example:{}", town.imaps)).unwrap()
    );
    assert!(!offer.must_be_confirmed(), "it has a certificate for its name in the domain");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_that_takes_the_letters_is_asked_last_and_needs_a_person() {
    let mut town = Town::new(|port| file("imap.hoster.example", port)).await;
    let host = Exchange { preference: 10, host: "mx1.mail.hoster.example".to_owned() };
    town.table = town.table.mx("provider.example", Ok(MxAnswer::hosts(vec![host])));
    let town = town.named(&["autoconfig.hoster.example", "imap.hoster.example"]);
    let offer = town.find(true).await.unwrap();
    assert_eq!((offer.source, offer.must_be_confirmed()), (Source::Exchange, true));
    assert_eq!(offer.mailbox.host, "imap.hoster.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_certificate_nobody_vouches_for_is_none_and_the_reason_is_told() {
    let town = Town::new(no_file).await.named(&["imap.provider.example"]).offering("imap.provider.example");
    let NotFound(tried) = town.find(false).await.unwrap_err();
    let Some((mailbox, Fault::Untrusted(said))) = tried.first() else { panic!("{tried:?}") };
    assert_eq!(mailbox.host, "imap.provider.example");
    assert!(said.contains("is signed by itself (SHA-256 "), "{said}");
    town.nobody_logged_in();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_third_party_is_asked_unless_a_person_agrees_and_a_domain_with_nothing_has_nothing() {
    let town = Town::new(no_file).await;
    assert_eq!(town.find(true).await, Err(NotFound::default()));
    let asked = town.asked.lock().unwrap().clone();
    assert!(!asked.is_empty() && asked.iter().all(|host| host.ends_with("provider.example")), "{asked:?}");
}
