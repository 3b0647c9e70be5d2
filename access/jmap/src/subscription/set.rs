//! PushSubscription/set (RFC 8620 §7.2.2).

use std::time::Duration;

use https::Url;
use mail::Timestamp;
use mail::seam::AccountId;
use serde::Deserialize;
use serde_json::{Map, Value};
use store::{Key, Tx, View};

use super::courier::{Courier, Errand};
use super::{Credential, Keys, Subscription, SubscriptionId, table};
use crate::api::{MethodError, Object, SetError};
use crate::email::filter;
use crate::id::Id;
use crate::push::{self, States};
use crate::scope::Scope;
use crate::standard::{self, SetAnswer, SetArguments};

/// Subscriptions of a person.
const MOST: usize = 16;
/// The longest life of a subscription: a client that is still there renews it.
const LIFE: Duration = Duration::from_secs(7 * 24 * 3600);
/// The most octets of an address, and of the name of a device or a type, and the most types.
const LONGEST_URL: usize = 2048;
const LONGEST_NAME: usize = 255;
const MOST_TYPES: usize = 64;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arguments {
    create: Option<Map<String, Value>>,
    update: Option<Map<String, Value>>,
    destroy: Option<Vec<String>>,
}

/// PushSubscription/set.
pub async fn set(scope: &mut Scope, arguments: Object) -> Result<Object, MethodError> {
    let Arguments { create, update, destroy } = standard::arguments(arguments)?;
    let mut arguments = SetArguments { create, update, destroy, ..SetArguments::default() };
    arguments.check()?;
    let mut answer = SetAnswer::default();
    for (key, given) in arguments.creates() {
        let outcome = create_one(scope, &given).await?;
        match &outcome {
            Ok(object) => {
                let id = object.get("id").and_then(Value::as_str).unwrap_or_default();
                scope.note(&key, id.to_owned());
            }
            Err(error) => note_refused(scope, error),
        }
        answer.create(&key, outcome);
    }
    for (id, change) in arguments.updates() {
        let outcome = update_one(scope, &id, change).await?;
        if let Err(error) = &outcome {
            note_refused(scope, error);
        }
        answer.update(&id, outcome);
    }
    for id in arguments.destroys() {
        let outcome = match scope.find::<SubscriptionId>(&id) {
            Some(found) => {
                let (owner, now) = (Owner::of(scope), (scope.server.clock)());
                let destroy = move |tx: &mut Tx| match owner.get(tx, found, now)? {
                    Some(there) => table::destroy(tx, there.account, found),
                    None => Ok(false),
                };
                if scope.server.shared.store.write(Key::Account(scope.person.account.0), destroy).await? {
                    Ok(())
                } else {
                    Err(SetError::not_found())
                }
            }
            None => Err(SetError::not_found()),
        };
        answer.destroy(&id, outcome);
    }
    let mut answer = answer.into_arguments("", Default::default());
    answer.retain(|name, _| !["accountId", "oldState", "newState"].contains(&name.as_str()));
    Ok(answer)
}

/// A client without a subscription looks as if nothing ever came: the log gives the reason. The address that it named,
/// and its code, are its secrets.
fn note_refused(scope: &Scope, error: &SetError) {
    let login = &scope.person.address;
    tracing::info!(%login, kind = error.kind(), why = error.description(), "a push subscription is refused");
}

/// The owner whose subscriptions a request sees.
struct Owner {
    account: AccountId,
    credential: Credential,
}

impl Owner {
    fn of(scope: &Scope) -> Self {
        Self { account: scope.person.account, credential: scope.credential.clone() }
    }

    fn get(&self, view: &View, id: SubscriptionId, now: Timestamp) -> Result<Option<Subscription>, store::Error> {
        let own = |there: &Subscription| there.account == self.account && there.credential == self.credential;
        Ok(table::get(view, id, now)?.filter(own))
    }
}

async fn create_one(scope: &Scope, given: &Object) -> Result<Result<Object, SetError>, MethodError> {
    let Some(courier) = scope.server.courier.get() else {
        return Ok(Err(SetError::new("forbidden").because("this server posts to nobody")));
    };
    let (account, now) = (scope.person.account, (scope.server.clock)());
    let new = match made(given, Owner::of(scope), now, courier) {
        Ok(new) => new,
        Err(bad) => return Ok(Err(SetError::invalid(bad))),
    };
    // Each subscription causes a message to an address that somebody chose, so a person may not make as many as they
    // like.
    let Some(errand) = courier.verification(account, now) else {
        return Ok(Err(SetError::new("rateLimit").because("too many subscriptions; wait an hour")));
    };
    let writing = new.clone();
    let write = move |tx: &mut Tx| {
        if table::list(tx, account, now)?.len() >= MOST {
            return Ok(None);
        }
        table::create(tx, &writing, now).map(Some)
    };
    let Some(id) = scope.server.shared.store.write(Key::Account(account.0), write).await? else {
        return Ok(Err(SetError::new("overQuota").because(format!("no more than {MOST} subscriptions"))));
    };
    let new = Subscription { id, ..new };
    let left_out = ["keys", "verificationCode", "types"].into_iter().filter(|name| !given.contains_key(*name));
    let mut told: Object = left_out.map(|name| (name.to_owned(), Value::Null)).collect();
    told.insert("id".to_owned(), new.id.id().into());
    told.insert("expires".to_owned(), new.expires.rfc3339().into());
    errand.send(Errand::Verify(Box::new(new)));
    Ok(Ok(told))
}

