//! The check: begins the examination of each letter that comes from outside, and concludes with its findings.

use std::sync::Arc;
use std::time::Duration;

use auth::dkim::Verifier;
use mail::check::{Arriving, Check, Conclusion, Look};
use mail::seam::{Origin, OurFault, Pending};
use mail::{Domain, Findings, header};
use net::Resolver;
use store::Store;
use tokio::runtime::Handle;

use crate::examine::{Elsewhere, Examination, Way};
use crate::patience::Patience;
use crate::settings::{Mode, Settings};

/// A letter with more signatures and seals is verified where a thread may compute: each takes some 0.05 ms.
const QUICK: usize = 10;

/// Finds out who sent the letters that come in from outside.
pub struct SenderProof {
    resolver: Arc<dyn Resolver>,
    store: Store,
    hostname: Domain,
    elsewhere: Elsewhere,
    settings: Arc<Settings>,
    patience: Arc<Patience>,
}

impl SenderProof {
    /// Makes the check of the server of this name. `elsewhere` returns true for a domain of ours that has a home elsewhere
    /// as well: letters from its people may come from there.
    pub fn new(
        resolver: Arc<dyn Resolver>,
        store: Store,
        hostname: Domain,
        elsewhere: impl Fn(&Domain) -> bool + Send + Sync + 'static,
        settings: Arc<Settings>,
    ) -> Self {
        let elsewhere: Elsewhere = Arc::new(elsewhere);
        Self { resolver, store, hostname, elsewhere, settings, patience: Arc::default() }
    }

    /// Returns what the way of a letter says about its sender. `None`: our own people wrote it.
    fn way(&self, origin: &Origin) -> Option<Way> {
        match origin {
            Origin::Peer(wire) if self.settings.fronts.trust(wire.ip) => Some(Way::Handed(None)),
            Origin::Peer(wire) => Some(Way::Peer(wire.clone())),
            Origin::Front(_) => Some(Way::Handed(None)),
            Origin::Fetched(source) => Some(Way::Handed(Some(source.clone()))),
            Origin::Person(..) | Origin::House => None,
        }
    }
}

impl Check for SenderProof {
    fn method(&self) -> &'static str {
        "authentication"
    }

    fn begin(&self, arriving: Arriving<'_>) -> Option<Box<dyn Look>> {
        if self.settings.mode == Mode::Off {
            return None;
        }
        let way = self.way(arriving.origin)?;
        let examination = Examination {
            letter: arriving.letter.raw.clone(),
            way,
            mail_from: arriving.envelope.return_path.to_string(),
            receiver: self.hostname.clone(),
            resolver: self.resolver.clone(),
            store: self.store.clone(),
            elsewhere: self.elsewhere.clone(),
            settings: self.settings.clone(),
            patience: self.patience.clone(),
        };
        Some(Box::new(Looking { verifier: Verifier::new(), examination }))
    }
}

/// The check of one letter.
struct Looking {
    verifier: Verifier,
    examination: Examination,
}

impl Look for Looking {
    fn octets(&mut self, piece: &[u8]) {
        self.verifier.octets(piece);
    }

    fn conclude<'a>(self: Box<Self>, _: &'a Findings, within: Duration) -> Pending<'a, Result<Conclusion, OurFault>> {
        Box::pin(async move {
            let Self { verifier, examination } = *self;
            let many = proofs(&examination.letter) > QUICK;
            let now = u64::try_from(net::now().seconds()).unwrap_or_default();
            let examined = async move { examination.findings(verifier.finish(), now, within).await };
            let found = if many {
                let handle = Handle::current();
                let computing = tokio::task::spawn_blocking(move || handle.block_on(examined));
                computing.await.map_err(|panicked| OurFault(panicked.to_string()))?
            } else {
                examined.await
            };
            Ok(Conclusion::Found(found))
        })
    }
}

/// Counts the signatures and seals of a letter, up to a few more than are quick.
fn proofs(letter: &[u8]) -> usize {
    let is_proof = |field: &header::Field<'_>| {
        ["DKIM-Signature", "ARC-Seal", "ARC-Message-Signature"].iter().any(|name| field.is(name))
    };
    header::fields(letter).filter(is_proof).take(QUICK + 1).count()
}
