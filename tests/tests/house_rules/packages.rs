//! Reads the facts that cargo tells about the packages of the house, and of others.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The packages of the house.
pub fn packages() -> Vec<Value> {
    metadata(&["--no-deps"])
}

/// All packages that end up in the program, on the machine that the tests run on, and those the tests need.
pub fn all_packages() -> Vec<Value> {
    let host = Command::new("rustc").args(["--print", "host-tuple"]).output().expect("rustc");
    let host = String::from_utf8(host.stdout).expect("text");
    metadata(&["--filter-platform", host.trim()])
}

fn metadata(more: &[&str]) -> Vec<Value> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .args(more)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("json");
    metadata["packages"].as_array().expect("packages").clone()
}

/// The name of a package, or of a dependency.
pub fn name(package: &Value) -> &str {
    package["name"].as_str().unwrap_or_default()
}

fn list<'a>(package: &'a Value, key: &str) -> &'a [Value] {
    package[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The purpose of a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Normal,
    Dev,
    Build,
}

/// Returns the dependencies of a package, each by the name that its manifest gives it, with its purpose.
pub fn dependencies_by_kind(package: &Value) -> impl Iterator<Item = (&str, Kind)> {
    list(package, "dependencies").iter().map(|dependency| {
        let kind = match dependency["kind"].as_str() {
            Some("dev") => Kind::Dev,
            Some("build") => Kind::Build,
            _ => Kind::Normal,
        };
        (dependency["rename"].as_str().unwrap_or_else(|| name(dependency)), kind)
    })
}

/// The packages that a package has as normal dependencies (tests may know more).
pub fn dependencies(package: &Value) -> Vec<&str> {
    list(package, "dependencies").iter().filter(|dependency| dependency["kind"].is_null()).map(name).collect()
}

/// A target that cargo builds of a package.
pub struct Target {
    /// `lib`, `bin`, `test`, `example`, `bench`, `custom-build` …
    pub sort: String,
    /// Its first file.
    pub root: PathBuf,
}

impl Target {
    /// Returns true for the room itself, and not for what lies beside it, as its tests do.
    pub fn is_the_room(&self) -> bool {
        ["lib", "bin"].contains(&self.sort.as_str())
    }
}

/// The targets of a package.
pub fn targets(package: &Value) -> Vec<Target> {
    let read = |target: &Value| Target {
        sort: target["kind"][0].as_str().unwrap_or_default().to_owned(),
        root: PathBuf::from(target["src_path"].as_str().unwrap_or_default()),
    };
    list(package, "targets").iter().map(read).collect()
}

/// A file as people name it: from the folder of the workspace on.
pub fn short(file: &Path) -> String {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace");
    file.strip_prefix(workspace).unwrap_or(file).display().to_string()
}
