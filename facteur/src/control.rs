//! The counter, where commands are served.
//!
//! Only one process writes to the data of a post office: the one that serves, or, if none does, the one that holds
//! its lock. A command is two halves that talk over a socket. The *caller* is the process of the person: it has the
//! terminal, and the person's rights to read and write files. The *executor* has the data, and does the work. If the
//! post office runs, the executor is a thread of it, and the socket lies in the data folder, for root and the owner
//! of the folder alone. If it does not run, the executor is a thread of the command itself, or a process of the
//! folder's owner if root runs the command, so that all the files it makes belong to the owner.
//!
//! A second socket is for everybody on this machine, and takes letters only (`facteur send`); none of the two is a door to the
//! network.
//!
//! The caller never opens a file because the executor names it, and the executor opens none that the caller names: the caller
//! looks into its own command line, and sends what is in the file.

mod caller;
mod client;
mod connection;
mod door;
mod executor;
mod fault;
mod files;
mod frame;
mod greeting;
mod letters;
mod limits;
mod messages;

pub use caller::{Caller, Who, current};
pub use client::visit;
pub use connection::{AS_OWNER, is_open};
pub use door::ControlSocket;
pub use executor::serve_on_standard_input;
pub use fault::DoorFault;
pub use letters::{Incoming, Outgoing};
pub use messages::{Named, Question};

/// The socket of the data folder, for root and the folder's owner.
const SOCKET: &str = "facteur.socket";
