//! Finds the user of this machine as whom a letter is handed on.

use mail::Enhanced;
use nix::unistd::{Uid, User};

use super::transaction::Fate;
use crate::queue::Said;
use crate::route::{People, Person, Route, RunAs, Target};

/// The reason why letters of a route cannot be handed on as things are; the administrator must act.
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

/// Checks that a process of the user with this number can run, or write to, the target of this route. This is asked at
/// the start, so that nobody finds out by letters that wait.
pub fn check(route: &Route, us: u32) -> Result<(), RunAsFault> {
    if !matches!(route.to, Target::Program(_) | Target::Maildir(_)) {
        return Ok(());
    }
    let us = Uid::from_raw(us);
    let Some(run_as) = &route.run_as else {
        return if us.is_root() { Err(RunAsFault::NoUser) } else { Ok(()) };
    };
    if run_as.user.has_names() {
        return if us.is_root() { Ok(()) } else { Err(RunAsFault::NotRoot) };
    }
    let name = run_as.user.to_string();
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
    /// Returns the user that `run_as` names for this person; without it the one Facteur runs as, which must not be
    /// root: a stranger's letter is never handled with its rights. A user whom the address names is one of the
    /// people.
    pub async fn of(run_as: Option<&RunAs>, person: &Person) -> Result<Self, Fate> {
        let wanted = match run_as {
            None => Wanted::Ourselves,
            Some(run_as) => match run_as.user.word(person) {
                Ok(name) if run_as.user.has_names() => Wanted::Recipient(name, run_as.people.clone()),
                Ok(name) => Wanted::Named(name),
                Err(unfit) => return Err(Fate::Never(Said::ours(Enhanced(5, 1, 3), unfit.to_string()))),
            },
        };
        // Names may come from the network (LDAP): not on a thread that serves.
        let found = tokio::task::spawn_blocking(move || find(wanted));
        found.await.unwrap_or_else(|panicked| Err(later(panicked.to_string())))
    }
}

/// The user whose rights a letter is handed on with.
enum Wanted {
    /// Facteur's own user.
    Ourselves,
    /// The user whom the configuration names.
    Named(String),
    /// The user whom the address names, if it is one of these people.
    Recipient(String, People),
}

fn find(wanted: Wanted) -> Result<Account, Fate> {
    let us = Uid::effective();
    match wanted {
        Wanted::Ourselves if us.is_root() => {
            Err(later("Facteur runs as root, and hands nothing on as root: the route needs user = \"…\""))
        }
        Wanted::Ourselves => {
            let user = User::from_uid(us).ok().flatten();
            Ok(user.map_or_else(|| nameless(us), |user| account(&user, us)))
        }
        // If the configuration names a user who is not there, that is ours to mend.
        Wanted::Named(name) => look_up(&name, us)?.ok_or_else(|| later(nobody_of(&name))),
        Wanted::Recipient(name, people) => {
            let found = look_up(&name, us)?.ok_or_else(|| never(nobody_of(&name)))?;
            if people.include(found.uid) { Ok(found) } else { Err(no_person(&name, found.uid, &people)) }
        }
    }
}

fn look_up(name: &str, us: Uid) -> Result<Option<Account>, Fate> {
    match User::from_name(name) {
        Ok(Some(user)) if user.uid.is_root() => Err(never(format!("letters for {name} are not handed on here"))),
        Ok(Some(user)) if user.uid != us && !us.is_root() => {
            Err(later(format!("Facteur must run as root to hand letters on as {name}")))
        }
        Ok(user) => Ok(user.map(|user| account(&user, us))),
        Err(error) => Err(later(format!("the user {name} cannot be looked up: {error}"))),
    }
}

fn nobody_of(name: &str) -> String {
    format!("there is no user {name} on this machine")
}

/// The sender is told what they are told of root; the administrator, which setting decides about it.
fn no_person(name: &str, uid: u32, people: &People) -> Fate {
    tracing::warn!(
        "letters for {name} are returned: user {uid} is not one of the people ({} to {}); smallest_uid and largest_uid of \
         the [[route]] say who is",
        people.smallest(),
        people.largest()
    );
    never(format!("letters for {name} are not handed on here"))
}

fn never(text: impl AsRef<str>) -> Fate {
    Fate::Never(Said::ours(Enhanced(5, 1, 1), text))
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

#[cfg(test)]
mod tests {
    use mail::{Address, ReturnPath};

    use super::*;

    async fn of(user: &str, run_as: &RunAs) -> Result<Account, Fate> {
        let address = Address::parse(&format!("{user}+x@alpha.test")).unwrap();
        Account::of(Some(run_as), &Person::new(&address, &ReturnPath::Null)).await
    }

    fn is_returned(outcome: Result<Account, Fate>) -> bool {
        matches!(outcome, Err(Fate::Never(said)) if said.status == Enhanced(5, 1, 1))
    }

    /// Every user of this machine that an address can name.
    fn users() -> Vec<(String, u32)> {
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
        let user = |line: &str| {
            let mut parts = line.split(':');
            Some((parts.next()?.to_owned(), parts.nth(1)?.parse().ok()?))
        };
        passwd.lines().filter_map(user).filter(|(name, _): &(String, u32)| *name == name.to_lowercase()).collect()
    }

    #[tokio::test]
    async fn no_system_user_gets_letters_because_a_stranger_wrote_to_it() {
        if !Uid::effective().is_root() {
            return;
        }
        let by_address = RunAs::parse("$USER").unwrap();
        let users = users();
        assert!(users.iter().any(|(_, uid)| *uid > 0 && *uid < 1000), "this machine has users for its services");
        assert!(users.iter().any(|(_, uid)| *uid == 65_534), "this machine has a nobody");
        for (name, uid) in users {
            let outcome = of(&name, &by_address).await;
            match (1000..=61_183).contains(&uid) {
                true => assert!(outcome.is_ok_and(|account| account.uid == uid), "{name}"),
                false => assert!(is_returned(outcome), "{name}, who is user {uid}"),
            }
        }
    }

    #[tokio::test]
    async fn the_configuration_says_who_is_a_person_and_may_name_a_user_of_a_service_itself() {
        if !Uid::effective().is_root() {
            return;
        }
        let daemons = RunAs { people: People::of(1, 70_000), ..RunAs::parse("$USER").unwrap() };
        assert!(of("daemon", &daemons).await.is_ok_and(|account| account.uid == 1));
        assert!(is_returned(of("nobody", &daemons).await), "nobody is never a person");
        assert!(is_returned(of("root", &daemons).await));
        let named = RunAs::parse("daemon").unwrap();
        assert!(of("alice", &named).await.is_ok_and(|account| account.uid == 1));
    }
}
