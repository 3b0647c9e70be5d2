//! Reads a provider's file for mail programs, in the form that Thunderbird defined (`config-v1.1.xml`). The file
//! comes from outside: it is bounded, no entity is expanded but the five of XML and single characters, and elements
//! that are not understood are passed over.

use mail::Address;
use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::Protocol;
use crate::place::Mailbox;

/// Octets of a file.
pub const LARGEST: usize = 64 * 1024;
/// Servers of a file that are looked at.
const MOST_SERVERS: usize = 20;
/// Elements in elements.
const DEEPEST: usize = 16;
/// Characters of one value.
const LONGEST: usize = 300;

/// A server that a file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The mailbox, with the name to log in with; the name is empty if the file does not say it.
    pub mailbox: Mailbox,
    /// It takes tokens (OAuth 2) and no passwords.
    pub wants_token: bool,
}

/// The servers that a file names for an address, in the order of the file. Those without encryption are none.
pub fn servers(file: &[u8], address: &Address) -> Vec<Server> {
    let Some(text) = file.get(..file.len().min(LARGEST)).and_then(|file| std::str::from_utf8(file).ok()) else {
        return Vec::new();
    };
    let mut reading = Reading::default();
    let mut reader = Reader::from_str(text);
    // A file that breaks off is believed as far as it was whole.
    while let Ok(event) = reader.read_event() {
        if matches!(event, Event::Eof) || !reading.take(&event) {
            break;
        }
    }
    reading.whole.iter().filter_map(|raw| raw.server(address)).collect()
}

/// One `incomingServer`, as it is written.
#[derive(Default)]
struct Raw {
    kind: String,
    hostname: String,
    port: String,
    socket_type: String,
    username: String,
    authentication: Vec<String>,
}

#[derive(Default)]
struct Reading {
    /// The names of the elements we are in.
    path: Vec<String>,
    now: Option<Raw>,
    value: String,
    whole: Vec<Raw>,
}

impl Reading {
    /// Takes an event; `false` if it goes too far.
    fn take(&mut self, event: &Event<'_>) -> bool {
        match event {
            Event::Start(start) => self.begin(start),
            Event::End(_) => self.end(),
            Event::Text(text) => self.add(&text.xml10_content()),
            Event::CData(text) => self.add(&text.xml10_content()),
            Event::GeneralRef(reference) => return self.refer(reference),
            _ => {}
        }
        self.path.len() <= DEEPEST && self.whole.len() < MOST_SERVERS
    }

    fn begin(&mut self, start: &BytesStart<'_>) {
        let name = start.local_name().into_inner().to_owned();
        if name == "incomingServer" && self.now.is_none() {
            let kind = start.try_get_attribute("type").ok().flatten();
            let kind = kind.map(|kind| kind.value.trim().to_ascii_lowercase()).unwrap_or_default();
            self.now = Some(Raw { kind, ..Raw::default() });
        }
        self.value.clear();
        self.path.push(name);
    }

    fn end(&mut self) {
        let (name, value) = (self.path.pop().unwrap_or_default(), self.value.trim().to_owned());
        self.value.clear();
        let is_child = self.path.last().is_some_and(|parent| parent == "incomingServer");
        match (&mut self.now, name.as_str()) {
            (Some(_), "incomingServer") => self.whole.extend(self.now.take()),
            (Some(raw), "hostname") if is_child => raw.hostname = value,
            (Some(raw), "port") if is_child => raw.port = value,
            (Some(raw), "socketType") if is_child => raw.socket_type = value.to_ascii_uppercase(),
            (Some(raw), "username") if is_child => raw.username = value,
            (Some(raw), "authentication") if is_child && raw.authentication.len() < MOST_SERVERS => {
                raw.authentication.push(value.to_ascii_lowercase());
            }
            _ => {}
        }
    }

    fn add(&mut self, text: &str) {
        let room = LONGEST.saturating_sub(self.value.len());
        self.value.extend(text.chars().take(room));
    }

    /// An entity that the file defines itself is none of ours: it could stand for anything, a million times.
    fn refer(&mut self, reference: &BytesRef<'_>) -> bool {
        let name = reference.xml10_content();
        let character = reference.resolve_char_ref().ok().flatten().map(String::from);
        match character.or_else(|| resolve_xml_entity(&name).map(str::to_owned)) {
            Some(text) => self.add(&text),
            None => return false,
        }
        true
    }
}

