//! Flags of a letter: the five of the system and the keywords of the account.

use std::collections::{BTreeSet, HashMap};
use std::ops::{BitOr, BitOrAssign};

use mail::seam::AccountId;
use store::{Tx, View, params};

use crate::{Access, Error, Right};

/// The system flags (RFC 9051 §2.3.2) as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct System(u8);

impl System {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// `\Seen`
    pub const SEEN: Self = Self(1);
    /// `\Answered`
    pub const ANSWERED: Self = Self(2);
    /// `\Flagged`
    pub const FLAGGED: Self = Self(4);
    /// `\Deleted`
    pub const DELETED: Self = Self(8);
    /// `\Draft`
    pub const DRAFT: Self = Self(16);
    /// Each flag with its name in IMAP.
    pub const NAMES: [(Self, &'static str); 5] = [
        (Self::ANSWERED, "\\Answered"),
        (Self::FLAGGED, "\\Flagged"),
        (Self::DELETED, "\\Deleted"),
        (Self::SEEN, "\\Seen"),
        (Self::DRAFT, "\\Draft"),
    ];

    /// The flags that these bits stand for; bits of no flag are dropped.
    pub fn from_bits(bits: u8) -> Self {
        Self(bits & 31)
    }

    /// The bits, as the column holds them.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Returns true if all of `others` are among these.
    pub fn contains(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// These and those.
    pub fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// These but not those.
    pub fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Returns true if there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for System {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.with(other)
    }
}

impl BitOrAssign for System {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.with(other);
    }
}

/// The number of a keyword in its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeywordId(pub u32);

/// The flags of one letter. Names of keywords are looked up in [`Keywords`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FlagSet {
    /// The flags of the system.
    pub system: System,
    /// Keywords, ascending, each once. Nearly always empty, and then nothing is allocated.
    keywords: Vec<KeywordId>,
}

impl From<System> for FlagSet {
    fn from(system: System) -> Self {
        Self { system, keywords: Vec::new() }
    }
}

impl FlagSet {
    /// Flags of the system and keywords in any order.
    pub fn new(system: System, mut keywords: Vec<KeywordId>) -> Self {
        // Mostly two ascending runs, which a stable sort joins in one pass.
        keywords.sort();
        keywords.dedup();
        Self { system, keywords }
    }

    /// The keywords, ascending.
    pub fn keywords(&self) -> &[KeywordId] {
        &self.keywords
    }

    /// Returns true if the keyword is set.
    pub fn has(&self, keyword: KeywordId) -> bool {
        self.keywords.binary_search(&keyword).is_ok()
    }

    /// These and those.
    #[must_use]
    pub fn with(&self, others: &Self) -> Self {
        Self::new(self.system.with(others.system), [self.keywords.as_slice(), &others.keywords].concat())
    }

    /// These but not those.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        Self {
            system: self.system.without(others.system),
            keywords: self.keywords.iter().copied().filter(|k| !others.has(*k)).collect(),
        }
    }

    /// The column `entry.keywords`: differences of the ascending numbers, seven bits a byte. `None` when empty.
    pub(crate) fn encode_keywords(&self) -> Option<Vec<u8>> {
        let mut column = Vec::with_capacity(self.keywords.len());
        let mut before = 0;
        for KeywordId(id) in &self.keywords {
            let mut step = id.wrapping_sub(before);
            before = *id;
            while step >= 0x80 {
                column.push(step as u8 | 0x80);
                step >>= 7;
            }
            column.push(step as u8);
        }
        (!column.is_empty()).then_some(column)
    }

    /// Reads the columns back. A damaged keyword is left out.
    pub(crate) fn decode(bits: i64, column: &[u8]) -> Self {
        let mut keywords = Vec::new();
        let (mut at, mut step, mut shift) = (0u32, 0u32, 0);
        for byte in column {
            step |= u32::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            shift += 7;
            if byte & 0x80 == 0 {
                at = at.wrapping_add(step);
                keywords.push(KeywordId(at));
                (step, shift) = (0, 0);
            }
        }
        Self { system: System::from_bits(bits as u8), keywords }
    }
}

/// The change that a STORE makes to the flags (RFC 9051 §6.4.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlagChange {
    /// `+FLAGS`
    Add(FlagSet),
    /// `-FLAGS`
    Remove(FlagSet),
    /// `FLAGS`
    Replace(FlagSet),
}

impl FlagChange {
    /// The flags after the change.
    pub fn apply(&self, flags: &FlagSet) -> FlagSet {
        match self {
            Self::Add(more) => flags.with(more),
            Self::Remove(less) => flags.without(less),
            Self::Replace(new) => new.clone(),
        }
    }
}

/// The keywords an account has used: names by number and numbers by name.
#[derive(Clone, Debug, Default)]
pub struct Keywords {
    names: Vec<Option<Box<str>>>,
    ids: HashMap<Box<str>, KeywordId>,
}

impl Keywords {
    /// The most keywords an account can have.
    pub const MOST: usize = 4096;
    /// The longest keyword, in octets.
    pub const LONGEST: usize = 255;

    /// Reads those of a mailbox.
    pub fn load(view: &View, access: Access) -> Result<Self, Error> {
        let account = access.may(Right::Read)?;
        let mut known = Self::default();
        let rows = view.query("SELECT id, name FROM keyword WHERE account = $1", params![account.0], |row| {
            Ok((row.get::<i64>(0)?, row.get::<String>(1)?))
        })?;
        for (id, name) in rows {
            known.learn(KeywordId(id as u32), &name);
        }
        Ok(known)
    }

