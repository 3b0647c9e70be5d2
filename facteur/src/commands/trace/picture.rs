//! Draws the way of a letter as a picture of the chain: who wrote it, through which links it came, and where it went.

use ::trace::{History, Noted};
use mail::trace::{Arrival, Attempt, AttemptOutcome, Event, Hand, Link};

use super::wording::{self, People};
use crate::clock;
use crate::language::say;

/// Everything: the picture, and each step below it.
pub fn whole(history: &History, people: &People, width: usize) -> String {
    let mut text = brief(history, people) + "\n" + &steps(history, people, width);
    if history.cut {
        text += &say!("\nThe steps before these are not shown.\n", "\nLes étapes d'avant ne sont pas montrées.\n");
    }
    if history.damaged > 0 {
        let damaged = history.damaged;
        text += &say!(
            "\nPart of this history cannot be read: its rows in the database are damaged ({damaged}).\n",
            "\nUne partie de ce récit est illisible : ses lignes sont abîmées dans la base ({damaged}).\n"
        );
    }
    text
}

/// The picture alone.
pub fn brief(history: &History, people: &People) -> String {
    let letter = history.letter;
    let id = history.arrival().map(|arrival| arrival.message_id.as_str()).filter(|id| !id.is_empty());
    let id = id.map(|id| format!("  <{id}>")).unwrap_or_default();
    let when = history.steps.first().map(|step| clock::minute(step.at)).unwrap_or_default();
    let mut head = say!("Letter {letter}  {when}{id}", "Lettre {letter}  {when}{id}");
    let subject = history.arrival().map(wording::subject).filter(|subject| !subject.is_empty());
    if let Some(subject) = subject {
        head += &say!("\n“{subject}”", "\n« {subject} »");
    }
    format!("{head}\n\n{}", tree(&trunk(history), &branches(history, people)))
}

/// A picture with more branches shows how many more.
const MOST_BRANCHES: usize = 16;

/// One trunk, and its branches below each other.
fn tree(trunk: &str, branches: &[String]) -> String {
    let margin = " ".repeat(trunk.chars().count());
    let shown = branches.len().min(MOST_BRANCHES);
    let mut text = String::new();
    for (i, branch) in branches.iter().take(shown).enumerate() {
        let last = i + 1 == branches.len();
        let (before, fork) = match (i, last) {
            (0, true) => (trunk, "─"),
            (0, false) => (trunk, "┬"),
            (_, true) => (&*margin, "└"),
            (_, false) => (&*margin, "├"),
        };
        let stem = if i == 0 { "─" } else { " " };
        text += &format!("  {before} {stem}{fork}{branch}\n");
    }
    match branches.len() - shown {
        0 if branches.is_empty() => format!("  {trunk}\n"),
        0 => text,
        more => text + &say!("  {margin}  └─ … and {more} more\n", "  {margin}  └─ … et {more} de plus\n"),
    }
}

fn trunk(history: &History) -> String {
    let received = history.steps.iter().find_map(|step| match &step.event {
        Event::Received(arrival) => Some(arrival),
        _ => None,
    });
    match received.or(history.arrival()) {
        Some(arrival) => {
            let link = arrival.by.map(wording::link).unwrap_or_default();
            format!("{} ─▶ {link}", sender(arrival))
        }
        None => "…".to_owned(),
    }
}

fn sender(arrival: &Arrival) -> String {
    if arrival.by == Some(Link::Import) {
        return arrival.peer.clone();
    }
    match (arrival.return_path.as_str(), arrival.login.as_str()) {
        ("", "") => "<>".to_owned(),
        ("", login) => login.to_owned(),
        (path, _) => path.to_owned(),
    }
}

/// Each begins behind its fork: with an arrow, or a cross where the way ends.
fn branches(history: &History, people: &People) -> Vec<String> {
    let mut branches = Vec::new();
    for step in &history.steps {
        match &step.event {
            Event::Refused { arrival, reply } => branches.push(refused(arrival, reply)),
            Event::Filed { account, recipient, folder, .. } => {
                branches.push(filed(history, *account, &people.owner(*account, recipient), recipient, folder));
            }
            Event::Queued { recipients } | Event::Postponed { recipients, .. } => {
                let elsewhere = recipients.iter().filter(|to| !is_filed(history, to) && !is_again(history, step, to));
                branches.extend(elsewhere.map(|to| carried(history, to)));
            }
            Event::NotFiled { recipient, .. } if !is_filed(history, recipient) => {
                branches.push(format!("✗ {recipient}"));
            }
            Event::Reported { to, report, .. } | Event::Confirmed { to, report } => {
                let reported = say!("report {report}", "avis {report}");
                branches.push(format!("▶ {reported} ─▶ {to}"));
            }
            _ => {}
        }
    }
    branches
}

