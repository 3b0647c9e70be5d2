//! Pages for browsers without script: the log-in as a form, and behind it a list of what such browsers can and cannot
//! do.

use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use directory::Language;
use mail::seam::Login;
use ring::digest;

use crate::reader::{self, bearer};
use crate::show::escape;
use crate::{Server, answer, guard, language, pages};

/// The result of the form that was sent before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Nothing,
    Failed,
    TooOften,
    Busy,
}

impl Before {
    fn from(uri: &Uri) -> Self {
        let mut fields = uri.query().unwrap_or_default().split('&');
        match fields.find_map(|field| field.strip_prefix("login=")) {
            Some("failed") => Self::Failed,
            Some("later") => Self::TooOften,
            Some("busy") => Self::Busy,
            _ => Self::Nothing,
        }
    }
}

/// Serves `/`: the application, or the answer to a form, which only browsers without script send.
pub async fn front(State(server): State<Server>, uri: Uri, headers: HeaderMap) -> Response {
    match Before::from(&uri) {
        Before::Nothing => pages::page(uri, headers).await,
        _ => log_in(State(server), uri, headers).await,
    }
}

/// Serves `/login`: the form, or the way out for a person who is logged in.
pub async fn log_in(State(server): State<Server>, uri: Uri, headers: HeaderMap) -> Response {
    let words = Words::of(language::preferred(&headers));
    let before = Before::from(&uri);
    if before == Before::Nothing {
        match reader::who(&server, &headers).await {
            Ok(login) => return page(words, &inside(words, &login, bearer(&headers).unwrap_or_default())),
            Err(refusal) if refusal.status() != StatusCode::UNAUTHORIZED => return refusal,
            Err(_) => {}
        }
    }
    page(words, &form(words, before))
}

/// The reason why a client is not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The request came in clear.
    InClear,
    /// In clear there is nothing, and there is no door with TLS.
    NoTls,
    /// A proxy in front does not report whether the browser speaks TLS with it.
    SilentProxy,
    /// They call us by this name.
    NotOurName(String),
}

/// Returns a page with the notice and a way out; one sentence for programs.
pub fn notice(status: StatusCode, headers: &HeaderMap, notice: &Notice) -> Response {
    let wants_a_page = headers.get(header::ACCEPT).is_some_and(|kinds| kinds.as_bytes().starts_with(b"text/html"));
    if !wants_a_page {
        return answer::plain(status, notice.sentence());
    }
    let words = Words::of(language::preferred(headers));
    let text = match notice {
        Notice::InClear => words.clear.to_owned(),
        Notice::NoTls => words.no_tls.to_owned(),
        Notice::SilentProxy => words.silent_proxy.to_owned(),
        Notice::NotOurName(name) => {
            let mut shown = String::new();
            escape(name, &mut shown);
            words.not_our_name.replace("{name}", &shown)
        }
    };
    let mut response = page(words, &format!("<p>{}</p><p role=\"alert\">{text}</p>", words.lead));
    *response.status_mut() = status;
    response
}

impl Notice {
    fn sentence(&self) -> &'static str {
        match self {
            Self::InClear => "passwords are only taken inside TLS: use https",
            Self::NoTls => "nothing is served in clear to other machines, and there is no https door",
            Self::SilentProxy => "the proxy in front does not send X-Forwarded-Proto",
            Self::NotOurName(_) => "this post office has another name",
        }
    }
}

fn form(words: &Words, before: Before) -> String {
    let Words { lead, name, password, log_in, note, .. } = words;
    let alert = match before {
        Before::Nothing => String::new(),
        Before::Failed => format!("<p role=\"alert\">{}</p>", words.failed),
        Before::TooOften => format!("<p role=\"alert\">{}</p>", words.later),
        Before::Busy => format!("<p role=\"alert\">{}</p>", words.busy),
    };
    format!(
        "<p>{lead}</p>{alert}<form method=\"post\" action=\"/login\">\
         <label for=\"name\">{name}</label>\
         <input id=\"name\" name=\"name\" type=\"text\" autocomplete=\"username\" autocapitalize=\"none\" \
         spellcheck=\"false\" required autofocus>\
         <label for=\"password\">{password}</label>\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required>\
         <button>{log_in}</button></form><p class=\"note\">{note}</p>"
    )
}

