use std::collections::HashSet;

use super::super::answering::{candidates, decide};
use super::super::guest::{Answering, Why};
use super::super::{Cards, read_file};
use super::*;

/// A series that begins in Paris, with one lunch that was moved.
const SERIES: &str = "BEGIN:VCALENDAR\r\nPRODID:-//x//EN\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\n\
BEGIN:VTIMEZONE\r\nTZID:Paris chez nous\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\n\
TZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n\
BEGIN:VTIMEZONE\r\nTZID:Nobody's\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\n\
TZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n\
BEGIN:VEVENT\r\nUID:lunch-1@alpine.test\r\nSEQUENCE:3\r\nDTSTAMP:20261120T100000Z\r\nSUMMARY:Déjeuner\\, sans dessert\r\n\
DTSTART;TZID=Paris chez nous;X-ODD=1:20261201T120000\r\nDTEND;TZID=Paris chez nous:20261201T130000\r\n\
RRULE:FREQ=WEEKLY\r\nDESCRIPTION:long\r\nORGANIZER;CN=Théo:mailto:theo@alpine.test\r\n\
ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:bob@beta.test\r\n\
ATTENDEE;CN=\"Martin, Alice\";ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;X-NUM=0:MAILTO:Alice@Alpha.test\r\n\
BEGIN:VALARM\r\nACTION:DISPLAY\r\nEND:VALARM\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:lunch-1@alpine.test\r\nSEQUENCE:3\r\nDTSTAMP:20261120T100000Z\r\nSUMMARY:Déjeuner\r\n\
RECURRENCE-ID;TZID=Paris chez nous:20261208T120000\r\nDTSTART;TZID=Paris chez nous:20261208T123000\r\n\
ORGANIZER;CN=Théo:mailto:theo@alpine.test\r\nATTENDEE;RSVP=TRUE:mailto:alice@alpha.test\r\nEND:VEVENT\r\n\
END:VCALENDAR\r\n";

fn wish(answer: Answer, comment: &str) -> Wish {
    let (uid, email) = ("lunch-1@alpine.test".to_owned(), "alice@alpha.test".to_owned());
    Wish { uid, email, answer, comment: comment.to_owned() }
}

const NOW: Timestamp = Timestamp(1_795_501_377_000);

fn answered_by(own: &[&str], text: &str) -> Cards {
    let mut cards = read_file(text);
    let known: HashSet<String> = own.iter().map(|email| (*email).to_owned()).collect();
    assert!(known.is_subset(&candidates(&cards.entries).into_iter().chain(known.clone()).collect()));
    decide(&mut cards.entries, &known);
    cards
}

#[test]
fn a_reply_names_the_event_and_of_its_guests_only_the_one_who_answers() {
    let text = reply(SERIES, &wish(Answer::Tentative, "I come later; sorry,\r\nvery late"), NOW).unwrap();
    let lines: Vec<&str> = text.split("\r\n").collect();
    for line in [
        "METHOD:REPLY",
        "UID:lunch-1@alpine.test",
        "DTSTAMP:20261124T062257Z",
        "SEQUENCE:3",
        "RECURRENCE-ID;TZID=\"Paris chez nous\":20261208T120000",
        "DTSTART;TZID=\"Paris chez nous\":20261201T120000",
        "SUMMARY:Déjeuner\\, sans dessert",
        "ORGANIZER;CN=Théo:mailto:theo@alpine.test",
        "COMMENT:I come later\\; sorry\\,\\nvery late",
        "TZID:Paris chez nous",
    ] {
        assert!(lines.contains(&line), "{line} in {text}");
    }
    assert!(lines.iter().all(|line| line.len() <= 75), "RFC 5545 §3.1: {text}");
    let unfolded = text.replace("\r\n ", "");
    assert!(unfolded.contains("ATTENDEE;CN=\"Martin, Alice\";ROLE=REQ-PARTICIPANT;PARTSTAT=TENTATIVE:"), "{text}");
    for left_out in ["bob@", "RSVP", "X-", "RRULE", "VALARM", "DESCRIPTION", "Nobody", "ACCEPTED"] {
        assert!(!unfolded.contains(left_out), "{left_out} in {text}");
    }
    // A program that reads the answer finds both entries, each with Alice alone.
    let cards = read_file(&text);
    assert_eq!((cards.entries.len(), cards.has_more), (2, false));
    for entry in &cards.entries {
        assert_eq!((entry.method.as_deref(), entry.guests, entry.sequence), (Some("REPLY"), 1, 3));
        assert_eq!(entry.attendees[0].answer.as_deref(), Some("TENTATIVE"));
        assert!(entry.answering.is_none() && !entry.asks());
    }
    assert_eq!(cards.entries[1].of, read_file(SERIES).entries[1].of);
}

#[test]
fn nothing_is_answered_that_was_not_asked() {
    let other = |change: fn(&mut Wish)| {
        let mut wish = wish(Answer::Accepted, "");
        change(&mut wish);
        reply(SERIES, &wish, NOW)
    };
    assert!(other(|_| {}).is_some());
    assert!(other(|wish| wish.email = "ALICE@alpha.TEST".into()).is_some());
    assert!(other(|wish| wish.uid.push('x')).is_none());
    assert!(other(|wish| wish.uid.clear()).is_none());
    assert!(other(|wish| wish.email = "eve@evil.test".into()).is_none());
    assert!(other(|wish| wish.email = "alice@alpha.test\r\nX:y".into()).is_none());
    for method in ["CANCEL", "PUBLISH", "REPLY", "COUNTER", ""] {
        let text = SERIES.replace("METHOD:REQUEST", &format!("METHOD:{method}"));
        assert!(reply(&text, &wish(Answer::Accepted, ""), NOW).is_none(), "{method}");
    }
}

