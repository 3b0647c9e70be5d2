//! A program that takes letters, as the configuration names it.

use std::fmt;

use super::template::Unfit;
use super::{Person, RouteError, Template, TemplateError};

/// The words of a program: its full path, and its arguments. They are parted when the configuration is read, at
/// blanks outside quotation marks, and never again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    path: String,
    words: Vec<Template>,
    /// A letter begins with an mbox `From ` line, for programs that want one.
    pub from_line: bool,
}

impl Program {
    /// Reads `/path/of/program word "a word with blanks" $NAME`.
    pub fn parse(text: &str) -> Result<Self, RouteError> {
        let mut words = split(text)?.into_iter();
        let path = words.next().unwrap_or_default();
        if !path.starts_with('/') {
            return Err(RouteError::Path(path));
        }
        let words = words.map(|word| Template::of_a_word(&word)).collect::<Result<_, _>>()?;
        Ok(Self { path, words, from_line: false })
    }

    /// Its full path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the arguments that the program gets for this person.
    pub fn words(&self, person: &Person) -> Result<Vec<String>, Unfit> {
        self.words.iter().map(|word| word.word(person)).collect()
    }
}

fn split(text: &str) -> Result<Vec<String>, TemplateError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars() {
        match quote {
            Some(mark) if c == mark => quote = None,
            Some(_) => word.get_or_insert_default().push(c),
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    if quote.is_some() { Err(TemplateError::Quote(text.to_owned())) } else { Ok(words) }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        for word in &self.words {
            let word = word.to_string();
            let bare = !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || c == '"' || c == '\'');
            let mark = if word.contains('"') { '\'' } else { '"' };
            if bare { write!(f, " {word}")? } else { write!(f, " {mark}{word}{mark}")? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use mail::{Address, ReturnPath};

    use super::*;

    #[test]
    fn words_are_parted_once_whatever_the_recipient_s_name_is() {
        let program = Program::parse("/usr/bin/procmail -a $EXTENSION  -m \"a b\" '' -d $USER").unwrap();
        let person = Person::new(&Address::parse("\"al ice\"@alpha.test").unwrap(), &ReturnPath::Null);
        assert_eq!(program.words(&person).unwrap(), ["-a", "", "-m", "a b", "", "-d", "al ice"]);
        assert_eq!(program.to_string(), "/usr/bin/procmail -a $EXTENSION -m \"a b\" \"\" -d $USER");
    }

    #[test]
    fn a_program_has_a_full_path_and_its_quotation_marks_end() {
        assert_eq!(Program::parse("procmail -d"), Err(RouteError::Path("procmail".into())));
        assert_eq!(Program::parse(""), Err(RouteError::Path(String::new())));
        assert!(matches!(Program::parse("/bin/x 'y"), Err(RouteError::Template(TemplateError::Quote(_)))));
    }
}
