//! Tells how an account as a whole changed since a client last looked: letters, conversations and folders, exactly,
//! in pieces of any size, with work in proportion to the changes. JMAP calls such a position a state (RFC 8620 §5.2).
//!
//! To a client that looks this way a letter flagged `\Deleted` wherever it lies is gone (RFC 8621 §4.1.1), and one that
//! came into a folder or left one has changed. A letter whose conversation is joined to another is gone as well, and has
//! come again under another key.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;

use mail::seam::AccountId;
use store::{View, params};

use crate::{Access, Change, Error, FolderId, LetterKey, Right, ThreadId};

/// The last changes of what an account holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct States {
    /// The last change of any letter.
    pub emails: Change,
    /// The last change of any folder, or of its counters.
    pub folders: Change,
    /// The last change of which letters a conversation has.
    pub threads: Change,
}

/// The account's states now.
pub fn states(view: &View, access: Access) -> Result<States, Error> {
    Ok(ends(view, access.may(Right::Read)?)?.0)
}

/// The position that a client has reached. Changes are told in the order they happened; a client that took only a
/// piece of them knows all up to `known`, and beyond it the items whose last change is at or before `seen`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// All changes up to here are known.
    pub known: Change,
    /// The last change told, and the number of the last thing told of it.
    pub seen: (Change, i64),
}

impl Cursor {
    /// The position of a client that knows all changes up to this one and nothing beyond.
    pub fn at(change: Change) -> Self {
        Self { known: change, seen: (change, i64::MAX) }
    }

    fn is_before(&self, change: Change, number: i64) -> bool {
        (change, number) > self.seen
    }
}

/// The changes to the items of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes<Id> {
    /// Came.
    pub created: Vec<Id>,
    /// Were there, and are other than before.
    pub updated: Vec<Id>,
    /// Went.
    pub destroyed: Vec<Id>,
    /// The position of a client that knows these changes.
    pub now: Cursor,
    /// There is more: ask again from `now`.
    pub more: bool,
}

impl<Id> Changes<Id> {
    fn none(now: Cursor) -> Self {
        Self { created: Vec::new(), updated: Vec::new(), destroyed: Vec::new(), now, more: false }
    }
}

/// A letter came, changed or went.
#[derive(Clone, Copy)]
struct Event {
    change: Change,
    letter: i64,
    thread: ThreadId,
    born: Change,
    gone: bool,
}

/// Returns the changes to the letters, at most `limit` of them. `None`: so long ago is not remembered.
pub fn letters(view: &View, access: Access, from: Cursor, limit: usize) -> Result<Option<Changes<LetterKey>>, Error> {
    let account = access.may(Right::Read)?;
    let (states, forgotten) = ends(view, account)?;
    if from.known < forgotten || from.known > states.emails {
        return Ok(None);
    }
    let head = Cursor::at(states.emails);
    if from.seen >= head.seen {
        return Ok(Some(Changes::none(head)));
    }
    let events = events(view, account, from, limit)?;
    let mut changes = Changes::none(head);
    changes.more = events.len() > limit;
    let told = &events[..events.len().min(limit)];
    if let Some(last) = told.last().filter(|_| changes.more) {
        changes.now = Cursor { known: from.known, seen: (last.change, last.letter) };
    }
    // A letter that went and came back has only changed.
    let mut fates: BTreeMap<i64, (bool, bool)> = BTreeMap::new();
    for event in told {
        let fate = fates.entry(event.letter).or_default();
        if event.gone {
            // It lost a place before it went.
            fate.0 = false;
            // We do not know whether an earlier piece told that this letter came; that it went can be told twice.
            fate.1 |= event.born <= from.seen.0;
        } else {
            fate.0 = true;
            fate.1 |= event.born <= from.known;
        }
    }
    let gone: HashSet<i64> = told.iter().filter(|event| event.gone).map(|event| event.letter).collect();
    for (letter, (is_there, was_there)) in fates {
        let key = LetterKey(letter);
        match (is_there, was_there) {
            (true, true) => changes.updated.push(key),
            (true, false) => changes.created.push(key),
            (false, true) => changes.destroyed.push(key),
            (false, false) => debug_assert!(gone.contains(&letter)),
        }
    }
    Ok(Some(changes))
}

