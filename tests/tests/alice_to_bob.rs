//! Alice at alpha.test writes to Bob at beta.test, with the clients that people use.

use std::path::{Path, PathBuf};
use std::process::Command;

use tests::{Office, OfficeBuilder, Pair, Person, client, curl, generated_letter, message_ids, python, sample};

fn port(number: u16) -> String {
    number.to_string()
}

#[test]
fn a_letter_written_with_smtplib_is_read_with_imaplib() {
    let pair = Pair::start();
    let (alice, bob) = (pair.alpha.first(), pair.beta.first());
    pair.alpha.submit(alice, &[&bob.address], &sample("plain.eml")).must_succeed();
    let letters = pair.beta.read(bob, "INBOX", 1);
    assert_eq!(letters.len(), 1);
    let letter = &letters[0];
    assert!(letter.starts_with("Return-Path: <alice@alpha.test>\r\n"), "{letter}");
    assert!(letter.contains("Delivered-To: bob@beta.test\r\n"), "{letter}");
    assert_eq!(letter.matches("\r\nReceived: ").count(), 2, "{letter}");
    assert!(
        letter.ends_with("canal?\r\n.\r\n..a line that begins with dots\r\nAlice\r\n"),
        "dots must survive: {letter}"
    );
}

#[test]
fn a_letter_handed_in_for_later_waits_in_the_queue_until_its_time() {
    // RFC 4865.
    let pair = Pair::start();
    let (alice, bob) = (pair.alpha.first(), pair.beta.first());
    let letter = |id: &str| generated_letter(id, &alice.address, &bob.address, 300);
    pair.alpha.submit_with(alice, &[&bob.address], &letter("far"), "HOLDFOR=86400").must_succeed();
    assert!(pair.alpha.command(&["queue", "list", "--json"]).contains("\"postponed\""));
    assert!(pair.alpha.command(&["trace", &alice.address]).contains("kept for bob@beta.test until "));
    pair.alpha.submit_with(alice, &[&bob.address], &letter("near"), "HOLDFOR=1").must_succeed();
    pair.alpha.submit_with(alice, &[&bob.address], &letter("past"), "HOLDUNTIL=2020-01-01T00:00:00Z").must_succeed();
    let mut read = message_ids(&pair.beta.read(bob, "INBOX", 2));
    read.sort();
    assert_eq!(read, ["near", "past"]);
    let refused = pair.alpha.submit_with(alice, &[&bob.address], &letter("never"), "HOLDFOR=999999999");
    assert!(refused.out.starts_with("501 5.5.4 "), "{}", refused.out);
}

#[test]
fn an_attachment_arrives_as_it_was_sent() {
    let pair = Pair::start();
    let (alice, bob) = (pair.alpha.first(), pair.beta.first());
    let sent = sample("attachment.eml");
    pair.alpha.submit(alice, &[&bob.address], &sent).must_succeed();
    let letters = pair.beta.read(bob, "INBOX", 1);
    let sent = String::from_utf8(sent).expect("text");
    let body = sent.split_once("\r\n\r\n").expect("a body").1;
    assert!(letters[0].ends_with(body));
}

#[test]
fn an_address_and_a_header_in_utf8_travel_with_smtputf8() {
    let (to_alpha, to_beta) = (tests::free_port(), tests::free_port());
    let alpha = OfficeBuilder::new("alpha.test").person("josé").smtp_port(to_alpha).route("beta.test", to_beta).start();
    let beta = OfficeBuilder::new("beta.test").person("bob").smtp_port(to_beta).start();
    alpha.submit(alpha.first(), &["bob@beta.test"], &sample("utf8.eml")).must_succeed();
    let letters = beta.read(beta.first(), "INBOX", 1);
    assert!(letters[0].starts_with("Return-Path: <josé@alpha.test>\r\n"), "{}", letters[0]);
    assert!(letters[0].contains("Subject: Grüße aus Köln\r\n"));
}

