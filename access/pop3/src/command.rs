//! Commands (RFC 1939 §5 to §7 and the extensions), from a line and back.

use mail::Password;

/// The commands of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `CAPA` (RFC 2449 §5)
    Capa,
    /// `LANG`, with the wanted range (RFC 6856 §3)
    Lang(Option<String>),
    /// `UTF8` (RFC 6856 §2)
    Utf8,
    /// `STLS` (RFC 2595 §4)
    Stls,
    /// `AUTH` (RFC 5034); without a mechanism it asks for the list of them, as clients of RFC 1734 do.
    Auth(Option<Auth>),
    /// `USER`
    User(String),
    /// `PASS`
    Pass(Password),
    /// `STAT`
    Stat,
    /// `LIST`, of one letter or all
    List(Option<u32>),
    /// `UIDL`, of one letter or all
    Uidl(Option<u32>),
    /// `RETR`
    Retr(u32),
    /// `TOP`
    Top {
        /// The number of the letter.
        letter: u32,
        /// Lines of its body.
        lines: u32,
    },
    /// `DELE`
    Dele(u32),
    /// `NOOP`
    Noop,
    /// `RSET`
    Rset,
    /// `QUIT`
    Quit,
}

/// The arguments of AUTH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth {
    /// `SCRAM-SHA-256`
    pub mechanism: String,
    /// The initial response that came with the command (RFC 5034 §4), in base64, `=` for an empty one.
    pub initial: Option<Password>,
}

/// The reason why a line is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nobody knows this word.
    Unknown,
    /// The word is known; the text shows its syntax.
    Usage(&'static str),
    /// The line is not UTF-8.
    NotText,
}

impl Command {
    /// Reads a line, with or without its end. The word may be in any case, blanks at the end do not matter (Outlook
    /// sends some), but those of a password do.
    pub fn parse(line: &[u8]) -> Result<Self, Fault> {
        let line = std::str::from_utf8(line).map_err(|_| Fault::NotText)?;
        let line = line.strip_suffix("\r\n").or_else(|| line.strip_suffix('\n')).unwrap_or(line);
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if word.eq_ignore_ascii_case("PASS") {
            let password = Some(rest).filter(|rest| !rest.is_empty()).ok_or(Fault::Usage("PASS password"))?;
            return Ok(Self::Pass(Password::new(password.to_owned())));
        }
        let words: Vec<&str> = rest.split_ascii_whitespace().take(3).collect();
        match (word.to_ascii_uppercase().as_str(), words.as_slice()) {
            ("CAPA", []) => Ok(Self::Capa),
            ("CAPA", _) => Err(Fault::Usage("CAPA")),
            ("LANG", []) => Ok(Self::Lang(None)),
            ("LANG", [range]) => Ok(Self::Lang(Some((*range).to_owned()))),
            ("LANG", _) => Err(Fault::Usage("LANG [fr]")),
            ("UTF8", []) => Ok(Self::Utf8),
            ("UTF8", _) => Err(Fault::Usage("UTF8")),
            ("STLS", []) => Ok(Self::Stls),
            ("STLS", _) => Err(Fault::Usage("STLS")),
            ("AUTH", []) => Ok(Self::Auth(None)),
            ("AUTH", [mechanism]) => Ok(auth(mechanism, None)),
            ("AUTH", [mechanism, initial]) => Ok(auth(mechanism, Some(initial))),
            ("AUTH", _) => Err(Fault::Usage("AUTH [mechanism [initial-response]]")),
            ("USER", []) => Err(Fault::Usage("USER name")),
            ("USER", _) => Ok(Self::User(rest.trim_ascii().to_owned())),
            ("STAT", []) => Ok(Self::Stat),
            ("STAT", _) => Err(Fault::Usage("STAT")),
            ("LIST", []) => Ok(Self::List(None)),
            ("LIST", [letter]) => number(letter, "LIST [number]").map(|letter| Self::List(Some(letter))),
            ("LIST", _) => Err(Fault::Usage("LIST [number]")),
            ("UIDL", []) => Ok(Self::Uidl(None)),
            ("UIDL", [letter]) => number(letter, "UIDL [number]").map(|letter| Self::Uidl(Some(letter))),
            ("UIDL", _) => Err(Fault::Usage("UIDL [number]")),
            ("RETR", [letter]) => number(letter, "RETR number").map(Self::Retr),
            ("RETR", _) => Err(Fault::Usage("RETR number")),
            ("TOP", [letter, lines]) => {
                let usage = "TOP number lines";
                Ok(Self::Top { letter: number(letter, usage)?, lines: number(lines, usage)? })
            }
            ("TOP", _) => Err(Fault::Usage("TOP number lines")),
            ("DELE", [letter]) => number(letter, "DELE number").map(Self::Dele),
            ("DELE", _) => Err(Fault::Usage("DELE number")),
            ("NOOP", _) => Ok(Self::Noop),
            ("RSET", []) => Ok(Self::Rset),
            ("RSET", _) => Err(Fault::Usage("RSET")),
            ("QUIT", _) => Ok(Self::Quit),
            _ => Err(Fault::Unknown),
        }
    }

