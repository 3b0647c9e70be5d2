//! Reports the tools that a build will lack. This crate is the first of ours to be built, so the report stands in the
//! first lines and not behind minutes of building. (rustc itself reports a missing C compiler, which also links.)

use std::env;
use std::process::Command;

/// The oldest Node.js that builds the pages, as `engines` in `chain/mua/web/package.json` has it.
const NODE: (u32, u32) = (20, 19);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=FACTEUR_WEB_DIST");
    if env::var_os("FACTEUR_WEB_DIST").is_some() {
        return;
    }
    let (least, below) = NODE;
    let missing = match version() {
        None => format!("Node.js is not here (the pages need {least}.{below} or later, with npm)"),
        Some(found) if found < NODE => {
            format!("Node.js {}.{} is here, and the pages need {least}.{below} or later", found.0, found.1)
        }
        Some(_) => return,
    };
    println!(
        "cargo::warning={missing}: this build has no web pages. All else works; install it and build again for the pages."
    );
    // The check runs again when something has been installed.
    println!("cargo::rerun-if-env-changed=PATH");
    let path = env::var_os("PATH").unwrap_or_default();
    for folder in env::split_paths(&path).filter(|folder| folder.is_dir()) {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
}

/// Returns the version of Node.js, if it and npm are here.
fn version() -> Option<(u32, u32)> {
    Command::new("npm").arg("--version").output().ok()?;
    let said = Command::new("node").arg("--version").output().ok()?.stdout;
    let said = String::from_utf8_lossy(&said).into_owned();
    let mut numbers = said.trim().trim_start_matches('v').split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}
