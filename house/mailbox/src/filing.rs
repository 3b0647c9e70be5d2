//! The one way into a mailbox: every caller that files a letter (the MDA, a fetch, an import, APPEND, JMAP) hands a
//! [`Deposit`] to [`Filer::file`], which finds the folder, interns the keywords, files, and writes the history, all
//! in the transaction of its caller.

use mail::trace::Event;
use mail::{LetterId, Timestamp};
use store::{Tx, View};

use crate::folder::name::INBOX;
use crate::letter::{self, Filed};
use crate::{
    Access, Error, FlagSet, Folder, FolderId, Keywords, Prepared, Right, SpecialUse, System, acquaintance, flags,
    folder,
};

/// The folder that a letter goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// This one, which the caller has found in the same transaction, and its name.
    Found(FolderId, &'a str),
    /// This one, if it is the account's.
    Id(FolderId),
    /// The one of exactly this name.
    Named(&'a str),
    /// The one that an address asks for (`alice+lists.rust@`): its case does not matter, and a dot may stand for the slash
    /// between folders. INBOX if there is none: what a stranger writes on an envelope never makes a folder.
    Asked(Option<&'a str>),
    /// Our folder for the same use, whatever it is called; else the one of the same name, made if it is missing.
    Like {
        /// Its name, with `/` between the levels.
        name: &'a str,
        /// The use of the folder.
        special_use: Option<SpecialUse>,
    },
}

/// The keywords of a letter.
#[derive(Clone, Copy, Debug)]
pub enum Labels<'a> {
    /// All of them, or the letter is not filed: a client asked for them.
    All(&'a [String]),
    /// As many of these keywords as the account can have: a letter is worth more than its keywords.
    Possible(&'a [String]),
}

/// The beginning of a letter's history, if the house has not known the letter before.
#[derive(Clone, Copy, Debug)]
pub struct Begins<'a> {
    /// The name that the letter gets.
    pub letter: LetterId,
    /// The address that the history names as its recipient.
    pub recipient: &'a str,
    /// The events before it was filed: how it came, and what was done to it.
    pub events: &'a [Event],
}

/// A letter to be filed: what arrived, and what the rules decided.
#[derive(Clone, Copy)]
pub struct Deposit<'a> {
    /// The letter.
    pub prepared: &'a Prepared,
    /// The folder that it goes to.
    pub target: Target<'a>,
    /// The flags that it has from the start.
    pub system: System,
    /// The keywords that it has from the start.
    pub labels: Labels<'a>,
    /// When it arrived, as folders show it.
    pub received: Timestamp,
    /// Octets that it may take beyond the quota: it replaces another letter, or is a draft.
    pub beyond: u64,
    /// Its history begins here. `None`: somebody else tells it, or there is nothing to tell (a draft).
    pub begins: Option<Begins<'a>>,
}

/// The place where a letter lies now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lies {
    /// Its keys and UID.
    pub filed: Filed,
    /// The folder.
    pub folder: FolderId,
    /// The name of the folder.
    pub name: String,
    /// Its flags.
    pub flags: FlagSet,
}

impl Lies {
    /// Returns the event that says, in the letter's history, that it was filed there.
    pub fn event(&self, access: Access, recipient: &str) -> Event {
        let (recipient, folder) = (recipient.to_owned(), self.name.clone());
        Event::Filed { account: access.owner().0, key: self.filed.letter.0, recipient, folder }
    }
}

/// Files letters of one account in one transaction; folders and keywords are looked up once for all of them. It must not
/// outlive its transaction, nor be used after a part of it was undone.
pub struct Filer<'k> {
    access: Access,
    at: Timestamp,
    /// Keywords that the caller read beforehand.
    known: Option<&'k Keywords>,
    /// The keywords met since.
    met: Keywords,
    folders: Vec<(Wanted, FolderId, String)>,
}

/// A [`Target`] that was looked up.
#[derive(PartialEq, Eq)]
enum Wanted {
    Id(FolderId),
    Named(String),
    Asked(Option<String>),
    Like(String, Option<SpecialUse>),
}

