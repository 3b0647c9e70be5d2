//! `facteur account set`.

use conduct::Ran;
use directory::account::{Changes, change};
use directory::{Language, forward};
use mail::Address;

use super::super::Trouble;
use crate::clock;
use crate::command_line::{AccountChanges, ForwardTarget, Limit, Sends};
use crate::context::Context;
use crate::failure::Failure;
use crate::language::say;

/// Changes everything that is named, all in one transaction.
pub fn run(context: &Context<'_>, address: Address, changes: AccountChanges) -> Result<(), Failure> {
    let targets = changes.forward.as_deref().map(addresses).transpose()?;
    let (store, now) = (context.store()?, clock::now());
    store.write_blocking(store::Key::Everything, move |tx| {
        let AccountChanges { name, language, quota, main_address, forward: _, keep_copy, sends } = &changes;
        if targets.is_some() || keep_copy.is_some() {
            let keep_copy = keep_copy.as_deref().map(|word| word == "yes");
            forward::change(tx, &address, &forward::Changes { targets: targets.as_deref(), keep_copy })?;
        }
        let language = language.as_deref().and_then(Language::from_code);
        let changes = Changes { name: name.as_deref(), language, address: main_address.as_ref() };
        let account = change(tx, &address, &changes, now)?;
        if let Some(limit) = quota {
            let octets = match limit {
                Limit::None => None,
                Limit::Octets(octets) => Some(*octets),
            };
            mailbox::account::set_quota(tx, account, octets)?;
        }
        if let Some(sends) = sends {
            let recipients = match sends {
                Sends::Usual => None,
                Sends::Recipients(recipients) => Some(*recipients),
            };
            conduct::set_sends(tx, account, recipients, Ran(mta::queue::ran(tx)?.0))?;
        }
        Ok::<_, Trouble>(())
    })?;
    Ok(())
}

/// The addresses that letters go on to; an error if it is said that there are none and some.
fn addresses(targets: &[ForwardTarget]) -> Result<Vec<Address>, Failure> {
    if targets == [ForwardTarget::None] {
        return Ok(Vec::new());
    }
    let address = |target: &ForwardTarget| match target {
        ForwardTarget::Address(address) => Ok(address.clone()),
        ForwardTarget::None => Err(Failure::new(say!(
            "--forward none stands alone: nothing goes on then",
            "--forward none s'emploie seul : plus rien n'est alors transmis"
        ))),
    };
    targets.iter().map(address).collect()
}
