//! Measures how the mailbox grows: filing, opening, the first page and changes in folders of 10, 10,000 and 1,000,000
//! letters.
//! `cargo run --release -p facteur-mailbox --example growth [most letters]`. Prints one line of JSON a folder.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use facteur_mailbox as mailbox;
use mail::Timestamp;
use mail::seam::AccountId;
use mailbox::letter::{self, Expunge};
use mailbox::search::{self, Criteria, Listing, Window};
use mailbox::{Access, Change, Error, FlagChange, FlagSet, FolderId, Prepared, System, Uid, UidRange, Uids, Want};
use store::{Key, Options, Store};

const ALICE: AccountId = AccountId(1);
const ACCESS: Access = Access::own(ALICE);
const NOW: Timestamp = Timestamp(1_795_501_377_000);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let most: u32 = std::env::args().nth(1).map_or(Ok(1_000_000), |most| most.parse())?;
    let dir = tempfile::tempdir()?;
    let store = Store::open(Options::new(dir.path()), mailbox::MIGRATIONS)?;
    store.write(Key::Everything, |tx| mailbox::account::create(tx, ALICE, None)).await?;
    let start = Instant::now();
    for number in 0..2000 {
        prepared(&store, number, 10_000)?;
    }
    says("prepare", 0, 2000, start.elapsed());
    rate(&store).await?;
    for size in [10, 10_000, 100_000, 1_000_000].into_iter().filter(|size| *size <= most) {
        let name = format!("Folder of {size}");
        let folder = store.write(Key::Everything, move |tx| mailbox::folder::create(tx, ACCESS, &name, None)).await?;
        let filling = Instant::now();
        fill(&store, folder, size).await?;
        let per_second = f64::from(size) / filling.elapsed().as_secs_f64();
        println!("{{\"letters\":{size},\"filed_per_second_in_bulk\":{per_second:.0}}}");
        measure(&store, folder, size).await?;
        label(&store, dir.path(), folder, size).await?;
        if size == 10_000 {
            let start = Instant::now();
            mailbox::index::catch_up(&store).await?;
            says("index all so far", size, u64::from(size) + 8_000, start.elapsed());
        }
    }
    Ok(())
}

fn raw(number: u32, body: usize) -> String {
    format!(
        "Return-Path: <alice@alpha.test>\r\nReceived: from alpha.test by beta.test with ESMTPS; Tue, 24 Nov 2026 06:22:57 +0000\r\n\
         From: Alice Martin <alice@alpha.test>\r\nTo: Bob <bob@beta.test>, Carol <carol@gamma.test>\r\n\
         Subject: Letter number {number} of a long correspondence\r\nDate: Tue, 24 Nov 2026 06:22:57 +0000\r\n\
         Message-ID: <{number}.{body}@alpha.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         Hello Bob, this is number {number}.\r\n{}\r\n",
        "Some more text to make it as long as letters are, more or less.\r\n".repeat(body / 65)
    )
}

fn prepared(store: &Store, number: u32, body: usize) -> Result<Prepared, Error> {
    mailbox::prepare(store, raw(number, body).into())
}

/// Letters of 10 kB, one write each, from 1, 8 and 64 sessions.
async fn rate(store: &Store) -> Result<(), Error> {
    let inbox = store.read(|view| mailbox::folder::by_name(view, ACCESS, "INBOX")).await?;
    let Some(inbox) = inbox else { return Ok(()) };
    for sessions in [1u32, 8, 64] {
        let before = store.statistics();
        let (start, each) = (Instant::now(), if sessions == 1 { 200 } else { 4000 / sessions });
        let mut tasks = tokio::task::JoinSet::new();
        for session in 0..sessions {
            let store = store.clone();
            tasks.spawn(async move {
                for n in 0..each {
                    let letter = prepared(&store, session * 100_000 + n, 10_000)?;
                    let filing =
                        move |tx: &mut store::Tx| letter::file(tx, ACCESS, inbox.id, &letter, &FlagSet::default(), NOW);
                    store.write(Key::Everything, filing).await?;
                }
                Ok::<_, Error>(())
            });
        }
        for done in tasks.join_all().await {
            done?;
        }
        let letters = f64::from(sessions * each);
        let syncs = store.statistics().syncs.saturating_sub(before.syncs) as f64;
        let per_second = letters / start.elapsed().as_secs_f64();
        println!(
            "{{\"sessions\":{sessions},\"letters_per_second\":{per_second:.0},\"syncs_per_letter\":{:.3}}}",
            syncs / letters
        );
    }
    Ok(())
}

