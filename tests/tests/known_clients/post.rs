//! The letters of these tests, and an office that has them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tests::{Account, Look, Office, OfficeBuilder, Person, sample};

/// The letter with a photo.
pub const PHOTOS: &str = "photos-2@alpha.test";
/// The octets of the photo, as the letter writes them.
pub fn photo() -> Vec<u8> {
    let letter = String::from_utf8(sample("attachment.eml")).expect("ASCII");
    let (_, coded) = letter.split_once("Content-Transfer-Encoding: base64").expect("a photo");
    let coded: String = coded.lines().take_while(|line| !line.starts_with("--")).collect();
    BASE64_STANDARD.decode(coded.trim()).expect("Base64")
}

/// A short letter.
pub fn letter(id: &str, subject: &str) -> Vec<u8> {
    format!(
        "From: =?utf-8?q?Ren=C3=A9e?= <carol@elsewhere.test>\r\nTo: alice@alpha.test\r\nSubject: {subject}\r\n\
         Date: Tue, 24 Nov 2026 06:22:57 +0100\r\nMessage-ID: <{id}>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         Le cœur de {id} a ses raisons.\r\n"
    )
    .into_bytes()
}

/// Gives an office a letter for a person, as a foreign server would.
pub fn hand_in(office: &Office, person: &Person, letter: &[u8]) {
    office.hand_in("carol@elsewhere.test", &[&person.address], letter).must_succeed();
}

/// An office with Alice and Bob. Alice has `count` letters called `letter0@test`, …, and the one with the photo.
pub fn office(count: usize) -> (Office, Look, Account) {
    let office = OfficeBuilder::new("alpha.test").person("alice").person("bob").start();
    // Some clients read a password without blanks only.
    for name in ["alice", "bob"] {
        let words = ["account", "password", &format!("{name}@alpha.test"), "--password-stdin"];
        office.command_with_input(&words, password(name).as_bytes());
    }
    let (mut office, alice) = (office, 0);
    for person in &mut office.people {
        person.password = password(person.address.split('@').next().unwrap_or_default());
    }
    let mut look = Look::at(&office, &office.people[alice]);
    hand_in(&office, &office.people[alice], &crlf(&sample("attachment.eml")));
    for number in 0..count {
        look.add("INBOX", &letter(&format!("letter{number}@test"), &format!("Lettre no {number}")), &[]);
    }
    let all = look.once(count + 1);
    (office, look, all)
}

fn password(name: &str) -> String {
    format!("le-mot-de-passe-de-{name}")
}

/// Returns the text with the ends of lines that the network has.
pub fn crlf(text: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(text).replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()
}
