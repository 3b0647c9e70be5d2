//! Every fuzz target is built and tries a few inputs in each test run, so that a change of the rooms that breaks one is
//! told at once, and not to whoever fuzzes next. Here `libfuzzer_sys` is this file: nothing is fuzzed, and neither
//! cargo-fuzz nor a sanitizer is needed.

extern crate self as libfuzzer_sys;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

// Each is the root of a program in the fuzz workspace, which has no `main` of its own, and so says it.
#[allow(unused_attributes, missing_docs)]
#[path = "../../../fuzz/fuzz_targets"]
mod targets {
    pub mod arc_chains;
    pub mod beside_mime;
    pub mod cards;
    pub mod charset;
    pub mod cookies;
    pub mod dkim_letters;
    pub mod dmarc_records;
    pub mod foreign_results;
    pub mod html_cleaner;
    pub mod imap_commands;
    pub mod jmap_requests;
    pub mod mbox;
    pub mod mime;
    pub mod mra_imap_answers;
    pub mod mra_oauth_answers;
    pub mod mra_pop3_answers;
    pub mod mra_provider_files;
    pub mod pop3_dialogue;
    pub mod sasl;
    pub mod search_questions;
    pub mod signed_addresses;
    pub mod smtp_client;
    pub mod smtp_session;
    pub mod spf_records;
    pub mod srs_addresses;
    pub mod trace_rows;
}

/// Stands in for the macro that a fuzz target calls: the target becomes a function that is called with the octets of an
/// input. It is defined behind the targets, so that they find it by their import as they find the other.
#[macro_export]
macro_rules! fuzz_target {
    (|$input:ident: $kind:ty| $body:expr) => {
        pub fn run(octets: &[u8]) {
            let octets = arbitrary::Unstructured::new(octets);
            if let Ok($input) = <$kind as arbitrary::Arbitrary>::arbitrary_take_rest(octets) {
                $body
            }
        }
    };
}

type Target = fn(&[u8]);

