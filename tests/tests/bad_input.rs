//! Bad input on each door: a clear answer, nothing lost, and the others are served on.

use std::io::ErrorKind;

use tests::{Dialogue, Office, OfficeBuilder, generated_letter, message_ids, sample};

fn office() -> Office {
    OfficeBuilder::new("alpha.test").person("alice").start()
}

fn greeted(port: u16) -> Dialogue {
    let mut door = Dialogue::open(port).expect("open");
    let greeting = door.reply().expect("a greeting");
    assert!(greeting.starts_with("220") || greeting.starts_with("* OK"), "{greeting}");
    door
}

/// The office still takes and serves a letter.
fn serves_on(office: &Office) {
    let alice = office.first();
    office
        .hand_in(
            "carol@elsewhere.test",
            &[&alice.address],
            &generated_letter("still", "carol@elsewhere.test", &alice.address, 400),
        )
        .must_succeed();
    assert!(message_ids(&office.read(alice, "INBOX", 1)).contains(&"still".to_owned()));
}

#[test]
fn nonsense_at_the_smtp_doors_is_answered_and_ended() {
    let office = office();
    for port in [office.ports.smtp, office.ports.submission] {
        let mut door = greeted(port);
        let answer = door.ask("EXTERMINATE").unwrap();
        assert!(answer.starts_with("500 5.5."), "{answer}");
        let long = "X".repeat(100_000);
        let answer = door.ask(&long).unwrap_or_default();
        assert!(answer.starts_with('5') || answer.starts_with("421"), "{answer}");
        let mut door = greeted(port);
        assert!(door.ask("NO\0OP").unwrap().starts_with('5'));
        let mut door = greeted(port);
        let mut last = String::new();
        for _ in 0..100 {
            match door.ask("WHAT") {
                Ok(line) if !line.is_empty() => last = line,
                _ => break,
            }
        }
        assert!(last.starts_with("421"), "a peer that only talks nonsense is shown out: {last}");
    }
    serves_on(&office);
}

#[test]
fn nobody_relays_through_an_office() {
    let office = office();
    let mut door = greeted(office.ports.smtp);
    door.ask("EHLO evil.test").unwrap();
    door.ask("MAIL FROM:<alice@alpha.test>").unwrap();
    for to in [
        "victim@elsewhere.test",
        "victim%elsewhere.test@alpha.test",
        "\"victim@elsewhere.test\"@alpha.test",
        "@alpha.test:victim@elsewhere.test",
        "nobody@alpha.test",
    ] {
        let answer = door.ask(&format!("RCPT TO:<{to}>")).unwrap();
        assert!(answer.starts_with("550"), "{to}: {answer}");
    }
    let mut door = greeted(office.ports.submission);
    door.ask("EHLO evil.test").unwrap();
    let answer = door.ask("MAIL FROM:<alice@alpha.test>").unwrap();
    assert!(answer.starts_with("530"), "{answer}");
}

#[test]
fn a_second_letter_cannot_be_smuggled_inside_the_first() {
    let office = office();
    let ends: [&[u8]; 6] = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r\n.\r\r\n"];
    for end in ends {
        let mut door = greeted(office.ports.smtp);
        door.ask("EHLO evil.test").unwrap();
        door.ask("MAIL FROM:<eve@evil.test>").unwrap();
        door.ask("RCPT TO:<alice@alpha.test>").unwrap();
        assert!(door.ask("DATA").unwrap().starts_with("354"));
        let mut bytes = b"Subject: first\r\n\r\nfirst".to_vec();
        bytes.extend_from_slice(end);
        bytes.extend_from_slice(
            b"MAIL FROM:<boss@alpha.test>\r\nRCPT TO:<alice@alpha.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n",
        );
        door.write(&bytes).unwrap();
        let answer = door.reply().unwrap();
        assert!(answer.starts_with('5'), "{end:?}: {answer}");
    }
    serves_on(&office);
    assert_eq!(office.read(office.first(), "INBOX", 1).len(), 1, "only the good letter is there");
}

