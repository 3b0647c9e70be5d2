//! Holds the rule that nobody touches a folder or a letter of the mailbox without an `Access`, which says whose it may be.

use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

/// Functions that take an account by its number: those that make, measure out and delete whole mailboxes, or keep what the
/// directory says of them.
const OF_ACCOUNTS: &[&str] = &["account::create", "account::set_quota", "account::delete", "own::of", "own::know"];

/// Functions that take a number only to go on behind it, whoever it belongs to, and hand out accesses.
const OF_THE_HOUSE: &[&str] = &["report::waiting"];

/// A public function, as `module::name`, with the names in the types of its arguments.
struct Function {
    name: String,
    has_self: bool,
    types: Types,
}

#[derive(Default)]
struct Types(Vec<String>);

impl<'ast> Visit<'ast> for Types {
    fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
        self.0.push(segment.ident.to_string());
        visit::visit_path_segment(self, segment);
    }
}

impl Function {
    fn takes(&self, types: &[&str]) -> bool {
        self.types.0.iter().any(|name| types.contains(&name.as_str()))
    }

    /// Returns true if it looks into the store.
    fn looks(&self) -> bool {
        self.takes(&["View", "Tx", "Store"])
    }
}

struct Reader {
    module: String,
    functions: Vec<Function>,
}

impl Reader {
    fn note(&mut self, visibility: &syn::Visibility, signature: &syn::Signature) {
        if matches!(visibility, syn::Visibility::Public(_)) {
            let name = format!("{}::{}", self.module, signature.ident);
            let mut types = Types::default();
            signature.inputs.iter().for_each(|input| types.visit_fn_arg(input));
            self.functions.push(Function { name, has_self: signature.receiver().is_some(), types });
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.note(&item.vis, &item.sig);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.note(&item.vis, &item.sig);
        visit::visit_impl_item_fn(self, item);
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

fn functions() -> Vec<Function> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../house/mailbox/src");
    let mut all = Vec::new();
    files(&root, &mut all);
    let mut functions = Vec::new();
    for file in all {
        let text = std::fs::read_to_string(&file).expect("a source");
        let module = file.file_stem().expect("a name").to_string_lossy().into_owned();
        let mut reader = Reader { module, functions: Vec::new() };
        reader.visit_file(&syn::parse_file(&text).expect("a source of Rust"));
        functions.append(&mut reader.functions);
    }
    functions
}

#[test]
fn nobody_touches_a_folder_or_a_letter_without_an_access() {
    let functions = functions();
    let guarded = functions.iter().filter(|function| function.takes(&["Access"])).count();
    assert!(guarded >= 50, "only {guarded} functions take an access: has it another name now?");
    for function in functions.iter().filter(|function| function.looks()) {
        let name = function.name.as_str();
        let takes_one = function.takes(&["FolderId", "LetterKey", "ThreadId", "Folder"]);
        let is_guarded = function.takes(&["Access"]) || OF_THE_HOUSE.contains(&name);
        assert!(!takes_one || is_guarded, "{name} takes a folder or a letter without an access");
        let is_bare = function.takes(&["AccountId"]) && !OF_ACCOUNTS.contains(&name);
        assert!(
            !is_bare,
            "{name} takes the number of an account; an access says whose mailbox it is, and what is allowed"
        );
    }
}

#[test]
fn only_the_mailbox_says_what_an_access_allows() {
    let functions = functions();
    let makes = |function: &&Function| function.name.starts_with("access::") && !function.has_self;
    let makers: Vec<&str> = functions.iter().filter(makes).map(|function| function.name.as_str()).collect();
    assert_eq!(makers, ["access::own", "access::house"]);
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../house/mailbox/src/access.rs"));
    let text = text.expect("the source");
    let fields = text.split("pub struct Access {").nth(1).and_then(|rest| rest.split('}').next()).expect("the fields");
    assert!(!fields.contains("pub"), "a field of an access that others can write");
}
