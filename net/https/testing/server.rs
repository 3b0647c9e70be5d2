//! A server on this machine that writes down its requests, for the tests of clients.

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// It gives the answer that the test sets for a path, to several clients at one time.
pub struct Server {
    /// The address that it listens on.
    pub place: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts it.
    pub fn start(say: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (notes, say) = (asked.clone(), Arc::new(say));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, notes, say) = (stream.unwrap(), notes.clone(), say.clone());
                std::thread::spawn(move || {
                    let head = head(&mut stream);
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    notes.lock().unwrap().push(head);
                    say(&path, &mut stream);
                });
            }
        });
        Self { place, asked }
    }

    /// Returns the header of each request so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut octet = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut octet).is_ok_and(|read| read > 0) {
        head.extend_from_slice(&octet);
    }
    String::from_utf8(head).unwrap()
}
