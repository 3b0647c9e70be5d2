//! Our replies, in one place (codes: RFC 5321 §4.2, RFC 3463, RFC 4954 §6).

use mail::Reply;

use crate::CommandError;

/// Refuses a command before its time.
pub(super) fn out_of_order(what: &'static str) -> Reply {
    Reply::new(503, (5, 5, 1), what)
}

/// Refuses a command that this door does not have.
pub(super) fn not_here(what: &'static str) -> Reply {
    Reply::new(502, (5, 5, 1), what)
}

/// Answers a line that is no command.
pub(super) fn bad_command(error: &CommandError) -> Reply {
    let text = error.to_string();
    match error {
        CommandError::Unknown => Reply::new(500, (5, 5, 1), text),
        CommandError::Characters => Reply::new(500, (5, 5, 2), text),
        CommandError::Syntax(_) | CommandError::ParameterValue(_) => Reply::new(501, (5, 5, 4), text),
        CommandError::Sender(_) => Reply::new(501, (5, 1, 7), text),
        CommandError::Recipient(_) => Reply::new(501, (5, 1, 3), text),
        CommandError::UnknownParameter(_) => Reply::new(555, (5, 5, 4), text),
    }
}

pub(super) fn lonely_dot() -> Reply {
    Reply::new(554, (5, 6, 0), "a dot alone beside a CR without LF: is this one letter or two?")
}

pub(super) fn false_end() -> Reply {
    Reply::new(554, (5, 6, 0), "a dot between line ends that are not CRLF: is this one letter or two? Goodbye")
}

pub(super) fn too_large(most: u64) -> Reply {
    Reply::new(552, (5, 3, 4), format!("the letter is too large: at most {most} octets are taken"))
}

pub(super) fn line_too_long() -> Reply {
    Reply::new(500, (5, 5, 2), "the line is too long")
}

pub(super) fn auth_line_too_long() -> Reply {
    Reply::new(500, (5, 5, 6), "the log-in line is too long")
}

pub(super) fn bare_line_feed() -> Reply {
    Reply::new(500, (5, 5, 2), "a command ends with CRLF, not with LF alone")
}

pub(super) fn too_many_errors() -> Reply {
    Reply::new(421, (4, 7, 0), "too many errors, goodbye")
}

/// Answers that the system asks us to end (RFC 3463 X.3.2).
pub fn shutting_down() -> Reply {
    Reply::new(421, (4, 3, 2), "the server is being stopped, try again later")
}

/// Answers that the client was silent too long.
pub fn timed_out() -> Reply {
    Reply::new(421, (4, 4, 2), "nothing came for too long, goodbye")
}

/// Answers that all memory for letters is in use.
pub fn no_memory() -> Reply {
    Reply::new(452, (4, 3, 1), "too many letters are on their way in, try again later")
}

/// Answers that the disk is full (RFC 3463 X.3.1).
pub fn no_room() -> Reply {
    Reply::new(452, (4, 3, 1), "there is no room for another letter here now, try again later")
}

/// Answers a fault of ours.
pub fn our_fault() -> Reply {
    Reply::new(451, (4, 3, 0), "something failed here, try again later")
}
