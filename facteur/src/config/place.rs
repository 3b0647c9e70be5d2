//! Where things are when nobody says: the configuration file, the data folder, the name of the machine.

use std::path::{Path, PathBuf};

use mail::Domain;
use rustix::fs::{Access, access};

/// The configuration of a system-wide installation, where there is one.
pub fn system_file() -> Option<PathBuf> {
    let path = Path::new("/etc/facteur/facteur.toml");
    path.exists().then(|| path.to_owned())
}

/// The data folder of a system-wide installation.
const SYSTEM_DATA: &str = "/var/lib/facteur";

/// `/var/lib/facteur`, or a folder here for a person who cannot write there.
pub fn default_data() -> PathBuf {
    let system = Path::new(SYSTEM_DATA);
    let writable = |path: &Path| access(path, Access::WRITE_OK | Access::EXEC_OK).is_ok();
    if writable(system) || (!system.exists() && writable(Path::new("/var/lib"))) {
        return system.to_owned();
    }
    PathBuf::from("./facteur-data")
}

/// The data that a command means which begins nothing new: those of the system too, where it may only ask for something.
pub fn data_for_command(data: PathBuf) -> PathBuf {
    let system = Path::new(SYSTEM_DATA);
    if data == default_data() && !data.exists() && system.exists() { system.to_owned() } else { data }
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
    // What cannot be meant is not believed: people have numbers above those that every system gives to services.
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
