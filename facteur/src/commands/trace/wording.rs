//! Tells in words what happened to a letter.

use std::collections::{HashMap, HashSet};

use ::trace::History;
use mail::finding::{CONVERSION, SIGNATURE, Told};
use mail::seam::AccountId;
use mail::trace::{Arrival, Attempt, AttemptOutcome, DeskAct, Event, Hand, Link};
use mail::{Address, Timestamp};
use store::{Store, View};

use crate::clock;
use crate::commands::{Trouble, size};
use crate::language::{de, foreign, say};

/// The owners of the mailboxes in some histories: an alias may have led there.
pub struct People(HashMap<i64, Address>);

impl People {
    /// Returns the people who have a copy of these letters, or wrote them, as far as they are still here.
    pub fn of(store: &Store, histories: &[History]) -> Result<Self, Trouble> {
        let steps = histories.iter().flat_map(|history| &history.steps);
        let accounts: HashSet<i64> = steps.filter_map(|step| account(&step.event)).collect();
        let look = move |view: &View| {
            let known = accounts.iter().map(|&number| {
                let person = directory::account::by_id(view, AccountId(number))?;
                Ok(person.map(|person| (number, person.address)))
            });
            known.filter_map(Result::transpose).collect::<Result<_, directory::Error>>()
        };
        Ok(Self(store.read_blocking(look)?))
    }

    /// The address of the owner of a mailbox.
    pub fn name(&self, account: i64) -> String {
        match self.0.get(&account) {
            Some(address) => address.to_string(),
            None => say!("mailbox {account}", "la boîte {account}"),
        }
    }

    /// Names the mailbox of a copy that came under `recipient`: if nobody owns it any more, it has the name of its
    /// letters.
    pub fn owner(&self, account: i64, recipient: &str) -> String {
        self.0.get(&account).map_or_else(|| recipient.to_owned(), Address::to_string)
    }

    #[cfg(test)]
    pub fn called<const N: usize>(people: [(i64, &str); N]) -> Self {
        Self(people.map(|(account, address)| (account, address.parse().expect("an address"))).into())
    }
}

fn account(event: &Event) -> Option<i64> {
    match event {
        Event::Filed { account, .. }
        | Event::Read { account, .. }
        | Event::Removed { account, .. }
        | Event::Recalled { account } => Some(*account),
        _ => None,
    }
}

/// The link of the chain at which it happened.
pub fn place(event: &Event) -> String {
    match event {
        Event::Received(arrival) | Event::Refused { arrival, .. } => arrival.by.map(link).unwrap_or_default(),
        Event::Judged { recipient, by, .. } if recipient.is_empty() && by == CONVERSION => say!("queue", "file"),
        Event::Judged { recipient, by, .. } if recipient.is_empty() && by == SIGNATURE => say!("signer", "signature"),
        Event::Judged { recipient, .. } if recipient.is_empty() => say!("check", "contrôle"),
        Event::Judged { .. } | Event::Filed { .. } | Event::NotFiled { .. } => "MDA".to_owned(),
        Event::Redirected { .. } => say!("alias", "alias"),
        Event::Queued { .. } | Event::Desk { .. } | Event::Postponed { .. } | Event::Recalled { .. } => {
            say!("queue", "file")
        }
        Event::Attempt(attempt) => match attempt.hand() {
            Hand::Nowhere => say!("queue", "file"),
            Hand::Local => say!("hand-over", "remise"),
            Hand::Smtp => "SMTP".to_owned(),
            Hand::Lmtp => "LMTP".to_owned(),
        },
        Event::Reported { .. } | Event::Confirmed { .. } => say!("report", "avis"),
        Event::Mended { .. } => "Facteur".to_owned(),
        Event::Read { door, .. } | Event::Removed { door, .. } => link(*door),
        Event::Fault { .. } => "Facteur".to_owned(),
    }
}

/// A link of the chain, as the picture names it.
pub fn link(link: Link) -> String {
    match link {
        Link::Msa => "MSA".to_owned(),
        Link::Mta => "MTA".to_owned(),
        Link::Lmtp => "LMTP".to_owned(),
        Link::Mra => "MRA".to_owned(),
        Link::House => "Facteur".to_owned(),
        Link::Client => say!("client", "client"),
        Link::Imap => "IMAP".to_owned(),
        Link::Pop3 => "POP3".to_owned(),
        Link::Jmap => "JMAP".to_owned(),
        Link::Import => say!("import", "import"),
    }
}

