//! The policy: what follows for one recipient from what is known about a letter. It has no input and no output.

/// The state of the author that a letter names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Author {
    /// A method proves the author, or nobody asks for anything where none does.
    #[default]
    Fine,
    /// Nothing proves the author, whose owner asks for suspicion or to refuse such letters (RFC 9989 §7.4).
    Unproved,
    /// Nothing proves the author, who is one of our own, and no record asks for anything.
    OwnUnproved,
    /// Name servers could not say, and their answer could be that nothing proves it.
    Unknown,
}

/// The state of all else, independently of the author.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Against {
    /// Nothing.
    #[default]
    Nothing,
    /// Name servers could not say, and their answer could speak against the letter.
    Unknown,
    /// Something speaks against the letter.
    Something,
}

/// The facts about a letter and one of its recipients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The author that the letter names.
    pub author: Author,
    /// The second finding.
    pub against: Against,
    /// The sender is connected, and comes from outside.
    pub is_connected: bool,
    /// The recipient's domain lets forged letters be refused.
    pub may_refuse: bool,
    /// Something speaks for the letter: the recipient writes to the author, or reads the list that signed it.
    pub spoken_for: bool,
    /// The letter comes from a list that its author, who is one of our own, writes to.
    pub by_own_list: bool,
    /// The recipient has made a rule of their own that takes the letter.
    pub by_own_rule: bool,
    /// The recipient must be reachable for everybody (RFC 5321 §4.5.1, RFC 2142).
    pub must_be_reachable: bool,
}

/// The consequence for the recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consequence {
    /// The letter is filed as if nobody had checked it.
    File,
    /// It is filed as junk, with the reason.
    Junk,
    /// It is refused for ever.
    Refuse,
    /// The sender tries again later.
    Later,
}

/// Decides.
pub(crate) fn decide(facts: Facts) -> Consequence {
    if facts.by_own_rule || facts.must_be_reachable {
        return Consequence::File;
    }
    let could_refuse = facts.is_connected && facts.may_refuse && !facts.spoken_for;
    match facts.author {
        Author::Fine => Consequence::File,
        Author::OwnUnproved if facts.by_own_list => Consequence::File,
        Author::OwnUnproved => Consequence::Junk,
        Author::Unproved => match facts.against {
            Against::Something if could_refuse => Consequence::Refuse,
            Against::Unknown if could_refuse => Consequence::Later,
            _ => Consequence::Junk,
        },
        Author::Unknown => match facts.against {
            Against::Something | Against::Unknown if could_refuse => Consequence::Later,
            _ => Consequence::File,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONNECTED: Facts = Facts {
        author: Author::Unproved,
        against: Against::Something,
        is_connected: true,
        may_refuse: true,
        spoken_for: false,
        by_own_list: false,
        by_own_rule: false,
        must_be_reachable: false,
    };

    #[test]
    fn the_table_of_authors_and_of_what_speaks_against_the_letter() {
        use Consequence::{File, Junk, Later, Refuse};
        let table = [
            (Author::Fine, [File, File, File]),
            (Author::Unproved, [Junk, Later, Refuse]),
            (Author::OwnUnproved, [Junk, Junk, Junk]),
            (Author::Unknown, [File, Later, Later]),
        ];
        for (author, expected) in table {
            let decided = [Against::Nothing, Against::Unknown, Against::Something]
                .map(|against| decide(Facts { author, against, ..CONNECTED }));
            assert_eq!(decided, expected, "{author:?}");
        }
    }

    #[test]
    fn what_speaks_for_a_letter_keeps_it_from_being_refused_and_not_from_being_junk() {
        let spared = [
            Facts { spoken_for: true, ..CONNECTED },
            Facts { is_connected: false, ..CONNECTED },
            Facts { may_refuse: false, ..CONNECTED },
        ];
        for facts in spared {
            assert_eq!(decide(facts), Consequence::Junk, "{facts:?}");
            assert_eq!(decide(Facts { against: Against::Unknown, ..facts }), Consequence::Junk);
            assert_eq!(decide(Facts { author: Author::Unknown, ..facts }), Consequence::File, "nobody is made to wait");
        }
    }

    #[test]
    fn a_rule_of_one_s_own_and_the_office_of_postmaster_take_every_letter() {
        for author in [Author::Unproved, Author::OwnUnproved, Author::Unknown] {
            let facts = Facts { author, ..CONNECTED };
            assert_eq!(decide(Facts { by_own_rule: true, ..facts }), Consequence::File);
            assert_eq!(decide(Facts { must_be_reachable: true, ..facts }), Consequence::File);
        }
        let by_list = Facts { author: Author::OwnUnproved, by_own_list: true, ..CONNECTED };
        assert_eq!(decide(by_list), Consequence::File);
    }
}
