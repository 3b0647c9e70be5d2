//! EmailSubmission/set (RFC 8621 §7.5).

use std::collections::BTreeMap;

use bytes::Bytes;
use mail::header;
use mail::seam::{AccountId, Origin, Standing, Verdict};
use mail::{Address, Letter, LetterId, ReturnPath};
use mailbox::{Error, LetterKey, ThreadId, Want, fetch};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::View;

use super::{envelope, object};
use crate::api::{MethodError, Object, SetError, patch};
use crate::blob::{self, Place};
use crate::id::{Id, IdentityId, SubmissionId};
use crate::methods::Answers;
use crate::records::{self, Kind, Record};
use crate::run::Scope;
use crate::standard::{self, SetAnswer, SetArguments, Span};
use crate::{email, identity};

/// The arguments beyond those of every `/set`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extra {
    on_success_update_email: Option<Map<String, Value>>,
    on_success_destroy_email: Option<Vec<String>>,
}

pub async fn set(scope: &mut Scope, mut arguments: Object) -> Result<Answers, MethodError> {
    let extra = ["onSuccessUpdateEmail", "onSuccessDestroyEmail"];
    let extra = extra.iter().filter_map(|name| arguments.remove_entry(*name)).collect();
    let extra: Extra = standard::arguments(extra)?;
    let mut arguments: SetArguments = standard::arguments(arguments)?;
    let account = scope.account(&arguments.account_id)?;
    arguments.check()?;
    let mut span = Span::open(&scope.house.store, account, state_of, arguments.if_in_state.take()).await?;
    // Which letter each submission that succeeded is of, by how the client calls the submission.
    let mut letters = BTreeMap::new();
    let mut answer = SetAnswer::default();
    for (key, given) in arguments.creates() {
        let outcome = create(scope, account, given, &mut span).await?;
        let outcome = outcome.map(|(made, letter)| {
            letters.insert(format!("#{key}"), letter);
            made
        });
        if let Some(id) = outcome.as_ref().ok().and_then(|made| made.get("id")).and_then(Value::as_str) {
            scope.note(&key, id.to_owned());
        }
        answer.create(&key, outcome);
    }
    for (id, change) in arguments.updates() {
        let outcome = update(scope, account, &id, &change).await?;
        if let Ok(record) = &outcome {
            letters.insert(id.clone(), email_of(record));
        }
        answer.update(scope.real(&id).unwrap_or(&id), outcome.map(|_| None));
    }
    for id in arguments.destroys() {
        let outcome = destroy(scope, account, &id, &mut span).await?;
        if let Ok(record) = &outcome {
            letters.insert(id.clone(), email_of(record));
        }
        answer.destroy(scope.real(&id).unwrap_or(&id), outcome.map(drop));
    }
    let answer = answer.into_arguments(&arguments.account_id, span.ends());
    let mut answers = vec![("EmailSubmission/set".to_owned(), answer)];
    if let Some(then) = follow_up(scope, &arguments.account_id, extra, &letters) {
        let done = email::set::set(scope, then).await;
        answers.push(match done {
            Ok(done) => ("Email/set".to_owned(), done),
            Err(error) => ("error".to_owned(), error.arguments()),
        });
    }
    Ok(answers)
}

/// The arguments of the one `Email/set` that follows; none where nothing was asked for.
fn follow_up(scope: &Scope, account: &str, extra: Extra, letters: &BTreeMap<String, String>) -> Option<Object> {
    let asked = extra.on_success_update_email.is_some() || extra.on_success_destroy_email.is_some();
    let letter = |id: &String| {
        let by_real = || scope.real(id).and_then(|real| letters.get(real));
        letters.get(id).or_else(by_real).cloned()
    };
    let update: Object = extra
        .on_success_update_email
        .into_iter()
        .flatten()
        .filter_map(|(id, patch)| Some((letter(&id)?, patch)))
        .collect();
    let destroy: Vec<String> =
        extra.on_success_destroy_email.into_iter().flatten().filter_map(|id| letter(&id)).collect();
    let nothing = update.is_empty() && destroy.is_empty();
    let then = json!({"accountId": account, "update": update, "destroy": destroy});
    if asked && !nothing { then.as_object().cloned() } else { None }
}

