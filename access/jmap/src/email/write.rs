//! Files, changes and removes letters in slices, so that the writer is not held for long: in large slices if the client
//! expects a certain state (RFC 8620 §5.3).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use mail::Timestamp;
use mailbox::filing::{Deposit, Filer, Labels, Target};
use mailbox::letter::{self, Place};
use mailbox::{
    Access, Error, FlagChange, FolderId, Keywords, LetterKey, Prepared, System, UidRange, Want, account_changes, fetch,
    flags, folder,
};
use serde_json::{Value, json};
use store::{Store, Tx, View};

use super::keywords;
use crate::api::{MethodError, Object, SetError, patch};
use crate::blob::BlobPath;
use crate::id::Id;
use crate::limits;
use crate::scope::Scope;
use crate::standard::{SetAnswer, Span};

/// The most letters that one write changes.
const AT_ONCE: usize = 50;
/// The most letters that one write changes if the client expects a certain state: all of them are one change, up to the
/// number that may hold the writer. Each further write happens only if nobody else has changed anything since the last
/// one.
const TOGETHER: usize = 250;

/// Returns the state of the letters.
pub fn state(view: &View, access: Access) -> Result<mailbox::Change, Error> {
    Ok(account_changes::states(view, access)?.emails)
}

/// A letter to be filed.
pub struct Filing {
    pub octets: Bytes,
    /// The folders that it shall lie in, at least one.
    pub folders: Vec<FolderId>,
    pub system: System,
    pub keywords: Vec<String>,
    pub received: Timestamp,
}

/// The octets that drafts may take beyond the quota: at the limit a person can still write a letter, and send it.
const FOR_DRAFTS: u64 = 1 << 20;
/// The most destroyed letters of a call that make room for their replacements.
const REPLACED: usize = 16;

/// Returns the octets of the letters that the call destroys, which its new letters may use: a client changes a letter
/// by putting another in its place (RFC 8621 §4), which needs room only for the difference.
pub async fn making_room(scope: &Scope, access: Access, destroys: &[String]) -> Result<u64, MethodError> {
    let going: BTreeSet<LetterKey> = destroys.iter().take(REPLACED).filter_map(|id| scope.find(id)).collect();
    let sizes = move |view: &View| {
        let size = |key| Ok(fetch::visible(view, access, key, Want::ROW)?.map_or(0, |(_, row)| row.size));
        going.into_iter().map(size).sum::<Result<u64, Error>>()
    };
    Ok(scope.server.read(access, sizes).await?)
}

/// One task of a call.
#[derive(Clone)]
pub enum Task {
    /// Files a letter.
    File(Ready),
    /// Changes a letter as the patch says.
    Change(Which, Object),
    /// Destroys a letter.
    Destroy(Which),
}

impl Task {
    /// A letter that an earlier write of the call has filed counts as an existing one.
    fn resolve(&mut self, filed: &Filed) {
        if let Self::Change(which, _) | Self::Destroy(which) = self
            && let Which::Filed(creation) = which
            && let Some(key) = filed.get(creation)
        {
            *which = Which::Known(*key);
        }
    }
}

/// A letter that needs only be written.
#[derive(Clone)]
pub struct Ready {
    prepared: Prepared,
    folders: Vec<FolderId>,
    system: System,
    keywords: Vec<String>,
    received: Timestamp,
    /// Octets that it may take beyond the quota.
    beyond: u64,
}

impl Ready {
    /// Adds the room of the letters that go when this one has come.
    #[must_use]
    pub fn in_place_of(mut self, octets: u64) -> Self {
        self.beyond += octets;
        self
    }

    /// Returns the octets of the letter.
    pub fn size(&self) -> u64 {
        self.prepared.size()
    }
}

/// An existing letter, or one that an earlier task of the same call files.
#[derive(Clone)]
pub enum Which {
    Known(LetterKey),
    Filed(String),
}

