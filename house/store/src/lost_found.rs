//! Bodies to which no row refers. They are put aside and not removed, since what looks like rubbish may be somebody's
//! letter whose row is missing.
//!
//! Bodies that are put aside at a start lie in a folder of their own, `lost+found/bodies-TIME-NUMBER`. The folder
//! goes when it has been there for thirty days by the wall clock *and* while a post office has run for thirty days: a
//! clock that jumps removes nothing.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::blob_files::Files;

const NAME: &str = "lost+found";
const HOURS: u64 = 30 * 24;
/// The file, in each folder, that says for how many hours a post office has run since.
const AGE: &str = "hours-of-running";

/// Puts files aside whose rows are missing. `known` is how many bodies do have one.
pub(crate) fn put_aside(data: &Path, orphans: &Files, known: usize) {
    if orphans.is_empty() {
        return;
    }
    if is_suspicious(orphans.len(), known) {
        tracing::warn!(
            bodies = orphans.len(),
            "blobs/ holds more bodies that no letter refers to than a crash leaves behind; is the database another one? \
             They stay where they are"
        );
        return;
    }
    match move_all(data, orphans) {
        Ok(place) => tracing::warn!(
            bodies = orphans.len(),
            place = %place.display(),
            "bodies that no letter refers to were put aside; they are kept for 30 days"
        ),
        Err(error) => tracing::warn!(%error, "bodies that no letter refers to could not be put aside; they stay"),
    }
}

/// A crash leaves what was just on its way in.
fn is_suspicious(orphans: usize, known: usize) -> bool {
    orphans > 512 || (orphans > 64 && orphans > known)
}

fn move_all(data: &Path, orphans: &Files) -> std::io::Result<PathBuf> {
    let place = new_place(&data.join(NAME))?;
    for (name, path) in orphans {
        fs::rename(path, place.join(name))?;
    }
    Ok(place)
}

fn new_place(blob_files: &Path) -> std::io::Result<PathBuf> {
    fs::create_dir_all(blob_files)?;
    let now = now();
    for number in 0..1000 {
        let place = blob_files.join(format!("bodies-{now}-{number}"));
        match fs::create_dir(&place) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| place),
        }
    }
    Err(std::io::ErrorKind::AlreadyExists.into())
}

/// Notes that an hour has passed. The caller calls it after each hour of running.
pub(crate) fn an_hour_has_passed(data: &Path) {
    let Ok(places) = fs::read_dir(data.join(NAME)) else { return };
    for place in places.flatten() {
        let put_at = place.file_name().to_str().and_then(put_at);
        if let Some(put_at) = put_at
            && let Err(error) = grow_older(&place.path(), put_at, now())
        {
            tracing::warn!(%error, place = %place.path().display(), "what was put aside does not get older");
        }
    }
}

/// Returns true for the name of a folder in which we put something aside.
pub(crate) fn is_ours(name: &OsStr) -> bool {
    name.to_str().and_then(put_at).is_some()
}

/// When it was put aside, in seconds of the wall clock. `None`: the folder is not of our making.
fn put_at(name: &str) -> Option<u64> {
    name.strip_prefix("bodies-")?.split_once('-')?.0.parse().ok()
}

fn grow_older(place: &Path, put_at: u64, now: u64) -> std::io::Result<()> {
    let file = place.join(AGE);
    // An age that cannot be read begins again.
    let hours: u64 = fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let hours = hours.saturating_add(1);
    if hours >= HOURS && now.checked_sub(put_at).is_some_and(|seconds| seconds / 3600 >= HOURS) {
        tracing::info!(place = %place.display(), "bodies that were put aside 30 days ago were removed");
        return fs::remove_dir_all(place);
    }
    fs::write(file, hours.to_string())
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The files that are among `files` and not among `known`, and how many are known.
pub(crate) fn unknown(files: Files, known: &HashSet<String>) -> (Files, usize) {
    let orphans = files.into_iter().filter(|(name, _)| !known.contains(name)).collect();
    (orphans, known.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_a_body() -> (tempfile::TempDir, PathBuf) {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join("body");
        fs::write(&path, "Dear Bob").unwrap();
        put_aside(data.path(), &Files::from([("body".to_owned(), path)]), 1);
        let place = fs::read_dir(data.path().join(NAME)).unwrap().next().unwrap().unwrap().path();
        assert_eq!(fs::read(place.join("body")).unwrap(), b"Dear Bob");
        (data, place)
    }

    #[test]
    fn a_clock_that_jumps_removes_nothing_and_thirty_days_of_running_do() {
        let (data, place) = with_a_body();
        let (month, put_at) = (HOURS * 3600, now());
        // A clock years ahead, and one that stood still.
        grow_older(&place, put_at, put_at + 100 * month).unwrap();
        for _ in 2..HOURS + 10 {
            grow_older(&place, put_at, put_at).unwrap();
        }
        grow_older(&place, put_at, put_at - month).unwrap();
        assert!(place.join("body").exists());
        grow_older(&place, put_at, put_at + month).unwrap();
        assert!(!place.exists());
        an_hour_has_passed(data.path());
    }

    #[test]
    fn an_age_that_cannot_be_read_begins_again() {
        let (_data, place) = with_a_body();
        fs::write(place.join(AGE), "many").unwrap();
        grow_older(&place, 0, u64::MAX).unwrap();
        assert_eq!(fs::read_to_string(place.join(AGE)).unwrap(), "1");
    }

    #[test]
    fn more_orphans_than_a_crash_leaves_stay_where_they_are() {
        let data = tempfile::tempdir().unwrap();
        let name = |number: usize| format!("body {number}");
        let files: Files = (0..100).map(|number| (name(number), data.path().join(name(number)))).collect();
        files.values().for_each(|path| fs::write(path, "Dear Bob").unwrap());
        put_aside(data.path(), &files, 10);
        assert!(files.values().all(|path| path.exists()));
        put_aside(data.path(), &files, 1000);
        assert!(files.values().all(|path| !path.exists()));
    }

    #[test]
    fn what_others_keep_there_is_left_alone() {
        let data = tempfile::tempdir().unwrap();
        for name in ["#1234", "bodies", "bodies-x-1", "of the file system"] {
            fs::create_dir_all(data.path().join(NAME).join(name)).unwrap();
        }
        an_hour_has_passed(data.path());
        let places = fs::read_dir(data.path().join(NAME)).unwrap().flatten();
        assert!(places.into_iter().all(|place| fs::read_dir(place.path()).unwrap().next().is_none()));
    }
}
