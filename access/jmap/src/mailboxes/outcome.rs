//! Judges the changes of a call by their result: if that is valid, all changes are made at one moment, even if one
//! stands in the way of another in between (RFC 8620 §5.3).

use std::collections::{BTreeMap, HashSet};

use mailbox::folder::{self, SpecialUse, name as names};
use mailbox::{Access, Error, Folder, FolderId};
use store::Tx;

use super::set::Batch;
use super::siblings::Siblings;
use super::steps::{self, Fault};
use super::wish::{self, Wish};
use super::{Tree, lasting_role, object, own_name};
use crate::id::Id;
use crate::scope::Created;
use crate::standard::SetAnswer;

/// The call cannot be carried out as a whole.
pub enum Unfit {
    /// A change, or the result of all, is not valid.
    Invalid,
    /// The store failed.
    Store(store::Error),
}

impl From<store::Error> for Unfit {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<Error> for Unfit {
    fn from(error: Error) -> Self {
        match error {
            Error::Store(error) => Self::Store(error),
            _ => Self::Invalid,
        }
    }
}

impl From<Fault> for Unfit {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Record(_) => Self::Invalid,
            Fault::Store(error) => Self::Store(error),
        }
    }
}

/// The mailboxes as they shall be. New mailboxes have the highest numbers.
struct Intent {
    wishes: BTreeMap<FolderId, Wish>,
    /// The mailboxes that the call names.
    named: HashSet<FolderId>,
    going: Vec<FolderId>,
}

/// Carries out the call as a whole, or changes nothing that stays.
pub fn carry_out(tx: &mut Tx, access: Access, batch: &Batch, known: &mut Created) -> Result<SetAnswer, Unfit> {
    let all = folder::list(tx, access)?;
    let plan = Intent::of(batch, &all, known)?;
    let full = plan.names()?;
    plan.check_siblings(&all)?;
    plan.check_roles()?;
    let moved: Vec<(FolderId, String)> = all
        .iter()
        .filter_map(|folder| Some((folder.id, full.get(&folder.id).filter(|name| **name != folder.name)?.clone())))
        .collect();
    if !moved.is_empty() {
        folder::rename_all(tx, access, &moved)?;
    }
    let mut answer = SetAnswer::default();
    let made = plan.make(tx, access, batch, &full, known)?;
    plan.clear_roles(tx, access, &all)?;
    for (id, wish) in plan.wishes.iter().filter(|(id, _)| plan.named.contains(id) && !made.contains_key(id)) {
        steps::settle(tx, access, &folder::get(tx, access, *id)?, wish)?;
    }
    for (index, (key, given)) in batch.creates.iter().enumerate() {
        let id = made.get(&provisional(index)).ok_or(Unfit::Invalid)?;
        let (folder, wish) =
            (folder::get(tx, access, *id)?, plan.wishes.get(&provisional(index)).ok_or(Unfit::Invalid)?);
        steps::settle(tx, access, &folder, &wish.of_made(&folder, given))?;
        answer.create(key, Ok(steps::told(tx, access, &folder::get(tx, access, *id)?, given)?));
    }
    for (id, change) in &batch.updates {
        let folder = FolderId::read(id).ok_or(Unfit::Invalid)?;
        answer.update(id, Ok(steps::told_of_change(tx, access, folder, change)?));
    }
    for id in &plan.going {
        steps::destroy(tx, access, *id, batch.remove_emails)?;
        answer.destroy(&id.id(), Ok(()));
    }
    Ok(answer)
}

fn provisional(index: usize) -> FolderId {
    FolderId(i64::MAX - i64::try_from(index).unwrap_or_default())
}

impl Intent {
    fn of(batch: &Batch, all: &[Folder], known: &Created) -> Result<Self, Unfit> {
        let mut known = known.clone();
        for (index, (key, _)) in batch.creates.iter().enumerate() {
            known.note(key, provisional(index).id());
        }
        let tree = Tree::new(all);
        let mut wishes: BTreeMap<FolderId, Wish> =
            all.iter().map(|folder| (folder.id, as_it_is(folder, &tree))).collect();
        let mut named = HashSet::new();
        for (index, (_, given)) in batch.creates.iter().enumerate() {
            let wish = wish::read(&known, given).map_err(|_| Unfit::Invalid)?;
            named.insert(provisional(index));
            wishes.insert(provisional(index), wish);
        }
        for (id, change) in &batch.updates {
            let folder = find(id, &tree)?;
            let wish = wish::after(&known, folder, &object(folder, &tree), change).map_err(|_| Unfit::Invalid)?;
            named.insert(folder.id);
            wishes.insert(folder.id, wish);
        }
        let mut going = Vec::new();
        for id in &batch.destroys {
            let folder = find(id, &tree)?;
            if named.contains(&folder.id) || lasting_role(folder).is_some() {
                return Err(Unfit::Invalid);
            }
            going.push(folder);
        }
        going.sort_by_key(|folder| std::cmp::Reverse(folder.name.matches(names::SEPARATOR).count()));
        Ok(Self { wishes, named, going: going.into_iter().map(|folder| folder.id).collect() })
    }

