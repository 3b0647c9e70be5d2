use super::*;
use crate::codec::command::{
    AnyCommand, Append, Command, EntryCommand, Flag, FolderCommand, Numbering, Search, SearchKey, SelectedCommand,
};
use mail::Timestamp;

fn limits() -> Limits {
    Limits { line: 200, literal: 100, command: 400, letter: 1000, letters: 1500 }
}

fn all(input: &[u8]) -> Vec<Event> {
    decode_all(input, limits(), false)
}

fn commands(input: &[u8]) -> Vec<Command> {
    let events = all(input);
    events
        .into_iter()
        .map(|event| if let Event::Request(request) = event { request.command } else { panic!("{event:?}") })
        .collect()
}

fn why(input: &[u8]) -> (Option<String>, String, bool) {
    match all(input).pop() {
        Some(Event::Refused(refusal)) => {
            (refusal.tag.map(|tag| tag.0.into()), refusal.why.to_string(), refusal.too_big)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn commands_may_come_in_any_pieces() {
    let input =
        b"a1 NOOP\r\na2 LOGIN {5+}\r\nalice \"se cret\"\r\na3 APPEND INBOX (\\Seen) {4+}\r\nab\r\n\r\na4 IDLE\r\n";
    let whole = all(input);
    for size in 1..=input.len() {
        let mut decoder = Decoder::new(limits());
        let mut events = Vec::new();
        for mut piece in input.chunks(size) {
            loop {
                let (taken, event) = decoder.decode(piece);
                piece = &piece[taken..];
                match event {
                    Event::More => break,
                    Event::Letter { .. } => decoder.accept_letter(),
                    _ => {}
                }
                events.push(event);
            }
        }
        assert_eq!(events, whole, "in pieces of {size}");
    }
}

#[test]
fn a_literal_that_waits_is_asked_for() {
    let events = all(b"a LOGIN {5}\r\nalice {6}\r\nsecret\r\n");
    assert!(matches!(events[..], [Event::Continue, Event::Continue, Event::Request(_)]), "{events:?}");
}

#[test]
fn the_letters_of_append_are_told_from_the_name_of_its_folder() {
    let events = all(b"a APPEND {3}\r\nbox (\\Seen keep) \"24-Nov-2026 07:00:00 +0100\" {5}\r\nhello ~{2+}\r\n\0x\r\n");
    let [
        Event::Continue,
        Event::Letter { size: 5, waits: true },
        Event::Letter { size: 2, waits: false },
        Event::Request(request),
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    let Command::Folder(FolderCommand::Append(Append { folder, letters })) = &request.command else { panic!() };
    assert_eq!(folder, "box");
    assert_eq!(letters[0].flags, [Flag::Seen, Flag::Keyword("keep".into())]);
    assert_eq!(letters[0].received, Some(Timestamp::from_seconds(1_795_500_000)));
    assert_eq!(&letters[0].body[..], b"hello");
    assert!(!letters[0].binary && letters[1].binary);
    assert_eq!(&letters[1].body[..], b"\0x");
}

#[test]
fn the_folder_of_a_letter_is_known_before_the_letter() {
    let mut decoder = Decoder::new(limits());
    let (_, event) = decoder.decode(b"a APPEND \"Sent &AMk-\" (\\Seen) {10}\r\n");
    assert_eq!(event, Event::Letter { size: 10, waits: true });
    assert_eq!(decoder.append_folder().as_deref(), Some("Sent É"));
    assert_eq!(decoder.refuse_letter(), Some(Tag("a".into())));
    assert!(matches!(decoder.decode(b"b NOOP\r\n").1, Event::Request(_)));
}

#[test]
fn a_letter_in_utf8_data_is_taken() {
    let events = all(b"a APPEND INBOX UTF8 (~{2+}\r\nhi)\r\n");
    assert!(matches!(events[..], [Event::Letter { .. }, Event::Request(_)]), "{events:?}");
}

#[test]
fn a_literal_too_large_is_refused_before_it_is_sent() {
    assert_eq!(why(b"a LOGIN {101}\r\n"), (Some("a".into()), "The literal is too large".into(), true));
    assert_eq!(
        why(b"a APPEND INBOX {1001}\r\n"),
        (Some("a".into()), "The letter is larger than APPENDLIMIT".into(), true)
    );
    let digits = "9".repeat(50);
    assert_eq!(why(format!("a LOGIN {{{digits}}}\r\n").as_bytes()).1, "The literal is too large");
}

#[test]
fn a_literal_too_large_that_does_not_wait_is_passed_over_with_the_rest_of_its_command() {
    let mut input = b"a LOGIN {150+}\r\n".to_vec();
    input.extend_from_slice(&[b'x'; 150]);
    input.extend_from_slice(b" {3+}\r\nabc\r\nb NOOP\r\n");
    let events = all(&input);
    assert!(matches!(&events[..], [Event::Refused(Refusal { too_big: true, .. }), Event::Request(_)]), "{events:?}");
}

#[test]
fn a_literal_nobody_could_pass_over_ends_the_conversation() {
    assert_eq!(all(b"a LOGIN {99999999999+}\r\n"), [Event::Lost("A literal is too large")]);
    for unreadable in
        [&b"a LOGIN {+}\r\nb NOOP\r\n"[..], b"a LOGIN {-5+}\r\n", b"a APPEND x ~{0x5+}\r\n", b"a LOGIN {5+} \r\n"]
    {
        assert_eq!(all(unreadable), [Event::Lost("The size of a literal cannot be read")]);
    }
}

#[test]
fn letters_that_are_too_large_together_are_refused() {
    let mut input = b"a APPEND INBOX {1000+}\r\n".to_vec();
    input.extend_from_slice(&[b'x'; 1000]);
    input.extend_from_slice(b" {501}\r\nb NOOP\r\n");
    let events = all(&input);
    assert!(matches!(&events[1..], [Event::Refused(Refusal { too_big: true, .. }), Event::Request(_)]), "{events:?}");
}

#[test]
fn a_line_too_long_is_passed_over_and_the_next_one_read() {
    let mut input = b"a NOOP ".to_vec();
    input.extend_from_slice(&[b'x'; 3000]);
    input.extend_from_slice(b" {3+}\r\nabc\r\nb NOOP\r\n");
    let events = all(&input);
    assert!(matches!(&events[..], [Event::Refused(Refusal { too_big: false, .. }), Event::Request(_)]), "{events:?}");
}

#[test]
fn a_line_that_seems_to_have_no_end_ends_the_conversation() {
    let mut decoder = Decoder::new(limits());
    let flood = (0..100).map(|_| decoder.decode(&[b'x'; 100]).1).find(|event| *event != Event::More);
    assert_eq!(flood, Some(Event::Lost("Far too much came without a line end")));
}

#[test]
fn nul_is_refused_wherever_it_stands() {
    for bad in [
        &b"a LOGIN a\0b c\r\n"[..],
        b"a LOGIN \"a\0b\" c\r\n",
        b"a LOGIN {3+}\r\na\0b c\r\n",
        b"a\0 NOOP\r\n",
        b"\0\0\0\r\n",
    ] {
        why(bad);
    }
}

#[test]
fn a_bare_line_feed_ends_a_line_and_a_blank_line_is_passed_over() {
    assert_eq!(commands(b"\r\na NOOP\n\r\n\nb CHECK \r\n").len(), 2);
}

#[test]
fn the_lines_of_idle_and_authenticate_are_no_commands() {
    let mut decoder = Decoder::new(limits());
    decoder.expect_line();
    assert_eq!(decoder.decode(b"DONE {3}\r\nrest"), (10, Event::Line(b"DONE {3}".to_vec())));
    assert_eq!(decoder.decode(b"a NOOP\r\n").0, 8);
}

#[test]
fn what_is_wrong_is_said_with_the_tag() {
    for (bad, tag, text) in [
        (&b"hello\r\n"[..], None, "A tag and a space come before the command"),
        (b"+ NOOP\r\n", None, "A command begins with a tag"),
        (b"a\r\n", None, "A tag and a space come before the command"),
        (b"a \r\n", Some("a"), "There is no command after the tag"),
        (b"a FROBNICATE\r\n", Some("a"), "This command is not known here"),
        (b"a UID NOOP\r\n", Some("a"), "This command does not go with UID"),
        (b"a NOOP now\r\n", Some("a"), "There is something after the last argument"),
        (b"a LOGIN bob\r\n", Some("a"), "A space and another argument are missing"),
        (b"a LOGIN \"bob pass\r\n", Some("a"), "A quoted string does not end"),
        (b"a SELECT &x\r\n", Some("a"), "The name of the folder is not well encoded"),
        (b"a FETCH 0 FLAGS\r\n", Some("a"), "A number is 0 that must not be"),
        (b"a FETCH 4294967296 FLAGS\r\n", Some("a"), "A number is too large"),
        (b"a FETCH 1 (FLAGS\r\n", Some("a"), "A list does not end with )"),
        (b"a FETCH 1 BODY[TEXT\r\n", Some("a"), "A section does not end with ]"),
        (b"a FETCH 1 BODY[MIME]\r\n", Some("a"), "MIME needs the number of a part before it"),
        (b"a FETCH 1 BODY[]<0.0>\r\n", Some("a"), "A partial fetch of nothing"),
        (b"a STORE 1 FLAGS (\\Recent)\r\n", Some("a"), "The flag \\Recent cannot be set"),
        (b"a STORE 1 FLAGS (\\Strange)\r\n", Some("a"), "There is no such system flag"),
        (b"a SEARCH BEFORE 31-Feb-2026\r\n", Some("a"), "A date is written 1-Feb-1994"),
        (b"a SEARCH WHATEVER\r\n", Some("a"), "This search key is not known here, or lacks its argument"),
        (b"a LIST (RECURSIVEMATCH) \"\" *\r\n", Some("a"), "RECURSIVEMATCH needs another selection option beside it"),
        (b"a STATUS INBOX (WEATHER)\r\n", Some("a"), "This status item is not known here"),
        (b"a APPEND INBOX (\\Seen)\r\n", Some("a"), "A space and another argument are missing"),
        (
            b"a APPEND INBOX \"today\" {3+}\r\nabc\r\n",
            Some("a"),
            "A date-time is written \"24-Nov-2026 06:22:57 +0100\"",
        ),
        (b"a AUTHENTICATE PLAIN \xff\r\n", Some("a"), "The initial response is not base64"),
    ] {
        assert_eq!(why(bad), (tag.map(str::to_owned), text.to_owned(), false), "{}", bad.escape_ascii());
    }
}

#[test]
fn search_keys_nested_without_end_are_refused() {
    let limits = Limits::logged_in(0);
    for deep in [format!("a SEARCH {}ALL\r\n", "NOT ".repeat(10_000)), format!("a SEARCH {}\r\n", "(".repeat(10_000))] {
        let events = decode_all(deep.as_bytes(), limits, false);
        let [Event::Refused(refusal)] = &events[..] else { panic!("{events:?}") };
        assert_eq!(refusal.why.to_string(), "Search keys are nested too deep");
    }
    for many in ["ALL ", "OR ALL ", "OR OR ALL ALL "] {
        let events = decode_all(format!("a SEARCH {}\r\n", many.repeat(8_000)).as_bytes(), limits, false);
        assert!(matches!(events[..], [Event::Refused(_)]));
    }
}

#[test]
fn hundreds_of_alternatives_are_one_list_whichever_way_they_are_nested() {
    let to_the_right = format!("{}SEEN", "OR FROM x ".repeat(300));
    let to_the_left = format!("{}FROM x{} SEEN", "OR ".repeat(300), " FROM x".repeat(299));
    for keys in [to_the_right, to_the_left] {
        let events = decode_all(format!("a SEARCH {keys}\r\n").as_bytes(), Limits::logged_in(0), false);
        let [Event::Request(request)] = &events[..] else { panic!("{events:?}") };
        let Command::Selected(SelectedCommand::Search(search)) = &request.command else { panic!("{request:?}") };
        assert!(matches!(&search.keys[..], [SearchKey::Or(keys)] if keys.len() == 301));
    }
}

#[test]
fn texts_to_look_for_are_read_in_the_charset_they_came_in() {
    for (charset, octets, read) in [
        ("KOI8-R", &b"\xf0\xd2\xc9\xd7\xc5\xd4"[..], "Привет"),
        ("iso-8859-1", b"caf\xe9", "café"),
        ("ISO-2022-JP", b"\x1b$B2q5D\x1b(B", "会議"),
        ("US-ASCII", b"plain", "plain"),
        ("UTF-8", "é".as_bytes(), "é"),
    ] {
        let before = format!("a SEARCH CHARSET {charset} NOT SUBJECT {{{}+}}\r\n", octets.len());
        let said = [before.as_bytes(), octets, b"\r\n"].concat();
        let events = decode_all(&said, Limits::logged_in(0), false);
        let [Event::Request(request)] = &events[..] else { panic!("{events:?}") };
        let Command::Selected(SelectedCommand::Search(search)) = &request.command else { panic!("{request:?}") };
        let wanted = SearchKey::Header { name: "subject".into(), text: read.into() };
        assert_eq!(search.keys, [SearchKey::Not(Box::new(wanted))], "{charset}");
    }
}

#[test]
fn a_password_does_not_show_in_what_is_logged() {
    let shown = format!("{:?}", all(b"a LOGIN alice secret\r\n"));
    assert!(shown.contains("alice") && !shown.contains("secret"), "{shown}");
}

#[test]
fn an_initial_response_may_be_empty() {
    let initial = |input: &[u8]| match commands(input).pop() {
        Some(Command::Entry(EntryCommand::Authenticate { initial, .. })) => initial,
        other => panic!("{other:?}"),
    };
    assert_eq!(initial(b"a AUTHENTICATE external =\r\n").unwrap().reveal(), "=");
    assert_eq!(initial(b"a AUTHENTICATE PLAIN AGEAYg==\r\n").unwrap().reveal(), "AGEAYg==");
    assert_eq!(initial(b"a AUTHENTICATE PLAIN\r\n"), None);
}

#[test]
fn what_real_clients_send_is_understood() {
    // Thunderbird, Apple Mail, Outlook, mutt, mbsync, imaplib, K-9, curl.
    for line in [
        "3 ID (\"name\" \"Thunderbird\" \"version\" \"128.0\")",
        "4 ID NIL",
        "5 list (subscribed) \"\" \"*\" return (special-use)",
        "6 list \"\" \"INBOX\"",
        "7 SELECT \"INBOX\" (CONDSTORE)",
        "8 SELECT INBOX (QRESYNC (1234 5678 1:100,200 (1,5,9 10,50,90)))",
        "9 UID fetch 1:* (FLAGS)",
        "10 UID fetch 1:5 (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)])",
        "11 UID FETCH 7 (UID BODY.PEEK[]<0.20480>)",
        "12 UID FETCH 7 (BODY.PEEK[1.2.MIME] BINARY.PEEK[1]<0.10> BINARY.SIZE[2.1] BODY[1.HEADER] BODY[3.TEXT])",
        "13 FETCH 1:3 ALL",
        "14 FETCH * FULL",
        "15 UID STORE 1,2 +FLAGS.SILENT (\\Deleted $Junk)",
        "16 STORE 1:* (UNCHANGEDSINCE 12) -FLAGS \\Seen $Forwarded",
        "17 UID SEARCH RETURN (MIN MAX COUNT ALL SAVE) CHARSET UTF-8 NOT DELETED (OR FROM bob SUBJECT \"x y\") SINCE 1-Feb-2026",
        "18 SEARCH ALL",
        "19 UID SEARCH UID 1:* MODSEQ \"/flags/\\\\seen\" all 620162338",
        "20 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 12345 VANISHED)",
        "21 CREATE \"Gel&APY-scht\" (USE (\\Trash))",
        "22 LIST \"\" (\"INBOX\" \"Drafts\" Sent/%) RETURN (STATUS (MESSAGES UNSEEN SIZE HIGHESTMODSEQ) CHILDREN)",
        "23 ENABLE CONDSTORE QRESYNC IMAP4rev2 UTF8=ACCEPT",
        "24 UID EXPUNGE $",
        "25 MOVE $ Trash",
        "26 UID COPY 1:5,7 \"Archive/2026\"",
        "27 LSUB \"\" %",
        "28 STATUS inbox (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)",
        "29 GETQUOTAROOT INBOX",
        "30 UID SEARCH HEADER Message-ID <a@b> UNKEYWORD $Junk LARGER 100 YOUNGER 3600",
        "31 FETCH 1 (RFC822.HEADER RFC822.TEXT RFC822 INTERNALDATE ENVELOPE BODY BODYSTRUCTURE MODSEQ)",
        "32 SEARCH 1:10 $ UID 5 OLD NEW RECENT",
        "33 RENAME INBOX/a b",
    ] {
        assert_eq!(commands(format!("{line}\r\n").as_bytes()).len(), 1, "{line}");
    }
}

#[test]
fn a_client_may_introduce_itself_as_it_likes() {
    let pairs = |line: String| {
        let events = decode_all(line.as_bytes(), Limits::ENTRY, false);
        match &events[..] {
            [Event::Request(Request { command: Command::Any(AnyCommand::Id(pairs)), .. })] => pairs.clone(),
            other => panic!("{line:.60}: {other:?}"),
        }
    };
    let longest: String = (0..30).map(|n| format!("\"{n:0>30}\" \"{}\" ", "x".repeat(1024))).collect();
    let read = pairs(format!("a ID ({})\r\n", longest.trim_end()));
    assert!(read.len() == 30 && read[29].1.as_deref().map(str::len) == Some(1024), "{}", read.len());
    let literals: String = (0..30).map(|n| format!("{{2+}}\r\n{n:0>2} {{1024+}}\r\n{} ", "x".repeat(1024))).collect();
    assert_eq!(pairs(format!("a ID ({})\r\n", literals.trim_end())).len(), 30);
    let many: String = (0..100).map(|n| format!(" \"{n}\" NIL")).collect();
    assert_eq!(pairs(format!("a ID ({})\r\n", many.trim_start())).len(), 30);
    let name = |value: Option<&str>| vec![("name".to_owned(), value.map(str::to_owned))];
    assert_eq!(pairs("a ID (name Mail)\r\n".into()), name(Some("Mail")));
    assert_eq!(pairs("a ID (\"name\" nil)\r\n".into()), name(None));
    assert_eq!(pairs("a ID (\"name\" \"NIL\" NIL \"x\")\r\n".into()), name(Some("NIL")));
    assert_eq!(pairs("a ID (\"name\")\r\n".into()), name(None));
    assert_eq!(pairs("a ID (\"name\" \"a\" \"name\" \"b\")\r\n".into()).len(), 2);
    for nothing in ["a ID\r\n", "a ID NIL\r\n", "a ID ()\r\n"] {
        assert_eq!(pairs(nothing.into()), []);
    }
    assert_eq!(why(b"a ID (name (x))\r\n").1, "A string is missing");
}

#[test]
fn odd_but_plain_dates_of_append_are_read() {
    let read = |date: &str| {
        let append = format!("a APPEND INBOX \"{date}\" {{3+}}\r\na: \r\n");
        decode_all(append.as_bytes(), limits(), false).pop()
    };
    let at = |date: &str| match read(date) {
        Some(Event::Request(Request { command: Command::Folder(FolderCommand::Append(append)), .. })) => {
            append.letters[0].received.map(|at| at.seconds())
        }
        other => panic!("{date}: {other:?}"),
    };
    let new_year = Some(1_767_247_367);
    for date in [
        " 1-Jan-2026 07:02:47 +0100",
        "1-Jan-2026 07:02:47 +0100",
        "01-Jan-2026 07:02:47 +0100",
        "1-jan-2026 7:02:47 +0100",
        "1-JAN-2026 06:02:47",
        " 1-Jan-2026 06:02:47 GMT",
        "1-Jan-26 06:02:47 +0000",
        "01-Jan-2026 01:02:47 EST",
        "1 Jan 2026 07:02:47 +0100",
        "Thu, 01 Jan 2026 07:02:47 +0100 (CET)",
        "2026-01-01T07:02:47+01:00",
        "01-Jan-2026  07:02:47  +0100 ",
    ] {
        assert_eq!(at(date), new_year, "{date}");
    }
    assert_eq!(at("1-Jan-2026 06:02 +0000"), Some(1_767_247_320));
    for date in ["", "today", "31-Feb-2026 06:02:47 +0000", "1-Jan-1776 06:02:47 +0000", "1-Jan-2026 26:02:47 +0000"] {
        assert!(
            matches!(read(date), Some(Event::Refused(refusal)) if refusal.why.0.starts_with("A date-time is")),
            "{date}"
        );
    }
}

#[test]
fn names_are_decoded_and_inbox_is_one_name() {
    let folder = |line: &str, utf8| {
        let events = decode_all(line.as_bytes(), limits(), utf8);
        match &events[..] {
            [Event::Request(Request { command: Command::Folder(FolderCommand::Delete(name)), .. })] => name.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(folder("a DELETE inBox\r\n", false), "INBOX");
    assert_eq!(folder("a DELETE inbox/Sub\r\n", false), "INBOX/Sub");
    assert_eq!(folder("a DELETE inboxes\r\n", false), "inboxes");
    assert_eq!(folder("a DELETE &AMk-t&AOk-\r\n", false), "Été");
    assert_eq!(folder("a DELETE \"Été\"\r\n", false), "Été");
    assert_eq!(folder("a DELETE \"Été &-\"\r\n", true), "Été &-");
}

#[test]
fn a_search_without_return_options_is_told_from_one_with_none() {
    let returns = |line: &[u8]| match commands(line).pop() {
        Some(Command::Selected(SelectedCommand::Search(Search {
            returns,
            numbering: Numbering::Sequence,
            keys,
            ..
        }))) => {
            assert_eq!(keys, [SearchKey::All]);
            returns
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(returns(b"a SEARCH ALL\r\n"), None);
    assert!(returns(b"a SEARCH RETURN () ALL\r\n").unwrap().all);
}
