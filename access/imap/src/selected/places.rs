//! Stories of a letter that lies in several folders, and of the ids by which clients know it again (RFC 8474).

use mailbox::System;

use super::testing::{Client, Office};

const PLAIN: &str = "From: Alice <alice@alpha.test>\r\nTo: bob@beta.test\r\nSubject: Lunch\r\n\
    Date: Tue, 24 Nov 2026 06:22:57 +0000\r\nMessage-ID: <1@alpha.test>\r\n\r\nAt noon?\r\n";

fn opened(office: &Office, folder: &str) -> Client {
    let mut client = office.client();
    let told = client.say(&format!("SELECT {folder}"));
    assert!(told.ends_with("a OK [READ-WRITE] The folder is open\r\n"), "{told}");
    client
}

/// Returns the value in the brackets behind an item of the first answer.
fn value(told: &str, item: &str) -> String {
    let (_, rest) = told.split_once(&format!("{item} (")).unwrap_or_else(|| panic!("{item}: {told}"));
    rest.split(')').next().unwrap().to_owned()
}

fn ids(client: &mut Client, uid: u32) -> (String, String) {
    let told = client.say(&format!("UID FETCH {uid} (EMAILID THREADID)"));
    (value(&told, "EMAILID"), value(&told, "THREADID"))
}

fn modseq(client: &mut Client, uid: u32) -> u64 {
    value(&client.say(&format!("UID FETCH {uid} MODSEQ")), "MODSEQ").parse().unwrap()
}

/// Returns the code COPYUID without its UIDVALIDITY.
fn copied(told: &str) -> String {
    let code = told.split("COPYUID ").nth(1).unwrap_or_else(|| panic!("{told}")).split(']').next().unwrap();
    code.split_once(' ').unwrap().1.to_owned()
}

#[test]
fn copy_lays_the_letter_into_the_other_folder_as_well_and_names_the_place_that_is_there() {
    let office = Office::new();
    office.file_times(2, PLAIN, System::FLAGGED);
    let mut inbox = opened(&office, "INBOX");
    assert_eq!(copied(&inbox.say("COPY 2 Archive")), "2 1");
    // Once more, with a letter that is not there yet: each has its place, in the order of the letters here.
    assert_eq!(copied(&inbox.say("COPY 1:2 Archive")), "1:2 2,1");
    let mut archive = opened(&office, "Archive");
    assert!(archive.say("NOOP").ends_with("a OK done\r\n"));
    assert_eq!(archive.say("SEARCH ALL"), "* SEARCH 1 2\r\na OK SEARCH completed\r\n");
    assert_eq!((ids(&mut archive, 1), ids(&mut archive, 2)), (ids(&mut inbox, 2), ids(&mut inbox, 1)));
    assert!(archive.say("FETCH 1:2 FLAGS").contains("* 2 FETCH (FLAGS (\\Flagged))"));
    // A copy beside the letter is another letter, as one that is appended is, whatever its octets are.
    assert_eq!(copied(&inbox.say("COPY 1 INBOX")), "1 3");
    office.file(PLAIN, System::NONE);
    inbox.say("NOOP");
    let all: std::collections::BTreeSet<String> = (1..=4).map(|uid| ids(&mut inbox, uid).0).collect();
    assert_eq!(all.len(), 4);
}

#[test]
fn flags_are_told_in_every_folder_and_deleted_in_its_own() {
    let office = Office::new();
    office.file(PLAIN, System::NONE);
    let mut inbox = opened(&office, "INBOX");
    inbox.say("COPY 1 Archive");
    let mut archive = opened(&office, "Archive");
    archive.session.enabled.condstore = true;
    let before = modseq(&mut archive, 1);
    inbox.say("STORE 1 +FLAGS (\\Seen work)");
    let told = archive.say("NOOP");
    assert!(told.contains("* 1 FETCH (UID 1 FLAGS (\\Seen work) MODSEQ ("), "{told}");
    let after = modseq(&mut archive, 1);
    assert!(after > before);
    // A client that comes back asks by the number, in whichever folder the flags were set.
    let told = archive.say(&format!("UID FETCH 1:* (FLAGS) (CHANGEDSINCE {before})"));
    assert!(told.contains("FLAGS (\\Seen work)"), "{told}");
    assert!(!archive.say(&format!("UID FETCH 1:* (FLAGS) (CHANGEDSINCE {after})")).contains("FETCH ("));
    inbox.say("STORE 1 +FLAGS.SILENT (\\Deleted)");
    let told = archive.say("UID FETCH 1 FLAGS");
    assert!(told.contains("FLAGS (\\Seen work)"), "{told}");
    assert_eq!(archive.say("SEARCH DELETED"), "* SEARCH\r\na OK SEARCH completed\r\n");
    assert_eq!(archive.say("EXPUNGE"), "a OK EXPUNGE completed\r\n");
}

