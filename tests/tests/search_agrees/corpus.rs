//! Letters in many languages, charsets, encodings and shapes, made with a seed. No text in them is anybody's.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::Encoding;

/// Letters that are made; those of the mailbox's own tests come on top.
const MADE: usize = 480;

/// Numbers that are the same for the same seed.
pub struct Dice(u64);

impl Dice {
    /// Throws of this seed.
    pub fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit.max(1)
    }

    /// One of these.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// True so many times of a hundred.
    pub fn often(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// A language, with the texts that people who write it send.
struct Language {
    /// Between words.
    blank: &'static str,
    words: &'static [&'static str],
    names: &'static [&'static str],
    charsets: &'static [&'static str],
}

const LANGUAGES: &[Language] = &[
    Language {
        blank: " ",
        words: &[
            "meeting",
            "tomorrow",
            "invoice",
            "we'll",
            "harbour",
            "re-entry",
            "quarterly",
            "report",
            "o'clock",
            "the",
            "of",
            "has",
            "bicycle",
            "e-mail",
            "teapot",
            "lighthouse",
            "footbridge",
            "perl",
            "it's",
            "running",
            "ran",
            "naïve",
            "co-operate",
            "42",
            "ABC-2026/117",
            "3.14",
            "alice+lists@example.org",
            "https://shop.example.net/order?id=88&x=y",
        ],
        names: &["Ann Archer", "Bob Perlman", "O'Neill, Dan", "Kim (home)"],
        charsets: &["us-ascii", "utf-8", "iso-8859-1", "windows-1252"],
    },
    Language {
        blank: " ",
        words: &[
            "déjeuner",
            "l'été",
            "œuvres",
            "forêt",
            "aujourd'hui",
            "Françoise",
            "élève",
            "garçon",
            "où",
            "noël",
            "facture",
            "n°17",
            "cœur",
            "bientôt",
            "l’heure",
            "rendez-vous",
            "« oui »",
            "1 250,50 €",
            "ça",
            "naïveté",
            "préféré",
        ],
        names: &["Françoise Lefèvre", "Jérôme Noël", "Œuvres du Nord"],
        charsets: &["utf-8", "iso-8859-15", "windows-1252"],
    },
    Language {
        blank: " ",
        words: &[
            "Straße",
            "Größe",
            "Fußgängerzone",
            "Hasen",
            "Donaudampfschifffahrt",
            "übermorgen",
            "Rechnung",
            "Äpfel",
            "Öl",
            "Mitteilung",
            "Grüße",
            "weiß",
            "Überweisung",
            "Lieferschein",
            "Nr.",
            "4711",
            "zurück",
            "MASSE",
            "Maße",
        ],
        names: &["Jürgen Groß", "Käthe Müller"],
        charsets: &["utf-8", "iso-8859-1"],
    },
    Language {
        blank: " ",
        words: &["mañana", "niño", "¿cuándo?", "corazón", "señor", "¡hola!", "pingüino", "año", "factura", "jamón"],
        names: &["José Nuñez", "Begoña Ibáñez"],
        charsets: &["utf-8", "iso-8859-1"],
    },
    Language {
        blank: " ",
        words: &["Привет", "встреча", "завтра", "ёлка", "отчёт", "письмо", "Москва", "счёт", "объём", "щука", "№5"],
        names: &["Пётр Иванов", "Ольга Щукина"],
        charsets: &["utf-8", "koi8-r", "windows-1251"],
    },
    Language {
        blank: " ",
        words: &["Καλημέρα", "λογαριασμός", "αύριο", "συνάντηση", "φως", "θάλασσα", "ΟΔΟΣ", "οδός"],
        names: &["Ελένη Παπαδοπούλου"],
        charsets: &["utf-8", "iso-8859-7"],
    },
    Language {
        blank: "",
        words: &[
            "会議",
            "お知らせ",
            "請求書",
            "明日",
            "ありがとう",
            "カタカナ",
            "ﾊﾝｶｸ",
            "東京",
            "電話",
            "。",
            "、",
            "１２３",
            "Ａ社",
        ],
        names: &["山田太郎", "鈴木花子"],
        charsets: &["utf-8", "shift_jis", "iso-2022-jp", "euc-jp"],
    },
    Language {
        blank: "",
        words: &["会议", "通知", "发票", "明天", "北京", "谢谢", "，", "。", "中国", "电话", "2026年"],
        names: &["王小明", "李华"],
        charsets: &["utf-8", "gb2312", "gb18030"],
    },
    Language {
        blank: " ",
        words: &["회의", "내일", "청구서", "서울", "감사합니다", "전화", "안녕하세요"],
        names: &["김철수", "이영희"],
        charsets: &["utf-8", "euc-kr"],
    },
];

/// The letters of a seed.
pub fn letters(seed: u64) -> Vec<Vec<u8>> {
    let mut writer = Writer { dice: Dice::of(seed), number: 0 };
    let mut letters: Vec<Vec<u8>> = (0..MADE).map(|_| writer.letter(0)).collect();
    let folder = tests::root().join("house/mailbox/tests/letters");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("letters").map(|file| file.expect("a file").path()).collect();
    files.sort();
    letters.extend(files.into_iter().map(|file| crlf(&std::fs::read(file).expect("a letter"))));
    letters
}