fn refused(arrival: &Arrival, reply: &str) -> String {
    // The code says it in the picture; the steps have the words.
    let code = reply.split_whitespace().next().unwrap_or_default();
    let to = match arrival.recipients.as_slice() {
        [] => String::new(),
        recipients => format!(" {}", wording::listed(recipients)),
    };
    say!("✗{to} refused ({code})", "✗{to} refusée ({code})")
}

fn filed(history: &History, account: i64, owner: &str, recipient: &str, folder: &str) -> String {
    let queue = say!("queue", "file");
    let queued = history.steps.iter().any(|step| queues(&step.event, recipient));
    let before = if queued { format!("{queue} ─▶ ") } else { String::new() };
    // A client puts letters where it wants them, and import where they lay, past the MDA.
    let by = history.arrival().and_then(|arrival| arrival.by);
    let mda = if matches!(by, Some(Link::Client | Link::Import)) { "" } else { "MDA ─▶ " };
    let folder = if folder.is_empty() { String::new() } else { format!("/{folder}") };
    let mut text = format!("▶ {before}{mda}{owner}{folder}");
    for step in &history.steps {
        match &step.event {
            Event::Read { account: whose, door } if *whose == account => {
                let door = wording::link(*door);
                text += &say!(" ─▶ {door} ─▶ opened ✓", " ─▶ {door} ─▶ ouverte ✓");
            }
            Event::Removed { account: whose, .. } if *whose == account => text += &say!(", removed", ", supprimée"),
            _ => {}
        }
    }
    text
}

fn carried(history: &History, recipient: &str) -> String {
    let queue = say!("queue", "file");
    let attempts: Vec<&Attempt> = history.steps.iter().filter_map(|step| attempt(step, recipient)).collect();
    let tries = attempts.len();
    let Some(last) = attempts.last() else {
        let dropped = history.steps.iter().any(|step| drops(&step.event, recipient));
        return match dropped {
            true => say!("▶ {queue} ✗ {recipient}, taken off", "▶ {queue} ✗ {recipient}, retirée"),
            false => say!("▶ {queue} … {recipient}, waits", "▶ {queue} … {recipient}, attend"),
        };
    };
    let name = last.name();
    let way = match last.hand() {
        // Nothing was spoken yet.
        Hand::Nowhere => String::new(),
        Hand::Local => format!(" ─▶ {name}"),
        Hand::Smtp => format!(" ⇢ SMTP ⇢ {name}"),
        Hand::Lmtp => format!(" ⇢ LMTP ⇢ {name}"),
    };
    match last.outcome {
        AttemptOutcome::Delivered => format!("▶ {queue}{way} ─▶ {recipient} ✓"),
        AttemptOutcome::Failed => format!("▶ {queue}{way} ✗ {recipient}"),
        AttemptOutcome::Later => say!(
            "▶ {queue}{way} … {recipient}, waits (tries: {tries})",
            "▶ {queue}{way} … {recipient}, attend (essais : {tries})"
        ),
    }
}

fn attempt<'a>(step: &'a Noted, recipient: &str) -> Option<&'a Attempt> {
    match &step.event {
        Event::Attempt(attempt) if attempt.recipient == recipient => Some(attempt),
        _ => None,
    }
}

fn is_filed(history: &History, recipient: &str) -> bool {
    history.steps.iter().any(|step| matches!(&step.event, Event::Filed { recipient: known, .. } if known == recipient))
}

/// Returns true if an earlier step has queued the same recipient.
fn is_again(history: &History, step: &Noted, recipient: &str) -> bool {
    let before = history.steps.iter().take_while(|earlier| !std::ptr::eq(*earlier, step));
    before.into_iter().any(|earlier| queues(&earlier.event, recipient))
}

fn queues(event: &Event, recipient: &str) -> bool {
    matches!(
        event,
        Event::Queued { recipients } | Event::Postponed { recipients, .. } if recipients.iter().any(|known| known == recipient)
    )
}

