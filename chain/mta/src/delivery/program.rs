//! Hands letters to a program: procmail, maildrop, or any other that reads a letter and says by its exit status what
//! became of it.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use std::os::unix::process::ExitStatusExt;

use mail::{Enhanced, ReturnPath, Timestamp};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::account::Account;
use super::transaction::Fate;
use crate::queue::Said;
use crate::route::{Person, Program};

/// The size up to which a program's words are kept; the rest is read and thrown away, so that it can go on.
const MOST_SAID: usize = 2000;
/// The time for which the pipes of a program that has ended are read on: another program that it started may hold
/// them open for ever.
const AFTER_THE_END: Duration = Duration::from_secs(1);

/// Gives the letter to the program, and waits for its end.
pub async fn run(program: &Program, account: &Account, person: &Person, letter: Vec<u8>, most: Duration) -> Fate {
    let by = program.path();
    let words = match program.words(person) {
        Ok(words) => words,
        Err(unfit) => return Fate::Never(Said::ours(Enhanced(5, 1, 3), unfit.to_string())),
    };
    let mut child = match start(program, &words, account, person) {
        Ok(child) => child,
        // Missing, not executable, no memory: all ours to mend.
        Err(error) => return Fate::Later(Said::by(Enhanced(4, 3, 5), format!("it cannot be started: {error}"), by)),
    };
    let group = Group::of(&child);
    match tokio::time::timeout(most, talk(&mut child, letter)).await {
        Ok(Ok((status, said))) => {
            group.ended();
            judge(status, &said, by)
        }
        Ok(Err(error)) => Fate::Later(Said::by(Enhanced(4, 3, 0), format!("it cannot be waited for: {error}"), by)),
        Err(_) => {
            let text = format!("it did not end within {} seconds and was killed", most.as_secs());
            Fate::Later(Said::by(Enhanced(4, 3, 0), text, by))
        }
    }
}

/// The processes of a program; dropping the group before the program has ended kills them, whoever stops waiting.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
    }

    /// Notes that the program ended by itself: the processes that it has left in the background are its own affair.
    fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Without a shell, with nothing of our environment, our files or our rights.
fn start(program: &Program, words: &[String], account: &Account, person: &Person) -> io::Result<Child> {
    let mut command = Command::new(program.path());
    command.args(words).env_clear().envs(environment(account, person)).current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true);
    if !account.is_us {
        // The child has a user of its own, and so loses our supplementary groups.
        command.uid(account.uid).gid(account.gid);
    }
    command.spawn()
}

/// Returns the variables of Postfix's local(8). A value from outside is made harmless to a shell that reads it
/// without quotation marks: there it is an old habit.
fn environment(account: &Account, person: &Person) -> Vec<(&'static str, String)> {
    let mut variables = vec![
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("HOME", account.home.clone()),
        ("SHELL", account.shell.clone()),
    ];
    let outside = [
        ("SENDER", &person.sender),
        ("RECIPIENT", &person.recipient),
        ("ORIGINAL_RECIPIENT", &person.recipient),
        ("USER", &person.user),
        ("LOGNAME", &person.user),
        ("LOCAL", &person.local),
        ("EXTENSION", &person.extension),
        ("DOMAIN", &person.domain),
    ];
    variables.extend(outside.map(|(name, value)| (name, harmless(value))));
    variables.extend(std::env::var("TZ").ok().map(|zone| ("TZ", zone)));
    variables
}

fn harmless(value: &str) -> String {
    value.chars().map(|c| if c.is_alphanumeric() || "!@%-_=+:,./".contains(c) { c } else { '_' }).collect()
}

/// Writes the letter while it reads what is said: else both could wait for each other.
async fn talk(child: &mut Child, letter: Vec<u8>) -> io::Result<(ExitStatus, String)> {
    let stdin = child.stdin.take();
    let feed = async move {
        if let Some(mut stdin) = stdin {
            // A program may end without having read all: its exit status is what counts.
            let _ = stdin.write_all(&letter).await;
            let _ = stdin.shutdown().await;
        }
    };
    let (mut said, mut complained) = (Vec::new(), Vec::new());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let status = {
        let reading = async { tokio::join!(hear(stdout, &mut said), hear(stderr, &mut complained), feed) };
        tokio::pin!(reading);
        let mut heard = false;
        let status = loop {
            tokio::select! {
                status = child.wait() => break status?,
                _ = &mut reading, if !heard => heard = true,
            }
        };
        if !heard {
            let _ = tokio::time::timeout(AFTER_THE_END, reading).await;
        }
        status
    };
    // The words on standard error say what went wrong.
    complained.extend_from_slice(b"\n");
    complained.append(&mut said);
    Ok((status, String::from_utf8_lossy(&complained).trim().to_owned()))
}

async fn hear(pipe: Option<impl AsyncRead + Unpin>, said: &mut Vec<u8>) {
    let Some(mut pipe) = pipe else { return };
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
        let room = MOST_SAID.saturating_sub(said.len());
        said.extend_from_slice(&buffer[..count.min(room)]);
    }
}

