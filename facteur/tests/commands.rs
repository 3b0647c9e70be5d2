//! Runs the commands as a person or a script does: checks what they print, and how they end.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A post office in a folder of its own.
struct Desk {
    folder: TempDir,
    language: &'static str,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let desk = Self { folder, language: "C.UTF-8" };
        desk.configure("hostname = \"mail.alpha.test\"\ndata = \"data\"\n");
        desk
    }

    /// Makes a post office with alpha.test, where Alice lives.
    fn with_alice() -> Self {
        let desk = Self::new();
        desk.done(&["domain", "add", "alpha.test"]);
        desk.ask(&["account", "add", "alice@alpha.test", "--password-stdin"], "le mot de passe d'alice\n").must(0);
        desk
    }

    fn in_french(self) -> Self {
        Self { language: "fr_FR.UTF-8", ..self }
    }

    fn configure(&self, toml: &str) {
        std::fs::write(self.path("facteur.toml"), toml).expect("the configuration is written");
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn ask(&self, words: &[&str], input: &str) -> Said {
        run(words, Some(&self.path("facteur.toml")), self.language, input)
    }

    fn done(&self, words: &[&str]) -> String {
        self.ask(words, "").must(0).out
    }
}

struct Said {
    status: i32,
    out: String,
    err: String,
}

