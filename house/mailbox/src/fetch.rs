//! Reading letters' rows in UID order, in batches: never a whole folder at once.

use std::ops::ControlFlow;

use mail::Timestamp;
use store::{BlobId, View, params};

use crate::parse::{Structure, Summary};
use crate::{Access, Change, Error, FlagSet, FolderId, LetterKey, Right, ThreadId, Uid, UidRange};

/// The pieces of each letter to read beyond its row in the folder. The card needs a look at a second table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Want {
    /// The card, which says where the body is.
    pub card: bool,
    /// The pieces of ENVELOPE (with the card).
    pub summary: bool,
    /// The MIME parts (with the card).
    pub structure: bool,
}

impl Want {
    /// Flags, size and dates, which the folder itself holds.
    pub const ROW: Self = Self { card: false, summary: false, structure: false };
    /// Everything.
    pub const ALL: Self = Self { card: true, summary: true, structure: true };

    fn needs_card(self) -> bool {
        self.card || self.summary || self.structure
    }
}

/// A letter in a folder.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its UID.
    pub uid: Uid,
    /// Its key.
    pub letter: LetterKey,
    /// Its last change: MODSEQ.
    pub change: Change,
    /// Its flags.
    pub flags: FlagSet,
    /// RFC822.SIZE
    pub size: u64,
    /// INTERNALDATE
    pub received: Timestamp,
    /// Its conversation.
    pub thread: ThreadId,
    /// Says whether the letter has attachments; `None` where nobody has looked yet.
    pub attached: Option<bool>,
    /// The rest, where it was wanted.
    pub card: Option<Card>,
}

/// The facts that were computed when the letter was filed.
#[derive(Clone, Debug)]
pub struct Card {
    /// The blob that has its bytes.
    pub blob: BlobId,
    /// The pieces of ENVELOPE, where wanted.
    pub summary: Option<Summary>,
    /// The MIME parts, where wanted.
    pub structure: Option<Structure>,
}

