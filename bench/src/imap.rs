//! A blocking IMAP client over TLS, as small as it can be.

use std::io::{BufRead, Write};

use crate::tls;

/// A logged-in connection.
pub struct Imap {
    stream: tls::Stream,
    line: Vec<u8>,
}

impl Imap {
    /// Connects and logs in.
    pub fn open(port: u16, name: &str, password: &str) -> Self {
        let mut imap = Self { stream: tls::connect(port), line: Vec::new() };
        imap.read_line();
        imap.ask(&format!("LOGIN {name} \"{password}\""));
        imap
    }

    /// Sends a command and reads to its tagged answer, which must be OK. Returns the octets and lines that came.
    pub fn ask(&mut self, command: &str) -> (usize, usize) {
        self.send(command);
        let (mut octets, mut lines) = (0, 0);
        loop {
            octets += self.read_line();
            lines += 1;
            if self.line.starts_with(b"t ") {
                assert!(self.line.starts_with(b"t OK"), "{command}: {}", String::from_utf8_lossy(&self.line));
                return (octets, lines);
            }
        }
    }

    /// Starts IDLE and reads up to the `+`.
    pub fn idle(&mut self) {
        self.send("IDLE");
        while !self.line.starts_with(b"+") {
            self.read_line();
        }
    }

    fn send(&mut self, command: &str) {
        let stream = self.stream.get_mut();
        stream.write_all(format!("t {command}\r\n").as_bytes()).and_then(|()| stream.flush()).expect("sent");
    }

    fn read_line(&mut self) -> usize {
        self.line.clear();
        let length = self.stream.read_until(b'\n', &mut self.line).expect("read");
        assert!(length > 0, "the server closed");
        length
    }
}
