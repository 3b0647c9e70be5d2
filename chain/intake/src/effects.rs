//! Gathers what a letter gives rise to beside the copies of our people: the letter itself in the queue, for people
//! elsewhere and for those of ours who could not take it now; a report to its sender on those who never will; the
//! letters that the rules have written and the facts that they remember.

use std::collections::HashSet;

use directory::ReturnPaths;
use directory::returns::Kept;
use mail::seam::{AccountId, OurFault};
use mail::trace::Event;
use mail::{
    Address, BodyKind, Enhanced, Envelope, Findings, Letter, LetterWishes, Recipient, ReturnPath, Timestamp, Wishes,
};
use mda::{Decision, Keep, Memory, Written, memory};
use mta::bounce::{Fate, Kind, Original, Report};
use mta::outgoing::Outgoing;
use mta::queue::{self, Prepared, PreparedReport, Subject, Terms};
use store::Tx;

use crate::arrivals::Arrivals;
use crate::forwarding::hold::own_address;
use crate::forwarding::passing::{Entries, Passing, Through, apart};
use crate::sort::{Failed, Sorted};
use crate::taking::Course;
use crate::{Intake, new_letter_id, our_fault, weighing};

/// Beyond this a body goes to a file of its own, and is packed where blocking is allowed.
const LARGE: usize = 256 * 1024;

/// The effects of a letter on the queue and on the memory of the rules.
#[derive(Default)]
pub(crate) struct Effects {
    /// The letter itself, in one form or several.
    letters: Vec<Prepared>,
    /// The senders to be kept for the return paths with which it goes on.
    senders: Vec<Kept>,
    /// The reports to its sender, and what each is about.
    reports: Vec<(Subject, PreparedReport)>,
    /// The letters that rules have written for their people.
    written: Vec<(AccountId, Option<Memory>, PreparedReport)>,
    /// The facts that rules remember for them.
    remember: Vec<(AccountId, Memory)>,
}

impl Effects {
    /// Makes ready what a letter gives rise to at `now`, outside the writer. `leftover` are the failures that are ours to
    /// deal with.
    pub(crate) async fn prepare(
        intake: &Intake,
        course: &Course<'_>,
        leftover: &[Failed],
        now: Timestamp,
    ) -> Result<Self, OurFault> {
        let Course { incoming, sorted, decisions, outgoing, .. } = course;
        let nothing = sorted.remote.is_empty() && leftover.is_empty() && decisions.iter().all(gives_rise_to_nothing);
        if nothing && !incoming.envelope.wants_to_hear_of_success() {
            return Ok(Self::default());
        }
        let mut causes = Causes::of(course, leftover, Terms::new(now, &intake.schedule));
        (causes.near, causes.paths) = intake.ways_on(course).await?;
        let intake = intake.clone();
        if outgoing.letter().raw.len() <= LARGE && !causes.write_letters() {
            return causes.effects(&intake).map_err(our_fault);
        }
        // A large letter takes time to pack, and is written to the disk; a letter that is written here is signed.
        let packing = tokio::task::spawn_blocking(move || causes.effects(&intake));
        packing.await.map_err(our_fault)?.map_err(our_fault)
    }

    /// Returns true if there is nothing of all this.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { letters, senders: _, reports, written, remember } = self;
        letters.is_empty() && reports.is_empty() && written.is_empty() && remember.is_empty()
    }

    /// Does it, in the commit that takes the letter, and gives what its history tells of it.
    pub(crate) fn put(&self, tx: &mut Tx, now: Timestamp) -> Result<Vec<Event>, store::Error> {
        self.senders.iter().try_for_each(|sender| sender.put(tx, now))?;
        self.letters.iter().try_for_each(|prepared| prepared.put(tx))?;
        let mut events: Vec<Event> = self.letters.iter().map(Prepared::queued).collect();
        for (subject, report) in &self.reports {
            report.put(tx)?;
            events.push(report.reported(*subject));
        }
        for (account, once, letter) in &self.written {
            let is_due = match once {
                Some(once) => memory::remember(tx, *account, once, now)?,
                None => true,
            };
            if is_due {
                letter.put(tx)?;
            }
        }
        for (account, memory) in &self.remember {
            memory::remember(tx, *account, memory, now)?;
        }
        Ok(events)
    }
}

fn gives_rise_to_nothing(decision: &Decision) -> bool {
    let disposition = &decision.disposition;
    disposition.onward.is_empty() && disposition.written.is_empty() && disposition.remember.is_empty()
}

/// All that the effects of a letter are made of. It can go to another thread.
struct Causes {
    outgoing: Outgoing,
    envelope: Envelope,
    findings: Findings,
    sorted: Sorted,
    decisions: Vec<Decision>,
    leftover: Vec<Failed>,
    /// Nobody is written to about it.
    mistrusted: bool,
    terms: Terms,
    is_proved: bool,
    /// The addresses to which the letter goes on that are behind this server, or here.
    near: HashSet<Address>,
    /// The maker of return paths, if it goes on to any other.
    paths: Option<ReturnPaths>,
    /// The account of the person who wrote it.
    author: Option<i64>,
}

