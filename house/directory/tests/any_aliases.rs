//! Whatever aliases there are: finding out where letters go comes to an end, and never loses anybody.

mod common;

use std::collections::{HashMap, HashSet};

use common::{Fixture, address};
use facteur_directory::{Destination, Resolution, resolve};
use proptest::prelude::*;

/// Aliases number 0 to 7, each leading to some of: the other aliases, a person, somebody elsewhere.
fn targets() -> impl Strategy<Value = Vec<(usize, Vec<usize>)>> {
    proptest::collection::vec((0..8usize, proptest::collection::vec(0..10usize, 1..4)), 1..20)
}

fn name(number: usize) -> String {
    match number {
        8 => "alice@alpha.test".to_owned(),
        9 => "friend@beta.test".to_owned(),
        number => format!("alias{number}@alpha.test"),
    }
}

/// Returns the addresses that a walk through the aliases reaches.
fn reached(graph: &HashMap<usize, HashSet<usize>>, from: usize) -> HashSet<usize> {
    let (mut seen, mut waiting) = (HashSet::from([from]), vec![from]);
    while let Some(next) = waiting.pop() {
        for &target in graph.get(&next).into_iter().flatten() {
            if seen.insert(target) {
                waiting.push(target);
            }
        }
    }
    seen.into_iter().filter(|&number| number >= 8).collect()
}

fn found(fixture: &Fixture, text: &str) -> HashSet<usize> {
    let whom = address(text);
    match fixture.store.read_blocking(move |view| resolve(view, None, &whom)).unwrap() {
        Resolution::Ours(places) => places
            .iter()
            .map(|place| match place {
                Destination::Local { .. } => 8,
                Destination::Remote(_) => 9,
            })
            .collect(),
        _ => HashSet::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn letters_reach_everybody_an_alias_leads_to_and_nobody_else(wishes in targets()) {
        let fixture = Fixture::with_people();
        let mut graph: HashMap<usize, HashSet<usize>> = HashMap::new();
        for (alias, targets) in wishes {
            let names: Vec<String> = targets.iter().map(|&target| name(target)).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            // Loops and targets that are not there are refused, and then nothing of the wish is done.
            if fixture.add_alias(&name(alias), &names).is_ok() {
                graph.entry(alias).or_default().extend(targets);
            }
        }
        for alias in 0..8 {
            prop_assert_eq!(found(&fixture, &name(alias)), reached(&graph, alias));
        }
    }
}
