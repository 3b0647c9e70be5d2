//! `[proxy]`: the proxies that stand in front of this post office, and speak for others.

use std::collections::BTreeSet;

use net::{Network, NotANetwork, Proxies};

use super::doors::Door;
use super::expected::Expected;
use super::reader::{Reader, Section};
use crate::language::say;

/// The proxies in front, which are believed when they say where somebody comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxy {
    /// The networks that the proxies are in.
    pub trusted: Proxies,
    /// The doors at which they say it with the PROXY protocol.
    pub protocol: BTreeSet<Door>,
}

/// Reads the section.
pub fn read(reader: &mut Reader<'_>, section: Section<'_>) -> Proxy {
    reader.only_settings(section);
    let mut networks = Vec::new();
    for text in reader.texts(section, "trusted").unwrap_or_default() {
        match text.value.parse::<Network>() {
            Ok(network) => networks.push(network),
            Err(why) => reader.wrong(&text, Expected::Proxy(why)),
        }
    }
    let mut protocol = BTreeSet::new();
    for text in reader.texts(section, "protocol").unwrap_or_default() {
        match Door::ALL.into_iter().find(|door| door.name() == text.value) {
            Some(door) => drop(protocol.insert(door)),
            None => reader.wrong(&text, Expected::DoorName),
        }
    }
    if let Some(key) = section.table.get("protocol").filter(|_| !section.table.contains_key("trusted")) {
        let language = reader.language;
        let text = say!(in language; "\"protocol\" needs \"trusted\" beside it: the addresses of the proxies that speak it",
            "« protocol » demande « trusted » à côté : les adresses des mandataires qui le parlent");
        reader.complain(&key.span(), text);
    }
    Proxy { trusted: Proxies::new(networks), protocol }
}

/// Says what is wrong with the address of a proxy.
pub fn explain(found: &str, why: NotANetwork, language: crate::language::Language) -> String {
    match why {
        NotANetwork::Shape => say!(in language;
            "\"{found}\" is not the address of a proxy: write an IP address or a network, such as \"127.0.0.1\" or \"10.0.0.0/8\"",
            "« {found} » n'est pas l'adresse d'un mandataire : écrivez une adresse IP ou un réseau, comme \"127.0.0.1\" ou \"10.0.0.0/8\""),
        NotANetwork::Within(network) => say!(in language;
            "\"{found}\" is one address with the length of a network: write \"{network}\" for the network, or the address alone",
            "« {found} » est une adresse avec la longueur d'un réseau : écrivez \"{network}\" pour le réseau, ou l'adresse seule"),
        NotANetwork::Everybody => say!(in language;
            "\"{found}\" would believe everybody; name the addresses of the proxies",
            "« {found} » croirait tout le monde ; nommez les adresses des mandataires"),
    }
}
