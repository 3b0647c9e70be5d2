//! Into the queue.

use mail::trace::{Arrival, Event, Link};
use mail::{Address, Envelope, Findings, LetterId, LetterWishes, Recipient, ReturnPath, Timestamp, header};
use store::{PreparedBlob, Store, Tx, params};

use super::pace::{Rate, take_turn};
use super::running::ran;
use super::{FORWARD, Forwarded, State, Subject, TOPIC, author, wishes};
use crate::backoff::Schedule;
use crate::outgoing::Outgoing;

/// The times from which and until which a letter is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// It came in then, and is tried from then on.
    pub arrived: Timestamp,
    /// It is given up then.
    pub expires: Timestamp,
    /// The sender is told then that it is late, if it still waits.
    pub warn_at: Option<Timestamp>,
    /// It is not tried before, and can be taken back until then (see [`super::recall`]).
    pub not_before: Option<Timestamp>,
}

impl Terms {
    /// The terms of a letter that comes in now.
    pub fn new(now: Timestamp, schedule: &Schedule) -> Self {
        Self {
            arrived: now,
            expires: now.after(schedule.lifetime),
            warn_at: schedule.warn_after.map(|wait| now.after(wait)),
            not_before: None,
        }
    }

    /// The terms of a letter that comes in now and is to go at `until`, from when on its time counts (RFC 4865 §5).
    pub fn postponed(now: Timestamp, until: Timestamp, schedule: &Schedule) -> Self {
        Self { arrived: now, not_before: Some(until), ..Self::new(until, schedule) }
    }
}

/// A letter ready to be put into the queue.
#[derive(Clone)]
pub struct Prepared {
    id: LetterId,
    return_path: String,
    sender: String,
    recipients: Vec<Recipient>,
    body: PreparedBlob,
    size: usize,
    eight_bit: bool,
    smtputf8: bool,
    terms: Terms,
    /// The findings about it, from where it came in, as the column holds them.
    findings: Option<Vec<u8>>,
    /// It goes on from an address of ours.
    forwarded: Option<Forwarded>,
    /// It waits for its turn behind others for the same recipient.
    rate: Option<Rate>,
    wishes: LetterWishes,
    /// Nobody is written to about it: its return path may be forged.
    mistrusted: bool,
    /// The account of the person who wrote it here.
    author: Option<i64>,
}

/// Does all that needs no transaction, outside the writer. The body is kept once, however many recipients there are
/// and whoever else in the house has the same bytes.
pub fn prepare(
    store: &Store,
    outgoing: &Outgoing,
    envelope: &Envelope,
    terms: Terms,
) -> Result<Prepared, store::Error> {
    let letter = outgoing.letter();
    let head = letter.raw.get(..header::body_start(&letter.raw)).unwrap_or_default();
    // A null return path gets no reports, neither of failure nor of delay.
    let warn_at = terms.warn_at.filter(|_| envelope.return_path.address().is_some());
    Ok(Prepared {
        id: letter.id,
        return_path: envelope.return_path.to_string(),
        sender: sender(&envelope.return_path),
        recipients: envelope.recipients.clone(),
        body: store.prepare_blob(letter.raw.clone())?,
        size: letter.raw.len(),
        // The declaration of the sender may be wrong in both directions: the octets of the letter count.
        eight_bit: !letter.raw.is_ascii(),
        // A letter that was declared SMTPUTF8 and has nothing that needs it may go to any server.
        smtputf8: envelope.smtputf8 && !head.is_ascii(),
        terms: Terms { warn_at, ..terms },
        findings: None,
        forwarded: None,
        rate: None,
        wishes: envelope.wishes.clone(),
        mistrusted: false,
        author: None,
    })
}

/// Returns the sender of a letter, for the turns that senders take: without the detail that mailing lists and people
/// put behind a plus, which may be another one for each letter.
fn sender(return_path: &ReturnPath) -> String {
    let Some(address) = return_path.address() else { return String::new() };
    let local = address.local().split('+').next().unwrap_or_default();
    format!("{local}@{}", address.domain()).to_lowercase()
}

/// A report ready to be put into the queue. It has a history of its own, which begins there.
pub struct PreparedReport {
    prepared: Prepared,
    arrival: Arrival,
    /// The events about its signatures.
    signed: Vec<Event>,
}

