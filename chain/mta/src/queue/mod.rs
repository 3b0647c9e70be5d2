//! The letters that wait to be carried on, in the store.
//!
//! Invariants:
//! * A letter is here from the commit that is behind its 250 until the commit that says what became of its last
//!   recipient. Nothing about it is true in memory only, so a crash loses nothing.
//! * A recipient leaves the queue delivered, or in the very commit that puts its bounce in, or by `facteur queue drop`. One
//!   whose sender wants to hear of its arrival leaves in the commit that puts that report in.
//! * One commit releases a letter that its author has postponed, and one takes it back: whichever comes first counts,
//!   so that a letter that was taken back never leaves, and one that was not always does.
//! * A letter is given up when it was tried often enough, for as many hours as the office was running; no clock that is
//!   set wrong returns it early, or has it wait for years.
//! * Due letters are found through an index by domain and time: no question reads the whole queue.
//!
//! **The one window in which a letter can arrive twice**: another server has said 250 to it, and we die before the
//! commit that records it is on the disk (or the connection breaks before we see the 250). The letter is then still
//! here and is sent again, since the other choice would be to lose it (RFC 5321 §4.5.4.1; RFC 1047).

mod author;
mod claim;
mod desk;
mod enter;
mod expire;
mod forward;
mod forward_state;
mod give_back;
mod list;
mod pace;
mod postpone;
mod record;
mod report;
mod running;
mod subject;
mod tables;
mod verify;
mod wishes;
mod withheld;

pub use author::{forgive, refusals_of};
pub use claim::{DueDomain, DueRecipient, Loaded, LoadedRecipient, attempts_of, due, load, soonest, turns};
pub use desk::{Touched, Which, drop_letters, hold, release, retry};
pub use enter::{Prepared, PreparedReport, Terms, prepare, prepare_report};
pub use expire::{EXPIRED, OVERDUE, Overdue, expire, next_deadline, overdue};
pub use forward::{FORWARD, Forwarded};
pub use forward_state::{REFUSALS, Troubled, is_paused, resume, tell, troubled, untold};
pub use list::{Attempt, Counts, Filter, Listed, ListedRecipient, MOST_RECIPIENTS, Page, Shown, counts, list, show};
pub use pace::Rate;
pub use postpone::{let_go, next_postponed, recall};
pub use record::{Away, Entry, Outcome, Said, domain_failed, record, settle_domain};
pub use report::{DAMAGED, NOT_TRIED, letters_to_report, write_report};
pub use running::{Ran, Stretch, is_beyond, keep_running, ran, set_domains_right, set_right};
pub use subject::Subject;
pub use tables::MIGRATIONS;
pub use verify::{Fault, FaultKind, verify};
pub use withheld::{Withheld, WithheldCount, drop_withheld, let_go_withheld, subject_of, withheld, withheld_count};

use store::Topic;

/// Announced when there is something new to carry.
pub const TOPIC: Topic = Topic { kind: "queue", id: 0 };

/// Announced when a forward has failed.
pub const FORWARDS: Topic = Topic { kind: "forwards", id: 0 };

/// The state of a recipient in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// The next try.
    Waiting,
    /// The postmaster (`facteur queue release`).
    Held,
    /// The report to the sender: this recipient failed for good.
    Failed,
    /// The report to the sender: this recipient has the letter.
    Arrived,
    /// The time at which its author wants it to go.
    Postponed,
}

impl State {
    /// The word that `facteur queue list` shows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Arrived => "arrived",
            Self::Postponed => "postponed",
        }
    }

    fn number(self) -> i64 {
        match self {
            Self::Waiting => 0,
            Self::Held => 1,
            Self::Failed | Self::Arrived => 2,
            Self::Postponed => 3,
        }
    }

    fn from_number(number: i64) -> Self {
        match number {
            0 => Self::Waiting,
            1 => Self::Held,
            3 => Self::Postponed,
            _ => Self::Failed,
        }
    }
}
