//! The questions that are asked often are answered by an index, never by a walk through a folder or all accounts.
//! (How the database tells this is its own; these are SQLite's words.)

mod common;

use common::Fixture;

fn plan(fixture: &Fixture, sql: &str) -> String {
    let marks = (1..9).filter(|n| sql.contains(&format!("${n}"))).count();
    let sql = format!("EXPLAIN QUERY PLAN {sql}");
    fixture
        .read(move |view| {
            let params = vec![store::Value::Integer(1); marks];
            Ok(view.query(&sql, &params, |row| row.get::<String>(3))?)
        })
        .join("; ")
}

#[test]
fn frequent_questions_are_answered_by_an_index() {
    let fixture = Fixture::new();
    for (sql, by) in [
        ("SELECT uid FROM entry WHERE folder = $1 ORDER BY uid", "SEARCH entry USING PRIMARY KEY (folder=?)"),
        (
            "SELECT uid FROM entry WHERE folder = $1 AND (flags & 1) = 0 ORDER BY uid LIMIT 1",
            "SEARCH entry USING COVERING INDEX entry_unseen (folder=? AND <expr>=?)",
        ),
        (
            "SELECT uid FROM entry WHERE folder = $1 AND (flags & 1) = 1",
            "SEARCH entry USING COVERING INDEX entry_seen (folder=? AND <expr>=?)",
        ),
        (
            "SELECT uid FROM entry WHERE folder = $1 AND (flags & 4) = 4",
            "SEARCH entry USING COVERING INDEX entry_flagged (folder=? AND <expr>=?)",
        ),
        (
            "SELECT uid FROM entry WHERE folder = $1 AND (flags & 8) = 8 AND uid >= $2 AND uid <= $3 ORDER BY uid LIMIT $4",
            "SEARCH entry USING COVERING INDEX entry_deleted (folder=? AND <expr>=? AND uid>? AND uid<?)",
        ),
        (
            "SELECT uid, letter, change, flags, keywords, size, received FROM entry
             WHERE folder = $1 AND change > $2 ORDER BY change, uid",
            "SEARCH entry USING INDEX entry_change (folder=? AND change>?)",
        ),
        (
            "SELECT uid FROM entry WHERE folder = $1 AND change > $2",
            "SEARCH entry USING COVERING INDEX entry_change (folder=? AND change>?)",
        ),
        (
            "SELECT uid FROM entry WHERE letter = $1 AND folder = $2",
            "SEARCH entry USING COVERING INDEX entry_placed (letter=? AND folder=?)",
        ),
        (
            "SELECT e.uid, l.summary FROM entry e JOIN letter l ON l.letter = e.letter
             WHERE e.folder = $1 AND e.uid >= $2 AND e.uid <= $3 ORDER BY e.uid",
            "SEARCH e USING PRIMARY KEY (folder=? AND uid>? AND uid<?); SEARCH l USING INTEGER PRIMARY KEY (rowid=?)",
        ),
        // The places of the letters that a search found, and the rows that a list by the time of receipt reads.
        (
            "SELECT letter, folder, uid FROM entry WHERE letter >= $1 AND letter <= $2",
            "SEARCH entry USING COVERING INDEX entry_placed (letter>? AND letter<?)",
        ),
        (
            "SELECT letter FROM letter WHERE letter > $1 ORDER BY letter LIMIT $2",
            "SEARCH letter USING INTEGER PRIMARY KEY (rowid>?)",
        ),
        (
            "SELECT received, letter, thread, uid FROM entry WHERE folder = $1 AND (flags & 8) = 0
             AND (received, letter) < ($2, $3) ORDER BY received DESC, letter DESC LIMIT $4",
            "SEARCH entry USING INDEX entry_received (folder=? AND (received,letter)<(?,?))",
        ),
        (
            "SELECT received, letter FROM entry WHERE folder = $1 AND (flags & 8) = 0
             ORDER BY received DESC, letter DESC LIMIT 1 OFFSET $2",
            "SEARCH entry USING INDEX entry_received (folder=?)",
        ),
        (
            "SELECT blob, summary, structure FROM letter WHERE letter = $1",
            "SEARCH letter USING INTEGER PRIMARY KEY (rowid=?)",
        ),
        ("SELECT folder FROM folder WHERE left_over = 1 LIMIT 1", "SCAN folder USING COVERING INDEX folder_left"),
        ("SELECT folder FROM folder WHERE stale >= 4096 LIMIT 1", "SCAN folder USING INDEX folder_stale"),
        (
            "SELECT folder FROM folder WHERE buried >= 100000 AND name IS NOT NULL LIMIT 1",
            "SCAN folder USING INDEX folder_buried",
        ),
        (
            "SELECT account FROM account_mail WHERE deleted = 1 LIMIT 1",
            "SCAN account_mail USING COVERING INDEX account_deleted",
        ),
    ] {
        assert_eq!(plan(&fixture, sql), by, "{sql}");
    }
}
