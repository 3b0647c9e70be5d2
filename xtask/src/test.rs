//! `cargo xtask test`: the one test command.

use crate::peers;
use crate::run::{Outcome, cargo, has, npm, step};

/// Installs the peers, then goes from what tells soonest to what takes longest: forms and the pages' own state, lints, every
/// test of the rooms, and last the journeys through the pages.
pub fn all() -> Outcome {
    peers::install()?;
    step(cargo().args(["fmt", "--all", "--check"]))?;
    let pages = pages_can_be_tested();
    if pages {
        step(npm().args(["ci", "--no-audit", "--no-fund"]))?;
        scripts(&["check", "lint", "test"])?;
    }
    step(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    // The end-to-end tests run the real program, which `cargo test` alone would not build for another package. Built with the
    // tests: by itself it would ask its dependencies for other features, and many would be built twice.
    step(cargo().args(["build", "--workspace", "--bins", "--tests"]))?;
    step(cargo().args(["test", "--workspace"]))?;
    if pages {
        // Chromium goes through the pages: on a made-up mailbox, and through the program that was built above.
        scripts(&["browser", "real"])?;
    }
    Ok(())
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