fn inside(words: &Words, login: &Login, token: &str) -> String {
    let Words { logged_in, needs_script, again, log_out, .. } = words;
    let mut person = String::new();
    escape(&login.address.to_string(), &mut person);
    let key = guard::form_key(token, "/logout");
    format!(
        "<p>{logged_in} <strong>{person}</strong>.</p><p>{needs_script}</p><p><a href=\"/\">{again}</a></p>\
         <form method=\"post\" action=\"/logout?key={key}\"><button>{log_out}</button></form>"
    )
}

/// The look of the pages, as much as a form needs of it.
const LOOK: &str = "\
:root{color-scheme:light dark;--line:light-dark(#8f8a7e,#7d7f87)}\
body{margin:0;background:light-dark(#f4f2ec,#131417);color:light-dark(#1e1d1a,#eceae5);\
font:16px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif}\
main{max-width:22rem;margin:12vh auto 0;padding:24px}h1{font-size:1.6rem;margin:12px 0 0}p{margin:4px 0 20px}\
label{display:block;margin:16px 0 4px}\
input{box-sizing:border-box;width:100%;padding:10px 12px;font:inherit;color:inherit;border:1px solid var(--line);\
border-radius:8px;background:light-dark(#fff,#1b1c20)}\
button{width:100%;margin:24px 0;padding:10px;font:inherit;font-weight:600;border:0;border-radius:8px;cursor:pointer;\
background:light-dark(#2f4fb8,#8ea6ff);color:light-dark(#fff,#10142a)}\
a{color:light-dark(#2c49aa,#a9bbff)}.note{color:light-dark(#6d695f,#9a978f);font-size:.875rem}\
[role=alert]{padding:10px 12px;border-radius:8px;background:light-dark(#fbeae8,#40211e);color:light-dark(#b3261e,#ff9a8f)}";

/// Returns a page of ours without script, in the language of the browser.
pub fn sheet(headers: &HeaderMap, content: &str) -> Response {
    page(Words::of(language::preferred(headers)), content)
}

fn page(words: &Words, content: &str) -> Response {
    /// The policy: our own style and no other, by its digest; forms go to us.
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        let style = STANDARD.encode(digest::digest(&digest::SHA256, LOOK.as_bytes()));
        format!(
            "default-src 'none'; style-src 'sha256-{style}'; img-src 'self'; base-uri 'none'; form-action 'self'; \
             frame-ancestors 'none'"
        )
    });
    let page = format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Facteur</title>\
         <link rel=\"icon\" href=\"/icon.svg\" type=\"image/svg+xml\"><style>{LOOK}</style></head><body><main>\
         <img src=\"/icon.svg\" width=\"56\" height=\"56\" alt=\"\"><h1>Facteur</h1>{content}</main></body></html>",
        words.language.code()
    );
    let mut response = answer::with(StatusCode::OK, "text/html; charset=utf-8", Body::from(page));
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(words.language.code()));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Language, Cookie"));
    // The policy makes a browser name the origin of the form.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// The words of the pages. Markup is written as such.
struct Words {
    language: Language,
    lead: &'static str,
    name: &'static str,
    password: &'static str,
    log_in: &'static str,
    note: &'static str,
    failed: &'static str,
    later: &'static str,
    busy: &'static str,
    clear: &'static str,
    no_tls: &'static str,
    silent_proxy: &'static str,
    not_our_name: &'static str,
    logged_in: &'static str,
    needs_script: &'static str,
    again: &'static str,
    log_out: &'static str,
}

impl Words {
    fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::French => &FRENCH,
        }
    }
}

