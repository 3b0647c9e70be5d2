//! Fetches from a server that behaves as Gmail does.

use std::collections::BTreeMap;
use std::time::Duration;

use tests::provider::{self, CLIENT_ID, CLIENT_SECRET, FakeProvider};
use tests::{Gmail, Office, Throttle};

use super::support::*;

const DATE: &str = "17-Jul-2024 02:44:25 +0000";

/// Puts letters with these names and labels in.
fn fill(gmail: &Gmail, letters: &[(&str, &[&str], &[&str])]) {
    let mut state = gmail.state();
    for (id, labels, flags) in letters {
        state.mailbox.add(&letter(id, 900), labels, flags, DATE);
    }
}

fn many(gmail: &Gmail, count: usize) {
    let mut state = gmail.state();
    for number in 0..count {
        let labels: &[&str] = if number % 3 == 0 { &["\\Inbox", "Work"] } else { &["\\Inbox"] };
        state.mailbox.add(&letter(&format!("g{number}"), 900), labels, &[], DATE);
    }
}

#[test]
fn a_letter_with_many_labels_comes_once_and_so_does_one_without_any() {
    let gmail = Gmail::start(None);
    fill(
        &gmail,
        &[
            ("inbox", &["\\Inbox", "\\Important", "Work"], &["\\Seen", "\\Flagged"]),
            ("archived", &[], &["\\Seen"]),
            ("sent", &["\\Sent"], &["\\Seen"]),
            ("draft", &["\\Draft"], &["\\Draft"]),
            ("own", &["Projets/Été à Paris", "Work"], &[]),
            ("quoted", &["say \"hello\" \\ bye"], &["\\Answered", "$Forwarded"]),
            ("spam", &["\\Junk"], &[]),
            ("trash", &["\\Trash"], &["\\Seen"]),
        ],
    );
    let mut office = office();
    Source::gmail(&gmail).add(&office, &[]);
    assert_eq!(run(&office).letters(), 8);
    // Each body crossed the wire once, though six folders show the first.
    assert!(gmail.state().counts.bodies.values().all(|times| *times == 1));
    assert_eq!(gmail.bodies_sent(), 8);
    assert_eq!(run(&office).letters(), 0);
    assert_eq!(gmail.bodies_sent(), 8);

    let here = look(&mut office);
    assert_eq!(names(&here), ["archived", "draft", "inbox", "own", "quoted", "sent", "spam", "trash"]);
    assert_eq!(here["inbox"].folder, "INBOX");
    assert!(["\\Flagged", "\\Seen"].iter().all(|flag| here["inbox"].flags.contains(&(*flag).to_owned())));
    assert!(here["quoted"].flags.contains(&"\\Answered".to_owned()), "{here:?}");
    assert!(here["quoted"].flags.contains(&"$Forwarded".to_owned()), "{here:?}");
    assert!(here.values().all(|known| known.date == DATE), "{here:?}");
    let folders: Vec<&str> = ["sent", "draft", "spam", "trash"].iter().map(|id| here[*id].folder.as_str()).collect();
    assert!(folders.iter().all(|folder| *folder != "INBOX" && !folder.contains("Gmail")), "{folders:?}");
    assert_eq!((&*here["inbox"].folder, &here["inbox"].also[..]), ("INBOX", &["Work".to_owned()][..]));
    assert!(here["inbox"].flags.contains(&"$Important".to_owned()), "{here:?}");
    let own = [&[here["own"].folder.clone()], &here["own"].also[..]].concat();
    assert_eq!(own, ["Projets/&AMk-t&AOk- &AOA- Paris", "Work"]);
    // Nothing was changed there.
    let state = gmail.state();
    assert!(state.mailbox.letters().filter(|letter| !letter.flags.contains("\\Seen")).count() == 4);
}

