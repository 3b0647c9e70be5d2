//! PushSubscription (RFC 8620 §7.2), with a push service on this machine.

#[path = "../conformance/fixture.rs"]
mod fixture;
mod service;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use facteur_jmap as jmap;
use fixture::{Fixture, NOW, letter, person};
use https::{Client, Reach};
use jmap::{Credential, Credentials};
use mail::Timestamp;
use mail::seam::{AccountId, OurFault, Pending, Wire};
use net::{AddressAnswer, Table};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::{aead, hkdf, rand};
use serde_json::{Value, json};
use service::{Message, Service};

/// Lets everybody in, until a test closes it.
struct Gate(AtomicBool);

impl Credentials for Gate {
    fn is_good<'a>(&'a self, _: AccountId, _: &'a Credential, since: Timestamp) -> Pending<'a, Result<bool, OurFault>> {
        assert_eq!(since, NOW);
        Box::pin(async { Ok(self.0.load(Ordering::Relaxed)) })
    }
}

/// A server that posts, as strangers may have it do, and to the service besides.
struct Desk {
    fixture: Fixture,
    service: Service,
    gate: Arc<Gate>,
}

impl Desk {
    fn open() -> Self {
        let fixture = Fixture::new();
        let service = fixture.block_on(Service::start());
        Self::furnish(fixture, service)
    }

    /// Closes, and opens again.
    fn reopened(self) -> Self {
        Self::furnish(self.fixture.reopened(), self.service)
    }

    fn furnish(fixture: Fixture, service: Service) -> Self {
        let addresses = AddressAnswer::found(vec![service.place.ip()]);
        let names = Table::new().addresses("push.test", Ok(addresses));
        let reach = Reach::PublicAnd(vec![service.place]);
        let client = Client::new(service.tls.clone(), Arc::new(names), reach, jmap::PUSHES);
        let gate = Arc::new(Gate(AtomicBool::new(true)));
        let deliveries = fixture.jmap.push_with(client, gate.clone()).expect("the first time");
        let running = fixture.jmap.clone();
        fixture.block_on(async { drop(tokio::spawn(deliveries.run(running))) });
        Self { fixture, service, gate }
    }

    fn call(&self, method: &str, arguments: Value) -> Value {
        self.call_as(Credential::Password, method, arguments)
    }

    fn call_as(&self, credential: Credential, method: &str, arguments: Value) -> Value {
        let request = json!({"using": ["urn:ietf:params:jmap:core"], "methodCalls": [[method, arguments, "0"]]});
        let alice = person("alice@alpha.test").unwrap();
        let wire = Wire::new([127, 0, 0, 1].into());
        let text = request.to_string();
        let response =
            self.fixture.block_on(jmap::run_with(&self.fixture.jmap, &alice, credential, &wire, text.as_bytes()));
        response.unwrap()["methodResponses"][0][1].clone()
    }

    fn create(&self, properties: Value) -> Value {
        self.call("PushSubscription/set", json!({"create": {"new": properties}}))
    }

    /// Makes a subscription with these properties besides device and address, which has shown its code. Returns its id.
    fn verified(&self, more: Value) -> String {
        let mut properties = json!({"deviceClientId": "phone", "url": self.service.url("/secret")});
        properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let before = self.service.count();
        let created = self.create(properties);
        let id = created["created"]["new"]["id"].as_str().unwrap_or_else(|| panic!("{created}")).to_owned();
        let code = self.service.message(before).json()["verificationCode"].clone();
        assert_eq!(self.update(&id, json!({"verificationCode": code}))["updated"], json!({&id: null}));
        id
    }

    fn update(&self, id: &str, change: Value) -> Value {
        self.call("PushSubscription/set", json!({"update": {id: change}}))
    }

