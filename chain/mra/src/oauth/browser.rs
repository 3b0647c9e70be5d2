//! A log-in in the browser (RFC 6749 §4.1), as programs on a person's own machine do it: the answer comes to a port of
//! this machine (RFC 8252 §7.3) and is worth nothing without what only we know (PKCE, RFC 7636).
//!
//! If the browser runs on another machine, its last page fails to open; the address of that page, pasted into
//! [`BrowserLogin::pasted`], does as well.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mail::Password;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::endpoint::Https;
use super::error::Error;
use super::grant::{self, Grant};
use super::provider::{App, Provider};

/// The longest request of a browser: its first line and its header.
const MAX_REQUEST: usize = 16 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);

/// A log-in that waits for the person's browser.
pub struct BrowserLogin {
    /// The address that the person opens.
    pub address: String,
    listener: TcpListener,
    redirect: String,
    state: String,
    verifier: Password,
}

/// The provider's yes, to be changed for tokens with [`BrowserLogin::finish`].
pub struct Yes(Password);

impl BrowserLogin {
    /// Opens a port of this machine for the answer. The provider must have an authorization endpoint.
    pub async fn begin(provider: &Provider, app: &App) -> Result<Self, Error> {
        let host = provider.token.host();
        let Some(endpoint) = &provider.authorize else {
            let says = "it has no log-in in the browser".to_owned();
            return Err(Error::Registration { provider: host.to_owned(), says });
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| Error::later(host, error))?;
        let port = listener.local_addr().map_err(|error| Error::later(host, error))?.port();
        let redirect = format!("http://127.0.0.1:{port}/");
        let (state, verifier) = (secret(), secret());
        let challenge = challenge(&verifier);
        let address = endpoint.with(&[
            ("response_type", "code"),
            ("client_id", &app.id),
            ("redirect_uri", &redirect),
            ("scope", &provider.scopes),
            ("state", &state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            // Google gives a refresh token for these two only; others pass over them.
            ("access_type", "offline"),
            ("prompt", "consent"),
        ]);
        Ok(Self { address, listener, redirect, state, verifier: Password::new(verifier) })
    }

    /// Waits for the browser on this machine. `page` is the page that it shows then, plain text in UTF-8.
    pub async fn wait(&self, provider: &Provider, page: &str) -> Result<Yes, Error> {
        loop {
            let accepted = self.listener.accept().await;
            let (socket, _) = accepted.map_err(|error| Error::later(provider.token.host(), error))?;
            let asked = tokio::time::timeout(PATIENCE, answer(socket, page)).await;
            // Anything else that knocks (a browser asks for an icon) is not the answer.
            let Some(target) = asked.ok().flatten() else { continue };
            if let Some(done) = self.understand(provider, &target) {
                return done;
            }
        }
    }

    /// The address of the browser's last page, as the person pasted it. `None` when it is not the answer to this log-in.
    pub fn pasted(&self, provider: &Provider, address: &str) -> Option<Result<Yes, Error>> {
        let query = address.trim().split_once('?')?.1;
        self.understand(provider, &format!("/?{query}"))
    }

    /// Changes the yes for tokens.
    pub async fn finish(self, https: &Https, provider: &Provider, app: &App, yes: Yes) -> Result<Grant, Error> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", yes.0.reveal()),
            ("redirect_uri", &self.redirect),
            ("code_verifier", self.verifier.reveal()),
        ];
        grant::ask(https, provider, app, &fields).await?.grant(&provider.token)
    }

    /// An answer that does not show our state is from somebody else (RFC 6749 §10.12) and is passed over.
    fn understand(&self, provider: &Provider, target: &str) -> Option<Result<Yes, Error>> {
        let url = Url::parse("http://127.0.0.1/").ok()?.join(target).ok()?;
        let field = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        if field("state")? != self.state {
            return None;
        }
        if let Some(code) = field("error") {
            let description = field("error_description").unwrap_or_default();
            return Some(Err(Error::from_code(provider.token.host(), &code, &description)));
        }
        field("code").map(|code| Ok(Yes(Password::new(code))))
    }
}

/// 256 bits that nobody can guess, in 43 characters (RFC 7636 §4.1).
fn secret() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes()))
}

/// Reads the request of a browser, shows it the page, and returns the target of its GET.
async fn answer(mut socket: TcpStream, page: &str) -> Option<String> {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if request.len() > MAX_REQUEST || socket.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
    let text = String::from_utf8_lossy(&request);
    let target = text.lines().next()?.strip_prefix("GET ")?.split(' ').next()?.to_owned();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\
                Referrer-Policy: no-referrer\r\n";
    let reply = format!("{head}Content-Length: {}\r\n\r\n{page}", page.len());
    // The log-in does not depend on whether the browser sees the page.
    let _ = socket.write_all(reply.as_bytes()).await;
    let _ = socket.shutdown().await;
    Some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_of_rfc_7636_is_made() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(secret().len(), 43);
    }
}
