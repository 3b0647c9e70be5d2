//! No test sleeps where it could wait for what it wants to see. One that has to says why in a comment on the line before,
//! `// time passes: REASON`, and the reasons are few.

use std::fs;
use std::path::Path;

use crate::packages::{self, packages};

/// Why a test may sleep.
const REASONS: &[&str] = &[
    // In the loop of a helper: it looks again after a moment, up to a deadline.
    "between two looks",
    // The other side of the conversation takes its time: that is what is tested.
    "the peer is slow",
    // Something must not happen; it had the time to. At most 100 ms, since nobody can wait for nothing.
    "nothing may happen meanwhile",
    // Something has to take place some time later by a clock that cannot be set from outside.
    "a clock has to move",
    // The clock of the runtime stands still, and is moved by this.
    "the clock is paused",
    // A process or a thread stays until somebody ends it.
    "until it is killed",
    // Killed or stopped at any moment, which is chosen at random or one after the other.
    "at any moment",
];

/// The longest sleep in which nothing may happen, in milliseconds.
const NOTHING: u64 = 100;

/// Returns the faults of the sleeps in a text of which the lines from `from` on are tests.
fn wrong(text: &str, from: usize) -> Vec<(usize, &'static str)> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut wrong = Vec::new();
    for (at, line) in lines.iter().enumerate().skip(from) {
        let sleeps = line.contains("sleep(") && !line.contains("fn sleep(") && !line.starts_with("//");
        if !sleeps {
            continue;
        }
        let said = at.checked_sub(1).and_then(|before| lines[before].strip_prefix("// time passes: "));
        let reason = said.and_then(|said| REASONS.iter().find(|reason| said.starts_with(**reason)));
        match reason {
            None => wrong.push((at + 1, "does not say why")),
            Some(&"nothing may happen meanwhile") if milliseconds(line).is_none_or(|long| long > NOTHING) => {
                wrong.push((at + 1, "takes long for nothing"));
            }
            Some(_) => {}
        }
    }
    wrong
}

fn milliseconds(line: &str) -> Option<u64> {
    let (_, behind) = line.split_once("from_millis(")?;
    behind.split_once(')')?.0.replace('_', "").parse().ok()
}

/// The line from which a file is tests: all of it, none, or what stands behind `#[cfg(test)] mod … {`.
fn tests_from(file: &Path, text: &str) -> Option<usize> {
    let name = packages::short(file);
    let all = name.split(['/', '.']).any(|part| ["tests", "testing"].contains(&part));
    if all {
        return Some(0);
    }
    let lines: Vec<&str> = text.lines().collect();
    let opens = |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{');
    lines.windows(2).position(opens)
}

fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("target") && !path.ends_with("node_modules") {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_test_that_sleeps_says_why() {
    let mut files = Vec::new();
    for package in packages() {
        let manifest = Path::new(package["manifest_path"].as_str().expect("a path"));
        sources(manifest.parent().expect("a folder"), &mut files);
    }
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../access/testing"), &mut files);
    files.sort();
    files.dedup();
    // This file speaks of sleeps.
    files.retain(|file| !file.ends_with("house_rules/sleeps.rs"));
    let mut found = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).expect("readable");
        let Some(from) = tests_from(file, &text) else { continue };
        found.extend(wrong(&text, from).iter().map(|(line, what)| format!("{}:{line} {what}", packages::short(file))));
    }
    assert!(files.len() > 500, "only {} files were looked at", files.len());
    assert!(
        found.is_empty(),
        "wait for a condition (see tests/waiting), or write `// time passes: REASON` before it, with one of {REASONS:?}: \
         {found:#?}"
    );
}

#[test]
fn a_sleep_without_a_reason_is_found_wherever_it_stands() {
    let bare = "fn f() {\n    std::thread::sleep(MOMENT);\n}";
    assert_eq!(wrong(bare, 0), [(2, "does not say why")]);
    assert_eq!(wrong(bare, 2), []);
    let with = |reason: &str, long: &str| format!("// time passes: {reason}\ntokio::time::sleep({long}).await;");
    assert_eq!(wrong(&with("because I say so", "MOMENT"), 0), [(2, "does not say why")]);
    assert_eq!(wrong(&with("the peer is slow", "MOMENT"), 0), []);
    assert_eq!(wrong(&with("nothing may happen meanwhile", "Duration::from_millis(100)"), 0), []);
    assert_eq!(
        wrong(&with("nothing may happen meanwhile", "Duration::from_secs(1)"), 0),
        [(2, "takes long for nothing")]
    );
    let room = "fn f() {}\n#[cfg(test)]\nmod tests {\n    sleep(A)\n}";
    assert_eq!(tests_from(Path::new("/x/src/a.rs"), room), Some(1));
    assert_eq!(tests_from(Path::new("/x/src/a/tests.rs"), room), Some(0));
    assert_eq!(tests_from(Path::new("/x/src/a.rs"), "fn f() {}"), None);
}
