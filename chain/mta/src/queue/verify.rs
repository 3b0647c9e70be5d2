//! Is the queue what it should be? Every letter has its body and somebody it goes to, and every recipient is looked at.

use mail::Timestamp;
use store::{Key, Store, params};

use super::enter::wake_domain;

/// Something in the queue that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The kind of fault.
    pub kind: FaultKind,
    /// True if it was mended.
    pub mended: bool,
}

/// A kind of fault in the queue. Letters go by their names in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The body of a letter is not there, so that it cannot be sent.
    NoBody(String),
    /// Nobody is left to send the letter to.
    NoRecipient(String),
    /// A recipient belongs to no letter.
    NoLetter(String),
    /// Recipients of a domain wait, and nothing would ever look at them.
    Forgotten(String),
}

/// Makes a fault of the name that it is about.
type Kind = fn(String) -> FaultKind;

/// Rows that are told of one kind at most: where it is more, it is all of them.
const MOST: usize = 10_000;

/// Looks at the queue; with `repair` domains that were forgotten are looked at from `now` on. It blocks, and must not be
/// called from a task of a runtime.
pub fn verify(store: &Store, repair: bool, now: Timestamp, tell: &mut dyn FnMut(Fault)) -> Result<(), store::Error> {
    let kinds: [(&str, Kind); 3] = [
        (
            "SELECT l.name FROM queue_letter l LEFT JOIN blob b ON b.id = l.blob WHERE b.id IS NULL LIMIT $1",
            FaultKind::NoBody,
        ),
        (
            "SELECT l.name FROM queue_letter l WHERE NOT EXISTS
             (SELECT 1 FROM queue_recipient r WHERE r.letter = l.id) LIMIT $1",
            FaultKind::NoRecipient,
        ),
        (
            "SELECT r.address FROM queue_recipient r LEFT JOIN queue_letter l ON l.id = r.letter
             WHERE l.id IS NULL LIMIT $1",
            FaultKind::NoLetter,
        ),
    ];
    for (sql, kind) in kinds {
        let names = store.read_blocking(move |view| view.query(sql, params![MOST], |row| row.get::<String>(0)))?;
        names.into_iter().for_each(|name| tell(Fault { kind: kind(name), mended: false }));
    }
    forgotten(store, repair, now, tell)
}

fn forgotten(store: &Store, repair: bool, now: Timestamp, tell: &mut dyn FnMut(Fault)) -> Result<(), store::Error> {
    let sql = "SELECT DISTINCT domain FROM queue_recipient WHERE state = 0 AND NOT EXISTS
         (SELECT 1 FROM queue_domain d WHERE d.domain = queue_recipient.domain) LIMIT $1";
    let domains = store.read_blocking(move |view| view.query(sql, params![MOST], |row| row.get::<String>(0)))?;
    for domain in domains {
        if repair {
            let woken = domain.clone();
            store.write_blocking(Key::Queue, move |tx| {
                tx.announce(super::TOPIC);
                wake_domain(tx, &woken, now)
            })?;
        }
        tell(Fault { kind: FaultKind::Forgotten(domain), mended: repair });
    }
    Ok(())
}
