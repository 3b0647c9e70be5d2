//! The selected folder: its view, the commands on it, and the untagged responses that keep the client up to date.
//!
//! The loop calls three functions here ([`select`], [`run`], [`updates`]) and knows nothing else of it. Invariants:
//! * A client's view changes only by the server's announcements, in their order: a sequence number means the same
//!   letter on both sides. Expunged letters stay in the view until the client may hear of them (RFC 9051 §7.5.1).
//! * No command holds a folder in memory, and no transaction holds the writer for more than some hundred letters.
//! * A body is read in ranges and sent as the client takes it.

mod answers;
mod continued;
mod envelope;
mod expunge;
mod expunged;
mod fetch;
mod flag;
#[cfg(test)]
mod mirror;
#[cfg(test)]
mod places;
mod resync;
mod search;
mod section;
mod select;
mod sets;
mod structure;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod transfer;
mod updates;
mod view;
mod write;

pub use select::select;
pub use updates::updates;
pub use view::Selected;

use crate::codec::command::SelectedCommand;
use crate::session::{Answer, Done, Enabled, Output, Session};

/// Runs a command on the selected folder; the loop has made sure that there is one.
pub async fn run(session: &mut Session, out: &mut Output<'_>, command: SelectedCommand) -> Done {
    let before = session.enabled;
    let done = carry_out(session, out, command).await;
    if let (Err(_), Some(selected)) = (&done, session.selected.as_deref_mut()) {
        // The client learns of the changes made before the failure, even if it asked for silence.
        selected.own.clear();
    }
    announce(session, out, before);
    done
}

/// Sends the highest MODSEQ to a client whose command has just switched CONDSTORE on.
pub fn announce(session: &Session, out: &mut Output<'_>, before: Enabled) {
    if session.enabled.condstore && !before.condstore {
        select::highest(session, out);
    }
}

async fn carry_out(session: &mut Session, out: &mut Output<'_>, command: SelectedCommand) -> Done {
    match command {
        SelectedCommand::Check => Ok(Answer::ok("CHECK completed")),
        SelectedCommand::Close => expunge::close(session).await,
        SelectedCommand::Unselect => {
            session.selected = None;
            Ok(Answer::ok("UNSELECT completed"))
        }
        SelectedCommand::Expunge(among) => expunge::expunge_letters(session, out, among.as_ref()).await,
        SelectedCommand::Search(command) => search::search(session, out, command).await,
        SelectedCommand::Fetch(command) => fetch::fetch(session, out, command).await,
        SelectedCommand::Store(command) => flag::store(session, out, command).await,
        SelectedCommand::Copy(command) => transfer::copy_letters(session, out, &command).await,
        SelectedCommand::Move(command) => transfer::move_letters(session, out, &command).await,
    }
}

#[cfg(test)]
fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}
