//! Names a browser in few words, so that a person recognises theirs in a list of sessions.

use axum::http::{HeaderMap, header};

/// Programs by a word of their `User-Agent`; the first match counts. Most claim to be older ones, too, which come
/// later.
const PROGRAMS: [(&str, &str); 10] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python", "Python"),
];

/// Systems, in the same way.
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

/// Returns a name such as `Firefox, Linux`; an unknown part is left out. Nothing that the browser says of itself is
/// kept as it came.
pub fn name(headers: &HeaderMap) -> String {
    let said = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let find = |known: &[(&'static str, &'static str)]| {
        known.iter().find(|(word, _)| said.contains(word)).map(|(_, name)| *name)
    };
    [find(&PROGRAMS), find(&SYSTEMS)].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn called(said: &'static str) -> String {
        name(&HeaderMap::from_iter([(header::USER_AGENT, HeaderValue::from_static(said))]))
    }

    #[test]
    fn browsers_are_known_by_name_and_system() {
        assert_eq!(called("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"), "Firefox, Linux");
        let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
        assert_eq!(called(chrome), "Chrome, Windows");
        let safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1";
        assert_eq!(called(safari), "Safari, iPhone");
        assert_eq!(called("curl/8.14.1"), "curl");
        assert_eq!(called("<script>"), "");
        assert_eq!(name(&HeaderMap::new()), "");
    }
}
