//! Transfer between servers.

pub mod reception;
