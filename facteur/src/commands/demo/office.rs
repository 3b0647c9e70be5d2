//! Sets up the offices of a demo: a folder, a configuration each, and their people's passwords.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use mail::{Address, Password};

use crate::config::Door;
use crate::password;

/// One of the two offices.
#[derive(Clone, Copy, Debug)]
pub struct DemoOffice {
    pub domain: &'static str,
    pub person: &'static str,
    pub name: &'static str,
    /// The distance of its ports from the usual ones.
    offset: u16,
}

/// Alice's and Bob's.
pub const PLANS: [DemoOffice; 2] = [
    DemoOffice { domain: "alpha.test", person: "alice@alpha.test", name: "Alice", offset: 0 },
    DemoOffice { domain: "beta.test", person: "bob@beta.test", name: "Bob", offset: 10_000 },
];

impl DemoOffice {
    /// The doors of this office that somebody stands behind.
    pub fn doors(&self) -> Vec<(Door, SocketAddr)> {
        let served = Door::ALL.into_iter().filter(|door| door.is_served());
        served.filter_map(|door| Some((door, door.demo_place(self.offset)?))).collect()
    }

    /// The address of its person.
    pub fn address(&self) -> Address {
        Address::parse(self.person).unwrap_or_else(|_| unreachable!("the demo knows its people"))
    }

    /// Writes this office's configuration into the folder of the demo.
    pub fn write_config(&self, demo: &Path) -> io::Result<PathBuf> {
        let folder = demo.join(self.domain);
        fs::create_dir_all(&folder)?;
        let path = folder.join("facteur.toml");
        fs::write(&path, self.config())?;
        Ok(path)
    }

    fn config(&self) -> String {
        let mut toml = format!("hostname = \"mail.{}\"\ndata = \"data\"\n\n[listen]\n", self.domain);
        let doors = self.doors();
        for door in Door::ALL {
            let places: Vec<String> =
                doors.iter().filter(|(open, _)| *open == door).map(|(_, place)| format!("\"{place}\"")).collect();
            let _ = writeln!(toml, "{} = [{}]", door.name(), places.join(", "));
        }
        for other in PLANS.iter().filter(|other| other.domain != self.domain) {
            if let Some(smtp) = Door::Smtp.demo_place(other.offset) {
                let _ = write!(toml, "\n[[route]]\ndomain = \"{}\"\nto = \"{smtp}\"\n", other.domain);
            }
        }
        toml
    }
}

/// The passwords of the people of a demo: those of last time if its folder has some, new ones otherwise. They are
/// kept so that they can be shown again; the folder of a demo is for playing.
pub fn passwords(demo: &Path) -> io::Result<BTreeMap<String, Password>> {
    let path = demo.join("passwords.json");
    let known = match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice::<BTreeMap<String, String>>(&bytes).map_err(io::Error::other)?,
        Err(why) if why.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
        Err(why) => return Err(why),
    };
    let mut all: BTreeMap<String, Password> =
        known.into_iter().map(|(address, text)| (address, Password::new(text))).collect();
    if PLANS.iter().all(|plan| all.contains_key(plan.person)) {
        return Ok(all);
    }
    for plan in PLANS {
        all.entry(plan.person.to_owned()).or_insert_with(password::make_up);
    }
    let shown: BTreeMap<&str, &str> =
        all.iter().map(|(address, password)| (address.as_str(), password.reveal())).collect();
    let mut file = fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&path)?;
    file.write_all(serde_json::to_string_pretty(&shown)?.as_bytes())?;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn the_configurations_of_a_demo_are_right_and_know_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let read = |plan: &DemoOffice| Config::load(Some(&plan.write_config(folder.path()).unwrap()), None).unwrap();
        let [alpha, beta] = [read(&PLANS[0]), read(&PLANS[1])];
        assert_eq!(alpha.places(Door::Smtp, true)[0].to_string(), "127.0.0.1:2525");
        assert_eq!(beta.places(Door::Smtp, true)[0].to_string(), "127.0.0.1:12525");
        assert_eq!(beta.places(Door::Imaps, true)[0].to_string(), "127.0.0.1:12993");
        assert_ne!(alpha.data, beta.data);
        assert_eq!(alpha.routes.len(), 1);
        assert!(Door::ALL.iter().filter(|door| !door.is_served()).all(|door| alpha.places(*door, true).is_empty()));
    }

    #[test]
    fn the_passwords_of_a_demo_are_the_same_next_time_and_nobody_else_can_read_them() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let first = passwords(folder.path()).unwrap();
        assert_eq!(first.len(), 2);
        assert!(passwords(folder.path()).unwrap() == first);
        let mode = fs::metadata(folder.path().join("passwords.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
