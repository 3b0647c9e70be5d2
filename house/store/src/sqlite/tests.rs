//! Tests of how SQLite is built and set up here: threads do not wait for each other and nothing is compiled twice.

use rusqlite::{OpenFlags, StatementStatus};

use super::connect;

fn connection() -> rusqlite::Connection {
    connect(":memory:".as_ref(), OpenFlags::default(), 1 << 20).unwrap()
}

/// `.cargo/config.toml` says how SQLite is built. Built without it, one lock would stand before the pages of all connections, and
/// a connection that gives its memory back would empty the caches of all others.
#[test]
fn each_connection_has_a_cache_of_its_own() {
    let connection = connection();
    let mut options = connection.prepare("SELECT compile_options FROM pragma_compile_options").unwrap();
    let options: Vec<String> = options.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    assert!(!options.iter().any(|option| option == "ENABLE_MEMORY_MANAGEMENT"), "{options:?}");
    assert!(options.iter().any(|option| option == "DEFAULT_MEMSTATUS=0"), "{options:?}");
}

/// Statistics of SQLite tell a range of rows from another, so that without the planner's promise of one plan a statement is
/// compiled again whenever its bounds change.
#[test]
fn a_statement_is_compiled_once_whatever_its_parameters_are() {
    let connection = connection();
    let tables = "CREATE TABLE entry (folder, uid, flags, received, PRIMARY KEY (folder, uid)) WITHOUT ROWID;
        CREATE INDEX entry_received ON entry (folder, received) WHERE (flags & 8) = 0;
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
            INSERT INTO entry SELECT i % 5, i, 0, i FROM n;
        ANALYZE;";
    connection.execute_batch(tables).unwrap();
    let sql = "SELECT uid FROM entry WHERE folder = $1 AND (flags & 8) = 0 AND received < $2
        ORDER BY received DESC LIMIT 3";
    for (folder, received) in [(1, 100), (2, 200), (3, 300), (4, 2)] {
        let mut statement = connection.prepare_cached(sql).unwrap();
        let rows = statement.query_map([folder, received], |row| row.get::<_, i64>(0)).unwrap();
        assert!(rows.flatten().count() <= 3);
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "folder {folder}");
    }
}