    fn ids(&self) -> Vec<Value> {
        let found = self.call("PushSubscription/get", json!({"ids": null}));
        found["list"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect()
    }

    fn deliver(&self) {
        self.fixture.deliver("inbox", &letter("bob@beta.test", "hello", "text"));
    }

    fn until_none_is_left(&self) {
        waiting::wait_until("it is forgotten", || self.ids().is_empty());
    }
}

/// Waits long enough for everything that could be posted: changes are gathered for a second.
fn moment() {
    // time passes: a clock has to move
    std::thread::sleep(Duration::from_millis(1500));
}

#[test]
fn changes_are_posted_once_the_client_has_shown_the_code_and_of_its_types_only() {
    let desk = Desk::open();
    let created =
        desk.create(json!({"deviceClientId": "phone", "url": desk.service.url("/secret"), "types": ["Email"]}));
    let new = &created["created"]["new"];
    assert_eq!(new["expires"], NOW.after(Duration::from_secs(7 * 24 * 3600)).rfc3339());
    // RFC 8620 §5.3: the answer also contains the properties that the client left out.
    assert_eq!(new.as_object().unwrap().len(), 4, "{new}");
    assert_eq!((new.get("keys"), new.get("verificationCode")), (Some(&Value::Null), Some(&Value::Null)));
    for absent in ["accountId", "oldState", "newState"] {
        assert!(created.get(absent).is_none(), "{created}");
    }
    let id = new["id"].as_str().unwrap();
    let first = desk.service.message(0);
    for part in ["post /secret http/1.1\r\n", "\r\ncontent-type: application/json\r\n", "\r\nttl: 86400\r\n"] {
        assert!(first.header.contains(part), "{part} in {}", first.header);
    }
    let verification = first.json();
    assert_eq!((&verification["@type"], &verification["pushSubscriptionId"]), (&json!("PushVerification"), &json!(id)));

    desk.deliver();
    moment();
    assert_eq!(desk.service.count(), 1, "nothing but the code goes to an address that may be a stranger's");
    let wrong = desk.update(id, json!({"verificationCode": "guessed"}));
    assert_eq!(wrong["notUpdated"][id]["properties"], json!(["verificationCode"]));
    let shown = desk.update(id, json!({"verificationCode": verification["verificationCode"]}));
    assert_eq!(shown["updated"], json!({id: null}));

    desk.deliver();
    let change = desk.service.message(1).json();
    let state = desk.fixture.state("Email");
    assert_eq!(change, json!({"@type": "StateChange", "changed": {"a1": {"Email": state}}}));
    moment();
    desk.fixture.call("Mailbox/set", json!({"create": {"f": {"name": "a folder"}}}));
    moment();
    assert_eq!(desk.service.count(), 2, "of mailboxes it does not want to hear");
}

#[test]
fn a_subscription_is_seen_without_its_secrets_and_by_who_made_it() {
    let desk = Desk::open();
    let id = desk.verified(json!({"types": ["Email", "Thread"], "expires": "2026-11-25T00:00:00Z"}));
    let found = desk.call("PushSubscription/get", json!({"ids": [id, "p99"]}));
    assert_eq!(found["notFound"], json!(["p99"]));
    let one = &found["list"][0];
    assert_eq!((&one["deviceClientId"], &one["types"]), (&json!("phone"), &json!(["Email", "Thread"])));
    assert!(one["verificationCode"].is_string() && one.get("url").is_none() && one.get("keys").is_none());
    assert!(found.get("accountId").is_none() && found.get("state").is_none(), "{found}");
    for secret in ["url", "keys"] {
        let refused = desk.call("PushSubscription/get", json!({"ids": null, "properties": [secret]}));
        assert_eq!(refused["type"], "forbidden");
    }
    let longer = desk.update(&id, json!({"expires": "2030-01-01T00:00:00Z", "types": null}));
    assert_eq!(longer["updated"][&id]["expires"], NOW.after(Duration::from_secs(7 * 24 * 3600)).rfc3339());
    for fixed in [json!({"url": "https://a.test/"}), json!({"deviceClientId": "other"}), json!({"keys": null})] {
        assert_eq!(desk.update(&id, fixed)["notUpdated"][&id]["type"], "invalidProperties");
    }

    let session = Credential::of_token("a session of the same person");
    let other = desk.call_as(session.clone(), "PushSubscription/get", json!({"ids": null}));
    assert_eq!(other["list"], json!([]));
    let destroy = json!({"destroy": [id]});
    let refused = desk.call_as(session, "PushSubscription/set", destroy.clone());
    assert_eq!(refused["notDestroyed"][&id]["type"], "notFound");
    assert_eq!(desk.call("PushSubscription/set", destroy)["destroyed"], json!([id]));
    assert!(desk.ids().is_empty());
}

#[test]
fn a_message_can_be_read_with_the_keys_of_the_client_only() {
    let desk = Desk::open();
    let random = rand::SystemRandom::new();
    let key = EphemeralPrivateKey::generate(&ECDH_P256, &random).unwrap();
    let public = key.compute_public_key().unwrap();
    let auth = [7; 16];
    let keys = json!({"p256dh": URL_SAFE_NO_PAD.encode(&public), "auth": URL_SAFE_NO_PAD.encode(auth)});
    let created = desk.create(json!({"deviceClientId": "phone", "url": desk.service.url("/"), "keys": keys}));
    let message = desk.service.message(0);
    assert!(message.header.contains("\r\ncontent-encoding: aes128gcm\r\n"), "{}", message.header);
    assert!(!message.body.escape_ascii().to_string().contains("PushVerification"));
    let verification: Value = serde_json::from_slice(&opened(&message, key, public.as_ref(), &auth)).unwrap();
    assert_eq!(verification["pushSubscriptionId"], created["created"]["new"]["id"]);
}

/// Returns the key that the session tells browsers to subscribe with (RFC 9749 §3), as a request over HTTP finds it.
fn told_key(desk: &Desk) -> String {
    let request = axum::http::Request::get("/jmap/session")
        .header("Authorization", "Basic YWxpY2VAYWxwaGEudGVzdDpzZWNyZXQ=")
        .extension(http::Peer::in_clear([127, 0, 0, 1].into()));
    let request = request.body(axum::body::Body::empty()).unwrap();
    let (status, body) = desk.fixture.send(jmap::router(desk.fixture.jmap.clone()), request);
    assert_eq!(status, 200);
    let session: Value = serde_json::from_slice(&body).unwrap();
    let said = &session["capabilities"]["urn:ietf:params:jmap:webpush-vapid"]["applicationServerKey"];
    said.as_str().unwrap_or_else(|| panic!("{session}")).to_owned()
}

/// Checks header, claims and signature as a push service does (RFC 8292 §2, RFC 7515). Returns the key.
fn checked(message: &Message, audience: &str) -> String {
    let field = message.whole.lines().find(|line| line.to_lowercase().starts_with("authorization: vapid "));
    let field = field.unwrap_or_else(|| panic!("no vapid in {}", message.whole));
    let part = |name: &str| {
        let found = field.split([' ', ',']).find_map(|part| part.strip_prefix(name));
        found.unwrap_or_else(|| panic!("no {name} in {field}")).to_owned()
    };
    let (token, key) = (part("t="), part("k="));
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let json = |text: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap() };
    assert_eq!(json(header), json!({"typ": "JWT", "alg": "ES256"}));
    let claims = json(claims);
    assert_eq!(claims["aud"], audience);
    assert_eq!(claims["sub"], "mailto:postmaster@mail.alpha.test");
    let left = claims["exp"].as_i64().unwrap() - NOW.seconds();
    assert!((1..=24 * 3600).contains(&left), "{left}");
    let point = URL_SAFE_NO_PAD.decode(&key).unwrap();
    let public = ring::signature::UnparsedPublicKey::new(&ring::signature::ECDSA_P256_SHA256_FIXED, &point);
    public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).expect("our signature");
    key
}

