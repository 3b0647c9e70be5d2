//! The part of a history that a person sees. Each kind of event is decided here, and none by default: a new one does not compile
//! until somebody has said who may know it. A test holds a table of every field and every viewer.

use mail::finding::{CONVERSION, SIGNATURE};
use mail::seam::AccountId;
use mail::trace::{Arrival, Attempt, Event, Hand, Link};

use crate::history::Noted;

/// Stands for the program, folder or socket of this machine that a letter was handed to: which one is the postmaster's
/// affair.
const SOMEWHERE_HERE: &str = "/…";

/// The person whose eyes look at a history.
pub(crate) struct Eyes<'a> {
    account: i64,
    sent: bool,
    /// The addresses under which the letter came to them.
    own: Vec<&'a str>,
    /// The addresses that they, as the sender, wrote to.
    envelope: Vec<&'a str>,
}

impl<'a> Eyes<'a> {
    /// Returns the eyes of the owner of this mailbox; `None` if the letter is not theirs.
    pub(crate) fn of(steps: &'a [Noted], account: AccountId) -> Option<Self> {
        let account = account.0;
        let mut eyes = Self { account, sent: false, own: Vec::new(), envelope: Vec::new() };
        for step in steps {
            match &step.event {
                Event::Received(arrival) | Event::Refused { arrival, .. } if arrival.account == Some(account) => {
                    eyes.sent = true;
                    eyes.envelope.extend(arrival.recipients.iter().map(String::as_str));
                }
                Event::Filed { account: whose, recipient, .. } if *whose == account => eyes.own.push(recipient),
                _ => {}
            }
        }
        (eyes.sent || !eyes.own.is_empty()).then_some(eyes)
    }

    /// Returns the steps as they may see them. If a letter reached an address of ours, its sender is told once,
    /// however many people the address leads to.
    pub(crate) fn see(&self, steps: &[Noted]) -> Vec<Noted> {
        let mut seen: Vec<Noted> = Vec::new();
        for step in steps {
            let event = if self.sent { self.as_sender(&step.event) } else { self.as_recipient(&step.event) };
            let Some(event) = event else { continue };
            let is_told = matches!(event, Event::Filed { account: 0, .. }) && seen.iter().any(|it| it.event == event);
            if !is_told {
                seen.push(Noted { at: step.at, event });
            }
        }
        seen
    }

    /// Returns the event as the sender of the letter may see it: not the events in other people's mailboxes, nor in
    /// the house.
    fn as_sender(&self, event: &Event) -> Option<Event> {
        match event {
            Event::Received(arrival) | Event::Refused { arrival, .. } => {
                (arrival.account == Some(self.account)).then(|| event.clone())
            }
            Event::Filed { account, recipient, .. } if *account != self.account => {
                // The sender learns that it has arrived, and not where it lies.
                let (recipient, folder) = (recipient.clone(), String::new());
                self.wrote_to(&recipient).then_some(Event::Filed { account: 0, key: 0, recipient, folder })
            }
            Event::Filed { .. } | Event::Mended { .. } | Event::Reported { .. } | Event::Confirmed { .. } => {
                Some(event.clone())
            }
            Event::Read { account, .. } | Event::Removed { account, .. } | Event::Recalled { account } => {
                (*account == self.account).then(|| event.clone())
            }
            // The sender learns what the letter lost on its way out, and not at which server: it may stand behind an alias.
            Event::Judged { by, decision, reason, .. } if by == CONVERSION => {
                let reason = reason.split(' ').next().unwrap_or_default().to_owned();
                Some(Event::Judged { recipient: String::new(), by: by.clone(), decision: decision.clone(), reason })
            }
            Event::Judged { recipient, by, .. } if recipient.is_empty() && by == SIGNATURE => Some(event.clone()),
            // The verdict on somebody else's copy is for that person to know.
            Event::Judged { recipient, .. } => self.is_own(recipient).then(|| event.clone()),
            Event::NotFiled { recipient, .. } | Event::Desk { recipient, .. } => {
                self.wrote_to(recipient).then(|| event.clone())
            }
            Event::Attempt(attempt) => {
                self.wrote_to(&attempt.recipient).then(|| Event::Attempt(without_place(attempt)))
            }
            Event::Queued { recipients } => {
                let recipients = self.written_to(recipients);
                (!recipients.is_empty()).then_some(Event::Queued { recipients })
            }
            Event::Postponed { recipients, until } => {
                let (recipients, until) = (self.written_to(recipients), *until);
                (!recipients.is_empty()).then_some(Event::Postponed { recipients, until })
            }
            // The sender of a letter is not told where an alias leads, and what fails in the house is the
            // postmaster's affair.
            Event::Redirected { .. } | Event::Fault { .. } => None,
        }
    }