impl Which {
    /// Returns the letter that a client's id stands for; `filed` are the creation ids of this call.
    pub fn read(scope: &Scope, id: &str, filed: &[String]) -> Option<Self> {
        match id.strip_prefix('#') {
            Some(creation) if filed.iter().any(|filed| filed == creation) => Some(Self::Filed(creation.to_owned())),
            _ => scope.find(id).map(Self::Known),
        }
    }
}

/// The result of a task: the properties that a client must know of a filed letter.
pub type Outcome = Result<Option<Object>, SetError>;

/// Does the part of a filing that needs no writer.
pub async fn prepare(scope: &Scope, filing: Filing) -> Result<Result<Ready, SetError>, MethodError> {
    let Filing { octets, folders, system, keywords, received } = filing;
    let store = scope.server.shared.store.clone();
    let preparing = tokio::task::spawn_blocking(move || mailbox::prepare(&store, octets)).await;
    match preparing.map_err(|error| MethodError::server_fail(error.to_string()))? {
        Ok(prepared) => {
            let beyond = if system.contains(System::DRAFT) { FOR_DRAFTS } else { 0 };
            Ok(Ok(Ready { prepared, folders, system, keywords, received, beyond }))
        }
        Err(Error::Store(error)) => Err(error.into()),
        Err(other) => Ok(Err(other.into())),
    }
}

/// The tasks of one call, in order; carried out as they come, or all at the end.
pub struct Work<'a> {
    pub scope: &'a mut Scope,
    pub span: &'a mut Span,
    pub access: Access,
    pub answer: SetAnswer,
    waiting: Vec<(String, Task)>,
    octets: u64,
    /// The letters that earlier writes of the call have filed, by creation id.
    filed: Filed,
    /// The account's keywords, read once for all letters of the call.
    known: Option<Arc<Keywords>>,
}

impl<'a> Work<'a> {
    pub fn new(scope: &'a mut Scope, span: &'a mut Span, access: Access) -> Self {
        let (answer, waiting, filed) = (SetAnswer::default(), Vec::new(), Filed::new());
        Self { scope, span, access, answer, waiting, octets: 0, filed, known: None }
    }

    /// Adds one task, under its name in the answer.
    pub async fn add(&mut self, name: String, task: Task) -> Result<(), MethodError> {
        let is_filing = if let Task::File(ready) = &task {
            self.octets += ready.size();
            true
        } else {
            false
        };
        self.waiting.push((name, task));
        if self.span.is_conditional() {
            // Letters that are written together are in memory together.
            if self.octets > limits::ATTACHMENTS as u64 {
                return Err(MethodError::request_too_large());
            }
            return if self.waiting.len() < TOGETHER { Ok(()) } else { self.carry_out().await };
        }
        if is_filing || self.waiting.len() >= AT_ONCE { self.carry_out().await } else { Ok(()) }
    }

    /// Carries out the waiting tasks.
    pub async fn carry_out(&mut self) -> Result<(), MethodError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut tasks = std::mem::take(&mut self.waiting);
        tasks.iter_mut().for_each(|(_, task)| task.resolve(&self.filed));
        let (tasks, access) = (Arc::new(tasks), self.access);
        let its_tasks = Arc::clone(&tasks);
        let store = self.scope.server.shared.store.clone();
        let known = self.keywords(&store).await?;
        let outcomes = self.span.write(&store, move |tx| act_all(tx, access, &its_tasks, &known)).await?;
        for ((name, task), outcome) in tasks.iter().zip(outcomes) {
            self.note(name, task, outcome);
        }
        self.octets = 0;
        Ok(())
    }

    async fn keywords(&mut self, store: &Store) -> Result<Arc<Keywords>, MethodError> {
        let access = self.access;
        if let Some(known) = &self.known {
            return Ok(Arc::clone(known));
        }
        let known = Arc::new(store.read_for(access.asker(), move |view| Keywords::load(view, access)).await?);
        Ok(Arc::clone(self.known.insert(known)))
    }

    fn note(&mut self, name: &str, task: &Task, outcome: Outcome) {
        match task {
            Task::File(_) => {
                if let Ok(Some(made)) = &outcome
                    && let Some(id) = made.get("id").and_then(Value::as_str)
                {
                    self.filed.extend(LetterKey::read(id).map(|key| (name.to_owned(), key)));
                    self.scope.note(name, id.to_owned());
                }
                self.answer.create(name, outcome.map(Option::unwrap_or_default));
            }
            Task::Change(..) => self.answer.update(self.scope.real(name).unwrap_or(name), outcome),
            Task::Destroy(_) => self.answer.destroy(self.scope.real(name).unwrap_or(name), outcome.map(drop)),
        }
    }
}

