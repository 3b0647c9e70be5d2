//! Decides which letters of an account are on a list, folder by folder. The full-text index is asked once for all of
//! them.

use std::sync::Arc;

use mail::Timestamp;
use roaring::RoaringTreemap;
use store::{Store, View, params};

use super::Criteria;
use super::known::Known;
use super::places::{Places, joined};
use super::plan::{Answered, Plan};
use super::sweep::{Folder, look_at, sweep};
use crate::account_changes::{States, states};
use crate::{Access, Change, Error, FolderId, LetterKey, Uid, UidRange, Uids, folder};

/// So many times as many letters as fit make it cheaper to look each of those up than to go through all.
const SPARSE: u64 = 12;

/// A folder that has letters for the list.
#[derive(Clone)]
pub struct Source {
    pub access: Access,
    pub folder: FolderId,
    pub which: Which,
    /// Letters that are on another list.
    pub but: Option<Which>,
    /// Letters in it that are not flagged `\Deleted`, and their conversations.
    pub visible: u64,
    pub threads: u64,
}

/// The letters of a folder that are on a list.
#[derive(Clone)]
pub enum Which {
    All,
    Uids(Uids),
    /// The letters of this set that lie in the folder.
    Letters(Arc<RoaringTreemap>),
}

impl Which {
    fn has(&self, uid: Uid, letter: LetterKey) -> bool {
        match self {
            Self::All => true,
            Self::Uids(uids) => uids.contains(uid),
            Self::Letters(letters) => u64::try_from(letter.0).is_ok_and(|letter| letters.contains(letter)),
        }
    }
}

/// The folders that the letters of a list lie in.
pub struct Sources {
    /// The state of the letters before they were looked at: a later change is told as a change since.
    pub state: Change,
    pub folders: Vec<Source>,
    /// The number of letters on the list, if counters tell it. They do not tell it where criteria tell letters of a folder
    /// apart, since some of those may be flagged `\Deleted`.
    pub total: Option<u64>,
}

impl Source {
    /// Returns true if the letter is among those for the list.
    pub fn has(&self, uid: Uid, letter: LetterKey) -> bool {
        self.which.has(uid, letter) && !self.but.as_ref().is_some_and(|but| but.has(uid, letter))
    }

    pub fn is_whole(&self) -> bool {
        matches!(self.which, Which::All) && self.but.is_none()
    }

    /// Ranges that hold the letters for the list, and perhaps others.
    pub fn ranges(&self) -> Vec<UidRange> {
        match &self.which {
            Which::Uids(uids) => joined(uids),
            _ => vec![UidRange::ALL],
        }
    }
}

/// Looks for the letters that fit in each folder of the account.
pub(super) async fn sources(
    store: &Store,
    access: Access,
    criteria: &Criteria,
    now: Timestamp,
) -> Result<Sources, Error> {
    if !criteria.is_bounded() {
        return Err(Error::TooComplex);
    }
    let look = move |view: &View| {
        let States { emails, .. } = states(view, access)?;
        Ok::<_, Error>((emails, folder::list(view, access)?, doubled(view, access)?))
    };
    let (state, all, doubled) = store.read_for(access.asker(), look).await?;
    let whole = all.iter().filter(|folder| folder.total > folder.deleted).count();
    let groups = groups(access, criteria, all, doubled == Some(0));
    let all: Vec<&Criteria> = groups.iter().map(|(criteria, _)| criteria).collect();
    let known = Known::gather(store, access, &all, now).await?;
    let mut folders = Vec::new();
    for (criteria, alike) in groups {
        match criteria {
            Criteria::All => folders.extend(alike),
            criteria => {
                let plan = Arc::new(Plan::new(criteria, &known));
                folders.extend(fitting(store, access, plan, alike).await?);
            }
        }
    }
    let total = total(&folders, doubled, folders.len() == whole);
    Ok(Sources { state, folders, total })
}

/// The number of visible places beyond the first of each letter; `None`: not known while a deleted folder is cleared away.
fn doubled(view: &View, access: Access) -> Result<Option<u64>, Error> {
    let sql = "SELECT doubled, EXISTS (SELECT 1 FROM folder WHERE left_over = 1 AND account = $1)
         FROM account_mail WHERE account = $1";
    let found = view.query_one(sql, params![access.owner().0], |row| Ok((row.get::<i64>(0)?, row.get::<bool>(1)?)))?;
    Ok(match found {
        (0, _) => Some(0),
        (doubled, false) => u64::try_from(doubled).ok(),
        (_, true) => None,
    })
}

