//! States as clients see them (RFC 8620 §5.1): the number of a change, or the position of a client that takes many
//! changes in pieces.

use mailbox::Change;
use mailbox::account_changes::Cursor;

use crate::id::number;

/// Writes a state: `17`, or `12-15-3`: the client knows all up to change 12, and has been told of later ones up to the
/// third item of change 15.
pub fn write(cursor: Cursor) -> String {
    if cursor == Cursor::at(cursor.known) {
        return cursor.known.to_string();
    }
    let (change, last) = cursor.seen;
    format!("{}-{change}-{last}", cursor.known)
}

/// Reads a text that [`write`] wrote; `None` for any other text.
pub fn read(state: &str) -> Option<Cursor> {
    let mut parts = state.split('-').map(|part| number(part).and_then(|number| u64::try_from(number).ok()));
    let known = Change(parts.next()??);
    let cursor = match (parts.next(), parts.next()) {
        (None, _) => Cursor::at(known),
        (Some(change), Some(last)) => Cursor { known, seen: (Change(change?), i64::try_from(last?).ok()?) },
        _ => return None,
    };
    (parts.next().is_none() && cursor.seen.0 >= known).then_some(cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_goes_round() {
        for cursor in [Cursor::at(Change(17)), Cursor { known: Change(12), seen: (Change(15), 3) }] {
            assert_eq!(read(&write(cursor)), Some(cursor));
        }
        for other in ["", "x", "-1", "1-2", "1-2-3-4", "5-2-3", "1-", "01"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
