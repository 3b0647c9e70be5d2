//! The answers that several commands on the selected folder share.

use crate::session::{Answer, Code, Halt, Output, Session};

/// Answers that nothing is selected. The loop checks first, so this is never sent; it is here so that nothing has to be
/// unwrapped.
pub fn nothing_selected() -> Halt {
    Answer::bad("No folder is selected").into()
}

/// Refuses a command that changes something in a folder selected by EXAMINE.
pub fn read_only() -> Halt {
    Answer::no("The folder was opened read-only").into()
}

/// Answers a command with numbers of letters that are gone, which the client could not know (RFC 5530 §3). If something
/// was `done` with the others it is an OK: a client that reads NO believes that nothing has changed (RFC 2180 §4).
pub fn expunge_issued(done: bool, completed: &'static str) -> Answer {
    match done {
        true => Answer::ok(completed).word("EXPUNGEISSUED"),
        false => Answer::no("These letters are gone").word("EXPUNGEISSUED"),
    }
}

/// Warns that letters are gone, beside an answer that has a code of its own (RFC 9051 §7.1.2).
pub fn warn_expunge_issued(out: &mut Output<'_>) {
    Answer::no("Some of these letters are gone").word("EXPUNGEISSUED").write("*", out.buffer());
}

/// Adds HIGHESTMODSEQ to the end of an EXPUNGE or MOVE, for a client with QRESYNC (RFC 7162 §3.2.7).
pub fn with_highest(session: &Session, answer: Answer) -> Answer {
    match session.selected.as_deref() {
        Some(selected) if session.enabled.qresync => answer.with(Code::HighestModSeq(selected.settled.0)),
        _ => answer,
    }
}
