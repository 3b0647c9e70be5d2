//! Says why the sockets for commands do not open.

use std::path::PathBuf;
use std::{fmt, io};

use super::SOCKET;
use crate::language::{say, system};

/// The reason why the sockets for commands do not open.
#[derive(Debug)]
pub struct DoorFault {
    /// The data folder.
    pub folder: PathBuf,
    /// The error of the operating system.
    pub why: io::Error,
}

impl fmt::Display for DoorFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (folder, why) = (self.folder.display(), system(&self.why));
        f.write_str(&say!(
            "the socket for commands, {SOCKET} in {folder}, cannot be made: {why}",
            "impossible de créer la socket des commandes, {SOCKET} dans {folder} : {why}"
        ))
    }
}