/// Returns the text with the line ends of the wire, and none in it that Dovecot would read otherwise.
fn crlf(text: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = text.split(|octet| *octet == b'\n').collect();
    let bare: Vec<&[u8]> = lines.iter().map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect();
    bare.join(&b"\r\n"[..])
}

/// A text with the charset it is written in.
struct Text {
    text: String,
    charset: &'static str,
    octets: Vec<u8>,
}

impl Text {
    /// The text in the charset, or in UTF-8 if it has no room for it.
    fn of(text: String, charset: &'static str) -> Self {
        let utf8 = |text: String| Self { octets: text.clone().into_bytes(), charset: "utf-8", text };
        if charset == "us-ascii" {
            return if text.is_ascii() {
                Self { charset, octets: text.clone().into_bytes(), text }
            } else {
                utf8(text)
            };
        }
        let encoding = Encoding::for_label(charset.as_bytes()).expect("a charset");
        let (octets, _, unmappable) = encoding.encode(&text);
        if unmappable { utf8(text) } else { Self { octets: octets.into_owned(), charset, text } }
    }

    /// Returns the text as encoded words, or as it is if it is ASCII.
    fn in_header(&self, dice: &mut Dice) -> String {
        if self.text.is_ascii() {
            return self.text.clone();
        }
        let mut words = Vec::new();
        let characters: Vec<char> = self.text.chars().collect();
        for some in characters.chunks(12) {
            let piece = Self::of(some.iter().collect(), self.charset);
            words.push(match dice.often(50) {
                true => format!("=?{}?B?{}?=", piece.charset, STANDARD.encode(&piece.octets)),
                false => {
                    let coded: String = piece.octets.iter().map(|octet| format!("={octet:02X}")).collect();
                    format!("=?{}?Q?{coded}?=", piece.charset)
                }
            });
        }
        words.join("\r\n ")
    }
}

struct Writer {
    dice: Dice,
    number: usize,
}

