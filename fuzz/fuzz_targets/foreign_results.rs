//! Fields Authentication-Results of any kind: what is read of one is bounded, and is read in the same way again when it is
//! written plainly.
#![no_main]

use auth::results::{Method, Results, parse, parse_instance, stated_instance, topmost};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = topmost(data);
    if let Some((instance, _)) = parse_instance(data) {
        assert_eq!(stated_instance(data), Some(instance));
    }
    let Some(results) = parse(data) else { return };
    assert!(results.methods.len() <= 50 && results.methods.iter().all(|method| method.properties.len() <= 16));
    assert_eq!(parse(written(&results).as_bytes()), Some(results));
});

fn written(results: &Results) -> String {
    let mut field = quoted(&results.server);
    for Method { method, result, reason, properties } in &results.methods {
        field += &format!(";{method}={result}");
        if !reason.is_empty() {
            field += &format!(" reason={}", quoted(reason));
        }
        for property in properties {
            let dot = if property.part.is_empty() { "" } else { "." };
            field += &format!(" {}{dot}{}={}", property.part, property.name, quoted(&property.value));
        }
    }
    field
}

fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}
