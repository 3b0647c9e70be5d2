//! Writing to the person who runs a command. A reader that has gone away (`facteur queue list | head -1`) is no
//! failure, and no reason to panic.

use std::io::{IsTerminal, Write};

/// What was asked for.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// What should be known besides.
pub fn note(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// How many characters fit on a line of it: as the shell says, or what most people have; without end where it is no
/// terminal, so that scripts find what belongs together on one line.
pub fn width() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    said.unwrap_or(if std::io::stdout().is_terminal() { 100 } else { usize::MAX })
}
