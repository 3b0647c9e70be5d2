//! One module a command.

pub mod send;
pub mod size;
