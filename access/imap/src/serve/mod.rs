//! The conversation: the loop around a connection, and what it hands to the commands.

mod answer;
mod output;
mod session;

use std::sync::Arc;

use mail::seam::Logins;

pub use answer::{Answer, Code, Done, Halt, Status};
pub use output::Output;
pub use session::{Enabled, Session};

/// What all connections share.
pub struct House {
    /// Who may come in.
    pub logins: Arc<dyn Logins>,
}
