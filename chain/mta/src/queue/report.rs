//! Reports on letters in the queue: the recipient goes off it, and the report into it, in one commit.

use std::sync::Arc;

use mail::sign::Sign;
use mail::trace::{Attempt, DeskAct, Event, Step};
use mail::{Address, Enhanced, Letter, LetterId, Timestamp, Wishes};
use store::{Key, Store, Tx, View, params};

use super::claim::{Loaded, load_letter};
use super::forward;
use super::record::finish_letter;
use super::running::Ran;
use super::{PreparedReport, Subject, Terms, prepare_report, wishes};
use crate::backoff::Schedule;
use crate::bounce::{Fate, Kind, Office, Original, Report, WHOLE_UP_TO};
use crate::outgoing::Outgoing;

/// The words about a letter whose body is damaged: to its sender, in the log and in the trace.
pub const DAMAGED: &str = "the letter was damaged on the disk of this server after it was taken, and cannot be sent";

/// The words about a letter that is late before anybody came to it.
pub const NOT_TRIED: &str = "it has not been tried yet";

/// A report names no more recipients than this; the others get one of their own.
const MOST: usize = 100;

/// Letters with recipients to be told of, and letters that are late and whose senders have not been told; up to `most` each.
pub fn letters_to_report(
    view: &View,
    (now, ran): (Timestamp, Ran),
    most: usize,
) -> Result<Vec<(i64, Subject)>, store::Error> {
    let sql = "SELECT DISTINCT letter, action FROM queue_recipient WHERE state = 2 LIMIT $1";
    let mut found = view.query(sql, params![most], |row| Ok((row.get(0)?, Subject::of(row.text(1)?))))?;
    let late = "SELECT id FROM queue_letter WHERE warn IS NOT NULL AND warn <= $1 LIMIT $2";
    found.extend(view.query(late, params![ran.0, most], |row| Ok((row.get(0)?, Subject::Late)))?);
    // RFC 2852: the clock that people have counts here too, since a notice that comes too early harms nobody.
    let overdue = "SELECT id FROM queue_letter
         WHERE deadline IS NOT NULL AND by_mode IN ('N', 'NT') AND (deadline <= $1 OR deadline_at <= $2) LIMIT $3";
    found.extend(view.query(overdue, params![ran.0, now.0, most], |row| Ok((row.get(0)?, Subject::Overdue)))?);
    Ok(found)
}

/// Writes one report. The report is called `id`. Gives whether there was something to report.
///
/// A letter with a null return path is reported to nobody (RFC 5321 §6.1), and neither is one whose return path may be
/// forged: their failed recipients are held for the postmaster.
pub async fn write_report(
    store: &Store,
    office: &Office,
    schedule: &Schedule,
    (letter, subject): (i64, Subject),
    (now, ran): (Timestamp, Ran),
    id: LetterId,
) -> Result<bool, store::Error> {
    let loaded = store.read(move |view| load(view, letter, subject, now)).await?;
    let Some((letter, rows)) = loaded else { return Ok(false) };
    let row = letter.row;
    let forwarded = store.read::<_, store::Error, _>(move |view| forward::of(view, row)).await?;
    let to = match forwarded {
        Some(forwarded) if subject == Subject::Failed && forwarded.comes_back(&all(&rows)) => {
            let failed = rows.into_iter().map(|row| (row.recipient, row.fate)).collect();
            forwarded.give_back(store, &letter, failed, (now, schedule.lifetime)).await?;
            return Ok(true);
        }
        Some(forwarded) => forwarded.reports_to,
        None => letter.return_path.address().filter(|_| !letter.mistrusted).cloned(),
    };
    let Some(to) = &to else {
        match subject {
            Subject::Failed => hold_for_postmaster(store, &letter, rows, now).await?,
            _ => settle(store, (letter.row, letter.id), (subject, rows), None, now).await?,
        }
        return Ok(true);
    };
    let fates: Vec<Fate> =
        rows.iter().filter(|row| subject.is_wished(&row.wishes)).map(|row| row.fate.clone()).collect();
    let report = Report {
        kind: match subject {
            Subject::Failed => Kind::Failed,
            Subject::Late | Subject::Overdue => Kind::Late { until: now.after(letter.give_up.since(ran)) },
            Subject::Delivered => Kind::Delivered,
            Subject::Relayed => Kind::Relayed,
        },
        office,
        to,
        arrived: letter.arrived,
        now,
        fates: &fates,
        wishes: &letter.wishes,
        original: Original {
            id: letter.id,
            bytes: &letter.beginning,
            whole: letter.beginning.len() as u64 == letter.size,
            size: letter.size,
        },
    };
    let written = (!fates.is_empty()).then(|| report.write(id));
    let prepared = match written {
        Some((bounce, envelope)) => {
            let outgoing = signed(bounce, office.signer.clone(), now).await;
            Some(prepare_report(store, &outgoing, &envelope, Terms::new(now, schedule))?)
        }
        None => None,
    };
    let is_told = prepared.is_some();
    settle(store, (letter.row, letter.id), (subject, rows), prepared, now).await?;
    if is_told {
        tracing::info!(letter = %letter.id, report = %id, to = %to, what = subject.what(), "reported to the sender");
    }
    Ok(true)
}

