//! The border of the engine: beside the modules of SQLite, nothing in this room knows how SQLite does what it does.

use std::path::{Path, PathBuf};

/// The files that choose an engine, open it, or look at its database before.
const CHOOSERS: [&str; 4] = ["health.rs", "opening.rs", "snapshot.rs", "store.rs"];
/// Words that only SQLite understands.
const WORDS: [&str; 6] = ["rusqlite::", "PRAGMA ", "sqlite_sequence", "sqlite_schema", "fts5", "wal_checkpoint"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

#[test]
fn only_the_modules_of_sqlite_speak_to_sqlite() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let beside: Vec<PathBuf> =
        sources(&source).into_iter().filter(|path| !path.starts_with(source.join("sqlite"))).collect();
    assert!(beside.len() > 30, "the sources are here");
    for path in beside {
        let text = std::fs::read_to_string(&path).unwrap();
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let code = code.join("\n");
        for word in WORDS {
            assert!(!code.contains(word), "{} says {word}", path.display());
        }
        let names_engine = code.contains("sqlite::");
        let may = CHOOSERS.iter().any(|name| path.ends_with(name));
        assert!(!names_engine || may, "{} goes round the border of the engine", path.display());
    }
}
