//! Stories of one and of several clients on one mailbox.

use mailbox::{Access, System};

use super::testing::{Client, Office};

#[path = "../../../../house/mailbox/tests/common/mutations.rs"]
mod mutations;

const PLAIN: &str = "From: Alice <alice@alpha.test>\r\nTo: bob@beta.test\r\nSubject: Lunch\r\n\
    Date: Tue, 24 Nov 2026 06:22:57 +0000\r\nMessage-ID: <1@alpha.test>\r\n\r\nAt noon?\r\nAlice\r\n";

fn selected(office: &Office) -> Client {
    let mut client = office.client();
    let told = client.say("SELECT INBOX");
    assert!(told.ends_with("a OK [READ-WRITE] The folder is open\r\n"), "{told}");
    client
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

#[test]
fn an_empty_folder_opens() {
    let mut client = Office::new().client();
    let told = client.say("SELECT INBOX");
    assert_eq!(
        lines(&told)[..4],
        [
            "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)",
            "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] Flags that are kept",
            "* 0 EXISTS",
            "* 0 RECENT",
        ]
    );
    assert!(told.contains("* OK [UIDNEXT 1] "), "{told}");
    assert!(!told.contains("UNSEEN"), "{told}");
}

#[test]
fn a_rev2_client_is_told_the_name_and_neither_recent_nor_unseen() {
    let office = Office::new();
    office.file(PLAIN, System::NONE);
    let mut client = office.client();
    assert!(client.say("SELECT INBOX").contains("* OK [UNSEEN 1] "));
    client.session.enabled.rev2 = true;
    let told = client.say("EXAMINE INBOX");
    assert!(told.starts_with("* OK [CLOSED] "), "{told}");
    assert!(told.contains("* LIST () \"/\" INBOX\r\n"), "{told}");
    assert!(told.contains("* OK [PERMANENTFLAGS ()] "), "{told}");
    assert!(!told.contains("RECENT") && !told.contains("UNSEEN"), "{told}");
    assert!(told.ends_with("a OK [READ-ONLY] The folder is open\r\n"), "{told}");
}

#[test]
fn a_folder_that_is_not_there_cannot_be_opened_and_the_old_one_is_left() {
    let office = Office::new();
    let mut client = selected(&office);
    let told = client.say("SELECT Nowhere");
    assert!(told.starts_with("* OK [CLOSED]"), "{told}");
    assert!(told.contains("a NO [NONEXISTENT]"), "{told}");
    assert!(client.session.selected.is_none());
}

#[test]
fn the_items_of_a_fetch() {
    let office = Office::new();
    office.file(PLAIN, System::FLAGGED);
    let mut client = selected(&office);
    assert_eq!(
        client.say("FETCH 1 (FLAGS UID INTERNALDATE RFC822.SIZE)"),
        format!(
            "* 1 FETCH (UID 1 FLAGS (\\Flagged) INTERNALDATE \"24-Nov-2026 06:22:57 +0000\" RFC822.SIZE {})\r\n\
             a OK FETCH completed\r\n",
            PLAIN.len()
        )
    );
    let alice = "((\"Alice\" NIL \"alice\" \"alpha.test\"))";
    assert_eq!(
        lines(&client.say("UID FETCH 1 ENVELOPE"))[0],
        format!(
            "* 1 FETCH (UID 1 ENVELOPE (\"Tue, 24 Nov 2026 06:22:57 +0000\" \"Lunch\" {alice} {alice} {alice} \
             ((NIL NIL \"bob\" \"beta.test\")) NIL NIL NIL \"<1@alpha.test>\"))"
        )
    );
    assert_eq!(
        lines(&client.say("FETCH 1 BODY"))[0],
        "* 1 FETCH (BODY (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 17 2))"
    );
    assert_eq!(
        lines(&client.say("FETCH 1 BODYSTRUCTURE"))[0],
        "* 1 FETCH (BODYSTRUCTURE (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 17 2 NIL NIL NIL NIL))"
    );
}

#[test]
fn sections_and_slices_of_them() {
    let office = Office::new();
    office.file(PLAIN, System::NONE);
    let mut client = selected(&office);
    let mut fetch = |item: &str| client.say(&format!("FETCH 1 {item}")).replace("\r\na OK FETCH completed\r\n", "");
    assert_eq!(fetch("BODY.PEEK[TEXT]"), "* 1 FETCH (BODY[TEXT] {17}\r\nAt noon?\r\nAlice\r\n)");
    assert_eq!(fetch("BODY.PEEK[1]<3.4>"), "* 1 FETCH (BODY[1]<3> {4}\r\nnoon)");
    assert_eq!(fetch("BODY.PEEK[TEXT]<100.4>"), "* 1 FETCH (BODY[TEXT]<100> {0}\r\n)");
    assert_eq!(fetch("BODY.PEEK[2]"), "* 1 FETCH (BODY[2] NIL)");
    assert_eq!(fetch("BODY.PEEK[1.1.1]"), "* 1 FETCH (BODY[1.1.1] NIL)");
    assert_eq!(
        fetch("BODY.PEEK[HEADER.FIELDS (SUBJECT X-None)]"),
        "* 1 FETCH (BODY[HEADER.FIELDS (SUBJECT X-None)] {18}\r\nSubject: Lunch\r\n\r\n)"
    );
    assert_eq!(
        fetch("BODY.PEEK[HEADER.FIELDS.NOT (Subject From Date Message-ID)]"),
        "* 1 FETCH (BODY[HEADER.FIELDS.NOT (Subject From Date Message-ID)] {21}\r\nTo: bob@beta.test\r\n\r\n)"
    );
    assert_eq!(fetch("BODY.PEEK[]"), format!("* 1 FETCH (BODY[] {{{}}}\r\n{PLAIN})", PLAIN.len()));
    assert!(fetch("RFC822.HEADER").starts_with("* 1 FETCH (RFC822.HEADER {"));
    assert!(fetch("FLAGS").contains("FLAGS ()"), "peeking leaves \\Seen alone");
}

#[test]
fn reading_a_body_marks_it_seen_and_tells_it_once() {
    let office = Office::new();
    office.file(PLAIN, System::NONE);
    let mut client = selected(&office);
    let told = client.say("FETCH 1 BODY[1]<0.2>");
    assert_eq!(told, "* 1 FETCH (FLAGS (\\Seen) BODY[1]<0> {2}\r\nAt)\r\na OK FETCH completed\r\n");
    assert_eq!(client.say("FETCH 1 RFC822.TEXT").matches("FLAGS").count(), 0);
    assert_eq!(client.say("NOOP"), "a OK done\r\n");
}

#[test]
fn reading_in_an_examined_folder_marks_nothing() {
    let office = Office::new();
    office.file(PLAIN, System::NONE);
    let mut client = office.client();
    client.say("EXAMINE INBOX");
    assert!(!client.say("FETCH 1 BODY[]").contains("FLAGS"));
    assert!(client.say("STORE 1 +FLAGS (\\Seen)").starts_with("a NO"));
    assert!(client.say("EXPUNGE").starts_with("a NO"));
    assert!(client.say("MOVE 1 Trash").starts_with("a NO"));
    assert!(client.say("COPY 1 Trash").starts_with("a OK [COPYUID"));
}

#[test]
fn storing_flags_and_keywords() {
    let office = Office::new();
    office.file(PLAIN, System::NONE);
    let mut client = selected(&office);
    assert_eq!(
        client.say("STORE 1 +FLAGS (\\Seen $Forwarded)"),
        "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Forwarded)\r\n\
         * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Forwarded \\*)] Flags that are kept\r\n\
         * 1 FETCH (UID 1 FLAGS (\\Seen $Forwarded))\r\na OK STORE completed\r\n"
    );
    assert_eq!(client.say("STORE 1 -FLAGS.SILENT (\\Seen Unknown)"), "a OK STORE completed\r\n");
    assert_eq!(
        client.say("UID STORE 1 FLAGS (\\Draft $forwarded)"),
        "* 1 FETCH (UID 1 FLAGS (\\Draft $Forwarded))\r\na OK STORE completed\r\n"
    );
    // Setting a flag that is set already is answered too, and changes nothing.
    assert_eq!(
        client.say("STORE 1 +FLAGS (\\Draft)"),
        "* 1 FETCH (UID 1 FLAGS (\\Draft $Forwarded))\r\na OK STORE completed\r\n"
    );
    assert!(client.say("STORE 2 +FLAGS (\\Seen)").starts_with("a BAD"));
    assert_eq!(client.say("UID STORE 99 +FLAGS (\\Seen)"), "a OK STORE completed\r\n");
}

#[test]
fn what_one_client_changes_the_other_sees() {
    let office = Office::new();
    office.file(PLAIN, System::NONE);
    let (mut alice, mut phone) = (selected(&office), selected(&office));
    alice.say("STORE 1 +FLAGS (\\Flagged important)");
    assert_eq!(
        phone.say("NOOP"),
        "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft important)\r\n\
         * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft important \\*)] Flags that are kept\r\n\
         * 1 FETCH (UID 1 FLAGS (\\Flagged important))\r\na OK done\r\n"
    );
    office.file(PLAIN, System::SEEN);
    assert_eq!(phone.say("NOOP"), "* 2 EXISTS\r\n* 0 RECENT\r\na OK done\r\n");
    assert_eq!(phone.say("NOOP"), "a OK done\r\n");
    alice.say("NOOP");
    alice.say("STORE 1 +FLAGS.SILENT (\\Deleted)");
    assert_eq!(alice.say("EXPUNGE"), "* 1 EXPUNGE\r\na OK EXPUNGE completed\r\n");
    let told = phone.say("NOOP");
    assert_eq!(told, "* 1 EXPUNGE\r\na OK done\r\n");
    assert!(phone.say("FETCH 1 UID").starts_with("* 1 FETCH (UID 2)"));
}

#[test]
fn letters_that_went_keep_their_place_until_the_client_may_hear_of_it() {
    let office = Office::new();
    office.file_times(3, PLAIN, System::NONE);
    let (mut alice, mut phone) = (selected(&office), selected(&office));
    alice.say("STORE 1 +FLAGS.SILENT (\\Deleted)");
    alice.say("EXPUNGE");
    office.file(PLAIN, System::NONE);
    // RFC 9051 §7.5.1: not during FETCH, STORE or SEARCH by number.
    assert_eq!(
        phone.say("FETCH 1:3 UID"),
        "* 2 FETCH (UID 2)\r\n* 3 FETCH (UID 3)\r\n* 4 EXISTS\r\n* 0 RECENT\r\n\
         a OK [EXPUNGEISSUED] FETCH completed, but some of these letters are gone\r\n"
    );
    assert_eq!(phone.say("SEARCH ALL"), "* SEARCH 2 3 4\r\na OK SEARCH completed\r\n");
    assert_eq!(
        phone.say("STORE 2:3 +FLAGS (\\Seen)"),
        "* 2 FETCH (UID 2 FLAGS (\\Seen))\r\n* 3 FETCH (UID 3 FLAGS (\\Seen))\r\na OK STORE completed\r\n"
    );
    assert_eq!(phone.say("UID SEARCH ALL"), "* SEARCH 2 3 4\r\n* 1 EXPUNGE\r\na OK SEARCH completed\r\n");
    assert_eq!(phone.say("SEARCH ALL"), "* SEARCH 1 2 3\r\na OK SEARCH completed\r\n");
}

/// Files three letters, of which another client has expunged the first; the returned client has not heard of it.
fn first_of_three_gone(office: &Office) -> Client {
    office.file_times(3, PLAIN, System::NONE);
    let (mut alice, phone) = (selected(office), selected(office));
    alice.say("STORE 1 +FLAGS.SILENT (\\Deleted)");
    alice.say("EXPUNGE");
    phone
}

const GONE: &str = "a NO [EXPUNGEISSUED] These letters are gone\r\n";

#[test]
fn flags_that_were_set_are_never_answered_with_no() {
    let mut phone = first_of_three_gone(&Office::new());
    let some = "a OK [EXPUNGEISSUED] STORE completed, but some of these letters are gone\r\n";
    assert_eq!(phone.say("STORE 1:3 +FLAGS.SILENT (\\Seen)"), some);
    assert_eq!(phone.say("STORE 1 -FLAGS.SILENT (\\Seen)"), some);
    assert_eq!(phone.say("STORE 1:2 -FLAGS (\\Seen)"), format!("* 2 FETCH (UID 2 FLAGS ())\r\n{some}"));
    // RFC 2180 §4.2.2: the client expects to hear of flags, and there are none.
    assert_eq!(phone.say("STORE 1 +FLAGS (\\Seen)"), GONE);
    assert_eq!(phone.say("UID STORE 1:3 +FLAGS.SILENT (\\Seen)"), "* 1 EXPUNGE\r\na OK STORE completed\r\n");
    assert!(phone.say("FETCH 1:2 FLAGS").starts_with("* 1 FETCH (FLAGS (\\Seen))\r\n* 2 FETCH (FLAGS (\\Seen))\r\n"));
}

#[test]
fn a_conditional_store_over_a_letter_that_is_gone_tells_what_it_changed() {
    let office = Office::new();
    let mut phone = first_of_three_gone(&office);
    phone.session.enabled.qresync = true;
    phone.session.enabled.condstore = true;
    let told = phone.say("STORE 1:3 (UNCHANGEDSINCE 999999) +FLAGS.SILENT (\\Seen)");
    assert!(told.starts_with("* 2 FETCH (UID 2 MODSEQ (") && told.contains("* 3 FETCH (UID 3 MODSEQ ("), "{told}");
    assert!(told.ends_with("a OK [EXPUNGEISSUED] STORE completed, but some of these letters are gone\r\n"), "{told}");
    assert_eq!(
        phone.say("UID STORE 3 (UNCHANGEDSINCE 1) +FLAGS.SILENT (\\Draft)").lines().next(),
        Some("* VANISHED 1")
    );
}

#[test]
fn letters_that_are_left_are_copied_moved_and_shown_and_the_answer_says_so() {
    let office = Office::new();
    let mut phone = first_of_three_gone(&office);
    let told = phone.say("COPY 1:3 Archive");
    let lines = lines(&told);
    assert_eq!(lines[0], "* NO [EXPUNGEISSUED] Some of these letters are gone");
    assert!(lines[2].starts_with("a OK [COPYUID ") && lines[2].ends_with(" 2:3 1:2] COPY completed"), "{told}");
    let mut phone = first_of_three_gone(&Office::new());
    let told = phone.say("MOVE 1:2 Archive");
    assert!(told.starts_with("* OK [COPYUID ") && told.contains(" 2 1] Moved\r\n"), "{told}");
    let end =
        "* NO [EXPUNGEISSUED] Some of these letters are gone\r\n* 2 EXPUNGE\r\n* 1 EXPUNGE\r\na OK MOVE completed\r\n";
    assert!(told.ends_with(end), "{told}");
}

#[test]
fn of_letters_that_are_all_gone_nothing_is_done() {
    let office = Office::new();
    let mut phone = first_of_three_gone(&office);
    assert_eq!(phone.say("FETCH 1 UID"), GONE);
    assert_eq!(phone.say("COPY 1 Archive"), format!("* 1 EXPUNGE\r\n{GONE}"));
    let mut phone = first_of_three_gone(&office);
    assert!(phone.say("MOVE 1 Archive").ends_with(&format!("EXPUNGE\r\n{GONE}")));
    assert!(office.client().say("SELECT Archive").contains("* 0 EXISTS"));
}

#[test]
fn what_another_client_did_is_told_of_a_letter_that_was_changed_in_silence() {
    let office = Office::new();
    office.file_times(2, PLAIN, System::NONE);
    let (mut alice, mut phone) = (selected(&office), selected(&office));
    alice.say("STORE 1 +FLAGS.SILENT (\\Flagged)");
    let told = phone.say("STORE 1:2 +FLAGS.SILENT (\\Seen)");
    assert_eq!(told, "* 1 FETCH (UID 1 FLAGS (\\Flagged \\Seen))\r\na OK STORE completed\r\n");
    // Flags that are set whatever they were are known.
    alice.say("STORE 1 FLAGS.SILENT (\\Draft)");
    assert_eq!(phone.say("STORE 1 FLAGS.SILENT (\\Answered)"), "a OK STORE completed\r\n");
    assert_eq!(phone.say("NOOP"), "a OK done\r\n");
}

#[test]
fn a_letter_that_came_and_went_unseen_is_never_told() {
    let office = Office::new();
    let (mut alice, mut phone) = (selected(&office), selected(&office));
    office.file(PLAIN, System::DELETED);
    alice.say("EXPUNGE");
    assert_eq!(phone.say("NOOP"), "a OK done\r\n");
    office.file(PLAIN, System::NONE);
    assert_eq!(phone.say("NOOP"), "* 1 EXISTS\r\n* 0 RECENT\r\na OK done\r\n");
    assert!(phone.say("FETCH * UID").starts_with("* 1 FETCH (UID 2)"));
}

#[test]
fn copying_and_moving() {
    let office = Office::new();
    office.file_times(4, PLAIN, System::NONE);
    let mut client = selected(&office);
    let told = client.say("COPY 2:3 Archive");
    assert!(told.starts_with("a OK [COPYUID ") && told.contains(" 2:3 1:2] "), "{told}");
    let told = client.say("UID MOVE 1,4 Archive");
    assert!(told.starts_with("* OK [COPYUID ") && told.contains(" 1,4 3:4] Moved\r\n"), "{told}");
    assert!(told.ends_with("* 4 EXPUNGE\r\n* 1 EXPUNGE\r\na OK MOVE completed\r\n"), "{told}");
    assert!(client.say("COPY 1 Nowhere").starts_with("a NO [TRYCREATE]"));
    assert_eq!(client.say("UID COPY 77 Archive"), "a OK COPY completed\r\n");
    assert!(client.say("SELECT Archive").contains("* 4 EXISTS"));
}

#[test]
fn uid_expunge_leaves_the_other_deleted_letters() {
    let office = Office::new();
    office.file_times(3, PLAIN, System::DELETED);
    let mut client = selected(&office);
    assert_eq!(client.say("UID EXPUNGE 2:2"), "* 2 EXPUNGE\r\na OK EXPUNGE completed\r\n");
    assert_eq!(client.say("CLOSE"), "a OK CLOSE completed\r\n");
    assert!(client.say("SELECT INBOX").contains("* 0 EXISTS"));
}

#[test]
fn condstore_tells_modseqs_and_holds_back_what_changed_meanwhile() {
    let office = Office::new();
    office.file_times(3, PLAIN, System::NONE);
    let (mut alice, mut phone) = (selected(&office), selected(&office));
    let told = alice.say("FETCH 1:3 (FLAGS MODSEQ)");
    let highest: u64 = told.split("MODSEQ (").last().unwrap().split(')').next().unwrap().parse().unwrap();
    phone.say("STORE 2 +FLAGS.SILENT (\\Flagged)");
    let told = alice.say(&format!("STORE 1:3 (UNCHANGEDSINCE {highest}) +FLAGS.SILENT (\\Seen)"));
    let (flagged, seen) = (highest + 1, highest + 2);
    assert_eq!(
        lines(&told),
        [
            format!("* 1 FETCH (UID 1 MODSEQ ({seen}))").as_str(),
            &format!("* 3 FETCH (UID 3 MODSEQ ({seen}))"),
            &format!("* 2 FETCH (UID 2 FLAGS (\\Flagged) MODSEQ ({flagged}))"),
            "a OK [MODIFIED 2] Letters that changed meanwhile were left alone",
        ]
    );
    let told = alice.say(&format!("UID FETCH 1:* (FLAGS) (CHANGEDSINCE {flagged})"));
    assert_eq!(told.matches("FETCH (UID").count(), 2, "{told}");
    let told = alice.say(&format!("SEARCH MODSEQ {flagged}"));
    assert_eq!(told, format!("* SEARCH 1 2 3 (MODSEQ {seen})\r\na OK SEARCH completed\r\n"));
}

#[test]
fn a_returning_client_is_brought_up_to_date() {
    let office = Office::new();
    office.file_times(6, PLAIN, System::NONE);
    let mut phone = office.client();
    let told = phone.say("SELECT INBOX");
    let value = |code: &str| told.split(&format!("[{code} ")).nth(1).unwrap().split(']').next().unwrap().to_owned();
    let (validity, highest) = (value("UIDVALIDITY"), value("HIGHESTMODSEQ"));
    phone.say("UNSELECT");
    let mut alice = selected(&office);
    alice.say("STORE 2,4 +FLAGS.SILENT (\\Deleted)");
    alice.say("EXPUNGE");
    alice.say("UID STORE 5 +FLAGS.SILENT (\\Seen)");
    office.file(PLAIN, System::NONE);
    assert!(phone.say(&format!("SELECT INBOX (QRESYNC ({validity} {highest}))")).starts_with("a BAD"));
    phone.session.enabled.condstore = true;
    phone.session.enabled.qresync = true;
    let told = phone.say(&format!("SELECT INBOX (QRESYNC ({validity} {highest} 1:6))"));
    let news: Vec<&str> = told.lines().filter(|line| line.contains("VANISHED") || line.contains("FETCH")).collect();
    assert_eq!(news.len(), 2, "{told}");
    assert_eq!(news[0], "* VANISHED (EARLIER) 2,4");
    assert!(news[1].starts_with("* 3 FETCH (UID 5 FLAGS (\\Seen) MODSEQ ("), "{told}");
    assert!(told.contains("* 5 EXISTS"), "{told}");
    // If the client lists no known letters, every letter counts, the new one too.
    let told = phone.say(&format!("SELECT INBOX (QRESYNC ({validity} {highest}))"));
    assert!(told.contains("* 5 FETCH (UID 7 "), "{told}");
    // A number and a UID that still belong together show that nothing below is missing.
    let told = phone.say(&format!("SELECT INBOX (QRESYNC ({validity} {highest} 1:6 (1,2 1,3)))"));
    assert!(told.contains("* VANISHED (EARLIER) 4\r\n"), "{told}");
    // With another UIDVALIDITY, nothing that the client knows counts.
    assert!(!phone.say(&format!("SELECT INBOX (QRESYNC (999 {highest}))")).contains("VANISHED"));
    let told = phone.say(&format!("UID FETCH 1:6 (FLAGS) (CHANGEDSINCE {highest} VANISHED)"));
    assert!(told.starts_with("* VANISHED (EARLIER) 2,4\r\n* 3 FETCH (UID 5 FLAGS (\\Seen) MODSEQ ("), "{told}");
    // Another client's expunge comes as VANISHED, and EXPUNGE ends with the client's new MODSEQ.
    alice.say("STORE 1 +FLAGS.SILENT (\\Deleted)");
    let told = phone.say("EXPUNGE");
    assert!(told.starts_with("* VANISHED 1\r\na OK [HIGHESTMODSEQ "), "{told}");
}

#[test]
fn searches_answer_in_the_form_that_was_asked() {
    let office = Office::new();
    office.file(PLAIN, System::SEEN);
    office.file(PLAIN.replace("Lunch", "Dinner"), System::NONE);
    office.file(PLAIN.replace("Lunch", "Supper"), System::NONE);
    let mut client = selected(&office);
    assert_eq!(client.say("SEARCH UNSEEN"), "* SEARCH 2 3\r\na OK SEARCH completed\r\n");
    assert_eq!(client.say("SEARCH SUBJECT dinner"), "* SEARCH 2\r\na OK SEARCH completed\r\n");
    assert_eq!(client.say("SEARCH NOT 2 OR SEEN UNSEEN"), "* SEARCH 1 3\r\na OK SEARCH completed\r\n");
    assert_eq!(client.say("SEARCH RECENT"), "* SEARCH\r\na OK SEARCH completed\r\n");
    assert_eq!(
        client.say("UID SEARCH RETURN (MIN MAX COUNT) UNSEEN"),
        "* ESEARCH (TAG \"a\") UID MIN 2 MAX 3 COUNT 2\r\na OK SEARCH completed\r\n"
    );
    assert_eq!(
        client.say("SEARCH CHARSET KLINGON-1 ALL"),
        "a NO [BADCHARSET (US-ASCII UTF-8)] This charset is not known here\r\n"
    );
    client.session.enabled.rev2 = true;
    assert_eq!(client.say("SEARCH ALL"), "* ESEARCH (TAG \"a\") ALL 1:3\r\na OK SEARCH completed\r\n");
}

#[test]
fn a_saved_result_is_named_by_a_dollar_sign() {
    let office = Office::new();
    office.file_times(4, PLAIN, System::NONE);
    let mut client = selected(&office);
    assert_eq!(client.say("SEARCH RETURN (SAVE) 2:3"), "a OK SEARCH completed\r\n");
    assert_eq!(client.say("FETCH $ UID"), "* 2 FETCH (UID 2)\r\n* 3 FETCH (UID 3)\r\na OK FETCH completed\r\n");
    client.say("STORE $ +FLAGS.SILENT (\\Deleted)");
    client.say("UID EXPUNGE 2");
    assert_eq!(client.say("UID FETCH $ UID"), "* 2 FETCH (UID 3)\r\na OK FETCH completed\r\n");
    assert!(client.say("SEARCH RETURN (SAVE) CHARSET X ALL").starts_with("a NO"));
    assert_eq!(client.say("FETCH $ UID"), "a OK FETCH completed\r\n");
}

#[test]
fn a_folder_deleted_under_a_client_ends_the_conversation() {
    let office = Office::new();
    let mut client = office.client();
    client.say("SELECT Archive");
    let account = client.session.login.account;
    office
        .store()
        .write_blocking(store::Key::Everything, move |tx| mailbox::folder::delete(tx, Access::own(account), "Archive"))
        .unwrap();
    assert_eq!(client.say("NOOP"), "* BYE The selected folder was deleted\r\n");
}

#[test]
fn binary_parts_come_decoded() {
    let office = Office::new();
    office.file(
        "From: a@x.test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
         caf=C3=A9\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n\
         AAECAw==\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: x-odd\r\n\r\n\
         ???\r\n--b--\r\n",
        System::SEEN,
    );
    let mut client = selected(&office);
    assert_eq!(lines(&client.say("FETCH 1 BINARY.PEEK[1]"))[..2], ["* 1 FETCH (BINARY[1] {5}", "café)"]);
    assert_eq!(lines(&client.say("FETCH 1 BINARY.PEEK[1]<1.3>"))[..2], ["* 1 FETCH (BINARY[1]<1> {3}", "af\u{fffd})"]);
    assert_eq!(lines(&client.say("FETCH 1 BINARY.SIZE[2]"))[0], "* 1 FETCH (BINARY.SIZE[2] 4)");
    assert_eq!(
        client.say("FETCH 1 BINARY[2]"),
        "* 1 FETCH (BINARY[2] ~{4}\r\n\0\u{1}\u{2}\u{3})\r\na OK FETCH completed\r\n"
    );
    assert!(
        client
            .say("FETCH 1 BINARY[3]")
            .ends_with("a NO [UNKNOWN-CTE] A part is encoded in a way nobody here can undo\r\n")
    );
}

#[test]
fn a_large_letter_is_sent_to_its_last_octet() {
    let office = Office::new();
    let body = "0123456789abcdef\r\n".repeat(50_000);
    office.file(format!("Subject: large\r\n\r\n{body}"), System::SEEN);
    let mut client = selected(&office);
    let told = client.say("FETCH 1 BODY[TEXT]");
    assert!(told == format!("* 1 FETCH (BODY[TEXT] {{{}}}\r\n{body})\r\na OK FETCH completed\r\n", body.len()));
    let slice = &body[300_001..600_001];
    let told = client.say("FETCH 1 (UID BODY[TEXT]<300001.300000>)");
    assert!(told == format!("* 1 FETCH (UID 1 BODY[TEXT]<300001> {{300000}}\r\n{slice})\r\na OK FETCH completed\r\n"));
}

#[test]
fn a_nul_in_a_large_letter_is_hidden_and_the_length_stays() {
    let office = Office::new();
    let body = "0123456789abcde\0".repeat(10_000);
    office.file(format!("Subject: nul\r\n\r\n{body}"), System::SEEN);
    let told = selected(&office).say("FETCH 1 BODY[TEXT]");
    let hidden = body.replace('\0', "\u{fffd}");
    assert!(told == format!("* 1 FETCH (BODY[TEXT] {{{}}}\r\n{hidden})\r\na OK FETCH completed\r\n", body.len()));
}

#[test]
fn thousands_of_letters_in_many_batches() {
    let office = Office::new();
    office.file_many(5000);
    let (mut client, mut other) = (selected(&office), selected(&office));
    let told = client.say("FETCH 1:* (UID FLAGS)");
    assert_eq!(told.lines().count(), 5001);
    assert!(told.contains("\r\n* 4999 FETCH (UID 4999 FLAGS ())\r\n"));
    let told = client.say("FETCH 1:* (ENVELOPE)");
    assert_eq!(told.matches("ENVELOPE").count(), 5000);
    let told = client.say("STORE 1:* +FLAGS (\\Seen)");
    assert_eq!(told.lines().count(), 5001);
    assert_eq!(other.say("NOOP").lines().count(), 5001);
    let told = client.say("FETCH 1:1000 BODY[HEADER.FIELDS (SUBJECT)]");
    assert_eq!(told.matches("Subject: letter ").count(), 1000);
    client.say("STORE 1:* +FLAGS.SILENT (\\Deleted)");
    assert_eq!(client.say("EXPUNGE").lines().count(), 5001);
    assert_eq!(other.say("NOOP").lines().count(), 5001);
}

/// The expected answer stands beside each letter. Dovecot 2.3 got the letters too; its answers are the same except for
/// the points that the standard leaves open (a default charset that it adds, `("fr")` for `"fr"`) and for broken
/// letters.
#[test]
fn real_letters_are_described_as_their_neighbours_describe_them() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/letters");
    let mut letters: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    letters.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    assert!(letters.len() >= 10);
    for path in letters {
        let office = Office::new();
        office.file(std::fs::read_to_string(&path).unwrap(), System::SEEN);
        let mut client = selected(&office);
        let told: String = ["ENVELOPE", "BODY", "BODYSTRUCTURE"]
            .iter()
            .map(|item| client.say(&format!("FETCH 1 {item}")).replace("a OK FETCH completed\r\n", ""))
            .collect();
        let expected = path.with_extension("txt");
        if std::env::var_os("FACTEUR_WRITE_EXPECTED").is_some() {
            std::fs::write(&expected, told.replace("\r\n", "\n")).unwrap();
        }
        let expected = std::fs::read_to_string(expected).unwrap();
        assert_eq!(told.replace("\r\n", "\n"), expected, "{}", path.display());
    }
}

