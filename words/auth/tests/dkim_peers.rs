//! DKIM and ARC agree with dkimpy and with the library of OpenDKIM about letters that nobody has thought of: they verify
//! what we sign, and we verify what they sign.
//!
//! Lone CR and LF are left out on purpose: they cannot be there in a letter, and each of the two does something else with
//! them.

mod dice;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::task::{Context, Poll, Waker};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use facteur_auth::Table;
use facteur_auth::arc::{Chain, ChainResult};
use facteur_auth::dkim::{SignatureResult, SignatureVerdict, Signer, SigningKey, Verifier};
use serde_json::{Value, json};

use dice::Dice;

/// The letters of a usual run; `FACTEUR_LETTERS` gives another number.
const LETTERS: u64 = 2000;
/// One of so many letters is signed by dkimpy with RSA, or sealed: Python takes a while for either.
const COSTLY: u64 = 100;

impl Dice {
    fn joined(&mut self, most: u64, of: &[&str]) -> String {
        (0..self.below(most + 1)).map(|_| self.one(of)).collect()
    }
}

/// Makes a letter whose white space, folds, repeated fields and ends are unusual.
fn letter(dice: &mut Dice) -> String {
    let words = ["a", "word", " ", "  ", "\t", " \t ", "é", ";", "=", ":", "\"q\"", "\r\n ", "\r\n\t", "=?utf-8?q?x?="];
    let mut fields = vec!["From: Ann <ann@alpha.test>\r\n".to_owned()];
    let names = ["To", "Cc", "SUBJECT", "subject", "Date", "Message-ID", "List-Id", "X-Odd", "Received", "In-Reply-To"];
    for _ in 0..dice.below(9) {
        let value = dice.joined(9, &words);
        // A line of nothing but white space may be taken for the end of the header.
        let value: Vec<_> = value.split("\r\n").map(|line| if line.trim().is_empty() { " x" } else { line }).collect();
        fields.push(format!("{}: {}\r\n", dice.one(&names), value.join("\r\n")));
    }
    let place = usize::try_from(dice.below(fields.len() as u64)).unwrap();
    fields.swap(0, place);
    let lines = ["text", " ", "\t", "  ", "é", ".", "\r\n", "\r\n", "\r\n\r\n", "From here", "=20"];
    let mut body = dice.joined(30, &lines);
    if !body.is_empty() {
        body += "\r\n";
    }
    format!("{}\r\n{body}", fields.concat())
}

struct Keys {
    rsa: Signer,
    ed25519: Signer,
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dkim/samples").join(name)
}

fn keys() -> Keys {
    let signer = |selector: &str, pem: &str| Signer {
        domain: "alpha.test".to_owned(),
        selector: selector.to_owned(),
        key: SigningKey::from_pem(&std::fs::read(sample(pem)).unwrap()).unwrap(),
    };
    Keys { rsa: signer("rsa", "rsa-2048-pkcs1.pem"), ed25519: signer("ed25519", "ed25519.pem") }
}

impl Keys {
    fn records(&self) -> Vec<(String, String)> {
        let record =
            |signer: &Signer| (format!("{}._domainkey.{}", signer.selector, signer.domain), signer.key.public_record());
        vec![record(&self.rsa), record(&self.ed25519)]
    }
}

/// Returns the seed of the Ed25519 key as dkimpy wants it: the last 32 octets of its PKCS#8 form.
fn seed() -> String {
    let pem = std::fs::read_to_string(sample("ed25519.pem")).unwrap();
    let der = STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap();
    STANDARD.encode(&der[der.len() - 32..])
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn verified(letter: &[u8], dns: &Table) -> (Vec<SignatureVerdict>, Chain) {
    let mut verifier = Verifier::new();
    letter.chunks(100).for_each(|piece| verifier.octets(piece));
    let unresolved = verifier.finish();
    match pin!(unresolved.conclude_with_chain(dns, now())).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(verdicts) => verdicts,
        Poll::Pending => unreachable!("a table answers at once"),
    }
}

