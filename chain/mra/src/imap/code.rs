//! Response codes (RFC 9051 §7.1, RFC 5530, RFC 9208): the words of a server for programs.

/// A code, such as `UIDVALIDITY 7`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The name, in capitals.
    pub name: String,
    /// The text behind the name.
    pub rest: String,
}

impl Code {
    /// Takes the code from the start of a text, and gives the text for people behind it.
    pub fn split(text: &str) -> (Option<Self>, &str) {
        let text = text.trim_start();
        let found = text.strip_prefix('[').and_then(|inner| inner.split_once(']'));
        let Some((code, human)) = found else { return (None, text) };
        let (name, rest) = code.split_once(' ').unwrap_or((code, ""));
        (Some(Self { name: name.to_ascii_uppercase(), rest: rest.to_owned() }), human.trim_start())
    }

    /// Its number, as in `UIDNEXT 9`.
    pub fn number(&self) -> Option<u32> {
        self.rest.trim().parse().ok()
    }

    /// Returns true if the code says that the server wants to be asked less, or later.
    pub fn is_throttling(&self) -> bool {
        matches!(self.name.as_str(), "THROTTLED" | "LIMIT" | "OVERQUOTA")
    }

    /// Returns true if the code says that something behind the server is ill. Before the log-in that is the server;
    /// later it may be the one folder or letter that was asked for.
    pub fn is_illness(&self) -> bool {
        matches!(self.name.as_str(), "UNAVAILABLE" | "INUSE" | "SERVERBUG")
    }

    /// Returns true if the code says that name and password are wrong, or not enough.
    pub fn is_refusal(&self) -> bool {
        matches!(self.name.as_str(), "AUTHENTICATIONFAILED" | "AUTHORIZATIONFAILED" | "EXPIRED" | "WEBALERT")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_stands_before_the_text_for_people() {
        let (code, human) = Code::split("[UIDVALIDITY 3857529045] UIDs valid");
        assert_eq!((code.unwrap().number(), human), (Some(3_857_529_045), "UIDs valid"));
        assert!(Code::split("[throttled] slow down").0.unwrap().is_throttling());
        assert_eq!(Code::split("hello [there]"), (None, "hello [there]"));
        assert_eq!(Code::split("[open"), (None, "[open"));
    }
}
