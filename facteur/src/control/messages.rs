//! The messages between caller and executor.

use std::path::PathBuf;
use std::sync::Arc;

use import_export::{Arriving, Beside, Goal, Heading, Leaving, Skipped};
use serde::{Deserialize, Serialize};

use crate::language::Language;

/// The facts about the person and the terminal that the executor needs to answer as if it were there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Circumstances {
    pub language: Language,
    /// The time zone, by its name or as POSIX writes it; `None` for that of the system.
    pub zone: Option<String>,
    /// The number of characters that fit on a line.
    pub width: usize,
    pub input_is_terminal: bool,
    pub notes_are_on_terminal: bool,
    /// The folder that relative paths of the command line begin at.
    pub folder: PathBuf,
    /// The name that the person goes by (`LOGNAME`).
    pub name: Option<String>,
}

/// A message from the caller.
#[derive(Debug, Serialize, Deserialize)]
pub enum FromCaller {
    /// First of all. The words of the command line are beside it, each with a zero behind it.
    Begin(Circumstances),
    /// An answer to a question, with octets beside it.
    Answer {
        /// True if more of it follows.
        more: bool,
    },
    /// The question cannot be answered. `text` is in the person's language.
    Failed { status: u8, text: String },
    /// The folders of an import.
    Goals { goals: Vec<Arc<Goal>>, total: u64, more: bool },
    /// A letter of an import; its octets follow in pieces.
    Letter { letter: Box<Arriving>, file: Arc<str>, at: Option<u64>, size: u64, position: u64 },
    /// Octets of the letter.
    Piece,
    /// Something was passed over.
    Skipped { skipped: Skipped, position: u64 },
    /// Something that is no letter lies there.
    Beside { kind: Beside, file: Arc<str>, position: u64 },
    /// A file has been read.
    FileEnd { position: u64 },
    /// All letters were given.
    Done,
    /// The person wants no more (Ctrl-C).
    Stop,
}

/// A message from the executor.
#[derive(Debug, Serialize, Deserialize)]
pub enum FromExecutor {
    /// Beside it is text for standard output.
    Print,
    /// Beside it is text for standard error.
    Note,
    /// Something is wanted of the caller.
    Ask(Question),
    /// A folder of an export.
    Folder(Heading),
    /// A letter of an export; its octets follow in pieces.
    Letter { letter: Box<Leaving>, size: u64 },
    /// Octets of the letter.
    Piece,
    /// The export is complete; an answer is wanted when it is on the disk.
    Finish,
    /// Another process has the data, and nothing was done.
    InUse { process: String },
    /// The command has ended.
    End { status: u8, text: Option<String> },
}

/// A question that an executor may ask a caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// A line of standard input.
    Line,
    /// A line that is typed on the terminal and not shown.
    Hidden { prompt: String },
    /// All of standard input, up to so many octets.
    Input { most: u64 },
    /// A small file of the command line.
    File(Named),
    /// The octets beside it go into the new file that the command line names, which only the person can read.
    KeepSecret,
    /// The letters of an import.
    Letters,
    /// Asks whether the place of an export is free.
    Place,
}

/// A file that the command line names. Its path is not said: the caller looks into its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Named {
    /// `--ca`
    Certificates,
    /// `--password-file`
    Password,
    /// `--oauth-secret-file`
    OAuthSecret,
    /// The file of `facteur domain key import`.
    PrivateKey,
}
