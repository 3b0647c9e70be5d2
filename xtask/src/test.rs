//! `cargo xtask test`: the one test command.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::run::{Outcome, cargo, has, npm, root, step, step_heard};
use crate::{audit, peers};

/// Names the folder where the store writes its statements down (`house/store/src/record.rs`).
const STATEMENTS: &str = "FACTEUR_STATEMENTS";

/// Installs the peers, then goes from what tells soonest to what takes longest: forms and the pages' own state, lints,
/// every test of the rooms, and last the journeys through the pages.
pub fn all() -> Outcome {
    peers::install()?;
    step(cargo().args(["fmt", "--all", "--check"]))?;
    audit::crates()?;
    let pages = pages_can_be_tested();
    audit::pages()?;
    if pages {
        step(npm().args(["ci", "--no-audit", "--no-fund"]))?;
        scripts(&["check", "lint", "test"])?;
    }
    step(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    // The end-to-end tests run the real program, which `cargo test` alone would not build for another package. Built
    // with the tests: by itself it would ask its dependencies for other features, and many would be built twice.
    step(cargo().args(["build", "--workspace", "--bins", "--tests"]))?;
    let rooms = rooms();
    // Chromium goes through the pages: on a made-up mailbox, and through the program that was built above.
    let journeys = if pages { scripts(&["browser", "real"]) } else { Ok(()) };
    let failed: Vec<String> = [rooms, journeys].into_iter().filter_map(Result::err).collect();
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

/// Every test of the rooms, whatever becomes of the others: one run names all that fail, and the last lines list them.
/// The statements that the rooms have run meanwhile are then tried on a second engine.
fn rooms() -> Outcome {
    let statements = statements().map_err(|why| format!("the folder of the statements: {why}"))?;
    let mut failed = Vec::new();
    let mut hear = |line: &str| failed.extend(failed_test(line).map(str::to_owned));
    let mut tests = cargo();
    tests.args(["test", "--workspace", "--no-fail-fast"]).env(STATEMENTS, &statements);
    let tests = step_heard(&mut tests, &mut hear);
    let mut second = cargo();
    // Those that read what the others have written down are ignored while the others run.
    second.args(["test", "--workspace", "--test", "second_engine", "--", "--ignored"]).env(STATEMENTS, &statements);
    let second = step_heard(&mut second, &mut hear);
    let wrong: Vec<String> = [tests, second].into_iter().filter_map(Result::err).collect();
    if wrong.is_empty() { Ok(()) } else { Err(format!("{}\n{}", wrong.join("\n"), listed(&failed))) }
}

/// An empty folder that every program of the tests may write to: some of them run as another user.
fn statements() -> std::io::Result<PathBuf> {
    let folder = root().join("target/statements");
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => fs::create_dir_all(&folder)?,
    }
    fs::set_permissions(&folder, Permissions::from_mode(0o1777))?;
    Ok(folder)
}

/// The test that a line of the test runner says has failed.
fn failed_test(line: &str) -> Option<&str> {
    let name = line.trim_end().strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
    // A test that should have panicked has a word about it behind its name.
    Some(name.strip_suffix(" - should panic").unwrap_or(name))
}

fn listed(failed: &[String]) -> String {
    // A program of tests that was killed, or did not build, names no test; cargo's list of targets, above, has it.
    let lines: String = failed.iter().map(|name| format!("\n    {name}")).collect();
    format!("{} tests have failed, beside what ended before it could say so:{lines}", failed.len())
}

fn pages_can_be_tested() -> bool {
    let can = has("npm");
    if !can {
        println!("skipped: npm is not here, so the web pages are not tested (install Node.js 20.19 or later)");
    }
    can
}

/// Runs scripts of the pages' `package.json`, one after the other.
fn scripts(names: &[&str]) -> Outcome {
    names.iter().try_for_each(|name| step(npm().args(["run", name])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failed_test_is_listed_and_nothing_else() {
        let said = "running 3 tests\ntest a::works ... ok\ntest a::fails ... FAILED\n\
                    test b - should panic ... FAILED\ntest src/lib.rs - f (line 3) ... FAILED\n\
                    test slow ... ignored\ntest result: FAILED. 1 passed; 3 failed";
        let failed: Vec<String> = said.lines().filter_map(failed_test).map(str::to_owned).collect();
        assert_eq!(failed, ["a::fails", "b", "src/lib.rs - f (line 3)"]);
        assert!(listed(&failed).ends_with("\n    a::fails\n    b\n    src/lib.rs - f (line 3)"));
    }
}
