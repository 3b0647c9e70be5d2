//! One letter of one account: what is known, what is decided, and what is counted.

use std::net::IpAddr;

use mail::seam::AccountId;
use mail::{Address, Timestamp};
use mailbox::{Access, acquaintance};
use store::Tx;

use crate::hold::{self, HoldId, Reason};
use crate::judgement::{Batch, Conduct, Judgement, Place, judge};
use crate::ran::Ran;
use crate::state::State;
use crate::{Error, place};

/// A letter that one of our people sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    /// The account of its author.
    pub account: AccountId,
    /// The address that its author sends it from.
    pub from: IpAddr,
    /// Its recipients at other servers. Letters between our own people cost nobody's good name.
    pub recipients: Vec<Address>,
    /// The aliases of ours that lead to other servers. One is one recipient, and no stranger: the postmaster has made it.
    pub aliases: u64,
}

/// The fate of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It goes, and is counted.
    Goes,
    /// It is kept back, in this hold.
    Held(HoldId),
    /// It has more recipients than this limit of a day: it is refused.
    TooMany(u64),
}

/// Decides about a letter, and counts it, in the commit that takes it. `refused` letters of the account came back within a
/// day.
pub fn weigh(tx: &mut Tx, sending: &Sending, refused: u64, (now, ran): (Timestamp, Ran)) -> Result<Outcome, Error> {
    let Sending { account, from, recipients, aliases } = sending;
    let mailbox = Access::house(*account);
    let mut state = State::read(tx, *account, ran, refused)?;
    let known = place::visit(tx, *account, *from, (now, ran))?;
    // As long as the letters of before there was a memory are not read, nobody is known to be a stranger.
    let strangers = match acquaintance::is_complete(tx)? {
        true => acquaintance::strangers(tx, mailbox, recipients, known.generation)?.len() as u64,
        false => 0,
    };
    let batch = Batch { recipients: (recipients.len() as u64).saturating_add(*aliases), strangers };
    let conduct = Conduct {
        place: known.place,
        sent: state.sent,
        strange: state.strange,
        away: state.away,
        refused,
        limit: state.limit(),
        vouched: state.sends.is_some(),
        held: hold::suspicion(tx, *account)?,
    };
    let reason = match judge(&conduct, batch) {
        Judgement::Goes => {
            state.sent += batch.recipients;
            match known.place {
                Place::Home => {}
                Place::First => state.strange += strangers,
                Place::New => state.away += strangers,
            }
            state.write(tx, *account)?;
            acquaintance::wrote_to(tx, mailbox, recipients)?;
            return Ok(Outcome::Goes);
        }
        Judgement::TooMany => return Ok(Outcome::TooMany(conduct.limit)),
        Judgement::Suspicious(suspicion) => Reason::from(suspicion),
        Judgement::Surplus => Reason::DayLimit,
    };
    Ok(Outcome::Held(hold::open(tx, *account, reason, &place::network(*from), now)?))
}

/// Takes room in the day for recipients of a letter that waited for it. False: there is none yet. A letter for which no day
/// has room any more, since the limit is lower now, has a day for itself.
pub fn take_room(tx: &mut Tx, account: AccountId, recipients: u64, ran: Ran) -> Result<bool, Error> {
    let mut state = State::read(tx, account, ran, 0)?;
    if state.sent > 0 && state.sent.saturating_add(recipients) > state.limit() {
        return Ok(false);
    }
    state.sent = state.sent.saturating_add(recipients);
    state.write(tx, account)?;
    Ok(true)
}