impl Wanted {
    fn is(&self, target: &Target<'_>) -> bool {
        match (self, target) {
            (Self::Id(known), Target::Id(id)) => known == id,
            (Self::Named(known), Target::Named(name)) => known == name,
            (Self::Asked(known), Target::Asked(name)) => known.as_deref() == *name,
            (Self::Like(known, known_use), Target::Like { name, special_use }) => {
                known == name && known_use == special_use
            }
            _ => false,
        }
    }
}

impl<'k> Filer<'k> {
    /// Makes a filer for a mailbox, at this time (which histories tell).
    pub fn new(access: Access, at: Timestamp) -> Self {
        Self { access, at, known: None, met: Keywords::default(), folders: Vec::new() }
    }

    /// Gives the filer keywords of the account that were read before: they cost no statement.
    #[must_use]
    pub fn knowing(self, known: &'k Keywords) -> Self {
        Self { known: Some(known), ..self }
    }

    /// Files a letter, and writes how its history begins.
    pub fn file(&mut self, tx: &mut Tx, deposit: &Deposit<'_>) -> Result<Lies, Error> {
        let lies = self.lay(tx, deposit)?;
        self.begin(tx, deposit, std::slice::from_ref(&lies))?;
        Ok(lies)
    }

    /// Files a letter, puts it into other folders as well, and writes how its history begins. A folder that it lies in already
    /// holds it once. Returns its places, the one of the deposit first.
    pub fn file_in(&mut self, tx: &mut Tx, deposit: &Deposit<'_>, also: &[Target<'_>]) -> Result<Vec<Lies>, Error> {
        let first = self.lay(tx, deposit)?;
        let mut places = vec![first.clone()];
        for target in also {
            let (folder, name) = self.folder(tx, target)?;
            if places.iter().any(|lies| lies.folder == folder) {
                continue;
            }
            let uid = letter::add(tx, self.access, first.filed.letter, folder)?;
            let uid = uid.ok_or(Error::Damaged("a folder"))?;
            let uid_validity = folder::validity(tx, folder)?;
            let filed = Filed { uid, uid_validity, ..first.filed };
            places.push(Lies { filed, folder, name, flags: first.flags.clone() });
        }
        self.begin(tx, deposit, &places)?;
        Ok(places)
    }

    fn lay(&mut self, tx: &mut Tx, deposit: &Deposit<'_>) -> Result<Lies, Error> {
        let (folder, name) = self.folder(tx, &deposit.target)?;
        let flags = self.flags(tx, deposit.system, deposit.labels)?;
        let Deposit { prepared, received, beyond, .. } = *deposit;
        let filed = letter::file_beyond(tx, self.access, folder, prepared, &flags, received, beyond)?;
        acquaintance::note(tx, self.access.owner(), &prepared.people)?;
        Ok(Lies { filed, folder, name, flags })
    }

    /// Writes how the letter's history begins.
    fn begin(&self, tx: &mut Tx, deposit: &Deposit<'_>, places: &[Lies]) -> Result<(), Error> {
        let Some(Begins { letter, recipient, events }) = deposit.begins else { return Ok(()) };
        let lie_there = places.iter().map(|lies| lies.event(self.access, recipient));
        trace::note_all(tx, letter, self.at, events.iter().cloned().chain(lie_there).collect())?;
        Ok(())
    }

    /// Finds the folder of a target, and its name. [`Target::Like`] is made if it is missing.
    pub fn folder(&mut self, tx: &mut Tx, target: &Target<'_>) -> Result<(FolderId, String), Error> {
        if let Target::Found(id, name) = target {
            return Ok((*id, (*name).to_owned()));
        }
        if let Some((_, id, name)) = self.folders.iter().find(|(wanted, ..)| wanted.is(target)) {
            return Ok((*id, name.clone()));
        }
        let access = self.access;
        let (wanted, found) = match *target {
            Target::Found(id, name) => return Ok((id, name.to_owned())),
            Target::Id(id) => (Wanted::Id(id), own(tx, access, id)?),
            Target::Named(name) => (Wanted::Named(name.to_owned()), named(tx, access, name)?),
            Target::Asked(name) => (Wanted::Asked(name.map(str::to_owned)), asked(tx, access, name)?),
            Target::Like { name, special_use } => {
                let found = match like(tx, access, name, special_use)? {
                    Some(there) => (there.id, there.name),
                    None => (make(tx, access, name, special_use, true)?, name.to_owned()),
                };
                (Wanted::Like(name.to_owned(), special_use), found)
            }
        };
        self.folders.push((wanted, found.0, found.1.clone()));
        Ok(found)
    }

    fn flags(&mut self, tx: &mut Tx, system: System, labels: Labels<'_>) -> Result<FlagSet, Error> {
        let (names, all) = match labels {
            Labels::All(names) => (names, true),
            Labels::Possible(names) => (names, false),
        };
        let mut ids = Vec::with_capacity(names.len());
        // One keyword too many is refused below; those beyond it need not be looked up.
        for name in names.iter().take(Keywords::MOST + 1) {
            match self.keyword(tx, name) {
                Ok(id) => ids.push(id),
                // One that cannot be kept takes no other with it.
                Err(Error::TooManyKeywords | Error::BadKeyword(_)) if !all => {}
                Err(error) => return Err(error),
            }
        }
        Ok(FlagSet::new(system, ids))
    }

    fn keyword(&mut self, tx: &mut Tx, name: &str) -> Result<flags::KeywordId, Error> {
        let known = self.known.and_then(|known| known.id(name)).or_else(|| self.met.id(name));
        if let Some(id) = known {
            return Ok(id);
        }
        let id = flags::intern_one(tx, self.access.may(Right::Insert)?, name)?;
        self.met.learn(id, name);
        Ok(id)
    }
}

