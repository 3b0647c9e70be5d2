//! Letters that are not in the queue, to the one server that a route names: whoever has them keeps them until they are
//! taken, and tries again by itself.

use std::sync::Arc;

use bytes::Bytes;
use mail::seam::OurFault;
use mail::{Address, Enhanced, ReturnPath};

use super::connect::connect;
use super::hosts::{Fault, SmtpWay, Way, by_route};
use super::line::Line;
use super::means::Means;
use super::rooms::Rooms;
use super::search::Search;
use super::to_send::LetterToSend;
use super::transaction::{Fate, Tried, hand_over};
use crate::queue::Said;
use crate::route::Route;

/// A conversation at a time, and one that says goodbye.
const AT_ONCE: usize = 2;

/// A server that takes letters from us, one after the other, over one conversation for as long as that lasts.
pub struct Direct {
    means: Means,
    rooms: Arc<Rooms>,
    way: Arc<SmtpWay>,
    line: Option<Line>,
}

/// The decision of the server about a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// It has taken the letter.
    Taken,
    /// The letter will never be taken there: what the server says, or what forbids to send it there.
    Refused(Said),
}

impl Direct {
    /// The server where `route` leads, connected to with these means; their routes and recipients do not matter. None where
    /// the route leads to a program or a folder.
    pub fn to(means: Means, route: &Route) -> Option<Self> {
        let (_, Way::Smtp(way)) = by_route(route) else { return None };
        let rooms = Rooms::new(AT_ONCE, means.waits.crowded);
        Some(Self { means, rooms, way, line: None })
    }

    /// Hands one letter over to one recipient. `Err`: not now, for the reason that is said; where the connection broke
    /// behind the letter, the server may have taken it all the same.
    pub async fn give(
        &mut self,
        return_path: &ReturnPath,
        recipient: &Address,
        raw: &Bytes,
    ) -> Result<Given, OurFault> {
        let letter = LetterToSend::here(return_path, recipient, raw);
        loop {
            let (mut line, fresh) = match self.line.take() {
                Some(line) => (line, false),
                None => (reach(&self.means, &self.rooms, &self.way).await?, true),
            };
            let handed = match hand_over(&mut line, &letter, &self.means.waits).await {
                Tried::Handed(handed) => handed,
                Tried::Stale(said, _) if fresh => return Err(OurFault(said.text)),
                // The server closed the conversation while it was idle. Nothing happened: once more, on a new one.
                Tried::Stale(..) => continue,
            };
            if handed.usable {
                self.line = Some(line);
            }
            return match handed.fates.into_iter().next() {
                Some(Fate::Taken(_)) => Ok(Given::Taken),
                Some(Fate::Never(said)) => Ok(Given::Refused(said)),
                Some(Fate::Later(said) | Fate::Elsewhere(said) | Fate::Greylisted(said, _)) => Err(OurFault(said.text)),
                Some(Fate::NextTransaction) | None => Err(OurFault("the letter had no answer".to_owned())),
            };
        }
    }

    /// Says goodbye to the server.
    pub async fn end(self) {
        if let Some(line) = self.line {
            line.quit().await;
        }
    }
}

/// A server that has let us in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetIn {
    /// The server, with its address.
    pub host: String,
    /// The version of TLS; empty in clear.
    pub tls: &'static str,
}

/// Connects to the server of a route, logs in where the route says so, and says goodbye: no letter is sent. None where the route
/// leads to a program or a folder.
pub async fn try_out(means: &Means, route: &Route) -> Option<Result<LetIn, OurFault>> {
    let (_, Way::Smtp(way)) = by_route(route) else { return None };
    let rooms = Rooms::new(AT_ONCE, means.waits.crowded);
    Some(match reach(means, &rooms, &way).await {
        Ok(line) => {
            let let_in = LetIn { host: line.host.clone(), tls: line.tls_version() };
            line.quit().await;
            Ok(let_in)
        }
        Err(fault) => Err(fault),
    })
}

/// A conversation with a server, for somebody who has no letter in the queue.
pub async fn reach(means: &Means, rooms: &Arc<Rooms>, way: &SmtpWay) -> Result<Line, OurFault> {
    let connected = connect(means, way, &mut Search::new(rooms, false)).await;
    let connected = connected.unwrap_or_else(|| Err(Fault::for_now(Said::ours(Enhanced(4, 4, 1), "no host"))));
    connected.map_err(|fault| OurFault(fault.said.text))
}
