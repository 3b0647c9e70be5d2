//! Every dependency that a manifest names is used by the sources it is for: a normal one by the room itself, one of the tests
//! by tests and examples (those inside the room too), one of the build script by that.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::packages::{self, Kind, Target};
use crate::sources::Crate;

/// Dependencies that no source names, and why they stand there all the same.
const SILENT: &[(&str, &str, &str)] = &[];

/// The crates that a target names in its sources: paths that begin with none of its own names.
fn named(target: &Target, tests: bool) -> BTreeSet<String> {
    let read = Crate::read(&target.root, tests);
    let mut named = BTreeSet::new();
    for (at, module) in read.modules.iter().enumerate() {
        for path in module.paths.iter().chain(module.imports.iter().map(|import| &import.path)) {
            named.extend(read.crate_of(at, path).map(str::to_owned));
        }
    }
    named
}

/// The dependency lines of a package that it does not need: no target that the line is for names the crate.
fn unused(package: &Value) -> Vec<String> {
    let all = packages::targets(package);
    let by = |wanted: &dyn Fn(&Target) -> bool, tests: bool| -> BTreeSet<String> {
        all.iter().filter(|target| wanted(target)).flat_map(|target| named(target, tests)).collect()
    };
    let normal = by(&Target::is_the_room, false);
    let build = by(&|target| target.sort == "custom-build", true);
    let dev = by(&|target| target.sort != "custom-build", true);
    let is_named = |dependency: &str, kind| match kind {
        Kind::Normal => normal.contains(&dependency.replace('-', "_")),
        Kind::Dev => dev.contains(&dependency.replace('-', "_")),
        Kind::Build => build.contains(&dependency.replace('-', "_")),
    };
    let own = packages::name(package);
    packages::dependencies_by_kind(package)
        .filter(|(dependency, kind)| !is_named(dependency, *kind))
        .filter(|(dependency, _)| !SILENT.iter().any(|(package, silent, _)| package == &own && silent == dependency))
        .map(|(dependency, kind)| format!("{own}: {dependency} ({kind:?})"))
        .collect()
}

#[test]
fn every_dependency_of_a_manifest_is_used() {
    let unused: Vec<String> = packages::packages().iter().flat_map(unused).collect();
    assert!(unused.is_empty(), "take these lines away, or to [dev-dependencies]: {unused:#?}");
}

/// The names in `[workspace.dependencies]`.
fn workspace_lines(manifest: &str) -> Vec<&str> {
    let behind = manifest.split_once("[workspace.dependencies]").map_or("", |(_, behind)| behind);
    let lines = behind.lines().take_while(|line| !line.starts_with('['));
    lines.filter(|line| !line.starts_with('#')).filter_map(|line| Some(line.split_once('=')?.0.trim())).collect()
}

#[test]
fn every_dependency_of_the_workspace_is_taken_by_a_room() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let manifest = std::fs::read_to_string(manifest).expect("the workspace's manifest");
    let rooms = packages::packages();
    let taken: BTreeSet<&str> =
        rooms.iter().flat_map(packages::dependencies_by_kind).map(|(dependency, _)| dependency).collect();
    let lines = workspace_lines(&manifest);
    assert!(lines.len() > 20, "the manifest is read wrongly");
    let idle: Vec<&&str> = lines.iter().filter(|line| !taken.contains(*line)).collect();
    assert!(idle.is_empty(), "no room takes {idle:?}");
}

#[test]
fn a_crate_is_named_by_a_path_and_not_by_a_module_of_the_same_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("lib.rs");
    let text = "mod own { pub fn f() {} }\nuse used::Thing;\nfn f() { own::f(); crate::own::f(); let idle = 1; macros::go!(idle); }\n\
                #[derive(derives::Derive)]\nstruct S;\n#[cfg(test)]\nmod tests { use tested::X; }\n";
    std::fs::write(&root, text).expect("a file");
    let target = |sort: &str| Target { sort: sort.to_owned(), root: root.clone() };
    let named_without = named(&target("lib"), false);
    for (name, is_named) in [("used", true), ("macros", true), ("derives", true), ("own", false), ("tested", false)] {
        assert_eq!(named_without.contains(name), is_named, "{name}");
    }
    assert!(named(&target("lib"), true).contains("tested"));
}
