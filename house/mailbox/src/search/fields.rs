//! The header fields whose values the index keeps, so that any piece of them is found without a look at the letters:
//! those that the summary keeps but for the date, and List-Id.

use std::collections::BTreeSet;

use mail::header;
use store::{Form, HeaderField, Question};

use super::forms::{both, exact, plain};
use crate::parse::decode::words;
use crate::{Piece, Summary};

/// The longest value kept, in octets. A letter with a longer one is looked at itself.
const LONGEST: usize = 2_000;
/// The most values of one field.
const MOST: usize = 100;
/// RFC 2919
const LIST_ID: &str = "List-Id";
const LIST_ID_FIELD: HeaderField = HeaderField { shelf: 100, number: 100 };
/// The shelf of message ids.
const IDS: u8 = 101;

/// The values of a letter that the index keeps.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// Each with its field.
    pub values: Vec<(HeaderField, Form)>,
    /// Fields of which the letter has more than that.
    pub partial: Vec<HeaderField>,
}

impl Values {
    /// The values of a letter's kept fields and of its header.
    pub fn of(summary: &Summary, header: &[u8]) -> Self {
        let mut values = Self::default();
        for piece in Piece::ALL {
            let (Some(field), Some(value)) = (of_piece(piece), summary.piece(piece)) else { continue };
            let kept = exact(&words(value));
            if summary.is_partial(piece) {
                values.add_others(field, piece, header, &kept);
            }
            values.add(field, &kept);
        }
        let lists = header::fields(header).filter(|field| field.is(LIST_ID));
        for (number, list) in lists.enumerate() {
            if number == MOST {
                values.lacks(LIST_ID_FIELD);
                break;
            }
            values.add(LIST_ID_FIELD, &exact(&words(&list.value())));
        }
        values
    }

    /// The other fields of the name, of which the summary keeps the last: a person may have seen either.
    fn add_others(&mut self, field: HeaderField, piece: Piece, header: &[u8], kept: &str) {
        for (number, other) in header::fields(header).filter(|field| field.is(piece.name())).enumerate() {
            if number == MOST {
                return self.lacks(field);
            }
            let value = exact(&words(&other.value()));
            if !kept.contains(&value) {
                self.add(field, &value);
            }
        }
    }

    fn add(&mut self, field: HeaderField, value: &str) {
        if field.shelf != IDS {
            return self.add_one(field, value);
        }
        // Each id stands for itself: a piece of text without a blank lies within one.
        let ids: BTreeSet<&str> = value.split_whitespace().collect();
        if ids.is_empty() {
            return self.add_one(field, "");
        }
        if ids.len() > MOST {
            self.lacks(field);
        }
        ids.into_iter().take(MOST).for_each(|id| self.add_one(field, id));
    }

    fn add_one(&mut self, field: HeaderField, value: &str) {
        match value.len() <= LONGEST {
            true => self.values.push((field, both(value))),
            false => self.lacks(field),
        }
    }

    fn lacks(&mut self, field: HeaderField) {
        if !self.partial.contains(&field) {
            self.partial.push(field);
        }
    }
}

/// The field in the index, if it is there.
pub fn of_piece(piece: Piece) -> Option<HeaderField> {
    let number = piece as u8;
    match piece {
        Piece::Date => None,
        Piece::MessageId | Piece::InReplyTo | Piece::References => Some(HeaderField { shelf: IDS, number }),
        _ => Some(HeaderField { shelf: number, number }),
    }
}

/// The same by the field's name, whatever its case.
pub fn of_name(name: &str) -> Option<HeaderField> {
    match name.eq_ignore_ascii_case(LIST_ID) {
        true => Some(LIST_ID_FIELD),
        false => of_piece(Piece::of(name.as_bytes())?),
    }
}

/// Returns the question to the index for a text in its exact form in a field; says whether the letters that the index
/// names have the text for sure.
pub fn question(field: HeaderField, sought: &str) -> (Question, bool) {
    let within_one = field.shelf != IDS || !sought.contains(' ');
    let piece = match within_one {
        true => sought,
        // It lies in several ids: the longest part of it tells which letters may have it.
        false => sought.split_whitespace().max_by_key(|part| part.len()).unwrap_or_default(),
    };
    (Question::Holds(field, Form { plain: plain(piece), exact: Some(piece.to_owned()) }), within_one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(letter: &str) -> Values {
        Values::of(&Summary::parse(letter.as_bytes()), letter.as_bytes())
    }

    #[test]
    fn values_are_decoded_and_folded_and_ids_stand_alone() {
        let values = of("Subject: =?utf-8?q?=C3=89T=C3=89?= Now\r\nReferences: <B@x>\r\n <a@x> <B@x>\r\nCc:\r\n\
            List-Id: One <one.lists>\r\nlist-id: Two\r\nX-Other: x\r\n\r\nList-Id: body\r\n");
        let texts: Vec<&str> = values.values.iter().map(|(_, text)| text.exact()).collect();
        assert_eq!(texts, [exact("été now").as_str(), "", "<a@x>", "<b@x>", "one <one.lists>", "two"]);
        assert_eq!(values.partial, []);
    }

    #[test]
    fn of_two_fields_of_a_name_both_are_kept() {
        let values = of("Subject: first heron\r\nTo: a@b\r\nSubject: second egret\r\nTo: c@d\r\n\r\n");
        let texts: Vec<&str> = values.values.iter().map(|(_, text)| text.exact()).collect();
        assert_eq!(texts, ["first heron", "second egret", "a@b, c@d"]);
        let many = format!("{}\r\n", "Subject: y\r\nSubject: x\r\n".repeat(10 * MOST));
        assert_eq!(of(&many).partial, [of_piece(Piece::Subject).unwrap()]);
    }

    #[test]
    fn what_is_too_much_is_said_to_be_lacking() {
        let ids: String = (0..500).map(|n| format!(" <{n}@x>\r\n")).collect();
        let letter = format!("Subject: {}\r\nReferences:{ids}To: a@b\r\n\r\n", "x".repeat(LONGEST + 1));
        let values = of(&letter);
        assert_eq!(values.values.len(), MOST + 1);
        assert_eq!(values.partial, [of_piece(Piece::Subject).unwrap(), of_piece(Piece::References).unwrap()]);
        let lists = "List-Id: x\r\n".repeat(MOST + 1);
        assert_eq!(of(&lists).partial, [LIST_ID_FIELD]);
    }

    fn holds(field: HeaderField, text: &str) -> Question {
        Question::Holds(field, Form { plain: text.into(), exact: Some(text.into()) })
    }

    #[test]
    fn a_text_that_goes_over_several_ids_names_only_candidates() {
        let field = of_name("references").unwrap();
        assert_eq!(question(field, "<a@x>"), (holds(field, "<a@x>"), true));
        assert_eq!(question(field, "x> <long@x"), (holds(field, "<long@x"), false));
        assert_eq!(question(field, " "), (holds(field, ""), false));
        let list = of_name("LIST-ID").unwrap();
        assert_eq!(question(list, "a b"), (holds(list, "a b"), true));
        assert_eq!((of_name("Date"), of_name("Received")), (None, None));
    }
}
