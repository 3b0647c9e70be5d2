//! A bad line between two programs: it breaks, is slow, or is down for a while.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The faults of the line. Each connection takes those that hold when it is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Line {
    /// Breaks when so many octets have come from the server.
    pub cut_after: Option<u64>,
    /// Breaks somewhere before so many octets have come, each connection elsewhere; the places are the same in each run.
    pub cut_before: Option<u64>,
    /// Octets a second towards the client, at most.
    pub rate: Option<u64>,
    /// Takes connections and closes them at once, until then.
    pub down_until: Option<Instant>,
}

/// The line, from a port of its own to another of this machine.
pub struct Cut {
    /// The port that the client connects to.
    pub port: u16,
    line: Arc<Mutex<Line>>,
    connections: Arc<AtomicUsize>,
    octets: Arc<AtomicU64>,
    cuts: Arc<AtomicUsize>,
}

impl Cut {
    /// A good line to a port of this machine.
    pub fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let cut = Self {
            port: listener.local_addr().expect("a port").port(),
            line: Arc::default(),
            connections: Arc::default(),
            octets: Arc::default(),
            cuts: Arc::default(),
        };
        let (line, connections) = (cut.line.clone(), cut.connections.clone());
        let (octets, cuts) = (cut.octets.clone(), cut.cuts.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let number = connections.fetch_add(1, Ordering::Relaxed);
                let line = *line.lock().unwrap_or_else(PoisonError::into_inner);
                if line.down_until.is_some_and(|until| Instant::now() < until) {
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                join(client, server, line, number, &octets, &cuts);
            }
        });
        cut
    }

    /// Returns the faults that the connections to come will have.
    pub fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how many connections were made.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Returns how many octets went to the client.
    pub fn octets(&self) -> u64 {
        self.octets.load(Ordering::Relaxed)
    }

    /// Returns how many connections it broke.
    pub fn cuts(&self) -> usize {
        self.cuts.load(Ordering::Relaxed)
    }
}

fn join(
    client: TcpStream,
    server: TcpStream,
    line: Line,
    number: usize,
    octets: &Arc<AtomicU64>,
    cuts: &Arc<AtomicUsize>,
) {
    let (Ok(mut from_client), Ok(mut to_server)) = (client.try_clone(), server.try_clone()) else { return };
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let (octets, cuts) = (octets.clone(), cuts.clone());
    let limit = line.cut_before.map_or(line.cut_after, |most| Some(somewhere(number, most)));
    std::thread::spawn(move || {
        if carry(&server, &client, limit, line.rate, &octets) {
            cuts.fetch_add(1, Ordering::Relaxed);
        }
        let _ = client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Both);
    });
}

/// True when the line broke.
fn carry(
    mut server: &TcpStream,
    mut client: &TcpStream,
    limit: Option<u64>,
    rate: Option<u64>,
    all: &AtomicU64,
) -> bool {
    let mut buffer = [0; 16 * 1024];
    let mut left = limit.unwrap_or(u64::MAX);
    loop {
        let most = usize::try_from(left).unwrap_or(buffer.len()).min(buffer.len());
        if most == 0 {
            return true;
        }
        let Ok(length @ 1..) = server.read(&mut buffer[..most]) else { return false };
        if let Some(rate) = rate {
            // time passes: the peer is slow
            std::thread::sleep(Duration::from_secs_f64(length as f64 / rate as f64));
        }
        if client.write_all(&buffer[..length]).is_err() {
            return false;
        }
        left -= length as u64;
        all.fetch_add(length as u64, Ordering::Relaxed);
    }
}

/// A place below `most` for each connection: scattered (a multiplicative hash), and the same in each run.
fn somewhere(number: usize, most: u64) -> u64 {
    let scattered = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11;
    scattered % most.max(1)
}
