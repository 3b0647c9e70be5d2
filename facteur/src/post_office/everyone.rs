//! Who gets letters through us: our own people, and those of domains whose mailboxes stand behind us.

use std::sync::Arc;

use directory::Directory;
use mail::Address;
use mail::seam::{OurFault, Pending, Recipients, Standing};
use mta::delivery::Prober;
use mta::route::Routes;

/// Our people, and those behind us.
pub struct Everyone {
    directory: Directory,
    routes: Arc<Routes>,
    prober: Option<Prober>,
}

impl Everyone {
    /// As delivery sees them: what was taken once is handed on, and what stands behind us says itself whom it does not
    /// know.
    pub fn new(directory: Directory, routes: Arc<Routes>) -> Self {
        Self { directory, routes, prober: None }
    }

    /// As the doors see them: whether somebody is behind us is asked there.
    #[must_use]
    pub fn asked_by(self, prober: Prober) -> Self {
        Self { prober: Some(prober), ..self }
    }
}

impl Recipients for Everyone {
    fn standing<'a>(&'a self, address: &'a Address) -> Pending<'a, Result<Standing, OurFault>> {
        Box::pin(async move {
            let here = self.directory.standing(address).await?;
            // People and aliases of ours come first, so that a domain can live in two houses.
            if !matches!(here, Standing::Unknown | Standing::Elsewhere) || !self.routes.receives(address.domain()) {
                return Ok(here);
            }
            match (&self.prober, self.routes.find(address.domain())) {
                (Some(prober), Some(route)) => prober.ask(route, address).await,
                _ => Ok(Standing::Behind),
            }
        })
    }
}
