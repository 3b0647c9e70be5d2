//! Reading letters out of files: the half of an import that needs the rights of whoever owns the files.

use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use mail::Timestamp;

use crate::import::{Given, Source as Giver};
use crate::layout::{self, Form, Format, Goal, Plan, Source, is_letter_file};
use crate::letter::{self, Context, Origin};
use crate::mbox::{Dialect, Mbox, Piece};
use crate::tree::{Content, Flow, Node, Tree, is_bomb};
use crate::{Error, Fault, Skipped, state};

/// The letters of a file, a folder or an archive.
pub struct Files {
    tree: Tree,
    plan: Plan,
    format: Format,
    below: Option<String>,
    now: Timestamp,
    total: u64,
}

impl Files {
    /// Looks what there is at `path`. `format` is the form of the letters; everything goes into the folder `below` and below
    /// it; a letter that nothing says the time of was received `now`.
    pub fn open(path: &Path, format: Format, below: Option<&str>, now: Timestamp) -> Result<Self, Error> {
        let tree = Tree::open(path)?;
        let plan = layout::plan(&tree, format, below);
        if plan.sources.is_empty() && plan.folders.is_empty() {
            return Err(Error::NoLetters(path.to_owned()));
        }
        let total = plan.sources.iter().map(|source| tree.nodes[source.node].size).sum();
        Ok(Self { tree, plan, format, below: below.map(str::to_owned), now, total })
    }
}

impl Giver for Files {
    fn folders(&self) -> Vec<Arc<Goal>> {
        self.plan.folders.clone()
    }

    fn total(&self) -> u64 {
        self.total
    }

    fn give(&mut self, each: &mut dyn FnMut(Given, u64) -> Flow) -> Result<(), Error> {
        let context = Context { below: self.below.as_deref(), now: self.now };
        let mut reader = Reader { each, context, format: self.format, done: 0, position: 0, given: 0 };
        let (tree, plan) = (&self.tree, &self.plan);
        let wanted: Vec<usize> = plan.sources.iter().map(|source| source.node).collect();
        let mut by_node: Vec<&Source> = plan.sources.iter().collect();
        by_node.sort_by_key(|source| source.node);
        tree.read(&wanted, &mut |number, content| {
            let Ok(place) = by_node.binary_search_by_key(&number, |source| source.node) else {
                return reader.torn(number, tree, content);
            };
            reader.file(&tree.nodes[number], by_node[place], content)
        })?;
        if reader.given == 0 && self.total > 0 {
            return Err(Error::NoLetters(self.tree.path.clone()));
        }
        Ok(())
    }
}

struct Reader<'a> {
    each: &'a mut dyn FnMut(Given, u64) -> Flow,
    context: Context<'a>,
    format: Format,
    /// Octets of the files that are done.
    done: u64,
    /// Octets that have been read, with those of this file.
    position: u64,
    /// Letters and files that were given.
    given: u64,
}

const GO_ON: Flow = ControlFlow::Continue(());
const STOP: Flow = ControlFlow::Break(());

/// Octets by which a file is recognised: a letter may have a long first line.
const RECOGNISED_BY: usize = 512;

