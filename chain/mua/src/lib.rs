//! The pages in the browser, and what they need of the server beside JMAP: log-in, letters made fit to be shown, the
//! letter's way.
//!
//! - [`show`]: letters as harmless documents, without input/output.
//! - `pages`: the application itself, built from `web/` and carried in the program.
//! - `login`, `guard`: sessions in a cookie, and what is asked of a request that shows one.
//! - `plain`: the log-in for browsers without script.
//! - `letter`, `picture`, `remote`, `way`: one address each. `remote` fetches pictures for the reader, whom it does not name.
//!
//! Invariants of this room:
//! * Nothing a letter brings along runs, and nothing is fetched for it that its reader did not ask for.
//! * What is shown of a letter takes time in proportion to its size, whatever it is made of.
//! * A cookie alone changes nothing: whoever changes something also sends a header that other sites cannot send.
//!
//! It must not know SMTP, the queue, nor JMAP: the pages speak that with whoever stands behind `/jmap`.

mod answer;
mod cookie;
mod guard;
mod hex;
mod house;
mod language;
mod letter;
mod login;
mod pages;
mod picture;
mod plain;
mod reader;
mod remote;
mod router;
mod seal;
pub mod show;
mod way;

pub use house::House;
pub use remote::PICTURES;
pub use router::{guarded, router};
