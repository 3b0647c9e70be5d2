//! Filters (RFC 8620 §5.5): conditions under operators.

use serde_json::Value;

use crate::api::{MethodError, Object};

/// The deepest nesting of operators, and the most conditions.
const DEEPEST: usize = 32;
const MOST: usize = 256;

/// A tree of conditions.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter<C> {
    /// All of them.
    And(Vec<Filter<C>>),
    /// At least one of them holds.
    Or(Vec<Filter<C>>),
    /// None of them holds.
    Not(Vec<Filter<C>>),
    /// One condition.
    Condition(C),
}

impl<C> Filter<C> {
    /// Reads a filter; `None` is an absent one. `condition` reads one condition.
    pub fn read(
        value: Option<Value>,
        mut condition: impl FnMut(Object) -> Result<C, MethodError>,
    ) -> Result<Option<Self>, MethodError> {
        let mut left = MOST;
        value.filter(|value| !value.is_null()).map(|value| read(value, &mut condition, DEEPEST, &mut left)).transpose()
    }

    /// Returns true if a thing passes the filter; `fits` judges one condition.
    pub fn fits(&self, fits: &impl Fn(&C) -> bool) -> bool {
        match self {
            Self::And(all) => all.iter().all(|filter| filter.fits(fits)),
            Self::Or(any) => any.iter().any(|filter| filter.fits(fits)),
            Self::Not(none) => !none.iter().any(|filter| filter.fits(fits)),
            Self::Condition(condition) => fits(condition),
        }
    }
}

fn read<C>(
    value: Value,
    condition: &mut impl FnMut(Object) -> Result<C, MethodError>,
    depth: usize,
    left: &mut usize,
) -> Result<Filter<C>, MethodError> {
    let Value::Object(mut object) = value else {
        return Err(MethodError::invalid_arguments("a filter must be an object"));
    };
    if depth == 0 || *left == 0 {
        return Err(MethodError::unsupported_filter("the filter is too large or too deep"));
    }
    *left -= 1;
    let Some(operator) = object.remove("operator") else {
        // A condition counts once for each of its properties.
        *left = left.saturating_sub(object.len().saturating_sub(1));
        return condition(object).map(Filter::Condition);
    };
    let Some(Value::Array(conditions)) = object.remove("conditions") else {
        return Err(MethodError::invalid_arguments("an operator must have a list of conditions"));
    };
    if let Some(unknown) = object.keys().next() {
        return Err(MethodError::invalid_arguments(format!("an operator has no property {unknown:?}")));
    }
    let inner: Vec<_> =
        conditions.into_iter().map(|value| read(value, condition, depth - 1, left)).collect::<Result<_, _>>()?;
    match operator.as_str() {
        Some("AND") => Ok(Filter::And(inner)),
        Some("OR") => Ok(Filter::Or(inner)),
        Some("NOT") => Ok(Filter::Not(inner)),
        _ => Err(MethodError::invalid_arguments("the operator must be AND, OR or NOT")),
    }
}
