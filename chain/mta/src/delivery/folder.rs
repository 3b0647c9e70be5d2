//! Into a Maildir, as the user it belongs to.

use std::path::Path;

use mail::{Enhanced, Timestamp};
use maildir::{Delivery, Error, Maildir};
use nix::unistd::{Gid, Uid, setfsgid, setfsuid};

use super::account::Account;
use super::transaction::Fate;
use crate::queue::Said;

/// Puts a letter into the Maildir at `path`; when this gives `Taken`, it is on the disk. A letter of this name that is
/// there already is not written again. Only whoever has a folder gets letters: strangers make none by writing to it.
pub async fn put(path: String, account: Account, name: String, letter: Vec<u8>, received: Timestamp) -> Fate {
    let (done, fate) = tokio::sync::oneshot::channel();
    // A thread of its own: the rights it takes on are the thread's, and end with it.
    let thread = std::thread::Builder::new().name("maildir".into()).spawn(move || {
        let fate = as_user(&account, || write(&path, &name, &letter, received));
        let _ = done.send(fate);
    });
    if let Err(error) = thread {
        return Fate::Later(Said::ours(Enhanced(4, 3, 0), format!("no thread to write with: {error}")));
    }
    fate.await.unwrap_or_else(|_| Fate::Later(Said::ours(Enhanced(4, 3, 0), "the letter could not be written")))
}

/// Works on files with the rights of the user, and no others: the files in their folders are theirs, links included.
fn as_user(account: &Account, work: impl FnOnce() -> Fate) -> Fate {
    if account.is_us {
        return work();
    }
    let refused = |what: &str| {
        Fate::Later(Said::ours(Enhanced(4, 3, 5), format!("cannot take on the rights of user {}: {what}", account.uid)))
    };
    if let Err(error) = rustix::thread::set_thread_groups(&[]) {
        return refused(&error.to_string());
    }
    let (gid, uid) = (Gid::from_raw(account.gid), Uid::from_raw(account.uid));
    setfsgid(gid);
    setfsuid(uid);
    // Both calls give what was before, and no errors: asked again, they say whether it is so now (setfsuid(2)).
    if setfsgid(gid) != gid || setfsuid(uid) != uid {
        return refused("not allowed");
    }
    work()
}

fn write(path: &str, name: &str, letter: &[u8], received: Timestamp) -> Fate {
    let maildir = Maildir::at(path);
    let made = match std::fs::metadata(path) {
        Ok(there) if there.is_dir() => make(&maildir, Path::new(path)),
        Ok(_) => return Fate::Later(Said::by(Enhanced(4, 3, 5), "it is no folder", path)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Fate::Never(Said::by(
                Enhanced(5, 1, 1),
                "nobody here has this address: there is no such folder",
                path,
            ));
        }
        Err(error) => return Fate::Later(Said::by(Enhanced(4, 2, 0), error.to_string(), path)),
    };
    let delivered = made.and_then(|()| maildir.deliver(None, &Delivery::new(letter, received).called(name)));
    match delivered {
        Ok(file) => Fate::Taken(Said::by(Enhanced(2, 1, 5), format!("it is there as {}", file_name(&file)), path)),
        Err(error) if error.is_temporary() => {
            let status = if matches!(error, Error::Full(_)) { Enhanced(4, 2, 2) } else { Enhanced(4, 2, 0) };
            Fate::Later(Said::by(status, error.to_string(), path))
        }
        Err(error) => Fate::Never(Said::by(Enhanced(5, 2, 0), error.to_string(), path)),
    }
}

/// An empty folder becomes a Maildir; one with other things in it does not.
fn make(maildir: &Maildir, path: &Path) -> Result<(), Error> {
    let is_empty = std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    // Made by somebody who died in the middle of it, perhaps.
    let is_begun = ["tmp", "new", "cur"].iter().any(|part| path.join(part).is_dir());
    if is_empty || is_begun { maildir.create() } else { Ok(()) }
}

fn file_name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
