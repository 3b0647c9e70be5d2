//! Identities: the addresses a person writes as, each with a name and signatures (RFC 8621 §6).

use mail::seam::AccountId;
use serde::{Deserialize, Serialize};
use store::{Tx, View};

use crate::record::{self, Kind};

/// The most identities of a person.
pub const MOST: usize = 200;

/// The number of an identity. Never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdentityId(pub i64);

/// An address that a person writes as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Identity {
    /// The address, as its owner writes it. A damaged record has an empty one.
    pub email: String,
    /// The name beside the address.
    pub name: String,
    /// To whom answers go; none: to the address.
    pub reply_to: Option<Vec<Correspondent>>,
    /// The people who get a copy of each letter without the others knowing.
    pub bcc: Option<Vec<Correspondent>>,
    /// The text below letters in plain text.
    pub text_signature: String,
    /// The text below letters in HTML.
    pub html_signature: String,
    /// False for the identity of the person's own address, which stays.
    pub may_delete: bool,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            email: String::new(),
            name: String::new(),
            reply_to: None,
            bcc: None,
            text_signature: String::new(),
            html_signature: String::new(),
            may_delete: true,
        }
    }
}

/// Somebody that a letter is addressed to, as its author writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Correspondent {
    /// The name beside the address.
    pub name: Option<String>,
    /// The address.
    pub email: String,
}

/// All identities of a person, in the order they came.
pub fn list(view: &View, account: AccountId) -> Result<Vec<(IdentityId, Identity)>, store::Error> {
    let found = record::list(view, account, Kind::Identity)?.into_iter();
    Ok(found.map(|record| (IdentityId(record.number), record.data)).collect())
}

/// One identity of a person; none where there is no such one.
pub fn get(view: &View, account: AccountId, id: IdentityId) -> Result<Option<Identity>, store::Error> {
    record::get(view, account, Kind::Identity, id.0)
}

/// Returns true if the person has the identity of their own address.
pub fn has_own(view: &View, account: AccountId) -> Result<bool, store::Error> {
    Ok(list(view, account)?.iter().any(|(_, identity)| !identity.may_delete))
}

/// Gives a person the identity of their own address, where they do not have it yet.
pub fn ensure_own(tx: &mut Tx, account: AccountId, email: &str, name: &str) -> Result<(), store::Error> {
    if has_own(tx, account)? {
        return Ok(());
    }
    let own = Identity { email: email.to_owned(), name: name.to_owned(), may_delete: false, ..Identity::default() };
    record::create(tx, account, Kind::Identity, &own).map(drop)
}

/// Adds an identity; none where the person has [`MOST`] of them.
pub fn create(tx: &mut Tx, account: AccountId, identity: &Identity) -> Result<Option<IdentityId>, store::Error> {
    if record::list::<serde::de::IgnoredAny>(tx, account, Kind::Identity)?.len() >= MOST {
        return Ok(None);
    }
    record::create(tx, account, Kind::Identity, identity).map(|number| Some(IdentityId(number)))
}

/// Writes an identity that there is.
pub fn update(tx: &mut Tx, account: AccountId, id: IdentityId, identity: &Identity) -> Result<(), store::Error> {
    record::update(tx, account, Kind::Identity, id.0, identity)
}

/// Takes an identity away; false where there was none. Whether it may go, its caller has asked.
pub fn destroy(tx: &mut Tx, account: AccountId, id: IdentityId) -> Result<bool, store::Error> {
    record::destroy(tx, account, Kind::Identity, id.0)
}
