//! Fetching the letters of a folder: commands go out one behind the other, so that the server never waits for us, and
//! letters go home while others come in.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use mail::lines;

use super::Session;
use super::flags;
use super::imap::Opened;
use super::list::Card;
use crate::destination::Arrived;
use crate::handover::Handover;
use crate::imap::{Code, Fetched, Numbers, Response, Status};
use crate::ledger;
use crate::progress::Why;
use crate::{Fault, identity, login};

/// Letters of one listing.
const WINDOW: usize = 500;
/// Letters of one command.
const GROUP: usize = 64;
/// Octets of one command, beyond which no letter more is asked for.
const GROUP_OCTETS: u64 = 4 << 20;
/// Commands for letters on their way.
const DEPTH: usize = 3;
/// The number of letters that a server that has complained is asked for at a time, and the pause that it gets.
const GENTLE_GROUP: usize = 16;
const GENTLE_PAUSE: Duration = Duration::from_millis(500);

/// The number of letters of a broken listing, not yet listed, that are asked for alone: servers answer in order, but
/// may have had some answers ready that were never sent.
const SUSPECTS: usize = 200;

/// The letters and commands that are on their way.
#[derive(Default)]
pub(super) struct Flow {
    /// Letters that were asked for and have not come.
    pub expected: HashMap<u32, Card>,
    /// The letters that listings have told of.
    pub listed: HashMap<u32, Card>,
    /// Commands that have ended, and how.
    ended: HashMap<String, End>,
    /// The fault of the last letter that came and was not taken.
    pub said: Option<String>,
}

/// The results of the letters that were asked for, also if the connection broke.
#[derive(Default)]
pub(super) struct Tally {
    /// They came, were recognised, or are too large.
    done: Vec<u32>,
    /// They did not come with their neighbours, or may have broken the connection.
    pub doubtful: Vec<u32>,
}

impl Tally {
    /// Nothing became of any.
    pub fn is_empty(&self) -> bool {
        self.done.is_empty() && self.doubtful.is_empty()
    }

    /// Some came.
    pub fn has_come(&self) -> bool {
        !self.done.is_empty()
    }

    pub fn done(&mut self, uid: u32) {
        self.done.push(uid);
    }

    /// Returns all of them: those that are not done are written down.
    pub fn dealt_with(&self) -> Numbers {
        let mut all = [&self.done[..], &self.doubtful[..]].concat();
        all.sort_unstable();
        all.into_iter().collect()
    }
}

/// The end of a command.
pub(super) struct End {
    status: Status,
    code: Option<Code>,
    text: String,
}

impl End {
    /// A refusal that asks for less, or later. Any other is about single letters.
    pub fn check(&self) -> Result<(), Fault> {
        let throttled = self.code.as_ref().is_some_and(Code::is_throttling) || login::sounds_crowded(&self.text);
        if self.status != Status::Ok && throttled {
            return Err(Fault::Throttled { said: self.text.clone(), pause: None });
        }
        Ok(())
    }

    /// Says why a letter did not come, in the server's words if it has some.
    pub fn said(&self) -> String {
        match &self.code {
            _ if self.status == Status::Ok => "the server says that it is there, and does not give it".to_owned(),
            Some(code) => format!("[{}] {}", code.name, self.text),
            None => self.text.clone(),
        }
    }
}

/// The handover that letters go to, and the tally of their results.
pub(super) type Sink<'t> = (&'t Handover, &'t mut Tally);