/// Puts one letter in; returns its X-GM-MSGID.
fn put_in(gmail: &Gmail, id: &str, labels: &[&str]) -> u64 {
    gmail.state().mailbox.add(&letter(id, 900), labels, &["\\Seen"], DATE)
}

#[test]
fn labels_are_folders_that_follow_and_go_round_with_an_export() {
    let gmail = Gmail::start(None);
    let [inbox, travel, mine] = [
        ("inbox", &["\\Inbox", "Work"][..]),
        ("travel", &["Travel/2026", "Work", "\\Sent"][..]),
        ("mine", &["\\Inbox", "Work"][..]),
    ]
    .map(|(id, labels)| put_in(&gmail, id, labels));
    let mut office = office();
    Source::gmail(&gmail).add(&office, &[]);
    assert_eq!(run(&office).letters(), 3);
    let here = look_by_jmap(&mut office);
    assert_eq!(here["inbox"], ["Inbox", "Work"]);
    assert_eq!(here["travel"], ["Sent", "Travel/2026", "Work"]);

    // The person takes one out of a folder here; other labels of it change there, and so do those of the others.
    office.start();
    tests::python("relabel.py", &[&office.ports.imaps.to_string(), TO, &office.first().password], b"").must_succeed();
    office.stop();
    gmail.state().mailbox.relabel(inbox, &["Été"], &["\\Inbox"]);
    gmail.state().mailbox.relabel(travel, &[], &["\\Sent", "Work", "Travel/2026"]);
    gmail.state().mailbox.relabel(mine, &["Later"], &[]);
    assert_eq!(run(&office).letters(), 0);
    let here = look_by_jmap(&mut office);
    assert_eq!(here["inbox"], ["Work", "Été"]);
    assert_eq!(here["travel"], ["Archive"], "it was archived there, and is never without a folder");
    assert_eq!(here["mine"], ["Inbox", "Later"], "what was taken out of Work here does not come back");
    assert_eq!(gmail.bodies_sent(), 3, "no letter is read again for its labels");
    let asked = gmail.state().counts.commands["UID FETCH"];
    assert_eq!(run(&office).letters(), 0);
    assert_eq!(gmail.state().counts.commands["UID FETCH"], asked, "nothing has changed, and nothing is asked");

    goes_round(&mut office, &here);
}

/// Exports the mailbox of Alice and imports it for Bob, in every format.
fn goes_round(office: &mut Office, here: &BTreeMap<String, Vec<String>>) {
    for format in ["maildir", "mbox", "eml", "zip", "tar.gz"] {
        let path = office.folder().join(format!("export-{}", format.replace('.', "-")));
        let path = if format == "zip" || format == "tar.gz" { path.with_extension(format) } else { path };
        let (path, bob) = (path.display().to_string(), format!("{}@alpha.test", format.replace('.', "-")));
        office.command(&["export", TO, &path, "--format", format]);
        office.command_with_input(&["account", "add", &bob, "--password-stdin"], b"correct horse battery");
        office.command(&["import", &bob, &path]);
        let person = tests::Person { address: bob, password: "correct horse battery".into() };
        office.start();
        let there: BTreeMap<_, _> = emails(office, &person).into_iter().collect();
        office.stop();
        assert_eq!(&there, here, "{format}");
    }
}

#[test]
fn where_a_server_cannot_tell_what_changed_labels_follow_when_somebody_asks() {
    let gmail = Gmail::start(None);
    gmail.state().mood.without_changes = true;
    let one = put_in(&gmail, "one", &["\\Inbox"]);
    let mut office = office();
    Source::gmail(&gmail).add(&office, &[]);
    assert_eq!(run(&office).letters(), 1);
    gmail.state().mailbox.relabel(one, &["Work"], &["\\Inbox"]);
    assert_eq!(run(&office).letters(), 0);
    assert_eq!(look_by_jmap(&mut office)["one"], ["Work"]);
}