fn state_of(view: &View, account: AccountId) -> Result<mailbox::Change, Error> {
    Ok(records::state(view, account, Kind::Submission)?)
}

fn email_of(record: &Record) -> String {
    record.data.get("emailId").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A letter that is to be sent.
struct Outgoing {
    letter: LetterKey,
    thread: ThreadId,
    octets: Bytes,
    identity: IdentityId,
    own: Address,
}

/// Sends a letter. Gives the object of the response, and the id of the letter.
async fn create(
    scope: &Scope,
    account: AccountId,
    given: Object,
    span: &mut Span,
) -> Result<Result<(Object, String), SetError>, MethodError> {
    let outgoing = match find(scope, account, &given).await? {
        Ok(outgoing) => outgoing,
        Err(error) => return Ok(Err(error)),
    };
    let (from, to) = match address(scope, &given, &outgoing).await? {
        Ok(addressed) => addressed,
        Err(error) => return Ok(Err(error)),
    };
    let now = (scope.house.clock)();
    let octets = outgoing.octets.clone();
    let raw = tokio::task::spawn_blocking(move || without_bcc(&octets)).await;
    let raw = raw.map_err(|error| MethodError::server_fail(error.to_string()))?;
    let letter = Letter { id: LetterId::from_random(rand::random()), raw };
    let envelope = envelope::for_letter(from.clone(), to.clone(), &letter.raw);
    match scope.house.accept.accept(letter, envelope, Origin::Person(scope.person.clone(), scope.wire.clone())).await {
        Ok(Verdict::Accept) => {}
        Ok(Verdict::Refuse(reply)) => return Ok(Err(SetError::new("forbiddenToSend").because(reply.to_string()))),
        Err(fault) => {
            tracing::error!(%fault, "a letter could not be sent");
            return Err(MethodError::server_unavailable());
        }
    }
    let data = json!({
        "identityId": outgoing.identity.id(),
        "emailId": outgoing.letter.id(),
        "threadId": outgoing.thread.id(),
        "envelope": envelope::object(&from, &to),
        "sendAt": now.rfc3339(),
        "undoStatus": "final",
        "deliveryStatus": delivery(&to),
    });
    let data = data.as_object().cloned().unwrap_or_default();
    let kept = data.clone();
    let made = span
        .write(&scope.house.store, move |tx| {
            records::make_room(tx, account, Kind::Submission)?;
            Ok(records::create(tx, account, Kind::Submission, &kept)?)
        })
        .await;
    // The letter is on its way: whatever becomes of our note of it, the client must not send it again.
    let number = made.unwrap_or_else(|error| {
        tracing::error!(?error, "a letter was sent and the note of it could not be kept");
        0
    });
    let mut made = object(&Record { id: number, data });
    made.retain(|name, value| given.get(name) != Some(value));
    Ok(Ok((made, outgoing.letter.id())))
}

/// What we know when the letter was taken.
fn delivery(to: &[Address]) -> Value {
    let one = json!({"smtpReply": "250 2.0.0 taken", "delivered": "unknown", "displayed": "unknown"});
    to.iter().map(|address| (address.to_string(), one.clone())).collect::<Object>().into()
}

/// The letter and the identity that are named, and the letter's octets.
async fn find(scope: &Scope, account: AccountId, given: &Object) -> Result<Result<Outgoing, SetError>, MethodError> {
    let known = ["identityId", "emailId", "envelope"];
    let mut bad: Vec<String> = given.keys().filter(|name| !known.contains(&name.as_str())).cloned().collect();
    let id = |name: &str| given.get(name).and_then(Value::as_str).unwrap_or_default();
    let (letter, identity) = (scope.find::<LetterKey>(id("emailId")), scope.find::<IdentityId>(id("identityId")));
    identity::ensure(scope, account).await?;
    let read = move |view: &View| -> Result<_, Error> {
        let letter = match letter {
            Some(letter) => fetch::visible(view, account, letter, Want::ROW)?.map(|(_, row)| (letter, row)),
            None => None,
        };
        let identity = match identity {
            Some(IdentityId(number)) => records::get(view, account, Kind::Identity, number)?,
            None => None,
        };
        Ok((letter, identity))
    };
    let (found, its_identity) = scope.house.store.read(read).await?;
    if found.is_none() {
        bad.push("emailId".into());
    }
    let own = its_identity.as_ref().and_then(|record| record.data.get("email")).and_then(Value::as_str);
    let own = own.and_then(|email| Address::parse(email).ok());
    let (Some((letter, row)), Some(record), Some(own), true) = (found, its_identity, own, bad.is_empty()) else {
        if !bad.iter().any(|name| name == "emailId") && bad.is_empty() {
            bad.push("identityId".into());
        }
        return Ok(Err(SetError::invalid(bad)));
    };
    let largest = usize::try_from(scope.house.largest_letter).unwrap_or(usize::MAX);
    if row.size > scope.house.largest_letter {
        return Ok(Err(SetError::new("tooLarge").with("maxSize", scope.house.largest_letter)));
    }
    let reading = move |view: &View| match blob::open(view, account, &Place::letter(letter))? {
        Some(opened) => blob::whole(view, &opened, largest),
        None => Ok(None),
    };
    let Some(octets) = scope.house.store.read(reading).await? else {
        return Ok(Err(SetError::invalid(["emailId"])));
    };
    Ok(Ok(Outgoing { letter, thread: row.thread, octets, identity: IdentityId(record.id), own }))
}

/// Checks whom the letter is from and for.
async fn address(
    scope: &Scope,
    given: &Object,
    outgoing: &Outgoing,
) -> Result<Result<(ReturnPath, Vec<Address>), SetError>, MethodError> {
    if let Err(error) = check_author(scope, &outgoing.octets).await? {
        return Ok(Err(error));
    }
    let addressed = match given.get("envelope").filter(|envelope| !envelope.is_null()) {
        Some(Value::Object(envelope)) => envelope::given(envelope),
        Some(_) => Err(SetError::invalid(["envelope"])),
        None => match envelope::of_letter(&outgoing.octets) {
            Ok((from, to)) => {
                let may = match &from {
                    Some(from) => may_write_as(scope, from).await?,
                    None => false,
                };
                let from = from.filter(|_| may).unwrap_or_else(|| outgoing.own.clone());
                Ok((ReturnPath::Address(from), to))
            }
            Err(error) => Err(error),
        },
    };
    let (from, to) = match addressed {
        Ok(addressed) => addressed,
        Err(error) => return Ok(Err(error)),
    };
    if let Some(address) = from.address()
        && !may_write_as(scope, address).await?
    {
        return Ok(Err(SetError::new("forbiddenMailFrom")));
    }
    let strangers = strangers(scope, &to).await?;
    if !strangers.is_empty() {
        return Ok(Err(SetError::new("invalidRecipients").with("invalidRecipients", strangers)));
    }
    Ok(Ok((from, to)))
}

/// Nobody writes as somebody else, in any From or Sender (RFC 5322 §3.6.2); and somebody must be the author.
async fn check_author(scope: &Scope, letter: &[u8]) -> Result<Result<(), SetError>, MethodError> {
    let mut authors = 0;
    for field in header::fields(letter).filter(|field| field.is("From") || field.is("Sender")) {
        let value = field.value();
        let people = envelope::addresses(&value);
        if people.is_empty() && !value.is_empty() {
            return Ok(Err(SetError::new("invalidEmail").with("properties", json!(["from"]))));
        }
        for person in people {
            authors += usize::from(field.is("From"));
            let allowed = match Address::parse(&person) {
                Ok(address) => may_write_as(scope, &address).await?,
                Err(_) => false,
            };
            if !allowed {
                return Ok(Err(SetError::new("forbiddenFrom").because(format!("not as {person}"))));
            }
            if authors > 20 {
                return Ok(Err(SetError::new("forbiddenFrom").because("too many authors")));
            }
        }
    }
    match authors {
        0 => Ok(Err(SetError::new("invalidEmail").with("properties", json!(["from"])))),
        _ => Ok(Ok(())),
    }
}

async fn may_write_as(scope: &Scope, address: &Address) -> Result<bool, MethodError> {
    scope.house.logins.may_write_as(&scope.person, address).await.map_err(|fault| {
        tracing::error!(%fault, "cannot find out who may write as whom");
        MethodError::server_unavailable()
    })
}

/// Addresses of our own domains that nobody has.
async fn strangers(scope: &Scope, to: &[Address]) -> Result<Vec<String>, MethodError> {
    let Some(recipients) = &scope.house.recipients else { return Ok(Vec::new()) };
    let mut strangers = Vec::new();
    for address in to {
        match recipients.standing(address).await {
            Ok(Standing::Unknown) => strangers.push(address.to_string()),
            Ok(_) => {}
            Err(_) => return Err(MethodError::server_unavailable()),
        }
    }
    Ok(strangers)
}

/// The letter without the people that only its author may see (RFC 8621 §7.5).
fn without_bcc(letter: &Bytes) -> Bytes {
    let hidden = |field: &header::Field<'_>| field.is("Bcc") || field.is("Resent-Bcc");
    let body = header::body_start(letter);
    if !header::fields(letter).any(|field| hidden(&field)) {
        return letter.clone();
    }
    let mut out = Vec::with_capacity(letter.len());
    for field in header::fields(letter).filter(|field| !hidden(field)) {
        out.extend_from_slice(field.whole);
    }
    // The empty line between header and body belongs to neither.
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(letter.get(body..).unwrap_or_default());
    out.into()
}

async fn update(
    scope: &Scope,
    account: AccountId,
    id: &str,
    change: &Object,
) -> Result<Result<Record, SetError>, MethodError> {
    let Some(SubmissionId(number)) = scope.find(id) else { return Ok(Err(SetError::not_found())) };
    let read = move |view: &View| records::get(view, account, Kind::Submission, number);
    let Some(record) = scope.house.store.read(read).await? else { return Ok(Err(SetError::not_found())) };
    let before = object(&record);
    let after = match patch::apply(before.clone(), change, |_| None) {
        Ok(after) => after,
        Err(error) => return Ok(Err(error)),
    };
    let names = before.keys().chain(after.keys());
    let mut changed: Vec<String> = names.filter(|name| before.get(*name) != after.get(*name)).cloned().collect();
    changed.dedup();
    if changed.is_empty() {
        return Ok(Ok(record));
    }
    // What is sent at once cannot be called back.
    if changed == ["undoStatus"] && after.get("undoStatus").is_some_and(|status| status == "canceled") {
        return Ok(Err(SetError::new("cannotUnsend")));
    }
    Ok(Err(SetError::invalid(changed)))
}

async fn destroy(
    scope: &Scope,
    account: AccountId,
    id: &str,
    span: &mut Span,
) -> Result<Result<Record, SetError>, MethodError> {
    let Some(SubmissionId(number)) = scope.find(id) else { return Ok(Err(SetError::not_found())) };
    let gone = span
        .write(&scope.house.store, move |tx| {
            let record = records::get(tx, account, Kind::Submission, number)?;
            if record.is_some() {
                records::destroy(tx, account, Kind::Submission, number)?;
            }
            Ok(record)
        })
        .await?;
    Ok(gone.ok_or_else(SetError::not_found))
}