#[test]
fn a_command_slipped_in_before_the_handshake_is_thrown_away() {
    let office = office();
    let mut door = greeted(office.ports.submission);
    door.ask("EHLO evil.test").unwrap();
    door.write(b"STARTTLS\r\nEHLO injected.test\r\n").unwrap();
    assert!(door.reply().unwrap().starts_with("220"));
    // Were the second command kept, its 250 would come in clear now; a TLS server is silent or closes.
    let after = door.line();
    assert!(!after.is_ok_and(|line| line.starts_with("250")));
}

#[test]
fn a_connection_dropped_in_data_leaves_nothing_behind() {
    let office = office();
    let mut door = greeted(office.ports.smtp);
    door.ask("EHLO client.test").unwrap();
    door.ask("MAIL FROM:<carol@elsewhere.test>").unwrap();
    door.ask("RCPT TO:<alice@alpha.test>").unwrap();
    door.ask("DATA").unwrap();
    door.write(b"Subject: half\r\n\r\nhalf a let").unwrap();
    drop(door);
    serves_on(&office);
    assert_eq!(office.read(office.first(), "INBOX", 1).len(), 1);
}

#[test]
fn half_open_connections_do_not_keep_others_out() {
    let office = office();
    let idle: Vec<_> = (0..30).map(|_| Dialogue::open(office.ports.smtp).expect("open")).collect();
    let idle_tls: Vec<_> = (0..30).map(|_| Dialogue::open(office.ports.imaps).expect("open")).collect();
    serves_on(&office);
    drop((idle, idle_tls));
}

#[test]
fn nonsense_at_the_imap_door_is_answered() {
    let office = office();
    let mut door = greeted(office.ports.imap);
    assert!(door.imap("a", "EXTERMINATE").unwrap().last().unwrap().starts_with("a BAD"));
    assert!(door.imap("b", "SELECT INBOX").unwrap().last().unwrap().starts_with("b BAD"), "nobody has logged in");
    assert!(door.imap("c", "LOGIN alice@alpha.test x").unwrap().last().unwrap().starts_with("c NO [PRIVACYREQUIRED]"));
    let huge = door.imap("d", "LOGIN {4294967295}").unwrap();
    assert!(huge.last().unwrap().contains("BAD") || huge.last().unwrap().starts_with("d NO"), "{huge:?}");
    let mut door = greeted(office.ports.imap);
    door.write(b"e NO\0OP\r\n").unwrap();
    assert!(door.line().unwrap().contains("BAD"));
    let mut door = greeted(office.ports.imap);
    // The office may close while we are still writing; that is an answer too.
    match door.write(&vec![b'x'; 1_000_000]) {
        Ok(()) => assert!(door.rest().contains("BAD") || door.rest().is_empty()),
        Err(error) => assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{error}"),
    }
    let mut door = greeted(office.ports.imap);
    door.write(&[b"f SEARCH ".as_slice(), "(".repeat(50_000).as_bytes(), b"\r\n"].concat()).unwrap();
    let answer = door.line().unwrap();
    assert!(answer.contains("BAD") || answer.starts_with("f NO [TOOBIG]"), "{answer}");
    serves_on(&office);
}

#[test]
fn a_letter_above_the_limit_is_refused_before_it_is_sent() {
    let office = office();
    let mut door = greeted(office.ports.smtp);
    door.ask("EHLO client.test").unwrap();
    let answer = door.ask("MAIL FROM:<carol@elsewhere.test> SIZE=99999999999").unwrap();
    assert!(answer.starts_with("552 5.3.4"), "{answer}");
}

#[test]
fn a_broken_configuration_names_the_key_and_the_nearest_known_one() {
    let office = OfficeBuilder::new("alpha.test").configure("").prepare();
    let bad = office.folder().join("bad.toml");
    std::fs::write(&bad, "hostnam = \"mail.alpha.test\"\n").unwrap();
    let (code, _, err) = office_with(&office, &bad);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("hostnam") && err.contains("hostname"), "{err}");
    std::fs::write(&bad, "hostname = [\n").unwrap();
    let (code, _, err) = office_with(&office, &bad);
    assert_eq!(code, 1);
    assert!(err.contains("bad.toml"), "{err}");
}

