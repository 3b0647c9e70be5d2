//! The import rule of the house: a room may only know the rooms below it, and roles never know each other.

use std::process::Command;

use serde_json::Value;

/// How high a room stands; a room may import only what stands lower. `None`: not part of the house.
fn floor(name: &str) -> Option<u8> {
    Some(match name {
        "facteur" => 6,
        "facteur-mta" | "facteur-msa" | "facteur-mda" | "facteur-mra" | "facteur-mua" => 5,
        "facteur-imap" | "facteur-pop3" | "facteur-jmap" => 5,
        "facteur-door" | "facteur-http" => 4,
        "facteur-removal" => 4,
        "facteur-mailbox" | "facteur-directory" | "facteur-trace" | "facteur-https" => 3,
        "facteur-store" | "facteur-net" | "facteur-maildir" => 2,
        "facteur-smtp" | "facteur-sasl" => 1,
        "facteur-mail" => 0,
        _ => return None,
    })
}

fn packages() -> Vec<Value> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("json");
    metadata["packages"].as_array().expect("packages").clone()
}

fn name(package: &Value) -> &str {
    package["name"].as_str().unwrap_or_default()
}

/// The names of a package's normal dependencies (tests may know more).
fn dependencies(package: &Value) -> Vec<&str> {
    let all = package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter(|dependency| dependency["kind"].is_null()).map(name).collect()
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
        let known = floor(name(&package)).is_some() || ["tests", "bench", "xtask"].contains(&name(&package));
        assert!(known, "{} has no floor in house_rules.rs", name(&package));
    }
}

#[test]
fn the_words_know_no_runtime_no_socket_and_no_database() {
    for package in packages().iter().filter(|p| matches!(floor(name(p)), Some(0 | 1))) {
        for dependency in dependencies(package) {
            let foreign = ["tokio", "rusqlite", "rustls", "tokio-rustls", "socket2", "hickory-resolver"];
            assert!(!foreign.contains(&dependency), "{} must not know {dependency}", name(package));
        }
    }
}

#[test]
fn only_the_store_knows_the_engine() {
    for package in packages().iter().filter(|p| name(p) != "facteur-store") {
        assert!(!dependencies(package).contains(&"rusqlite"), "{} must not know rusqlite", name(package));
    }
}
