//! Reverse-path and forward-path (RFC 5321 §4.1.2).

/// Cuts a path off the front of `text`: returns the text between the angle brackets without its source route, and the
/// rest. The brackets may be missing, as some printers and scanners leave them out.
pub(crate) fn split(text: &str) -> Option<(&str, &str)> {
    let Some(inside) = text.strip_prefix('<') else {
        let end = find_unquoted(text, ' ').unwrap_or(text.len());
        return if end == 0 { None } else { Some(text.split_at(end)) };
    };
    let end = find_unquoted(inside, '>')?;
    let after = &inside[end + 1..];
    if !after.is_empty() && !after.starts_with(' ') {
        return None;
    }
    Some((without_route(&inside[..end])?, after))
}

/// RFC 5321 §4.1.1.3 and appendix C: a source route is to be accepted and ignored.
fn without_route(path: &str) -> Option<&str> {
    if path.starts_with('@') { path.split_once(':').map(|(_, mailbox)| mailbox) } else { Some(path) }
}

fn find_unquoted(text: &str, wanted: char) -> Option<usize> {
    let mut quoted = false;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if quoted => drop(chars.next()),
            '"' => quoted = !quoted,
            c if c == wanted && !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_ends_at_the_first_bracket_outside_quotes() {
        assert_eq!(split("<a@b.test> SIZE=1"), Some(("a@b.test", " SIZE=1")));
        assert_eq!(split(r#"<"x> y"@b.test> A"#), Some((r#""x> y"@b.test"#, " A")));
        assert_eq!(split(r#"<"x\">"@b.test>"#), Some((r#""x\">"@b.test"#, "")));
        assert_eq!(split("<>"), Some(("", "")));
        assert_eq!(split("a@b.test SIZE=1"), Some(("a@b.test", " SIZE=1")));
    }

    #[test]
    fn a_source_route_is_taken_off() {
        assert_eq!(split("<@a.test,@b.test:joe@c.test>"), Some(("joe@c.test", "")));
        assert_eq!(split("<@a.test>"), None);
    }

    #[test]
    fn what_is_not_a_path_is_refused() {
        for bad in ["", " ", "<a@b.test", "<a@b.test>SIZE=1", "<\"a@b.test>", " <a@b.test>"] {
            assert_eq!(split(bad), None, "{bad}");
        }
    }
}
