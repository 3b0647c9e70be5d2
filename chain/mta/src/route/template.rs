//! Texts of the configuration with `$NAME` in them, filled in for each recipient.
//!
//! The values come from the envelope, so from strangers. They are never looked at again: a `$` in a value is a `$`, a
//! blank does not part it, and no shell sees it.

use std::fmt;

use super::Person;

/// A text with names to be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Name(Name),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Recipient,
    Local,
    User,
    Extension,
    Domain,
    Sender,
}

/// The reason why a text of the configuration cannot be filled in, or cannot be read as a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// No such name.
    #[error(
        "${0} is not known: there are $RECIPIENT, $LOCAL, $USER, $EXTENSION, $DOMAIN and $SENDER; write $$ for a dollar"
    )]
    Unknown(String),
    /// A quotation mark without its other.
    #[error("a quotation mark is not closed in: {0}")]
    Quote(String),
    /// A name within a word of blanks: it would end up in front of a shell.
    #[error(
        "\"{0}\" mixes a name with blanks: the words of strangers must not reach a shell; give the name a word of its \
             own, or let the shell read the environment (\"$$USER\")"
    )]
    InText(String),
    /// Neither a name of a user nor `$USER`.
    #[error("\"{0}\" is not a user: write the name of one, or $USER for the recipient's own")]
    User(String),
}

/// The reason why an address cannot be filled in. Nothing that is tried again would change it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A program would take it for an option.
    #[error("the address begins with a hyphen, which a program would take for an option")]
    Hyphen,
    /// It cannot be the name of a folder.
    #[error("the address cannot be the name of a folder")]
    Folder,
    /// Line ends and the like.
    #[error("the address has characters that cannot be handed on")]
    Control,
}

impl Template {
    /// Reads a word of a program.
    pub fn of_a_word(text: &str) -> Result<Self, TemplateError> {
        let template = Self::read(text)?;
        if text.contains(char::is_whitespace) && template.has_names() {
            return Err(TemplateError::InText(text.to_owned()));
        }
        Ok(template)
    }

    /// Reads the name of a folder.
    pub fn of_a_path(text: &str) -> Result<Self, TemplateError> {
        Self::read(text)
    }

    /// Reads the name of a user: a plain one, or `$USER` alone.
    pub fn of_a_user(text: &str) -> Result<Self, TemplateError> {
        let template = Self::read(text)?;
        let plain = |text: &str| {
            !text.is_empty()
                && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
                && !text.starts_with('-')
        };
        match template.0.as_slice() {
            [Piece::Name(Name::User)] => Ok(template),
            [Piece::Text(name)] if plain(name) => Ok(template),
            _ => Err(TemplateError::User(text.to_owned())),
        }
    }

    fn read(text: &str) -> Result<Self, TemplateError> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            push(&mut pieces, &rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('$') {
                push(&mut pieces, "$");
                rest = after;
                continue;
            }
            let (name, after) = match rest.strip_prefix('{').and_then(|inside| inside.split_once('}')) {
                Some((name, after)) => (name, after),
                None => rest.split_at(rest.find(|c: char| !c.is_ascii_alphabetic() && c != '_').unwrap_or(rest.len())),
            };
            pieces.push(Piece::Name(Name::parse(name).ok_or_else(|| TemplateError::Unknown(name.to_owned()))?));
            rest = after;
        }
        push(&mut pieces, rest);
        Ok(Self(pieces))
    }

    /// Returns true if anything in the template depends on the recipient.
    pub fn has_names(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Name(_)))
    }

    /// The word for this person, as a program gets it. Beside a slash a name is a part of a path, and leads nowhere else.
    pub fn word(&self, person: &Person) -> Result<String, Unfit> {
        let mut word = String::new();
        for (place, piece) in self.0.iter().enumerate() {
            let Piece::Name(name) = piece else {
                word.push_str(piece.text());
                continue;
            };
            let value = name.of(person);
            if value.chars().any(char::is_control) {
                return Err(Unfit::Control);
            }
            if word.is_empty() && value.starts_with('-') {
                return Err(Unfit::Hyphen);
            }
            let before_slash = self.0.get(place + 1).is_some_and(|next| next.text().starts_with('/'));
            if (word.ends_with('/') || before_slash) && !is_part_of_a_path(value) {
                return Err(Unfit::Folder);
            }
            word.push_str(value);
        }
        Ok(word)
    }

    /// The path for this person, in lower case if a name is filled in. Each name is a part of one folder's name and
    /// can lead nowhere else.
    pub fn path(&self, person: &Person) -> Result<String, Unfit> {
        let mut path = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => path.push_str(text),
                Piece::Name(name) => path.push_str(&part_of_a_path(name.of(person))?),
            }
        }
        // Two pieces must not make a way up together either.
        if path.split('/').any(|part| matches!(part, "." | "..") || part.len() > LONGEST_NAME) {
            return Err(Unfit::Folder);
        }
        Ok(path)
    }
}

/// NAME_MAX of every usual file system.
const LONGEST_NAME: usize = 255;

fn part_of_a_path(value: &str) -> Result<String, Unfit> {
    let value = value.to_lowercase();
    if is_part_of_a_path(&value) { Ok(value) } else { Err(Unfit::Folder) }
}

fn is_part_of_a_path(value: &str) -> bool {
    // A dot in front hides a folder, and is how Maildir++ names folders inside a Maildir.
    !value.is_empty() && !value.starts_with('.') && !value.contains(['/', '\\']) && !value.contains(char::is_control)
}

fn push(pieces: &mut Vec<Piece>, text: &str) {
    if text.is_empty() {
        return;
    }
    match pieces.last_mut() {
        Some(Piece::Text(before)) => before.push_str(text),
        _ => pieces.push(Piece::Text(text.to_owned())),
    }
}

