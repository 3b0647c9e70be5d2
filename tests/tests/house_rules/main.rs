//! The import rule of the house: a room may only know the rooms below it, and roles never know each other. Beside it
//! stand rules for a room's parts: no large circle of files, no dependency that is not used, and comments that are
//! sentences.

mod accesses;
mod circles;
mod comments;
mod fuzzing;
mod packages;
mod paths;
mod sleeps;
mod sources;
mod unused;

use packages::{all_packages, dependencies, name, packages};

/// Returns the floor of a room; a room may import only rooms on lower floors. `None`: it is not part of the house.
fn floor(name: &str) -> Option<u8> {
    Some(match name {
        "facteur" => 9,
        // It alone knows mta, mda and mra.
        "facteur-intake" => 8,
        // Of mda it knows the seam for rules.
        "facteur-authentication" => 8,
        "facteur-mta" | "facteur-msa" | "facteur-mda" | "facteur-mra" | "facteur-mua" => 7,
        "facteur-imap" | "facteur-pop3" | "facteur-jmap" => 7,
        "facteur-smtpd" | "facteur-http" | "facteur-import-export" | "facteur-records" | "facteur-conduct" => 6,
        "facteur-mailbox" => 5,
        "facteur-directory" | "facteur-policy" | "facteur-doors" | "facteur-trace" | "facteur-https" => 4,
        "facteur-store" | "facteur-net" | "facteur-maildir" => 3,
        "facteur-smtp" | "facteur-sasl" | "facteur-auth" => 2,
        "facteur-mail" => 1,
        "facteur-reading" => 0,
        _ => return None,
    })
}

#[test]
fn rooms_import_only_what_stands_below_them() {
    for package in packages() {
        let Some(own) = floor(name(&package)) else { continue };
        for below in dependencies(&package) {
            if let Some(other) = floor(below) {
                assert!(other < own, "{} must not know {below}", name(&package));
            }
        }
    }
}

#[test]
fn every_room_of_the_house_has_its_floor() {
    for package in packages() {
        let known = floor(name(&package)).is_some()
            || ["tests", "waiting", "fuzzing", "people", "bench", "xtask"].contains(&name(&package));
        assert!(known, "{} has no floor in house_rules", name(&package));
    }
}

#[test]
fn the_words_know_no_runtime_no_socket_and_no_database() {
    for package in packages().iter().filter(|p| matches!(floor(name(p)), Some(0..=2))) {
        for dependency in dependencies(package) {
            let foreign = ["tokio", "rusqlite", "rustls", "tokio-rustls", "socket2", "hickory-resolver"];
            assert!(!foreign.contains(&dependency), "{} must not know {dependency}", name(package));
        }
    }
}

/// Names the crates that read charsets or transfer encodings of letters, and the rooms that may know them: there is
/// one decoder in the house. (The mailbox takes the text of HTML pages from one of them, and nothing else.)
#[test]
fn letters_are_decoded_in_one_place() {
    for package in packages().iter().filter(|p| floor(name(p)).is_some()) {
        for dependency in dependencies(package) {
            let allowed = match dependency {
                "encoding_rs" | "chardetng" | "oem_cp" => "facteur-reading",
                "mail-parser" => "facteur-mailbox",
                _ => continue,
            };
            assert_eq!(name(package), allowed, "{} must not know {dependency}", name(package));
        }
    }
}

#[test]
fn only_the_store_knows_the_engine() {
    for package in packages().iter().filter(|p| name(p) != "facteur-store") {
        assert!(!dependencies(package).contains(&"rusqlite"), "{} must not know rusqlite", name(package));
    }
}

/// The licences that a dependency may have. None binds the whole program (as the GPL and AGPL do), and none forbids a
/// use.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Returns true if an SPDX expression leaves a way that is allowed. `AND` asks for all, `OR` (older: a slash) for one.
fn is_allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], " ");
    // The few expressions with brackets have an OR inside an AND, which this order reads rightly.
    let one = |part: &str| {
        let words: Vec<&str> = part.split_whitespace().collect();
        LICENCES.contains(&words.join(" ").as_str())
    };
    expression.split(" AND ").all(|all| all.split(" OR ").any(one))
}

#[test]
fn every_dependency_has_a_licence_that_lets_anybody_use_the_program() {
    assert!(is_allowed("MIT/Apache-2.0") && is_allowed("(MIT OR GPL-3.0) AND Unicode-3.0"));
    assert!(!is_allowed("GPL-3.0") && !is_allowed("MIT AND AGPL-3.0") && !is_allowed(""));
    for package in all_packages() {
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(is_allowed(licence), "{} is under {licence:?}", name(&package));
    }
}

/// Crates of which two versions that do not fit together are in the tree, because crates we use ask for them. One that is
/// new here is a reason to look for a better choice.
const TWICE: &[&str] = &[
    "bit-set",
    "bit-vec",
    "constant_time_eq",
    "embedded-io",
    "getrandom",
    // Through `image`: its formats unpack by another than `zip`, and tell of faults by another than the tests do.
    "miniz_oxide",
    "phf",
    "phf_shared",
    "quick-error",
    "syn",
    "synstructure",
];

/// `1` for 1.2.3, `0.4` for 0.4.2: versions of one kind fit together (semver.org §4, as cargo reads it).
fn kind(version: &str) -> String {
    let parts: Vec<&str> = version.split('.').collect();
    let shown = if parts[0] == "0" { 2 } else { 1 };
    parts[..shown.min(parts.len())].join(".")
}

#[test]
fn no_crate_comes_in_two_versions_unless_it_is_known() {
    let mut kinds = std::collections::BTreeMap::<String, std::collections::BTreeSet<String>>::new();
    for package in all_packages() {
        let version = package["version"].as_str().unwrap_or_default();
        kinds.entry(name(&package).to_owned()).or_default().insert(kind(version));
    }
    let twice: Vec<&str> = kinds.iter().filter(|(_, kinds)| kinds.len() > 1).map(|(name, _)| name.as_str()).collect();
    let new: Vec<&&str> = twice.iter().filter(|name| !TWICE.contains(name)).collect();
    assert!(new.is_empty(), "two versions of {new:?}: {kinds:?}");
    let gone: Vec<&&str> = TWICE.iter().filter(|name| !twice.contains(name)).collect();
    assert!(gone.is_empty(), "there is one version of {gone:?} now: take it off the list");
}

#[test]
fn every_dependency_comes_from_the_registry_or_from_here() {
    for package in all_packages() {
        let source = package["source"].as_str();
        assert!(source.is_none_or(|source| source.starts_with("registry+")), "{} is from {source:?}", name(&package));
    }
}