#[test]
fn a_letter_that_is_thrown_away_there_stays_where_it_is_here() {
    let gmail = Gmail::start(None);
    let [one, two] = ["one", "two"].map(|id| put_in(&gmail, id, &["\\Inbox", "Work"]));
    let mut office = office();
    Source::gmail(&gmail).add(&office, &[]);
    assert_eq!(run(&office).letters(), 2);
    gmail.state().mailbox.relabel(one, &["\\Trash"], &[]);
    gmail.state().mailbox.relabel(two, &["\\Junk"], &[]);
    assert_eq!(run(&office).letters(), 0);
    let here = look_by_jmap(&mut office);
    assert_eq!((&here["one"], &here["two"]), (&vec!["Inbox".to_owned(), "Work".to_owned()], &here["one"]));
}

#[test]
fn folders_that_show_one_letter_hold_one_letter_where_all_mail_is_not_fetched() {
    let gmail = Gmail::start(None);
    put_in(&gmail, "one", &["\\Inbox", "Work", "Travel"]);
    put_in(&gmail, "other", &["Travel"]);
    let mut office = office();
    Source::gmail(&gmail).add(&office, &["--folder", "INBOX", "--folder", "Work"]);
    assert_eq!(run(&office).letters(), 1);
    assert_eq!(look_by_jmap(&mut office)["one"], ["Inbox", "Work"], "only what is fetched becomes a folder");
}

#[test]
fn what_was_imported_before_it_is_fetched_is_one_letter_under_its_labels() {
    let gmail = Gmail::start(None);
    put_in(&gmail, "one", &["\\Inbox", "Work"]);
    let mut office = office();
    let file = office.folder().join("one.eml");
    std::fs::write(&file, letter("one", 900)).expect("written");
    office.command(&["import", TO, &file.display().to_string(), "--folder", "Old"]);
    Source::gmail(&gmail).add(&office, &[]);
    assert_eq!(run(&office).letters(), 0);
    assert_eq!(look_by_jmap(&mut office)["one"], ["Inbox", "Old", "Work"]);
}

#[test]
fn renumbering_all_mail_brings_nothing_twice() {
    let gmail = Gmail::start(None);
    many(&gmail, 40);
    let mut office = office();
    Source::gmail(&gmail).add(&office, &[]);
    assert_eq!(run(&office).letters(), 40);
    gmail.state().mailbox.renumber("[Gmail]/All Mail");
    fill(&gmail, &[("new", &["\\Inbox"], &[])]);
    assert_eq!(run(&office).letters(), 1);
    // Gmail's own numbers tell that they are the same: no body is read again to find that out.
    assert_eq!(gmail.bodies_sent(), 41);
    assert_eq!(look(&mut office).len(), 41);
}

#[track_caller]
fn comes_to_its_end_although_told_to_go_slower(how: Throttle) {
    let gmail = Gmail::start(None);
    many(&gmail, 60);
    gmail.state().mood.throttle = Some((how, 25, 1));
    let mut office = office();
    Source::gmail(&gmail).add(&office, &[]);
    assert_eq!(run(&office).letters(), 60);
    let sent = gmail.bodies_sent();
    assert_eq!(gmail.state().counts.throttled, 1);
    assert!(sent <= 60 + 25, "{sent} bodies for 60 letters");
    assert_eq!(look(&mut office).len(), 60);
}

#[test]
fn a_fetch_that_is_told_to_go_slower_goes_slower_and_comes_to_its_end() {
    comes_to_its_end_although_told_to_go_slower(Throttle::No);
}

#[test]
fn a_fetch_that_is_thrown_out_for_its_haste_comes_back_and_comes_to_its_end() {
    comes_to_its_end_although_told_to_go_slower(Throttle::Bye);
}