impl Session<'_> {
    /// Gives the wanted letters to the taker. The tally has the result of each, also after an error.
    pub(super) async fn pull(&mut self, opened: &Opened, handover: &Handover, tally: &mut Tally) -> Result<(), Fault> {
        let id = self.source.id;
        let recognise = self.means.store.read(move |view| ledger::has_gone(view, id)).await?;
        let items = self.listing_items(recognise);
        let mut flow = Flow::default();
        let mut windows = opened.wanted.iter();
        let mut next = windows.by_ref().take(WINDOW).collect::<Numbers>();
        let mut listing = self.start_listing(&next, &items).await?;
        while !next.is_empty() {
            let listed = self.wait_for(&listing, &mut flow, opened, (handover, tally)).await;
            // A letter that a listing does not show may be there all the same.
            let hidden = next.iter().filter(|uid| !flow.listed.contains_key(uid));
            tally.doubtful.extend(hidden.take(if listed.is_ok() { WINDOW } else { SUSPECTS }));
            listed?.check()?;
            let cards = next.iter().filter_map(|uid| flow.listed.remove(&uid)).collect();
            flow.listed.clear();
            let groups = groups(self.decide(opened, cards, tally).await?, self.means.gently);
            next = windows.by_ref().take(WINDOW).collect();
            listing = self.pull_groups(groups, (&next, &items), &mut flow, opened, (handover, tally)).await?;
        }
        Ok(())
    }

    /// Fetches these groups, and begins the next listing behind the last of them.
    async fn pull_groups(
        &mut self,
        mut groups: VecDeque<Vec<Card>>,
        (next, items): (&Numbers, &str),
        flow: &mut Flow,
        opened: &Opened,
        (handover, tally): Sink<'_>,
    ) -> Result<String, Fault> {
        let (mut running, mut listing) = (VecDeque::new(), None);
        let depth = if self.means.gently { 1 } else { DEPTH };
        loop {
            while running.len() < depth
                && let Some(group) = groups.pop_front()
            {
                running.push_back(self.start_group(group, flow).await?);
            }
            if groups.is_empty() && listing.is_none() {
                listing = Some(self.start_listing(next, items).await?);
            }
            let Some((tag, uids)) = running.pop_front() else { break };
            let ended = self.wait_for(&tag, flow, opened, (handover, tally)).await;
            tally.doubtful.extend(uids.iter().filter(|uid| flow.expected.remove(uid).is_some()));
            ended?.check()?;
            self.breathe().await?;
        }
        Ok(listing.unwrap_or_default())
    }

    pub(super) async fn start_listing(&mut self, uids: &Numbers, items: &str) -> Result<String, Fault> {
        if uids.is_empty() {
            return Ok(String::new());
        }
        Ok(self.client.start(&format!("UID FETCH {} ({items})", uids.written())).await?)
    }

    pub(super) async fn start_group(&mut self, group: Vec<Card>, flow: &mut Flow) -> Result<(String, Numbers), Fault> {
        let uids: Numbers = group.iter().map(|card| card.uid).collect();
        let command = format!("UID FETCH {} (UID FLAGS INTERNALDATE BODY.PEEK[])", uids.written());
        flow.expected.extend(group.into_iter().map(|card| (card.uid, card)));
        Ok((self.client.start(&command).await?, uids))
    }

    pub(super) async fn breathe(&self) -> Result<(), Fault> {
        if self.means.shutdown.is_requested() {
            return Err(Fault::Ended);
        }
        if self.means.gently {
            tokio::time::sleep(GENTLE_PAUSE).await;
        }
        Ok(())
    }

    /// Reads until a command has ended. Answers that come meanwhile are taken in, for whichever command they are.
    pub(super) async fn wait_for(
        &mut self,
        tag: &str,
        flow: &mut Flow,
        opened: &Opened,
        (handover, tally): Sink<'_>,
    ) -> Result<End, Fault> {
        loop {
            if let Some(end) = flow.ended.remove(tag) {
                return Ok(end);
            }
            match self.client.next().await? {
                Response::Status { tag: Some(tag), status, code, text } => {
                    flow.ended.insert(tag, End { status, code, text });
                }
                Response::Status { code: Some(code), .. } if is_renumbering(&code, opened) => {
                    return Err(Fault::Server("the server has renumbered its letters meanwhile".to_owned()));
                }
                Response::Fetch(fetched) => self.take_in(*fetched, flow, opened, (handover, tally)).await?,
                _ => {}
            }
        }
    }

    /// Takes in only the letters that were asked for: a server may tell more, and one may tell lies.
    async fn take_in(
        &mut self,
        fetched: Fetched,
        flow: &mut Flow,
        opened: &Opened,
        (handover, tally): Sink<'_>,
    ) -> Result<(), Fault> {
        let Some(uid) = fetched.uid else { return Ok(()) };
        let Some(octets) = fetched.body.as_ref().map(|body| body.len() as u64).or(fetched.too_large) else {
            if let Some(card) = Card::read(&fetched)
                && opened.is_asked_for(uid)
            {
                flow.listed.insert(uid, card);
            }
            return Ok(());
        };
        let Some(card) = flow.expected.get(&uid) else { return Ok(()) };
        if octets == 0 && (card.size > 0 || card.unlisted) {
            flow.said = Some("the server gives an empty letter".to_owned());
            return Ok(());
        }
        let Some(card) = flow.expected.remove(&uid) else { return Ok(()) };
        tally.done(uid);
        if fetched.too_large.is_some() {
            return self.leave_there(opened, &card, Why::TooLarge(octets), "").await;
        }
        let Some(letter) = self.arrived(card, fetched, opened) else { return Ok(()) };
        handover.give(letter).await.map_err(|_| Fault::Destination("no more letters are taken".to_owned()))
    }

    fn arrived(&self, card: Card, fetched: Fetched, opened: &Opened) -> Option<Arrived> {
        let body = fetched.body?;
        let size = if card.unlisted { body.len() as u64 } else { card.size };
        let mut entry = card.entry(self, opened);
        entry.size = size;
        entry.light = card.light.or_else(|| identity::light(&body, size));
        entry.content = Some(identity::content(&body));
        entry.short = (body.len() as u64) < size;
        let raw = match lines::to_crlf(&body) {
            std::borrow::Cow::Borrowed(_) => body,
            std::borrow::Cow::Owned(changed) => changed.into(),
        };
        let (mut system, mut keywords) = flags::split(&fetched.flags.unwrap_or_default());
        let (mut place, mut also) = (opened.folder.place.clone(), Vec::new());
        if let Some(labels) = card.labels.as_ref().filter(|_| opened.folder.by_label) {
            let labelled = flags::by_labels(labels);
            let mut places = labelled.places.into_iter();
            place = places.next().unwrap_or(place);
            also = places.collect();
            system |= labelled.system;
            keywords
                .extend(labelled.keywords.into_iter().filter(|label| !keywords.contains(label)).collect::<Vec<_>>());
        }
        let received = fetched.date.unwrap_or_else(net::now);
        Some(Arrived { entry, raw, place, also, flags: system, keywords, received })
    }
}

/// A server that tells another UIDVALIDITY while letters come has given them other numbers (RFC 9051 §2.3.1.1).
fn is_renumbering(code: &Code, opened: &Opened) -> bool {
    code.name == "UIDVALIDITY" && code.number().is_some_and(|validity| validity != opened.validity)
}

/// Letters that are asked for together: not too many, and not too many octets.
fn groups(cards: Vec<Card>, gently: bool) -> VecDeque<Vec<Card>> {
    let most = if gently { GENTLE_GROUP } else { GROUP };
    let (mut groups, mut octets) = (VecDeque::<Vec<Card>>::new(), u64::MAX);
    for card in cards {
        let size = card.size;
        match groups.back_mut() {
            Some(group) if group.len() < most && octets.saturating_add(size) <= GROUP_OCTETS => {
                octets += size;
                group.push(card);
            }
            _ => {
                octets = size;
                groups.push_back(vec![card]);
            }
        }
    }
    groups
}
