//! Delivery against servers that do as their script says, fault by fault.

#![allow(missing_docs)]

extern crate facteur_mta as mta;

mod clock;
mod damage;
mod desk;
mod faults;
mod handing_over;
mod hanging;
mod here;
mod lmtp;
mod postponed;
mod reports;
mod routing;
mod sites;
mod speed;
mod support;
mod wishes;
