//! Links that let a person in without a password: once, for a short while, and only at this machine. `facteur demo`
//! prints them, for people whom it has just made.

mod door;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mail::seam::Login;
use ring::digest;

use crate::hex;

pub use door::enter;

/// The time that a link is good.
const PATIENCE: Duration = Duration::from_secs(30 * 60);
/// More links than any server needs at a time; a further one is made all the same, and the oldest is no longer good.
const MOST: usize = 64;

/// The links of a server that are still good. They are kept in memory alone, under a digest: a reader of the memory can
/// follow none. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct Invitations(Arc<Mutex<HashMap<[u8; 32], Invitation>>>);

struct Invitation {
    person: Login,
    made: Instant,
}

impl Invitations {
    /// Invites a person: returns the path of the link, for them alone.
    pub fn invite(&self, person: Login) -> String {
        let token = hex::encode(&rand::random::<[u8; 32]>());
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, invitation| invitation.made.elapsed() < PATIENCE);
        if open.len() >= MOST
            && let Some(oldest) = open.iter().min_by_key(|(_, one)| one.made).map(|(key, _)| *key)
        {
            open.remove(&oldest);
        }
        open.insert(key(&token), Invitation { person, made: Instant::now() });
        format!("/enter/{token}")
    }

    /// Returns the person that the link lets in, and uses it up.
    fn take(&self, token: &str) -> Option<Login> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key(token));
        taken.filter(|invitation| invitation.made.elapsed() < PATIENCE).map(|invitation| invitation.person)
    }
}

fn key(token: &str) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, token.as_bytes());
    digest.as_ref().try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use mail::Address;
    use mail::seam::AccountId;

    use super::*;

    fn alice() -> Login {
        Login::of(AccountId(1), Address::parse("alice@alpha.test").unwrap())
    }

    #[test]
    fn a_link_lets_one_in_once() {
        let invitations = Invitations::default();
        let link = invitations.invite(alice());
        let token = link.strip_prefix("/enter/").unwrap();
        assert_eq!(token.len(), 64);
        assert!(invitations.take(&token[1..]).is_none());
        assert_eq!(invitations.take(token).map(|login| login.account), Some(AccountId(1)));
        assert!(invitations.take(token).is_none(), "it is used up");
    }

    #[test]
    fn a_house_keeps_few_links_and_the_newest_of_them() {
        let invitations = Invitations::default();
        let links: Vec<String> = (0..=MOST).map(|_| invitations.invite(alice())).collect();
        assert!(invitations.take(links[0].strip_prefix("/enter/").unwrap()).is_none());
        assert!(invitations.take(links[MOST].strip_prefix("/enter/").unwrap()).is_some());
    }
}
