//! `cargo xtask fuzz`: every target in `fuzz/` for a while.

use std::process::Command;

use crate::run::{Outcome, root, step};

/// Runs each fuzz target for the given number of seconds, each to its end whatever came of the others. Without cargo-fuzz it
/// says so and is done.
pub fn all(words: &[String]) -> Outcome {
    let seconds = match words.first() {
        Some(word) => word.parse::<u32>().map_err(|_| format!("{word} is not a number of seconds"))?,
        None => 60,
    };
    let ready = fuzz().arg("--version").output().is_ok_and(|version| version.status.success());
    if !ready {
        println!("skipped: `cargo fuzz` is not here (cargo install cargo-fuzz)");
        return Ok(());
    }
    let run = |target: &String| {
        step(fuzz().args(["run", target, "--", &format!("-max_total_time={seconds}"), "-timeout=10"])).err()
    };
    let failed: Vec<String> = targets()?.iter().filter_map(run).collect();
    if failed.is_empty() { Ok(()) } else { Err(failed.join("; ")) }
}

fn fuzz() -> Command {
    let mut command = Command::new("cargo");
    // The sanitizers are not stable yet; this has the stable compiler take them, so that no other toolchain is needed.
    command.env("RUSTC_BOOTSTRAP", "1").env_remove("CARGO").arg("fuzz");
    command
}

fn targets() -> Result<Vec<String>, String> {
    let folder = root().join("fuzz/fuzz_targets");
    let entries = std::fs::read_dir(&folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| Some(entry.path().file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}
