//! One cycle for all clients that a script drives (`tests/clients/known/with_*`).

use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tests::{Driven, Look, Office, Seen, peer};

use crate::post::{self, PHOTOS};

/// Letters beside the one with the photo.
const FEW: usize = 3;
/// The same in the long path.
const MANY: usize = 1000;

/// The protocol that a client speaks.
#[derive(Clone, Copy, PartialEq)]
enum Speaks {
    Imap,
    Jmap,
}

fn run(script: &str, speaks: Speaks, letters: usize) {
    let (office, look, _) = post::office(letters);
    let client = Driven::start(&office, office.first(), script);
    Cycle { office: &office, look, client, speaks }.run();
}

/// A client and the second look at its account.
struct Cycle<'a> {
    office: &'a Office,
    look: Look,
    client: Driven,
    speaks: Speaks,
}

impl Cycle<'_> {
    fn run(mut self) {
        self.folders_are_listed_and_made();
        let photos = self.a_letter_is_found_and_read();
        let photos = self.flags_are_set_and_cleared(photos);
        let photos = self.letters_change_their_folder(photos);
        self.a_letter_is_added_and_taken_away();
        self.what_others_changed_is_told();
        if self.speaks == Speaks::Jmap {
            self.a_letter_is_sent();
        }
        self.client.ask("destroy", json!([photos]));
        assert_eq!(self.look.all().of(PHOTOS), Vec::<&Seen>::new());
        self.folders_are_renamed_and_removed();
        self.client.ask("leave", json!([]));
    }

    fn folders_are_listed_and_made(&mut self) {
        let before = self.look.all().folders;
        assert_eq!(self.client.ask("folders", json!([])), json!(before));
        self.client.ask("make", json!(["Voyages d’été"]));
        self.client.ask("make", json!(["Voyages d’été/Île"]));
        self.look.make("Projets & plans");
        let after = self.look.all().folders;
        assert_eq!(self.client.ask("folders", json!([])), json!(after));
        let new: Vec<_> = after.iter().filter(|folder| !before.contains(folder)).collect();
        assert_eq!(new, ["Projets & plans", "Voyages d’été", "Voyages d’été/Île"]);
    }

    /// Returns the client's name for the letter.
    fn a_letter_is_found_and_read(&mut self) -> Value {
        let found = self.client.ask("find", json!(["INBOX", "photos de l'été"]));
        assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
        let photo = json!([{"name": "plage.bin", "octets": BASE64_STANDARD.encode(post::photo())}]);
        let shown = json!({
            "id": PHOTOS, "subject": "Été à la mer – photos", "from": "Renée Lefèvre",
            "text": "Voilà les photos de l'été.", "attachments": photo,
        });
        assert_eq!(self.client.ask("read", json!([found[0]])), shown);
        assert_eq!(self.client.ask("find", json!(["Archive", "photos de l'été"])), json!([]));
        found[0].clone()
    }

    fn flags_are_set_and_cleared(&mut self, letter: Value) -> Value {
        let steps: [(&str, bool, &[&str]); 4] = [
            ("\\Flagged", true, &["\\Flagged"]),
            ("projet", true, &["\\Flagged", "projet"]),
            ("\\Flagged", false, &["projet"]),
            ("\\Seen", true, &["\\Seen", "projet"]),
        ];
        for (flag, on, then) in steps {
            self.client.ask("mark", json!([letter, flag, on]));
            assert_eq!(self.look.all().one(PHOTOS).flags, then, "{flag} {on}");
        }
        letter
    }

    fn letters_change_their_folder(&mut self, letter: Value) -> Value {
        let before = self.look.all().one(PHOTOS).clone();
        let moved = self.client.ask("move", json!([letter, "Voyages d’été/Île"]));
        let now = self.look.all().one(PHOTOS).clone();
        let expected = Seen { folder: "Voyages d’été/Île".into(), name: now.name, ..before };
        assert_eq!(now, expected);
        if self.speaks == Speaks::Jmap {
            return moved;
        }
        let copy = self.client.ask("copy", json!([moved, "Archive"]));
        let all = self.look.all();
        let copies = all.of(PHOTOS);
        let told: Vec<_> = copies.iter().map(|copy| (copy.folder.as_str(), copy.flags.clone())).collect();
        assert_eq!(told, [("Archive", now.flags.clone()), ("Voyages d’été/Île", now.flags)]);
        self.client.ask("destroy", json!([copy]));
        assert_eq!(self.look.all().one(PHOTOS).folder, "Voyages d’été/Île");
        moved
    }

    fn a_letter_is_added_and_taken_away(&mut self) {
        let letter = post::letter("added@test", "Ajout\u{e9}");
        let added = self.client.ask("add", json!(["Archive", BASE64_STANDARD.encode(&letter), ["\\Seen"]]));
        let seen = self.look.all().one("added@test").clone();
        assert_eq!((seen.folder.as_str(), seen.flags), ("Archive", vec!["\\Seen".to_owned()]));
        assert_eq!(self.look.octets("Archive", "added@test"), letter);
        self.client.ask("destroy", json!([added]));
        assert!(self.look.all().of("added@test").is_empty());
    }

    fn what_others_changed_is_told(&mut self) {
        self.look.add("INBOX", &post::letter("marked@test", "marked"), &[]);
        self.look.add("INBOX", &post::letter("gone@test", "gone"), &[]);
        let before = self.client.ask("state", json!(["INBOX"]));
        self.client.ask("listen", json!(["INBOX"]));
        self.look.mark("INBOX", "marked@test", "\\Flagged", true);
        self.look.remove("INBOX", "gone@test");
        let mut expected = self.new_letters_are_heard();
        expected.push("marked@test".into());
        expected.sort();
        assert_eq!(self.client.ask("since", json!(["INBOX", before])), json!(expected));
        let now = self.client.ask("state", json!(["INBOX"]));
        assert_ne!(now, before);
        assert_eq!(self.client.ask("since", json!(["INBOX", now])), json!([]));
    }

    /// Delivers letters until the client has heard of one; returns their names. If a client listens on a connection
    /// of its own, nobody but itself knows when it begins.
    fn new_letters_are_heard(&mut self) -> Vec<String> {
        self.client.begin("heard", json!([]));
        let begun = Instant::now();
        let mut new = Vec::new();
        loop {
            let id = format!("new{}@test", new.len());
            post::hand_in(self.office, self.office.first(), &post::letter(&id, "nouveau"));
            new.push(id);
            if let Some(heard) = self.client.answer(Duration::from_secs(2)) {
                assert_eq!(heard, true);
                // The last may still be on its way into the folder.
                let last = new.last().cloned().unwrap_or_default();
                while self.look.all().of(&last).is_empty() {
                    assert!(begun.elapsed() < Duration::from_secs(120), "{last} did not come");
                }
                return new;
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "the client hears nothing");
        }
    }

    fn a_letter_is_sent(&mut self) {
        let bob = &self.office.people[1];
        let photo = BASE64_STANDARD.encode(post::photo());
        self.client.ask("send", json!([bob.address, "L’été", "Voilà l’été", "plage.bin", photo]));
        let mut theirs = Look::at(self.office, bob);
        let letter = theirs.once(1).letters[0].clone();
        assert_eq!(letter.folder, "INBOX");
        // The sender has it in Sent, and no draft is left.
        let own = self.look.all().one(&letter.id).clone();
        assert_eq!((own.folder.as_str(), own.flags), ("Sent", vec!["\\Seen".to_owned()]));
        let mut reader = Driven::start(self.office, bob, "with_imapclient.py");
        let found = reader.ask("find", json!(["INBOX", "Voilà l’été"]));
        let read = reader.ask("read", json!([found[0]]));
        assert_eq!((&read["subject"], &read["text"]), (&json!("L’été"), &json!("Voilà l’été")));
        assert_eq!(read["attachments"], json!([{"name": "plage.bin", "octets": photo}]));
    }

    fn folders_are_renamed_and_removed(&mut self) {
        self.client.ask("rename", json!(["Voyages d’été/Île", "Mer"]));
        self.client.ask("drop", json!(["Projets & plans"]));
        let folders = self.look.all().folders;
        assert!(folders.contains(&"Mer".to_owned()) && !folders.contains(&"Projets & plans".to_owned()), "{folders:?}");
        assert_eq!(self.client.ask("folders", json!([])), json!(folders));
    }
}

