//! The loop behind a door: accept, count, hand to the protocol, and end gracefully.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

use crate::introduction::{self, Introduction, is_somebody};
use crate::listen::Incoming;
use crate::places::Seat;
use crate::{Limits, Listener, Peer, Proxies, ServerTls, Shutdown, Stream};

/// Serves a door until `shutdown` is requested, one task a connection. Then the door is closed, and the call returns
/// when every handler has returned, or when the grace is over: handlers that still run are cut off.
///
/// On a door that begins with TLS the handler gets the stream after the handshake; if a proxy names its client, it gets
/// the stream of that client. A handler has its own [`Shutdown`] and says goodbye when asked.
pub async fn serve<H, F>(listener: Listener, limits: Limits, shutdown: Shutdown, handler: H)
where
    H: Fn(Stream) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let door = Arc::new(Door::of(&listener, limits));
    let handler = Arc::new(handler);
    let mut conversations = JoinSet::new();
    let ending = shutdown.requested();
    tokio::pin!(ending);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(ended) = conversations.join_next() => { note_panic(&door.role, ended); continue }
            () = &mut ending => break,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                rest_after(&door.role, &error).await;
                continue;
            }
        };
        match door.enter(peer) {
            Some(seat) => {
                conversations.spawn(converse(socket, seat, door.clone(), handler.clone()));
            }
            None => {
                let _ = socket.try_write(door.turn_away(peer).as_bytes());
            }
        }
    }
    drop(listener);
    drain(&door.role, conversations, &shutdown).await;
}

/// The context that all connections at one door share.
struct Door {
    role: Box<str>,
    number: usize,
    limits: Limits,
    /// The limits of a proxy, behind which many people stand.
    of_proxies: Limits,
    tls: Option<ServerTls>,
    proxies: Proxies,
    introduced: bool,
}

impl Door {
    fn of(listener: &Listener, limits: Limits) -> Self {
        Self {
            role: listener.role().into(),
            number: limits.places.door(),
            of_proxies: Limits { per_address: limits.total, ..limits.clone() },
            limits,
            tls: listener.tls().cloned(),
            proxies: listener.proxies().clone(),
            introduced: listener.is_introduced(),
        }
    }

    fn enter(&self, peer: Peer) -> Option<Arc<Seat>> {
        let limits = if self.proxies.trust_peer(peer) { &self.of_proxies } else { &self.limits };
        self.limits.places.enter(self.number, limits, peer)
    }

    /// Returns the text for a peer that has no place. It never waits: a peer that is turned away must not cost
    /// anything.
    fn turn_away(&self, peer: Peer) -> &'static str {
        tracing::warn!(role = &*self.role, %peer, "turned away: too many connections");
        // Nothing can be said in clear on a door that begins with TLS.
        if self.tls.is_some() { "" } else { self.limits.full }
    }

    /// Returns the stream of the client that the proxy speaks for; `None`: the connection ends here.
    async fn introduction(&self, mut stream: Stream) -> Option<Stream> {
        let proxy = stream.peer();
        let (from, to) = match introduction::read(&mut stream).await {
            Ok(Introduction::Of { from, to }) if is_somebody(from.ip()) => (from, to),
            Ok(_) => return Some(stream),
            // A look whether the port is open.
            Err(introduction::Fault::Nothing) => return None,
            Err(why) => {
                tracing::warn!(role = &*self.role, %proxy, %why, "a proxy is not served");
                return None;
            }
        };
        // Its own place first becomes free.
        stream.rise();
        match self.enter(Peer::Net(from)) {
            Some(seat) => Some(stream.introduced(from, to, seat)),
            None => {
                let _ = stream.write(self.turn_away(Peer::Net(from)).as_bytes()).now_or_never();
                None
            }
        }
    }
}

async fn converse<H, F>(socket: Incoming, seat: Arc<Seat>, door: Arc<Door>, handler: Arc<H>)
where
    H: Fn(Stream) -> F,
    F: Future<Output = ()>,
{
    // A socket that fails here belongs to a peer that has gone already.
    let Ok(mut stream) = Stream::accepted(socket, seat) else { return };
    if door.introduced && door.proxies.trust_peer(stream.peer()) {
        let Some(client) = door.introduction(stream).await else { return };
        stream = client;
    }
    let seat = stream.seat();
    if let Some(tls) = &door.tls {
        // The handshake is boxed: its state is large, and must not be part of the task for all its life.
        let shaken = tokio::select! {
            shaken = Box::pin(stream.start_tls_server(tls)) => shaken,
            () = needed(seat.as_deref()) => return,
        };
        stream = match shaken {
            Ok(stream) => stream,
            Err(error) => return tracing::debug!(%error, "TLS handshake failed"),
        };
        if let Some(seat) = &seat {
            seat.heard();
        }
    }
    drop(door);
    let conversation = handler(stream);
    drop(handler);
    conversation.await;
    drop(seat);
}

/// Resolves when another client needs the place.
async fn needed(seat: Option<&Seat>) {
    match seat {
        Some(seat) => seat.needed().await,
        None => std::future::pending().await,
    }
}

/// Waits after a lack of file handles or memory: the next try would fail as well and turn the loop into a busy one.
async fn rest_after(role: &str, error: &io::Error) {
    let of_the_peer = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    );
    if !of_the_peer {
        tracing::error!(role, %error, "cannot accept a connection");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn drain(role: &str, mut conversations: JoinSet<()>, shutdown: &Shutdown) {
    loop {
        tokio::select! {
            ended = conversations.join_next() => match ended {
                Some(ended) => note_panic(role, ended),
                None => return,
            },
            () = shutdown.overdue() => {
                tracing::warn!(role, cut_off = conversations.len(), "conversations did not end in time");
                conversations.shutdown().await;
                return;
            }
        }
    }
}

fn note_panic(role: &str, ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(role, %error, "a conversation ended in a panic: a bug in Facteur");
    }
}
