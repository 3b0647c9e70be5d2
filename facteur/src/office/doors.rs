//! Opening the doors: all of them before anybody is served, so that a post office opens whole or not at all.

use std::net::SocketAddr;

use net::{BindError, Listener};

use crate::config::{Config, Door, Place, may_open_low_ports};

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
        let places: Vec<String> = config.places(door, low_ports).iter().filter_map(tcp).collect();
        if !places.is_empty() {
            doors.push(OpenDoor { door, listener: Listener::bind(door.name(), &places)? });
        }
    }
    Ok(doors)
}

/// None of the doors served today can stand on a Unix socket; the configuration sees to that.
fn tcp(place: &Place) -> Option<String> {
    match place {
        Place::Tcp(address) => Some(address.to_string()),
        Place::Unix(_) => None,
    }
}

/// Where each door stands, for those who want to know.
pub fn addresses(doors: &[OpenDoor]) -> Vec<(Door, SocketAddr)> {
    doors.iter().flat_map(|open| open.listener.addresses().into_iter().map(|at| (open.door, at))).collect()
}
