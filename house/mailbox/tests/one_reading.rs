//! Tests of the one reading of a letter, whatever happened to it on its way: its display, its list of parts, its
//! words in the index, and its sections agree. More seeds for a soak: `FACTEUR_SEEDS=100000`.

#[path = "common/mutations.rs"]
mod mutations;

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

use facteur_mailbox as mailbox;
use mailbox::parse::steps::unpacked;
use mailbox::parse::{Content, Limits, Part, decode, html, scan, text};
use mailbox::{Section, SectionText, Structure, Summary};
use mutations::{corpus, mutated};

/// Mutations of each letter in the test run.
const SEEDS: u64 = 150;

fn octets(letter: &[u8], part: &Part) -> Vec<u8> {
    let path = part.steps();
    unpacked(&path, &letter[path[0].start as usize..path[0].end as usize])
}

fn words(text: &str) -> HashSet<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(decode::fold).collect()
}

/// Returns the texts that the index is given: the text, and the names of files.
fn told(structure: &Structure, letter: &[u8]) -> (String, String) {
    let bytes = bytes::Bytes::copy_from_slice(letter);
    let read = |range: Range<u64>| Ok::<_, ()>(bytes.slice(range.start as usize..range.end as usize));
    let told = text::told(structure, 1 << 24, read).unwrap();
    let lines = |texts: &[String]| texts.iter().map(|text| format!("{text}\n")).collect::<String>();
    (lines(&told.body), lines(&told.names))
}

/// Leaves as a person meets them, with the wrappings of signatures, each with its number in IMAP where it has one there.
fn leaves<'a>(part: &'a Part, number: &[u32], out: &mut Vec<(&'a Part, Option<Vec<u32>>)>) {
    match &part.content {
        Content::Multipart(parts) => {
            for (inner, place) in parts.iter().zip(1..) {
                leaves(inner, &[number, &[place]].concat(), out);
            }
        }
        Content::Made(parts) => out.extend(parts.iter().map(|made| (made, None))),
        _ => {
            out.push((part, Some(if number.is_empty() { vec![1] } else { number.to_vec() })));
            deep_leaves(part, out);
        }
    }
}

/// Leaves inside of a wrapping.
fn deep_leaves<'a>(part: &'a Part, out: &mut Vec<(&'a Part, Option<Vec<u32>>)>) {
    for inside in part.shown_parts().into_iter().flatten() {
        if inside.sub_parts().is_none() {
            out.push((inside, None));
        }
        deep_leaves(inside, out);
    }
}

fn check(name: &str, letter: &[u8]) {
    let structure = scan(letter, Limits::default());
    assert_eq!(Structure::decode(&structure.encode()).as_ref(), Some(&structure), "{name}");
    let (bodies, shown) = (structure.bodies(), structure.shown_bodies());
    let (text, names) = told(&structure, letter);
    let (said, listed) = (words(&text), names.lines().collect::<HashSet<_>>());
    let mut all = Vec::new();
    leaves(&structure.root, &[], &mut all);
    for (part, number) in &all {
        let is = |other: &&&Part| std::ptr::eq(**other, *part);
        let bodies = if matches!(part.content, Content::Deep(_)) { &shown } else { &bodies };
        assert!(
            bodies.text.iter().chain(&bodies.html).chain(&bodies.attachments).any(|other| is(&other)),
            "{name}: hidden"
        );
        let clear = octets(letter, part);
        // A section that is fetched and decoded is the part.
        if let Some(part_number) = number {
            let section = Section { part: part_number.clone(), text: None };
            let path = structure.locate(&section).unwrap();
            let raw = unpacked(&path, &letter[path[0].start as usize..path[0].end as usize]);
            assert!(
                structure.part(part_number).is_some_and(|found| std::ptr::eq(found, *part)),
                "{name}: {part_number:?}"
            );
            assert!(decode::body(part.transfer_encoding(), &raw) == clear, "{name}: {part_number:?}");
        }
        // A text that is shown can be found.
        if part.is("text", "") {
            let shown = decode::part_text(part, &clear, true).text;
            let shown = match part.is("text", "html") {
                true => html::text(&shown, true),
                false => shown.into_owned(),
            };
            let missing: Vec<String> = words(&shown).difference(&said).cloned().collect();
            assert!(missing.is_empty(), "{name}: not in the index: {missing:?}");
        }
        if let Some(file) = part.file_name() {
            assert!(listed.contains(&*file), "{name}: {file} is not in the index");
        }
        inside(name, letter, &structure, part, number.as_deref());
    }
    let subject = Summary::parse(letter).subject().map(decode::words);
    let header = &letter[structure.root.header.start as usize..structure.root.header.end as usize];
    assert_eq!(Summary::parse(header).subject().map(decode::words), subject, "{name}");
}

/// Checks a letter inside: its structure agrees with its sections, and with the reading of somebody who opens it by
/// itself.
fn inside(name: &str, letter: &[u8], structure: &Structure, part: &Part, number: Option<&[u32]>) {
    let (Content::Message(message), Some(number)) = (&part.content, number) else { return };
    let opened = octets(letter, part);
    let section = |text| {
        let path = structure.locate(&Section { part: number.to_vec(), text: Some(text) }).unwrap();
        unpacked(&path, &letter[path[0].start as usize..path[0].end as usize])
    };
    assert!([section(SectionText::Header), section(SectionText::Text)].concat() == opened, "{name}: {number:?}");
    let by_itself = Summary::parse(&opened);
    assert_eq!(message.summary.subject(), by_itself.subject(), "{name}: {number:?}");
    let own = scan(&opened, Limits::default());
    let (mut here, mut there) = (Vec::new(), Vec::new());
    leaves(&message.root, &[], &mut here);
    leaves(&own.root, &[], &mut there);
    let kinds = |all: &[(&Part, Option<Vec<u32>>)]| {
        all.iter().map(|(part, number)| (part.kind.clone(), part.file_name(), number.clone())).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&here), kinds(&there), "{name}: {number:?}");
}

#[test]
fn whatever_happens_to_a_letter_there_is_one_reading_of_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [root.join("tests/letters"), root.join("../../access/imap/tests/letters")];
    let letters = corpus(&[&folders[0], &folders[1]]);
    assert!(letters.len() > 20);
    let seeds = std::env::var("FACTEUR_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    for (name, letter) in &letters {
        check(name, letter);
        for seed in 0..seeds {
            check(&format!("{name}, seed {seed}"), &mutated(letter, seed));
        }
    }
}
