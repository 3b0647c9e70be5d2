//! APPEND (RFC 9051 §6.3.12), of one letter or several at once (RFC 3502).

use std::ops::RangeInclusive;

use bytes::{Bytes, BytesMut};
use mail::seam::{AccountId, Login};
use mail::trace::{Arrival, Event};
use mail::{LetterId, Timestamp};
use mailbox::letter::{self, Filed};
use mailbox::{Error, Prepared, System, account, flags, folder};
use store::{Store, Tx};

use crate::codec::command::{Append, AppendLetter, Flag};
use crate::codec::sets::runs;
use crate::serve::{Answer, Code, Done, Session};

/// They are filed in one transaction (RFC 3502 §6.1: all or none), which must not hold up others for long.
const LETTERS_MAX: usize = 500;

/// What can be known of an APPEND before its letter is sent: whether the folder is there, whether it would fit.
pub(crate) async fn admit(session: &Session, folder: String, size: u64) -> Result<(), Answer> {
    session.house.store.may_grow().map_err(Error::from)?;
    let account = session.login.account;
    let (there, usage) = session
        .house
        .store
        .read_for(session.asker(), move |view| {
            Ok::<_, Error>((folder::by_name(view, account, &folder)?.is_some(), account::usage(view, account)?))
        })
        .await?;
    if !there {
        return Err(try_create());
    }
    match usage.quota {
        Some(quota) if usage.used.saturating_add(size) > quota => {
            Err(Error::OverQuota { used: usage.used, quota, size }.into())
        }
        _ => Ok(()),
    }
}

/// RFC 9051 §6.3.12: the client may make the folder and try again.
fn try_create() -> Answer {
    Answer::no("There is no such folder; it can be created").word("TRYCREATE")
}

/// Files the letters. The answer comes after the commit that holds them has been synced.
pub(super) async fn append(session: &Session, append: Append) -> Done {
    let Append { folder, letters } = append;
    if letters.len() > LETTERS_MAX {
        return Err(Answer::no("Too many letters in one command").word("LIMIT").into());
    }
    for letter in &letters {
        check(letter)?;
    }
    let store = session.house.store.clone();
    let person = session.login.clone();
    let prepared = tokio::task::spawn_blocking(move || prepare(&store, letters, &person)).await;
    let ready = prepared.map_err(|_| Answer::no("The letter could not be read").word("SERVERBUG"))??;
    let (account, now) = (session.login.account, net::now());
    let filed = session.house.store.write(move |tx| file(tx, account, &folder, &ready, now)).await?;
    match filed {
        Some(filed) => Ok(done(&filed)),
        None => Ok(try_create()),
    }
}

fn check(letter: &AppendLetter) -> Result<(), Answer> {
    // RFC 3502 §6.3.11: a client that changes its mind in the middle sends an empty letter.
    if letter.body.is_empty() {
        return Err(Answer::no("The letter is empty, nothing was kept"));
    }
    if memchr::memchr(0, &letter.body).is_none() {
        return Ok(());
    }
    // RFC 3516 §4.3: NUL can only come in a literal8; this mailbox keeps no letters with it.
    if letter.binary {
        return Err(Answer::no("Letters with NUL in them are not kept here").word("UNKNOWN-CTE"));
    }
    Err(Answer::bad("A letter must not hold NUL"))
}

/// A letter that needs only to be filed.
struct Ready {
    prepared: Prepared,
    system: System,
    keywords: Vec<String>,
    received: Timestamp,
    /// The name it gets in the house.
    id: LetterId,
    arrival: Arrival,
}

/// Parses, hashes and packs: on a thread where that may take its time.
fn prepare(store: &Store, letters: Vec<AppendLetter>, person: &Login) -> Result<Vec<Ready>, Error> {
    letters.into_iter().map(|letter| ready(store, letter, person)).collect()
}

fn ready(store: &Store, letter: AppendLetter, person: &Login) -> Result<Ready, Error> {
    let AppendLetter { flags, received, body, .. } = letter;
    let (mut system, mut keywords) = (System::NONE, Vec::new());
    for flag in flags {
        match flag {
            Flag::Seen => system = system.with(System::SEEN),
            Flag::Answered => system = system.with(System::ANSWERED),
            Flag::Flagged => system = system.with(System::FLAGGED),
            Flag::Deleted => system = system.with(System::DELETED),
            Flag::Draft => system = system.with(System::DRAFT),
            Flag::Keyword(name) => keywords.push(name),
        }
    }
    let body = with_crlf(body);
    let (id, arrival) = (LetterId::from_random(rand::random()), Arrival::put_there(&body, person));
    let prepared = mailbox::prepare(store, body)?;
    Ok(Ready { prepared, system, keywords, received: received.unwrap_or_else(net::now), id, arrival })
}

/// The letter with CRLF where a line ends in LF alone: scripts forget it, and every line of ours ends so.
fn with_crlf(body: Bytes) -> Bytes {
    let is_bare = |at: usize| at == 0 || body.get(at - 1) != Some(&b'\r');
    let bare = memchr::memchr_iter(b'\n', &body).filter(|at| is_bare(*at)).count();
    if bare == 0 {
        return body;
    }
    let mut whole = BytesMut::with_capacity(body.len() + bare);
    let mut copied = 0;
    for at in memchr::memchr_iter(b'\n', &body).filter(|at| is_bare(*at)) {
        whole.extend_from_slice(body.get(copied..at).unwrap_or_default());
        whole.extend_from_slice(b"\r\n");
        copied = at + 1;
    }
    whole.extend_from_slice(body.get(copied..).unwrap_or_default());
    whole.freeze()
}

/// All or none. `None` when there is no such folder.
fn file(
    tx: &mut Tx,
    account: AccountId,
    name: &str,
    letters: &[Ready],
    now: Timestamp,
) -> Result<Option<Vec<Filed>>, Error> {
    let Some(folder) = folder::by_name(tx, account, name)? else { return Ok(None) };
    let mut filed = Vec::with_capacity(letters.len());
    for letter in letters {
        let keywords: Vec<&str> = letter.keywords.iter().map(String::as_str).collect();
        let flags = flags::intern(tx, account, letter.system, &keywords)?;
        let one = letter::file(tx, folder.id, &letter.prepared, &flags, letter.received)?;
        let recipient = letter.arrival.login.clone();
        let lies = Event::Filed { account: account.0, key: one.letter.0, recipient, folder: folder.name.clone() };
        trace::note_all(tx, letter.id, now, vec![Event::Received(letter.arrival.clone()), lies])?;
        filed.push(one);
    }
    Ok(Some(filed))
}

fn done(filed: &[Filed]) -> Answer {
    let answer = Answer::ok("The letter is filed");
    match filed.first() {
        Some(first) => {
            let uids: Vec<RangeInclusive<u32>> = runs(filed.iter().map(|filed| filed.uid.get())).collect();
            answer.with(Code::AppendUid(first.uid_validity.0, uids))
        }
        None => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_end_in_lf_alone_get_their_cr() {
        let whole = |body: &'static [u8]| with_crlf(Bytes::from_static(body)).to_vec();
        assert_eq!(whole(b"a\nb\r\nc\n\nd"), b"a\r\nb\r\nc\r\n\r\nd");
        assert_eq!(whole(b"\n"), b"\r\n");
        assert_eq!(whole(b"a\r\nb\r\n"), b"a\r\nb\r\n");
    }
}
