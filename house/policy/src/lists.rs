//! The lists in memory.

use std::net::IpAddr;

use mail::listed::{Lists, Word};
use mail::{Address, Domain};

use crate::Subject;
use crate::listed::Entry;
use crate::subjects::Subjects;

/// The lists, by the subjects of their entries.
#[derive(Debug, Default)]
pub(crate) struct LoadedLists(Subjects<Word>);

impl LoadedLists {
    pub(crate) fn new(entries: Vec<Entry>) -> Self {
        let mut lists = Subjects::default();
        for Entry { subject, is_allowed, reason, .. } in entries {
            let word = Word { is_allowed, entry: subject.to_string(), reason };
            lists.add(subject, word);
        }
        Self(lists)
    }
}

impl Lists for LoadedLists {
    fn of_network(&self, ip: IpAddr) -> Option<Word> {
        self.0.of_network(ip).next().map(|(_, word)| word.clone())
    }

    fn of_hello(&self, name: &str) -> Option<Word> {
        // A name that is longer than any on the list costs nothing.
        if self.0.is_empty() || name.is_empty() || name.len() > Domain::MAX {
            return None;
        }
        let name = name.to_ascii_lowercase();
        let below = name.match_indices('.').map(|(dot, _)| format!("*{}", &name[dot..]));
        let mut names = std::iter::once(name.clone()).chain(below);
        names.find_map(|name| self.0.get(&Subject::Hello(name))).map(|(_, word)| word.clone())
    }

    fn of_sender(&self, address: &Address) -> Option<Word> {
        self.0.of_address(address).next().map(|(_, word)| word.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use mail::Timestamp;

    use super::*;

    fn entry(subject: &str, is_allowed: bool) -> Entry {
        let subject = subject.parse().unwrap();
        Entry { subject, is_allowed, reason: String::new(), created: Timestamp(0) }
    }

    fn shown(word: Option<Word>) -> String {
        word.map(|word| format!("{}{}", if word.is_allowed { "+" } else { "-" }, word.entry)).unwrap_or_default()
    }

    #[test]
    fn the_narrowest_entry_of_a_kind_counts() {
        let lists = LoadedLists::new(vec![
            entry("10.0.0.0/8", false),
            entry("10.1.2.0/24", true),
            entry("10.1.2.3", false),
            entry("2001:db8::/32", false),
            entry("evil.test", false),
            entry("good.evil.test", true),
            entry("friend@evil.test", true),
            entry("hello:ylmf-pc", false),
            entry("hello:*.dyn.test", false),
            entry("hello:mx.dyn.test", true),
        ]);
        let network = |ip: &str| shown(lists.of_network(ip.parse().unwrap()));
        assert_eq!(network("10.9.9.9"), "-10.0.0.0/8");
        assert_eq!(network("10.1.2.9"), "+10.1.2.0/24");
        assert_eq!(network("::ffff:10.1.2.3"), "-10.1.2.3");
        assert_eq!(network("2001:db8:1::1"), "-2001:db8::/32");
        assert_eq!(network("192.0.2.1"), "");
        let sender = |address: &str| shown(lists.of_sender(&Address::parse(address).unwrap()));
        assert_eq!(sender("Eve@mx.Evil.test"), "-evil.test");
        assert_eq!(sender("bob@good.evil.test"), "+good.evil.test");
        assert_eq!(sender("FRIEND@evil.test"), "+friend@evil.test");
        assert_eq!(sender("eve@notevil.test"), "");
        let hello = |name: &str| shown(lists.of_hello(name));
        assert_eq!(hello("YLMF-PC"), "-hello:ylmf-pc");
        assert_eq!(hello("a.b.dyn.test"), "-hello:*.dyn.test");
        assert_eq!(hello("mx.dyn.test"), "+hello:mx.dyn.test");
        assert_eq!(hello("dyn.test"), "");
    }

    #[test]
    fn tens_of_thousands_of_entries_cost_an_answer_hardly_anything() {
        let networks = (0..50_000_u32).map(|n| entry(&format!("10.{}.{}.0/24", n / 256, n % 256), false));
        let domains = (0..40_000_u32).map(|n| entry(&format!("n{n}.evil.test"), false));
        let lists = LoadedLists::new(networks.chain(domains).collect());
        let (begun, eve) = (Instant::now(), Address::parse("eve@a.b.n39999.evil.test").unwrap());
        for n in 0..1000_u32 {
            let ip = IpAddr::from([10, 195, (n % 80) as u8, 7]);
            assert!(lists.of_network(ip).is_some() && lists.of_sender(&eve).is_some(), "{ip}");
        }
        assert!(begun.elapsed().as_millis() < 500, "a thousand answers took {:?}", begun.elapsed());
    }
}
