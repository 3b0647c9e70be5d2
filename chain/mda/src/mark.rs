//! The fields that the last station writes before a letter, and those a letter brings back when it goes in circles.

use bytes::Bytes;
use mail::finding::is_claimed_by;
use mail::{Address, Domain, Reply, ReturnPath, header};

use crate::{Decision, Incoming};

/// Makes the fields before a recipient's copy: `Return-Path` (RFC 5321 §4.4), `Delivered-To` (RFC 9228), the findings
/// of the checks (RFC 8601), and the reason for which it lies in the junk folder although it was refused.
pub(crate) fn head(incoming: Incoming<'_>, decision: &Decision) -> Bytes {
    let mut head = last_station(&incoming.envelope.return_path, &decision.recipient.address);
    head += &incoming.findings.field(incoming.hostname).unwrap_or_default();
    head += &decision.refused.as_ref().map(refused).unwrap_or_default();
    head.into()
}

fn last_station(return_path: &ReturnPath, delivered_to: &Address) -> String {
    format!("Return-Path: <{return_path}>\r\nDelivered-To: {delivered_to}\r\n")
}

/// The reason of a refusal that nobody could be told, on one line and bounded.
fn refused(reply: &Reply) -> String {
    let mut reason = reply.to_string();
    mail::trace::tidy(&mut reason);
    let reason: String = reason.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
    format!("Facteur-Refused: {reason}\r\n")
}

/// The letter without the fields that only the last station may write, and which it brought along: `Return-Path`, and
/// an `Authentication-Results` that claims to be ours (RFC 8601 §5).
pub(crate) fn as_filed(letter: &Bytes, hostname: &Domain) -> Bytes {
    header::without_those(letter, |field| field.is("Return-Path") || is_claimed_by(field, hostname))
}

/// The letter as it goes on when one of our addresses leads to another post office: with the address in a
/// `Delivered-To`. `None`: it has come through that address before and goes in circles (RFC 9228 §4). A letter that
/// is filed ends its way, so it is never asked: people may send themselves what they got.
pub fn passed_on(letter: &Bytes, through: &Address) -> Option<Bytes> {
    if has_come_through(letter, through) {
        return None;
    }
    Some([format!("Delivered-To: {through}\r\n").as_bytes(), letter].concat().into())
}

/// Returns true if a `Delivered-To` of the letter names this address.
pub fn has_come_through(letter: &Bytes, through: &Address) -> bool {
    let same = |field: header::Field<'_>| {
        let value = field.value();
        let seen = std::str::from_utf8(&value).ok().and_then(|text| Address::parse(text).ok());
        seen.is_some_and(|seen| is_same(&seen, through))
    };
    header::fields(letter).filter(|field| field.is("Delivered-To")).any(same)
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
        assert_eq!(last_station(&from, &bob), "Return-Path: <alice@alpha.test>\r\nDelivered-To: bob@beta.test\r\n");
        assert_eq!(last_station(&ReturnPath::Null, &bob), "Return-Path: <>\r\nDelivered-To: bob@beta.test\r\n");
    }

    fn without_return_path(letter: &Bytes) -> Bytes {
        as_filed(letter, &Domain::parse("mail.alpha.test").unwrap())
    }

    #[test]
    fn findings_that_somebody_else_wrote_in_our_name_do_not_stay() {
        let letter = Bytes::from_static(
            b"Authentication-Results: mail.alpha.test; dmarc=pass\r\n\
              Authentication-Results: mx.beta.test; spf=pass\r\n\r\nx",
        );
        assert_eq!(without_return_path(&letter), "Authentication-Results: mx.beta.test; spf=pass\r\n\r\nx");
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