impl Said {
    #[track_caller]
    fn must(self, status: i32) -> Self {
        assert_eq!(self.status, status, "it said:\n{}\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    fn telling(self, text: &str) -> Self {
        assert!(self.err.contains(text), "it said: {}", self.err);
        self
    }
}

fn run(words: &[&str], config: Option<&Path>, language: &str, input: &str) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_facteur"));
    command.args(words).env_clear().env("LANG", language);
    if let Some(config) = config {
        command.arg("--config").arg(config);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("facteur starts");
    // The command may end without reading its input; that is its right.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().expect("facteur ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what a person reads is UTF-8");
    Said { status: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
}

#[test]
fn wrong_usage_ends_with_2_and_in_send_with_64() {
    for words in [&["serv"][..], &["domain"], &["domain", "add"], &["account", "add", "alice"], &["queue", "drop"]] {
        assert_eq!(run(words, None, "C", "").status, 2, "{words:?}");
    }
    run(&["send", "--nonsense"], None, "C", "").must(64);
}

#[test]
fn what_is_not_an_address_or_a_domain_is_told_how_to_write_one() {
    run(&["domain", "add", "a b"], None, "C", "").must(2).telling("a domain is written like alpha.test");
    run(&["account", "add", "alice"], None, "fr", "").must(2).telling("une adresse s'écrit comme alice@alpha.test");
}

#[test]
fn help_is_an_answer_in_the_language_of_the_person() {
    let english = run(&["--help"], None, "C", "").must(0).out;
    assert!(english.contains("A whole mail server") && english.contains("Usage:"), "{english}");
    let french = run(&["account", "--help"], None, "fr_CA.UTF-8", "").must(0).out;
    assert!(french.contains("Utilisation\u{202f}:") && french.contains("Donner une boîte à quelqu'un"), "{french}");
}

#[test]
fn commands_that_do_not_exist_yet_are_not_in_the_help() {
    let help = run(&["--help"], None, "C", "").must(0).out;
    for word in ["restore", "backup", "doctor"] {
        assert!(!help.contains(word), "{help}");
    }
}

#[test]
fn a_broken_configuration_ends_with_1_and_names_file_line_key_and_the_nearest_key() {
    let desk = Desk::new();
    desk.configure("hostname = \"mail.alpha.test\"\n[listen]\nimapz = []\n");
    let said = desk.ask(&["domain", "list"], "").must(1);
    let said = said.telling("facteur.toml:3: \"imapz\" is not a setting of [listen]; did you mean \"imaps\"?");
    assert_eq!(said.out, "");
    desk.ask(&["send", "bob@beta.test"], "hello").must(78);
    run(&["domain", "list"], Some(Path::new("/nowhere/facteur.toml")), "C", "")
        .must(1)
        .telling("/nowhere/facteur.toml");
}

#[test]
fn domains_are_added_listed_and_removed() {
    let desk = Desk::new();
    desk.done(&["domain", "add", "Alpha.test"]);
    desk.done(&["domain", "add", "bücher.example"]);
    let list: serde_json::Value = serde_json::from_str(&desk.done(&["domain", "list", "--json"])).expect("JSON");
    let names: Vec<&str> = list.as_array().expect("a list").iter().filter_map(|d| d["domain"].as_str()).collect();
    assert_eq!(names, ["alpha.test", "xn--bcher-kva.example"]);
    assert!(desk.done(&["domain", "list"]).contains("bücher.example"), "a person reads the name as it is written");
    desk.ask(&["domain", "add", "alpha.test"], "").must(1).telling("alpha.test");
    desk.done(&["domain", "remove", "alpha.test"]);
    desk.ask(&["domain", "remove", "alpha.test"], "").must(1).telling("alpha.test");
}

#[test]
fn people_are_added_listed_and_removed() {
    let desk = Desk::with_alice();
    let list: serde_json::Value = serde_json::from_str(&desk.done(&["account", "list", "--json"])).expect("JSON");
    assert_eq!(list[0]["address"], "alice@alpha.test");
    assert!(list[0].get("password").is_none());
    desk.ask(&["account", "add", "alice@alpha.test", "--generate"], "").must(1).telling("alice@alpha.test");
    desk.ask(&["account", "add", "bob@beta.test", "--generate"], "").must(1).telling("facteur domain add beta.test");
    desk.ask(&["domain", "remove", "alpha.test"], "").must(1).telling("alpha.test");
    desk.done(&["account", "remove", "alice@alpha.test", "--yes"]);
    desk.done(&["domain", "remove", "alpha.test"]);
}

#[test]
fn a_password_that_is_too_short_is_refused_with_the_reason() {
    let desk = Desk::with_alice();
    desk.ask(&["account", "password", "alice@alpha.test", "--password-stdin"], "short\n").must(1).telling("8");
    desk.ask(&["account", "password", "alice@alpha.test", "--password-stdin"], "").must(1);
}

#[test]
fn a_made_up_password_is_printed_alone_so_that_a_script_can_keep_it() {
    let desk = Desk::with_alice();
    let password = desk.done(&["account", "password", "alice@alpha.test", "--generate"]);
    assert_eq!(password.trim().len(), 24, "{password}");
}

#[test]
fn removing_a_person_asks_first() {
    let desk = Desk::with_alice();
    desk.ask(&["account", "remove", "alice@alpha.test"], "no\n").must(1);
    assert!(desk.done(&["account", "list"]).contains("alice@alpha.test"));
}

#[test]
fn aliases_are_added_listed_and_removed() {
    let desk = Desk::with_alice();
    desk.done(&["alias", "add", "team@alpha.test", "alice@alpha.test", "bob@beta.test"]);
    desk.ask(&["alias", "add", "a@alpha.test", "ghost@alpha.test"], "").must(1).telling("ghost@alpha.test");
    desk.done(&["alias", "add", "*@alpha.test", "alice@alpha.test"]);
    let list: serde_json::Value = serde_json::from_str(&desk.done(&["alias", "list", "--json"])).expect("JSON");
    assert_eq!(list.as_array().map(Vec::len), Some(2));
    let team = list.as_array().and_then(|all| all.iter().find(|a| a["alias"] == "team@alpha.test")).expect("team");
    assert_eq!(team["targets"], serde_json::json!(["alice@alpha.test", "bob@beta.test"]));
    desk.done(&["alias", "remove", "team@alpha.test", "bob@beta.test"]);
    assert!(!desk.done(&["alias", "list"]).contains("bob@beta.test"));
    desk.done(&["alias", "remove", "team@alpha.test"]);
    desk.ask(&["alias", "remove", "team@alpha.test"], "").must(1).telling("team@alpha.test");
    desk.ask(&["alias", "add", "nonsense", "alice@alpha.test"], "").must(2).telling("nonsense");
}

#[test]
fn send_ends_with_what_callers_of_sendmail_know() {
    let desk = Desk::with_alice();
    let letter = "From: alice@alpha.test\nTo: alice@alpha.test\nSubject: hello\n\nHello.\n";
    desk.ask(&["send", "-t", "-i"], letter).must(0);
    desk.ask(&["send", "alice@alpha.test"], "").must(66);
    desk.ask(&["send"], letter).must(64).telling("-t");
    desk.ask(&["send", "-t"], "Subject: x\n\nhello\n").must(64);
    desk.ask(&["send", "alice@alpha..test"], letter).must(65).telling("alpha..test");
    desk.ask(&["send", "nobody@alpha.test"], letter).must(67).telling("nobody@alpha.test");
    desk.ask(&["send", "-bp"], "").must(64).telling("queue list");
}

#[test]
fn send_to_elsewhere_waits_in_the_queue_until_the_post_office_runs() {
    let desk = Desk::with_alice();
    desk.ask(&["send", "-f", "alice@alpha.test", "bob@beta.test"], "Subject: hello\n\nHello.\n").must(0);
    let list: serde_json::Value = serde_json::from_str(&desk.done(&["queue", "list", "--json"])).expect("JSON");
    assert!(list.to_string().contains("bob@beta.test"), "{list}");
    desk.done(&["queue", "hold", "--all"]);
    desk.done(&["queue", "release", "--to", "beta.test"]);
    desk.done(&["queue", "drop", "--all"]);
    assert_eq!(desk.done(&["queue", "list", "--json"]).trim(), "[]");
}

#[test]
fn what_cannot_be_done_to_a_letter_is_told_apart_from_a_letter_that_is_not_there() {
    let desk = Desk::with_alice();
    desk.ask(&["send", "-f", "alice@alpha.test", "bob@beta.test"], "Subject: hello\n\nHello.\n").must(0);
    let list: serde_json::Value = serde_json::from_str(&desk.done(&["queue", "list", "--json"])).expect("JSON");
    let letter = list[0]["letter"].as_str().expect("its name").to_owned();
    desk.done(&["queue", "hold", &letter]);
    desk.ask(&["queue", "hold", &letter], "").must(1).telling("nothing to do");
    desk.ask(&["queue", "hold", "aaaaaaaaaaaaaaaa"], "").must(1).telling("no letter");
    assert!(desk.done(&["queue", "show", &letter]).contains("held"));
}

#[test]
fn who_has_no_mailbox_sends_in_the_name_of_the_postmaster() {
    let desk = Desk::with_alice();
    desk.ask(&["send", "bob@beta.test"], "Subject: from cron\n\nHello.\n").must(0);
    let list: serde_json::Value = serde_json::from_str(&desk.done(&["queue", "list", "--json"])).expect("JSON");
    assert_eq!(list[0]["from"], "postmaster@alpha.test", "reports reach a person");
}

#[test]
fn a_reader_that_has_gone_away_is_no_failure() {
    let desk = Desk::with_alice();
    let mut command = Command::new(env!("CARGO_BIN_EXE_facteur"));
    command.args(["account", "list", "--config"]).arg(desk.path("facteur.toml"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("facteur starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("facteur ends");
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_command_for_a_folder_without_post_office_says_what_to_do() {
    let desk = Desk::new();
    desk.ask(&["account", "list"], "").must(1).telling("facteur domain add");
    desk.ask(&["send", "a@b.test"], "hello\n").must(78);
    assert!(!desk.path("data").exists(), "looking makes nothing");
}

#[test]
fn failures_are_told_in_french_to_who_reads_french() {
    let desk = Desk::new().in_french();
    desk.done(&["domain", "add", "alpha.test"]);
    desk.ask(&["account", "add", "bob@beta.test", "--generate"], "").must(1).telling("n'est pas d'ici");
}

#[test]
fn a_person_is_shown_and_changed() {
    let desk = Desk::with_alice();
    desk.done(&["domain", "add", "beta.test"]);
    desk.done(&["alias", "add", "team@alpha.test", "alice@alpha.test"]);
    let changes = ["--name", "Alice Martin", "--quota", "5G", "--language", "fr", "--main-address", "am@beta.test"];
    desk.done(&[&["account", "set", "alice@alpha.test"], &changes[..]].concat());
    desk.ask(&["account", "show", "alice@alpha.test"], "").must(1);
    let shown: serde_json::Value =
        serde_json::from_str(&desk.done(&["account", "show", "am@beta.test", "--json"])).expect("JSON");
    assert_eq!((&shown["name"], &shown["language"]), (&"Alice Martin".into(), &"fr".into()));
    assert_eq!((shown["quota"].as_u64(), shown["letters"].as_u64()), (Some(5 << 30), Some(0)));
    assert_eq!(shown["aliases"], serde_json::json!(["alice@alpha.test", "team@alpha.test"]), "{shown}");
    let list: serde_json::Value = serde_json::from_str(&desk.done(&["account", "list", "--json"])).expect("JSON");
    for key in ["address", "name", "language", "letters", "used", "quota", "since"] {
        assert_eq!(list[0][key], shown[key], "{key} is the same in both");
    }
    let letter = "From: am@beta.test\nTo: alice@alpha.test\nSubject: hello\n\nHello.\n";
    desk.ask(&["send", "-t"], letter).must(0);
    desk.done(&["account", "set", "am@beta.test", "--quota", "none"]);
    assert!(desk.done(&["account", "show", "am@beta.test"]).contains("without limit"));
    desk.ask(&["account", "set", "am@beta.test"], "").must(2);
    desk.ask(&["account", "set", "am@beta.test", "--main-address", "team@alpha.test"], "").must(1).telling("alias");
}

#[test]
fn a_domain_that_can_be_none_is_refused_and_a_providers_is_asked_about() {
    let desk = Desk::new();
    for bad in ["192.168.1.1", "localhost", "intranet", "office.local", "a..b", "-"] {
        assert_ne!(desk.ask(&["domain", "add", bad], "").status, 0, "{bad}");
    }
    desk.ask(&["domain", "add", "gmail.com"], "no\n").must(1).telling("--yes");
    assert!(!desk.ask(&["domain", "list"], "").out.contains("gmail"));
    desk.done(&["domain", "add", "gmail.com", "--yes"]);
    let said = desk.done(&["domain", "add", "alpha.test"]);
    for record in ["alpha.test. MX 10 mail.alpha.test.", "v=spf1 mx -all", "PTR"] {
        assert!(said.contains(record), "{said}");
    }
}

#[test]
fn help_with_a_command_says_what_the_command_says_itself() {
    for words in [&["account", "add"][..], &["import"], &[]] {
        let by_command = run(&[&["help"], words].concat(), None, "C", "").must(0).out;
        let by_flag = run(&[words, &["--help"]].concat(), None, "C", "").must(0).out;
        assert_eq!(by_command, by_flag);
    }
    run(&["help", "nosuch"], None, "C", "").must(2);
}

/// Commands that cannot be done, for whom many different parts of the program have words.
const WRONG: &[&[&str]] = &[
    &["serv"],
    &["account"],
    &["account", "add", "alice"],
    &["account", "add", "alice@alpha.test"],
    &["account", "add", "x@alpha.test", "--quota", "much"],
    &["account", "add", "x@alpha.test", "--language", "de"],
    &["account", "add", "x@alpha.test", "--generate", "--password-stdin"],
    &["account", "add", "x@nowhere.test", "--generate"],
    &["account", "list", "nowhere.test"],
    &["account", "set", "alice@alpha.test"],
    &["account", "show", "nobody@alpha.test"],
    &["account", "password", "alice@alpha.test", "--nonsense"],
    &["account", "remove", "alice@alpha.test"],
    &["alias", "add", "a@alpha.test", "ghost@alpha.test"],
    &["alias", "remove", "a@alpha.test"],
    &["domain", "add", "alpha.test"],
    &["domain", "add", "localhost"],
    &["domain", "add", "192.168.1.1"],
    &["domain", "add", "gmail.com"],
    &["domain", "remove", "alpha.test"],
    &["queue", "drop"],
    &["queue", "drop", "aaaaaaaaaaaaaaaa"],
    &["queue", "show", "aaaaaaaaaaaaaaaa"],
    &["hold", "release", "alice@alpha.test"],
    &["account", "set", "alice@alpha.test", "--sends", "none"],
    &["session", "end", "alice@alpha.test", "s1"],
    &["fetch", "add", "imap.example.org"],
    &["fetch", "add", "imaps://a@imap.example.org", "--every", "0"],
    &["fetch", "add", "imaps://a@imap.example.org", "--since", "yesterday"],
    &["fetch", "run", "nosuch"],
    &["trace", "x@y.test", "--limit", "0"],
    &["trace", "x@y.test", "--since", "never"],
    &["import", "alice@alpha.test", "/nowhere/at/all"],
    &["import", "alice@alpha.test"],
    &["import", "undo", "many"],
    &["import", "undo", "99"],
    &["export", "alice@alpha.test", "/nowhere/at/all"],
    &["export", "alice@alpha.test", "/proc/nothing", "--format", "paper"],
    &["verify", "--json", "--json"],
    &["help", "nosuch"],
];

/// Words that stand in English sentences and in no French one, and the other way round.
const ENGLISH: &[&str] = &[
    "the", "is", "not", "and", "of", "error", "invalid", "value", "usage", "such", "found", "required", "with", "there",
];
const FRENCH: &[&str] =
    &["le", "est", "pas", "et", "une", "erreur", "valeur", "utilisation", "avec", "il", "les", "des"];

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphabetic()).map(str::to_lowercase).filter(|word| !word.is_empty()).collect()
}

#[test]
fn what_goes_wrong_is_told_wholly_in_the_language_of_the_person() {
    let french = Desk::with_alice().in_french();
    let english = Desk::with_alice();
    let mut strangers = Vec::new();
    for wrong in WRONG {
        for (desk, foreign) in [(&french, ENGLISH), (&english, FRENCH)] {
            let said = desk.ask(wrong, "");
            let text = said.out + &said.err;
            assert!(said.status != 0 && !text.is_empty(), "{wrong:?} told nothing: {text}");
            let strange: Vec<String> =
                words(&text).into_iter().filter(|word| foreign.contains(&word.as_str())).collect();
            assert!(!text.contains("os error") && !text.contains("panicked"), "{text}");
            if !strange.is_empty() {
                strangers.push(format!("{wrong:?}: {strange:?} in:\n{text}"));
            }
        }
    }
    assert!(strangers.is_empty(), "{}", strangers.join("\n"));
}
