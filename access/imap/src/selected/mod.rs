//! The selected folder: its view, the commands on it, and the untagged responses that keep the client up to date.
//!
//! The loop calls three functions here and knows nothing else of it.

use crate::codec::command::{Select, SelectedCommand};
use crate::serve::{Answer, Done, Halt, Output, Session};

/// A folder as this client sees it.
pub struct Selected;

/// `SELECT` and `EXAMINE`. Leaves the folder selected before, whatever comes of it (RFC 9051 §6.3.2), and says
/// `* OK [CLOSED]` for it.
pub async fn select(session: &mut Session, _out: &mut Output<'_>, _select: Select) -> Done {
    session.selected = None;
    Ok(Answer::unavailable())
}

/// Runs a command on the selected folder; the loop has made sure that there is one.
pub async fn run(_session: &mut Session, _out: &mut Output<'_>, _command: SelectedCommand) -> Done {
    Ok(Answer::unavailable())
}

/// Tells the client what others have changed since it was last told. The loop calls it before each tagged line and
/// whenever the store announces a change during IDLE. Expunged letters are held back while `expunges` is false.
pub async fn updates(_session: &mut Session, _out: &mut Output<'_>, _expunges: bool) -> Result<(), Halt> {
    Ok(())
}
