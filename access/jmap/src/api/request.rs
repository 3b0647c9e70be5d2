//! Requests and responses (RFC 8620 §3.3, §3.4).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::json::{self as i_json, Unread};
use super::{MethodError, Object, RequestError};

/// The request of a client.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Capabilities it uses.
    pub using: Vec<String>,
    /// The methods to call, in order.
    pub calls: Vec<Invocation>,
    /// Ids of objects created before, by creation id; present if the client wants them in the answer.
    pub created_ids: Option<BTreeMap<String, String>>,
}

/// A method call, or one response to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// `Email/get`
    pub name: String,
    /// The arguments by name.
    pub arguments: Object,
    /// The client's name for the call.
    pub id: String,
}

impl Request {
    /// Reads a request of at most `most_calls` calls and about `most_memory` octets of memory, which may use the
    /// capabilities for which `may_use` is true.
    pub fn read(
        text: &[u8],
        may_use: impl Fn(&str) -> bool,
        most_calls: usize,
        most_memory: usize,
    ) -> Result<Self, RequestError> {
        let value = i_json::read(text, most_memory).map_err(|unread| match unread {
            Unread::NotJson(why) => RequestError::NotJson(why),
            Unread::TooLarge => RequestError::Limit("maxSizeRequest"),
        })?;
        let Value::Object(mut object) = value else { return Err(wrong("it is no object")) };
        let using = strings(object.remove("using")).ok_or_else(|| wrong("\"using\" must be a list of strings"))?;
        let Some(Value::Array(calls)) = object.remove("methodCalls") else {
            return Err(wrong("\"methodCalls\" must be a list"));
        };
        let calls: Vec<Invocation> = calls.into_iter().map(Invocation::read).collect::<Result<_, _>>()?;
        let created_ids = match object.remove("createdIds") {
            None | Some(Value::Null) => None,
            Some(map) => Some(ids(map).ok_or_else(|| wrong("\"createdIds\" must be a map of ids"))?),
        };
        if let Some(unknown) = using.iter().find(|uri| !may_use(uri)) {
            return Err(RequestError::UnknownCapability(unknown.clone()));
        }
        if calls.len() > most_calls {
            return Err(RequestError::Limit("maxCallsInRequest"));
        }
        Ok(Self { using, calls, created_ids })
    }
}

impl Invocation {
    fn read(value: Value) -> Result<Self, RequestError> {
        let Value::Array(parts) = value else { return Err(wrong("a method call must be a list")) };
        match <[Value; 3]>::try_from(parts) {
            Ok([Value::String(name), Value::Object(arguments), Value::String(id)]) => Ok(Self { name, arguments, id }),
            _ => Err(wrong("a method call must have a name, arguments and an id")),
        }
    }

    /// Makes the response for a call that failed.
    pub fn error(error: &MethodError, id: &str) -> Self {
        Self { name: "error".into(), arguments: error.arguments(), id: id.into() }
    }

    /// Returns the invocation as it stands in a request or a response.
    pub fn into_value(self) -> Value {
        json!([self.name, self.arguments, self.id])
    }
}

fn wrong(why: &str) -> RequestError {
    RequestError::NotRequest(why.into())
}

fn strings(value: Option<Value>) -> Option<Vec<String>> {
    let Some(Value::Array(items)) = value else { return None };
    items.into_iter().map(|item| if let Value::String(text) = item { Some(text) } else { None }).collect()
}

fn ids(value: Value) -> Option<BTreeMap<String, String>> {
    let Value::Object(object) = value else { return None };
    object.into_iter().map(|(key, id)| Some((key, id.as_str()?.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Request, RequestError> {
        Request::read(text.as_bytes(), |uri| uri == "core", 2, 10_000)
    }

    #[test]
    fn a_request_is_read() {
        let request = read(r#"{"using":["core"],"methodCalls":[["Core/echo",{"a":1},"0"]],"more":1}"#).unwrap();
        assert_eq!(request.calls[0].name, "Core/echo");
        assert_eq!(request.created_ids, None);
    }

    #[test]
    fn each_fault_of_a_request_has_its_error() {
        let kind = |text: &str| read(text).unwrap_err().problem()["type"].as_str().unwrap().to_owned();
        assert!(kind("{").ends_with("notJSON"));
        for text in [
            "[]",
            r#"{"using":["core"]}"#,
            r#"{"using":"core","methodCalls":[]}"#,
            r#"{"using":[],"methodCalls":[["a",{}]]}"#,
            r#"{"using":[],"methodCalls":[["a",[],"0"]]}"#,
            r#"{"using":[],"methodCalls":[],"createdIds":{"a":1}}"#,
        ] {
            assert!(kind(text).ends_with("notRequest"), "{text}");
        }
        assert!(kind(r#"{"using":["x"],"methodCalls":[]}"#).ends_with("unknownCapability"));
        let many = r#"{"using":[],"methodCalls":[["a",{},"0"],["a",{},"0"],["a",{},"0"]]}"#;
        assert_eq!(read(many).unwrap_err().problem()["limit"], "maxCallsInRequest");
    }
}