/// Returns the changes to the conversations, at most `limit` of them: a conversation changes when a letter of it
/// comes or goes. `None`: so long ago is not remembered.
pub fn threads(view: &View, access: Access, from: Cursor, limit: usize) -> Result<Option<Changes<ThreadId>>, Error> {
    let account = access.may(Right::Read)?;
    let (states, forgotten) = ends(view, account)?;
    if from.known < forgotten || from.known > states.threads {
        return Ok(None);
    }
    let head = Cursor::at(states.threads);
    // Places in between are told by the last change of a letter, which may be one of its flags.
    if from.known == states.threads || from.seen >= Cursor::at(states.emails).seen {
        return Ok(Some(Changes::none(head)));
    }
    let mut changes = Changes::none(head);
    let (mut position, mut touched) = (from, HashSet::new());
    // Flags change far more often than conversations: pieces are looked through until one is full.
    while !changes.more {
        let events = events(view, account, position, EVENTS)?;
        let whole = events.len() <= EVENTS;
        for event in events.iter().take(EVENTS) {
            let counts = (event.gone || event.born > from.known) && !touched.contains(&event.thread);
            if counts && touched.len() == limit {
                changes.more = true;
                changes.now = Cursor { known: from.known, seen: position.seen };
                break;
            }
            if counts {
                touched.insert(event.thread);
            }
            position.seen = (event.change, event.letter);
        }
        if whole {
            break;
        }
    }
    let were = threads_gone_since(view, account, from.known)?;
    for thread in touched {
        let (is_there, old_letter) = look_at(view, account, thread, from.known)?;
        match (is_there, old_letter || were.contains(&thread)) {
            (true, true) => changes.updated.push(thread),
            (true, false) => changes.created.push(thread),
            (false, true) => changes.destroyed.push(thread),
            // It came and went; an earlier piece may have told of it.
            (false, false) if from.seen.0 > from.known => changes.destroyed.push(thread),
            (false, false) => {}
        }
    }
    Ok(Some(changes))
}

/// The conversations of which a letter came, changed or went since, with those that may have changed in more than
/// their flags. `None`: so long ago is not remembered, or they are more than `limit`.
pub fn threads_touched(
    view: &View,
    access: Access,
    from: Cursor,
    limit: usize,
) -> Result<Option<HashSet<ThreadId>>, Error> {
    let account = access.may(Right::Read)?;
    let events = events(view, account, from, limit)?;
    if events.len() > limit {
        return Ok(None);
    }
    Ok(Some(events.into_iter().map(|event| event.thread).collect()))
}

/// Events looked at in one go for conversations.
const EVENTS: usize = 5_000;

/// Tells whether the thread has visible letters, and one that was visible at `known` already.
fn look_at(view: &View, account: AccountId, thread: ThreadId, known: Change) -> Result<(bool, bool), Error> {
    Ok(view.query_one(
        "SELECT COUNT(*), COALESCE(SUM(CASE WHEN e.born <= $3 THEN 1 ELSE 0 END), 0)
         FROM letter l JOIN entry e ON e.letter = l.letter
         WHERE l.account = $1 AND l.thread = $2 AND (e.flags & 8) = 0",
        params![account.0, thread.0, known.0],
        |row| Ok((row.get::<i64>(0)? > 0, row.get::<i64>(1)? > 0)),
    )?)
}

