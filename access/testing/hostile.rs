//! Letters that anybody may send and that cost a careless reader seconds or gigabytes: one for each shape, of about the
//! requested size. Tests of other rooms take this file in with `#[path]`.

/// A letter of one shape.
pub struct Hostile {
    /// The construction of the letter.
    pub shape: &'static str,
    /// The whole letter.
    pub octets: Vec<u8>,
}

const HEAD: &str = "From: Marcel <marcel@beta.test>\r\nTo: alice@alpha.test\r\nMessage-ID: <odd@beta.test>\r\n";

/// Returns an ordinary letter of this size, to compare with.
pub fn plain(size: usize) -> Vec<u8> {
    let line = "The quick brown fox jumps over the lazy dog, and the post is late today.\r\n";
    format!("{HEAD}Subject: plain\r\n\r\n{}", line.repeat(size / line.len() + 1)).into_bytes()
}

/// Returns one letter of each shape, of about `size` octets each.
pub fn letters(size: usize) -> Vec<Hostile> {
    let mut letters = Vec::new();
    let mut add = |shape: &'static str, octets: Vec<u8>| letters.push(Hostile { shape, octets });
    for (shape, field, item) in FIELDS {
        add(shape, field_of(field, item, size));
    }
    for (shape, head, item) in BODIES {
        add(shape, format!("{HEAD}{head}\r\n\r\n{}", item.repeat(size / item.len())).into_bytes());
    }
    add("many fields", header_of("X-Note: y\r\n", size));
    add("many fields of one name that is looked at", header_of("Subject: y\r\n", size));
    add("many lines without a colon", header_of("what is this\r\n", size));
    add("many fields of the content", header_of("Content-Description: y\r\n", size));
    add("no empty line", format!("{HEAD}Subject: {}", "y".repeat(size)).into_bytes());
    add("parts in parts", parts_in_parts(size));
    add("parts in parts, each with the whole text", deep_with_text(size));
    add("letters in letters", letters_in_letters(size));
    add("very many parts", many_parts("\r\ny\r\n", size));
    add("very many parts with names", many_parts(NAMED, size));
    add("very many parts in base64", many_parts("Content-Transfer-Encoding: base64\r\n\r\neQ==\r\n", size));
    add("very many pages", many_parts("Content-Type: text/html\r\n\r\n<b>y\r\n", size));
    add("a boundary that nearly comes", near_boundaries(size));
    add("numbered parameters, the last first", numbered_backwards(size));
    add("a report with very many recipients", report(size));
    letters
}

const NAMED: &str = "Content-Type: application/x-y; name*0=a; name*1=b; name*2=c\r\n\
    Content-Disposition: attachment; filename*=utf-8''%C3%A9t%C3%A9\r\n\r\ny\r\n";

/// Shape, field, and the text that fills its value.
const FIELDS: [(&str, &str, &str); 26] = [
    ("references", "References", "<one@beta.test>"),
    ("references without blanks", "References", "<y><y><y><y><y><y><y><y>"),
    ("references that do not end", "References", "<"),
    ("references in comments", "References", "(<y>"),
    ("answers without blanks", "In-Reply-To", "<y><y><y><y><y><y><y><y>"),
    ("ways to unsubscribe", "List-Unsubscribe", "<y>,<y>,<y>,<y>,<y>,<y>,"),
    ("a name of a list", "List-Id", "<y> "),
    ("many people", "Cc", "marcel@beta.test,"),
    ("many groups", "Cc", "friends:marcel@beta.test;,"),
    ("groups of nobody", "Cc", "y:"),
    ("open comments", "Cc", "("),
    ("closed comments", "Cc", "()"),
    ("open quotes", "From", "\"y\\"),
    ("open brackets", "Cc", "["),
    ("routes", "Cc", "<@"),
    ("commas", "Reply-To", ","),
    ("encoded names", "Cc", "=?utf-8?q?y?= <y@y>, "),
    ("encoded words", "Subject", "=?utf-8?q?=C3=A9?="),
    ("encoded words without blanks", "Subject", "=?utf-8?b?w6k=?==?iso-8859-1?q?=E9?="),
    ("encoded words that do not end", "Subject", "=?utf-8?q?"),
    ("marks above a letter", "Subject", "\u{301}\u{316}"),
    ("zeros", "Subject", "\0"),
    ("a date in comments", "Date", "(y) "),
    ("a long date", "Date", "1 "),
    ("parameters in pieces", "Content-Type", "text/plain; y*0*=utf-8''%20;"),
    ("a type that does not end", "Content-Type", "text/plain; y=\"\\"),
];

