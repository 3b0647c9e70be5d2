//! NeoMutt in a terminal, configured as docs/clients.md shows: it sends the keys that a person would press.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tests::{Look, Office, client, shown_client};

use crate::post::{self, PHOTOS};

/// A NeoMutt of Alice's.
struct NeoMutt {
    home: PathBuf,
}

impl NeoMutt {
    fn of(office: &Office) -> Self {
        let home = office.folder().join("neomutt");
        std::fs::create_dir_all(home.join(".cache")).expect("a folder");
        let file = shown_client(office, office.first(), &home, "neomutt");
        let mut settings = std::fs::read_to_string(&file).expect("written");
        let told = format!("touch {}", home.join("told").display());
        // These settings only let a test press the keys.
        let more = [
            ("new_mail_command", told.as_str()),
            ("resolve", "no"),
            ("delete", "yes"),
            ("confirm_append", "no"),
            ("wait_key", "no"),
            ("quit", "yes"),
            ("timeout", "1"),
        ];
        for (name, value) in more {
            let _ = writeln!(settings, "set {name} = \"{value}\"");
        }
        std::fs::write(&file, settings).expect("written");
        Self { home }
    }

    /// A file of its own.
    fn file(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    /// NeoMutt wants a terminal: script(1) gives it one.
    fn command(&self, keys: &str) -> Command {
        let rc = self.file("neomuttrc").display().to_string();
        let mut script = Command::new("script");
        script.args(["-qec", &format!("exec neomutt -n -F '{rc}' -e 'push \"{keys}\"'"), "/dev/null"]);
        script.env("TERM", "xterm").env("LANG", "C.UTF-8");
        script
    }

    /// Presses these keys from the list of INBOX on, until it has ended.
    fn press(&self, keys: &str) {
        client(&mut self.command(&format!("{keys}<quit>")), b"").must_succeed();
    }

    /// Opens INBOX and leaves it open.
    fn open(&self) -> Open {
        let mut command = self.command("");
        Open(command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("script starts"))
    }
}

struct Open(Child);

impl Drop for Open {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn neomutt_goes_its_way() {
    let (office, mut look, _) = post::office(3);
    let neomutt = NeoMutt::of(&office);
    it_finds_and_reads(&neomutt, &mut look);
    it_copies_moves_and_deletes(&neomutt, &mut look);
    it_comes_again_and_sees_what_has_changed(&neomutt, &mut look);
    it_is_told_of_a_new_letter(&neomutt, &office);
}

fn it_finds_and_reads(neomutt: &NeoMutt, look: &mut Look) {
    // It has the server search the bodies, and gives the letter as it is.
    let whole = neomutt.file("whole");
    let pipe = format!("<pipe-message>cat > {}<enter>", whole.display());
    neomutt.press(&format!("<search>=b photos<enter>{pipe}<flag-message><sync-mailbox>"));
    let read = std::fs::read(&whole).expect("the letter");
    assert_eq!(post::crlf(&read), look.octets("INBOX", PHOTOS));
    assert!(look.all().one(PHOTOS).flags.contains(&"\\Flagged".to_owned()));

    let photo = neomutt.file("photo");
    let save = format!("<save-entry><kill-line>{}<enter>", photo.display());
    neomutt.press(&format!("<search>~s photos<enter><view-attachments><last-entry>{save}<exit>"));
    assert_eq!(std::fs::read(&photo).expect("the photo"), post::photo());
}

fn it_copies_moves_and_deletes(neomutt: &NeoMutt, look: &mut Look) {
    neomutt.press("<search>=b photos<enter><copy-message>+Archive<enter><save-message>+Trash<enter><sync-mailbox>");
    let all = look.all();
    let places: Vec<_> = all.of(PHOTOS).iter().map(|letter| letter.folder.as_str()).collect();
    assert_eq!(places, ["Archive", "Trash"]);

    neomutt.press("<search>~i letter1@test<enter><delete-message><sync-mailbox>");
    assert!(look.all().of("letter1@test").is_empty());
}

/// It remembers letters in its cache, and asks only for the changes since.
fn it_comes_again_and_sees_what_has_changed(neomutt: &NeoMutt, look: &mut Look) {
    look.mark("INBOX", "letter0@test", "\\Flagged", true);
    look.remove("INBOX", "letter2@test");
    look.add("INBOX", &post::letter("later@test", "Plus tard"), &[]);
    let list = neomutt.file("list");
    let tell =
        format!("<tag-pattern>~A<enter><tag-prefix><pipe-message>grep -i message-id: >> {}<enter>", list.display());
    neomutt.press(&format!("<limit>~F<enter>{tell}"));
    assert_eq!(std::fs::read_to_string(&list).expect("told"), "Message-ID: <letter0@test>\n");
    std::fs::remove_file(&list).expect("removed");
    neomutt.press(&tell);
    let told = std::fs::read_to_string(&list).expect("told");
    let mut told: Vec<&str> = told.lines().collect();
    told.sort_unstable();
    assert_eq!(told, ["Message-ID: <later@test>", "Message-ID: <letter0@test>"]);
}

/// While it is open: nobody presses a key.
fn it_is_told_of_a_new_letter(neomutt: &NeoMutt, office: &Office) {
    let _open = neomutt.open();
    let patience = Instant::now() + Duration::from_secs(120);
    let told = neomutt.file("told");
    for number in 0.. {
        post::hand_in(office, office.first(), &post::letter(&format!("new{number}@test"), "nouveau"));
        // time passes: between two looks
        std::thread::sleep(Duration::from_millis(500));
        if told.exists() {
            return;
        }
        assert!(Instant::now() < patience, "NeoMutt was told of nothing");
    }
}
