//! Hands a letter over, and tells the sender the outcome.

use mail::seam::{Accept, Origin, Verdict};
use mail::{Envelope, Letter, Reply};
use smtp::replies;

/// Gives the letter to whoever takes charge of it. The reply is positive only when every copy is on disk.
pub async fn hand_over(accept: &dyn Accept, letter: Letter, envelope: Envelope, origin: Origin) -> Reply {
    let (id, size, from) = (letter.id, letter.raw.len(), envelope.return_path.clone());
    let recipients = envelope.recipients.len();
    match accept.accept(letter, envelope, origin).await {
        Ok(Verdict::Accept) => {
            tracing::debug!(letter = %id, %from, recipients, size, "letter taken");
            Reply::new(250, (2, 0, 0), format!("taken as {id}"))
        }
        Ok(Verdict::Refuse(reply)) => {
            tracing::info!(letter = %id, %from, recipients, size, %reply, "letter refused");
            reply
        }
        Err(fault) => {
            tracing::error!(letter = %id, %from, %fault, "letter not taken: something of ours failed");
            replies::our_fault()
        }
    }
}
