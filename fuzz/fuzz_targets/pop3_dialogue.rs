//! A client that says anything, before and after its log-in: no panic, the drop always adds up, and every command that is
//! understood goes round through its line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mail::seam::AccountId;
use mailbox::{Access, FolderId, Uid};
use pop3::command::Command;
use pop3::dialogue::{Act, Dialogue, Entrance};
use pop3::maildrop::{DropEntry, Maildrop};

fn drop_of(letters: u32) -> Maildrop {
    let letter = |number| Some(DropEntry { uid: Uid::new(number * 3)?, size: number });
    Maildrop::new(Access::own(AccountId(1)), FolderId(1), "1.1.", (1..=letters).filter_map(letter).collect())
}

fuzz_target!(|data: &[u8]| {
    let mut dialogue = Dialogue::new(Entrance { start_tls: true, log_in: true });
    for line in data.split_inclusive(|&octet| octet == b'\n') {
        if let Ok(command) = Command::parse(line) {
            assert_eq!(Command::parse(command.line().as_bytes()), Ok(command));
        }
        match dialogue.line(line) {
            Act::Check { .. } | Act::Authenticate { .. } => drop(dialogue.let_in(drop_of(9))),
            Act::List(_, listing) => {
                let maildrop = dialogue.maildrop().expect("listed");
                let mut lines = Vec::new();
                assert_eq!(maildrop.list(listing, 0, usize::MAX, &mut lines), None);
                assert_eq!(lines.iter().filter(|&&octet| octet == b'\n').count(), maildrop.count());
            }
            Act::Say(reply) | Act::Show(reply, _) => assert_eq!(reply.line().matches("\r\n").count(), 1),
            Act::Send { letter, .. } => assert_eq!(letter.uid.get(), letter.size * 3),
            Act::StartTls(_) | Act::Update | Act::Leave(_) => return,
        }
    }
});
