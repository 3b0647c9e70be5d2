//! The items that a FETCH asks for, sorted once and not for each letter.

use std::sync::atomic::{AtomicBool, Ordering};

use mailbox::{Change, SectionText as Text, Want};

use crate::codec::command::{Fetch, FetchItem, Numbering, Partial, Section, SectionText};
use crate::selected::section::{label, origin, part_numbers};
use crate::selected::write::Charset;
use crate::session::Session;

/// The most sections and binaries one FETCH may ask for.
const MOST_ASKS: usize = 100;

/// The items of a FETCH.
#[derive(Debug, Default)]
pub struct FetchItems {
    pub uid: bool,
    pub flags: bool,
    pub modseq: bool,
    pub date: bool,
    pub size: bool,
    pub email_id: bool,
    pub thread_id: bool,
    pub envelope: bool,
    pub body: bool,
    pub body_structure: bool,
    /// The items that need the letter's bytes.
    pub asks: Vec<Ask>,
    /// True if it sets `\Seen`.
    pub marks_seen: bool,
    /// True if the client asks for the text of the letters, and not only for a list's columns.
    pub reads: bool,
    /// Only letters that changed after this.
    pub changed_since: Option<Change>,
    /// True if strings may be in UTF-8.
    pub utf8: bool,
    /// True if MODSEQ accompanies the flags everywhere.
    pub condstore: bool,
    /// True if the client asked for the decoded form of a part whose encoding nobody can undo.
    undecodable: AtomicBool,
}

/// One item that needs the letter's bytes.
#[derive(Debug)]
pub struct Ask {
    /// The text before the string in the answer.
    pub label: Vec<u8>,
    pub what: What,
    pub partial: Option<Partial>,
}

/// The bytes to send, and the way to send them.
#[derive(Debug)]
pub enum What {
    /// The octets as they stand in the letter.
    Section(mailbox::Section),
    /// Some fields of a header, or all but some.
    Fields { section: mailbox::Section, names: Vec<String>, except: bool },
    /// The octets with the transfer encoding undone (RFC 3516).
    Binary(mailbox::Section),
    /// The number of octets of that.
    BinarySize(mailbox::Section),
}

impl What {
    /// Returns true for the letter's text, or a part of it.
    fn is_text(&self) -> bool {
        match self {
            Self::Section(section) => matches!(section.text, None | Some(Text::Text)),
            Self::Binary(_) => true,
            Self::Fields { .. } | Self::BinarySize(_) => false,
        }
    }
}

impl FetchItems {
    pub fn of(command: &Fetch, session: &Session) -> Self {
        let mut plan = Self {
            // RFC 9051 §6.4.9: the answers of UID FETCH hold the UID; RFC 7162 §3.2.4: with QRESYNC all do.
            uid: command.numbering == Numbering::Uid || session.enabled.qresync,
            changed_since: command.changed_since.map(Change),
            condstore: session.enabled.condstore,
            utf8: Charset::of(session.enabled) == Charset::Utf8,
            ..Self::default()
        };
        command.items.iter().for_each(|item| plan.add(item));
        // RFC 7162 §3.1.4.1: CHANGEDSINCE asks for MODSEQ too. §3.1: every answer with FLAGS has it once CONDSTORE is
        // on.
        plan.modseq |= command.changed_since.is_some() || (plan.flags && session.enabled.condstore);
        plan
    }