#[test]
fn a_letter_of_25_megabytes_arrives_whole() {
    let pair = Pair::start();
    let (alice, bob) = (pair.alpha.first(), pair.beta.first());
    let letter = generated_letter("big", &alice.address, &bob.address, 25 * 1024 * 1024);
    pair.alpha.submit(alice, &[&bob.address], &letter).must_succeed();
    let letters = pair.beta.read(bob, "INBOX", 1);
    let body = letter.windows(4).position(|w| w == b"\r\n\r\n").expect("a body");
    assert!(letters[0].as_bytes().ends_with(&letter[body..]));
}

#[test]
fn a_letter_to_a_hundred_people_here_and_elsewhere_reaches_each_of_them_once() {
    let mut pair = Pair::start();
    let alice = pair.alpha.first().clone();
    let mut to = Vec::new();
    for i in 0..50 {
        to.push(pair.alpha.add_person(&format!("here{i}")).address);
        to.push(pair.beta.add_person(&format!("there{i}")).address);
    }
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    pair.alpha.submit(&alice, &to, &sample("plain.eml")).must_succeed();
    for office in [&pair.alpha, &pair.beta] {
        for person in &office.people[1..] {
            assert_eq!(office.read(person, "INBOX", 1).len(), 1, "{}", person.address);
        }
    }
}

#[test]
fn swaks_hands_a_letter_in_with_each_log_in_it_knows() {
    let pair = Pair::start();
    let (alice, bob) = (pair.alpha.first(), pair.beta.first());
    let ways = [
        (pair.alpha.ports.submission, "--tls", "PLAIN"),
        (pair.alpha.ports.submission, "--tls", "LOGIN"),
        (pair.alpha.ports.submissions, "--tls-on-connect", "PLAIN"),
    ];
    for (door, tls, how) in ways {
        let mut swaks = Command::new("swaks");
        swaks.args(["--server", "127.0.0.1", "--port", &port(door), tls, "--auth", how]);
        swaks.args(["--auth-user", &alice.address, "--auth-password", &alice.password]);
        swaks.args(["--from", &alice.address, "--to", &bob.address]);
        client(&mut swaks, b"").must_succeed();
    }
    assert_eq!(pair.beta.read(bob, "INBOX", ways.len()).len(), ways.len());
}

#[test]
fn msmtp_signs_in_with_scram_and_bob_answers_a_minute_later() {
    let pair = Pair::start();
    let (alice, bob) = (pair.alpha.first(), pair.beta.first());
    msmtp(&pair.alpha, alice, &bob.address, &sample("plain.eml"));
    assert_eq!(pair.beta.read(bob, "INBOX", 1).len(), 1);
    msmtp(&pair.beta, bob, &alice.address, &generated_letter("answer", &bob.address, &alice.address, 500));
    assert_eq!(message_ids(&pair.alpha.read(alice, "INBOX", 1)), ["answer"]);
}

fn msmtp(office: &Office, person: &Person, to: &str, letter: &[u8]) {
    let settings = format!(
        "defaults\nauth scram-sha-256\ntls on\ntls_certcheck off\naccount default\nhost 127.0.0.1\nport {}\nfrom {}\nuser {}\npassword \"{}\"\n",
        office.ports.submission, person.address, person.address, person.password
    );
    let file = secret_file(office, "msmtprc", &settings);
    client(Command::new("msmtp").arg("-C").arg(file).arg(to), letter).must_succeed();
}

/// A file only its owner may read, as clients ask of files with passwords.
fn secret_file(office: &Office, name: &str, text: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = office.folder().join(name);
    std::fs::write(&path, text).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("permissions");
    path
}

#[test]
fn curl_lists_searches_and_reads() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let alice = office.first();
    office.hand_in("carol@elsewhere.test", &[&alice.address], &sample("attachment.eml")).must_succeed();
    assert_eq!(office.read(alice, "INBOX", 1).len(), 1);
    let folders = curl(&office, alice, "", &[]).must_succeed().out;
    for special in ["\\Drafts", "\\Sent", "\\Trash", "\\Junk", "\\Archive"] {
        assert!(folders.contains(special), "{special} is missing: {folders}");
    }
    let found = curl(&office, alice, "INBOX", &["--request", "SEARCH TEXT photos"]).must_succeed().out;
    assert_eq!(found.trim(), "* SEARCH 1");
    let text = curl(&office, alice, "INBOX;MAILINDEX=1;SECTION=1.1", &[]).must_succeed().out;
    assert!(text.contains("Voil=C3=A0"), "{text}");
}

