//! Arguments taken from the result of an earlier call (RFC 8620 §3.7).

use serde_json::Value;

use super::json::{footprint, footprint_of};
use super::{Invocation, MethodError, Object};

/// The cost of looking at one value on a path, as octets of memory: a path with `*` looks at many values and may find
/// nothing.
const LOOK: usize = 64;
/// The most steps of a path. The value that it leads through is no deeper.
const DEEPEST: usize = 256;

/// Replaces each `#name` by the value that it refers to, under `name`. The values that are copied and visited count
/// against `left`, the octets of memory that all references of a request may still take.
pub fn resolve(arguments: Object, responses: &[Invocation], left: &mut usize) -> Result<Object, MethodError> {
    if !arguments.keys().any(|name| name.starts_with('#')) {
        return Ok(arguments);
    }
    let mut resolved = Object::new();
    for (name, value) in arguments {
        let (name, value) = match name.strip_prefix('#') {
            Some(name) => (name.to_owned(), look_up(&value, responses, left)?),
            None => (name, value),
        };
        if resolved.contains_key(&name) {
            return Err(MethodError::invalid_arguments(format!("{name} is given twice, once as a reference")));
        }
        resolved.insert(name, value);
    }
    Ok(resolved)
}

fn look_up(reference: &Value, responses: &[Invocation], left: &mut usize) -> Result<Value, MethodError> {
    let part = |name: &str| reference.get(name).and_then(Value::as_str);
    let (Some(result_of), Some(name), Some(path)) = (part("resultOf"), part("name"), part("path")) else {
        return Err(MethodError::invalid_result_reference("a reference needs resultOf, name and path"));
    };
    if path.split('/').count() > DEEPEST {
        return Err(MethodError::invalid_result_reference("the path has too many steps"));
    }
    let fault = |why: &str| MethodError::invalid_result_reference(format!("{result_of} {name} {path}: {why}"));
    let response = responses.iter().find(|response| response.id == result_of).ok_or_else(|| fault("no such result"))?;
    if response.name != name {
        return Err(fault("the result has another name"));
    }
    // The pointer of RFC 6901 is empty or begins with a slash.
    let tokens: Vec<String> = match path.strip_prefix('/') {
        Some(rest) => rest.split('/').map(unescape).collect(),
        None if path.is_empty() => Vec::new(),
        None => return Err(fault("the path does not begin with a slash")),
    };
    let found = match tokens.split_first() {
        None => whole(&response.arguments, left),
        Some((first, rest)) => {
            let value = response.arguments.get(first).ok_or_else(|| fault("nothing is there"))?;
            follow(value, rest, left)
        }
    };
    found.map_err(|missed| match missed {
        Missed::Nowhere => fault("nothing is there"),
        Missed::TooLarge => MethodError::request_too_large(),
    })
}

/// The reason for which a reference has no value to be replaced with.
enum Missed {
    Nowhere,
    TooLarge,
}

/// Takes a cost, if as much is left. Otherwise nothing at all is left afterwards.
fn take(cost: usize, left: &mut usize) -> Result<(), Missed> {
    let enough = left.checked_sub(cost);
    *left = enough.unwrap_or_default();
    enough.map(drop).ok_or(Missed::TooLarge)
}

/// Returns all arguments of a response.
fn whole(arguments: &Object, left: &mut usize) -> Result<Value, Missed> {
    take(footprint_of(arguments), left)?;
    Ok(Value::Object(arguments.clone()))
}

fn copy(value: &Value, left: &mut usize) -> Result<Value, Missed> {
    take(footprint(value), left)?;
    Ok(value.clone())
}

fn follow(value: &Value, tokens: &[String], left: &mut usize) -> Result<Value, Missed> {
    take(LOOK, left)?;
    let Some((token, rest)) = tokens.split_first() else { return copy(value, left) };
    let inside = match value {
        Value::Array(items) if token == "*" => {
            let mut all = Vec::new();
            for item in items {
                match follow(item, rest, left)? {
                    // Lists in lists become one list.
                    Value::Array(inner) => all.extend(inner),
                    other => all.push(other),
                }
            }
            return Ok(Value::Array(all));
        }
        Value::Array(items) => index(token).and_then(|index| items.get(index)),
        Value::Object(object) => object.get(token),
        _ => None,
    };
    follow(inside.ok_or(Missed::Nowhere)?, rest, left)
}

