//! A server with alice and bob in it, whose requests are carried out without HTTP.

#![allow(dead_code)]

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use facteur_jmap as jmap;
use jmap::{Done, Outbox};
use mail::seam::{AccountId, Login, OurFault, Pending, Verdict, Wire};
use mail::trace::{Event, Step};
use mail::{Domain, Envelope, Letter, LetterId, Reply, Timestamp};
use mailbox::{Access, FlagSet, FolderId, LetterKey, System};
use people::People;
use serde_json::{Value, json};
use store::{Key, Options, Store, Tx, View};

pub const ALICE: AccountId = AccountId(1);
/// Alice's access to her own mailbox.
pub const ACCESS: Access = Access::own(ALICE);
pub const BOB: AccountId = AccountId(2);
pub const NOW: Timestamp = Timestamp(1_795_501_377_000);
pub const USING: [&str; 7] = [
    "urn:ietf:params:jmap:core",
    "urn:ietf:params:jmap:mail",
    "urn:ietf:params:jmap:submission",
    "urn:ietf:params:jmap:vacationresponse",
    "urn:ietf:params:jmap:quota",
    "urn:ietf:params:jmap:blob",
    "https://facteur.example/jmap/preferences",
];

/// Alice, who may also write as sales@, and Bob.
fn people() -> People {
    let alice = People::with_password("secret").and("alice@alpha.test").who_writes_as("sales@alpha.test");
    alice.and("bob@alpha.test")
}

pub fn person(name: &str) -> Option<Login> {
    people().get(name)
}

fn wire() -> Wire {
    Wire::new([127, 0, 0, 1].into())
}

/// Keeps the letters that are sent; refuses those for `refused@…`. The trace holds the events of the letters, as the
/// queue and the MDA write them.
pub struct Post(pub Mutex<Vec<(Letter, Envelope)>>, pub Mutex<Waiting>, Store);

/// Letters that wait for their time.
pub type Waiting = Vec<(LetterId, Timestamp)>;

impl Outbox for Post {
    fn send(
        &self,
        letter: Letter,
        envelope: Envelope,
        _: (Login, Wire),
        until: Option<Timestamp>,
        mut done: Done,
    ) -> Pending<'_, Result<Verdict, OurFault>> {
        Box::pin(async move {
            if envelope.recipients.iter().any(|recipient| recipient.address.local() == "refused") {
                return Ok(Verdict::Refuse(Reply::new(550, (5, 1, 1), "nobody")));
            }
            let (store, id) = (&self.2, letter.id);
            let recipients: Vec<String> = envelope.recipients.iter().map(ToString::to_string).collect();
            store
                .write(Key::Everything, move |tx| {
                    let event = match until {
                        Some(until) => Event::Postponed { recipients: recipients.clone(), until: until.0 },
                        None => Event::Queued { recipients: recipients.clone() },
                    };
                    trace::note(tx, &Step { letter: id, at: NOW, event })?;
                    done(tx)
                })
                .await
                .map_err(|error: store::Error| OurFault(error.to_string()))?;
            self.1.lock().unwrap().extend(until.map(|until| (id, until)));
            self.0.lock().unwrap().push((letter, envelope));
            Ok(Verdict::Accept)
        })
    }

    fn recall(&self, tx: &mut Tx, letter: LetterId, author: &Login, at: Timestamp) -> Result<bool, store::Error> {
        let mut waiting = self.1.lock().unwrap();
        let before = waiting.len();
        waiting.retain(|(id, _)| *id != letter);
        if waiting.len() == before {
            return Ok(false);
        }
        trace::note(tx, &Step { letter, at, event: Event::Recalled { account: author.account.0 } })?;
        Ok(true)
    }
}

pub struct Fixture {
    pub store: Store,
    pub jmap: Arc<jmap::Server>,
    pub post: Arc<Post>,
    runtime: tokio::runtime::Runtime,
    dir: tempfile::TempDir,
}

fn migrations() -> Vec<store::Migration> {
    [mailbox::MIGRATIONS, trace::MIGRATIONS, records::MIGRATIONS, jmap::MIGRATIONS].concat()
}

fn furnished(store: &Store, post: &Arc<Post>) -> Arc<jmap::Server> {
    let hostname = Domain::parse("mail.alpha.test").unwrap();
    let mut fixture = jmap::Server::new(doors::Shared::new(store.clone(), Arc::new(people())), post.clone(), hostname);
    fixture.clock = || NOW;
    Arc::new(fixture)
}