/// One step in a sentence.
pub fn sentence(event: &Event, people: &People) -> String {
    match event {
        Event::Received(arrival) => received(arrival),
        Event::Refused { arrival, reply } => {
            let (from, to) = (came_from(arrival), recipients(&arrival.recipients));
            let (path, reply) = (&arrival.return_path, foreign(reply));
            say!("refused{from}, <{path}>{to}: {reply}", "refusée{from}, <{path}>{to} : {reply}")
        }
        Event::Judged { recipient, by, decision, reason } if recipient.is_empty() => {
            let why = found(reason);
            say!("{by}: {decision}{why}", "{by} : {decision}{why}")
        }
        Event::Judged { recipient, by, decision, reason } => {
            let why = decided(reason);
            say!("{by} for {recipient}: {decision}{why}", "{by} pour {recipient} : {decision}{why}")
        }
        Event::Filed { recipient, folder, .. } if folder.is_empty() => {
            let de_recipient = de(recipient);
            say!("in the mailbox of {recipient}", "dans la boîte {de_recipient}")
        }
        Event::Filed { account, recipient, folder, .. } => {
            let owner = people.owner(*account, recipient);
            if owner.eq_ignore_ascii_case(recipient) {
                return say!("filed for {owner} in {folder}", "rangée pour {owner} dans {folder}");
            }
            let de_recipient = de(recipient);
            say!(
                "filed for {owner}, as {recipient}, in {folder}",
                "rangée pour {owner}, au titre {de_recipient}, dans {folder}"
            )
        }
        Event::NotFiled { recipient, reply } => {
            let reply = foreign(reply);
            say!("not for {recipient}: {reply}", "pas pour {recipient} : {reply}")
        }
        Event::Queued { recipients } => {
            let who = listed(recipients);
            say!("waits to be carried to {who}", "attend d'être portée à {who}")
        }
        Event::Attempt(attempt) => tried(attempt),
        Event::Reported { to, report, late: false } => {
            say!(
                "{to} was told that it could not be delivered: letter {report}",
                "{to} a été averti qu'elle n'a pu être remise : lettre {report}"
            )
        }
        Event::Reported { to, report, late: true } => {
            say!("{to} was told that it is late: letter {report}", "{to} a été averti de son retard : lettre {report}")
        }
        Event::Confirmed { to, report } => {
            say!(
                "{to} was told, as they had asked, that it arrived or was handed on: letter {report}",
                "{to} a été averti, à sa demande, de son arrivée ou de sa transmission : lettre {report}"
            )
        }
        Event::Desk { act, recipient } => desk(*act, recipient),
        Event::Read { account, .. } => {
            let who = people.name(*account);
            say!("opened by {who}", "ouverte par {who}")
        }
        Event::Removed { account, .. } => {
            let who = people.name(*account);
            say!("removed by {who}", "supprimée par {who}")
        }
        Event::Redirected { recipient, to } => {
            let to = listed(to);
            say!("{recipient} leads to {to}", "{recipient} mène à {to}")
        }
        Event::Postponed { recipients, until } => {
            let (who, when) = (listed(recipients), clock::minute(Timestamp(*until)));
            say!("kept for {who} until {when}", "gardée pour {who} jusqu'au {when}")
        }
        Event::Recalled { account } => {
            let who = people.name(*account);
            say!("taken back by {who}: nobody gets it", "reprise par {who} : personne ne la reçoit")
        }
        Event::Fault { cause } => {
            say!("something of ours failed: {cause}", "quelque chose a échoué chez nous : {cause}")
        }
        Event::Mended { line_ends, nul } => mended(*line_ends, *nul),
    }
}

/// Says why a check found what it found: its code in words, if they are known, and the values that it looked at.
fn found(reason: &str) -> String {
    let (words, about) = match mail::finding::told(reason) {
        Some(Told { english, french, rest }) => (say!("{english}", "{french}"), rest),
        None => match reason.split_once(' ') {
            Some((code, about)) => (code.to_owned(), about.to_owned()),
            None => (reason.to_owned(), String::new()),
        },
    };
    [words, about].iter().filter(|text| !text.is_empty()).map(|text| format!(", {text}")).collect()
}

/// Says why a rule decided so: in words if it gave a code, else as it said it.
fn decided(reason: &str) -> String {
    match mail::finding::told(reason) {
        Some(_) => found(reason),
        None if reason.is_empty() => String::new(),
        None => format!(", {reason}"),
    }
}

/// Says which faults a letter had, and what was done about them.
fn mended(line_ends: u64, nul: bool) -> String {
    match (line_ends, nul) {
        (0, _) => say!("it has NUL octets, which were kept", "elle contient des octets nuls, qui ont été gardés"),
        (_, false) => {
            say!("line ends mended to CRLF: {line_ends}", "fins de ligne corrigées en CRLF : {line_ends}")
        }
        (_, true) => say!(
            "line ends mended to CRLF: {line_ends}; it has NUL octets, which were kept",
            "fins de ligne corrigées en CRLF : {line_ends} ; elle contient des octets nuls, qui ont été gardés"
        ),
    }
}

/// The subject as a person reads it, on one line and without what a terminal would obey.
pub fn subject(arrival: &Arrival) -> String {
    let mut subject = mailbox::parse::decode::words(arrival.subject.as_bytes());
    mail::trace::tidy(&mut subject);
    subject
}

