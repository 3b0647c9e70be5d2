//! As which user of this machine a letter is handed on.

use mail::Enhanced;
use nix::unistd::{Uid, User};

use super::transaction::Fate;
use crate::queue::Said;
use crate::route::{Person, Route, Target, Template};

/// Why letters of a route cannot be handed on as things are; the administrator must act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunAsFault {
    /// Facteur is root, and the route says no user.
    NoUser,
    /// Only root can become somebody else.
    NotRoot,
    /// No such user on this machine.
    Unknown(String),
    /// It is root.
    Root,
}

/// Can what this route leads to be run, or written to, by this process? Asked at the start, so that nobody finds out by
/// letters that wait.
pub fn check(route: &Route) -> Result<(), RunAsFault> {
    if !matches!(route.to, Target::Program(_) | Target::Maildir(_)) {
        return Ok(());
    }
    let us = Uid::effective();
    let Some(run_as) = &route.run_as else {
        return if us.is_root() { Err(RunAsFault::NoUser) } else { Ok(()) };
    };
    if run_as.has_names() {
        return if us.is_root() { Ok(()) } else { Err(RunAsFault::NotRoot) };
    }
    let name = run_as.to_string();
    match User::from_name(&name).ok().flatten() {
        None => Err(RunAsFault::Unknown(name)),
        Some(user) if user.uid.is_root() => Err(RunAsFault::Root),
        Some(user) if user.uid != us && !us.is_root() => Err(RunAsFault::NotRoot),
        Some(_) => Ok(()),
    }
}

/// A user of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
    pub home: String,
    pub shell: String,
    /// We are this user already.
    pub is_us: bool,
}

impl Account {
    /// The user that `run_as` names for this person; without it the one Facteur runs as, which must not be root: what a
    /// stranger writes is never handled with its rights.
    pub async fn of(run_as: Option<&Template>, person: &Person) -> Result<Self, Fate> {
        let name = match run_as {
            None => None,
            Some(template) => match template.word(person) {
                Ok(name) => Some((name, template.has_names())),
                Err(unfit) => return Err(Fate::Never(Said::ours(Enhanced(5, 1, 3), unfit.to_string()))),
            },
        };
        // Names may come from the network (LDAP): not on a thread that serves.
        let found = tokio::task::spawn_blocking(move || find(name));
        found.await.unwrap_or_else(|panicked| Err(later(panicked.to_string())))
    }
}

fn find(name: Option<(String, bool)>) -> Result<Account, Fate> {
    let us = Uid::effective();
    let Some((name, is_recipient)) = name else {
        if us.is_root() {
            return Err(later("Facteur runs as root, and hands nothing on as root: the route needs user = \"…\""));
        }
        let user = User::from_uid(us).ok().flatten();
        return Ok(user.map_or_else(|| nameless(us), |user| account(&user, us)));
    };
    match User::from_name(&name) {
        Ok(Some(user)) if user.uid.is_root() => {
            Err(Fate::Never(Said::ours(Enhanced(5, 1, 1), format!("letters for {name} are not handed on here"))))
        }
        Ok(Some(user)) if user.uid != us && !us.is_root() => {
            Err(later(format!("Facteur must run as root to hand letters on as {name}")))
        }
        Ok(Some(user)) => Ok(account(&user, us)),
        Ok(None) if is_recipient => {
            Err(Fate::Never(Said::ours(Enhanced(5, 1, 1), format!("there is no user {name} on this machine"))))
        }
        // Named by the configuration: ours to mend.
        Ok(None) => Err(later(format!("there is no user {name} on this machine"))),
        Err(error) => Err(later(format!("the user {name} cannot be looked up: {error}"))),
    }
}

fn account(user: &User, us: Uid) -> Account {
    Account {
        uid: user.uid.as_raw(),
        gid: user.gid.as_raw(),
        home: user.dir.to_string_lossy().into_owned(),
        shell: user.shell.to_string_lossy().into_owned(),
        is_us: user.uid == us,
    }
}

/// A user without an entry, as in many containers.
fn nameless(us: Uid) -> Account {
    let gid = nix::unistd::Gid::effective().as_raw();
    Account { uid: us.as_raw(), gid, home: "/".into(), shell: "/bin/sh".into(), is_us: true }
}

fn later(text: impl AsRef<str>) -> Fate {
    Fate::Later(Said::ours(Enhanced(4, 3, 5), text))
}
