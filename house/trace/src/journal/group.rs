//! One group of observations on its way to the disk.

use std::collections::HashSet;
use std::time::Duration;

use mail::trace::{Event, Link, Observation, Step};
use mail::{LetterId, Timestamp};
use store::{Key, Store, Tx, View, params};

use crate::index::letter;
use crate::note;

/// The number of times that the journal asks a store again that has no time now.
const TRIES: u32 = 5;

/// The steps that are to be written.
#[derive(Clone)]
pub struct Group(Vec<One>);

#[derive(Clone)]
enum One {
    Step(Box<Step>),
    Read(Handled),
    Removed(Handled),
}

/// A letter in a mailbox that somebody did something to.
#[derive(Clone, Copy)]
struct Handled {
    account: i64,
    key: i64,
    door: Link,
    at: Timestamp,
}

impl Group {
    /// Makes a group of these; an observation that is said twice is taken once.
    pub fn new(observations: Vec<Observation>) -> Self {
        let mut group = Vec::with_capacity(observations.len());
        let mut read = HashSet::new();
        for observation in observations {
            match observation {
                Observation::Step(step) => group.push(One::Step(step)),
                Observation::Read { account, keys, door, at } => {
                    let fresh = keys.into_iter().filter(|key| read.insert((*key, door)));
                    group.extend(fresh.map(|key| One::Read(Handled { account: account.0, key, door, at })));
                }
                Observation::Removed { account, keys, door, at } => {
                    let each = keys.into_iter().map(|key| One::Removed(Handled { account: account.0, key, door, at }));
                    group.extend(each);
                }
            }
        }
        Self(group)
    }

    /// Writes it; when nothing in it is new, nothing is written.
    pub async fn write(self, store: &Store) -> Result<(), store::Error> {
        let mut wait = Duration::from_millis(100);
        for _ in 1..TRIES {
            match self.clone().try_write(store).await {
                Err(error) if error.is_temporary() && error != store::Error::Closed => {}
                done => return done,
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        self.try_write(store).await
    }

    async fn try_write(self, store: &Store) -> Result<(), store::Error> {
        let news = store.read(move |view| self.news(view)).await?;
        for slice in news.chunks(500) {
            let slice = slice.to_vec();
            store.write(Key::Trace, move |tx| slice.iter().try_for_each(|one| one.write(tx))).await?;
        }
        Ok(())
    }

    /// Returns the observations that are new. Most letters that are read were read before; this finds out where it
    /// holds nobody up.
    fn news(self, view: &View) -> Result<Vec<One>, store::Error> {
        let mut news = Vec::with_capacity(self.0.len());
        for one in self.0 {
            let is_new = match &one {
                One::Step(_) => true,
                One::Read(handled) => is_kept(view, handled.key, bit(handled.door))?,
                One::Removed(handled) => is_kept(view, handled.key, 0)?,
            };
            if is_new {
                news.push(one);
            }
        }
        Ok(news)
    }
}

impl One {
    fn write(&self, tx: &mut Tx) -> Result<(), store::Error> {
        let (found, at, event) = match self {
            Self::Step(step) => return note(tx, step),
            Self::Read(Handled { account, key, door, at }) => {
                let sql =
                    "UPDATE trace_filed SET doors = doors | $2 WHERE key = $1 AND (doors & $2) = 0 RETURNING letter";
                let found: Option<LetterId> = tx.query_opt(sql, params![*key, bit(*door)], |row| letter(row, 0))?;
                (found, *at, Event::Read { account: *account, door: *door })
            }
            Self::Removed(Handled { account, key, door, at }) => {
                let sql = "DELETE FROM trace_filed WHERE key = $1 RETURNING letter";
                let found: Option<LetterId> = tx.query_opt(sql, params![*key], |row| letter(row, 0))?;
                (found, *at, Event::Removed { account: *account, door: *door })
            }
        };
        match found {
            Some(letter) => note(tx, &Step { letter, at, event }),
            None => Ok(()),
        }
    }
}

/// Returns true if the letter is known, without any of these bits set.
fn is_kept(view: &View, key: i64, bits: i64) -> Result<bool, store::Error> {
    let sql = "SELECT 1 FROM trace_filed WHERE key = $1 AND (doors & $2) = 0";
    Ok(view.query_opt(sql, params![key, bits], |row| row.get::<i64>(0))?.is_some())
}

/// The doors through which letters are opened, in `trace_filed`.
fn bit(door: Link) -> i64 {
    match door {
        Link::Imap => 1,
        Link::Pop3 => 2,
        Link::Jmap => 4,
        _ => 8,
    }
}
