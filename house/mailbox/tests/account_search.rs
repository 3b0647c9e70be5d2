//! Searches over a whole account: they find what a look at every letter finds, wherever the index stands, and cost what
//! is found and not how many folders there are.

mod common;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use common::{ACCESS, Fixture, only, runtime};
use facteur_mailbox as mailbox;
use mail::Timestamp;
use mailbox::letter::{Expunge, expunge, move_};
use mailbox::search::{Criteria, Found, Key, Listing, Order, SearchField, Window, Words, list, placed, run};
use mailbox::{FolderId, LetterKey, System, ThreadId, Uids};
use proptest::prelude::*;

const START: i64 = 1_795_500_000_000;
const NOW: Timestamp = Timestamp(START + 1_000_000);
const FOLDERS: usize = 4;

const WORDS: [&str; 5] = ["zebra", "kiwi", "quorum", "fjord", "bamboo"];
const NAMES: [&str; 4] = ["Ada Lovelace", "Zoé", "Bo", "A. de la Tour"];
const HOSTS: [&str; 3] = ["alpha.test", "beta.test", "lists.alpha.test"];

fn listing(criteria: Criteria, orders: Vec<Order>, collapse: bool) -> Listing {
    Listing { criteria, orders, collapse, best_first: true }
}

fn not(criteria: Criteria) -> Criteria {
    Criteria::Not(Box::new(criteria))
}

fn header(name: &str, text: &str) -> Criteria {
    Criteria::Header(name.into(), text.into())
}

fn index(fixture: &Fixture) {
    runtime().block_on(mailbox::index::catch_up(&fixture.store)).unwrap();
}

fn ask(fixture: &Fixture, listing: Listing, window: Window, limit: usize) -> Found {
    runtime().block_on(list(&fixture.store, ACCESS, listing, window, limit, true, NOW)).unwrap().unwrap()
}

fn all_of(fixture: &Fixture, criteria: Criteria) -> Vec<LetterKey> {
    ask(fixture, listing(criteria, Vec::new(), false), Window::Position(0), 10_000).letters
}

const FIELDS: [&str; 7] = ["From", "To", "Subject", "Message-ID", "References", "List-Id", "X-Tag"];

/// A letter as it was made.
#[derive(Clone, Debug)]
struct Made {
    folder: usize,
    minute: i64,
    flags: u8,
    from: (usize, usize),
    to: Vec<(usize, usize)>,
    subject: Vec<usize>,
    id: u8,
    references: Vec<u8>,
    list: Option<usize>,
    tag: Option<usize>,
    body: Vec<usize>,
    /// True for a text that is longer than the index keeps whole.
    long: bool,
    /// Folders that it is put into beside its own, where it is visible whatever it is there.
    also: Vec<usize>,
}

fn made() -> impl Strategy<Value = Made> {
    let person = || (0..NAMES.len(), 0..HOSTS.len());
    let words = |most| prop::collection::vec(0..WORDS.len(), 0..most);
    let also = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(0..FOLDERS, 1..3)];
    let places = (0..FOLDERS, also, 0..50i64, 0..32u8, person(), prop::collection::vec(person(), 0..3));
    let names = (words(4), 0..20u8, prop::collection::vec(0..20u8, 0..4));
    let rest =
        (prop::option::of(0..HOSTS.len()), prop::option::of(0..WORDS.len()), words(4), prop::bool::weighted(0.1));
    (places, names, rest).prop_map(
        |((folder, also, minute, flags, from, to), (subject, id, references), (list, tag, body, long))| Made {
            folder,
            minute,
            flags,
            from,
            to,
            subject,
            id,
            references,
            list,
            tag,
            body,
            long,
            also,
        },
    )
}

fn person((name, host): (usize, usize)) -> String {
    format!("{} <p{name}@{}>", NAMES[name], HOSTS[host])
}

impl Made {
    fn received(&self) -> i64 {
        START + self.minute * 1000
    }

    fn words(&self, words: &[usize]) -> String {
        words.iter().map(|word| WORDS[*word]).collect::<Vec<_>>().join(" ")
    }

