//! A mailbox that is exported and imported elsewhere is the same mailbox, in every format; and an import that is stopped
//! or done twice at once brings each letter once.

mod fixture;
mod languages;
mod memory;
mod stores;
mod zoo;

use facteur_import_export as import_export;
use fixture::{ACCESS, ALICE, Content, Fixture, Kept};
use import_export::{ExportFormat, Imported};
use mail::trace::{Event, Link};
use mailbox::fetch::{self, Want};
use mailbox::{System, UidRange, account, folder};
use proptest::prelude::*;
use proptest::sample::Index;

const FORMATS: [ExportFormat; 5] =
    [ExportFormat::Maildir, ExportFormat::Mbox, ExportFormat::Eml, ExportFormat::Zip, ExportFormat::TarGz];

fn goes_round(content: &Content, format: ExportFormat) {
    let (old, new) = (Fixture::new(), Fixture::new());
    old.fill(content);
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("export");
    old.export(&path, format);
    let expected = old.content();
    let (imported, skipped) = new.import(&path);
    assert_eq!(skipped, [], "{format:?}");
    assert_eq!(new.content(), expected, "{format:?}");
    assert_eq!(
        (new.letters(), imported.letters),
        (old.letters(), old.letters()),
        "{format:?}: each is one letter again"
    );
    let (again, _) = new.import(&path);
    let all = imported.letters + imported.known;
    assert_eq!((again.letters, again.known), (0, all), "{format:?}: the second time nothing comes");
    assert_eq!(new.content(), expected, "{format:?}");
}

fn kept(raw: &[u8], system: System, keywords: &[&str], received: i64) -> Kept {
    let keywords = keywords.iter().map(|keyword| (*keyword).to_owned()).collect();
    Kept { raw: raw.to_vec(), system: system.bits(), keywords, received, elsewhere: Vec::new() }
}

