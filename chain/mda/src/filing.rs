//! Filing, in two steps: what can be done before, and what the transaction does.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use mail::seam::{AccountId, OurFault, Verdict};
use mail::{Address, Envelope, Letter, Reply, Timestamp};
use mailbox::{Error, FlagSet, Prepared, System, flags, letter::Filed};
use store::{Store, Tx};

use crate::mark::{head, without_return_path};
use crate::{Case, Filter, Placement, place};

/// How long the filters may look at a letter for one recipient.
const PATIENCE: Duration = Duration::from_secs(60);

/// A letter larger than this is packed where blocking is allowed.
const QUICK: usize = 64 * 1024;

/// One of our people who is to get a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Their mailbox.
    pub account: AccountId,
    /// The address on the envelope: theirs, or an alias.
    pub address: Address,
    /// What stood behind the `+` in it: perhaps a folder.
    pub detail: Option<String>,
}

/// What became of a letter for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is in the mailbox, once the commit is done.
    Filed {
        /// Where.
        filed: Filed,
        /// The name of the folder.
        folder: String,
    },
    /// It is not; this is what to answer.
    Refused(Reply),
}

/// A recipient and what became of their copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Who.
    pub recipient: Recipient,
    /// What.
    pub fate: Fate,
}

/// Puts letters into mailboxes. Cheap to clone.
#[derive(Clone)]
pub struct Mda {
    store: Store,
    filters: Arc<[Arc<dyn Filter>]>,
}

impl Mda {
    /// Without filters.
    pub fn new(store: Store) -> Self {
        Self { store, filters: Arc::new([]) }
    }

    /// With filters, asked one after the other.
    #[must_use]
    pub fn with_filters(self, filters: Vec<Arc<dyn Filter>>) -> Self {
        Self { filters: filters.into(), ..self }
    }

    /// Judges, marks, parses and packs a letter for each of `recipients`.
    pub async fn prepare(
        &self,
        letter: &Letter,
        envelope: &Envelope,
        recipients: Vec<Recipient>,
        now: Timestamp,
    ) -> Result<Filing, OurFault> {
        let mut judged = Vec::with_capacity(recipients.len());
        for recipient in recipients {
            let judgement = self.judge(Case { letter, envelope, recipient: &recipient }).await;
            judged.push((recipient, judgement));
        }
        let prepared = self.prepare_copies(letter, envelope, &judged).await?;
        let copies = judged.into_iter().zip(prepared).map(|((recipient, judgement), prepared)| Copy {
            recipient,
            plan: judgement.and_then(|placement| Ok((placement, prepared?))),
        });
        Ok(Filing { copies: copies.collect(), received: now })
    }

    /// What the filters say for one recipient. A filter that fails, panics or takes too long concerns this recipient alone:
    /// the letter is tried again for them, and the others get theirs.
    async fn judge(&self, case: Case<'_>) -> Result<Placement, Reply> {
        let mut placement = Placement { folder: case.recipient.detail.clone(), ..Placement::default() };
        let filtering = async {
            for filter in self.filters.iter() {
                if let Verdict::Refuse(reply) = filter.judge(case, &mut placement).await? {
                    return Ok(Some(reply));
                }
            }
            Ok::<_, OurFault>(None)
        };
        let filtered = tokio::time::timeout(PATIENCE, AssertUnwindSafe(filtering).catch_unwind()).await;
        let fault = match filtered {
            Ok(Ok(Ok(None))) => return Ok(placement),
            Ok(Ok(Ok(Some(refusal)))) => return Err(refusal),
            Ok(Ok(Err(fault))) => fault.to_string(),
            Ok(Err(_panic)) => "a filter panicked".to_owned(),
            Err(_late) => "the filters took too long".to_owned(),
        };
        tracing::error!(letter = %case.letter.id, recipient = %case.recipient.address, %fault, "a letter was not filtered");
        Err(Reply::new(451, (4, 3, 0), "the letter could not be checked for this person now"))
    }

