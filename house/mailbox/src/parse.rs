//! Computes, once, when a letter is filed, the facts that answer most questions about it without its body. The parser
//! reads any bytes and never fails: a malformed letter gives fewer facts.

mod ber;
mod bodies;
pub(crate) mod column;
mod contents;
pub mod date;
pub mod decode;
mod file_name;
pub mod html;
mod made;
pub mod named;
mod rtf;
mod scan;
mod sealed;
mod signed;
pub mod steps;
mod structure;
mod summary;
pub mod text;
mod transfer;
mod uuencode;
mod yenc;

pub use bodies::Bodies;
pub use contents::{Contents, Item, Role};
pub use file_name::clean as clean_file_name;
pub use mail::header::raw;
pub use reading::charset;
pub use reading::params::Param;
pub use scan::{Limits, scan};
pub use sealed::{By, Protection, What, protection};
pub use steps::{Step, Unpacker};
pub use structure::{Content, Disposition, Encoding, Message, Part, Section, SectionText, Structure, Within};
pub use summary::{MOST_MENTIONS, Piece, Sent, Summary};