/// Conversations that had, at `known`, a letter that has gone since.
fn threads_gone_since(view: &View, account: AccountId, known: Change) -> Result<HashSet<ThreadId>, Error> {
    let mut threads = HashSet::new();
    view.for_each(
        "SELECT thread FROM letter_gone WHERE account = $1 AND change > $2 AND born <= $2 AND stays = 0",
        params![account.0, known.0],
        |row| {
            threads.insert(ThreadId(row.get(0)?));
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(threads)
}

/// Returns the events after the cursor, in order: at least `limit` + 1 where there are as many, and not many more.
fn events(view: &View, account: AccountId, from: Cursor, limit: usize) -> Result<Vec<Event>, Error> {
    let folders = view.query(
        "SELECT folder FROM folder WHERE account = $1 AND name IS NOT NULL AND highest >= $2",
        params![account.0, from.seen.0.0],
        |row| row.get::<i64>(0),
    )?;
    let mut events = Vec::new();
    for folder in folders {
        let sql = "SELECT change, letter, thread, born, 0, flags FROM entry WHERE folder = $1 AND change >= $2
                   ORDER BY change";
        gather(view, sql, folder, from, limit, &mut events)?;
        // Only the earliest are of interest.
        if events.len() > 4 * limit {
            cut(&mut events, limit);
        }
    }
    let sql = "SELECT change, letter, thread, born, 1 - stays, 0 FROM letter_gone
               WHERE account = $1 AND change >= $2 ORDER BY change, letter";
    gather(view, sql, account.0, from, limit, &mut events)?;
    cut(&mut events, limit);
    Ok(events)
}

fn cut(events: &mut Vec<Event>, limit: usize) {
    events.sort_unstable_by_key(|event| (event.change, event.letter, event.gone));
    // A letter may have changed in several folders at once.
    events.dedup_by_key(|event| (event.change, event.letter, event.gone));
    events.truncate(limit + 1);
}

fn gather(
    view: &View,
    sql: &str,
    whose: i64,
    from: Cursor,
    limit: usize,
    events: &mut Vec<Event>,
) -> Result<(), Error> {
    let (mut found, mut last) = (0, Change::default());
    view.for_each(sql, params![whose, from.seen.0.0], |row| {
        let change = Change(row.get(0)?);
        // Letters changed in one stroke come in no order: all of them are looked at.
        if found > limit && change != last {
            return Ok(ControlFlow::Break(()));
        }
        let event = Event {
            change,
            letter: row.get(1)?,
            thread: ThreadId(row.get(2)?),
            born: Change(row.get(3)?),
            gone: row.get(4)?,
        };
        let visible = row.get::<i64>(5)? & 8 == 0;
        if visible && from.is_before(change, event.letter) {
            events.push(event);
            (found, last) = (found + 1, change);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(())
}

/// The changes to the folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoldersChanged {
    /// The folders that came, changed or went.
    pub changes: Changes<FolderId>,
    /// For the changed folders: only their counters have changed.
    pub only_counters: bool,
}

struct FolderEvent {
    change: Change,
    folder: FolderId,
    born: Change,
    altered: Change,
    gone: bool,
}

/// Returns the changes to the folders, at most `limit` of them. `None`: so long ago is not remembered.
pub fn folders(view: &View, access: Access, from: Cursor, limit: usize) -> Result<Option<FoldersChanged>, Error> {
    let account = access.may(Right::Read)?;
    let (states, forgotten) = ends(view, account)?;
    if from.known < forgotten || from.known > states.folders {
        return Ok(None);
    }
    let mut changes = Changes::none(Cursor::at(states.folders));
    let mut events = folder_events(view, account, from)?;
    events.sort_unstable_by_key(|event| (event.change, event.folder));
    if events.len() > limit {
        events.truncate(limit);
        changes.more = true;
        if let Some(last) = events.last() {
            changes.now = Cursor { known: from.known, seen: (last.change, last.folder.0) };
        }
    }
    let mut only_counters = true;
    for event in events {
        match (event.gone, event.born <= from.known) {
            (false, true) => {
                only_counters &= event.altered <= from.known;
                changes.updated.push(event.folder);
            }
            (false, false) => changes.created.push(event.folder),
            (true, true) => changes.destroyed.push(event.folder),
            (true, false) if event.born <= from.seen.0 => changes.destroyed.push(event.folder),
            (true, false) => {}
        }
    }
    let only_counters = only_counters && !changes.updated.is_empty();
    Ok(Some(FoldersChanged { changes, only_counters }))
}

fn folder_events(view: &View, account: AccountId, from: Cursor) -> Result<Vec<FolderEvent>, Error> {
    let mut events = Vec::new();
    for sql in [
        "SELECT folder, born, altered, counted, 0 FROM folder
         WHERE account = $1 AND name IS NOT NULL AND (altered >= $2 OR counted >= $2)",
        "SELECT folder, born, change, change, 1 FROM folder_gone WHERE account = $1 AND change >= $2",
    ] {
        let found = view.query(sql, params![account.0, from.seen.0.0], |row| {
            let (altered, counted) = (Change(row.get(2)?), Change(row.get(3)?));
            Ok(FolderEvent {
                change: altered.max(counted),
                folder: FolderId(row.get(0)?),
                born: Change(row.get(1)?),
                altered,
                gone: row.get(4)?,
            })
        })?;
        events.extend(found.into_iter().filter(|event| from.is_before(event.change, event.folder.0)));
    }
    Ok(events)
}

/// Returns the account's states, and the change up to which removed items are forgotten.
fn ends(view: &View, account: AccountId) -> Result<(States, Change), Error> {
    view.query_opt(
        "SELECT emails, folders, threads, forgotten FROM account_mail WHERE account = $1 AND deleted = 0",
        params![account.0],
        |row| {
            let states =
                States { emails: Change(row.get(0)?), folders: Change(row.get(1)?), threads: Change(row.get(2)?) };
            Ok((states, Change(row.get(3)?)))
        },
    )?
    .ok_or(Error::NoSuchAccount(account))
}
