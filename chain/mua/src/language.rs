//! Finds which of our two languages a browser asks for (RFC 9110 §12.5.4).

use axum::http::{HeaderMap, header};
use directory::Language;

/// The most languages of one header that are read.
const MOST: usize = 32;

/// Returns the language that its person likes best, of those we have; English if they name none.
pub fn preferred(headers: &HeaderMap) -> Language {
    let wishes = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut best = (0, Language::default());
    for wish in wishes.split(',').take(MOST) {
        let (tag, weight) = wish.split_once(';').unwrap_or((wish, ""));
        let primary = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
        let Some(language) = Language::from_code(&primary) else { continue };
        // Of equally liked languages, the first wins.
        if thousandths(weight) > best.0 {
            best = (thousandths(weight), language);
        }
    }
    best.1
}

/// Reads `q=0.7` (RFC 9110 §12.4.2) in thousandths; without it, the weight is 1.
fn thousandths(weight: &str) -> u32 {
    let Some((_, number)) = weight.split_once('=') else { return 1000 };
    let number: f32 = number.trim().parse().unwrap_or(0.0);
    // A cast from a float stops at the bounds of the integer.
    (number * 1000.0) as u32
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_language_liked_best_is_spoken() {
        for (wishes, language) in [
            ("fr", Language::French),
            ("fr-CA,fr;q=0.8,en;q=0.5", Language::French),
            ("de, en;q=0.4, fr;q=0.7", Language::French),
            ("EN-gb, FR;q=0.9", Language::English),
            ("en;q=0.5, fr;q=0.5", Language::English),
            ("fr;q=0", Language::English),
            ("fur, *", Language::English),
            ("fr;q=nonsense", Language::English),
            ("", Language::English),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, HeaderValue::from_static(wishes))]);
            assert_eq!(preferred(&headers), language, "{wishes}");
        }
        assert_eq!(preferred(&HeaderMap::new()), Language::English);
    }
}
