//! Preferences: a person's choices, kept for each window of theirs.

use serde_json::{Value, json};

use crate::fixture::Fixture;

fn get(fixture: &Fixture) -> Value {
    fixture.call("Preferences/get", json!({"ids": null}))
}

fn set(fixture: &Fixture, patch: Value) -> Value {
    fixture.call("Preferences/set", json!({"update": {"singleton": patch}}))
}

#[test]
fn what_is_chosen_in_one_window_is_found_in_the_next_and_after_a_restart() {
    let fixture = Fixture::new();
    let nothing = get(&fixture);
    let choices = json!({
        "id": "singleton", "language": null, "theme": null, "undoSend": null, "notifications": null, "picturesFrom": {},
        "labelColours": {},
    });
    assert_eq!(nothing["list"], json!([choices]), "nothing was chosen yet");
    let first = set(&fixture, json!({"language": "fr", "theme": "dark", "undoSend": 30, "notifications": "subject"}));
    assert_eq!(first["updated"], json!({"singleton": null}), "{first}");
    assert_eq!(first["oldState"], nothing["state"]);
    // Two windows that each add a sender do not disturb each other.
    set(&fixture, json!({"picturesFrom/bob@beta.test": "2026-11-30T06:00:00Z"}));
    set(&fixture, json!({"picturesFrom/a~1b@beta.test": "2026-11-30T06:01:00Z"}));
    set(&fixture, json!({"labelColours/F7": "teal"}));
    set(&fixture, json!({"labelColours/F8": "red"}));
    let fixture = fixture.reopened();
    let kept = get(&fixture)["list"][0].clone();
    assert_eq!((&kept["language"], &kept["theme"], &kept["undoSend"]), (&json!("fr"), &json!("dark"), &json!(30)));
    let senders = json!({"bob@beta.test": "2026-11-30T06:00:00Z", "a/b@beta.test": "2026-11-30T06:01:00Z"});
    assert_eq!(kept["picturesFrom"], senders);
    assert_eq!(kept["labelColours"], json!({"F7": "teal", "F8": "red"}));
    set(&fixture, json!({"picturesFrom/bob@beta.test": null, "language": null}));
    let kept = get(&fixture)["list"][0].clone();
    assert_eq!((&kept["language"], kept["picturesFrom"].as_object().unwrap().len()), (&Value::Null, 1));
}

#[test]
fn what_nobody_keeps_is_refused_with_its_name_and_nothing_is_changed() {
    let fixture = Fixture::new();
    set(&fixture, json!({"theme": "light"}));
    let before = get(&fixture);
    let refused = set(&fixture, json!({"theme": "dark", "density": "compact", "undoSend": "soon"}));
    let error = &refused["notUpdated"]["singleton"];
    assert_eq!((&error["type"], &error["properties"]), (&json!("invalidProperties"), &json!(["density", "undoSend"])));
    assert_eq!(get(&fixture), before);
    let all = fixture.call(
        "Preferences/set",
        json!({"create": {"a": {}}, "destroy": ["singleton"], "update": {"other": {"theme": "dark"}}}),
    );
    assert_eq!(all["notCreated"]["a"]["type"], "singleton");
    assert_eq!(all["notDestroyed"]["singleton"]["type"], "singleton");
    assert_eq!(all["notUpdated"]["other"]["type"], "notFound");
    let late = json!({"ifInState": "0", "update": {"singleton": {"theme": "dark"}}});
    assert_eq!(fixture.error("Preferences/set", late), "stateMismatch");
}

#[test]
fn of_more_senders_than_are_kept_the_oldest_go() {
    let fixture = Fixture::new();
    let address = |n: usize| format!("p{n}@beta.test");
    let many: serde_json::Map<String, Value> =
        (0..1000).map(|n| (address(n), json!(format!("2026-11-30T06:00:{:02}.{:03}Z", n / 50, n)))).collect();
    assert_eq!(set(&fixture, json!({"picturesFrom": many}))["updated"], json!({"singleton": null}));
    let one_more = set(&fixture, json!({"picturesFrom/new@beta.test": "2026-11-30T07:00:00Z"}));
    let told = one_more["updated"]["singleton"]["picturesFrom"].as_object().unwrap();
    assert_eq!((told.len(), told.contains_key("new@beta.test"), told.contains_key(&address(0))), (1000, true, false));
    assert_eq!(&get(&fixture)["list"][0]["picturesFrom"], &one_more["updated"]["singleton"]["picturesFrom"]);
}
