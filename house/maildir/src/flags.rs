//! The flags in the name of a file: `:2,FS`.

/// The flags a Maildir knows. (Keywords have letters of their own, see [`Keywords`](crate::keywords::Keywords).)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags {
    /// `D`
    pub draft: bool,
    /// `F`
    pub flagged: bool,
    /// `P`: sent on or bounced to somebody.
    pub passed: bool,
    /// `R`: answered.
    pub replied: bool,
    /// `S`
    pub seen: bool,
    /// `T`: to be deleted.
    pub trashed: bool,
}

impl Flags {
    /// Their letters, in the order names have them.
    pub fn letters(self) -> String {
        let each = [
            (self.draft, 'D'),
            (self.flagged, 'F'),
            (self.passed, 'P'),
            (self.replied, 'R'),
            (self.seen, 'S'),
            (self.trashed, 'T'),
        ];
        each.into_iter().filter_map(|(set, letter)| set.then_some(letter)).collect()
    }

    /// The flags among the letters; others are somebody else's.
    pub fn from_letters(letters: &str) -> Self {
        let has = |letter| letters.contains(letter);
        Self {
            draft: has('D'),
            flagged: has('F'),
            passed: has('P'),
            replied: has('R'),
            seen: has('S'),
            trashed: has('T'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_go_round_as_letters() {
        let flags = Flags { seen: true, flagged: true, ..Flags::default() };
        assert_eq!(flags.letters(), "FS");
        assert_eq!(Flags::from_letters("SFab"), flags);
        assert_eq!(Flags::from_letters("DFPRST").letters(), "DFPRST");
        assert_eq!(Flags::from_letters(""), Flags::default());
    }
}