    /// Returns the event as a recipient may see it: how the letter came, and what happened to their own copy.
    fn as_recipient(&self, event: &Event) -> Option<Event> {
        match event {
            Event::Received(arrival) => Some(Event::Received(self.arrived(arrival))),
            // The findings about the letter itself, where it came in, name nobody.
            Event::Judged { recipient, by, .. } => {
                let of_letter = recipient.is_empty() && by != CONVERSION;
                (of_letter || self.is_own(recipient)).then(|| event.clone())
            }
            Event::Filed { account, .. } | Event::Read { account, .. } | Event::Removed { account, .. } => {
                (*account == self.account).then(|| event.clone())
            }
            Event::Mended { .. } => Some(event.clone()),
            // Refusals, tries and reports are between the house and the sender.
            Event::Refused { .. }
            | Event::NotFiled { .. }
            | Event::Queued { .. }
            | Event::Attempt(_)
            | Event::Reported { .. }
            | Event::Confirmed { .. }
            | Event::Desk { .. }
            | Event::Redirected { .. }
            | Event::Postponed { .. }
            | Event::Recalled { .. }
            | Event::Fault { .. } => None,
        }
    }

    /// Returns how the letter came, as its recipient may know it: what stands in the letter itself. The other
    /// recipients, in Bcc perhaps, are the sender's affair; so are the mailbox they wrote from and the machine and
    /// the network they sat at.
    fn arrived(&self, arrival: &Arrival) -> Arrival {
        let Arrival { by, peer, hello, tls, login: _, account: _, return_path, recipients, message_id, subject, size } =
            arrival.clone();
        let (peer, hello) = match by {
            // The server that brought it, as in the Received field.
            Some(Link::Mta | Link::Lmtp) => (peer, hello),
            // Their own mailbox elsewhere; the file their letters came from.
            Some(Link::Mra | Link::Import) => (peer, String::new()),
            Some(Link::Msa | Link::House | Link::Client | Link::Imap | Link::Pop3 | Link::Jmap) | None => {
                (String::new(), String::new())
            }
        };
        let recipients = recipients.into_iter().filter(|recipient| self.is_own(recipient)).collect();
        let (login, account) = (String::new(), None);
        Arrival { by, peer, hello, tls, login, account, return_path, recipients, message_id, subject, size }
    }

    fn is_own(&self, recipient: &str) -> bool {
        self.own.iter().any(|known| known.eq_ignore_ascii_case(recipient))
    }

    fn wrote_to(&self, recipient: &str) -> bool {
        self.envelope.iter().any(|known| known.eq_ignore_ascii_case(recipient))
    }

    fn written_to(&self, recipients: &[String]) -> Vec<String> {
        recipients.iter().filter(|recipient| self.wrote_to(recipient)).cloned().collect()
    }
}

/// Returns a try as the sender may know it: the server, and, for a place on this machine, only that it is one.
fn without_place(attempt: &Attempt) -> Attempt {
    let by = match attempt.hand() {
        Hand::Local => SOMEWHERE_HERE.to_owned(),
        Hand::Lmtp if attempt.name().starts_with("unix:") => format!("{}{SOMEWHERE_HERE}", Attempt::LMTP),
        Hand::Smtp | Hand::Lmtp | Hand::Nowhere => attempt.by.clone(),
    };
    Attempt { by, ..attempt.clone() }
}
