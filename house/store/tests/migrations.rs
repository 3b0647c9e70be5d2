//! Tables change by numbered steps: all or nothing, with a way back.

mod common;

use std::path::Path;

use common::{MIGRATIONS, add, open, options, texts};
use facteur_store::{Document, Key, Lock, Migration, OpenError, Options, Store, Tx, go_back, params};

const SECOND: Migration = Migration {
    room: "notes",
    number: 2,
    sql: "ALTER TABLE note ADD COLUMN colour TEXT; CREATE TABLE extra (id {id});",
};
const BROKEN: Migration =
    Migration { room: "notes", number: 3, sql: "CREATE TABLE third (id {id}); DROP TABLE nowhere;" };

fn with(more: &[Migration]) -> Vec<Migration> {
    [MIGRATIONS, more].concat()
}

fn snapshots(folder: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder.join("snapshots")) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn failure(folder: &Path, migrations: &[Migration]) -> OpenError {
    Store::open(options(folder), migrations).err().expect("it does not open")
}

#[test]
fn a_new_database_needs_no_snapshot_and_steps_run_once() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        open(folder.path()).close_blocking();
    }
    assert!(snapshots(folder.path()).is_empty());
}

#[test]
fn the_tables_are_copied_before_rows_change_and_bodies_never() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let body: Vec<u8> = (0..200_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let blob = store.prepare_blob(body.clone().into()).unwrap();
    let blob = store
        .write_blocking(Key::Everything, move |tx| {
            add(tx, "one")?;
            tx.put_blob(&blob)
        })
        .unwrap();
    store.close_blocking();
    let third = Migration { room: "notes", number: 3, sql: "UPDATE note SET text = 'changed'" };
    let store = Store::open(options(folder.path()), &with(&[SECOND, third])).unwrap();
    assert_eq!(store.read_blocking(texts).unwrap(), ["changed"]);
    store.write_blocking(Key::Everything, |tx| add(tx, "two")).unwrap();
    store.close_blocking();

    let snapshots = snapshots(folder.path());
    let [copy] = &snapshots[..] else { panic!("{snapshots:?}") };
    assert!(std::fs::metadata(copy).unwrap().len() < 150_000, "the body is not in it");
    assert!(go_back(folder.path(), &folder.path().join("nowhere")).is_err());
    go_back(folder.path(), copy).unwrap();
    let store = open(folder.path());
    assert_eq!(store.read_blocking(texts).unwrap(), ["one"], "the tables are as they were");
    assert!(store.read_blocking(move |view| view.read_blob(blob, 0..u64::MAX)).unwrap() == body);
    let next = store.write_blocking(Key::Everything, |tx| add(tx, "again")).unwrap();
    assert_eq!(next, 2, "numbers go on where they were");
    let unique = store.write_blocking(Key::Everything, |tx| add(tx, "one"));
    assert!(unique.is_err(), "indexes came back as well");
}

#[test]
fn whoever_goes_back_has_an_index_that_begins_again() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    open(folder.path()).close_blocking();
    let third = Migration { room: "notes", number: 3, sql: "UPDATE note SET text = 'changed'" };
    let store = Store::open(options(folder.path()), &with(&[SECOND, third])).unwrap();
    let letter = Document { letter: 7, account: 1, ..Document::default() };
    runtime.block_on(store.search().add(vec![letter], 7)).unwrap();
    store.close_blocking();
    go_back(folder.path(), &snapshots(folder.path())[0]).unwrap();
    let store = open(folder.path());
    let reached = runtime.block_on(store.search().reached()).unwrap();
    assert_eq!(reached, 0, "the next letters have the numbers of those that it has looked at");
    assert_eq!(store.search().letters_blocking(0, 10).unwrap(), []);
}

#[test]
fn a_step_that_only_adds_takes_no_copy_and_next_to_no_room() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for number in 0..2000 {
        store.write_blocking(Key::Everything, move |tx| add(tx, &format!("{number} {}", "x".repeat(4000)))).unwrap();
    }
    store.close_blocking();
    let size = || std::fs::metadata(folder.path().join("facteur.db")).unwrap().len();
    let before = size();
    Store::open(options(folder.path()), &with(&[SECOND])).unwrap().close_blocking();
    assert!(snapshots(folder.path()).is_empty());
    assert!(size() < before + 100_000, "{before} bytes became {}", size());
}

