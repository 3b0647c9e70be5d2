//! The SMTP language (RFC 5321 and its extensions), spoken from both sides, without input or output.
//!
//! * Both sides: [`Command`], its text and back.
//! * The server side: [`Session`] is fed bytes and returns the next step; LMTP and submission are kinds of it.
//! * The client side: [`ReplyReader`], [`Capabilities`]; [`mail::DotStuffer`] writes the letter.
//!
//! This room knows no socket, no clock, no runtime, and nothing of our people.

mod body;
mod capabilities;
mod command;
mod dsn;
mod path;
mod reply;
mod session;

pub use capabilities::{Capabilities, FutureRelease};
pub use command::{Command, CommandError, Forward, MailFrom, RcptTo};
pub use reply::{ReplyError, ReplyReader};
pub use session::{Answer, Hello, Kind, Mended, Question, Session, Settings, Step, replies};
