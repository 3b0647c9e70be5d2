//! `COPY` and `MOVE` (RFC 9051 §6.4.7, §6.4.8) with COPYUID.

use std::ops::RangeInclusive;

use mailbox::letter::{Copied, Expunge, copy, expunge, move_, rest};
use mailbox::{Error, FolderId, Uid, UidRange, UidValidity, sliced};
use store::Tx;

use super::answers;
use super::sets::{count, resolve};
use super::view::SelectedFolder;
use crate::codec::command::{Numbering, Transfer};
use crate::codec::sets::runs;
use crate::session::{Answer, Code, Done, Halt, Output, Session};

/// The most letters that one transaction copies or moves.
const SLICE: usize = 500;

/// Runs `COPY`. It copies all letters or none: copies made before a failure are removed again (RFC 9051 §6.4.7).
/// COPYUID names them.
pub async fn copy_letters(session: &mut Session, out: &mut Output<'_>, command: &Transfer) -> Done {
    let job = Job::of(session, command).await?;
    let (copied, failed) = carry(session, &job, Way::Copy).await;
    if let Some(error) = failed {
        take_back(session, &job, &copied.added).await;
        return Err(error);
    }
    if job.misses(&copied) {
        if copied.here.is_empty() {
            return Ok(answers::expunge_issued(false, ""));
        }
        answers::warn_expunge_issued(out);
    }
    Ok(match copied.code() {
        Some(code) => Answer::ok("COPY completed").with(code),
        None => Answer::ok("COPY completed"),
    })
}

/// Runs `MOVE`. Each letter is moved or left alone; if only some could be moved, COPYUID names them.
pub async fn move_letters(session: &mut Session, out: &mut Output<'_>, command: &Transfer) -> Done {
    if session.selected.as_deref().is_some_and(|selected| selected.read_only) {
        return Err(answers::read_only());
    }
    let job = Job::of(session, command).await?;
    let (moved, failed) = carry(session, &job, Way::Move).await;
    if let Some(code) = moved.code() {
        // RFC 6851 §4.3: COPYUID goes before the EXPUNGEs, in a line of its own.
        Answer::ok("Moved").with(code).write("*", out.buffer());
    }
    if job.misses(&moved) && !moved.here.is_empty() {
        answers::warn_expunge_issued(out);
    }
    super::updates::updates(session, out, true).await?;
    match failed {
        Some(error) => Err(error),
        None if job.misses(&moved) && moved.here.is_empty() => Ok(answers::expunge_issued(false, "")),
        None => Ok(answers::with_highest(session, Answer::ok("MOVE completed"))),
    }
}

#[derive(Clone, Copy)]
enum Way {
    Copy,
    Move,
}

struct Job {
    from: SelectedFolder,
    to: FolderId,
    ranges: Vec<UidRange>,
    /// The number of letters that the command names by number: the client could not know that any of them is gone.
    named: Option<usize>,
}

impl Job {
    async fn of(session: &mut Session, command: &Transfer) -> Result<Self, Halt> {
        let Some(selected) = session.selected.as_deref() else { return Err(answers::nothing_selected()) };
        let ranges = resolve(&command.set, command.numbering, &selected.uids, &selected.saved)?;
        let by_place = command.numbering == Numbering::Sequence;
        let named = by_place.then(|| count(&ranges, &selected.uids) as usize);
        let (from, access, name) = (selected.place(), selected.access, command.folder.clone());
        let read = move |view: &store::View| mailbox::folder::by_name(view, access, &name);
        let found = session.server.shared.store.read_for(session.asker(), read).await?;
        let Some(target) = found else {
            return Err(Answer::no("There is no folder of that name").word("TRYCREATE").into());
        };
        Ok(Self { from, to: target.id, ranges, named })
    }

    /// Returns true if the command names letters that are gone.
    fn misses(&self, carried: &Carried) -> bool {
        self.named.is_some_and(|named| carried.here.len() < named)
    }
}

/// The old and the new UIDs of the letters: two lists in the same order.
#[derive(Default)]
struct Carried {
    here: Vec<Uid>,
    there: Vec<Uid>,
    /// Those there that are new.
    added: Vec<Uid>,
    validity: Option<UidValidity>,
}

impl Carried {
    fn add(&mut self, copied: &Copied) {
        self.here.extend(copied.pairs.iter().map(|(here, _)| *here));
        self.there.extend(copied.pairs.iter().map(|(_, there)| *there));
        self.added.extend(&copied.added);
        self.validity = Some(copied.uid_validity);
    }

    /// Returns COPYUID (RFC 9051 §7.1); `None` if there was nothing to copy.
    fn code(&self) -> Option<Code> {
        let ranges = |uids: &[Uid]| -> Vec<RangeInclusive<u32>> { runs(uids.iter().map(|uid| uid.get())).collect() };
        if self.here.is_empty() {
            return None;
        }
        Some(Code::CopyUid(self.validity?.0, ranges(&self.here), ranges(&self.there)))
    }
}

/// Carries slice after slice until all is done or one fails.
async fn carry(session: &Session, job: &Job, way: Way) -> (Carried, Option<Halt>) {
    let mut carried = Carried::default();
    let mut ranges = job.ranges.clone();
    while !ranges.is_empty() {
        let (from, to, slice) = (job.from, job.to, ranges.clone());
        let done: Result<Option<Copied>, Error> = session
            .server
            .shared
            .store
            .write(from.access.key(), move |tx| {
                if !from.holds(tx)? {
                    return Ok(None);
                }
                match way {
                    Way::Copy => copy(tx, from.access, from.folder, &slice, to, SLICE).map(Some),
                    Way::Move => move_(tx, from.access, from.folder, &slice, to, SLICE).map(Some),
                }
            })
            .await;
        match done {
            Ok(None) => break,
            Ok(Some(copied)) => {
                carried.add(&copied);
                ranges = copied.next.map(|next| rest(&ranges, next)).unwrap_or_default();
            }
            Err(error) => return (carried, Some(error.into())),
        }
    }
    (carried, None)
}

/// Removes copies after a failure. If that fails too, they stay: two copies are better than none. A letter that lies only
/// there by now, since somebody has taken it out of the other folder meanwhile, stays as well.
async fn take_back(session: &Session, job: &Job, copies: &[Uid]) {
    let (access, folder, is_within) = (job.from.access, job.to, job.to == job.from.folder);
    let ranges: Vec<UidRange> = runs(copies.iter().map(|uid| uid.get()))
        .filter_map(|run| Some(UidRange { first: Uid::new(*run.start())?, last: Uid::new(*run.end())? }))
        .collect();
    let expunge = move |tx: &mut Tx, ranges: Vec<UidRange>| {
        let which = if is_within { Expunge::All(&ranges) } else { Expunge::Doubled(&ranges) };
        let gone = expunge(tx, access, folder, &which, SLICE)?;
        Ok::<_, Error>(((), gone.next.map(|next| rest(&ranges, next))))
    };
    if let Err(error) = sliced(&session.server.shared.store, access.key(), ranges, expunge, drop).await {
        tracing::warn!(%error, "copies of a COPY that failed stay behind");
    }
}
