//! The faults of a change, and the remedy of each.

use mail::{Address, Domain};

/// The reason why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The domain is not ours.
    #[error("{0} is not one of our domains; add it with: facteur domain add {0}")]
    UnknownDomain(Domain),
    /// The domain is ours already.
    #[error("{0} is one of our domains already")]
    DomainExists(Domain),
    /// `[192.0.2.1]` cannot have people.
    #[error("{0} is an address literal; people live in domains that have a name")]
    NotAName(Domain),
    /// People would lose their mail.
    #[error(
        "{domain} is still home to people ({accounts}); remove them first (facteur account list), or say --force to remove \
         them with all their mail"
    )]
    DomainInUse {
        /// The domain.
        domain: Domain,
        /// The number of accounts that the domain still has.
        accounts: u64,
    },
    /// Another domain is another name of it.
    #[error("{alias} is another name of {domain}; remove it first (facteur domain remove {alias}), or say --force")]
    DomainHasAlias {
        /// The domain.
        domain: Domain,
        /// Its other name.
        alias: Domain,
    },
    /// Nobody of that address.
    #[error("there is no account {0}; facteur account list shows who is there")]
    UnknownAccount(Address),
    /// Somebody of that address.
    #[error("there is an account {0} already")]
    AccountExists(Address),
    /// The address is an alias.
    #[error("{0} is an alias already; remove it first with: facteur alias remove {0}")]
    AliasExists(Address),
    /// The address is a group.
    #[error("{0} is a group; its members are changed with: facteur group add, facteur group remove")]
    IsGroup(Address),
    /// No such group.
    #[error("there is no group {0}; facteur group list shows those that are there")]
    UnknownGroup(Address),
    /// No such alias.
    #[error("there is no alias {0}; facteur alias list shows those that are there")]
    UnknownAlias(Address),
    /// The alias has no such target.
    #[error("{alias} does not lead to {target}; facteur alias list shows where it leads")]
    UnknownTarget {
        /// The alias.
        alias: Address,
        /// The target that was to be removed from the alias.
        target: Address,
    },
    /// An alias would lead into the void.
    #[error("{0} is in one of our domains, but there is nobody of that name; add the account first")]
    NobodyThere(Address),
    /// An alias needs a target.
    #[error("say where {0} leads: facteur alias add {0} ADDRESS…")]
    NoTarget(Address),
    /// An alias would lead to itself.
    #[error("{0} would lead to itself")]
    Loop(Address),
    /// An alias leads to more addresses than are followed.
    #[error("{alias} would lead to more than {most} addresses; a mailing list is a better tool for so many")]
    TooManyTargets {
        /// The alias.
        alias: Address,
        /// The limit.
        most: usize,
    },
    /// A person's letters go on to more addresses than is reasonable.
    #[error("letters go on to {most} addresses at most; an alias or a mailing list is a better tool for so many")]
    TooManyForwards {
        /// The limit.
        most: usize,
    },
    /// The local part has a `+`.
    #[error("{0} has a + in its name, which separates a person from a folder; choose a name without it")]
    PlusInName(Address),
    /// `*` is a person's name.
    #[error("{0} means everybody in the domain and cannot be a person; it can be an alias")]
    StarIsNobody(Address),
    /// The name has a line end or the like.
    #[error("a person's name has no control characters and at most 200 characters")]
    BadName,
    /// The password is too short to be one.
    #[error("a password has at least {} characters", crate::Secret::SHORTEST)]
    PasswordTooShort,
    /// The password is too long.
    #[error("a password has at most {} bytes", crate::Secret::LONGEST)]
    PasswordTooLong,
    /// The password is common, or made of facts about its person.
    #[error(
        "this password is among the first that are guessed: it is a common one, or made of the person's own name; take \
         several words that do not belong together"
    )]
    PasswordGuessable,
    /// A file is no private key that letters can be signed with.
    #[error("letters cannot be signed with this: {0}")]
    NotAKey(#[from] auth::dkim::KeyFault),
    /// The name of a key has characters that a name in the domain name system cannot have.
    #[error("a selector is made of letters, digits, hyphens and dots, such as mail or 2026a")]
    BadSelector,
    /// The domain has another key of that name.
    #[error("{domain} has another key called {selector} already")]
    SelectorExists {
        /// The domain.
        domain: Domain,
        /// The name of the key.
        selector: String,
    },
    /// The domain has no such key.
    #[error("{domain} has no key called {selector}; facteur domain key list {domain} shows those that are there")]
    UnknownSelector {
        /// The domain.
        domain: Domain,
        /// The name of the key.
        selector: String,
    },
    /// A key could not be made.
    #[error("no key could be made: {0}")]
    NoKeyMade(String),
    /// The password could not be hashed.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}
