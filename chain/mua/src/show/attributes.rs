//! Counts the attributes of tags. The parser compares each new one with all before it, so a tag of a hundred thousand
//! keeps it busy for a minute, and no token tells of it before the tag ends.

/// The most attributes of one tag. (Letters that people send have some ten.)
const MOST: u32 = 2_000;

/// The places of an octet in a tag (HTML §13.2.5.8, §13.2.5.32 to §13.2.5.40).
#[derive(Clone, Copy, PartialEq, Eq)]
enum TagState {
    TagName,
    BeforeName,
    Name,
    BeforeValue,
    DoubleQuoted,
    SingleQuoted,
    Unquoted,
}

const PLACES: [TagState; 7] = [
    TagState::TagName,
    TagState::BeforeName,
    TagState::Name,
    TagState::BeforeValue,
    TagState::DoubleQuoted,
    TagState::SingleQuoted,
    TagState::Unquoted,
];

/// Returns true if any tag has too many attributes. Comments, styles and scripts are read as if they were tags, too: a
/// hostile letter lies about where those begin and end. So all readings of the letter are followed together, and of
/// those in the same place the one with the most attributes.
pub fn too_many(source: &str) -> bool {
    let mut most: [Option<u32>; PLACES.len()] = [None; PLACES.len()];
    let mut after_bracket = false;
    for octet in source.bytes() {
        let mut next = [None; PLACES.len()];
        for (place, count) in PLACES.into_iter().zip(most) {
            let Some(count) = count else { continue };
            let Some((place, begun)) = step(place, octet) else { continue };
            let count = count + u32::from(begun);
            if count > MOST {
                return true;
            }
            let slot = &mut next[place as usize];
            *slot = (*slot).max(Some(count));
        }
        if after_bracket && octet.is_ascii_alphabetic() {
            let slot = &mut next[TagState::TagName as usize];
            *slot = (*slot).max(Some(0));
        }
        after_bracket = octet == b'<';
        most = next;
    }
    false
}

/// Returns the state after the octet, and whether an attribute begins with it; `None`: the tag is over.
fn step(place: TagState, octet: u8) -> Option<(TagState, bool)> {
    let blank = matches!(octet, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c');
    Some(match (place, octet) {
        (TagState::DoubleQuoted, b'"') | (TagState::SingleQuoted, b'\'') => (TagState::BeforeName, false),
        (TagState::DoubleQuoted | TagState::SingleQuoted, _) => (place, false),
        (_, b'>') => return None,
        (TagState::BeforeValue, b'"') => (TagState::DoubleQuoted, false),
        (TagState::BeforeValue, b'\'') => (TagState::SingleQuoted, false),
        (TagState::BeforeValue, _) if blank => (place, false),
        (TagState::BeforeValue, _) => (TagState::Unquoted, false),
        (TagState::Unquoted, _) if !blank => (place, false),
        (TagState::Name, b'=') => (TagState::BeforeValue, false),
        // `a =b` is one attribute: the sign may come after blanks. Then this reading counts one too many.
        (TagState::BeforeName, b'=') => (TagState::BeforeValue, false),
        (TagState::TagName | TagState::Name, b'/') | (TagState::BeforeName, b'/') => (TagState::BeforeName, false),
        _ if blank => (TagState::BeforeName, false),
        (TagState::TagName | TagState::Name, _) => (place, false),
        (_, _) => (TagState::Name, true),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn many(one: &str, around: (&str, &str)) -> String {
        let attributes: String = (0..MOST + 10).map(|n| one.replace('N', &n.to_string())).collect();
        format!("{}{attributes}{}", around.0, around.1)
    }

    #[test]
    fn a_tag_with_too_many_attributes_is_seen_however_it_is_written() {
        for one in [" aN", "/aN", " aN=b", " aN = b", "\taN='>'", " aN=\"<p>\"", " aN=x/y"] {
            assert!(too_many(&many(one, ("<p", ">"))), "{one}");
        }
        // A comment, a style or a script, as a parser takes it, is no place to hide.
        for before in ["<!-- <a x=\" -->", "<style><a x=' </style>", "<script><a \" ", "<a title='<b x=\"'>"] {
            assert!(too_many(&format!("{before}{}", many(" aN", ("<p", ">")))), "{before}");
        }
    }

    #[test]
    fn letters_as_people_send_them_pass() {
        let row = "<tr style=\"color: red; font: 12px a, b, c\" class='x y z'><td width=1 nowrap>it's \"said\" = so</td></tr>\n";
        let picture =
            format!("<img src=\"data:image/png;base64,{}\" alt='a > b'>", "ab/c=d e\r\n".repeat(MOST as usize * 4));
        let comment =
            format!("<!--[if mso]>{}<![endif]-->", "<xml some words =\"of\" it></xml> more words ".repeat(5_000));
        let text = "1 <2 and a<b are words in < and > ".repeat(5_000);
        assert!(!too_many(&format!("{}{picture}{comment}{text}", row.repeat(5_000))));
    }
}
