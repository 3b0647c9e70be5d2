//! `cargo xtask test`: the one test command.

use crate::peers;
use crate::run::{Outcome, cargo, step};

/// Installs the peers, then checks format and lints, builds the program and runs every test.
pub fn all() -> Outcome {
    peers::install()?;
    step(cargo().args(["fmt", "--all", "--check"]))?;
    step(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    // The end-to-end tests run the real program, which `cargo test` alone would not build for another package.
    step(cargo().args(["build", "--package", "facteur"]))?;
    step(cargo().args(["test", "--workspace"]))
}
