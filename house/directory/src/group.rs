//! Groups: addresses that lead to several people, here and elsewhere, with a say in who may write to them.
//!
//! A group is an alias that knows its members as such. So it may have other groups as members, it never leads back to itself, and
//! letters find their way through it as through an alias. A letter to a group that has another as its member reaches the members
//! of both: the outer one decides who may write.

use mail::seam::{OurFault, Pending, Writer};
use mail::{Address, Destination, Domain, Reply, Resolution, Timestamp};
use store::{Tx, View, params};

use crate::alias::{self, Alias};
use crate::directory::our_fault;
use crate::fold::{fold, fold_address, split_detail};
use crate::{Directory, Error, TOPIC, domain, resolve};

/// The writers whose letters a group takes. Stored by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Writers {
    /// Anybody.
    #[default]
    Everyone,
    /// People who have a mailbox here, and the members.
    Ours,
    /// The members.
    Members,
}

impl Writers {
    /// Returns its name on the command line: `everyone`, `ours` or `members`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Ours => "ours",
            Self::Members => "members",
        }
    }

    /// Reads the name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Everyone, Self::Ours, Self::Members].into_iter().find(|writers| writers.name() == name)
    }

    fn number(self) -> i64 {
        match self {
            Self::Everyone => 0,
            Self::Ours => 1,
            Self::Members => 2,
        }
    }

    fn from_number(number: i64) -> Self {
        match number {
            0 => Self::Everyone,
            1 => Self::Ours,
            // A number of a later version: as few as possible.
            _ => Self::Members,
        }
    }
}

/// The settings of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The writers whose letters it takes.
    pub writers: Writers,
    /// Members who live here may write as the group.
    pub members_write_as: bool,
}

/// The changes to the settings of a group; a field that is `None` stays as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The writers whose letters it takes.
    pub writers: Option<Writers>,
    /// Members who live here may write as the group.
    pub members_write_as: Option<bool>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its address and its members.
    pub alias: Alias,
    /// Its settings.
    pub settings: Settings,
}

/// Adds members to a group, and makes it if there is none: then everybody may write to it, and its members may write as it, but
/// for these changes.
pub fn add(tx: &mut Tx, address: &Address, members: &[Address], changes: Changes, now: Timestamp) -> Result<(), Error> {
    let known = match alias::at(tx, address)? {
        Some(alias) => Some(settings(tx, alias)?.ok_or_else(|| Error::AliasExists(address.clone()))?),
        None => None,
    };
    alias::put(tx, address, members, now)?;
    if known.is_none() {
        let writers = Some(changes.writers.unwrap_or_default());
        return set(tx, address, Changes { writers, ..changes });
    }
    set(tx, address, changes)
}

/// Changes the settings of a group.
pub fn set(tx: &mut Tx, address: &Address, changes: Changes) -> Result<(), Error> {
    let alias = alias::at(tx, address)?.ok_or_else(|| Error::UnknownGroup(address.clone()))?;
    if settings(tx, alias)?.is_none() && changes.writers.is_none() {
        return Err(Error::UnknownGroup(address.clone()));
    }
    if let Some(writers) = changes.writers {
        tx.execute("UPDATE alias SET writers = $2 WHERE id = $1", params![alias, writers.number()])?;
    }
    if let Some(may) = changes.members_write_as {
        tx.execute("UPDATE alias SET members_write_as = $2 WHERE id = $1", params![alias, i64::from(may)])?;
    }
    tx.announce(TOPIC);
    Ok(())
}

/// Takes members from a group, or the whole group if none is named or none is left.
pub fn remove(tx: &mut Tx, address: &Address, members: &[Address]) -> Result<(), Error> {
    must_be(tx, address)?;
    alias::take(tx, address, members)
}

