//! Measures how fast letters move in and out: 10,000 letters of 10 kB from an mbox, a Maildir and a zip, and back.
//!
//! `cargo run --release -p facteur-import-export --example speed [LETTERS]`

use std::path::Path;
use std::time::Instant;

use facteur_import_export as import_export;
use import_export::{Beside, ExportFormat, ExportTarget, Files, Format, Observer, Progress, Request, RunId, Skipped};
use mail::seam::AccountId;
use mail::{LetterId, Timestamp};
use mailbox::account;
use store::{Key, Options, Store};

const ALICE: AccountId = AccountId(1);
const NOW: Timestamp = Timestamp(1_795_501_377_000);

struct Nobody;

impl Observer for Nobody {
    fn progress(&mut self, _: &Progress) {}
    fn skipped(&mut self, skipped: &Skipped) {
        eprintln!("{skipped:?}");
    }
    fn beside(&mut self, _: Beside, _: &str) {}
    fn begun(&mut self, _: RunId) {}
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let letters: usize = std::env::args().nth(1).map_or(Ok(10_000), |count| count.parse())?;
    let place = tempfile::tempdir()?;
    let mbox = place.path().join("all.mbox");
    write_mbox(&mbox, letters)?;
    println!("| | letters/s | syncs |\n|---|---|---|");
    let first = import("import from mbox", place.path(), &mbox, letters)?;
    for (name, format) in [("maildir", ExportFormat::Maildir), ("mbox", ExportFormat::Mbox), ("zip", ExportFormat::Zip)]
    {
        let path = place.path().join(name);
        let began = Instant::now();
        import_export::export(&first, ALICE, &mut ExportTarget::create(&path, format)?, &mut |_| {})?;
        println!("| export to {name} | {:.0} | |", letters as f64 / began.elapsed().as_secs_f64());
        if format != ExportFormat::Mbox {
            import(&format!("import from {name}"), place.path(), &path, letters)?;
        }
    }
    let began = Instant::now();
    run(&first, &mbox)?;
    println!("| the same mbox again | {:.0} | |", letters as f64 / began.elapsed().as_secs_f64());
    Ok(())
}

fn import(what: &str, place: &Path, path: &Path, letters: usize) -> Result<Store, Box<dyn std::error::Error>> {
    let migrations = [mailbox::MIGRATIONS, trace::MIGRATIONS, import_export::MIGRATIONS].concat();
    let store = Store::open(Options::new(place.join(format!("data {what}"))), &migrations)?;
    store.write_blocking(Key::Everything, |tx| account::create(tx, ALICE, None))?;
    let (began, syncs) = (Instant::now(), store.statistics().syncs);
    run(&store, path)?;
    let pace = letters as f64 / began.elapsed().as_secs_f64();
    println!("| {what} | {pace:.0} | {} |", store.statistics().syncs - syncs);
    Ok(store)
}

fn run(store: &Store, path: &Path) -> Result<(), import_export::Error> {
    let request = Request {
        account: ALICE,
        what: "speed",
        address: "alice@alpha.test",
        again: false,
        beside: false,
        clock: || NOW,
        name: || LetterId::from_random([0; 10]),
    };
    let mut files = Files::open(path, Format::Recognised, None, NOW)?;
    import_export::import(store, &request, &mut files, &mut Nobody).map(drop)
}

/// Letters of 10 kB, no two alike, that pack as letters do.
fn write_mbox(path: &Path, letters: usize) -> std::io::Result<()> {
    use std::io::Write;
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    for number in 0..letters {
        writeln!(file, "From a@alpha.test Tue Nov 24 12:00:00 2026")?;
        writeln!(file, "From: Alice <a@alpha.test>\nTo: bob@beta.test\nSubject: letter {number}")?;
        writeln!(file, "Date: Tue, 24 Nov 2026 12:00:00 +0000\nMessage-ID: <{number}@alpha.test>\n")?;
        let mut word = number as u64;
        for _ in 0..140 {
            for _ in 0..6 {
                word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                write!(file, "{:x} ", word >> 24)?;
            }
            writeln!(file)?;
        }
        writeln!(file)?;
    }
    file.flush()
}
