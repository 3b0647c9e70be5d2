//! Uses the database's indexes to narrow a search of a folder without a look at each letter: often they have the
//! whole answer.

use std::cell::OnceCell;
use std::ops::ControlFlow;

use store::{Value, View, params};

use super::places::{Places, joined};
use super::test::Test;
use crate::{Access, Error, FolderId, System, Uid, UidRange, Uids};

/// The number of letters up to which a look at them is quicker than an index.
const FEW: u32 = 2_000;

/// The letters that are known to fit, and those that are to be looked at.
pub struct Narrowed {
    /// These fit.
    pub sure: Uids,
    /// These may.
    pub rest: Vec<UidRange>,
}

/// The letters that can pass all of the test's parts, as far as indexes tell. `places` are those of the letters that the
/// full-text index names, if they are few.
pub fn narrow(
    (view, access): (&View, Access),
    folder: FolderId,
    test: &Test,
    places: Option<&Places>,
) -> Result<Narrowed, Error> {
    let parts: &[Test] = match test {
        Test::And(all) => all,
        one => std::slice::from_ref(one),
    };
    if let Some(few) = named(parts).filter(|uids| uids.len() <= FEW) {
        return Ok(Narrowed { sure: Uids::new(), rest: few.ranges().collect() });
    }
    let known = Known { view, access, folder, all: OnceCell::new() };
    let (mut can, mut open) = (places.map(|places| places.within(folder)), false);
    if can.as_ref().is_some_and(Uids::is_empty) {
        return Ok(Narrowed { sure: Uids::new(), rest: Vec::new() });
    }
    let placed = places.is_some_and(|places| places.all_known);
    for part in parts {
        if let Some(told) = part.told() {
            open |= !placed || !told.exact || !told.answer.perhaps.is_empty();
            continue;
        }
        let uids = known.exact(part)?;
        open |= uids.is_none();
        can = match (can, uids) {
            (Some(before), Some(uids)) => Some(Uids::and(&before, &uids)),
            (before, uids) => before.or(uids),
        };
    }
    match (can, open) {
        (Some(sure), false) => Ok(Narrowed { sure, rest: Vec::new() }),
        (None, false) => Ok(Narrowed { sure: known.all()?.clone(), rest: Vec::new() }),
        (Some(uids), true) => Ok(Narrowed { sure: Uids::new(), rest: joined(&uids) }),
        (None, true) => Ok(Narrowed { sure: Uids::new(), rest: vec![UidRange::ALL] }),
    }
}

/// The letters named by their UIDs, if some are.
fn named(parts: &[Test]) -> Option<Uids> {
    parts
        .iter()
        .filter_map(|part| match part {
            Test::Uids(uids) => Some(uids.clone()),
            _ => None,
        })
        .reduce(|one, other| one.and(&other))
}

/// A folder of which indexes tell.
struct Known<'a> {
    view: &'a View,
    access: Access,
    folder: FolderId,
    all: OnceCell<Uids>,
}

impl Known<'_> {
    fn all(&self) -> Result<&Uids, Error> {
        if let Some(all) = self.all.get() {
            return Ok(all);
        }
        let (all, _) = Uids::load(self.view, self.access, self.folder)?;
        Ok(self.all.get_or_init(|| all))
    }

    /// The letters that fit, all of them and no others; `None` where only a look at each can tell.
    fn exact(&self, test: &Test) -> Result<Option<Uids>, Error> {
        Ok(Some(match test {
            Test::Always(true) => self.all()?.clone(),
            Test::Always(false) => Uids::new(),
            Test::Uids(uids) => self.all()?.and(uids),
            Test::ChangedSince(change) => {
                let sql = "SELECT uid FROM entry WHERE folder = $1 AND change >= $2";
                select(self.view, sql, params![self.folder.0, change.0])?
            }
            Test::Flags(flags) if *flags == System::SEEN => self.seen(true)?,
            Test::Flags(flags) if *flags == System::DELETED => {
                let sql = "SELECT uid FROM entry WHERE folder = $1 AND (flags & 8) = 8";
                select(self.view, sql, params![self.folder.0])?
            }
            Test::Flags(flags) if *flags == System::FLAGGED => {
                let sql = "SELECT uid FROM entry WHERE folder = $1 AND (flags & 4) = 4";
                select(self.view, sql, params![self.folder.0])?
            }
            Test::Not(inner) => match &**inner {
                Test::Flags(flags) if *flags == System::SEEN => self.seen(false)?,
                inner => match self.exact(inner)? {
                    Some(uids) => self.all()?.without(&uids),
                    None => return Ok(None),
                },
            },
            Test::And(parts) => return self.joined(parts, self.all()?.clone(), Uids::and),
            Test::Or(parts) => return self.joined(parts, Uids::new(), Uids::or),
            _ => return Ok(None),
        }))
    }

    fn joined(&self, parts: &[Test], none: Uids, join: fn(&Uids, &Uids) -> Uids) -> Result<Option<Uids>, Error> {
        let mut uids = none;
        for part in parts {
            match self.exact(part)? {
                Some(more) => uids = join(&uids, &more),
                None => return Ok(None),
            }
        }
        Ok(Some(uids))
    }

    /// The letters that are seen, or are not: whichever are fewer are read, and the others are what remains.
    fn seen(&self, wanted: bool) -> Result<Uids, Error> {
        let sql = "SELECT 2 * unseen > total FROM folder WHERE folder = $1";
        let few_seen = self.view.query_opt(sql, params![self.folder.0], |row| row.get(0))?.unwrap_or(false);
        let sql = if few_seen {
            "SELECT uid FROM entry WHERE folder = $1 AND (flags & 1) = 1"
        } else {
            "SELECT uid FROM entry WHERE folder = $1 AND (flags & 1) = 0"
        };
        let fewer = select(self.view, sql, params![self.folder.0])?;
        if wanted == few_seen { Ok(fewer) } else { Ok(self.all()?.without(&fewer)) }
    }
}

fn select(view: &View, sql: &str, params: &[Value<'_>]) -> Result<Uids, Error> {
    let mut uids = Uids::new();
    view.for_each(sql, params, |row| {
        if let Some(uid) = Uid::new(row.get(0)?) {
            uids.insert(uid);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(uids)
}
