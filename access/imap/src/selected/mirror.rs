//! Plays a client that believes only the server's answers, and compares it with the truth after any changes by others.

use proptest::prelude::*;

use super::testing::{Client, Office};
use mailbox::System;

const LETTER: &str = "Subject: x\r\n\r\ny\r\n";

/// A client's knowledge of a folder: the UIDs that it has seen, in order.
#[derive(Default)]
struct Mirror {
    uids: Vec<Option<u32>>,
}

impl Mirror {
    fn hear(&mut self, told: &str) {
        for line in told.lines().filter_map(|line| line.strip_prefix("* ")) {
            let words: Vec<&str> = line.split(' ').collect();
            match (words[0].parse::<usize>(), words.get(1).copied()) {
                (Ok(count), Some("EXISTS")) => {
                    assert!(count >= self.uids.len(), "EXISTS never takes letters away");
                    self.uids.resize(count, None);
                }
                (Ok(place), Some("EXPUNGE")) => drop(self.uids.remove(place - 1)),
                (Ok(place), Some("FETCH")) => self.learn(place, line),
                (Err(_), Some(set)) if words[0] == "VANISHED" => self.forget(set),
                _ => {}
            }
        }
    }

    fn learn(&mut self, place: usize, line: &str) {
        let Some(uid) = line.split("UID ").nth(1) else { return };
        let uid = uid.split([' ', ')']).next().unwrap().parse().unwrap();
        let known = self.uids.get_mut(place - 1).expect("a place that was told");
        assert!(known.is_none_or(|known| known == uid), "{line}: place {place} was {known:?}");
        *known = Some(uid);
    }

    /// VANISHED names only letters that this client was told of, so each takes one out: the one with that UID, or one
    /// between its neighbours whose UID the client has not asked for yet.
    fn forget(&mut self, set: &str) {
        for range in set.split(',') {
            let (first, last) = range.split_once(':').unwrap_or((range, range));
            for gone in first.parse::<u32>().unwrap()..=last.parse().unwrap() {
                let place = self.uids.iter().position(|uid| *uid == Some(gone)).or_else(|| {
                    let behind = self.uids.iter().position(|uid| uid.is_some_and(|uid| uid > gone));
                    self.uids[..behind.unwrap_or(self.uids.len())].iter().rposition(Option::is_none)
                });
                self.uids.remove(place.expect("a letter that was told"));
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Deed {
    File(usize),
    Delete(u32),
    Flag(u32),
    Move(u32),
    Expunge,
    Look(&'static str),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let looks =
        ["NOOP", "FETCH 1:* FLAGS", "SEARCH ALL", "UID SEARCH ALL", "UID FETCH 1:* FLAGS", "STORE 1 +FLAGS (a)"];
    let deed = prop_oneof![
        (1usize..4).prop_map(Deed::File),
        (1u32..20).prop_map(Deed::Delete),
        (1u32..20).prop_map(Deed::Flag),
        (1u32..20).prop_map(Deed::Move),
        Just(Deed::Expunge),
        prop::sample::select(looks.to_vec()).prop_map(Deed::Look),
    ];
    prop::collection::vec(deed, 1..40)
}

fn play(deeds: &[Deed], qresync: bool) {
    let office = Office::new();
    office.file_times(3, LETTER, System::NONE);
    let (mut actor, mut watcher) = (office.client(), office.client());
    actor.say("SELECT INBOX");
    watcher.session.enabled.condstore = qresync;
    watcher.session.enabled.qresync = qresync;
    let mut mirror = Mirror::default();
    mirror.hear(&watcher.say("SELECT INBOX"));
    for deed in deeds {
        match deed {
            Deed::File(times) => office.file_times(*times, LETTER, System::NONE),
            Deed::Delete(uid) => drop(actor.say(&format!("UID STORE {uid} +FLAGS.SILENT (\\Deleted)"))),
            Deed::Flag(uid) => drop(actor.say(&format!("UID STORE {uid} +FLAGS.SILENT (\\Flagged)"))),
            Deed::Move(uid) => drop(actor.say(&format!("UID MOVE {uid} Archive"))),
            Deed::Expunge => drop(actor.say("EXPUNGE")),
            Deed::Look(command) => mirror.hear(&watcher.say(command)),
        }
        if qresync {
            catch_up(&mut watcher, &mut mirror);
        }
    }
    mirror.hear(&watcher.say("NOOP"));
    mirror.hear(&watcher.say("FETCH 1:* UID"));
    let known: Vec<u32> = mirror.uids.into_iter().map(|uid| uid.expect("all were asked for")).collect();
    let mut fresh = office.client();
    fresh.say("SELECT INBOX");
    assert_eq!(format!("{known:?}").replace([' ', '[', ']'], ""), found(&fresh.say("UID SEARCH ALL")));
    assert_eq!(flags(&mut watcher), flags(&mut fresh));
}

fn catch_up(watcher: &mut Client, mirror: &mut Mirror) {
    while mirror.uids.contains(&None) {
        mirror.hear(&watcher.say("FETCH 1:* UID"));
        mirror.hear(&watcher.say("NOOP"));
    }
}

fn found(told: &str) -> String {
    told.lines().next().unwrap().trim_start_matches("* SEARCH").trim().replace(' ', ",")
}

fn flags(client: &mut Client) -> String {
    let told = client.say("UID FETCH 1:* FLAGS");
    told.lines().map(|line| line.split(" MODSEQ").next().unwrap().trim_end_matches(')')).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_client_that_believes_what_it_is_told_knows_the_truth(deeds in deeds(), qresync: bool) {
        play(&deeds, qresync);
    }
}
