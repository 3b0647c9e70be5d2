//! Gives a command the configuration, the data and, if the post office runs, its parts.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use directory::Keyring;
use intake::Intake;
use net::Budget;
use store::{Lock, OpenError, Store};

use crate::commands::Trouble;
use crate::config::Config;
use crate::data_fault::data_fault;
use crate::data_folder;
use crate::failure::Failure;
use crate::server::InForce;

/// The parts of a post office that runs, for commands that must reach more than its data. Cheap to clone.
#[derive(Clone)]
pub struct Running {
    /// Its data.
    pub store: Store,
    /// Takes charge of letters; its directory is the one that every door asks.
    pub intake: Intake,
    /// The memory for letters on their way in.
    pub memory: Budget,
    /// The rules of the administrator, which a command has read again behind a change.
    pub rules: InForce,
}

/// The configuration and the post office that a command works with.
pub struct Context<'a> {
    config: &'a Config,
    office: Access<'a>,
}

/// The way in which a command reaches the data.
enum Access<'a> {
    /// Through the post office that runs.
    Running(&'a Running),
    /// No post office runs. The data are opened when they are first needed.
    Closed { lock: Cell<Option<Lock>>, store: OnceCell<Store> },
}

impl<'a> Context<'a> {
    /// Makes the context of a command in a post office that runs.
    pub fn of_running(config: &'a Config, running: &'a Running) -> Self {
        Self { config, office: Access::Running(running) }
    }

    /// Makes the context of a command when no post office runs.
    pub fn of_closed(config: &'a Config) -> Self {
        Self { config, office: Access::Closed { lock: Cell::new(None), store: OnceCell::new() } }
    }

    /// Takes the data folder, so that no post office opens meanwhile. In one that runs there is nothing to take.
    pub fn lock(&self) -> Result<(), OpenError> {
        if let Access::Closed { lock, .. } = &self.office {
            let held = lock.take();
            lock.set(Some(held.map_or_else(|| Lock::take(&self.config.data), Ok)?));
        }
        Ok(())
    }

    /// The configuration: that of the post office that runs, or the one that the command line names.
    pub fn config(&self) -> &Config {
        self.config
    }

    /// Returns the parts of the post office, if it runs: a command reaches here what is only in its memory.
    pub fn running(&self) -> Option<&Running> {
        match &self.office {
            Access::Running(running) => Some(running),
            Access::Closed { .. } => None,
        }
    }

    /// The data. That there are none yet is a failure.
    pub fn store(&self) -> Result<Store, Failure> {
        self.opened(|| {
            data_folder::must_exist(&self.config.data)?;
            self.open()
        })
    }

    /// The data, for the command that a new post office begins with.
    pub fn make_store(&self) -> Result<Store, Failure> {
        self.opened(|| self.open())
    }

    /// Returns the intake, which takes charge of letters.
    pub fn intake(&self) -> Result<Intake, Failure> {
        match self.running() {
            Some(running) => Ok(running.intake.clone()),
            None => {
                let (store, hostname) = (self.store()?, &self.config.hostname);
                let keys = Keyring::load_blocking(store.clone(), hostname.clone()).map_err(Trouble::from)?;
                Ok(Intake::new(store, hostname).with_signer(Arc::new(keys)))
            }
        }
    }

    /// Puts everything on the disk, where this context has opened the data itself.
    pub fn close(self) {
        if let Access::Closed { store, .. } = self.office
            && let Some(store) = store.into_inner()
        {
            store.close_blocking();
        }
    }

    fn opened(&self, open: impl FnOnce() -> Result<Store, Failure>) -> Result<Store, Failure> {
        let opened = match &self.office {
            Access::Running(running) => return Ok(running.store.clone()),
            Access::Closed { store, .. } => store,
        };
        if opened.get().is_none() {
            let _ = opened.set(open()?);
        }
        opened.get().cloned().ok_or_else(|| Failure::new("the data are not open"))
    }

    fn open(&self) -> Result<Store, Failure> {
        let fault = |fault: OpenError| Failure::new(data_fault(&fault));
        self.lock().map_err(fault)?;
        data_folder::open_for_command(&self.config.data).map_err(fault)
    }
}
