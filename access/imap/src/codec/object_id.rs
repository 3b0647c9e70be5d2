//! The ids of folders, letters and conversations (RFC 8474). JMAP shows the same ids, so that a client of both knows what
//! it sees.

use mailbox::{FolderId, LetterKey, ThreadId};

/// Writes `(f12)`, the id of a folder.
pub fn mailbox_id(out: &mut Vec<u8>, folder: FolderId) {
    bracketed(out, FolderId::MARK, folder.0);
}

/// Writes `(m12)`, the id of a letter: the same in each of its folders.
pub fn email_id(out: &mut Vec<u8>, letter: LetterKey) {
    bracketed(out, LetterKey::MARK, letter.0);
}

/// Writes `(t12)`, the id of a conversation.
pub fn thread_id(out: &mut Vec<u8>, thread: ThreadId) {
    bracketed(out, ThreadId::MARK, thread.0);
}

fn bracketed(out: &mut Vec<u8>, mark: char, number: i64) {
    out.extend_from_slice(format!("({mark}{number})").as_bytes());
}

/// Returns the letter of an id; `None` if no letter has such an id.
pub fn letter(id: &str) -> Option<LetterKey> {
    read(LetterKey::MARK, id).map(LetterKey)
}

/// Returns the conversation of an id; `None` if no conversation has such an id.
pub fn thread(id: &str) -> Option<ThreadId> {
    read(ThreadId::MARK, id).map(ThreadId)
}

/// Each object has one id only, so the number has no sign and no leading zeros.
fn read(mark: char, id: &str) -> Option<i64> {
    let number: i64 = id.strip_prefix(mark)?.parse().ok()?;
    (number >= 0 && id == format!("{mark}{number}")).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_goes_round_and_has_no_other_form() {
        let mut out = Vec::new();
        email_id(&mut out, LetterKey(12));
        thread_id(&mut out, ThreadId(3));
        mailbox_id(&mut out, FolderId(0));
        assert_eq!(out, b"(m12)(t3)(f0)");
        assert_eq!((letter("m12"), thread("t3")), (Some(LetterKey(12)), Some(ThreadId(3))));
        for other in ["", "m", "12", "M12", "m012", "m+12", "m-12", "m12 ", "t12", "m99999999999999999999"] {
            assert_eq!(letter(other), None, "{other}");
        }
    }
}