/// Gives all letters to the peers, and returns what they say of each.
fn theirs(cases: Vec<Value>, records: &[(String, String)]) -> Vec<Value> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers/python/bin/python");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dkim_peers.py");
    let file = std::env::temp_dir().join(format!("facteur-dkim-peers-{}", std::process::id()));
    let lines: String = records.iter().map(|(name, text)| format!("{name} {text}\n")).collect();
    std::fs::write(&file, lines).unwrap();
    let mut command = Command::new(&python);
    command.arg(script).arg(sample("rsa-2048-pkcs1.pem")).arg(seed()).arg(&file);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap_or_else(|why| {
        panic!("{} cannot be run ({why}); `cargo xtask test` installs dkimpy there", python.display());
    });
    let mut input = child.stdin.take().unwrap();
    let writing = std::thread::spawn(move || cases.iter().try_for_each(|case| writeln!(input, "{case}")));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().expect("the peers read all letters; are dkimpy and libopendkim11 installed?");
    std::fs::remove_file(&file).unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    told.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn letters_verify_both_ways_with_dkimpy_and_opendkim() {
    let count = std::env::var("FACTEUR_LETTERS").ok().and_then(|count| count.parse().ok()).unwrap_or(LETTERS);
    let keys = keys();
    let records = keys.records();
    let dns = records.iter().fold(Table::new(), |dns, (name, text)| dns.txt(name, text.as_str()));
    let letters: Vec<String> = (0..count).map(|seed| letter(&mut Dice(seed))).collect();
    let cases = letters.iter().enumerate().map(|(number, letter)| case(number as u64, letter, &keys)).collect();
    let told = theirs(cases, &records);
    assert_eq!(told.len(), letters.len(), "a peer stopped: what it said is above");
    let mut wrong = Vec::new();
    for (number, (letter, told)) in letters.iter().zip(&told).enumerate() {
        wrong.extend(faults(told, &dns).into_iter().map(|fault| format!("{number}: {fault}: {letter:?}")));
    }
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n"));
}

fn case(number: u64, letter: &str, keys: &Keys) -> Value {
    let dice = &mut Dice(number + 1_000_000);
    let signed = |signer: &Signer| STANDARD.encode(signer.sign(letter.as_bytes(), now()).unwrap() + letter);
    let is_costly = number.is_multiple_of(COSTLY);
    json!({
        "letter": STANDARD.encode(letter),
        "rsa": signed(&keys.rsa),
        "ed25519": signed(&keys.ed25519),
        "forms": format!("{}/{}", dice.one(&["simple", "relaxed"]), dice.one(&["simple", "relaxed"])),
        "kind": if is_costly { "rsa" } else { "ed25519" },
        "whole": dice.below(4) > 0,
        "seals": if is_costly { 1 + dice.below(3) } else { 0 },
    })
}

/// Lists what one side signed and another did not find right.
fn faults(told: &Value, dns: &Table) -> Vec<String> {
    let mut faults = Vec::new();
    for (kind, peer) in [("rsa", "dkimpy"), ("rsa", "opendkim"), ("ed25519", "dkimpy")] {
        if told[kind][peer] != json!(true) {
            faults.push(format!("{peer} does not find our signature by {kind} right"));
        }
    }
    let octets = |value: &Value| STANDARD.decode(value.as_str().unwrap_or_default()).unwrap();
    for peer in ["dkimpy", "opendkim"] {
        let (verdicts, _) = verified(&octets(&told["signed"][peer]), dns);
        if verdicts.len() != 1 || verdicts[0].result != SignatureResult::Pass {
            faults.push(format!("we do not find the signature of {peer} right: {verdicts:?}"));
        }
    }
    if told["sealed"].is_string() {
        let (_, chain) = verified(&octets(&told["sealed"]), dns);
        let has_results = chain.seals.iter().all(|seal| seal.results.is_some());
        if chain.result != ChainResult::Pass || !has_results {
            faults.push(format!("we do not find the chain of dkimpy right: {chain:?}"));
        }
    }
    faults
}
