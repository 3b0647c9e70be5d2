//! Writing to the person who runs a command, and asking them. A command runs at the counter, and the terminal is that of its
//! caller; everything else that runs has the terminal of this process. A reader that has gone away (`facteur queue list | head
//! -1`) is no failure, and no reason to panic.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use crate::control::{self, Named};
use crate::failure::Failure;
use crate::language::say;

/// A line that is typed is no longer.
const LONGEST_LINE: usize = 4096;
/// No small file of a command line is larger.
const LARGEST_FILE: usize = 1 << 20;

/// Prints the answer that the person asked for.
pub fn print(text: &str) {
    if let Some(caller) = control::current() {
        return caller.print(text);
    }
    put(&mut std::io::stdout().lock(), text.as_bytes());
}

/// Prints a note that the person should know besides.
pub fn note(text: &str) {
    if let Some(caller) = control::current() {
        return caller.note(text);
    }
    put(&mut std::io::stderr().lock(), text.as_bytes());
}

/// Writes to the terminal of this process.
pub fn put(to: &mut impl Write, octets: &[u8]) {
    let _ = to.write_all(octets).and_then(|()| to.flush());
}

/// Returns how many characters fit on a line of it: as the shell says, or as most people have; it is unlimited if
/// there is no terminal, so that scripts find each record on one line.
pub fn width() -> usize {
    if let Some(caller) = control::current() {
        return caller.circumstances().width;
    }
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    said.unwrap_or(if std::io::stdout().is_terminal() { 100 } else { usize::MAX })
}

/// Returns true if notes go to a terminal, where a line can be written anew.
pub fn notes_are_on_terminal() -> bool {
    match control::current() {
        Some(caller) => caller.circumstances().notes_are_on_terminal,
        None => std::io::stderr().is_terminal(),
    }
}

/// Returns true if somebody is there who can be asked.
pub fn input_is_terminal() -> bool {
    control::current().is_some_and(|caller| caller.circumstances().input_is_terminal)
}

/// The folder that relative paths of the command line begin at.
pub fn folder() -> PathBuf {
    control::current().map(|caller| caller.circumstances().folder.clone()).unwrap_or_default()
}

/// A line of standard input, with its end; nothing if there is none.
pub fn line() -> Result<String, Failure> {
    let line = caller()?.ask(control::Question::Line, LONGEST_LINE)?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// A line that is typed and not shown.
pub fn hidden(prompt: String) -> Result<String, Failure> {
    let line = caller()?.ask(control::Question::Hidden { prompt }, LONGEST_LINE)?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// Reads all of standard input. A longer input than `most` octets comes with one octet more than that.
pub fn input(most: usize) -> Result<Vec<u8>, Failure> {
    caller()?.ask(control::Question::Input { most: most as u64 }, most.saturating_add(1))
}

/// A small file that the command line names.
pub fn file(named: Named) -> Result<Vec<u8>, Failure> {
    caller()?.ask(control::Question::File(named), LARGEST_FILE)
}

/// Resolves when the person wants the command to stop, or nobody waits for it any more.
pub async fn stopped() {
    match control::current() {
        Some(caller) => caller.gone().await,
        None => std::future::pending().await,
    }
}

/// Returns the caller whose terminal it is.
pub fn caller() -> Result<std::sync::Arc<control::Caller>, Failure> {
    control::current().ok_or_else(|| Failure::new(say!("there is nobody to ask", "il n'y a personne à qui demander")))
}