impl Piece {
    /// Its text, if it is one.
    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Name(_) => "",
        }
    }
}

impl Name {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "RECIPIENT" => Self::Recipient,
            "LOCAL" => Self::Local,
            "USER" | "LOGNAME" => Self::User,
            "EXTENSION" => Self::Extension,
            "DOMAIN" => Self::Domain,
            "SENDER" => Self::Sender,
            _ => return None,
        })
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Recipient => "RECIPIENT",
            Self::Local => "LOCAL",
            Self::User => "USER",
            Self::Extension => "EXTENSION",
            Self::Domain => "DOMAIN",
            Self::Sender => "SENDER",
        }
    }

    fn of(self, person: &Person) -> &str {
        match self {
            Self::Recipient => &person.recipient,
            Self::Local => &person.local,
            Self::User => &person.user,
            Self::Extension => &person.extension,
            Self::Domain => &person.domain,
            Self::Sender => &person.sender,
        }
    }
}

/// Writes the template as it was written, or so that it means the same.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, piece) in self.0.iter().enumerate() {
            match piece {
                Piece::Text(text) => f.write_str(&text.replace('$', "$$"))?,
                Piece::Name(name) => {
                    let next = self.0.get(place + 1);
                    let runs_on = matches!(next, Some(Piece::Text(text)) if text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'));
                    if runs_on { write!(f, "${{{}}}", name.as_str())? } else { write!(f, "${}", name.as_str())? }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use mail::{Address, Domain, ReturnPath};

    use super::*;

    fn person(local: &str) -> Person {
        let address = Address::new(local, Domain::parse("Alpha.test").unwrap()).unwrap();
        Person::new(&address, &ReturnPath::Address(Address::parse("carol@beta.test").unwrap()))
    }

    fn word(template: &str, local: &str) -> Result<String, Unfit> {
        Template::of_a_word(template).unwrap().word(&person(local))
    }

    fn path(template: &str, local: &str) -> Result<String, Unfit> {
        Template::of_a_path(template).unwrap().path(&person(local))
    }

    #[test]
    fn names_are_filled_in_once_and_what_stands_in_them_is_not_looked_at_again() {
        assert_eq!(word("$USER", "Alice+Lists").unwrap(), "alice");
        assert_eq!(word("$EXTENSION", "Alice+Lists").unwrap(), "lists");
        assert_eq!(word("$EXTENSION", "alice").unwrap(), "");
        assert_eq!(word("${LOCAL}_of_$DOMAIN", "Alice+x").unwrap(), "Alice+x_of_alpha.test");
        assert_eq!(word("--from=$SENDER", "alice").unwrap(), "--from=carol@beta.test");
        assert_eq!(word("$LOCAL", "$USER").unwrap(), "$USER");
        assert_eq!(word("a$$USER", "alice").unwrap(), "a$USER");
        assert_eq!(word("$LOCAL", "a b;`rm -rf /`'\"").unwrap(), "a b;`rm -rf /`'\"");
    }

    #[test]
    fn an_address_that_looks_like_an_option_is_no_word_of_its_own() {
        assert_eq!(word("$USER", "-oQ/tmp"), Err(Unfit::Hyphen));
        assert_eq!(word("$EXTENSION", "alice+-d"), Err(Unfit::Hyphen));
        assert_eq!(word("user=$USER", "-x").unwrap(), "user=-x");
    }

    #[test]
    fn no_address_leads_out_of_its_folder() {
        assert_eq!(path("/srv/$DOMAIN/$USER", "Alice+x").unwrap(), "/srv/alpha.test/alice");
        for bad in ["..", ".", ".ssh", "../bob", "a/../../b", "/etc", "a\\b", "a/b"] {
            assert_eq!(path("/srv/$DOMAIN/$LOCAL", bad), Err(Unfit::Folder), "{bad}");
        }
        assert_eq!(path("/srv/$EXTENSION/x", "alice"), Err(Unfit::Folder), "nothing is no folder");
        assert_eq!(path("/srv/.$USER", "."), Err(Unfit::Folder));
    }

    #[test]
    fn beside_a_slash_a_name_is_one_part_of_a_path_for_programs_too() {
        assert_eq!(word("/srv/$USER/rc", "alice").unwrap(), "/srv/alice/rc");
        for bad in ["../eve", "a/b", ".."] {
            assert_eq!(word("/srv/$LOCAL/rc", bad), Err(Unfit::Folder), "{bad}");
            assert_eq!(word("$LOCAL/rc", bad), Err(Unfit::Folder), "{bad}");
            assert_eq!(word("$LOCAL", bad).unwrap(), bad);
        }
    }

    #[test]
    fn what_cannot_be_filled_in_is_said_when_the_configuration_is_read() {
        assert_eq!(Template::of_a_word("$HOME"), Err(TemplateError::Unknown("HOME".into())));
        assert_eq!(Template::of_a_word("$"), Err(TemplateError::Unknown(String::new())));
        let shell = "procmail -d $USER";
        assert_eq!(Template::of_a_word(shell), Err(TemplateError::InText(shell.into())));
        assert!(Template::of_a_word("procmail -d \"$$USER\"").is_ok());
        for bad in ["", "a b", "$DOMAIN", "x$USER", "-u"] {
            assert_eq!(Template::of_a_user(bad), Err(TemplateError::User(bad.into())), "{bad}");
        }
    }

    #[test]
    fn a_template_is_shown_as_it_was_written() {
        for text in ["${USER}x/$DOMAIN", "$$USER", "plain", "$LOCAL"] {
            assert_eq!(Template::of_a_path(text).unwrap().to_string(), text);
        }
    }
}
