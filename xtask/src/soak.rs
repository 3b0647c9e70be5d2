//! `cargo xtask soak` runs the tests that take too long for each change – kills under load, fairness on a large
//! mailbox, the long paths of known clients and of their mirrors, of search and of reading, the proofs of senders beside
//! other programs, fuzzing. It runs all of them with the program as it is shipped (`--profile dist`), but for the pages.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Instant;

use crate::run::{Outcome, SHIPPED, cargo, npm, root, step};
use crate::{deb_trial, fuzz, peers};

/// The number of runs of each test of `tests/tests/crash.rs`: it kills at another moment each time.
const KILL_ROUNDS: u32 = 12;
/// Seconds for each fuzz target.
const FUZZ_SECONDS: u32 = 600;

/// A part of the soak: its name, and the function that runs it.
type Part = (&'static str, fn() -> Outcome);

const PARTS: [Part; 10] = [
    ("kills", kills),
    ("fairness", fairness),
    ("clients", clients),
    ("mirrors", mirrors),
    ("search", search),
    ("reading", reading),
    ("proofs", proofs),
    ("pages", pages),
    ("package", package),
    ("fuzz", fuzzing),
];

/// Runs the parts named (all without any), each to its end whatever came of the others, and writes what came of them, with
/// date and commit, to `target/soak.md`.
pub fn all(words: &[String]) -> Outcome {
    if let Some(unknown) = words.iter().find(|word| PARTS.iter().all(|(name, _)| name != word)) {
        let names: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
        return Err(format!("there is no part {unknown}: {}", names.join(", ")));
    }
    peers::install()?;
    let mut report = format!("# Soak of {} at commit {}\n\n", said_by("date", &["-u", "+%F %H:%M UTC"]), commit());
    let mut failed = Vec::new();
    for (name, part) in PARTS.iter().filter(|(name, _)| words.is_empty() || words.iter().any(|word| word == name)) {
        let begun = Instant::now();
        let outcome = part();
        let told = outcome.as_ref().err().map_or("passed", String::as_str);
        let _ = writeln!(report, "- {name}: {told} ({} s)", begun.elapsed().as_secs());
        failed.extend(outcome.err().map(|why| format!("{name}: {why}")));
    }
    println!("\n{report}");
    let file = root().join("target/soak.md");
    std::fs::write(&file, &report).map_err(|why| format!("{}: {why}", file.display()))?;
    if failed.is_empty() { Ok(()) } else { Err(failed.join("; ")) }
}

/// The package as it is shipped, in a Debian of its own.
fn package() -> Outcome {
    step(cargo().args(["xtask", "deb"]))?;
    let made = std::fs::read_dir(root().join("target/debian")).map_err(|why| why.to_string())?;
    let mut packages =
        made.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "deb"));
    deb_trial::try_out(&packages.next().ok_or("no package was made")?)
}

fn kills() -> Outcome {
    program()?;
    step(cargo().args(["test", "--profile", SHIPPED, "--package", "tests", "--test", "crash", "--no-run"]))?;
    let round =
        || step(cargo().args(["test", "--profile", SHIPPED, "--quiet", "--package", "tests", "--test", "crash"]));
    (0..KILL_ROUNDS).try_for_each(|_| round())
}

/// The program of the end-to-end tests, which `cargo test` alone would not build.
fn program() -> Outcome {
    step(cargo().args(["build", "--profile", SHIPPED, "--package", "facteur"]))
}

/// All paths of `tests/tests/known_clients`, the long ones too.
fn clients() -> Outcome {
    peers::build()?;
    long_paths("known_clients")
}

/// Clients that mirror an account while all of them change it, through 55,000 commands.
fn mirrors() -> Outcome {
    long_paths("mirrors")
}

/// 40,000 generated questions, asked of Facteur and of Dovecot.
fn search() -> Outcome {
    long_paths("search_agrees")
}

/// Checks, with more mutations of letters, that one letter is the same for all who read it.
fn reading() -> Outcome {
    let mutations = |seeds: &str, words: &[&str]| {
        step(cargo().args(["test", "--profile", SHIPPED, "--package"]).args(words).env("FACTEUR_SEEDS", seeds))
    };
    mutations("20000", &["facteur-mailbox", "--test", "one_reading"])?;
    mutations("200", &["facteur-jmap", "--test", "conformance", "one_reading"])
}

/// 10,000 letters that dkimpy, OpenDKIM and we sign and verify, and 10,000 questions about SPF that pyspf and we answer.
fn proofs() -> Outcome {
    let mut test = cargo();
    test.args(["test", "--profile", SHIPPED, "--package", "facteur-auth", "--test", "pyspf", "--test", "dkim_peers"]);
    step(test.env("FACTEUR_RECORDS", "10000").env("FACTEUR_LETTERS", "10000"))
}

/// Hostile letters in the pages and alone, in each browser, with those that keep one busy for long.
fn pages() -> Outcome {
    step(cargo().args(["build", "--workspace", "--bins"]))?;
    step(npm().args(["ci", "--no-audit", "--no-fund"]))?;
    let long = ["run", "real", "--", "testing/real/walls.test.ts", "testing/real/heavy.test.ts"];
    step(npm().args(long).env("FACTEUR_LONG", "1"))
}

/// Every test of a file of `tests/tests`, with those that are too long for each change.
fn long_paths(file: &str) -> Outcome {
    program()?;
    let words = [
        "test",
        "--profile",
        SHIPPED,
        "--package",
        "tests",
        "--test",
        file,
        "--no-fail-fast",
        "--",
        "--include-ignored",
    ];
    step(cargo().args(words))
}

fn fairness() -> Outcome {
    step(cargo().args(["run", "--profile", SHIPPED, "--quiet", "--package", "bench", "--", "fairness"]))
}

fn fuzzing() -> Outcome {
    fuzz::all(&[FUZZ_SECONDS.to_string()])
}

fn commit() -> String {
    said_by("git", &["rev-parse", "--short", "HEAD"])
}

fn said_by(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).current_dir(root()).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
