//! The source of a crate as a tree of modules: the names that each module defines, imports and says.
//!
//! It reads the sources as they are written, without types: enough to tell which file a path leads to.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// A path as it is written, without its arguments: `crate::queue::claim`.
pub type Segments = Vec<String>;

/// One `use` of one name.
pub struct Import {
    /// The name that it binds; none for a glob and for `as _`.
    pub binds: Option<String>,
    pub path: Segments,
    pub is_glob: bool,
    /// True if it is handed on to others (`pub use`, in any width).
    pub is_handed_on: bool,
}

/// A module, of a file or inside one.
pub struct Module {
    pub file: PathBuf,
    pub parent: Option<usize>,
    pub children: BTreeMap<String, usize>,
    /// Names of functions, types, constants … that it defines.
    pub items: Vec<String>,
    pub imports: Vec<Import>,
    /// Every path that it says outside its imports; the name of a macro ends in `!`.
    pub paths: Vec<Segments>,
}

/// The modules of a crate; the first module is its root.
#[derive(Default)]
pub struct Crate {
    pub modules: Vec<Module>,
    /// The file that defines each `macro_rules!`.
    pub macros: BTreeMap<String, PathBuf>,
}

impl Crate {
    /// Reads the crate whose root is this file. Without `tests`, whatever stands under `#[cfg(test)]` is passed over.
    pub fn read(root: &Path, tests: bool) -> Crate {
        let mut read = Crate::default();
        let folder = root.parent().expect("a root lies in a folder").to_owned();
        read.file(root, &folder, None, tests);
        read
    }

    /// Reads one file as a module; `folder` is where its children lie.
    fn file(&mut self, file: &Path, folder: &Path, parent: Option<usize>, tests: bool) -> usize {
        let text = fs::read_to_string(file).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
        let module = self.module(file, parent);
        Reader { read: self, module, folder: folder.to_owned(), tests }.items(&parsed.items);
        module
    }

    fn module(&mut self, file: &Path, parent: Option<usize>) -> usize {
        self.modules.push(Module {
            file: file.to_owned(),
            parent,
            children: BTreeMap::new(),
            items: Vec::new(),
            imports: Vec::new(),
            paths: Vec::new(),
        });
        self.modules.len() - 1
    }
}

/// Walks through the items of one module.
struct Reader<'a> {
    read: &'a mut Crate,
    module: usize,
    folder: PathBuf,
    tests: bool,
}

impl Reader<'_> {
    fn here(&mut self) -> &mut Module {
        &mut self.read.modules[self.module]
    }

    fn items(&mut self, items: &[syn::Item]) {
        for item in items {
            self.visit_item(item);
        }
    }

    fn define(&mut self, name: &syn::Ident) {
        let name = name.to_string();
        self.here().items.push(name);
    }

    fn child(&mut self, child: &syn::ItemMod) {
        let name = child.ident.to_string();
        let parent = self.module;
        let folder = self.folder.join(&name);
        let module = match &child.content {
            Some((_, items)) => {
                let file = self.here().file.clone();
                let module = self.read.module(&file, Some(parent));
                let folder = self.told_path(child).unwrap_or(folder);
                Reader { read: self.read, module, folder, tests: self.tests }.items(items);
                module
            }
            None => {
                let file = self.file_of(child, &name);
                self.read.file(&file, &folder, Some(parent), self.tests)
            }
        };
        self.here().children.insert(name, module);
    }

    /// Returns the file or, for a module with its items in braces, the folder that `#[path]` names.
    fn told_path(&self, child: &syn::ItemMod) -> Option<PathBuf> {
        let told = child.attrs.iter().find(|attribute| attribute.path().is_ident("path"))?;
        let syn::Meta::NameValue(told) = &told.meta else { return None };
        let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }) = &told.value else { return None };
        let file = &self.read.modules[self.module].file;
        Some(file.parent().expect("a file lies in a folder").join(path.value()))
    }

    fn file_of(&self, child: &syn::ItemMod, name: &str) -> PathBuf {
        let flat = self.folder.join(format!("{name}.rs"));
        let usual = || if flat.exists() { flat } else { self.folder.join(name).join("mod.rs") };
        self.told_path(child).unwrap_or_else(usual)
    }

    fn import(&mut self, tree: &syn::UseTree, before: &[String], is_handed_on: bool) {
        let mut path = before.to_vec();
        match tree {
            syn::UseTree::Path(step) => {
                path.push(step.ident.to_string());
                self.import(&step.tree, &path, is_handed_on);
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, before, is_handed_on);
                }
            }
            syn::UseTree::Glob(_) => {
                self.here().imports.push(Import { binds: None, path, is_glob: true, is_handed_on });
            }
            syn::UseTree::Name(name) => self.import_as(path, &name.ident, &name.ident, is_handed_on),
            syn::UseTree::Rename(name) => self.import_as(path, &name.ident, &name.rename, is_handed_on),
        }
    }

    fn import_as(&mut self, mut path: Segments, name: &syn::Ident, alias: &syn::Ident, is_handed_on: bool) {
        let (name, mut alias) = (name.to_string(), alias.to_string());
        if name == "self" {
            alias = if alias == "self" { path.last().cloned().unwrap_or_default() } else { alias };
        } else {
            path.push(name);
        }
        let binds = (alias != "_").then_some(alias);
        self.here().imports.push(Import { binds, path, is_glob: false, is_handed_on });
    }
}

