//! Submission (RFC 6409): takes letters from our own people, who have logged in, for anyone.
//!
//! Invariants: nobody is heard before they have logged in, and nobody writes as somebody else, neither on the envelope
//! nor in the header. This room does not know how letters travel on, nor what a letter gets that lacks something
//! (RFC 6409 §8): [`Accept`] does, for all ways in which people hand letters in.
//!
//! A header with letters beyond ASCII is taken also where the client did not say SMTPUTF8: as Postfix does, because
//! many programs send one, and nearly every server passes it on.

mod author;

use std::sync::Arc;
use std::time::Duration;

use mail::allowance::{Allowances, Unlimited};
use mail::seam::{Accept, Login, Logins, Origin, OurFault, Recipients, Standing, Verdict, Writer};
use mail::trace::{Arrival, Link, refusal};
use mail::{Address, Envelope, Letter, LetterId, Reply};
use net::Stream;
use sasl::Mechanism;
use smtp::{FutureRelease, Kind, MailFrom, Settings, replies};
use smtpd::{Doorkeeper, Received, Server, Visit};

/// The doors on ports 587 and 465.
#[derive(Clone)]
pub struct Submission {
    server: Arc<Server>,
    settings: Arc<Settings>,
    logins: Arc<dyn Logins>,
    accept: Arc<dyn Accept>,
    recipients: Option<Arc<dyn Recipients>>,
    allowances: Arc<dyn Allowances>,
}

/// The longest time that a letter may wait for the hour that its author wants: a year, as over JMAP.
const LONGEST_HOLD: Duration = Duration::from_secs(366 * 24 * 3600);

impl Submission {
    /// Letters of people whom `logins` knows go to `accept`.
    pub fn new(server: Server, logins: Arc<dyn Logins>, accept: Arc<dyn Accept>) -> Self {
        let mut settings = server.settings(Kind::Submission);
        settings.mechanisms = Mechanism::ALL.iter().map(|mechanism| mechanism.name()).collect();
        let (settings, allowances) = (Arc::new(settings), Arc::new(Unlimited));
        Self { server: Arc::new(server), settings, logins, accept, recipients: None, allowances }
    }

    /// Takes no more letters from anybody than these limits let them send.
    #[must_use]
    pub fn with_allowances(self, allowances: Arc<dyn Allowances>) -> Self {
        Self { allowances, ..self }
    }

    /// Says at once, and not in a bounce, that one of our own addresses does not exist or is full.
    pub fn with_recipients(mut self, recipients: Arc<dyn Recipients>) -> Self {
        self.recipients = Some(recipients);
        self
    }

    /// Allows log-ins outside TLS: for tests on this machine only.
    pub fn with_clear_logins(mut self) -> Self {
        Arc::make_mut(&mut self.settings).clear_logins = true;
        self
    }

    /// One dialogue, from greeting to goodbye.
    pub async fn converse(self, stream: Stream) {
        let mut settings = Settings::clone(&self.settings);
        let latest = smtpd::now().after(LONGEST_HOLD);
        settings.future_release =
            u32::try_from(LONGEST_HOLD.as_secs()).ok().map(|interval| FutureRelease { interval, latest });
        smtpd::converse(stream, Arc::new(settings), &self.server, &self).await;
    }

    /// Decides whether an address of ours takes the letter of whoever has logged in, where it is a group.
    async fn open_to(&self, visit: Visit<'_>, recipients: &dyn Recipients, address: &Address) -> Verdict {
        let Some(person) = visit.login else { return Verdict::Refuse(log_in_first()) };
        match recipients.closed_to(Writer::Person(person.account), address).await {
            Ok(None) => Verdict::Accept,
            Ok(Some(refusal)) => Verdict::Refuse(refusal),
            Err(fault) => unknown(&fault),
        }
    }