#[test]
fn what_is_deleted_at_gmail_is_deleted_and_not_only_archived() {
    let gmail = Gmail::start(None);
    fill(&gmail, &[("a", &["\\Inbox", "Work"], &[]), ("b", &[], &["\\Seen"]), ("spam", &["\\Junk"], &[])]);
    let mut office = office();
    Source::gmail(&gmail).add(&office, &["--delete"]);
    assert_eq!(run(&office).letters(), 3);
    assert_eq!(run(&office).letters(), 0);
    let left: Vec<_> = gmail.state().mailbox.letters().map(|letter| letter.labels.clone()).collect();
    assert!(left.iter().all(|labels| labels.iter().eq(["\\Trash"])), "{left:?}");
    assert_eq!(gmail.bodies_sent(), 3);
    assert_eq!(look(&mut office).len(), 3);
}

#[test]
fn without_gmails_extension_labels_are_folders_and_nothing_is_lost() {
    let gmail = Gmail::start(None);
    gmail.state().mood.plain = true;
    fill(&gmail, &[("inbox", &["\\Inbox"], &[]), ("work", &["Work"], &[]), ("sent", &["\\Sent"], &["\\Seen"])]);
    let mut office = office();
    Source::gmail(&gmail).add(&office, &[]);
    assert_eq!(run(&office).letters(), 3);
    assert_eq!(names(&look(&mut office)), ["inbox", "sent", "work"]);
}

#[test]
fn an_open_office_hears_of_new_letters_at_gmail_within_seconds() {
    let gmail = Gmail::start(None);
    fill(&gmail, &[("first", &["\\Inbox"], &[])]);
    let mut office = office();
    Source::gmail(&gmail).add(&office, &[]);
    office.start();
    let alice = office.first().clone();
    wait_until("the first letter", || inventory(&office, &alice).len() == 1);
    wait_until("it idles", || gmail.state().counts.commands.contains_key("IDLE"));
    fill(&gmail, &[("second", &["\\Inbox", "Work"], &[])]);
    let told = std::time::Instant::now();
    wait_until("the second letter", || inventory(&office, &alice).len() == 2);
    assert!(told.elapsed() < Duration::from_secs(60));
    assert_eq!(gmail.bodies_sent(), 2);
    office.stop();
}

#[test]
fn a_wrong_password_is_told_and_not_tried_again_and_again() {
    let gmail = Gmail::start(None);
    fill(&gmail, &[("one", &["\\Inbox"], &[])]);
    let mut office = office();
    let mut source = Source::gmail(&gmail);
    source.password = "wrong".into();
    source.add(&office, &[]);
    assert_eq!(run(&office).state(), "refused");
    assert_eq!(gmail.state().counts.logins, 1);
    office.start();
    // time passes: a clock has to move
    std::thread::sleep(Duration::from_secs(4));
    let logins = gmail.state().counts.logins;
    assert!(logins <= 2, "{logins} log-ins with a wrong password within seconds");
    let list = office.command(&["fetch", "list", "--json"]);
    assert!(list.contains("refused") && !list.contains("wrong"), "{list}");
    office.stop();
}

#[test]
fn a_server_that_lets_few_in_at_once_is_not_crowded() {
    let gmail = Gmail::start(None);
    many(&gmail, 30);
    gmail.state().mood.sessions = Some(1);
    let office = office();
    Source::gmail(&gmail).add(&office, &[]);
    assert_eq!(run(&office).letters(), 30);
    assert_eq!(gmail.state().counts.most_open, 1);
}

/// Returns the options of `facteur fetch add` that get tokens from this provider.
fn oauth(office: &Office, provider: &FakeProvider) -> Vec<String> {
    let secret = office.folder().join("client-secret");
    std::fs::write(&secret, format!("{CLIENT_SECRET}\n")).expect("written");
    let words = ["--oauth-client", CLIENT_ID, "--oauth-secret-file", &secret.display().to_string()];
    let url = ["--oauth-scope", "mail", "--oauth-token-url", &provider.url("token")];
    [words, url].concat().into_iter().map(str::to_owned).collect()
}