/// The same as [`prepare`], for a report that is written here.
pub fn prepare_report(
    store: &Store,
    report: &Outgoing,
    envelope: &Envelope,
    terms: Terms,
) -> Result<PreparedReport, store::Error> {
    let arrival = Arrival::of(Link::House, report.letter(), envelope);
    let signed = report.signed().collect();
    Ok(PreparedReport { prepared: prepare(store, report, envelope, terms)?, arrival, signed })
}

impl PreparedReport {
    /// Puts the report into the queue, due at once.
    pub fn put(&self, tx: &mut Tx) -> Result<(), store::Error> {
        self.prepared.put(tx)?;
        let mut begins = vec![Event::Received(self.arrival.clone())];
        begins.extend(self.signed.iter().cloned());
        begins.push(self.prepared.queued());
        trace::note_all(tx, self.prepared.id, self.prepared.terms.arrived, begins)
    }

    /// Returns the event, for the history of a letter, that its sender is told about it.
    pub fn reported(&self, subject: Subject) -> Event {
        let to = self.arrival.recipients.first().cloned().unwrap_or_default();
        let report = self.prepared.id.to_string();
        match subject {
            Subject::Failed => Event::Reported { to, report, late: false },
            Subject::Late | Subject::Overdue => Event::Reported { to, report, late: true },
            Subject::Delivered | Subject::Relayed => Event::Confirmed { to, report },
        }
    }
}

impl Prepared {
    /// With what was found out about the letter where it came in: it stays with the letter, should it be filed here.
    #[must_use]
    pub fn with_findings(self, findings: &Findings) -> Self {
        Self { findings: findings.to_column(), ..self }
    }

    /// For this one of its recipients alone.
    #[must_use]
    pub fn for_one(&self, recipient: &Address) -> Self {
        let recipients = self.recipients.iter().filter(|known| known.address == *recipient).cloned().collect();
        Self { recipients, ..self.clone() }
    }

    /// As one that goes on from an address of ours: it comes back if it is not taken, and it goes to its recipient at this
    /// rate. Only a sender who is proved hears of it when it is late.
    #[must_use]
    pub fn forwarded(self, forwarded: Forwarded, rate: Rate) -> Self {
        let warn_at = self.terms.warn_at.filter(|_| forwarded.reports_to.is_some());
        Self { terms: Terms { warn_at, ..self.terms }, forwarded: Some(forwarded), rate: Some(rate), ..self }
    }

    /// As one that goes to its recipient at this rate: the letters beyond it wait.
    #[must_use]
    pub fn at_rate(self, rate: Rate) -> Self {
        Self { rate: Some(rate), ..self }
    }

    /// Has nobody written to about the letter, if its return path may be forged: a report would reach somebody who never
    /// wrote it.
    #[must_use]
    pub fn mistrusted(self, mistrusted: bool) -> Self {
        let warn_at = self.terms.warn_at.filter(|_| !mistrusted);
        Self { terms: Terms { warn_at, ..self.terms }, mistrusted, ..self }
    }

    /// As the letter of this author, who has an account here.
    #[must_use]
    pub fn with_author(self, author: Option<i64>) -> Self {
        Self { author, ..self }
    }

    /// Returns the event that the letter waits, for its history; whoever takes charge of the letter notes it, with
    /// all else it does.
    pub fn queued(&self) -> Event {
        let recipients = self.recipients.iter().map(ToString::to_string).collect();
        match self.terms.not_before {
            Some(until) => Event::Postponed { recipients, until: until.0 },
            None => Event::Queued { recipients },
        }
    }

    /// Puts the letter into the queue, due at once or when its author wants it to go. Without recipients it does nothing.
    pub fn put(&self, tx: &mut Tx) -> Result<(), store::Error> {
        self.put_in(tx, None)
    }

    /// The same, of a letter that this hold keeps back.
    pub fn put_withheld(&self, tx: &mut Tx, hold: i64) -> Result<(), store::Error> {
        self.put_in(tx, Some(hold))
    }

    fn put_in(&self, tx: &mut Tx, hold: Option<i64>) -> Result<(), store::Error> {
        if self.recipients.is_empty() {
            return Ok(());
        }
        let terms = self.in_turn(tx)?;
        let letter = self.put_letter(tx, terms)?;
        if let Some(forwarded) = &self.forwarded {
            forwarded.put(tx, letter)?;
        }
        if let Some(author) = self.author {
            author::mark(tx, letter, author, hold)?;
        }
        let (state, due) = match (terms.not_before, hold) {
            (Some(until), _) => (State::Postponed, until),
            (None, Some(_)) => (State::Held, self.terms.arrived),
            (None, None) => (State::Waiting, self.terms.arrived),
        };
        for recipient in &self.recipients {
            put_recipient(tx, letter, recipient, state, due)?;
        }
        tx.announce(TOPIC);
        if state != State::Waiting {
            return Ok(());
        }
        let mut domains: Vec<&str> =
            self.recipients.iter().map(|recipient| recipient.address.domain().as_str()).collect();
        domains.sort_unstable();
        domains.dedup();
        for domain in domains {
            wake_domain(tx, domain, self.terms.arrived)?;
        }
        Ok(())
    }

