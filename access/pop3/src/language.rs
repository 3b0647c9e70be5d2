//! The languages of the text behind `+OK` and `-ERR` (RFC 6856 §3).

/// The language that a client reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// The language until the client asks for another.
    #[default]
    English,
    /// Français.
    French,
}

impl Language {
    /// All languages, with their tags and their own names.
    pub const ALL: [(Self, &'static str, &'static str); 2] =
        [(Self::English, "en", "English"), (Self::French, "fr", "Français")];

    /// Returns its tag (RFC 5646).
    pub fn tag(self) -> &'static str {
        Self::ALL.iter().find(|(language, ..)| *language == self).map_or("en", |(_, tag, _)| tag)
    }

    /// Returns the language that fits the range best (RFC 4647 §3.4): `fr-CA` is French. `*` and `i-default` are
    /// English.
    pub fn of_range(range: &str) -> Option<Self> {
        if range == "*" || range.eq_ignore_ascii_case("i-default") {
            return Some(Self::default());
        }
        let first = range.split('-').next()?;
        Self::ALL.iter().find(|(_, tag, _)| tag.eq_ignore_ascii_case(first)).map(|(language, ..)| *language)
    }
}

/// A sentence in the client's language. Both languages are written where the sentence is needed, so that none can be
/// forgotten.
macro_rules! say {
    ($language:expr; $english:literal, $french:literal $(,)?) => {
        match $language {
            $crate::language::Language::English => format!($english),
            $crate::language::Language::French => format!($french),
        }
    };
}
pub(crate) use say;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_finds_its_language() {
        assert_eq!(Language::of_range("FR-ca"), Some(Language::French));
        assert_eq!(Language::of_range("en"), Some(Language::English));
        assert_eq!(Language::of_range("*"), Some(Language::English));
        assert_eq!(Language::of_range("fur"), None);
        assert_eq!(Language::of_range(""), None);
    }
}