    fn subject(&self) -> String {
        let padding = if self.long { " y".repeat(1500) } else { String::new() };
        format!("{}{padding}", self.words(&self.subject)).trim().to_owned()
    }

    /// The value of a field as a person reads it; `None` if the letter has no such field.
    fn field(&self, name: &str) -> Option<String> {
        match name {
            "From" => Some(person(self.from)),
            "To" if self.to.is_empty() => None,
            "To" => Some(self.to.iter().map(|to| person(*to)).collect::<Vec<_>>().join(", ")),
            "Subject" => Some(self.subject()),
            "Message-ID" => Some(format!("<{}@{}>", self.id, HOSTS[self.from.1])),
            "References" if self.references.is_empty() => None,
            "References" => {
                Some(self.references.iter().map(|id| format!("<{id}@alpha.test>")).collect::<Vec<_>>().join(" "))
            }
            "List-Id" => self.list.map(|list| format!("The List <{}>", HOSTS[list])),
            "X-Tag" => self.tag.map(|tag| WORDS[tag].to_owned()),
            _ => None,
        }
    }

    fn raw(&self) -> String {
        let mut raw = String::new();
        for name in FIELDS {
            if let Some(value) = self.field(name) {
                let value = value.replace("Zoé", "=?utf-8?q?Zo=C3=A9?=");
                // Folded, as long fields are.
                raw.push_str(&format!("{name}: {}\r\n", value.replace("> <", ">\r\n <")));
            }
        }
        format!("{raw}\r\n{}\r\n", self.words(&self.body))
    }

    /// Returns true if the body, or with `header` a line of the header, contains the piece.
    fn says(&self, piece: &str, header: bool) -> bool {
        let lines = FIELDS.iter().filter_map(|name| Some(format!("{name}: {}", self.field(name)?)));
        let mut said = lines.filter(|_| header).chain([format!("{} ", self.words(&self.body))]);
        said.any(|text| text.to_lowercase().contains(&piece.to_lowercase()))
    }

    /// Decides as somebody would who looks at this letter alone, which lies in these folders.
    fn fits(&self, criteria: &Criteria, folders: &[FolderId]) -> bool {
        let has = |name: &str, text: &str| {
            self.field(name).is_some_and(|value| value.to_lowercase().contains(&text.to_lowercase()))
        };
        match criteria {
            Criteria::All => true,
            Criteria::And(parts) => parts.iter().all(|part| self.fits(part, folders)),
            Criteria::Or(parts) => parts.iter().any(|part| self.fits(part, folders)),
            Criteria::Not(part) => !self.fits(part, folders),
            Criteria::In(folder) => folders.contains(folder),
            Criteria::InOtherThan(others) => folders.iter().any(|folder| !others.contains(folder)),
            Criteria::Flags(flags) => System::from_bits(self.flags).contains(*flags),
            Criteria::ReceivedFrom(time) => self.received() >= *time,
            Criteria::Text(piece) => self.says(piece, true),
            Criteria::Body(piece) => self.says(piece, false),
            Criteria::Header(name, text) => has(name, text),
            Criteria::From(text) => has("From", text),
            Criteria::To(text) => has("To", text),
            Criteria::Subject(text) => has("Subject", text),
            other => panic!("{other:?} is not made here"),
        }
    }
}

/// The texts that header fields are searched for.
const PIECES: &[&str] = &[
    "",
    "a",
    "@",
    "st",
    "test",
    "@alpha",
    "lists.alpha.test",
    "ADA LOVE",
    "zoé",
    "é",
    "<1@",
    "<1@alpha.test>",
    "> <",
    "1@",
    "test> <1",
    "zebra",
    "ebra k",
    "kiwi",
    "y y y",
    "the list <",
    "nowhere at all",
    " ",
];

fn pieces() -> impl Strategy<Value = String> {
    prop::sample::select(PIECES).prop_map(str::to_owned)
}

