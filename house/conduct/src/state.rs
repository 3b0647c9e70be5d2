//! The recipients that an account has had, and those that it may have.

use std::time::Duration;

use mail::seam::AccountId;
use store::{Row, Tx, View, params};

use crate::Error;
use crate::judgement::{self, MOST_GOOD};
use crate::ran::{Ran, milliseconds};

const DAY: Duration = Duration::from_secs(24 * 3600);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// The row of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub day: i64,
    pub sent: u64,
    pub strange: u64,
    pub week: i64,
    pub away: u64,
    pub good: u64,
    pub sends: Option<u64>,
}

impl State {
    /// Reads the row of an account, with days and weeks begun anew whose time is over. `refused` letters of this day came
    /// back.
    pub fn read(view: &View, account: AccountId, ran: Ran, refused: u64) -> Result<Self, Error> {
        let sql = "SELECT day, sent, strange, week, away, good, sends FROM conduct_account WHERE account = $1";
        let state = view.query_opt(sql, params![account.0], of_row)?;
        Ok(state.unwrap_or_else(|| Self::new(ran)).at(ran, refused))
    }

    fn new(ran: Ran) -> Self {
        Self { day: ran.0, sent: 0, strange: 0, week: ran.0, away: 0, good: 0, sends: None }
    }

    fn at(mut self, ran: Ran, refused: u64) -> Self {
        let is_over = |began: i64, length| ran.0.saturating_sub(began) >= milliseconds(length);
        if is_over(self.day, DAY) {
            if judgement::is_good_day(self.sent, refused) {
                self.good = (self.good + 1).min(MOST_GOOD);
            }
            (self.day, self.sent, self.strange) = (ran.0, 0, 0);
        }
        if is_over(self.week, WEEK) {
            (self.week, self.away) = (ran.0, 0);
        }
        self
    }

    /// The recipients of a day.
    pub fn limit(&self) -> u64 {
        self.sends.unwrap_or_else(|| judgement::limit(self.good))
    }

    pub fn write(&self, tx: &mut Tx, account: AccountId) -> Result<(), Error> {
        let Self { day, sent, strange, week, away, good, sends } = *self;
        tx.execute(
            "INSERT INTO conduct_account (account, day, sent, strange, week, away, good, sends)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (account) DO UPDATE SET day = excluded.day, sent = excluded.sent, strange = excluded.strange,
                 week = excluded.week, away = excluded.away, good = excluded.good, sends = excluded.sends",
            params![account.0, day, sent, strange, week, away, good, sends],
        )?;
        Ok(())
    }
}

fn of_row(row: &Row<'_>) -> store::Result<State> {
    Ok(State {
        day: row.get(0)?,
        sent: row.get(1)?,
        strange: row.get(2)?,
        week: row.get(3)?,
        away: row.get(4)?,
        good: row.get(5)?,
        sends: row.get(6)?,
    })
}

/// The recipients that an account may have, for people to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The recipients that it may have in a day.
    pub limit: u64,
    /// The recipients that it has had since the day began.
    pub sent: u64,
    /// The postmaster has set the limit.
    pub set: bool,
}

/// Returns what an account may send.
pub fn allowance(view: &View, account: AccountId, ran: Ran) -> Result<Allowance, Error> {
    let state = State::read(view, account, ran, 0)?;
    Ok(Allowance { limit: state.limit(), sent: state.sent, set: state.sends.is_some() })
}

/// Sets the recipients that an account may have in a day; `None`: what is usual for its conduct.
pub fn set_sends(tx: &mut Tx, account: AccountId, sends: Option<u64>, ran: Ran) -> Result<(), Error> {
    State { sends, ..State::read(tx, account, ran, 0)? }.write(tx, account)?;
    // Letters that wait for the day to turn may have room now.
    tx.announce(crate::TOPIC);
    Ok(())
}
