//! `facteur manual` writes the texts that are made of the one source of commands and settings – man pages,
//! completions, the example of a configuration file, and the tables of the documentation.

mod completions;
mod pages;
mod tables;
#[cfg(test)]
mod twins;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::command_line::Manual;
use crate::config::example;
use crate::failure::Failure;
use crate::language::{Language, say, system};

/// Writes the files into a folder that is laid out as `/usr/share` is, or brings the tables in the documentation up to date.
pub fn run(manual: &Manual) -> Result<(), Failure> {
    let folder = &manual.folder;
    if manual.tables {
        return tables::update(folder);
    }
    for (path, text) in files() {
        write(&folder.join(path), &text)?;
    }
    Ok(())
}

/// Every file, by its path below `/usr/share`.
fn files() -> Vec<(PathBuf, String)> {
    let examples = [
        (PathBuf::from("doc/facteur/examples/facteur.toml"), example::file(Language::English)),
        (PathBuf::from("doc/facteur/examples/facteur.fr.toml"), example::file(Language::French)),
    ];
    let english = pages::all(Language::English).into_iter().map(|(name, page)| (Path::new("man").join(name), page));
    let french = pages::all(Language::French).into_iter().map(|(name, page)| (Path::new("man/fr").join(name), page));
    examples.into_iter().chain(english).chain(french).chain(completions::all()).collect()
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, text));
    written.map_err(|why| unwritable(path, &why))
}

fn unwritable(path: &Path, why: &io::Error) -> Failure {
    let (path, why) = (path.display(), system(why));
    Failure::new(say!("cannot write {path}: {why}", "écriture de {path} impossible : {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_its_page_in_both_languages_and_no_file_is_empty() {
        let files = files();
        let has = |path: &str| files.iter().any(|(known, text)| known == Path::new(path) && text.len() > 100);
        for path in [
            "man/man1/facteur.1",
            "man/man1/facteur-account-add.1",
            "man/fr/man1/facteur-account-add.1",
            "man/man5/facteur.toml.5",
            "man/fr/man5/facteur.toml.5",
            "bash-completion/completions/facteur",
            "zsh/vendor-completions/_facteur",
            "fish/vendor_completions.d/facteur.fish",
            "doc/facteur/examples/facteur.toml",
        ] {
            assert!(has(path), "{path}");
        }
        let english = files.iter().filter(|(path, _)| path.starts_with("man/man1")).count();
        let french = files.iter().filter(|(path, _)| path.starts_with("man/fr/man1")).count();
        assert!(english > 30 && english == french, "{english} and {french}");
        assert!(files.iter().all(|(_, text)| !text.is_empty()));
    }
}
