//! Email/query and Email/queryChanges (RFC 8621 §4.4, §4.5).

use std::collections::HashSet;

use mailbox::account_changes::{self, Changes, Cursor};
use mailbox::search::{self, Found, InThread, Key, Listing, Order, Placed, Window};
use mailbox::{Access, Error, LetterKey, ThreadId, thread};
use serde::Deserialize;
use serde_json::Value;
use store::View;

use super::{filter, keywords};
use crate::api::{MethodError, Object};
use crate::id::Id;
use crate::scope::Scope;
use crate::standard::query::{
    Comparator, Part, QueryAnswer, QueryArguments, QueryChangesAnswer, QueryChangesArguments, arguments_and, check_sort,
};
use crate::{limits, state};

/// The number of times that a list is made again because something changed while it was being made.
const TRIES: usize = 5;
/// The most letters of one conversation that are read.
const IN_THREAD: usize = 10_000;

/// The arguments that Email has beside those of every `/query` and `/queryChanges`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwnArguments {
    #[serde(default)]
    collapse_threads: bool,
}

/// Their names.
const OWN: [&str; 1] = ["collapseThreads"];

pub async fn query(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let (arguments, own): (QueryArguments, OwnArguments) = arguments_and(arguments, &OWN)?;
    let access = scope.access(&arguments.account_id)?;
    let listing = listing(arguments.filter, arguments.sort, own.collapse_threads)?;
    let part = Part::new(arguments.position, arguments.anchor, arguments.anchor_offset, arguments.limit);
    let window = match &part.anchor {
        Some(anchor) => {
            let anchor = LetterKey::read(anchor).ok_or_else(MethodError::anchor_not_found)?;
            Window::Anchor(anchor, part.anchor_offset)
        }
        None => Window::Position(part.position),
    };
    let found = list(scope, access, &listing, window, part.limit, arguments.calculate_total).await?;
    let answer = QueryAnswer {
        account: arguments.account_id,
        state: state::write(Cursor::at(found.state)),
        can_calculate_changes: true,
        position: found.position,
        ids: found.letters.into_iter().map(Id::id).collect(),
        total: found.total,
        limit: part.clamped.then_some(part.limit),
    };
    Ok(answer.into_arguments())
}

async fn list(
    scope: &Scope,
    access: Access,
    listing: &Listing,
    window: Window,
    limit: usize,
    total: bool,
) -> Result<Found, MethodError> {
    let server = &scope.server;
    let mut tries = 0;
    loop {
        let found =
            search::list(&server.shared.store, access, listing.clone(), window, limit, total, (server.clock)()).await;
        let found = found.map_err(too_complex)?.ok_or_else(MethodError::anchor_not_found)?;
        tries += 1;
        // If the mailbox never rests, the answer carries the older state, and the client gets all changes since then
        // again.
        if found.exact || tries == TRIES {
            return Ok(found);
        }
    }
}

pub async fn changes(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let (arguments, own): (QueryChangesArguments, OwnArguments) = arguments_and(arguments, &OWN)?;
    let access = scope.access(&arguments.account_id)?;
    let listing = listing(arguments.filter, arguments.sort, own.collapse_threads)?;
    let since = state::read(&arguments.since_query_state).ok_or_else(MethodError::cannot_calculate_changes)?;
    let by_threads = listing.collapse
        || filter::looks_at_threads(&listing.criteria)
        || listing.orders.iter().any(|order| matches!(order.key, Key::Thread(..)));
    for _ in 0..TRIES {
        let touched = scope.server.scan(access, move |view| Touched::look(view, access, since, by_threads)).await?;
        let touched = touched.ok_or_else(MethodError::cannot_calculate_changes)?;
        let placed = place(scope, access, &listing, &touched, arguments.calculate_total).await?;
        // Positions are given for the state that the answer names, or not at all.
        if placed.exact && Cursor::at(placed.state) == touched.now {
            let answer = QueryChangesAnswer {
                account: arguments.account_id,
                old_state: arguments.since_query_state,
                new_state: state::write(touched.now),
                total: placed.total,
                removed: touched.removed.into_iter().map(Id::id).collect(),
                added: placed.letters.into_iter().map(|(letter, index)| (letter.id(), index)).collect(),
            };
            return answer.into_arguments(arguments.max_changes);
        }
    }
    Err(MethodError::server_unavailable())
}

