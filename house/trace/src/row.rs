//! Encodes the events of one commit: a version, then the events as postcard writes them.

use mail::trace::{Event, tidy};

/// The version of the encoding. Events and their fields are only ever added at the end, which needs no new version.
const VERSION: u8 = 1;

/// A row of the trace cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a row of the trace is damaged")]
pub struct Damaged;

/// Writes events down, their texts tidied (see [`tidy`]).
pub fn encode(mut events: Vec<Event>) -> Vec<u8> {
    events.iter_mut().for_each(|event| event.each_text(tidy));
    let bytes = vec![VERSION];
    // It fails only where the memory does.
    postcard::to_extend(&events, bytes).unwrap_or_default()
}

/// Reads them.
pub fn decode(bytes: &[u8]) -> Result<Vec<Event>, Damaged> {
    let (version, events) = bytes.split_first().ok_or(Damaged)?;
    if *version != VERSION {
        return Err(Damaged);
    }
    match postcard::take_from_bytes(events) {
        Ok((events, [])) => Ok(events),
        _ => Err(Damaged),
    }
}

#[cfg(test)]
mod tests {
    use mail::trace::{Arrival, Attempt, AttemptOutcome, DeskAct, LONGEST_TEXT, Link};
    use proptest::prelude::*;

    use super::*;

    fn link() -> impl Strategy<Value = Link> {
        use Link::*;
        prop::sample::select(vec![Msa, Mta, Lmtp, Mra, House, Client, Imap, Pop3, Jmap, Import])
    }

    fn arrival() -> impl Strategy<Value = Arrival> {
        let texts = prop::array::uniform7("[ -~é]{0,30}");
        (link(), texts, prop::collection::vec("[a-z]{1,9}@[a-z]{1,9}", 0..4), any::<u64>(), any::<Option<i64>>())
            .prop_map(|(by, [peer, hello, tls, login, return_path, message_id, subject], recipients, size, account)| {
                Arrival {
                    by: Some(by),
                    peer,
                    hello,
                    tls,
                    login,
                    account,
                    return_path,
                    recipients,
                    message_id,
                    subject,
                    size,
                }
            })
    }