#[test]
fn a_push_service_knows_that_a_message_is_ours_by_the_key_that_browsers_are_told() {
    let desk = Desk::open();
    let told = told_key(&desk);
    desk.verified(json!({}));
    let audience = desk.service.url("");
    assert_eq!(checked(&desk.service.message(0), &audience), told);
    desk.deliver();
    assert_eq!(checked(&desk.service.message(1), &audience), told);
    // The key stays the same, because browsers have subscribed with it.
    let desk = desk.reopened();
    assert_eq!(told_key(&desk), told);
    assert_eq!(checked(&desk.service.message(2), &desk.service.url("")), told);
}

/// Decrypts a message as a browser does (RFC 8291 §3, RFC 8188 §2).
fn opened(message: &Message, key: EphemeralPrivateKey, public: &[u8], auth: &[u8]) -> Vec<u8> {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let expand = |prk: &hkdf::Prk, info: &[&[u8]], length: usize| {
        let mut key = vec![0; length];
        prk.expand(info, Length(length)).unwrap().fill(&mut key).unwrap();
        key
    };
    let (salt, rest) = message.body.split_at(16);
    let (theirs, record) = rest[5..].split_at(usize::from(rest[4]));
    agree_ephemeral(key, &UnparsedPublicKey::new(&ECDH_P256, theirs), |shared| {
        let client = hkdf::Salt::new(hkdf::HKDF_SHA256, auth).extract(shared);
        let ikm = expand(&client, &[b"WebPush: info\0", public, theirs], 32);
        let content = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(&ikm);
        let key = expand(&content, &[b"Content-Encoding: aes128gcm\0"], 16);
        let nonce = expand(&content, &[b"Content-Encoding: nonce\0"], 12);
        let key = aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_128_GCM, &key).unwrap());
        let nonce = aead::Nonce::try_assume_unique_for_key(&nonce).unwrap();
        let mut record = record.to_vec();
        let plain = key.open_in_place(nonce, aead::Aad::empty(), &mut record).unwrap();
        assert_eq!(plain.last(), Some(&2), "the last record");
        plain[..plain.len() - 1].to_vec()
    })
    .unwrap()
}

