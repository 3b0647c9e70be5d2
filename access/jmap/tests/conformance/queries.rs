//! Email/query, Email/queryChanges, SearchSnippet/get (RFC 8621 §4.4, §4.5, §5).

use mail::Timestamp;
use mailbox::System;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixture::{Fixture, NOW, letter};

fn at(minutes: i64) -> Timestamp {
    Timestamp(NOW.0 + minutes * 60_000)
}

/// Makes five letters, the first and the third in one conversation; the fourth lies in the archive.
fn filled() -> (Fixture, Vec<String>) {
    let fixture = Fixture::new();
    let ids = vec![
        fixture.deliver_at("inbox", &letter("Budget of the committee", "1", ""), at(1)),
        fixture.deliver_at("inbox", &letter("apples", "2", ""), at(2)),
        fixture.deliver_at("inbox", &letter("Re: Budget", "3", "References: <1@alpha.test>\r\n"), at(3)),
        fixture.deliver_at("archive", &letter("Zebra", "4", ""), at(4)),
        fixture.deliver_at("inbox", &letter(&"long ".repeat(50), "5", ""), at(0)),
    ];
    fixture.flag(&ids[1], System::SEEN);
    fixture.flag(&ids[2], System::FLAGGED);
    (fixture, ids)
}

fn found(fixture: &Fixture, arguments: Value) -> Vec<String> {
    let found = fixture.call("Email/query", arguments);
    let ids = found["ids"].as_array().unwrap_or_else(|| panic!("{found}"));
    ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

fn named(ids: &[String], found: &[String]) -> String {
    found.iter().map(|id| ids.iter().position(|known| known == id).unwrap().to_string()).collect()
}

#[test]
fn each_condition_finds_what_it_says() {
    let (fixture, ids) = filled();
    let inbox = fixture.role("inbox");
    let time = |minutes| at(minutes).rfc3339();
    for (filter, expected) in [
        (json!(null), "32104"),
        (json!({}), "32104"),
        (json!({"inMailbox": inbox}), "2104"),
        (json!({"inMailbox": "f999"}), ""),
        (json!({"inMailboxOtherThan": [inbox]}), "3"),
        (json!({"before": time(2)}), "04"),
        (json!({"after": time(2)}), "321"),
        (json!({"minSize": 300}), "4"),
        (json!({"maxSize": 300}), "3210"),
        (json!({"hasKeyword": "$seen"}), "1"),
        (json!({"notKeyword": "$SEEN"}), "3204"),
        (json!({"hasKeyword": "unheard-of"}), ""),
        (json!({"someInThreadHaveKeyword": "$flagged"}), "20"),
        (json!({"allInThreadHaveKeyword": "$flagged"}), ""),
        (json!({"allInThreadHaveKeyword": "$seen"}), "1"),
        (json!({"noneInThreadHaveKeyword": "$flagged"}), "314"),
        (json!({"hasAttachment": true}), ""),
        (json!({"hasAttachment": false}), "32104"),
        (json!({"subject": "budget"}), "20"),
        (json!({"subject": "committee budget"}), "0"),
        (json!({"text": "zebra"}), "3"),
        (json!({"text": "\"of the committee\""}), "0"),
        (json!({"text": "\"the of committee\""}), ""),
        (json!({"body": "hello apples"}), "1"),
        (json!({"from": "bob"}), "32104"),
        (json!({"to": "carol"}), ""),
        (json!({"header": ["references"]}), "2"),
        (json!({"header": ["Subject", "ZEB"]}), "3"),
        (json!({"subject": "budget", "hasKeyword": "$flagged"}), "2"),
        (json!({"operator": "OR", "conditions": [{"hasKeyword": "$seen"}, {"inMailboxOtherThan": [inbox]}]}), "31"),
        (json!({"operator": "NOT", "conditions": [{"hasKeyword": "$seen"}, {"subject": "budget"}]}), "34"),
        (
            json!({"operator": "AND", "conditions": [
                {"operator": "NOT", "conditions": [{"inMailbox": inbox}]}, {"text": "hello"}]}),
            "3",
        ),
        (json!({"operator": "AND", "conditions": []}), "32104"),
        (json!({"operator": "OR", "conditions": []}), ""),
    ] {
        assert_eq!(named(&ids, &found(&fixture, json!({"filter": filter}))), expected, "{filter}");
    }
    let deep = (0..40).fold(json!({}), |inner, _| json!({"operator": "NOT", "conditions": [inner]}));
    assert_eq!(fixture.error("Email/query", json!({"filter": deep})), "unsupportedFilter");
}

#[test]
fn letters_are_sorted_by_what_the_client_names() {
    let (fixture, ids) = filled();
    let sort = |property: &str, ascending: bool| json!([{"property": property, "isAscending": ascending}]);
    for (sort, expected) in [
        (sort("receivedAt", false), "32104"),
        (sort("receivedAt", true), "40123"),
        (sort("subject", true), "12043"),
        (sort("size", false), "42013"),
        (
            json!([{"property": "hasKeyword", "keyword": "$seen", "isAscending": false}, {"property": "receivedAt"}]),
            "14023",
        ),
        (
            json!([{"property": "someInThreadHaveKeyword", "keyword": "$flagged", "isAscending": false}, {"property": "receivedAt"}]),
            "02413",
        ),
        (json!([{"property": "from"}, {"property": "receivedAt", "isAscending": true}]), "40123"),
        (json!([{"property": "sentAt"}]), "32104"),
    ] {
        assert_eq!(named(&ids, &found(&fixture, json!({"sort": sort}))), expected, "{sort}");
    }
    assert_eq!(fixture.error("Email/query", json!({"sort": [{"property": "hasKeyword"}]})), "invalidArguments");
    assert_eq!(fixture.error("Email/query", json!({"sort": [{"property": "preview"}]})), "unsupportedSort");
}

#[test]
fn windows_are_cut_by_position_and_by_anchor() {
    let (fixture, ids) = filled();
    let query = |arguments: Value| {
        let found = fixture.call("Email/query", arguments);
        let list: Vec<String> =
            found["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
        (named(&ids, &list), found["position"].as_u64().unwrap(), found.get("total").cloned())
    };
    assert_eq!(query(json!({"limit": 2})), ("32".into(), 0, None));
    assert_eq!(query(json!({"position": 3, "limit": 2, "calculateTotal": true})), ("04".into(), 3, Some(json!(5))));
    assert_eq!(query(json!({"position": -2})), ("04".into(), 3, None));
    assert_eq!(query(json!({"position": -9, "limit": 1})), ("3".into(), 0, None));
    assert_eq!(query(json!({"position": 9, "calculateTotal": true})), ("".into(), 9, Some(json!(5))));
    assert_eq!(query(json!({"limit": 0, "calculateTotal": true})), ("".into(), 0, Some(json!(5))));
    assert_eq!(query(json!({"anchor": ids[1], "anchorOffset": -1, "limit": 2})), ("21".into(), 1, None));
    assert_eq!(query(json!({"anchor": ids[1], "anchorOffset": 1, "position": 7})), ("04".into(), 3, None));
    assert_eq!(query(json!({"anchor": ids[3], "anchorOffset": -5, "limit": 1})), ("3".into(), 0, None));
    assert_eq!(fixture.error("Email/query", json!({"anchor": "m999"})), "anchorNotFound");
    assert_eq!(query(json!({"collapseThreads": true, "calculateTotal": true})), ("3214".into(), 0, Some(json!(4))));
    let seen = json!({"filter": {"notKeyword": "$seen"}, "collapseThreads": true, "calculateTotal": true, "limit": 1});
    assert_eq!(query(seen), ("3".into(), 0, Some(json!(3))));
    let many = fixture.call("Email/query", json!({"limit": 100_000}));
    assert_eq!(many["limit"], 5000);
}

/// A client that keeps the whole list and only asks for changes.
struct List {
    listing: Value,
    ids: Vec<Value>,
    state: Value,
}

impl List {
    fn new(fixture: &Fixture, listing: Value) -> Self {
        let found = fixture.call("Email/query", listing.clone());
        assert_eq!(found["canCalculateChanges"], true);
        Self { listing, ids: found["ids"].as_array().unwrap().clone(), state: found["queryState"].clone() }
    }

    fn catch_up(&mut self, fixture: &Fixture) {
        let mut arguments = self.listing.clone();
        arguments["sinceQueryState"] = self.state.clone();
        arguments["calculateTotal"] = json!(true);
        let changes = fixture.call("Email/queryChanges", arguments);
        let removed = changes["removed"].as_array().unwrap_or_else(|| panic!("{changes}"));
        self.ids.retain(|id| !removed.contains(id));
        for added in changes["added"].as_array().unwrap() {
            self.ids.insert(added["index"].as_u64().unwrap() as usize, added["id"].clone());
        }
        assert_eq!(changes["total"], self.ids.len(), "{changes}");
        self.state = changes["newQueryState"].clone();
        let fresh = fixture.call("Email/query", self.listing.clone());
        assert_eq!(json!(self.ids), fresh["ids"], "{}", self.listing);
    }
}

#[test]
fn a_query_is_followed_through_changes_of_all_kinds() {
    let (fixture, ids) = filled();
    let inbox = fixture.role("inbox");
    let mut lists: Vec<List> = [
        json!({}),
        json!({"filter": {"inMailbox": inbox}, "collapseThreads": true}),
        json!({"filter": {"notKeyword": "$seen"}, "sort": [{"property": "subject"}]}),
        json!({"filter": {"someInThreadHaveKeyword": "$flagged"}}),
    ]
    .into_iter()
    .map(|listing| List::new(&fixture, listing))
    .collect();
    let mut follow = |fixture: &Fixture| lists.iter_mut().for_each(|list| list.catch_up(fixture));
    follow(&fixture);
    fixture.deliver_at("inbox", &letter("new", "9", "References: <2@alpha.test>\r\n"), at(9));
    follow(&fixture);
    fixture.unflag(&ids[2], System::FLAGGED);
    follow(&fixture);
    fixture.call(
        "Email/set",
        json!({"update": {&ids[2]: {"mailboxIds": {fixture.role("trash"): true}}, &ids[0]: {"keywords/$flagged": true}}}),
    );
    follow(&fixture);
    fixture.flag(&ids[1], System::DELETED);
    fixture.expunge(&ids[4]);
    follow(&fixture);
    // Two conversations become one.
    fixture.deliver_at("inbox", &letter("both", "10", "References: <4@alpha.test> <1@alpha.test>\r\n"), at(-9));
    follow(&fixture);

    let state = fixture.call("Email/query", json!({}))["queryState"].clone();
    fixture.deliver("inbox", &letter("x", "11", ""));
    fixture.deliver("inbox", &letter("y", "12", ""));
    let few = json!({"sinceQueryState": state, "maxChanges": 1});
    assert_eq!(fixture.error("Email/queryChanges", few), "tooManyChanges");
    assert_eq!(fixture.error("Email/queryChanges", json!({"sinceQueryState": "x"})), "cannotCalculateChanges");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn any_query_is_followed_exactly(
        steps in proptest::collection::vec((0u8..7, 0usize..40), 1..25),
        collapse: bool,
        sort in 0usize..3,
        filter in 0usize..4,
    ) {
        let fixture = Fixture::new();
        let sorts = [json!([]), json!([{"property": "receivedAt"}]), json!([{"property": "hasKeyword", "keyword": "$seen"}])];
        let filters = [json!(null), json!({"inMailbox": fixture.role("inbox")}), json!({"hasKeyword": "$seen"}), json!({"text": "hello"})];
        let listing = json!({"filter": filters[filter], "sort": sorts[sort], "collapseThreads": collapse});
        let mut list = List::new(&fixture, listing);
        for (number, (step, which)) in steps.into_iter().enumerate() {
            let all = found(&fixture, json!({}));
            match (step, all.get(which % all.len().max(1))) {
                (0 | 1, _) | (_, None) => {
                    let references = format!("References: <{}@alpha.test>\r\n", which % 9);
                    fixture.deliver_at("inbox", &letter("x", &number.to_string(), &references), at(which as i64 % 5));
                }
                (2, Some(id)) => fixture.flag(id, System::SEEN),
                (3, Some(id)) => fixture.unflag(id, System::SEEN),
                (4, Some(id)) => fixture.expunge(id),
                (5, Some(id)) => drop(fixture.call("Email/set", json!({"update": {id: {"mailboxIds": {fixture.role("junk"): true}}}}))),
                (_, Some(_)) => list.catch_up(&fixture),
            }
        }
        list.catch_up(&fixture);
    }
}

#[test]
fn snippets_show_where_the_words_stand() {
    let fixture = Fixture::new();
    let id = fixture.deliver("inbox", &letter("Tom & the <Committee>", "1", ""));
    let other = fixture.deliver("inbox", &letter("nothing", "2", ""));
    let snippets =
        fixture.call("SearchSnippet/get", json!({"filter": {"text": "committee"}, "emailIds": [id, other, "m999"]}));
    let expected = json!([
        {"emailId": id, "subject": "Tom &amp; the &lt;<mark>Committee</mark>&gt;",
         "preview": "Hello Tom &amp; the &lt;<mark>Committee</mark>&gt;"},
        {"emailId": other, "subject": null, "preview": null},
    ]);
    assert_eq!((&snippets["list"], &snippets["notFound"]), (&expected, &json!(["m999"])));
    let none = fixture.call("SearchSnippet/get", json!({"filter": null, "emailIds": [id]}));
    assert_eq!(none["list"], json!([{"emailId": id, "subject": null, "preview": null}]));
    assert_eq!(none["notFound"], Value::Null);
}
