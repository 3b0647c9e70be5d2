//! Tokens from a provider on this machine.

#[path = "../../../tests/src/provider.rs"]
#[allow(dead_code)]
mod provider;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use facteur_mra::oauth::browser::BrowserLogin;
use facteur_mra::oauth::device::DeviceLogin;
use facteur_mra::oauth::{App, Error, Https, KeepRefresh, Provider, Tokens, Who};
use mail::Password;
use mail::seam::{OurFault, Pending};
use net::{ClientTls, Table};
use provider::{CLIENT_ID, CLIENT_SECRET, FakeProvider, Mood};

/// Remembers the tokens that it kept; its disk may be full.
#[derive(Clone, Default)]
struct Drawer {
    kept: Arc<Mutex<Vec<String>>>,
    full: Arc<Mutex<bool>>,
}

impl KeepRefresh for Drawer {
    fn keep<'a>(&'a self, refresh: &'a Password) -> Pending<'a, Result<(), OurFault>> {
        Box::pin(async move {
            if *self.full.lock().unwrap() {
                return Err(OurFault("no space left on the device".into()));
            }
            self.kept.lock().unwrap().push(refresh.reveal().to_owned());
            Ok(())
        })
    }
}

fn https() -> Https {
    Https::new(ClientTls::verified().unwrap(), Arc::new(Table::new()))
}

fn app(secret: &str) -> App {
    App { id: CLIENT_ID.into(), secret: Some(Password::new(secret.into())) }
}

fn known(fake: &FakeProvider) -> Provider {
    Provider::other(&fake.url("token"), Some(&fake.url("device")), Some(&fake.url("authorize")), "mail").unwrap()
}

fn tokens_with(fake: &FakeProvider, refresh: &str, secret: &str, drawer: &Drawer) -> Tokens {
    Tokens::new(https(), known(fake), app(secret), Password::new(refresh.into()), Box::new(drawer.clone()))
}