/// Returns the subscription that the client describes, or the names of its invalid properties.
fn made(given: &Object, owner: Owner, now: Timestamp, courier: &Courier) -> Result<Subscription, Vec<String>> {
    const KNOWN: [&str; 6] = ["deviceClientId", "url", "keys", "verificationCode", "expires", "types"];
    let mut bad: Vec<String> = given.keys().filter(|name| !KNOWN.contains(&name.as_str())).cloned().collect();
    let mut need = |name: &str, fits: bool| {
        if !fits {
            bad.push(name.to_owned());
        }
    };
    let value = |name: &str| given.get(name).filter(|value| !value.is_null());
    let text = |name: &str| value(name).and_then(Value::as_str).unwrap_or_default();
    let device = text("deviceClientId");
    need("deviceClientId", (1..=LONGEST_NAME).contains(&device.len()));
    let url = Url::parse(text("url"))
        .ok()
        .filter(|url| url.scheme() == "https" && url.as_str().len() <= LONGEST_URL && courier.may_post(url));
    need("url", url.is_some());
    let keys = value("keys").map(read_keys);
    need("keys", !matches!(keys, Some(None)));
    need("verificationCode", value("verificationCode").is_none());
    let expires = read_expires(given.get("expires"), now);
    need("expires", expires.is_some());
    let types = read_types(given.get("types"));
    need("types", types.is_some());
    let (Some(url), Some(expires), Some(types), true) = (url, expires, types, bad.is_empty()) else { return Err(bad) };
    Ok(Subscription {
        id: SubscriptionId(0),
        account: owner.account,
        credential: owner.credential,
        made: now,
        device: device.to_owned(),
        url: url.into(),
        keys: keys.flatten(),
        code: rand::random::<[u8; 16]>().iter().map(|octet| format!("{octet:02x}")).collect(),
        is_verified: false,
        expires,
        types,
    })
}

fn read_keys(given: &Value) -> Option<Keys> {
    let text = |name: &str| given.get(name).and_then(Value::as_str);
    Keys::parse(text("p256dh")?, text("auth")?)
}

/// Returns the end of a subscription: the wished time, but no later than we allow; without a wish, that latest time.
/// `None`: the text is no time, or the time is over.
fn read_expires(given: Option<&Value>, now: Timestamp) -> Option<Timestamp> {
    let latest = now.after(LIFE);
    match given {
        None | Some(Value::Null) => Some(latest),
        Some(given) => {
            let wished = Timestamp(filter::date(given.as_str()?)?);
            // The time is cut to the second, which is the precision of the answer.
            let end = Timestamp::from_seconds(wished.min(latest).seconds());
            (end > now).then_some(end)
        }
    }
}

/// Returns `None` if the value is no list of names.
fn read_types(given: Option<&Value>) -> Option<Option<Vec<String>>> {
    match given {
        None | Some(Value::Null) => Some(None),
        Some(given) => {
            let types: Vec<String> = serde_json::from_value(given.clone()).ok()?;
            let fits = types.len() <= MOST_TYPES && types.iter().all(|name| name.len() <= LONGEST_NAME);
            fits.then_some(Some(types))
        }
    }
}

async fn update_one(scope: &Scope, id: &str, change: Object) -> Result<Result<Option<Object>, SetError>, MethodError> {
    let Some(id) = scope.find::<SubscriptionId>(id) else { return Ok(Err(SetError::not_found())) };
    let (owner, now) = (Owner::of(scope), (scope.server.clock)());
    let ends = change.contains_key("expires");
    let outcome = scope
        .server
        .shared
        .store
        .write(Key::Account(scope.person.account.0), move |tx| update(tx, &owner, id, &change, now))
        .await?;
    let (changed, begins) = match outcome {
        Ok(done) => done,
        Err(error) => return Ok(Err(error)),
    };
    if let (Some(states), Some(courier)) = (begins, scope.server.courier.get()) {
        courier.begin(changed.clone(), states).await;
    }
    // The time may be earlier than the client asked for.
    let expires = ("expires".to_owned(), changed.expires.rfc3339().into());
    Ok(Ok(ends.then(|| [expires].into_iter().collect())))
}

/// The changed subscription, and the states since which it is told of changes if that begins now.
type Changed = Result<(Subscription, Option<States>), SetError>;

fn update(
    tx: &mut Tx,
    owner: &Owner,
    id: SubscriptionId,
    change: &Object,
    now: Timestamp,
) -> Result<Changed, mailbox::Error> {
    let Some(mut subscription) = owner.get(tx, id, now)? else { return Ok(Err(SetError::not_found())) };
    let was_verified = subscription.is_verified;
    let mut bad = Vec::new();
    for (name, value) in change {
        let fits = match name.as_str() {
            "verificationCode" => {
                // A client that knows the code can read what arrives there. Showing the code once more changes nothing.
                let right = *value == subscription.code.as_str();
                subscription.is_verified |= right;
                right
            }
            "expires" => read_expires(Some(value), now).map(|end| subscription.expires = end).is_some(),
            "types" => read_types(Some(value)).map(|types| subscription.types = types).is_some(),
            "id" => *value == id.id(),
            "deviceClientId" => *value == subscription.device.as_str(),
            _ => false,
        };
        if !fits {
            bad.push(name.clone());
        }
    }
    if !bad.is_empty() {
        return Ok(Err(SetError::invalid(bad)));
    }
    table::update(tx, &subscription)?;
    let begins = subscription.is_verified && !was_verified;
    let states = if begins { Some(push::states(tx, owner.account)?) } else { None };
    Ok(Ok((subscription, states)))
}
