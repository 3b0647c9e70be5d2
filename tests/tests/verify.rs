//! `facteur verify` beside a post office and without one: damage is told and mended, and no letter goes.

use std::process::Command;

use tests::{Office, OfficeBuilder, generated_letter};

/// Changes the database as a fault of the disk or of a program might.
fn damage(office: &Office, sql: &str) {
    let program = "import sqlite3, sys\n\
        base = sqlite3.connect(sys.argv[1])\n\
        changed = base.execute(sys.argv[2]).rowcount\n\
        base.commit()\n\
        sys.exit(0 if changed > 0 else 1)";
    let database = office.data().join("facteur.db");
    let status = Command::new("python3").args(["-c", program]).arg(database).arg(sql).status().expect("python3");
    assert!(status.success(), "nothing was damaged by {sql}");
}

fn office_with_letters() -> Office {
    let mut office = OfficeBuilder::new("alpha.test").person("alice").start();
    let alice = office.first().clone();
    for number in 0..5 {
        let letter = generated_letter(&format!("v{number}"), "carol@elsewhere.test", &alice.address, 2000);
        office.hand_in("carol@elsewhere.test", &[&alice.address], &letter).must_succeed();
    }
    office.read(&alice, "INBOX", 5);
    let (status, out, err) = office.try_command(&["verify"], b"");
    assert_eq!(status, 0, "beside the post office that runs: {out}{err}");
    assert!(out.contains("all is as it should be"), "{out}");
    office.stop();
    office
}

#[test]
fn what_can_be_derived_is_mended_and_clean_after() {
    let office = office_with_letters();
    damage(&office, "UPDATE folder SET total = 77, unseen = 3 WHERE name = 'INBOX'");
    damage(&office, "UPDATE account_mail SET used = 1");
    damage(&office, "UPDATE letter SET summary = X'00' WHERE letter = 2");
    let (status, out, err) = office.try_command(&["verify"], b"");
    assert_eq!(status, 1, "{out}");
    assert!(err.contains("--repair"), "{err}");
    for told in ["alice@alpha.test: the counter total of the folder INBOX says 77, and it is 5", "(summary)", "INBOX"] {
        assert!(out.contains(told), "{told} is not in:\n{out}");
    }
    let (status, out, err) = office.try_command(&["verify", "--repair"], b"");
    assert_eq!(status, 0, "{out}{err}");
    assert!(out.contains("; mended"), "{out}");
    office.verify();
}

#[test]
fn a_body_that_is_lost_is_told_with_its_letter_and_left_alone() {
    let office = office_with_letters();
    damage(
        &office,
        "UPDATE blob_content SET head = X'00112233' WHERE blob = (SELECT blob FROM letter WHERE letter = 3)",
    );
    let (status, out, _) = office.try_command(&["verify", "--json", "--repair"], b"");
    assert_eq!(status, 1, "{out}");
    let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let body = lines.iter().find(|line| line["fault"] == "body").expect("the body is told");
    assert_eq!((&body["account"], &body["folder"]), (&"alice@alpha.test".into(), &"INBOX".into()));
    assert_eq!((&body["letter"], &body["mended"]), (&3.into(), &false.into()));
    let end = lines.last().expect("an end");
    assert_eq!((&end["event"], &end["letters"], &end["left"]), (&"done".into(), &5.into(), &1.into()));
    assert_eq!(office.try_command(&["verify", "--mend"], b"").0, 2, "there is no such option");
    office.is_damaged();
}
