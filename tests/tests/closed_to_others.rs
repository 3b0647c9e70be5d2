//! The data of a post office are its owner's alone, whoever made the folder, whichever command writes, and as which
//! user.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tests::{Dialogue, NOBODY, Office, OfficeBuilder, below, facteur, free_port, generated_letter, may_become_others};

/// Returns the files that others than the owner may read, write or enter, with their rights.
fn open_to_others(folder: &Path) -> Vec<(PathBuf, String)> {
    let rights = |path: &Path| std::fs::symlink_metadata(path).map(|about| (about.mode() & 0o777, about.file_type()));
    let all = below(folder).into_iter();
    let open = all.filter_map(|path| match rights(&path) {
        Ok((mode, kind)) if mode & 0o077 != 0 && !kind.is_symlink() => Some((path, format!("{mode:o}"))),
        _ => None,
    });
    open.collect()
}

/// Opens all files as `mkdir` and a umask of 022 leave them.
fn open_all(folder: &Path) {
    for path in below(folder) {
        let about = std::fs::symlink_metadata(&path).expect("there");
        let mode = if about.is_dir() { 0o755 } else { 0o644 };
        if !about.file_type().is_socket() {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("opened");
        }
    }
}

/// A letter whose body goes to a file of its own.
fn large_letter() -> Vec<u8> {
    let mut letter = generated_letter("large", "eve@elsewhere.test", "alice@alpha.test", 0);
    let mut word = 7_u64;
    while letter.len() < 400_000 {
        for _ in 0..60 {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            letter.push(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[(word >> 58) as usize]);
        }
        letter.extend_from_slice(b"\r\n");
    }
    letter
}

/// An office with a letter that is kept in a file of its own.
fn office_with_a_large_letter() -> Office {
    let office = OfficeBuilder::new("alpha.test").person("alice").prepare();
    let file = office.folder().join("large.eml");
    std::fs::write(&file, large_letter()).expect("written");
    office.command(&["import", "alice@alpha.test", &file.to_string_lossy()]);
    office
}

#[test]
fn data_that_were_open_to_others_are_closed_at_the_start_and_go_on_working() {
    let mut office = office_with_a_large_letter();
    open_all(&office.data());
    assert!(open_to_others(&office.data()).len() > 5, "the test has opened them");
    office.start();
    // The folder is closed before a door is open; the files deep in it follow.
    assert_eq!(std::fs::metadata(office.data()).expect("there").mode() & 0o777, 0o700);
    waiting::wait_until("the bodies are closed to others", || open_to_others(&office.data()).is_empty());
    assert!(office.log().contains("other users could look into"), "{}", office.log());
    assert_eq!(office.read(office.first(), "INBOX", 1).len(), 1);
    office.stop();
    open_all(&office.data());
    // A command that works on the data itself closes the files at hand.
    office.command(&["account", "list"]);
    let data = office.data();
    for path in [data.clone(), data.join("facteur.db"), data.join("facteur.lock")] {
        assert_eq!(std::fs::metadata(&path).expect("there").mode() & 0o077, 0, "{}", path.display());
    }
}

#[test]
fn a_folder_that_mkdir_made_is_closed_and_one_that_is_shared_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = folder.path().join("state");
    std::fs::create_dir(&made).expect("made");
    std::fs::set_permissions(&made, std::fs::Permissions::from_mode(0o755)).expect("opened");
    let add = |data: &Path| -> Output {
        let mut add = Command::new(facteur());
        add.args(["domain", "add", "alpha.test", "--data"]).arg(data).env("LANG", "C.UTF-8").output().expect("facteur")
    };
    assert!(add(&made).status.success());
    assert_eq!(open_to_others(&made), []);
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o1777)).expect("shared");
    let refused = add(folder.path());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("all users of this machine share"), "{said}");
    let there: Vec<_> = std::fs::read_dir(folder.path()).expect("read").flatten().map(|e| e.file_name()).collect();
    assert_eq!(there, ["state"], "nothing is made where it is refused");
}

#[test]
fn a_folder_that_another_user_must_close_is_refused_with_what_to_do() {
    if !may_become_others() {
        return;
    }
    let office = OfficeBuilder::new("alpha.test").prepare();
    office.open_to_others();
    open_all(&office.data());
    std::fs::set_permissions(office.data(), std::fs::Permissions::from_mode(0o777)).expect("opened");
    let mut serve = office.program(Some(NOBODY));
    let output =
        serve.args(["serve", "--config"]).arg(&office.config).env("LANG", "C.UTF-8").output().expect("facteur");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("only root, who owns it, can close it (chmod 700"), "{said}");
}