const ENGLISH: Words = Words {
    language: Language::English,
    lead: "Your mail, at home",
    name: "Address or name",
    password: "Password",
    log_in: "Log in",
    note: "You can log in without JavaScript; reading your mail on these pages needs it.",
    failed: "That name and password do not go together. Check them and try again.",
    later: "Too many failed attempts from your network. Wait a minute, then try again.",
    busy: "Many people are logging in just now. Wait a few seconds, then try again.",
    clear: "This connection is not encrypted, so no password is taken here. Open the page with <strong>https</strong>.",
    no_tls: "This connection is not encrypted, and anybody in between could read your mail and your password. This post \
             office has no door with TLS. Its administrator opens one with <code>https = [\"0.0.0.0:443\"]</code> in the \
             configuration, or names the proxy that does TLS for it under <code>[proxy]</code>. On the machine itself, \
             <code>http://localhost</code> works.",
    silent_proxy: "The proxy in front of this post office does not say whether your connection is encrypted. Its \
                   administrator lets the proxy send <code>X-Forwarded-Proto</code>.",
    not_our_name: "This post office is not called <strong>{name}</strong>. Open it by its own name, or by its IP address. Its \
                   administrator makes this name its own with <code>hostname = \"{name}\"</code> in the configuration.",
    logged_in: "You are logged in as",
    needs_script: "Reading and writing mail on these pages needs JavaScript, which your browser does not run here. \
                   Allow it for this site and open the pages again, or use any mail program: it needs none.",
    again: "Open the pages again",
    log_out: "Log out",
};

const FRENCH: Words = Words {
    language: Language::French,
    lead: "Votre courrier, chez vous",
    name: "Adresse ou identifiant",
    password: "Mot de passe",
    log_in: "Se connecter",
    note: "On peut se connecter sans JavaScript ; pour lire son courrier sur ces pages, il est nécessaire.",
    failed: "Identifiant ou mot de passe incorrect. Vérifiez votre saisie et réessayez.",
    later: "Trop de tentatives échouées depuis votre réseau. Patientez une minute avant de réessayer.",
    busy: "Beaucoup de personnes se connectent en ce moment. Patientez quelques secondes avant de réessayer.",
    clear: "Cette connexion n’est pas chiffrée : aucun mot de passe n’y est accepté. Ouvrez la page en <strong>https</strong>.",
    no_tls: "Cette connexion n’est pas chiffrée : n’importe qui, en chemin, pourrait lire votre courrier et votre mot de \
             passe. Ce bureau de poste n’a pas de porte avec TLS. Son administrateur en ouvre une avec \
             <code>https = [\"0.0.0.0:443\"]</code> dans la configuration, ou nomme sous <code>[proxy]</code> le \
             mandataire qui s’en charge. Sur la machine elle-même, <code>http://localhost</code> fonctionne.",
    silent_proxy: "Le mandataire placé devant ce bureau de poste ne dit pas si votre connexion est chiffrée. Son \
                   administrateur lui fait envoyer <code>X-Forwarded-Proto</code>.",
    not_our_name: "Ce bureau de poste ne s’appelle pas <strong>{name}</strong>. Ouvrez-le par son nom, ou par son adresse IP. \
                   Son administrateur lui donne ce nom avec <code>hostname = \"{name}\"</code> dans la configuration.",
    logged_in: "Session ouverte pour",
    needs_script: "Pour lire et écrire du courrier sur ces pages, il faut JavaScript, que votre navigateur n’exécute pas \
                   ici. Autorisez-le pour ce site et rouvrez les pages, ou utilisez n’importe quel logiciel de \
                   messagerie, qui s’en passe.",
    again: "Rouvrir les pages",
    log_out: "Se déconnecter",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_the_form_is_said() {
        let before = |uri: &'static str| Before::from(&Uri::from_static(uri));
        assert_eq!(before("/?login=failed"), Before::Failed);
        assert_eq!(before("/login?x&login=later"), Before::TooOften);
        assert_eq!(before("/?login=busy"), Before::Busy);
        for other in ["/", "/?login=", "/?xlogin=failed", "/?login=failedx"] {
            assert_eq!(before(other), Before::Nothing, "{other}");
        }
    }

    #[test]
    fn the_form_says_what_came_of_it() {
        for words in [&ENGLISH, &FRENCH] {
            assert!(form(words, Before::Failed).contains("type=\"password\""));
            assert!(form(words, Before::Failed).contains(words.failed));
        }
    }

    #[test]
    fn a_name_that_is_not_ours_is_shown_as_text() {
        let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static("text/html"))]);
        let response = notice(StatusCode::FORBIDDEN, &headers, &Notice::NotOurName("<b>".into()));
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        let mut shown = String::new();
        escape("<b>", &mut shown);
        assert_eq!(shown, "&lt;b&gt;");
    }
}
