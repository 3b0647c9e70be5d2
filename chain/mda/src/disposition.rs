//! A disposition says what is to become of a letter for one recipient, as the rules decide it.

use bytes::Bytes;
use mail::{Address, Reply, Timestamp};
use mailbox::{SpecialUse, System};

use crate::Addressee;

/// The most copies, addresses and letters that one letter gives rise to for one recipient; the others are left out.
pub const MOST: usize = 32;

/// A disposition of a letter for one recipient. All of it happens in the commit that takes the letter, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposition {
    /// The copies that the recipient gets.
    pub keep: Keep,
    /// The addresses to which the letter goes on, as it is and with its return path. It goes to none of them if it
    /// has come through this recipient before.
    pub onward: Vec<Address>,
    /// Letters that are written on behalf of the recipient.
    pub written: Vec<Written>,
    /// The facts to remember for the next letters.
    pub remember: Vec<Memory>,
    /// The reason, in words for the history of the letter.
    pub reason: String,
}

/// The copies that the recipient gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// These copies. None at all is right where the letter goes on to somebody; else it is filed as usual, so that no
    /// letter is lost by a rule that forgot to say where it goes (RFC 5228 §2.10.2, implicit keep).
    Copies(Vec<Placement>),
    /// The recipient gets nothing, and the sender is told this. If nobody can be told any more, the letter is filed
    /// as junk, with the reason. Nothing else of the disposition is done.
    Refuse(Reply),
    /// Nothing, and nobody is told: only where the recipient wants it so.
    Discard,
}

/// The way in which one copy is filed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// The folder, by name, whatever its case; INBOX if there is none of that name.
    pub folder: Option<String>,
    /// The folder for this use, whatever it is called (RFC 8579). If there is none, it is made under the name above.
    pub special_use: Option<SpecialUse>,
    /// The folder is made if it is missing (RFC 5490 §3.2).
    pub create: bool,
    /// Flags that the copy has from the start.
    pub flags: System,
    /// Keywords that it has from the start, as far as the account has room for them.
    pub keywords: Vec<String>,
    /// The header that the copy has instead of its own: whole fields, without the empty line that ends it (RFC 5293).
    pub header: Option<Bytes>,
}

/// A letter that a rule writes on behalf of its person. It goes with the null return path, so that nothing answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Header and body, with CRLF line ends.
    pub raw: Bytes,
    /// The address that it goes to.
    pub to: Address,
    /// It goes only if this was not remembered yet, and then this is remembered: two letters that come at one time get
    /// one answer (RFC 5230 §4.2).
    pub once: Option<Memory>,
}

/// Something that a rule remembers for a recipient, for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The rule whose memory it is.
    pub rule: String,
    /// The fact itself: a person who was answered, a letter that was seen. Of any length; kept as a hash.
    pub key: String,
    /// It is forgotten then.
    pub until: Timestamp,
}

impl Disposition {
    /// Returns the disposition of a letter if no rule says otherwise: a copy in the folder that the address asks for,
    /// or INBOX.
    pub fn usual(recipient: &Addressee) -> Self {
        Self::keep(Placement { folder: recipient.detail.clone(), ..Placement::default() })
    }

    /// One copy, and nothing else.
    pub fn keep(placement: Placement) -> Self {
        Self::of(Keep::Copies(vec![placement]), String::new())
    }

    /// Nothing, and the sender is told so.
    pub fn refuse(reply: Reply, reason: impl Into<String>) -> Self {
        Self::of(Keep::Refuse(reply), reason.into())
    }

    /// Nothing, and nobody is told.
    pub fn discard(reason: impl Into<String>) -> Self {
        Self::of(Keep::Discard, reason.into())
    }

    fn of(keep: Keep, reason: String) -> Self {
        Self { keep, onward: Vec::new(), written: Vec::new(), remember: Vec::new(), reason }
    }

    /// The reply to the sender, if the recipient is not to get the letter.
    pub fn refusal(&self) -> Option<&Reply> {
        match &self.keep {
            Keep::Refuse(reply) => Some(reply),
            Keep::Copies(_) | Keep::Discard => None,
        }
    }

