//! The commands that need no selected folder, one file for each kind.

pub(crate) mod append;

use crate::codec::command::FolderCommand;
use crate::selected;
use crate::serve::{Answer, Done, Output, Session};

/// Runs a command of someone who has logged in. IDLE is the loop's.
pub(crate) async fn run(session: &mut Session, out: &mut Output<'_>, command: FolderCommand) -> Done {
    match command {
        FolderCommand::Select(select) => selected::select(session, out, select).await,
        _ => Ok(Answer::unavailable()),
    }
}
