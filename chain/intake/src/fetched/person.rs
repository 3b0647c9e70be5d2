//! Fetched letters for one of our people: filed as they lay elsewhere, or delivered like new ones.

use std::sync::Arc;

use import_export::Identity;
use import_export::memory::{Fetched, FolderKey, Whereabouts};
use mail::seam::{AccountId, Origin, Pending};
use mail::trace::{Arrival, Event};
use mail::{
    Address, BodyKind, Envelope, Findings, Letter, LetterWishes, Recipient, Resolution, ReturnPath, Timestamp, header,
};
use mailbox::filing::{Begins, Deposit, Filer, Labels, Lies};
use mailbox::{Access, FolderId, Prepared, Uid};
use mda::{Addressee, Decision, Fate as Delivered, Filing, Incoming, Later};
use mra::ledger::{self, Fate, Source, SourceId};
use mra::{Arrived, Destination, Fault, Furnished, Relabelled, Taken};
use mta::outgoing::Outgoing;
use store::{Key, Tx};

use super::labels::{Owner, target};
use crate::effects::Effects;
use crate::sort::Sorted;
use crate::taking::{Course, began};
use crate::{Intake, history};

/// Folders made in one commit.
const FOLDERS: usize = 100;
/// Letters whose folders are changed in one commit.
const RELABELLED: usize = 50;

/// A person's mailbox as the destination of a source.
pub struct Person {
    intake: Intake,
    account: AccountId,
    address: Address,
    source: SourceId,
    /// The name of the source in histories.
    shown: String,
    /// INBOX letters are delivered like new ones.
    deliver: bool,
}

/// A letter ready to be filed.
#[derive(Clone)]
struct Ready {
    arrived: Arrived,
    letter: Letter,
    /// The beginning of its history.
    events: Vec<Event>,
    /// The identity by which it is recognized, should it be imported as well.
    identity: Identity,
    how: How,
}

#[derive(Clone)]
enum How {
    /// Into the folder it lay in.
    AsItLay(Prepared),
    /// The letter goes where the checks and the rules decide.
    Delivered(Filing, Arc<Effects>),
}

/// The reason why a commit did not come about.
enum Undone {
    Fault(Fault),
    Store(store::Error),
}

impl From<store::Error> for Undone {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<mailbox::Error> for Undone {
    fn from(error: mailbox::Error) -> Self {
        match error {
            mailbox::Error::Store(error) => Self::Store(error),
            error => Self::Fault(Fault::Destination(error.to_string())),
        }
    }
}

impl Person {
    /// Finds the person that the settings name, who must be here.
    pub async fn find(intake: &Intake, source: &Source, address: Address) -> Result<Self, Fault> {
        let wanted = address.clone();
        let found = intake.store.read(move |view| directory::account::find(view, &wanted)).await;
        let person = found.map_err(|why: directory::Error| Fault::Destination(why.to_string()))?;
        Ok(Self {
            intake: intake.clone(),
            account: person.id,
            address: person.address,
            source: source.id,
            shown: super::shown(source),
            deliver: source.settings.deliver,
        })
    }

    async fn prepare(&self, letters: Vec<Arrived>) -> Result<Vec<Ready>, Fault> {
        let mut ready = Vec::with_capacity(letters.len());
        let (deliver, file): (Vec<_>, Vec<_>) =
            letters.into_iter().enumerate().partition(|(_, letter)| self.deliver && letter.place.is_inbox());
        for (turn, arrived) in deliver {
            ready.push((turn, self.delivered(arrived).await?));
        }
        for (turn, arrived, prepared) in self.pack(file).await? {
            let (letter, envelope) = self.as_new(&arrived);
            let events = began(&self.arrival(&letter, &envelope), &Findings::default());
            let identity = self.identity_of(&arrived).await?;
            ready.push((turn, Ready { arrived, letter, events, identity, how: How::AsItLay(prepared) }));
        }
        ready.sort_by_key(|(turn, _)| *turn);
        Ok(ready.into_iter().map(|(_, letter)| letter).collect())
    }

