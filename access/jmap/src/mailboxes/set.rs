//! Mailbox/set (RFC 8621 §2.5): one write carries out the whole call, so that others see only its outcome. The work on
//! very many letters (they go with their mailbox, or the trash is another one) follows behind it, slice by slice.

use mailbox::{Access, Change, Error, account_changes, folder};
use serde::Deserialize;
use store::{Tx, View};

use super::outcome;
use super::steps;
use crate::api::{MethodError, Object};
use crate::limits;
use crate::scope::{Created, Scope};
use crate::standard::{self, SetAnswer, SetArguments, Span};

/// The argument beyond those of every `/set`.
#[derive(Deserialize)]
struct Extra {
    #[serde(rename = "onDestroyRemoveEmails", default)]
    remove_emails: bool,
}

/// All tasks of one call.
pub struct Batch {
    pub creates: Vec<(String, Object)>,
    pub updates: Vec<(String, Object)>,
    pub destroys: Vec<String>,
    /// Letters in mailboxes that go may go with them.
    pub remove_emails: bool,
}

pub async fn set(scope: &mut Scope, mut arguments: Object) -> Result<Object, MethodError> {
    let extra = arguments.remove_entry("onDestroyRemoveEmails").into_iter().collect();
    let Extra { remove_emails } = standard::arguments(extra)?;
    let mut arguments: SetArguments = standard::arguments(arguments)?;
    let access = scope.access(&arguments.account_id)?;
    arguments.check()?;
    let mut span = Span::open(&scope.server.shared.store, access, state, arguments.if_in_state.take()).await?;
    let (creates, updates) = (arguments.creates(), arguments.updates());
    if creates.len() + updates.len() + arguments.destroy.as_ref().map_or(0, Vec::len) > limits::MAILBOXES_IN_SET {
        return Err(MethodError::request_too_large());
    }
    let batch = Batch { creates, updates, destroys: arguments.destroys(), remove_emails };
    let known = scope.created.clone();
    let (answer, created) =
        span.write(&scope.server.shared.store, move |tx| carry_out(tx, access, &batch, known.clone())).await?;
    scope.created = created;
    // The change is decided and goes on by itself; the next client that asks shall find it done.
    if let Err(error) = folder::finish(&scope.server.shared.store, access).await {
        tracing::debug!(%error, "what many letters take is done behind the request");
    }
    Ok(answer.into_arguments(&arguments.account_id, span.ends()))
}

fn state(view: &View, access: Access) -> Result<Change, Error> {
    Ok(account_changes::states(view, access)?.folders)
}

/// Carries out a batch. A batch that is valid as a whole is carried out as a whole, so that two mailboxes can swap
/// their names. Otherwise each change is taken or refused after the one before it, as things stand then (RFC 8620
/// §5.3).
fn carry_out(tx: &mut Tx, access: Access, batch: &Batch, known: Created) -> Result<(SetAnswer, Created), Error> {
    let mut whole = known.clone();
    match tx.attempt(|tx| outcome::carry_out(tx, access, batch, &mut whole))? {
        Ok(answer) => return Ok((answer, whole)),
        Err(outcome::Unfit::Store(error)) => return Err(error.into()),
        Err(outcome::Unfit::Invalid) => {}
    }
    let mut known = known;
    let answer = steps::carry_out(tx, access, batch, &mut known)?;
    Ok((answer, known))
}
