//! The threads that read, in two lanes: no long read stands in front of a short one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::blob_files::BlobFiles;
use crate::engine::Session;
use crate::error::{Error, Result};
use crate::lane::{Lane, LaneOptions};
use crate::statistics::Counters;
use crate::turns::{Asker, Shares};
use crate::view::View;

pub(crate) struct Readers {
    short: Lane,
    long: Lane,
    scan_deadline: Duration,
}

/// The longest times that reads may run.
#[derive(Clone, Copy)]
pub(crate) struct Deadlines {
    pub(crate) read: Duration,
    pub(crate) scan: Duration,
}

impl Readers {
    /// Starts both lanes: the first `short` sessions are for the short one.
    pub(crate) fn start(
        mut sessions: Vec<Box<dyn Session>>,
        short: usize,
        deadlines: Deadlines,
        blob_files: &Arc<BlobFiles>,
        counters: &Arc<Counters>,
    ) -> std::io::Result<Self> {
        let scanners = sessions.split_off(short.min(sessions.len()));
        let short = LaneOptions {
            name: "store-reader",
            shares: Shares::short(sessions.len()),
            deadline: deadlines.read,
            ends_at_once: false,
        };
        let long = LaneOptions {
            name: "store-scanner",
            shares: Shares::long(scanners.len()),
            deadline: deadlines.scan,
            ends_at_once: true,
        };
        Ok(Self {
            short: Lane::start(&short, sessions, blob_files, counters)?,
            long: Lane::start(&long, scanners, blob_files, counters)?,
            scan_deadline: deadlines.scan,
        })
    }

    pub(crate) async fn read<T, E, F>(&self, asker: Option<Asker>, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&View) -> Result<T, E> + Send + 'static,
    {
        self.short.read(asker, f).await
    }

    pub(crate) async fn scan<T, E, F>(&self, asker: Asker, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&View) -> Result<T, E> + Send + 'static,
    {
        self.long.read(Some(asker), f).await
    }

    /// A read of the house outside a runtime. It is given the time of a scan: commands read in large slices.
    pub(crate) fn read_blocking<T, E, F>(&self, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&View) -> Result<T, E> + Send + 'static,
    {
        self.short.read_blocking(self.scan_deadline, f)
    }

    /// When the oldest read that still runs began, in whichever lane.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        self.short.oldest().into_iter().chain(self.long.oldest()).min()
    }

    /// Turns away those that have waited too long for their turn. To be called now and then.
    pub(crate) fn turn_away_late(&self) {
        self.short.turn_away_late();
        self.long.turn_away_late();
    }

    pub(crate) fn close(&self) {
        self.long.close();
        self.short.close();
    }
}
