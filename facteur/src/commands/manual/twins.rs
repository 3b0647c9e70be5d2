//! The manuals in English and in French say the same, as far as a test can tell: the same headings, tables and examples.

use std::path::Path;

const TWINS: [(&str, &str); 3] =
    [("use.md", "utiliser.md"), ("install.md", "installer.md"), ("arrangements.md", "agencements.md")];

/// Returns the parts of a page, in order, without its words.
fn skeleton(page: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut language = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), language) {
            (Some(name), None) => {
                language = Some(name);
                parts.push(format!("an example in {name:?}"));
            }
            (Some(_), Some(_)) => language = None,
            (None, Some(name)) => parts.extend(example(name, line)),
            (None, None) if line.starts_with('#') => {
                parts.push(format!("{} heading", line.split(' ').next().unwrap_or("")))
            }
            (None, None) if line.starts_with('|') => parts.push(format!("a row of {}", line.matches('|').count())),
            (None, None) => {}
        }
    }
    parts
}

/// Returns the piece of an example's line that must be the same in both languages: a setting whole; of a command its
/// name and its options. Comments, and the lines that a command prints, are words.
fn example(language: &str, line: &str) -> Option<String> {
    let code = line.split(" #").next().unwrap_or_default().trim();
    if code.is_empty() || code.starts_with('#') {
        return None;
    }
    match language {
        "" => None,
        "sh" => {
            let kept = code.split_whitespace().enumerate().filter(|(at, word)| *at < 2 || word.starts_with('-'));
            Some(kept.map(|(_, word)| word).collect::<Vec<_>>().join(" "))
        }
        _ => Some(code.to_owned()),
    }
}

#[test]
fn a_manual_in_french_has_all_that_the_english_one_has() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let read = |name: &str| std::fs::read_to_string(docs.join(name)).unwrap_or_else(|why| panic!("{name}: {why}"));
    for (english, french) in TWINS {
        let (one, other) = (skeleton(&read(english)), skeleton(&read(french)));
        assert!(one.len() > 20, "{english} has more than {one:?}");
        for (at, (one, other)) in one.iter().zip(&other).enumerate() {
            assert_eq!(one, other, "part {at} of {english} and {french}");
        }
        assert_eq!(one.len(), other.len(), "{english} and {french}");
    }
}

#[test]
fn what_is_left_out_is_seen() {
    let page = "# A\n\n| a | b |\n\n```sh\nfacteur send -f me you   # now\n```\n```toml\na = 1  # one\n```\n";
    assert_eq!(
        skeleton(page),
        ["# heading", "a row of 3", "an example in \"sh\"", "facteur send -f", "an example in \"toml\"", "a = 1"]
    );
}
