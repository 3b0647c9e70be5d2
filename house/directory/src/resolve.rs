//! Finds where letters for an address go.

use std::collections::HashSet;

use mail::{Address, Destination, Domain, Resolution};
use store::{View, params};

use crate::fold::{fold, split_detail};
use crate::{Error, account, alias, domain};

/// An address leads to at most this many places, through all its aliases.
const MOST_DESTINATIONS: usize = 1000;

/// Finds where letters for `address` go: to a person, through aliases (each followed once), through `+detail`, to the
/// catch-all of the domain. postmaster@ and abuse@ reach somebody in each domain, and at `hostname`, whatever is set up
/// (RFC 5321 §4.5.1, RFC 2142).
pub fn resolve(view: &View, hostname: Option<&Domain>, address: &Address) -> Result<Resolution, Error> {
    let mut walk = Walk { view, followed: HashSet::new(), seen: HashSet::new(), found: Vec::new() };
    let Some(domain) = domain::number(view, address.domain())? else {
        let in_charge = hostname == Some(address.domain()) && is_role(&fold(address.local()));
        return if in_charge {
            walk.first_person(None)?.map_or(Ok(Resolution::Unknown), reached)
        } else {
            Ok(Resolution::Elsewhere)
        };
    };
    let mut waiting = walk.step(domain, address.local(), None)?;
    while let Some((target, detail)) = waiting.pop() {
        match domain::number(view, target.domain())? {
            None => walk.reach(Destination::Remote(target)),
            Some(domain) => waiting.extend(walk.step(domain, target.local(), detail)?),
        }
        if walk.found.len() > MOST_DESTINATIONS {
            return Err(Error::TooManyTargets { alias: address.clone(), most: MOST_DESTINATIONS });
        }
    }
    Ok(if walk.found.is_empty() { Resolution::Unknown } else { Resolution::Ours(walk.found) })
}

fn reached(destination: Destination) -> Result<Resolution, Error> {
    Ok(Resolution::Ours(vec![destination]))
}

/// The two names that must reach somebody.
fn is_role(local: &str) -> bool {
    matches!(local, "postmaster" | "abuse")
}

/// Targets still to be followed, each with the detail it inherits.
type Waiting = Vec<(Address, Option<String>)>;

struct Walk<'a> {
    view: &'a View,
    /// Aliases.
    followed: HashSet<i64>,
    seen: HashSet<Destination>,
    found: Vec<Destination>,
}

impl Walk<'_> {
    /// Looks one local part up in one of our domains: as it is, without its detail, as a role, in the catch-all.
    fn step(&mut self, domain: i64, local: &str, inherited: Option<String>) -> Result<Waiting, Error> {
        let local = fold(local);
        if let Some(waiting) = self.exactly(domain, &local, inherited.clone())? {
            return Ok(waiting);
        }
        let (person, detail) = split_detail(&local).map_or((local.as_str(), None), |(person, detail)| {
            (person, Some(detail.to_owned()).filter(|detail| !detail.is_empty()))
        });
        let detail = detail.or(inherited);
        if person != local
            && let Some(waiting) = self.exactly(domain, person, detail)?
        {
            return Ok(waiting);
        }
        if is_role(person)
            && let Some(someone) = self.first_person(Some(domain))?
        {
            self.reach(someone);
            return Ok(Vec::new());
        }
        Ok(self.exactly(domain, "*", None)?.unwrap_or_default())
    }

    /// `None` where there is neither a person nor an alias of that name.
    fn exactly(&mut self, domain: i64, local: &str, detail: Option<String>) -> Result<Option<Waiting>, Error> {
        let sql = account::select("WHERE account.domain = $1 AND account.local = $2");
        if let Some(found) = self.view.query_opt(&sql, params![domain, local], account::read)?.flatten() {
            self.reach(Destination::Local { account: found.id, address: found.address, detail });
            return Ok(Some(Vec::new()));
        }
        let Some(alias) = alias::number(self.view, domain, local)? else { return Ok(None) };
        if !self.followed.insert(alias) {
            return Ok(Some(Vec::new()));
        }
        let mut targets = alias::targets(self.view, alias)?;
        // They wait on a stack, and are to be found in their order.
        targets.reverse();
        Ok(Some(targets.into_iter().map(|target| (target, detail.clone())).collect()))
    }

    /// The person who came first is in charge: in the domain, or else in the house.
    fn first_person(&self, domain: Option<i64>) -> Result<Option<Destination>, Error> {
        let mut found = None;
        if let Some(domain) = domain {
            let sql = account::select("WHERE account.domain = $1 ORDER BY account.id LIMIT 1");
            found = self.view.query_opt(&sql, params![domain], account::read)?.flatten();
        }
        if found.is_none() {
            let sql = account::select("ORDER BY account.id LIMIT 1");
            found = self.view.query_opt(&sql, params![], account::read)?.flatten();
        }
        Ok(found.map(|person| Destination::Local { account: person.id, address: person.address, detail: None }))
    }

    fn reach(&mut self, destination: Destination) {
        if self.seen.insert(destination.clone()) {
            self.found.push(destination);
        }
    }
}
