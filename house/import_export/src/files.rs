//! Reading letters out of files: the half of an import that needs the rights of whoever owns the files.

mod look;

use std::io::{self, BufRead, Cursor, Read};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use mail::Timestamp;

use crate::goal::Goal;
use crate::import::{Given, Source as Giver};
use crate::layout::{self, Form, Format, ReadingPlan, Source, is_letter_file};
use crate::letter::{self, Context, Origin};
use crate::mbox::{Dialect, Mbox, Piece};
use crate::tree::{Content, Flow, Node, Part, Tree, is_bomb};
use crate::{Beside, Error, Fault, Skipped, emlx};
use look::Seen;

/// The letters of a file, a folder or an archive.
pub struct Files {
    tree: Tree,
    /// One for each part of the tree.
    plans: Vec<ReadingPlan>,
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
        let plans: Vec<ReadingPlan> = tree.parts.iter().map(|part| layout::plan(part, format, below)).collect();
        let is_empty = |plan: &ReadingPlan| plan.sources.is_empty() && plan.folders.is_empty() && plan.left.is_empty();
        if plans.iter().all(is_empty) && !tree.parts.iter().any(|part| part.torn) {
            return Err(Error::NoLetters(path.to_owned()));
        }
        let size = |(part, plan): (&Part, &ReadingPlan)| {
            plan.sources.iter().map(|source| part.nodes[source.node].size).sum::<u64>()
        };
        let total = tree.parts.iter().zip(&plans).map(size).sum();
        Ok(Self { tree, plans, format, below: below.map(str::to_owned), now, total })
    }
}

impl Giver for Files {
    fn folders(&self) -> Vec<Arc<Goal>> {
        self.plans.iter().flat_map(|plan| plan.folders.clone()).collect()
    }

    fn total(&self) -> u64 {
        self.total
    }

    fn give(&mut self, each: &mut dyn FnMut(Given, u64) -> Flow) -> Result<(), Error> {
        let context = Context { below: self.below.as_deref(), now: self.now };
        let (mut done, mut given) = (0, 0);
        for (part, plan) in self.tree.parts.iter().zip(&self.plans) {
            let context = Context { ..context };
            let mut reader = Reader { each, part, context, format: self.format, done, position: done, given };
            if reader.part(plan)?.is_break() {
                return Ok(());
            }
            (done, given) = (reader.done, reader.given);
        }
        if given == 0 && self.total > 0 {
            return Err(Error::NoLetters(self.tree.path.clone()));
        }
        Ok(())
    }
}

struct Reader<'a> {
    each: &'a mut dyn FnMut(Given, u64) -> Flow,
    part: &'a Part,
    context: Context<'a>,
    format: Format,
    /// Octets of the files that are done.
    done: u64,
    /// Octets that have been read, with those of this file.
    position: u64,
    /// Letters that were given, and files that were left.
    given: u64,
}

const GO_ON: Flow = ControlFlow::Continue(());
const STOP: Flow = ControlFlow::Break(());

/// Octets by which a file is recognised. Signatures and the stations of its way may fill many before a letter says who wrote
/// it.
const RECOGNISED_BY: u64 = 64 << 10;