/// Makes a folder like this one, if there is none: nothing need be filed in it.
pub fn furnish(
    tx: &mut Tx,
    access: Access,
    name: &str,
    special_use: Option<SpecialUse>,
    subscribed: bool,
) -> Result<(), Error> {
    match like(tx, access, name, special_use)? {
        Some(_) => Ok(()),
        None => make(tx, access, name, special_use, subscribed).map(drop),
    }
}

fn own(view: &View, access: Access, id: FolderId) -> Result<(FolderId, String), Error> {
    Ok((id, folder::get(view, access, id)?.name))
}

fn named(view: &View, access: Access, name: &str) -> Result<(FolderId, String), Error> {
    let folder = folder::by_name(view, access, name)?;
    folder.map(|folder| (folder.id, folder.name)).ok_or_else(|| Error::NoFolderCalled(name.to_owned()))
}

fn asked(view: &View, access: Access, name: Option<&str>) -> Result<(FolderId, String), Error> {
    let wanted = name.map(|name| loosely(view, access, name)).transpose()?.flatten();
    let folder = match wanted {
        Some(folder) => Some(folder),
        None => folder::by_name(view, access, INBOX)?,
    };
    folder.map(|folder| (folder.id, folder.name)).ok_or(Error::NoSuchAccount(access.owner()))
}

/// The folder of this name; else one that is called so in another case, or with slashes for the dots.
fn loosely(view: &View, access: Access, wanted: &str) -> Result<Option<Folder>, Error> {
    if let Some(exactly) = folder::by_name(view, access, wanted)? {
        return Ok(Some(exactly));
    }
    let wanted = wanted.to_lowercase();
    let with_slashes = wanted.replace('.', "/");
    let folders = folder::list(view, access)?;
    let called = |name: &str| folders.iter().find(|folder| folder.name.to_lowercase() == name);
    Ok(called(&wanted).or_else(|| called(&with_slashes)).cloned())
}

fn like(view: &View, access: Access, name: &str, use_: Option<SpecialUse>) -> Result<Option<Folder>, Error> {
    let used = use_.map(|special_use| folder::by_use(view, access, special_use)).transpose()?.flatten();
    match used {
        Some(used) => Ok(Some(used)),
        None => folder::by_name(view, access, name),
    }
}

fn make(
    tx: &mut Tx,
    access: Access,
    name: &str,
    special_use: Option<SpecialUse>,
    subscribed: bool,
) -> Result<FolderId, Error> {
    let made = folder::create(tx, access, name, special_use)?;
    if subscribed {
        folder::subscribe(tx, access, name)?;
    }
    Ok(made)
}
