//! The fields that the last station writes before a letter, and those a letter brings back when it goes in circles.

use bytes::Bytes;
use mail::{Address, ReturnPath, header};

/// `Return-Path` (RFC 5321 §4.4) and `Delivered-To` (RFC 9228).
pub(crate) fn head(return_path: &ReturnPath, delivered_to: &Address) -> Bytes {
    format!("Return-Path: <{return_path}>\r\nDelivered-To: {delivered_to}\r\n").into()
}

/// The letter without the `Return-Path` that it brought along: only the last station knows it.
pub(crate) fn without_return_path(letter: &Bytes) -> Bytes {
    header::without(letter, "Return-Path")
}

/// The letter as it goes on when one of our addresses leads to another post office: with the address in a
/// `Delivered-To`. `None`: it has come through that address before and goes in circles (RFC 9228 §4). A letter that
/// is filed ends its way, so it is never asked: people may send themselves what they got.
pub fn passed_on(letter: &Bytes, through: &Address) -> Option<Bytes> {
    let same = |field: header::Field<'_>| {
        let value = field.value();
        let seen = std::str::from_utf8(&value).ok().and_then(|text| Address::parse(text).ok());
        seen.is_some_and(|seen| is_same(&seen, through))
    };
    if header::fields(letter).filter(|field| field.is("Delivered-To")).any(same) {
        return None;
    }
    Some([format!("Delivered-To: {through}\r\n").as_bytes(), letter].concat().into())
}

fn is_same(one: &Address, other: &Address) -> bool {
    one.domain() == other.domain() && one.local().to_lowercase() == other.local().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    #[test]
    fn the_last_station_writes_who_sent_the_letter_and_who_got_it() {
        let from = ReturnPath::Address(address("alice@alpha.test"));
        let bob = address("bob@beta.test");
        assert_eq!(head(&from, &bob), "Return-Path: <alice@alpha.test>\r\nDelivered-To: bob@beta.test\r\n");
        assert_eq!(head(&ReturnPath::Null, &bob), "Return-Path: <>\r\nDelivered-To: bob@beta.test\r\n");
    }

    #[test]
    fn a_return_path_that_somebody_else_wrote_does_not_stay() {
        let letter = Bytes::from_static(
            b"Return-Path: <a@b.test>\r\nTo: x\r\nreturn-path:\r\n <c@d.test>\r\nCc: y\r\n\r\nReturn-Path: text",
        );
        assert_eq!(without_return_path(&letter), "To: x\r\nCc: y\r\n\r\nReturn-Path: text");
        let without = Bytes::from_static(b"To: x\r\n\r\nReturn-Path: text");
        assert_eq!(without_return_path(&without), without);
        assert_eq!(without_return_path(&Bytes::from_static(b"Return-Path: <a@b.test>")), "");
    }

    #[test]
    fn a_letter_goes_on_through_an_address_once() {
        let letter = Bytes::from_static(b"Subject: x\r\n\r\nDelivered-To: team@alpha.test\r\n");
        let once = passed_on(&letter, &address("team@alpha.test")).unwrap();
        assert!(once.starts_with(b"Delivered-To: team@alpha.test\r\nSubject: x\r\n"));
        assert!(passed_on(&once, &address("Team@alpha.test")).is_none());
        assert!(passed_on(&once, &address("other@alpha.test")).is_some());
    }
}
