//! Reads the tables of `facteur queue list` and `facteur queue show`.

use mail::{Address, Domain, LetterId, LetterWishes, ReturnPath, Timestamp, Wishes};
use store::{View, params};

use super::claim::return_path;
use super::{State, wishes};

/// The choice of the letters that are listed: those that fit everything that is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// A letter with a recipient in this state.
    pub state: Option<State>,
    /// A letter from or to this address.
    pub address: Option<Address>,
    /// A letter with a recipient at this domain.
    pub domain: Option<Domain>,
}

/// A slice of the list, in the order in which the letters came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Letters with a larger [`Listed::row`]; 0 to begin.
    pub after: i64,
    /// This many at most.
    pub most: usize,
}

/// A letter in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its place: goes into [`Page::after`].
    pub row: i64,
    /// Its name.
    pub id: LetterId,
    /// The address that its bounces go to.
    pub return_path: ReturnPath,
    /// The size in bytes.
    pub size: u64,
    /// When it came in.
    pub arrived: Timestamp,
    /// When it is given up.
    pub expires: Timestamp,
    /// The wishes of its sender, with what was left of its time when it came.
    pub wishes: LetterWishes,
    /// The recipients that have not got it yet; the first [`MOST_RECIPIENTS`] of them.
    pub recipients: Vec<ListedRecipient>,
    /// The number of recipients that have not got it yet.
    pub recipients_in_all: u64,
}

/// A list shows no more recipients of one letter than this.
pub const MOST_RECIPIENTS: usize = 100;

/// A recipient in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRecipient {
    /// The address of the recipient.
    pub address: Address,
    /// The state in which the recipient waits.
    pub state: State,
    /// Tries so far.
    pub attempts: u32,
    /// When the next one is, at the earliest.
    pub next_try: Timestamp,
    /// When the last one was.
    pub tried: Option<Timestamp>,
    /// The words of the last refusal; empty before the first try.
    pub said: String,
    /// The server that said it, or nothing: we did.
    pub said_by: String,
    /// The wishes of the sender for reports about it.
    pub wishes: Wishes,
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When.
    pub at: Timestamp,
    /// The address of the recipient.
    pub address: Address,
    /// The words of the refusal.
    pub said: String,
    /// The server that said it, or nothing: we did.
    pub said_by: String,
}

/// Everything about a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The letter and its recipients.
    pub letter: Listed,
    /// Each try that did not succeed, the oldest first; the last thousand.
    pub attempts: Vec<Attempt>,
}

/// The number of recipients in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Letters.
    pub letters: u64,
    /// Recipients that wait for a try.
    pub waiting: u64,
    /// Recipients that are held.
    pub held: u64,
    /// Recipients that wait to be reported.
    pub failed: u64,
    /// Recipients whose letters wait for the time their authors want.
    pub postponed: u64,
}

/// Lists letters.
pub fn list(view: &View, filter: &Filter, page: Page) -> Result<Vec<Listed>, store::Error> {
    let state = filter.state.map(State::number);
    let address = filter.address.as_ref().map(Address::to_string);
    let domain = filter.domain.as_ref().map(Domain::as_str);
    let rows: Vec<i64> = view.query(
        "SELECT letter.id FROM queue_letter AS letter WHERE letter.id > $1
         AND ($3 = -1 OR EXISTS (SELECT 1 FROM queue_recipient AS r WHERE r.letter = letter.id AND r.state = $3))
         AND ($4 = '' OR letter.return_path = $4
              OR EXISTS (SELECT 1 FROM queue_recipient AS r WHERE r.letter = letter.id AND r.address = $4))
         AND ($5 = '' OR EXISTS (SELECT 1 FROM queue_recipient AS r WHERE r.letter = letter.id AND r.domain = $5))
         ORDER BY letter.id LIMIT $2",
        params![page.after, page.most, state.unwrap_or(-1), address.unwrap_or_default(), domain.unwrap_or_default()],
        |row| row.get(0),
    )?;
    rows.into_iter().filter_map(|row| listed(view, row).transpose()).collect()
}

/// Shows a letter. There are several of one name when it went through the queue again, to the targets of an alias.
pub fn show(view: &View, id: LetterId) -> Result<Vec<Shown>, store::Error> {
    let mut shown = Vec::new();
    for row in rows_of(view, id)? {
        if let Some(letter) = listed(view, row)? {
            shown.push(Shown { letter, attempts: attempts(view, row)? });
        }
    }
    Ok(shown)
}

