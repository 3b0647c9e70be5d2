//! The context that the methods of one request share: its person, the capabilities it uses, and the objects it has
//! created so far.

use mailbox::Access;
use std::collections::BTreeMap;
use std::sync::Arc;

use mail::seam::{AccountId, Login, Wire};

use crate::api::MethodError;
use crate::id::Id;
use crate::memory::Memory;
use crate::server::Server;
use crate::subscription::Credential;

/// The context that the methods of one request share.
pub(crate) struct Scope {
    pub server: Arc<Server>,
    pub person: Login,
    /// The credential that they have logged in with.
    pub credential: Credential,
    /// The connection the request came over.
    pub wire: Wire,
    /// Capabilities the request uses.
    pub using: Vec<String>,
    /// The objects that the request has created so far.
    pub created: Created,
    /// Octets of memory that the responses of the request may still take.
    pub left: usize,
    /// Octets of memory that the request's references may still copy and visit.
    pub references: usize,
    /// The memory that the request holds of the budget for all requests.
    pub memory: Memory,
}

impl Scope {
    /// Returns true if the request uses this capability.
    pub fn uses(&self, capability: &str) -> bool {
        self.using.iter().any(|used| used == capability)
    }

    /// Returns the account of this id, if it is the person's.
    pub fn account(&self, id: &str) -> Result<AccountId, MethodError> {
        Ok(self.access(id)?.owner())
    }

    /// Returns the person's access to the mail of the account of a client's `accountId`.
    pub fn access(&self, id: &str) -> Result<Access, MethodError> {
        match AccountId::read(id) {
            Some(account) if account == self.person.account => Ok(Access::own(account)),
            _ => Err(MethodError::account_not_found()),
        }
    }

    /// Returns the id that a client means (see [`Created`]).
    pub fn real<'a>(&'a self, id: &'a str) -> Option<&'a str> {
        self.created.real(id)
    }

    /// Returns the object that a client's id stands for, directly or by creation id.
    pub fn find<I: Id>(&self, id: &str) -> Option<I> {
        self.created.find(id)
    }

    /// Notes a created object.
    pub fn note(&mut self, creation: &str, id: String) {
        self.created.note(creation, id);
    }
}

/// Ids of created objects, by creation id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Created(pub BTreeMap<String, String>);

impl Created {
    /// Returns the id that a client means: the one created under the name behind `#`, or the id itself.
    pub fn real<'a>(&'a self, id: &'a str) -> Option<&'a str> {
        match id.strip_prefix('#') {
            Some(creation) => self.0.get(creation).map(String::as_str),
            None => Some(id),
        }
    }

    /// Returns the object that a client's id stands for, directly or by creation id.
    pub fn find<I: Id>(&self, id: &str) -> Option<I> {
        self.real(id).and_then(I::read)
    }

    /// Notes a created object.
    pub fn note(&mut self, creation: &str, id: String) {
        self.0.insert(creation.to_owned(), id);
    }
}
