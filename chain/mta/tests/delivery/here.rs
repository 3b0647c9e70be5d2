//! Tests of deliveries to programs and into Maildirs on this machine.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mta::route::{Route, Target};
use net::Table;

use crate::support::office::Office;
use crate::support::until;

const ALICE: &str = "alice@here.test";

/// A town with one route for here.test. Programs run as `nobody` where the test runs as root.
struct Town {
    office: Office,
    folder: tempfile::TempDir,
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// `nobody`, with whom every Debian comes.
const NOBODY: u32 = 65534;

fn open_to_all(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    if is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

impl Town {
    /// `to` with `%` for the folder of the test.
    fn with(to: &str, change: impl FnOnce(Route) -> Route) -> Self {
        let folder = tempfile::tempdir().unwrap();
        open_to_all(folder.path());
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let mut office = Office::open(&data, Table::new(), 1);
        office.means.limits.recipients_per_transaction = 10;
        let route = Route::parse(&to.replace('%', folder.path().to_str().unwrap())).unwrap();
        let route = if is_root() { route.run_as("nobody").unwrap() } else { route };
        office.means.routes.add("here.test", change(route)).unwrap();
        Self { office, folder }
    }

    fn to(to: &str) -> Self {
        Self::with(to, |route| route)
    }

    /// A program of the test: a shell script.
    fn script(&self, text: &str) {
        let path = self.path("program");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        open_to_all(&path);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The report to the sender, once it is there.
    async fn report(&self) -> String {
        until("the sender is told", || !self.office.filed().is_empty()).await;
        self.office.filed().remove(0).1
    }

    /// Returns the words about Alice, who waits.
    async fn said(&self) -> String {
        until("a try has failed", || !self.office.said_of(ALICE).is_empty()).await;
        self.office.said_of(ALICE)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_gets_the_letter_as_programs_expect_it_and_knows_for_whom() {
    let mut town = Town::to("command:%/program -a $EXTENSION -d $USER");
    town.script("cat > \"${0%/*}/got\"; printf '%s|' \"$@\" > \"${0%/*}/words\"; env | sort > \"${0%/*}/env\"");
    let letter = b"Return-Path: <old@x.test>\r\nSubject: x\r\n\r\n.\r\nFrom here\r\n";
    town.office.queue_from("carol@beta.test", &["Alice+Lists@here.test"], letter).await;
    town.office.start();
    until("it is taken", || town.office.is_empty()).await;
    let marks = "Return-Path: <carol@beta.test>\nDelivered-To: Alice+Lists@here.test\n";
    assert_eq!(town.text("got"), format!("{marks}Subject: x\n\n.\nFrom here\n"));
    assert_eq!(town.text("words"), "-a|lists|-d|alice|");
    let environment = town.text("env");
    for line in [
        "SENDER=carol@beta.test",
        "RECIPIENT=Alice+Lists@here.test",
        "ORIGINAL_RECIPIENT=Alice+Lists@here.test",
        "LOCAL=Alice+Lists",
        "USER=alice",
        "LOGNAME=alice",
        "EXTENSION=lists",
        "DOMAIN=here.test",
    ] {
        assert!(environment.lines().any(|found| found == line), "{line} is not in\n{environment}");
    }
    assert!(environment.contains("HOME=/") && environment.contains("SHELL=/"));
    assert!(!environment.contains("CARGO"), "nothing of ours is in it");
    if is_root() {
        assert_eq!(std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(town.path("got")).unwrap()), NOBODY);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stranger_calls_itself_is_no_command() {
    let mut town = Town::to("command:%/program $LOCAL");
    town.script("printf '%s|' \"$@\" >> \"${0%/*}/words\"; echo $LOCAL >> \"${0%/*}/env\"");
    let hostile = "\"a b;touch /tmp/x `id` $(id) '\\\"*\"@here.test";
    town.office.queue(&[hostile]).await;
    town.office.start();
    until("it is taken", || town.office.is_empty()).await;
    assert_eq!(town.text("words"), "a b;touch /tmp/x `id` $(id) '\"*|");
    assert_eq!(town.text("env"), "a_b_touch_/tmp/x__id____id_____\n");

    town.office.queue(&["\"-rf\"@here.test"]).await;
    assert!(town.report().await.contains("begins with a hyphen"));
    assert_eq!(town.text("words").matches('|').count(), 1, "and the program never saw it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_wants_an_mbox_line_gets_one() {
    let mut town = Town::with("command:%/program", |mut route| {
        let Target::Program(program) = &mut route.to else { unreachable!() };
        program.from_line = true;
        route
    });
    town.script("cat > \"${0%/*}/got\"");
    town.office.queue_from("", &[ALICE], b"Subject: x\r\n\r\n").await;
    town.office.start();
    until("it is taken", || town.office.is_empty()).await;
    let got = town.text("got");
    assert!(got.starts_with("From MAILER-DAEMON ") && got.contains("\nReturn-Path: <>\n"), "{got}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_knows_nobody_of_that_name_has_the_letter_come_back_with_its_words() {
    let mut town = Town::to("command:%/program");
    town.script("echo 'nobody is called that' >&2; exit 67");
    town.office.queue(&[ALICE]).await;
    town.office.start();
    let report = town.report().await;
    assert!(report.contains("Status: 5.1.1") && report.contains("nobody is called that"), "{report}");
    assert!(report.contains("Diagnostic-Code: x-unix; ") && !report.contains("Remote-MTA"), "{report}");
    assert!(town.office.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_says_later_gets_the_letter_again() {
    let mut town = Town::to("command:%/program");
    town.script("f=\"${0%/*}/once\"; [ -e $f ] && exit 0; : > $f; echo busy; exit 75");
    town.office.queue(&[ALICE]).await;
    town.office.start();
    until("the second try succeeds", || town.office.is_empty()).await;
    assert!(town.path("once").exists() && town.office.filed().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_missing_is_ours_to_mend_and_nobody_s_letter_comes_back() {
    let mut town = Town::to("command:%/nothing-here");
    town.office.queue(&[ALICE]).await;
    town.office.start();
    let said = town.said().await;
    assert!(said.contains("cannot be started"), "{said}");
    assert!(town.office.filed().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_has_decided_nothing() {
    let mut town = Town::to("command:%/program");
    town.script("kill -9 $$");
    town.office.queue(&[ALICE]).await;
    town.office.start();
    let said = town.said().await;
    assert!(said.contains("ended by signal 9"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_hangs_is_killed_with_all_it_has_started() {
    let mut town = Town::to("command:%/program");
    town.office.means.waits.program = Duration::from_millis(500);
    town.script("sleep 600 & echo $! > \"${0%/*}/child\"; wait");
    town.office.queue(&[ALICE]).await;
    town.office.start();
    let said = town.said().await;
    assert!(said.contains("was killed"), "{said}");
    let child = town.text("child");
    let process = Path::new("/proc").join(child.trim()).join("stat");
    // A process that nobody has waited for yet is a zombie (Z).
    let is_gone = || std::fs::read_to_string(&process).map_or(true, |stat| stat.contains(") Z "));
    until("its child is gone too", is_gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_floods_us_is_read_and_cut_short() {
    let mut town = Town::to("command:%/program");
    town.script("head -c 20000000 /dev/zero | tr '\\0' x; echo the end >&2; exit 65");
    town.office.queue(&[ALICE]).await;
    town.office.start();
    let report = town.report().await;
    assert!(report.contains("Status: 5.6.0") && report.contains("the end"), "{report}");
    assert!(report.len() < 20_000, "{}", report.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_does_not_read_its_letter_and_one_that_leaves_a_child_behind_keep_nobody_waiting() {
    let mut town = Town::to("command:%/program");
    town.script("sleep 30 & exit 0");
    let begun = Instant::now();
    town.office.queue_from("carol@beta.test", &[ALICE], &b"x: y\r\n".repeat(100_000)).await;
    town.office.start();
    until("it is taken", || town.office.is_empty()).await;
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_program_runs_as_the_recipient_strangers_to_this_machine_are_told() {
    if !is_root() {
        return;
    }
    let mut town = Town::with("command:/bin/cat", |route| route.run_as("$USER").unwrap());
    town.office.queue(&["nobody-at-all@here.test", "root@here.test", "daemon+x@here.test", "nobody@here.test"]).await;
    town.office.start();
    let report = town.report().await;
    assert!(report.contains("there is no user nobody-at-all"), "{report}");
    assert!(report.contains("letters for root are not handed on"), "{report}");
    assert!(report.contains("letters for daemon are not handed on"), "{report}");
    assert!(report.contains("letters for nobody are not handed on"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_goes_into_the_maildir_of_whoever_has_one() {
    let mut town = Town::to("maildir:%/mail/$DOMAIN/$USER");
    for folder in ["mail", "mail/here.test", "mail/here.test/alice"] {
        std::fs::create_dir(town.path(folder)).unwrap();
        open_to_all(&town.path(folder));
    }
    town.office.queue(&["Alice+lists@here.test", "bob@here.test", "\"..\"@here.test", "\".ssh\"@here.test"]).await;
    town.office.start();
    until("all have their answer", || town.office.is_empty()).await;
    let new: Vec<PathBuf> = files(&town.path("mail/here.test/alice/new"));
    assert_eq!(new.len(), 1);
    let text = std::fs::read_to_string(&new[0]).unwrap();
    assert!(text.starts_with("Return-Path: <alice@alpha.test>\nDelivered-To: Alice+lists@here.test\n"), "{text}");
    if is_root() {
        assert_eq!(std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&new[0]).unwrap()), NOBODY);
    }
    let report = town.report().await;
    assert!(report.contains("bob@here.test"), "{report}");
    let status = |code: &str| report.matches(&format!("\nStatus: {code}\r")).count();
    assert_eq!((status("5.1.1"), status("5.1.3")), (1, 2), "{report}");
    assert_eq!(files(&town.path("mail/here.test")).len(), 1, "strangers make no folders");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_maildir_that_cannot_be_written_to_is_ours_to_mend() {
    let mut town = Town::to("maildir:%/mail/$USER");
    std::fs::create_dir_all(town.path("mail/alice")).unwrap();
    std::fs::write(town.path("mail/alice/other"), "not a Maildir").unwrap();
    open_to_all(&town.path("mail"));
    town.office.queue(&[ALICE]).await;
    town.office.start();
    let said = town.said().await;
    assert!(said.contains("no Maildir"), "{said}");
    assert!(town.office.filed().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn links_in_a_user_s_folder_lead_nowhere_the_user_may_not_go() {
    if !is_root() {
        return;
    }
    let mut town = Town::to("maildir:%/mail/$USER");
    let secret = town.path("roots");
    std::fs::create_dir(&secret).unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::create_dir_all(town.path("mail/alice")).unwrap();
    for part in ["tmp", "new", "cur"] {
        std::os::unix::fs::symlink(&secret, town.path("mail/alice").join(part)).unwrap();
    }
    open_to_all(&town.path("mail"));
    open_to_all(&town.path("mail/alice"));
    town.office.queue(&[ALICE]).await;
    town.office.start();
    town.said().await;
    assert!(files(&secret).is_empty());
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).map(|found| found.flatten().map(|entry| entry.path()).collect()).unwrap_or_default()
}
