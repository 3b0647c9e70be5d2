//! A client that posts anything: no panic in what reads requests, resolves references and applies patches, and a request
//! that is understood is written and read again as the same.
#![no_main]

use jmap::api::{Request, json, patch, reference};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// Octets of memory that a request may take, and its references.
const MEMORY: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let may_use = |uri: &str| ["core", "mail"].contains(&uri);
    let Ok(request) = Request::read(data, may_use, 64, MEMORY) else { return };
    let calls: Vec<Value> = request.calls.iter().cloned().map(|call| call.into_value()).collect();
    let mut written = serde_json::json!({"using": request.using, "methodCalls": calls});
    if let (Some(ids), Some(object)) = (&request.created_ids, written.as_object_mut()) {
        object.insert("createdIds".into(), serde_json::json!(ids));
    }
    let again = Request::read(written.to_string().as_bytes(), may_use, 64, MEMORY).expect("what we wrote");
    assert_eq!(again, request);
    // Each call's arguments refer to the calls before it, and patch the arguments of the one before.
    let mut left = MEMORY;
    for (index, call) in request.calls.iter().enumerate() {
        let before = &request.calls[..index];
        let _ = reference::resolve(call.arguments.clone(), before, &mut left);
        if let Some(object) = before.last() {
            let _ = patch::apply(object.arguments.clone(), &call.arguments, |_| None);
        }
    }
    if let Ok(value) = json::read(data, MEMORY) {
        assert!(json::footprint(&value) <= MEMORY, "more memory than it paid for");
    }
});
