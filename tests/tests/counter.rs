//! Commands beside a post office that runs: only it writes, whoever runs them, and whatever becomes of them.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::{
    Dialogue, NOBODY, Office, OfficeBuilder, facteur, generated_letter, may_become_others, message_ids, python,
};

fn office() -> Office {
    OfficeBuilder::new("alpha.test").person("alice").start()
}

/// An mbox of so many letters.
fn mbox(office: &Office, letters: usize) -> PathBuf {
    let path = office.folder().join("many.mbox");
    python("moving.py", &["letters", &path.to_string_lossy(), "0", &letters.to_string()], b"").must_succeed();
    path
}

/// An import that says how far it is, and has some letters there already.
struct Importing {
    process: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Importing {
    fn begin(office: &Office, mbox: &Path) -> Self {
        let mut import = Command::new(facteur());
        import.args(["import", "alice@alpha.test"]).arg(mbox).arg("--json").arg("--config").arg(&office.config);
        let piped = import.env("LANG", "C.UTF-8").stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = piped.spawn().expect("facteur starts");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let some = lines.by_ref().map_while(Result::ok).any(|line| {
            let line: Value = serde_json::from_str(&line).expect("json");
            line["event"] == "progress" && line["letters"].as_u64() > Some(0)
        });
        assert!(some, "the import ended before it said anything");
        Self { process, lines }
    }

    /// Interrupts by SIGTERM: a shell that starts the tests in the background may have had SIGINT ignored, and their
    /// children inherit that.
    fn interrupt(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().expect("kill");
        assert!(sent.success());
    }

    /// Returns its exit status, and its last words.
    fn end(mut self) -> (Option<i32>, String) {
        self.lines.by_ref().for_each(drop);
        let mut said = String::new();
        let _ = self.process.stderr.take().expect("piped").read_to_string(&mut said);
        (self.process.wait().expect("ended").code(), said)
    }
}

fn in_mailbox(office: &Office) -> u64 {
    let listed: Value = serde_json::from_str(&office.command(&["account", "list", "--json"])).expect("json");
    listed[0]["letters"].as_u64().expect("a number")
}

/// Imports all there is to import, and says how many are there in the end, each once.
fn the_rest_comes(office: &Office, mbox: &Path, letters: usize) {
    let done = office.command(&["import", "alice@alpha.test", &mbox.to_string_lossy(), "--json"]);
    let done: Value = serde_json::from_str(done.lines().last().expect("a last line")).expect("json");
    let (new, known) = (done["letters"].as_u64().expect("a number"), done["known"].as_u64().expect("a number"));
    assert_eq!(new + known, letters as u64, "{done}");
    assert!(known > 0, "{done}");
    assert_eq!(in_mailbox(office), letters as u64);
}

#[test]
fn root_beside_a_post_office_of_another_user_leaves_nothing_of_its_own() {
    if !may_become_others() {
        return;
    }
    let mut office = OfficeBuilder::new("alpha.test").person("alice").prepare();
    office.give_to(NOBODY);
    // While nobody serves, and the files lie where only root can look.
    let private = office.folder().join("private");
    std::fs::create_dir(&private).expect("made");
    std::fs::set_permissions(&private, std::fs::Permissions::from_mode(0o700)).expect("closed");
    import_large_letters(&office, &private, 0);
    assert_eq!(office.not_of(NOBODY), Vec::<PathBuf>::new(), "without a server");
    office.start();
    import_large_letters(&office, &private, 20);
    office.add_person("bob");
    office.command(&["export", "alice@alpha.test", &private.join("out").to_string_lossy()]);
    assert_eq!(std::fs::metadata(private.join("out")).expect("written").uid(), 0, "what root writes is root's");
    assert_eq!(office.not_of(NOBODY), Vec::<PathBuf>::new(), "beside a server");
    // Bodies that go to files of their own are still taken, in whatever folder of blobs they fall.
    let mut session = Dialogue::open(office.ports.smtp).expect("open");
    session.reply().expect("greeted");
    session.ask("EHLO client.test").expect("answered");
    for number in 0..20 {
        let letter = incompressible(&format!("after-{number}"), 400_000);
        assert!(session.send("eve@elsewhere.test", "alice@alpha.test", &letter).expect("answered"), "letter {number}");
    }
}

fn import_large_letters(office: &Office, place: &Path, first: usize) {
    for number in first..first + 5 {
        let letter = incompressible(&format!("large-{number}"), 400_000);
        std::fs::write(place.join(format!("{number}.eml")), letter).expect("written");
    }
    office.command(&["import", "alice@alpha.test", &place.to_string_lossy()]);
}

/// A letter that stays as large as it is when it is packed.
fn incompressible(id: &str, size: usize) -> Vec<u8> {
    let mut letter = generated_letter(id, "eve@elsewhere.test", "alice@alpha.test", 0);
    let mut word = id.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    while letter.len() < size {
        for _ in 0..60 {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            letter.push(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[(word >> 58) as usize]);
        }
        letter.extend_from_slice(b"\r\n");
    }
    letter
}

#[test]
fn other_users_are_refused_with_one_sentence() {
    if !may_become_others() {
        return;
    }
    let mut office = office();
    office.open_to_others();
    for serving in [true, false] {
        for words in [&["domain", "list"][..], &["account", "password", "alice@alpha.test", "--generate"]] {
            let (code, out, err) = office.try_command_as(Some(NOBODY), words, b"");
            assert_eq!((code, out.as_str(), err.lines().count()), (1, "", 1), "{serving}: {err}");
            // A folder that one may not look into, or one with something in it that one may not read.
            assert!(
                ["only root and its owner", "only root and the owner of"].iter().any(|who| err.contains(who)),
                "{err}"
            );
        }
        if serving {
            office.stop();
        }
    }
}

#[test]
fn any_user_of_the_machine_sends_letters_and_the_letter_says_which() {
    if !may_become_others() {
        return;
    }
    let mut office = office();
    office.open_to_others();
    let send = |office: &Office, words: &[&str]| {
        office.try_command_as(Some(NOBODY), words, b"Subject: from a site\nMessage-ID: <site@test>\n\nHello.\n")
    };
    let (code, _, err) = send(&office, &["send", "alice@alpha.test"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let letter = office.read(office.first(), "INBOX", 1).remove(0);
    assert!(letter.contains("(Facteur, from user nobody, number 65534)"), "{letter}");
    assert!(letter.contains("From: nobody@alpha.test"), "{letter}");
    let told = office.command(&["trace", "site@test"]);
    assert!(told.contains("left here by user nobody, number 65534"), "{told}");
    // A site may send more at once than are served at once: they wait for each other.
    std::thread::scope(|scope| {
        let sending: Vec<_> = (0..12).map(|_| scope.spawn(|| send(&office, &["send", "alice@alpha.test"]))).collect();
        for (code, _, err) in sending.into_iter().map(|sent| sent.join().expect("sent")) {
            assert_eq!((code, err.as_str()), (0, ""));
        }
    });
    assert_eq!(office.read(office.first(), "INBOX", 13).len(), 13);
    // The command reports a fault of a letter as sendmail does.
    assert_eq!(send(&office, &["send", "ghost@alpha.test"]).0, 67);
    office.stop();
    let (code, _, err) = send(&office, &["send", "alice@alpha.test"]);
    assert!(code == 75 && err.contains("does not run"), "{code} {err}");
}

/// The socket that takes letters of everybody.
fn socket_for_letters(office: &Office) -> UnixStream {
    let about = std::fs::metadata(office.data()).expect("there");
    let name = format!("facteur/letters/{:x}-{:x}", about.dev(), about.ino());
    let name = SocketAddr::from_abstract_name(name).expect("a name");
    connected(|| UnixStream::connect_addr(&name))
}

fn socket_for_commands(office: &Office) -> UnixStream {
    let path = office.data().join("facteur.socket");
    connected(|| UnixStream::connect(&path))
}

/// The doors answer before the data are open; the sockets are there a moment later.
fn connected(connect: impl Fn() -> std::io::Result<UnixStream>) -> UnixStream {
    waiting::wait_for("the socket is there", || connect().ok())
}

fn line(stream: &UnixStream) -> String {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).expect("a line");
    line.trim_end().to_owned()
}

/// Greets, and says the first frame of a command. Gives the first frame that comes back.
fn first_frame(mut stream: UnixStream, words: &[&str]) -> String {
    stream.write_all(b"facteur 0.1.0/1\n").expect("said");
    let mut greeting = [0; 24];
    stream.read_exact(&mut greeting).expect("greeted");
    assert_eq!(&greeting, b"facteur 0.1.0/1 welcome\n");
    let begin = r#"{"Begin":{"language":"English","zone":null,"width":80,"input_is_terminal":false,"notes_are_on_terminal":false,"folder":"/","name":null}}"#;
    let words: String = words.iter().map(|word| format!("{word}\0")).collect();
    for length in [begin.len(), words.len()] {
        stream.write_all(&u32::try_from(length).expect("short").to_be_bytes()).expect("said");
    }
    stream.write_all(begin.as_bytes()).and_then(|()| stream.write_all(words.as_bytes())).expect("said");
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    String::from_utf8_lossy(&rest).into_owned()
}

#[test]
fn the_socket_for_letters_takes_nothing_else() {
    let office = office();
    let listed = first_frame(socket_for_commands(&office), &["facteur", "domain", "list"]);
    assert!(listed.contains("alpha.test") && listed.contains(r#""status":0"#), "{listed}");
    for words in [&["facteur", "domain", "list"][..], &["facteur", "account", "list"], &["facteur", "serve"], &[]] {
        let refused = first_frame(socket_for_letters(&office), words);
        assert!(refused.contains(r#""status":1"#) && !refused.contains("alice"), "{words:?}: {refused}");
    }
}

#[test]
fn nonsense_at_the_sockets_ends_the_connection_and_nothing_else() {
    let office = office();
    let greeted = b"facteur 0.1.0/1\n".to_vec();
    let large = [&greeted[..], &[0xff; 8]].concat();
    let foreign = [&greeted[..], &[0, 0, 0, 2, 0, 0, 0, 0], b"{}"].concat();
    for nonsense in [b"GET / HTTP/1.1\r\n\r\n".to_vec(), vec![b'x'; 100_000], large, foreign, Vec::new()] {
        for mut stream in [socket_for_letters(&office), socket_for_commands(&office)] {
            let _ = stream.write_all(&nonsense).and_then(|()| stream.shutdown(std::net::Shutdown::Write));
            let mut said = Vec::new();
            let _ = stream.read_to_end(&mut said);
            assert!(said.len() < 100, "{}", String::from_utf8_lossy(&said));
        }
    }
    assert_eq!(office.command(&["domain", "list", "--json"]).matches("alpha.test").count(), 1);
}

#[test]
fn another_version_is_told_in_one_sentence() {
    let mut office = office();
    let mut stream = socket_for_commands(&office);
    stream.write_all(b"facteur 9.9.9/9\n").expect("said");
    assert_eq!(line(&stream), "facteur 0.1.0/1 version");
    office.stop();
    let later = UnixListener::bind(office.data().join("facteur.socket")).expect("bound");
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = later.accept().expect("came");
        assert_eq!(line(&stream), "facteur 0.1.0/1");
        stream.write_all(b"facteur 9.9.9/9 version\n").expect("said");
    });
    let (code, out, err) = office.try_command(&["domain", "list"], b"");
    answering.join().expect("answered");
    assert_eq!((code, out.as_str(), err.lines().count()), (1, "", 1), "{err}");
    assert!(err.contains("9.9.9") && err.contains("0.1.0"), "{err}");
}

#[test]
fn an_import_that_is_interrupted_stops_in_the_post_office_too_and_goes_on_from_there() {
    const LETTERS: usize = 20_000;
    let office = office();
    let mbox = mbox(&office, LETTERS);
    let importing = Importing::begin(&office, &mbox);
    importing.interrupt();
    let (status, _) = importing.end();
    assert_ne!(status, Some(0), "it was too quick to be interrupted");
    let mut there = in_mailbox(&office);
    let patience = Instant::now() + Duration::from_secs(60);
    while Instant::now() < patience {
        // time passes: between two looks
        std::thread::sleep(Duration::from_millis(500));
        let now = in_mailbox(&office);
        if now == there {
            break;
        }
        there = now;
    }
    assert!(there > 0 && there < LETTERS as u64, "{there} letters");
    the_rest_comes(&office, &mbox, LETTERS);
}

#[test]
fn a_post_office_that_dies_or_closes_under_a_command_is_told() {
    const LETTERS: usize = 20_000;
    let mut office = office();
    let mbox = mbox(&office, LETTERS);
    let importing = Importing::begin(&office, &mbox);
    office.kill();
    let (status, said) = importing.end();
    assert!(status == Some(1) && said.contains("the post office has ended before this command did"), "{said}");
    office.start();
    let importing = Importing::begin(&office, &mbox);
    office.stop();
    let (status, said) = importing.end();
    assert!(status == Some(1) && said.contains("it was stopped"), "{said}");
    office.start();
    the_rest_comes(&office, &mbox, LETTERS);
}

#[test]
fn a_post_office_does_not_open_while_a_command_has_the_data_and_the_next_command_waits() {
    let office = OfficeBuilder::new("alpha.test").person("alice").prepare();
    let pipe = office.folder().join("slow");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let mut slow = Command::new(facteur());
    slow.args(["import", "alice@alpha.test"]).arg(&pipe).arg("--config").arg(&office.config);
    let mut slow = slow.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("facteur starts");
    // It has the data before it opens its files.
    let patience = Instant::now() + Duration::from_secs(60);
    let mut opened = (0, String::new(), String::new());
    while Instant::now() < patience {
        let lock = std::fs::read_to_string(office.data().join("facteur.lock")).unwrap_or_default();
        if lock == slow.id().to_string() {
            opened = office.try_command(&["serve"], b"");
            break;
        }
        // time passes: between two looks
        std::thread::sleep(Duration::from_millis(20));
    }
    let (code, _, err) = opened;
    assert!(code == 1 && err.contains("is already in use by another Facteur"), "{code} {err}");
    let waiting = std::thread::scope(|scope| {
        let listing = scope.spawn(|| office.command(&["domain", "list"]));
        // time passes: nothing may happen meanwhile
        std::thread::sleep(Duration::from_millis(100));
        slow.kill().and_then(|()| slow.wait()).expect("ended");
        listing.join().expect("listed")
    });
    assert!(waiting.contains("alpha.test"), "{waiting}");
}

#[test]
fn an_import_beside_a_post_office_keeps_nobody_waiting() {
    const LETTERS: usize = 20_000;
    let mut office = OfficeBuilder::new("alpha.test").person("alice").start();
    office.add_person("bob");
    let mbox = mbox(&office, LETTERS);
    let alone = waits(&office, "alone", |count| count < 50);
    let mut importing = Importing::begin(&office, &mbox);
    let mut goes_on = || importing.process.try_wait().expect("asked").is_none();
    let beside = waits(&office, "beside", |count| count < 50 && goes_on());
    let (status, said) = importing.end();
    assert_eq!(status, Some(0), "{said}");
    assert!(beside.len() >= 10, "the import ended when {} letters had been sent beside it", beside.len());
    let (median, worst) = (beside[beside.len() / 2], beside[beside.len() - 1]);
    println!("alone {:?}, beside {median:?}, at most {worst:?}", alone[alone.len() / 2]);
    // Before, it was 35 times as long as alone, and seconds at worst.
    assert!(median < alone[alone.len() / 2] * 10 + Duration::from_millis(100), "{median:?}");
    assert!(worst < Duration::from_secs(2), "{worst:?}");
    let sent: BTreeSet<String> = message_ids(&office.read(&office.people[1], "INBOX", 100)).into_iter().collect();
    assert_eq!(sent.len(), alone.len() + beside.len());
}

/// Measures how long each of some letters waits for its 250, the shortest wait first.
fn waits(office: &Office, name: &str, mut more: impl FnMut(usize) -> bool) -> Vec<Duration> {
    let mut session = Dialogue::open(office.ports.smtp).expect("open");
    session.reply().expect("greeted");
    session.ask("EHLO client.test").expect("answered");
    let mut waits = Vec::new();
    while more(waits.len()) {
        let letter = generated_letter(&format!("{name}-{}", waits.len()), "eve@elsewhere.test", "bob@alpha.test", 3000);
        let began = Instant::now();
        assert!(session.send("eve@elsewhere.test", "bob@alpha.test", &letter).expect("answered"));
        waits.push(began.elapsed());
    }
    waits.sort();
    waits
}

/// Returns the status with which the pages answer a log-in.
fn log_in(office: &Office, name: &str, password: &str) -> String {
    let url = format!("https://127.0.0.1:{}/login", office.ports.https);
    let (name, password) = (format!("name={name}"), format!("password={password}"));
    let output = Command::new("curl")
        .args(["--silent", "--insecure", "--output", "/dev/null", "--write-out", "%{http_code}", &url])
        .args(["--header", "Accept: application/json"])
        .args(["--data-urlencode", &name, "--data-urlencode", &password])
        .output()
        .expect("curl");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_network_that_guesses_passwords_is_refused_until_a_command_lifts_it() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let alice = office.first();
    let mut tries = (0..200).map(|n| log_in(&office, &format!("guess{n}@alpha.test"), "wrong"));
    // One more as each twenty seconds pass.
    assert!(tries.position(|status| status == "429").is_some_and(|borne| borne >= 30));
    assert_eq!(log_in(&office, &alice.address, &alice.password), "429");
    let told = office.command(&["account", "unblock", &alice.address]);
    assert!(told.contains("alice@alpha.test can log in again at once"), "{told}");
    assert_eq!(log_in(&office, &alice.address, &alice.password), "204");
    assert!(office.command(&["account", "unblock", &alice.address]).contains("nothing keeps alice@alpha.test"));
    let (code, _, told) = office.try_command(&["account", "unblock", "nobody@alpha.test"], b"");
    assert!(code == 1 && told.contains("there is no account nobody@alpha.test"), "{code} {told}");
}
