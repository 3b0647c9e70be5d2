//! EmailSubmission/set (RFC 8621 §7.5).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use mail::header;
use mail::seam::{AccountId, Standing, Verdict};
use mail::{Address, Letter, LetterId, Timestamp};
use mailbox::{Access, Change, Error, LetterKey, ThreadId, Want, fetch};
use net::Share;
use records::{IdentityId, Kind, Submission, SubmissionId, submission};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Key, Tx, View};

use super::envelope::{self, Addressed, Addressee};
use super::{PROPERTIES, fate, follow, object, report};
use crate::api::{MethodError, Object, SetError, patch};
use crate::blob::{self, BlobPath};
use crate::id::Id;
use crate::methods::Answers;
use crate::outbox::Done;
use crate::scope::Scope;
use crate::standard::{self, SetAnswer, SetArguments, Span, span};
use crate::{email, identity};

/// The arguments beyond those of every `/set`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extra {
    on_success_update_email: Option<BTreeMap<String, Object>>,
    on_success_destroy_email: Option<Vec<String>>,
}

pub async fn set(scope: &mut Scope, mut arguments: Object) -> Result<Answers, MethodError> {
    let extra = ["onSuccessUpdateEmail", "onSuccessDestroyEmail"];
    let extra = extra.iter().filter_map(|name| arguments.remove_entry(*name)).collect();
    let extra: Extra = standard::arguments(extra)?;
    let mut arguments: SetArguments = standard::arguments(arguments)?;
    let access = scope.access(&arguments.account_id)?;
    let account = access.owner();
    arguments.check()?;
    let mut span = Span::open(&scope.server.shared.store, access, state_of, arguments.if_in_state.take()).await?;
    // The letter of each submission that succeeded, by the id that the client uses for the submission.
    let mut letters = BTreeMap::new();
    let mut answer = SetAnswer::default();
    for (key, given) in arguments.creates() {
        let outcome = create(scope, access, given, &mut span).await?;
        if let Err(error) = &outcome {
            // Some clients tell their people all the same that it was sent.
            let login = &scope.person.address;
            tracing::info!(%login, kind = error.kind(), why = error.description(), "a letter is not sent");
        }
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
        let outcome = update(scope, account, &id, &change, &mut span).await?;
        if let Ok(submission) = &outcome {
            letters.insert(id.clone(), email_of(submission));
        }
        answer.update(scope.real(&id).unwrap_or(&id), outcome.map(|_| None));
    }
    for id in arguments.destroys() {
        let outcome = destroy(scope, account, &id, &mut span).await?;
        if let Ok(submission) = &outcome {
            letters.insert(id.clone(), email_of(submission));
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

/// Returns the arguments of the one `Email/set` that follows; `None` if the client asked for none.
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
        .filter_map(|(id, patch)| Some((letter(&id)?, patch.into())))
        .collect();
    let destroy: Vec<String> =
        extra.on_success_destroy_email.into_iter().flatten().filter_map(|id| letter(&id)).collect();
    let nothing = update.is_empty() && destroy.is_empty();
    let then = json!({"accountId": account, "update": update, "destroy": destroy});
    if asked && !nothing { then.as_object().cloned() } else { None }
}

fn state_of(view: &View, access: Access) -> Result<mailbox::Change, Error> {
    Ok(records::state(view, access.owner(), Kind::Submission)?)
}

fn email_of(submission: &Submission) -> String {
    submission.data.get("emailId").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A letter that is to be sent.
struct Outgoing {
    letter: LetterKey,
    thread: ThreadId,
    octets: Bytes,
    identity: IdentityId,
    own: Address,
    /// The share of memory for its octets.
    _share: Share,
}

/// Sends a letter. Returns the object for the response, and the id of the letter.
async fn create(
    scope: &Scope,
    access: Access,
    given: Object,
    span: &mut Span,
) -> Result<Result<(Object, String), SetError>, MethodError> {
    let account = access.owner();
    let outgoing = match find(scope, access, &given).await? {
        Ok(outgoing) => outgoing,
        Err(error) => return Ok(Err(error)),
    };
    let addressed = match address(scope, &given, &outgoing).await? {
        Ok(addressed) => addressed,
        Err(error) => return Ok(Err(error)),
    };
    let now = (scope.server.clock)();
    let until = match addressed.hold.until(now) {
        Ok(until) => until,
        Err(error) => return Ok(Err(error)),
    };
    // The outbox completes the header, and removes the people that only the author may see.
    let letter = Letter { id: LetterId::from_random(rand::random()), raw: outgoing.octets.clone() };
    let mut data = Object::new();
    data.insert("identityId".into(), outgoing.identity.id().into());
    data.insert("emailId".into(), outgoing.letter.id().into());
    data.insert("threadId".into(), outgoing.thread.id().into());
    data.insert("envelope".into(), addressed.object());
    data.insert("sendAt".into(), until.unwrap_or(now).rfc3339().into());
    let recipients: Vec<String> = addressed.to.iter().map(|to| to.address.to_string()).collect();
    fate::begin(&mut data, letter.id, &recipients, until.is_some());
    let sent = send(scope, account, letter, addressed, until, data.clone(), span).await?;
    Ok(sent.map(|id| {
        let mut made = object(&Submission { id, data });
        made.retain(|name, value| given.get(name) != Some(value));
        (made, outgoing.letter.id())
    }))
}

/// The result of the commit that takes charge of a letter: the submission, and the states before and after.
#[derive(Default)]
struct Noted {
    made: Option<(SubmissionId, Change, Change)>,
    other_state: bool,
}

/// Hands the letter to the queue, and notes that in the same commit. Returns the submission.
async fn send(
    scope: &Scope,
    account: AccountId,
    letter: Letter,
    addressed: Addressed,
    until: Option<Timestamp>,
    data: Object,
    span: &mut Span,
) -> Result<Result<SubmissionId, SetError>, MethodError> {
    let noted: Arc<Mutex<Noted>> = Arc::default();
    let (id, expected, its_noted) = (letter.id, span.expected(), Arc::clone(&noted));
    let message_id = report::message_id(&letter.raw, "Message-ID");
    let done: Done = Box::new(move |tx| {
        let mut noted = its_noted.lock().unwrap_or_else(PoisonError::into_inner);
        let before = records::state(tx, account, Kind::Submission)?;
        noted.other_state = expected.as_ref().is_some_and(|expected| *expected != span::written(before));
        if noted.other_state {
            // Nothing of it may stay.
            return Err(store::Error::Constraint("the state is another by now".to_owned()));
        }
        let made = follow::begin(tx, account, (id, message_id.as_deref()), &data)?;
        noted.made = Some((made, before, records::state(tx, account, Kind::Submission)?));
        Ok(())
    });
    let envelope = envelope::for_letter(addressed, &letter.raw);
    let author = (scope.person.clone(), scope.wire.clone());
    let verdict = scope.server.outbox.send(letter, envelope, author, until, done).await;
    let Noted { made, other_state } = std::mem::take(&mut *noted.lock().unwrap_or_else(PoisonError::into_inner));
    match (verdict, made) {
        (Ok(Verdict::Accept), Some((made, before, after))) => {
            span.note(before, after);
            Ok(Ok(made))
        }
        (Ok(Verdict::Refuse(reply)), _) => Ok(Err(SetError::new("forbiddenToSend").because(reply.to_string()))),
        (Err(_), _) if other_state => Err(span.mismatch()),
        (Err(fault), _) => {
            tracing::error!(%fault, "a letter could not be sent");
            Err(MethodError::server_unavailable())
        }
        (Ok(Verdict::Accept), None) => Err(MethodError::server_fail("a letter was sent and not noted")),
    }
}

/// Returns the letter and the identity that are named, and the letter's octets.
async fn find(scope: &Scope, access: Access, given: &Object) -> Result<Result<Outgoing, SetError>, MethodError> {
    let account = access.owner();
    let known = ["identityId", "emailId", "envelope"];
    // A client may name the properties that the server sets if it gives them as null.
    let may_stand =
        |name: &str, value: &Value| known.contains(&name) || (value.is_null() && PROPERTIES.contains(&name));
    let others = given.iter().filter(|(name, value)| !may_stand(name, value));
    let mut bad: Vec<String> = others.map(|(name, _)| name.clone()).collect();
    let id = |name: &str| given.get(name).and_then(Value::as_str).unwrap_or_default();
    let (letter, identity) = (scope.find::<LetterKey>(id("emailId")), scope.find::<IdentityId>(id("identityId")));
    identity::ensure(scope, account).await?;
    let read = move |view: &View| -> Result<_, Error> {
        let letter = match letter {
            Some(letter) => fetch::visible(view, access, letter, Want::ROW)?.map(|(_, row)| (letter, row)),
            None => None,
        };
        let identity = match identity {
            Some(id) => records::identity::get(view, account, id)?.map(|identity| (id, identity)),
            None => None,
        };
        Ok((letter, identity))
    };
    let (found, its_identity) = scope.server.read(access, read).await?;
    if found.is_none() {
        bad.push("emailId".into());
    }
    let own = its_identity.as_ref().and_then(|(_, identity)| Address::parse(&identity.email).ok());
    if own.is_none() {
        bad.push("identityId".into());
    }
    let (Some((letter, row)), Some((identity, _)), Some(own), true) = (found, its_identity, own, bad.is_empty()) else {
        return Ok(Err(SetError::invalid(bad)));
    };
    let largest = usize::try_from(scope.server.largest_letter).unwrap_or(usize::MAX);
    if row.size > scope.server.largest_letter {
        return Ok(Err(SetError::new("tooLarge").with("maxSize", scope.server.largest_letter)));
    }
    let Some((opened, share)) = blob::hold(scope, access, BlobPath::letter(letter)).await? else {
        return Ok(Err(SetError::invalid(["emailId"])));
    };
    let Some(octets) = scope.server.read(access, move |view| blob::whole(view, &opened, largest)).await? else {
        return Ok(Err(SetError::invalid(["emailId"])));
    };
    Ok(Ok(Outgoing { letter, thread: row.thread, octets, identity, own, _share: share }))
}

/// Checks the sender and the recipients of the letter.
async fn address(
    scope: &Scope,
    given: &Object,
    outgoing: &Outgoing,
) -> Result<Result<Addressed, SetError>, MethodError> {
    if let Err(error) = check_author(scope, &outgoing.octets).await? {
        return Ok(Err(error));
    }
    let addressed = match given.get("envelope").filter(|envelope| !envelope.is_null()) {
        Some(Value::Object(envelope)) => envelope::given(envelope),
        Some(_) => Err(SetError::invalid(["envelope"])),
        None => envelope::of_letter(&outgoing.octets, &outgoing.own),
    };
    let addressed = match addressed {
        Ok(addressed) => addressed,
        Err(error) => return Ok(Err(error)),
    };
    if let Some(address) = addressed.from.address()
        && !may_write_as(scope, address).await?
    {
        return Ok(Err(SetError::new("forbiddenMailFrom")));
    }
    let strangers = strangers(scope, &addressed.to).await?;
    if !strangers.is_empty() {
        return Ok(Err(SetError::new("invalidRecipients").with("invalidRecipients", strangers)));
    }
    Ok(Ok(addressed))
}

/// Nobody may write as somebody else, in any From or Sender (RFC 5322 §3.6.2); and the letter must have an author.
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
    scope.server.shared.logins.may_write_as(&scope.person, address).await.map_err(|fault| {
        tracing::error!(%fault, "cannot find out who may write as whom");
        MethodError::server_unavailable()
    })
}

/// Returns the addresses of our own domains that nobody has.
async fn strangers(scope: &Scope, to: &[Addressee]) -> Result<Vec<String>, MethodError> {
    let Some(recipients) = &scope.server.recipients else { return Ok(Vec::new()) };
    let mut strangers = Vec::new();
    for Addressee { address, .. } in to {
        match recipients.standing(address).await {
            Ok(Standing::Unknown) => strangers.push(address.to_string()),
            Ok(_) => {}
            Err(_) => return Err(MethodError::server_unavailable()),
        }
    }
    Ok(strangers)
}

/// Takes a letter back that waits for its time: all that a submission lets be changed (RFC 8621 §7.5).
async fn update(
    scope: &Scope,
    account: AccountId,
    id: &str,
    change: &Object,
    span: &mut Span,
) -> Result<Result<Submission, SetError>, MethodError> {
    let Some(id) = scope.find::<SubmissionId>(id) else { return Ok(Err(SetError::not_found())) };
    let (change, author, now) = (change.clone(), scope.person.clone(), (scope.server.clock)());
    let outbox = Arc::clone(&scope.server.outbox);
    let work = move |tx: &mut Tx| {
        let Some(found) = submission::get(tx, account, id)? else {
            return Ok(Err(SetError::not_found()));
        };
        match wanted(&found, &change) {
            Err(error) => Ok(Err(error)),
            Ok(Wanted::Nothing) => Ok(Ok(found)),
            Ok(Wanted::Cancel(letter)) => {
                if !outbox.recall(tx, letter, &author, now)? {
                    return Ok(Err(SetError::new("cannotUnsend")));
                }
                let mut data = found.data.clone();
                fate::cancel(&mut data);
                submission::update(tx, account, id, &data)?;
                submission::end(tx, id)?;
                Ok(Ok(found))
            }
        }
    };
    // The letter leaves the queue in the same commit.
    span.write_for(&scope.server.shared.store, Key::Everything, work).await
}

enum Wanted {
    Nothing,
    Cancel(LetterId),
}

fn wanted(submission: &Submission, change: &Object) -> Result<Wanted, SetError> {
    let before = object(submission);
    let after = patch::apply(before.clone(), change, |_| None)?;
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed: Vec<&String> = names.into_iter().filter(|name| before.get(*name) != after.get(*name)).collect();
    if changed.is_empty() {
        return Ok(Wanted::Nothing);
    }
    let cancels = changed == ["undoStatus"] && after.get("undoStatus").is_some_and(|status| status == "canceled");
    match fate::letter(&submission.data).filter(|_| cancels) {
        Some(letter) if fate::is_pending(&submission.data) => Ok(Wanted::Cancel(letter)),
        _ if cancels => Err(SetError::new("cannotUnsend")),
        _ => Err(SetError::invalid(changed)),
    }
}

async fn destroy(
    scope: &Scope,
    account: AccountId,
    id: &str,
    span: &mut Span,
) -> Result<Result<Submission, SetError>, MethodError> {
    let Some(id) = scope.find::<SubmissionId>(id) else { return Ok(Err(SetError::not_found())) };
    let gone = span
        .write(&scope.server.shared.store, move |tx| {
            let found = submission::get(tx, account, id)?;
            if found.is_some() {
                submission::destroy(tx, account, id)?;
            }
            Ok(found)
        })
        .await?;
    Ok(gone.ok_or_else(SetError::not_found))
}
