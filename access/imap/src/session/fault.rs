//! Turns the errors of the mailbox into answers with the response codes of RFC 5530.

use super::answer::{Answer, Halt};

impl From<store::Error> for Answer {
    fn from(error: store::Error) -> Self {
        if error.is_temporary() {
            tracing::warn!(%error, "the store did not do it");
            return Self::unavailable();
        }
        tracing::error!(%error, "a fault in Facteur");
        Self::no("Something is wrong in the post office; its log says what").word("SERVERBUG")
    }
}

impl From<mailbox::Error> for Answer {
    fn from(error: mailbox::Error) -> Self {
        use mailbox::Error;
        let word = match &error {
            Error::Store(error) => return error.clone().into(),
            Error::NoSuchAccount(_) | Error::AccountExists(_) | Error::NotAllowed(_) => "NOPERM",
            Error::NoSuchFolder(_) => return Self::no("There is no such folder any more").word("NONEXISTENT"),
            Error::NoFolderCalled(_) => "NONEXISTENT",
            Error::FolderExists(_) => "ALREADYEXISTS",
            Error::HasChildren => "HASCHILDREN",
            Error::TooManyFolders(_) | Error::TooManyKeywords | Error::UidsExhausted => "LIMIT",
            Error::OverQuota { .. } => "OVERQUOTA",
            Error::TooLarge { .. } => "TOOBIG",
            Error::Damaged(_) => "CORRUPTION",
            _ => "CANNOT",
        };
        Self::no(error.to_string()).word(word)
    }
}

impl From<store::Error> for Halt {
    fn from(error: store::Error) -> Self {
        Self::Refuse(error.into())
    }
}

impl From<mailbox::Error> for Halt {
    fn from(error: mailbox::Error) -> Self {
        Self::Refuse(error.into())
    }
}