/// Shape, last field of the header, and the text that fills the body.
const BODIES: [(&str, &str, &str); 26] = [
    ("one line", "Subject: y", "word "),
    ("empty lines", "Subject: y", "\r\n"),
    ("cited lines", "Subject: y", ">\r\n"),
    ("bare line ends", "Subject: y", "y\ny\r"),
    ("dots", "Subject: y", ".\r\n"),
    ("uuencode", "Subject: y", "begin 644 y\r\nMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM\r\n"),
    ("files without end", "Subject: y", "begin 644 y\r\n"),
    ("very many files", "Subject: y", "begin 644 y\r\n#86)C\r\n`\r\nend\r\nword\r\n"),
    ("yEnc without end", "Subject: y", "=ybegin line=1 size=1 name=y\r\n=y\r\n"),
    ("yEnc", "Content-Type: text/plain; charset=y", "=ybegin line=1 size=1 name=y\r\ny\r\n=yend size=1\r\n"),
    ("a page of opened tags", "Content-Type: text/html", "<"),
    ("a page of tags", "Content-Type: text/html", "<i>"),
    ("a page of comments", "Content-Type: text/html", "<!--"),
    ("a page of open values", "Content-Type: text/html", "<a y='"),
    ("a page of entities", "Content-Type: text/html", "&#"),
    ("a page of long entities", "Content-Type: text/html", "&amp"),
    ("a page of styles", "Content-Type: text/html", "<style>"),
    ("a page of tables", "Content-Type: text/html", "<table>"),
    ("a page of closed tags", "Content-Type: text/html", "</i>"),
    ("utf-7", "Content-Type: text/plain; charset=utf-7", "+AGEA"),
    ("iso-2022-jp", "Content-Type: text/plain; charset=iso-2022-jp", "\u{1b}$B"),
    ("utf-16", "Content-Type: text/plain; charset=utf-16le", "\0\0"),
    ("an unknown charset", "Content-Type: text/plain; charset=y", "\u{e9}"),
    ("padding", "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64", "="),
    ("soft line ends", "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable", "=\r\n"),
    ("blanks to be taken away", "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable", " "),
];

/// Returns the field folded into lines that SMTP takes.
fn field_of(name: &str, item: &str, size: usize) -> Vec<u8> {
    let line = item.repeat(900 / item.len());
    let lines = vec![line; size / 900 + 1].join("\r\n ");
    format!("{HEAD}{name}: {lines}\r\nX-Last: y\r\n\r\nHello\r\n").into_bytes()
}

fn header_of(field: &str, size: usize) -> Vec<u8> {
    format!("{HEAD}{}\r\nHello\r\n", field.repeat(size / field.len())).into_bytes()
}

fn parts_in_parts(size: usize) -> Vec<u8> {
    let mut letter = format!("{HEAD}MIME-Version: 1.0\r\n");
    for level in 0..size / 64 {
        letter.push_str(&format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n"));
    }
    letter.push_str("Content-Type: text/plain\r\n\r\nHello\r\n");
    letter.into_bytes()
}

fn deep_with_text(size: usize) -> Vec<u8> {
    let mut letter = format!("{HEAD}MIME-Version: 1.0\r\n");
    for level in 0..40 {
        letter.push_str(&format!("Content-Type: multipart/alternative; boundary=b{level}\r\n\r\n--b{level}\r\n"));
    }
    letter.push_str("Content-Type: text/plain\r\n\r\n");
    letter.push_str(&"--b\r\n--b1x\r\n".repeat(size / 12));
    letter.into_bytes()
}

fn letters_in_letters(size: usize) -> Vec<u8> {
    let inner = "Content-Type: message/rfc822\r\n\r\nSubject: inside\r\n";
    format!("{HEAD}{}\r\nHello\r\n", inner.repeat(size / inner.len())).into_bytes()
}

fn many_parts(part: &str, size: usize) -> Vec<u8> {
    let part = format!("--q\r\n{part}");
    let parts = part.repeat(size / part.len());
    format!("{HEAD}Content-Type: multipart/mixed; boundary=q\r\n\r\n{parts}--q--\r\n").into_bytes()
}

fn near_boundaries(size: usize) -> Vec<u8> {
    let boundary = "a".repeat(70);
    let body = format!("--{}\r\n", "a".repeat(200)).repeat(size / 204);
    format!("{HEAD}Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n{body}").into_bytes()
}

fn numbered_backwards(size: usize) -> Vec<u8> {
    let params: Vec<String> = (0..size / 12).rev().map(|number| format!("name*{number}=y;")).collect();
    format!("{HEAD}Content-Type: text/plain; {}\r\n\r\nHello\r\n", params.join("\r\n ")).into_bytes()
}

fn report(size: usize) -> Vec<u8> {
    let recipient = "Final-Recipient: rfc822; bob@beta.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n";
    let recipients = recipient.repeat(size / recipient.len());
    format!(
        "{HEAD}Content-Type: multipart/report; report-type=delivery-status; boundary=q\r\n\r\n\
         --q\r\n\r\nFailed\r\n--q\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; beta.test\r\n\r\n\
         {recipients}--q\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <sent@alpha.test>\r\n--q--\r\n"
    )
    .into_bytes()
}
