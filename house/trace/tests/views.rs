//! Compares what each viewer may know with a table: every field of every kind of event, for every viewer.
//!
//! A kind or a field that is new does not compile in [`fields`]; one that has no row in [`TABLE`] fails.

use facteur_trace as trace;
use mail::Finding;
use mail::finding::{CONVERSION, SIGNATURES_LOST};
use mail::seam::AccountId;
use mail::trace::{Arrival, Attempt, AttemptOutcome, DeskAct, Event, Link};
use trace::History;

const ALICE: AccountId = AccountId(1);
const BOB: AccountId = AccountId(2);
/// Carol is in Bcc.
const CAROL: AccountId = AccountId(3);
/// Behind the alias `team@`, to which Alice wrote.
const DORA: AccountId = AccountId(4);
const STRANGER: AccountId = AccountId(9);

/// Everybody who looks, in the order of the columns of the table.
const VIEWERS: [AccountId; 5] = [ALICE, BOB, CAROL, DORA, STRANGER];

/// The event, the field, and what Alice (who sent the letter), Bob, Carol, Dora and a stranger see of it: `+` the whole,
/// `-` nothing of it, `o` of several addresses their own alone, `w` of several those that Alice wrote to.
const TABLE: &[(&str, &str, &str)] = &[
    ("arrival", "by", "++++-"),
    ("arrival", "peer", "+----"),
    ("arrival", "hello", "+----"),
    // It stands in the Received field, too.
    ("arrival", "tls", "++++-"),
    ("arrival", "login", "+----"),
    ("arrival", "account", "+----"),
    ("arrival", "return_path", "++++-"),
    ("arrival", "recipients", "+ooo-"),
    ("arrival", "message_id", "++++-"),
    ("arrival", "subject", "++++-"),
    ("arrival", "size", "++++-"),
    ("refused", "arrival", "+----"),
    ("refused", "reply", "+----"),
    ("judged for bob", "recipient", "-+---"),
    ("judged for bob", "by", "-+---"),
    ("judged for bob", "decision", "-+---"),
    ("judged for bob", "reason", "-+---"),
    // The findings about the letter itself: its recipients may know them, and its sender need not learn what passes.
    ("judged for all", "recipient", "-+++-"),
    ("judged for all", "by", "-+++-"),
    ("judged for all", "decision", "-+++-"),
    ("judged for all", "reason", "-+++-"),
    ("filed for bob", "account", "-+---"),
    ("filed for bob", "key", "-+---"),
    ("filed for bob", "recipient", "++---"),
    ("filed for bob", "folder", "-+---"),
    ("filed for carol", "account", "--+--"),
    ("filed for carol", "key", "--+--"),
    ("filed for carol", "recipient", "+-+--"),
    ("filed for carol", "folder", "--+--"),
    ("filed for dora", "account", "---+-"),
    ("filed for dora", "key", "---+-"),
    ("filed for dora", "recipient", "+--+-"),
    ("filed for dora", "folder", "---+-"),
    ("not filed", "recipient", "+----"),
    ("not filed", "reply", "+----"),
    ("queued", "recipients", "w----"),
    ("attempt", "recipient", "+----"),
    ("attempt", "by", "+----"),
    ("attempt", "said", "+----"),
    ("attempt", "outcome", "+----"),
    ("attempt", "tls", "+----"),
    ("attempt behind an alias", "recipient", "-----"),
    ("attempt behind an alias", "by", "-----"),
    ("attempt behind an alias", "said", "-----"),
    ("attempt behind an alias", "outcome", "-----"),
    ("attempt behind an alias", "tls", "-----"),
    // The postmaster alone learns which program, folder or socket of the server it was.
    ("attempt here", "recipient", "+----"),
    ("attempt here", "by", "-----"),
    ("attempt here", "said", "+----"),
    ("attempt here", "outcome", "+----"),
    ("attempt here", "tls", "+----"),
    ("reported", "to", "+----"),
    ("reported", "report", "+----"),
    ("reported", "late", "+----"),
    ("confirmed", "to", "+----"),
    ("confirmed", "report", "+----"),
    ("desk", "act", "+----"),
    ("desk", "recipient", "+----"),
    ("read by bob", "account", "-+---"),
    ("read by bob", "door", "-+---"),
    ("removed by bob", "account", "-+---"),
    ("removed by bob", "door", "-+---"),
    ("redirected", "recipient", "-----"),
    ("redirected", "to", "-----"),
    ("postponed", "recipients", "w----"),
    ("postponed", "until", "+----"),
    ("recalled by alice", "account", "+----"),
    ("fault", "cause", "-----"),
    ("mended", "line_ends", "++++-"),
    ("mended", "nul", "++++-"),
];

