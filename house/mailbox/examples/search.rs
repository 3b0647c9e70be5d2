//! Measures the cost of searches over a whole account: texts, header fields, sorts and places deep in a list.
//! `cargo run --release -p facteur-mailbox --example search [letters] [folders] [question]`. With a part of a question's
//! name, that question alone is asked, 300 times. Prints one line of JSON a question: the
//! median and the longest of some runs, and how many letters were found.

use std::time::{Duration, Instant};

use facteur_mailbox as mailbox;
use mail::Timestamp;
use mail::seam::AccountId;
use mailbox::letter;
use mailbox::search::{self, Criteria, Key, Listing, Order, SearchField, Window, Words};
use mailbox::{Access, Error, FlagSet, FolderId, Prepared, System};
use store::{Options, Store};

const ALICE: AccountId = AccountId(1);
const ACCESS: Access = Access::own(ALICE);
const NOW: Timestamp = Timestamp(1_795_501_377_000);
const RUNS: usize = 7;
/// Of a question that is asked alone, so that a profiler has something to see.
const MANY: usize = 300;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |place, usual: u32| std::env::args().nth(place).map_or(Ok(usual), |number| number.parse());
    let (letters, folders) = (argument(1, 20_000)?, argument(2, 200)?);
    let dir = tempfile::tempdir()?;
    let store = Store::open(Options::new(dir.path()), mailbox::MIGRATIONS)?;
    store.write(store::Key::Everything, |tx| mailbox::account::create(tx, ALICE, None)).await?;
    let start = Instant::now();
    let last = fill(&store, letters, folders).await?;
    println!("{{\"filled\":{letters},\"folders\":{folders},\"milliseconds\":{}}}", start.elapsed().as_millis());
    let start = Instant::now();
    mailbox::index::catch_up(&store).await?;
    let per_second = f64::from(letters) / start.elapsed().as_secs_f64();
    let size = |name: &str| std::fs::metadata(dir.path().join(name)).map_or(0, |file| file.len());
    println!(
        "{{\"indexed_per_second\":{per_second:.0},\"database\":{},\"index\":{}}}",
        size("facteur.db"),
        size("search.db") + size("search.db-wal")
    );
    let alone = std::env::args().nth(3);
    let runs = if alone.is_some() { MANY } else { RUNS };
    for (what, criteria) in questions(last) {
        if alone.as_ref().is_none_or(|part| what.contains(part)) {
            measure(&store, what, listing(criteria, Vec::new(), false), (Window::Position(0), runs), false).await?;
        }
    }
    if alone.is_some() {
        return Ok(());
    }
    lists(&store, letters).await?;
    in_one_folder(&store, last).await?;
    Ok(())
}

fn raw(number: u32, letters: u32) -> String {
    let common = if number % 4 == 3 { "" } else { "The common word stands here. " };
    let (list, author, thread) = (number % 40, number % 300, number % (letters / 8).max(1));
    format!(
        "Received: from alpha.test by beta.test with ESMTPS id {number}; Tue, 24 Nov 2026 06:22:57 +0000\r\n\
         From: Author {author} <author{author}@site{}.test>\r\nTo: Alice <alice@beta.test>, Bob{list} <bob{list}@gamma.test>\r\n\
         Subject: Re: Conversation {thread} about matter {}\r\nDate: Tue, 24 Nov 2026 06:22:57 +0000\r\n\
         Message-ID: <{number}.{author}@site{}.test>\r\nReferences: <begin.{thread}@site.test> <middle.{thread}@site.test>\r\n\
         List-Id: The list of matter {list} <matter{list}.lists.test>\r\nX-Mailer: Mailer {}\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n\
         Hello Alice, this is number {number}. {common}\r\n{}\r\n",
        author % 50,
        number % 977,
        author % 50,
        number % 9,
        "Some more text to make it as long as letters are, more or less.\r\n".repeat(10)
    )
}

async fn fill(store: &Store, letters: u32, folders: u32) -> Result<FolderId, Error> {
    let mut places = Vec::new();
    for number in 0..folders {
        let name = format!("Folder {number}");
        places.push(
            store.write(store::Key::Everything, move |tx| mailbox::folder::create(tx, ACCESS, &name, None)).await?,
        );
    }
    let numbers: Vec<u32> = (0..letters).collect();
    for some in numbers.chunks(250) {
        let prepared: Vec<(FolderId, i64, Prepared)> = some
            .iter()
            .map(|number| {
                let place = places[(number % folders) as usize];
                let prepared = mailbox::prepare(store, raw(*number, letters).into())?;
                Ok::<_, Error>((place, NOW.0 + i64::from(*number) * 1000, prepared))
            })
            .collect::<Result<_, _>>()?;
        store
            .write(store::Key::Everything, move |tx| {
                let flags = FlagSet::from(System::SEEN);
                prepared.iter().try_for_each(|(folder, at, letter)| {
                    letter::file(tx, ACCESS, *folder, letter, &flags, Timestamp(*at)).map(drop)
                })
            })
            .await?;
    }
    places.last().copied().ok_or(Error::TooComplex)
}