    /// Returns the terms of the letter, whose turn may come later: its time counts from then on.
    fn in_turn(&self, tx: &mut Tx) -> Result<Terms, store::Error> {
        let (Some(rate), [recipient]) = (self.rate, self.recipients.as_slice()) else { return Ok(self.terms) };
        let arrived = self.terms.arrived;
        let turn = take_turn(tx, &recipient.to_string().to_lowercase(), arrived, rate)?;
        if turn <= arrived {
            return Ok(self.terms);
        }
        let wait = turn.since(arrived);
        let (by, decision, reason) = (FORWARD.to_owned(), "waits".to_owned(), "forward-waits".to_owned());
        let event = Event::Judged { recipient: recipient.to_string(), by, decision, reason };
        trace::note_all(tx, self.id, arrived, vec![event])?;
        Ok(Terms {
            arrived,
            expires: self.terms.expires.after(wait),
            warn_at: self.terms.warn_at.map(|at| at.after(wait)),
            not_before: Some(turn),
        })
    }

    fn put_letter(&self, tx: &mut Tx, terms: Terms) -> Result<i64, store::Error> {
        let blob = tx.put_blob(&self.body)?;
        let Terms { arrived, expires, warn_at, not_before } = terms;
        let from = not_before.unwrap_or(arrived);
        // Until it is let go, only the wall clock counts.
        let ran = if not_before.is_none() { Some(ran(tx)?) } else { None };
        let at = |wall: Timestamp| ran.map(|ran| ran.after(wall.since(from)).0);
        let LetterWishes { returned, envelope_id, by } = &self.wishes;
        let deadline = by.map(|by| by.deadline(from));
        tx.query_one(
            "INSERT INTO queue_letter (name, return_path, blob, size, eight_bit, smtputf8, arrived, expires, warn_at,
                 held_until, give_up, warn, sender, findings, returned, envelope_id, by_mode, deadline, deadline_at,
                 mistrusted)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
             RETURNING id",
            params![
                self.id.as_str(),
                self.return_path,
                blob,
                self.size,
                self.eight_bit,
                self.smtputf8,
                arrived.0,
                expires.0,
                warn_at.map(|at| at.0),
                not_before.map(|at| at.0),
                at(expires),
                warn_at.and_then(at),
                self.sender,
                self.findings,
                returned.map(|returned| returned.to_string()).unwrap_or_default(),
                envelope_id.as_deref().unwrap_or_default(),
                by.map(wishes::by_mode).unwrap_or_default(),
                deadline.and_then(at),
                deadline.map(|at| at.0),
                self.mistrusted
            ],
            |row| row.get(0),
        )
    }
}

fn put_recipient(
    tx: &mut Tx,
    letter: i64,
    Recipient { address, wishes, .. }: &Recipient,
    state: State,
    due: Timestamp,
) -> Result<(), store::Error> {
    let (notify, original) = wishes::columns(wishes);
    tx.execute(
        "INSERT INTO queue_recipient (letter, address, domain, state, attempts, next_try, status, said, said_by, notify,
             original)
         VALUES ($1, $2, $3, $4, 0, $5, '', '', '', $6, $7)",
        params![letter, address.to_string(), address.domain().as_str(), state.number(), due.0, notify, original],
    )?;
    Ok(())
}

/// Has a domain looked at no later than `at`, unless it could not be reached: then its wait goes on.
pub(super) fn wake_domain(tx: &mut Tx, domain: &str, at: Timestamp) -> Result<(), store::Error> {
    tx.execute(
        "INSERT INTO queue_domain (domain, next_try, failures, said) VALUES ($1, $2, 0, '')
         ON CONFLICT (domain) DO UPDATE SET next_try = excluded.next_try
         WHERE queue_domain.failures = 0 AND excluded.next_try < queue_domain.next_try",
        params![domain, at.0],
    )?;
    Ok(())
}
