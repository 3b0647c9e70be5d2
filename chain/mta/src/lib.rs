//! Transfer between servers: letters come in ([`reception`]), are made ready to leave ([`outgoing`]), wait in the
//! [`queue`], and go out ([`delivery`]).
//!
//! A letter in the queue is returned to its sender by a [`bounce`] when it cannot be delivered; it is never dropped.
//! This room does not know how letters for our own people are filed: see [`delivery::LocalDrop`].

pub mod backoff;
pub mod bounce;
pub mod delivery;
pub mod encode;
pub mod outgoing;
pub mod queue;
pub mod reception;
pub mod route;

/// The encodings of letters that are written here.
pub use encode::{header_text, quoted_printable};
/// Tables of this room.
pub use queue::MIGRATIONS;