impl Writer {
    fn language(&mut self) -> &'static Language {
        self.dice.one(LANGUAGES)
    }

    fn sentence(&mut self, language: &Language, words: usize) -> String {
        let mut text = String::new();
        for n in 0..words {
            if n > 0 {
                text.push_str(language.blank);
            }
            let word = *self.dice.one::<&str>(language.words);
            text.push_str(word);
            if self.dice.often(8) {
                let mark = *self.dice.one::<&str>(&[",", ".", "!", "?", ";", "...", " -", ":"]);
                text.push_str(mark);
            }
        }
        text
    }

    fn person(&mut self, language: &Language, charset: &'static str) -> String {
        let name = *self.dice.one(language.names);
        let address = format!(
            "{}.{}@{}",
            self.dice.one(&["ann", "bob", "info", "no-reply", "x_y"]),
            self.dice.below(90),
            self.dice.one(&["alpha.test", "mail.beta.test", "example.org", "sub-domain.gamma.test"])
        );
        let name = match name.is_ascii() {
            true => format!("\"{name}\""),
            false => Text::of(name.to_owned(), charset).in_header(&mut self.dice),
        };
        format!("{name} <{address}>")
    }

    fn letter(&mut self, depth: usize) -> Vec<u8> {
        self.number += 1;
        let language = self.language();
        let charset = *self.dice.one(language.charsets);
        let words = 2 + self.dice.below(7);
        let subject = Text::of(self.sentence(language, words), charset).in_header(&mut self.dice);
        let mut head =
            format!("From: {}\r\nTo: {}\r\n", self.person(language, charset), self.person(language, charset));
        if self.dice.often(40) {
            let _ = write!(head, "Cc: {},\r\n {}\r\n", self.person(language, charset), self.person(language, charset));
        }
        let _ = write!(
            head,
            "Subject: {subject}\r\nMessage-ID: <{}.{}@corpus.test>\r\n",
            self.number,
            self.dice.below(99_999)
        );
        let _ = write!(
            head,
            "Date: Tue, {} Nov 2026 0{}:1{}:00 +0{}00\r\n",
            1 + self.dice.below(28),
            self.dice.below(10),
            self.dice.below(10),
            self.dice.below(4)
        );
        if self.dice.often(30) {
            let _ = write!(head, "X-Mailer: Quill {}.{} (paper)\r\n", self.dice.below(9), self.dice.below(9));
        }
        if self.dice.often(20) {
            let _ = write!(head, "List-Id: The {} <{}.lists.test>\r\n", self.dice.one(&["club", "choir"]), self.number);
        }
        head.push_str("MIME-Version: 1.0\r\n");
        let mut letter = head.into_bytes();
        letter.extend(self.body(language, charset, depth));
        letter
    }

    /// The MIME fields, the empty line and the body.
    fn body(&mut self, language: &Language, charset: &'static str, depth: usize) -> Vec<u8> {
        let lines = 2 + self.dice.below(6);
        let text = self.lines(language, lines);
        let plain = self.part("text/plain", &Text::of(text.clone(), charset), "");
        match self.dice.below(10) {
            0..=3 => plain,
            4 => self.part("text/html", &Text::of(page(&text), charset), ""),
            5 | 6 => {
                let page = Text::of(page(&text), charset);
                let html = self.part("text/html", &page, "");
                self.multipart("alternative", "", &[plain, html])
            }
            7 => {
                let name = self.dice.one(&["rapport.txt", "list of names.txt", "notes-2026.txt"]);
                let lines = self.lines(language, 2);
                let disposition = format!("Content-Disposition: attachment; filename=\"{name}\"\r\n");
                let attached = self.part("text/plain", &Text::of(lines, charset), &disposition);
                self.multipart("mixed", "", &[plain, attached])
            }
            8 if depth < 2 => {
                let inside = [b"Content-Type: message/rfc822\r\n\r\n".to_vec(), self.letter(depth + 1)].concat();
                self.multipart("mixed", "", &[plain, inside])
            }
            _ => self.bounce(depth),
        }
    }

    fn bounce(&mut self, depth: usize) -> Vec<u8> {
        let plain = self.part("text/plain", &Text::of("Your letter was not delivered.\r\n".to_owned(), "us-ascii"), "");
        let who = format!("nobody{}@beta.test", self.dice.below(1000));
        let status = format!(
            "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.beta.test\r\n\r\n\
             Final-Recipient: rfc822; {who}\r\nAction: failed\r\nStatus: 5.1.1\r\n\
             Diagnostic-Code: smtp; 550 5.1.1 <{who}> no such mailbox\r\n"
        );
        let mut parts = vec![plain, status.into_bytes()];
        if depth < 2 {
            parts.push([b"Content-Type: message/rfc822\r\n\r\n".to_vec(), self.letter(depth + 1)].concat());
        }
        self.multipart("report", "; report-type=delivery-status", &parts)
    }

    fn lines(&mut self, language: &Language, lines: usize) -> String {
        let mut text = String::new();
        for _ in 0..lines {
            let words = 3 + self.dice.below(8);
            text.push_str(&self.sentence(language, words));
            text.push_str("\r\n");
        }
        text
    }

    fn part(&mut self, kind: &str, text: &Text, more: &str) -> Vec<u8> {
        let Text { charset, octets, .. } = text;
        let head = |encoding: &str| {
            format!("Content-Type: {kind}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n{more}\r\n")
                .into_bytes()
        };
        // ISO-2022-JP may have octets that a mailer would not send plain at the end of a line, but is 7bit.
        let choice = self.dice.below(3);
        match (choice, octets.is_ascii()) {
            (0, true) => [head("7bit"), octets.clone()].concat(),
            (0, false) => [head("8bit"), octets.clone()].concat(),
            (1, _) => {
                let coded = STANDARD.encode(octets);
                let lines: Vec<&str> =
                    coded.as_bytes().chunks(76).filter_map(|line| std::str::from_utf8(line).ok()).collect();
                [head("base64"), lines.join("\r\n").into_bytes(), b"\r\n".to_vec()].concat()
            }
            _ => [head("quoted-printable"), quoted_printable(octets)].concat(),
        }
    }

    fn multipart(&mut self, kind: &str, more: &str, parts: &[Vec<u8>]) -> Vec<u8> {
        let boundary = format!("=_{}_{}", self.number, self.dice.below(1 << 30));
        let mut out = format!("Content-Type: multipart/{kind}{more};\r\n boundary=\"{boundary}\"\r\n\r\n").into_bytes();
        for part in parts {
            out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
            out.extend_from_slice(part);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        out
    }
}

fn quoted_printable(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in octets.split(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut width = 0;
        for octet in line {
            let coded = match octet {
                b'=' | 0..=31 | 127..=255 => format!("={octet:02X}"),
                octet => char::from(*octet).to_string(),
            };
            if width + coded.len() > 72 {
                out.extend_from_slice(b"=\r\n");
                width = 0;
            }
            width += coded.len();
            out.extend_from_slice(coded.as_bytes());
        }
        if line.last() == Some(&b' ') {
            out.pop();
            out.extend_from_slice(b"=20");
        }
        out.extend_from_slice(b"\r\n");
    }
    out.truncate(out.len() - 2);
    out
}

/// The text as a page, with markup in the middle of lines and of words.
fn page(text: &str) -> String {
    let mut page =
        String::from("<html><head><style>p.main { color: #123456 }</style></head>\r\n<body class=\"letter\">\r\n");
    for (n, line) in text.lines().enumerate() {
        let line = line.replace('&', "&amp;").replace('<', "&lt;");
        let _ = match n % 3 {
            0 => write!(page, "<p class=\"main\">{line}</p>\r\n"),
            1 => write!(page, "<div><b>{}</b> end</div>\r\n", line),
            _ => write!(page, "<a href=\"https://track.example.net/{n}?u=1\">{line}</a><br>\r\n"),
        };
    }
    page.push_str("</body></html>\r\n");
    page
}