fn drops(event: &Event, recipient: &str) -> bool {
    use mail::trace::DeskAct::Dropped;
    matches!(event, Event::Desk { act: Dropped, recipient: known } if known == recipient)
        || matches!(event, Event::Recalled { .. })
}

/// Each step with its time and its link, days as headings.
fn steps(history: &History, people: &People, width: usize) -> String {
    let places: Vec<String> = history.steps.iter().map(|step| wording::place(&step.event)).collect();
    let widest = places.iter().map(|place| place.chars().count()).max().unwrap_or(0);
    let (mut text, mut day) = (String::new(), String::new());
    for (i, (step, place)) in history.steps.iter().zip(&places).enumerate() {
        let its_day = clock::day(step.at);
        if its_day != day {
            text += &format!("  {its_day}\n");
            day = its_day;
        }
        let (first, last) = (i == 0, i + 1 == history.steps.len());
        let knot = match (first, last) {
            (true, true) => "─",
            (true, false) => "┬",
            (false, false) => "├",
            (false, true) => "└",
        };
        let time = clock::second(step.at);
        let margin = time.chars().count() + widest + 7;
        let lines = wrapped(&wording::sentence(&step.event, people), width.saturating_sub(margin));
        for (n, line) in lines.iter().enumerate() {
            text += &match n {
                0 => format!("  {time} {knot} {place:widest$}  {line}\n"),
                _ => {
                    let bar = if last { " " } else { "│" };
                    let blank = " ".repeat(time.chars().count());
                    format!("  {blank} {bar} {:widest$}  {line}\n", "")
                }
            };
        }
    }
    text
}

/// Lines of at most `width` characters, if its words let them.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { continue };
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width.max(20) {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_way_is_a_line_and_several_are_a_tree() {
        assert_eq!(tree("a ─▶ MSA", &["▶ b".into()]), "  a ─▶ MSA ──▶ b\n");
        assert_eq!(
            tree("a ─▶ MSA", &["▶ b".into(), "▶ c".into(), "✗ d".into()]),
            "  a ─▶ MSA ─┬▶ b\n            ├▶ c\n            └✗ d\n"
        );
        assert_eq!(tree("a", &[]), "  a\n");
    }

    #[test]
    fn a_letter_through_an_alias_is_shown_in_its_owner_s_mailbox_with_its_subject() {
        let arrival = Arrival {
            by: Some(Link::Mta),
            return_path: "bob@beta.test".into(),
            recipients: vec!["team@alpha.test".into()],
            message_id: "1@beta.test".into(),
            subject: "=?utf-8?q?D=C3=A9jeuner_?= =?utf-8?q?=1B[31m?=".into(),
            ..Arrival::default()
        };
        let refused = Arrival { message_id: String::new(), subject: String::new(), ..arrival.clone() };
        let filed = Event::Filed { account: 7, key: 1, recipient: "team@alpha.test".into(), folder: "INBOX".into() };
        let history = History::of([
            Event::Refused { arrival: refused, reply: "550 5.1.1 nobody".into() },
            Event::Received(arrival),
            filed,
            Event::Read { account: 7, door: Link::Imap },
        ]);
        let picture = whole(&history, &People::called([(7, "alice@alpha.test")]), 200);
        assert!(picture.contains("<1@beta.test>"), "{picture}");
        assert!(picture.contains("“Déjeuner  [31m”"), "{picture}");
        assert!(picture.contains("MDA ─▶ alice@alpha.test/INBOX ─▶ IMAP"), "{picture}");
        assert!(picture.contains("filed for alice@alpha.test, as team@alpha.test, in INBOX"), "{picture}");
        assert!(picture.contains("opened by alice@alpha.test"), "{picture}");
        // If a person has left, only the address of the letter is known.
        assert!(brief(&history, &People::called([])).contains("team@alpha.test/INBOX"), "{picture}");
    }

    #[test]
    fn a_letter_to_very_many_is_drawn_on_a_page() {
        let many: Vec<String> = (0..500).map(|n| format!("▶ {n}")).collect();
        assert_eq!(tree("a", &many).lines().count(), MOST_BRANCHES + 1);
    }

    #[test]
    fn a_long_answer_is_wrapped_between_its_words() {
        let lines = wrapped(&"word ".repeat(30), 40);
        assert!(lines.len() > 3 && lines.iter().all(|line| line.chars().count() <= 40), "{lines:?}");
        assert_eq!(wrapped("one", 0), ["one"]);
    }
}
