//! The test suite of RFC 7208 (release 2014.04 of openspf.org, under the licence that stands beside it), as it lies in
//! pyspf 2.0.14. `rfc7208.json` is its file `rfc7208-tests.yml` in JSON, without its comments, and with the records of
//! the type SPF as texts where a name has no texts, as the suite asks for it.

use std::collections::HashMap;

use serde::Deserialize;

use super::{SpfQuestion, Verdict, check};
use crate::Table;
use crate::tests::wait;

#[derive(Deserialize)]
struct Scenario {
    description: String,
    tests: HashMap<String, Case>,
    zone: HashMap<String, Vec<Vec<String>>>,
}

#[derive(Deserialize)]
struct Case {
    helo: String,
    ip: String,
    mail_from: String,
    results: Vec<String>,
    explanation: Option<String>,
}

fn zone(names: &HashMap<String, Vec<Vec<String>>>) -> Table {
    names.iter().fold(Table::new(), |table, (name, records)| add(table.name(name), name, records, names))
}

fn add(table: Table, name: &str, records: &[Vec<String>], all: &HashMap<String, Vec<Vec<String>>>) -> Table {
    let says_nothing = records.len() == 1;
    records.iter().fold(table, |table, record| match record.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        // A silent name that has records is silent for the type SPF, for which nobody asks any more.
        ["TIMEOUT"] if says_nothing => table.silent(name),
        ["TXT", text] => table.txt(name, text.chars().map(|c| u8::try_from(c).unwrap()).collect::<Vec<u8>>()),
        ["A" | "AAAA", ip] => table.host(name, ip.parse().unwrap()),
        ["MX", host] => table.mx(name, host),
        ["PTR", host] => table.ptr(address(name), host),
        ["CNAME", target] => match all.get(target) {
            Some(records) => add(table, name, records, all),
            None => table,
        },
        _ => table,
    })
}

/// Returns the address that a name below `arpa` stands for.
fn address(name: &str) -> std::net::IpAddr {
    let mut parts: Vec<&str> = name.split('.').collect();
    let is_four = parts.contains(&"in-addr");
    parts.truncate(parts.len() - 2);
    parts.reverse();
    if is_four {
        return parts.join(".").parse().unwrap();
    }
    let groups: Vec<String> = parts.chunks(4).map(<[&str]>::concat).collect();
    groups.join(":").parse().unwrap()
}

fn run(case: &Case, zone: &Table) -> Verdict {
    let question = SpfQuestion {
        ip: case.ip.parse().unwrap(),
        helo: &case.helo,
        mail_from: &case.mail_from,
        receiver: "",
        now: 1_795_501_377,
    };
    wait(check(zone, question))
}

#[test]
fn the_suite_of_the_rfc_passes_whole() {
    let scenarios: Vec<Scenario> = serde_json::from_str(include_str!("suite/rfc7208.json")).unwrap();
    let (mut count, mut wrong) = (0, Vec::new());
    for scenario in &scenarios {
        let zone = zone(&scenario.zone);
        for (name, case) in &scenario.tests {
            let verdict = run(case, &zone);
            let explanation = case.explanation.as_deref().filter(|text| *text != "DEFAULT");
            let is_right = case.results.iter().any(|result| result == verdict.result.name())
                && (case.explanation.is_none() || explanation == verdict.explanation.as_deref());
            count += 1;
            if !is_right {
                wrong.push(format!("{} / {name}: {verdict:?}, not {:?}", scenario.description, case.results));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(count, 203);
}
