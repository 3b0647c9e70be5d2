use super::told::MOST;
use super::*;
use calendar::When;

const OUTLOOK: &str = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nPRODID:x\r\nVERSION:2.0\r\n\
BEGIN:VTIMEZONE\r\nTZID:Romance Standard Time\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\n\
TZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n\
BEGIN:VEVENT\r\nUID:1@alpine.test\r\nSUMMARY:Réunion de chantier\\, suite\r\nLOCATION:Atelier\r\n\
DTSTART;TZID=Romance Standard Time:20261201T140000\r\nDTEND;TZID=Romance Standard Time:20261201T153000\r\n\
ORGANIZER;CN=Théo:MAILTO:theo@alpine.test\r\n\
ATTENDEE;CN=\"Alice; A.\";PARTSTAT=ACCEPTED:mailto:alice@alpha.test\r\n\
RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;UNTIL=20270301T130000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

#[test]
fn an_invitation_says_what_when_where_and_who() {
    let cards = read_file(OUTLOOK);
    let [entry] = &cards.entries[..] else { panic!("{cards:?}") };
    assert_eq!(entry.method.as_deref(), Some("REQUEST"));
    assert_eq!(entry.summary.as_deref(), Some("Réunion de chantier, suite"));
    assert_eq!(entry.location.as_deref(), Some("Atelier"));
    // 14:00 in Paris in winter.
    assert_eq!(entry.start, Some(When::At(1_796_130_000)));
    assert_eq!(entry.end, Some(When::At(1_796_130_000 + 5400)));
    assert_eq!(entry.organizer.as_ref().unwrap().email.as_deref(), Some("theo@alpine.test"));
    let alice = &entry.attendees[0];
    assert_eq!((alice.name.as_deref(), alice.answer.as_deref()), (Some("Alice; A."), Some("ACCEPTED")));
    let repeats = entry.repeats.as_ref().unwrap();
    assert_eq!((repeats.every, repeats.interval, &repeats.days[..]), ("weekly", 2, &[(0, 2), (0, 4)][..]));
}

#[test]
fn days_walls_and_spans_are_told_as_they_are_meant() {
    let event = |lines: &str| {
        let text = format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
        let entry = read_file(&text).entries.remove(0);
        (entry.start, entry.end)
    };
    let day = event("DTSTART;VALUE=DATE:20261201\r\nDTEND;VALUE=DATE:20261203");
    assert_eq!(day, (Some(When::Day("2026-12-01".into())), Some(When::Day("2026-12-03".into()))));
    let wall = event("DTSTART:20261201T140000");
    assert_eq!(wall.0, Some(When::Wall("2026-12-01T14:00".into(), None)));
    let nowhere = event("DTSTART;TZID=Middle-earth:20261201T140000");
    assert_eq!(nowhere.0, Some(When::Wall("2026-12-01T14:00".into(), Some("Middle-earth".into()))));
    let span = event("DTSTART:20261201T130000Z\r\nDURATION:PT1H30M");
    assert_eq!(span, (Some(When::At(1_796_130_000)), Some(When::At(1_796_135_400))));
}