/// Each command of the program, with words to run it by; `OUT` is a folder for its files. `None`: `serve` and `demo`
/// run until they are stopped, and are tried by themselves.
const COMMANDS: &[(&str, &[&[&str]])] = &[
    ("serve", &[]),
    ("demo", &[]),
    ("domain", &[&["domain", "add", "beta.test"], &["domain", "list"], &["domain", "remove", "beta.test"]]),
    (
        "account",
        &[
            &["account", "add", "bob@alpha.test", "--generate"],
            &["account", "password", "bob@alpha.test", "--generate"],
        ],
    ),
    ("help", &[&["help"]]),
    ("alias", &[&["alias", "add", "info@alpha.test", "alice@alpha.test"], &["alias", "list"]]),
    ("group", &[&["group", "add", "all@alpha.test", "alice@alpha.test"], &["group", "list"]]),
    ("deny", &[&["deny", "add", "evil.test", "192.0.2.0/24"], &["deny", "list"], &["deny", "remove", "evil.test"]]),
    ("allow", &[&["allow", "add", "friend.test"], &["allow", "list"], &["allow", "remove", "friend.test"]]),
    ("limit", &[&["limit", "set", "mallory.test", "--letters", "3"], &["limit", "list"]]),
    ("copy", &[&["copy", "add", "--incoming", "alice@alpha.test"], &["copy", "list"]]),
    (
        "route",
        &[
            &["route", "add", "--to", "gamma.test", "127.0.0.1:1", "--user", "alpha", "--password-stdin"],
            &["route", "list"],
            &["route", "remove", "--to", "gamma.test"],
        ],
    ),
    ("queue", &[&["queue", "list"]]),
    (
        "fetch",
        &[
            &["fetch", "add", "imaps://a@127.0.0.1:1", "--to", "alice@alpha.test", "--password-stdin", "--untried"],
            &["fetch", "run", "--once", "imaps://a@127.0.0.1:1", "--to", "maildir:OUT/fetched", "--password-stdin"],
            &["fetch", "list"],
        ],
    ),
    ("hold", &[&["hold", "list"], &["hold", "show", "alice@alpha.test"]]),
    ("session", &[&["session", "list"]]),
    ("trace", &[&["trace", "alice@alpha.test"]]),
    ("send", &[&["send", "-f", "alice@alpha.test", "alice@alpha.test"]]),
    ("import", &[&["import", "alice@alpha.test", "OUT/large.eml"]]),
    (
        "export",
        &[
            &["export", "alice@alpha.test", "OUT/maildir"],
            &["export", "alice@alpha.test", "OUT/mbox", "--format", "mbox"],
            &["export", "alice@alpha.test", "OUT/eml", "--format", "eml"],
            &["export", "alice@alpha.test", "OUT/all.zip"],
            &["export", "alice@alpha.test", "OUT/all.tar.gz"],
        ],
    ),
    ("verify", &[&["verify"], &["verify", "--repair"]]),
];

/// The commands that `facteur --help` names.
fn commands_of_the_program() -> BTreeSet<String> {
    let help = Command::new(facteur()).arg("--help").env("LANG", "C.UTF-8").output().expect("facteur");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let list =
        help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1).take_while(|line| !line.is_empty());
    let name =
        |line: &str| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '))?.split(' ').next().map(Into::into);
    list.filter_map(name).collect()
}

/// Runs the program with a umask that takes nothing away.
fn with_open_umask(words: &[String], input: &[u8]) -> Output {
    use std::io::Write;
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 0; exec \"$0\" \"$@\""]).arg(facteur()).args(words).env("LANG", "C.UTF-8");
    let piped = || std::process::Stdio::piped();
    let mut child = shell.stdin(piped()).stdout(piped()).stderr(piped()).spawn().expect("sh");
    let _ = child.stdin.take().expect("piped").write_all(input);
    child.wait_with_output().expect("ended")
}

