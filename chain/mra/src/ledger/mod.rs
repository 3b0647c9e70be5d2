//! What the house remembers of mailboxes elsewhere: the sources, how they fare, and which of their letters are here.
//!
//! That a letter is here is written down in the commit that files it ([`Entry::admit`]), so it is never fetched twice
//! and never forgotten, whatever ends the program between two steps.

mod folders;
mod letters;
mod sources;
mod tables;

pub use folders::{FolderRow, find_folder, folder, folder_names, forget_location, held, mark_gone, settle};
pub use letters::{
    Due, Entry, Fate, LetterState, claim, due, has_gone, known_gmail, mark_keys_gone, parted, pop_key, pop_keys,
};
pub use sources::{
    Source, SourceError, SourceId, Standing, add, by_name, change, change_secret, forget, get, keep_secret, list,
    note_fault, note_success, note_taken, remove, sweep_removed, topic,
};
pub use tables::MIGRATIONS;
