//! Finds which file of its crate a path leads to.

use std::collections::BTreeSet;
use std::path::Path;

use crate::sources::{Crate, Segments};

/// The place that a path leads to.
#[derive(Clone, Copy)]
pub enum Leads<'a> {
    /// An item that this file defines, or one of its variants or functions.
    Item(&'a Path),
    Module(usize),
}

/// The names that were looked up on the way: a ring of imports leads nowhere.
type Seen<'a> = BTreeSet<(usize, &'a str)>;

impl Crate {
    /// Follows a path that `module` says. `None` if it leads out of the crate, or is the name of a variable.
    pub fn follow<'a>(&'a self, module: usize, path: &'a [String]) -> Option<Leads<'a>> {
        self.follow_from(module, path, &mut Seen::new())
    }

    fn follow_from<'a>(&'a self, mut at: usize, path: &'a [String], seen: &mut Seen<'a>) -> Option<Leads<'a>> {
        let mut rest = path;
        while let Some((first, behind)) = rest.split_first() {
            at = match first.as_str() {
                "crate" => 0,
                "self" if rest.len() == path.len() => at,
                "super" => self.modules[at].parent?,
                _ => break,
            };
            rest = behind;
        }
        if let Some(name) = path.last().and_then(|last| last.strip_suffix('!')) {
            return self.macros.get(name).filter(|_| rest.len() == 1).map(|file| Leads::Item(file));
        }
        self.walk(at, rest, seen)
    }

    fn walk<'a>(&'a self, at: usize, path: &'a [String], seen: &mut Seen<'a>) -> Option<Leads<'a>> {
        let Some((name, rest)) = path.split_first() else { return Some(Leads::Module(at)) };
        match self.look_up(at, name, seen)? {
            Leads::Module(next) => self.walk(next, rest, seen),
            item => Some(item),
        }
    }

    /// Returns the item that a name has in a module, through whatever hands it on.
    fn look_up<'a>(&'a self, at: usize, name: &'a str, seen: &mut Seen<'a>) -> Option<Leads<'a>> {
        if !seen.insert((at, name)) {
            return None;
        }
        let module = &self.modules[at];
        if module.items.iter().any(|item| item == name) {
            return Some(Leads::Item(&module.file));
        }
        if let Some(child) = module.children.get(name) {
            return Some(Leads::Module(*child));
        }
        let named = |import: &&crate::sources::Import| import.binds.as_deref() == Some(name);
        if let Some(import) = module.imports.iter().find(named) {
            // `use mail::…` in a module that binds `mail` by this very import means the crate.
            let is_itself = import.path.first().is_some_and(|first| first == name);
            return if is_itself { None } else { self.follow_from(at, &import.path, seen) };
        }
        module.imports.iter().filter(|import| import.is_glob).find_map(|import| {
            match self.follow_from(at, &import.path, seen)? {
                Leads::Module(other) if other != at => self.look_up(other, name, seen),
                _ => None,
            }
        })
    }

    /// The first segment of a path that `module` says, where it is the name of another crate.
    pub fn crate_of<'a>(&'a self, module: usize, path: &'a Segments) -> Option<&'a str> {
        let first = path.first()?;
        let is_own = ["crate", "self", "super", "Self"].contains(&first.as_str());
        (!is_own && self.follow(module, &path[..1]).is_none()).then_some(first)
    }
}