    /// A letter that is delivered like a new one: checked, and decided about. Its sender cannot be told of a refusal
    /// any more, so that one that is refused is filed as junk.
    async fn delivered(&self, arrived: Arrived) -> Result<Ready, Fault> {
        let (letter, envelope) = self.as_new(&arrived);
        let (outgoing, origin) = (Outgoing::passing_through(letter), Origin::Fetched(self.shown.clone()));
        let (letter, hostname) = (outgoing.letter(), &self.intake.hostname);
        let looked = self.intake.look(letter, &envelope, &origin).await;
        let (findings, refused) = match looked {
            Ok(findings) => (findings, None),
            Err(refusal) => (Findings::default(), Some(refusal)),
        };
        let incoming = Incoming { letter, envelope: &envelope, origin: &origin, findings: &findings, hostname };
        let recipient = Addressee { account: self.account, address: self.address.clone(), detail: None };
        let mut decisions = match refused {
            Some(reply) => vec![Decision::junk(recipient, &reply)],
            None => self.intake.mda.decide(incoming, vec![recipient], Later::Over).await,
        };
        for decision in &mut decisions {
            if let Some(reply) = decision.disposition.refusal().cloned() {
                decision.into_junk(&reply);
            }
        }
        self.intake.hold_redirects(incoming, &Sorted::default(), &mut decisions).await.map_err(fault)?;
        let now = net::now();
        let filing = self.intake.mda.prepare(incoming, &decisions, now).await.map_err(fault)?;
        // It is for nobody else, and all that goes on of it goes on by the rules.
        let (sorted, mistrusted, is_proved) = (Sorted::default(), true, false);
        let course = Course { incoming, outgoing: &outgoing, sorted, decisions, filing, mistrusted, is_proved };
        let effects = Effects::prepare(&self.intake, &course, &[], now).await.map_err(fault)?;
        let Course { decisions, filing, .. } = course;
        let mut events = began(&self.arrival(outgoing.letter(), &envelope), &findings);
        events.extend(decisions.into_iter().flat_map(|decision| decision.events));
        let how = How::Delivered(filing.with_flags(arrived.flags, &arrived.keywords), effects.into());
        let identity = self.identity_of(&arrived).await?;
        Ok(Ready { arrived, letter: outgoing.letter().clone(), events, identity, how })
    }

    /// Returns how a letter came, for its history.
    fn arrival(&self, letter: &Letter, envelope: &Envelope) -> Arrival {
        let login = self.address.to_string();
        Arrival { login, ..history::arrival(letter, envelope, &Origin::Fetched(self.shown.clone())) }
    }

    /// Hashing a large letter takes longer than a task may hold its thread.
    async fn identity_of(&self, arrived: &Arrived) -> Result<Identity, Fault> {
        const QUICK: usize = 64 << 10;
        let raw = arrived.raw.clone();
        if raw.len() <= QUICK {
            return Ok(Identity::of(&raw));
        }
        let hashing = tokio::task::spawn_blocking(move || Identity::of(&raw));
        hashing.await.map_err(|panicked| Fault::Destination(panicked.to_string()))
    }

    /// Parsing and packing a hundred letters takes longer than a task may hold its thread.
    async fn pack(&self, letters: Vec<(usize, Arrived)>) -> Result<Vec<(usize, Arrived, Prepared)>, Fault> {
        if letters.is_empty() {
            return Ok(Vec::new());
        }
        let store = self.intake.store.clone();
        let packing = tokio::task::spawn_blocking(move || {
            let pack = |(turn, arrived): (usize, Arrived)| {
                let prepared = mailbox::prepare(&store, arrived.raw.clone())?;
                Ok((turn, arrived, prepared))
            };
            letters.into_iter().map(pack).collect::<Result<Vec<_>, mailbox::Error>>()
        });
        let packed = packing.await.map_err(|panicked| Fault::Destination(panicked.to_string()))?;
        packed.map_err(|why| Fault::Destination(why.to_string()))
    }

