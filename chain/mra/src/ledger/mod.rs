//! The memory that the house has of mailboxes elsewhere: the sources, how they fare, and which of their letters are
//! here.
//!
//! The commit that files a letter also writes down that it is here ([`Entry::admit`]), so it is never fetched twice
//! and never forgotten, whatever ends the program between two steps.

mod alerts;
mod folders;
mod labels;
mod left;
mod letters;
mod sources;
mod tables;

pub use alerts::alert_is_new;
pub use folders::{
    FolderRow, find_folder, folder, folder_names, forget_location, furnished, held, look_anew, mark_gone, settle,
};
pub use labels::{Label, forget_label, labels, labels_seen, put_label};
pub use left::{
    Left, Vain, folder_is_well, forget_left, imap_keys, leave, leave_folder, left_in, left_of, suspect, vain,
};
pub use letters::{
    Due, Entry, Fate, LetterState, PopKnown, claim, displace, due, has_gone, keep_there, known_gmail, mark_keys_gone,
    parted, pop_key, pop_known, returned, short,
};
pub use sources::{
    Source, SourceError, SourceId, Standing, add, by_name, change, change_secret, forget, get, keep_secret, list,
    note_fault, note_success, note_taken, remove, sweep_removed, topic,
};
pub use tables::MIGRATIONS;
