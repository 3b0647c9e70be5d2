//! Deals with letters that are kept back because of how their author sends: tells those who must know, lets letters go or
//! drops them when somebody has said so, and lets those go that waited for another day.
//!
//! All that is decided stands in rows, and the work goes on from them after a kill.

mod notice;
mod words;

use std::net::IpAddr;
use std::time::Duration;

use conduct::hold::{self, Hold, HoldState, Reason};
use conduct::{HoldId, Ran};
use directory::Secret;
use mail::seam::{AccountId, OurFault};
use mail::{Address, Timestamp};
use mta::queue::{self, Withheld, WithheldCount};
use net::Shutdown;
use store::{Key, Tx, View};

use crate::weighing::Unweighed;
use crate::{Intake, our_fault};

/// Keeps letters back, and lets them go. Cheap to clone.
#[derive(Clone)]
pub struct Holds(Intake);

/// A hold, and how much it keeps back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The hold.
    pub hold: Hold,
    /// The letters that it keeps back, and their recipients.
    pub count: WithheldCount,
}

/// A letter that is kept back, as people are shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldLetter {
    /// The letter in the queue.
    pub letter: Withheld,
    /// Its subject; empty if it has none.
    pub subject: String,
}

/// Work that nobody has announced is looked for so often: a day turns.
const AGAIN: Duration = Duration::from_secs(60);
/// Holds looked at together, and letters of one.
const SLICE: usize = 100;

impl Intake {
    /// Deals with letters that are kept back.
    pub fn holds(&self) -> Holds {
        Holds(self.clone())
    }
}

impl Holds {
    /// Works until the shutdown.
    pub async fn run(self, shutdown: Shutdown) {
        let mut watch = self.0.store.watch(conduct::TOPIC);
        let work = async {
            loop {
                if let Err(fault) = self.work_off().await {
                    tracing::warn!(%fault, "letters that are kept back will be looked at again");
                }
                let _ = tokio::time::timeout(AGAIN, watch.changed()).await;
            }
        };
        tokio::select! {
            () = shutdown.requested() => {}
            () = work => {}
        }
    }

    /// Does all there is to do now.
    pub async fn work_off(&self) -> Result<(), OurFault> {
        let mut after = HoldId(0);
        loop {
            let holds = self.read(move |view| Ok(hold::list(view, after, SLICE)?)).await?;
            let Some(last) = holds.last() else { return Ok(()) };
            after = last.id;
            for hold in holds {
                match (hold.state, hold.reason) {
                    (HoldState::Releasing, _) => self.empty(hold.id, queue::let_go_withheld).await?,
                    (HoldState::Dropping, _) => self.empty(hold.id, queue::drop_withheld).await?,
                    (HoldState::Open, Reason::DayLimit) => self.let_go_what_has_room(&hold).await?,
                    (HoldState::Open, Reason::Strangers | Reason::Refusals) => {}
                }
                if hold.state == HoldState::Open && !hold.told {
                    self.tell(&hold).await?;
                }
            }
        }
    }

    /// Lists what is kept back, of all accounts or of one.
    pub async fn list(&self, of: Option<AccountId>) -> Result<Vec<Held>, OurFault> {
        self.read(move |view| {
            let holds = match of {
                Some(account) => hold::open_of(view, account)?,
                None => {
                    let mut holds = hold::list(view, HoldId(0), MOST_LISTED)?;
                    holds.retain(|hold| hold.state == HoldState::Open);
                    holds
                }
            };
            let counted = holds.into_iter().map(|hold| {
                let count = queue::withheld_count(view, hold.id.0)?;
                Ok(Held { hold, count })
            });
            counted.collect()
        })
        .await
    }

    /// Returns letters that a hold keeps back, the oldest first, up to `most`.
    pub async fn letters(&self, hold: HoldId, most: usize) -> Result<Vec<HeldLetter>, OurFault> {
        self.read(move |view| {
            let letters = queue::withheld(view, hold.0, 0, most)?;
            let shown = letters.into_iter().map(|letter| {
                let subject = queue::subject_of(view, letter.row)?;
                Ok(HeldLetter { letter, subject })
            });
            shown.collect()
        })
        .await
    }