const NAMED: [&str; 7] = ["From", "To", "Message-ID", "References", "List-Id", "X-Tag", "In-Reply-To"];

fn criteria() -> impl Strategy<Value = Criteria> {
    let word = || prop_oneof![prop::sample::select(&WORDS[..]).prop_map(str::to_owned), pieces()];
    let leaf = prop_oneof![
        1 => Just(Criteria::All),
        // The numbers of folders stand for their ids until there are some.
        3 => (0..FOLDERS as i64).prop_map(|folder| Criteria::In(FolderId(folder))),
        2 => prop::collection::vec((0..FOLDERS as i64).prop_map(FolderId), 0..3).prop_map(Criteria::InOtherThan),
        2 => prop::sample::select(&[System::SEEN, System::FLAGGED, System::ANSWERED][..]).prop_map(Criteria::Flags),
        1 => (0..50i64).prop_map(|minute| Criteria::ReceivedFrom(START + minute * 1000)),
        4 => word().prop_map(Criteria::Text),
        2 => word().prop_map(Criteria::Body),
        2 => pieces().prop_map(Criteria::Subject),
        2 => pieces().prop_map(Criteria::From),
        2 => pieces().prop_map(Criteria::To),
        5 => (prop::sample::select(&NAMED[..]), pieces()).prop_map(|(name, piece)| header(name, &piece)),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let some = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![some.clone().prop_map(Criteria::And), some.prop_map(Criteria::Or), inner.prop_map(not)]
    })
}

fn with_ids(criteria: Criteria, folders: &[FolderId]) -> Criteria {
    let all = |parts: Vec<Criteria>| parts.into_iter().map(|part| with_ids(part, folders)).collect();
    match criteria {
        Criteria::In(FolderId(place)) => Criteria::In(folders[place as usize]),
        Criteria::InOtherThan(places) => {
            Criteria::InOtherThan(places.iter().map(|FolderId(place)| folders[*place as usize]).collect())
        }
        Criteria::And(parts) => Criteria::And(all(parts)),
        Criteria::Or(parts) => Criteria::Or(all(parts)),
        Criteria::Not(part) => not(with_ids(*part, folders)),
        other => other,
    }
}

/// A letter of the server.
struct Lies {
    letter: LetterKey,
    thread: ThreadId,
    made: Made,
    /// The folders that it lies in, with its UID there, and whether it is visible there.
    places: Vec<(FolderId, u32, bool)>,
}

impl Lies {
    fn visible(&self) -> Vec<FolderId> {
        self.places.iter().filter(|(.., visible)| *visible).map(|(folder, ..)| *folder).collect()
    }

    fn uid_in(&self, folder: FolderId) -> Option<u32> {
        self.places.iter().find(|(place, ..)| *place == folder).map(|(_, uid, _)| *uid)
    }
}

/// A server with letters, and where each of them is.
struct World {
    fixture: Fixture,
    folders: Vec<FolderId>,
    letters: Vec<Lies>,
}

impl World {
    fn new(made: Vec<Made>, indexed: usize) -> Self {
        let fixture = Fixture::new();
        let names = ["INBOX", "Archive", "Trash", "Sent"];
        let folders: Vec<FolderId> = names.iter().map(|name| fixture.folder(name).id).collect();
        for (number, one) in made.iter().enumerate() {
            if number == indexed {
                index(&fixture);
            }
            let flags = System::from_bits(one.flags);
            fixture.file_with(folders[one.folder], one.raw(), flags.into(), Timestamp(one.received())).unwrap();
        }
        let mut world = Self { fixture, folders, letters: Vec::new() };
        world.look(made);
        world.put_elsewhere();
        world
    }

    /// Letters get other keys where conversations meet, so they are looked up at the end: each folder has them in order.
    fn look(&mut self, made: Vec<Made>) {
        for (place, folder) in self.folders.iter().enumerate() {
            let its = made.iter().filter(|one| one.folder == place);
            let rows = self.fixture.rows(*folder);
            assert_eq!(rows.len(), its.clone().count());
            for (row, one) in rows.into_iter().zip(its) {
                let visible = !System::from_bits(one.flags).contains(System::DELETED);
                let places = vec![(*folder, row.uid.get(), visible)];
                self.letters.push(Lies { letter: row.letter, thread: row.thread, made: one.clone(), places });
            }
        }
    }

