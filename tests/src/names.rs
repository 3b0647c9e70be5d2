//! A name server on this machine that knows only texts.

use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::sync::{Arc, Mutex};

/// The texts that it knows, by name.
type Texts = Arc<Mutex<BTreeMap<String, String>>>;

/// The kind of a record that holds texts.
const TXT: [u8; 2] = [0, 16];

/// Answers questions for texts (RFC 1035): for names that it was told; no other name exists.
pub struct NameServer {
    /// Its port on 127.0.0.1.
    pub port: u16,
    texts: Texts,
}

impl NameServer {
    /// Starts it. It knows nothing yet.
    pub fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let port = socket.local_addr().expect("a port").port();
        let texts = Texts::default();
        let known = texts.clone();
        std::thread::spawn(move || {
            let mut question = [0; 4096];
            while let Ok((length, from)) = socket.recv_from(&mut question) {
                if let Some(reply) = reply(&question[..length], &known) {
                    let _ = socket.send_to(&reply, from);
                }
            }
        });
        Self { port, texts }
    }

    /// Publishes a text.
    pub fn publish(&self, name: &str, text: &str) {
        self.texts.lock().expect("lock").insert(name.to_lowercase(), text.to_owned());
    }
}

fn reply(question: &[u8], texts: &Texts) -> Option<Vec<u8>> {
    let (mut at, mut labels) = (12, Vec::new());
    while *question.get(at)? != 0 {
        let length = usize::from(question[at]);
        labels.push(String::from_utf8_lossy(question.get(at + 1..=at + length)?).to_lowercase());
        at += length + 1;
    }
    let asked = question.get(12..at + 5)?;
    let known = texts.lock().expect("lock").get(&labels.join(".")).cloned();
    let is_text = asked[asked.len() - 4..asked.len() - 2] == TXT;
    let answer = known.as_ref().filter(|_| is_text).map(|text| record(text));
    // An authoritative answer; NXDOMAIN for a name that is not known.
    let code = if known.is_some() { 0 } else { 3 };
    let mut reply = question[..2].to_vec();
    reply.extend([0x85, 0x80 | code, 0, 1, 0, u8::from(answer.is_some()), 0, 0, 0, 0]);
    reply.extend(asked);
    reply.extend(answer.unwrap_or_default());
    Some(reply)
}

/// A record for the name in the question, of strings of 255 octets at most.
fn record(text: &str) -> Vec<u8> {
    let mut data = Vec::new();
    for piece in text.as_bytes().chunks(255) {
        data.push(u8::try_from(piece.len()).expect("a string is short"));
        data.extend(piece);
    }
    let mut record = vec![0xc0, 12];
    record.extend(TXT);
    record.extend([0, 1, 0, 0, 0, 0]);
    record.extend(u16::try_from(data.len()).expect("a record is short").to_be_bytes());
    record.extend(data);
    record
}
