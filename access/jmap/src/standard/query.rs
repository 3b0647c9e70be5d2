//! /query and /queryChanges (RFC 8620 §5.5, §5.6).

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::api::{MethodError, Object};
use crate::limits;

/// A comparator.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "WrittenComparator")]
pub struct Comparator {
    pub property: String,
    pub is_ascending: bool,
    pub collation: Option<String>,
    /// The keyword, for the comparators of RFC 8621 §4.4.2 that sort by one.
    pub keyword: Option<String>,
}

/// A comparator as clients write it, with null for what they leave out. Unknown properties are ignored: jmapc writes
/// arguments of `/query` here as well.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenComparator {
    property: String,
    is_ascending: Option<bool>,
    /// No RFC has it, and ignoring it would turn the list around.
    is_descending: Option<bool>,
    collation: Option<String>,
    keyword: Option<String>,
}

impl From<WrittenComparator> for Comparator {
    fn from(written: WrittenComparator) -> Self {
        let WrittenComparator { property, is_ascending, is_descending, collation, keyword } = written;
        let is_ascending = is_ascending.unwrap_or(!is_descending.unwrap_or(false));
        Self { property, is_ascending, collation, keyword }
    }
}

/// The most comparators of one list: letters that are equal in so many ways are ordered by their ids.
const MOST_COMPARATORS: usize = 16;

/// A sort with more comparators than may be is an error.
pub fn check_sort(sort: &[Comparator]) -> Result<(), MethodError> {
    match sort.len() > MOST_COMPARATORS {
        true => Err(MethodError::unsupported_sort("more comparators than a list is sorted by")),
        false => Ok(()),
    }
}

impl Comparator {
    /// Fails for a collation that we do not have.
    pub fn check(&self) -> Result<(), MethodError> {
        match self.collation.as_deref() {
            None | Some("i;unicode-casemap" | "i;ascii-casemap") => Ok(()),
            Some(other) => Err(MethodError::unsupported_sort(format!("there is no collation {other:?}"))),
        }
    }
}

/// The arguments that every `/query` has.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QueryArguments {
    pub account_id: String,
    pub filter: Option<Value>,
    pub sort: Option<Vec<Comparator>>,
    #[serde(default)]
    pub position: i64,
    pub anchor: Option<String>,
    #[serde(default)]
    pub anchor_offset: i64,
    pub limit: Option<u64>,
    #[serde(default)]
    pub calculate_total: bool,
}

/// The arguments that every `/queryChanges` has.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QueryChangesArguments {
    pub account_id: String,
    pub filter: Option<Value>,
    pub sort: Option<Vec<Comparator>>,
    pub since_query_state: String,
    pub max_changes: Option<u64>,
    // A server may omit the changes behind this id; we omit nothing.
    #[allow(dead_code)]
    pub up_to_id: Option<String>,
    #[serde(default)]
    pub calculate_total: bool,
}

/// Reads the arguments of a method that has some of its `own` beside those of every `/query` (or `/queryChanges`).
pub fn arguments_and<C: DeserializeOwned, O: DeserializeOwned>(
    mut arguments: Object,
    own: &[&str],
) -> Result<(C, O), MethodError> {
    let own: Object = own.iter().filter_map(|name| arguments.remove_entry(*name)).collect();
    Ok((super::arguments(arguments)?, super::arguments(own)?))
}

/// The part of the results that the client asks for.
#[derive(Clone, Debug, Default)]
pub struct Part {
    pub position: i64,
    pub anchor: Option<String>,
    pub anchor_offset: i64,
    /// The most ids of the answer, and whether that is fewer than the client asked for.
    pub limit: usize,
    pub clamped: bool,
}

impl Part {
    /// Makes the part from the arguments of `/query`.
    pub fn new(position: i64, anchor: Option<String>, anchor_offset: i64, limit: Option<u64>) -> Self {
        let asked = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let limit = asked.min(limits::QUERY);
        Self { position, anchor, anchor_offset, limit, clamped: limit < asked }
    }

    /// Returns the part of a whole list: its position, and its ids.
    pub fn of(&self, ids: &[String]) -> Result<(usize, Vec<String>), MethodError> {
        let step = |from: usize, by: i64| {
            let size = usize::try_from(by.unsigned_abs()).unwrap_or(usize::MAX);
            if by < 0 { from.saturating_sub(size) } else { from.saturating_add(size) }
        };
        let start = match &self.anchor {
            Some(anchor) => {
                let place = ids.iter().position(|id| id == anchor).ok_or_else(MethodError::anchor_not_found)?;
                step(place, self.anchor_offset)
            }
            None if self.position < 0 => step(ids.len(), self.position),
            None => step(0, self.position),
        };
        Ok((start, ids.iter().skip(start).take(self.limit).cloned().collect()))
    }
}

/// The arguments of the response to `/query`.
pub struct QueryAnswer {
    pub account: String,
    pub state: String,
    pub can_calculate_changes: bool,
    pub position: u64,
    pub ids: Vec<String>,
    pub total: Option<u64>,
    /// The limit, if it is ours and not the client's.
    pub limit: Option<usize>,
}

impl QueryAnswer {
    /// Returns the part of a list that is known as a whole and whose changes can be calculated; with `total`, also its
    /// length. An anchor that is not on the list is an error.
    pub fn part_of(
        ids: &[String],
        part: &Part,
        account: String,
        state: String,
        total: bool,
    ) -> Result<Self, MethodError> {
        let (start, window) = part.of(ids)?;
        Ok(Self {
            account,
            state,
            can_calculate_changes: true,
            position: start as u64,
            ids: window,
            total: total.then_some(ids.len() as u64),
            limit: part.clamped.then_some(part.limit),
        })
    }

    /// Returns the answer as an object.
    pub fn into_arguments(self) -> Object {
        let mut object = Object::new();
        object.insert("accountId".into(), self.account.into());
        object.insert("queryState".into(), self.state.into());
        object.insert("canCalculateChanges".into(), self.can_calculate_changes.into());
        object.insert("position".into(), self.position.into());
        object.insert("ids".into(), self.ids.into());
        if let Some(total) = self.total {
            object.insert("total".into(), total.into());
        }
        if let Some(limit) = self.limit {
            object.insert("limit".into(), limit.into());
        }
        object
    }
}

/// The arguments of the response to `/queryChanges`.
pub struct QueryChangesAnswer {
    pub account: String,
    pub old_state: String,
    pub new_state: String,
    pub total: Option<u64>,
    pub removed: Vec<String>,
    pub added: Vec<(String, u64)>,
}

impl QueryChangesAnswer {
    /// Returns the answer as an object, if it contains no more changes than the client accepts.
    pub fn into_arguments(self, most: Option<u64>) -> Result<Object, MethodError> {
        let count = self.removed.len() + self.added.len();
        if most.is_some_and(|most| count as u64 > most) {
            return Err(MethodError::too_many_changes());
        }
        let added: Vec<Value> = self.added.into_iter().map(|(id, index)| json!({"id": id, "index": index})).collect();
        let mut object = Object::new();
        object.insert("accountId".into(), self.account.into());
        object.insert("oldQueryState".into(), self.old_state.into());
        object.insert("newQueryState".into(), self.new_state.into());
        object.insert("removed".into(), self.removed.into());
        object.insert("added".into(), added.into());
        if let Some(total) = self.total {
            object.insert("total".into(), total.into());
        }
        Ok(object)
    }
}