#[test]
fn mutt_reads_the_inbox_and_copies_a_letter() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let alice = office.first();
    office.hand_in("carol@elsewhere.test", &[&alice.address], &sample("plain.eml")).must_succeed();
    office.read(alice, "INBOX", 1);
    let copy = office.folder().join("copy.mbox");
    let settings = format!(
        "set imap_user=\"{}\"\nset imap_pass=\"{}\"\nset ssl_starttls=yes\nset ssl_verify_host=no\nset ssl_verify_dates=no\n\
         set certificate_file=\"{}\"\nset folder=\"imaps://127.0.0.1:{}/\"\nset spoolfile=\"imaps://127.0.0.1:{}/INBOX\"\n\
         set header_cache=\nset copy=no\nset delete=no\nset confirmcreate=no\nset confirmappend=no\nset wait_key=no\n",
        alice.address,
        alice.password,
        certificate(&office, office.ports.imaps).display(),
        office.ports.imaps,
        office.ports.imaps
    );
    let file = secret_file(&office, "muttrc", &settings);
    let mut mutt = Command::new("mutt");
    let keys = format!("push \"<first-entry><copy-message>{}<enter><exit>\"", copy.display());
    mutt.args(["-n", "-F"]).arg(&file).args(["-e", &keys]).env("TERM", "xterm");
    // mutt wants a terminal: script(1) gives it one.
    let line = shell_line(&mutt);
    let output = client(Command::new("script").args(["-qec", &line, "/dev/null"]).env("TERM", "xterm"), b"");
    let copied = std::fs::read_to_string(&copy).unwrap_or_default();
    assert!(copied.contains("little place by the canal"), "mutt copied nothing: {} {}", output.out, output.err);
}

/// The certificate an office shows, in a file, for clients that want to know it beforehand.
fn certificate(office: &Office, door: u16) -> PathBuf {
    let shown = client(
        Command::new("openssl").args([
            "s_client",
            "-connect",
            &format!("127.0.0.1:{door}"),
            "-servername",
            "localhost",
        ]),
        b"",
    );
    let begin = shown.out.find("-----BEGIN CERTIFICATE-----").expect("a certificate");
    let end = shown.out.find("-----END CERTIFICATE-----").expect("a certificate");
    secret_file(office, "certificate.pem", &format!("{}-----END CERTIFICATE-----\n", &shown.out[begin..end]))
}

fn shell_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| format!("'{}'", word.to_string_lossy().replace('\'', "'\\''"))).collect::<Vec<_>>().join(" ")
}

#[test]
fn mbsync_keeps_two_sides_the_same() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let alice = office.first();
    for i in 0..20 {
        let letter = generated_letter(&format!("sync{i:02}"), "carol@elsewhere.test", &alice.address, 3000);
        office.hand_in("carol@elsewhere.test", &[&alice.address], &letter).must_succeed();
    }
    office.read(alice, "INBOX", 20);
    let here = office.folder().join("maildir");
    std::fs::create_dir(&here).expect("a folder");
    // Cyrus SASL, in mbsync, refuses SCRAM of more than 65,536 rounds (docs/use.md).
    let settings = format!(
        "IMAPAccount a\nHost 127.0.0.1\nPort {}\nUser {}\nPass \"{}\"\nAuthMechs PLAIN\nSSLType IMAPS\n\
         CertificateFile {}\n\n\
         IMAPStore far\nAccount a\n\nMaildirStore near\nPath {}/\nInbox {}/INBOX\nSubFolders Verbatim\n\n\
         Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nExpunge Both\nSyncState *\n",
        office.ports.imaps,
        alice.address,
        alice.password,
        certificate(&office, office.ports.imaps).display(),
        here.display(),
        here.display()
    );
    let file = secret_file(&office, "mbsyncrc", &settings);
    let sync = || client(Command::new("mbsync").arg("-c").arg(&file).arg("-a"), b"").must_succeed();

    sync();
    let mut letters = maildir(&here.join("INBOX"));
    assert_eq!(letters.len(), 20);

    // Changes on both sides: here one is deleted, one is marked seen, one is written; there one is flagged.
    std::fs::remove_file(letters.remove(0)).expect("removed");
    mark(&letters[0], "S");
    let draft = generated_letter("draft", &alice.address, "bob@beta.test", 1000);
    std::fs::write(here.join("INBOX/new/1.draft.test"), &draft).expect("written");
    let flag = curl(&office, alice, "INBOX", &["--request", "STORE 20 +FLAGS (\\Flagged)"]);
    flag.must_succeed();

    sync();
    sync();
    assert_eq!(maildir(&here.join("INBOX")).len(), 20);
    let far = curl(&office, alice, "INBOX", &["--request", "SEARCH SEEN"]).must_succeed().out;
    assert_eq!(far.split_whitespace().count(), 3, "one letter is seen: {far}");
    let ids = message_ids(&office.read(alice, "INBOX", 20));
    assert_eq!(ids.len(), 20);
    assert!(ids.contains(&"draft".to_owned()), "{ids:?}");
    let flagged = maildir(&here.join("INBOX")).iter().filter(|path| path.to_string_lossy().contains(":2,F")).count();
    assert_eq!(flagged, 1);
}