impl Causes {
    fn of(course: &Course<'_>, leftover: &[Failed], terms: Terms) -> Self {
        Self {
            outgoing: course.outgoing.clone(),
            envelope: course.incoming.envelope.as_it_goes_on(),
            findings: course.incoming.findings.clone(),
            sorted: course.sorted.clone(),
            decisions: course.decisions.clone(),
            leftover: leftover.to_vec(),
            mistrusted: course.mistrusted,
            terms,
            is_proved: course.is_proved,
            near: HashSet::new(),
            paths: None,
            author: weighing::author(course.incoming.origin),
        }
    }

    /// Is anything written here because of the letter: a report, or an answer of a rule's?
    fn write_letters(&self) -> bool {
        self.envelope.wants_to_hear_of_success()
            || !self.leftover.is_empty()
            || self.decisions.iter().any(|decision| !decision.disposition.written.is_empty())
    }

    fn effects(&self, intake: &Intake) -> Result<Effects, store::Error> {
        let arrivals = Arrivals::of(&self.envelope, &self.sorted, &self.decisions);
        let Entries { letters, senders } = self.letters(intake, &arrivals)?;
        let reports = self.reports(intake, &arrivals)?;
        let (mut written, mut remember) = (Vec::new(), Vec::new());
        for Decision { recipient, disposition, .. } in &self.decisions {
            let account = recipient.account;
            for letter in &disposition.written {
                written.push((account, letter.once.clone(), self.in_writing(intake, letter, &recipient.address)?));
            }
            remember.extend(disposition.remember.iter().map(|memory| (account, memory.clone())));
        }
        Ok(Effects { letters, senders, reports, written, remember })
    }

    /// The letter itself: as it is, and as it goes on through each address of ours that leads elsewhere.
    fn letters(&self, intake: &Intake, arrivals: &Arrivals<'_>) -> Result<Entries, store::Error> {
        let mut entries = Entries::default();
        let recipients = self.directly(arrivals);
        if !recipients.is_empty() {
            entries.letters.push(self.queued(intake, &self.outgoing, recipients)?.with_author(self.author));
        }
        // Those that came through the address before were taken out by `Sorted::break_loops` and `Mda::decide`.
        let passing = self.passing(intake);
        for (alias, targets) in passed_on(&self.sorted) {
            let owner = Address::new("postmaster", alias.domain().clone()).unwrap_or_else(|_| alias.clone());
            let is_kept = self.sorted.local.iter().any(|local| local.named().any(|named| named == alias));
            let through = Through { address: alias, recipient: alias, owner, is_kept, wishes: arrivals.onward(alias) };
            passing.add(&mut entries, &through, apart(targets, &self.near))?;
        }
        for Decision { recipient, disposition, .. } in
            self.decisions.iter().filter(|one| !one.disposition.onward.is_empty())
        {
            let own = own_address(&self.sorted, recipient);
            let is_kept = matches!(&disposition.keep, Keep::Copies(copies) if !copies.is_empty());
            let wishes = arrivals.onward(&recipient.address);
            let through = Through { address: &own, recipient: &recipient.address, owner: own.clone(), is_kept, wishes };
            passing.add(&mut entries, &through, apart(disposition.onward.clone(), &self.near))?;
        }
        Ok(entries)
    }

    fn passing<'a>(&'a self, intake: &'a Intake) -> Passing<'a> {
        Passing {
            store: &intake.store,
            outgoing: &self.outgoing,
            envelope: &self.envelope,
            findings: &self.findings,
            is_proved: self.is_proved,
            mistrusted: self.mistrusted,
            terms: self.terms,
            paths: self.paths.as_ref(),
            rate: intake.forward_rate,
        }
    }

    /// The recipients elsewhere whom the envelope names, and those of ours who are tried again; a person who has several
    /// addresses on the envelope once.
    fn directly(&self, arrivals: &Arrivals<'_>) -> Vec<Recipient> {
        let remote = self.sorted.remote.iter().filter(|remote| !remote.is_passed_on());
        let elsewhere = remote.map(|remote| (&remote.address, arrivals.wishes_of(&remote.address)));
        let again = self.leftover.iter().filter_map(|failed| {
            let to = failed.again_to.as_ref()?;
            let wishes =
                if *to == failed.recipient { arrivals.wishes_of(to) } else { arrivals.onward(&failed.recipient) };
            Some((to, wishes))
        });
        let mut known = HashSet::new();
        let each = elsewhere.chain(again).filter(|(address, _)| known.insert(*address));
        each.map(|(to, wishes)| Recipient { wishes, ..Recipient::new(to.clone()) }).collect()
    }

    fn queued(
        &self,
        intake: &Intake,
        outgoing: &Outgoing,
        recipients: Vec<Recipient>,
    ) -> Result<Prepared, store::Error> {
        let onward = Envelope { recipients, ..self.envelope.clone() };
        let prepared = queue::prepare(&intake.store, outgoing, &onward, self.terms)?;
        Ok(prepared.with_findings(&self.findings).mistrusted(self.mistrusted))
    }

