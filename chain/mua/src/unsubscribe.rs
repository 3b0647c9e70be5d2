//! `/unsubscribe/{letter}`: leaves a mailing list for a reader, in the way that the letter itself names (RFC 2369 §3.2,
//! RFC 8058).
//!
//! The pages name a letter and never an address: the address of the request stands in the reader's own letter. The
//! request goes over TLS, to hosts of the public internet only, without anything of the reader; it follows no
//! redirects.

mod door;

use bytes::Bytes;
use https::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use https::{Client, HeaderMap, HeaderValue, Url};
use mail::header;
use mail::seam::AccountId;
use serde::Serialize;

use crate::remote::Turns;

pub use door::unsubscribe;

/// Octets of a field that are looked through.
const LONGEST: usize = 8 << 10;
/// The body of the request (RFC 8058 §3.1).
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

/// The way in which a person leaves the list of a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "way", rename_all = "camelCase")]
pub enum Way {
    /// We post to this host.
    Post { host: String },
    /// The person writes to this address.
    Mail { address: String },
    /// The person opens this page.
    Page { url: String, host: String },
}

impl Way {
    /// Returns the way that a header names, if it names one: the one that takes a single click before all others.
    pub fn out_of(header: &[u8]) -> Option<Self> {
        if let Some(url) = one_click(header) {
            return Some(Self::Post { host: url.host_str()?.to_owned() });
        }
        addresses(header).into_iter().find_map(|url| match url.scheme() {
            "mailto" => Some(Self::Mail { address: url.to_string() }),
            "https" | "http" => Some(Self::Page { host: url.host_str()?.to_owned(), url: url.to_string() }),
            _ => None,
        })
    }
}

/// Returns the address for the request. Each of both fields must stand in the header once (RFC 8058 §3.1).
///
/// RFC 8058 §4 wants both to be covered by a valid signature (DKIM). Where signatures are checked, a letter without one
/// must not come further than here.
fn one_click(header: &[u8]) -> Option<Url> {
    let count = |name: &str| header::fields(header).filter(|field| field.is(name)).count();
    if (count("List-Unsubscribe"), count("List-Unsubscribe-Post")) != (1, 1) {
        return None;
    }
    let said = header::legible(header, "List-Unsubscribe-Post", LONGEST)?;
    let is_one_click = said.trim_ascii().eq_ignore_ascii_case(ONE_CLICK.as_bytes());
    addresses(header).into_iter().find(|url| is_one_click && url.scheme() == "https" && url.has_host())
}

/// Returns the addresses of List-Unsubscribe, in the order in which the list prefers them: each in angle brackets (RFC
/// 2369 §2).
fn addresses(header: &[u8]) -> Vec<Url> {
    let Some(value) = header::legible(header, "List-Unsubscribe", LONGEST) else { return Vec::new() };
    let value = String::from_utf8_lossy(&value).into_owned();
    let inside = value.split('<').skip(1).filter_map(|piece| piece.split_once('>').map(|(url, _)| url));
    inside.take(10).filter_map(|url| Url::parse(&url.replace(char::is_whitespace, "")).ok()).collect()
}

/// Posts for readers.
pub struct Unsubscriber {
    client: Client,
    turns: Turns,
}

impl Unsubscriber {
    /// Leaves lists by `client`, over TLS only.
    pub fn new(client: Client) -> Self {
        Self { client: client.over_tls_only(), turns: Turns::of(6, 24) }
    }

    async fn post(&self, reader: AccountId, url: &Url) -> ListAnswer {
        let Some(_turn) = self.turns.take(reader).await else { return ListAnswer::Busy };
        // The rest of the answer, beyond its status, is not read.
        let outcome = match self.client.post(url, fields(), Bytes::from_static(ONE_CLICK.as_bytes())).await {
            Ok(answer) if (200..300).contains(&answer.status) => ListAnswer::Done,
            Ok(_) => ListAnswer::Refused,
            Err(https::Error::OutOfReach(_) | https::Error::BadAddress) => ListAnswer::OutOfReach,
            Err(_) => ListAnswer::Unreachable,
        };
        tracing::debug!(host = url.host_str(), ?outcome, "a reader unsubscribes");
        outcome
    }
}

fn fields() -> HeaderMap {
    HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")),
        (ACCEPT, HeaderValue::from_static("*/*")),
        (USER_AGENT, HeaderValue::from_static("Facteur")),
    ])
}

/// The result of leaving a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum ListAnswer {
    /// The list has taken it.
    Done,
    /// The list has answered with an error.
    Refused,
    /// Nobody answered.
    Unreachable,
    /// Strangers may not have us connect to this address.
    OutOfReach,
    /// The reader, or everybody together, asks for too much.
    Busy,
    /// The letter names no address for such a request.
    NotOffered,
}

#[cfg(test)]
mod tests {
    use super::*;

    const POST: &str = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";

    fn way(fields: &str) -> Option<Way> {
        Way::out_of(format!("From: a@shop.test\r\n{fields}\r\nList-Unsubscribe: <https://evil.test/>\r\n").as_bytes())
    }

    #[test]
    fn a_letter_says_how_its_list_is_left() {
        let url = "https://shop.test/leave?who=1";
        let post = Some(Way::Post { host: "shop.test".into() });
        assert_eq!(way(&format!("List-Unsubscribe: <mailto:x@shop.test>,\r\n <{url}>\r\n{POST}")), post);
        let page = Some(Way::Page { url: url.into(), host: "shop.test".into() });
        assert_eq!(way(&format!("List-Unsubscribe: (leave) <{url}>\r\n")), page);
        assert_eq!(way(&format!("List-Unsubscribe: <{url}>\r\nList-Unsubscribe-Post: yes\r\n")), page);
        let mail = Some(Way::Mail { address: "mailto:x@shop.test?subject=leave".into() });
        assert_eq!(way(&format!("List-Unsubscribe: <mailto:x@shop.test?subject=leave>, <{url}>\r\n")), mail);
        for nothing in
            ["", "List-Unsubscribe: \r\n", "List-Unsubscribe: <javascript:alert(1)>, <file:///etc/passwd>\r\n"]
        {
            assert_eq!(way(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn nothing_is_posted_in_clear_nor_where_two_fields_contradict_each_other() {
        assert!(one_click(format!("List-Unsubscribe: <http://shop.test/>\r\n{POST}\r\n").as_bytes()).is_none());
        let twice = "List-Unsubscribe: <https://a.test/>\r\nList-Unsubscribe: <https://b.test/>\r\n";
        assert!(one_click(format!("{twice}{POST}\r\n").as_bytes()).is_none());
        let one = "List-Unsubscribe: <https://a.test/>\r\n";
        assert!(one_click(format!("{one}{POST}{POST}\r\n").as_bytes()).is_none());
        assert!(one_click(format!("{one}{POST}\r\n").as_bytes()).is_some());
        assert!(one_click(format!("From: x\r\n\r\n{one}{POST}\r\n").as_bytes()).is_none(), "it stands in the text");
    }
}