/// Returns true if the item is there for tests alone.
fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string();
            condition == "test" || condition.starts_with("all (test") || condition.starts_with("all(test")
        }
        meta => meta.path().is_ident("test") || meta.path().segments.last().is_some_and(|last| last.ident == "test"),
    })
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !self.tests && is_for_tests(attributes(item)) {
            return;
        }
        match item {
            syn::Item::Mod(child) => {
                for attribute in &child.attrs {
                    self.visit_attribute(attribute);
                }
                return self.child(child);
            }
            syn::Item::Const(item) => self.define(&item.ident),
            syn::Item::Enum(item) => self.define(&item.ident),
            syn::Item::Fn(item) => self.define(&item.sig.ident),
            syn::Item::Static(item) => self.define(&item.ident),
            syn::Item::Struct(item) => self.define(&item.ident),
            syn::Item::Trait(item) => self.define(&item.ident),
            syn::Item::Type(item) => self.define(&item.ident),
            syn::Item::Union(item) => self.define(&item.ident),
            syn::Item::Macro(item) => {
                if let Some(name) = &item.ident {
                    let file = self.here().file.clone();
                    self.read.macros.insert(name.to_string(), file);
                }
            }
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let attributes: &[syn::Attribute] = match item {
            syn::ImplItem::Fn(item) => &item.attrs,
            syn::ImplItem::Const(item) => &item.attrs,
            _ => &[],
        };
        if self.tests || !is_for_tests(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let is_handed_on = !matches!(item.vis, syn::Visibility::Inherited);
        self.import(&item.tree, &[], is_handed_on);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.here().paths.push(segments);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, said: &'ast syn::Macro) {
        let mut name: Segments = said.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let Some(last) = name.last_mut() {
            last.push('!');
        }
        let mut paths = paths_in(said.tokens.clone());
        paths.push(name);
        self.here().paths.extend(paths);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        visit::visit_attribute(self, attribute);
        if let syn::Meta::List(list) = &attribute.meta {
            let paths = paths_in(list.tokens.clone());
            self.here().paths.extend(paths);
        }
    }
}

/// The paths in what a macro is given. A name alone counts where it can be no variable: a type, or what is called.
fn paths_in(tokens: TokenStream) -> Vec<Segments> {
    let mut found = Vec::new();
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Group(group) => found.extend(paths_in(group.stream())),
            TokenTree::Ident(first) if at == 0 || !is(&tokens[at - 1], '.') => {
                let mut path = vec![first.to_string()];
                while let (Some(one), Some(two), Some(TokenTree::Ident(next))) =
                    (tokens.get(at + 1), tokens.get(at + 2), tokens.get(at + 3))
                    && is(one, ':')
                    && is(two, ':')
                {
                    path.push(next.to_string());
                    at += 3;
                }
                if let (Some(next), Some(last)) = (tokens.get(at + 1), path.last_mut())
                    && is(next, '!')
                    && !tokens.get(at + 2).is_some_and(|equals| is(equals, '='))
                {
                    last.push('!');
                }
                if path.len() > 1
                    || is_type(&path[0])
                    || path[0].ends_with('!')
                    || tokens.get(at + 1).is_some_and(is_call)
                {
                    found.push(path);
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn is_type(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

fn is_call(next: &TokenTree) -> bool {
    matches!(next, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis)
}
