//! `cargo xtask fuzz`: every target in `fuzz/` for a while.

use std::process::Command;

use crate::run::{Outcome, root, step};

/// Runs each fuzz target for the given number of seconds. Without cargo-fuzz or a nightly toolchain it says so and is done.
pub fn all(words: &[String]) -> Outcome {
    let seconds = match words.first() {
        Some(word) => word.parse::<u32>().map_err(|_| format!("{word} is not a number of seconds"))?,
        None => 60,
    };
    let ready = fuzz().arg("--version").output().is_ok_and(|version| version.status.success());
    if !ready {
        println!("skipped: `cargo +nightly fuzz` is not here (cargo install cargo-fuzz; a nightly toolchain)");
        return Ok(());
    }
    for target in targets()? {
        step(fuzz().args(["run", &target, "--", &format!("-max_total_time={seconds}"), "-timeout=10"]))?;
    }
    Ok(())
}

fn fuzz() -> Command {
    let mut command = Command::new("cargo");
    // cargo sets this for what it runs, and it would win over +nightly.
    command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").args(["+nightly", "fuzz"]);
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