impl Reader<'_> {
    /// An archive breaks off where no letter was looked for.
    fn torn(&mut self, number: usize, tree: &Tree, content: Content<'_>) -> Flow {
        let name = tree.nodes.get(number).map_or_else(|| tree.path.display().to_string(), |node| node.name.clone());
        match content {
            Ok(_) => GO_ON,
            Err(error) => self.skip(&name, None, fault(&error)),
        }
    }

    fn file(&mut self, node: &Node, source: &Source, content: Content<'_>) -> Flow {
        let read = match content {
            Ok(content) => self.content(node, source, content),
            Err(error) => Err(error),
        };
        let flow = read.unwrap_or_else(|error| self.skip(&node.name, None, fault(&error)));
        self.done += node.size;
        self.position = self.done;
        if flow.is_break() { flow } else { (self.each)(Given::FileEnd, self.position) }
    }

    fn content(&mut self, node: &Node, source: &Source, content: &mut dyn BufRead) -> io::Result<Flow> {
        if let Form::Maildir(keywords) = &source.form {
            let name = node.name.rsplit('/').next().unwrap_or_default();
            return self.letter(node, source, content, &Origin::Maildir(name, keywords, node.modified));
        }
        let start = peek(content)?;
        let (is_mbox, named) = (start.starts_with(b"From "), is_letter_file(&node.name));
        match self.format {
            Format::Mbox(dialect) => self.mbox(node, source, content, dialect),
            Format::Eml => self.letter(node, source, content, &Origin::File(node.modified)),
            _ if is_mbox || matches!(source.form, Form::Mbox) => self.mbox(node, source, content, Dialect::Quoted),
            _ if named || looks_like_a_letter(&start) => {
                self.letter(node, source, content, &Origin::File(node.modified))
            }
            // Some other file that lies there.
            _ => Ok(GO_ON),
        }
    }

    fn mbox(&mut self, node: &Node, source: &Source, content: &mut dyn BufRead, dialect: Dialect) -> io::Result<Flow> {
        let largest = usize::try_from(Fault::LARGEST).unwrap_or(usize::MAX);
        let mut mbox = Mbox::new(content, dialect, largest);
        let file: Arc<str> = node.name.as_str().into();
        loop {
            let piece = mbox.next_piece()?;
            self.position = self.done + mbox.position();
            let flow = match piece {
                None => return Ok(GO_ON),
                Some(Piece::Passed { at, fault }) => self.skip(&file, Some(at), fault),
                Some(Piece::Letter(found)) if is_folder_internal(&found.content) => GO_ON,
                Some(Piece::Letter(found)) => {
                    self.take(&file, Some(found.at), source, found.content, &Origin::Mbox(found.date))
                }
            };
            if flow.is_break() {
                return Ok(STOP);
            }
        }
    }

    fn letter(
        &mut self,
        node: &Node,
        source: &Source,
        from: &mut dyn BufRead,
        origin: &Origin<'_>,
    ) -> io::Result<Flow> {
        let mut content = Vec::with_capacity(usize::try_from(node.size.min(1 << 20)).unwrap_or(0));
        from.take(Fault::LARGEST + 1).read_to_end(&mut content)?;
        if content.len() as u64 > Fault::LARGEST {
            return Ok(self.skip(&node.name, None, Fault::TooLarge(node.size.max(content.len() as u64))));
        }
        Ok(self.take(&node.name.as_str().into(), None, source, content, origin))
    }

    fn take(
        &mut self,
        file: &Arc<str>,
        at: Option<u64>,
        source: &Source,
        content: Vec<u8>,
        origin: &Origin<'_>,
    ) -> Flow {
        let letter = match letter::read(content, origin, &source.goal, &self.context) {
            Ok(Some(letter)) => letter,
            Ok(None) => return GO_ON,
            Err(fault) => return self.skip(file, at, fault),
        };
        self.given(Given::Letter { letter: Box::new(letter), file: file.clone(), at })
    }

    fn skip(&mut self, file: &str, at: Option<u64>, fault: Fault) -> Flow {
        self.given(Given::Skipped(Skipped { file: file.to_owned(), at, fault }))
    }

    fn given(&mut self, given: Given) -> Flow {
        self.given += 1;
        (self.each)(given, self.position)
    }
}

fn peek(content: &mut dyn BufRead) -> io::Result<Vec<u8>> {
    let buffered = content.fill_buf()?;
    Ok(buffered[..buffered.len().min(RECOGNISED_BY)].to_vec())
}

/// A header at its beginning, and no octets that text does not have.
fn looks_like_a_letter(start: &[u8]) -> bool {
    const USUAL: [&str; 9] =
        ["from", "to", "received", "return-path", "date", "subject", "message-id", "mime-version", "delivered-to"];
    let first = mail::header::fields(start).next();
    let usual = first.is_some_and(|field| USUAL.iter().any(|name| field.is(name)) || field.name.starts_with(b"X-"));
    (usual && start.iter().take_while(|byte| **byte != b'\n').all(|byte| *byte != 0)) || state::is_there(start)
}

/// The letter that UW IMAP and Pine keep at the head of a folder for themselves.
fn is_folder_internal(content: &[u8]) -> bool {
    mail::header::find(content, "X-IMAP").is_some()
        && mail::header::find(content, "Subject")
            .is_some_and(|subject| subject.value().starts_with(b"DON'T DELETE THIS MESSAGE"))
}

fn fault(error: &io::Error) -> Fault {
    if is_bomb(error) { Fault::Bomb } else { Fault::Unreadable(error.to_string()) }
}
