//! Every statement that the suite runs is understood by PostgreSQL, and walks through no table that grows on SQLite.
//!
//! The store writes its statements down while the other tests run (`house/store/src/record.rs`); this test reads them
//! all. So it is ignored while they run, and `cargo xtask test` runs it after them. By hand, with a folder of your own:
//!
//! ```text
//! FACTEUR_STATEMENTS=/tmp/statements cargo test --workspace
//! FACTEUR_STATEMENTS=/tmp/statements cargo test --workspace --test second_engine -- --ignored
//! ```

mod engine_only;
mod postgres;
mod record;
mod settled;
mod sqlite;

use std::fmt::Write as _;

use postgres::Postgres;
use record::Record;

/// Fewer statements than this are not the whole suite's: something was not written down.
const LEAST: usize = 500;

#[test]
#[ignore = "reads what the other tests have written down: see the head of this file"]
fn every_statement_of_the_suite_is_prepared_on_postgresql() {
    let record = Record::read();
    assert!(record.statements.len() > LEAST, "only {} statements were written down", record.statements.len());
    let engine = Postgres::start();
    let statements: Vec<_> = record.statements.iter().filter(|one| engine_only::is_shared(one)).collect();
    let refused = engine.prepare(&record.schema, &statements);
    assert!(refused.is_empty(), "{}", listed("PostgreSQL does not take", &refused));
}

#[test]
#[ignore = "reads what the other tests have written down: see the head of this file"]
fn no_statement_of_the_suite_walks_through_a_table_that_grows() {
    let record = Record::read();
    let slow = sqlite::scans(&record);
    assert!(slow.is_empty(), "{}", listed("SQLite walks through a whole table for", &slow));
}

#[test]
#[ignore = "reads what the other tests have written down: see the head of this file"]
fn no_statement_runs_within_the_rows_of_another() {
    let nested: Vec<String> = Record::read().nested.into_iter().collect();
    assert!(nested.is_empty(), "{}", listed("these run within the rows of another", &nested));
}

#[test]
#[ignore = "reads what the other tests have written down: see the head of this file"]
fn every_write_says_all_that_it_changes() {
    let outside: Vec<String> = Record::read().outside.into_iter().collect();
    assert!(outside.is_empty(), "{}", listed("these are not covered by the key of their write", &outside));
}

fn listed(what: &str, found: &[String]) -> String {
    found.iter().fold(format!("{what} ({}):\n", found.len()), |mut text, one| {
        let _ = writeln!(text, "  {one}");
        text
    })
}