#[test]
fn jmapc_goes_its_way() {
    run("with_jmapc.py", Speaks::Jmap, FEW);
}

#[test]
fn jmaplib_goes_its_way() {
    run("with_jmaplib.py", Speaks::Jmap, FEW);
}

#[test]
fn jmap_jam_goes_its_way() {
    run("with_jmap_jam.mjs", Speaks::Jmap, FEW);
}

#[test]
fn imapflow_goes_its_way() {
    run("with_imapflow.mjs", Speaks::Imap, FEW);
}

#[test]
fn imapclient_goes_its_way() {
    run("with_imapclient.py", Speaks::Imap, FEW);
}

#[test]
fn aioimaplib_goes_its_way() {
    run("with_aioimaplib.py", Speaks::Imap, FEW);
}

#[test]
#[ignore = "long: cargo xtask soak clients"]
fn all_of_them_go_their_way_in_a_large_mailbox() {
    for script in ["with_jmapc.py", "with_jmaplib.py", "with_jmap_jam.mjs"] {
        run(script, Speaks::Jmap, MANY);
    }
    for script in ["with_imapflow.mjs", "with_imapclient.py", "with_aioimaplib.py"] {
        run(script, Speaks::Imap, MANY);
    }
}

#[test]
#[ignore = "it is built first: cargo xtask soak clients"]
fn jmap_client_goes_its_way() {
    for letters in [FEW, MANY] {
        let (office, look, _) = post::office(letters);
        let mut program = Command::new(peer("jmap-client/bin/with-jmap-client"));
        program.env("SSL_CERT_FILE", office.certificate());
        let client = Driven::run(&office, office.first(), "jmap-client", &mut program);
        Cycle { office: &office, look, client, speaks: Speaks::Jmap }.run();
    }
}

