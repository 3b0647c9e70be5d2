//! Decides about one letter of one of our people, from what is known of the account. No clock, no table.
//!
//! A thief with a password writes to people whom its owner does not know, from a network where its owner never was; or to
//! addresses many of which do not exist. Each of these an honest person does too, now and then: so only their mixtures count,
//! and only in numbers.
//!
//! | the account sends from | strangers | refusals |
//! |---|---|---|
//! | home: a network it has used for three days of running | do not count | 20, and a quarter of all |
//! | its first network, in its first days | 50 a day | 15, and a quarter of all |
//! | a new network | 25 in seven days | 8, and a quarter of all |
//!
//! People whom the account knows never count but for the day's limit: a newsletter to all members of a club is one letter to
//! two hundred acquaintances, from wherever it is sent.

/// No more letters than this leave an account that behaves as if it was stolen, counted by recipients.
pub const AT_MOST: u64 = 50;

/// The recipients of a day that an account may have without having shown anything.
pub const USUAL: u64 = 200;
/// The recipients more that each good day brings, and where that ends.
const GROWTH: u64 = 20;
const CAP: u64 = 1_000;

/// Strangers that a new network may be used to write to, within a week. Half of [`AT_MOST`], since two weeks can meet.
const AWAY: u64 = 25;
/// Strangers that a new account may write to in a day.
const FIRST: u64 = AT_MOST;

/// The kind of network that an account sends from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A network that it has used for days, or that its owner has vouched for.
    Home,
    /// The only network that a young account has ever used.
    First,
    /// Any other.
    New,
}

impl Place {
    /// The refusals of a day that can happen to an honest person there: old addresses, a mistyped list.
    fn refusals(self) -> u64 {
        match self {
            Self::Home => 20,
            Self::First => 15,
            Self::New => 8,
        }
    }
}

/// Why an account looks stolen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspicion {
    /// It writes to many strangers.
    Strangers,
    /// Others refuse many of its letters: no such person, or spam.
    Refusals,
}

/// The facts that are known of an account when it sends another letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conduct {
    /// The network that it sends from.
    pub place: Place,
    /// Recipients since the day began.
    pub sent: u64,
    /// Strangers that it wrote to from its first network since then.
    pub strange: u64,
    /// Strangers that it wrote to from new networks, within a week.
    pub away: u64,
    /// Refusals within a day.
    pub refused: u64,
    /// The recipients that it may have in a day.
    pub limit: u64,
    /// The postmaster has set that limit for it.
    pub vouched: bool,
    /// Letters of it are kept back already.
    pub held: Option<Suspicion>,
}

/// The letter: its recipients at other servers, and how many of them the account does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// All of them.
    pub recipients: u64,
    /// Those it does not know.
    pub strangers: u64,
}

/// The judgement on a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It goes.
    Goes,
    /// It is kept back until its person, or the postmaster, says that it was them.
    Suspicious(Suspicion),
    /// It is kept back until the day turns.
    Surplus,
    /// It has more recipients than any day of this account: it is refused while its author is there to be told.
    TooMany,
}

/// Returns the recipients that an account may have in a day after so many good days.
pub fn limit(good_days: u64) -> u64 {
    USUAL.saturating_add(good_days.saturating_mul(GROWTH)).min(CAP)
}

/// Good days beyond these bring no more.
pub const MOST_GOOD: u64 = (CAP - USUAL) / GROWTH;

/// Returns true if a day was a good one: something was sent, and hardly anything refused.
pub fn is_good_day(sent: u64, refused: u64) -> bool {
    sent > 0 && refused.saturating_mul(20) <= sent
}

/// Decides about a letter.
pub fn judge(conduct: &Conduct, batch: Batch) -> Judgement {
    let Conduct { place, sent, strange, away, refused, limit, vouched, held } = *conduct;
    // A letter from home to acquaintances goes, even while a thief is kept back.
    let is_at_ease = place == Place::Home && batch.strangers == 0;
    match held {
        Some(Suspicion::Refusals) if !is_at_ease => return Judgement::Suspicious(Suspicion::Refusals),
        Some(Suspicion::Strangers) if place == Place::New => return Judgement::Suspicious(Suspicion::Strangers),
        _ => {}
    }
    if batch.strangers > 0 {
        if refused >= place.refusals() && refused.saturating_mul(4) >= sent {
            return Judgement::Suspicious(Suspicion::Refusals);
        }
        let too_strange = match place {
            Place::Home => false,
            Place::First => !vouched && strange.saturating_add(batch.strangers) > FIRST,
            Place::New => away.saturating_add(batch.strangers) > AWAY,
        };
        if too_strange {
            return Judgement::Suspicious(Suspicion::Strangers);
        }
    }
    if batch.recipients > limit {
        return Judgement::TooMany;
    }
    if sent.saturating_add(batch.recipients) > limit {
        return Judgement::Surplus;
    }
    Judgement::Goes
}

#[cfg(test)]
mod tests {
    use Judgement::{Goes, Surplus, Suspicious, TooMany};
    use Suspicion::{Refusals, Strangers};