    pub(crate) fn learn(&mut self, id: KeywordId, name: &str) {
        let place = id.0 as usize;
        if place >= Self::MOST {
            return;
        }
        if self.names.len() <= place {
            self.names.resize(place + 1, None);
        }
        self.names[place] = Some(name.into());
        self.ids.insert(name.to_lowercase().into(), id);
    }

    /// The name as it was first written.
    pub fn name(&self, id: KeywordId) -> Option<&str> {
        self.names.get(id.0 as usize)?.as_deref()
    }

    /// The number of a name, whatever its case (RFC 9051 §2.3.2).
    pub fn id(&self, name: &str) -> Option<KeywordId> {
        self.ids.get(name.to_lowercase().as_str()).copied()
    }

    /// Every keyword of the account, in the order they were first used.
    pub fn iter(&self) -> impl Iterator<Item = (KeywordId, &str)> {
        self.names.iter().enumerate().filter_map(|(id, name)| Some((KeywordId(id as u32), name.as_deref()?)))
    }

    /// Returns the number of keywords.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Returns true if there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

/// The flag set for system flags and keyword names; names the account has not used yet get a number.
/// Costs no statement when `keywords` is empty.
pub fn intern(tx: &mut Tx, access: Access, system: System, keywords: &[&str]) -> Result<FlagSet, Error> {
    intern_beside(tx, access, system, keywords, &Keywords::default())
}

/// The same for one of many letters: names among those `known`, which were read once for all of them, cost no statement.
/// An account never forgets a keyword, so those known stay right.
pub fn intern_beside(
    tx: &mut Tx,
    access: Access,
    system: System,
    keywords: &[&str],
    known: &Keywords,
) -> Result<FlagSet, Error> {
    let account = access.may(Right::Flag)?;
    let names: BTreeSet<&str> = keywords.iter().copied().collect();
    // One keyword too many is refused below; those beyond it need not be looked up.
    let ids = names.into_iter().take(Keywords::MOST + 1).map(|name| match known.id(name) {
        Some(id) => Ok(id),
        None => intern_one(tx, account, name),
    });
    Ok(FlagSet::new(system, ids.collect::<Result<_, _>>()?))
}

/// The flag set of those keywords that the account has used; the others are left out.
pub fn used(view: &View, access: Access, system: System, keywords: &[&str]) -> Result<FlagSet, Error> {
    let account = access.may(Right::Read)?;
    let folded: BTreeSet<String> = keywords.iter().map(|name| name.to_lowercase()).collect();
    let mut ids = Vec::new();
    for name in folded.iter().take(Keywords::MOST) {
        let sql = "SELECT id FROM keyword WHERE account = $1 AND folded = $2";
        let id = view.query_opt(sql, params![account.0, name.as_str()], |row| row.get::<i64>(0))?;
        ids.extend(id.map(|id| KeywordId(id as u32)));
    }
    Ok(FlagSet::new(system, ids))
}

pub(crate) fn intern_one(tx: &mut Tx, account: AccountId, name: &str) -> Result<KeywordId, Error> {
    if name.is_empty() || name.len() > Keywords::LONGEST || name.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Error::BadKeyword(name.to_owned()));
    }
    let folded = name.to_lowercase();
    let known = "SELECT id FROM keyword WHERE account = $1 AND folded = $2";
    if let Some(id) = tx.query_opt(known, params![account.0, folded.as_str()], |row| row.get::<i64>(0))? {
        return Ok(KeywordId(id as u32));
    }
    let next =
        tx.query_one("SELECT COALESCE(MAX(id) + 1, 0) FROM keyword WHERE account = $1", params![account.0], |row| {
            row.get::<i64>(0)
        })?;
    if next as usize >= Keywords::MOST {
        return Err(Error::TooManyKeywords);
    }
    tx.execute(
        "INSERT INTO keyword (account, id, name, folded) VALUES ($1, $2, $3, $4)",
        params![account.0, next, name, folded.as_str()],
    )?;
    Ok(KeywordId(next as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_go_round_through_their_column() {
        for ids in [vec![], vec![0], vec![0, 1, 127, 128, 300, 4095], vec![u32::MAX]] {
            let flags = FlagSet::new(System::SEEN, ids.into_iter().map(KeywordId).collect());
            let column = flags.encode_keywords().unwrap_or_default();
            assert_eq!(FlagSet::decode(1, &column), flags);
        }
    }

    #[test]
    fn a_damaged_column_gives_what_it_can() {
        for column in [&[0x80u8; 20][..], &[0xff; 9], &[1, 0x80]] {
            FlagSet::decode(-1, column);
        }
    }

    #[test]
    fn adding_removing_and_replacing_flags() {
        let old = FlagSet::new(System::SEEN, vec![KeywordId(3)]);
        let more = FlagSet::new(System::DRAFT, vec![KeywordId(1), KeywordId(3)]);
        assert_eq!(FlagChange::Add(more.clone()).apply(&old).keywords(), [KeywordId(1), KeywordId(3)]);
        assert_eq!(FlagChange::Remove(more.clone()).apply(&old), FlagSet::from(System::SEEN));
        assert_eq!(FlagChange::Replace(more.clone()).apply(&old), more);
    }
}