#[test]
fn a_service_in_trouble_is_left_in_peace_and_one_where_nobody_listens_is_forgotten() {
    let desk = Desk::open();
    desk.verified(json!({}));
    desk.service.answer("503 Service Unavailable");
    desk.deliver();
    desk.service.message(1);
    desk.deliver();
    moment();
    assert_eq!((desk.service.count(), desk.ids().len()), (2, 1), "the next try has time");

    desk.service.answer("201 Created");
    desk.verified(json!({}));
    desk.service.answer("410 Gone");
    let before = desk.service.count();
    desk.deliver();
    desk.service.message(before);
    waiting::wait_until("it is forgotten, since nobody listens there", || desk.ids().len() == 1);
}

#[test]
fn after_a_restart_a_client_is_told_how_things_stand() {
    let desk = Desk::open();
    desk.verified(json!({"types": ["Email", "Mailbox"]}));
    desk.create(json!({"deviceClientId": "never verified", "url": desk.service.url("/")}));
    desk.service.message(1);
    let desk = desk.reopened();
    let told = desk.service.message(2).json();
    let (email, mailbox) = (desk.fixture.state("Email"), desk.fixture.state("Mailbox"));
    assert_eq!(told["changed"], json!({"a1": {"Email": email, "Mailbox": mailbox}}));
    desk.deliver();
    assert_eq!(desk.service.message(3).json()["changed"]["a1"]["Email"], desk.fixture.state("Email"));
}

#[test]
fn a_subscription_ends_with_what_its_client_logged_in_with() {
    let desk = Desk::open();
    desk.verified(json!({}));
    desk.gate.0.store(false, Ordering::Relaxed);
    desk.deliver();
    desk.until_none_is_left();
    assert_eq!(desk.service.count(), 1, "nothing was told any more");
}

