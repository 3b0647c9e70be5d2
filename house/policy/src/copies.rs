//! The copies in memory.

use mail::Address;
use mail::copies::Passing;

use crate::copy::{Entry, Which};
use crate::subjects::Subjects;

/// One letter is copied to at most so many addresses.
const MOST_OF_A_LETTER: usize = 20;

/// All copies, by the letters that they are of.
#[derive(Debug, Default)]
pub(crate) struct LoadedCopies {
    from: Subjects<Vec<Address>>,
    to: Subjects<Vec<Address>>,
    comes_in: Vec<Address>,
    goes_out: Vec<Address>,
    all: Vec<Address>,
}

impl LoadedCopies {
    pub fn new(entries: Vec<Entry>) -> Self {
        let mut copies = Self::default();
        for Entry { which, target, .. } in entries {
            match which {
                Which::From(subject) => copies.from.or_default(subject).push(target),
                Which::To(subject) => copies.to.or_default(subject).push(target),
                Which::In => copies.comes_in.push(target),
                Which::Out => copies.goes_out.push(target),
                Which::All => copies.all.push(target),
            }
        }
        copies
    }

    pub fn of(&self, passing: &Passing<'_>) -> Vec<Address> {
        let from = passing.from.iter().flat_map(|address| self.from.of_address(address));
        let to = passing.to.iter().flat_map(|address| self.to.of_address(address));
        let comes_in = self.comes_in.iter().filter(|_| passing.comes_in);
        let goes_out = self.goes_out.iter().filter(|_| passing.goes_out);
        let each = from.chain(to).flat_map(|(_, targets)| targets).chain(comes_in).chain(goes_out).chain(&self.all);
        let mut found: Vec<Address> = Vec::new();
        for target in each {
            if found.len() < MOST_OF_A_LETTER && !found.contains(target) {
                found.push(target.clone());
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use mail::Timestamp;

    use super::*;

    #[test]
    fn a_letter_is_copied_once_to_whoever_gets_copies_of_it() {
        let address = |text: &str| Address::parse(text).unwrap();
        let entry = |which, target| Entry { which, target: address(target), created: Timestamp(0) };
        let copies = LoadedCopies::new(vec![
            entry(Which::From("alice@alpha.test".parse().unwrap()), "boss@alpha.test"),
            entry(Which::To("alpha.test".parse().unwrap()), "archive@alpha.test"),
            entry(Which::In, "archive@alpha.test"),
            entry(Which::Out, "journal@elsewhere.test"),
        ]);
        let (alice, bob) = (address("Alice@alpha.test"), address("bob@beta.test"));
        let shown = |from, to, comes_in, goes_out| {
            let found = copies.of(&Passing { from: vec![from], to: vec![to], comes_in, goes_out });
            found.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(shown(&alice, &bob, false, true), ["boss@alpha.test", "journal@elsewhere.test"]);
        assert_eq!(shown(&bob, &alice, true, false), ["archive@alpha.test"]);
        assert!(shown(&bob, &bob, false, false).is_empty());
    }
}
