//! Counts the letters of a folder on the disk that get warnings: for figures on letters that we did not write and may
//! not keep.
//! `FACTEUR_LETTERS=FOLDER cargo test -p facteur-mua --lib -- --ignored --nocapture how_many`

use std::collections::BTreeMap;

use mailbox::parse::{Structure, Summary, decode};

use super::{Evidence, Finding, Known, of};

#[test]
#[ignore = "FACTEUR_LETTERS names a folder of letters"]
fn how_many_letters_are_warned_about() {
    let folder = std::env::var("FACTEUR_LETTERS").expect("FACTEUR_LETTERS names a folder of letters");
    let (mut letters, mut warned, mut by_code) = (0, 0, BTreeMap::<String, (u32, Vec<String>)>::new());
    let began = std::time::Instant::now();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(letter) = std::fs::read(&path) else { continue };
        let found = findings(&letter);
        letters += 1;
        warned += u32::from(!found.is_empty());
        for finding in found {
            let said = serde_json::to_value(&finding).unwrap();
            let (count, examples) = by_code.entry(said["code"].as_str().unwrap().to_owned()).or_default();
            *count += 1;
            if examples.len() < 12 {
                examples.push(format!("{} {said}", path.file_name().unwrap().to_string_lossy()));
            }
        }
    }
    println!("{letters} letters, {warned} warned about, in {:?}: {by_code:#?}", began.elapsed());
}

/// Returns the findings about a letter as it lies on the disk, for a reader who knows nobody.
pub fn findings(letter: &[u8]) -> Vec<Finding> {
    let summary = Summary::parse(letter);
    let structure = mailbox::parse::scan(letter, Default::default());
    let html = html(letter, &structure);
    of(&Evidence { header: letter, summary: &summary, structure: &structure, html: &html }, &Known::default())
}

fn html(letter: &[u8], structure: &Structure) -> Vec<String> {
    let parts = structure.shown_bodies().html.into_iter().filter(|part| part.is("text", "html"));
    let text = |part: &mailbox::parse::Part| {
        let path = part.steps();
        let octets = &letter[path[0].start as usize..path[0].end as usize];
        decode::part_text(part, &mailbox::parse::steps::unpacked(&path, octets), true).text.to_string()
    };
    parts.map(text).collect()
}
