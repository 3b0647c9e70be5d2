//! Explains how SQLite runs each statement.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use crate::record::{Record, Statement};

/// The walks from one end of a table, or of an index over a part of one, to the other: a piece of the statements that
/// may do so; and why that costs little however many letters there are.
const WALKED: &[(&str, &str, &str)] = &[
    ("folder_left", "", "folders whose letters are being cleared away"),
    ("folder_stale", "", "folders that need a checkpoint"),
    ("folder_buried", "", "folders with too many tombstones"),
    ("account_deleted", "", "accounts that are being removed"),
    ("account_spoken", "", "accounts with old subjects to forget"),
    ("account_busy", "", "accounts with old changes to forget"),
    ("parting", "LIMIT 1", "folders whose letters are being taken away"),
    ("queue_recipient_failed", "LIMIT", "recipients that are to be reported in a moment"),
    ("queue_recipient_due", "l.deadline IS NOT NULL", "recipients that wait, few of which have a time set"),
    ("queue_forward_state", "", "forwards that were refused lately, a bounded number"),
    ("reached", "", "one row"),
    ("tidiness", "", "one row"),
    ("office", "", "one row"),
    ("migration", "", "a row for each step of a room"),
    ("domain", "", "domains, which do not grow with letters"),
    ("sqlite_autoindex_domain_1", "", "domains, which do not grow with letters"),
    ("domain_key", "", "keys of domains, which do not grow with letters"),
    ("sqlite_autoindex_domain_key_1", "", "keys of domains, which do not grow with letters"),
    ("alias_target_folded", "", "the list of all aliases, for the administrator"),
    ("alias", "JOIN alias_target", "the list of all aliases and groups, for the administrator"),
    ("listed", "", "rules of the administrator, read as a whole behind a change"),
    ("sqlite_autoindex_listed_1", "", "rules of the administrator, read as a whole behind a change"),
    ("route", "", "rules of the administrator, read as a whole behind a change"),
    ("sqlite_autoindex_route_1", "", "rules of the administrator, read as a whole behind a change"),
    ("sending_limit", "", "rules of the administrator, read as a whole behind a change"),
    ("sqlite_autoindex_sending_limit_1", "", "rules of the administrator, read as a whole behind a change"),
    ("letter_copy", "", "rules of the administrator, read as a whole behind a change"),
    ("sqlite_autoindex_letter_copy_1", "", "rules of the administrator, read as a whole behind a change"),
    ("account", "ORDER BY account.id LIMIT 1", "the first person there is"),
    ("password", "", "the list of all people, at the start"),
    ("jmap_subscription", "WHERE verified = 1", "the devices that are told of changes, at the start"),
    ("fetch_source", "", "mailboxes elsewhere, which do not grow with letters"),
    ("sqlite_autoindex_fetch_source_1", "", "mailboxes elsewhere, which do not grow with letters"),
    ("fetch_left_source", "", "letters that could not be fetched, for the administrator"),
    ("queue_letter_name", "count(*)", "counts the queue, for the administrator"),
    ("queue_recipient", "GROUP BY state", "counts the queue, for the administrator"),
    ("queue_letter", "LEFT JOIN blob", "`facteur verify` looks at everything"),
    ("queue_letter_name", "NOT EXISTS", "`facteur verify` looks at everything"),
    ("queue_recipient", "LEFT JOIN queue_letter", "`facteur verify` looks at everything"),
    ("queue_recipient_due", "NOT EXISTS", "`facteur verify` looks at everything"),
    ("letter", "SELECT blob FROM letter", "`facteur verify` counts what refers to bodies that seem odd"),
    ("queue_letter", "SELECT blob FROM queue_letter", "`facteur verify` counts what refers to bodies that seem odd"),
    ("jmap_upload", "SELECT blob FROM jmap_upload", "`facteur verify` counts what refers to bodies that seem odd"),
    ("blob_content", "SELECT base FROM blob_content", "`facteur verify` counts what refers to bodies that seem odd"),
    ("entry_change", "SELECT DISTINCT folder FROM entry", "`facteur verify` looks at everything"),
];

/// The statements that walk through a table, or an index of it, that is not named above.
pub fn scans(record: &Record) -> Vec<String> {
    let mut connections = BTreeMap::new();
    for ((database, _), sql) in &record.schema {
        let connection = connections
            .entry(database.as_str())
            .or_insert_with(|| Connection::open_in_memory().expect("a database in memory"));
        let sql = sql
            .replace("{id}", "INTEGER PRIMARY KEY AUTOINCREMENT")
            .replace("{key}", "INTEGER PRIMARY KEY")
            .replace("{clustered}", "WITHOUT ROWID")
            .replace("{blob}", "BLOB");
        connection.execute_batch(&sql).expect("the tables are made");
    }
    let found = record.statements.iter().flat_map(|one| scans_of(&connections[one.database.as_str()], one));
    found.collect::<BTreeSet<String>>().into_iter().collect()
}

fn scans_of(connection: &Connection, statement: &Statement) -> Vec<String> {
    let asked = format!("EXPLAIN QUERY PLAN {}", statement.sql);
    // A statement about the file itself has no plan.
    let Ok(mut prepared) = connection.prepare(&asked) else { return Vec::new() };
    let mut rows = prepared.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().expect("a plan") {
        steps.push(row.get::<_, String>(3).expect("a step of a plan"));
    }
    if is_cut_short(&steps, &statement.sql) {
        return Vec::new();
    }
    let walked = steps.iter().filter_map(|step| walked(step, &statement.sql));
    let may = |what: &String| WALKED.iter().any(|(name, piece, _)| name == what && statement.sql.contains(piece));
    let found = walked.filter(|what| !may(what));
    found.map(|what| format!("{}: {what} in {} ({})", statement.from, statement.sql, steps.join("; "))).collect()
}

/// Returns true if the first rows of a table are all that is looked at: they come in its order, none is passed over,
/// and there is a limit.
fn is_cut_short(steps: &[String], sql: &str) -> bool {
    let is_sorted = steps.iter().any(|step| step.starts_with("USE TEMP B-TREE"));
    steps.len() == 1 && !is_sorted && sql.contains(" LIMIT ") && !sql.contains(" WHERE ")
}

/// The table, or the index of a part of it, that a step of a plan walks through.
fn walked(step: &str, sql: &str) -> Option<String> {
    let rest = step.strip_prefix("SCAN ")?;
    let mut words = rest.split(' ');
    let name = words.next()?;
    // Rows that the statement itself makes; and FTS5, which is asked for words.
    let is_made = name == "CONSTANT" || name.ends_with("-ROW") || name.starts_with('(');
    if is_made || rest.contains("VIRTUAL TABLE INDEX") {
        return None;
    }
    let index = rest.split_once("USING COVERING INDEX ").or_else(|| rest.split_once("USING INDEX "));
    if sql.contains(&format!(") AS {name}")) {
        return None;
    }
    match index {
        Some((_, index)) => Some(index.split(' ').next()?.to_owned()),
        None => Some(table_called(name, sql)),
    }
}

/// The table that goes by another name in a statement.
fn table_called(name: &str, sql: &str) -> String {
    let words: Vec<&str> =
        sql.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty()).collect();
    let named = words.windows(3).find(|three| matches!(three[0], "FROM" | "JOIN") && three[2] == name);
    let listed = words.windows(2).find(|two| two[1] == name && !matches!(two[0], "FROM" | "JOIN" | "INTO" | "UPDATE"));
    let table = named.map(|three| three[1]).or_else(|| listed.map(|two| two[0]).filter(|word| word.contains('_')));
    table.unwrap_or(name).to_owned()
}