fn act_all(tx: &mut Tx, access: Access, tasks: &[(String, Task)], known: &Keywords) -> Result<Vec<Outcome>, Error> {
    let mut filed = BTreeMap::new();
    let mut outcomes = Vec::with_capacity(tasks.len());
    for (name, task) in tasks {
        // A task that fails is undone alone; the others go on.
        let outcome = match tx.attempt(|tx| act(tx, access, task, &filed, known))? {
            Ok((key, outcome)) => {
                filed.extend(key.map(|key| (name.clone(), key)));
                outcome
            }
            Err(Error::Store(error)) => return Err(error.into()),
            Err(Error::NoSuchFolder(_)) if matches!(task, Task::File(_)) => Err(SetError::invalid(["mailboxIds"])),
            Err(other) => Err(other.into()),
        };
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

type Filed = BTreeMap<String, LetterKey>;

/// The inner error says that the rules refuse the action, and then nothing was written.
fn act(
    tx: &mut Tx,
    access: Access,
    task: &Task,
    filed: &Filed,
    known: &Keywords,
) -> Result<(Option<LetterKey>, Outcome), Error> {
    let find = |which: &Which| match which {
        Which::Known(key) => Some(*key),
        Which::Filed(creation) => filed.get(creation).copied(),
    };
    match task {
        Task::File(ready) => file(tx, access, ready, known).map(|(key, made)| (Some(key), Ok(Some(made)))),
        Task::Change(which, change) => {
            let Some(key) = find(which) else { return Ok((None, Err(SetError::not_found()))) };
            apply(tx, access, key, change, known).map(|outcome| (None, outcome.map(|()| None)))
        }
        Task::Destroy(which) => {
            let gone = match find(which) {
                Some(key) => destroy(tx, access, key)?,
                None => false,
            };
            Ok((None, if gone { Ok(None) } else { Err(SetError::not_found()) }))
        }
    }
}

fn file(tx: &mut Tx, access: Access, ready: &Ready, known: &Keywords) -> Result<(LetterKey, Object), Error> {
    let Ready { prepared, folders, system, keywords, received, beyond } = ready;
    let mut targets = folders.iter().map(|folder| Target::Id(*folder));
    let (target, labels) = (targets.next().ok_or(Error::Nowhere)?, Labels::All(keywords));
    let (system, received, beyond) = (*system, *received, *beyond);
    // A letter that a person writes or sorts here has no history of its own until it is sent.
    let deposit = Deposit { prepared, target, system, labels, received, beyond, begins: None };
    let also: Vec<Target<'_>> = targets.collect();
    let lies = Filer::new(access, received).knowing(known).file_in(tx, &deposit, &also)?;
    let filed = &lies.first().ok_or(Error::Nowhere)?.filed;
    let made = json!({
        "id": filed.letter.id(),
        "blobId": BlobPath::letter(filed.letter).id(),
        "threadId": filed.thread.id(),
        "size": ready.size(),
    });
    Ok((filed.letter, made.as_object().cloned().unwrap_or_default()))
}

/// Changes a letter as the patch says.
fn apply(
    tx: &mut Tx,
    access: Access,
    key: LetterKey,
    change: &Object,
    known: &Keywords,
) -> Result<Result<(), SetError>, Error> {
    let mut places = letter::places(tx, access, key)?;
    places.retain(Place::is_visible);
    let Some(first) = places.first() else { return Ok(Err(SetError::not_found())) };
    // A keyword may have been added since the keywords were read, by this call or another one.
    let fresh = first.flags.keywords().iter().any(|id| known.name(*id).is_none());
    let fresh = if fresh { Some(Keywords::load(tx, access)?) } else { None };
    let known = fresh.as_ref().unwrap_or(known);
    let keywords: Object =
        keywords::of(&first.flags, known).into_iter().map(|keyword| (keyword, Value::Bool(true))).collect();
    let mut now = Object::new();
    now.insert("keywords".into(), keywords.into());
    let mailboxes: Object = places.iter().map(|place| (place.folder.id(), Value::Bool(true))).collect();
    now.insert("mailboxIds".into(), mailboxes.into());
    // Keywords are the same in any case.
    let change: Object = change.iter().map(|(path, value)| (in_lower_case(path), value.clone())).collect();
    let after = match patch::apply(now, &change, |name| (name == "keywords").then(|| json!({}))) {
        Ok(after) => after,
        Err(error) => return Ok(Err(error)),
    };
    let (folders, system, names) = match wanted(tx, access, &after)? {
        Ok(wanted) => wanted,
        Err(error) => return Ok(Err(error)),
    };
    let Some(placed) = letter::set_folders(tx, access, key, &folders)? else {
        return Ok(Err(SetError::not_found()));
    };
    let Some((folder, uid)) = placed.now.first() else { return Ok(Err(SetError::not_found())) };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let flags = flags::intern_beside(tx, access, system, &names, known)?;
    letter::store_flags(tx, access, *folder, &[UidRange::one(*uid)], &FlagChange::Replace(flags), None, 1)?;
    Ok(Ok(()))
}

fn in_lower_case(path: &str) -> String {
    match path.strip_prefix("keywords/") {
        Some(keyword) => format!("keywords/{}", keyword.to_ascii_lowercase()),
        None => path.to_owned(),
    }
}

type Wanted = (Vec<FolderId>, System, Vec<String>);

/// Returns the folders that the letter shall lie in, and its keywords.
fn wanted(tx: &Tx, access: Access, after: &Object) -> Result<Result<Wanted, SetError>, Error> {
    let mut bad = Vec::new();
    let keywords = after.get("keywords").and_then(Value::as_object);
    if keywords.is_some_and(|keywords| keywords.len() > keywords::MOST) {
        return Ok(Err(SetError::new("tooManyKeywords")));
    }
    let keywords = keywords.and_then(keywords::read);
    if keywords.is_none() {
        bad.push("keywords");
    }
    let mut ids = after.get("mailboxIds").and_then(Value::as_object).cloned().unwrap_or_default();
    ids.retain(|_, value| *value != Value::Bool(false));
    if ids.len() > letter::MOST_PLACES {
        return Ok(Err(SetError::new("tooManyMailboxes")));
    }
    let all_true = ids.values().all(|value| *value == Value::Bool(true));
    let folders = folders_of(tx, access, ids.keys())?.filter(|folders| all_true && !folders.is_empty());
    if folders.is_none() {
        bad.push("mailboxIds");
    }
    Ok(match (folders, keywords) {
        (Some(folders), Some((system, names))) => Ok((folders, system, names)),
        _ => Err(SetError::invalid(bad)),
    })
}

/// Returns the folders of these ids; `None` if the account has not all of them.
fn folders_of<'i>(
    tx: &Tx,
    access: Access,
    ids: impl Iterator<Item = &'i String>,
) -> Result<Option<Vec<FolderId>>, Error> {
    let mut folders = Vec::new();
    for id in ids {
        let Some(id) = FolderId::read(id) else { return Ok(None) };
        match folder::get(tx, access, id) {
            Ok(_) => folders.push(id),
            Err(Error::NoSuchFolder(_)) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(folders))
}

fn destroy(tx: &mut Tx, access: Access, key: LetterKey) -> Result<bool, Error> {
    let is_visible = letter::places(tx, access, key)?.iter().any(Place::is_visible);
    Ok(is_visible && letter::destroy(tx, access, key)?)
}
