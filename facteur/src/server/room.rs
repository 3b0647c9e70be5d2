//! Answers the doors that ask whether another letter can be kept.

use mail::seam::Room;
use store::Store;

/// The disk on which the letters of this office lie.
pub struct Disk(pub Store);

impl Room for Disk {
    fn has_room(&self) -> bool {
        self.0.may_grow().is_ok()
    }
}
