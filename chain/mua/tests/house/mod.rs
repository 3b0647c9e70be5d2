//! The pages of a house with alice in it, whom nothing is asked over a network.

#![allow(dead_code)]

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use directory::{Directory, NoLimit, Secret};
use facteur_mua as mua;
use http_body_util::BodyExt;
use https::Reach;
use mail::seam::{AccountId, Login};
use mail::trace::Blind;
use mail::{Address, Domain, Password, Timestamp};
use mailbox::{FlagSet, LetterKey, System};
use net::{ClientTls, Table};
use store::{Options, Store};
use tower_service::Service;

pub const NOW: Timestamp = Timestamp(1_795_501_377_000);

/// A house with alice in it.
pub struct House {
    pub store: Store,
    pub router: Router,
    pub account: AccountId,
    pub token: String,
    _folder: tempfile::TempDir,
}

impl House {
    pub async fn new(reach: Reach) -> Self {
        let tls = ClientTls::with_roots([]).unwrap();
        Self::asking(https::Client::new(tls, Arc::new(Table::new()), reach, mua::PICTURES)).await
    }

    /// Whose pages ask others by this client.
    pub async fn asking(client: https::Client) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let migrations = [directory::MIGRATIONS, mailbox::MIGRATIONS].concat();
        let store = Store::open(Options::new(folder.path()), &migrations).unwrap();
        let secret = Secret::make(&Password::new("quite a long secret".into()), &[]).unwrap();
        let address = Address::parse("alice@alpha.test").unwrap();
        let alice = address.clone();
        let moves_in = move |tx: &mut store::Tx| {
            directory::domain::add(tx, alice.domain(), NOW)?;
            let language = directory::Language::English;
            let new = directory::account::New { address: &alice, name: None, language };
            directory::account::add(tx, &new, &secret, NOW)
        };
        let account = store.write(moves_in).await.unwrap();
        store.write(move |tx: &mut store::Tx| mailbox::account::create(tx, account, None)).await.unwrap();
        let hostname = Domain::parse("mail.alpha.test").unwrap();
        let directory = Directory::new(store.clone(), hostname.clone(), Arc::new(NoLimit), Arc::new(|| NOW));
        let token = directory.begin_session(&Login::of(account, address), [7; 32]).await.unwrap().reveal().to_owned();
        let pages = mua::House::new(store.clone(), directory, Arc::new(Blind), || NOW, client);
        let entrance = mua::Entrance::new(store.clone(), hostname, "machine", None);
        Self { store, router: mua::guarded(mua::router(pages), entrance), account, token, _folder: folder }
    }

    /// Files an HTML letter.
    pub async fn deliver(&self, html: &str) -> LetterKey {
        self.deliver_with("From: eve@evil.test\r\n", html).await
    }

    /// The same, with these fields.
    pub async fn deliver_with(&self, fields: &str, html: &str) -> LetterKey {
        let letter = format!("{fields}MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n{html}\r\n");
        let prepared = mailbox::prepare(&self.store, letter.into_bytes().into()).unwrap();
        let account = self.account;
        let files = move |tx: &mut store::Tx| {
            let inbox = mailbox::folder::by_name(tx, account, "INBOX")?.expect("an inbox").id;
            mailbox::letter::file(tx, inbox, &prepared, &FlagSet::from(System::NONE), NOW)
        };
        self.store.write(files).await.unwrap().letter
    }

    pub async fn ask(&self, path: &str, cookie: bool) -> (u16, HeaderMap, Vec<u8>) {
        self.send(Request::get(path), cookie).await
    }

    /// Sends a request as alice's browser does.
    pub async fn send(&self, request: axum::http::request::Builder, cookie: bool) -> (u16, HeaderMap, Vec<u8>) {
        let here: IpAddr = [127, 0, 0, 1].into();
        let mut request = request
            .header("host", "mail.alpha.test")
            .header("user-agent", "the browser of alice")
            .header("accept-language", "fr")
            .header("referer", "https://mail.alpha.test/letter");
        if cookie {
            request = request.header("cookie", format!("facteur={}", self.token));
        }
        let request = request.extension(web::Peer::in_clear(here)).body(Body::empty()).unwrap();
        let (head, body) = self.router.clone().call(request).await.unwrap().into_parts();
        (head.status.as_u16(), head.headers, body.collect().await.unwrap().to_bytes().to_vec())
    }

    /// The letter as alice sees it.
    pub async fn view(&self, letter: LetterKey, images: u8) -> (HeaderMap, String) {
        let (status, headers, body) = self.ask(&format!("/letter/m{}/view?images={images}", letter.0), true).await;
        assert_eq!(status, 200);
        (headers, String::from_utf8(body).unwrap())
    }
}
