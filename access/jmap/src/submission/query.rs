//! EmailSubmission/query and EmailSubmission/queryChanges (RFC 8621 §7.3, §7.4).

use std::cmp::Ordering;
use std::collections::HashSet;

use mailbox::account_changes::Cursor;
use records::{Kind, Submission, SubmissionId, submission};
use serde_json::Value;
use store::View;

use super::object;
use crate::api::{MethodError, Object};
use crate::email::filter;
use crate::id::Id;
use crate::scope::Scope;
use crate::standard::filter::Filter;
use crate::standard::query::{
    Comparator, Part, QueryAnswer, QueryArguments, QueryChangesAnswer, QueryChangesArguments, check_sort,
};
use crate::{limits, standard, state};

/// A property, and its required value.
enum Condition {
    OneOf(&'static str, Vec<String>),
    Before(i64),
    After(i64),
}

pub async fn query(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let arguments: QueryArguments = standard::arguments(arguments)?;
    let account = scope.account(&arguments.account_id)?;
    let listing = Listing::read(arguments.filter, arguments.sort)?;
    let look = move |view: &View| -> Result<_, store::Error> {
        Ok((records::state(view, account, Kind::Submission)?, submission::list(view, account)?))
    };
    let (head, all) = scope.server.scan(account, look).await?;
    let ids = listing.ids(&all);
    let part = Part::new(arguments.position, arguments.anchor, arguments.anchor_offset, arguments.limit);
    let answer = QueryAnswer::part_of(
        &ids,
        &part,
        arguments.account_id,
        state::write(Cursor::at(head)),
        arguments.calculate_total,
    )?;
    Ok(answer.into_arguments())
}

pub async fn changes(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let arguments: QueryChangesArguments = standard::arguments(arguments)?;
    let account = scope.account(&arguments.account_id)?;
    let since = state::read(&arguments.since_query_state).ok_or_else(MethodError::cannot_calculate_changes)?;
    let listing = Listing::read(arguments.filter, arguments.sort)?;
    // In one look: positions are as of the state that is named.
    let look = move |view: &View| -> Result<_, store::Error> {
        let changed = records::changes(view, account, Kind::Submission, since, limits::QUERY_CHANGES)?;
        Ok((changed, submission::list(view, account)?))
    };
    let (changed, all) = scope.server.scan(account, look).await?;
    let changed = changed.filter(|changed| !changed.more).ok_or_else(MethodError::cannot_calculate_changes)?;
    let ids = listing.ids(&all);
    let id = |number: &i64| SubmissionId(*number).id();
    let touched: HashSet<String> = changed.created.iter().chain(&changed.updated).map(id).collect();
    let total = ids.len() as u64;
    let answer = QueryChangesAnswer {
        account: arguments.account_id,
        old_state: arguments.since_query_state,
        new_state: state::write(changed.now),
        total: arguments.calculate_total.then_some(total),
        removed: changed.updated.iter().chain(&changed.destroyed).map(id).collect(),
        added: ids.into_iter().zip(0..).filter(|(id, _)| touched.contains(id)).collect(),
    };
    answer.into_arguments(arguments.max_changes)
}

/// The submissions that a client asks for, and their order.
struct Listing {
    filter: Option<Filter<Vec<Condition>>>,
    sort: Vec<Comparator>,
}

impl Listing {
    fn read(filter: Option<Value>, sort: Option<Vec<Comparator>>) -> Result<Self, MethodError> {
        let sort = sort.unwrap_or_default();
        check_sort(&sort)?;
        for comparator in &sort {
            comparator.check()?;
            // The RFC calls it sentAt here and sendAt elsewhere (erratum).
            if !["emailId", "threadId", "sentAt", "sendAt"].contains(&comparator.property.as_str()) {
                return Err(MethodError::unsupported_sort(format!("not by {:?}", comparator.property)));
            }
        }
        Ok(Self { filter: Filter::read(filter, conditions)?, sort })
    }

    /// Returns the ids that fit, in order.
    fn ids(&self, submissions: &[Submission]) -> Vec<String> {
        let mut found: Vec<(i64, Object)> = submissions.iter().map(|one| (one.id.0, object(one))).collect();
        found.retain(|(_, object)| {
            let fits = |all: &Vec<Condition>| all.iter().all(|one| one.fits(object));
            self.filter.as_ref().is_none_or(|filter| filter.fits(&fits))
        });
        found.sort_by(|one, other| compare(one, other, &self.sort));
        found.into_iter().map(|(id, _)| SubmissionId(id).id()).collect()
    }
}

fn compare(one: &(i64, Object), other: &(i64, Object), sort: &[Comparator]) -> Ordering {
    for comparator in sort {
        let name = if comparator.property == "sentAt" { "sendAt" } else { comparator.property.as_str() };
        let text = |object: &Object| object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let ordering = text(&one.1).cmp(&text(&other.1));
        let ordering = if comparator.is_ascending { ordering } else { ordering.reverse() };
        if ordering.is_ne() {
            return ordering;
        }
    }
    one.0.cmp(&other.0)
}

fn conditions(object: Object) -> Result<Vec<Condition>, MethodError> {
    object.into_iter().map(|(name, value)| condition(&name, value)).collect()
}

fn condition(name: &str, value: Value) -> Result<Condition, MethodError> {
    let wrong = || MethodError::invalid_arguments(format!("the condition {name} has the wrong type"));
    let ids = |value: &Value| -> Result<Vec<String>, MethodError> {
        let list = value.as_array().ok_or_else(wrong)?;
        list.iter().map(|id| id.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
    };
    let date = |value: &Value| value.as_str().and_then(filter::date).ok_or_else(wrong);
    Ok(match name {
        "identityIds" => Condition::OneOf("identityId", ids(&value)?),
        "emailIds" => Condition::OneOf("emailId", ids(&value)?),
        "threadIds" => Condition::OneOf("threadId", ids(&value)?),
        "undoStatus" => Condition::OneOf("undoStatus", vec![value.as_str().ok_or_else(wrong)?.to_owned()]),
        "before" => Condition::Before(date(&value)?),
        "after" => Condition::After(date(&value)?),
        _ => return Err(MethodError::unsupported_filter(format!("there is no condition {name:?}"))),
    })
}

impl Condition {
    fn fits(&self, object: &Object) -> bool {
        let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
        let sent = || filter::date(text("sendAt")).unwrap_or_default();
        match self {
            Self::OneOf(name, wanted) => wanted.iter().any(|wanted| wanted == text(name)),
            Self::Before(time) => sent() < *time,
            Self::After(time) => sent() >= *time,
        }
    }
}