/// The letters of a Maildir folder, sorted by name.
fn maildir(folder: &Path) -> Vec<PathBuf> {
    let mut letters: Vec<PathBuf> = ["cur", "new"]
        .iter()
        .flat_map(|part| std::fs::read_dir(folder.join(part)).into_iter().flatten().flatten())
        .map(|entry| entry.path())
        .collect();
    letters.sort();
    letters
}

/// Gives a Maildir letter a flag, as a client does: by renaming it.
fn mark(letter: &Path, flag: &str) {
    let name = letter.file_name().expect("a name").to_string_lossy().into_owned();
    let base = name.split(":2,").next().unwrap_or(&name);
    let cur = letter.parent().and_then(Path::parent).expect("a Maildir").join("cur");
    std::fs::rename(letter, cur.join(format!("{base}:2,{flag}"))).expect("renamed");
}

#[test]
fn what_one_client_changes_an_idling_one_sees_at_once() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let alice = office.first();
    let output =
        python("idle.py", &[&port(office.ports.imaps), &port(office.ports.smtp), &alice.address, &alice.password], b"");
    output.must_succeed();
}

#[test]
fn a_detail_behind_the_plus_chooses_the_folder() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let alice = office.first();
    curl(&office, alice, "", &["--request", "CREATE lists"]).must_succeed();
    office.hand_in("carol@elsewhere.test", &["alice+lists@alpha.test"], &sample("plain.eml")).must_succeed();
    office.hand_in("carol@elsewhere.test", &["alice+nowhere@alpha.test"], &sample("attachment.eml")).must_succeed();
    assert_eq!(message_ids(&office.read(alice, "lists", 1)), ["lunch-1@alpha.test"].map(str::to_owned));
    assert_eq!(message_ids(&office.read(alice, "INBOX", 1)), ["photos-2@alpha.test"].map(str::to_owned));
}

#[test]
fn an_alias_reaches_its_people_here_and_elsewhere() {
    let pair = Pair::start();
    pair.alpha.command(&["alias", "add", "team@alpha.test", "alice@alpha.test", "bob@beta.test"]);
    pair.alpha.hand_in("carol@elsewhere.test", &["team@alpha.test"], &sample("plain.eml")).must_succeed();
    assert_eq!(pair.alpha.read(pair.alpha.first(), "INBOX", 1).len(), 1);
    assert_eq!(pair.beta.read(pair.beta.first(), "INBOX", 1).len(), 1);
}

#[test]
fn a_letter_for_nobody_at_the_other_office_comes_back_with_an_explanation() {
    let pair = Pair::start();
    let alice = pair.alpha.first();
    pair.alpha.submit(alice, &["nobody@beta.test"], &sample("plain.eml")).must_succeed();
    let letters = pair.alpha.read(alice, "INBOX", 1);
    let bounce = &letters[0];
    assert!(bounce.starts_with("Return-Path: <>\r\n"), "{bounce}");
    assert!(bounce.contains("multipart/report"), "{bounce}");
    assert!(bounce.contains("Final-Recipient: rfc822; nobody@beta.test"), "{bounce}");
    assert!(bounce.contains("Status: 5.1.1"), "{bounce}");
}
