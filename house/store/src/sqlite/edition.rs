//! Reads which edition of the full-text index a file holds. An index of another edition is thrown away and filled
//! again.

use std::ops::ControlFlow;

use super::{pieces, seals, terms, words};
use crate::engine::WriteSession;
use crate::error::Result;
use crate::record;
use crate::value::Row;

/// The edition. Raise it whenever the content of the index, or the definition of a word, changes.
const EDITION: i64 = 2;

/// Makes the tables of a new index. Returns `false` if there is an index of another edition.
pub(crate) fn is_ours(session: &dyn WriteSession) -> Result<bool> {
    if session.has_table("edition")? {
        return Ok(number(session)? == Some(EDITION));
    }
    // The first edition did not say its number.
    if session.has_table("reached")? {
        return Ok(false);
    }
    session.begin()?;
    let schemas = [words::SCHEMA, terms::SCHEMA, seals::SCHEMA, pieces::SCHEMA];
    let edition =
        format!("CREATE TABLE edition (number BIGINT NOT NULL); INSERT INTO edition (number) VALUES ({EDITION});");
    schemas.iter().zip(1..).for_each(|(schema, number)| record::schema("search", "search", number, schema));
    let made = schemas.iter().try_for_each(|schema| session.run_migration(schema));
    let made = made.and_then(|()| session.run_migration(&edition)).and_then(|()| session.commit());
    made.inspect_err(|_| session.roll_back()).map(|()| true)
}

fn number(session: &dyn WriteSession) -> Result<Option<i64>> {
    let mut number = None;
    session.query("SELECT number FROM edition", &[], &mut |row: &Row<'_>| {
        number = Some(row.get(0)?);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(number)
}
