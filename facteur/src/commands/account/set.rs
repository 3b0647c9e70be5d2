//! `facteur account set`.

use directory::Language;
use directory::account::{Changes, change};
use mail::Address;

use super::super::Trouble;
use crate::clock;
use crate::command_line::{AccountChanges, Limit};
use crate::context::Context;
use crate::failure::Failure;

/// Changes everything that is named, all in one transaction.
pub fn run(context: &Context<'_>, address: Address, changes: AccountChanges) -> Result<(), Failure> {
    let (store, now) = (context.store()?, clock::now());
    store.write_blocking(store::Key::Everything, move |tx| {
        let AccountChanges { name, language, quota, main_address } = &changes;
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
        Ok::<_, Trouble>(())
    })?;
    Ok(())
}
