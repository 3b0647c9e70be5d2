//! `cargo xtask bench`: the benchmarks, with the program as it is shipped, beside their peers.

use crate::peers;
use crate::run::{Outcome, SHIPPED, cargo, step};

/// Builds as a package is built and runs `bench` with the words given (all benchmarks without any).
pub fn all(words: &[String]) -> Outcome {
    peers::install()?;
    step(cargo().args(["build", "--profile", SHIPPED, "--package", "facteur", "--package", "bench"]))?;
    step(cargo().args(["run", "--profile", SHIPPED, "--quiet", "--package", "bench", "--"]).args(words))
}
