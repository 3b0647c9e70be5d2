//! Requests by hand, with every header that a proxy or a hostile page could send.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An answer of the server.
#[derive(Clone, Debug)]
pub struct Answer {
    /// `200`
    pub status: u16,
    /// The header in lower case, one field a line.
    pub header: String,
    /// The body as it came.
    pub body: String,
}

impl Answer {
    /// The value of a field, if there is one.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.header.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// One request over plain HTTP to a port of this machine. `fields` holds `Name: value`, and a Host, unless it is left out.
pub fn ask(port: u16, method: &str, path: &str, fields: &[&str], body: &str) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("set");
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    let length = body.len();
    let request =
        format!("{method} {path} HTTP/1.1\r\n{fields}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut said = Vec::new();
    // An answer that never ends of itself (an event source) is read to its first ping, and not to its end.
    while !said.ends_with(b"}\n\n\r\n") {
        let mut piece = [0; 16 * 1024];
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(count) => said.extend_from_slice(&piece[..count]),
        }
    }
    let said = String::from_utf8_lossy(&said).into_owned();
    let (header, body) = said.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{method} {path}: {said:?}"));
    let status = header.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    Answer { status, header: header.to_lowercase().replace('\r', ""), body: body.to_owned() }
}