    fn put_elsewhere(&mut self) {
        for lies in &mut self.letters {
            for place in &lies.made.also {
                let (key, folder) = (lies.letter, self.folders[*place]);
                let uid = self.fixture.write(move |tx| mailbox::letter::add(tx, ACCESS, key, folder)).unwrap().unwrap();
                lies.places.retain(|(place, ..)| *place != folder);
                lies.places.push((folder, uid.get(), true));
            }
        }
    }

    fn naive(&self, criteria: &Criteria) -> Vec<&Lies> {
        let fits = |lies: &&Lies| !lies.visible().is_empty() && lies.made.fits(criteria, &lies.visible());
        self.letters.iter().filter(fits).collect()
    }

    /// The letters that fit of those in a folder, also those that are not visible there.
    fn naive_in(&self, criteria: &Criteria, folder: FolderId) -> Uids {
        let fitting = self.letters.iter().filter_map(|lies| {
            let uid = lies.uid_in(folder)?;
            let folders = [lies.visible(), vec![folder]].concat();
            lies.made.fits(criteria, &folders).then(|| common::uid(uid))
        });
        fitting.collect()
    }

    /// The list as it should be.
    fn listed(&self, criteria: &Criteria, by_subject: bool, collapse: bool) -> Vec<LetterKey> {
        let mut fitting = self.naive(criteria);
        fitting.sort_by(|one, other| {
            let newest = (other.made.received(), other.letter).cmp(&(one.made.received(), one.letter));
            let clip = |made: &Made| made.subject().chars().take(80).collect::<String>().trim_end().to_owned();
            match by_subject {
                true => clip(&one.made).cmp(&clip(&other.made)).then(newest),
                false => newest,
            }
        });
        let mut met = HashSet::new();
        fitting.retain(|lies| !collapse || met.insert(lies.thread));
        fitting.into_iter().map(|lies| lies.letter).collect()
    }

    fn check(&self, criteria: &Criteria) -> Result<(), TestCaseError> {
        for (by_subject, collapse) in [(false, false), (false, true), (true, false), (true, true)] {
            let orders = if by_subject { vec![Order { key: Key::Subject, ascending: true }] } else { Vec::new() };
            let asked = listing(criteria.clone(), orders, collapse);
            let wanted = self.listed(criteria, by_subject, collapse);
            let found = ask(&self.fixture, asked.clone(), Window::Position(0), 100);
            prop_assert_eq!(&found.letters, &wanted, "{:?} {} {}", criteria, by_subject, collapse);
            prop_assert_eq!(found.total, Some(wanted.len() as u64));
            self.windows(&asked, &wanted)?;
        }
        for (place, folder) in self.folders.iter().enumerate() {
            let found = runtime().block_on(run(&self.fixture.store, ACCESS, *folder, criteria.clone(), NOW)).unwrap();
            prop_assert_eq!(found, self.naive_in(criteria, *folder), "{:?} in folder {}", criteria, place);
        }
        Ok(())
    }

