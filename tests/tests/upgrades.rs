//! Data folders that earlier versions have made, kept in `tests/folders`. Each is opened by this version with all that is in
//! it, or is refused with what to do and left as it was.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use serde_json::Value;
use tests::{below, facteur, root};

/// Made before each room had one first step. Its tables are not ours.
const FORMER: &str = "2026-11-30-former-tables.tar.gz";

/// A data folder out of an archive.
struct Folder {
    place: tempfile::TempDir,
}

impl Folder {
    fn unpack(archive: &Path) -> Self {
        let place = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(place.path().join("data")).expect("a folder");
        std::fs::write(place.path().join("facteur.toml"), "hostname = \"mail.alpha.test\"\n").expect("a configuration");
        let mut tar = Command::new("tar");
        let done = tar.arg("-xzf").arg(archive).arg("-C").arg(place.path().join("data")).status().expect("tar runs");
        assert!(done.success(), "{} is unpacked", archive.display());
        Self { place }
    }

    fn data(&self) -> PathBuf {
        self.place.path().join("data")
    }

    /// Runs a command; gives its exit status, and what it said on both outputs.
    fn run(&self, words: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(facteur());
        command.args(words).arg("--config").arg(self.place.path().join("facteur.toml"));
        command.arg("--data").arg(self.data()).env("LANG", "C.UTF-8");
        let said = command.output().expect("facteur runs");
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        (said.status.code().unwrap_or(-1), text(&said.stdout), text(&said.stderr))
    }

    fn done(&self, words: &[&str]) -> String {
        let (code, out, err) = self.run(words);
        assert_eq!(code, 0, "{words:?}: {out}{err}");
        out
    }

    fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.done(words)).expect("JSON")
    }

    /// The last step of each room that its tables have seen.
    fn steps(&self) -> BTreeMap<String, i64> {
        let database = Connection::open(self.data().join("facteur.db")).expect("a database");
        let mut asked = database.prepare("SELECT room, max(number) FROM migration GROUP BY room").expect("steps");
        let steps = asked.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).expect("steps");
        steps.collect::<Result<_, _>>().expect("steps")
    }

    /// Every file with what is in it.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = below(&self.data()).into_iter().filter(|path| path.is_file());
        files.map(|path| (path.clone(), std::fs::read(path).expect("a file"))).collect()
    }
}

/// The archives, without the one that is refused.
fn archives() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(root().join("tests/folders")).expect("the archives");
    let mut found: Vec<PathBuf> = folder.map(|entry| entry.expect("an entry").path()).collect();
    found.retain(|path| path.extension().is_some_and(|end| end == "gz") && !path.ends_with(FORMER));
    found.sort();
    found
}

#[test]
fn a_folder_with_the_former_tables_is_refused_with_what_to_do_and_left_as_it_was() {
    let folder = Folder::unpack(&root().join("tests/folders").join(FORMER));
    let before = folder.files();
    for words in [&["account", "list"][..], &["verify"], &["serve"]] {
        let (code, out, err) = folder.run(words);
        assert_eq!((code, out.as_str()), (1, ""), "{words:?}: {err}");
        assert!(err.contains("facteur export") && err.contains("Nothing was changed"), "{words:?}: {err}");
    }
    let after = folder.files();
    for (path, octets) in before {
        assert!(after.get(&path) == Some(&octets), "{} is as it was", path.display());
    }
}

#[test]
fn every_folder_that_main_has_made_since_is_opened_with_all_that_is_in_it() {
    let archives = archives();
    assert!(!archives.is_empty(), "data folders are kept");
    for archive in archives {
        let folder = Folder::unpack(&archive);
        folder.done(&["verify"]);
        let people = folder.json(&["account", "list", "--json"]);
        let letters: Vec<_> = people.as_array().expect("people").iter().map(|one| one["letters"].as_u64()).collect();
        assert_eq!(letters, [Some(5), Some(5)], "{}", archive.display());
        assert!(folder.done(&["alias", "list"]).contains("info@alpha.test"), "{}", archive.display());
        assert!(folder.done(&["queue", "list"]).contains("carol@beta.test"), "{}", archive.display());
        let exported = folder.place.path().join("exported");
        folder.done(&["export", "alice@alpha.test", exported.to_str().expect("a path"), "--format", "eml"]);
        let exported = below(&exported).into_iter().filter(|path| path.extension().is_some_and(|end| end == "eml"));
        assert_eq!(exported.count(), 5, "{}", archive.display());
    }
}

/// A letter lay in one folder before; it lies there still, under the number that JMAP's clients know it by.
#[test]
fn every_letter_of_an_older_folder_keeps_its_id_and_its_place() {
    for archive in archives() {
        let folder = Folder::unpack(&archive);
        let places = || {
            let database = Connection::open(folder.data().join("facteur.db")).expect("a database");
            let sql = "SELECT e.folder, e.uid, e.letter, e.change, e.flags, l.blob, l.thread
                 FROM entry e JOIN letter l ON l.letter = e.letter ORDER BY e.folder, e.uid";
            let mut asked = database.prepare(sql).expect("places");
            let row = |row: &rusqlite::Row| (0..7).map(|column| row.get(column)).collect::<Result<Vec<i64>, _>>();
            let rows = asked.query_map((), row).expect("places");
            rows.collect::<Result<Vec<_>, _>>().expect("places")
        };
        let before = places();
        assert!(!before.is_empty());
        folder.done(&["verify"]);
        assert_eq!(places(), before, "{}", archive.display());
    }
}

#[test]
fn a_folder_is_kept_from_before_the_last_step_of_each_room() {
    let newest = archives().pop().expect("data folders are kept");
    let folder = Folder::unpack(&newest);
    let before = folder.steps();
    folder.done(&["account", "list"]);
    for (room, step) in folder.steps() {
        let kept = before.get(&room).copied().unwrap_or(0);
        assert!(kept + 1 >= step, "make a folder (tests/folders/make) with the step of {room} before its last");
    }
}