#[test]
fn what_cannot_be_posted_to_is_refused_and_nobody_makes_too_many() {
    let desk = Desk::open();
    let url = desk.service.url("/");
    for (bad, property) in [
        (json!({"url": "http://push.test/"}), "url"),
        (json!({"url": "https://push.test:25/"}), "url"),
        (json!({"url": "https://me:secret@push.test/"}), "url"),
        (json!({"url": "push.test"}), "url"),
        (json!({"url": null}), "url"),
        (json!({"deviceClientId": ""}), "deviceClientId"),
        (json!({"deviceClientId": 1}), "deviceClientId"),
        (json!({"keys": {"p256dh": "AAAA", "auth": "AAAA"}}), "keys"),
        (json!({"keys": "none"}), "keys"),
        (json!({"verificationCode": "x"}), "verificationCode"),
        (json!({"expires": "2020-01-01T00:00:00Z"}), "expires"),
        (json!({"expires": "soon"}), "expires"),
        (json!({"types": "Email"}), "types"),
        (json!({"id": "p1"}), "id"),
    ] {
        let mut properties = json!({"deviceClientId": "phone", "url": url});
        properties.as_object_mut().unwrap().extend(bad.as_object().unwrap().clone());
        let refused = &desk.create(properties)["notCreated"]["new"];
        assert_eq!((&refused["type"], &refused["properties"]), (&json!("invalidProperties"), &json!([property])));
    }
    assert!(desk.call("PushSubscription/set", json!({"accountId": "a1"}))["type"] == "invalidArguments");

    let properties = json!({"deviceClientId": "phone", "url": url});
    let many: serde_json::Map<String, Value> = (0..20).map(|i| (format!("n{i}"), properties.clone())).collect();
    let answer = desk.call("PushSubscription/set", json!({"create": many}));
    assert_eq!(answer["created"].as_object().unwrap().len(), 16);
    assert_eq!(answer["notCreated"].as_object().unwrap().values().next().unwrap()["type"], "overQuota");
    for _ in 0..2 {
        desk.call("PushSubscription/set", json!({"destroy": desk.ids()}));
        let again: serde_json::Map<String, Value> = (0..16).map(|i| (format!("n{i}"), properties.clone())).collect();
        desk.call("PushSubscription/set", json!({"create": again}));
    }
    let refused = desk.create(properties.clone());
    assert_eq!(refused["notCreated"]["new"]["type"], "rateLimit");
}

#[test]
fn no_client_has_us_post_into_our_own_network() {
    let desk = Desk::open();
    let listener = std::net::TcpListener::bind("127.77.0.10:443").ok();
    for url in ["https://127.77.0.10/", "https://169.254.169.254/", "https://[::1]/"] {
        let created = desk.create(json!({"deviceClientId": "phone", "url": url}));
        assert!(created["created"]["new"]["id"].is_string(), "that it leads nowhere is found out later: {created}");
    }
    moment();
    if let Some(listener) = listener {
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "somebody came");
    }
}

#[test]
fn a_house_that_posts_to_nobody_says_so() {
    let fixture = Fixture::new();
    let request = json!({"using": ["urn:ietf:params:jmap:core"], "methodCalls": [
        ["PushSubscription/set", {"create": {"new": {"deviceClientId": "phone", "url": "https://push.test/"}}}, "0"],
        ["PushSubscription/get", {"ids": null}, "1"],
    ]});
    let answers = fixture.request(&request);
    assert_eq!(answers["methodResponses"][0][1]["notCreated"]["new"]["type"], "forbidden");
    assert_eq!(answers["methodResponses"][1][1]["list"], json!([]));
}

/// The log of this whole process.
#[derive(Clone, Default)]
struct Page(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Page {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_push_that_is_refused_stands_in_the_log_with_its_account_and_without_its_address() {
    let page = Page::default();
    let its_page = page.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::INFO)
        .with_ansi(false)
        .with_writer(move || its_page.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let desk = Desk::open();
    desk.verified(json!({}));
    desk.service.answer("403 Forbidden");
    desk.deliver();
    let (line, text) = waiting::wait_for("it is said in the log", || {
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        let line = text.lines().find(|line| line.contains("a push is refused") && line.contains("status=403"));
        Some((line?.to_owned(), text))
    });
    for part in ["INFO", "account=1", "push.test"] {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert!(!text.contains("/secret"), "{text}");
}
