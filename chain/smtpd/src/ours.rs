//! Letters for our own people, and for nobody else: the rule of every door where nobody logs in.

use mail::seam::{Recipients, Standing, Verdict, Writer};
use mail::{Address, Reply, ReturnPath};
use smtp::replies;

use crate::Visit;

/// Decides whether a letter of a stranger's, or of a server in front of us, is taken for this address. Never an open
/// relay.
pub async fn for_our_people(recipients: &dyn Recipients, visit: Visit<'_>, address: &Address) -> Verdict {
    match recipients.standing(address).await {
        Ok(Standing::Ours) => open_to(recipients, visit, address).await,
        Ok(Standing::Behind) => Verdict::Accept,
        Ok(Standing::Unknown) => refuse(550, (5, 1, 1), format!("nobody here is called {address}")),
        Ok(Standing::Full) => refuse(452, (4, 2, 2), format!("the mailbox of {address} is full")),
        Ok(Standing::Elsewhere) => {
            tracing::info!(peer = %visit.peer, to = %address, "relaying denied");
            refuse(550, (5, 7, 1), "relaying denied: this server takes letters for its own people only".into())
        }
        // Never for good: the office may be new, or its data may be away.
        Ok(Standing::NoDomain) => {
            refuse(451, (4, 3, 5), "this post office has no domain yet and takes no letters, try again later".into())
        }
        Ok(Standing::Away) => {
            refuse(451, (4, 4, 1), "the server that keeps this mailbox cannot be asked now, try again later".into())
        }
        Err(fault) => {
            tracing::error!(%fault, to = %address, "a recipient cannot be looked up");
            Verdict::Refuse(replies::our_fault())
        }
    }
}

/// Decides whether an address of ours takes the letter of this visitor, where it is a group.
async fn open_to(recipients: &dyn Recipients, visit: Visit<'_>, address: &Address) -> Verdict {
    let writer = Writer::Stranger(visit.return_path.and_then(ReturnPath::address));
    match recipients.closed_to(writer, address).await {
        Ok(None) => Verdict::Accept,
        Ok(Some(refusal)) => Verdict::Refuse(refusal),
        Err(fault) => {
            tracing::error!(%fault, to = %address, "a recipient cannot be looked up");
            Verdict::Refuse(replies::our_fault())
        }
    }
}

fn refuse(code: u16, enhanced: (u8, u16, u16), text: String) -> Verdict {
    Verdict::Refuse(Reply::new(code, enhanced, text))
}