#[test]
fn no_command_makes_anything_that_others_can_read() {
    let known: BTreeSet<String> = COMMANDS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let there = commands_of_the_program();
    assert!(there.contains("serve") && there.contains("export"), "{there:?}");
    let untried: Vec<_> = there.difference(&known).collect();
    assert!(untried.is_empty(), "no words to try these commands with: {untried:?}");
    for serving in [false, true] {
        let mut office = OfficeBuilder::new("alpha.test").person("alice").prepare();
        if serving {
            office.start();
        }
        let out = office.folder().join("out");
        std::fs::create_dir(&out).expect("made");
        std::fs::write(out.join("large.eml"), large_letter()).expect("written");
        let before = below(&out);
        for words in COMMANDS.iter().filter(|(name, _)| there.contains(*name)).flat_map(|(_, all)| all.iter()) {
            let word = |word: &&str| word.replace("OUT", &out.to_string_lossy());
            let mut words: Vec<String> = words.iter().map(word).collect();
            words.extend(["--config".to_owned(), office.config.display().to_string()]);
            let output = with_open_umask(&words, b"Subject: hello\n\nDear Alice\n");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            // A server that is not there, and a letter whose way is not written down yet, are no faults of this test.
            let may_fail = words[1] == "run" || words[0] == "trace";
            assert!(output.status.success() || may_fail, "{words:?}: {said}");
        }
        assert_eq!(open_to_others(&office.data()), [], "serving: {serving}");
        let made: Vec<_> = open_to_others(&out).into_iter().filter(|(path, _)| !before.contains(path)).collect();
        assert_eq!(made, [], "serving: {serving}");
    }
}

#[test]
fn a_post_office_that_is_started_with_an_open_umask_makes_nothing_that_others_can_read() {
    let mut office = OfficeBuilder::new("alpha.test").person("alice").prepare();
    office.start();
    let mut session = Dialogue::open(office.ports.smtp).expect("open");
    session.reply().expect("greeted");
    session.ask("EHLO client.test").expect("answered");
    assert!(session.send("eve@elsewhere.test", "alice@alpha.test", &large_letter()).expect("answered"));
    assert_eq!(open_to_others(&office.data()), []);
    let status = std::fs::read_to_string(format!("/proc/{}/status", office.pid())).expect("status");
    assert_eq!(field(&status, "Umask"), "0077");
    assert_eq!(field(&status, "NoNewPrivs"), "1");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", office.pid())).expect("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit");
    let core: Vec<&str> = core.split_whitespace().collect();
    assert_eq!(core[4..6], ["0", "0"], "no core is written");
    office.stop();
}

fn field<'a>(status: &'a str, name: &str) -> &'a str {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.map(str::trim).unwrap_or_default()
}

#[test]
fn the_memory_of_a_post_office_cannot_be_read_by_other_programs_of_its_user() {
    if !may_become_others() {
        return;
    }
    let mut office = OfficeBuilder::new("alpha.test").prepare();
    office.give_to(NOBODY);
    office.start();
    // The memory of a process that may not be dumped belongs to root in /proc (proc(5)).
    let memory = format!("/proc/{}/mem", office.pid());
    assert_eq!(std::fs::metadata(&memory).expect("there").uid(), 0);
    let mut other = Command::new("sh");
    std::os::unix::process::CommandExt::uid(&mut other, NOBODY);
    let read = other.args(["-c", "exec 3<\"$0\""]).arg(&memory).output().expect("sh");
    assert!(!read.status.success(), "another program of the same user opens the memory");
}

#[test]
fn a_post_office_that_hands_letters_to_programs_lets_them_be_setuid_ones() {
    let route = "[[route]]\ndomain = \"piped.test\"\nto = \"command:/bin/cat\"\nuser = \"nobody\"\n";
    let mut office = OfficeBuilder::new("alpha.test").configure(route).prepare();
    if !may_become_others() {
        return;
    }
    office.start();
    let status = std::fs::read_to_string(format!("/proc/{}/status", office.pid())).expect("status");
    assert_eq!(field(&status, "NoNewPrivs"), "0", "procmail is a setuid program in Debian");
}

/// A port that only root opens.
fn low_port() -> u16 {
    (600..1000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port below 1024")
}

/// An office that root starts and `nobody` runs. Its data are still root's.
fn for_nobody() -> Office {
    let office = OfficeBuilder::new("alpha.test").smtp_port(low_port()).person("alice").prepare();
    let secret = office.folder().join("secret");
    std::fs::write(&secret, "pssst\n").expect("written");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).expect("closed");
    let toml = std::fs::read_to_string(&office.config).expect("read");
    let relay = free_port();
    let route =
        format!("\n[[route]]\ndomain = \"*\"\nto = \"127.0.0.1:{relay}\"\nuser = \"a\"\npassword_file = \"secret\"\n");
    std::fs::write(&office.config, format!("user = \"nobody\"\n{toml}{route}")).expect("written");
    office
}