impl Raw {
    fn server(&self, address: &Address) -> Option<Server> {
        let protocol = match self.kind.as_str() {
            "imap" => Protocol::Imap,
            "pop3" => Protocol::Pop3,
            _ => return None,
        };
        let tls = match self.socket_type.as_str() {
            "SSL" | "TLS" => true,
            "STARTTLS" => false,
            _ => return None,
        };
        let user = filled(&self.username, address);
        let hostname = filled(&self.hostname, address);
        if [&user, &hostname].iter().any(|text| text.chars().any(|c| c.is_control() || c.is_whitespace())) {
            return None;
        }
        let scheme = match (protocol, tls) {
            (Protocol::Imap, true) => "imaps",
            (Protocol::Imap, false) => "imap",
            (Protocol::Pop3, true) => "pop3s",
            (Protocol::Pop3, false) => "pop3",
        };
        // Judged as if the person had written it: port and protocol must go together here too.
        let place = Mailbox::parse(&format!("{scheme}://user@{hostname}:{}", self.port)).ok()?;
        let wants_token =
            !self.authentication.is_empty() && self.authentication.iter().all(|endpoint| endpoint == "oauth2");
        Some(Server { mailbox: Mailbox { user, ..place }, wants_token })
    }
}

/// Fills the address into the places that the file leaves for it.
fn filled(text: &str, address: &Address) -> String {
    let whole = text.replace("%EMAILADDRESS%", &address.to_string());
    whole.replace("%EMAILLOCALPART%", address.local()).replace("%EMAILDOMAIN%", address.domain().as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn alice() -> Address {
        Address::parse("alice@provider.example").unwrap()
    }

    fn shown(file: &str) -> Vec<String> {
        servers(file.as_bytes(), &alice()).iter().map(|server| server.mailbox.to_string()).collect()
    }

    fn server(kind: &str, host: &str, port: &str, socket: &str, user: &str) -> String {
        format!(
            "<incomingServer type=\"{kind}\"><hostname>{host}</hostname><port>{port}</port>\
             <socketType>{socket}</socketType><username>{user}</username>\
             <authentication>password-cleartext</authentication></incomingServer>"
        )
    }

    #[test]
    fn the_servers_of_a_file_come_in_its_order_with_the_name_to_log_in_with() {
        let file = [
            "<?xml version=\"1.0\"?><clientConfig version=\"1.1\"><emailProvider id=\"provider.example\">",
            &server("imap", "imap.provider.example", "993", "SSL", "%EMAILADDRESS%"),
            &server("imap", "imap.%EMAILDOMAIN%", "143", "STARTTLS", "%EMAILLOCALPART%"),
            &server("pop3", " pop.provider.example\n", "995", "SSL", "a&amp;b"),
            &server("imap", "plain.provider.example", "143", "plain", "x"),
            &server("exchange", "x.provider.example", "443", "SSL", "x"),
            "<outgoingServer type=\"smtp\"><hostname>smtp.provider.example</hostname></outgoingServer>",
            "</emailProvider></clientConfig>",
        ]
        .concat();
        assert_eq!(
            shown(&file),
            [
                "imaps://alice@provider.example@imap.provider.example",
                "imap://alice@imap.provider.example",
                "pop3s://a&b@pop.provider.example"
            ]
        );
    }

    #[test]
    fn a_server_that_takes_tokens_only_is_known_as_such() {
        let file = server("imap", "imap.x.test", "993", "SSL", "u");
        assert!(!servers(file.as_bytes(), &alice())[0].wants_token);
        let file = file.replace("password-cleartext", "OAuth2");
        assert!(servers(file.as_bytes(), &alice())[0].wants_token);
    }

    #[test]
    fn entities_are_not_expanded_and_odd_values_name_no_server() {
        let bomb = format!(
            "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><c>{}</c>",
            server("imap", "&b;.test", "993", "SSL", "x")
        );
        assert_eq!(shown(&bomb), Vec::<String>::new());
        for (host, port, user) in [
            ("imap.x.test", "995", "u"),
            ("imap.x.test", "0", "u"),
            ("imap.x.test", "99999", "u"),
            ("", "993", "u"),
            ("imap.x.test/x", "993", "u"),
            ("imap.x.test", "993", "u&#10;A1 LOGOUT"),
        ] {
            assert_eq!(shown(&server("imap", host, port, "SSL", user)), Vec::<String>::new(), "{host} {port} {user}");
        }
        let deep = "<a>".repeat(50_000);
        assert_eq!(shown(&deep), Vec::<String>::new());
        let many = server("imap", "imap.x.test", "993", "SSL", "u").repeat(1000);
        assert_eq!(shown(&many).len(), MOST_SERVERS);
    }

    proptest! {
        #[test]
        fn any_file_is_read_to_an_end(file in prop::collection::vec(any::<u8>(), 0..2000)) {
            let _ = servers(&file, &alice());
        }

        #[test]
        fn any_tags_are_read_to_an_end(parts in prop::collection::vec(prop_oneof![
            Just("<incomingServer type=\"imap\">"), Just("</incomingServer>"), Just("<hostname>"), Just("</hostname>"),
            Just("h.test"), Just("<port>"), Just("</port>"), Just("993"), Just("<socketType>SSL</socketType>"), Just("&#0;"),
            Just("&lt;"), Just("<![CDATA[x]]>"), Just("<!--"), Just("-->"), Just("<username/>"),
        ], 0..60)) {
            for server in servers(parts.concat().as_bytes(), &alice()) {
                prop_assert!(server.mailbox.port > 0 && !server.mailbox.host.is_empty());
            }
        }
    }
}
