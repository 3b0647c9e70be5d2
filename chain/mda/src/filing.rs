//! Files in two steps: the work that can be done before, and the work of the transaction.

use std::sync::Arc;

use bytes::Bytes;
use mail::seam::{AccountId, OurFault};
use mail::{Address, Reply, Timestamp, header};
use mailbox::filing::{Deposit, Filer, Labels, Lies, Target};
use mailbox::{Access, Error, Prepared, System};
use store::{Store, Tx};

use crate::disposition::Keep;
use crate::mark::{as_filed, head};
use crate::{Addressee, Decision, Incoming, Placement, Rule};

/// The fate of a letter for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It lies in the mailbox, once the commit is done: one place for each copy, none if it goes on to others only.
    Filed(Vec<Lies>),
    /// It does not; this is what to answer.
    Refused(Reply),
}

/// A recipient and what became of their copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The recipient.
    pub recipient: Addressee,
    /// Their fate.
    pub fate: Fate,
}

/// Puts letters into mailboxes. Cheap to clone.
#[derive(Clone)]
pub struct Mda {
    store: Store,
    pub(crate) rules: Arc<[Arc<dyn Rule>]>,
}

impl Mda {
    /// Without rules: each letter is filed as usual.
    pub fn new(store: Store) -> Self {
        Self { store, rules: Arc::new([]) }
    }

    /// Adds rules, asked one after the other.
    #[must_use]
    pub fn with_rules(self, rules: Vec<Arc<dyn Rule>>) -> Self {
        Self { rules: rules.into(), ..self }
    }

    /// Marks, parses and packs the copies of a letter as it was decided.
    pub async fn prepare(
        &self,
        incoming: Incoming<'_>,
        decisions: &[Decision],
        now: Timestamp,
    ) -> Result<Filing, OurFault> {
        let body = as_filed(&incoming.letter.raw, incoming.hostname);
        let heads: Vec<Bytes> = decisions.iter().map(|decision| head(incoming, decision)).collect();
        let shared = self.pack_shared(incoming, &body, &heads).await?;
        let mut plans = Vec::with_capacity(decisions.len());
        for (decision, head) in decisions.iter().zip(&heads) {
            let copies = self.copies(incoming, decision, &shared, (head, &body)).await?;
            plans.push(Plan { recipient: decision.recipient.clone(), copies });
        }
        Ok(Filing { plans, received: now })
    }

    /// Parses, packs and keeps the letter once for all: only the head differs from one recipient to the next. One
    /// recipient, or several through one alias, have the same head, and then the letter is packed with it.
    async fn pack_shared(&self, incoming: Incoming<'_>, body: &Bytes, heads: &[Bytes]) -> Result<Shared, OurFault> {
        let Some(first) = heads.first() else { return Ok(Shared::Nobody) };
        if heads.iter().all(|head| head == first) {
            return Ok(Shared::Whole(self.pack(incoming, [&first[..], body].concat().into()).await?));
        }
        Ok(Shared::Behind(self.pack(incoming, body.clone()).await?))
    }

    async fn copies(
        &self,
        incoming: Incoming<'_>,
        decision: &Decision,
        shared: &Shared,
        (head, body): (&Bytes, &Bytes),
    ) -> Result<Result<Vec<Copy>, Reply>, OurFault> {
        let placements = match &decision.disposition.keep {
            Keep::Copies(placements) => placements,
            Keep::Discard => return Ok(Ok(Vec::new())),
            Keep::Refuse(reply) => return Ok(Err(reply.clone())),
        };
        let mut copies = Vec::with_capacity(placements.len());
        for placement in placements {
            let prepared = match &placement.header {
                None => shared.with(head),
                Some(header) => self.pack(incoming, with_header(head, header, body)).await?,
            };
            match prepared {
                Ok(prepared) => copies.push(Copy { placement: placement.clone(), prepared }),
                Err(reply) => return Ok(Err(reply)),
            }
        }
        Ok(Ok(copies))
    }

    async fn pack(&self, incoming: Incoming<'_>, raw: Bytes) -> Result<Result<Prepared, Reply>, OurFault> {
        match mailbox::prepare_aside(&self.store, raw).await {
            Ok(prepared) => Ok(Ok(prepared.with_findings(incoming.findings))),
            Err(error) => reply_to(error).map(Err).map_err(|fault| OurFault(fault.to_string())),
        }
    }
}

/// The letter as all copies share it.
enum Shared {
    Nobody,
    /// The letter with the head that all have.
    Whole(Result<Prepared, Reply>),
    /// Each copy has a head of its own before it.
    Behind(Result<Prepared, Reply>),
}

