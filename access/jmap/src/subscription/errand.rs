//! Serves one subscription: sends its code, or tells it of changes, with growing pauses while that fails.

use std::sync::Arc;
use std::time::Duration;

use https::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use https::{HeaderMap, HeaderValue, Url};
use serde_json::Value;
use store::{Key, View};
use tokio::time::{Instant, sleep, sleep_until};

use super::{Courier, Subscription, table};
use crate::api::Object;
use crate::id::Id;
use crate::push::{self, States};
use crate::server::Server;

/// Several changes within this time are one message, and a client gets no two messages within it.
const PAUSE: Duration = Duration::from_secs(1);
/// The first pause after a failure, and the longest.
const FIRST: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(3600);
/// After so many failures in a row we assume that nobody listens any more.
const GIVE_UP: u32 = 24;
/// The tries to send a code: a client that does not get it makes another subscription.
const CODE_TRIES: u32 = 3;
/// The time within which an expired or destroyed subscription is noticed, if nothing changes.
const LOOK: Duration = Duration::from_secs(3600);

/// The outcome of posting a message.
enum Pushed {
    Done,
    /// The service reports that nobody listens there any more.
    Gone,
    /// Try again, after this time if the service names one.
    Later(Option<Duration>),
}

/// Sends the code of a new subscription.
pub async fn verify(server: Arc<Server>, new: Subscription) {
    for tries in 1..=CODE_TRIES {
        match deliver(&server, &new, &new.verification()).await {
            Pushed::Later(wished) if tries < CODE_TRIES => sleep(pause(tries, wished)).await,
            Pushed::Later(_) | Pushed::Gone => return note_given_up(&new, "its code does not reach it"),
            Pushed::Done => return,
        }
    }
}

/// Logs that we stop posting to a client that may not know it: its person wonders why nothing comes.
fn note_given_up(to: &Subscription, why: &str) {
    let (account, id) = (to.account.0, to.id.id());
    tracing::info!(account, subscription = id, why, "a client is told of no changes");
}

/// Tells a subscription of changes since the states `from`, until it is gone. Without `from` it tells all states
/// immediately.
pub async fn tell(server: Arc<Server>, subscription: Subscription, from: Option<States>) {
    let (id, account) = (subscription.id, subscription.account);
    // The watch begins before the reading, so that no change falls between.
    let mut watch = server.shared.store.watch(mailbox::account::topic(account));
    let mut known = from;
    let (mut owed, mut failures, mut not_before) = (Object::new(), 0, Instant::now());
    loop {
        watch.take();
        let now = (server.clock)();
        let look =
            move |view: &View| Ok::<_, mailbox::Error>((push::states(view, account)?, table::get(view, id, now)?));
        let (states, subscription) = match server.shared.store.read(look).await {
            Ok((states, Some(subscription))) => (states, subscription),
            Ok((_, None)) => return,
            Err(mailbox::Error::NoSuchAccount(_)) => return forget(&server, &subscription).await,
            Err(error) => {
                tracing::warn!(%error, "clients are told of changes later");
                sleep(FIRST).await;
                continue;
            }
        };
        owed.extend(match &known {
            Some(known) => states.since(known, subscription.types.as_deref()).unwrap_or_default(),
            None => states.all(subscription.types.as_deref()),
        });
        known = Some(states);
        if !owed.is_empty() && Instant::now() >= not_before {
            match deliver(&server, &subscription, &push::state_change(account, owed.clone())).await {
                Pushed::Done => (owed, failures, not_before) = (Object::new(), 0, Instant::now() + PAUSE),
                Pushed::Later(wished) if failures < GIVE_UP => {
                    failures += 1;
                    not_before = Instant::now() + pause(failures, wished);
                }
                Pushed::Gone | Pushed::Later(_) => {
                    note_given_up(&subscription, "its push service says that it is gone, or has failed for too long");
                    return forget(&server, &subscription).await;
                }
            }
        }
        let wake = if owed.is_empty() { Instant::now() + LOOK } else { not_before };
        tokio::select! {
            () = sleep_until(wake) => {}
            // A message that is due waits for its time, and takes later changes along.
            () = watch.changed(), if owed.is_empty() => sleep_until(not_before.max(Instant::now() + PAUSE / 10)).await,
        }
    }
}