#[test]
fn sections_inside_letters_inside_letters() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/letters");
    let office = Office::new();
    office.file(std::fs::read_to_string(folder.join("forwarded.eml")).unwrap(), System::SEEN);
    let mut client = selected(&office);
    let mut fetch = |section: &str| {
        let told = client.say(&format!("FETCH 1 BODY[{section}]"));
        let label = format!("* 1 FETCH (BODY[{section}] ");
        told.strip_prefix(&label).unwrap().strip_suffix(")\r\na OK FETCH completed\r\n").unwrap().to_owned()
    };
    assert_eq!(fetch("2.1"), "{8}\r\nAt noon.");
    assert_eq!(fetch("2.2.MIME"), "{27}\r\nContent-Type: text/html\r\n\r\n");
    assert_eq!(fetch("2.HEADER.FIELDS (Subject)"), "{18}\r\nSubject: Lunch\r\n\r\n");
    assert_eq!(fetch("3.HEADER"), "{55}\r\nFrom: Dave <dave@delta.test>\r\nSubject: plain inside\r\n\r\n");
    assert_eq!(fetch("3.TEXT"), "{12}\r\nOnly text.\r\n");
    assert_eq!(fetch("3.1"), "{12}\r\nOnly text.\r\n");
    assert_eq!(fetch("3.MIME"), "{32}\r\nContent-Type: message/rfc822\r\n\r\n");
    assert!(fetch("2").starts_with("{320}\r\nFrom: Bob"));
    for nothing in ["4", "1.1", "2.3", "3.2", "1.HEADER", "1.TEXT", "4294967295", "2.4294967295.1"] {
        assert_eq!(fetch(nothing), "NIL", "{nothing}");
    }
}