    /// One prepared letter for each recipient, in order. Parsed, packed and kept once: what differs from one to the
    /// next is the head.
    async fn prepare_copies(
        &self,
        letter: &Letter,
        envelope: &Envelope,
        judged: &[(Recipient, Result<Placement, Reply>)],
    ) -> Result<Vec<Result<Prepared, Reply>>, OurFault> {
        let body = without_return_path(&letter.raw);
        let heads: Vec<Bytes> =
            judged.iter().map(|(recipient, _)| head(&envelope.return_path, &recipient.address)).collect();
        let Some(first) = heads.first() else { return Ok(Vec::new()) };
        // One recipient, or several through one alias: the copies do not differ at all.
        if heads.iter().all(|head| head == first) {
            let whole = self.pack([&first[..], &body].concat().into()).await?;
            return Ok(vec![whole; judged.len()]);
        }
        let shared = self.pack(body).await?;
        Ok(heads.into_iter().map(|head| Ok(shared.as_ref().map_err(Reply::clone)?.headed(head))).collect())
    }

    /// A large letter is packed where blocking is allowed: it takes time, and it is written to the disk.
    async fn pack(&self, raw: Bytes) -> Result<Result<Prepared, Reply>, OurFault> {
        let prepared = if raw.len() > QUICK {
            let store = self.store.clone();
            let packing = tokio::task::spawn_blocking(move || mailbox::prepare(&store, raw));
            packing.await.map_err(|panicked| OurFault(panicked.to_string()))?
        } else {
            mailbox::prepare(&self.store, raw)
        };
        match prepared {
            Ok(prepared) => Ok(Ok(prepared)),
            Err(error) => reply_to(error).map(Err).map_err(|fault| OurFault(fault.to_string())),
        }
    }
}

/// A letter ready to be filed for some of our people.
#[derive(Clone)]
pub struct Filing {
    copies: Vec<Copy>,
    received: Timestamp,
}

#[derive(Clone)]
struct Copy {
    recipient: Recipient,
    plan: Result<(Placement, Prepared), Reply>,
}

impl Filing {
    /// With flags and keywords that the letter had in a mailbox elsewhere, beside those that the filters gave it.
    #[must_use]
    pub fn with_flags(mut self, system: System, keywords: &[String]) -> Self {
        for placement in
            self.copies.iter_mut().filter_map(|copy| copy.plan.as_mut().ok()).map(|(placement, _)| placement)
        {
            placement.flags |= system;
            let more = keywords.iter().filter(|keyword| !placement.keywords.contains(keyword));
            placement.keywords.extend(more.cloned().collect::<Vec<_>>());
        }
        self
    }

    /// Files every copy that can be filed, and says what became of each. An error is the store's, and undoes all.
    pub fn file(&self, tx: &mut Tx) -> Result<Vec<Outcome>, store::Error> {
        let one = |copy: &Copy| {
            let fate = file_copy(tx, copy, self.received)?;
            Ok(Outcome { recipient: copy.recipient.clone(), fate })
        };
        self.copies.iter().map(one).collect()
    }
}

fn file_copy(tx: &mut Tx, copy: &Copy, received: Timestamp) -> Result<Fate, store::Error> {
    let (placement, prepared) = match &copy.plan {
        Ok(plan) => plan,
        Err(reply) => return Ok(Fate::Refused(reply.clone())),
    };
    match put(tx, copy.recipient.account, placement, prepared, received) {
        Ok((filed, folder)) => Ok(Fate::Filed { filed, folder }),
        Err(Error::OverQuota { .. }) => Ok(Fate::Refused(full(&copy.recipient.address))),
        Err(error) => reply_to(error).map(Fate::Refused),
    }
}

fn put(
    tx: &mut Tx,
    account: AccountId,
    placement: &Placement,
    prepared: &Prepared,
    received: Timestamp,
) -> Result<(Filed, String), Error> {
    let folder = place::folder(tx, account, placement.folder.as_deref())?.ok_or(Error::NoSuchAccount(account))?;
    let flags = if placement.keywords.is_empty() {
        FlagSet::from(placement.flags)
    } else {
        let keywords: Vec<&str> = placement.keywords.iter().map(String::as_str).collect();
        flags::intern(tx, account, placement.flags, &keywords)?
    };
    let filed = mailbox::letter::file(tx, folder.id, prepared, &flags, received)?;
    Ok((filed, folder.name))
}

/// The mailbox has no room (RFC 3463: 4.2.2), and a sender with several recipients must know whose.
fn full(address: &Address) -> Reply {
    Reply::new(452, (4, 2, 2), format!("the mailbox of {address} is full"))
}

/// What to answer a sender whose letter the mailbox did not take (RFC 3463): later for what can change, never for what
/// cannot. What is the store's fault stays an error.
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