/// The time of 14:00 on 1 December in Paris is found under each name that calendars give Paris.
#[test]
fn time_zones_are_known_by_every_name_that_programs_give_them() {
    let paris = "BEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\n\
        TZOFFSETFROM:+0200\r\n\
        TZOFFSETTO:+0100\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:19700329T020000\r\n\
        RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n\
        TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nEND:DAYLIGHT\r\n";
    let at = |zone: &str, inside: &str, wall: &str| {
        let text = format!(
            "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:{zone}\r\n{inside}END:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:1\r\n\
             DTSTART;TZID=\"{zone}\":{wall}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        read_file(&text).entries.remove(0).start
    };
    let winter = Some(When::At(1_796_130_000));
    for (zone, inside) in [
        ("Europe/Paris", ""),
        ("/freeassociation.sourceforge.net/Europe/Paris", ""),
        ("/freeassociation.sourceforge.net/Europe/Paris", paris),
        ("Romance Standard Time", ""),
        ("(UTC+01:00) Brussels, Copenhagen, Madrid, Paris", paris),
        ("Zone personnalisée", paris),
        ("Customized Time Zone 1", paris),
        (
            "x",
            "BEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\n",
        ),
    ] {
        assert_eq!(at(zone, inside, "20261201T140000"), winter, "{zone} {inside}");
    }
    // The zone is checked in summer, on both sides of the change, and where the clock shows a time twice or never.
    let shift = |wall: &str, hours: i64, zone: &str| {
        let day = chrono::NaiveDateTime::parse_from_str(wall, "%Y%m%dT%H%M%S").unwrap().and_utc().timestamp();
        assert_eq!(at(zone, paris, wall), Some(When::At(day - hours * 3600)), "{zone} {wall}");
    };
    for zone in ["Europe/Paris", "Zone personnalisée"] {
        shift("20260701T120000", 2, zone);
        shift("20260329T015900", 1, zone);
        shift("20260329T030000", 2, zone);
        shift("20261025T015900", 2, zone);
        shift("20261025T040000", 1, zone);
        shift("18000101T000000", if zone == "Europe/Paris" { continue } else { 1 }, zone);
    }
    shift("20261025T023000", 2, "Europe/Paris");
    shift("20260329T023000", 1, "Europe/Paris");
}

#[test]
fn days_that_are_long_left_out_or_counted_from_the_end_are_told_as_such() {
    let event = |lines: &str| {
        let text = format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
        read_file(&text).entries.remove(0)
    };
    let days = event("DTSTART;VALUE=DATE:20261230\r\nDURATION:P3D");
    assert_eq!(days.end, Some(When::Day("2027-01-02".into())));
    let out = event("DTSTART:20261201T130000Z\r\nRRULE:FREQ=WEEKLY\r\nEXDATE:20261208T130000Z,20261215T130000Z");
    assert_eq!(out.except, [When::At(1_796_734_800), When::At(1_797_339_600)]);
    let rule =
        |rule: &str| event(&format!("DTSTART:20261201T130000Z\r\nRRULE:FREQ=MONTHLY;{rule}")).repeats.unwrap().days;
    assert_eq!(rule("BYDAY=2TU"), [(2, 2)]);
    assert_eq!(rule("BYDAY=FR;BYSETPOS=-1"), [(-1, 5)]);
    assert_eq!(rule("BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"), []);
    assert_eq!(rule("BYDAY=FR;BYMONTHDAY=13"), []);
    for bad in ["20261345T250000Z", "20260230T100000", "99999999T999999Z", "0", "-1", "20261201T1400"] {
        let entry = event(&format!("SUMMARY:odd\r\nDTSTART:{bad}"));
        assert_eq!(entry.summary.as_deref(), Some("odd"), "{bad}");
        assert!(!matches!(entry.start, Some(When::At(_))), "{bad}: {:?}", entry.start);
    }
}

#[test]
fn what_came_twice_is_told_once_and_many_are_cut() {
    let mut cards = read_file(OUTLOOK);
    calendar::read(OUTLOOK, &mut cards);
    assert_eq!((cards.entries.len(), cards.has_more), (1, false));
    let event = |n: usize| format!("BEGIN:VEVENT\r\nUID:{n}\r\nEND:VEVENT\r\n");
    let many: String = (0..3 * MOST).map(event).collect();
    let cards = read_file(&format!("BEGIN:VCALENDAR\r\n{many}END:VCALENDAR\r\n"));
    assert_eq!((cards.entries.len(), cards.has_more), (MOST, true));
}

#[test]
fn a_visiting_card_says_who_and_how_to_reach_them() {
    let text = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Fontaine;Claire;;Dr;\r\nORG:Atelier Nord;Bureau\r\nTITLE:Architecte\r\n\
        EMAIL;TYPE=INTERNET:claire@atelier.test\r\nTEL;TYPE=CELL:+33 6 12 34\r\nADR:;;1 rue du Port;Brest;;29200;France\r\n\
        END:VCARD\r\nBEGIN:VCARD\r\nVERSION:4.0\r\nFN:Bob\r\nTEL;VALUE=uri:tel:+1-555\r\nEND:VCARD\r\n";
    let cards = read_file(text);
    let [claire, bob] = &cards.people[..] else { panic!("{cards:?}") };
    assert_eq!(claire.name.as_deref(), Some("Dr Claire Fontaine"));
    assert_eq!(claire.organisation.as_deref(), Some("Atelier Nord, Bureau"));
    assert_eq!((&claire.emails[0][..], &claire.phones[0][..]), ("claire@atelier.test", "+33 6 12 34"));
    assert_eq!(claire.addresses, ["1 rue du Port, Brest, 29200, France"]);
    assert_eq!((bob.name.as_deref(), &bob.phones[..]), (Some("Bob"), &["+1-555".to_owned()][..]));
}

/// Reading costs no more than in proportion to the length: four times as much takes about four times as long.
#[test]
fn hostile_files_cost_what_they_weigh() {
    let time = |text: &str| {
        let begun = std::time::Instant::now();
        read_file(text);
        begun.elapsed()
    };
    for piece in [
        "BEGIN:VEVENT\r\n",
        "BEGIN:VTIMEZONE\r\nTZID:a\r\n",
        "BEGIN:VCARD\r\n",
        "A;",
        "A;B=\"",
        "A:\\n",
        "A:,,,;;;\r\n",
        " \r\n ",
        "RRULE:FREQ=DAILY;BYDAY=MO,MO,MO;",
        "ATTENDEE;CN=a:b\r\n",
        "=\r\n",
        "N;ENCODING=QUOTED-PRINTABLE:=\r\n",
        "END:VEVENT\r\n",
        "BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY\r\nEND:STANDARD\r\n",
        "EXDATE;TZID=a:20261201T140000\r\n",
    ] {
        for start in ["", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "BEGIN:VCARD\r\n"] {
            let of = |octets: usize| format!("{start}{}", piece.repeat(octets / piece.len()));
            let (small, large) = (time(&of(64 << 10)), time(&of(256 << 10)));
            let bound = small * 12 + std::time::Duration::from_millis(500);
            assert!(large < bound, "{start:?} {piece:?}: {small:?}, {large:?}");
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 600, ..Default::default() })]

    #[test]
    fn a_file_with_anything_in_it_is_read(at in 0..OUTLOOK.len(), end in 0..60_usize, put in "(\\PC|[0-9:;=,TZ+-]|\r\n ?|é|BEGIN:|END:|VALARM|P1W|99999999){0,12}") {
        let from = OUTLOOK.floor_char_boundary(at);
        let to = OUTLOOK.floor_char_boundary((at + end).min(OUTLOOK.len())).max(from);
        read_file(&format!("{}{put}{}", &OUTLOOK[..from], &OUTLOOK[to..]));
    }

    #[test]
    fn so_is_one_of_lines_that_mean_something_alone(lines in proptest::collection::vec("(BEGIN|END|DTSTART|DTEND|DURATION|RRULE|TZID|TZOFFSETTO|N|ADR|TEL|PHOTO|RDATE|EXDATE|TRIGGER|GEO|BDAY)(;(TZID|VALUE|ENCODING|CHARSET|TYPE)=(DATE|b|QUOTED-PRINTABLE|utf-8|Europe/Paris|PERIOD|x))?:(VCALENDAR|VEVENT|VTIMEZONE|VCARD|[0-9]{1,9}T[0-9]{1,7}Z?|[+-]?P[0-9]{1,12}[WDTHMS]{0,3}|FREQ=[A-Z]{3,8};(COUNT|INTERVAL|BYDAY|UNTIL|BYMONTH)=[-+0-9A-Z,]{0,14}|[+-][0-9]{1,8}|[=;,\\\\a]{0,9})", 0..20)) {
        read_file(&lines.join("\r\n"));
    }
}
