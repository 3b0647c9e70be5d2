//! mujmap, which keeps the index of notmuch and a JMAP account the same. It trusts no certificate but those that it brings
//! along, so it comes in from this machine without TLS, as it would through a proxy.

use std::path::PathBuf;
use std::process::Command;

use tests::{Look, Office, client, peer, shown_client};

use crate::post::{self, PHOTOS};

/// mujmap and notmuch in a folder of their own.
struct MujMap {
    home: PathBuf,
}

impl MujMap {
    fn of(office: &Office) -> Self {
        let home = office.folder().join("mujmap");
        let mail = home.join("mail");
        std::fs::create_dir_all(mail.join("facteur")).expect("a folder");
        let notmuch = format!(
            "[database]\npath={}\n[user]\nname=Alice\nprimary_email={}\n[new]\ntags=new\nignore=*.json;*.toml;*.lock\n",
            mail.display(),
            office.first().address
        );
        std::fs::write(home.join("notmuchrc"), notmuch).expect("written");
        let shown = shown_client(office, office.first(), &home, "mujmap");
        let config = std::fs::read_to_string(shown).expect("written");
        // The door without TLS, and no folder of the one who tests.
        let secure = format!("https://localhost:{}", office.ports.https);
        let config = config.replace(&secure, &format!("http://localhost:{}", office.ports.http));
        let config = format!("{config}cache_dir = \"{}\"\n", home.join("cache").display());
        std::fs::write(mail.join("facteur/mujmap.toml"), config).expect("written");
        let mujmap = Self { home };
        mujmap.notmuch(&["new"]);
        mujmap
    }

    fn notmuch(&self, words: &[&str]) -> String {
        let config = self.home.join("notmuchrc");
        client(Command::new("notmuch").args(words).env("NOTMUCH_CONFIG", config), b"").must_succeed().out
    }

    fn run(&self, words: &[&str], input: &[u8]) {
        let mut mujmap = Command::new(peer("mujmap/bin/mujmap"));
        mujmap.arg("-C").arg(self.home.join("mail/facteur")).args(words);
        client(mujmap.env("NOTMUCH_CONFIG", self.home.join("notmuchrc")), input).must_succeed();
    }

    fn sync(&self) {
        self.run(&["sync"], b"");
    }

    /// The tags of a letter, sorted; none if it is not there.
    fn tags(&self, id: &str) -> Vec<String> {
        let told = self.notmuch(&["search", "--output=tags", "--exclude=false", &format!("id:{id}")]);
        told.lines().map(str::to_owned).filter(|tag| !["new", "attachment"].contains(&tag.as_str())).collect()
    }

    fn count(&self) -> usize {
        let told = self.notmuch(&["search", "--output=messages", "--exclude=false", "*"]);
        told.lines().count()
    }
}

fn goes_its_way(letters: usize) {
    let (mut office, mut look, _) = post::office(letters);
    look.make("Voyages d’été");
    let mujmap = MujMap::of(&office);
    mujmap.sync();
    assert_eq!(mujmap.count(), letters + 1);
    assert_eq!(mujmap.tags(PHOTOS), ["inbox", "unread"]);
    let found = mujmap.notmuch(&["search", "--output=messages", "photos de l'été"]);
    assert_eq!(found.trim(), format!("id:{PHOTOS}"));
    let part = mujmap.notmuch(&["show", "--format=json", "--body=true", &format!("id:{PHOTOS}")]);
    assert!(part.contains("Voilà les photos de l'été.") && part.contains("plage.bin"), "{part}");

    // Each side marks, moves and takes away. A letter with the tags of two folders lies in both.
    mujmap.notmuch(&["tag", "+flagged", "-unread", "id:letter0@test"]);
    mujmap.notmuch(&["tag", "-inbox", "+Voyages d’été", "id:letter1@test"]);
    mujmap.notmuch(&["tag", "+Voyages d’été", "id:letter3@test"]);
    look.mark("INBOX", "letter2@test", "\\Seen", true);
    look.move_to("INBOX", PHOTOS, "Archive");
    look.add("INBOX", &post::letter("later@test", "Plus tard"), &["\\Flagged"]);
    mujmap.sync();
    let all = look.all();
    assert_eq!(all.one("letter0@test").flags, ["\\Flagged", "\\Seen"]);
    assert_eq!(all.one("letter1@test").folder, "Voyages d’été");
    let folders = |look: &mut Look| {
        let mut folders: Vec<String> = look.all().of("letter3@test").iter().map(|seen| seen.folder.clone()).collect();
        folders.sort();
        folders
    };
    assert_eq!(folders(&mut look), ["INBOX", "Voyages d’été"]);
    assert_eq!(mujmap.tags("letter2@test"), ["inbox"]);
    // A letter in the archive has no tag of a folder.
    assert_eq!(mujmap.tags(PHOTOS), ["unread"]);
    assert_eq!(mujmap.tags("later@test"), ["flagged", "inbox", "unread"]);

    // Each takes it out of one folder: the other one keeps it until its turn.
    mujmap.notmuch(&["tag", "-inbox", "id:letter3@test"]);
    look.remove("INBOX", "letter2@test");
    mujmap.sync();
    assert_eq!(folders(&mut look), ["Voyages d’été"]);
    assert_eq!(mujmap.tags("letter3@test"), ["Voyages d’été", "unread"]);
    assert_eq!((mujmap.tags("letter2@test"), mujmap.count()), (vec![], letters + 1));

    // Nothing to do, and nothing again after the office was killed.
    let before = look.all();
    drop(look);
    mujmap.sync();
    office.kill();
    office.start();
    mujmap.sync();
    let mut look = Look::at(&office, office.first());
    assert_eq!(look.all(), before);
    assert_eq!(mujmap.count(), letters + 1);
    it_sends(&office, &mujmap, &mut look);
}

fn it_sends(office: &Office, mujmap: &MujMap, look: &mut Look) {
    let bob = &office.people[1];
    // It takes letters in ASCII with a date.
    let letter = format!(
        "From: Alice <{}>\nTo: <{}>\nSubject: =?utf-8?q?L=27=C3=A9t=C3=A9?=\nMessage-ID: <sent@alpha.test>\n\
         Date: Tue, 24 Nov 2026 06:22:57 +0100\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\
         Content-Transfer-Encoding: quoted-printable\n\nVoil=C3=A0 l'=C3=A9t=C3=A9\n",
        office.first().address,
        bob.address
    );
    mujmap.run(&["send", "-t"], letter.as_bytes());
    let theirs = Look::at(office, bob).once(1).letters[0].clone();
    assert_eq!((theirs.folder.as_str(), theirs.id.as_str()), ("INBOX", "sent@alpha.test"));
    assert_eq!(look.all().one("sent@alpha.test").folder, "Sent");
}

#[test]
#[ignore = "it is built first: cargo xtask soak clients"]
fn mujmap_goes_its_way() {
    goes_its_way(5);
    goes_its_way(1000);
}