    use super::*;

    const HOME: Conduct = Conduct {
        place: Place::Home,
        sent: 0,
        strange: 0,
        away: 0,
        refused: 0,
        limit: USUAL,
        vouched: false,
        held: None,
    };
    const AWAY_FROM_HOME: Conduct = Conduct { place: Place::New, ..HOME };
    const FIRST_DAY: Conduct = Conduct { place: Place::First, ..HOME };

    fn known(recipients: u64) -> Batch {
        Batch { recipients, strangers: 0 }
    }

    fn strange(recipients: u64) -> Batch {
        Batch { recipients, strangers: recipients }
    }

    #[test]
    fn stories() {
        let thief = Conduct { held: Some(Strangers), away: 25, ..AWAY_FROM_HOME };
        let refused = |refused, sent| Conduct { refused, sent, strange: sent, ..HOME };
        for (story, conduct, batch, judgement) in [
            ("the secretary writes to 120 members from home", HOME, known(120), Goes),
            ("a newsletter of 180 from a hotel", AWAY_FROM_HOME, known(180), Goes),
            ("the first five strangers from a new telephone", AWAY_FROM_HOME, strange(5), Goes),
            ("invitations from home to a hundred strangers", HOME, strange(100), Goes),
            ("the first letters of a new account", FIRST_DAY, strange(40), Goes),
            ("a newcomer whose contacts were imported", FIRST_DAY, known(180), Goes),
            (
                "a thief's twenty-sixth stranger",
                Conduct { away: 25, ..AWAY_FROM_HOME },
                strange(1),
                Suspicious(Strangers),
            ),
            ("a thief's one letter to hundreds", AWAY_FROM_HOME, strange(180), Suspicious(Strangers)),
            (
                "strangers hidden among acquaintances",
                AWAY_FROM_HOME,
                Batch { recipients: 150, strangers: 30 },
                Suspicious(Strangers),
            ),
            (
                "a new account that begins with a flood",
                Conduct { strange: 50, sent: 50, ..FIRST_DAY },
                strange(1),
                Suspicious(Strangers),
            ),
            (
                "the same, and the postmaster knows it",
                Conduct { strange: 50, sent: 50, vouched: true, ..FIRST_DAY },
                strange(1),
                Goes,
            ),
            ("the thief goes on", thief, known(1), Suspicious(Strangers)),
            ("the owner at home, meanwhile", Conduct { place: Place::Home, ..thief }, strange(3), Goes),
            ("the owner of a young account, meanwhile", Conduct { place: Place::First, ..thief }, strange(3), Goes),
            ("addresses that do not exist, from home", refused(20, 60), strange(1), Suspicious(Refusals)),
            ("an old list of members, a tenth of it dead", refused(20, 180), strange(1), Goes),
            ("dead addresses, and a letter to a friend", refused(20, 60), known(1), Goes),
            ("a few mistyped addresses", refused(5, 6), strange(1), Goes),
            ("the worm goes on", Conduct { held: Some(Refusals), ..HOME }, strange(1), Suspicious(Refusals)),
            (
                "the owner of the wormy machine answers a friend",
                Conduct { held: Some(Refusals), ..HOME },
                known(1),
                Goes,
            ),
            ("the two hundredth of the day", Conduct { sent: 199, ..HOME }, known(1), Goes),
            ("the next one", Conduct { sent: 200, ..HOME }, known(1), Surplus),
            ("a letter to more than a day has room for", HOME, known(201), TooMany),
            ("a letter to people here alone, at the limit", Conduct { sent: 200, ..HOME }, known(0), Goes),
            ("a letter of the thief to people here", thief, known(0), Suspicious(Strangers)),
        ] {
            assert_eq!(judge(&conduct, batch), judgement, "{story}");
        }
    }

    /// Sends letters until one is kept back, and returns the recipients that got one.
    fn leaves(mut conduct: Conduct, recipients: u64) -> u64 {
        let mut left = 0;
        while judge(&conduct, strange(recipients)) == Goes {
            left += recipients;
            conduct.sent += recipients;
            match conduct.place {
                Place::New => conduct.away += recipients,
                Place::First | Place::Home => conduct.strange += recipients,
            }
        }
        left
    }

    #[test]
    fn at_most_fifty_leave_however_they_are_bundled() {
        for recipients in 1..=300 {
            assert!(leaves(FIRST_DAY, recipients) <= AT_MOST, "{recipients} at a time");
            // A patient thief sends at the end of one week and at the beginning of the next.
            assert!(2 * leaves(AWAY_FROM_HOME, recipients) <= AT_MOST, "{recipients} at a time");
        }
    }

    #[test]
    fn the_limit_grows_with_good_days_and_ends() {
        assert_eq!((limit(0), limit(1), limit(MOST_GOOD), limit(u64::MAX)), (200, 220, 1_000, 1_000));
        assert!(is_good_day(100, 5) && !is_good_day(100, 6) && !is_good_day(0, 0));
    }
}
