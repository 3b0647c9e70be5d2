//! Goes through folders, a slice at a time: asks the indexes about each, and looks at the letters that they leave
//! open.

use std::collections::VecDeque;
use std::sync::Arc;

use roaring::RoaringTreemap;
use store::{Store, View};

use super::narrow::narrow;
use super::places::Places;
use super::plan::{Budget, Plan};
use crate::{Access, Error, FolderId, UidRange, Uids};

/// So many times as many letters as may fit make it cheaper to look each of those up than to go through all.
const SPARSE: u64 = 4;

/// A folder to go through.
pub struct Folder {
    pub id: FolderId,
    /// The number of letters in it.
    pub letters: u64,
}

/// The letters of a folder that fit.
pub struct Fitting {
    pub folder: FolderId,
    pub uids: Uids,
    /// Their keys, if each was looked at.
    pub letters: RoaringTreemap,
}

/// The letters of the folders that fit. A folder that went meanwhile has none.
pub(super) async fn sweep(
    store: &Store,
    access: Access,
    plan: Arc<Plan>,
    folders: Vec<Folder>,
) -> Result<Vec<Fitting>, Error> {
    let sweep = Sweep {
        access,
        plan,
        total: folders.iter().map(|folder| folder.letters).sum(),
        todo: folders.into_iter().map(|folder| Task { folder: folder.id, ranges: None }).collect(),
        places: None,
        begun: None,
        done: Vec::new(),
    };
    sweep.run(store).await
}

/// The letters that fit among those at certain places.
pub(super) async fn look_at(
    store: &Store,
    access: Access,
    plan: Arc<Plan>,
    places: Places,
) -> Result<Vec<Fitting>, Error> {
    let tasks = places.into_ranges().map(|(folder, ranges)| Task { folder, ranges: Some(ranges) });
    let sweep =
        Sweep { access, plan, total: 0, todo: tasks.collect(), places: Some(None), begun: None, done: Vec::new() };
    sweep.run(store).await
}

struct Task {
    folder: FolderId,
    /// The ranges to look at; `None`: those that the indexes leave open.
    ranges: Option<Vec<UidRange>>,
}

struct Sweep {
    access: Access,
    plan: Arc<Plan>,
    /// Letters of all the folders.
    total: u64,
    todo: VecDeque<Task>,
    /// The places of the letters that may fit, once they were asked for; the inner `None`: too many to look each up.
    places: Option<Option<Places>>,
    /// The folder that is being looked at, and what of it is left.
    begun: Option<(Fitting, Vec<UidRange>)>,
    done: Vec<Fitting>,
}

impl Sweep {
    async fn run(mut self, store: &Store) -> Result<Vec<Fitting>, Error> {
        while self.begun.is_some() || !self.todo.is_empty() {
            self = store.scan_for(self.access.asker(), move |view| self.slice(view)).await?;
        }
        Ok(self.done)
    }

    /// Does as much as one reading may do.
    fn slice(mut self, view: &View) -> Result<Self, Error> {
        let mut budget = self.plan.budget();
        if self.places.is_none() {
            self.places = Some(self.plan.places(view, self.total / SPARSE)?);
        }
        while budget.is_left() {
            view.check()?;
            let begun = match self.begun.take() {
                Some(begun) => begun,
                None => match self.todo.pop_front() {
                    Some(task) => self.begin(view, task, &mut budget)?,
                    None => break,
                },
            };
            let (mut fitting, rest) = begun;
            let batch = self.plan.batch((view, self.access), fitting.folder, rest, &mut budget)?;
            fitting.uids.extend(&batch.found);
            fitting.letters |= batch.letters;
            match batch.rest.is_empty() {
                true => self.done.push(fitting),
                false => self.begun = Some((fitting, batch.rest)),
            }
        }
        Ok(self)
    }

    fn begin(&self, view: &View, task: Task, budget: &mut Budget) -> Result<(Fitting, Vec<UidRange>), Error> {
        let folder = task.folder;
        let fitting = |uids| Fitting { folder, uids, letters: RoaringTreemap::new() };
        if let Some(ranges) = task.ranges {
            return Ok((fitting(Uids::new()), ranges));
        }
        let places = self.places.as_ref().and_then(Option::as_ref);
        match narrow((view, self.access), folder, self.plan.test(), places) {
            Ok(narrowed) => {
                budget.take_rows(narrowed.sure.len() as usize);
                Ok((fitting(narrowed.sure), narrowed.rest))
            }
            // Deleted meanwhile.
            Err(Error::NoSuchFolder(_)) => Ok((fitting(Uids::new()), Vec::new())),
            Err(error) => Err(error),
        }
    }
}
