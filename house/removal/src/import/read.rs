//! Reading the files of a plan, letter by letter.

use std::collections::HashSet;
use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;

use super::budget::Budget;
use super::{Event, Numbered, Raw, Request};
use crate::layout::{Form, Format, Goal, Plan, Source, is_letter_file};
use crate::letter::{self, Arriving, Context, Origin};
use crate::marks::Marks;
use crate::mbox::{Dialect, Mbox, Piece};
use crate::tree::{Content, Flow, Node, Tree, is_bomb};
use crate::{Error, Fault, Skipped, state};

/// Where what is read goes.
pub struct Sink<'a> {
    pub letters: SyncSender<Numbered<Raw>>,
    pub events: SyncSender<Event>,
    pub budget: &'a Budget,
    pub position: &'a AtomicU64,
}

/// Reads all files of a plan, until nobody takes the letters any more.
pub fn read_all(tree: &Tree, plan: &Plan, request: &Request<'_>, marks: Marks, sink: Sink<'_>) -> Result<(), Error> {
    let context = Context { below: request.below, now: (request.clock)() };
    let (goals, format) = (HashSet::new(), request.format);
    let mut reader = Reader { marks, sink, context, format, goals, number: 0, done: 0 };
    let wanted: Vec<usize> = plan.sources.iter().map(|source| source.node).collect();
    let mut by_node: Vec<&Source> = plan.sources.iter().collect();
    by_node.sort_by_key(|source| source.node);
    tree.read(&wanted, &mut |number, content| {
        let Ok(place) = by_node.binary_search_by_key(&number, |source| source.node) else {
            return reader.torn(number, tree, content);
        };
        reader.file(&tree.nodes[number], by_node[place], content)
    })
}

struct Reader<'a> {
    marks: Marks,
    sink: Sink<'a>,
    context: Context<'a>,
    format: Format,
    /// The folders of labels, each once, so that a commit looks each up once.
    goals: HashSet<Arc<Goal>>,
    number: u64,
    /// Octets of the files that are done.
    done: u64,
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
        self.at(0);
        flow
    }

    /// So far in this file.
    fn at(&self, position: u64) {
        self.sink.position.store(self.done + position, Ordering::Relaxed);
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
            let flow = match mbox.next_piece()? {
                None => return Ok(GO_ON),
                Some(Piece::Passed { at, fault }) => self.skip(&file, Some(at), fault),
                Some(Piece::Letter(found)) if is_folder_internal(&found.content) => GO_ON,
                Some(Piece::Letter(found)) => {
                    self.take(&file, Some(found.at), source, found.content, &Origin::Mbox(found.date))
                }
            };
            self.at(mbox.position());
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
            Ok(Some(letter)) => self.with_known_goal(letter),
            Ok(None) => return GO_ON,
            Err(fault) => return self.skip(file, at, fault),
        };
        let folder = match letter.goal.special_use.filter(|_| !letter.goal.exact) {
            Some(special_use) => special_use.attribute(),
            None => letter.goal.name.as_str(),
        };
        let (mark, known) = self.marks.of(folder, &letter.raw, letter.once);
        if known {
            return self.event(Event::Known);
        }
        if !self.sink.budget.take(letter.raw.len()) {
            return STOP;
        }
        let numbered = Numbered { number: self.number, item: Raw { letter, mark, file: file.clone(), at } };
        self.number += 1;
        if self.sink.letters.send(numbered).is_ok() { GO_ON } else { STOP }
    }

    fn with_known_goal(&mut self, mut letter: Arriving) -> Arriving {
        match self.goals.get(&letter.goal) {
            Some(known) => letter.goal = known.clone(),
            None => drop(self.goals.insert(letter.goal.clone())),
        }
        letter
    }

    fn skip(&mut self, file: &str, at: Option<u64>, fault: Fault) -> Flow {
        self.event(Event::Skipped(Skipped { file: file.to_owned(), at, fault }))
    }

    fn event(&mut self, event: Event) -> Flow {
        if self.sink.events.send(event).is_ok() { GO_ON } else { STOP }
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
