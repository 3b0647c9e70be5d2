//! Asks what others have found out about the crates and packages we use. These steps are quick, and are skipped with
//! a word if their tool, their database or the network is not there: somebody else's server being down says nothing
//! about this tree.

use std::process::Command;

use crate::run::{Outcome, cargo, has, npm, root, step};

/// Seconds that a database may take to come.
const PATIENCE: &str = "60";

/// Licences, sources and versions of the crates, and what RustSec knows of them.
pub fn crates() -> Outcome {
    if !deny().arg("--version").output().is_ok_and(|version| version.status.success()) {
        println!(
            "skipped: `cargo deny` is not here (cargo install cargo-deny); a test holds licences and versions all the same"
        );
        return Ok(());
    }
    step(deny().args(["--offline", "check", "licenses", "bans", "sources"]))?;
    let mut fetch = Command::new("timeout");
    fetch.arg(PATIENCE).arg("cargo").args(["deny", "fetch", "db"]);
    if let Err(why) = step(&mut fetch) {
        println!("skipped: there is no database of advisories to be had ({why})");
        return Ok(());
    }
    step(deny().args(["--offline", "check", "advisories"]))
}

fn deny() -> Command {
    let mut deny = cargo();
    deny.arg("deny").current_dir(root());
    deny
}

/// Asks the registry of npm about the packages that end up in the pages.
pub fn pages() -> Outcome {
    if !has("npm") {
        // The step before has said so.
        return Ok(());
    }
    let mut audit = npm();
    audit.args([
        "audit",
        "--omit=dev",
        "--audit-level=moderate",
        "--json",
        "--fetch-retries=0",
        "--fetch-timeout=30000",
    ]);
    println!("\n▶ npm audit");
    let output = audit.current_dir(root()).output().map_err(|why| format!("npm did not start: {why}"))?;
    judge(output.status.success(), &String::from_utf8_lossy(&output.stdout))
}

/// Only a report says something: npm ends in the same way where it found something and where it could not ask.
fn judge(is_good: bool, said: &str) -> Outcome {
    if !said.contains("\"auditReportVersion\"") {
        println!("skipped: the registry of npm tells no advisories here");
        return Ok(());
    }
    if is_good { Ok(()) } else { Err(format!("npm audit knows of weak packages:\n{said}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_that_does_not_answer_is_no_finding() {
        let report = "{\"auditReportVersion\": 2, \"vulnerabilities\": {}}";
        assert!(judge(true, report).is_ok());
        assert!(judge(false, report).is_err());
        for silence in ["", "{\"message\": \"405 Method Not Allowed\"}", "npm error audit endpoint returned an error"] {
            assert!(judge(false, silence).is_ok(), "{silence}");
        }
    }
}
