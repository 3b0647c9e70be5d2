//! Writing to the person who runs a command. A reader that has gone away (`facteur queue list | head -1`) is no
//! failure, and no reason to panic.

use std::io::Write;

/// What was asked for.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// What should be known besides.
pub fn note(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
