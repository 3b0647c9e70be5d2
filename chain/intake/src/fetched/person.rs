//! Fetched letters for one of our people: filed as they lay elsewhere, or delivered like new ones.

use std::collections::HashMap;

use import_export::Identity;
use import_export::memory::{self, FolderKey};
use mail::seam::{AccountId, Pending};
use mail::trace::{Arrival, Event, Link};
use mail::{Address, BodyKind, Envelope, Letter, ReturnPath, Timestamp, header};
use mailbox::folder::Folder;
use mailbox::letter::Filed;
use mailbox::{FlagSet, FolderId, Prepared, SpecialUse, System, flags, folder};
use mda::{Fate as Delivered, Filing, Mda, Recipient};
use mra::ledger::{self, Fate, Source, SourceId};
use mra::{Arrived, Destination, Fault, Furnished, SourceFolder, Taken};
use store::{Key, Store, Tx};

/// Folders made in one commit.
const FOLDERS: usize = 100;

/// A person's mailbox as the home of a source.
pub struct Person {
    store: Store,
    mda: Mda,
    account: AccountId,
    address: Address,
    source: SourceId,
    /// As histories name it.
    shown: String,
    /// INBOX letters are delivered like new ones.
    deliver: bool,
}

/// A letter ready to be filed.
#[derive(Clone)]
struct Ready {
    arrived: Arrived,
    letter: Letter,
    envelope: Envelope,
    /// By what it is known again, should it be imported as well.
    identity: Identity,
    how: How,
}

#[derive(Clone)]
enum How {
    /// Into the folder it lay in.
    AsItLay(Prepared),
    /// Where the filters put it.
    Delivered(Filing),
}

/// Why a commit did not come about.
enum Undone {
    Fault(Fault),
    /// The filters refuse this one, counted from 0; nothing was filed.
    Refused(usize),
    Store(store::Error),
}

