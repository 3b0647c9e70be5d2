//! Tests of the number of statements that a FETCH costs.

use std::sync::Arc;

use mailbox::{Access, FlagChange, System, Uid, UidRange};
use store::Key;

use super::items::FetchItems;
use super::render::{self, Piece};
use super::{Known, Seen};
use crate::codec::command::{Command, Fetch, SelectedCommand};
use crate::codec::decoder::{Event, Limits, decode_all};
use crate::selected::testing::{Client, Office};

fn read(command: &str) -> Fetch {
    let events = decode_all(format!("a {command}\r\n").as_bytes(), Limits::logged_in(1 << 20), false);
    let fetch = events.into_iter().find_map(|event| match event {
        Event::Request(request) => match request.command {
            Command::Selected(SelectedCommand::Fetch(fetch)) => Some(fetch),
            _ => None,
        },
        _ => None,
    });
    fetch.unwrap_or_else(|| panic!("{command}"))
}

/// Renders the first batch of a FETCH of all letters, and returns its text and the number of statements.
fn first_batch(office: &Office, client: &Client, items: &str) -> (String, u64) {
    let plan = FetchItems::of(&read(&format!("FETCH 1:* {items}")), &client.session);
    let selected = client.session.selected.as_ref().unwrap();
    let (folder, access) = (selected.folder, selected.access);
    let (uids, told) = (Arc::clone(&selected.uids), Arc::clone(&selected.keywords));
    let rendered = office.store().read_blocking(move |view| {
        let before = view.asked();
        let known = Known { access, told: &told };
        let ranges: Vec<UidRange> = uids.ranges().collect();
        let batch = render::batch(view, folder, &ranges, &plan, &uids, known, &Seen::default())?;
        Ok::<_, mailbox::Error>((batch.pieces, view.asked() - before))
    });
    let (pieces, statements) = rendered.unwrap();
    let text = pieces.into_iter().filter_map(|piece| match piece {
        Piece::Text(text) => Some(String::from_utf8(text).unwrap()),
        Piece::Body(_) => None,
    });
    (text.collect(), statements)
}

#[test]
fn the_columns_of_a_large_folder_cost_one_statement_of_rows() {
    let office = Office::new();
    office.file_many(2000);
    let mut client = office.client();
    client.say("SELECT INBOX");
    for items in
        ["(FLAGS)", "(UID)", "(INTERNALDATE)", "(RFC822.SIZE)", "(MODSEQ)", "(UID FLAGS)", "(EMAILID THREADID)"]
    {
        let (text, statements) = first_batch(&office, &client, items);
        assert_eq!((text.lines().count(), statements), (2000, 1), "{items}");
    }
    // The pieces of ENVELOPE and BODYSTRUCTURE come in the same rows.
    for items in ["(ENVELOPE)", "(BODYSTRUCTURE)", "(FLAGS ENVELOPE BODYSTRUCTURE)"] {
        let (text, statements) = first_batch(&office, &client, items);
        assert!(text.lines().count() > 100 && statements == 1, "{items}: {statements}");
    }
}

#[test]
fn a_keyword_that_the_client_has_not_heard_of_costs_two_statements_more_however_many_letters_have_it() {
    let office = Office::new();
    office.file_many(1000);
    let mut client = office.client();
    client.say("SELECT INBOX");
    let folder = office.folder("INBOX");
    office
        .store()
        .write_blocking(Key::Everything, move |tx| {
            let access = Access::own(mail::seam::AccountId(1));
            for (first, keyword) in [(400, "late"), (700, "later")] {
                let flags = mailbox::flags::intern(tx, access, System::NONE, &[keyword])?;
                let range = UidRange { first: Uid::new(first).unwrap(), last: Uid::new(first + 99).unwrap() };
                let add = FlagChange::Add(flags);
                mailbox::letter::store_flags(tx, access, folder, &[range], &add, None, mailbox::letter::SLICE)?;
            }
            Ok::<_, mailbox::Error>(())
        })
        .unwrap();
    let (text, statements) = first_batch(&office, &client, "(FLAGS)");
    assert_eq!((text.lines().count(), statements), (1000, 3));
    let numbers = |keyword: &str| {
        let flags = format!("FETCH (FLAGS ({keyword}))");
        text.lines().enumerate().filter(|(_, line)| line.ends_with(&flags)).map(|(n, _)| n + 1).collect::<Vec<_>>()
    };
    assert_eq!(numbers("late"), (400..500).collect::<Vec<_>>());
    assert_eq!(numbers("later"), (700..800).collect::<Vec<_>>());
    // The whole command tells the names before the letters that have them.
    let told = client.say("FETCH 1:* (FLAGS)");
    let (names, first) = (told.find("* FLAGS (").unwrap(), told.find("FETCH (FLAGS (late))").unwrap());
    assert!(names < first && told.contains(" late later)"), "{}", &told[..names + 200]);
    let (_, statements) = first_batch(&office, &client, "(FLAGS)");
    assert_eq!(statements, 1);
}
