//! The user of this machine as whom letters are handed on.

use std::ops::RangeInclusive;

use super::{RouteError, Template};

/// A user of this machine: one by name, or each recipient's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunAs {
    /// The name, or `$USER`.
    pub user: Template,
    /// The people who `$USER` may be. A user whom the configuration names is not asked for this.
    pub people: People,
}

impl RunAs {
    /// Reads a name, or `$USER`.
    pub fn parse(user: &str) -> Result<Self, RouteError> {
        Ok(Self { user: Template::of_a_user(user)?, people: People::default() })
    }
}

/// The numbers of the users who are people. The name of the user comes from the address, so from a stranger: without this,
/// whoever writes to `daemon@` runs a program as the user that services run as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct People(RangeInclusive<u32>);

impl People {
    /// The first number of a person if nobody says otherwise (login.defs(5), `UID_MIN`).
    pub const SMALLEST: u32 = 1000;
    /// The last one: from 61184 on they are those that systemd gives to services (`DynamicUser=`), and `nobody`.
    pub const LARGEST: u32 = 61_183;
    /// `nobody`, and the two numbers that mean "no user" where numbers have 16 or 32 bits.
    const NEVER: [u32; 4] = [0, 65_534, 65_535, u32::MAX];

    /// The people of a machine whose numbers begin and end elsewhere. Root and `nobody` are never among them.
    pub fn of(smallest: u32, largest: u32) -> Self {
        Self(smallest..=largest)
    }

    /// Returns true for the number of a person.
    pub fn include(&self, uid: u32) -> bool {
        self.0.contains(&uid) && !Self::NEVER.contains(&uid)
    }

    /// The first number.
    pub fn smallest(&self) -> u32 {
        *self.0.start()
    }

    /// The last number.
    pub fn largest(&self) -> u32 {
        *self.0.end()
    }
}

impl Default for People {
    fn default() -> Self {
        Self::of(Self::SMALLEST, Self::LARGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_and_nobody_are_no_people_whatever_the_configuration_says() {
        let all = People::of(0, u32::MAX);
        for uid in [0, 65_534, 65_535, u32::MAX] {
            assert!(!all.include(uid) && !People::default().include(uid), "{uid}");
        }
        assert!(all.include(500) && all.include(1_000_000));
    }

    #[test]
    fn people_begin_at_1000_and_end_before_the_users_of_services() {
        let usual = People::default();
        for (uid, is_one) in [(1, false), (999, false), (1000, true), (60_001, true), (61_184, false), (70_000, false)]
        {
            assert_eq!(usual.include(uid), is_one, "{uid}");
        }
    }
}
