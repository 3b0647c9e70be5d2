//! A comment is a sentence that names its subject. No line of one begins with a clause that hides it ("Who gets the letter",
//! "What a client asked"): the code says who and what, by name.

use std::fs;
use std::path::{Path, PathBuf};

/// The words that begin such a clause.
const HIDING: [&str; 9] = ["What", "Who", "Whom", "Whose", "That", "Which", "Where", "Whether", "How"];

/// The files that have such comments, by the endings of their names.
const SOURCES: [&str; 4] = ["rs", "ts", "css", "mjs"];

/// The folders that hold no sources of ours.
const FOREIGN: [&str; 3] = ["target", "node_modules", "dist"];

/// The words of a line that is a comment, or a part of one; `None` for a line of code.
fn comment(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let openings = ["///", "//!", "//", "/**", "/*", "* "];
    openings.iter().find_map(|opening| line.strip_prefix(opening)).map(str::trim_start)
}

fn hides_its_subject(line: &str) -> bool {
    let word = comment(line).and_then(|words| words.split(|sign: char| !sign.is_alphanumeric()).next());
    word.is_some_and(|word| HIDING.contains(&word))
}

/// Returns true if the line is the English of a help text of clap. An empty line parts it from the French, and both are
/// for people.
fn is_help(file: &Path, next: Option<&&str>) -> bool {
    let is_command_line = file.components().any(|part| part.as_os_str().to_string_lossy().starts_with("command_line"));
    is_command_line && next.is_some_and(|next| next.trim() == "///")
}

/// The lines of a file whose comments hide their subject, as `file:line: text`.
fn faults(file: &Path, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let hides = |at: &usize| hides_its_subject(lines[*at]) && !is_help(file, lines.get(at + 1));
    let told = |at: usize| format!("{}:{}: {}", file.display(), at + 1, lines[at].trim());
    (0..lines.len()).filter(hides).map(told).collect()
}

/// All sources of ours below a folder.
fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display())).flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && !name.starts_with('.') && !FOREIGN.contains(&name.as_str()) {
            sources(&path, into);
        } else if !is_folder && path.extension().is_some_and(|ending| SOURCES.iter().any(|source| ending == *source)) {
            into.push(path);
        }
    }
}

/// Returns the doc comments that ask the reader instead of saying something, as `file:line: text`: their first sentence
/// is a question.
fn questions(file: &Path, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    let doc = |line: &&str| line.starts_with("/// ") || line.starts_with("/**") || line.starts_with("* ");
    let begins = |at: &usize| doc(&lines[*at]) && (*at == 0 || !doc(&lines[at - 1]));
    let asks = |at: &usize| {
        let block: Vec<&str> =
            lines[*at..].iter().take_while(|line| doc(line)).filter_map(|line| comment(line)).collect();
        let block = block.join(" ") + " ";
        let end = [". ", ": ", "? ", "! "].iter().filter_map(|end| Some((block.find(end)?, end))).min();
        end.is_some_and(|(_, end)| *end == "? ")
    };
    let told = |at: usize| format!("{}:{}: {}", file.display(), at + 1, lines[at]);
    (0..lines.len()).filter(begins).filter(asks).map(told).collect()
}

/// Calls `find` with each source of ours, by its path in the workspace, and gathers the findings.
fn in_all_sources(find: fn(&Path, &str) -> Vec<String>) -> Vec<String> {
    let root = tests::root();
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 1000, "only {} sources below {}", files.len(), root.display());
    let read = |file: &PathBuf| fs::read_to_string(file).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
    files.iter().flat_map(|file| find(file.strip_prefix(&root).unwrap_or(file), &read(file))).collect()
}

#[test]
fn no_comment_hides_its_subject_in_a_clause() {
    let found = in_all_sources(faults);
    assert!(found.is_empty(), "write a sentence that names its subject:\n{}", found.join("\n"));
}

#[test]
fn no_doc_comment_asks_the_reader() {
    let found = in_all_sources(questions);
    assert!(found.is_empty(), "say what is true (“Returns true if …”):\n{}", found.join("\n"));
}

#[test]
fn a_doc_comment_that_asks_is_named_with_file_and_line() {
    let text = "/// Is it there, or\n/// gone?\nfn a() {}\n/// Returns it. Why? Because.\nfn b() {}\n// Is it?\n/// Is it? Yes.\n";
    let found = questions(Path::new("a.rs"), text);
    assert_eq!(found, ["a.rs:1: /// Is it there, or", "a.rs:7: /// Is it? Yes."]);
    for told in
        ["/// Reads `a?b` at once.", "/// One of these: is it? or not.", "/// The place of `?=`.", "let a = b? ;"]
    {
        assert_eq!(questions(Path::new("a.rs"), told), [""; 0], "{told}");
    }
}

#[test]
fn a_comment_that_hides_its_subject_is_named_with_file_and_line() {
    let text = "/// What a client asked.\n/// The folders, and\n/// which of them are new.\nlet x = 1; // here\n";
    assert_eq!(faults(Path::new("a/b.rs"), text), ["a/b.rs:1: /// What a client asked."]);
    for hidden in ["//! How letters go.", "    // Who came first", "/* Whose it is */", " * That a letter is here."] {
        assert!(hides_its_subject(hidden), "{hidden}");
    }
    for told in ["/// Whoever asks waits.", "// However it came.", "let x = What::Signed;", "/// `What` was found."] {
        assert!(!hides_its_subject(told), "{told}");
    }
    let help = "    /// Who gets the letter\n    ///\n    /// Qui reçoit la lettre\n";
    assert_eq!(faults(Path::new("facteur/src/command_line/send.rs"), help), [""; 0]);
    assert_eq!(faults(Path::new("facteur/src/send.rs"), help).len(), 1);
}
