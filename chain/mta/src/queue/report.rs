//! Reports on letters in the queue: the recipient goes off it, and the report into it, in one commit.

use std::sync::Arc;

use mail::sign::Sign;
use mail::trace::{Attempt, DeskAct, Event, Step};
use mail::{Address, Enhanced, Letter, LetterId, Timestamp};
use store::{Key, Store, Tx, View, params};

use super::claim::{Loaded, load_letter};
use super::forward;
use super::record::finish_letter;
use super::running::Ran;
use super::{Terms, prepare_report};
use crate::backoff::Schedule;
use crate::bounce::{Fate, Kind, Office, Original, Report, WHOLE_UP_TO};
use crate::outgoing::Outgoing;

/// The words about a letter whose body is damaged: to its sender, in the log and in the trace.
pub const DAMAGED: &str = "the letter was damaged on the disk of this server after it was taken, and cannot be sent";

/// A report names no more recipients than this; the others get one of their own.
const MOST: usize = 100;

/// Letters with failed recipients, and letters that are late and whose senders have not been told; up to `most` each.
pub fn letters_to_report(view: &View, ran: Ran, most: usize) -> Result<Vec<(i64, Subject)>, store::Error> {
    let failed =
        view.query("SELECT DISTINCT letter FROM queue_recipient WHERE state = 2 LIMIT $1", params![most], |row| {
            Ok((row.get(0)?, Subject::Failed))
        })?;
    let late = view.query(
        "SELECT id FROM queue_letter WHERE warn IS NOT NULL AND warn <= $1 LIMIT $2",
        params![ran.0, most],
        |row| Ok((row.get(0)?, Subject::Late)),
    )?;
    Ok(failed.into_iter().chain(late).collect())
}

/// The reason for which a letter is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Some of its recipients failed.
    Failed,
    /// It is late.
    Late,
}

/// Writes one report. The report is called `id`. Gives whether there was something to report.
///
/// A letter with a null return path is reported to nobody (RFC 5321 §6.1): its failed recipients are held for the
/// postmaster.
pub async fn write_report(
    store: &Store,
    office: &Office,
    schedule: &Schedule,
    (letter, subject): (i64, Subject),
    (now, ran): (Timestamp, Ran),
    id: LetterId,
) -> Result<bool, store::Error> {
    let loaded = store.read(move |view| load(view, letter, subject)).await?;
    let Some((letter, rows)) = loaded else { return Ok(false) };
    let row = letter.row;
    let forwarded = store.read::<_, store::Error, _>(move |view| forward::of(view, row)).await?;
    let fates: Vec<Fate> = rows.iter().map(|row| row.fate.clone()).collect();
    let to = match forwarded {
        Some(forwarded) if subject == Subject::Failed && forwarded.comes_back(&fates) => {
            let failed = rows.into_iter().map(|row| (row.recipient, row.fate)).collect();
            forwarded.give_back(store, &letter, failed, (now, schedule.lifetime)).await?;
            return Ok(true);
        }
        Some(forwarded) => forwarded.reports_to,
        None => letter.return_path.address().cloned(),
    };
    let Some(to) = &to else {
        hold_for_postmaster(store, &letter, rows, now).await?;
        return Ok(true);
    };
    let report = Report {
        kind: match subject {
            Subject::Failed => Kind::Failed,
            Subject::Late => Kind::Late { until: now.after(letter.give_up.since(ran)) },
        },
        office,
        to,
        arrived: letter.arrived,
        now,
        fates: &fates,
        original: Original {
            id: letter.id,
            bytes: &letter.beginning,
            whole: letter.beginning.len() as u64 == letter.size,
        },
    };
    let written = (!fates.is_empty()).then(|| report.write(id));
    let mut prepared = match written {
        Some((bounce, envelope)) => {
            let outgoing = signed(bounce, office.signer.clone(), now).await;
            Some(prepare_report(store, &outgoing, &envelope, Terms::new(now, schedule))?)
        }
        None => None,
    };
    let (row, original) = (letter.row, letter.id);
    store
        .write(Key::Everything, move |tx| {
            // A command may have taken the recipients off meanwhile: then there is nothing to report.
            let still_there = match subject {
                Subject::Failed => take_off(tx, row, &rows)?,
                Subject::Late => told(tx, row)?,
            };
            match &mut prepared {
                Some(prepared) if still_there => {
                    let event = prepared.reported(subject == Subject::Late);
                    trace::note(tx, &Step { letter: original, at: now, event })?;
                    prepared.put(tx)
                }
                _ => Ok(()),
            }
        })
        .await?;
    let what = match subject {
        Subject::Failed => "it was not delivered",
        Subject::Late => "it is late",
    };
    tracing::info!(letter = %letter.id, report = %id, to = %to, what, "reported to the sender");
    Ok(true)
}