    fn windows(&self, asked: &Listing, wanted: &[LetterKey]) -> Result<(), TestCaseError> {
        let length = wanted.len();
        for (window, start) in [(Window::Position(2), 2), (Window::Position(-3), length.saturating_sub(3))] {
            let found = ask(&self.fixture, asked.clone(), window, 2);
            let part: Vec<LetterKey> = wanted.iter().skip(start).take(2).copied().collect();
            prop_assert_eq!(found.letters, part, "{:?} {:?}", asked, window);
            prop_assert_eq!(found.total, Some(length as u64));
        }
        if let Some(middle) = wanted.get(length / 2) {
            let found = ask(&self.fixture, asked.clone(), Window::Anchor(*middle, -1), 3);
            let start = (length / 2).saturating_sub(1);
            prop_assert_eq!(found.position, start as u64);
            prop_assert_eq!(&found.letters[..], &wanted[start..length.min(start + 3)]);
            let sought = HashSet::from([*middle]);
            let at = placed(&self.fixture.store, ACCESS, asked.clone(), sought, HashSet::new(), true, NOW);
            let at = runtime().block_on(at).unwrap();
            prop_assert_eq!((at.letters, at.total), (vec![(*middle, length as u64 / 2)], Some(length as u64)));
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_search_finds_what_a_look_at_each_letter_finds(
        letters in prop::collection::vec(made(), 1..30),
        filters in prop::collection::vec(criteria(), 1..8),
        indexed in 0..40usize,
    ) {
        let world = World::new(letters, indexed);
        for filter in filters {
            world.check(&with_ids(filter, &world.folders))?;
        }
    }
}

/// Every fourth letter lacks the word; the letters go to the folders in turn.
fn filled(letters: usize, folders: usize) -> (Fixture, Vec<FolderId>) {
    let fixture = Fixture::new();
    let make = |number| fixture.write(move |tx| mailbox::folder::create(tx, ACCESS, &format!("Folder {number}"), None));
    let places: Vec<FolderId> = (0..folders).map(|number| make(number).unwrap()).collect();
    let numbers: Vec<usize> = (0..letters).collect();
    for some in numbers.chunks(500) {
        let prepared: Vec<_> = some
            .iter()
            .map(|number| {
                let word = if number % 4 == 3 { "other" } else { "common" };
                let raw = format!(
                    "From: a{}@site{}.test\r\nSubject: {number}\r\nMessage-ID: <{number}@x.test>\r\n\
                     List-Id: <l{}.test>\r\n\r\n{word}\r\n",
                    number % 90,
                    number % 30,
                    number % 10
                );
                (places[number % folders], mailbox::prepare(&fixture.store, raw.into()).unwrap())
            })
            .collect();
        fixture
            .write(move |tx| {
                prepared.iter().try_for_each(|(folder, letter)| {
                    mailbox::letter::file(tx, ACCESS, *folder, letter, &System::NONE.into(), NOW).map(drop)
                })
            })
            .unwrap();
    }
    index(&fixture);
    (fixture, places)
}

#[test]
fn the_index_is_asked_once_for_all_folders_and_all_texts() {
    let (fixture, places) = filled(400, 40);
    let text = |word: &str| Criteria::Text(word.into());
    let search = fixture.store.search();
    for (criteria, found) in [
        (text("common"), 300),
        (Criteria::And(vec![text("common"), Criteria::Body("common".into())]), 300),
        (Criteria::Or(vec![text("common"), text("other"), header("List-Id", "l3.test")]), 400),
        (Criteria::And(vec![not(text("common")), not(Criteria::In(places[3]))]), 90),
        (Criteria::And(vec![text("common"), not(Criteria::Flags(System::SEEN))]), 300),
        (Criteria::And(vec![Criteria::From("@site7.test".into()), header("message-id", "<")]), 14),
    ] {
        let before = search.asked();
        assert_eq!(all_of(&fixture, criteria.clone()).len(), found, "{criteria:?}");
        assert_eq!(search.asked() - before, 1, "{criteria:?}");
    }
    let before = search.asked();
    assert_eq!(all_of(&fixture, Criteria::Flags(System::SEEN)).len(), 0);
    assert_eq!(search.asked(), before);
}

/// The shortest of some runs.
fn shortest(fixture: &Fixture, criteria: &Criteria) -> Duration {
    let once = |_| {
        let start = Instant::now();
        ask(fixture, listing(criteria.clone(), Vec::new(), false), Window::Position(0), 50);
        start.elapsed()
    };
    (0..5).map(once).min().unwrap()
}

#[test]
fn a_search_costs_what_is_found_however_many_folders_there_are() {
    let (one, many) = (filled(3000, 1).0, filled(3000, 150).0);
    for criteria in [
        Criteria::Text("common".into()),
        Criteria::And(vec![Criteria::Text("common".into()), not(Criteria::Flags(System::SEEN))]),
        header("List-Id", "l3.test"),
    ] {
        let (one, many) = (shortest(&one, &criteria), shortest(&many, &criteria));
        // Asked folder by folder it was a hundred times as much.
        assert!(many < one * 15 + Duration::from_millis(30), "{criteria:?}: {one:?} in one folder, {many:?} in 150");
    }
}

#[test]
fn a_sort_of_many_letters_is_done_in_slices_and_gives_every_part_of_the_list() {
    let (fixture, _) = filled(9000, 3);
    let by_subject = || vec![Order { key: Key::Subject, ascending: true }];
    let mut wanted: Vec<String> = (0..9000).map(|number| number.to_string()).collect();
    wanted.sort();
    let before = fixture.store.statistics().reads;
    let found = ask(&fixture, listing(Criteria::All, by_subject(), false), Window::Position(4000), 5);
    assert!(fixture.store.statistics().reads - before >= 4);
    assert_eq!(found.total, Some(9000));
    let subject_of = |letter: &LetterKey| {
        let letter = letter.0;
        let sql = "SELECT summary FROM letter WHERE letter = $1";
        let summary = fixture
            .read(move |view| Ok(view.query_one(sql, store::params![letter], |row| Ok(row.bytes(0)?.to_vec()))?));
        String::from_utf8(mailbox::Summary::decode(&summary).unwrap().subject().unwrap().to_vec()).unwrap()
    };
    let subjects: Vec<String> = found.letters.iter().map(subject_of).collect();
    assert_eq!(subjects, wanted[4000..4005]);
}

#[test]
fn a_field_is_looked_for_in_the_head_of_a_letter_alone() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    let body: String = (0..20_000u32).map(|n| format!("{:x} ", n.wrapping_mul(2_654_435_761))).collect();
    fixture.file(inbox, format!("X-Tag: blue\r\nSubject: one\r\n\r\n{body}")).unwrap();
    fixture.file(inbox, format!("X-Filling: {}\r\nX-Tag: blue\r\n\r\nshort", "z".repeat(20_000))).unwrap();
    fixture.file(inbox, "X-Tag: red\r\n\r\nx").unwrap();
    assert_eq!(all_of(&fixture, header("X-Tag", "blue")).len(), 2);
    // Whoever reads on behind the head now meets a damaged body.
    let sql = "UPDATE blob_content SET bytes = $1 WHERE blob = 1";
    fixture.write(move |tx| Ok(tx.execute(sql, store::params![&b"x"[..]]).map(drop)?)).unwrap();
    assert_eq!(all_of(&fixture, header("X-Tag", "blue")).len(), 2);
    // A letter whose head is gone is no hindrance to the others.
    fixture.write(|tx| Ok(tx.execute("DELETE FROM blob WHERE id = 1", store::params![]).map(drop)?)).unwrap();
    assert_eq!(all_of(&fixture, header("X-Tag", "blue")).len(), 1);
    assert_eq!(all_of(&fixture, header("Subject", "one")).len(), 1);
}

#[test]
fn letters_are_found_where_they_are_now_while_the_index_still_knows_them_elsewhere() {
    let (fixture, places) = filled(40, 4);
    let (from, to) = (places[0], places[1]);
    fixture.write(move |tx| move_(tx, ACCESS, from, &[only(1)], to, 10)).unwrap();
    fixture.write(move |tx| expunge(tx, ACCESS, from, &Expunge::All(&[only(2)]), 10)).unwrap();
    for criteria in [Criteria::Text("common".into()), header("List-Id", ".test"), Criteria::From("@site".into())] {
        let within = |folder| all_of(&fixture, Criteria::And(vec![criteria.clone(), Criteria::In(folder)])).len();
        assert_eq!((within(from), within(to)), (8, 11), "{criteria:?}");
    }
    index(&fixture);
    assert_eq!(all_of(&fixture, header("Message-ID", "@x.test")).len(), 39);
    assert_eq!(all_of(&fixture, header("Message-ID", "<4@x.test>")).len(), 0);
}

#[test]
fn searches_are_right_while_an_index_of_an_earlier_release_is_filled_again() {
    let (fixture, _) = filled(700, 3);
    let reached = runtime().block_on(fixture.store.search().reached()).unwrap();
    // The store removes an index of an earlier release in the same way.
    let fixture = fixture.reopened_after(|folder| {
        for file in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if file.file_name().to_string_lossy().starts_with("search.db") {
                std::fs::remove_file(file.path()).unwrap();
            }
        }
    });
    let right = |fixture: &Fixture| {
        assert_eq!(all_of(fixture, header("List-Id", "l3.test")).len(), 70);
        assert_eq!(all_of(fixture, header("Message-ID", "<13@x.test>")).len(), 1);
        assert_eq!(all_of(fixture, Criteria::From("@site7.test".into())).len(), 24);
        assert_eq!(all_of(fixture, Criteria::Text("common".into())).len(), 525);
    };
    assert_eq!(runtime().block_on(fixture.store.search().reached()).unwrap(), 0);
    right(&fixture);
    index(&fixture);
    assert_eq!(runtime().block_on(fixture.store.search().reached()).unwrap(), reached);
    right(&fixture);
}