impl Fixture {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(Options::new(dir.path()), &migrations()).unwrap();
        let post = Arc::new(Post(Mutex::default(), Mutex::default(), store.clone()));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let jmap = furnished(&store, &post);
        let fixture = Self { store, jmap, post, runtime, dir };
        fixture.write(|tx| mailbox::account::create(tx, ALICE, None));
        fixture.write(|tx| mailbox::account::create(tx, BOB, None));
        fixture
    }

    /// Opens the same data again.
    pub fn reopened(self) -> Self {
        let Self { store, jmap, post, runtime, dir } = self;
        drop(jmap);
        runtime.block_on(store.close());
        let store = Store::open(Options::new(dir.path()), &migrations()).unwrap();
        let lists = |post: &Post| (post.0.lock().unwrap().clone(), post.1.lock().unwrap().clone());
        let (sent, waiting) = lists(&post);
        let post = Arc::new(Post(Mutex::new(sent), Mutex::new(waiting), store.clone()));
        let jmap = furnished(&store, &post);
        Self { store, jmap, post, runtime, dir }
    }

    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    pub fn write<T: Send + 'static>(&self, f: impl FnMut(&mut Tx) -> Result<T, mailbox::Error> + Send + 'static) -> T {
        self.store.write_blocking(Key::Everything, f).unwrap()
    }

    pub fn read<T: Send + 'static>(&self, f: impl FnOnce(&View) -> Result<T, mailbox::Error> + Send + 'static) -> T {
        self.store.read_blocking(f).unwrap()
    }

    /// Carries out a whole request of alice.
    pub fn request(&self, request: &Value) -> Value {
        self.request_text(&request.to_string())
    }

    /// Carries out the same request, as a client wrote it.
    pub fn request_text(&self, text: &str) -> Value {
        let alice = person("alice@alpha.test").unwrap();
        let response = self.block_on(jmap::run(&self.jmap, &alice, &wire(), text.as_bytes()));
        response.unwrap_or_else(|error| error.problem())
    }

    /// Returns the responses to some calls.
    pub fn calls(&self, calls: Value) -> Vec<Value> {
        let response = self.request(&json!({"using": USING, "methodCalls": calls}));
        response["methodResponses"].as_array().unwrap_or_else(|| panic!("{response}")).clone()
    }

    /// Returns the arguments of the one response to a call with alice's account.
    pub fn call(&self, method: &str, mut arguments: Value) -> Value {
        arguments["accountId"] = json!("a1");
        let mut responses = self.calls(json!([[method, arguments, "0"]]));
        assert_eq!(responses.len(), 1, "{responses:?}");
        let response = responses.remove(0);
        assert_eq!(response[2], "0");
        assert!(response[0] == method || response[0] == "error", "{response}");
        response[1].clone()
    }

    /// Returns the type of the error that a call meets.
    pub fn error(&self, method: &str, arguments: Value) -> String {
        let response = self.call(method, arguments);
        response["type"].as_str().unwrap_or_else(|| panic!("no error: {response}")).to_owned()
    }

    /// Returns the id of alice's mailbox of a role.
    pub fn role(&self, role: &str) -> String {
        let found = self.call("Mailbox/query", json!({"filter": {"role": role}}));
        found["ids"][0].as_str().unwrap_or_else(|| panic!("{found}")).to_owned()
    }

    pub fn folder(&self, role: &str) -> FolderId {
        FolderId(self.role(role)[1..].parse().unwrap())
    }

    /// Files a letter as a delivery does; returns its Email id.
    pub fn deliver(&self, role: &str, letter: &str) -> String {
        self.deliver_at(role, letter, NOW)
    }

    pub fn deliver_at(&self, role: &str, letter: &str, received: Timestamp) -> String {
        let folder = self.folder(role);
        let octets = Bytes::from(letter.to_owned().into_bytes());
        let prepared = mailbox::prepare(&self.store, octets).unwrap();
        let filed = self.write(move |tx| {
            mailbox::letter::file(tx, ACCESS, folder, &prepared, &FlagSet::from(System::NONE), received)
        });
        format!("m{}", filed.letter.0)
    }

    /// Sets flags as IMAP does.
    pub fn flag(&self, id: &str, flags: System) {
        let key = LetterKey(id[1..].parse().unwrap());
        self.write(move |tx| {
            let (folder, uid) = mailbox::fetch::by_key(tx, ACCESS, key)?.expect("the letter");
            let change = mailbox::FlagChange::Add(flags.into());
            mailbox::letter::store_flags(tx, ACCESS, folder, &[mailbox::UidRange::one(uid)], &change, None, 1)
        });
    }

    /// Takes flags away as IMAP does.
    pub fn unflag(&self, id: &str, flags: System) {
        let key = LetterKey(id[1..].parse().unwrap());
        self.write(move |tx| {
            let (folder, uid) = mailbox::fetch::by_key(tx, ACCESS, key)?.expect("the letter");
            let change = mailbox::FlagChange::Remove(flags.into());
            mailbox::letter::store_flags(tx, ACCESS, folder, &[mailbox::UidRange::one(uid)], &change, None, 1)
        });
    }

    /// Takes a letter away as IMAP does.
    pub fn expunge(&self, id: &str) {
        let key = LetterKey(id[1..].parse().unwrap());
        self.write(move |tx| {
            let (folder, uid) = mailbox::fetch::by_key(tx, ACCESS, key)?.expect("the letter");
            let range = [mailbox::UidRange::one(uid)];
            mailbox::letter::expunge(tx, ACCESS, folder, &mailbox::letter::Expunge::All(&range), 1)
        });
    }

    /// Follows letters as long as `work` takes.
    pub fn following<T>(&self, work: impl FnOnce() -> T) -> T {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let follower = self.runtime.spawn(jmap::follow(self.store.clone(), async move { drop(stopped.await) }));
        let done = work();
        drop(stop);
        self.block_on(follower).unwrap();
        done
    }

    /// Notes an event of the letter that was sent last.
    pub fn happened(&self, event: Event) {
        let letter = self.post.0.lock().unwrap().last().unwrap().0.id;
        let step = Step { letter, at: NOW, event };
        self.store.write_blocking(Key::Everything, move |tx| trace::note(tx, &step)).unwrap();
    }

    /// Returns the state of a type.
    pub fn state(&self, kind: &str) -> Value {
        self.call(&format!("{kind}/get"), json!({"ids": []}))["state"].clone()
    }

    /// Returns the changes of a type since a state, and asserts that the answer is complete.
    pub fn changes(&self, kind: &str, since: &Value) -> (Value, Value, Value) {
        let changes = self.call(&format!("{kind}/changes"), json!({"sinceState": since}));
        assert_eq!(changes["hasMoreChanges"], false, "{changes}");
        assert_eq!(changes["newState"], self.state(kind), "{changes}");
        (changes["created"].clone(), changes["updated"].clone(), changes["destroyed"].clone())
    }

    /// Keeps octets as an upload does; returns the blob id.
    pub fn upload(&self, octets: &[u8]) -> String {
        let router = jmap::router(self.jmap.clone());
        let request = axum::http::Request::post("/jmap/upload/a1")
            .header("authorization", "Basic YWxpY2VAYWxwaGEudGVzdDpzZWNyZXQ=")
            .extension(http::Peer::in_clear([127, 0, 0, 1].into()))
            .body(axum::body::Body::from(octets.to_vec()))
            .unwrap();
        let (status, body) = self.send(router, request);
        assert_eq!(status, 201, "{}", body.escape_ascii());
        let answer: Value = serde_json::from_slice(&body).unwrap();
        answer["blobId"].as_str().unwrap().to_owned()
    }

    /// Returns the octets of a download of alice's.
    pub fn download(&self, blob: &str) -> Vec<u8> {
        let request = axum::http::Request::get(format!("/jmap/download/a1/{blob}/file"))
            .header("authorization", "Basic YWxpY2VAYWxwaGEudGVzdDpzZWNyZXQ=")
            .extension(http::Peer::in_clear([127, 0, 0, 1].into()))
            .body(axum::body::Body::empty())
            .unwrap();
        let (status, body) = self.send(jmap::router(self.jmap.clone()), request);
        assert_eq!(status, 200, "{blob}: {}", body.escape_ascii());
        body
    }

    /// Returns the router's answer.
    pub fn send(&self, mut router: axum::Router, request: axum::http::Request<axum::body::Body>) -> (u16, Vec<u8>) {
        use http_body_util::BodyExt;
        self.block_on(async {
            let response = tower_service::Service::call(&mut router, request).await.unwrap();
            let status = response.status().as_u16();
            (status, response.into_body().collect().await.unwrap().to_bytes().to_vec())
        })
    }
}

/// Makes a letter with a subject and an id, answering others.
pub fn letter(subject: &str, id: &str, references: &str) -> String {
    format!(
        "From: Bob <bob@alpha.test>\r\nTo: Alice <alice@alpha.test>\r\nSubject: {subject}\r\nMessage-ID: <{id}@alpha.test>\r\n\
         {references}Date: Tue, 24 Nov 2026 10:00:00 +0100\r\n\r\nHello {subject}\r\n"
    )
}