/// In a letter that came in base64 or quoted-printable, each section has the size that the structure gives: also in a
/// letter inside another, in its parts, decoded, and through the pieces of a large one.
#[test]
fn sections_inside_letters_that_came_encoded() {
    use base64::Engine;
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let large = "0123456789abcdef\r\n".repeat(20_000);
    let deepest = format!("Subject: deepest\r\n\r\n{large}");
    let inner = format!(
        "From: carl@three.test\r\nSubject: inner\r\nX-Odd: yes\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n\
         --c\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9\r\n\
         --c\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--c--\r\n",
        encode(&deepest)
    );
    let office = Office::new();
    office.file(
        format!(
            "Subject: outer\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
             --b\r\n\r\nsee\r\n--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n\
             {}\r\n--b--\r\n",
            encode(&inner)
        ),
        System::SEEN,
    );
    let mut client = selected(&office);
    let mut fetch = |item: &str| {
        let told = client.say(&format!("FETCH 1 {item}"));
        let answer = told.strip_prefix("* 1 FETCH (").unwrap().strip_suffix(")\r\na OK FETCH completed\r\n").unwrap();
        answer.split_once("] ").or_else(|| answer.split_once("> ")).unwrap().1.to_owned()
    };
    let literal = |text: &str| format!("{{{}}}\r\n{text}", text.len());
    let header = &inner[..inner.find("\r\n\r\n").unwrap() + 4];
    assert_eq!(fetch("BODY[2.HEADER]"), literal(header));
    assert_eq!(fetch("BODY[2.TEXT]"), literal(&inner[header.len()..]));
    assert_eq!(fetch("BODY[2.HEADER.FIELDS (SUBJECT X-ODD)]"), literal("Subject: inner\r\nX-Odd: yes\r\n\r\n"));
    assert_eq!(fetch("BODY[2.1]"), literal("caf=C3=A9"));
    assert_eq!(fetch("BODY[2.1.MIME]"), literal("Content-Transfer-Encoding: quoted-printable\r\n\r\n"));
    assert_eq!(fetch("BINARY[2.1]"), literal("café"));
    assert_eq!(fetch("BINARY.SIZE[2.1]"), "5");
    assert_eq!(fetch("BODY[2]"), literal(&encode(&inner)));
    assert_eq!(fetch("BINARY[2]"), literal(&inner));
    assert_eq!(fetch("BODY[2.2]"), literal(&encode(&deepest)));
    assert_eq!(fetch("BODY[2.2.HEADER]"), literal("Subject: deepest\r\n\r\n"));
    assert!(fetch("BODY[2.2.TEXT]") == literal(&large));
    assert!(fetch("BODY[2.2.1]") == literal(&large));
    assert!(fetch("BODY[2.2.1]<70000.200000>").ends_with(&literal(&large[70_000..270_000])));
    for nothing in ["BODY[2.3]", "BODY[2.2.2]", "BODY[2.1.HEADER]", "BODY[1.HEADER]"] {
        assert_eq!(fetch(nothing), "NIL", "{nothing}");
    }
}