fn tokens(fake: &FakeProvider) -> Tokens {
    tokens_with(fake, "refresh-0", CLIENT_SECRET, &Drawer::default())
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_used_until_it_is_old() {
    let fake = FakeProvider::start();
    let tokens = tokens(&fake);
    let first = tokens.bearer().await.unwrap();
    assert!(fake.admits(first.reveal()));
    assert_eq!(tokens.bearer().await.unwrap(), first);
    assert_eq!(fake.asked("token"), 1);
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end() {
    let fake = FakeProvider::start();
    fake.register().lifetime = 2;
    let tokens = tokens(&fake);
    let first = tokens.bearer().await.unwrap();
    // time passes: a clock has to move
    tokio::time::sleep(Duration::from_millis(1700)).await;
    let second = tokens.bearer().await.unwrap();
    assert_ne!(first, second);
    assert!(fake.admits(second.reveal()));
}

#[tokio::test]
async fn many_connections_that_need_a_token_ask_once() {
    let fake = FakeProvider::start();
    fake.register().pause = Duration::from_millis(200);
    let tokens = Arc::new(tokens(&fake));
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let tokens = tokens.clone();
        waiting.spawn(async move { tokens.bearer().await.unwrap().reveal().to_owned() });
    }
    let got = waiting.join_all().await;
    assert!(got.iter().all(|token| *token == got[0]));
    assert_eq!(fake.asked("token"), 1);
}

#[tokio::test]
async fn a_token_that_the_mailbox_refuses_is_replaced_once() {
    let fake = FakeProvider::start();
    let tokens = tokens(&fake);
    let first = tokens.bearer().await.unwrap();
    fake.forget_access();
    tokens.refused(&first).await;
    let second = tokens.bearer().await.unwrap();
    // A slower connection reports the same old token.
    tokens.refused(&first).await;
    assert_eq!(tokens.bearer().await.unwrap(), second);
    assert_eq!(fake.asked("token"), 2);
}

#[tokio::test]
async fn a_changed_refresh_token_is_kept_before_its_access_token_is_used() {
    let fake = FakeProvider::start();
    fake.register().rotate = true;
    let drawer = Drawer::default();
    let first = tokens_with(&fake, "refresh-0", CLIENT_SECRET, &drawer);
    first.bearer().await.unwrap();
    let kept = drawer.kept.lock().unwrap().clone();
    assert_eq!(kept, [fake.register().refresh.clone()]);
    // After a new start it goes on with the token that was kept; with the old one it would not.
    tokens_with(&fake, &kept[0], CLIENT_SECRET, &drawer).bearer().await.unwrap();
    let old = tokens_with(&fake, "refresh-0", CLIENT_SECRET, &drawer);
    assert_eq!(old.bearer().await.unwrap_err().who(), Who::Person);
}

#[tokio::test]
async fn a_refresh_token_that_a_full_disk_did_not_take_is_kept_later() {
    let fake = FakeProvider::start();
    fake.register().rotate = true;
    let drawer = Drawer::default();
    *drawer.full.lock().unwrap() = true;
    let tokens = tokens_with(&fake, "refresh-0", CLIENT_SECRET, &drawer);
    for _ in 0..2 {
        let error = tokens.bearer().await.unwrap_err();
        assert_eq!((matches!(error, Error::Keep(_)), error.who()), (true, Who::Nobody));
    }
    *drawer.full.lock().unwrap() = false;
    tokens.bearer().await.unwrap();
    assert_eq!(*drawer.kept.lock().unwrap(), [fake.register().refresh.clone()]);
    // The provider was asked once: its answer was not thrown away with the error.
    assert_eq!(fake.asked("token"), 1);
}

#[tokio::test]
async fn a_revoked_consent_sends_the_person_to_log_in_and_is_not_hammered() {
    let fake = FakeProvider::start();
    fake.register().revoked = true;
    let tokens = tokens(&fake);
    for _ in 0..3 {
        let error = tokens.bearer().await.unwrap_err();
        assert_eq!(error.who(), Who::Person);
        assert!(error.to_string().contains("invalid_grant: says the test"), "{error}");
    }
    assert_eq!(fake.asked("token"), 1);
}

#[tokio::test]
async fn a_wrong_client_secret_is_for_the_postmaster_to_mend() {
    let fake = FakeProvider::start();
    let tokens = tokens_with(&fake, "refresh-0", "wrong-secret", &Drawer::default());
    let error = tokens.bearer().await.unwrap_err();
    assert_eq!(error.who(), Who::Postmaster);
    assert!(!error.to_string().contains("wrong-secret"), "the secret is not told: {error}");
}

#[tokio::test]
async fn a_provider_that_is_down_is_asked_again_later() {
    let fake = FakeProvider::start();
    fake.register().mood = Mood::Down;
    let tokens = tokens(&fake);
    let error = tokens.bearer().await.unwrap_err();
    assert!(matches!(&error, Error::Later { after: Some(after), .. } if after.as_secs() == 7), "{error:?}");
    fake.register().mood = Mood::Good;
    tokens.bearer().await.unwrap();
}

#[tokio::test]
async fn an_endless_answer_ends_and_a_redirect_is_not_followed() {
    let fake = FakeProvider::start();
    for mood in [Mood::Endless, Mood::Redirect] {
        fake.register().mood = mood;
        assert_eq!(tokens(&fake).bearer().await.unwrap_err().who(), Who::Nobody);
    }
    assert_eq!(fake.asked("stolen"), 0);
}

#[tokio::test]
async fn nobody_at_the_providers_address_means_later() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let provider = Provider::other(&format!("http://127.0.0.1:{gone}/token"), None, None, "mail").unwrap();
    let refresh = Password::new("refresh-0".into());
    let tokens = Tokens::new(https(), provider, app(CLIENT_SECRET), refresh, Box::new(Drawer::default()));
    assert_eq!(tokens.bearer().await.unwrap_err().who(), Who::Nobody);
}

