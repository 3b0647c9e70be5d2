//! A client that says anything, in any pieces: the session never panics, always gets on, and the way the input is cut
//! changes nothing.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use mail::seam::Verdict;
use mail::{Address, Domain, Reply};
use smtp::{Answer, Kind, Question, Session, Settings, Step};

fuzz_target!(|data: &[u8]| {
    let Some((&how, input)) = data.split_first() else { return };
    let kind = [Kind::Reception, Kind::Submission, Kind::Lmtp][usize::from(how % 3)];
    let whole = play(kind, input, usize::MAX);
    let pieces = play(kind, input, usize::from(how / 3 % 7) + 1);
    assert_eq!(whole, pieces);
});

/// Everything the session said and kept.
fn play(kind: Kind, input: &[u8], piece: usize) -> Vec<String> {
    let hostname = Domain::parse("mail.alpha.test").expect("a domain");
    let mut settings = Settings::new(kind, hostname, Address::parse("postmaster@alpha.test").expect("an address"));
    settings.max_letter = 300;
    settings.max_recipients = 3;
    settings.clear_logins = true;
    settings.mechanisms = vec!["PLAIN"];
    let (mut session, greeting) = Session::new(Arc::new(settings), false);
    let mut said = vec![greeting.encode()];
    let mut kept = Vec::new();
    let mut waiting: Vec<u8> = Vec::new();
    for chunk in input.chunks(piece.min(input.len().max(1))) {
        waiting.extend_from_slice(chunk);
        loop {
            let (used, mut step) = session.next(&waiting);
            assert!(used <= waiting.len());
            if let Step::Keep(range) = &step {
                kept.extend_from_slice(&waiting[range.clone()]);
            }
            waiting.drain(..used);
            while let Some(answer) = answer(&step, &mut kept, &mut said) {
                step = session.answer(answer);
            }
            match step {
                Step::More if used == 0 => break,
                Step::Say(reply) => said.push(reply.encode()),
                Step::StartTls(reply) => {
                    said.push(reply.encode());
                    return said;
                }
                Step::Close(reply) => {
                    said.push(reply.encode());
                    return said;
                }
                _ => {}
            }
        }
        assert!(waiting.len() < 64 * 1024, "what is not used stays bounded");
    }
    said
}

fn answer(step: &Step, kept: &mut Vec<u8>, said: &mut Vec<String>) -> Option<Answer> {
    match step {
        Step::Ask(Question::Sender(_)) => Some(Answer::Verdict(Verdict::Accept)),
        Step::Ask(Question::Recipient(address)) if address.local().starts_with('x') => {
            Some(Answer::Verdict(Verdict::Refuse(Reply::new(550, (5, 1, 1), "nobody"))))
        }
        Step::Ask(Question::Recipient(_)) => Some(Answer::Verdict(Verdict::Accept)),
        Step::Ask(Question::Login { .. } | Question::LoginLine(_)) => {
            Some(Answer::LoginFailed(Reply::new(535, (5, 7, 8), "no")))
        }
        Step::Deliver(envelope) => {
            said.push(format!("{envelope:?} {:?}", String::from_utf8_lossy(kept)));
            kept.clear();
            Some(Answer::Letter(envelope.recipients.iter().map(|_| Reply::new(250, (2, 0, 0), "taken")).collect()))
        }
        _ => None,
    }
}