/// A list of IMAP, read.
#[derive(Debug)]
enum Listed {
    Word(String),
    List(Vec<Listed>),
}

impl Listed {
    fn read(rest: &mut &str) -> Vec<Self> {
        let mut all = Vec::new();
        while let Some(first) = rest.chars().next() {
            *rest = &rest[first.len_utf8()..];
            match first {
                '(' => all.push(Self::List(Self::read(rest))),
                ')' => return all,
                ' ' => {}
                '"' => {
                    let (mut word, mut escaped) = (String::new(), false);
                    let end = rest.char_indices().find(|(_, c)| match (*c, escaped) {
                        ('"', false) => true,
                        (c, _) => {
                            escaped = c == '\\' && !escaped;
                            if !escaped {
                                word.push(c);
                            }
                            false
                        }
                    });
                    *rest = &rest[end.unwrap().0 + 1..];
                    all.push(Self::Word(word));
                }
                '{' => {
                    let (length, after) = rest.split_once("}\r\n").unwrap();
                    let (word, after) = after.split_at(length.parse().unwrap());
                    *rest = after;
                    all.push(Self::Word(word.to_owned()));
                }
                _ => {
                    let end = rest.find([' ', ')', '(']).unwrap_or(rest.len());
                    all.push(Self::Word(format!("{first}{}", &rest[..end])));
                    *rest = &rest[end..];
                }
            }
        }
        all
    }

