//! Transfer between servers: letters come in ([`reception`]), wait in the [`queue`], and go out ([`delivery`]).
//!
//! A letter in the queue is returned to its sender by a [`bounce`] when it cannot be delivered; it is never dropped.
//! This room does not know how letters for our own people are filed: see [`delivery::LocalDrop`].

pub mod backoff;
pub mod bounce;
pub mod delivery;
mod encode;
pub mod queue;
pub mod reception;
pub mod route;
pub mod seven_bit;

/// Tables of this room.
pub use queue::MIGRATIONS;