/// Addresses that stand in the envelope; an alias leads to the fourth person, and out of the fixture.
const TO: [&str; 4] = ["bob@alpha.test", "carol@alpha.test", "team@alpha.test", "eve@beta.test"];
const BEHIND: &str = "secret@elsewhere.test";

fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).into()
}

fn attempt(recipient: &str, by: &str, outcome: AttemptOutcome) -> Event {
    let (recipient, said, tls) = (recipient.into(), format!("answer of {by}"), format!("TLS to {by}"));
    Event::Attempt(Attempt { recipient, by: by.into(), said, outcome, tls })
}

fn filed(account: AccountId, key: i64, recipient: &str) -> Event {
    Event::Filed { account: account.0, key, recipient: recipient.into(), folder: format!("folder {key}") }
}

fn arrival(by: Link) -> Arrival {
    Arrival {
        by: Some(by),
        peer: "192.0.2.7".into(),
        hello: "alices-laptop".into(),
        tls: "TLSv1.3".into(),
        login: "alice@alpha.test".into(),
        account: Some(ALICE.0),
        return_path: "alice+back@alpha.test".into(),
        recipients: texts(TO),
        message_id: "id@alpha.test".into(),
        subject: "Lunch".into(),
        size: 77,
    }
}

/// One of each kind, under the name that it has in the table. No two texts are the same.
fn every_event() -> Vec<(&'static str, Event)> {
    let other = Arrival { subject: "Refused".into(), ..arrival(Link::Msa) };
    let found = Finding::new("spf", "fail").because("spf-not-permitted").about("smtp.helo", "mx.evil.test");
    let (recipient, by, decision, reason) = (TO[0].into(), "spam".into(), "junk".into(), "a word".into());
    vec![
        ("arrival", Event::Received(arrival(Link::Msa))),
        ("refused", Event::Refused { arrival: other, reply: "550 refused".into() }),
        ("judged for bob", Event::Judged { recipient, by, decision, reason }),
        ("judged for all", found.event()),
        ("filed for bob", filed(BOB, 11, TO[0])),
        ("filed for carol", filed(CAROL, 12, TO[1])),
        ("filed for dora", filed(DORA, 13, TO[2])),
        ("not filed", Event::NotFiled { recipient: TO[0].into(), reply: "452 full".into() }),
        ("queued", Event::Queued { recipients: texts([TO[3], BEHIND]) }),
        ("attempt", attempt(TO[3], "mx.beta.test", AttemptOutcome::Delivered)),
        ("attempt behind an alias", attempt(BEHIND, "mx.elsewhere.test", AttemptOutcome::Later)),
        ("attempt here", attempt(TO[1], "/usr/bin/procmail", AttemptOutcome::Failed)),
        ("reported", Event::Reported { to: "alice+back@alpha.test".into(), report: "rrrr".into(), late: true }),
        ("desk", Event::Desk { act: DeskAct::Dropped, recipient: TO[3].into() }),
        ("read by bob", Event::Read { account: BOB.0, door: Link::Imap }),
        ("removed by bob", Event::Removed { account: BOB.0, door: Link::Pop3 }),
        ("redirected", Event::Redirected { recipient: TO[2].into(), to: texts(["dora@alpha.test", BEHIND]) }),
        ("postponed", Event::Postponed { recipients: texts([TO[3], BEHIND]), until: 5 }),
        ("recalled by alice", Event::Recalled { account: ALICE.0 }),
        ("fault", Event::Fault { cause: "the disk".into() }),
        ("mended", Event::Mended { line_ends: 3, nul: true }),
        ("confirmed", Event::Confirmed { to: "alice+back@alpha.test".into(), report: "ssss".into() }),
    ]
}

