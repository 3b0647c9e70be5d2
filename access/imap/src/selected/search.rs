//! `SEARCH` (RFC 9051 §6.4.4) with ESEARCH (RFC 4731), SEARCHRES (RFC 5182) and MODSEQ (RFC 7162 §3.1.5).

mod answer;
mod objects;

use std::ops::ControlFlow;

use mailbox::search::{Criteria, Day};
use mailbox::{Change, Error, UidRange, Uids, Want};

use self::answer::Found;
use self::objects::{Named, Objects};
use super::answers;
use super::flag::split;
use super::sets::found_among;
use super::view::Selected;
use crate::codec::command::{Date, Flag, Numbering, Search, SearchKey, SearchReturn};
use crate::codec::sets::SequenceSet;
use crate::session::{Answer, Code, Done, Halt, Output, Session};

/// Runs `SEARCH`.
pub async fn search(session: &mut Session, out: &mut Output<'_>, command: Search) -> Done {
    let saves = command.returns.is_some_and(|returns| returns.save);
    let found = find(session, &command).await;
    let Some(selected) = session.selected.as_deref_mut() else { return Err(answers::nothing_selected()) };
    let found = match found {
        Ok(found) => found,
        Err(halt) => {
            // RFC 5182 §2.1: after a failed search, `$` names nothing.
            if saves {
                selected.saved = Uids::new();
            }
            return Err(halt);
        }
    };
    if let Some(returns) = command.returns.filter(|returns| returns.save) {
        selected.saved = to_save(&found.uids, returns);
    }
    let uids = std::sync::Arc::clone(&selected.uids);
    let form = answer::Form { numbering: command.numbering, tag: &session.tag, uids: &uids };
    match command.returns {
        Some(returns) => answer::extended(out, &found, returns, &form).await?,
        // RFC 9051 §6.4.4: in rev2, ESEARCH is the only answer.
        None if session.enabled.rev2 => {
            let all = SearchReturn { all: true, ..SearchReturn::default() };
            answer::extended(out, &found, all, &form).await?;
        }
        None => answer::plain(out, &found, &form).await?,
    }
    Ok(Answer::ok("SEARCH completed"))
}

/// Returns the value of `$` after this search (RFC 5182 §2.4): if only MIN or MAX was asked for, only those.
fn to_save(found: &Uids, returns: SearchReturn) -> Uids {
    if returns.all || returns.count || !(returns.min || returns.max) {
        return found.clone();
    }
    let ends = [found.first().filter(|_| returns.min), found.last().filter(|_| returns.max)];
    ends.into_iter().flatten().collect()
}

async fn find(session: &mut Session, command: &Search) -> Result<Found, Halt> {
    if !command.charset.as_ref().is_none_or(|charset| mailbox::parse::charset::is_known(charset.as_bytes())) {
        return Err(Answer::no("This charset is not known here").with(Code::BadCharset).into());
    }
    let by_change = command.keys.iter().any(asks_for_change);
    // RFC 7162 §3.1: MODSEQ in a search switches CONDSTORE on.
    session.enabled.condstore |= by_change;
    let Some(selected) = session.selected.as_deref() else { return Err(answers::nothing_selected()) };
    let named = Named::by(&command.keys);
    let objects = match named.is_empty() {
        true => Objects::default(),
        false => named.find(&session.server.shared.store, selected.access, selected.folder).await?,
    };
    let criteria = Translator { selected, objects: &objects }.all(&command.keys)?;
    // Some searches need only the view and no look at the store: SEARCH ALL, SEARCH UID 1:100.
    let uids = match from_view(&criteria, selected) {
        Some(uids) => uids,
        None => {
            let (store, access) = (&session.server.shared.store, selected.access);
            let found = mailbox::search::run(store, access, selected.folder, criteria, net::now()).await?;
            found.and(&selected.uids)
        }
    };
    let highest = if by_change { highest(session, selected, &uids, command.returns).await? } else { None };
    Ok(Found { uids, highest })
}

fn from_view(criteria: &Criteria, selected: &Selected) -> Option<Uids> {
    match criteria {
        Criteria::All => Some(selected.uids.without(&selected.gone)),
        Criteria::Uids(uids) => Some(uids.without(&selected.gone)),
        _ => None,
    }
}

fn asks_for_change(key: &SearchKey) -> bool {
    match key {
        SearchKey::ModSeq(_) => true,
        SearchKey::And(keys) => keys.iter().any(asks_for_change),
        SearchKey::Or(keys) => keys.iter().any(asks_for_change),
        SearchKey::Not(key) => asks_for_change(key),
        _ => false,
    }
}

/// Returns the highest MODSEQ among the letters that the answer names (RFC 7162 §3.1.5, §3.1.10).
async fn highest(
    session: &Session,
    selected: &Selected,
    uids: &Uids,
    returns: Option<SearchReturn>,
) -> Result<Option<Change>, Error> {
    let named = match returns {
        Some(returns) if (returns.min || returns.max) && !returns.all && !returns.count => to_save(uids, returns),
        _ => uids.clone(),
    };
    let (access, folder, ranges) = (selected.access, selected.folder, named.ranges().collect::<Vec<UidRange>>());
    let asker = session.asker();
    session
        .server
        .shared
        .store
        .scan_for(asker, move |view| {
            let mut highest = None;
            mailbox::fetch::each(view, access, folder, &ranges, Want::ROW, |row| {
                highest = highest.max(Some(row.change));
                ControlFlow::Continue(())
            })?;
            Ok(highest)
        })
        .await
}

