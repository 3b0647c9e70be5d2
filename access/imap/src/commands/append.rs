//! APPEND (RFC 9051 §6.3.12), of one letter or of several together (RFC 3502).

use std::borrow::Cow;
use std::ops::RangeInclusive;

use bytes::Bytes;
use mail::seam::Login;
use mail::trace::{Arrival, Event};
use mail::{LetterId, Timestamp, lines};
use mailbox::filing::{Begins, Deposit, Filer, Labels, Target};
use mailbox::letter::Filed;
use mailbox::{Access, Error, Prepared, System, account, folder};
use store::{Store, Tx};

use crate::codec::command::{Append, AppendLetter, Flag};
use crate::codec::sets::runs;
use crate::session::{Answer, Code, Done, Session};

/// One transaction files the letters (RFC 3502 §6.1: all or none), and must not hold up others for long.
const LETTERS_MAX: usize = 500;

/// Checks an APPEND before its letter is sent: the folder must exist, and the letter must fit.
pub(crate) async fn admit(session: &Session, folder: String, size: u64) -> Result<(), Answer> {
    session.server.shared.store.may_grow().map_err(Error::from)?;
    let access = session.access();
    let (there, usage) = session
        .server
        .shared
        .store
        .read_for(session.asker(), move |view| {
            Ok::<_, Error>((folder::by_name(view, access, &folder)?.is_some(), account::usage(view, access)?))
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

/// Files the letters. The answer comes after the sync of the commit with all of them.
pub(super) async fn append(session: &Session, append: Append) -> Done {
    let Append { folder, letters } = append;
    if letters.len() > LETTERS_MAX {
        return Err(Answer::no("Too many letters in one command").word("LIMIT").into());
    }
    for letter in &letters {
        check(letter)?;
    }
    let store = session.server.shared.store.clone();
    let person = session.login.clone();
    let prepared = tokio::task::spawn_blocking(move || prepare(&store, letters, &person)).await;
    let ready = prepared.map_err(|_| Answer::no("The letter could not be read").word("SERVERBUG"))??;
    let (access, now) = (session.access(), net::now());
    match session.server.shared.store.write(access.key(), move |tx| file(tx, access, &folder, &ready, now)).await {
        Ok(filed) => Ok(done(&filed)),
        Err(Error::NoFolderCalled(_)) => Ok(try_create()),
        Err(error) => Err(error.into()),
    }
}

fn check(letter: &AppendLetter) -> Result<(), Answer> {
    // RFC 3502 §6.3.11: a client that changes its mind in the middle sends an empty letter.
    if letter.body.is_empty() {
        return Err(Answer::no("The letter is empty, nothing was kept"));
    }
    // RFC 3516 §4.3 allows NUL in a literal8 alone. Clients that copy letters between servers send it in any literal,
    // and lose the whole folder if it is refused.
    Ok(())
}

/// A letter that needs only to be filed.
struct Ready {
    prepared: Prepared,
    system: System,
    keywords: Vec<String>,
    received: Timestamp,
    /// The name it gets in the server.
    id: LetterId,
    /// The person who files it, as its history names them.
    recipient: String,
    /// The way that the letter came, and the faults that were found in it.
    events: Vec<Event>,
}

/// Parses, hashes and packs the letters: on a thread where that may take its time.
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
    let nul = memchr::memchr(0, &body).is_some();
    let (body, line_ends) = with_crlf(body);
    let mended = (line_ends > 0 || nul).then_some(Event::Mended { line_ends, nul });
    let (id, arrival) = (LetterId::from_random(rand::random()), Arrival::put_there(&body, person));
    let (prepared, recipient) = (mailbox::prepare(store, body)?, arrival.login.clone());
    let events = std::iter::once(Event::Received(arrival)).chain(mended).collect();
    Ok(Ready { prepared, system, keywords, received: received.unwrap_or_else(net::now), id, recipient, events })
}

/// Returns the letter with CRLF at each line end that was LF alone (scripts forget it, and every stored line ends so),
/// and the number of those line ends.
fn with_crlf(body: Bytes) -> (Bytes, u64) {
    match lines::to_crlf(&body) {
        Cow::Borrowed(_) => (body, 0),
        Cow::Owned(whole) => {
            let added = whole.len() - body.len();
            (Bytes::from(whole), added as u64)
        }
    }
}

/// Files all letters, or none.
fn file(tx: &mut Tx, access: Access, name: &str, letters: &[Ready], now: Timestamp) -> Result<Vec<Filed>, Error> {
    let mut filer = Filer::new(access, now);
    let mut file_one = |letter: &Ready| {
        let Ready { prepared, system, keywords, received, id, recipient, events } = letter;
        let (target, labels) = (Target::Named(name), Labels::All(keywords));
        let begins = Some(Begins { letter: *id, recipient, events });
        let (system, received) = (*system, *received);
        let deposit = Deposit { prepared, target, system, labels, received, beyond: 0, begins };
        Ok(filer.file(tx, &deposit)?.filed)
    };
    letters.iter().map(&mut file_one).collect()
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
        let whole = |body: &'static [u8]| {
            let (whole, mended) = with_crlf(Bytes::from_static(body));
            (whole.to_vec(), mended)
        };
        assert_eq!(whole(b"a\nb\r\nc\n\nd"), (b"a\r\nb\r\nc\r\n\r\nd".to_vec(), 3));
        assert_eq!(whole(b"\n"), (b"\r\n".to_vec(), 1));
        assert_eq!(whole(b"a\r\nb\r\n"), (b"a\r\nb\r\n".to_vec(), 0));
    }
}
