//! Letters that pass the counter: those of an import come in, those of an export go out.

use std::ops::ControlFlow;
use std::sync::Arc;

use import_export::{Arriving, Error, Fault, Flow, Given, Goal, Heading, Leaving, Sink, Source};

use super::caller::{Caller, NoAnswer, confused};
use super::frame::PIECE;
use super::messages::{FromCaller, FromExecutor, Question};
use crate::failure::Failure;

/// The letters that a caller reads out of its files.
pub struct Incoming {
    caller: Arc<Caller>,
    folders: Vec<Arc<Goal>>,
    total: u64,
}

impl Incoming {
    /// Asks for them.
    pub fn ask(caller: Arc<Caller>) -> Result<Self, Failure> {
        caller.say(&FromExecutor::Ask(Question::Letters), &[]);
        let mut folders = Vec::new();
        loop {
            match caller.hear()?.0 {
                FromCaller::Goals { goals, total, more } => {
                    folders.extend(goals);
                    if !more {
                        return Ok(Self { caller, folders, total });
                    }
                }
                FromCaller::Failed { status, text } => return Err(Failure { status, text }),
                _ => return Err(confused()),
            }
        }
    }

    fn hear(&self) -> Result<(FromCaller, Vec<u8>), Error> {
        self.caller.hear().map_err(|NoAnswer| Error::Gone)
    }

    fn with_octets(&self, mut letter: Box<Arriving>, size: u64) -> Result<Box<Arriving>, Error> {
        let size = usize::try_from(size.min(Fault::LARGEST)).unwrap_or(0);
        // Not more memory beforehand than octets are likely to come.
        let mut raw = Vec::with_capacity(size.min(PIECE));
        while raw.len() < size {
            match self.hear()? {
                (FromCaller::Piece, octets) if !octets.is_empty() && raw.len() + octets.len() <= size => {
                    raw.extend_from_slice(&octets);
                }
                _ => return Err(Error::Elsewhere(confused().text)),
            }
        }
        letter.raw = raw.into();
        Ok(letter)
    }
}

impl Source for Incoming {
    fn folders(&self) -> Vec<Arc<Goal>> {
        self.folders.clone()
    }

    fn total(&self) -> u64 {
        self.total
    }

    fn give(&mut self, each: &mut dyn FnMut(Given, u64) -> Flow) -> Result<(), Error> {
        loop {
            let (given, position) = match self.hear()?.0 {
                FromCaller::Letter { letter, file, at, size, position } => {
                    (Given::Letter { letter: self.with_octets(letter, size)?, file, at }, position)
                }
                FromCaller::Skipped { skipped, position } => (Given::Skipped(skipped), position),
                FromCaller::Beside { kind, file, position } => (Given::Beside { kind, file }, position),
                FromCaller::FileEnd { position } => (Given::FileEnd, position),
                FromCaller::Done => return Ok(()),
                FromCaller::Failed { text, .. } => return Err(Error::Elsewhere(text)),
                _ => return Err(Error::Elsewhere(confused().text)),
            };
            if each(given, position) == ControlFlow::Break(()) {
                return Ok(());
            }
        }
    }
}

/// The place of the caller that the letters of an export go to.
pub struct Outgoing(Arc<Caller>);

impl Outgoing {
    /// Asks whether the place is free.
    pub fn ask(caller: Arc<Caller>) -> Result<Self, Failure> {
        caller.ask(Question::Place, 0)?;
        Ok(Self(caller))
    }

    fn is_wanted(&self) -> Result<(), Error> {
        if self.0.is_gone() { Err(Error::Gone) } else { Ok(()) }
    }
}

impl Sink for Outgoing {
    fn folder(&mut self, folder: &Heading) -> Result<(), Error> {
        self.0.say(&FromExecutor::Folder(folder.clone()), &[]);
        self.is_wanted()
    }

    fn letter(&mut self, letter: Leaving) -> Result<(), Error> {
        let (raw, size) = (letter.raw.clone(), letter.raw.len() as u64);
        self.0.say(&FromExecutor::Letter { letter: Box::new(letter), size }, &[]);
        raw.chunks(PIECE).for_each(|piece| self.0.say(&FromExecutor::Piece, piece));
        self.is_wanted()
    }

    fn finish(&mut self) -> Result<(), Error> {
        self.0.say(&FromExecutor::Finish, &[]);
        self.0.answer(0).map(drop).map_err(|failure| Error::Elsewhere(failure.text))
    }
}
