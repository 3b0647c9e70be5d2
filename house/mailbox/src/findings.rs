//! Keeps the findings of the checks about a letter, from where it came in, in a column of the letter.

use mail::Findings;
use store::{View, params};

use crate::{Access, Error, LetterKey, Right};

/// Returns the findings about a letter; they are empty if no check was asked.
pub fn of(view: &View, access: Access, letter: LetterKey) -> Result<Findings, Error> {
    let account = access.may(Right::Read)?;
    let sql = "SELECT findings FROM letter WHERE letter = $1 AND account = $2";
    let column = view.query_opt(sql, params![letter.0, account.0], |row| row.get::<Option<Vec<u8>>>(0))?.flatten();
    match column {
        None => Ok(Findings::default()),
        Some(column) => Findings::from_column(&column).ok_or(Error::Damaged("what was found out about a letter")),
    }
}
