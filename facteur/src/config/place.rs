//! The defaults of places that nobody named: the configuration file, the data folder, the name of the machine.

use std::path::{Path, PathBuf};

use mail::Domain;
use rustix::fs::{Access, access};

/// The configuration of a system-wide installation, if there is one. A file that this user may not look at is there
/// all the same: the code that reads it says so.
pub fn system_file() -> Option<PathBuf> {
    let path = Path::new("/etc/facteur/facteur.toml");
    path.try_exists().unwrap_or(true).then(|| path.to_owned())
}

/// The data folder of a system-wide installation, and the one for a person who tries it without.
const SYSTEM_DATA: &str = "/var/lib/facteur";
const OWN_DATA: &str = "facteur-data";

/// The data folder where nobody names one: `/var/lib/facteur`, or `./facteur-data` for a person who cannot make that.
pub fn default_data() -> PathBuf {
    data_among(Path::new(SYSTEM_DATA), Path::new(OWN_DATA))
}

/// Chooses the folder that is there, whoever asks and with whatever rights: a command that root or another user runs
/// means the same post office as `serve`. If neither is there, a user who can make the system's folder begins it.
fn data_among(system: &Path, own: &Path) -> PathBuf {
    // A path that one may not look at may well be there.
    let is_there = |path: &Path| path.try_exists().unwrap_or(true);
    let can_be_made = || system.parent().is_some_and(|above| access(above, Access::WRITE_OK | Access::EXEC_OK).is_ok());
    if is_there(system) || (!is_there(own) && can_be_made()) {
        return system.to_owned();
    }
    // The path is whole, so that a message about it tells a person where it is.
    std::path::absolute(own).unwrap_or_else(|_| own.to_owned())
}

/// The number of the first user of this machine who is a person: as login.defs(5) has it, or what is usual.
pub fn smallest_uid() -> u32 {
    let told = std::fs::read_to_string("/etc/login.defs").ok();
    told.as_deref().and_then(uid_min).unwrap_or(mta::route::People::SMALLEST)
}

fn uid_min(login_defs: &str) -> Option<u32> {
    let value = |line: &str| {
        let mut words = line.split_whitespace();
        if words.next() == Some("UID_MIN") { words.next()?.parse().ok() } else { None }
    };
    // The code does not believe an implausible number: people have numbers above those that every system gives to
    // services.
    login_defs.lines().filter_map(value).next_back().filter(|uid| (100..=mta::route::People::LARGEST).contains(uid))
}

/// The machine's own name, or `localhost` where it cannot stand in SMTP.
pub fn this_machine() -> Domain {
    let name = gethostname::gethostname();
    let own = name.to_str().and_then(|name| Domain::parse(name.trim_end_matches('.')).ok());
    own.or_else(|| Domain::parse("localhost").ok()).unwrap_or_else(|| unreachable!("localhost is a domain"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_folder_is_the_one_that_is_there_and_the_systems_before_a_persons_own() {
        let folder = tempfile::tempdir().unwrap();
        let (system, own) = (folder.path().join("system"), folder.path().join("own"));
        assert_eq!(data_among(&system, &own), system, "it can be made");
        std::fs::create_dir(&own).unwrap();
        assert_eq!(data_among(&system, &own), own, "somebody has begun here");
        std::fs::create_dir(&system).unwrap();
        assert_eq!(data_among(&system, &own), system);
        let nowhere = folder.path().join("not/there/system");
        assert_eq!(data_among(&nowhere, &folder.path().join("new")), folder.path().join("new"), "it cannot be made");
    }

    #[test]
    fn people_begin_where_the_machine_says_so_unless_that_cannot_be() {
        for (text, uid) in [
            ("# UID_MIN 3\nUID_MIN\t\t\t 500\nSYS_UID_MIN 101\n", Some(500)),
            ("UID_MIN 1000", Some(1000)),
            ("UID_MIN 0", None),
            ("UID_MIN", None),
            ("UID_MIN many", None),
            ("", None),
        ] {
            assert_eq!(uid_min(text), uid, "{text}");
        }
    }
}