/// Counts what is in the queue. Reads an index over all of it: not for each minute of a large office.
pub fn counts(view: &View) -> Result<Counts, store::Error> {
    let letters = view.query_one("SELECT count(*) FROM queue_letter", params![], |row| row.get(0))?;
    let mut counts = Counts { letters, ..Counts::default() };
    let by_state = view.query("SELECT state, count(*) FROM queue_recipient GROUP BY state", params![], |row| {
        Ok((State::from_number(row.get(0)?), row.get(1)?))
    })?;
    for (state, number) in by_state {
        match state {
            State::Waiting => counts.waiting = number,
            State::Held => counts.held = number,
            State::Failed | State::Arrived => counts.failed = number,
            State::Postponed => counts.postponed = number,
        }
    }
    Ok(counts)
}

/// The rows of a letter: it may have gone through the queue again, to the targets of an alias.
pub(super) fn rows_of(view: &View, id: LetterId) -> Result<Vec<i64>, store::Error> {
    view.query("SELECT id FROM queue_letter WHERE name = $1 ORDER BY id LIMIT 100", params![id.as_str()], |row| {
        row.get(0)
    })
}

fn listed(view: &View, letter: i64) -> Result<Option<Listed>, store::Error> {
    let Some(mut listed) = listed_letter(view, letter)? else { return Ok(None) };
    let found = view.query(
        "SELECT r.address, r.state, r.attempts, r.next_try, r.tried,
            CASE WHEN r.said = '' THEN COALESCE(d.said, '') ELSE r.said END, r.said_by, d.next_try, d.failures,
            r.notify, r.original, r.action
         FROM queue_recipient AS r LEFT JOIN queue_domain AS d ON d.domain = r.domain
         WHERE r.letter = $1 ORDER BY r.id LIMIT $2",
        params![letter, MOST_RECIPIENTS],
        listed_recipient,
    )?;
    listed.recipients = found.into_iter().flatten().collect();
    Ok(Some(listed))
}

fn listed_letter(view: &View, letter: i64) -> Result<Option<Listed>, store::Error> {
    let row = view.query_opt(
        "SELECT name, return_path, size, arrived, expires,
            (SELECT count(*) FROM queue_recipient WHERE letter = $1), returned, envelope_id, by_mode, deadline_at
         FROM queue_letter WHERE id = $1",
        params![letter],
        |row| {
            let id = row.text(0)?.parse::<LetterId>().ok();
            let listed = id.map(|id| (id, return_path(row.text(1).unwrap_or_default())));
            let arrived = Timestamp(row.get(3)?);
            let by = (row.text(8)?, row.get::<Option<i64>>(9)?.map(Timestamp));
            let wishes = wishes::letter_wishes((row.text(6)?, row.text(7)?), by, arrived);
            Ok((listed, row.get(2)?, arrived, Timestamp(row.get(4)?), row.get(5)?, wishes))
        },
    )?;
    Ok(row.and_then(|(known, size, arrived, expires, recipients_in_all, wishes)| {
        let (id, return_path) = known?;
        let recipients = Vec::new();
        Some(Listed { row: letter, id, return_path, size, arrived, expires, wishes, recipients, recipients_in_all })
    }))
}

/// A recipient whose domain cannot be reached waits as long as the domain does.
fn listed_recipient(row: &store::Row<'_>) -> Result<Option<ListedRecipient>, store::Error> {
    let Ok(address) = Address::parse(row.text(0)?) else { return Ok(None) };
    let (own, domain, failures): (i64, Option<i64>, Option<i64>) = (row.get(3)?, row.get(7)?, row.get(8)?);
    let away = domain.filter(|_| failures.unwrap_or(0) > 0);
    Ok(Some(ListedRecipient {
        address,
        state: if row.text(11)?.is_empty() { State::from_number(row.get(1)?) } else { State::Arrived },
        attempts: row.get(2)?,
        next_try: Timestamp(own.max(away.unwrap_or(own))),
        tried: row.get::<Option<i64>>(4)?.map(Timestamp),
        said: row.get(5)?,
        said_by: row.get(6)?,
        wishes: wishes::wishes(row.text(9)?, row.text(10)?),
    }))
}

fn attempts(view: &View, letter: i64) -> Result<Vec<Attempt>, store::Error> {
    let found = view.query(
        "SELECT address, at, said, said_by FROM queue_attempt WHERE letter = $1 ORDER BY id DESC LIMIT 1000",
        params![letter],
        |row| {
            let Ok(address) = Address::parse(row.text(0)?) else { return Ok(None) };
            Ok(Some(Attempt { at: Timestamp(row.get(1)?), address, said: row.get(2)?, said_by: row.get(3)? }))
        },
    )?;
    Ok(found.into_iter().rev().flatten().collect())
}