/// The number of letters in whole folders; `all`: these are all folders with letters.
fn total(folders: &[Source], doubled: Option<u64>, all: bool) -> Option<u64> {
    let places = folders.iter().map(|source| source.is_whole().then_some(source.visible)).sum::<Option<u64>>()?;
    match doubled {
        _ if folders.len() < 2 => Some(places),
        Some(0) => Some(places),
        Some(doubled) if all => Some(places.saturating_sub(doubled)),
        _ => None,
    }
}

/// The folders that may have letters for the list, together where the same is looked for in them. `only`: no letter lies in
/// two of them.
fn groups(
    access: Access,
    criteria: &Criteria,
    folders: Vec<folder::Folder>,
    only: bool,
) -> Vec<(Criteria, Vec<Source>)> {
    let mut groups: Vec<(Criteria, Vec<Source>)> = Vec::new();
    let ids: Vec<FolderId> = folders.iter().map(|folder| folder.id).collect();
    let enough = criteria.folders(&ids);
    for folder in folders.into_iter().filter(|folder| enough.as_ref().is_none_or(|some| some.contains(&folder.id))) {
        let visible = u64::from(folder.total.saturating_sub(folder.deleted));
        let its_criteria = criteria.within(folder.id, only);
        if visible == 0 || its_criteria.is_none() {
            continue;
        }
        let threads = u64::from(folder.threads);
        let source = Source { access, folder: folder.id, which: Which::All, but: None, visible, threads };
        match groups.iter_mut().find(|(criteria, _)| *criteria == its_criteria) {
            Some((_, alike)) => alike.push(source),
            None => groups.push((its_criteria, vec![source])),
        }
    }
    groups
}

async fn fitting(
    store: &Store,
    access: Access,
    plan: Arc<Plan>,
    mut folders: Vec<Source>,
) -> Result<Vec<Source>, Error> {
    let ids: RoaringTreemap = folders.iter().filter_map(|source| u64::try_from(source.folder.0).ok()).collect();
    let asked = Arc::clone(&plan);
    let look = move |view: &View| {
        let Some(Answered { sure, unsure }) = asked.answered(view)? else { return Ok(None) };
        let mut places = Places::of(view, &unsure, false)?;
        places.keep(|folder| u64::try_from(folder.0).is_ok_and(|folder| ids.contains(folder)));
        Ok::<_, Error>(Some((sure, places)))
    };
    if let Some((mut letters, places)) = store.scan_for(access.asker(), look).await? {
        for looked_at in look_at(store, access, plan, places).await? {
            letters |= looked_at.letters;
        }
        let letters = Arc::new(letters);
        folders.iter_mut().for_each(|source| source.which = Which::Letters(Arc::clone(&letters)));
        return Ok(folders);
    }
    let all = folders.iter().map(|source| Folder { id: source.folder, letters: source.visible }).collect();
    let found = sweep(store, access, plan, all).await?;
    // The answers come in the order of the folders.
    for (source, found) in folders.iter_mut().zip(found) {
        source.which = Which::Uids(found.uids);
    }
    folders.retain(|source| !matches!(&source.which, Which::Uids(uids) if uids.is_empty()));
    Ok(folders)
}

/// Looks up where the letters lie that were found, if they are few among many.
pub fn placed_where_few(view: &View, mut sources: Vec<Source>) -> Result<Vec<Source>, Error> {
    let mut placed: Vec<(Arc<RoaringTreemap>, Option<Places>)> = Vec::new();
    for at in 0..sources.len() {
        let Some(Source { which: Which::Letters(letters), .. }) = sources.get(at) else { continue };
        let letters = Arc::clone(letters);
        if !placed.iter().any(|(known, _)| Arc::ptr_eq(known, &letters)) {
            let few = letters.len().saturating_mul(SPARSE) < visible(&sources, &letters);
            let places = if few { Some(Places::of(view, &letters, true)?) } else { None };
            placed.push((Arc::clone(&letters), places));
        }
        let places = placed.iter().find(|(known, _)| Arc::ptr_eq(known, &letters));
        if let (Some(source), Some((_, Some(places)))) = (sources.get_mut(at), places) {
            source.which = Which::Uids(places.within(source.folder));
        }
    }
    Ok(sources)
}

/// Letters in all folders in which these are looked for.
fn visible(sources: &[Source], letters: &Arc<RoaringTreemap>) -> u64 {
    let same = |source: &&Source| matches!(&source.which, Which::Letters(its) if Arc::ptr_eq(its, letters));
    sources.iter().filter(same).map(|source| source.visible).sum()
}
