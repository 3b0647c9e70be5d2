//! Writing.

use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use crate::blob::{self, PreparedBlob};
use crate::blob_files::BlobFiles;
use crate::blob_id::BlobId;
use crate::engine::{Marked, WriteSession};
use crate::error::Result;
use crate::key::{Bounds, Key, Tables};
use crate::topic::Topic;
use crate::value::Value;
use crate::view::View;

/// A transaction. Its reads see its own writes.
pub struct Tx {
    view: View,
    session: Rc<dyn WriteSession>,
    effects: Effects,
    bounds: Rc<RefCell<Bounds>>,
}

/// The effects that become true outside the database once the commit is on the disk.
#[derive(Default)]
pub(crate) struct Effects {
    /// Topics to announce.
    pub(crate) notices: Vec<Topic>,
    /// Blobs whose files a row now refers to.
    pub(crate) adopted: Vec<PreparedBlob>,
    /// Files that no row refers to any more.
    pub(crate) released: Vec<Box<str>>,
}

/// The number of the effects when a write began.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    notices: usize,
    adopted: usize,
    released: usize,
}

impl Tx {
    pub(crate) fn new(session: Rc<dyn WriteSession>, blob_files: Arc<BlobFiles>, tables: Arc<Tables>) -> Self {
        let bounds = Rc::new(RefCell::new(Bounds::new(tables)));
        let view = View::bounded(session.clone(), blob_files, Rc::clone(&bounds));
        Self { view, session, effects: Effects::default(), bounds }
    }

    /// A write begins that changes what its key says.
    pub(crate) fn begin(&mut self, key: Key) {
        self.bounds.borrow_mut().begin(key);
    }

    /// Runs a statement that changes rows, and gives their number.
    #[track_caller]
    pub fn execute(&mut self, sql: &str, params: &[Value<'_>]) -> Result<usize> {
        self.view.admit(sql, params)?;
        self.session.execute(sql, params)
    }

    /// Does work that is undone alone if it fails: the earlier changes of the write stay, and the write goes on. The
    /// outer error is the store's, and ends the write.
    pub fn attempt<T, E>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<Result<T, E>> {
        let mark = self.mark();
        self.session.mark(Marked::Attempt)?;
        let outcome = work(self);
        if !self.session.in_transaction() {
            return Err(self.session.why_lost());
        }
        match outcome {
            Ok(done) => self.session.keep(Marked::Attempt).map(|()| Ok(done)),
            Err(failed) => {
                self.forget_since(mark);
                self.session.undo(Marked::Attempt).map(|()| Err(failed))
            }
        }
    }

    /// Keeps a blob, or one reference more to it where its content is kept already.
    pub fn put_blob(&mut self, blob: &PreparedBlob) -> Result<BlobId> {
        blob::put(self, blob)
    }

    /// Adds one reference to a blob that is kept already (a letter that is copied).
    pub fn keep_blob(&mut self, blob: BlobId) -> Result<()> {
        blob::keep(self, blob)
    }

    /// Releases one reference; the content goes with the last one.
    pub fn drop_blob(&mut self, blob: BlobId) -> Result<()> {
        blob::release(self, blob)
    }

    /// Wakes who watches the topic, after the commit.
    pub fn announce(&mut self, topic: Topic) {
        // Most writes announce one topic several times in a row.
        if self.effects.notices.last() != Some(&topic) {
            self.effects.notices.push(topic);
        }
    }

    pub(crate) fn effects(&mut self) -> &mut Effects {
        &mut self.effects
    }

    pub(crate) fn take_effects(&mut self) -> Effects {
        std::mem::take(&mut self.effects)
    }

    pub(crate) fn session(&self) -> &dyn WriteSession {
        &*self.session
    }

    pub(crate) fn mark(&self) -> Mark {
        let Effects { notices, adopted, released } = &self.effects;
        Mark { notices: notices.len(), adopted: adopted.len(), released: released.len() }
    }

    pub(crate) fn forget_since(&mut self, mark: Mark) {
        self.effects.notices.truncate(mark.notices);
        self.effects.adopted.truncate(mark.adopted);
        self.effects.released.truncate(mark.released);
    }
}

impl Deref for Tx {
    type Target = View;
    fn deref(&self) -> &View {
        &self.view
    }
}
