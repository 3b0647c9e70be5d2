//! A made-up world: domains with their records, and servers at their addresses.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use auth::dkim::{Signer, SigningKey};
use tests::{Dialogue, NameServer, Office, OfficeBuilder, root};

/// The server of bank.test.
pub const BANK: &str = "198.51.100.10";
/// A server with a good name, which nobody lets send but itself.
pub const CLEAN: &str = "203.0.113.5";
/// A server without a name.
pub const NAMELESS: &str = "203.0.113.66";

/// The domains and their records.
pub struct World {
    pub names: NameServer,
}

impl World {
    pub fn new() -> Self {
        let names = NameServer::start();
        names.host("mail.bank.test", BANK);
        names.name_of(BANK, "mail.bank.test");
        names.host("mx.evil.test", CLEAN);
        names.name_of(CLEAN, "mx.evil.test");
        for (domain, spf, dmarc) in [
            ("bank.test", "v=spf1 ip4:198.51.100.10 -all", Some("v=DMARC1; p=reject")),
            ("soft.test", "v=spf1 ip4:198.51.100.10 ~all", Some("v=DMARC1; p=reject")),
            ("none.test", "v=spf1 ?all", Some("v=DMARC1; p=none")),
            ("evil.test", "v=spf1 ip4:203.0.113.0/24 -all", None),
        ] {
            names.mx(domain, "mail.bank.test");
            names.publish(domain, spf);
            names.publish(&format!("one._domainkey.{domain}"), &public_record());
            if let Some(dmarc) = dmarc {
                names.publish(&format!("_dmarc.{domain}"), dmarc);
            }
        }
        names.publish("one._domainkey.alpha.test", &public_record());
        let weak = fs::read_to_string(root().join("words/auth/src/dkim/samples/rsa-512.txt")).expect("a record");
        names.publish("old._domainkey.bank.test", weak.trim());
        names.mx("null.test", "");
        names.fail("failing.test");
        Self { names }
    }

    /// The lines of a configuration that ask its name server, and believe a proxy on this machine who comes.
    pub fn asked(&self, mode: &str) -> String {
        let proxy = "[proxy]\ntrusted = [\"127.0.0.1\"]\nprotocol = [\"smtp\"]\n";
        format!("{}{proxy}[receive]\nauthentication = \"{mode}\"\n", self.names.asked())
    }
}

/// alpha.test, where Alice lives.
pub fn office(world: &World) -> OfficeBuilder {
    OfficeBuilder::new("alpha.test").person("alice").configure(&world.asked("on"))
}

/// A server elsewhere, in a conversation.
pub struct Peer(Dialogue);

impl Peer {
    /// The server at this address greets the office.
    pub fn at(office: &Office, address: &str) -> Self {
        let mut dialogue = Dialogue::open(office.ports.smtp).expect("connected");
        dialogue.write(format!("PROXY TCP4 {address} 192.0.2.1 4660 25\r\n").as_bytes()).expect("said");
        dialogue.reply().expect("a greeting");
        dialogue.ask("EHLO mx.evil.test").expect("an answer");
        Self(dialogue)
    }

    /// The answer to the first recipient of a letter that is not sent.
    pub fn recipient(&mut self, from: &str, to: &str) -> String {
        self.0.ask("RSET").expect("an answer");
        assert!(self.0.ask(&format!("MAIL FROM:<{from}>")).expect("an answer").starts_with("250"));
        self.0.ask(&format!("RCPT TO:<{to}>")).expect("an answer")
    }

    /// The answer to a letter.
    pub fn send(mut self, from: &str, to: &[&str], letter: &str) -> String {
        self.0.ask(&format!("MAIL FROM:<{from}>")).expect("an answer");
        for to in to {
            let answer = self.0.ask(&format!("RCPT TO:<{to}>")).expect("an answer");
            assert!(answer.starts_with("250"), "{from} to {to}: {answer}");
        }
        self.0.ask("DATA").expect("an answer");
        self.0.write(format!("{letter}.\r\n").as_bytes()).expect("sent");
        self.0.reply().expect("an answer")
    }
}

/// A letter from somebody at this domain.
pub fn letter(domain: &str, id: &str) -> String {
    format!(
        "From: Info <info@{domain}>\r\nTo: alice@alpha.test\r\nSubject: Hello\r\nMessage-ID: <{id}@test>\r\n\r\n\
         Hello, here is {id}.\r\n"
    )
}

fn key() -> SigningKey {
    let pem = fs::read(root().join("words/auth/src/dkim/samples/ed25519.pem")).expect("a key");
    SigningKey::from_pem(&pem).expect("a key")
}

/// The record of the key that all domains of this world have.
pub fn public_record() -> String {
    key().public_record()
}

/// The letter with a signature of this domain.
pub fn signed(domain: &str, letter: &str) -> String {
    let signer = Signer { domain: domain.to_owned(), selector: "one".to_owned(), key: key() };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    signer.sign(letter.as_bytes(), now).expect("a signature") + letter
}

/// A letter with a signature by a key of 512 bits.
pub fn weak() -> String {
    fs::read_to_string(root().join("words/auth/src/dkim/samples/rsa-512.eml")).expect("a letter")
}
