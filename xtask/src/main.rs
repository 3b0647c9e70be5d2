//! Developer commands: `cargo xtask test`, `cargo xtask fuzz [SECONDS]`, `cargo xtask bench`, `cargo xtask soak`, `cargo xtask deb`.

mod audit;
mod bench;
mod deb;
mod deb_trial;
mod fuzz;
mod peers;
mod run;
mod soak;
mod test;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask test             everything CI runs: foreign programs installed, format, clippy, all tests
cargo xtask fuzz [SECONDS]   each fuzz target for SECONDS (60 by default); needs cargo-fuzz
cargo xtask bench [NAME…]    benchmarks beside the peers, as ratios, of the program as it is shipped
                             (--profile dist, as docs/measured.md has them; a first build takes long)
cargo xtask soak [PART…]     what takes hours (kills, fairness, clients, mirrors, …), of the program as
                             it is shipped (--profile dist); writes target/soak.md
cargo xtask deb [--program FILE] [--into FOLDER]
                             a package for Debian, in target/debian; DEBFULLNAME and DEBEMAIL say
                             whose it is
cargo xtask deb-trial FILE   boots a Debian of its own (root, debootstrap, systemd-nspawn), installs that
                             package there, uses, upgrades, removes, purges and installs it again";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match words.split_first() {
        Some((command, _)) if command == "test" => test::all(),
        Some((command, rest)) if command == "fuzz" => fuzz::all(rest),
        Some((command, rest)) if command == "bench" => bench::all(rest),
        Some((command, rest)) if command == "soak" => soak::all(rest),
        Some((command, rest)) if command == "deb" => deb::make(rest),
        Some((command, [package])) if command == "deb-trial" => deb_trial::try_out(package.as_ref()),
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
