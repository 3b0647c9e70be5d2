//! Names the statements that each engine writes in its own way, so that the other need not understand them.

use crate::record::Statement;

/// The modules of SQLite, behind the border of the engine (`house/store/src/engine.rs`): a second engine has its own.
const SQLITE: &str = "house/store/src/sqlite/";

/// Returns true if the statement is for every engine.
pub fn is_shared(statement: &Statement) -> bool {
    !statement.from.starts_with(SQLITE)
}