/// Fails if there is no group at the address.
pub fn must_be(view: &View, address: &Address) -> Result<(), Error> {
    match alias::at(view, address)?.map(|alias| settings(view, alias)).transpose()?.flatten() {
        Some(_) => Ok(()),
        None => Err(Error::UnknownGroup(address.clone())),
    }
}

/// All groups, or those of one domain, by address.
pub fn list(view: &View, of: Option<&Domain>) -> Result<Vec<Group>, Error> {
    let mut groups = Vec::new();
    for alias in alias::groups(view, of)? {
        let number = alias::at(view, &alias.address)?;
        if let Some(settings) = number.map(|number| settings(view, number)).transpose()?.flatten() {
            groups.push(Group { alias, settings });
        }
    }
    Ok(groups)
}

/// Returns the settings of a group; `None` if this is an alias.
pub(crate) fn settings(view: &View, alias: i64) -> Result<Option<Settings>, store::Error> {
    let sql = "SELECT writers, members_write_as FROM alias WHERE id = $1";
    let row = view.query_opt(sql, params![alias], |row| Ok((row.get::<Option<i64>>(0)?, row.get::<i64>(1)?)))?;
    Ok(row.and_then(|(writers, may)| {
        Some(Settings { writers: Writers::from_number(writers?), members_write_as: may != 0 })
    }))
}

/// Returns the settings of the group that letters for an address go to first; `None` if they go to none.
pub(crate) fn first_of(view: &View, address: &Address) -> Result<Option<Settings>, Error> {
    let Some(domain) = domain::number(view, address.domain())? else { return Ok(None) };
    let local = fold(address.local());
    let person = split_detail(&local).map(|(person, _)| person);
    for name in std::iter::once(local.as_str()).chain(person) {
        if let Some(alias) = alias::number(view, domain, name)? {
            return Ok(settings(view, alias)?);
        }
    }
    Ok(None)
}

/// Returns the refusal of a letter to an address by the settings of the group there.
fn refusal(view: &View, hostname: &Domain, writer: &Author, address: &Address) -> Result<Option<Reply>, Error> {
    let Some(Settings { writers, .. }) = first_of(view, address)? else { return Ok(None) };
    if writers == Writers::Everyone || matches!(writer, Author::House) {
        return Ok(None);
    }
    if writers == Writers::Ours && matches!(writer, Author::Person(_)) {
        return Ok(None);
    }
    let members = match resolve(view, Some(hostname), address)? {
        Resolution::Ours(members) => members,
        Resolution::Unknown | Resolution::Elsewhere => Vec::new(),
    };
    let is_writer = |member: &Destination| match (member, writer) {
        (Destination::Local { account, .. }, Author::Person(person)) => account.0 == *person,
        (Destination::Remote(member), Author::Stranger(Some(stranger))) => fold_address(member) == *stranger,
        _ => false,
    };
    Ok((!members.iter().any(is_writer)).then(|| closed(writers)))
}

fn closed(writers: Writers) -> Reply {
    let who = if writers == Writers::Ours { "its members and people of this server" } else { "its members" };
    Reply::new(550, (5, 7, 2), format!("this is a group that only {who} may write to"))
}

/// A writer, for another thread.
enum Author {
    Person(i64),
    Stranger(Option<String>),
    House,
}

impl Directory {
    /// Returns the refusal of a letter of this writer to an address, by the settings of a group.
    pub(crate) fn closed_to_writer<'a>(
        &'a self,
        writer: Writer<'a>,
        address: &'a Address,
    ) -> Pending<'a, Result<Option<Reply>, OurFault>> {
        let author = match writer {
            Writer::Person(account) => Author::Person(account.0),
            Writer::Stranger(address) => Author::Stranger(address.map(fold_address)),
            Writer::House => Author::House,
        };
        let (hostname, address) = (self.0.hostname.clone(), address.clone());
        Box::pin(async move {
            let look = move |view: &View| refusal(view, &hostname, &author, &address);
            self.0.store.read(look).await.map_err(our_fault)
        })
    }
}
