//! Takes reports that came into a person's mailbox to their submissions (RFC 8621 §7: `dsnBlobIds`, `mdnBlobIds`, and
//! their consequences for `deliveryStatus`).
//!
//! This work runs behind the delivery: filing a report costs one row more, and any other letter nothing. It reads no
//! more of a report than a piece of two of its parts. A report about no submission of its reader, or about nobody that
//! one was sent to, changes nothing.

use mailbox::parse::Part;
use mailbox::{Access, LetterKey, Want, fetch};
use records::submission;
use store::{Store, Tx, View};

use super::fate;
use super::report::{self, Report};
use crate::blob::{self, BlobPath};

/// Reports looked at in one go.
const BATCH: usize = 16;

/// Reads some of the reports behind `seen`, which moves on. Returns true if there may be more. A report that cannot be
/// read now is skipped and stays for another time.
pub async fn look(store: &Store, seen: &mut LetterKey) -> Result<bool, mailbox::Error> {
    let after = *seen;
    let found = store
        .read(move |view| {
            let waiting = mailbox::report::waiting(view, after, BATCH)?.into_iter();
            Ok::<_, mailbox::Error>(
                waiting.map(|(access, letter)| (access, letter, read(view, access, letter))).collect(),
            )
        })
        .await;
    let found: Vec<(Access, LetterKey, Result<Option<Report>, mailbox::Error>)> = found?;
    let more = found.len() == BATCH;
    for (access, letter, report) in found {
        let report = match report {
            Err(mailbox::Error::Store(error)) if error.is_temporary() => {
                tracing::warn!(%error, "a report will be looked at later");
                *seen = letter;
                continue;
            }
            // A damaged letter will not say more another time.
            read => read.unwrap_or_default(),
        };
        store.write(access.key(), move |tx| take_in(tx, access, letter, report.as_ref())).await?;
        *seen = letter;
    }
    Ok(more)
}

/// Returns the report that the letter contains, if it is a report and still there.
fn read(view: &View, access: Access, letter: LetterKey) -> Result<Option<Report>, mailbox::Error> {
    let want = Want { structure: true, ..Want::ROW };
    let found = fetch::visible(view, access, letter, want)?;
    let structure = found.and_then(|(_, row)| row.card?.structure);
    let Some(parts) = structure.as_ref().and_then(report::parts) else { return Ok(None) };
    let fields = beginning(view, access, letter, parts.fields)?;
    let returned = match parts.returned {
        Some(returned) => beginning(view, access, letter, returned)?,
        None => Vec::new(),
    };
    Ok(Report::read(parts.kind, &fields, &returned))
}

/// Returns the first piece of a part, decoded.
fn beginning(view: &View, access: Access, letter: LetterKey, part: &Part) -> Result<Vec<u8>, mailbox::Error> {
    let Some(opened) = blob::open(view, access, &BlobPath::letter(letter).part(part))? else { return Ok(Vec::new()) };
    Ok(opened.reader().next(view)?.unwrap_or_default().into())
}

fn take_in(tx: &mut Tx, access: Access, letter: LetterKey, report: Option<&Report>) -> Result<(), mailbox::Error> {
    if !mailbox::report::done(tx, access, letter)? {
        return Ok(());
    }
    let Some(report) = report else { return Ok(()) };
    for id in submission::under_message_id(tx, access.owner(), &report.message_id)? {
        let Some(mut found) = submission::get(tx, access.owner(), id)? else { continue };
        if fate::hear(&mut found.data, report, &BlobPath::letter(letter).id()) {
            return Ok(submission::update(tx, access.owner(), id, &found.data)?);
        }
    }
    Ok(())
}