    /// Returns the whole name of each mailbox: no name twice, and no mailbox below itself.
    fn names(&self) -> Result<BTreeMap<FolderId, String>, Unfit> {
        let (mut full, mut met) = (BTreeMap::new(), HashSet::new());
        for id in self.wishes.keys() {
            let name = self.full_name(*id)?;
            if !met.insert(name.clone()) {
                return Err(Unfit::Invalid);
            }
            full.insert(*id, name);
        }
        Ok(full)
    }

    fn full_name(&self, id: FolderId) -> Result<String, Unfit> {
        let (mut line, mut next) = (Vec::new(), Some(id));
        while let Some(id) = next {
            let wish = self.wishes.get(&id).ok_or(Unfit::Invalid)?;
            line.push(wish.name.as_str());
            if line.len() > names::DEEPEST {
                return Err(Unfit::Invalid);
            }
            next = wish.parent;
        }
        line.reverse();
        Ok(names::canonical(&line.join("/"))?)
    }

    /// Fails if a mailbox gets a name or a place where a sibling's name reads the same.
    fn check_siblings(&self, all: &[Folder]) -> Result<(), Unfit> {
        let (tree, mut siblings) = (Tree::new(all), Siblings::none());
        self.wishes.iter().for_each(|(id, wish)| siblings.add(*id, wish.parent, &wish.name));
        let stays =
            |id: FolderId, wish: &Wish| tree.get(id).is_some_and(|folder| as_it_is(folder, &tree).is_called_as(wish));
        let mut new = self.named.iter().filter_map(|id| Some((*id, self.wishes.get(id)?)));
        match new.any(|(id, wish)| !stays(id, wish) && siblings.alike(Some(id), wish.parent, &wish.name).is_some()) {
            true => Err(Unfit::Invalid),
            false => Ok(()),
        }
    }

    /// Fails if more than one mailbox has a role.
    fn check_roles(&self) -> Result<(), Unfit> {
        let mut met = HashSet::new();
        let staying = self.wishes.iter().filter(|(id, _)| !self.going.contains(id));
        let mut roles = staying.filter_map(|(_, wish)| wish.role);
        if roles.all(|role| met.insert(role)) { Ok(()) } else { Err(Unfit::Invalid) }
    }

    /// Roles that move from one mailbox to another belong to none first.
    fn clear_roles(&self, tx: &mut Tx, access: Access, all: &[Folder]) -> Result<(), Unfit> {
        for folder in all.iter().filter(|folder| folder.special_use.is_some()) {
            let wanted: Option<SpecialUse> = self.wishes.get(&folder.id).and_then(|wish| wish.role);
            let goes = self.going.contains(&folder.id);
            if goes || wanted != folder.special_use {
                folder::set_use(tx, access, folder.id, None)?;
            }
        }
        Ok(())
    }

    /// Makes the new mailboxes, parents first.
    fn make(
        &self,
        tx: &mut Tx,
        access: Access,
        batch: &Batch,
        full: &BTreeMap<FolderId, String>,
        known: &mut Created,
    ) -> Result<BTreeMap<FolderId, FolderId>, Unfit> {
        let mut waiting: Vec<(FolderId, &String, &str)> = Vec::new();
        for (index, (key, _)) in batch.creates.iter().enumerate() {
            let id = provisional(index);
            waiting.push((id, key, full.get(&id).ok_or(Unfit::Invalid)?));
        }
        waiting.sort_by_key(|(_, _, name)| name.matches(names::SEPARATOR).count());
        let mut made = BTreeMap::new();
        for (id, key, name) in waiting {
            let real = folder::create(tx, access, name, None)?;
            known.note(key, real.id());
            made.insert(id, real);
        }
        Ok(made)
    }
}

/// Finds a mailbox that was there before the call: a call that is carried out as a whole does not change its own new
/// mailboxes.
fn find<'a>(id: &str, tree: &Tree<'a>) -> Result<&'a Folder, Unfit> {
    FolderId::read(id).and_then(|id| tree.get(id)).ok_or(Unfit::Invalid)
}

fn as_it_is(folder: &Folder, tree: &Tree<'_>) -> Wish {
    Wish {
        name: if folder.name == names::INBOX { names::INBOX.to_owned() } else { own_name(folder).to_owned() },
        parent: tree.parent(folder),
        role: folder.special_use,
        sort_order: folder.sort_order,
        is_subscribed: folder.subscribed,
    }
}
