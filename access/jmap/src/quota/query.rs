//! Quota/query and Quota/queryChanges (RFC 9425 §4.4, §4.5).

use serde_json::Value;

use super::{ID, State, look, object};
use crate::api::{MethodError, Object};
use crate::scope::Scope;
use crate::standard;
use crate::standard::filter::Filter;
use crate::standard::query::{
    Comparator, Part, QueryAnswer, QueryArguments, QueryChangesAnswer, QueryChangesArguments, check_sort,
};

/// A property, and the text that it must have or contain.
struct Condition {
    name: &'static str,
    wanted: String,
}

/// Answers Quota/query.
pub async fn query(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let arguments: QueryArguments = standard::arguments(arguments)?;
    let account = scope.account(&arguments.account_id)?;
    let filter = read(arguments.filter, arguments.sort)?;
    let now = look(scope, account).await?;
    let ids = ids(scope, now, filter.as_ref());
    let part = Part::new(arguments.position, arguments.anchor, arguments.anchor_offset, arguments.limit);
    let answer = QueryAnswer::part_of(&ids, &part, arguments.account_id, now.to_string(), arguments.calculate_total)?;
    Ok(answer.into_arguments())
}

/// Answers Quota/queryChanges.
pub async fn changes(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let arguments: QueryChangesArguments = standard::arguments(arguments)?;
    let account = scope.account(&arguments.account_id)?;
    let filter = read(arguments.filter, arguments.sort)?;
    let before = State::read(&arguments.since_query_state).ok_or_else(MethodError::cannot_calculate_changes)?;
    let now = look(scope, account).await?;
    let ids = ids(scope, now, filter.as_ref());
    let (total, changed) = (ids.len() as u64, now != before);
    let touched: Vec<String> = ids.into_iter().filter(|_| changed).collect();
    let answer = QueryChangesAnswer {
        account: arguments.account_id,
        old_state: arguments.since_query_state,
        new_state: now.to_string(),
        total: arguments.calculate_total.then_some(total),
        removed: touched.clone(),
        added: touched.into_iter().zip(0..).collect(),
    };
    answer.into_arguments(arguments.max_changes)
}

/// Reads the filter. One quota needs no order, but the sort properties must still be valid.
fn read(filter: Option<Value>, sort: Option<Vec<Comparator>>) -> Result<Option<Filter<Vec<Condition>>>, MethodError> {
    let sort = sort.unwrap_or_default();
    check_sort(&sort)?;
    for comparator in &sort {
        comparator.check()?;
        if !["name", "used"].contains(&comparator.property.as_str()) {
            return Err(MethodError::unsupported_sort(format!("not by {:?}", comparator.property)));
        }
    }
    Filter::read(filter, |object| object.into_iter().map(|(name, value)| condition(&name, &value)).collect())
}

fn condition(name: &str, value: &Value) -> Result<Condition, MethodError> {
    const KNOWN: [&str; 4] = ["name", "scope", "resourceType", "type"];
    let Some(name) = KNOWN.into_iter().find(|known| *known == name) else {
        return Err(MethodError::unsupported_filter(format!("there is no condition {name:?}")));
    };
    match value.as_str() {
        Some(wanted) => Ok(Condition { name, wanted: wanted.to_owned() }),
        None => Err(MethodError::invalid_arguments(format!("the condition {name} has the wrong type"))),
    }
}

fn ids(scope: &Scope, now: State, filter: Option<&Filter<Vec<Condition>>>) -> Vec<String> {
    let fits = |object: &Object| {
        filter.is_none_or(|filter| filter.fits(&|all: &Vec<Condition>| all.iter().all(|one| one.fits(object))))
    };
    object(scope, now).filter(fits).map(|_| ID.to_owned()).into_iter().collect()
}

impl Condition {
    fn fits(&self, object: &Object) -> bool {
        let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
        match self.name {
            "name" => text("name").contains(&self.wanted),
            "type" => {
                let types = object.get("types").and_then(Value::as_array);
                types.is_some_and(|types| types.iter().any(|one| *one == self.wanted.as_str()))
            }
            name => text(name) == self.wanted,
        }
    }
}