    /// The one place that its letters lead to.
    fn leads(&self) -> Resolution {
        let (account, address) = (self.account, self.address.clone());
        Resolution::Ours(vec![mail::Destination::Local { account, address, detail: None }])
    }

    /// The letter as it would have come, had it come to us.
    fn as_new(&self, arrived: &Arrived) -> (Letter, Envelope) {
        let sender = header::find(&arrived.raw, "Return-Path").and_then(|field| {
            let value = field.value();
            let text = std::str::from_utf8(&value).ok()?.trim();
            let inner = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(text);
            Address::parse(inner).ok()
        });
        let envelope = Envelope {
            return_path: sender.map_or(ReturnPath::Null, ReturnPath::Address),
            recipients: vec![Recipient { leads: Some(self.leads()), ..Recipient::new(self.address.clone()) }],
            body: BodyKind::EightBitMime,
            smtputf8: false,
            hold: None,
            wishes: LetterWishes::default(),
        };
        (Letter { id: crate::new_letter_id(), raw: arrived.raw.clone() }, envelope)
    }

    /// The house delivers what is fetched, as it does any letter.
    fn access(&self) -> Access {
        Access::house(self.account)
    }

    /// Files all of them in one commit, each letter with the memory of it.
    async fn commit(&self, ready: Vec<Ready>) -> Result<Vec<Taken>, Undone> {
        let (access, source, address) = (self.access(), self.source, self.address.to_string());
        let now = net::now();
        let queues =
            ready.iter().any(|letter| matches!(&letter.how, How::Delivered(_, effects) if !effects.is_empty()));
        let key = if queues { Key::Everything } else { access.key() };
        let written = self.intake.store.write(key, move |tx| {
            let mut filer = Filer::new(access, now);
            let (mut taken, mut letters, mut octets) = (Vec::with_capacity(ready.len()), 0, 0);
            for letter in &ready {
                let one = take_one(tx, &mut filer, Owner { access, source }, letter, (&address, now))?;
                if one == Taken::Filed {
                    letters += 1;
                    octets += letter.arrived.raw.len() as u64;
                }
                taken.push(one);
            }
            ledger::note_taken(tx, source, letters, octets)?;
            Ok(taken)
        });
        written.await
    }

    async fn take_ready(&self, ready: Vec<Ready>) -> Result<Vec<Taken>, Fault> {
        self.commit(ready).await.map_err(|undone| match undone {
            Undone::Fault(fault) => fault,
            Undone::Store(error) => error.into(),
        })
    }
}

impl Destination for Person {
    fn take(&self, letters: Vec<Arrived>) -> Pending<'_, Result<Vec<Taken>, Fault>> {
        Box::pin(async move {
            let ready = self.prepare(letters).await?;
            match self.take_ready(ready.clone()).await {
                // The letters that fit are taken, up to the one that does not.
                Err(Fault::Destination(_)) if ready.len() > 1 => {
                    let mut taken = Vec::with_capacity(ready.len());
                    for one in ready {
                        taken.extend(self.take_ready(vec![one]).await?);
                    }
                    Ok(taken)
                }
                outcome => outcome,
            }
        })
    }

    fn relabel(&self, letters: Vec<Relabelled>) -> Pending<'_, Result<(), Fault>> {
        Box::pin(async move {
            let (owner, now) = (Owner { access: self.access(), source: self.source }, net::now());
            for some in letters.chunks(RELABELLED) {
                let some = some.to_vec();
                let follow = move |tx: &mut Tx| {
                    let mut filer = Filer::new(owner.access, now);
                    some.iter().try_for_each(|one| follow(tx, &mut filer, owner, one))
                };
                self.intake.store.write(owner.access.key(), follow).await?;
            }
            Ok(())
        })
    }

    fn furnish(&self, folders: Vec<Furnished>) -> Pending<'_, Result<(), Fault>> {
        Box::pin(async move {
            for some in folders.chunks(FOLDERS) {
                let (access, some) = (self.access(), some.to_vec());
                let made = move |tx: &mut Tx| some.iter().try_for_each(|folder| furnish(tx, access, folder));
                self.intake.store.write(access.key(), made).await?;
            }
            Ok(())
        })
    }
}