fn office_with(office: &Office, config: &std::path::Path) -> (i32, String, String) {
    let output = std::process::Command::new(tests::facteur())
        .args(["domain", "list", "--config"])
        .arg(config)
        .current_dir(office.folder())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_data_folder_already_in_use_is_said_and_the_first_office_serves_on() {
    let office = office();
    let (code, _, err) = office.try_command(&["serve"], b"");
    assert_eq!(code, 1);
    assert!(err.contains("in use"), "{err}");
    serves_on(&office);
}

#[test]
fn a_full_disk_answers_later_and_loses_nothing() {
    let mut office = OfficeBuilder::new("alpha.test").person("alice").prepare();
    let disk = SmallDisk::under(&office.data(), "12m");
    if disk.is_none() {
        println!("skipped: mounting a small disk needs root");
        return;
    }
    office.start();
    let alice = office.first().clone();
    let mut door = greeted(office.ports.smtp);
    door.ask("EHLO client.test").unwrap();
    let mut taken = Vec::new();
    let mut refused = String::new();
    for number in 0..400 {
        let id = format!("full{number}");
        let mut letter = generated_letter(&id, "carol@elsewhere.test", &alice.address, 1000);
        letter.extend(noise(number, 100_000));
        // The disk may be found full at any step.
        refused = door.ask("MAIL FROM:<carol@elsewhere.test>").unwrap();
        if refused.starts_with("250") {
            refused = door.ask("RCPT TO:<alice@alpha.test>").unwrap();
        }
        if refused.starts_with("250") {
            assert!(door.ask("DATA").unwrap().starts_with("354"));
            door.write(&letter).unwrap();
            refused = door.ask(".").unwrap();
        }
        if !refused.starts_with("250") {
            break;
        }
        taken.push(id);
    }
    assert!(refused.starts_with('4'), "a full disk is not the sender's fault: {refused}");
    assert!(!taken.is_empty());
    let kept = office.read(&alice, "INBOX", taken.len());
    assert_eq!(message_ids(&kept).len(), taken.len());
    // Reading went on with the disk full. With room made, the office starts again and all is there.
    office.kill();
    SmallDisk::grow(&office.data(), "48m");
    office.start();
    taken.sort();
    assert_eq!(message_ids(&office.read(&alice, "INBOX", taken.len())), taken);
    // The office is verified at its end: before the disk goes.
    drop(office);
    drop(disk);
}

/// Lines of base 64 that do not compress much, different for each seed.
fn noise(seed: u64, size: usize) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(size);
    while bytes.len() < size {
        for _ in 0..76 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes.push(alphabet[(state >> 33) as usize % 64]);
        }
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// A small file system mounted over a folder, whose files it takes over.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn under(folder: &std::path::Path, size: &str) -> Option<Self> {
        let run = |program: &str, words: &[&std::ffi::OsStr]| {
            std::process::Command::new(program)
                .args(words)
                .stderr(std::process::Stdio::null())
                .status()
                .is_ok_and(|s| s.success())
        };
        let aside = folder.with_extension("aside");
        std::fs::rename(folder, &aside).ok()?;
        std::fs::create_dir(folder).ok()?;
        let options = format!("size={size},mode=700");
        let mounted = run(
            "mount",
            &["-t".as_ref(), "tmpfs".as_ref(), "-o".as_ref(), options.as_ref(), "none".as_ref(), folder.as_os_str()],
        );
        let copied = run("cp", &["-a".as_ref(), aside.join(".").as_os_str(), folder.as_os_str()]);
        (mounted && copied).then(|| Self(folder.to_path_buf()))
    }

    fn grow(folder: &std::path::Path, size: &str) {
        let options = format!("remount,size={size}");
        let grown = std::process::Command::new("mount").args(["-o", &options]).arg(folder).status();
        assert!(grown.is_ok_and(|status| status.success()), "the disk did not grow");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn an_empty_letter_and_a_letter_without_a_header_are_taken_as_they_are() {
    let office = office();
    let alice = office.first();
    office.hand_in("carol@elsewhere.test", &[&alice.address], b"\r\n").must_succeed();
    office.hand_in("", &[&alice.address], b"no header at all\r\n").must_succeed();
    office.hand_in("carol@elsewhere.test", &[&alice.address], &sample("plain.eml")).must_succeed();
    assert_eq!(office.read(alice, "INBOX", 3).len(), 3);
}
