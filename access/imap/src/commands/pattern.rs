//! Matches patterns of LIST: `*` stands for anything, `%` for anything but `/` (RFC 9051 §6.3.9).

/// Returns true if `pattern` matches the whole of `name`. It looks ahead with at most two places to fall back to (the
/// last `*`, the last `%` behind it), so the work is bounded by the product of the two lengths, whatever the pattern.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    let mut star: Option<Retry> = None;
    let mut percent: Option<Retry> = None;
    loop {
        match (pattern.get(p), name.get(n)) {
            (Some(b'*'), _) => {
                p += 1;
                star = Some(Retry { pattern: p, name: n });
                // The `*` can take everything that a `%` before it could take.
                percent = None;
            }
            (Some(b'%'), _) => {
                p += 1;
                percent = Some(Retry { pattern: p, name: n });
            }
            (Some(a), Some(b)) if a == b => {
                p += 1;
                n += 1;
            }
            (None, None) => return true,
            _ => match longer(&mut percent, &mut star, name) {
                Some(retry) => (p, n) = (retry.pattern, retry.name),
                None => return false,
            },
        }
    }
}

/// The place behind a wildcard where matching goes on.
#[derive(Clone, Copy)]
struct Retry {
    pattern: usize,
    name: usize,
}

/// Lets the last wildcard that can take one byte more take it.
fn longer(percent: &mut Option<Retry>, star: &mut Option<Retry>, name: &[u8]) -> Option<Retry> {
    if let Some(retry) = percent {
        if name.get(retry.name).is_some_and(|b| *b != b'/') {
            retry.name += 1;
            return *percent;
        }
        *percent = None;
    }
    let retry = star.as_mut()?;
    if retry.name >= name.len() {
        return None;
    }
    retry.name += 1;
    *star
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_star_takes_levels_and_a_percent_does_not() {
        for (pattern, name) in [
            ("*", "a/b/c"),
            ("%", "a"),
            ("a/%", "a/b"),
            ("%/%", "a/b"),
            ("*b", "a/b"),
            ("%/b/*", "a/b/c/d"),
            ("a*c%e", "abc/c/cde"),
            ("", ""),
            ("%", ""),
            ("IN%X", "INBOX"),
            ("%%", "ab"),
            ("%*", "a/b"),
            ("*%", "a/b"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("%", "a/b"), ("a", "ab"), ("a/%", "a"), ("a%c", "a/c"), ("*x", "a/b"), ("", "a"), ("inbox", "INBOX")]
        {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_longer_than_its_length() {
        let pattern = format!("{}b", "*a%a".repeat(500));
        assert!(!fits(&pattern, &"a".repeat(1000)));
    }

    /// Expresses the meaning plainly.
    fn means(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern, name) {
            ([], []) => true,
            ([b'*', rest @ ..], _) => (0..=name.len()).any(|n| means(rest, &name[n..])),
            ([b'%', rest @ ..], _) => {
                let level = name.iter().position(|b| *b == b'/').unwrap_or(name.len());
                (0..=level).any(|n| means(rest, &name[n..]))
            }
            ([a, rest @ ..], [b, others @ ..]) if a == b => means(rest, others),
            _ => false,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn the_quick_way_means_the_same_as_the_plain_one(pattern in "[ab/%*]{0,8}", name in "[ab/]{0,10}") {
            prop_assert_eq!(fits(&pattern, &name), means(pattern.as_bytes(), name.as_bytes()));
        }
    }
}
