//! Measures how fast the full-text index fills and answers: `cargo run --release -p facteur-store --example words
//! [LETTERS]`.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use facteur_store::{Document, Field, Fit, Form, Options, Question, Run, Store, Wanted};

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
    let form = |word: &str| Form { plain: word.to_owned(), exact: None };
    let terms: BTreeSet<Form> = texts.iter().flat_map(|(_, text)| text.split(' ').map(form)).collect();
    let terms = terms.into_iter().collect();
    Document { letter: number, account: number % accounts, texts, terms, ..Document::default() }
}

async fn ask(store: &Store, name: &str, fit: Fit, words: &[&str]) {
    let form = |word: &&str| Form { plain: (*word).to_owned(), exact: None };
    let runs = words.iter().map(|word| Run { form: form(word), fit, sealed: false }).collect();
    let wanted = Wanted { fields: Field::ALL.to_vec(), runs, decides: true };
    let started = Instant::now();
    let answers = store.search().ask(1, vec![Question::Words(wanted)]).await.expect("answered");
    let found: u64 = answers.iter().map(|answer| answer.found.len()).sum();
    println!("{name}: {found} letters in {:.2?}", started.elapsed());
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
    ask(&store, "a rare word", Fit::Whole, &["w49000"]).await;
    ask(&store, "a frequent word", Fit::Whole, &["w1"]).await;
    ask(&store, "a phrase of frequent words", Fit::Whole, &["w1", "w2", "w3"]).await;
    ask(&store, "a piece of some words", Fit::Within, &["490"]).await;
    ask(&store, "a piece of many words", Fit::Within, &["w1"]).await;
    store.close().await;
    let bytes = std::fs::metadata(folder.path().join("search.db")).map_or(0, |file| file.len());
    println!("{} bytes a letter", bytes / letters.max(1).unsigned_abs());
}