    /// The first address of the letter that this person may not write as.
    async fn stranger(&self, person: &Login, letter: &[u8]) -> Result<Option<String>, OurFault> {
        for written in author::written_as(letter) {
            let Some(address) = written.address() else { return Ok(Some(written.to_string())) };
            if !self.logins.may_write_as(person, &address).await? {
                return Ok(Some(written.to_string()));
            }
        }
        Ok(None)
    }
}

impl Doorkeeper for Submission {
    fn logins(&self) -> Option<&dyn Logins> {
        Some(&*self.logins)
    }

    fn recipients(&self) -> Option<&dyn Recipients> {
        self.recipients.as_deref()
    }

    async fn sender(&self, visit: Visit<'_>, mail: &MailFrom) -> Verdict {
        let Some(person) = visit.login else { return Verdict::Refuse(log_in_first()) };
        let now = smtpd::now();
        if mail.hold.is_some_and(|hold| hold.until(now) > now.after(LONGEST_HOLD)) {
            let most = LONGEST_HOLD.as_secs();
            return refuse(501, (5, 5, 4), format!("no letter is kept longer than {most} seconds"));
        }
        if let Some(refusal) = self.allowances.at_mail(visit.sender(), mail.size) {
            return Verdict::Refuse(refusal);
        }
        // Mail clients send receipts (RFC 8098) with an empty return path.
        let Some(address) = mail.return_path.address() else { return Verdict::Accept };
        match self.logins.may_write_as(person, address).await {
            Ok(true) => Verdict::Accept,
            Ok(false) => refuse(553, (5, 7, 1), format!("{} may not write as {address}", person.address)),
            Err(fault) => unknown(&fault),
        }
    }

    async fn recipient(&self, visit: Visit<'_>, address: &Address) -> Verdict {
        if let Some(refusal) = self.allowances.at_recipient(visit.sender(), visit.recipients) {
            return Verdict::Refuse(refusal);
        }
        let Some(recipients) = &self.recipients else { return Verdict::Accept };
        match recipients.standing(address).await {
            Ok(Standing::Ours) => self.open_to(visit, &**recipients, address).await,
            Ok(Standing::Behind | Standing::Away | Standing::Elsewhere | Standing::NoDomain) => Verdict::Accept,
            Ok(Standing::Unknown) => refuse(550, (5, 1, 1), format!("nobody here is called {address}")),
            Ok(Standing::Full) => refuse(452, (4, 2, 2), format!("the mailbox of {address} is full")),
            Err(fault) => unknown(&fault),
        }
    }

    fn front(&self, visit: Visit<'_>, envelope: &Envelope, id: LetterId) -> String {
        Received { by: &self.server.hostname, id, now: smtpd::now(), envelope }.from_person(visit)
    }

    async fn letter(&self, visit: Visit<'_>, letter: Letter, envelope: Envelope) -> Vec<Reply> {
        let Some(person) = visit.login else { return vec![log_in_first()] };
        match self.stranger(person, &letter.raw).await {
            Ok(None) => {}
            Ok(Some(who)) => {
                let reply = Reply::new(550, (5, 7, 1), format!("{} may not write as {who}", person.address));
                let arrival = Arrival::of(Link::Msa, &letter, &envelope).over(&visit.wire()).written_by(person);
                self.server.witness.saw(refusal(letter.id, smtpd::now(), arrival, &reply));
                return vec![reply];
            }
            Err(fault) => {
                tracing::error!(%fault, "cannot find out who may write as whom");
                return vec![replies::our_fault()];
            }
        }
        let origin = Origin::Person(person.clone(), visit.wire());
        vec![smtpd::hand_over(&*self.accept, letter, envelope, origin).await]
    }
}

fn log_in_first() -> Reply {
    Reply::new(530, (5, 7, 0), "log in first")
}

fn refuse(code: u16, enhanced: (u8, u16, u16), text: String) -> Verdict {
    Verdict::Refuse(Reply::new(code, enhanced, text))
}

fn unknown(fault: &OurFault) -> Verdict {
    tracing::error!(%fault, "an address cannot be looked up");
    Verdict::Refuse(replies::our_fault())
}
