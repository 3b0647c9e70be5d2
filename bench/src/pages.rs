//! The web pages on a folder of 100,000 letters, in Chromium.

use std::process::Command;

use serde_json::Value;
use tests::{OfficeBuilder, root};

use crate::fill::fill;
use crate::report::table;

const LETTERS: usize = 100_000;
const SIZE: usize = 2000;

/// Measures the weight of the pages, and how soon letters are on the screen.
pub fn run() {
    let web = root().join("chain/mua/web");
    if !web.join("node_modules").exists() {
        ran(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&web));
    }
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    fill(office.ports.smtp, LETTERS, SIZE);
    let (url, alice) = (format!("https://127.0.0.1:{}", office.ports.https), office.first());
    let words = ["tsx", "testing/speed.ts", &url, &alice.address, &alice.password];
    let said = ran(Command::new("npx").args(words).current_dir(&web));
    let found: Value = serde_json::from_slice(&said).expect("what testing/speed.ts prints");
    let kilobytes = |name: &str| format!("{:.0} kB", found[name].as_f64().unwrap_or_default() / 1024.0);
    let milliseconds = |name: &str| format!("{:.0} ms", found[name].as_f64().unwrap_or_default());
    let row = |what: &str, value: String| vec![what.to_owned(), value];
    let rows = [
        row("the pages on the wire, until letters are on the screen", kilobytes("weight")),
        row("… of that, scripts", kilobytes("scripts")),
        row("the editor, when the first letter is begun", kilobytes("editor")),
        row("letters on the screen, nothing in the cache", milliseconds("cold")),
        row("… the pages in the cache", milliseconds("warm")),
        row("a letter is opened", milliseconds("letter")),
        row("a leap to the far end of the list", milliseconds("far")),
    ];
    table(&format!("The pages, a folder of {LETTERS} letters over TLS (best of five)"), &["", ""], &rows);
}

fn ran(command: &mut Command) -> Vec<u8> {
    let output = command.output().expect("npm is here");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
