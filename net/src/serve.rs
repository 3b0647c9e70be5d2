//! The loop behind a door: accept, count, hand to the protocol, and end gracefully.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::listen::Incoming;
use crate::places::Seat;
use crate::{Limits, Listener, Peer, ServerTls, Shutdown, Stream};

/// Serves a door until `shutdown` is requested, one task a connection. Then the door is closed, and the call returns
/// when every handler has returned, or when the grace is over: those that still run are cut off.
///
/// On a door that begins with TLS the handler gets the stream after the handshake. A handler holds its own [`Shutdown`]
/// and says goodbye when asked.
pub async fn serve<H, F>(listener: Listener, limits: Limits, shutdown: Shutdown, handler: H)
where
    H: Fn(Stream) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let role: Arc<str> = listener.role().into();
    let door = limits.places.door();
    let handler = Arc::new(handler);
    let mut conversations = JoinSet::new();
    let ending = shutdown.requested();
    tokio::pin!(ending);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(ended) = conversations.join_next() => { note_panic(&role, ended); continue }
            () = &mut ending => break,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                rest_after(&role, &error).await;
                continue;
            }
        };
        match limits.places.enter(door, &limits, peer) {
            Some(seat) => {
                conversations.spawn(converse(socket, seat, listener.tls().cloned(), handler.clone()));
            }
            // Nothing can be said in clear on a door that begins with TLS.
            None => turn_away(&role, &socket, peer, if listener.tls().is_some() { "" } else { limits.full }),
        }
    }
    drop(listener);
    drain(&role, conversations, &shutdown).await;
}

async fn converse<H, F>(socket: Incoming, seat: Arc<Seat>, tls: Option<ServerTls>, handler: Arc<H>)
where
    H: Fn(Stream) -> F,
    F: Future<Output = ()>,
{
    // A socket that fails here belongs to a peer that has gone already.
    let Ok(mut stream) = Stream::accepted(socket, seat.clone()) else { return };
    if let Some(tls) = tls {
        // Boxed: the handshake's state is large, and must not be part of the task for all its life.
        let shaken = tokio::select! {
            shaken = Box::pin(stream.start_tls_server(&tls)) => shaken,
            () = seat.needed() => return,
        };
        stream = match shaken {
            Ok(stream) => stream,
            Err(error) => return tracing::debug!(%error, "TLS handshake failed"),
        };
        seat.heard();
    }
    let conversation = handler(stream);
    drop(handler);
    conversation.await;
    drop(seat);
}

/// Says why, and closes. Never waits: who is turned away must not cost anything.
fn turn_away(role: &str, socket: &Incoming, peer: Peer, full: &'static str) {
    tracing::warn!(role, %peer, "turned away: too many connections");
    let _ = socket.try_write(full.as_bytes());
}

/// Out of file handles or memory: the next try at once would fail as well and turn the loop into a busy one.
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
