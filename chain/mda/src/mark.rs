//! The fields that the last station writes before a letter.

use bytes::{Bytes, BytesMut};
use mail::{Address, ReturnPath, header};

/// The letter with `Return-Path` (RFC 5321 §4.4) before it, and `Delivered-To` (RFC 9228) where somebody is named. A
/// `Return-Path` that it brought along is taken away: only the last station knows it.
pub fn marked(letter: &Bytes, return_path: &ReturnPath, delivered_to: Option<&Address>) -> Bytes {
    let mut marked = BytesMut::with_capacity(letter.len() + 256);
    marked.extend_from_slice(format!("Return-Path: <{return_path}>\r\n").as_bytes());
    if let Some(address) = delivered_to {
        marked.extend_from_slice(format!("Delivered-To: {address}\r\n").as_bytes());
    }
    let mut copied = 0;
    for field in header::fields(letter).filter(|field| field.is("Return-Path")) {
        let start = (field.whole.as_ptr() as usize).saturating_sub(letter.as_ptr() as usize);
        marked.extend_from_slice(letter.get(copied..start).unwrap_or_default());
        copied = start + field.whole.len();
    }
    marked.extend_from_slice(letter.get(copied..).unwrap_or_default());
    marked.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_station_writes_who_sent_the_letter_and_who_got_it() {
        let letter = Bytes::from_static(b"Subject: x\r\n\r\nhello\r\n");
        let from = ReturnPath::Address(Address::parse("alice@alpha.test").unwrap());
        let bob = Address::parse("bob@beta.test").unwrap();
        assert_eq!(
            marked(&letter, &from, Some(&bob)),
            "Return-Path: <alice@alpha.test>\r\nDelivered-To: bob@beta.test\r\nSubject: x\r\n\r\nhello\r\n"
        );
        assert_eq!(marked(&letter, &ReturnPath::Null, None), "Return-Path: <>\r\nSubject: x\r\n\r\nhello\r\n");
    }

    #[test]
    fn a_return_path_that_somebody_else_wrote_does_not_stay() {
        let letter = Bytes::from_static(
            b"Return-Path: <a@b.test>\r\nTo: x\r\nreturn-path:\r\n <c@d.test>\r\n\r\nReturn-Path: text",
        );
        assert_eq!(marked(&letter, &ReturnPath::Null, None), "Return-Path: <>\r\nTo: x\r\n\r\nReturn-Path: text");
    }
}
