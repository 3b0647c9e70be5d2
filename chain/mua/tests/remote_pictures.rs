//! Pictures that lie elsewhere: the fetches for a reader, the facts that their server learns, and the refusals.

#[path = "../../../net/https/testing/server.rs"]
mod server;

mod fixture;

use mailbox::Access;
use std::io::Write;
use std::time::Duration;

use fixture::Fixture;
use https::Reach;
use server::Server;

const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and so on, for as long as it takes to be sure that this is one of them";

/// Starts a server of somebody who sends letters.
fn sender() -> Server {
    // The client may close the connection when it has heard enough.
    Server::start(|path, stream| drop(stream.write_all(&said(path))))
}

impl Server {
    /// Returns the HTML that shows the picture at the path of this server.
    fn image(&self, path: &str) -> String {
        format!("<img src=\"http://{}{path}\">", self.place)
    }
}

fn said(path: &str) -> Vec<u8> {
    let plain = |kind: &str, body: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nSet-Cookie: you=alice\r\n");
        [format!("{head}Content-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
    };
    match path {
        "/pixel.png" | "/other.png" => {
            // Long enough for others to ask for it meanwhile.
            // time passes: the peer is slow
            std::thread::sleep(Duration::from_millis(200));
            plain("text/html", PNG)
        }
        "/svg" => plain("image/png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='evil()'/>"),
        "/page" => plain("image/png", b"<!doctype html><script>evil()</script>"),
        "/large" => b"HTTP/1.1 200 OK\r\nContent-Length: 10485761\r\n\r\n".to_vec(),
        "/gone" => b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n".to_vec(),
        "/cut" => [b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n".as_slice(), PNG].concat(),
        path => {
            let to = path.trim_start_matches("/to/");
            format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_bytes()
        }
    }
}

impl Fixture {
    /// Returns the addresses of the pictures elsewhere, of ours, in a letter with this HTML.
    async fn addresses(&self, html: &str) -> Vec<String> {
        addresses(&self.view(self.deliver(html).await, 1).await.1)
    }
}

fn addresses(page: &str) -> Vec<String> {
    let ends = |c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c));
    page.split("/remote/").skip(1).map(|rest| format!("/remote/{}", rest.split(ends).next().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_fetched_once_when_asked_for_and_their_server_learns_nothing_of_the_reader() {
    let sender = sender();
    let fixture = Fixture::new(Reach::PublicAnd(vec![sender.place])).await;
    let html = format!(
        "{0}{0}<p style=\"background:url(http://{1}/other.png)\">x</p>",
        sender.image("/pixel.png"),
        sender.place
    );
    let letter = fixture.deliver(&html).await;

    let (headers, page) = fixture.view(letter, 0).await;
    assert_eq!((addresses(&page), &headers["x-pictures-left-out"]), (vec![], &"3".parse().unwrap()));
    let (headers, page) = fixture.view(letter, 1).await;
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("img-src 'self' data:;") && !policy.contains("http"), "{policy}");
    assert!(!page.contains(&sender.place.to_string()), "{page}");
    assert_eq!(sender.asked(), [""; 0], "nothing is fetched before the browser asks");

    let found = addresses(&page);
    assert_eq!(found.len(), 3);
    assert_eq!(found[0], found[1]);
    let asked =
        tokio::join!(fixture.ask(&found[0], false), fixture.ask(&found[1], false), fixture.ask(&found[2], false));
    for (status, headers, body) in [asked.0, asked.1, asked.2, fixture.ask(&found[0], false).await] {
        assert_eq!((status, body.as_slice()), (200, PNG));
        assert_eq!(
            (&headers["content-type"], &headers["x-content-type-options"]),
            (&"image/png".parse().unwrap(), &"nosniff".parse().unwrap())
        );
        assert_eq!(headers["content-security-policy"], "sandbox; default-src 'none'");
        assert!(!headers.contains_key("set-cookie"));
    }
    assert_eq!(addresses(&fixture.view(letter, 1).await.1), found, "the browser knows it again");
    let mut told = sender.asked();
    told.sort();
    assert_eq!(told.len(), 2, "each once: {told:?}");
    for (head, path) in told.iter().zip(["/other.png", "/pixel.png"]) {
        let mut lines: Vec<&str> = head.trim_end().lines().collect();
        assert_eq!(lines.remove(0), format!("GET {path} HTTP/1.1"));
        let mut names: Vec<&str> = lines.iter().filter_map(|line| Some(line.split_once(':')?.0)).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "accept-encoding", "connection", "host", "user-agent"], "{head}");
        assert!(!head.contains("alice") && !head.contains("alpha.test"), "{head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_pictures_are_given() {
    let sender = sender();
    let fixture = Fixture::new(Reach::PublicAnd(vec![sender.place])).await;
    let paths = ["/svg", "/page", "/large", "/gone", "/cut"];
    let html: String = paths.iter().map(|path| sender.image(path)).collect();
    for (address, path) in fixture.addresses(&html).await.iter().zip(paths) {
        let (status, headers, body) = fixture.ask(address, false).await;
        assert_eq!((status, &headers["content-type"]), (404, &"text/plain; charset=utf-8".parse().unwrap()), "{path}");
        assert!(!body.escape_ascii().to_string().contains("evil"));
        fixture.ask(address, false).await;
    }
    assert_eq!(sender.asked().len(), paths.len(), "that there is none is remembered, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_letter_leads_us_into_our_own_network() {
    let (sender, drawer) = (sender(), sender());
    let secret = format!("{}/pixel.png", drawer.place);
    let paths =
        ["/to/http://169.254.169.254/pixel.png".to_owned(), format!("/to/http://{secret}"), "/to/http://[::1]/".into()];
    let html: String = paths.iter().map(|path| sender.image(path)).collect();
    let fixture = Fixture::new(Reach::PublicAnd(vec![sender.place])).await;
    let found = fixture.addresses(&html).await;
    assert_eq!(found.len(), 3);
    for address in &found {
        assert_eq!(fixture.ask(address, false).await.0, 404);
    }
    assert_eq!((sender.asked().len(), drawer.asked().len()), (3, 0));

    // The fixture is wired like the program.
    let fixture = Fixture::new(Reach::Public).await;
    let direct = "<img src=http://169.254.169.254/><img src=http://127.0.0.1/><img src=http://localhost/><img src=http://[::1]/>";
    let found = fixture.addresses(&format!("{direct}{}", drawer.image("/pixel.png"))).await;
    assert_eq!(found.len(), 4, "ports of other services are not even asked about");
    for address in &found {
        assert_eq!(fixture.ask(address, false).await.0, 404);
    }
    assert_eq!(drawer.asked().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_such_letter_has_nothing_fetched() {
    let sender = sender();
    let fixture = Fixture::new(Reach::PublicAnd(vec![sender.place])).await;
    let letter = fixture.deliver(&sender.image("/pixel.png")).await;
    let address = addresses(&fixture.view(letter, 1).await.1).remove(0);
    let mine = format!("r.{}.{}.", fixture.account.0, letter.0);
    for forged in [
        address.replacen(&mine, &format!("r.{}.{}.", fixture.account.0 + 1, letter.0), 1),
        address.replacen(&mine, &format!("r.{}.{}.", fixture.account.0, letter.0 + 1), 1),
        "/remote/r.1.1.9999999999999.aHR0cDovL2EudGVzdC8.00".to_owned(),
        "/remote/http:%2F%2Fa.test%2F".to_owned(),
    ] {
        assert_ne!(forged, address);
        assert_eq!(fixture.ask(&forged, true).await.0, 404, "{forged}");
    }
    let access = Access::own(fixture.account);
    let removes = move |tx: &mut store::Tx| {
        let (folder, uid) = mailbox::fetch::by_key(tx, access, letter)?.expect("the letter");
        let range = [mailbox::UidRange::one(uid)];
        mailbox::letter::expunge(tx, access, folder, &mailbox::letter::Expunge::All(&range), 1)
    };
    fixture.store.write(store::Key::Everything, removes).await.unwrap();
    assert_eq!(fixture.ask(&address, true).await.0, 404, "the letter is gone");
    assert_eq!(sender.asked(), [""; 0]);
}
