//! IMAP as a client speaks it (RFC 3501, RFC 9051): a strict reader of what servers say, and the conversation around
//! it.
//!
//! Written here and not taken from a crate: retrieval needs commands in flight one behind the other, a bound on every
//! literal before it is read, a timeout on every wait, and answers of servers that are wrong or hostile told apart from
//! answers that mean something. [`Assembler`] and [`Response`] know no socket, so they are tested and fuzzed as text.

mod assemble;
mod client;
mod code;
mod date;
mod numbers;
mod response;
mod value;

pub use assemble::{Assembler, Bounds, Malformed, Piece, Raw};
pub(crate) use client::folder_argument;
pub use client::{Answer, Client, Log, Lost};
pub use code::Code;
pub use date::{date_time, day};
pub use numbers::Numbers;
pub use response::{Fetched, Listed, Response, Status};
