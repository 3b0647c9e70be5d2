//! A provider of OAuth 2.0 tokens made for the tests, on plain HTTP of this machine. Also used by the tests of the MRA
//! itself, so it knows nothing but the standard library.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The reaction of the provider to the next questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Answers as it should.
    Good,
    /// `503 Service Unavailable` with a page for people and `Retry-After: 7`.
    Down,
    /// Answers 200 and then never stops.
    Endless,
    /// Takes the question and says nothing.
    Silent,
    /// Sends the client, with its secrets, elsewhere.
    Redirect,
}

/// The tokens that the provider knows, and the forms that it has seen.
pub struct Register {
    /// The refresh token that is good now.
    pub refresh: String,
    /// Tells whether each use of it makes a new one, which alone is good from then on.
    pub rotate: bool,
    /// Seconds that an access token is good.
    pub lifetime: u64,
    /// The person has taken the consent back.
    pub revoked: bool,
    /// The mood of the next answers.
    pub mood: Mood,
    /// The answers to a device that asks, in order; then comes the grant.
    pub device: Vec<&'static str>,
    /// The time that each answer takes.
    pub pause: Duration,
    /// The forms that came, with their path as `path`.
    pub forms: Vec<HashMap<String, String>>,
    issued: Vec<(String, Instant)>,
    code: Option<HashMap<String, String>>,
}

/// The running provider; stops with the test.
#[derive(Clone)]
pub struct FakeProvider {
    /// The port that it listens on.
    pub port: u16,
    register: Arc<Mutex<Register>>,
}

/// The client id it knows.
pub const CLIENT_ID: &str = "facteur-of-the-test";
/// And its secret.
pub const CLIENT_SECRET: &str = "le secret du client";

