//! Ids (RFC 8620 §1.2): the numbers of the mailbox after a letter that names the kind of object. Each object has one id
//! only, so that ids can be compared as text.

use mail::seam::AccountId;
use mailbox::{FolderId, LetterKey, ThreadId};
use records::{IdentityId, SubmissionId};

/// A number that has an id.
pub trait Id: Sized + Copy {
    /// The letter before the number.
    const MARK: char;
    /// Returns the number.
    fn number(self) -> i64;
    /// Makes the id from its number.
    fn from_number(number: i64) -> Self;

    /// Returns the id as clients see it.
    fn id(self) -> String {
        format!("{}{}", Self::MARK, self.number())
    }

    /// Returns the object's id that a client's text stands for; `None` if we never gave out such an id.
    fn read(text: &str) -> Option<Self> {
        number(text.strip_prefix(Self::MARK)?).map(Self::from_number)
    }
}

/// Reads a number without sign and leading zeros.
pub fn number(digits: &str) -> Option<i64> {
    let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let plain = plain && (digits == "0" || !digits.starts_with('0'));
    plain.then(|| digits.parse().ok()).flatten()
}

macro_rules! ids {
    ($($kind:ty, $mark:expr;)+) => {$(
        impl Id for $kind {
            const MARK: char = $mark;
            fn number(self) -> i64 {
                self.0
            }
            fn from_number(number: i64) -> Self {
                Self(number)
            }
        }
    )+};
}

ids! {
    AccountId, 'a';
    FolderId, FolderId::MARK;
    LetterKey, LetterKey::MARK;
    ThreadId, ThreadId::MARK;
    IdentityId, 'i';
    SubmissionId, 's';
}

/// Returns true if a client may use such a name (RFC 8620 §1.2).
pub fn is_well_formed(id: &str) -> bool {
    (1..=255).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_goes_round_and_has_no_other_form() {
        assert_eq!(FolderId(7).id(), "f7");
        assert_eq!(FolderId::read("f7"), Some(FolderId(7)));
        for other in ["f07", "f", "m7", "f-7", "f+7", "F7", "f7 ", "f99999999999999999999"] {
            assert_eq!(FolderId::read(other), None, "{other}");
        }
    }
}
