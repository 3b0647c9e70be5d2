//! One module a command.

pub mod size;