/// Returns the pause: twice as long after each failure; as long as the service wishes, within reason.
fn pause(failures: u32, wished: Option<Duration>) -> Duration {
    let doubled = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(10));
    doubled.max(wished.unwrap_or_default()).min(LONGEST)
}

async fn forget(server: &Server, subscription: &Subscription) {
    let (account, id) = (subscription.account, subscription.id);
    if let Err(error) =
        server.shared.store.write(Key::Account(account.0), move |tx| table::destroy(tx, account, id)).await
    {
        tracing::warn!(%error, "a subscription that nobody listens to stays until it expires");
    }
}

/// Posts one message, unless the client's credential is no longer good.
async fn deliver(server: &Server, to: &Subscription, message: &Value) -> Pushed {
    let Some(courier) = server.courier.get() else { return Pushed::Gone };
    match courier.is_good(to).await {
        Ok(true) => match authorization(server, to).await {
            Some(ours) => post(courier, to, message, ours).await,
            None => Pushed::Later(None),
        },
        Ok(false) => {
            tracing::info!(
                account = to.account.0,
                "a push is not sent: what its client logged in with is no longer good"
            );
            Pushed::Gone
        }
        Err(fault) => {
            tracing::warn!(%fault, "clients are told of changes later");
            Pushed::Later(None)
        }
    }
}

/// Returns the header by which the client's push service knows that the message is ours (RFC 8292): a service that
/// knows our key accepts a message from nobody else.
async fn authorization(server: &Server, to: &Subscription) -> Option<HeaderValue> {
    let vapid = server.vapid().await.inspect_err(|error| tracing::warn!(%error, "clients are told of changes later"));
    vapid.ok()?.authorization(&Url::parse(&to.url).ok()?, (server.clock)())
}

/// Posts one message (RFC 8030 §5). Its address is a secret of the client, and stays out of the log.
async fn post(courier: &Courier, to: &Subscription, message: &Value, ours: HeaderValue) -> Pushed {
    let Ok(url) = Url::parse(&to.url) else { return Pushed::Gone };
    let plain = message.to_string().into_bytes();
    let mut fields = HeaderMap::from_iter([
        (AUTHORIZATION, ours),
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        // The service keeps the message for a day, in case the device is off.
        (HeaderName::from_static("ttl"), HeaderValue::from_static("86400")),
    ]);
    let body = match &to.keys {
        None => plain,
        Some(keys) => match keys.seal(&plain) {
            Ok(sealed) => {
                fields.insert(CONTENT_ENCODING, HeaderValue::from_static("aes128gcm"));
                sealed
            }
            Err(_) => return Pushed::Gone,
        },
    };
    let why = match courier.client().post(&url, fields, body.into()).await {
        Ok(answer) if (200..300).contains(&answer.status) => return Pushed::Done,
        Ok(answer) if [404, 410].contains(&answer.status) => {
            tracing::info!(
                account = to.account.0,
                host = url.host_str(),
                status = answer.status,
                "a push is refused for good"
            );
            return Pushed::Gone;
        }
        Ok(answer) => {
            let wished = answer.fields.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
            tracing::info!(account = to.account.0, host = url.host_str(), status = answer.status, "a push is refused");
            return Pushed::Later(wished.map(Duration::from_secs));
        }
        Err(why) => why,
    };
    tracing::info!(account = to.account.0, host = url.host_str(), %why, "a push does not arrive");
    Pushed::Later(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour_and_a_service_may_ask_for_longer_ones() {
        let seconds = |failures, wished: Option<u64>| pause(failures, wished.map(Duration::from_secs)).as_secs();
        assert_eq!([1, 2, 3, 8, 99].map(|failures| seconds(failures, None)), [30, 60, 120, 3600, 3600]);
        assert_eq!(seconds(1, Some(120)), 120);
        assert_eq!(seconds(3, Some(1)), 120);
        assert_eq!(seconds(1, Some(u64::MAX)), 3600);
    }
}
