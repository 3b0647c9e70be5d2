//! The codes of SPF, DMARC, iprev and of what others say about the sender; their words are in [`super::words`].

/// The address may not send for the domain (SPF).
pub const SPF_NOT_PERMITTED: &str = "spf-not-permitted";
/// The domain does not expect letters from the address (SPF, softfail).
pub const SPF_NOT_EXPECTED: &str = "spf-not-expected";
/// The address claims the name of somebody else.
pub const IPREV_CLAIMED: &str = "iprev-claimed";
/// The address has no name.
pub const IPREV_NO_NAME: &str = "iprev-no-name";
/// The address has a name that an access provider gives to every address.
pub const IPREV_GENERIC: &str = "iprev-generic";
/// The address may not send for the domain of the author (SPF), which the envelope does not name.
pub const SPF_AUTHOR_NOT_PERMITTED: &str = "spf-author-not-permitted";
/// The domain of the author has signed its letters to this person before, and did not sign this one.
pub const SIGNED_BEFORE: &str = "signed-before";
/// The domain of the author is proved.
pub const DMARC_PROVED: &str = "dmarc-proved";
/// The domain of the author is not proved, and its owner asks for nothing.
pub const DMARC_NOT_PROVED: &str = "dmarc-not-proved";
/// The domain of the author is not proved, and its owner asks for suspicion.
pub const DMARC_QUARANTINE: &str = "dmarc-quarantine";
/// The domain of the author is not proved, and its owner asks to refuse such letters.
pub const DMARC_REJECT: &str = "dmarc-reject";
/// The owner of the author's domain says nothing.
pub const DMARC_NO_RECORD: &str = "dmarc-no-record";
/// The letter names one of our own domains as its author's, and nothing proves it.
pub const OWN_NOT_PROVED: &str = "own-domain-not-proved";
/// A server that we trust says that the author is proved.
pub const SENDER_BY_WORD: &str = "sender-by-word";
/// A server that we trust says that nothing proves the author.
pub const SENDER_NOT_PROVED_BY_WORD: &str = "sender-not-proved-by-word";
/// A forwarder whom the postmaster trusts says that the author was proved when the letter came to it.
pub const SENDER_BY_FORWARDER: &str = "sender-by-forwarder";