/// Turns search keys into the criteria of the mailbox, which knows no sequence numbers.
struct Translator<'a> {
    selected: &'a Selected,
    objects: &'a Objects,
}

impl Translator<'_> {
    fn all(&self, keys: &[SearchKey]) -> Result<Criteria, Answer> {
        match keys {
            [one] => self.one(one),
            keys => Ok(Criteria::And(keys.iter().map(|key| self.one(key)).collect::<Result<_, _>>()?)),
        }
    }

    fn one(&self, key: &SearchKey) -> Result<Criteria, Answer> {
        Ok(match key {
            SearchKey::All => Criteria::All,
            SearchKey::Flag(flag) => flag_set(flag),
            SearchKey::NoFlag(flag) => not(flag_set(flag)),
            SearchKey::Never => not(Criteria::All),
            SearchKey::Sequence(set) => self.named(set, Numbering::Sequence)?,
            SearchKey::Uid(set) => self.named(set, Numbering::Uid)?,
            SearchKey::Before(date) => Criteria::ReceivedBefore(day(*date)),
            SearchKey::On(date) => Criteria::ReceivedOn(day(*date)),
            SearchKey::Since(date) => Criteria::ReceivedSince(day(*date)),
            SearchKey::SentBefore(date) => Criteria::SentBefore(day(*date)),
            SearchKey::SentOn(date) => Criteria::SentOn(day(*date)),
            SearchKey::SentSince(date) => Criteria::SentSince(day(*date)),
            SearchKey::Older(seconds) => Criteria::Older(*seconds),
            SearchKey::Younger(seconds) => Criteria::Younger(*seconds),
            SearchKey::Larger(octets) => Criteria::Larger(*octets),
            SearchKey::Smaller(octets) => Criteria::Smaller(*octets),
            SearchKey::Header { name, text } => header(name, text),
            SearchKey::Body(text) => Criteria::Body(text.clone()),
            SearchKey::Text(text) => Criteria::Text(text.clone()),
            SearchKey::ModSeq(change) => Criteria::ChangedSince(Change(*change)),
            SearchKey::EmailId(id) => Criteria::Uids(self.objects.of_letter(id).and(&self.selected.uids)),
            SearchKey::ThreadId(id) => Criteria::Uids(self.objects.of_thread(id).and(&self.selected.uids)),
            SearchKey::And(keys) => self.all(keys)?,
            SearchKey::Or(keys) => Criteria::Or(keys.iter().map(|key| self.one(key)).collect::<Result<_, _>>()?),
            SearchKey::Not(key) => not(self.one(key)?),
        })
    }

    fn named(&self, set: &SequenceSet, numbering: Numbering) -> Result<Criteria, Answer> {
        let ranges = found_among(set, numbering, &self.selected.uids, &self.selected.saved);
        Ok(Criteria::Uids(self.selected.uids.within(&ranges)))
    }
}

fn not(criteria: Criteria) -> Criteria {
    Criteria::Not(Box::new(criteria))
}

fn flag_set(flag: &Flag) -> Criteria {
    let (system, mut keywords) = split(std::slice::from_ref(flag));
    match keywords.pop() {
        Some(keyword) => Criteria::Keyword(keyword),
        None => Criteria::Flags(system),
    }
}

fn header(name: &str, text: &str) -> Criteria {
    let text = text.to_owned();
    match name {
        "from" => Criteria::From(text),
        "to" => Criteria::To(text),
        "cc" => Criteria::Cc(text),
        "bcc" => Criteria::Bcc(text),
        "subject" => Criteria::Subject(text),
        name => Criteria::Header(name.to_owned(), text),
    }
}

fn day(date: Date) -> Day {
    Day::of(date.year(), date.month(), date.day()).unwrap_or(Day(0))
}

#[cfg(test)]
mod tests {
    use mailbox::{System, Uid};

    use super::*;

    fn view(numbers: impl IntoIterator<Item = u32>) -> Uids {
        numbers.into_iter().filter_map(Uid::new).collect()
    }

    #[test]
    fn what_is_saved_depends_on_what_was_asked() {
        // RFC 5182 §2.4, the table.
        let found = view([2, 5, 9]);
        let returns = SearchReturn { save: true, ..SearchReturn::default() };
        assert_eq!(to_save(&found, returns), found);
        assert_eq!(to_save(&found, SearchReturn { min: true, ..returns }), view([2]));
        assert_eq!(to_save(&found, SearchReturn { max: true, ..returns }), view([9]));
        assert_eq!(to_save(&found, SearchReturn { min: true, max: true, ..returns }), view([2, 9]));
        assert_eq!(to_save(&found, SearchReturn { min: true, count: true, ..returns }), found);
        assert_eq!(to_save(&found, SearchReturn { max: true, all: true, ..returns }), found);
        assert_eq!(to_save(&Uids::new(), SearchReturn { min: true, ..returns }), Uids::new());
    }

    #[test]
    fn a_change_is_found_however_deep_it_is_asked_for() {
        let key =
            SearchKey::Not(Box::new(SearchKey::Or(vec![SearchKey::All, SearchKey::And(vec![SearchKey::ModSeq(3)])])));
        assert!(asks_for_change(&key));
        assert!(!asks_for_change(&SearchKey::All));
        assert_eq!(flag_set(&Flag::Seen), Criteria::Flags(System::SEEN));
    }
}
