//! Measures the weather at a site: how many carriers it bears, and when it is left alone. It warms up again by
//! itself.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

use crate::queue::Said;

/// The bearing of a conversation on the site, beyond its letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bearing {
    /// It works.
    Well,
    /// It has enough of us: it said so, or did not even let us in.
    Busy(Said),
    /// The connection was lost. Perhaps it was the letter: the next one shows it.
    Lost(Said),
}

/// The outlook after trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// Nothing yet.
    GoOn,
    /// One carrier fewer.
    Fewer,
    /// The site is left alone for a while.
    Close,
}

/// Connections lost in a row, until they are the site's fault and not a letter's.
const LOST_IN_A_ROW: u32 = 2;
/// After trouble, one carrier more is borne each time that it went well for so long.
const CALM: Duration = Duration::from_secs(60);
/// Trouble is remembered for so long after the last of it.
const REMEMBERED: Duration = Duration::from_secs(15 * 60);
/// Addresses that are remembered as failing.
const MOST_RESTING: usize = 64;

/// The weather at a site.
#[derive(Default)]
pub struct Weather {
    /// A server has greeted since the last failure.
    greeted: bool,
    /// A letter had its answer since the last failure. Before that few knock.
    reachable: bool,
    /// No more carriers than this.
    ceiling: Option<usize>,
    /// When the ceiling was set, or raised.
    calm_since: Option<Instant>,
    /// Connections lost in a row.
    lost: u32,
    /// The number of times in a row that it had to be left alone.
    failures: u32,
    closed: Option<(Instant, Said)>,
    troubled: Option<Instant>,
    rests: HashMap<IpAddr, Instant>,
}

impl Weather {
    /// A server has greeted.
    pub fn greeted(&mut self) {
        self.greeted = true;
    }

    /// A letter had its answer, from this address.
    pub fn well(&mut self, at: Option<IpAddr>) {
        (self.greeted, self.reachable) = (true, true);
        (self.lost, self.failures, self.closed) = (0, 0, None);
        if let Some(at) = at {
            self.rests.remove(&at);
        }
        if let Some(ceiling) = self.ceiling
            && self.calm_since.is_none_or(|since| since.elapsed() >= CALM)
        {
            (self.ceiling, self.calm_since) = (Some(ceiling.saturating_add(1)), Some(Instant::now()));
        }
    }

    /// One of so many `carriers` had trouble.
    pub fn trouble(&mut self, bearing: &Bearing, carriers: usize) -> Outlook {
        let now = Instant::now();
        let lost = match bearing {
            Bearing::Well => return Outlook::GoOn,
            Bearing::Busy(_) => false,
            Bearing::Lost(_) => true,
        };
        self.troubled = Some(now);
        self.lost += 1;
        if self.reachable && carriers > 1 {
            (self.ceiling, self.calm_since) = (Some(carriers - 1), Some(now));
            return Outlook::Fewer;
        }
        if lost && self.lost < LOST_IN_A_ROW {
            return Outlook::GoOn;
        }
        // If the site worked and had enough, it begins with one carrier again.
        if self.reachable {
            (self.ceiling, self.calm_since) = (Some(1), Some(now));
        }
        (self.greeted, self.reachable) = (false, false);
        self.failures = self.failures.saturating_add(1);
        Outlook::Close
    }

    /// Returns how often in a row the site had to be left alone.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Left alone from now on, for so long.
    pub fn close(&mut self, pause: Duration, said: Said) {
        self.closed = Some((Instant::now() + pause, said));
    }

    /// Returns how long it is left alone still, and why.
    pub fn closed(&self) -> Option<(Duration, Said)> {
        let (until, said) = self.closed.as_ref()?;
        let pause = until.saturating_duration_since(Instant::now());
        (!pause.is_zero()).then(|| (pause, said.clone()))
    }

    /// It is tried again; its domains could not be reached so often in a row.
    pub fn open(&mut self, failures: u32) {
        self.closed = None;
        self.failures = self.failures.max(failures);
    }

    /// Returns how many carriers it bears, of `most`.
    pub fn carriers(&self, most: usize) -> usize {
        match (self.reachable, self.greeted) {
            (true, _) => most.min(self.ceiling.unwrap_or(most)),
            (false, true) => most.min(2).min(self.ceiling.unwrap_or(most)),
            (false, false) => most.min(1),
        }
    }

    /// This address is better asked last for so long.
    pub fn rest(&mut self, ip: IpAddr, pause: Duration) {
        let now = Instant::now();
        if self.rests.len() >= MOST_RESTING {
            self.rests.retain(|_, until| *until > now);
        }
        if self.rests.len() < MOST_RESTING {
            self.rests.insert(ip, now + pause);
            self.troubled = Some(now);
        }
    }

    /// Addresses that are better asked last.
    pub fn rests(&self) -> HashSet<IpAddr> {
        let now = Instant::now();
        self.rests.iter().filter(|(_, until)| **until > now).map(|(ip, _)| *ip).collect()
    }

    /// Tells whether nothing has to be remembered of the site.
    pub fn is_forgotten(&self) -> bool {
        let trouble = self.troubled.is_some_and(|at| at.elapsed() < REMEMBERED);
        !trouble && self.closed().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::Enhanced;

    fn said() -> Said {
        Said::ours(Enhanced(4, 3, 2), "no")
    }

    #[tokio::test(start_paused = true)]
    async fn a_site_that_has_enough_is_left_alone_at_once_and_one_that_hangs_up_the_second_time() {
        let mut weather = Weather::default();
        assert_eq!(weather.trouble(&Bearing::Busy(said()), 1), Outlook::Close);
        let mut weather = Weather::default();
        assert_eq!(weather.trouble(&Bearing::Lost(said()), 1), Outlook::GoOn);
        assert_eq!(weather.trouble(&Bearing::Lost(said()), 1), Outlook::Close);
        let mut weather = Weather::default();
        assert_eq!(weather.trouble(&Bearing::Lost(said()), 1), Outlook::GoOn);
        weather.well(None);
        assert_eq!(weather.trouble(&Bearing::Lost(said()), 1), Outlook::GoOn, "it was one letter");
    }

    #[tokio::test(start_paused = true)]
    async fn it_warms_up_again_by_itself() {
        let mut weather = Weather::default();
        weather.well(None);
        assert_eq!(weather.carriers(5), 5);
        for left in [4, 3, 2, 1] {
            assert_eq!(weather.trouble(&Bearing::Busy(said()), left + 1), Outlook::Fewer);
            assert_eq!(weather.carriers(5), left);
        }
        assert_eq!(weather.trouble(&Bearing::Busy(said()), 1), Outlook::Close);
        weather.close(Duration::from_secs(60), said());
        assert!(weather.closed().is_some());
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(weather.closed().is_none());
        weather.open(0);
        for carriers in [2, 3, 4, 5, 5] {
            (0..100).for_each(|_| weather.well(None));
            assert_eq!(weather.carriers(5), carriers);
            tokio::time::advance(CALM).await;
        }
        assert_eq!(weather.failures(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn trouble_is_remembered_for_a_while() {
        let mut weather = Weather::default();
        assert!(weather.is_forgotten());
        weather.rest([192, 0, 2, 1].into(), CALM);
        assert_eq!(weather.rests().len(), 1);
        assert!(!weather.is_forgotten());
        tokio::time::advance(REMEMBERED).await;
        assert!(weather.is_forgotten() && weather.rests().is_empty());
    }
}