    /// Returns true if somebody at `ip` is where the account is at home.
    pub async fn is_home(&self, account: AccountId, ip: IpAddr) -> Result<bool, OurFault> {
        let now = net::now();
        self.read(move |view| Ok(conduct::is_home(view, account, ip, (now, ran(view)?))?)).await
    }

    /// "It was me": lets everything of the account go. Returns how many holds there were.
    pub async fn release(&self, account: AccountId) -> Result<usize, OurFault> {
        let released = self
            .write(move |tx| {
                let holds = hold::release(tx, account, ran(tx)?)?;
                queue::forgive(tx, account.0)?;
                Ok(holds.len())
            })
            .await?;
        self.work_off().await?;
        Ok(released)
    }

    /// "It was not me": drops the letters, and sets another password, with which everything ends that the old one let in.
    /// Letters that only wait for the day to turn stay. Returns how many holds there were.
    pub async fn drop_letters(&self, person: Address, secret: Secret) -> Result<usize, OurFault> {
        let now = net::now();
        let dropped = self
            .write(move |tx| {
                let account = directory::account::set_secret(tx, &person, &secret, now)?;
                directory::account::end_credentials(tx, account)?;
                let holds = hold::drop_letters(tx, account, ran(tx)?)?;
                queue::forgive(tx, account.0)?;
                Ok(holds.len())
            })
            .await?;
        self.work_off().await?;
        Ok(dropped)
    }

    /// Has every letter of a decided hold follow the decision, and closes it.
    async fn empty(&self, hold: HoldId, act: Act) -> Result<(), OurFault> {
        loop {
            let letters = self.read(move |view| Ok(queue::withheld(view, hold.0, 0, SLICE)?)).await?;
            if letters.is_empty() {
                return self.write(move |tx| close_if_empty(tx, hold)).await;
            }
            for letter in letters {
                let now = net::now();
                while self.act(letter.clone(), now, act).await? {}
            }
        }
    }

    async fn act(&self, letter: Withheld, now: Timestamp, act: Act) -> Result<bool, OurFault> {
        self.write(move |tx| Ok(act(tx, &letter, now)?)).await
    }

    /// Lets letters beyond the day's limit go, the oldest first, as far as the day has room. The hold ends with the last.
    async fn let_go_what_has_room(&self, hold: &Hold) -> Result<(), OurFault> {
        let (id, account) = (hold.id, hold.account);
        loop {
            let letters = self.read(move |view| Ok(queue::withheld(view, id.0, 0, SLICE)?)).await?;
            if letters.is_empty() {
                return self.write(move |tx| close_if_empty(tx, id)).await;
            }
            for letter in letters {
                let (now, first) = (net::now(), letter.clone());
                let begun = self.write(move |tx| {
                    let ran = ran(tx)?;
                    if !conduct::take_room(tx, account, first.recipients_in_all, ran)? {
                        return Ok(None);
                    }
                    Ok(Some(queue::let_go_withheld(tx, &first, now)?))
                });
                match begun.await? {
                    None => return Ok(()),
                    Some(false) => {}
                    Some(true) => while self.act(letter.clone(), now, queue::let_go_withheld).await? {},
                }
            }
        }
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnMut(&View) -> Result<T, Unweighed> + Send + 'static,
    ) -> Result<T, OurFault> {
        self.0.store.read(read).await.map_err(fault)
    }

    async fn write<T: Send + 'static>(
        &self,
        write: impl FnMut(&mut Tx) -> Result<T, Unweighed> + Send + 'static,
    ) -> Result<T, OurFault> {
        self.0.store.write(Key::Everything, write).await.map_err(fault)
    }
}

/// Does something to a slice of a letter, and says whether there is more of it.
type Act = fn(&mut Tx, &Withheld, Timestamp) -> Result<bool, store::Error>;

/// The most holds that a list shows.
const MOST_LISTED: usize = 1000;

/// A hold that a letter has joined in the meantime stays.
fn close_if_empty(tx: &mut Tx, id: HoldId) -> Result<(), Unweighed> {
    if queue::withheld(tx, id.0, 0, 1)?.is_empty() {
        hold::close(tx, id)?;
    }
    Ok(())
}

fn ran(view: &View) -> Result<Ran, store::Error> {
    Ok(Ran(queue::ran(view)?.0))
}

fn fault(error: Unweighed) -> OurFault {
    match error {
        Unweighed::Store(error) => our_fault(error),
        Unweighed::Other(fault) => fault,
    }
}
