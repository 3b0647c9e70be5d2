//! Chooses the names of files that lie beside each other.

use std::collections::HashSet;

use mailbox::parse::clean_file_name;

/// Gives each file a name of its own, even on a system that ignores the case of letters.
#[derive(Default)]
pub struct Names(HashSet<String>);

impl Names {
    /// Returns a harmless name that is as near as possible to the written one.
    pub fn give(&mut self, written: &str) -> String {
        let name = clean_file_name(written).unwrap_or_else(|| "file".to_owned());
        let (stem, ending) = name.rsplit_once('.').map_or((name.as_str(), None), |(stem, end)| (stem, Some(end)));
        let ending = ending.map(|ending| format!(".{ending}")).unwrap_or_default();
        let numbered = (2_u32..).map(|number| format!("{stem} ({number}){ending}"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| self.0.insert(name.to_lowercase()));
        free.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_is_numbered_before_its_ending() {
        let mut names = Names::default();
        let mut give = |name: &str| names.give(name);
        assert_eq!(give("été.pdf"), "été.pdf");
        assert_eq!(give("ÉTÉ.pdf"), "ÉTÉ (2).pdf");
        assert_eq!(give("été.pdf"), "été (3).pdf");
        assert_eq!(give("a/../b"), "b");
        assert_eq!(give(""), "file");
        assert_eq!(give("\u{202e}"), "file (2)");
        assert_eq!(give("été (2).pdf"), "été (2) (2).pdf");
    }
}
