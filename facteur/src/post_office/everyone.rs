//! Who gets letters through us: our own people, and those of domains whose mailboxes stand behind us.

use std::sync::Arc;
use std::time::Duration;

use directory::Directory;
use mail::Address;
use mail::seam::{OurFault, Pending, Recipients, Standing};
use mta::delivery::Prober;
use mta::route::{Route, Routes};

/// Our people, and those behind us.
pub struct Everyone {
    directory: Directory,
    routes: Arc<Routes>,
    prober: Option<Prober>,
    /// Whoever is asking has logged in.
    for_people: bool,
}

/// A person who sends a letter does not wait longer for what a server behind us says.
const PATIENCE: Duration = Duration::from_secs(5);

impl Everyone {
    /// As delivery sees them: what was taken once is handed on, and what stands behind us says itself whom it does not
    /// know.
    pub fn new(directory: Directory, routes: Arc<Routes>) -> Self {
        Self { directory, routes, prober: None, for_people: false }
    }

    /// As the doors see them: whether somebody is behind us is asked there.
    #[must_use]
    pub fn asked_by(self, prober: Prober) -> Self {
        Self { prober: Some(prober), ..self }
    }

    /// As people who have logged in see them. While nobody can be asked whether somebody is behind us, their letters wait
    /// in the queue: a report on them reaches its author for certain. A stranger is told to come again.
    #[must_use]
    pub fn for_people(self) -> Self {
        Self { for_people: true, ..self }
    }

    async fn behind(&self, prober: &Prober, route: &Route, address: &Address) -> Result<Standing, OurFault> {
        if !self.for_people {
            return prober.ask(route, address).await;
        }
        let slow = |_| Err(OurFault(format!("{route} was too slow to answer")));
        let asked = tokio::time::timeout(PATIENCE, prober.ask(route, address)).await.unwrap_or_else(slow);
        Ok(asked.unwrap_or_else(|fault| {
            tracing::info!(to = %address, %fault, "cannot be asked for: the letter of a person waits in the queue");
            Standing::Behind
        }))
    }
}

impl Everyone {
    /// Is there anybody to say of an address that it is not ours? Delivery does not ask: what was taken goes on.
    async fn has_any_domain(&self) -> Result<bool, OurFault> {
        let behind = self.routes.all().any(|route| route.receive);
        Ok(behind || self.prober.is_none() || self.directory.has_domain().await?)
    }
}

impl Recipients for Everyone {
    fn standing<'a>(&'a self, address: &'a Address) -> Pending<'a, Result<Standing, OurFault>> {
        Box::pin(async move {
            let here = self.directory.standing(address).await?;
            // People and aliases of ours come first, so that a domain can live in two houses.
            if !matches!(here, Standing::Unknown | Standing::Elsewhere) {
                return Ok(here);
            }
            if !self.routes.receives(address.domain()) {
                return Ok(if self.has_any_domain().await? { here } else { Standing::NoDomain });
            }
            match (&self.prober, self.routes.find(address.domain())) {
                (Some(prober), Some(route)) => self.behind(prober, route, address).await,
                _ => Ok(Standing::Behind),
            }
        })
    }
}
