//! `facteur help`.

use clap::Command;
use clap::error::{Error, ErrorKind};

/// Returns what `--help` says of a command, as clap returns it; or that there is no such command.
pub fn of(command: Command, path: &[String]) -> Error {
    let words = ["facteur"].into_iter().chain(path.iter().map(String::as_str)).chain(["--help"]);
    match command.clone().try_get_matches_from(words) {
        Err(told) => told,
        // A command whose --help is no help does not exist; clap's type does not know that.
        Ok(_) => Error::new(ErrorKind::InvalidSubcommand).with_cmd(&command),
    }
}