fn questions(last: FolderId) -> Vec<(&'static str, Criteria)> {
    let header = |name: &str, text: &str| Criteria::Header(name.into(), text.into());
    let text = |text: &str| Criteria::Text(text.into());
    let not = |criteria| Criteria::Not(Box::new(criteria));
    let typed = |text: &str, quoted| {
        Criteria::Words(Words { place: SearchField::Anywhere, text: text.into(), quoted, as_typed: false })
    };
    vec![
        ("typed: a word in three of four", typed("common", false)),
        ("typed: a piece of it", typed("ommo", false)),
        ("typed: a number", typed("777", false)),
        ("typed: a phrase", typed("common word stands", true)),
        ("typed: part of an address", typed("site7.tes", false)),
        ("body, a piece of a word", Criteria::Body("ommo".into())),
        ("body, a piece over words", Criteria::Body("number 77".into())),
        ("text that is nowhere", Criteria::Text("quagga".into())),
        ("text of signs alone", Criteria::Body("!".into())),
        ("text in three of four", text("common")),
        ("text of one", text("number 777")),
        ("three texts", Criteria::And(vec![text("common"), text("stands"), text("more")])),
        ("text, not in one folder", Criteria::And(vec![text("common"), not(Criteria::In(last))])),
        ("text and seen", Criteria::And(vec![text("common"), Criteria::Flags(System::SEEN)])),
        ("not the text", not(text("common"))),
        ("text or a subject", Criteria::Or(vec![text("777"), Criteria::Subject("matter 77".into())])),
        ("subject", Criteria::Subject("matter 77".into())),
        ("from a domain", Criteria::From("@site7.test".into())),
        ("from all domains", Criteria::From(".test".into())),
        ("List-Id", header("List-Id", "matter7.lists")),
        ("any List-Id", header("List-Id", "")),
        ("Message-ID", header("Message-ID", "<777.177@site27.test>")),
        ("part of a Message-ID", header("Message-ID", "777.")),
        ("References", header("References", "begin.77@site")),
        ("X-Mailer", header("X-Mailer", "mailer 7")),
        ("a field that is nowhere", header("X-Nowhere", "")),
    ]
}

fn listing(criteria: Criteria, orders: Vec<Order>, collapse: bool) -> Listing {
    Listing { criteria, orders, collapse, best_first: true }
}

async fn lists(store: &Store, letters: u32) -> Result<(), Error> {
    let common = || Criteria::Text("common".into());
    let by = |key| vec![Order { key, ascending: true }];
    let (first, deep) = ((Window::Position(0), RUNS), (Window::Position(i64::from(letters) / 10 * 9), RUNS));
    measure(store, "text, counted", listing(common(), Vec::new(), false), first, true).await?;
    measure(store, "text, conversations counted", listing(common(), Vec::new(), true), first, true).await?;
    measure(store, "all by subject", listing(Criteria::All, by(Key::Subject), false), first, false).await?;
    measure(store, "all by author", listing(Criteria::All, by(Key::From), false), first, false).await?;
    measure(store, "text by size", listing(common(), by(Key::Size), false), first, false).await?;
    measure(store, "all, deep", listing(Criteria::All, Vec::new(), false), deep, false).await
}

async fn measure(
    store: &Store,
    what: &str,
    asked: Listing,
    (window, runs): (Window, usize),
    total: bool,
) -> Result<(), Error> {
    let mut took = Vec::new();
    let mut found = 0;
    for _ in 0..runs {
        let start = Instant::now();
        let list = search::list(store, ACCESS, asked.clone(), window, 50, total, NOW).await?;
        took.push(start.elapsed());
        found = list.map_or(0, |list| list.total.unwrap_or(list.letters.len() as u64));
    }
    says(what, took, found);
    Ok(())
}

async fn in_one_folder(store: &Store, folder: FolderId) -> Result<(), Error> {
    for (what, criteria) in questions(FolderId(-1)).into_iter().take(2) {
        let mut took = Vec::new();
        let mut found = 0;
        for _ in 0..RUNS {
            let start = Instant::now();
            found = search::run(store, ACCESS, folder, criteria.clone(), NOW).await?.len();
            took.push(start.elapsed());
        }
        says(&format!("{what}, one folder"), took, found.into());
    }
    Ok(())
}

fn says(what: &str, mut took: Vec<Duration>, found: u64) {
    took.sort_unstable();
    let at = |place: usize| took.get(place).map_or(0, Duration::as_micros);
    let last = took.len().saturating_sub(1);
    println!(
        "{{\"what\":\"{what}\",\"median_microseconds\":{},\"longest\":{},\"found\":{found}}}",
        at(last / 2),
        at(last)
    );
}