fn typed(place: SearchField, text: &str, quoted: bool) -> Criteria {
    Criteria::Words(Words { place, text: text.into(), quoted, as_typed: false })
}

#[test]
fn words_as_they_were_typed_come_before_those_within_others_whatever_the_index_has_seen() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    let bodies = ["a report", "reports", "no", "the reporter", "Report!", "unreported", "rapport", "re\u{301}port"];
    let mut letters = Vec::new();
    for (minute, body) in bodies.iter().enumerate() {
        let letter = format!("Subject: {minute}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n");
        fixture.file_with(inbox, letter, System::NONE.into(), Timestamp(START + minute as i64 * 1000)).unwrap();
        letters.push(fixture.rows(inbox).last().unwrap().letter);
    }
    let at = |places: &[usize]| places.iter().map(|place| letters[*place]).collect::<Vec<LetterKey>>();
    for _ in 0..2 {
        for (asked, quoted, wanted) in [
            ("report", false, &[7, 4, 0, 5, 3, 1][..]),
            ("re\u{301}port", false, &[7, 5, 4, 3, 1, 0]),
            ("report", true, &[7, 4, 0]),
            ("eport", false, &[7, 5, 4, 3, 1, 0]),
        ] {
            let criteria = typed(SearchField::Anywhere, asked, quoted);
            let asked = listing(criteria.clone(), Vec::new(), false);
            let found = ask(&fixture, asked.clone(), Window::Position(0), 50);
            assert_eq!((found.letters, found.total), (at(wanted), Some(wanted.len() as u64)));
            // Page by page it is the same list.
            let pages = (0..wanted.len())
                .step_by(2)
                .flat_map(|from| ask(&fixture, asked.clone(), Window::Position(from as i64), 2).letters);
            assert_eq!(pages.collect::<Vec<_>>(), at(wanted));
            let last = *at(wanted).last().unwrap();
            let anchored = ask(&fixture, asked.clone(), Window::Anchor(last, -1), 5);
            assert_eq!(anchored.position, wanted.len() as u64 - 2);
            let sought = HashSet::from([last]);
            let place = placed(&fixture.store, ACCESS, asked, sought, HashSet::new(), true, NOW);
            assert_eq!(runtime().block_on(place).unwrap().letters, [(last, wanted.len() as u64 - 1)]);
            // In an order that was asked for, nothing else comes first.
            let oldest = vec![Order { key: Key::Received, ascending: true }];
            let mut sorted = at(wanted);
            sorted.sort();
            assert_eq!(ask(&fixture, listing(criteria, oldest, false), Window::Position(0), 50).letters, sorted);
        }
        index(&fixture);
    }
}
