//! Records as name servers send them, read.

use hickory_resolver::proto::rr::{Name, RData};

use super::super::{Exchange, Service, Tlsa};

/// Reads the host of an MX record; a host that is the root alone gets an empty name.
pub fn exchange(record: &RData) -> Option<Exchange> {
    let RData::MX(mx) = record else { return None };
    Some(Exchange { preference: mx.preference, host: host(&mx.exchange) })
}

/// Reads the host of an SRV record.
pub fn service(record: &RData) -> Option<Service> {
    let RData::SRV(srv) = record else { return None };
    Some(Service { priority: srv.priority, weight: srv.weight, port: srv.port, host: host(&srv.target) })
}

/// Returns the octets of a TXT record: its strings, joined.
pub fn text(record: &RData) -> Option<Vec<u8>> {
    let RData::TXT(txt) = record else { return None };
    Some(txt.txt_data.concat())
}

/// Returns the name in a PTR record; `None` if it is the root alone.
pub fn host_name(record: &RData) -> Option<String> {
    let RData::PTR(ptr) = record else { return None };
    Some(host(&ptr.0)).filter(|name| !name.is_empty())
}

/// Reads a TLSA record.
pub fn tlsa(record: &RData) -> Option<Tlsa> {
    let RData::TLSA(tlsa) = record else { return None };
    Some(Tlsa {
        usage: tlsa.cert_usage.into(),
        selector: tlsa.selector.into(),
        matching: tlsa.matching.into(),
        data: tlsa.cert_data.clone(),
    })
}

/// Returns a name as hosts are named here: in lower case and without the last dot.
fn host(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}
