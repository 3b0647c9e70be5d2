//! The user whom a post office works as. Root opens the doors below 1024 and reads the passwords of smarthosts; all that
//! strangers say is then heard by a user who has nothing but the data folder.

use std::ffi::{CString, OsStr};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::Path;

use nix::unistd::{Gid, Uid, User, initgroups, setgid, setuid};

use crate::config::Config;
use crate::failure::Failure;
use crate::language::{say, system};
use crate::process;
use crate::users;

/// The user of `user = "…"`, for a process that root has started.
#[derive(Clone, Debug)]
pub struct ServiceUser {
    name: String,
    uid: Uid,
    gid: Gid,
}

impl ServiceUser {
    /// The user that the configuration names. `None` if it names none, and if this process is that user already.
    /// Whoever is neither that user nor root cannot become it.
    pub fn of(config: &Config) -> Result<Option<Self>, Failure> {
        let Some(name) = &config.user else { return Ok(None) };
        let found = User::from_name(name).map_err(|why| cannot(name, &system(&why.into())))?;
        let Some(user) = found else { return Err(unknown(name)) };
        if user.uid.is_root() {
            return Err(unknown(name));
        }
        let us = Uid::effective();
        match () {
            () if us == user.uid => Ok(None),
            () if us.is_root() => Ok(Some(Self { name: name.clone(), uid: user.uid, gid: user.gid })),
            () => Err(neither(name, us)),
        }
    }

    /// Its number.
    pub fn uid(&self) -> u32 {
        self.uid.as_raw()
    }

    /// Sees to it that the data folder is the user's: it is made, if it is not there. One that belongs to somebody
    /// else is not given away silently.
    pub fn take(&self, folder: &Path) -> Result<(), Failure> {
        match fs::metadata(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.make(folder),
            // Whoever opens the data says what is wrong.
            Err(_) => Ok(()),
            Ok(about) => self.must_own(folder, &about),
        }
    }

    fn make(&self, folder: &Path) -> Result<(), Failure> {
        let (uid, gid) = (Some(self.uid.as_raw()), Some(self.gid.as_raw()));
        fs::create_dir(folder).and_then(|()| lchown(folder, uid, gid)).map_err(|why| {
            let (name, folder, why) = (&self.name, folder.display(), system(&why));
            Failure::new(say!(
                "the data folder {folder} cannot be made for {name}: {why}",
                "impossible de créer le dossier {folder} pour {name} : {why}"
            ))
        })
    }

    fn must_own(&self, folder: &Path, about: &Metadata) -> Result<(), Failure> {
        let is_foreign = |about: &Metadata| about.uid() != self.uid.as_raw();
        let inside = fs::read_dir(folder).into_iter().flatten().flatten();
        // A file system's own folder is root's.
        let mut inside = inside.filter(|entry| entry.file_name() != OsStr::new("lost+found"));
        if !is_foreign(about) && !inside.any(|entry| entry.metadata().is_ok_and(|about| is_foreign(&about))) {
            return Ok(());
        }
        let (name, folder) = (&self.name, folder.display());
        Err(Failure::new(say!(
            "the configuration says user = \"{name}\", and the data in {folder} do not all belong to {name}; with no post office running: chown -R {name}: {folder}",
            "la configuration dit user = \"{name}\", et les données de {folder} ne sont pas toutes à {name} ; bureau de poste arrêté : chown -R {name}: {folder}"
        )))
    }

    /// Gives up the rights of root, for all threads and for ever.
    pub fn take_over(&self) -> Result<(), Failure> {
        let by_system = |why: nix::errno::Errno| system(&why.into());
        let attempt = || -> Result<(), String> {
            let name = CString::new(self.name.as_str()).map_err(|why| system(&why.into()))?;
            initgroups(&name, self.gid).map_err(by_system)?;
            setgid(self.gid).map_err(by_system)?;
            setuid(self.uid).map_err(by_system)?;
            // It is believed when it has been tried.
            if setuid(Uid::from_raw(0)).is_ok() || setgid(Gid::from_raw(0)).is_ok() || Uid::effective() != self.uid {
                return Err(say!("root's rights are still there", "les droits de root sont toujours là"));
            }
            Ok(())
        };
        attempt().map_err(|why| cannot(&self.name, &why))?;
        process::no_dumps();
        tracing::info!("the doors are open; from now on all is done as {}", self.name);
        Ok(())
    }
}

/// Says what is at stake where root does all the work and need not.
pub fn warn_of_root(config: &Config) {
    let needs_root = config.routes.iter().any(|route| route.to.run_as.is_some());
    if !Uid::effective().is_root() || config.user.is_some() || needs_root {
        return;
    }
    let folder = config.data.display();
    tracing::warn!(
        "this post office works as root, so that a fault in it would be a fault of root; better: useradd --system facteur, \
         chown -R facteur: {folder}, and user = \"facteur\" at the top of the configuration"
    );
}

fn unknown(name: &str) -> Failure {
    Failure::new(say!(
        "the configuration says user = \"{name}\", and there is no such user on this machine but root; make one: useradd --system {name}",
        "la configuration dit user = \"{name}\", et cette machine n'a pas d'utilisateur de ce nom, hormis root ; créez-le : useradd --system {name}"
    ))
}

fn neither(name: &str, us: Uid) -> Failure {
    let us = users::named(us.as_raw()).unwrap_or_else(|| us.to_string());
    Failure::new(say!(
        "the configuration says user = \"{name}\", and {us} cannot become {name}; start Facteur as root or as {name}",
        "la configuration dit user = \"{name}\", et {us} ne peut pas devenir {name} ; lancez Facteur en root ou en {name}"
    ))
}

fn cannot(name: &str, why: &str) -> Failure {
    Failure::new(say!(
        "the rights of root cannot be given up for those of {name}: {why}",
        "impossible d'abandonner les droits de root pour ceux de {name} : {why}"
    ))
}