async fn place(
    scope: &Scope,
    access: Access,
    listing: &Listing,
    touched: &Touched,
    total: bool,
) -> Result<Placed, MethodError> {
    let server = &scope.server;
    let (letters, threads) = (touched.letters.clone(), touched.threads.clone());
    let placed =
        search::placed(&server.shared.store, access, listing.clone(), letters, threads, total, (server.clock)());
    placed.await.map_err(too_complex)
}

/// Letters whose place on a list may be other than before.
struct Touched {
    /// These letters may have been on the list, and may have moved.
    removed: Vec<LetterKey>,
    letters: HashSet<LetterKey>,
    /// All letters of the conversations that changed, if the list collapses conversations.
    threads: HashSet<ThreadId>,
    now: Cursor,
}

impl Touched {
    /// Returns `None` if the state is too old, or if there are too many changes.
    fn look(view: &View, access: Access, since: Cursor, by_threads: bool) -> Result<Option<Self>, Error> {
        let Some(changes) = account_changes::letters(view, access, since, limits::QUERY_CHANGES)? else {
            return Ok(None);
        };
        if changes.more {
            return Ok(None);
        }
        let Changes { created, updated, destroyed, now, .. } = changes;
        if !by_threads {
            let letters = created.iter().chain(&updated).copied().collect();
            let removed = updated.into_iter().chain(destroyed).collect();
            return Ok(Some(Self { removed, letters, threads: HashSet::new(), now }));
        }
        let threads = account_changes::threads_touched(view, access, since, limits::QUERY_CHANGES)?;
        let Some(threads) = threads else { return Ok(None) };
        let new: HashSet<LetterKey> = created.into_iter().collect();
        let mut removed = destroyed;
        for thread in &threads {
            view.check()?;
            let letters = thread::letters(view, access, *thread, IN_THREAD)?;
            removed.extend(letters.into_iter().filter(|letter| !new.contains(letter)));
            if removed.len() > limits::QUERY_CHANGES {
                return Ok(None);
            }
        }
        Ok(Some(Self { removed, letters: HashSet::new(), threads, now }))
    }
}

fn too_complex(error: Error) -> MethodError {
    match error {
        Error::TooComplex => MethodError::unsupported_filter("more letters or words than are looked through at once"),
        other => other.into(),
    }
}

/// Translates the client's query into a listing of the mailbox.
fn listing(filter: Option<Value>, sort: Option<Vec<Comparator>>, collapse: bool) -> Result<Listing, MethodError> {
    let sort = sort.unwrap_or_default();
    check_sort(&sort)?;
    let orders = sort.iter().map(order).collect::<Result<_, _>>()?;
    // If the client asks for no order, the server's own order applies: the best matches come first.
    Ok(Listing { criteria: filter::read(filter)?, orders, collapse, best_first: true })
}

fn order(comparator: &Comparator) -> Result<Order, MethodError> {
    comparator.check()?;
    let keyword = || {
        let name = comparator.keyword.as_deref();
        let name = name.ok_or_else(|| MethodError::invalid_arguments("this comparator needs a keyword"))?;
        Ok::<_, MethodError>(keywords::meaning(name))
    };
    let key = match comparator.property.as_str() {
        "receivedAt" => Key::Received,
        "sentAt" => Key::Sent,
        "size" => Key::Size,
        "from" => Key::From,
        "to" => Key::To,
        "subject" => Key::Subject,
        "hasKeyword" => keyword().map(|(flags, name)| Key::Keyword(flags, name))?,
        "allInThreadHaveKeyword" => keyword().map(|(flags, name)| Key::Thread(InThread::All, flags, name))?,
        "someInThreadHaveKeyword" => keyword().map(|(flags, name)| Key::Thread(InThread::Some, flags, name))?,
        other => return Err(MethodError::unsupported_sort(format!("not by {other:?}"))),
    };
    Ok(Order { key, ascending: comparator.is_ascending })
}
