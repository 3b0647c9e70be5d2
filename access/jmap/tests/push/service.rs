//! A push service on this machine, over TLS: it keeps the messages that are posted to it, and answers as the test sets.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use net::{ClientTls, ServerTls, Stream};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A message: its header in lower case and unchanged, and its body.
#[derive(Clone, Debug)]
pub struct Message {
    pub header: String,
    pub whole: String,
    pub body: Vec<u8>,
}

pub struct Service {
    pub place: SocketAddr,
    pub tls: ClientTls,
    messages: Arc<Mutex<Vec<Message>>>,
    status: Arc<Mutex<&'static str>>,
    _folder: tempfile::TempDir,
}

impl Service {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = ServerTls::self_signed(folder.path(), "push.test").unwrap();
        let certificate = std::fs::read(folder.path().join("tls/self-signed-push.test.pem")).unwrap();
        let tls = ClientTls::trusting(&certificate, Vec::new()).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = listener.local_addr().unwrap();
        let (messages, status) = (Arc::<Mutex<Vec<Message>>>::default(), Arc::new(Mutex::new("201 Created")));
        let (kept, answer) = (messages.clone(), status.clone());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let stream = Stream::plain(socket).unwrap();
                let Ok(stream) = stream.start_tls_server(&server).await else { continue };
                let status = *answer.lock().unwrap();
                if let Some(message) = exchange(stream, status).await {
                    kept.lock().unwrap().push(message);
                }
            }
        });
        Self { place, tls, messages, status, _folder: folder }
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://push.test:{}{path}", self.place.port())
    }

    pub fn answer(&self, status: &'static str) {
        *self.status.lock().unwrap() = status;
    }

    pub fn count(&self) -> usize {
        self.messages.lock().unwrap().len()
    }

    /// Waits for the message of this number, from 0, and returns it.
    pub fn message(&self, number: usize) -> Message {
        waiting::wait_for(format!("message {number} comes"), || self.messages.lock().unwrap().get(number).cloned())
    }
}

impl Message {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

async fn exchange(mut stream: Stream, status: &str) -> Option<Message> {
    let mut octets = Vec::new();
    let end = loop {
        stream.read_buf(&mut octets).await.ok().filter(|read| *read > 0)?;
        if let Some(end) = octets.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let whole = String::from_utf8_lossy(&octets[..end]).into_owned();
    let header = whole.to_lowercase();
    let length = header.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse::<usize>().ok()?;
    while octets.len() < end + length {
        stream.read_buf(&mut octets).await.ok().filter(|read| *read > 0)?;
    }
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()?;
    Some(Message { header, whole, body: octets[end..].to_vec() })
}
