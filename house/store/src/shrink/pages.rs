//! Empty pages of one database: whether there are enough, and how they go back.

use std::ops::ControlFlow;

use crate::error::Result;
use crate::params;
use crate::tx::Tx;
use crate::view::View;

/// Less than this is kept for the next letters.
const WORTH_PAGES: i64 = 1024;

/// Are there so many empty pages, at least a twentieth of all, that they should go back?
pub(crate) fn is_worth_it(view: &View) -> Result<bool> {
    let number = |pragma| view.query_one(pragma, params![], |row| row.get::<i64>(0));
    let free = number("PRAGMA freelist_count")?;
    if free <= WORTH_PAGES || free <= number("PRAGMA page_count")? / 20 {
        return Ok(false);
    }
    Ok(number("PRAGMA auto_vacuum")? == 2)
}

pub(crate) fn give_back(tx: &mut Tx, pages: u32) -> Result<()> {
    tx.for_each(&format!("PRAGMA incremental_vacuum({pages})"), params![], |_| Ok(ControlFlow::Continue(())))
}
