//! Connects the pages to the intake, which keeps letters back.

use std::net::IpAddr;

use conduct::Reason;
use directory::Secret;
use mail::Address;
use mail::seam::{AccountId, OurFault, Pending};
use mua::{HeldBack, HeldLetter};

/// The letters that are kept back, as the pages know them.
pub struct Holds(pub intake::Holds);

/// The letters that a page shows.
const SHOWN: usize = 50;

impl Holds {
    async fn held(&self, account: AccountId) -> Result<Option<HeldBack>, OurFault> {
        let mut all = self.0.list(Some(account)).await?;
        all.retain(|held| held.hold.reason != Reason::DayLimit && held.count.letters > 0);
        let Some(first) = all.first() else { return Ok(None) };
        let mut held = HeldBack {
            refused: first.hold.reason == Reason::Refusals,
            network: first.hold.network,
            since: first.hold.opened,
            letters: Vec::new(),
            letters_in_all: all.iter().map(|held| held.count.letters).sum(),
            recipients_in_all: all.iter().map(|held| held.count.recipients).sum(),
        };
        for one in &all {
            let letters = self.0.letters(one.hold.id, SHOWN.saturating_sub(held.letters.len())).await?;
            held.letters.extend(letters.into_iter().map(letter));
        }
        Ok(Some(held))
    }
}

fn letter(held: intake::HeldLetter) -> HeldLetter {
    let intake::HeldLetter { letter, subject } = held;
    let (arrived, recipients_in_all) = (letter.arrived, letter.recipients_in_all);
    HeldLetter { subject, arrived, recipients: letter.recipients, recipients_in_all }
}

impl mua::Holds for Holds {
    fn of(&self, account: AccountId) -> Pending<'_, Result<Option<HeldBack>, OurFault>> {
        Box::pin(self.held(account))
    }

    fn is_home(&self, account: AccountId, ip: IpAddr) -> Pending<'_, Result<bool, OurFault>> {
        Box::pin(self.0.is_home(account, ip))
    }

    fn release(&self, account: AccountId) -> Pending<'_, Result<(), OurFault>> {
        Box::pin(async move { self.0.release(account).await.map(drop) })
    }

    fn drop_letters(&self, person: Address, secret: Secret) -> Pending<'_, Result<(), OurFault>> {
        Box::pin(async move { self.0.drop_letters(person, secret).await.map(drop) })
    }
}