#[test]
fn jmax_goes_its_way() {
    let (office, mut look, _) = post::office(FEW);
    let mut jmax = Driven::start(&office, office.first(), "with_jmax.py");
    assert_eq!(jmax.ask("folders", json!([])), json!(look.all().folders));
    let photos = jmax.ask("find", json!(["inbox", "photos de l'été"]))[0].clone();
    let read = jmax.ask("read", json!([photos]));
    assert_eq!((&read["from"], &read["text"]), (&json!("Renée Lefèvre"), &json!("Voilà les photos de l'été.")));
    assert_eq!(read["attachments"][0]["octets"], BASE64_STANDARD.encode(post::photo()));
    for (flag, on) in [("\\Flagged", true), ("\\Seen", true), ("\\Flagged", false)] {
        jmax.ask("mark", json!([photos, flag, on]));
        assert_eq!(look.all().one(PHOTOS).flags.contains(&flag.to_owned()), on);
    }
    jmax.ask("move", json!([photos, "archive"]));
    assert_eq!(look.all().one(PHOTOS).folder, "Archive");
    look.move_to("Archive", PHOTOS, "INBOX");
    assert_eq!(jmax.ask("find", json!(["INBOX", "photos de l'été"])), json!([photos]));
    jmax.ask("destroy", json!([photos]));
    assert!(look.all().of(PHOTOS).is_empty());
}

#[test]
fn jmax_sends() {
    let (office, mut look, _) = post::office(0);
    let bob = &office.people[1];
    let mut jmax = Driven::start(&office, office.first(), "with_jmax.py");
    jmax.ask("send", json!([bob.address, "L’été", "Voilà l’été"]));
    let theirs = Look::at(&office, bob).once(1).letters[0].clone();
    assert_eq!((theirs.folder.as_str(), look.all().one(&theirs.id).folder.as_str()), ("INBOX", "Sent"));
}
