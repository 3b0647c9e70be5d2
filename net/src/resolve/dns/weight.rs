//! Keeps the memory of answers small. The resolver bounds the answers that it remembers by number, and an answer may have
//! 64 kB on the wire and many times that in memory; so those that weigh much are forgotten at once, and asked for again.

use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::{DnsError, NetError, NoRecords};
use hickory_resolver::proto::rr::{Name, RData, Record};

/// The most octets of memory that an answer may take and be remembered. Names of large domains with dozens of addresses, and
/// texts with keys, stay far below.
pub const HEAVIEST: usize = 16 << 10;

/// The octets that a record takes in memory beside its data.
const RECORD: usize = std::mem::size_of::<Record>();

/// Returns true if the answer weighs too much to be remembered.
pub fn is_heavy(found: &Result<Lookup, NetError>) -> bool {
    match found {
        Ok(found) => weight(found.message().all_sections()) > HEAVIEST,
        Err(NetError::Dns(DnsError::NoRecordsFound(none))) => of_none(none) > HEAVIEST,
        // Other faults are not remembered.
        Err(_) => false,
    }
}

fn weight<'r>(records: impl Iterator<Item = &'r Record>) -> usize {
    records.map(|record| RECORD + record.name.len() + octets(&record.data)).sum()
}

fn of_none(none: &NoRecords) -> usize {
    let authorities = weight(none.authorities.iter().flat_map(|all| all.iter()));
    let servers = none.ns.iter().flat_map(|all| all.iter());
    authorities + servers.map(|server| weight(std::iter::once(&server.ns).chain(server.glue.iter()))).sum::<usize>()
}

/// The octets of the data that can be large. All other kinds have a few dozen.
fn octets(data: &RData) -> usize {
    match data {
        RData::TXT(text) => text.txt_data.iter().map(|piece| std::mem::size_of::<Box<[u8]>>() + piece.len()).sum(),
        RData::Unknown { rdata, .. } => rdata.anything.len(),
        RData::TLSA(tlsa) => tlsa.cert_data.len(),
        RData::CNAME(name) => name.len(),
        RData::MX(mx) => mx.exchange.len(),
        other => other.to_string().len(),
    }
}

/// Returns the names under which a resolver remembers an answer: the one that was asked for, and those that aliases lead to.
pub fn names<'a>(asked: &'a Name, found: &'a Lookup) -> impl Iterator<Item = &'a Name> {
    let targets = found.answers().iter().filter_map(|record| match &record.data {
        RData::CNAME(target) => Some(&target.0),
        RData::SRV(service) => Some(&service.target),
        _ => None,
    });
    [asked, found.query().name()].into_iter().chain(targets)
}