fn received(arrival: &Arrival) -> String {
    let (from, to, size) = (came_from(arrival), recipients(&arrival.recipients), size::show(arrival.size));
    match arrival.by {
        Some(Link::Client) => say!("put there{from}, {size}", "déposée{from}, {size}"),
        Some(Link::Import) => {
            let file = &arrival.peer;
            say!("imported from {file}, {size}", "importée de {file}, {size}")
        }
        Some(Link::House) if arrival.login.is_empty() => say!("written here{to}, {size}", "écrite ici{to}, {size}"),
        Some(Link::House) => {
            let user = &arrival.login;
            say!("left here by {user}{to}, {size}", "déposée ici par {user}{to}, {size}")
        }
        _ => say!("taken{from}{to}, {size}", "prise{from}{to}, {size}"),
    }
}

/// Says who brought the letter, and how: with a blank before it, or nothing.
fn came_from(arrival: &Arrival) -> String {
    let Arrival { peer, hello, tls, login, .. } = arrival;
    let mut text = String::new();
    if !login.is_empty() {
        let de_login = de(login);
        text += &say!(" from {login}", " {de_login}");
    }
    if !peer.is_empty() {
        text += &say!(" at {peer}", " à {peer}");
    }
    if !hello.is_empty() {
        text += &format!(" ({hello})");
    }
    if !peer.is_empty() {
        text += &match tls.is_empty() {
            true => say!(", in clear", ", en clair"),
            false => format!(", {tls}"),
        };
    }
    text
}

/// Names the recipients: with a blank before them, or nothing.
fn recipients(addresses: &[String]) -> String {
    if addresses.is_empty() {
        return String::new();
    }
    let who = listed(addresses);
    say!(" for {who}", " pour {who}")
}

/// Names after one another; of very many only the first.
pub fn listed(names: &[String]) -> String {
    const MOST: usize = 10;
    let shown = names.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        more => shown + &say!(" and {more} more", " et {more} de plus"),
    }
}

fn tried(attempt: &Attempt) -> String {
    let Attempt { recipient, outcome, tls, .. } = attempt;
    let said = foreign(&attempt.said);
    let by = attempt.name();
    let tls = if tls.is_empty() { String::new() } else { format!(" ({tls})") };
    match (outcome, by.is_empty()) {
        (AttemptOutcome::Delivered, _) => {
            say!("{recipient}: {by}{tls} has it: {said}", "{recipient} : {by}{tls} l'a prise : {said}")
        }
        (AttemptOutcome::Later, false) => say!(
            "{recipient}: {by}{tls} does not want it now: {said}",
            "{recipient} : {by}{tls} n'en veut pas maintenant : {said}"
        ),
        (AttemptOutcome::Failed, false) => {
            say!("{recipient}: {by}{tls} does not want it: {said}", "{recipient} : {by}{tls} n'en veut pas : {said}")
        }
        (AttemptOutcome::Later, true) => {
            say!("{recipient}: not now: {said}", "{recipient} : pas maintenant : {said}")
        }
        (AttemptOutcome::Failed, true) => say!("{recipient}: given up: {said}", "{recipient} : abandon : {said}"),
    }
}

fn desk(act: DeskAct, recipient: &str) -> String {
    match act {
        DeskAct::Held => {
            say!("held back for {recipient} by the postmaster", "retenue pour {recipient} par le postmaster")
        }
        DeskAct::Released => {
            say!("let go for {recipient} by the postmaster", "libérée pour {recipient} par le postmaster")
        }
        DeskAct::Retried => {
            say!(
                "tried again for {recipient} at the postmaster's wish",
                "essayée de nouveau pour {recipient} par le postmaster"
            )
        }
        DeskAct::Dropped => say!(
            "taken off the queue for {recipient} by the postmaster; nobody was told",
            "retirée de la file pour {recipient} par le postmaster ; personne n'a été averti"
        ),
    }
}

#[cfg(test)]
mod tests {
    use mail::Finding;
    use mail::finding::{CHECK_LATE, SIGNATURES_LOST};

    use super::*;

    #[test]
    fn what_was_found_out_about_a_letter_is_told_in_words_where_there_are_any() {
        let told = |finding: Finding| sentence(&finding.event(), &People::called([]));
        let late = Finding::new("spf", "temperror").because(CHECK_LATE).about("smtp.mailfrom", "x.test");
        assert_eq!(told(late), "spf: temperror, the check took too long, smtp.mailfrom=x.test");
        assert_eq!(told(Finding::new("dkim", "fail").because("of-tomorrow")), "dkim: fail, of-tomorrow");
        let proved = Finding::new("dmarc", "pass").because("dmarc-proved").about("header.from", "impots.gouv.fr");
        assert_eq!(told(proved), "dmarc: pass, really from impots.gouv.fr");
        assert_eq!(told(Finding::new("dkim", "pass")), "dkim: pass");
    }

    #[test]
    fn a_letter_that_was_rewritten_on_its_way_out_is_said_to_have_lost_its_signatures() {
        let lost = Finding::new(CONVERSION, "converted").because(SIGNATURES_LOST).about("smtp.server", "old.beta.test");
        assert_eq!(place(&lost.event()), "queue");
        assert_eq!(
            sentence(&lost.event(), &People::called([])),
            "8bitmime: converted, the next server takes 7-bit letters only; the letter was rewritten, and its signatures \
             are lost, smtp.server=old.beta.test"
        );
    }
}
