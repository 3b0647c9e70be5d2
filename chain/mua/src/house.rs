//! What all requests share.

use std::sync::Arc;

use directory::Directory;
use mail::Timestamp;
use mail::seam::Logins;
use mail::trace::Witness;
use store::Store;

use crate::picture::Seal;

/// The house the pages belong to. Cheap to clone.
#[derive(Clone)]
pub struct House {
    /// Everybody's mail, and its history.
    pub store: Store,
    /// Who has which session.
    pub directory: Directory,
    /// Who may come in.
    pub logins: Arc<dyn Logins>,
    /// Sees what is read.
    pub witness: Arc<dyn Witness>,
    /// What time it is.
    pub clock: fn() -> Timestamp,
    pub(crate) seal: Arc<Seal>,
}

impl House {
    /// A house whose addresses of pictures are good until the program ends, or for a day.
    pub fn new(store: Store, directory: Directory, witness: Arc<dyn Witness>, clock: fn() -> Timestamp) -> Self {
        let logins: Arc<dyn Logins> = Arc::new(directory.clone());
        Self { store, directory, logins, witness, clock, seal: Arc::new(Seal::new(rand::random())) }
    }
}
