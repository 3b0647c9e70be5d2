//! The clients that people have, each through a full cycle against the real program: log in over TLS with the
//! certificate checked, list, find, read, mark, move, add, send, be told, come again, and take away. A second look,
//! over IMAP and JMAP, checks the deeds of the client; the client checks the deeds of the second look.
//!
//! The short paths run with all tests; `cargo xtask soak clients` runs the long ones too, and those of clients that have to
//! be built first. `docs/clients.md` says how each is configured.

mod cycle;
mod mirror;
mod mirrors;
mod mujmap;
mod neomutt;
mod post;