#[tokio::test]
async fn a_person_logs_in_from_another_device() {
    let fake = FakeProvider::start();
    fake.register().device = vec!["authorization_pending"];
    let (https, provider, app) = (https(), known(&fake), app(CLIENT_SECRET));
    let login = DeviceLogin::begin(&https, &provider, &app).await.unwrap();
    assert_eq!((login.code.as_str(), login.address.as_str()), ("WDJB-MJHT", fake.url("activate").as_str()));
    assert_eq!(login.whole_address.as_deref(), Some(fake.url("activate?user_code=WDJB-MJHT").as_str()));
    let started = Instant::now();
    let grant = login.wait(&https, &provider, &app).await.unwrap();
    assert_eq!(grant.refresh.unwrap().reveal(), "refresh-0");
    assert!(started.elapsed() >= Duration::from_secs(2), "it asked faster than it was told to");
    assert_eq!(fake.asked("token"), 2);
}

#[tokio::test]
async fn a_person_says_no_on_the_other_device_or_too_late() {
    let (https, app) = (https(), app(CLIENT_SECRET));
    for code in ["access_denied", "expired_token"] {
        let fake = FakeProvider::start();
        fake.register().device = vec![code];
        let provider = known(&fake);
        let login = DeviceLogin::begin(&https, &provider, &app).await.unwrap();
        let error = login.wait(&https, &provider, &app).await.unwrap_err();
        assert_eq!(error.who(), Who::Person);
        assert!(error.to_string().contains(code), "{error}");
    }
}

#[tokio::test]
async fn a_device_that_is_told_to_slow_down_does() {
    let fake = FakeProvider::start();
    fake.register().device = vec!["slow_down"];
    let (https, provider, app) = (https(), known(&fake), app(CLIENT_SECRET));
    let login = DeviceLogin::begin(&https, &provider, &app).await.unwrap();
    let started = Instant::now();
    login.wait(&https, &provider, &app).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(7));
}

#[tokio::test]
async fn a_provider_without_device_log_in_says_so() {
    let provider = Provider::of_host("imap.gmail.com").unwrap();
    let error = DeviceLogin::begin(&https(), &provider, &app("")).await.err().unwrap();
    assert_eq!(error.who(), Who::Postmaster);
}

#[tokio::test]
async fn a_person_logs_in_with_the_browser_of_this_machine() {
    let fake = FakeProvider::start();
    let (https, provider, app) = (https(), known(&fake), app(CLIENT_SECRET));
    let login = BrowserLogin::begin(&provider, &app).await.unwrap();
    let back = fake.allow(&login.address);
    let browser = std::thread::spawn(move || {
        // Somebody else's answer and a request for an icon come first; both are passed over.
        for address in [back.replace("state=", "state=forged"), back.replace("?code", "favicon.ico?"), back] {
            visit(&address);
        }
    });
    let yes = login.wait(&provider, "You may close this page.").await.unwrap();
    browser.join().unwrap();
    let grant = login.finish(&https, &provider, &app, yes).await.unwrap();
    assert_eq!(grant.refresh.unwrap().reveal(), "refresh-0");
    let register = fake.register();
    let form = register.forms.last().unwrap();
    assert!(!form["code_verifier"].is_empty());
}

#[tokio::test]
async fn a_person_whose_browser_is_elsewhere_pastes_the_last_address() {
    let fake = FakeProvider::start();
    let (https, provider, app) = (https(), known(&fake), app(CLIENT_SECRET));
    let login = BrowserLogin::begin(&provider, &app).await.unwrap();
    let back = fake.allow(&login.address);
    assert!(login.pasted(&provider, "what?").is_none());
    assert!(login.pasted(&provider, "http://127.0.0.1/?code=mine&state=guessed").is_none());
    let denied = back.replace("code=the-code", "error=access_denied");
    assert_eq!(login.pasted(&provider, &denied).unwrap().err().unwrap().who(), Who::Person);
    let yes = login.pasted(&provider, &format!(" {back}\n")).unwrap().unwrap();
    login.finish(&https, &provider, &app, yes).await.unwrap();
}

fn visit(address: &str) {
    use std::io::{Read, Write};
    let (host, path) = address.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut socket = std::net::TcpStream::connect(host).unwrap();
    write!(socket, "GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    let mut page = String::new();
    // The last of them may find the door closed behind the answer.
    let _ = socket.read_to_string(&mut page);
    assert!(page.is_empty() || page.ends_with("You may close this page."), "{page}");
}
