//! Several clients of one mailbox, each with a mirror made only of the server's words, run commands at random. After
//! every so many of them each mirror must agree with a fresh look: over IMAP plainly, with CONDSTORE and with QRESYNC
//! (coming back with the folders it kept), and over JMAP.
//!
//! `MIRROR_COMMANDS` says how many commands there are, `MIRROR_SEED` which ones.

mod chance;
mod client;
mod deeds;
mod jmap;
mod mirror;

use std::collections::BTreeMap;

use tests::{Office, OfficeBuilder};

use crate::chance::Chance;
use crate::client::{Client, Kind};
use crate::jmap::Jmap;
use crate::mirror::number;

/// Commands between two looks.
const BETWEEN_LOOKS: usize = 60;

/// The mailbox, with the clients that have it open.
struct World {
    chance: Chance,
    clients: Vec<Client>,
    jmap: Vec<Jmap>,
    /// Looks at everything anew, and is told nothing between.
    checker: Client,
    /// Letters filed so far.
    filed: usize,
    /// Folders made or renamed so far.
    made: usize,
}

impl World {
    fn enter(office: &Office, seed: u64) -> Self {
        let person = office.first().clone();
        let log_in = |name: &str, kind| Client::log_in(name, kind, office.ports.imaps, &person);
        let kinds = [
            ("plain", Kind::Plain),
            ("other plain", Kind::Plain),
            ("condstore", Kind::Condstore),
            ("qresync", Kind::Qresync),
            ("other qresync", Kind::Qresync),
        ];
        let clients = kinds.into_iter().map(|(name, kind)| log_in(name, kind)).collect();
        let jmap = (0..2).map(|_| Jmap::log_in(office, &person)).collect();
        let checker = log_in("checker", Kind::Condstore);
        Self { chance: Chance::new(seed), clients, jmap, checker, filed: 0, made: 0 }
    }

    /// The folders there are: name and UIDVALIDITY, letters and those of them that are flagged `\Deleted`.
    fn folders(&mut self) -> BTreeMap<String, [u32; 3]> {
        let told = self.checker.say("LIST \"\" * RETURN (STATUS (UIDVALIDITY MESSAGES DELETED))");
        let status = told.lines.iter().filter_map(|line| line.strip_prefix("* STATUS "));
        let one = |line: &str| {
            let (name, rest) = line.rsplit_once(" (")?;
            let counts = [number(rest, "UIDVALIDITY ")?, number(rest, "MESSAGES ")?, number(rest, "DELETED ")?];
            Some((name.trim_matches('"').to_owned(), counts))
        };
        status.filter_map(one).collect()
    }

    /// Checks that each mirror agrees with a fresh look.
    fn compare(&mut self, step: usize) {
        let folders = self.folders();
        for at in 0..self.clients.len() {
            self.compare_one(at, &folders, step);
        }
        for client in &mut self.jmap {
            client.catch_up();
            let fresh = client.fresh();
            assert_eq!(client.emails, fresh.emails, "letters of JMAP at step {step}");
            assert_eq!(client.mailboxes, fresh.mailboxes, "mailboxes of JMAP at step {step}");
            let total = |name: &str| fresh.mailboxes.values().find(|(own, _)| own == name).map(|(_, counts)| counts[0]);
            for (name, [_, letters, deleted]) in
                folders.iter().filter(|(name, _)| *name != "INBOX" && !name.contains('/'))
            {
                assert_eq!(total(name), Some(u64::from(letters - deleted)), "{name} at step {step}");
            }
        }
    }

    fn compare_one(&mut self, at: usize, folders: &BTreeMap<String, [u32; 3]>, step: usize) {
        let client = &mut self.clients[at];
        client.end_idle();
        if client.selected.is_none() {
            return;
        }
        client.say("NOOP");
        client.fill_in();
        let Some(selected) = &client.selected else { return };
        let validity = selected.mirror.validity;
        let Some(name) = folders.iter().find(|(_, is)| is[0] == validity).map(|(name, _)| name) else {
            client.fail(&format!("step {step}: its folder is no more, and nobody told it"));
        };
        assert!(self.checker.select(name, "EXAMINE"), "{name} at step {step}");
        self.checker.say("FETCH 1:* (UID FLAGS MODSEQ)");
        let fresh = self.checker.selected.as_ref().map(|selected| selected.mirror.clone()).unwrap_or_default();
        if selected.mirror.picture() != fresh.picture() {
            client.fail(&format!("step {step}: it sees {:?}\nthere is {:?}", selected.mirror.letters, fresh.letters));
        }
        let number_is = |known: Option<u64>, fresh: Option<u64>| known.is_none() || known == fresh;
        let pairs = selected.mirror.letters.iter().zip(&fresh.letters);
        if client.kind != Kind::Plain
            && let Some((known, fresh)) =
                pairs.into_iter().find(|(known, fresh)| !number_is(known.modseq, fresh.modseq))
        {
            client.fail(&format!("step {step}: MODSEQ of {known:?} is {fresh:?}"));
        }
        self.checker.unselect("UNSELECT");
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// Plays so many commands, unless the environment says how many.
fn play(commands: u64) {
    let (commands, seed) = (setting("MIRROR_COMMANDS", commands), setting("MIRROR_SEED", 12));
    println!("{commands} commands from seed {seed}");
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let mut world = World::enter(&office, seed);
    for step in 1..=usize::try_from(commands).expect("a count") {
        world.act();
        if step % BETWEEN_LOOKS == 0 {
            world.compare(step);
        }
    }
    world.compare(usize::MAX);
    println!("{} letters were filed, {} folders made or renamed", world.filed, world.made);
}

#[test]
fn every_client_sees_what_there_is_whatever_the_others_do() {
    play(3_000);
}

#[test]
#[ignore = "long: cargo xtask soak mirrors"]
fn every_client_sees_what_there_is_through_55_000_commands() {
    play(55_000);
}