#[test]
fn roots_rights_are_given_up_by_every_thread_once_the_doors_are_open() {
    if !may_become_others() {
        return;
    }
    let mut office = for_nobody();
    // The program does not change silently which data belong to whom.
    let refused = office.program(None).args(["serve", "--config"]).arg(&office.config).env("LANG", "C.UTF-8").output();
    let said = String::from_utf8_lossy(&refused.expect("facteur").stderr).into_owned();
    assert!(said.contains("chown -R nobody:"), "{said}");
    office.open_to_others();
    below(&office.data()).iter().for_each(|path| lchown(path, Some(NOBODY), Some(NOBODY)).expect("given"));
    for _ in 0..2 {
        office.start();
        must_be_nobody(office.pid());
        let mut session = Dialogue::open(office.ports.smtp).expect("the low port is open");
        session.reply().expect("greeted");
        session.ask("EHLO client.test").expect("answered");
        assert!(session.send("eve@elsewhere.test", "alice@alpha.test", &large_letter()).expect("answered"));
        office.command(&["account", "list"]);
        assert!(Command::new("kill").args(["-HUP", &office.pid().to_string()]).status().expect("kill").success());
        waiting::wait_until("the certificate is read", || office.log().contains("the certificate was read again"));
        office.stop();
        office.command(&["account", "list"]);
        assert_eq!(office.not_of(NOBODY), Vec::<PathBuf>::new());
    }
    assert_eq!(office.read_after_start(), 2);
}

fn must_be_nobody(pid: u32) {
    let mut threads = 0;
    for task in std::fs::read_dir(format!("/proc/{pid}/task")).expect("threads").flatten() {
        let Ok(status) = std::fs::read_to_string(task.path().join("status")) else { continue };
        let ids: BTreeSet<&str> = field(&status, "Uid").split_whitespace().collect();
        assert_eq!(ids, BTreeSet::from(["65534"]), "{status}");
        let ids: BTreeSet<&str> = field(&status, "Gid").split_whitespace().collect();
        assert_eq!(ids, BTreeSet::from(["65534"]), "{status}");
        for set in ["CapPrm", "CapEff", "CapInh", "CapAmb"] {
            assert_eq!(field(&status, set).trim_matches('0'), "", "{status}");
        }
        assert!(!field(&status, "Groups").split(' ').any(|group| group == "0"), "{status}");
        threads += 1;
    }
    assert!(threads > 2, "{threads}");
}

trait ReadAfterStart {
    fn read_after_start(&mut self) -> usize;
}

impl ReadAfterStart for Office {
    fn read_after_start(&mut self) -> usize {
        self.start();
        let letters = self.read(self.first(), "INBOX", 2).len();
        self.stop();
        letters
    }
}

#[test]
fn the_first_command_of_root_makes_a_folder_for_the_user_of_the_configuration() {
    if !may_become_others() {
        return;
    }
    let office = OfficeBuilder::new("alpha.test").prepare();
    let toml = std::fs::read_to_string(&office.config).expect("read");
    let fresh = office.folder().join("fresh");
    let data = format!("data = \"{}\"", office.data().display());
    let toml = toml.replace(&data, &format!("user = \"nobody\"\ndata = \"{}\"", fresh.display()));
    std::fs::write(&office.config, toml).expect("written");
    office.open_to_others();
    office.command(&["domain", "add", "beta.test"]);
    let foreign =
        below(&fresh).into_iter().filter(|path| std::fs::metadata(path).is_ok_and(|about| about.uid() != NOBODY));
    assert_eq!(foreign.collect::<Vec<_>>(), Vec::<PathBuf>::new());
    assert_eq!(open_to_others(&fresh), []);
    // Whoever is neither root nor that user says so.
    let output =
        office.program(Some(1)).args(["serve", "--config"]).arg(&office.config).env("LANG", "C.UTF-8").output();
    let said = String::from_utf8_lossy(&output.expect("facteur").stderr).into_owned();
    assert!(said.contains("start Facteur as root or as nobody"), "{said}");
}
