//! A letter to many people is parsed and packed once.

use bytes::Bytes;
use facteur_mailbox::prepare;
use store::{Options, Store};

const LETTERS: [&str; 3] = [
    "From: a@alpha.test\r\nSubject: plain\r\n\r\nhello\r\n",
    "Subject: in parts\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n\
     From: inner@alpha.test\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c\r\nContent-Type: text/html\r\n\r\n<p>\r\n--c--\r\n\r\n--b--\r\n",
    "\r\nno header at all\r\n",
];

#[test]
fn with_a_head_before_it_a_letter_is_what_parsing_it_anew_would_give() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(Options::new(folder.path()), facteur_mailbox::MIGRATIONS).unwrap();
    let head = "Delivered-To: bob@beta.test\r\n";
    for letter in LETTERS {
        let quick = prepare(&store, Bytes::from(letter)).unwrap().headed(Bytes::from(head));
        let anew = prepare(&store, Bytes::from([head, letter].concat())).unwrap();
        assert_eq!(quick.structure(), anew.structure(), "{letter}");
        assert_eq!(quick.summary(), anew.summary(), "{letter}");
        assert_eq!(quick.size(), anew.size());
    }
}
