//! One peer that is refused thousands of times must not fill the disk with it.

use std::collections::HashMap;
use std::net::IpAddr;

use mail::{Timestamp, peer_network};

/// Refusals of one network that are written down in a minute.
const OF_ONE: u32 = 60;
/// Refusals of all together.
const OF_ALL: u32 = 3000;
const MINUTE: i64 = 60_000;

/// Counts how often each peer was refused in this minute.
#[derive(Default)]
pub struct Flood {
    minute: i64,
    all: u32,
    networks: HashMap<Option<IpAddr>, u32>,
}

impl Flood {
    /// Says whether this refusal is still to be written down. At most [`OF_ALL`] networks are counted at a time.
    pub fn admits(&mut self, peer: &str, at: Timestamp) -> bool {
        let minute = at.0.div_euclid(MINUTE);
        if minute != self.minute {
            *self = Self { minute, ..Self::default() };
        }
        if self.all >= OF_ALL {
            return false;
        }
        let count = self.networks.entry(peer.parse().ok().map(peer_network)).or_default();
        if *count >= OF_ONE {
            return false;
        }
        *count += 1;
        self.all += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_refused_too_often_is_written_down_again_in_the_next_minute() {
        let mut flood = Flood::default();
        let mut admitted = |peer: &str, at| (0..1000).filter(|_| flood.admits(peer, Timestamp(at))).count();
        assert_eq!(admitted("192.0.2.1", 1000), OF_ONE as usize);
        assert_eq!(admitted("192.0.2.2", 1000), OF_ONE as usize, "others are not kept out by it");
        assert_eq!(admitted("2001:db8::1", 2000) + admitted("2001:db8::2", 2000), OF_ONE as usize);
        assert_eq!(admitted("192.0.2.1", 61_000), OF_ONE as usize);
    }

    #[test]
    fn many_peers_together_are_bounded_too() {
        let mut flood = Flood::default();
        let admitted =
            (0..10_000).filter(|n| flood.admits(&format!("10.1.{}.{}", n / 256, n % 256), Timestamp(0))).count();
        assert_eq!(admitted, OF_ALL as usize);
        assert!(flood.networks.len() <= OF_ALL as usize);
    }
}
