//! No crate has a large circle of files: a person who reads one file must not have to read thirty others to
//! understand it.
//!
//! [`needs`] says which paths count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::packages::{packages, short, targets};
use crate::paths::Leads;
use crate::sources::Crate;

/// The files that each file of a crate needs.
pub type Needs<'a> = BTreeMap<&'a Path, BTreeSet<&'a Path>>;

/// Lists, for each file of a crate, the files that it needs.
///
/// A file needs another when a path in it (of a type, a function, a constant, a macro, or in an import that is not handed on)
/// leads to an item that the other defines, by whatever name and through whatever files hand it on. The test does not
/// count `mod`, `pub use` (it hands on, and needs nothing itself), items under `#[cfg(test)]`, and a method that is
/// called on a value: for that the file needs to name the type, or to be given the value by a file that does.
pub fn needs(read: &Crate) -> Needs<'_> {
    let mut needs = Needs::new();
    for (at, module) in read.modules.iter().enumerate() {
        let imports = module.imports.iter().filter(|import| !import.is_handed_on).map(|import| &import.path);
        let own = needs.entry(module.file.as_path()).or_default();
        for path in module.paths.iter().chain(imports) {
            if let Some(Leads::Item(file)) = read.follow(at, path)
                && file != module.file
            {
                own.insert(file);
            }
        }
    }
    needs
}

/// The circles: sets of files each of which needs, through others, each of the others.
pub fn circles<'a>(needs: &Needs<'a>) -> Vec<Vec<&'a Path>> {
    let reached: BTreeMap<&Path, BTreeSet<&Path>> = needs.keys().map(|file| (*file, reach(needs, file))).collect();
    let mut circles = BTreeSet::new();
    for (file, others) in &reached {
        let leads_back = |other: &&&Path| reached.get(**other).is_some_and(|back| back.contains(file));
        let circle: Vec<&Path> = others.iter().filter(leads_back).copied().collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

fn reach<'a>(needs: &Needs<'a>, from: &Path) -> BTreeSet<&'a Path> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&Path> = needs.get(from).into_iter().flatten().copied().collect();
    while let Some(next) = open.pop() {
        let Some((next, further)) = needs.get_key_value(next) else { continue };
        if reached.insert(*next) {
            open.extend(further.iter().copied());
        }
    }
    reached
}

/// The most files of one circle: a type, its parts, and what makes them.
const MOST: usize = 3;

/// Circles that are larger, by a file in them and their size. This list only gets shorter.
const KNOWN: &[(&str, usize)] = &[];

#[test]
fn no_crate_has_a_large_circle_of_files() {
    let mut found = Vec::new();
    for target in packages().iter().flat_map(targets).filter(|target| target.is_the_room()) {
        let read = Crate::read(&target.root, false);
        for circle in circles(&needs(&read)).into_iter().filter(|circle| circle.len() > MOST) {
            found.push(circle.iter().map(|file| short(file)).collect::<Vec<String>>());
        }
    }
    let is_known = |circle: &Vec<String>| {
        KNOWN.iter().any(|(file, size)| circle.len() <= *size && circle.iter().any(|other| other == file))
    };
    let new: Vec<&Vec<String>> = found.iter().filter(|circle| !is_known(circle)).collect();
    assert!(new.is_empty(), "these files need each other, in circles of more than {MOST}: {new:#?}");
    let is_gone = |file: &&str| !found.iter().any(|circle| circle.iter().any(|other| other == file));
    let gone: Vec<&str> = KNOWN.iter().map(|(file, _)| *file).filter(is_gone).collect();
    assert!(gone.is_empty(), "the circles of {gone:?} are dissolved: take them off the list");
}

/// A made-up crate of these files, read as a real one is.
fn made(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, text).expect("a file");
    }
    let read = Crate::read(&folder.path().join("lib.rs"), false);
    let name = |file: &&Path| file.strip_prefix(folder.path()).expect("inside").display().to_string();
    circles(&needs(&read)).iter().map(|circle| circle.iter().map(name).collect()).collect()
}

#[test]
fn a_circle_is_seen_through_whatever_hands_a_name_on() {
    let lib = ("lib.rs", "mod a;\nmod b;\nmod c;\npub use a::A;\npub use b::*;\n");
    let a = ("a.rs", "pub struct A;\npub fn a() { crate::C::c() }\n");
    let c = ("c/mod.rs", "mod deep;\nuse crate::B as Renamed;\npub struct C(Option<Box<Renamed>>);\n");
    let deep = ("c/deep.rs", "use super::C;\nfn f(_: C) {}\n");
    let lib = (lib.0, &*format!("{}pub use c::C;\n", lib.1));
    // `b` needs `a` through the root, `a` needs `c`, `c` needs `b` through a glob. `deep` needs `c`, and nobody needs it.
    for b in [
        "pub struct B(crate::A);",
        "use crate::*;\npub struct B(A);",
        "pub struct B;\nfn f() { println!(\"{}\", crate::a::a()) }",
    ] {
        assert_eq!(made(&[lib, a, ("b.rs", b), c, deep]), [["a.rs", "b.rs", "c/mod.rs"]], "{b}");
    }
    // Tests may know more, and a name of one's own is not that of another file.
    for b in [
        "pub struct B;\n#[cfg(test)]\nmod tests { use crate::A; }",
        "pub struct B;\nstruct A;\nfn f(_: A) {}",
        "pub struct B;\npub use crate::A;",
    ] {
        assert_eq!(made(&[lib, a, ("b.rs", b), c, deep]), Vec::<Vec<String>>::new(), "{b}");
    }
}
