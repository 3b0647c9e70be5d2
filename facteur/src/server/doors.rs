//! Opening the doors: all of them before anybody is served, so that a post office opens whole or not at all.

use net::{BindError, Listener};

use crate::config::{BindAddress, Config, Door, may_open_low_ports};

/// A door with its open sockets.
pub struct OpenDoor {
    pub door: Door,
    pub listener: Listener,
}

/// Opens every door of the configuration that somebody stands behind.
pub fn open(config: &Config) -> Result<Vec<OpenDoor>, BindError> {
    let low_ports = may_open_low_ports();
    let mut doors = Vec::new();
    for door in Door::ALL.into_iter().filter(|door| door.is_served()) {
        let places: Vec<String> = config.places(door, low_ports).iter().map(BindAddress::to_string).collect();
        if !places.is_empty() {
            doors.push(OpenDoor { door, listener: Listener::bind(door.name(), &places)? });
        }
    }
    Ok(doors)
}

/// Says which sockets other programs cannot reach: only its owner may enter the data folder.
pub fn warn_of_hidden(config: &Config, doors: &[OpenDoor]) {
    let sockets = doors.iter().flat_map(|open| open.listener.paths());
    for path in sockets.filter(|path| path.starts_with(&config.data)) {
        let path = path.display();
        tracing::warn!("unix:{path} lies in the data folder, which is closed to other users: name a place outside it");
    }
}

/// Returns the addresses of each door, for those who want to know.
pub fn places(doors: &[OpenDoor]) -> Vec<(Door, BindAddress)> {
    let of_one = |open: &OpenDoor| {
        let tcp = open.listener.addresses().into_iter().map(BindAddress::Tcp);
        let unix = open.listener.paths().into_iter().map(BindAddress::Unix);
        tcp.chain(unix).map(|place| (open.door, place)).collect::<Vec<_>>()
    };
    doors.iter().flat_map(of_one).collect()
}
