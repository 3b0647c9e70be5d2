//! The commands that need no selected folder, one file for each kind.