    fn event() -> impl Strategy<Value = Event> {
        let text = || "[ -~é]{0,40}";
        let texts = || prop::collection::vec("[a-z]{1,9}@[a-z]{1,9}", 0..4);
        let outcome =
            prop::sample::select(vec![AttemptOutcome::Delivered, AttemptOutcome::Later, AttemptOutcome::Failed]);
        let act = prop::sample::select(vec![DeskAct::Held, DeskAct::Released, DeskAct::Retried, DeskAct::Dropped]);
        prop_oneof![
            arrival().prop_map(Event::Received),
            (arrival(), text()).prop_map(|(arrival, reply)| Event::Refused { arrival, reply }),
            (text(), text(), text(), text()).prop_map(|(recipient, by, decision, reason)| Event::Judged {
                recipient,
                by,
                decision,
                reason
            }),
            (any::<i64>(), any::<i64>(), text(), text()).prop_map(|(account, key, recipient, folder)| Event::Filed {
                account,
                key,
                recipient,
                folder
            }),
            (text(), text()).prop_map(|(recipient, reply)| Event::NotFiled { recipient, reply }),
            texts().prop_map(|recipients| Event::Queued { recipients }),
            (text(), text(), text(), outcome, text()).prop_map(|(recipient, by, said, outcome, tls)| Event::Attempt(
                Attempt { recipient, by, said, outcome, tls }
            )),
            (text(), text(), any::<bool>()).prop_map(|(to, report, late)| Event::Reported { to, report, late }),
            (text(), text()).prop_map(|(to, report)| Event::Confirmed { to, report }),
            (act, text()).prop_map(|(act, recipient)| Event::Desk { act, recipient }),
            (any::<i64>(), link()).prop_map(|(account, door)| Event::Read { account, door }),
            (any::<i64>(), link()).prop_map(|(account, door)| Event::Removed { account, door }),
            (text(), texts()).prop_map(|(recipient, to)| Event::Redirected { recipient, to }),
            (texts(), any::<i64>()).prop_map(|(recipients, until)| Event::Postponed { recipients, until }),
            any::<i64>().prop_map(|account| Event::Recalled { account }),
            text().prop_map(|cause| Event::Fault { cause }),
            (any::<u64>(), any::<bool>()).prop_map(|(line_ends, nul)| Event::Mended { line_ends, nul }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_down_is_read_again(events in prop::collection::vec(event(), 0..5)) {
            prop_assert_eq!(decode(&encode(events.clone())), Ok(events));
        }

        #[test]
        fn noise_is_damage_and_no_panic(noise in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&noise);
            let _ = decode(&[&[VERSION], &noise[..]].concat());
        }

        #[test]
        fn a_row_that_was_cut_short_is_damaged(events in prop::collection::vec(event(), 1..3), cut in 0.0..1.0_f64) {
            let bytes = encode(events);
            let cut = (bytes.len() as f64 * cut) as usize;
            prop_assert_eq!(decode(&bytes[..cut]), Err(Damaged));
        }
    }

    #[test]
    fn a_foreign_answer_is_bounded_and_on_one_line() {
        let said = format!("550 no\r\n\u{1b}]0;owned\u{7}{}", "x".repeat(100_000));
        let attempt = Attempt {
            recipient: String::new(),
            by: String::new(),
            said,
            outcome: AttemptOutcome::Failed,
            tls: String::new(),
        };
        let read = decode(&encode(vec![Event::Attempt(attempt)])).unwrap();
        let [Event::Attempt(read)] = read.as_slice() else { panic!("an attempt comes back as one") };
        assert!(read.said.chars().count() <= LONGEST_TEXT && !read.said.contains(char::is_control), "{}", read.said);
    }

    #[test]
    fn a_row_of_before_there_were_subjects_is_read() {
        // Received, through the MTA, `a` as each text, no recipient, Message-ID `m`, one octet; then a letter that is read.
        let row = [VERSION, 2, 0, 1, 1, 1, b'a', 1, b'a', 1, b'a', 1, b'a', 0, 1, b'a', 0, 1, b'm', 1, 9, 2, 6];
        let read = decode(&row).unwrap();
        let [Event::Received(arrival), Event::Read { account: 1, .. }] = read.as_slice() else { panic!("{read:?}") };
        assert_eq!((arrival.message_id.as_str(), arrival.subject.as_str(), arrival.size), ("m", "", 1));
        let now = Arrival { subject: "Lunch?".into(), ..arrival.clone() };
        assert_eq!(decode(&encode(vec![Event::Received(now.clone())])), Ok(vec![Event::Received(now)]));
    }

    #[test]
    fn a_stored_event_is_found_by_its_place_for_ever() {
        // The first octets of rows as they stand in databases: a variant moved would read them as something else.
        let tags: Vec<u8> = [
            Event::Received(Arrival::default()),
            Event::Refused { arrival: Arrival::default(), reply: String::new() },
            Event::Judged {
                recipient: String::new(),
                by: String::new(),
                decision: String::new(),
                reason: String::new(),
            },
            Event::Filed { account: 0, key: 0, recipient: String::new(), folder: String::new() },
            Event::NotFiled { recipient: String::new(), reply: String::new() },
            Event::Queued { recipients: Vec::new() },
        ]
        .into_iter()
        .map(|event| encode(vec![event])[2])
        .collect();
        assert_eq!(tags, [0, 1, 2, 3, 4, 5]);
        let read = encode(vec![Event::Read { account: 1, door: Link::Imap }]);
        assert_eq!(read, [VERSION, 1, 9, 2, 6]);
        assert_eq!(encode(vec![Event::Postponed { recipients: Vec::new(), until: 1 }]), [VERSION, 1, 12, 0, 2]);
        assert_eq!(encode(vec![Event::Recalled { account: 1 }]), [VERSION, 1, 13, 2]);
        assert_eq!(encode(vec![Event::Fault { cause: String::new() }]), [VERSION, 1, 14, 0]);
        assert_eq!(encode(vec![Event::Mended { line_ends: 3, nul: true }]), [VERSION, 1, 15, 3, 1]);
    }
}
