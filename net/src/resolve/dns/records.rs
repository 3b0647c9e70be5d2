//! Records as name servers send them, read.

use hickory_resolver::proto::rr::{Name, RData};

use super::super::{Exchange, Service, Tlsa};

/// A host of an MX record; one that is named by nothing but the root has an empty name.
pub fn exchange(record: &RData) -> Option<Exchange> {
    let RData::MX(mx) = record else { return None };
    Some(Exchange { preference: mx.preference, host: host(&mx.exchange) })
}

/// A host of an SRV record.
pub fn service(record: &RData) -> Option<Service> {
    let RData::SRV(srv) = record else { return None };
    Some(Service { priority: srv.priority, weight: srv.weight, port: srv.port, host: host(&srv.target) })
}

/// The octets of a TXT record: its strings, joined.
pub fn text(record: &RData) -> Option<Vec<u8>> {
    let RData::TXT(txt) = record else { return None };
    Some(txt.txt_data.concat())
}

/// The name in a PTR record; none where that is nothing but the root.
pub fn host_name(record: &RData) -> Option<String> {
    let RData::PTR(ptr) = record else { return None };
    Some(host(&ptr.0)).filter(|name| !name.is_empty())
}

/// A TLSA record.
pub fn tlsa(record: &RData) -> Option<Tlsa> {
    let RData::TLSA(tlsa) = record else { return None };
    Some(Tlsa {
        usage: tlsa.cert_usage.into(),
        selector: tlsa.selector.into(),
        matching: tlsa.matching.into(),
        data: tlsa.cert_data.clone(),
    })
}

/// A name as hosts are named here: in lower case and without the last dot.
fn host(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}