impl Shared {
    fn with(&self, head: &Bytes) -> Result<Prepared, Reply> {
        match self {
            Self::Nobody => Err(Reply::new(451, (4, 3, 0), "nobody gets the letter")),
            Self::Whole(whole) => whole.clone(),
            Self::Behind(shared) => shared.as_ref().map(|shared| shared.headed(head.clone())).map_err(Reply::clone),
        }
    }
}

/// The letter with another header.
fn with_header(head: &Bytes, header: &Bytes, letter: &Bytes) -> Bytes {
    let end: &[u8] = if header.is_empty() || header.ends_with(b"\r\n") { b"\r\n" } else { b"\r\n\r\n" };
    let body = letter.get(header::body_start(letter)..).unwrap_or_default();
    [&head[..], header, end, body].concat().into()
}

/// A letter ready to be filed for some of our people.
#[derive(Clone)]
pub struct Filing {
    plans: Vec<Plan>,
    received: Timestamp,
}

/// The copies of one recipient.
#[derive(Clone)]
struct Plan {
    recipient: Addressee,
    copies: Result<Vec<Copy>, Reply>,
}

#[derive(Clone)]
struct Copy {
    placement: Placement,
    prepared: Prepared,
}

impl Filing {
    /// Adds flags and keywords that the letter had in a mailbox elsewhere, beside those that the rules gave it.
    #[must_use]
    pub fn with_flags(mut self, system: System, keywords: &[String]) -> Self {
        let copies = self.plans.iter_mut().filter_map(|plan| plan.copies.as_mut().ok()).flatten();
        for Copy { placement, .. } in copies {
            placement.flags |= system;
            let more: Vec<String> =
                keywords.iter().filter(|keyword| !placement.keywords.contains(keyword)).cloned().collect();
            placement.keywords.extend(more);
        }
        self
    }

    /// Leaves out what is for this account: it could not be filed.
    pub fn leave_out(&mut self, account: AccountId) {
        self.plans.retain(|plan| plan.recipient.account != account);
    }

    /// Files every copy that can be filed, and says what became of each recipient. An error is the store's, and undoes
    /// all.
    pub fn file(&self, tx: &mut Tx) -> Result<Vec<Outcome>, store::Error> {
        let one = |plan: &Plan| {
            let fate = file_copies(tx, plan, self.received)?;
            Ok(Outcome { recipient: plan.recipient.clone(), fate })
        };
        self.plans.iter().map(one).collect()
    }
}

/// All copies of one recipient, or the first reason why not: the caller undoes what was filed before it.
fn file_copies(tx: &mut Tx, plan: &Plan, received: Timestamp) -> Result<Fate, store::Error> {
    let copies = match &plan.copies {
        Ok(copies) => copies,
        Err(reply) => return Ok(Fate::Refused(reply.clone())),
    };
    let mut filer = Filer::new(Access::house(plan.recipient.account), received);
    let mut lies = Vec::with_capacity(copies.len());
    for copy in copies {
        match filer.file(tx, &copy.deposit(received)) {
            Ok(filed) => lies.push(filed),
            Err(Error::OverQuota { .. }) => return Ok(Fate::Refused(full(&plan.recipient.address))),
            Err(error) => return reply_to(error).map(Fate::Refused),
        }
    }
    Ok(Fate::Filed(lies))
}

impl Copy {
    fn deposit(&self, received: Timestamp) -> Deposit<'_> {
        let Placement { folder, special_use, create, flags, keywords, .. } = &self.placement;
        let target = match folder.as_deref() {
            Some(name) if *create || special_use.is_some() => Target::Like { name, special_use: *special_use },
            folder => Target::Asked(folder),
        };
        let (prepared, labels) = (&self.prepared, Labels::Possible(keywords));
        Deposit { prepared, target, system: *flags, labels, received, beyond: 0, begins: None }
    }
}

/// The mailbox has no room (RFC 3463: 4.2.2), and a sender with several recipients must know whose.
fn full(address: &Address) -> Reply {
    Reply::new(452, (4, 2, 2), format!("the mailbox of {address} is full"))
}

/// Returns the reply to a sender whose letter the mailbox did not take (RFC 3463): later if the reason can change,
/// never if it cannot. A fault of the store stays an error.
fn reply_to(error: Error) -> Result<Reply, store::Error> {
    match error {
        Error::Store(fault) => Err(fault),
        Error::OverQuota { .. } => Ok(Reply::new(452, (4, 2, 2), "this mailbox is full")),
        Error::TooLarge { .. } => Ok(Reply::new(552, (5, 2, 3), "the letter is larger than any mailbox takes")),
        Error::NoSuchAccount(_) => Ok(Reply::new(550, (5, 1, 1), "nobody here has that address")),
        error => {
            tracing::error!(%error, "a mailbox did not take a letter");
            Ok(Reply::new(451, (4, 2, 0), "this mailbox cannot take letters now"))
        }
    }
}
