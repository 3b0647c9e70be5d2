//! Cleans a letter in HTML and CSS of any kind: the shown part runs nothing, leads to no address that was not given,
//! and is in proportion to the input. Cleaning it again takes nothing more away.

use std::sync::{Arc, Mutex};

use mua::show::{Page, Pictures, Turning};

/// Gives an address of ours for each picture elsewhere, or none.
struct Album {
    elsewhere: bool,
    asked: Mutex<Vec<String>>,
}

impl Pictures for Album {
    fn inline(&self, _: &str) -> Option<String> {
        Some("/picture/1".to_owned())
    }

    fn remote(&self, url: &str) -> Option<String> {
        self.asked.lock().unwrap().push(url.to_owned());
        self.elsewhere.then(|| "/remote/1".to_owned())
    }
}

/// Every `name="value"` of every tag, as html5ever writes them: in lower case, values in double quotes, `"` escaped.
fn attributes(markup: &str) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    let mut rest = markup;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
        rest = &rest[name.len()..];
        while let Some(more) = rest.strip_prefix(' ') {
            let Some((attribute, after)) = more.split_once("=\"") else { break };
            let Some((value, after)) = after.split_once('"') else { break };
            found.push((name.clone(), attribute.to_owned(), value.to_owned()));
            rest = after;
        }
        found.push((name, String::new(), String::new()));
    }
    found
}

fn check(source: &str, elsewhere: bool) {
    let album = Arc::new(Album { elsewhere, asked: Mutex::default() });
    let mut page = Page::new(album);
    page.html(source);
    let shown = page.finish(&Turning::default());
    let (head, body) = shown.document.split_once("</head>").expect("a head");
    // Addresses stand six times longer than their pictures, and tables get their missing parts.
    assert!(shown.document.len() <= 8_192 + 64 * source.len(), "{} of {}", shown.document.len(), source.len());
    let styles = head.rsplit("<style>").next().unwrap_or_default().to_ascii_lowercase();
    let style = styles.split("</style>").next().unwrap_or_default();
    let (outside, mut addresses) = outside_strings(style);
    assert!(!style.contains('<') && !outside.contains("@import") && !outside.contains("expression("), "{style}");
    for (element, name, value) in attributes(body) {
        let forbidden = [
            "script", "style", "iframe", "object", "embed", "form", "input", "button", "meta", "link", "base", "svg",
            "math",
        ];
        assert!(!forbidden.contains(&&*element), "<{element}> in {body}");
        assert!(!name.starts_with("on") && name != "srcdoc" && name != "srcset", "{name} in {body}");
        match &*name {
            "src" | "background" => addresses.push(value.clone()),
            "style" => addresses.extend(outside_strings(&value.replace("&quot;", "\"").to_ascii_lowercase()).1),
            "href" => {
                let scheme = value.trim().to_ascii_lowercase();
                assert!(!scheme.starts_with("javascript:") && !scheme.starts_with("data:"), "{value}");
            }
            _ => {}
        }
    }
    for address in addresses {
        let ours = ["/picture/1", "/remote/1"].contains(&&*address) || address.is_empty();
        assert!(ours || address.to_ascii_lowercase().starts_with("data:image/"), "{address} in {}", shown.document);
        assert!(elsewhere || address != "/remote/1");
    }
}

/// A style without its strings, and the addresses in its `url("…")`, as cssparser writes them.
fn outside_strings(style: &str) -> (String, Vec<String>) {
    let (mut outside, mut addresses) = (String::new(), Vec::new());
    let mut rest = style.chars();
    while let Some(c) = rest.next() {
        outside.push(c);
        // An escaped character is a letter of a name, whatever it is elsewhere.
        if c == '\\' {
            let _ = rest.next();
        }
        if c != '"' {
            continue;
        }
        let is_address = outside.ends_with("url(\"");
        let mut inside = String::new();
        while let Some(c) = rest.next().filter(|c| *c != '"') {
            inside.push(c);
            if c == '\\' {
                inside.extend(rest.next());
            }
        }
        if is_address {
            addresses.push(inside);
        }
        outside.push('"');
    }
    // None stands there without quotes; "-url(" is another function.
    let is_name = |c: char| c.is_alphanumeric() || "-_#@\\".contains(c) || !c.is_ascii();
    let begins = |at: usize| !outside.get(..at).unwrap_or_default().ends_with(is_name);
    let bare = outside.match_indices("url(").filter(|(at, _)| begins(*at)).filter_map(|(at, _)| outside.get(at + 4..));
    addresses.extend(bare.filter(|after| !after.starts_with("\"\")")).map(str::to_owned));
    (outside, addresses)
}

/// Checks a source as it is, as a style sheet, and as a style of its own; with pictures from elsewhere and without.
pub fn check_all(source: &str) {
    check(source, false);
    check(source, true);
    check(&format!("<style>{source}</style><p class=a>x</p>"), true);
    check(&format!("<p style=\"{}\">x</p>", source.replace('"', "&quot;")), false);
}