/// Takes the recipients off, or notes that the sender knows, and puts the report in, in one commit.
async fn settle(
    store: &Store,
    (row, letter): (i64, LetterId),
    (subject, rows): (Subject, Vec<Row>),
    prepared: Option<PreparedReport>,
    now: Timestamp,
) -> Result<(), store::Error> {
    store
        .write(Key::Everything, move |tx| {
            // A command may have taken the recipients off meanwhile: then there is nothing to report.
            let still_there = match subject {
                Subject::Late => told(tx, row)?,
                Subject::Overdue => told_overdue(tx, row)?,
                _ => take_off(tx, row, &rows)?,
            };
            match &prepared {
                Some(prepared) if still_there => {
                    let event = prepared.reported(subject);
                    trace::note(tx, &Step { letter, at: now, event })?;
                    prepared.put(tx)
                }
                _ => Ok(()),
            }
        })
        .await
}

fn all(rows: &[Row]) -> Vec<Fate> {
    rows.iter().map(|row| row.fate.clone()).collect()
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
    wishes: Wishes,
}

fn load(
    view: &View,
    letter: i64,
    subject: Subject,
    now: Timestamp,
) -> Result<Option<(Loaded, Vec<Row>)>, store::Error> {
    let Some(mut loaded) = load_letter(view, letter, now)? else { return Ok(None) };
    let (state, action) = subject.rows();
    let found = view.query(
        // A recipient that nobody came to waits for what keeps its domain away.
        "SELECT r.id, r.address, r.status, CASE WHEN r.said = '' THEN COALESCE(d.said, '') ELSE r.said END, r.said_by,
            r.notify, r.original
         FROM queue_recipient AS r LEFT JOIN queue_domain AS d ON d.domain = r.domain
         WHERE r.letter = $1 AND r.state = $2 AND r.action = $3 ORDER BY r.id LIMIT $4",
        params![letter, state, action, MOST],
        |row| {
            let Ok(address) = Address::parse(row.text(1)?) else { return Ok(None) };
            // The protocol with the server tells the author nothing.
            let by = row.text(4)?;
            let by = Some(by.strip_prefix(Attempt::LMTP).unwrap_or(by).to_owned()).filter(|by| !by.is_empty());
            let status = status(row.text(2)?).unwrap_or(Enhanced(4, 4, 7));
            let said = match row.text(3)? {
                "" => NOT_TRIED.to_owned(),
                said => said.to_owned(),
            };
            let wishes = wishes::wishes(row.text(5)?, row.text(6)?);
            let fate = Fate { address, original: wishes.original.clone(), status, said, by };
            Ok(Some(Row { recipient: row.get(0)?, fate, wishes }))
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

fn told_overdue(tx: &mut Tx, letter: i64) -> Result<bool, store::Error> {
    let sql = "UPDATE queue_letter SET deadline = NULL WHERE id = $1 AND deadline IS NOT NULL";
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
