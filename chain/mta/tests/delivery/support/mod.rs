//! The tools that the delivery tests share: a server that does as it is told, and an office that sends to it.

pub mod office;
pub mod server;

pub use waiting::until;
