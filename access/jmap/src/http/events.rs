//! The event source (RFC 8620 §7.3): a person hears which states have changed.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use mail::seam::AccountId;
use mail::stay::{Doing, SharedStay};
use serde::Deserialize;
use tokio::time::{Instant, sleep_until};

use super::answer;
use super::door::Person;
use crate::limits;
use crate::push::{self, States};
use crate::server::{Server, Turn};

/// The shortest and the longest time between pings, in seconds (RFC 8620 §7.3 lets the server choose).
const FASTEST: u64 = 5;
const SLOWEST: u64 = 900;
/// Several changes within this time are one event.
const PAUSE: Duration = Duration::from_millis(50);

#[derive(Deserialize)]
pub struct Wish {
    types: Option<String>,
    closeafter: Option<String>,
    ping: Option<String>,
}

impl Wish {
    /// Treats an empty argument as absent: some clients leave arguments empty when they fill the template of the URL.
    fn of_what_is_given(self) -> Self {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        Self { types: given(self.types), closeafter: given(self.closeafter), ping: given(self.ping) }
    }

    /// Returns the types that the client listens to; `None` means all.
    fn types(&self) -> Option<Vec<String>> {
        let types: Vec<String> = self.types.as_ref()?.split(',').map(|name| name.trim().to_owned()).collect();
        Some(types).filter(|types| !types.iter().any(|name| name == "*"))
    }
}

/// A client that listens.
struct Listener {
    server: Arc<Server>,
    account: AccountId,
    watch: store::Watch,
    types: Option<Vec<String>>,
    close_after_state: bool,
    ping: Option<Duration>,
    next_ping: Instant,
    /// True if nothing has been sent yet.
    is_new: bool,
    known: States,
    /// True if there is something to tell immediately.
    missed: bool,
    over: bool,
    /// The time that the client may listen.
    stay: SharedStay,
    _turn: Turn<AccountId>,
}

pub async fn events(
    State(server): State<Arc<Server>>,
    Person(person, wire): Person,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Response {
    let wish = wish.of_what_is_given();
    let Ok(ping) = wish.ping.as_deref().unwrap_or("0").parse::<u64>() else {
        return answer::plain_problem(StatusCode::BAD_REQUEST, "ping must be a number of seconds");
    };
    let close_after_state = match wish.closeafter.as_deref() {
        None | Some("no") => false,
        Some("state") => true,
        Some(_) => return answer::plain_problem(StatusCode::BAD_REQUEST, "closeafter must be state or no"),
    };
    let types = wish.types();
    let Some(turn) = server.listeners.begin(person.account, limits::EVENT_SOURCES) else {
        return answer::plain_problem(StatusCode::TOO_MANY_REQUESTS, "too many event sources are open");
    };
    let stay = server.shared.logins.stay(&person, Doing::Events, wire.ip);
    // The watch begins before the reading, so that no change falls between.
    let watch = server.shared.store.watch(mailbox::account::topic(person.account));
    let account = person.account;
    let Ok(known) = server.read(account, move |view| push::states(view, account)).await else {
        return answer::plain_problem(StatusCode::SERVICE_UNAVAILABLE, "the account cannot be read now");
    };
    // A client that comes back learns immediately what it has missed.
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let heard = last.and_then(|id| known.of_event_id(id)).filter(|heard| *heard != known);
    let (missed, known) = (heard.is_some(), heard.unwrap_or(known));
    let ping = (ping > 0).then(|| Duration::from_secs(ping.clamp(FASTEST, SLOWEST)));
    let next_ping = Instant::now() + ping.unwrap_or_default();
    let over = false;
    let listener = Listener {
        server,
        account,
        watch,
        types,
        close_after_state,
        ping,
        next_ping,
        is_new: true,
        known,
        missed,
        over,
        stay,
        _turn: turn,
    };
    let events = stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok::<_, std::convert::Infallible>(event), listener))
    });
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store"));
    // This header keeps a proxy from holding events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

impl Listener {
    /// Returns the next event; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        // A client that wants pings gets one immediately, so that proxies let the header pass. A client that wants none
        // gets nothing but changes: a comment would do as well, but there are clients that take the empty line behind
        // it for an event without data, and stop (the crate jmap-client).
        if std::mem::take(&mut self.is_new) && self.ping.is_some() {
            return Some(self.ping_event());
        }
        while !self.over {
            if std::mem::take(&mut self.missed)
                && let Some(event) = self.state_event().await
            {
                self.over = self.close_after_state;
                return Some(event);
            }
            let (shutdown, stay) = (self.server.shared.shutdown.clone(), self.stay.clone());
            tokio::select! {
                biased;
                // The client comes back, and then learns that it has to log in.
                _ = stay.over() => self.over = true,
                () = self.watch.changed() => {
                    tokio::time::sleep(PAUSE).await;
                    self.watch.take();
                    if self.stay.is_over().is_some() {
                        continue;
                    }
                    if let Some(event) = self.state_event().await {
                        self.over = self.close_after_state;
                        return Some(event);
                    }
                }
                () = sleep_until(self.next_ping), if self.ping.is_some() => return Some(self.ping_event()),
                () = shutdown.requested() => self.over = true,
            }
        }
        None
    }

    fn ping_event(&mut self) -> Bytes {
        let interval = self.ping.unwrap_or_default();
        self.next_ping = Instant::now() + interval;
        format!("event: ping\ndata: {{\"interval\":{}}}\n\n", interval.as_secs()).into()
    }

    /// Returns an event with the changed states that the client listens to, if any changed.
    async fn state_event(&mut self) -> Option<Bytes> {
        let account = self.account;
        let now = match self.server.read(account, move |view| push::states(view, account)).await {
            Ok(now) => now,
            // The account has gone, or the store is closing.
            Err(error) => {
                tracing::debug!(?error, "an event source ends");
                self.over = true;
                return None;
            }
        };
        let before = std::mem::replace(&mut self.known, now);
        let change = self.known.since(&before, self.types.as_deref())?;
        // RFC 8620 §7.3: a ping comes when so much time has gone by since the last event.
        self.next_ping = Instant::now() + self.ping.unwrap_or_default();
        let (id, change) = (self.known.event_id(), push::state_change(account, change));
        Some(format!("event: state\nid: {id}\ndata: {change}\n\n").into())
    }
}
