//! `cargo xtask test`: the one test command.

use crate::peers;
use crate::run::{Outcome, cargo, has, npm, step};

/// Installs the peers, then checks format and lints, builds the program and runs every test, the pages' last.
pub fn all() -> Outcome {
    peers::install()?;
    step(cargo().args(["fmt", "--all", "--check"]))?;
    step(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    // The end-to-end tests run the real program, which `cargo test` alone would not build for another package.
    step(cargo().args(["build", "--package", "facteur"]))?;
    step(cargo().args(["test", "--workspace"]))?;
    pages()
}

/// The web pages: types, rules, their state without a page, and journeys through them in Chromium: on a made-up mailbox,
/// and through the program that was built before.
fn pages() -> Outcome {
    if !has("npm") {
        println!("skipped: npm is not here, so the web pages were not tested (install Node.js 20.19 or later)");
        return Ok(());
    }
    step(npm().args(["ci", "--no-audit", "--no-fund"]))?;
    for script in ["check", "lint", "test", "browser", "real"] {
        step(npm().args(["run", script]))?;
    }
    Ok(())
}