    /// Writes the line, without its end.
    pub fn line(&self) -> String {
        let one = |word: &str, letter: &Option<u32>| match letter {
            Some(letter) => format!("{word} {letter}"),
            None => word.to_owned(),
        };
        match self {
            Self::Capa => "CAPA".to_owned(),
            Self::Lang(None) => "LANG".to_owned(),
            Self::Lang(Some(range)) => format!("LANG {range}"),
            Self::Utf8 => "UTF8".to_owned(),
            Self::Stls => "STLS".to_owned(),
            Self::Auth(None) => "AUTH".to_owned(),
            Self::Auth(Some(Auth { mechanism, initial: None })) => format!("AUTH {mechanism}"),
            Self::Auth(Some(Auth { mechanism, initial: Some(initial) })) => {
                format!("AUTH {mechanism} {}", initial.reveal())
            }
            Self::User(name) => format!("USER {name}"),
            Self::Pass(password) => format!("PASS {}", password.reveal()),
            Self::Stat => "STAT".to_owned(),
            Self::List(letter) => one("LIST", letter),
            Self::Uidl(letter) => one("UIDL", letter),
            Self::Retr(letter) => format!("RETR {letter}"),
            Self::Top { letter, lines } => format!("TOP {letter} {lines}"),
            Self::Dele(letter) => format!("DELE {letter}"),
            Self::Noop => "NOOP".to_owned(),
            Self::Rset => "RSET".to_owned(),
            Self::Quit => "QUIT".to_owned(),
        }
    }
}

fn auth(mechanism: &str, initial: Option<&str>) -> Command {
    let initial = initial.map(|initial| Password::new(initial.to_owned()));
    Command::Auth(Some(Auth { mechanism: mechanism.to_owned(), initial }))
}

/// Reads digits. A number too large for any letter is as good as the largest.
fn number(text: &str, usage: &'static str) -> Result<u32, Fault> {
    if !text.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Fault::Usage(usage));
    }
    Ok(text.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commands_are_read_in_any_case_and_with_blanks_at_the_end() {
        assert_eq!(Command::parse(b"retr 3 \r\n"), Ok(Command::Retr(3)));
        assert_eq!(Command::parse(b"Top 1 0\n"), Ok(Command::Top { letter: 1, lines: 0 }));
        assert_eq!(Command::parse(b"LIST"), Ok(Command::List(None)));
        assert_eq!(Command::parse(b"USER alice@alpha.test \r\n"), Ok(Command::User("alice@alpha.test".into())));
    }

    #[test]
    fn a_password_keeps_its_blanks() {
        assert_eq!(Command::parse(b"pass  le  mot \r\n"), Ok(Command::Pass(Password::new(" le  mot ".into()))));
        assert_eq!(Command::parse(b"PASS \r\n"), Err(Fault::Usage("PASS password")));
    }

    #[test]
    fn what_is_no_command_is_told_apart() {
        assert_eq!(Command::parse(b"APOP mrose c4c9334bac560ecc979e58001b3e22fb"), Err(Fault::Unknown));
        assert_eq!(Command::parse(b""), Err(Fault::Unknown));
        assert_eq!(Command::parse(b"RETR +1"), Err(Fault::Usage("RETR number")));
        assert_eq!(Command::parse(b"RETR 1 2"), Err(Fault::Usage("RETR number")));
        assert_eq!(Command::parse(b"USER \xff"), Err(Fault::NotText));
        assert_eq!(Command::parse(b"DELE 99999999999999999999"), Ok(Command::Dele(u32::MAX)));
    }

    proptest! {
        #[test]
        fn every_command_that_is_understood_goes_round(line in "(?i)(CAPA|LANG|UTF8|STLS|AUTH|USER|PASS|STAT|LIST|UIDL|RETR|TOP|DELE|NOOP|RSET|QUIT)( [a-zé=*0-9 ]{0,12}){0,3}\r?\n?") {
            if let Ok(command) = Command::parse(line.as_bytes()) {
                prop_assert_eq!(Command::parse(command.line().as_bytes()), Ok(command));
            }
        }
    }
}
