//! One module a command.

pub mod account;
pub mod alias;
pub mod demo;
pub mod domain;
pub mod export;
pub mod fetch;
pub mod import;
mod moving;
pub mod queue;
pub mod send;
pub mod serve;
pub mod size;
pub mod trace;
mod trouble;
pub mod verify;

use tokio::runtime::{Builder, Runtime};

use crate::failure::Failure;
use crate::language::say;
pub use trouble::Trouble;

/// The threads everything runs on.
pub fn runtime() -> Result<Runtime, Failure> {
    let made = Builder::new_multi_thread().enable_all().build();
    made.map_err(|why| Failure::new(say!("no threads to work with: {why}", "pas de fils d'exécution : {why}")))
}
