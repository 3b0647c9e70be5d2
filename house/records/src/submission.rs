//! Submissions: letters that a person has sent, on their way or waiting for their time (RFC 8621 §7). What is told of one is
//! JSON, and belongs to the door that the letter was submitted at.
//!
//! A submission is found by the name of its letter as long as something may still happen to that, and by its Message-ID as
//! long as there is the record, because reports name no other.

use mail::LetterId;
use mail::seam::AccountId;
use store::{Tx, View, params};

use crate::record::{self, Kind, Object};

/// The most submissions under one Message-ID that a report may be of.
const MOST_UNDER_ONE_ID: usize = 20;

/// The number of a submission. Never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubmissionId(pub i64);

/// A letter that was submitted.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Its number.
    pub id: SubmissionId,
    /// The data that clients see of it.
    pub data: Object,
}

/// A letter that has just been taken charge of.
#[derive(Clone, Copy, Debug)]
pub struct SentLetter<'a> {
    /// Its name.
    pub letter: LetterId,
    /// Its Message-ID, without brackets.
    pub message_id: Option<&'a str>,
    /// The last row of the trace in which nothing of it stands.
    pub since: i64,
}

/// All submissions of a person, in the order they came.
pub fn list(view: &View, account: AccountId) -> Result<Vec<Submission>, store::Error> {
    let found = record::list(view, account, Kind::Submission)?.into_iter();
    Ok(found.map(|record| Submission { id: SubmissionId(record.number), data: record.data }).collect())
}

/// One submission of a person; none where there is no such one.
pub fn get(view: &View, account: AccountId, id: SubmissionId) -> Result<Option<Submission>, store::Error> {
    Ok(record::get(view, account, Kind::Submission, id.0)?.map(|data| Submission { id, data }))
}

/// Makes the record of a submission, in the commit that takes charge of its letter. Where there are as many as there can be,
/// the oldest goes.
pub fn begin(
    tx: &mut Tx,
    account: AccountId,
    sent: SentLetter<'_>,
    data: &Object,
) -> Result<SubmissionId, store::Error> {
    if let Some(oldest) = record::surplus(tx, account, Kind::Submission)? {
        destroy(tx, account, SubmissionId(oldest))?;
    }
    let record = record::create(tx, account, Kind::Submission, data)?;
    if let Some(message_id) = sent.message_id {
        tx.execute(
            "INSERT INTO record_sent (account, message, record) VALUES ($1, $2, $3)",
            params![account.0, message_id, record],
        )?;
    }
    tx.execute(
        "INSERT INTO record_sending (letter, account, record, since) VALUES ($1, $2, $3, $4)",
        params![sent.letter.as_str(), account.0, record, sent.since],
    )?;
    Ok(SubmissionId(record))
}

/// Writes what is told of a submission that there is.
pub fn update(tx: &mut Tx, account: AccountId, id: SubmissionId, data: &Object) -> Result<(), store::Error> {
    record::update(tx, account, Kind::Submission, id.0, data)
}

/// Takes the record of a submission away; false where there was none. The letter goes its way.
pub fn destroy(tx: &mut Tx, account: AccountId, id: SubmissionId) -> Result<bool, store::Error> {
    if !record::destroy(tx, account, Kind::Submission, id.0)? {
        return Ok(false);
    }
    end(tx, id)?;
    tx.execute("DELETE FROM record_sent WHERE record = $1", params![id.0])?;
    Ok(true)
}

/// Nothing more will happen to the letter of the submission: only reports may still come.
pub fn end(tx: &mut Tx, id: SubmissionId) -> Result<(), store::Error> {
    tx.execute("DELETE FROM record_sending WHERE record = $1", params![id.0])?;
    Ok(())
}

/// The history of the submission's letter has been read up to this row of the trace.
pub fn followed(tx: &mut Tx, id: SubmissionId, upto: i64) -> Result<(), store::Error> {
    tx.execute("UPDATE record_sending SET since = $2 WHERE record = $1", params![id.0, upto])?;
    Ok(())
}

/// From which row of the trace on something of a letter on its way may stand; none where no letter is on its way.
pub fn followed_from(view: &View) -> Result<Option<i64>, store::Error> {
    view.query_one("SELECT MIN(since) FROM record_sending", params![], |row| row.get(0))
}

/// The submission whose letter is on its way under this name, and whose it is.
pub fn on_its_way(view: &View, letter: LetterId) -> Result<Option<(AccountId, SubmissionId)>, store::Error> {
    let sql = "SELECT account, record FROM record_sending WHERE letter = $1";
    view.query_opt(sql, params![letter.as_str()], |row| Ok((AccountId(row.get(0)?), SubmissionId(row.get(1)?))))
}

/// The submissions of a person whose letters went under this Message-ID (without brackets), the latest first.
pub fn under_message_id(view: &View, account: AccountId, message_id: &str) -> Result<Vec<SubmissionId>, store::Error> {
    view.query(
        "SELECT record FROM record_sent WHERE account = $1 AND message = $2 ORDER BY record DESC LIMIT $3",
        params![account.0, message_id, MOST_UNDER_ONE_ID],
        |row| row.get(0).map(SubmissionId),
    )
}
