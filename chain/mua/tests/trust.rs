//! The warnings that a reader sees about a letter, the targets of its links, and the ways to leave a list.

mod fixture;

use std::sync::{Arc, Mutex};

use axum::http::Request;
use facteur_mua as mua;
use fixture::Fixture;
use https::Reach;
use mailbox::LetterKey;
use net::{AddressAnswer, ClientTls, ServerTls, Stream, Table};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn told(fixture: &Fixture, letter: LetterKey) -> Value {
    let (status, _, body) = fixture.ask(&format!("/letter/m{}/findings", letter.0), true).await;
    assert_eq!(status, 200);
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_fishes_is_told_of_and_its_link_names_its_host_first() {
    let fixture = Fixture::new(Reach::Public).await;
    let fields = "From: \"service@paypal.com\" <x@evil.net>\r\nReply-To: y@other.net\r\n";
    let letter = fixture.deliver_with(fields, "<a href=\"https://evil.net/?a=1&b=2\">www.paypal.com</a>").await;
    let told = told(&fixture, letter).await;
    let codes: Vec<_> = told["findings"].as_array().unwrap().iter().map(|one| one["code"].clone()).collect();
    assert_eq!((codes, &told["unsubscribe"]), (vec![json!("name"), json!("replyTo"), json!("link")], &Value::Null));
    let (_, page) = fixture.view(letter, 0).await;
    assert!(!page.contains("https://evil.net"), "{page}");
    let address = page.split("href=\"/leave/").nth(1).unwrap().split('"').next().unwrap();
    // The address is enough by itself: the request has no cookie.
    let (status, headers, body) = fixture.ask(&format!("/leave/{address}"), false).await;
    let body = String::from_utf8(body).unwrap();
    assert_eq!(status, 200);
    assert!(body.contains("<b>evil.net</b>") && body.contains("href=\"https://evil.net/?a=1&amp;b=2\""), "{body}");
    assert!(body.contains("Ce lien mène ailleurs") && headers["content-security-policy"].to_str().is_ok());
    assert_eq!(fixture.ask(&format!("/leave/{}0", &address[..address.len() - 1]), false).await.0, 404);
    assert_eq!(fixture.ask(&format!("/letter/m{}/findings", letter.0 + 1), true).await.0, 404);
    assert_eq!(fixture.ask(&format!("/letter/m{}/findings", letter.0), false).await.0, 401);
}

/// Starts a list on this machine that answers `status`, and writes down its requests.
async fn list(status: &'static str) -> (u16, https::Client, Arc<Mutex<Vec<String>>>) {
    let folder = tempfile::tempdir().unwrap();
    let tls = ServerTls::self_signed(folder.path(), "list.test").unwrap();
    let certificate = folder.path().join("tls/self-signed-list.test.pem");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap();
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let notes = asked.clone();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let mut stream = Stream::plain(socket).unwrap().start_tls_server(&tls).await.unwrap();
            let mut text = String::new();
            while !text.contains("\r\n\r\n") || !text.contains("One-Click") {
                let mut octets = [0; 1024];
                let read = stream.read(&mut octets).await.unwrap();
                assert!(read > 0, "the request ends too soon: {text}");
                text.push_str(std::str::from_utf8(&octets[..read]).unwrap());
            }
            notes.lock().unwrap().push(text);
            let answer = format!("HTTP/1.1 {status}\r\nLocation: https://elsewhere.test/\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.ok();
        }
    });
    let names = Table::new().addresses("list.test", Ok(AddressAnswer::found(vec![place.ip()])));
    let trusted = ClientTls::with_roots(CertificateDer::from_pem_file(certificate)).unwrap();
    let client = https::Client::new(trusted, Arc::new(names), Reach::PublicAnd(vec![place]), mua::PICTURES);
    (place.port(), client, asked)
}

fn offers(url: &str) -> String {
    format!(
        "From: news@list.test\r\nList-Unsubscribe: <mailto:x@list.test>, <{url}>\r\n\
         List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    )
}

async fn leave(fixture: &Fixture, letter: LetterKey) -> Value {
    let request = Request::post(format!("/unsubscribe/m{}", letter.0)).header("x-facteur", "1");
    let (status, _, body) = fixture.send(request, true).await;
    assert_eq!(status, 200);
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_left_with_one_click_and_learns_nothing_of_the_reader() {
    let (port, client, asked) = list("202 Accepted").await;
    let fixture = Fixture::asking(client).await;
    let letter = fixture.deliver_with(&offers(&format!("https://list.test:{port}/leave?who=17")), "News").await;
    assert_eq!(told(&fixture, letter).await["unsubscribe"], json!({"way": "post", "host": "list.test"}));
    assert!(asked.lock().unwrap().is_empty(), "nothing is asked before the click");
    // Another site's form cannot send the header, and nobody leaves a list without it.
    let (status, _, _) = fixture.send(Request::post(format!("/unsubscribe/m{}", letter.0)), true).await;
    assert!(matches!(status, 401 | 403), "{status}");
    assert_eq!(leave(&fixture, letter).await, json!({"outcome": "done"}));
    let asked = asked.lock().unwrap().concat();
    assert!(
        asked.starts_with("POST /leave?who=17 HTTP/1.1\r\n") && asked.ends_with("\r\n\r\nList-Unsubscribe=One-Click")
    );
    for secret in ["alice", "cookie", "referer", "browser", "127.0.0.1", "accept-language"] {
        assert!(!asked.to_lowercase().contains(secret), "{secret}: {asked}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_follows_where_a_list_leads_and_no_neighbour_is_asked() {
    let (port, client, asked) = list("302 Found").await;
    let fixture = Fixture::asking(client).await;
    let letter = fixture.deliver_with(&offers(&format!("https://list.test:{port}/")), "News").await;
    assert_eq!(leave(&fixture, letter).await, json!({"outcome": "refused"}));
    assert_eq!(asked.lock().unwrap().len(), 1);
    for (url, outcome) in [
        ("https://127.0.0.1/", "outOfReach"),
        ("https://192.168.1.1/", "outOfReach"),
        ("https://list.test:25/", "outOfReach"),
        ("https://nowhere.test/", "unreachable"),
        ("http://list.test/", "notOffered"),
    ] {
        let letter = fixture.deliver_with(&offers(url), "News").await;
        assert_eq!(leave(&fixture, letter).await, json!({"outcome": outcome}), "{url}");
    }
    let none = fixture.deliver("News").await;
    assert_eq!(leave(&fixture, none).await, json!({"outcome": "notOffered"}));
}