/// Whatever stands in the invitation, the reply is one reply, and not longer than it must be.
#[test]
fn what_is_taken_over_cannot_break_the_reply_nor_swell_it() {
    let long = "x".repeat(100_000);
    let guests: String = (0..5000).map(|n| format!("ATTENDEE;CN=G{n}:mailto:g{n}@alpha.test\r\n")).collect();
    let zone = "BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\n".repeat(500);
    for (from, to) in [
        ("SUMMARY:Déjeuner\\, sans dessert", format!("SUMMARY:{long}")),
        ("CN=Théo", format!("CN={long}")),
        ("CN=\"Martin, Alice\"", "CN=\"A\\\"; B\u{7}\\nEND:VCALENDAR\"".to_owned()),
        ("ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:bob@beta.test\r\n", guests),
        ("BEGIN:STANDARD\r\nDTSTART:16010101T030000\r\n", format!("{zone}BEGIN:STANDARD\r\n")),
        ("SEQUENCE:3", "SEQUENCE:999999999999999999999999".to_owned()),
        ("SEQUENCE:3", "SEQUENCE:x\\nATTENDEE:mailto:eve@evil.test".to_owned()),
        ("20261201T120000", "99999999T999999".to_owned()),
    ] {
        let text = SERIES.replace(from, &to);
        assert_ne!(text, SERIES, "{from}");
        let made = reply(&text, &wish(Answer::Declined, &long), NOW).unwrap_or_else(|| panic!("{from}"));
        assert!(made.len() < 20_000, "{from}: {}", made.len());
        let cards = read_file(&made);
        assert!(!cards.has_more && cards.entries.len() == 2, "{from}: {made}");
        assert!(cards.entries.iter().all(|entry| entry.guests == 1), "{from}: {made}");
        assert_eq!(cards.entries[0].attendees[0].answer.as_deref(), Some("DECLINED"), "{from}: {made}");
        assert_eq!(made.matches("BEGIN:VCALENDAR").count(), 1);
    }
    let unnamed = SERIES.replace("UID:lunch-1@alpine.test", &format!("UID:{long}"));
    assert!(reply(&unnamed, &Wish { uid: long, ..wish(Answer::Accepted, "") }, NOW).is_none());
}

#[test]
fn who_is_invited_answers_and_nobody_else() {
    let answering = |own: &[&str], text: &str| {
        let cards = answered_by(own, text);
        cards.entries.iter().map(|entry| entry.answering.clone()).collect::<Vec<_>>()
    };
    let not = |why| vec![Some(Answering::Not(why)), None];
    let alice = Answering::As { email: "Alice@Alpha.test".into(), number: 1 };
    assert_eq!(answering(&["alice@alpha.test"], SERIES), [Some(alice), None]);
    assert_eq!(answering(&[], SERIES), not(Why::NotInvited));
    assert_eq!(answering(&["theo@alpine.test", "alice@alpha.test"], SERIES), not(Why::Organizer));
    let changed = |from: &str, to: &str| answering(&["alice@alpha.test"], &SERIES.replace(from, to));
    for organizer in ["urn:uuid:12", "https://alpine.test/theo", "mailto:", "mailto:theo"] {
        assert_eq!(changed("mailto:theo@alpine.test", organizer), not(Why::NoOrganizer), "{organizer}");
    }
    assert_eq!(changed("ORGANIZER;CN=Théo:mailto:theo@alpine.test\r\n", ""), not(Why::NoOrganizer));
    let apart = "ORGANIZER;CN=Théo;EMAIL=theo@alpine.test:urn:uuid:12";
    assert!(matches!(changed("ORGANIZER;CN=Théo:mailto:theo@alpine.test", apart)[0], Some(Answering::As { .. })));
    assert_eq!(changed("RSVP=TRUE", "RSVP=FALSE"), not(Why::NotAsked));
    assert_eq!(changed("UID:lunch-1@alpine.test", "X-U:1"), not(Why::NoName));
    assert_eq!(changed("METHOD:REQUEST", "METHOD:CANCEL"), [None, None]);
    // Only the moved entry invites her, so that entry has the answer.
    let moved = SERIES.replace(";X-NUM=0:MAILTO:Alice@Alpha.test", ":mailto:carl@alpha.test");
    let of_moved = Some(Answering::As { email: "alice@alpha.test".into(), number: 1 });
    assert_eq!(answering(&["alice@alpha.test"], &moved), [None, of_moved]);
    // Two events in one letter are told apart.
    let (head, event) = SERIES.split_at(SERIES.rfind("BEGIN:VEVENT").unwrap());
    let two = format!("{head}{}", event.replace("lunch-1", "lunch-2"));
    let numbers: Vec<_> = answering(&["alice@alpha.test"], &two)
        .into_iter()
        .map(|answering| matches!(answering, Some(Answering::As { number, .. }) if number > 0).then_some(()))
        .collect();
    assert_eq!(numbers, [Some(()), Some(())]);
}

#[test]
fn the_last_of_ten_thousand_guests_answers_too() {
    let guests: String = (0..10_000).map(|n| format!("ATTENDEE:mailto:g{n}@a.test\r\n")).collect();
    let text = SERIES.replace("ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:bob@beta.test\r\n", &guests);
    let cards = answered_by(&["alice@alpha.test"], &text);
    assert_eq!((cards.entries[0].guests, cards.entries[0].attendees.len()), (10_001, 200));
    assert!(matches!(cards.entries[0].answering, Some(Answering::As { .. })));
}
