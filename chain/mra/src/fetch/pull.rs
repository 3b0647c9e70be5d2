//! Fetching the letters of a folder: commands go out one behind the other, so that the server never waits for us, and
//! letters go home while others come in.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use mail::lines;

use super::Session;
use super::flags;
use super::imap::Opened;
use super::list::Card;
use crate::home::Arrived;
use crate::imap::{Code, Fetched, Numbers, Response, Status};
use crate::ledger;
use crate::progress::Why;
use crate::taker::Taker;
use crate::{Fault, identity, login};

/// Letters of one listing.
const WINDOW: usize = 500;
/// Letters of one command.
const GROUP: usize = 64;
/// Octets of one command, beyond which no letter more is asked for.
const GROUP_OCTETS: u64 = 4 << 20;
/// Commands for letters on their way.
const DEPTH: usize = 3;
/// What a server that has complained is asked for at a time, and the pause it gets.
const GENTLE_GROUP: usize = 16;
const GENTLE_PAUSE: Duration = Duration::from_millis(500);

/// What is on its way.
#[derive(Default)]
struct Flow {
    /// Letters that were asked for and have not come.
    expected: HashMap<u32, Card>,
    /// What listings have told.
    listed: HashMap<u32, Card>,
    /// Commands that have ended, and how.
    ended: HashMap<String, End>,
}

struct End {
    status: Status,
    code: Option<Code>,
    text: String,
}

impl End {
    /// A refusal that asks for less, or later. Any other is about single letters.
    fn check(&self) -> Result<(), Fault> {
        let throttled = self.code.as_ref().is_some_and(Code::is_throttling) || login::sounds_throttled(&self.text);
        if self.status != Status::Ok && throttled {
            return Err(Fault::Throttled { said: self.text.clone(), pause: None });
        }
        Ok(())
    }
}

