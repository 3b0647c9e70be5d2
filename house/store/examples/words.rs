//! How fast the full-text index fills and answers: `cargo run --release -p facteur-store --example words [LETTERS]`.

use std::time::{Duration, Instant};

use facteur_store::{Document, Field, Options, Query, Store};

/// Words as frequent as in a language: the most frequent a hundred times as often as the hundredth.
fn word(state: &mut u64) -> String {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    let even = (*state >> 11) as f64 / (1_u64 << 53) as f64;
    format!("w{}", 50_000_f64.powf(even) as u64)
}

fn letter(number: i64, accounts: i64) -> Document {
    let mut state = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut words = |count: usize| (0..count).map(|_| word(&mut state)).collect::<Vec<_>>().join(" ");
    let texts = vec![(Field::Subject, words(6)), (Field::From, words(3)), (Field::Body, words(250))];
    Document { letter: number, account: number % accounts, texts, ..Document::default() }
}

async fn ask(store: &Store, name: &str, query: Query) {
    let started = Instant::now();
    let found = store.search().query(1, &query, None, usize::MAX).await.expect("found");
    println!("{name}: {} letters in {:.2?}", found.len(), started.elapsed());
}

fn phrase(words: &[&str]) -> Query {
    Query::Phrase { field: None, words: words.iter().map(|word| (*word).to_owned()).collect(), prefix_last: false }
}

#[tokio::main]
async fn main() {
    let letters: i64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(Options::new(folder.path()), &[]).expect("open");
    let started = Instant::now();
    let mut longest = Duration::ZERO;
    for first in (0..letters).step_by(100) {
        let batch = (first + 1..=first + 100).map(|number| letter(number, 4)).collect();
        let began = Instant::now();
        store.search().add(batch, first + 100).await.expect("added");
        longest = longest.max(began.elapsed());
    }
    let rate = letters as f64 / started.elapsed().as_secs_f64();
    println!("{letters} letters of 259 words: {rate:.0} a second, the longest batch of 100 took {longest:.2?}");
    ask(&store, "a rare word", phrase(&["w49000"])).await;
    ask(&store, "a frequent word", phrase(&["w1"])).await;
    ask(&store, "a phrase of frequent words", phrase(&["w1", "w2", "w3"])).await;
    ask(&store, "all but a frequent word", Query::Not(Box::new(phrase(&["w1"])))).await;
    ask(&store, "two words", Query::And(vec![phrase(&["w10"]), phrase(&["w900"])])).await;
    store.close().await;
    let bytes = std::fs::metadata(folder.path().join("search.db")).map_or(0, |file| file.len());
    println!("{} bytes a letter", bytes / letters.max(1).unsigned_abs());
}
