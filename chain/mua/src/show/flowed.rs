//! Joins plain text whose lines were broken for sending (RFC 3676).

use mailbox::parse::Part;

/// Returns the text of `part` in whole paragraphs, each in a line of its own, if its header says that lines flow.
pub fn joined(part: &Part, text: String) -> String {
    let is = |name: &str, value: &str| part.param(name).is_some_and(|set| set.eq_ignore_ascii_case(value.as_bytes()));
    if part.is("text", "plain") && is("format", "flowed") { join(&text, is("delsp", "yes")) } else { text }
}

/// Joins flowed lines. RFC 3676 §4: a line that ends with a blank continues in the next, unless that is quoted to
/// another depth; `delete` removes that blank (§4.1, for languages without blanks between words). The signature's line
/// stands for itself (§4.3).
fn join(text: &str, delete: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for line in text.lines() {
        let content = line.trim_start_matches('>');
        let depth = line.len() - content.len();
        // §4.4: the sender puts a blank before text that would be taken for a quote.
        let content = content.strip_prefix(' ').unwrap_or(content);
        // A line without words ends a paragraph, even one whose last line ends with a blank.
        let is_signature = content == "-- ";
        if open.is_some_and(|open| open != depth || is_signature || content.is_empty()) {
            out.push('\n');
            open = None;
        }
        if open.is_none() && depth > 0 {
            out.extend(std::iter::repeat_n('>', depth).chain([' ']));
        } else if open.is_none() && content.starts_with('>') {
            // The line is no quote, and must not become one now.
            out.push(' ');
        }
        let flows = content.ends_with(' ') && !is_signature;
        out.push_str(if flows && delete { content.strip_suffix(' ').unwrap_or(content) } else { content });
        open = flows.then_some(depth);
        if !flows {
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_end_with_a_blank_go_on() {
        for (sent, read) in [
            ("one \ntwo\nthree\n", "one two\nthree\n"),
            ("a \n\nb\n", "a \n\nb\n"),
            ("> quoted \n> on\n>> deeper \nmine\n", "> quoted on\n>> deeper \nmine\n"),
            (" >no quote\n  stuffed\n From me\n", " >no quote\n stuffed\nFrom me\n"),
            ("text \n-- \nme\n", "text \n-- \nme\n"),
            ("> -- \n> him\n", "> -- \n> him\n"),
            ("", ""),
        ] {
            assert_eq!(join(sent, false), read, "{sent:?}");
        }
        assert_eq!(join("\u{65e5} \n\u{672c}\n", true), "\u{65e5}\u{672c}\n");
        assert_eq!(join("two  \nwords\n", true), "two words\n");
    }

    #[test]
    fn only_what_flows_is_joined() {
        let with = |kind: &str| {
            let letter = format!("Content-Type: {kind}\r\n\r\nx\r\n");
            mailbox::parse::scan(letter.as_bytes(), mailbox::parse::Limits::default())
        };
        for (kind, flows) in [
            ("text/plain; format=flowed", true),
            ("text/plain; charset=utf-8; Format=\"Flowed\"", true),
            ("text/plain; format=fixed", false),
            ("text/plain", false),
            ("text/csv; format=flowed", false),
        ] {
            let joined = joined(&with(kind).root, "a \nb\n".into());
            assert_eq!(joined == "a b\n", flows, "{kind}");
        }
    }
}
