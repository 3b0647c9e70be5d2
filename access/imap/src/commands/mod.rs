//! The commands that need no selected folder, one file for each kind.

pub(crate) mod append;
mod folder;
mod list;
mod misc;
mod pattern;
mod status;

use crate::codec::command::FolderCommand;
use crate::selected;
use crate::session::{Answer, Done, Output, Session};

/// Runs a command of a client that has logged in. IDLE is the loop's.
pub(crate) async fn run(session: &mut Session, out: &mut Output<'_>, command: FolderCommand) -> Done {
    let before = session.enabled;
    let selects = matches!(command, FolderCommand::Select(_));
    let done = carry_out(session, out, command).await;
    // SELECT has announced it already.
    if !selects {
        selected::announce(session, out, before);
    }
    done
}

async fn carry_out(session: &mut Session, out: &mut Output<'_>, command: FolderCommand) -> Done {
    match command {
        FolderCommand::Select(select) => selected::select(session, out, select).await,
        FolderCommand::Append(append) => append::append(session, append).await,
        FolderCommand::List(list) => list::list(session, out, list).await,
        FolderCommand::Lsub { reference, pattern } => list::lsub(session, out, &reference, &pattern).await,
        FolderCommand::Status { folder, items } => status::status(session, out, folder, &items).await,
        FolderCommand::Create { folder, uses } => folder::create(session, folder, &uses).await,
        FolderCommand::Delete(folder) => folder::delete(session, out, folder).await,
        FolderCommand::Rename { from, to } => folder::rename(session, from, to).await,
        FolderCommand::Subscribe(folder) => folder::subscribe(session, folder).await,
        FolderCommand::Unsubscribe(folder) => folder::unsubscribe(session, folder).await,
        FolderCommand::Enable(names) => misc::enable(session, out, &names),
        FolderCommand::Namespace => misc::namespace(out),
        FolderCommand::GetQuota(root) => misc::quota(session, out, &root).await,
        FolderCommand::GetQuotaRoot(folder) => misc::quota_root(session, out, folder).await,
        FolderCommand::Idle => Ok(Answer::bad("IDLE cannot be used here")),
    }
}
