//! However a letter is damaged on its way, JMAP describes it by its structure, which is also what IMAP shows, and
//! returns the text that the index gets. (`house/mailbox/tests/one_reading.rs` checks the structure and the index
//! alone, with more seeds.)

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

use mailbox::parse::{Content, Limits, Part, decode, scan, text};
use mailbox::{Structure, Summary};
use serde_json::{Value, json};

use crate::fixture::Fixture;
use crate::mutations::{corpus, mutated};

/// Mutations of each letter in the test run; more by `FACTEUR_SEEDS`.
const SEEDS: u64 = 8;

fn leaves<'a>(part: &'a Part, out: &mut Vec<&'a Part>) {
    match part.sub_parts() {
        Some(parts) => parts.iter().for_each(|part| leaves(part, out)),
        None => out.push(part),
    }
}

/// Returns the decoded octets of a part.
fn octets(letter: &[u8], part: &Part) -> Vec<u8> {
    let path = part.steps();
    mailbox::parse::steps::unpacked(&path, &letter[path[0].start as usize..path[0].end as usize])
}

/// Returns the text and the file names that the index gets.
fn told(structure: &Structure, letter: &[u8]) -> (String, String) {
    let bytes = bytes::Bytes::copy_from_slice(letter);
    let read = |range: Range<u64>| Ok::<_, ()>(bytes.slice(range.start as usize..range.end as usize));
    let told = text::told(structure, 1 << 24, read).unwrap();
    let lines = |texts: &[String]| texts.iter().map(|text| format!("{text}\n")).collect::<String>();
    (lines(&told.body), lines(&told.names))
}

fn words(text: &str) -> HashSet<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(decode::fold).collect()
}

/// Leaves of a bodyStructure, in order.
fn shown<'a>(part: &'a Value, out: &mut Vec<&'a Value>) {
    match part["subParts"].as_array() {
        Some(parts) => parts.iter().for_each(|part| shown(part, out)),
        None => out.push(part),
    }
}

fn check(fixture: &Fixture, name: &str, letter: &[u8]) {
    let structure = scan(letter, Limits::default());
    let blob = fixture.upload(letter);
    let arguments = json!({
        "blobIds": [blob], "fetchAllBodyValues": true, "bodyProperties": ["partId", "blobId", "size", "name", "type", "subParts"],
        "properties": ["subject", "preview", "hasAttachment", "textBody", "htmlBody", "attachments", "bodyStructure", "bodyValues", "consistsOf", "protection"],
    });
    let answer = fixture.call("Email/parse", arguments);
    let email = &answer["parsed"][&blob];
    if email.is_null() {
        // The octets contain not one field.
        assert_eq!(answer["notParsable"], json!([blob]), "{name}: {answer}");
        return assert!(mail::header::fields(letter).next().is_none(), "{name}");
    }
    let (mut here, mut there) = (Vec::new(), Vec::new());
    leaves(&structure.root, &mut here);
    shown(&email["bodyStructure"], &mut there);
    assert_eq!(here.len(), there.len(), "{name}");
    // The pages get each part once, in order and unchanged.
    let contents = mailbox::parse::Contents::of_octets(&structure, letter);
    let told_of = email["consistsOf"].as_array().unwrap();
    assert_eq!(told_of.len(), contents.items.len(), "{name}");
    let ids: HashSet<&str> = told_of.iter().map(|of| of["partId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), told_of.len(), "{name}: two parts of one number");
    let mut in_structure = here.iter().zip(&there);
    for (item, of) in contents.items.iter().zip(told_of) {
        assert_eq!((&of["isListed"], of["is"].is_string()), (&json!(item.is_listed()), true), "{name}: {of}");
        if matches!(item.part.content, Content::Deep(_)) {
            // The structure does not tell what is in the wrapping of a signature.
            let id = of["blobId"].as_str().unwrap();
            assert!(fixture.download(id) == octets(letter, item.part), "{name}: {of}");
            continue;
        }
        let (part, json) = in_structure.next().unwrap();
        assert!(std::ptr::eq(item.part, *part), "{name}");
        assert_eq!(of["partId"], json["partId"], "{name}: {of}");
    }
    let (text, _) = told(&structure, letter);
    let found = words(&text);
    let lists: HashSet<&str> = ["textBody", "htmlBody", "attachments"]
        .iter()
        .flat_map(|list| email[list].as_array().unwrap())
        .map(|part| part["partId"].as_str().unwrap())
        .collect();
    for (part, json) in here.iter().zip(&there) {
        let kind = format!("{}/{}", String::from_utf8_lossy(&part.kind), String::from_utf8_lossy(&part.subtype));
        assert_eq!(json["type"], kind, "{name}");
        assert_eq!(json["name"], part.file_name().map_or(Value::Null, Value::from), "{name}");
        let clear = octets(letter, part);
        assert_eq!(json["size"], clear.len(), "{name}: {json}");
        let id = json["partId"].as_str().unwrap();
        assert!(lists.contains(id), "{name}: {json} is hidden");
        assert!(fixture.download(json["blobId"].as_str().unwrap()) == clear, "{name}: {json}");
        // The tests of the index check HTML; JMAP leaves NUL out, and NUL separates words in the index.
        let value = email["bodyValues"][id]["value"].as_str().filter(|_| kind != "text/html" && !clear.contains(&0));
        if let Some(text) = value {
            let missing: Vec<_> = words(text).difference(&found).cloned().collect();
            assert!(missing.is_empty(), "{name}: {missing:?} is not in the index");
        }
    }
    let subject = Summary::parse(letter).subject().map(|subject| decode::words(subject).trim().to_owned());
    assert_eq!(email["subject"].as_str().map(|subject| subject.trim().to_owned()), subject, "{name}");
    // The last word may be cut.
    let preview = email["preview"].as_str().unwrap();
    let whole = preview.rsplit_once(' ').map_or("", |(whole, _)| whole);
    assert!(words(whole).is_subset(&found), "{name}: {preview}");
    assert_eq!(
        email["hasAttachment"],
        mailbox::parse::Contents::of_octets(&structure, letter).has_attachment(),
        "{name}"
    );
}

#[test]
fn whatever_happens_to_a_letter_jmap_tells_what_its_structure_says() {
    let fixture = Fixture::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [root.join("../../house/mailbox/tests/letters"), root.join("../imap/tests/letters")];
    let seeds = std::env::var("FACTEUR_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    for (name, letter) in corpus(&[&folders[0], &folders[1]]) {
        check(&fixture, &name, &letter);
        for seed in 0..seeds {
            check(&fixture, &format!("{name}, seed {seed}"), &mutated(&letter, seed));
        }
    }
}
