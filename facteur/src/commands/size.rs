//! Sizes as people write and read them.

use crate::language::{Language, say};

/// The largest size of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    None,
    Octets(u64),
}

/// `5G`, `500M`, `10k` or plain bytes, in powers of 1024.
pub fn parse(text: &str) -> Result<u64, String> {
    let wrong = || say!("write a size such as 500M or 5G", "écrivez une taille comme 500M ou 5G");
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let power = match text[digits.len()..].trim().to_ascii_lowercase().trim_end_matches(['b', 'o', 'i']) {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return Err(wrong()),
    };
    1024_u64.checked_pow(power).and_then(|unit| number.checked_mul(unit)).filter(|size| *size > 0).ok_or_else(wrong)
}

/// The same, or `none` for a mailbox without limit.
pub fn parse_limit(text: &str) -> Result<Limit, String> {
    if text == "none" {
        return Ok(Limit::None);
    }
    let wrong =
        || say!("write a size such as 500M or 5G, or none", "écrivez une taille comme 500M ou 5G, ou bien none");
    parse(text).map(Limit::Octets).map_err(|_| wrong())
}

/// `1.5 MB`, or `1,5 Mo` in French.
pub fn show(bytes: u64) -> String {
    show_in(Language::of_the_person(), bytes)
}

fn show_in(language: Language, bytes: u64) -> String {
    let byte = match language {
        Language::English => "B",
        Language::French => "o",
    };
    let (mut value, mut unit) = (bytes as f64, "");
    for next in ["k", "M", "G", "T"] {
        if value < 1024.0 {
            break;
        }
        (value, unit) = (value / 1024.0, next);
    }
    let number = if unit.is_empty() || value >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") };
    match language {
        Language::English => format!("{number} {unit}{byte}"),
        Language::French => format!("{} {unit}{byte}", number.replace('.', ",")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, size) in [("1", 1), ("10k", 10 << 10), ("500M", 500 << 20), ("5 GB", 5 << 30), ("2Gio", 2 << 30)] {
            assert_eq!(parse(text), Ok(size), "{text}");
        }
        for bad in ["", "0", "G", "-1", "5 x", "1.5G", "99999999999T"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_are_shown_as_people_read_them() {
        assert_eq!(show_in(Language::English, 999), "999 B");
        assert_eq!(show_in(Language::English, 1_572_864), "1.5 MB");
        assert_eq!(show_in(Language::French, 1_572_864), "1,5 Mo");
    }
}