/// The letters of the ranges, in the order of the ranges, at most `limit`; none if the owner has no such folder. When as many as `limit` come, go on after
/// the last UID.
pub fn fetch(
    view: &View,
    access: Access,
    folder: FolderId,
    ranges: &[UidRange],
    want: Want,
    limit: usize,
) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    if limit == 0 {
        return Ok(rows);
    }
    each(view, access, folder, ranges, want, |row| {
        rows.push(row);
        if rows.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(rows)
}

/// The same, one by one without a vector, until `visit` breaks off.
pub fn each(
    view: &View,
    access: Access,
    folder: FolderId,
    ranges: &[UidRange],
    want: Want,
    mut visit: impl FnMut(Row) -> ControlFlow<()>,
) -> Result<(), Error> {
    let account = access.may(Right::Read)?;
    let sql = statement(want);
    for range in ranges {
        let mut flow = ControlFlow::Continue(());
        view.for_each(sql, params![folder.0, range.first.get(), range.last.get(), account.0], |row| {
            if let Some(row) = read(row, want)? {
                flow = visit(row);
            }
            Ok(flow)
        })?;
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}

/// The most rows that [`in_pages`] holds.
const PAGE: usize = 64;

/// The same for a visitor that asks the database for more of each letter: a page of rows is read, and then shown, when
/// the database is at nothing else. Pages grow, so that little is read in vain where the visitor breaks off early.
pub fn in_pages(
    view: &View,
    access: Access,
    folder: FolderId,
    ranges: &[UidRange],
    want: Want,
    mut visit: impl FnMut(Row) -> ControlFlow<()>,
) -> Result<(), Error> {
    let (mut page, mut size) = (Vec::new(), 1);
    for range in ranges {
        let mut next = Some(range.first);
        while let Some(first) = next {
            let room = size - page.len();
            let rows = fetch(view, access, folder, &[UidRange { first, ..*range }], want, room)?;
            next = rows.last().filter(|_| rows.len() == room).and_then(|last| last.uid.next());
            next = next.filter(|next| *next <= range.last);
            page.extend(rows);
            if page.len() < size {
                continue;
            }
            if page.drain(..).any(|row| visit(row).is_break()) {
                return Ok(());
            }
            size = (size * 2).min(PAGE);
        }
    }
    for row in page {
        if visit(row).is_break() {
            break;
        }
    }
    Ok(())
}

/// UID and size of each letter of a folder, ascending: a POP3 drop, and no more than that.
pub fn sizes(view: &View, access: Access, folder: FolderId, mut visit: impl FnMut(Uid, u64)) -> Result<(), Error> {
    let account = access.may(Right::Read)?;
    let sql = "SELECT uid, size FROM entry
         WHERE folder = (SELECT folder FROM folder WHERE folder = $1 AND account = $2) ORDER BY uid";
    view.for_each(sql, params![folder.0, account.0], |row| {
        if let Some(uid) = Uid::new(row.get(0)?) {
            visit(uid, row.get(1)?);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(())
}

/// Only the columns that are wanted, so that no page is read for nothing.
fn statement(want: Want) -> &'static str {
    macro_rules! with_card {
        ($($more:literal)?) => {
            concat!(
                "SELECT e.uid, e.letter, e.change, e.flags, e.keywords, e.size, e.received, e.thread, e.attached, l.blob",
                $($more,)?
                " FROM entry e JOIN letter l ON l.letter = e.letter
                  WHERE e.folder = (SELECT folder FROM folder WHERE folder = $1 AND account = $4)
                  AND e.uid >= $2 AND e.uid <= $3 ORDER BY e.uid"
            )
        };
    }
    match (want.needs_card(), want.summary, want.structure) {
        (false, ..) => {
            "SELECT uid, letter, change, flags, keywords, size, received, thread, attached FROM entry
             WHERE folder = (SELECT folder FROM folder WHERE folder = $1 AND account = $4)
             AND uid >= $2 AND uid <= $3 ORDER BY uid"
        }
        (true, false, false) => with_card!(),
        (true, true, false) => with_card!(", l.summary"),
        (true, false, true) => with_card!(", l.structure"),
        (true, true, true) => with_card!(", l.summary, l.structure"),
    }
}

/// `None` for a row whose UID cannot be.
pub(crate) fn read(row: &store::Row, want: Want) -> Result<Option<Row>, store::Error> {
    let Some(uid) = Uid::new(row.get(0)?) else { return Ok(None) };
    Ok(Some(Row {
        uid,
        letter: LetterKey(row.get(1)?),
        change: Change(row.get(2)?),
        flags: flags(row, 3, 4)?,
        size: row.get(5)?,
        received: Timestamp(row.get(6)?),
        thread: ThreadId(row.get(7)?),
        attached: row.get(8)?,
        card: if want.needs_card() { Some(card(row, want)?) } else { None },
    }))
}

fn card(row: &store::Row, want: Want) -> Result<Card, store::Error> {
    let mut column = 9;
    let mut next = || {
        column += 1;
        row.bytes(column)
    };
    // A damaged column reads as an empty letter; the bytes themselves are still there.
    let summary = if want.summary { Some(Summary::decode(next()?).unwrap_or_default()) } else { None };
    let structure = if want.structure { Some(Structure::decode(next()?).unwrap_or_default()) } else { None };
    Ok(Card { blob: row.get(9)?, summary, structure })
}

/// The flags from their two columns.
pub(crate) fn flags(row: &store::Row, bits: usize, keywords: usize) -> Result<FlagSet, store::Error> {
    let column = match row.value(keywords)? {
        store::Value::Blob(bytes) => bytes,
        _ => &[],
    };
    Ok(FlagSet::decode(row.get(bits)?, column))
}

/// A letter of the account by its key, with one of the folders that it lies in (see [`crate::letter::places`]); none where it
/// is gone, or is flagged `\\Deleted` in all of them.
pub fn visible(view: &View, access: Access, letter: LetterKey, want: Want) -> Result<Option<(FolderId, Row)>, Error> {
    let account = access.may(Right::Read)?;
    let want = Want { card: true, ..want };
    let sql = format!(
        "SELECT e.uid, e.letter, e.change, e.flags, e.keywords, e.size, e.received, e.thread, e.attached, l.blob{}{},
         e.folder FROM letter l JOIN entry e ON e.letter = l.letter JOIN folder f ON f.folder = e.folder
         WHERE l.letter = $1 AND l.account = $2 AND f.name IS NOT NULL AND (e.flags & 8) = 0
         ORDER BY e.folder LIMIT 1",
        if want.summary { ", l.summary" } else { "" },
        if want.structure { ", l.structure" } else { "" },
    );
    let place = 10 + usize::from(want.summary) + usize::from(want.structure);
    let found = view.query_opt(&sql, params![letter.0, account.0], |row| {
        Ok(read(row, want)?.map(|found| Ok::<_, store::Error>((FolderId(row.get(place)?), found))))
    })?;
    Ok(found.flatten().transpose()?)
}

/// The octets of a letter that [`visible`] finds: the blob that has them, and their number.
pub fn octets(view: &View, access: Access, letter: LetterKey) -> Result<Option<(BlobId, u64)>, Error> {
    let account = access.may(Right::Read)?;
    let sql = "SELECT l.blob, l.size FROM letter l
         JOIN entry e ON e.letter = l.letter JOIN folder f ON f.folder = e.folder
         WHERE l.letter = $1 AND l.account = $2 AND f.name IS NOT NULL AND (e.flags & 8) = 0";
    Ok(view.query_opt(sql, params![letter.0, account.0], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// One letter by its key, wherever in the account it lies now: a place where it is not flagged `\\Deleted`, if there is one.
pub fn by_key(view: &View, access: Access, letter: LetterKey) -> Result<Option<(FolderId, Uid)>, Error> {
    let account = access.may(Right::Read)?;
    let sql = "SELECT e.folder, e.uid FROM entry e JOIN folder f ON f.folder = e.folder
         WHERE e.letter = $1 AND f.account = $2 ORDER BY (e.flags & 8), e.folder LIMIT 1";
    let found =
        view.query_opt(sql, params![letter.0, account.0], |row| Ok((FolderId(row.get(0)?), row.get::<u32>(1)?)))?;
    Ok(found.and_then(|(folder, uid)| Some((folder, Uid::new(uid)?))))
}