    /// Returns true if a history tells both in the same words: what is remembered for the next letters is no decision about
    /// this one.
    pub(crate) fn reads_like(&self, other: &Self) -> bool {
        (&self.keep, &self.onward, &self.written, &self.reason)
            == (&other.keep, &other.onward, &other.written, &other.reason)
    }

    /// Returns it in few words for a history, in those of Sieve (RFC 5228 §4): `fileinto "Junk", redirect
    /// carol@elsewhere.test`.
    pub fn summary(&self) -> String {
        let mut words = match &self.keep {
            Keep::Refuse(_) => return "reject".to_owned(),
            Keep::Discard => vec!["discard".to_owned()],
            Keep::Copies(copies) => copies.iter().map(Placement::summary).collect(),
        };
        words.extend(self.onward.iter().map(|to| format!("redirect {to}")));
        words.extend(self.written.iter().map(|letter| format!("reply {}", letter.to)));
        words.join(", ")
    }

    /// Within bounds, and with a copy as usual if nothing else would become of the letter.
    pub(crate) fn made_good(mut self, recipient: &Addressee) -> Self {
        self.onward.truncate(MOST);
        self.written.truncate(MOST);
        self.remember.truncate(MOST);
        if let Keep::Copies(copies) = &mut self.keep {
            copies.truncate(MOST);
            if copies.is_empty() && self.onward.is_empty() {
                copies.push(Placement { folder: recipient.detail.clone(), ..Placement::default() });
            }
        }
        self
    }
}

impl Placement {
    /// Returns the placement in the folder for junk.
    pub fn junk() -> Self {
        let (folder, keywords) = (Some("Junk".to_owned()), vec!["$Junk".to_owned()]);
        Self { folder, special_use: Some(SpecialUse::Junk), keywords, ..Self::default() }
    }

    fn summary(&self) -> String {
        self.folder.as_ref().map_or_else(|| "keep".to_owned(), |folder| format!("fileinto {folder:?}"))
    }
}

#[cfg(test)]
mod tests {
    use mail::seam::AccountId;

    use super::*;

    fn alice() -> Addressee {
        let address = Address::parse("alice+lists@alpha.test").unwrap();
        Addressee { account: AccountId(1), address, detail: Some("lists".to_owned()) }
    }

    #[test]
    fn a_rule_that_forgets_to_say_where_a_letter_goes_loses_none() {
        let empty = Disposition { keep: Keep::Copies(Vec::new()), ..Disposition::usual(&alice()) };
        assert_eq!(empty.clone().made_good(&alice()), Disposition::usual(&alice()));
        let onward = Disposition { onward: vec![Address::parse("a@b.test").unwrap()], ..empty };
        assert_eq!(onward.clone().made_good(&alice()), onward, "who gets it elsewhere need have no copy here");
        let gone = Disposition::discard("not wanted");
        assert_eq!(gone.clone().made_good(&alice()), gone);
    }

    #[test]
    fn a_rule_makes_no_more_of_a_letter_than_is_reasonable() {
        let address = Address::parse("a@b.test").unwrap();
        let many = Disposition {
            keep: Keep::Copies(vec![Placement::default(); 1000]),
            onward: vec![address; 1000],
            ..Disposition::usual(&alice())
        };
        let made = many.made_good(&alice());
        assert!(matches!(made.keep, Keep::Copies(copies) if copies.len() == MOST));
        assert_eq!(made.onward.len(), MOST);
    }

    #[test]
    fn a_history_tells_a_decision_in_the_words_of_sieve() {
        let mut disposition = Disposition::usual(&alice());
        disposition.onward.push(Address::parse("carol@elsewhere.test").unwrap());
        assert_eq!(disposition.summary(), "fileinto \"lists\", redirect carol@elsewhere.test");
        assert_eq!(Disposition::refuse(Reply::new(550, (5, 7, 1), "no"), "").summary(), "reject");
    }
}