/// A source that is logged in to with tokens; the first refresh token is known.
fn add_with_token(office: &Office, gmail: &Gmail, provider: &FakeProvider) {
    let mut source = Source::gmail(gmail);
    source.password = "refresh-0".into();
    let words = oauth(office, provider);
    source.add(office, &words.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn tokens_are_renewed_and_a_changed_refresh_token_is_kept() {
    let provider = FakeProvider::start();
    provider.register().rotate = true;
    let gmail = Gmail::start(Some(provider.clone()));
    many(&gmail, 10);
    let mut office = office();
    add_with_token(&office, &gmail, &provider);
    assert_eq!(run(&office).letters(), 10);
    // The old refresh token is dead now: this works only with the one that was kept.
    fill(&gmail, &[("new", &["\\Inbox"], &[])]);
    assert_eq!(run(&office).letters(), 1);
    assert_eq!(gmail.state().counts.refused, 0);
    assert_eq!(look(&mut office).len(), 11);
    let list = office.command(&["fetch", "list", "--json"]);
    assert!(!list.contains("refresh-") && !list.contains(CLIENT_SECRET), "{list}");
}

#[test]
fn tokens_that_live_for_seconds_are_renewed_in_time() {
    let provider = FakeProvider::start();
    provider.register().lifetime = 3;
    let gmail = Gmail::start(Some(provider.clone()));
    fill(&gmail, &[("first", &["\\Inbox"], &[])]);
    let mut office = office();
    add_with_token(&office, &gmail, &provider);
    for expected in [1, 0, 0] {
        assert_eq!(run(&office).letters(), expected);
        // time passes: a clock has to move
        std::thread::sleep(Duration::from_millis(1500));
    }
    office.start();
    let alice = office.first().clone();
    wait_until("the letter", || inventory(&office, &alice).len() == 1);
    office.stop();
    assert_eq!(gmail.state().counts.refused, 0);
}

#[test]
fn a_consent_that_was_taken_back_is_for_the_person_to_give_again() {
    let provider = FakeProvider::start();
    let gmail = Gmail::start(Some(provider.clone()));
    many(&gmail, 3);
    let office = office();
    add_with_token(&office, &gmail, &provider);
    assert_eq!(run(&office).letters(), 3);
    provider.register().revoked = true;
    let revoked = run(&office);
    assert_eq!(revoked.state(), "refused");
    let said = revoked.end()["said"].as_str().unwrap_or_default().to_owned();
    assert!(said.contains("log in again") && !said.contains("refresh-0"), "{said}");
    assert_eq!(gmail.state().counts.logins, 1, "nobody knocks without a token");
}

#[test]
fn a_provider_that_is_down_is_no_fault_of_the_person() {
    let provider = FakeProvider::start();
    let gmail = Gmail::start(Some(provider.clone()));
    many(&gmail, 3);
    let office = office();
    add_with_token(&office, &gmail, &provider);
    provider.register().mood = provider::Mood::Down;
    assert_eq!(run(&office).state(), "unreachable");
    provider.register().mood = provider::Mood::Good;
    assert_eq!(run(&office).letters(), 3);
}

#[test]
fn a_person_consents_on_another_device() {
    let provider = FakeProvider::start();
    provider.register().device = vec!["authorization_pending"];
    let gmail = Gmail::start(Some(provider.clone()));
    many(&gmail, 3);
    let office = office();
    let source = Source::gmail(&gmail);
    let mut words = vec!["fetch", "add", &source.url, "--name", "old", "--to", TO, "--ca", &source.certificate];
    let (oauth, device) = (oauth(&office, &provider), provider.url("device"));
    words.extend(oauth.iter().map(String::as_str));
    words.extend(["--oauth-device-url", &device]);
    let (code, _, err) = office.try_command(&words, b"");
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("WDJB-MJHT") && err.contains(&provider.url("activate")), "{err}");
    assert_eq!(run(&office).letters(), 3);
}