fn fault(why: impl std::fmt::Display) -> Fault {
    Fault::Destination(why.to_string())
}

/// Takes one letter, in the commit that writes down that it is here.
fn take_one(
    tx: &mut Tx,
    filer: &mut Filer<'_>,
    owner: Owner,
    ready: &Ready,
    (recipient, now): (&str, Timestamp),
) -> Result<Taken, Undone> {
    let Arrived { entry, place, also, .. } = &ready.arrived;
    if entry.admit(tx, now)? == Fate::Known {
        // A folder without a label of its own shows it, too.
        if let Some(gmail) = entry.gmail.filter(|_| !place.is_apart()) {
            let places = std::iter::once(place).chain(also).cloned().collect();
            follow(tx, filer, owner, &Relabelled { gmail, places, all: false })?;
        }
        return Ok(Taken::Known);
    }
    let folder = FolderKey::of(&place.folder, place.special_use);
    let fetched = Fetched { account: owner.access.owner(), source: owner.source.0, identity: ready.identity, folder };
    // It was imported before: that copy is this letter.
    if let Some(copied) = fetched.take_over(tx)? {
        if let Whereabouts::There(letter) = copied.find(tx, owner.access)? {
            owner.adopt(tx, filer, &ready.arrived, letter)?;
        }
        return Ok(Taken::Known);
    }
    let lies = file(tx, filer, owner, ready, (recipient, now))?;
    fetched.note(tx, lies)?;
    Ok(Taken::Filed)
}

/// Follows the folders of a letter there. Folders that cannot be followed keep no other letter back.
fn follow(tx: &mut Tx, filer: &mut Filer<'_>, owner: Owner, one: &Relabelled) -> Result<(), store::Error> {
    match owner.follow(tx, filer, one) {
        Err(mailbox::Error::Store(error)) => Err(error),
        Err(why) => {
            tracing::warn!(%why, "the labels of a letter could not be followed");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Files one letter, with its history. Returns where it lies now, if it does.
fn file(
    tx: &mut Tx,
    filer: &mut Filer<'_>,
    owner: Owner,
    ready: &Ready,
    (recipient, now): (&str, Timestamp),
) -> Result<Option<(FolderId, Uid)>, Undone> {
    let Ready { arrived, letter, events, .. } = ready;
    let lies: Vec<Lies> = match &ready.how {
        How::AsItLay(prepared) => {
            let (target, received) = (target(&arrived.place), arrived.received);
            let (system, labels) = (arrived.flags, Labels::Possible(&arrived.keywords));
            let begins = Some(Begins { letter: letter.id, recipient, events });
            owner.file(
                tx,
                filer,
                arrived,
                &Deposit { prepared, target, system, labels, received, beyond: 0, begins },
            )?
        }
        How::Delivered(filing, effects) => {
            let outcomes = filing.file(tx)?;
            let mut events = events.clone();
            events.extend(outcomes.iter().flat_map(history::filed));
            let mut lies = Vec::new();
            for outcome in outcomes {
                match outcome.fate {
                    Delivered::Filed(there) => lies.extend(there),
                    Delivered::Refused(reply) => return Err(Undone::Fault(fault(&reply))),
                }
            }
            events.extend(effects.put(tx, now)?);
            trace::note_all(tx, letter.id, now, events)?;
            owner.delivered(tx, filer, arrived, &lies)?;
            lies
        }
    };
    Ok(lies.first().map(|lies| (lies.folder, lies.filed.uid)))
}

/// Makes a folder that is missing. One that is here stays as it is; one that cannot be made keeps no other back.
fn furnish(tx: &mut Tx, access: Access, folder: &Furnished) -> Result<(), store::Error> {
    let Furnished { place, subscribed } = folder;
    match mailbox::filing::furnish(tx, access, &place.folder, place.special_use, *subscribed) {
        Err(mailbox::Error::Store(error)) => Err(error),
        Err(why) => {
            tracing::warn!(folder = place.folder, %why, "a folder could not be made");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}
