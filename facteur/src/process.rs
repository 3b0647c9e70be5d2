//! Limits what other processes see of this one. Letters and passwords pass through its memory and its files.

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setrlimit, umask};

/// Closes the process to others. It is the first call in `main`, whatever the command: files that are made from now
/// on are their owner's alone, and the memory is written to no file when the program crashes, nor read by other
/// programs of the same user.
pub fn close_to_others() {
    umask(Mode::RWXG | Mode::RWXO);
    // A system that does not let us is no reason not to work.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    no_dumps();
}

/// Also to be called when the rights have changed: the system then takes its own setting (prctl(2)).
pub fn no_dumps() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Makes sure that no program gains rights by being setuid, if this thread starts it from now on, or a thread that it
/// starts later. Call it before there are other threads. It is not for a post office that hands letters to programs:
/// Debian's procmail and maildrop are setuid and setgid programs, and write to `/var/mail` by that.
pub fn no_new_privileges() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::set_no_new_privs(true);
}
