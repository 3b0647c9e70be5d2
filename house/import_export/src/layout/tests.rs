use std::fs;

use mailbox::SpecialUse;
use mailbox::folder::name;

use super::*;
use crate::tree::Tree;

/// The files of a tree with their folders, in the order they are read. A name that ends in `/` is a directory.
fn planned(files: &[(&str, &str)]) -> Vec<(String, String)> {
    planned_below(files, None)
}

fn planned_below(files: &[(&str, &str)], below: Option<&str>) -> Vec<(String, String)> {
    let place = tempfile::tempdir().expect("a folder");
    for (name, content) in files {
        let path = place.path().join(name);
        fs::create_dir_all(path.parent().expect("below the place")).expect("made");
        match name.ends_with('/') {
            true => fs::create_dir_all(&path).expect("made"),
            false => fs::write(&path, content).expect("written"),
        }
    }
    let tree = Tree::open(place.path()).expect("a tree");
    let part = &tree.parts[0];
    let plan = plan(part, Format::Recognised, below);
    let goal = |source: &Source| match source.form {
        Form::Mbox | Form::Any if !is_letter_file(&part.nodes[source.node].name) => source.as_mbox.name.clone(),
        _ => source.goal.name.clone(),
    };
    let name = |source: &Source| (part.nodes[source.node].name.clone(), goal(source));
    plan.sources.iter().map(name).collect()
}

fn folders(files: &[&str]) -> Vec<String> {
    let files: Vec<(&str, &str)> = files.iter().map(|file| (*file, "")).collect();
    planned(&files).into_iter().map(|(_, folder)| folder).collect()
}

#[test]
fn a_maildir_has_the_folders_its_directories_say_and_nothing_beside_them() {
    let found = folders(&[
        "cur/1.a:2,S",
        "new/2.b",
        "tmp/3.c",
        "dovecot.index.log",
        "dovecot-uidlist",
        "subscriptions",
        ".Sent/cur/4.d:2,S",
        ".Sent/maildirfolder",
        ".&AMk-l&AOg-ves.2026/new/5.e",
    ]);
    assert_eq!(found, ["INBOX", "INBOX", "Élèves/2026", "Sent"]);
}

#[test]
fn a_maildir_may_be_nested_and_may_lie_deep() {
    assert_eq!(
        folders(&["INBOX/cur/1.a:2,", "Archive/2019/cur/2.b:2,", "Archive/2019/new/"]),
        ["Archive/2019", "INBOX"]
    );
    assert_eq!(folders(&["home/alice/Maildir/cur/1.a", "home/alice/Maildir/.Sent/cur/2.b"]), ["INBOX", "Sent"]);
    assert_eq!(folders(&["Mail/INBOX/cur/1.a", "Mail/Trash/cur/2.b"]), ["INBOX", "Trash"]);
}

#[test]
fn letters_of_a_maildir_come_from_the_oldest_to_the_newest() {
    let files = [("cur/900.z:2,S", ""), ("cur/1000.a:2,S", ""), ("new/950.k", "")];
    let names: Vec<String> = planned(&files).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["cur/900.z:2,S", "new/950.k", "cur/1000.a:2,S"]);
}

#[test]
fn the_accounts_of_a_thunderbird_profile_become_one_mailbox() {
    let found = planned(&[
        ("prefs.js", ""),
        ("Mail/Local Folders/Inbox", ""),
        ("Mail/Local Folders/Inbox.msf", ""),
        ("Mail/Local Folders/Travail.sbd/v1.mbox", ""),
        ("Mail/Local Folders/Travail.sbd/v1.mbox.msf", ""),
        ("Mail/pop.alpha.test/Sent", ""),
        ("ImapMail/imap.alpha.test/[Gmail].sbd/Corbeille", ""),
    ]);
    let folders: Vec<&str> = found.iter().map(|(_, folder)| folder.as_str()).collect();
    assert_eq!(folders, ["[Gmail]/Corbeille", "INBOX", "Travail/v1", "Sent"]);
}

#[test]
fn a_file_gives_its_name_to_the_folder() {
    assert_eq!(folders(&["Archive 2019.mbox"]), ["Archive 2019"]);
    assert_eq!(folders(&["mbox"]), ["INBOX"]);
    assert_eq!(folders(&["Travail.mbox/mbox"]), ["Travail"]);
    assert_eq!(folders(&["a.eml", "Famille/b.EML"]), ["INBOX", "Famille"]);
    assert_eq!(folders(&["Takeout/Mail/All mail.mbox", "Takeout/archive_browser.html"]), ["All mail"]);
}

#[test]
fn names_that_no_folder_can_have_become_such_as_can() {
    for (name, clean_name) in [
        ("../../etc", "etc"),
        ("a//b", "a/b"),
        ("a\u{7}b", "ab"),
        ("", "INBOX"),
        ("inbox/x", "INBOX/x"),
        (" a / b ", "a/b"),
    ] {
        assert_eq!(clean(name), clean_name, "{name}");
    }
    assert!(clean(&"é/".repeat(2000)).split('/').count() <= name::DEEPEST);
    assert!(clean(&"é".repeat(2000)).len() <= name::LONGEST);
}

#[test]
fn everything_can_go_below_one_folder() {
    let files = [("cur/1.a", ""), (".Sent/cur/2.b", "")];
    let folders: Vec<String> = planned_below(&files, Some("Ancien")).into_iter().map(|(_, folder)| folder).collect();
    assert_eq!(folders, ["Ancien", "Ancien/Sent"]);
}

#[test]
fn one_file_goes_into_the_very_folder_that_is_named() {
    for below in ["INBOX", "INBOX/sub", "Archive/2012"] {
        let folders: Vec<String> =
            planned_below(&[("old.mbox", "From a")], Some(below)).into_iter().map(|one| one.1).collect();
        assert_eq!(folders, [below]);
    }
    assert_eq!(planned_below(&[("old.mbox", "From a")], None)[0].1, "old");
}

#[test]
fn folders_for_a_use_are_known_by_what_others_call_them() {
    for (name, special_use) in [
        ("Sent Items", SpecialUse::Sent),
        ("INBOX/Corbeille", SpecialUse::Trash),
        ("[Gmail]/Spam", SpecialUse::Junk),
        ("Éléments envoyés", SpecialUse::Sent),
    ] {
        assert_eq!(known_use(name), Some(special_use), "{name}");
    }
    assert_eq!(known_use("Travail/Sent"), None);
}