/// Makes a report ready to leave, on a thread that may compute.
async fn signed(report: Letter, signer: Arc<dyn Sign>, now: Timestamp) -> Outgoing {
    match tokio::task::spawn_blocking(move || Outgoing::report(report, now, &*signer)).await {
        Ok(outgoing) => outgoing,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}

#[derive(Clone)]
struct Row {
    recipient: i64,
    fate: Fate,
}

fn load(view: &View, letter: i64, subject: Subject) -> Result<Option<(Loaded, Vec<Row>)>, store::Error> {
    let Some(mut loaded) = load_letter(view, letter)? else { return Ok(None) };
    let state = match subject {
        Subject::Failed => 2,
        Subject::Late => 0,
    };
    let found = view.query(
        // A recipient that nobody came to waits for what keeps its domain away.
        "SELECT r.id, r.address, r.status, CASE WHEN r.said = '' THEN COALESCE(d.said, '') ELSE r.said END, r.said_by
         FROM queue_recipient AS r LEFT JOIN queue_domain AS d ON d.domain = r.domain
         WHERE r.letter = $1 AND r.state = $2 ORDER BY r.id LIMIT $3",
        params![letter, state, MOST],
        |row| {
            let Ok(address) = Address::parse(row.text(1)?) else { return Ok(None) };
            // The protocol with the server tells the author nothing.
            let by = row.text(4)?;
            let by = Some(by.strip_prefix(Attempt::LMTP).unwrap_or(by).to_owned()).filter(|by| !by.is_empty());
            let status = status(row.text(2)?).unwrap_or(Enhanced(4, 4, 7));
            let said = match row.text(3)? {
                "" => "It has not been tried yet.".to_owned(),
                said => said.to_owned(),
            };
            Ok(Some(Row { recipient: row.get(0)?, fate: Fate { address, status, said, by } }))
        },
    )?;
    let whole = WHOLE_UP_TO as u64;
    // A letter that failed because its body is damaged is reported without it.
    match view.read_blob(loaded.blob, 0..whole.min(loaded.size)) {
        Ok(beginning) => loaded.beginning = beginning,
        Err(error) if !error.is_permanent() => return Err(error),
        Err(error) => tracing::error!(%error, letter = %loaded.id, "a letter is reported without its text"),
    }
    Ok(Some((loaded, found.into_iter().flatten().collect())))
}

fn take_off(tx: &mut Tx, letter: i64, rows: &[Row]) -> Result<bool, store::Error> {
    let mut taken = 0;
    for row in rows {
        taken += tx.execute("DELETE FROM queue_recipient WHERE id = $1 AND state = 2", params![row.recipient])?;
    }
    finish_letter(tx, letter)?;
    Ok(taken > 0)
}

fn told(tx: &mut Tx, letter: i64) -> Result<bool, store::Error> {
    let sql = "UPDATE queue_letter SET warn = NULL WHERE id = $1 AND warn IS NOT NULL";
    Ok(tx.execute(sql, params![letter])? > 0)
}

async fn hold_for_postmaster(
    store: &Store,
    letter: &Loaded,
    rows: Vec<Row>,
    now: Timestamp,
) -> Result<(), store::Error> {
    let (id, letter) = (letter.id, letter.row);
    for row in &rows {
        tracing::warn!(to = %row.fate.address, said = %row.fate.said, "a report could not be delivered: held in the queue");
    }
    store
        .write(Key::Everything, move |tx| {
            let mut held = Vec::new();
            for row in &rows {
                let sql = "UPDATE queue_recipient SET state = 1 WHERE id = $1 AND state = 2";
                if tx.execute(sql, params![row.recipient])? > 0 {
                    held.push(Event::Desk { act: DeskAct::Held, recipient: row.fate.address.to_string() });
                }
            }
            trace::note_all(tx, id, now, held)?;
            told(tx, letter).map(drop)
        })
        .await
}

fn status(text: &str) -> Option<Enhanced> {
    let mut numbers = text.split('.');
    let (class, subject, detail) = (numbers.next()?, numbers.next()?, numbers.next()?);
    Some(Enhanced(class.parse().ok()?, subject.parse().ok()?, detail.parse().ok()?))
}
