//! Patch objects (RFC 8620 §5.3): a map of pointers to the new values.

use serde_json::Value;

use super::reference::unescape;
use super::{Object, SetError};

/// The most pointers of a patch, and the most steps of one: a patch is applied while nobody else can write.
pub const MOST: usize = 1000;
const DEEPEST: usize = 64;

/// Returns the object with the patch applied. `default` gives the value of a top-level property that is patched to
/// null; `None` removes it.
pub fn apply(mut object: Object, patch: &Object, default: impl Fn(&str) -> Option<Value>) -> Result<Object, SetError> {
    if patch.len() > MOST || patch.keys().any(|path| path.split('/').count() > DEEPEST) {
        return Err(invalid("more pointers, or longer ones, than one patch may have"));
    }
    let mut paths: Vec<Vec<String>> = patch.keys().map(|path| path.split('/').map(unescape).collect()).collect();
    paths.sort();
    // In sorted order, a path that is a prefix of another one stands right before the paths that it begins.
    if paths.windows(2).any(|pair| matches!(pair, [one, other] if other.starts_with(one))) {
        return Err(invalid("one pointer is the beginning of another"));
    }
    for (path, value) in patch {
        let tokens: Vec<String> = path.split('/').map(unescape).collect();
        match tokens.as_slice() {
            [] => return Err(invalid("an empty pointer")),
            [name] => put(&mut object, name, value, default(name)),
            [first, rest @ ..] => {
                let nowhere = || invalid(&format!("the pointer {path:?} leads nowhere"));
                let parent = object.get_mut(first).ok_or_else(nowhere)?;
                put_inside(parent, rest, value).ok_or_else(nowhere)?;
            }
        }
    }
    Ok(object)
}

fn put(object: &mut Object, name: &str, value: &Value, default: Option<Value>) {
    let value = if value.is_null() { default } else { Some(value.clone()) };
    match value {
        Some(value) => drop(object.insert(name.to_owned(), value)),
        None => drop(object.remove(name)),
    }
}

/// Returns `None` if the path leads through a value that is missing, or through a list.
fn put_inside(parent: &mut Value, path: &[String], value: &Value) -> Option<()> {
    let object = parent.as_object_mut()?;
    match path {
        [] => None,
        [name] => {
            put(object, name, value, None);
            Some(())
        }
        [first, rest @ ..] => put_inside(object.get_mut(first)?, rest, value),
    }
}

fn invalid(why: &str) -> SetError {
    SetError::new("invalidPatch").because(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn patched(patch: Value) -> Result<Value, String> {
        let todo =
            json!({"title": "Practise", "keywords": {"music": true, "mozart": true}, "list": [{"a": 1}], "n": 3});
        let default = |name: &str| (name == "n").then(|| json!(0));
        let outcome = apply(todo.as_object().unwrap().clone(), patch.as_object().unwrap(), default);
        outcome.map(Value::Object).map_err(|error| error.kind().to_owned())
    }

    #[test]
    fn a_patch_sets_replaces_and_removes() {
        let after = patched(json!({"keywords/chopin": true, "keywords/mozart": null, "keywords/none": null})).unwrap();
        assert_eq!(after["keywords"], json!({"music": true, "chopin": true}));
        assert_eq!(patched(json!({"title": null, "n": null})).unwrap().get("title"), None);
        assert_eq!(patched(json!({"n": null})).unwrap()["n"], 0);
        assert_eq!(patched(json!({"keywords/a~1b": true})).unwrap()["keywords"]["a/b"], true);
    }

    #[test]
    fn a_patch_against_the_rules_is_invalid() {
        for patch in [
            json!({"list/0": 1}),
            json!({"list/0/a": 1}),
            json!({"none/a": 1}),
            json!({"keywords": {}, "keywords/a": true}),
            json!({"title/x": 1}),
        ] {
            assert_eq!(patched(patch.clone()), Err("invalidPatch".into()), "{patch}");
        }
        assert!(patched(json!({"keywords/a": true, "keywords/ab": true})).is_ok());
        let many: Object = (0..=MOST).map(|n| (format!("keywords/{n}"), json!(true))).collect();
        assert_eq!(patched(Value::Object(many)), Err("invalidPatch".into()));
        assert_eq!(patched(json!({"a/".repeat(1 << 20): 1})), Err("invalidPatch".into()));
    }
}