    fn add(&mut self, item: &FetchItem) {
        match item {
            FetchItem::Flags => self.flags = true,
            FetchItem::Uid => self.uid = true,
            FetchItem::InternalDate => self.date = true,
            FetchItem::Size => self.size = true,
            FetchItem::Envelope => self.envelope = true,
            FetchItem::Body => self.body = true,
            FetchItem::BodyStructure => self.body_structure = true,
            FetchItem::ModSeq => self.modseq = true,
            FetchItem::EmailId => self.email_id = true,
            FetchItem::ThreadId => self.thread_id = true,
            FetchItem::Section { section, peek, partial } => {
                self.marks_seen |= !peek;
                let mut written = Vec::new();
                label(&mut written, section, *partial);
                self.ask(written, section_asked(section), *partial);
            }
            FetchItem::Binary { part, peek, partial } => {
                self.marks_seen |= !peek;
                let mut label = b"BINARY[".to_vec();
                part_numbers(&mut label, part);
                label.push(b']');
                origin(&mut label, *partial);
                self.ask(label, What::Binary(whole(part)), *partial);
            }
            FetchItem::BinarySize { part } => {
                let mut label = b"BINARY.SIZE[".to_vec();
                part_numbers(&mut label, part);
                label.push(b']');
                self.ask(label, What::BinarySize(whole(part)), None);
            }
            FetchItem::Rfc822 => {
                self.marks_seen = true;
                self.ask(b"RFC822".to_vec(), What::Section(top(None)), None);
            }
            FetchItem::Rfc822Header => {
                self.ask(b"RFC822.HEADER".to_vec(), What::Section(top(Some(Text::Header))), None);
            }
            FetchItem::Rfc822Text => {
                self.marks_seen = true;
                self.ask(b"RFC822.TEXT".to_vec(), What::Section(top(Some(Text::Text))), None);
            }
        }
    }

    fn ask(&mut self, label: Vec<u8>, what: What, partial: Option<Partial>) {
        self.reads |= what.is_text();
        // A client that asks twice for the same item gets it once.
        if !self.asks.iter().any(|ask| ask.label == label && ask.partial == partial) {
            self.asks.push(Ask { label, what, partial });
        }
    }

    /// Returns true if it asks for more pieces of a letter than any client needs: each is held until it is sent.
    pub fn asks_too_much(&self) -> bool {
        self.asks.len() > MOST_ASKS
    }

    /// Returns the parts of each letter that have to be read.
    pub fn want(&self) -> Want {
        let structure = self.body || self.body_structure || self.asks.iter().any(|ask| ask.needs_structure());
        Want { card: !self.asks.is_empty(), summary: self.envelope, structure }
    }

    /// Returns true if an item shows a piece of a body, which does not stand in the letter's row.
    pub fn reads_bodies(&self) -> bool {
        !self.asks.is_empty()
    }

    /// Returns true if no item sends more than some dozen octets a letter.
    pub fn is_narrow(&self) -> bool {
        self.want() == Want::ROW
    }

    pub fn charset(&self) -> Charset {
        if self.utf8 { Charset::Utf8 } else { Charset::Ascii }
    }

    /// Notes that a part could not be decoded.
    pub fn note_undecodable(&self) {
        self.undecodable.store(true, Ordering::Relaxed);
    }

    /// Returns true if a part could not be decoded.
    pub fn undecodable(&self) -> bool {
        self.undecodable.load(Ordering::Relaxed)
    }
}

impl Ask {
    /// Returns false for the letter as a whole, which is found without its parts.
    fn needs_structure(&self) -> bool {
        !matches!(&self.what, What::Section(section) if section.part.is_empty() && section.text.is_none())
    }
}

fn section_asked(section: &Section) -> What {
    let part = section.part.iter().map(|n| n.get()).collect();
    let at = |text| mailbox::Section { part, text };
    match &section.text {
        SectionText::Whole => What::Section(at(None)),
        SectionText::Header => What::Section(at(Some(Text::Header))),
        SectionText::Text => What::Section(at(Some(Text::Text))),
        SectionText::Mime => What::Section(at(Some(Text::Mime))),
        SectionText::HeaderFields(names) => {
            What::Fields { section: at(Some(Text::Header)), names: names.clone(), except: false }
        }
        SectionText::HeaderFieldsNot(names) => {
            What::Fields { section: at(Some(Text::Header)), names: names.clone(), except: true }
        }
    }
}

fn whole(part: &[std::num::NonZeroU32]) -> mailbox::Section {
    mailbox::Section { part: part.iter().map(|n| n.get()).collect(), text: None }
}

fn top(text: Option<Text>) -> mailbox::Section {
    mailbox::Section { part: Vec::new(), text }
}