const TARGETS: &[(&str, Target)] = &[
    ("arc_chains", targets::arc_chains::run),
    ("beside_mime", targets::beside_mime::run),
    ("cards", targets::cards::run),
    ("charset", targets::charset::run),
    ("cookies", targets::cookies::run),
    ("dkim_letters", targets::dkim_letters::run),
    ("dmarc_records", targets::dmarc_records::run),
    ("foreign_results", targets::foreign_results::run),
    ("html_cleaner", targets::html_cleaner::run),
    ("imap_commands", targets::imap_commands::run),
    ("jmap_requests", targets::jmap_requests::run),
    ("mbox", targets::mbox::run),
    ("mime", targets::mime::run),
    ("mra_imap_answers", targets::mra_imap_answers::run),
    ("mra_oauth_answers", targets::mra_oauth_answers::run),
    ("mra_pop3_answers", targets::mra_pop3_answers::run),
    ("mra_provider_files", targets::mra_provider_files::run),
    ("pop3_dialogue", targets::pop3_dialogue::run),
    ("sasl", targets::sasl::run),
    ("search_questions", targets::search_questions::run),
    ("signed_addresses", targets::signed_addresses::run),
    ("smtp_client", targets::smtp_client::run),
    ("smtp_session", targets::smtp_session::run),
    ("spf_records", targets::spf_records::run),
    ("srs_addresses", targets::srs_addresses::run),
    ("trace_rows", targets::trace_rows::run),
];

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// Beginnings that chance alone would not find: a dialogue, a letter, a request, an answer of a server, a file.
const BEGINNINGS: &[&str] = &[
    "",
    "EHLO client.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n.\r\nQUIT\r\n",
    "a LOGIN alice secret\r\nb SELECT INBOX\r\nc FETCH 1:* (FLAGS BODY[TEXT]<0.9>)\r\nd APPEND x {3}\r\nabc\r\n",
    "USER alice\r\nPASS secret\r\nSTAT\r\nLIST\r\nTOP 1 2\r\nDELE 3\r\nQUIT\r\n",
    "* OK [CAPABILITY IMAP4rev1] ready\r\n* 2 FETCH (UID 3 FLAGS (\\Seen) BODY[] {4}\r\nabcd)\r\na OK done\r\n",
    "+OK 2 letters\r\n1 100\r\n2 200\r\n.\r\n",
    "250-mail.test\r\n250-SIZE 1000\r\n250 8BITMIME\r\n",
    "Subject: =?utf-8?Q?caf=C3=A9?=\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
     --b\r\nContent-Type: text/html\r\n\r\n<p style='color:red'><img src=cid:1>\r\n--b--\r\n",
    "From a@b Tue Nov 24 12:00:00 2026\nA: b\n\n>From the text\n",
    r#"{"using":["core"],"methodCalls":[["Email/get",{"ids":["1"],"\u0023x":null},"a"]]}"#,
    "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nDTSTART:20261124T120000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    "ann@a.test mail\nv=spf1 include:%{d1r}.test a:b.test/24//64 mx -all\nv=spf1 redirect=c.test",
    "a.test\nv=DMARC1; p=reject; np=none; t=y; rua=mailto:d@a.test\nv=DMARC1; psd=y",
    "v=DKIM1; k=ed25519; p=AAAA\0DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/simple; d=a.test; s=one; h=From;\r\n \
     bh=AAAA; b=AAAA; l=3\r\nFrom: ann@a.test\r\n\r\na  b \r\n\r\n",
    "ARC-Seal: i=1; a=ed25519-sha256; cv=none; d=a.test; s=one; b=AAAA\r\nARC-Message-Signature: i=1; a=ed25519-sha256;\r\n \
     d=a.test; s=one; h=From; bh=AAAA; b=AAAA\r\nARC-Authentication-Results: i=1; mx.a.test; spf=pass\r\n\r\nHi.\r\n",
    "mx.a.test 1; dkim=pass (a (b) \\) c) reason=\"d; e\" header.i=@a.test; spf/1=fail smtp.mailfrom=\"x y\"@b.test",
    "windows-1252\0caf\u{e9} \u{4e2d} =?utf-8?B?YQ==?=",
];

/// Each beginning with a few octets changed, by chance that is the same in each run.
fn inputs() -> Vec<Vec<u8>> {
    let mut chance = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        usize::try_from(chance >> 33).expect("31 bits")
    };
    let mut inputs: Vec<Vec<u8>> = vec![(0..=255).collect(), vec![b'a'; 4096], b"(\r\n".repeat(500)];
    for beginning in BEGINNINGS {
        for changes in 0..12 {
            let mut input = beginning.as_bytes().to_vec();
            for _ in 0..changes {
                let (at, octet) = (next() % (input.len() + 1), next().to_le_bytes()[0]);
                if next() % 2 == 0 && at < input.len() {
                    input[at] = octet;
                } else {
                    input.insert(at, octet);
                }
            }
            inputs.push(input);
        }
    }
    inputs
}

#[test]
fn each_target_stands_a_few_inputs() {
    let inputs = inputs();
    for (name, target) in TARGETS {
        for input in &inputs {
            let outcome = std::panic::catch_unwind(|| target(input));
            assert!(outcome.is_ok(), "{name} fails with {:?}", String::from_utf8_lossy(input));
        }
    }
}

#[test]
fn every_target_is_built_here_and_in_its_own_workspace() {
    let listed: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let folder = std::fs::read_dir(fuzz().join("fuzz_targets")).expect("the targets");
    let files: BTreeSet<String> = folder
        .map(|entry| entry.expect("an entry").path().file_stem().expect("a name").display().to_string())
        .collect();
    assert_eq!(files, listed, "name each target in `targets` and in `TARGETS`");
    let manifest = std::fs::read_to_string(fuzz().join("Cargo.toml")).expect("the manifest");
    let programs =
        manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/")?.strip_suffix(".rs\""));
    assert_eq!(programs.map(str::to_owned).collect::<BTreeSet<_>>(), files, "give each target its [[bin]]");
}