    /// A letter that a rule has written for the owner of `address`. It has a history of its own.
    fn in_writing(
        &self,
        intake: &Intake,
        written: &Written,
        address: &Address,
    ) -> Result<PreparedReport, store::Error> {
        let outgoing = intake.written_here(Letter { id: new_letter_id(), raw: written.raw.clone() }, address);
        let smtputf8 = written.to.needs_smtputf8();
        let body = if outgoing.letter().raw.is_ascii() { BodyKind::SevenBit } else { BodyKind::EightBitMime };
        let (recipients, wishes) = (vec![written.to.clone().into()], LetterWishes::default());
        let envelope = Envelope { return_path: ReturnPath::Null, recipients, body, smtputf8, hold: None, wishes };
        queue::prepare_report(&intake.store, &outgoing, &envelope, self.terms)
    }

    /// Makes the reports to the sender: on those who will never get the letter, and on those who have it, if the sender
    /// wants to hear of them. A letter without return path is a report itself, and reports are never reported on (RFC 5321
    /// §6.1).
    fn reports(
        &self,
        intake: &Intake,
        arrivals: &Arrivals<'_>,
    ) -> Result<Vec<(Subject, PreparedReport)>, store::Error> {
        let lost: Vec<&Failed> = self.leftover.iter().filter(|failed| failed.again_to.is_none()).collect();
        let Some(to) = self.envelope.return_path.address().filter(|_| !self.mistrusted) else {
            self.tell_nobody(&lost);
            return Ok(Vec::new());
        };
        let failed = lost.into_iter().map(|failed| (failed, arrivals.wishes_of(&failed.recipient)));
        let failed = failed.filter(|(_, wishes)| wishes.failure()).map(|(failed, wishes)| fate(failed, wishes));
        let arrived = |to: Vec<Recipient>| to.into_iter().map(has_it).collect();
        let mut reports = Vec::new();
        for (kind, subject, fates) in [
            (Kind::Failed, Subject::Failed, failed.collect()),
            (Kind::Delivered, Subject::Delivered, arrived(arrivals.delivered())),
            (Kind::Expanded, Subject::Delivered, arrived(arrivals.expanded())),
        ] {
            let fates: Vec<Fate> = fates;
            if !fates.is_empty() {
                reports.push((subject, self.report(intake, to, kind, &fates)?));
            }
        }
        Ok(reports)
    }

    fn report(
        &self,
        intake: &Intake,
        to: &Address,
        kind: Kind,
        fates: &[Fate],
    ) -> Result<PreparedReport, store::Error> {
        let Letter { id, raw } = self.outgoing.letter();
        let report = Report {
            kind,
            office: &intake.reports,
            to,
            arrived: self.terms.arrived,
            now: self.terms.arrived,
            fates,
            wishes: &self.envelope.wishes,
            original: Original { id: *id, bytes: raw, whole: true, size: raw.len() as u64 },
        };
        let (bounce, envelope) = report.write(new_letter_id());
        let outgoing = Outgoing::report(bounce, self.terms.arrived, &*intake.reports.signer);
        queue::prepare_report(&intake.store, &outgoing, &envelope, self.terms)
    }

    /// Says in the log who did not get a letter of which nobody is told.
    fn tell_nobody(&self, lost: &[&Failed]) {
        if lost.is_empty() {
            return;
        }
        let recipients: Vec<String> = lost.iter().map(|failed| failed.recipient.to_string()).collect();
        let (id, recipients) = (self.outgoing.letter().id, recipients.join(", "));
        if self.mistrusted {
            tracing::warn!(%id, recipients, "a letter reached nobody there, and its sender may be forged: nobody is told");
        } else {
            tracing::warn!(%id, recipients, "a report of another server's reached nobody there");
        }
    }
}

/// Lists the people elsewhere, by the aliases of ours through which the letter reaches them.
fn passed_on(sorted: &Sorted) -> Vec<(&Address, Vec<Address>)> {
    let mut aliases: Vec<(&Address, Vec<Address>)> = Vec::new();
    for remote in sorted.remote.iter().filter(|remote| remote.is_passed_on()) {
        match aliases.iter_mut().find(|(alias, _)| **alias == remote.recipient) {
            Some((_, addresses)) => addresses.push(remote.address.clone()),
            None => aliases.push((&remote.recipient, vec![remote.address.clone()])),
        }
    }
    aliases
}

fn fate(failed: &Failed, wishes: Wishes) -> Fate {
    let status = failed.reply.enhanced.unwrap_or(Enhanced(5, 0, 0));
    let (address, said) = (failed.recipient.clone(), failed.reply.to_string());
    Fate { address, original: wishes.original, status, said, by: None }
}

fn has_it(to: Recipient) -> Fate {
    Fate { address: to.address, original: to.wishes.original, status: Enhanced(2, 1, 5), said: String::new(), by: None }
}