async fn fill(store: &Store, folder: FolderId, size: u32) -> Result<(), Error> {
    let mut at = 0;
    let mut tasks = tokio::task::JoinSet::new();
    while at < size {
        let until = size.min(at + 250);
        let letters: Vec<Prepared> = (at..until).map(|n| prepared(store, n, 300)).collect::<Result<_, _>>()?;
        at = until;
        let store = store.clone();
        tasks.spawn(async move {
            store
                .write(Key::Everything, move |tx| {
                    let flags = FlagSet::from(System::SEEN);
                    letters
                        .iter()
                        .try_for_each(|letter| letter::file(tx, ACCESS, folder, letter, &flags, NOW).map(drop))
                })
                .await
        });
        while tasks.len() > 8 {
            if let Some(Ok(done)) = tasks.join_next().await {
                done?;
            }
        }
    }
    for done in tasks.join_all().await {
        done?;
    }
    // The background task would do this by and by.
    loop {
        let (uids, at) = store.read(move |view| Uids::load(view, ACCESS, folder)).await?;
        if !mailbox::index::checkpoint_if_stale(store, ACCESS, folder).await? {
            println!("{{\"letters\":{},\"bytes_of_uids\":{},\"change\":{at}}}", uids.len(), uids.memory());
            return Ok(());
        }
    }
}

/// The folders that a fifth of the letters is put into as well, as by labels.
const LABELS: u32 = 200;

/// Puts a fifth of the letters into one folder more, and asks for the first page of a label and of all letters then.
async fn label(store: &Store, place: &Path, folder: FolderId, size: u32) -> Result<(), Error> {
    let before = octets(place);
    let (start, mut labelled) = (Instant::now(), 0);
    let labels = LABELS.min(size / 5);
    let mut last = folder;
    for number in 0..labels {
        let name = format!("Label {number} of {size}");
        let label = store.write(Key::Everything, move |tx| mailbox::folder::create(tx, ACCESS, &name, None)).await?;
        // The first letters have been moved away by now.
        let each = size / 5 / labels;
        let first = size / 2 + number * each;
        let mut some = vec![UidRange { first: uid(first), last: uid(first + each.max(1) - 1) }];
        while !some.is_empty() {
            let ranges = some.clone();
            let copied =
                store.write(Key::Everything, move |tx| letter::copy(tx, ACCESS, folder, &ranges, label, 500)).await?;
            labelled += copied.added.len() as u64;
            some = copied.next.map(|next| letter::rest(&some, next)).unwrap_or_default();
        }
        last = label;
    }
    says("label a fifth", size, labelled, start.elapsed());
    let grown = octets(place).saturating_sub(before) / labelled.max(1);
    println!("{{\"letters\":{size},\"bytes_of_a_place\":{grown},\"bytes_before\":{before}}}");
    let all = Criteria::All;
    for (what, criteria) in [("first page of a label", Criteria::In(last)), ("first page of all letters", all)] {
        let listing = Listing { criteria, orders: Vec::new(), collapse: false, best_first: false };
        let start = Instant::now();
        let found = search::list(store, ACCESS, listing, Window::Position(0), 50, true, NOW).await?;
        says(what, size, found.map_or(0, |found| found.letters.len() as u64), start.elapsed());
    }
    Ok(())
}

fn uid(number: u32) -> Uid {
    Uid::new(number).unwrap_or(Uid::FIRST)
}

/// The octets of the database and of its log.
fn octets(place: &Path) -> u64 {
    let size = |name: &str| std::fs::metadata(place.join(name)).map_or(0, |about| about.len());
    size("facteur.db") + size("facteur.db-wal")
}

fn says(what: &str, size: u32, rows: u64, took: Duration) {
    let per_second = rows as f64 / took.as_secs_f64();
    println!(
        "{{\"letters\":{size},\"what\":\"{what}\",\"microseconds\":{},\"rows\":{rows},\"rows_per_second\":{per_second:.0}}}",
        took.as_micros()
    );
}