#[test]
fn a_migration_for_which_there_is_no_room_is_refused_before_anything_changes() {
    let folder = tempfile::tempdir().unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"])
        .arg(folder.path())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        eprintln!("skipped: this user may not mount a small file system");
        return;
    }
    let store = open(folder.path());
    let fill =
        |tx: &mut Tx| (0..600).try_for_each(|number| add(tx, &format!("{number} {}", "x".repeat(4000))).map(|_| ()));
    store.write_blocking(Key::Everything, fill).unwrap();
    store.close_blocking();
    let third = Migration { room: "notes", number: 3, sql: "UPDATE note SET weight = 1" };
    let error = failure(folder.path(), &with(&[SECOND, third]));
    assert!(matches!(error, OpenError::NoSpace { .. }), "{error}");
    assert!(snapshots(folder.path()).is_empty());
    let store = open(folder.path());
    assert_eq!(store.read_blocking(texts).unwrap().len(), 600);
    store.close_blocking();
    let _ = std::process::Command::new("umount").arg("-l").arg(folder.path()).status();
}

#[test]
fn a_step_that_fails_undoes_all_steps_and_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.write_blocking(Key::Everything, |tx| add(tx, "one")).unwrap();
    store.close_blocking();
    let error = failure(folder.path(), &with(&[SECOND, BROKEN]));
    assert!(matches!(error, OpenError::Migration { room: "notes", number: 3, .. }), "{error}");
    // The old program goes on with the old tables: the second step is not there either.
    let store = open(folder.path());
    assert_eq!(store.read_blocking(texts).unwrap(), ["one"]);
    let extra = store.read_blocking(|view| view.query("SELECT id FROM extra", params![], |row| row.get::<i64>(0)));
    assert!(extra.is_err());
}

#[test]
fn a_database_of_a_newer_program_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    Store::open(options(folder.path()), &with(&[SECOND])).unwrap().close_blocking();
    let error = failure(folder.path(), MIGRATIONS);
    assert!(matches!(&error, OpenError::Newer { room, found: 2, known: 1 } if room == "notes"), "{error}");
    assert!(error.to_string().contains("newer"));
    let error = failure(folder.path(), &[]);
    assert!(matches!(&error, OpenError::Newer { known: 0, .. }), "a whole room that is not known: {error}");
}

#[test]
fn steps_out_of_order_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(failure(folder.path(), &[SECOND]), OpenError::Numbering("notes")));
    assert!(matches!(failure(folder.path(), &with(&[BROKEN])), OpenError::Numbering("notes")));
}

#[test]
fn only_the_last_copy_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).close_blocking();
    let mut migrations = MIGRATIONS.to_vec();
    for number in 2..8 {
        migrations.push(Migration { room: "notes", number, sql: "UPDATE note SET weight = 1;" });
        // time passes: a clock has to move
        std::thread::sleep(std::time::Duration::from_millis(2));
        Store::open(options(folder.path()), &migrations).unwrap().close_blocking();
    }
    assert_eq!(snapshots(folder.path()).len(), 1);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("facteur.db");
    std::fs::write(&file, "This is a letter, not a database. ".repeat(1000)).unwrap();
    let error = failure(folder.path(), MIGRATIONS);
    assert!(matches!(error, OpenError::Database { .. }), "{error}");
    assert!(std::fs::read_to_string(file).unwrap().starts_with("This is a letter"));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = failure(&file.join("data"), MIGRATIONS);
    assert!(error.to_string().contains("file/data"), "{error}");
}

#[test]
fn a_folder_that_the_store_makes_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("new/data");
    open(&data).close_blocking();
    assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn the_lock_names_who_has_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let lock = Lock::take(folder.path()).unwrap();
    let error = Lock::take(folder.path()).expect_err("it is taken");
    let process = std::process::id().to_string();
    assert!(error.to_string().contains(&process), "{error}");
    assert_eq!(Lock::holder(folder.path()), Some(process));
    drop(lock);
    assert_eq!(Lock::holder(folder.path()), None);
    Lock::take(folder.path()).unwrap();
}

#[test]
fn the_usual_options_are_bounded() {
    let Options { readers, queue, batch, .. } = Options::new("x");
    assert!(readers <= 8 && queue <= 4096 && batch <= 256);
}