    fn word(&self) -> &str {
        let Self::Word(word) = self else { panic!("a word, not {self:?}") };
        word
    }

    /// Writes `2.1 text/plain 17` for each leaf.
    fn leaves(&self, number: &str, out: &mut Vec<String>) {
        let Self::List(items) = self else { panic!("a part, not {self:?}") };
        if let Some(Self::Word(kind)) = items.first() {
            let number = if number.is_empty() { "1" } else { number };
            return out.push(format!("{number} {kind}/{} {}", items[1].word(), items[6].word()));
        }
        let dot = if number.is_empty() { "" } else { "." };
        let parts = items.iter().take_while(|item| matches!(item, Self::List(_)));
        parts.zip(1..).for_each(|(part, place)| part.leaves(&format!("{number}{dot}{place}"), out));
    }
}

/// However a letter is damaged, BODYSTRUCTURE shows the parts of the one reading, and each section has as many octets
/// as it says; this holds for letters that came encoded, too.
#[test]
fn whatever_happens_to_a_letter_the_sections_are_those_of_its_structure() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [root.join("tests/letters"), root.join("../../house/mailbox/tests/letters")];
    let seeds = std::env::var("FACTEUR_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(4);
    for (name, letter) in mutations::corpus(&[&folders[0], &folders[1]]) {
        let office = Office::new();
        let letters: Vec<Vec<u8>> =
            (0..seeds).map(|seed| mutations::mutated(&letter, seed)).chain([letter.clone()]).collect();
        for letter in &letters {
            office.file(letter, System::SEEN);
        }
        let mut client = selected(&office);
        for (letter, place) in letters.iter().zip(1..) {
            let told = client.say(&format!("FETCH {place} BODYSTRUCTURE"));
            let start = format!("* {place} FETCH (BODYSTRUCTURE ");
            let told = told.strip_prefix(&start).unwrap().strip_suffix(")\r\na OK FETCH completed\r\n").unwrap();
            // A string with U+FFFD has a different length here than in the letter.
            if told.contains('\u{fffd}') {
                continue;
            }
            let mut leaves = Vec::new();
            Listed::read(&mut &*told)[0].leaves("", &mut leaves);
            let structure = mailbox::parse::scan(letter, mailbox::parse::Limits::default());
            for leaf in &leaves {
                let (number, rest) = leaf.split_once(' ').unwrap();
                let part = structure.part(&number.split('.').map(|n| n.parse().unwrap()).collect::<Vec<_>>()).unwrap();
                let kind = [&part.kind[..], b"/", &part.subtype].concat();
                assert_eq!(rest, format!("{} {}", String::from_utf8_lossy(&kind), part.size()), "{name}, {place}");
                let section = client.say(&format!("FETCH {place} BODY.PEEK[{number}]"));
                let start = format!("* {place} FETCH (BODY[{number}] {{{}}}\r\n", part.size());
                assert!(section.starts_with(&start), "{name}, {place}: {leaf}: {section}");
                if part.is_encoded_letter() {
                    let lengths = ["HEADER", "TEXT"].map(|text| {
                        let told = client.say(&format!("FETCH {place} BODY.PEEK[{number}.{text}]"));
                        let length = told.split_once('{').unwrap().1.split_once('}').unwrap().0;
                        length.parse::<usize>().unwrap()
                    });
                    let clear = client.say(&format!("FETCH {place} BINARY.SIZE[{number}]"));
                    let total = format!("BINARY.SIZE[{number}] {})", lengths[0] + lengths[1]);
                    assert!(clear.contains(&total), "{name}, {place}: {clear}");
                }
            }
        }
    }
}
