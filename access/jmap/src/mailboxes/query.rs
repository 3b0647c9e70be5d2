//! Mailbox/query and Mailbox/queryChanges (RFC 8621 §2.3, §2.4).

use std::cmp::Ordering;
use std::collections::HashSet;

use mailbox::account_changes::{self, Cursor, states};
use mailbox::parse::decode::fold;
use mailbox::{Access, Folder, FolderId, folder};
use serde::Deserialize;
use serde_json::Value;

use super::{Tree, own_name, role};
use crate::api::{MethodError, Object};
use crate::id::Id;
use crate::scope::Scope;
use crate::standard::filter::Filter;
use crate::standard::query::{
    Comparator, Part, QueryAnswer, QueryArguments, QueryChangesAnswer, QueryChangesArguments, arguments_and, check_sort,
};
use crate::{limits, state};

/// The arguments that Mailbox has beside those of every `/query` and `/queryChanges`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwnArguments {
    #[serde(default)]
    sort_as_tree: bool,
    #[serde(default)]
    filter_as_tree: bool,
}

/// Their names.
const OWN: [&str; 2] = ["sortAsTree", "filterAsTree"];

/// All of these must fit.
struct Condition {
    parent: Option<Option<FolderId>>,
    name: Option<String>,
    role: Option<Option<String>>,
    has_any_role: Option<bool>,
    is_subscribed: Option<bool>,
}

struct Listing {
    filter: Option<Filter<Condition>>,
    sort: Vec<Comparator>,
    sort_as_tree: bool,
    filter_as_tree: bool,
}

pub async fn query(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let (arguments, own): (QueryArguments, OwnArguments) = arguments_and(arguments, &OWN)?;
    let access = scope.access(&arguments.account_id)?;
    let listing = Listing::new(arguments.filter, arguments.sort, own.sort_as_tree, own.filter_as_tree)?;
    let (state, all) = read(scope, access).await?;
    let ids = listing.ids(&all);
    let part = Part::new(arguments.position, arguments.anchor, arguments.anchor_offset, arguments.limit);
    let answer =
        QueryAnswer::part_of(&ids, &part, arguments.account_id, state::write(state), arguments.calculate_total)?;
    Ok(QueryAnswer { can_calculate_changes: listing.can_calculate_changes(), ..answer }.into_arguments())
}

pub async fn changes(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let (arguments, own): (QueryChangesArguments, OwnArguments) = arguments_and(arguments, &OWN)?;
    let access = scope.access(&arguments.account_id)?;
    let listing = Listing::new(arguments.filter, arguments.sort, own.sort_as_tree, own.filter_as_tree)?;
    let since = state::read(&arguments.since_query_state).ok_or_else(MethodError::cannot_calculate_changes)?;
    if !listing.can_calculate_changes() {
        return Err(MethodError::cannot_calculate_changes());
    }
    // One reading gives all of it, so the positions belong to the state that the answer names.
    let looking = move |view: &store::View| -> Result<_, mailbox::Error> {
        let changed = account_changes::folders(view, access, since, limits::QUERY_CHANGES)?;
        Ok((changed, folder::list(view, access)?))
    };
    let (changed, all) = scope.server.read(access, looking).await?;
    let changed = changed.filter(|changed| !changed.changes.more);
    let changed = changed.ok_or_else(MethodError::cannot_calculate_changes)?.changes;
    let touched: HashSet<String> =
        changed.updated.iter().chain(&changed.created).chain(&changed.destroyed).map(|id| id.id()).collect();
    let ids = listing.ids(&all);
    let total = ids.len() as u64;
    let placed = ids.into_iter().zip(0..).filter(|(id, _)| touched.contains(id));
    let answer = QueryChangesAnswer {
        account: arguments.account_id,
        old_state: arguments.since_query_state,
        new_state: state::write(changed.now),
        total: arguments.calculate_total.then_some(total),
        removed: changed.updated.iter().chain(&changed.destroyed).map(|id| id.id()).collect(),
        added: placed.collect(),
    };
    answer.into_arguments(arguments.max_changes)
}

async fn read(scope: &Scope, access: Access) -> Result<(Cursor, Vec<Folder>), MethodError> {
    let read = move |view: &store::View| -> Result<_, mailbox::Error> {
        Ok((Cursor::at(states(view, access)?.folders), folder::list(view, access)?))
    };
    Ok(scope.server.read(access, read).await?)
}