#[test]
fn expunge_ends_one_place_and_move_adds_and_removes() {
    let office = Office::new();
    office.file_times(2, PLAIN, System::NONE);
    let mut inbox = opened(&office, "INBOX");
    inbox.say("COPY 1:2 Archive");
    let mut archive = opened(&office, "Archive");
    inbox.say("STORE 1 +FLAGS.SILENT (\\Deleted)");
    assert_eq!(inbox.say("EXPUNGE"), "* 1 EXPUNGE\r\na OK EXPUNGE completed\r\n");
    assert_eq!(archive.say("NOOP"), "a OK done\r\n");
    assert!(archive.say("FETCH 1 BODY.PEEK[TEXT]").contains("At noon?"));
    // The letter goes to a folder that holds it: its place here ends, and the one there is named.
    let told = archive.say("MOVE 2 INBOX");
    assert!(copied(&told) == "2 2" && told.contains("* 2 EXPUNGE\r\n"), "{told}");
    assert_eq!(inbox.say("NOOP"), "a OK done\r\n");
    let told = archive.say("MOVE 1 INBOX");
    assert!(copied(&told) == "1 3" && told.contains("* 1 EXPUNGE\r\n"), "{told}");
    assert_eq!(inbox.say("NOOP"), "* 2 EXISTS\r\n* 0 RECENT\r\na OK done\r\n");
}

#[test]
fn letters_are_found_by_their_ids() {
    let office = Office::new();
    office.file(PLAIN, System::NONE);
    office.file(PLAIN.replace("<1@", "<2@").replace("Lunch", "Dinner"), System::NONE);
    office.file(PLAIN.replace("Message-ID: <1@", "References: <1@alpha.test>\r\nMessage-ID: <3@"), System::NONE);
    let mut inbox = opened(&office, "INBOX");
    let (letter, thread) = ids(&mut inbox, 1);
    assert_eq!(ids(&mut inbox, 3).1, thread);
    assert_ne!(ids(&mut inbox, 2).1, thread);
    let mut found = |keys: &str| {
        let told = inbox.say(&format!("SEARCH {keys}"));
        told.lines().next().unwrap().trim_start_matches("* SEARCH").trim().to_owned()
    };
    assert_eq!(found(&format!("EMAILID {letter}")), "1");
    assert_eq!(found(&format!("NOT EMAILID {letter}")), "2 3");
    assert_eq!(found(&format!("THREADID {thread}")), "1 3");
    assert_eq!(found(&format!("OR EMAILID {letter} SUBJECT Dinner")), "1 2");
    assert_eq!(found(&format!("THREADID {thread} NOT EMAILID {letter}")), "3");
    for none in ["EMAILID m999999", "EMAILID nothing", "THREADID t-1", &format!("EMAILID {thread}")] {
        assert_eq!(found(none), "", "{none}");
    }
    // The letter is found where it lies, and nowhere else.
    inbox.say("COPY 1 Archive");
    let mut archive = opened(&office, "Archive");
    assert_eq!(archive.say(&format!("UID SEARCH EMAILID {letter}")), "* SEARCH 1\r\na OK SEARCH completed\r\n");
    let mut trash = opened(&office, "Trash");
    assert_eq!(trash.say(&format!("UID SEARCH THREADID {thread}")), "* SEARCH\r\na OK SEARCH completed\r\n");
}
