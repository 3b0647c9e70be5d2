//! A client that posts anything: no panic in what reads requests, resolves references and applies patches, and a request
//! that is understood is written and read again as the same.
#![no_main]

use jmap::api::{Request, json, patch, reference};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(request) = Request::read(data, &["core", "mail"], 64) else { return };
    let calls: Vec<Value> = request.calls.iter().cloned().map(|call| call.into_value()).collect();
    let mut written = serde_json::json!({"using": request.using, "methodCalls": calls});
    if let (Some(ids), Some(object)) = (&request.created_ids, written.as_object_mut()) {
        object.insert("createdIds".into(), serde_json::json!(ids));
    }
    let again = Request::read(written.to_string().as_bytes(), &["core", "mail"], 64).expect("what we wrote");
    assert_eq!(again, request);
    // Each call's arguments refer to the calls before it, and patch the arguments of the one before.
    for (index, call) in request.calls.iter().enumerate() {
        let before = &request.calls[..index];
        let _ = reference::resolve(call.arguments.clone(), before, 10_000_000);
        if let Some(object) = before.last() {
            let _ = patch::apply(object.arguments.clone(), &call.arguments, |_| None);
        }
    }
    let _ = json::read(data);
});