impl Reader<'_> {
    /// All files of a part: those that are not looked into, then the others.
    fn part(&mut self, plan: &ReadingPlan) -> Result<Flow, Error> {
        let part = self.part;
        for (node, fault) in &plan.left {
            if self.skip(&part.nodes[*node].name, None, fault.clone()).is_break() {
                return Ok(STOP);
            }
        }
        for (node, kind) in &plan.beside {
            if self.beside(&part.nodes[*node].name, *kind).is_break() {
                return Ok(STOP);
            }
        }
        let wanted: Vec<usize> = plan.sources.iter().map(|source| source.node).collect();
        let mut by_node: Vec<&Source> = plan.sources.iter().collect();
        by_node.sort_by_key(|source| source.node);
        part.read(&wanted, &mut |number, content| {
            let Ok(place) = by_node.binary_search_by_key(&number, |source| source.node) else {
                return self.torn(number, content);
            };
            self.file(&part.nodes[number], by_node[place], content)
        })
    }

    /// An archive breaks off where no letter was looked for.
    fn torn(&mut self, number: usize, content: Content<'_>) -> Flow {
        let Err(error) = content else { return GO_ON };
        let file = match self.part.nodes.get(number) {
            Some(node) => self.part.shown(&node.name),
            None => self.part.place(),
        };
        self.given(Given::Skipped(Skipped { file, at: None, fault: fault(&error) }))
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
        let mut start = Vec::new();
        content.take(RECOGNISED_BY).read_to_end(&mut start)?;
        let named = is_letter_file(&node.name);
        let seen = look::see(&node.name, &start, named);
        let whole = &mut Cursor::new(start).chain(content);
        match (self.format, seen) {
            (_, Seen::Beside(kind @ Beside::Empty)) => Ok(self.beside(&node.name, kind)),
            (_, Seen::Foreign(foreign)) => Ok(self.skip(&node.name, None, Fault::Foreign(foreign))),
            (Format::Mbox(dialect), _) => self.mbox(node, source, whole, dialect),
            (Format::Eml, _) => self.letter(node, source, whole, &Origin::File(node.modified)),
            (_, seen) => self.recognised(node, source, whole, seen),
        }
    }

    fn recognised(&mut self, node: &Node, source: &Source, whole: &mut dyn Read, seen: Seen) -> io::Result<Flow> {
        match (&source.form, seen) {
            (Form::Emlx, _) => self.emlx(node, source, whole),
            (Form::Told(told), Seen::Letter) => self.letter(node, source, whole, &Origin::Told(told, node.modified)),
            (Form::Mbox, _) | (_, Seen::Mbox) => self.mbox(node, source, whole, Dialect::Quoted),
            (_, Seen::Letter) => self.letter(node, source, whole, &Origin::File(node.modified)),
            (_, Seen::Beside(kind)) => Ok(self.beside(&node.name, kind)),
            _ => Ok(self.skip(&node.name, None, Fault::NoLetter)),
        }
    }

    fn mbox(&mut self, node: &Node, source: &Source, content: &mut dyn Read, dialect: Dialect) -> io::Result<Flow> {
        let largest = usize::try_from(Fault::LARGEST).unwrap_or(usize::MAX);
        let mut mbox = Mbox::new(content, dialect, largest);
        let file: Arc<str> = self.part.shown(&node.name).into();
        loop {
            let piece = mbox.next_piece()?;
            self.position = self.done + mbox.position();
            let flow = match piece {
                None => return Ok(GO_ON),
                Some(Piece::Passed { at, fault }) => self.skip(&node.name, Some(at), fault),
                Some(Piece::Letter(found)) if is_folder_internal(&found.content) => {
                    self.beside(&node.name, Beside::Index)
                }
                Some(Piece::Letter(found)) => {
                    let origin = match &source.form {
                        Form::Told(told) => Origin::Told(told, found.date),
                        _ => Origin::Mbox(found.date),
                    };
                    self.take(&file, Some(found.at), &source.as_mbox, found.content, &origin)
                }
            };
            if flow.is_break() {
                return Ok(STOP);
            }
        }
    }

    fn letter(&mut self, node: &Node, source: &Source, from: &mut dyn Read, origin: &Origin<'_>) -> io::Result<Flow> {
        let file: Arc<str> = self.part.shown(&node.name).into();
        Ok(match whole(node, from)? {
            Ok(content) => self.take(&file, None, &source.goal, content, origin),
            Err(fault) => self.skip(&node.name, None, fault),
        })
    }

    fn emlx(&mut self, node: &Node, source: &Source, from: &mut dyn Read) -> io::Result<Flow> {
        let file: Arc<str> = self.part.shown(&node.name).into();
        let read = whole(node, from)?.and_then(|content| emlx::read(&content));
        Ok(match read {
            Ok((letter, told)) => self.take(&file, None, &source.goal, letter, &Origin::Told(&told, node.modified)),
            Err(fault) => self.skip(&node.name, None, fault),
        })
    }

    fn take(
        &mut self,
        file: &Arc<str>,
        at: Option<u64>,
        goal: &Arc<Goal>,
        content: Vec<u8>,
        origin: &Origin<'_>,
    ) -> Flow {
        let given = match letter::read(content, origin, goal, &self.context) {
            Ok(Some(letter)) => Given::Letter { letter: Box::new(letter), file: file.clone(), at },
            Ok(None) => Given::Beside { kind: Beside::Deleted, file: file.clone() },
            Err(fault) => Given::Skipped(Skipped { file: file.to_string(), at, fault }),
        };
        self.given(given)
    }

    fn skip(&mut self, name: &str, at: Option<u64>, fault: Fault) -> Flow {
        self.given(Given::Skipped(Skipped { file: self.part.shown(name), at, fault }))
    }

    fn beside(&mut self, name: &str, kind: Beside) -> Flow {
        (self.each)(Given::Beside { kind, file: self.part.shown(name).into() }, self.position)
    }

    fn given(&mut self, given: Given) -> Flow {
        self.given += 1;
        (self.each)(given, self.position)
    }
}

/// All of a file that is one letter, unless it is too large for one.
fn whole(node: &Node, from: &mut dyn Read) -> io::Result<Result<Vec<u8>, Fault>> {
    let mut content = Vec::with_capacity(usize::try_from(node.size.min(1 << 20)).unwrap_or(0));
    from.take(Fault::LARGEST + 1).read_to_end(&mut content)?;
    let size = content.len() as u64;
    Ok(if size > Fault::LARGEST { Err(Fault::TooLarge(node.size.max(size))) } else { Ok(content) })
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
