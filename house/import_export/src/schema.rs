//! The tables of this room.

use store::Migration;

/// The tables, in the order they came. How the next step is written stands at [`Migration`].
pub const MIGRATIONS: &[Migration] = &[
    Migration { room: "import_export", number: 1, sql: FIRST },
    Migration { room: "import_export", number: 2, sql: FURTHER },
];

/// The tables keep more than their names say:
/// - `import_copy`: a copy of a letter that has come. `turn`: the how-many-th copy of this letter it is. `folder`: a hash of
///   the folder that it came from. `source`: the source of letters that fetched it; 0: it was imported. `run`, `lies`, `uid`,
///   `flags`: the import that filed it, the folder and the UID it got there (a letter keeps both when it joins another
///   conversation, and not its key), and its flags as one number; `run` is 0 if no import can take it back.
/// - `import_run`: an import; its letters stand in `import_copy`.
/// - `import_folder`: the folders that it has made, by the names it gave them.
const FIRST: &str = "
CREATE TABLE import_copy (
    account BIGINT NOT NULL,
    identity {blob} NOT NULL,
    turn BIGINT NOT NULL,
    folder BIGINT NOT NULL,
    source BIGINT NOT NULL DEFAULT 0,
    run BIGINT NOT NULL DEFAULT 0,
    lies BIGINT NOT NULL DEFAULT 0,
    uid BIGINT NOT NULL DEFAULT 0,
    flags BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (account, identity, turn)
) {clustered};
CREATE INDEX import_copy_free ON import_copy (account, identity, folder) WHERE source = 0;
CREATE INDEX import_copy_run ON import_copy (run, lies, uid) WHERE run > 0;
CREATE TABLE import_run (run {id}, account BIGINT NOT NULL, began BIGINT NOT NULL, what TEXT NOT NULL);
CREATE INDEX import_run_account ON import_run (account);
CREATE TABLE import_folder (
    run BIGINT NOT NULL,
    folder BIGINT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (run, folder)
) {clustered};
";

/// A letter can lie in several folders: `import_copy.further` is 1 where a row stands for one more folder of a letter that
/// another row stands for.
const FURTHER: &str = "ALTER TABLE import_copy ADD COLUMN further BIGINT NOT NULL DEFAULT 0;";
