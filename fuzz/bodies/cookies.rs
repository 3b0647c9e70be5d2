//! Cookies as anybody may send them: a session is found under its own name and no other, the same whatever stands around it.

use mua::fuzzing::{cookie_name, session_token};

/// These lines of `Cookie:`, from a browser that calls us `host`.
pub fn check(lines: &[Vec<u8>], host: &str, secure: bool) {
    let fields: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
    let name = cookie_name(host, secure);
    assert_eq!(name.starts_with("__Host-"), secure, "{name}");
    let token = session_token(&fields, host, secure);
    if let Some(token) = &token {
        assert!((1..=128).contains(&token.len()));
        let pair = [name.as_bytes(), b"=", token.as_bytes()].concat();
        assert!(fields.iter().any(|line| line.windows(pair.len()).any(|part| part == pair)), "{name}");
    }
    // The name of the other kind of connection never counts, and ours counts before anything that stands behind it.
    let other = format!("{}=planted", cookie_name(host, !secure));
    assert_eq!(session_token(&[&[other.as_bytes()], &fields[..]].concat(), host, secure), token);
    let own = format!("{name}=mine");
    assert_eq!(session_token(&[&[own.as_bytes()], &fields[..]].concat(), host, secure).as_deref(), Some("mine"));
}
