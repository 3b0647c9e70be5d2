//! Arguments taken from the result of an earlier call (RFC 8620 §3.7).

use serde_json::Value;

use super::{Invocation, MethodError, Object};

/// Puts what `#name` refers to in the place of `name`.
pub fn resolve(arguments: Object, responses: &[Invocation]) -> Result<Object, MethodError> {
    if !arguments.keys().any(|name| name.starts_with('#')) {
        return Ok(arguments);
    }
    let mut resolved = Object::new();
    for (name, value) in arguments {
        let (name, value) = match name.strip_prefix('#') {
            Some(name) => (name.to_owned(), look_up(&value, responses)?),
            None => (name, value),
        };
        if resolved.contains_key(&name) {
            return Err(MethodError::invalid_arguments(format!("{name} is given twice, once as a reference")));
        }
        resolved.insert(name, value);
    }
    Ok(resolved)
}

fn look_up(reference: &Value, responses: &[Invocation]) -> Result<Value, MethodError> {
    let part = |name: &str| reference.get(name).and_then(Value::as_str);
    let (Some(result_of), Some(name), Some(path)) = (part("resultOf"), part("name"), part("path")) else {
        return Err(MethodError::invalid_result_reference("a reference needs resultOf, name and path"));
    };
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
    match tokens.split_first() {
        None => Ok(Value::Object(response.arguments.clone())),
        Some((first, rest)) => {
            let value = response.arguments.get(first).ok_or_else(|| fault("nothing is there"))?;
            follow(value, rest).ok_or_else(|| fault("nothing is there"))
        }
    }
}

/// `None`: the path leads nowhere.
fn follow(value: &Value, tokens: &[String]) -> Option<Value> {
    let Some((token, rest)) = tokens.split_first() else { return Some(value.clone()) };
    match value {
        Value::Array(items) if token == "*" => {
            let mut all = Vec::new();
            for item in items {
                match follow(item, rest)? {
                    // Lists in lists become one.
                    Value::Array(inner) => all.extend(inner),
                    other => all.push(other),
                }
            }
            Some(Value::Array(all))
        }
        Value::Array(items) => follow(items.get(index(token)?)?, rest),
        Value::Object(object) => follow(object.get(token)?, rest),
        _ => None,
    }
}

/// RFC 6901 §4: digits without a leading zero.
fn index(token: &str) -> Option<usize> {
    let plain = token.bytes().all(|byte| byte.is_ascii_digit()) && (token == "0" || !token.starts_with('0'));
    plain.then(|| token.parse().ok()).flatten()
}

/// `~1` is a slash and `~0` a tilde (RFC 6901 §4).
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
        resolve(object(arguments), &responses()).map(|arguments| arguments["ids"].clone()).map_err(|e| e.kind())
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
            let outcome = resolve(object(json!({"#ids": reference})), &responses());
            assert_eq!(outcome.unwrap_err().kind(), "invalidResultReference");
        }
    }

    #[test]
    fn a_name_given_both_ways_is_an_invalid_argument() {
        let arguments = json!({"ids": [], "#ids": {"resultOf": "t0", "name": "Foo/get", "path": "/list"}});
        assert_eq!(resolve(object(arguments), &responses()).unwrap_err().kind(), "invalidArguments");
    }
}
