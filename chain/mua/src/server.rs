//! The context that all requests share.

use std::sync::Arc;

use directory::Directory;
use mail::Timestamp;
use mail::trace::Witness;
use store::Store;

use crate::doors::MailDoor;
use crate::holds::Holds;
use crate::invitation::Invitations;
use crate::remote::{Proxy, Turns};
use crate::seal::Seal;
use crate::thumbnail::Thumbnails;
use crate::unsubscribe::Unsubscriber;

/// The server that the pages belong to. Cheap to clone.
#[derive(Clone)]
pub struct Server {
    /// Everybody's mail, and its history.
    pub store: Store,
    /// Knows the people and their sessions.
    pub directory: Directory,
    /// Sees the letters that are read.
    pub witness: Arc<dyn Witness>,
    /// Tells the time.
    pub clock: fn() -> Timestamp,
    /// Links that let people in without a password.
    pub invitations: Invitations,
    /// The doors for mail programs.
    pub doors: Arc<[MailDoor]>,
    /// Letters that are kept back; `None`: there are none here.
    pub holds: Option<Arc<dyn Holds>>,
    pub(crate) seal: Arc<Seal>,
    pub(crate) proxy: Arc<Proxy>,
    pub(crate) unsubscriber: Arc<Unsubscriber>,
    pub(crate) thumbnails: Arc<Thumbnails>,
    /// The turns for packing files: a person takes one for each piece.
    pub(crate) work: Arc<Turns>,
}

impl Server {
    /// Makes a server whose addresses of pictures are good until the program ends, or for a day. `pictures` fetches
    /// pictures that lie elsewhere, and leaves lists, within [`PICTURES`](crate::PICTURES): strangers choose their
    /// addresses, so its reach must be [`https::Reach::Public`].
    pub fn new(
        store: Store,
        directory: Directory,
        witness: Arc<dyn Witness>,
        clock: fn() -> Timestamp,
        pictures: https::Client,
    ) -> Self {
        let unsubscriber = Arc::new(Unsubscriber::new(pictures.clone()));
        let (seal, proxy) = (Arc::new(Seal::new(rand::random())), Arc::new(Proxy::new(pictures)));
        let (invitations, doors) = (Invitations::default(), Arc::default());
        let (thumbnails, work) = (Arc::new(Thumbnails::new()), Arc::new(Turns::of(1, 2)));
        let holds = None;
        Self {
            store,
            directory,
            witness,
            clock,
            invitations,
            doors,
            holds,
            seal,
            proxy,
            unsubscriber,
            thumbnails,
            work,
        }
    }
}