/// Reads an index (RFC 6901 §4): digits without a leading zero.
fn index(token: &str) -> Option<usize> {
    let plain = token.bytes().all(|byte| byte.is_ascii_digit()) && (token == "0" || !token.starts_with('0'));
    plain.then(|| token.parse().ok()).flatten()
}

/// Undoes `~1` for a slash and `~0` for a tilde (RFC 6901 §4).
pub fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Object {
        value.as_object().unwrap().clone()
    }

    fn responses() -> Vec<Invocation> {
        let list = json!({"list": [{"id": "a", "ids": ["1", "2"]}, {"id": "b", "ids": ["3"]}], "a/b~": {"x": [5]}});
        vec![Invocation { name: "Foo/get".into(), arguments: object(list), id: "t0".into() }]
    }

    fn refer(path: &str) -> Result<Value, &'static str> {
        let arguments = json!({"#ids": {"resultOf": "t0", "name": "Foo/get", "path": path}, "k": 1});
        resolve(object(arguments), &responses(), &mut 10_000)
            .map(|arguments| arguments["ids"].clone())
            .map_err(|e| e.kind())
    }

    #[test]
    fn a_reference_is_resolved_and_lists_in_lists_become_one() {
        assert_eq!(refer("/list/*/id"), Ok(json!(["a", "b"])));
        assert_eq!(refer("/list/*/ids"), Ok(json!(["1", "2", "3"])));
        assert_eq!(refer("/list/1/ids/0"), Ok(json!("3")));
        assert_eq!(refer("/a~1b~0/x"), Ok(json!([5])));
    }

    #[test]
    fn a_reference_that_leads_nowhere_is_an_error() {
        for path in ["/none", "/list/2", "/list/*/none", "/list/01", "/list/-", "list", "/list/0/id/x"] {
            assert_eq!(refer(path), Err("invalidResultReference"), "{path}");
        }
        for reference in [
            json!({"resultOf": "t1", "name": "Foo/get", "path": "/list"}),
            json!({"resultOf": "t0", "name": "Bar/get", "path": "/list"}),
            json!({"resultOf": "t0"}),
            json!("t0"),
        ] {
            let outcome = resolve(object(json!({"#ids": reference})), &responses(), &mut 10_000);
            assert_eq!(outcome.unwrap_err().kind(), "invalidResultReference");
        }
    }

    #[test]
    fn a_name_given_both_ways_is_an_invalid_argument() {
        let arguments = json!({"ids": [], "#ids": {"resultOf": "t0", "name": "Foo/get", "path": "/list"}});
        assert_eq!(resolve(object(arguments), &responses(), &mut 10_000).unwrap_err().kind(), "invalidArguments");
    }
    #[test]
    fn a_path_pays_for_what_it_looks_at_even_where_it_finds_nothing() {
        let nothing = vec![json!([]); 1000];
        let responses =
            [Invocation { name: "Foo/get".into(), arguments: object(json!({"a": nothing})), id: "t0".into() }];
        let refer = |left: &mut usize| {
            let reference = json!({"resultOf": "t0", "name": "Foo/get", "path": "/a/*/*/*"});
            resolve(object(json!({"#b": reference})), &responses, left)
        };
        let mut left = 3 * 1000 * LOOK;
        assert_eq!(refer(&mut left).unwrap()["b"], json!([]));
        assert_eq!(left, 2 * 1000 * LOOK - LOOK);
        assert!(refer(&mut left).is_ok());
        assert_eq!(refer(&mut left).unwrap_err().kind(), "requestTooLarge");
        assert_eq!((left, refer(&mut left).unwrap_err().kind()), (0, "requestTooLarge"));
    }

    #[test]
    fn a_path_of_very_many_steps_is_refused() {
        assert_eq!(refer(&"/x".repeat(1 << 20)), Err("invalidResultReference"));
    }
}
