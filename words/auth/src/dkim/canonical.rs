//! The canonical form of a field (RFC 6376 §3.4.1, §3.4.2): both sides hash the same octets although the letter was
//! folded or spaced anew on its way.

/// The changes that a part of the letter may have suffered on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Form {
    /// Not at all.
    #[default]
    Simple,
    /// White space and the case of names.
    Relaxed,
}

impl Form {
    /// Finds the form that this name stands for.
    pub fn named(name: &[u8]) -> Option<Self> {
        if name.eq_ignore_ascii_case(b"simple") {
            return Some(Self::Simple);
        }
        name.eq_ignore_ascii_case(b"relaxed").then_some(Self::Relaxed)
    }

    /// Writes a field, whose name and value are as they stand in the letter, in this form and without a line end.
    pub fn write_field(self, name: &[u8], value: &[u8], to: &mut Vec<u8>) {
        match self {
            Self::Simple => {
                to.extend_from_slice(name);
                to.push(b':');
                to.extend_from_slice(value);
            }
            Self::Relaxed => {
                to.extend(name.trim_ascii_end().iter().map(u8::to_ascii_lowercase));
                to.push(b':');
                relax(value, to);
            }
        }
    }
}

/// Unfolds a value, makes one space of each run of white space, and leaves none at its ends. A line end that is no fold,
/// and so cannot be there in a letter, is kept as it is.
fn relax(value: &[u8], to: &mut Vec<u8>) {
    let start = to.len();
    let mut space = false;
    let mut rest = value;
    while let Some((octet, after)) = rest.split_first() {
        let fold = rest.starts_with(b"\r\n") && matches!(rest.get(2), Some(b' ' | b'\t') | None);
        rest = if fold { &rest[2..] } else { after };
        if fold {
            continue;
        }
        if matches!(octet, b' ' | b'\t') {
            space = true;
            continue;
        }
        if std::mem::take(&mut space) && to.len() > start {
            to.push(b' ');
        }
        to.push(*octet);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(form: Form, name: &str, value: &str) -> String {
        let mut to = b"before".to_vec();
        form.write_field(name.as_bytes(), value.as_bytes(), &mut to);
        String::from_utf8(to).unwrap().strip_prefix("before").unwrap().to_owned()
    }

    #[test]
    fn the_example_of_the_standard_is_written_as_it_stands_there() {
        // RFC 6376 §3.4.5.
        assert_eq!(written(Form::Relaxed, "A", " X"), "a:X");
        assert_eq!(written(Form::Relaxed, "B ", " Y\t\r\n\tZ  "), "b:Y Z");
        assert_eq!(written(Form::Simple, "B ", " Y\t\r\n\tZ  "), "B : Y\t\r\n\tZ  ");
    }

    #[test]
    fn only_folds_spaces_and_tabs_are_changed() {
        assert_eq!(written(Form::Relaxed, "Subject", " \r\n \t"), "subject:");
        assert_eq!(written(Form::Relaxed, "Subject", "a\r b\n c\x0bd\u{a0} é"), "subject:a\r b\n c\x0bd\u{a0} é");
        assert_eq!(written(Form::Relaxed, "SUBJECT", "A  B\r\n\r\n C"), "subject:A B\r\n C");
    }
}
