//! `cargo xtask bench`: the benchmarks, in release, beside their peers.

use crate::peers;
use crate::run::{Outcome, cargo, step};

/// Builds in release and runs `bench` with the words given (all benchmarks without any).
pub fn all(words: &[String]) -> Outcome {
    peers::install()?;
    step(cargo().args(["build", "--release", "--package", "facteur", "--package", "bench"]))?;
    step(cargo().args(["run", "--release", "--quiet", "--package", "bench", "--"]).args(words))
}