impl From<store::Error> for Undone {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl Person {
    /// The person the settings name, who must be here.
    pub async fn find(store: &Store, mda: &Mda, source: &Source, address: Address) -> Result<Self, Fault> {
        let wanted = address.clone();
        let found = store.read(move |view| directory::account::find(view, &wanted)).await;
        let person = found.map_err(|why: directory::Error| Fault::Destination(why.to_string()))?;
        Ok(Self {
            store: store.clone(),
            mda: mda.clone(),
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
            let (letter, envelope) = self.as_new(&arrived);
            let recipient = Recipient { account: self.account, address: self.address.clone(), detail: None };
            let filing = self.mda.prepare(&letter, &envelope, vec![recipient], net::now()).await;
            let filing = filing.map_err(|why| Fault::Destination(why.to_string()))?;
            let how = How::Delivered(filing.with_flags(arrived.flags, &arrived.keywords));
            let identity = self.identity_of(&arrived).await?;
            ready.push((turn, Ready { arrived, letter, envelope, identity, how }));
        }
        for (turn, arrived, prepared) in self.pack(file).await? {
            let (letter, envelope) = self.as_new(&arrived);
            let identity = self.identity_of(&arrived).await?;
            ready.push((turn, Ready { arrived, letter, envelope, identity, how: How::AsItLay(prepared) }));
        }
        ready.sort_by_key(|(turn, _)| *turn);
        Ok(ready.into_iter().map(|(_, letter)| letter).collect())
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
        let store = self.store.clone();
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

    /// A letter that the filters refuse cannot be returned to its sender, and is not dropped: it is junk.
    async fn put_away(&self, ready: &mut Ready) -> Result<(), Fault> {
        ready.arrived.place = SourceFolder { folder: "Junk".to_owned(), special_use: Some(SpecialUse::Junk) };
        let packed = self.pack(vec![(0, ready.arrived.clone())]).await?.pop();
        ready.how = packed.map(|(_, _, prepared)| How::AsItLay(prepared)).ok_or(Fault::Ended)?;
        Ok(())
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
            recipients: vec![self.address.clone()],
            body: BodyKind::EightBitMime,
            smtputf8: false,
            hold: None,
        };
        (Letter { id: crate::new_letter_id(), raw: arrived.raw.clone() }, envelope)
    }

    /// All in one commit, each letter with what is remembered of it.
    async fn commit(&self, ready: Vec<Ready>) -> Result<Vec<Taken>, Undone> {
        let (account, source, address, shown) = (self.account, self.source, self.address.clone(), self.shown.clone());
        let now = net::now();
        let written = self.store.write(Key::Account(account.0), move |tx| {
            let mut drawer = Drawer { account, folders: HashMap::new() };
            let (mut taken, mut letters, mut octets) = (Vec::with_capacity(ready.len()), 0, 0);
            for (turn, letter) in ready.iter().enumerate() {
                if letter.arrived.entry.admit(tx, now)? == Fate::Known {
                    taken.push(Taken::Known);
                    continue;
                }
                let from = &letter.arrived.place;
                let folder = FolderKey::of(&from.folder, from.special_use);
                // It was imported before: that copy is this letter.
                if memory::fetched(tx, account, source.0, letter.identity, folder)? {
                    taken.push(Taken::Known);
                    continue;
                }
                let Some((filed, folder)) = drawer.file(tx, letter)? else { return Err(Undone::Refused(turn)) };
                note(
                    tx,
                    letter,
                    now,
                    &shown,
                    &address,
                    Event::Filed { account: account.0, key: filed.letter.0, recipient: address.to_string(), folder },
                )?;
                letters += 1;
                octets += letter.arrived.raw.len() as u64;
                taken.push(Taken::Filed);
            }
            ledger::note_taken(tx, source, letters, octets)?;
            Ok(taken)
        });
        written.await
    }

    async fn take_ready(&self, mut ready: Vec<Ready>) -> Result<Vec<Taken>, Fault> {
        loop {
            match self.commit(ready.clone()).await {
                Ok(taken) => return Ok(taken),
                Err(Undone::Refused(turn)) => {
                    if let Some(refused) = ready.get_mut(turn) {
                        self.put_away(refused).await?;
                    }
                }
                Err(Undone::Fault(fault)) => return Err(fault),
                Err(Undone::Store(error)) => return Err(error.into()),
            }
        }
    }
}

impl Destination for Person {
    fn take(&self, letters: Vec<Arrived>) -> Pending<'_, Result<Vec<Taken>, Fault>> {
        Box::pin(async move {
            let ready = self.prepare(letters).await?;
            match self.take_ready(ready.clone()).await {
                // Those that fit are taken, up to the one that does not.
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

    fn furnish(&self, folders: Vec<Furnished>) -> Pending<'_, Result<(), Fault>> {
        Box::pin(async move {
            for some in folders.chunks(FOLDERS) {
                let (account, some) = (self.account, some.to_vec());
                let made = move |tx: &mut Tx| {
                    let drawer = Drawer { account, folders: HashMap::new() };
                    some.iter().try_for_each(|folder| drawer.furnish(tx, folder))
                };
                self.store.write(Key::Account(self.account.0), made).await?;
            }
            Ok(())
        })
    }
}

/// The two steps of a fetched letter's history: it came, and it lies in a mailbox.
fn note(
    tx: &mut Tx,
    ready: &Ready,
    now: Timestamp,
    shown: &str,
    address: &Address,
    filed: Event,
) -> Result<(), store::Error> {
    let Ready { letter, envelope, .. } = ready;
    let arrival =
        Arrival { peer: shown.to_owned(), login: address.to_string(), ..Arrival::of(Link::Mra, letter, envelope) };
    trace::note_all(tx, letter.id, now, vec![Event::Received(arrival), filed])
}

/// The folders of one commit: looked up once each.
struct Drawer {
    account: AccountId,
    folders: HashMap<SourceFolder, (FolderId, String)>,
}

impl Drawer {
    /// Files one letter. None: the filters refuse it for good.
    fn file(&mut self, tx: &mut Tx, ready: &Ready) -> Result<Option<(Filed, String)>, Undone> {
        let arrived = &ready.arrived;
        match &ready.how {
            How::AsItLay(prepared) => {
                let (folder, name) = self.folder(tx, &arrived.place).map_err(undone)?;
                let flags = self.flags(tx, arrived.flags, &arrived.keywords)?;
                let filed = mailbox::letter::file(tx, folder, prepared, &flags, arrived.received).map_err(undone)?;
                Ok(Some((filed, name)))
            }
            How::Delivered(filing) => match filing.file(tx)?.into_iter().next().map(|outcome| outcome.fate) {
                Some(Delivered::Filed { filed, folder }) => Ok(Some((filed, folder))),
                Some(Delivered::Refused(reply)) if reply.is_permanent() => Ok(None),
                Some(Delivered::Refused(reply)) => Err(Undone::Fault(Fault::Destination(reply.to_string()))),
                None => Err(Undone::Fault(Fault::Destination("nobody gets the letter".to_owned()))),
            },
        }
    }

    /// Letters go to our folder for the same use, whatever it is called; else to one of the same name, made where it
    /// is missing.
    fn folder(&mut self, tx: &mut Tx, place: &SourceFolder) -> Result<(FolderId, String), mailbox::Error> {
        if let Some(known) = self.folders.get(place) {
            return Ok(known.clone());
        }
        let found = match self.find(tx, place)? {
            Some(there) => (there.id, there.name),
            None => (self.make(tx, place, true)?, place.folder.clone()),
        };
        self.folders.insert(place.clone(), found.clone());
        Ok(found)
    }

    fn make(&self, tx: &mut Tx, place: &SourceFolder, subscribed: bool) -> Result<FolderId, mailbox::Error> {
        let made = folder::create(tx, self.account, &place.folder, place.special_use)?;
        if subscribed {
            folder::subscribe(tx, self.account, &place.folder)?;
        }
        Ok(made)
    }

    /// Makes a folder that is missing. One that is here stays as it is; one that cannot be made keeps no other back.
    fn furnish(&self, tx: &mut Tx, folder: &Furnished) -> Result<(), store::Error> {
        let place = &folder.place;
        let made = self.find(tx, place).and_then(|there| match there {
            Some(_) => Ok(()),
            None => self.make(tx, place, folder.subscribed).map(drop),
        });
        match made {
            Err(mailbox::Error::Store(error)) => Err(error),
            Err(why) => {
                tracing::warn!(folder = place.folder, %why, "a folder could not be made");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn find(&self, tx: &mut Tx, place: &SourceFolder) -> Result<Option<Folder>, mailbox::Error> {
        let used = place.special_use.map(|special| folder::by_use(tx, self.account, special)).transpose()?.flatten();
        match used {
            Some(used) => Ok(Some(used)),
            None => folder::by_name(tx, self.account, &place.folder),
        }
    }

    /// Keywords are kept as long as the account has room for new ones; a letter is worth more than its keywords.
    fn flags(&self, tx: &mut Tx, system: System, keywords: &[String]) -> Result<FlagSet, Undone> {
        if keywords.is_empty() {
            return Ok(FlagSet::from(system));
        }
        let mut kept: Vec<&str> = Vec::with_capacity(keywords.len());
        for keyword in keywords {
            match flags::intern(tx, self.account, system, &[keyword.as_str()]) {
                Ok(_) => kept.push(keyword),
                // One that cannot be kept takes no other with it.
                Err(mailbox::Error::TooManyKeywords | mailbox::Error::BadKeyword(_)) => {}
                Err(error) => return Err(undone(error)),
            }
        }
        flags::intern(tx, self.account, system, &kept).map_err(undone)
    }
}

fn undone(error: mailbox::Error) -> Undone {
    match error {
        mailbox::Error::Store(error) => Undone::Store(error),
        error => Undone::Fault(Fault::Destination(error.to_string())),
    }
}
