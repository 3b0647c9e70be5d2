//! `/leave/{token}`: the page before a link that names another host in its text. A person who follows it reads the true
//! host first. Only addresses that we have sealed are named here, so that nobody can send people elsewhere by us.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use directory::Language;
use https::Url;
use mail::Timestamp;

use super::{domain, links};
use crate::seal::Seal;
use crate::show::{Shown, escape};
use crate::{Server, answer, language, plain};

/// The time that such an address is good.
const GOOD: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
/// The most links of one letter that lead this way, and the most octets of a link's address.
const MOST: usize = 100;
const LONGEST: usize = 4096;

/// Leads such links of the letter to this page.
pub fn guarded(mut shown: Shown, seal: &Seal, now: Timestamp) -> Shown {
    let mut misleading = links::misleading(&shown.document);
    misleading.dedup_by(|one, other| one.href == other.href);
    for link in misleading.into_iter().filter(|link| link.href.len() <= LONGEST).take(MOST) {
        let mut written = String::new();
        escape(&link.href, &mut written);
        let here = format!("href=\"{}\"", address(seal, &link.href, &link.shown, now));
        for as_written in [format!("href=\"{written}\""), format!("href=\"{}\"", link.href.replace('&', "&amp;"))] {
            shown.document = shown.document.replace(&as_written, &here);
        }
    }
    shown
}

fn address(seal: &Seal, url: &str, shown: &str, now: Timestamp) -> String {
    let (url, shown) = (URL_SAFE_NO_PAD.encode(url), URL_SAFE_NO_PAD.encode(shown));
    format!("/leave/{}", seal.close(&format!("l.{}.{shown}.{url}", now.after(GOOD).0)))
}

/// Returns the host and the target of a link, from an address of ours.
fn read(text: &str, now: Timestamp) -> Option<(String, Url)> {
    let mut fields = text.strip_prefix("l.")?.split('.');
    let until = Timestamp(fields.next()?.parse().ok()?);
    let mut decoded = || String::from_utf8(URL_SAFE_NO_PAD.decode(fields.next()?).ok()?).ok();
    let (shown, url) = (decoded()?, Url::parse(decoded()?.trim()).ok()?);
    (now < until && matches!(url.scheme(), "http" | "https")).then_some((shown, url))
}

/// Serves `/leave/{token}`.
pub async fn leave(State(server): State<Server>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    let wanted = server.seal.open(&token).and_then(|text| read(text, (server.clock)()));
    let Some((shown, url)) = wanted else { return answer::missing() };
    plain::sheet(&headers, &page(language::preferred(&headers), &shown, &url))
}

fn page(language: Language, shown: &str, url: &Url) -> String {
    let escaped = |text: &str| {
        let mut into = String::new();
        escape(text, &mut into);
        into
    };
    let ascii = url.host_str().unwrap_or_default();
    let text = domain::legible(ascii);
    let host = escaped(&if text == ascii { text } else { format!("{text} ({ascii})") });
    let (shown, to) = (escaped(shown), escaped(url.as_str()));
    let [title, lead, go, stay] = match language {
        Language::English => [
            "This link leads elsewhere".to_owned(),
            format!("In the letter it says <b>{shown}</b>. It leads to <b>{host}</b>."),
            format!("Go to {host}"),
            "If you did not expect that, close this page. Enter no password there.".to_owned(),
        ],
        Language::French => [
            "Ce lien mène ailleurs".to_owned(),
            format!("Dans le message, il est écrit <b>{shown}</b>. Il mène à <b>{host}</b>."),
            format!("Aller à {host}"),
            "Si vous ne vous y attendiez pas, fermez cette page. N’y entrez aucun mot de passe.".to_owned(),
        ],
    };
    format!(
        "<h2>{title}</h2><p>{lead}</p><p class=\"note\">{stay}</p>\
         <p><a href=\"{to}\" rel=\"noopener noreferrer\">{go}</a></p>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_501_377_000);

    fn shown(body: &str) -> Shown {
        Shown { document: format!("<html><body>{body}</body></html>"), left_out: 0 }
    }

    #[test]
    fn a_link_that_misleads_leads_to_a_page_that_names_its_host_and_no_other_link_does() {
        let seal = Seal::new([1; 32]);
        let letter = shown(
            "<a href=\"https://evil.test/?a=1&amp;b=2\">www.example.com</a> <a href=\"https://shop.test/\">Shop</a>",
        );
        let guarded = guarded(letter, &seal, NOW).document;
        assert!(!guarded.contains("evil.test") && guarded.contains("href=\"https://shop.test/\""), "{guarded}");
        let token = guarded.split("/leave/").nth(1).unwrap().split('"').next().unwrap();
        let (host, url) = read(seal.open(token).unwrap(), NOW).unwrap();
        assert_eq!((host.as_str(), url.as_str()), ("www.example.com", "https://evil.test/?a=1&b=2"));
        assert_eq!(read(seal.open(token).unwrap(), NOW.after(GOOD)), None, "its time is over");
        let page = page(Language::French, "<b>x", &url);
        assert!(page.contains("&lt;b&gt;x") && page.contains("<b>evil.test</b>"), "{page}");
    }

    #[test]
    fn nothing_else_that_we_seal_leads_anywhere() {
        for odd in
            ["r.1.2.9999999999999.aaaa", "l.", "l.9999999999999.YQ", "l.9999999999999.YQ.amF2YXNjcmlwdDphbGVydCgxKQ"]
        {
            assert_eq!(read(odd, NOW), None, "{odd}");
        }
    }
}