impl Session<'_> {
    /// Gives all letters that are wanted to the taker.
    pub(super) async fn pull(&mut self, opened: &Opened, taker: &Taker) -> Result<(), Fault> {
        let id = self.source.id;
        let recognise = self.means.store.read(move |view| ledger::has_gone(view, id)).await?;
        let items = self.listing_items(recognise);
        let mut flow = Flow::default();
        let mut stragglers = Vec::new();
        let mut windows = opened.wanted.iter();
        let mut next = windows.by_ref().take(WINDOW).collect::<Numbers>();
        let mut listing = self.start_listing(&next, &items).await?;
        while !next.is_empty() {
            self.wait_for(&listing, &mut flow, opened, taker).await?.check()?;
            let cards = next.iter().filter_map(|uid| flow.listed.remove(&uid)).collect();
            flow.listed.clear();
            let mut groups = groups(self.decide(opened, cards).await?, self.means.gently);
            next = windows.by_ref().take(WINDOW).collect();
            let mut running = VecDeque::new();
            let depth = if self.means.gently { 1 } else { DEPTH };
            let mut listing_begun = next.is_empty();
            loop {
                while running.len() < depth
                    && let Some(group) = groups.pop_front()
                {
                    running.push_back(self.start_group(group, &mut flow).await?);
                }
                if groups.is_empty() && !listing_begun {
                    listing = self.start_listing(&next, &items).await?;
                    listing_begun = true;
                }
                let Some((tag, uids)) = running.pop_front() else { break };
                self.wait_for(&tag, &mut flow, opened, taker).await?.check()?;
                stragglers.extend(uids.iter().filter_map(|uid| flow.expected.remove(&uid)));
                self.breathe().await?;
            }
        }
        for card in stragglers {
            self.fetch_straggler(card, opened, taker).await?;
        }
        Ok(())
    }

    async fn start_listing(&mut self, uids: &Numbers, items: &str) -> Result<String, Fault> {
        if uids.is_empty() {
            return Ok(String::new());
        }
        Ok(self.client.start(&format!("UID FETCH {} ({items})", uids.written())).await?)
    }

    async fn start_group(&mut self, group: Vec<Card>, flow: &mut Flow) -> Result<(String, Numbers), Fault> {
        let uids: Numbers = group.iter().map(|card| card.uid).collect();
        let command = format!("UID FETCH {} (UID FLAGS INTERNALDATE BODY.PEEK[])", uids.written());
        flow.expected.extend(group.into_iter().map(|card| (card.uid, card)));
        Ok((self.client.start(&command).await?, uids))
    }

    async fn breathe(&self) -> Result<(), Fault> {
        if self.means.shutdown.is_requested() {
            return Err(Fault::Ended);
        }
        if self.means.gently {
            tokio::time::sleep(GENTLE_PAUSE).await;
        }
        Ok(())
    }

    /// Reads until a command has ended. What comes meanwhile is taken in, for whichever command it is.
    async fn wait_for(&mut self, tag: &str, flow: &mut Flow, opened: &Opened, taker: &Taker) -> Result<End, Fault> {
        loop {
            if let Some(end) = flow.ended.remove(tag) {
                return Ok(end);
            }
            match self.client.next().await? {
                Response::Status { tag: Some(tag), status, code, text } => {
                    flow.ended.insert(tag, End { status, code, text });
                }
                Response::Fetch(fetched) => self.take_in(*fetched, flow, opened, taker).await?,
                _ => {}
            }
        }
    }

    /// Only what was asked for is taken in: a server may tell more, and one may tell lies.
    async fn take_in(
        &mut self,
        fetched: Fetched,
        flow: &mut Flow,
        opened: &Opened,
        taker: &Taker,
    ) -> Result<(), Fault> {
        let Some(uid) = fetched.uid else { return Ok(()) };
        if fetched.body.is_some() || fetched.too_large.is_some() {
            let Some(card) = flow.expected.remove(&uid) else { return Ok(()) };
            if let Some(size) = fetched.too_large {
                return self.leave_there(opened, &card, Why::TooLarge(size)).await;
            }
            let Some(letter) = self.arrived(card, fetched, opened) else { return Ok(()) };
            return taker.give(letter).await.map_err(|_| Fault::Home("no more letters are taken".to_owned()));
        }
        if let Some(card) = Card::read(&fetched)
            && opened.wanted.contains(uid)
        {
            flow.listed.insert(uid, card);
        }
        Ok(())
    }

    fn arrived(&self, card: Card, fetched: Fetched, opened: &Opened) -> Option<Arrived> {
        let body = fetched.body?;
        let light = card.light.or_else(|| identity::light(&body, card.size));
        let mut entry = card.entry(self, opened);
        entry.light = light;
        entry.content = Some(identity::content(&body));
        let raw = match lines::to_crlf(&body) {
            std::borrow::Cow::Borrowed(_) => body,
            std::borrow::Cow::Owned(changed) => changed.into(),
        };
        let (mut system, mut keywords) = flags::split(&fetched.flags.unwrap_or_default());
        let mut place = opened.folder.place.clone();
        if let Some(labels) = card.labels.as_ref().filter(|_| opened.folder.by_label) {
            let (by_label, more, labels) = flags::by_labels(labels);
            place = by_label;
            system |= more;
            keywords.extend(labels.into_iter().filter(|label| !keywords.contains(label)).collect::<Vec<_>>());
        }
        let received = fetched.date.unwrap_or_else(net::now);
        Some(Arrived { entry, raw, place, flags: system, keywords, received })
    }

    /// A letter that did not come with its neighbours is asked for alone; where it does not come then, it has gone
    /// meanwhile, or the server does not give it.
    async fn fetch_straggler(&mut self, card: Card, opened: &Opened, taker: &Taker) -> Result<(), Fault> {
        let mut flow = Flow::default();
        let (tag, _) = self.start_group(vec![card.clone()], &mut flow).await?;
        self.wait_for(&tag, &mut flow, opened, taker).await?.check()?;
        if flow.expected.is_empty() {
            return Ok(());
        }
        let answer = self.client.ask(&format!("UID SEARCH UID {}", card.uid)).await?.must("UID SEARCH")?;
        let there = answer.untagged.iter().any(|response| match response {
            Response::Search(found) => found.contains(card.uid),
            _ => false,
        });
        if there { self.leave_there(opened, &card, Why::NotGiven).await } else { Ok(()) }
    }
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
