//! Developer commands: `cargo xtask test`, `cargo xtask fuzz [SECONDS]`, `cargo xtask bench`, `cargo xtask soak`.

mod audit;
mod bench;
mod fuzz;
mod peers;
mod run;
mod soak;
mod test;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask test             everything CI runs: foreign programs installed, format, clippy, all tests
cargo xtask fuzz [SECONDS]   each fuzz target for SECONDS (60 by default); needs cargo-fuzz
cargo xtask bench [NAME…]    benchmarks beside the peers, as ratios
cargo xtask soak [PART…]     what takes hours (kills, fairness, clients, mirrors, …); writes target/soak.md";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match words.split_first() {
        Some((command, _)) if command == "test" => test::all(),
        Some((command, rest)) if command == "fuzz" => fuzz::all(rest),
        Some((command, rest)) if command == "bench" => bench::all(rest),
        Some((command, rest)) if command == "soak" => soak::all(rest),
        _ => {
            eprintln!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}