impl FakeProvider {
    /// Starts it. The refresh token is `refresh-0`.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("a port").port();
        let register = Arc::new(Mutex::new(Register {
            refresh: "refresh-0".into(),
            rotate: false,
            lifetime: 3600,
            revoked: false,
            mood: Mood::Good,
            device: Vec::new(),
            pause: Duration::ZERO,
            forms: Vec::new(),
            issued: Vec::new(),
            code: None,
        }));
        let provider = Self { port, register };
        let shared = provider.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let provider = shared.clone();
                std::thread::spawn(move || drop(provider.serve(stream)));
            }
        });
        provider
    }

    /// `http://127.0.0.1:PORT/PATH`
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// Returns the register, to be changed or looked at. Hold it briefly: it holds up the provider.
    pub fn register(&self) -> MutexGuard<'_, Register> {
        self.register.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns true if this access token is good now.
    pub fn admits(&self, token: &str) -> bool {
        let register = self.register();
        !register.revoked && register.issued.iter().any(|(one, until)| one == token && Instant::now() < *until)
    }

    /// Makes all access tokens bad, as a provider does that has had a break-in.
    pub fn forget_access(&self) {
        self.register().issued.clear();
    }

    /// Returns how many forms came for a path.
    pub fn asked(&self, path: &str) -> usize {
        self.register().forms.iter().filter(|form| form["path"] == path).count()
    }

    /// Says yes in place of the person's browser: gives the address that the provider would send it to.
    pub fn allow(&self, address: &str) -> String {
        let query = form(address.split_once('?').map_or("", |(_, query)| query));
        let back = format!("{}?code=the-code&state={}", query["redirect_uri"], query["state"]);
        self.register().code = Some(query);
        back
    }

    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let (path, form) = question(&stream)?;
        let pause = self.register().pause;
        // time passes: the peer is slow
        std::thread::sleep(pause);
        let mood = self.register().mood;
        let reply = self.reply(&path, form, mood);
        stream.write_all(reply.as_bytes())?;
        match mood {
            Mood::Endless => loop {
                stream.write_all(&[b' '; 4096])?;
            },
            // time passes: the peer is slow
            Mood::Silent => std::thread::sleep(Duration::from_secs(600)),
            _ => {}
        }
        Ok(())
    }

    fn reply(&self, path: &str, mut form: HashMap<String, String>, mood: Mood) -> String {
        form.insert("path".into(), path.into());
        self.register().forms.push(form.clone());
        match mood {
            Mood::Good => {}
            Mood::Down => return http("503 Service Unavailable\r\nRetry-After: 7", "<html>Wartung</html>"),
            Mood::Endless => return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{".into(),
            Mood::Silent => return String::new(),
            Mood::Redirect => return http(&format!("307 Elsewhere\r\nLocation: {}", self.url("stolen")), ""),
        }
        if form.get("client_id").map(String::as_str) != Some(CLIENT_ID) {
            return refusal("invalid_client");
        }
        match path {
            "device" => http(
                "200 OK",
                &format!(
                    r#"{{"device_code":"device-secret","user_code":"WDJB-MJHT","verification_uri":"{}",
                    "verification_uri_complete":"{}","expires_in":30,"interval":1}}"#,
                    self.url("activate"),
                    self.url("activate?user_code=WDJB-MJHT")
                ),
            ),
            "token" => self.token(&form),
            _ => http("404 Not Found", ""),
        }
    }

    fn token(&self, form: &HashMap<String, String>) -> String {
        if form.get("client_secret").map(String::as_str) != Some(CLIENT_SECRET) {
            return refusal("invalid_client");
        }
        let mut register = self.register();
        let field = |name: &str| form.get(name).map(String::as_str);
        match field("grant_type") {
            Some("refresh_token") if !register.revoked && field("refresh_token") == Some(&register.refresh) => {
                register.grant(false)
            }
            Some("urn:ietf:params:oauth:grant-type:device_code") if field("device_code") == Some("device-secret") => {
                if register.device.is_empty() {
                    return register.grant(true);
                }
                refusal(register.device.remove(0))
            }
            Some("authorization_code") if field("code") == Some("the-code") => {
                let Some(code) = register.code.take() else { return refusal("invalid_grant") };
                let fits = field("redirect_uri") == code.get("redirect_uri").map(String::as_str);
                if fits && field("code_verifier").is_some_and(|verifier| verifier.len() >= 43) {
                    return register.grant(true);
                }
                refusal("invalid_grant")
            }
            Some("refresh_token" | "authorization_code" | "urn:ietf:params:oauth:grant-type:device_code") => {
                refusal("invalid_grant")
            }
            _ => refusal("unsupported_grant_type"),
        }
    }
}

impl Register {
    fn grant(&mut self, first: bool) -> String {
        let number = self.issued.len() + self.forms.len();
        let access = format!("access-{number}");
        self.issued.push((access.clone(), Instant::now() + Duration::from_secs(self.lifetime)));
        if self.rotate {
            self.refresh = format!("refresh-{number}");
        }
        let refresh =
            if first || self.rotate { format!(r#","refresh_token":"{}""#, self.refresh) } else { String::new() };
        let lifetime = self.lifetime;
        http(
            "200 OK",
            &format!(r#"{{"access_token":"{access}","token_type":"Bearer","expires_in":{lifetime}{refresh}}}"#),
        )
    }
}

fn refusal(code: &str) -> String {
    http("400 Bad Request", &format!(r#"{{"error":"{code}","error_description":"says the test"}}"#))
}

fn http(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// The path and the form of a POST.
fn question(stream: &TcpStream) -> std::io::Result<(String, HashMap<String, String>)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
    let mut length = 0;
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok((path, form(&String::from_utf8_lossy(&body))))
}

fn form(text: &str) -> HashMap<String, String> {
    text.split('&').filter_map(|pair| pair.split_once('=')).map(|(key, value)| (plain(key), plain(value))).collect()
}

fn plain(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let hex: String = rest.by_ref().take(2).map(char::from).collect();
                bytes.push(u8::from_str_radix(&hex, 16).unwrap_or(b'?'));
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
