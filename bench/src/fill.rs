//! The same letters for us and for Dovecot.

use std::os::unix::fs::chown;

use tests::{Dialogue, Dovecot, generated_letter};

fn letter(number: usize, size: usize) -> Vec<u8> {
    generated_letter(&format!("o{number}"), "bench@elsewhere.test", "alice@alpha.test", size)
}

/// Sends so many letters to Alice over SMTP.
pub fn fill(port: u16, letters: usize, size: usize) {
    std::thread::scope(|scope| {
        for session in 0..64 {
            scope.spawn(move || {
                let mut dialogue = Dialogue::open(port).expect("connected");
                dialogue.reply().expect("greeted");
                dialogue.ask("EHLO client.test").expect("answered");
                for number in (session..letters).step_by(64) {
                    let sent = dialogue.send("bench@elsewhere.test", "alice@alpha.test", &letter(number, size));
                    assert!(sent.expect("answered"), "a letter was refused");
                }
            });
        }
    });
}

/// Puts them into Alice's Maildir.
pub fn fill_maildir(dovecot: &Dovecot, letters: usize, size: usize) {
    let folder = dovecot.maildir("alice");
    for part in ["", "cur", "new", "tmp"] {
        std::fs::create_dir_all(folder.join(part)).expect("made");
        chown(folder.join(part), Some(65534), Some(65534)).expect("given");
    }
    for number in 0..letters {
        let path = folder.join(format!("cur/{}.{number}.bench:2,", 1_700_000_000 + number));
        std::fs::write(&path, letter(number, size)).expect("written");
        chown(&path, Some(65534), Some(65534)).expect("given");
    }
}
