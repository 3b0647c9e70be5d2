//! The pages in the browser, and the services that they need of the server beside JMAP: log-in, letters made fit to be
//! shown, the letter's way.
//!
//! - [`show`]: letters as harmless documents, without input/output.
//! - `pages`: the application itself, built from `web/` and carried in the program.
//! - `guard`, with `entrance`, `host`, `origin` and `clear`: the checks of every request, whatever stands behind.
//! - `login`, `cookie`: sessions, and the cookie that carries one; `account`: shows and ends them, and changes the
//!   password; `doors`: the settings for a mail program.
//! - `invitation`: links that let a person in once, as `facteur demo` prints them.
//! - `plain`: the log-in for browsers without script.
//! - `held`: letters that are kept back, and the question whether their person wrote them.
//! - `findings`: the warnings that a reader should know before they believe a letter; `unsubscribe`: leaves a list for
//!   them.
//! - `archive`, `thumbnail`: the files of a letter as one, and small pictures of them; `attached` reads them.
//! - `letter`, `cards`, `picture`, `remote`, `way`: one address each. `inside` opens the letters that lie in others.
//!   `remote` fetches pictures for the reader, whom it does not name.
//!
//! Invariants of this room:
//! * Nothing in a letter runs, and nothing is fetched for it that its reader did not ask for.
//! * Showing a letter takes time in proportion to its size, whatever it contains.
//! * Nothing passes in clear but on this machine; nobody reaches the server by a name that is not ours.
//! * A cookie alone changes nothing: a request that changes something also has a header that other sites cannot send.
//!
//! This room must not know SMTP, the queue, nor JMAP: the pages speak that with the code behind `/jmap`.

mod account;
mod answer;
mod archive;
mod attached;
mod browser;
mod cards;
mod clear;
mod cookie;
mod doors;
mod entrance;
mod findings;
#[doc(hidden)]
pub mod fuzzing;
mod guard;
mod held;
mod hex;
mod holds;
mod host;
mod inside;
mod invitation;
mod language;
mod letter;
mod login;
mod origin;
mod pages;
mod picture;
mod plain;
mod reader;
mod remote;
mod router;
mod seal;
mod server;
pub mod show;
mod thumbnail;
mod unsubscribe;
mod way;

pub use doors::{MailDoor, Protocol};
pub use entrance::Entrance;
pub use holds::{HeldBack, HeldLetter, Holds};
pub use invitation::Invitations;
pub use remote::PICTURES;
pub use router::{guarded, router};
pub use server::Server;
