//! Knows everyone who gets letters through us: our own people, and those of domains whose mailboxes stand behind us.

use std::sync::Arc;
use std::time::Duration;

use directory::Directory;
use mail::seam::{OurFault, Pending, Recipients, Standing, Writer};
use mail::{Address, Reply};
use mta::delivery::Prober;
use mta::route::{Route, Routes};

use crate::Intake;

/// Our people, and those behind us.
pub struct Everyone {
    directory: Directory,
    routes: Arc<Routes>,
    prober: Option<Prober>,
    /// An answer is waited for so long.
    patience: Duration,
}

/// The longest time that a person who sends a letter waits for the answer of a server behind us.
const PATIENCE: Duration = Duration::from_secs(5);
/// Another server is patient (RFC 5321 §4.5.3.2); the prober ends sooner.
const LONG: Duration = Duration::from_secs(60);

impl Intake {
    /// Returns everyone who gets letters through us, as delivery sees them.
    pub fn everyone(&self) -> Everyone {
        Everyone::new(self.directory.clone(), self.routes.clone())
    }
}

impl Everyone {
    /// Makes everyone as delivery sees them: a letter that was taken once is handed on, and the server behind us says
    /// itself whom it does not know.
    pub fn new(directory: Directory, routes: Arc<Routes>) -> Self {
        Self { directory, routes, prober: None, patience: LONG }
    }

    /// Returns everyone as the doors see them: the prober asks whether somebody is behind us.
    #[must_use]
    pub fn asked_by(self, prober: Prober) -> Self {
        Self { prober: Some(prober), ..self }
    }

    /// Returns everyone as people who have logged in see them: they do not wait long for a server behind us.
    #[must_use]
    pub fn for_people(self) -> Self {
        Self { patience: PATIENCE, ..self }
    }

    /// Asks the server behind us about the address. If the server cannot answer, the log tells the reason; the doors
    /// tell strangers to come again, and let the letters of people wait in the queue, since a report on them reaches
    /// its author.
    async fn behind(&self, prober: &Prober, route: &Route, address: &Address) -> Standing {
        let slow = |_| Err(OurFault(format!("{route} was too slow to answer")));
        let asked = tokio::time::timeout(self.patience, prober.ask(route, address)).await.unwrap_or_else(slow);
        asked.unwrap_or_else(|fault| {
            tracing::warn!(to = %address, %fault, "a server behind this one cannot be asked for somebody");
            Standing::Away
        })
    }
}

impl Everyone {
    /// Returns true if there is anybody to say of an address that it is not ours. Delivery does not ask: a letter that
    /// was taken goes on.
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
                (Some(prober), Some(route)) => Ok(self.behind(prober, route, address).await),
                _ => Ok(Standing::Behind),
            }
        })
    }

    fn closed_to<'a>(
        &'a self,
        writer: Writer<'a>,
        address: &'a Address,
    ) -> Pending<'a, Result<Option<Reply>, OurFault>> {
        self.directory.closed_to(writer, address)
    }

    fn under_our_ip<'a>(&'a self, local: &'a str) -> Pending<'a, Result<Option<Address>, OurFault>> {
        self.directory.under_our_ip(local)
    }
}

#[cfg(test)]
mod tests {
    use mail::Domain;
    use mta::delivery::{Means, OutgoingTls};

    use super::*;
    use crate::Intake;
    use crate::tests::MIGRATIONS;

    #[tokio::test]
    async fn a_server_behind_us_that_cannot_be_asked_is_said_to_be_away() {
        let folder = tempfile::tempdir().unwrap();
        let store = store::Store::open(store::Options::new(folder.path()), &MIGRATIONS.concat()).unwrap();
        let mut routes = Routes::default();
        // Nobody listens on port 1.
        routes.add("behind.test", Route::parse("lmtp:127.0.0.1:1").unwrap().receiving()).unwrap();
        let routes = Arc::new(routes);
        let hostname = Domain::parse("mail.alpha.test").unwrap();
        let intake = Intake::new(store.clone(), &hostname).with_routes(routes.clone());
        let (resolver, everyone) = (Arc::new(net::Table::new()), Arc::new(intake.everyone()));
        let (drop, reports) = (Arc::new(intake.queue_drop()), intake.reports().clone());
        let means = Means::new(store, resolver, everyone, drop, reports, OutgoingTls::new().unwrap());
        let prober = Prober::new(Means { routes: (*routes).clone(), ..means });
        let bob = Address::parse("bob@behind.test").unwrap();
        assert_eq!(intake.everyone().asked_by(prober.clone()).standing(&bob).await.unwrap(), Standing::Away);
        assert_eq!(intake.everyone().asked_by(prober).for_people().standing(&bob).await.unwrap(), Standing::Away);
        assert_eq!(intake.everyone().standing(&bob).await.unwrap(), Standing::Behind);
    }
}