/// Everything that is hard at once.
fn hard() -> Content {
    let usual = b"From: a@alpha.test\r\nSubject: x\r\n\r\nFrom here\r\n>From there\r\n\r\nend\r\n";
    let many: Vec<String> = (0..40).map(|number| format!("keyword{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let letters = vec![
        kept(usual, System::SEEN | System::FLAGGED, &["$Forwarded", "facture"], 1_795_501_377),
        kept(usual, System::SEEN | System::FLAGGED, &["$Forwarded", "facture"], 1_795_501_377),
        kept(usual, System::DRAFT, &["$forwarded2"], 915_357_600),
        kept(b"Status: RO\r\nX-Status: D\r\nX-Mozilla-Status: 0009\r\nSubject: own\r\n\r\n", System::NONE, &[], 5),
        kept(b"X-Facteur-State: 1 2026-11-24T06:22:57Z\r\nStatus: RO\r\n\r\n", System::DELETED, &[], -86_400),
        kept(b"X-Gmail-Labels: Inbox\r\n\r\n\r\n\r\n", System::ANSWERED, &many, 1),
        kept(b"", System::NONE, &[], 2),
        kept(b"no header at all", System::NONE, &[], 3),
        kept(b"Subject: odd\r\n\r\nbare\nline\rends\r\n\n", System::NONE, &many, 4),
        kept(b"Subject: cr only\r\n\r\nx\r", System::SEEN, &[], 6),
        kept("Subject: é\r\n\r\n\u{feff}ü\r\n".as_bytes(), System::NONE, &["été"], 7),
    ];
    // The first two have the same octets and lie in other folders: they stay two letters.
    let mut letters = letters;
    letters[0].elsewhere = vec!["x".to_owned(), "日本語".to_owned()];
    letters[1].elsewhere = vec!["x".to_owned()];
    letters[4].elsewhere = vec!["Élèves/2026".to_owned()];
    letters[8].elsewhere = vec!["empty.sbd/.hidden".to_owned()];
    letters[9].elsewhere = vec!["cur".to_owned()];
    let only_there: Vec<Kept> = letters.iter().map(|kept| Kept { elsewhere: Vec::new(), ..kept.clone() }).collect();
    let mut content = Content::new();
    for name in [
        "INBOX",
        "Sent",
        "facteur-mailbox.json",
        "x.mbox/y",
        "x",
        "INBOX/0000000001.eml",
        "Élèves/2026",
        "v1.0",
        "a:b",
        "A:B",
        "cur",
        "日本語",
        "Deleted Items",
        "R&D",
        "Mail/x.y",
    ] {
        // Those of INBOX lie elsewhere, too.
        let letters = if name == "INBOX" { &letters } else { &only_there };
        content.insert(name.to_owned(), (None, !name.starts_with('v'), letters.clone()));
    }
    let long = format!("{}/{}", "long ".repeat(60).trim(), "é".repeat(80));
    content.insert(long, (None, true, only_there));
    content.insert("empty.sbd/.hidden".to_owned(), (None, false, vec![]));
    content
}

#[test]
fn the_hardest_mailbox_goes_round_in_every_format() {
    for format in FORMATS {
        goes_round(&hard(), format);
    }
}

fn letter_strategy() -> impl Strategy<Value = Kept> {
    let raw = "(Subject: x\r\n|Status: O\r\n|From |>From |[a-zé]{0,5}|\r\n|\r\n\r\n|\n|\r|X-Facteur-State: 1|: ){0,14}";
    let keywords = proptest::collection::btree_set("[a-z$]{1,3}", 0..4);
    (raw, 0u8..32, keywords, -2_000_000_000i64..4_000_000_000).prop_map(|(raw, system, keywords, received)| Kept {
        raw: raw.into_bytes(),
        system,
        keywords: keywords.into_iter().collect(),
        received,
        elsewhere: Vec::new(),
    })
}

/// The folders that letters lie in, too: of each such letter its folder, its place there, and the other folder.
fn places_strategy() -> impl Strategy<Value = Vec<(Index, Index, Index)>> {
    proptest::collection::vec((any::<Index>(), any::<Index>(), any::<Index>()), 0..8)
}

fn put_into_more(mut content: Content, places: &[(Index, Index, Index)]) -> Content {
    let names: Vec<String> = content.keys().cloned().collect();
    for (folder, letter, other) in places.iter().filter(|_| !names.is_empty()) {
        let (name, other) = (folder.get(&names), other.get(&names));
        let letters = content.get_mut(name).map(|(_, _, letters)| letters).expect("its own");
        if name != other && !letters.is_empty() {
            let at = letter.index(letters.len());
            letters[at].elsewhere.push(other.clone());
        }
    }
    content
}

fn content_strategy() -> impl Strategy<Value = Content> {
    let name = "(INBOX|Sent|[A-Za-zé.&: ]{0,6}[a-z](/[a-z.~]{0,4}[a-z])?)";
    let folder = (any::<bool>(), proptest::collection::vec(letter_strategy(), 0..6));
    proptest::collection::btree_map(name, folder, 1..4).prop_map(|folders| {
        let fits = |name: &String| folder::name::canonical(name).is_ok_and(|canonical| canonical == *name);
        folders
            .into_iter()
            .filter(|(name, _)| fits(name))
            .map(|(name, (subscribed, letters))| {
                // Every mailbox is subscribed to these from the start, and an import takes nothing away.
                let from_the_start = matches!(name.as_str(), "INBOX" | "Sent");
                (name, (None, subscribed || from_the_start, letters))
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]
    #[test]
    fn any_mailbox_goes_round_in_every_format(content in content_strategy(), places in places_strategy()) {
        let content = put_into_more(content, &places);
        for format in FORMATS {
            goes_round(&content, format);
        }
    }
}

#[test]
fn an_export_never_writes_over_what_is_there() {
    let fixture = Fixture::new();
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("there");
    std::fs::write(&path, "mine").expect("written");
    let refused = fixture.try_export(&path, ExportFormat::Zip);
    assert!(matches!(refused, Err(import_export::Error::Exists(_))), "{refused:?}");
    assert_eq!(std::fs::read(&path).expect("read"), b"mine");
}

/// An mbox of so many letters, each told by its subject.
fn mbox(place: &std::path::Path, letters: usize) -> std::path::PathBuf {
    let letter =
        |number| format!("From a@b.test Tue Nov 24 12:00:00 2026\nSubject: {number}\n\n{}\n", "text\n".repeat(40));
    let path = place.join("Old.mbox");
    std::fs::write(&path, (0..letters).map(letter).collect::<String>()).expect("written");
    path
}

#[test]
fn an_import_into_a_full_mailbox_stops_and_goes_on_when_there_is_room() {
    let fixture = Fixture::new();
    let place = tempfile::tempdir().expect("a folder");
    let path = mbox(place.path(), 700);
    fixture
        .store
        .write_blocking(store::Key::Everything, |tx| account::set_quota(tx, ALICE, Some(100_000)))
        .expect("a quota");
    let (stopped, _) = fixture.try_import(&path);
    assert!(matches!(stopped, Err(import_export::Error::Mailbox(mailbox::Error::OverQuota { .. }))), "{stopped:?}");
    let before = fixture.content()["Old"].2.len();
    assert!((300..700).contains(&before), "what fits is there: {before}");
    fixture.store.write_blocking(store::Key::Everything, |tx| account::set_quota(tx, ALICE, None)).expect("no quota");
    let (imported, _) = fixture.import(&path);
    assert_eq!((imported.known, imported.letters), (before as u64, 700 - before as u64));
    assert_eq!(fixture.content()["Old"].2.len(), 700);
}

#[test]
fn each_imported_letter_has_a_history_that_says_where_it_lay() {
    let fixture = Fixture::new();
    let place = tempfile::tempdir().expect("a folder");
    let path = mbox(place.path(), 300);
    fixture.import(&path);
    assert_eq!(fixture.import(&path).0.known, 300, "what is known already is not written down again");
    let (histories, steps) = fixture
        .store
        .read_blocking(|view| {
            let folder = folder::by_name(view, ACCESS, "Old")?.expect("the folder");
            let rows = fetch::fetch(view, ACCESS, folder.id, &[UidRange::ALL], Want::ROW, 1000)?;
            let of = |row: &mailbox::Row| trace::in_mailbox(view, ALICE, row.letter.0);
            let histories = rows.iter().map(of).collect::<Result<Vec<_>, store::Error>>()?;
            Ok::<_, mailbox::Error>((histories, trace::last(view)?))
        })
        .expect("read");
    assert_eq!((histories.len(), steps), (300, 300), "one row a letter");
    for history in histories {
        let history = history.expect("a history");
        let [received, filed] = &history.steps[..] else { panic!("{history:?}") };
        let Event::Received(arrival) = &received.event else { panic!("{received:?}") };
        assert_eq!((arrival.by, arrival.peer.as_str()), (Some(Link::Import), "Old.mbox"));
        assert!(arrival.size > 200 && arrival.account.is_none());
        let Event::Filed { recipient, folder, .. } = &filed.event else { panic!("{filed:?}") };
        assert_eq!((recipient.as_str(), folder.as_str()), ("alice@alpha.test", "Old"));
    }
}

#[test]
fn two_imports_of_the_same_at_once_bring_each_letter_once() {
    let fixture = Fixture::new();
    let place = tempfile::tempdir().expect("a folder");
    let path = mbox(place.path(), 1000);
    let imports: Vec<Imported> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(|| fixture.import(&path).0)).collect();
        threads.into_iter().map(|thread| thread.join().expect("an import")).collect()
    });
    assert_eq!(imports.iter().map(|imported| imported.letters).sum::<u64>(), 1000);
    assert_eq!(fixture.content()["Old"].2.len(), 1000);
}
