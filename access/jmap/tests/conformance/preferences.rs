//! Preferences: what a person chose, kept for each window of theirs.

use serde_json::{Value, json};

use crate::house::House;

fn get(house: &House) -> Value {
    house.call("Preferences/get", json!({"ids": null}))
}

fn set(house: &House, patch: Value) -> Value {
    house.call("Preferences/set", json!({"update": {"singleton": patch}}))
}

#[test]
fn what_is_chosen_in_one_window_is_found_in_the_next_and_after_a_restart() {
    let house = House::new();
    let nothing = get(&house);
    let choices = json!({
        "id": "singleton", "language": null, "theme": null, "undoSend": null, "notifications": null, "picturesFrom": {},
    });
    assert_eq!(nothing["list"], json!([choices]), "nothing was chosen yet");
    let first = set(&house, json!({"language": "fr", "theme": "dark", "undoSend": 30, "notifications": "subject"}));
    assert_eq!(first["updated"], json!({"singleton": null}), "{first}");
    assert_eq!(first["oldState"], nothing["state"]);
    // Two windows that add a sender each take nothing from one another.
    set(&house, json!({"picturesFrom/bob@beta.test": "2026-11-30T06:00:00Z"}));
    set(&house, json!({"picturesFrom/a~1b@beta.test": "2026-11-30T06:01:00Z"}));
    let house = house.reopened();
    let kept = get(&house)["list"][0].clone();
    assert_eq!((&kept["language"], &kept["theme"], &kept["undoSend"]), (&json!("fr"), &json!("dark"), &json!(30)));
    let senders = json!({"bob@beta.test": "2026-11-30T06:00:00Z", "a/b@beta.test": "2026-11-30T06:01:00Z"});
    assert_eq!(kept["picturesFrom"], senders);
    set(&house, json!({"picturesFrom/bob@beta.test": null, "language": null}));
    let kept = get(&house)["list"][0].clone();
    assert_eq!((&kept["language"], kept["picturesFrom"].as_object().unwrap().len()), (&Value::Null, 1));
}

#[test]
fn what_nobody_keeps_is_refused_with_its_name_and_nothing_is_changed() {
    let house = House::new();
    set(&house, json!({"theme": "light"}));
    let before = get(&house);
    let refused = set(&house, json!({"theme": "dark", "density": "compact", "undoSend": "soon"}));
    let error = &refused["notUpdated"]["singleton"];
    assert_eq!((&error["type"], &error["properties"]), (&json!("invalidProperties"), &json!(["density", "undoSend"])));
    assert_eq!(get(&house), before);
    let all = house.call(
        "Preferences/set",
        json!({"create": {"a": {}}, "destroy": ["singleton"], "update": {"other": {"theme": "dark"}}}),
    );
    assert_eq!(all["notCreated"]["a"]["type"], "singleton");
    assert_eq!(all["notDestroyed"]["singleton"]["type"], "singleton");
    assert_eq!(all["notUpdated"]["other"]["type"], "notFound");
    let late = json!({"ifInState": "0", "update": {"singleton": {"theme": "dark"}}});
    assert_eq!(house.error("Preferences/set", late), "stateMismatch");
}

#[test]
fn of_more_senders_than_are_kept_the_oldest_go() {
    let house = House::new();
    let address = |n: usize| format!("p{n}@beta.test");
    let many: serde_json::Map<String, Value> =
        (0..1000).map(|n| (address(n), json!(format!("2026-11-30T06:00:{:02}.{:03}Z", n / 50, n)))).collect();
    assert_eq!(set(&house, json!({"picturesFrom": many}))["updated"], json!({"singleton": null}));
    let one_more = set(&house, json!({"picturesFrom/new@beta.test": "2026-11-30T07:00:00Z"}));
    let told = one_more["updated"]["singleton"]["picturesFrom"].as_object().unwrap();
    assert_eq!((told.len(), told.contains_key("new@beta.test"), told.contains_key(&address(0))), (1000, true, false));
    assert_eq!(&get(&house)["list"][0]["picturesFrom"], &one_more["updated"]["singleton"]["picturesFrom"]);
}