/// The kinds of events that there are: each has an example above.
fn kind(event: &Event) -> usize {
    match event {
        Event::Received(_) => 0,
        Event::Refused { .. } => 1,
        Event::Judged { .. } => 2,
        Event::Filed { .. } => 3,
        Event::NotFiled { .. } => 4,
        Event::Queued { .. } => 5,
        Event::Attempt(_) => 6,
        Event::Reported { .. } => 7,
        Event::Desk { .. } => 8,
        Event::Read { .. } => 9,
        Event::Removed { .. } => 10,
        Event::Redirected { .. } => 11,
        Event::Postponed { .. } => 12,
        Event::Recalled { .. } => 13,
        Event::Fault { .. } => 14,
        Event::Mended { .. } => 15,
        Event::Confirmed { .. } => 16,
    }
}
const KINDS: usize = 17;

type Field = (&'static str, Vec<String>);

fn one(name: &'static str, value: impl std::fmt::Debug) -> Field {
    (name, vec![format!("{value:?}")])
}

fn many(name: &'static str, values: &[String]) -> Field {
    (name, values.iter().map(|value| format!("{value:?}")).collect())
}

/// Lists the fields of an event. The patterns have no `..`: a new field must be named here, and then in the table.
fn fields(event: &Event) -> Vec<Field> {
    match event {
        Event::Received(arrival) => of_arrival(arrival),
        Event::Refused { arrival, reply } => vec![one("arrival", arrival), one("reply", reply)],
        Event::Judged { recipient, by, decision, reason } => {
            vec![one("recipient", recipient), one("by", by), one("decision", decision), one("reason", reason)]
        }
        Event::Filed { account, key, recipient, folder } => {
            vec![one("account", account), one("key", key), one("recipient", recipient), one("folder", folder)]
        }
        Event::NotFiled { recipient, reply } => vec![one("recipient", recipient), one("reply", reply)],
        Event::Queued { recipients } => vec![many("recipients", recipients)],
        Event::Attempt(Attempt { recipient, by, said, outcome, tls }) => vec![
            one("recipient", recipient),
            one("by", by),
            one("said", said),
            one("outcome", outcome),
            one("tls", tls),
        ],
        Event::Reported { to, report, late } => vec![one("to", to), one("report", report), one("late", late)],
        Event::Desk { act, recipient } => vec![one("act", act), one("recipient", recipient)],
        Event::Read { account, door } | Event::Removed { account, door } => {
            vec![one("account", account), one("door", door)]
        }
        Event::Redirected { recipient, to } => vec![one("recipient", recipient), many("to", to)],
        Event::Postponed { recipients, until } => vec![many("recipients", recipients), one("until", until)],
        Event::Recalled { account } => vec![one("account", account)],
        Event::Fault { cause } => vec![one("cause", cause)],
        Event::Mended { line_ends, nul } => vec![one("line_ends", line_ends), one("nul", nul)],
        Event::Confirmed { to, report } => vec![one("to", to), one("report", report)],
    }
}

fn of_arrival(arrival: &Arrival) -> Vec<Field> {
    let Arrival { by, peer, hello, tls, login, account, return_path, recipients, message_id, subject, size } = arrival;
    vec![
        one("by", by),
        one("peer", peer),
        one("hello", hello),
        one("tls", tls),
        one("login", login),
        one("account", account),
        one("return_path", return_path),
        many("recipients", recipients),
        one("message_id", message_id),
        one("subject", subject),
        one("size", size),
    ]
}

/// Returns what the viewer gets to see of a field of this event, among all that they see.
fn seen_of(history: Option<&History>, event: &Event, field: &Field) -> Vec<String> {
    let steps = history.map(|history| history.steps.as_slice()).unwrap_or_default();
    let same = steps.iter().filter(|step| kind(&step.event) == kind(event)).flat_map(|step| fields(&step.event));
    let values: Vec<String> = same.filter(|(name, _)| *name == field.0).flat_map(|(_, values)| values).collect();
    field.1.iter().filter(|value| values.contains(value)).cloned().collect()
}

/// Returns what the viewer should see of a field.
fn due(sight: char, viewer: AccountId, field: &Field) -> Vec<String> {
    let own = |address: &str| match viewer {
        BOB => address == TO[0],
        CAROL => address == TO[1],
        DORA => address == TO[2],
        _ => false,
    };
    let kept = |value: &&String| match sight {
        '+' => true,
        'o' => own(value.trim_matches('"')),
        'w' => TO.contains(&value.trim_matches('"')),
        _ => false,
    };
    field.1.iter().filter(kept).cloned().collect()
}

#[test]
fn each_viewer_sees_what_is_theirs_to_know_and_nothing_else() {
    let all = every_event();
    let history = History::of(all.iter().map(|(_, event)| event.clone()));
    let mut missing: Vec<usize> = (0..KINDS).collect();
    let mut looked_at = 0;
    for (name, event) in &all {
        missing.retain(|number| *number != kind(event));
        for field in fields(event) {
            let row = TABLE.iter().find(|row| (row.0, row.1) == (*name, field.0));
            let (.., sights) = row.unwrap_or_else(|| panic!("nobody has said who may know {name}.{}", field.0));
            for (viewer, sight) in VIEWERS.into_iter().zip(sights.chars()) {
                let view = history.seen_by(viewer);
                let (seen, due) = (seen_of(view.as_ref(), event, &field), due(sight, viewer, &field));
                assert_eq!(seen, due, "{name}.{} as account {} sees it", field.0, viewer.0);
                looked_at += 1;
            }
        }
    }
    assert!(missing.is_empty(), "kinds without an example: {missing:?}");
    assert_eq!(looked_at, TABLE.len() * VIEWERS.len(), "a row of the table is about nothing");
}

#[test]
fn nothing_that_is_hidden_shows_in_any_other_place() {
    let history = History::of(every_event().into_iter().map(|(_, event)| event));
    let shown = |viewer| format!("{:?}", history.seen_by(viewer));
    for viewer in [BOB, CAROL, DORA] {
        for secret in ["192.0.2.7", "alices-laptop", "alice@alpha.test", TO[3], BEHIND, "mx.beta.test", "the disk"] {
            assert!(!shown(viewer).contains(secret), "{} sees {secret}", viewer.0);
        }
    }
    for secret in [BEHIND, "dora@alpha.test", "folder 1", "mx.elsewhere.test", "junk", "the disk", "Imap"] {
        assert!(!shown(ALICE).contains(secret), "the sender sees {secret}");
    }
    assert!(!shown(BOB).contains(TO[1]) && !shown(CAROL).contains(TO[0]), "who is in Bcc stays unknown");
    assert!(history.seen_by(STRANGER).is_none());
}

/// Says what the recipient learns of the other end, for each link that a letter can come through: the server of
/// others, as in Received; the place that a letter was fetched from; nothing of our own people.
fn told_of_the_other_end(by: Link) -> (bool, bool) {
    match by {
        Link::Mta | Link::Lmtp => (true, true),
        Link::Mra | Link::Import => (true, false),
        Link::Msa | Link::House | Link::Client | Link::Imap | Link::Pop3 | Link::Jmap => (false, false),
    }
}

#[test]
fn where_a_letter_came_from_is_told_of_servers_and_never_of_our_people() {
    use Link::*;
    for by in [Msa, Mta, Lmtp, Mra, House, Client, Imap, Pop3, Jmap, Import] {
        let history = History::of([Event::Received(arrival(by)), filed(BOB, 11, TO[0])]);
        let view = history.seen_by(BOB).expect("it is in his mailbox");
        let arrival = view.arrival().expect("it came");
        let told = (!arrival.peer.is_empty(), !arrival.hello.is_empty());
        assert_eq!(told, told_of_the_other_end(by), "{by:?}");
        assert_eq!((arrival.login.as_str(), arrival.account), ("", None), "{by:?}");
    }
}

#[test]
fn what_a_letter_lost_on_its_way_out_is_told_to_its_sender_without_the_server_and_to_nobody_else() {
    let lost = Finding::new(CONVERSION, "converted").because(SIGNATURES_LOST).about("smtp.server", "mx.elsewhere.test");
    let history = History::of([Event::Received(arrival(Link::Msa)), filed(BOB, 11, TO[0]), lost.event()]);
    let told = |viewer| format!("{:?}", history.seen_by(viewer));
    assert!(told(ALICE).contains("signatures-lost") && !told(ALICE).contains("mx.elsewhere.test"), "{}", told(ALICE));
    assert!(!told(BOB).contains("signatures-lost"), "{}", told(BOB));
}

#[test]
fn a_letter_to_an_alias_has_arrived_once_for_who_wrote_it_however_many_it_leads_to() {
    let history = History::of([Event::Received(arrival(Link::Msa)), filed(DORA, 13, TO[2]), filed(CAROL, 14, TO[2])]);
    let view = history.seen_by(ALICE).expect("hers");
    assert_eq!(view.steps.len(), 2);
}
