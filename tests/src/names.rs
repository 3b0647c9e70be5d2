//! A name server on this machine, which knows what a test tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard};

/// The kinds of records that it knows (RFC 1035 §3.2.2).
const A: u16 = 1;
const PTR: u16 = 12;
const MX: u16 = 15;
const TXT: u16 = 16;
const AAAA: u16 = 28;

/// All that it knows.
#[derive(Default)]
struct Zone {
    /// The data of records, by name and kind.
    records: BTreeMap<String, Vec<(u16, Vec<u8>)>>,
    /// The names about which it cannot say anything (SERVFAIL).
    failing: BTreeSet<String>,
    /// It answers nobody.
    is_silent: bool,
}

/// Answers questions (RFC 1035) about the names that it was told; no other name exists.
pub struct NameServer {
    /// Its port on 127.0.0.1.
    pub port: u16,
    zone: Arc<Mutex<Zone>>,
}

impl NameServer {
    /// Starts it. It knows nothing yet.
    pub fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let port = socket.local_addr().expect("a port").port();
        let zone = Arc::<Mutex<Zone>>::default();
        let known = zone.clone();
        std::thread::spawn(move || {
            let mut question = [0; 4096];
            while let Ok((length, from)) = socket.recv_from(&mut question) {
                if let Some(reply) = reply(&question[..length], &known) {
                    let _ = socket.send_to(&reply, from);
                }
            }
        });
        Self { port, zone }
    }

    /// The lines of a configuration that ask it.
    pub fn asked(&self) -> String {
        format!("[dns]\nservers = [\"127.0.0.1:{}\"]\n", self.port)
    }

    fn zone(&self) -> MutexGuard<'_, Zone> {
        self.zone.lock().expect("lock")
    }

    fn add(&self, name: &str, kind: u16, data: Vec<u8>) {
        self.zone().records.entry(name.to_lowercase()).or_default().push((kind, data));
    }

    /// Publishes a text instead of those that the name had.
    pub fn publish(&self, name: &str, text: &str) {
        self.zone().records.entry(name.to_lowercase()).or_default().retain(|(kind, _)| *kind != TXT);
        let mut data = Vec::new();
        for piece in text.as_bytes().chunks(255) {
            data.push(u8::try_from(piece.len()).expect("a string is short"));
            data.extend(piece);
        }
        self.add(name, TXT, data);
    }

    /// Gives a host an address.
    pub fn host(&self, name: &str, ip: &str) {
        match ip.parse::<IpAddr>().expect("an address") {
            IpAddr::V4(ip) => self.add(name, A, ip.octets().to_vec()),
            IpAddr::V6(ip) => self.add(name, AAAA, ip.octets().to_vec()),
        }
    }

    /// Names the host that takes letters for a domain; an empty one takes none (RFC 7505).
    pub fn mx(&self, domain: &str, host: &str) {
        self.add(domain, MX, [&[0, 0][..], &labels(host)].concat());
    }

    /// Gives an IPv4 address a name.
    pub fn name_of(&self, ip: &str, name: &str) {
        let mut octets: Vec<&str> = ip.split('.').collect();
        octets.reverse();
        self.add(&format!("{}.in-addr.arpa", octets.join(".")), PTR, labels(name));
    }

    /// From now on it cannot say anything about this name.
    pub fn fail(&self, name: &str) {
        self.zone().failing.insert(name.to_lowercase());
    }

    /// It can say again what it knows about this name.
    pub fn recover(&self, name: &str) {
        self.zone().failing.remove(&name.to_lowercase());
    }

    /// From now on it answers nobody, or does again.
    pub fn be_silent(&self, is_silent: bool) {
        self.zone().is_silent = is_silent;
    }
}

/// A name as records have it, without pointers.
fn labels(name: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        octets.push(u8::try_from(label.len()).expect("a label is short"));
        octets.extend(label.as_bytes());
    }
    octets.push(0);
    octets
}

fn reply(question: &[u8], zone: &Mutex<Zone>) -> Option<Vec<u8>> {
    let (mut at, mut labels) = (12, Vec::new());
    while *question.get(at)? != 0 {
        let length = usize::from(question[at]);
        labels.push(String::from_utf8_lossy(question.get(at + 1..=at + length)?).to_lowercase());
        at += length + 1;
    }
    let asked = question.get(12..at + 5)?;
    let kind = u16::from_be_bytes([asked[asked.len() - 4], asked[asked.len() - 3]]);
    let (name, zone) = (labels.join("."), zone.lock().expect("lock"));
    if zone.is_silent {
        return None;
    }
    let known = zone.records.get(&name);
    // A name above one that is known exists as well (RFC 8020).
    let exists = known.is_some() || zone.records.keys().any(|known| known.ends_with(&format!(".{name}")));
    let answers: Vec<Vec<u8>> = known.into_iter().flatten().filter(|(of, _)| *of == kind).map(record).collect();
    // An authoritative answer: SERVFAIL, NXDOMAIN, or what is known.
    let (code, answers) = match (zone.failing.contains(&name), exists) {
        (true, _) => (2, Vec::new()),
        (false, false) => (3, Vec::new()),
        (false, true) => (0, answers),
    };
    let count = u16::try_from(answers.len()).expect("few records").to_be_bytes();
    let mut reply = question[..2].to_vec();
    reply.extend([0x85, 0x80 | code, 0, 1, count[0], count[1], 0, 0, 0, 0]);
    reply.extend(asked);
    reply.extend(answers.concat());
    Some(reply)
}

/// A record for the name in the question.
fn record((kind, data): &(u16, Vec<u8>)) -> Vec<u8> {
    let mut record = vec![0xc0, 12];
    record.extend(kind.to_be_bytes());
    record.extend([0, 1, 0, 0, 0, 0]);
    record.extend(u16::try_from(data.len()).expect("a record is short").to_be_bytes());
    record.extend(data);
    record
}