async fn measure(store: &Store, folder: FolderId, size: u32) -> Result<(), Error> {
    for what in ["open", "open again"] {
        let start = Instant::now();
        let (uids, _) = store.read(move |view| Uids::load(view, ACCESS, folder)).await?;
        says(what, size, u64::from(uids.len()), start.elapsed());
    }
    let start = Instant::now();
    let seen = store.read(move |view| mailbox::folder::first_unseen(view, ACCESS, folder)).await?;
    says("first unseen", size, u64::from(seen.is_some()), start.elapsed());

    let page = [UidRange { first: Uid::new(size.saturating_sub(49).max(1)).unwrap_or(Uid::FIRST), last: Uid::LAST }];
    let start = Instant::now();
    let rows = store.read(move |view| mailbox::fetch(view, ACCESS, folder, &page, Want::ALL, 50)).await?;
    says("last page with envelopes", size, rows.len() as u64, start.elapsed());

    let envelope = Want { card: true, summary: true, structure: false };
    for (what, want) in [("flags of all", Want::ROW), ("envelopes of all", envelope), ("structures of all", Want::ALL)]
    {
        let start = Instant::now();
        let rows = walk(store, folder, want).await?;
        says(what, size, rows, start.elapsed());
    }
    changes(store, folder, size).await?;
    for (what, criteria) in [
        ("search unseen", Criteria::Not(Box::new(Criteria::Flags(System::SEEN)))),
        ("search flagged", Criteria::Flags(System::FLAGGED)),
        ("search subject", Criteria::Subject("number 777 of".into())),
    ] {
        let start = Instant::now();
        let found = search::run(store, ACCESS, folder, criteria, NOW).await?;
        says(what, size, u64::from(found.len()), start.elapsed());
    }
    Ok(())
}

/// Reads a whole folder as a session does: a batch at a time.
async fn walk(store: &Store, folder: FolderId, want: Want) -> Result<u64, Error> {
    let (mut rows, mut next) = (0, Some(Uid::FIRST));
    while let Some(first) = next {
        let range = [UidRange { first, last: Uid::LAST }];
        let (count, last) = store
            .read(move |view| {
                let (mut count, mut last) = (0, None);
                mailbox::fetch::each(view, ACCESS, folder, &range, want, |row| {
                    count += 1;
                    last = Some(row.uid);
                    if count < 10_000 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                })?;
                Ok::<_, Error>((count, last))
            })
            .await?;
        rows += count;
        next = last.filter(|_| count == 10_000).and_then(Uid::next);
    }
    Ok(rows)
}

/// Flags ten letters and expunges one: a client that comes back must be told of these.
async fn changes(store: &Store, folder: FolderId, size: u32) -> Result<(), Error> {
    let since: Change = store.read(move |view| mailbox::folder::get(view, ACCESS, folder)).await?.highest;
    let last = Uid::new(size / 2 + 9).unwrap_or(Uid::LAST);
    let middle = [UidRange { first: Uid::new((size / 2).max(1)).unwrap_or(Uid::FIRST), last }];
    let start = Instant::now();
    store
        .write(Key::Everything, move |tx| {
            let change = FlagChange::Add(System::FLAGGED.into());
            letter::store_flags(tx, ACCESS, folder, &middle, &change, None, 500)
        })
        .await?;
    says("flag ten", size, 10, start.elapsed());
    let first = [UidRange::one(Uid::FIRST)];
    let start = Instant::now();
    store.write(Key::Everything, move |tx| letter::expunge(tx, ACCESS, folder, &Expunge::All(&first), 1)).await?;
    says("expunge one", size, 1, start.elapsed());
    let start = Instant::now();
    let changes = store.read(move |view| mailbox::changes_since(view, ACCESS, folder, since, 1000)).await?;
    says("changes since", size, changes.changed.len() as u64, start.elapsed());
    slices(store, folder, size).await
}

/// Measures how long the largest slices hold the writer.
async fn slices(store: &Store, folder: FolderId, size: u32) -> Result<(), Error> {
    let trash = store
        .write(Key::Everything, move |tx| mailbox::folder::create(tx, ACCESS, &format!("Trash of {size}"), None))
        .await?;
    let start = Instant::now();
    let copied =
        store.write(Key::Everything, move |tx| letter::copy(tx, ACCESS, folder, &[UidRange::ALL], trash, 500)).await?;
    says("copy a slice", size, copied.pairs.len() as u64, start.elapsed());
    let change = FlagChange::Add(System::DELETED.into());
    let start = Instant::now();
    store
        .write(Key::Everything, move |tx| letter::store_flags(tx, ACCESS, trash, &[UidRange::ALL], &change, None, 500))
        .await?;
    says("flag a slice", size, copied.pairs.len() as u64, start.elapsed());
    let start = Instant::now();
    let gone =
        store.write(Key::Everything, move |tx| letter::expunge(tx, ACCESS, trash, &Expunge::Deleted, 500)).await?;
    says("expunge a slice", size, gone.uids.len() as u64, start.elapsed());
    let start = Instant::now();
    let moved =
        store.write(Key::Everything, move |tx| letter::move_(tx, ACCESS, folder, &[UidRange::ALL], trash, 500)).await?;
    says("move a slice", size, moved.pairs.len() as u64, start.elapsed());
    Ok(())
}
