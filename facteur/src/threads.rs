//! The threads that commands and a post office run on.

use tokio::runtime::{Builder, Runtime};

use crate::failure::Failure;
use crate::language::{say, system};
use crate::terminal;

/// The threads that a post office runs on.
pub fn runtime() -> Result<Runtime, Failure> {
    Builder::new_multi_thread().enable_all().build().map_err(no_threads)
}

/// Makes the runtime for a command that waits for others: its own thread alone, which knows whose terminal it prints
/// on.
pub fn on_one_thread() -> Result<Runtime, Failure> {
    Builder::new_current_thread().enable_all().build().map_err(no_threads)
}

/// Does what waits for others on this thread, until the person wants it no more.
pub fn unless_stopped<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    on_one_thread()?.block_on(async {
        tokio::select! {
            done = work => Ok(done),
            () = terminal::stopped() => Err(Failure::new(say!("it was stopped", "la commande a été arrêtée"))),
        }
    })
}

fn no_threads(why: std::io::Error) -> Failure {
    let why = system(&why);
    Failure::new(say!("no threads to work with: {why}", "pas de fils d'exécution : {why}"))
}