impl Listing {
    fn new(
        filter: Option<Value>,
        sort: Option<Vec<Comparator>>,
        sort_as_tree: bool,
        filter_as_tree: bool,
    ) -> Result<Self, MethodError> {
        let sort = sort.unwrap_or_default();
        check_sort(&sort)?;
        for comparator in &sort {
            comparator.check()?;
            if !["sortOrder", "name"].contains(&comparator.property.as_str()) {
                return Err(MethodError::unsupported_sort(format!("not by {:?}", comparator.property)));
            }
        }
        Ok(Self { filter: Filter::read(filter, Condition::read)?, sort, sort_as_tree, filter_as_tree })
    }

    /// In a tree, a change of one mailbox moves others.
    fn can_calculate_changes(&self) -> bool {
        !self.sort_as_tree && !self.filter_as_tree
    }

    fn ids(&self, all: &[Folder]) -> Vec<String> {
        let tree = Tree::new(all);
        let fits = |folder: &Folder| {
            self.filter.as_ref().is_none_or(|filter| filter.fits(&|condition| condition.fits(folder, &tree)))
        };
        let mut found: Vec<&Folder> = all.iter().filter(|folder| fits(folder)).collect();
        if self.filter_as_tree {
            let kept: HashSet<FolderId> = found.iter().map(|folder| folder.id).collect();
            found.retain(|folder| ancestors(folder, &tree).iter().all(|above| kept.contains(&above.id)));
        }
        match self.sort_as_tree {
            true => found.sort_by(|one, other| self.compare_in_tree(one, other, &tree)),
            false => found.sort_by(|one, other| self.compare(one, other)),
        }
        found.into_iter().map(|folder| folder.id.id()).collect()
    }

    fn compare(&self, one: &Folder, other: &Folder) -> Ordering {
        for comparator in &self.sort {
            let ordering = match comparator.property.as_str() {
                "sortOrder" => one.sort_order.cmp(&other.sort_order),
                _ => fold(own_name(one)).cmp(&fold(own_name(other))),
            };
            let ordering = if comparator.is_ascending { ordering } else { ordering.reverse() };
            if ordering.is_ne() {
                return ordering;
            }
        }
        one.id.cmp(&other.id)
    }

    /// Compares two folders so that a parent comes before its children, and siblings in the order of the comparators.
    fn compare_in_tree(&self, one: &Folder, other: &Folder, tree: &Tree<'_>) -> Ordering {
        let line = |folder| {
            let mut line = ancestors(folder, tree);
            line.reverse();
            line.push(folder);
            line
        };
        let (ones, others) = (line(one), line(other));
        let fork = ones.iter().zip(&others).find(|(one, other)| one.id != other.id);
        fork.map_or(ones.len().cmp(&others.len()), |(one, other)| self.compare(one, other))
    }
}

/// Returns the folders above, the nearest first.
fn ancestors<'a>(folder: &Folder, tree: &Tree<'a>) -> Vec<&'a Folder> {
    std::iter::successors(tree.above(folder), |found| tree.above(found)).collect()
}

impl Condition {
    fn read(object: Object) -> Result<Self, MethodError> {
        let mut condition = Self { parent: None, name: None, role: None, has_any_role: None, is_subscribed: None };
        for (name, value) in object {
            let wrong = || MethodError::invalid_arguments(format!("{name} has the wrong type"));
            match (name.as_str(), value) {
                ("parentId", Value::Null) => condition.parent = Some(None),
                // An id that belongs to no mailbox has no children.
                ("parentId", Value::String(id)) => {
                    condition.parent = Some(Some(FolderId::read(&id).unwrap_or(FolderId(-1))));
                }
                ("name", Value::String(text)) => condition.name = Some(fold(&text)),
                ("role", Value::Null) => condition.role = Some(None),
                ("role", Value::String(role)) => condition.role = Some(Some(role)),
                ("hasAnyRole", Value::Bool(wanted)) => condition.has_any_role = Some(wanted),
                ("isSubscribed", Value::Bool(wanted)) => condition.is_subscribed = Some(wanted),
                ("parentId" | "name" | "role" | "hasAnyRole" | "isSubscribed", _) => return Err(wrong()),
                _ => return Err(MethodError::unsupported_filter(format!("there is no condition {name:?}"))),
            }
        }
        Ok(condition)
    }

    fn fits(&self, folder: &Folder, tree: &Tree<'_>) -> bool {
        let role = role(folder);
        self.parent.is_none_or(|wanted| wanted == tree.parent(folder))
            && self.name.as_ref().is_none_or(|text| fold(own_name(folder)).contains(text))
            && self.role.as_ref().is_none_or(|wanted| wanted.as_deref() == role)
            && self.has_any_role.is_none_or(|wanted| wanted == role.is_some())
            && self.is_subscribed.is_none_or(|wanted| wanted == folder.subscribed)
    }
}