/// Reads the exit status in the words of `sysexits.h`. A fault that the administrator can mend is tried again; a
/// decision of the program about this letter is final. A program that was killed has decided nothing.
fn judge(status: ExitStatus, said: &str, by: &str) -> Fate {
    let Some(code) = status.code() else {
        let signal = status.signal().unwrap_or_default();
        return Fate::Later(Said::by(Enhanced(4, 3, 0), told(format!("it was ended by signal {signal}"), said), by));
    };
    if code == 0 {
        return Fate::Taken(Said::by(Enhanced(2, 0, 0), told("taken".to_owned(), said), by));
    }
    let (name, later, status) = meaning(code);
    let text = told(format!("it ended with status {code}{name}"), said);
    if later { Fate::Later(Said::by(status, text, by)) } else { Fate::Never(Said::by(status, text, by)) }
}

fn told(what: String, said: &str) -> String {
    if said.is_empty() { what } else { format!("{what}: {said}") }
}

fn meaning(code: i32) -> (&'static str, bool, Enhanced) {
    match code {
        64 => (" (usage)", false, Enhanced(5, 3, 5)),
        65 => (" (the letter is malformed)", false, Enhanced(5, 6, 0)),
        66 => (" (no input)", false, Enhanced(5, 3, 0)),
        67 => (" (no such user)", false, Enhanced(5, 1, 1)),
        68 => (" (no such host)", false, Enhanced(5, 1, 2)),
        69 => (" (unavailable)", false, Enhanced(5, 3, 0)),
        70 => (" (software error)", true, Enhanced(4, 3, 0)),
        71 => (" (system error)", true, Enhanced(4, 3, 0)),
        72 => (" (a system file is missing)", true, Enhanced(4, 3, 5)),
        73 => (" (a file cannot be made)", true, Enhanced(4, 2, 0)),
        74 => (" (input or output failed)", true, Enhanced(4, 3, 0)),
        75 => (" (later)", true, Enhanced(4, 3, 0)),
        76 => (" (protocol error)", false, Enhanced(5, 5, 0)),
        77 => (" (not permitted)", false, Enhanced(5, 7, 0)),
        78 => (" (set up wrongly)", true, Enhanced(4, 3, 5)),
        // A shell returns these when it cannot run or find a program.
        126 | 127 => (" (not found or not executable)", true, Enhanced(4, 3, 5)),
        _ => ("", false, Enhanced(5, 3, 0)),
    }
}

/// The letter with Unix line ends, and behind a `From ` line if the program wants one.
pub fn as_pipes_have_it(letter: &[u8], from_line: Option<&ReturnPath>, now: Timestamp) -> Vec<u8> {
    let mut text = Vec::with_capacity(letter.len() + 100);
    if let Some(sender) = from_line {
        let sender = sender.address().map_or_else(|| "MAILER-DAEMON".to_owned(), ToString::to_string);
        // A blank would end the address.
        text.extend_from_slice(format!("From {} {}\n", sender.replace(' ', "_"), now.asctime()).as_bytes());
    }
    let mut rest = letter;
    while let Some(at) = memchr::memmem::find(rest, b"\r\n") {
        text.extend_from_slice(&rest[..at]);
        text.push(b'\n');
        rest = &rest[at + 2..];
    }
    text.extend_from_slice(rest);
    text
}

#[cfg(test)]
mod tests {
    use mail::Address;

    use super::*;

    #[test]
    fn a_letter_goes_through_a_pipe_with_unix_line_ends() {
        let from = ReturnPath::Address(Address::parse("\"a b\"@alpha.test").unwrap());
        let at = Timestamp::from_seconds(1_795_501_377);
        assert_eq!(as_pipes_have_it(b"A: b\r\n\r\nx\ry\n\r\n", None, at), b"A: b\n\nx\ry\n\n");
        let text = as_pipes_have_it(b"A: b\r\n", Some(&from), at);
        assert_eq!(String::from_utf8(text).unwrap(), "From \"a_b\"@alpha.test Tue Nov 24 06:22:57 2026\nA: b\n");
        let text = as_pipes_have_it(b"", Some(&ReturnPath::Null), at);
        assert!(text.starts_with(b"From MAILER-DAEMON Tue Nov"));
    }

    #[test]
    fn what_a_stranger_wrote_means_nothing_to_a_shell() {
        assert_eq!(harmless("a b;`$(x)'\"\n*"), "a_b____x_____");
        assert_eq!(harmless("josé+x@alpha.test"), "josé+x@alpha.test");
    }

    #[test]
    fn an_exit_status_says_whether_the_letter_is_there_comes_later_or_comes_back() {
        let judged = |code: i32| match judge(ExitStatus::from_raw(code << 8), "words", "/bin/x") {
            Fate::Taken(said) => format!("taken {}", said.status),
            Fate::Later(said) => format!("later {}", said.status),
            Fate::Never(said) => format!("never {}", said.status),
            _ => "?".into(),
        };
        for (code, fate) in [
            (0, "taken 2.0.0"),
            (1, "never 5.3.0"),
            (65, "never 5.6.0"),
            (67, "never 5.1.1"),
            (73, "later 4.2.0"),
            (75, "later 4.3.0"),
            (77, "never 5.7.0"),
            (78, "later 4.3.5"),
            (127, "later 4.3.5"),
        ] {
            assert_eq!(judged(code), fate, "{code}");
        }
        let killed = judge(ExitStatus::from_raw(9), "", "/bin/x");
        assert!(matches!(killed, Fate::Later(said) if said.text == "it was ended by signal 9"));
    }
}
