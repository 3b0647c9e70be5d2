//! Finds the charset that a label means: the registries' names, the Encoding Standard's, and the variants that mailers
//! make of both.

use encoding_rs::Encoding;

/// The way that the octets of a charset are read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Charset {
    /// A charset of the Encoding Standard.
    Known(&'static Encoding),
    /// A charset with 128 characters beside ASCII, as DOS had them.
    Page(u16),
    /// RFC 2152
    Utf7,
    /// Two octets for a character, in an unknown order.
    Utf16,
    /// Four octets for a character, big-endian unless a mark or the label says otherwise.
    Utf32 { little: bool },
    /// GB 2312 in seven bits (RFC 1843).
    Hz,
    /// Two octets of seven bits between SO and SI (RFC 1557, RFC 1922), in this charset once the eighth bit is added.
    Shifted(&'static Encoding),
    /// The label says nothing: US-ASCII, or a name for an unknown charset.
    Untold,
}

impl Charset {
    /// Returns true if the meaning of an octet depends on those before it, so that reading must start at the beginning.
    pub(super) fn has_states(self) -> bool {
        match self {
            Self::Known(encoding) => encoding == encoding_rs::ISO_2022_JP,
            Self::Utf7 | Self::Utf16 | Self::Utf32 { .. } | Self::Hz | Self::Shifted(_) => true,
            Self::Page(_) | Self::Untold => false,
        }
    }
}

/// The longest label that is read, in octets.
const LONGEST: usize = 64;

/// Names for US-ASCII, and for an unknown charset. The octets beyond ASCII in such a text must be guessed.
const UNTOLD: &[&str] = &[
    "",
    "646",
    "ansi",
    "ansix341968",
    "ansix341986",
    "ascii",
    "asciius",
    "cp367",
    "csascii",
    "csunknown8bit",
    "cp20127",
    "ibm367",
    "iso646irv1991",
    "iso646us",
    "isoir6",
    "unknown8bit",
    "us",
    "usascii",
];

/// The beginnings of labels, with letters and digits only. The first match counts.
const BEGINNINGS: &[(&str, Charset)] = &[
    ("utf8", UTF_8),
    ("xutf8", UTF_8),
    ("csutf8", UTF_8),
    ("unicode11utf8", UTF_8),
    ("unicode20utf8", UTF_8),
    ("utf7", Charset::Utf7),
    ("xutf7", Charset::Utf7),
    ("csutf7", Charset::Utf7),
    ("unicode11utf7", Charset::Utf7),
    ("xunicode20utf7", Charset::Utf7),
    ("unicode20utf7", Charset::Utf7),
    ("utf16be", Charset::Known(encoding_rs::UTF_16BE)),
    ("utf16le", Charset::Known(encoding_rs::UTF_16LE)),
    ("utf16", Charset::Utf16),
    ("csutf16", Charset::Utf16),
    ("ucs2", Charset::Utf16),
    ("iso10646ucs2", Charset::Utf16),
    ("utf32le", Charset::Utf32 { little: true }),
    ("utf32", Charset::Utf32 { little: false }),
    ("ucs4", Charset::Utf32 { little: false }),
    ("iso10646ucs4", Charset::Utf32 { little: false }),
    ("iso2022jp", Charset::Known(encoding_rs::ISO_2022_JP)),
    ("csiso2022jp", Charset::Known(encoding_rs::ISO_2022_JP)),
    ("xiso2022jp", Charset::Known(encoding_rs::ISO_2022_JP)),
    ("jis7", Charset::Known(encoding_rs::ISO_2022_JP)),
    ("hz", Charset::Hz),
    ("cshz", Charset::Hz),
    ("iso2022kr", Charset::Shifted(encoding_rs::EUC_KR)),
    ("csiso2022kr", Charset::Shifted(encoding_rs::EUC_KR)),
    ("iso2022cn", Charset::Shifted(encoding_rs::GBK)),
    ("csiso2022cn", Charset::Shifted(encoding_rs::GBK)),
    ("shiftjis", SHIFT_JIS),
    ("xsjis", SHIFT_JIS),
    ("sjis", SHIFT_JIS),
    ("mskanji", SHIFT_JIS),
    ("windows31j", SHIFT_JIS),
    ("eucjp", EUC_JP),
    ("xeucjp", EUC_JP),
    ("ujis", EUC_JP),
    ("ksc5601", EUC_KR),
    ("uhc", EUC_KR),
    ("big5", Charset::Known(encoding_rs::BIG5)),
    ("gb18030", GB18030),
    ("gb2312", GB18030),
];

/// Further labels, whole.
const WHOLE: &[(&str, &str)] = &[
    ("eucjis2004", "euc-jp"),
    ("euccn", "gbk"),
    ("xeuccn", "gbk"),
    ("xgbk", "gbk"),
    ("cngb", "gbk"),
    ("xeuckr", "euc-kr"),
    ("xbig5", "big5"),
    ("cnbig5", "big5"),
    ("xwindows31j", "shift_jis"),
    ("xmscp932", "shift_jis"),
    ("latin7", "iso-8859-13"),
    ("latin8", "iso-8859-14"),
    ("latin9", "iso-8859-15"),
    ("latin0", "iso-8859-15"),
    ("latin10", "iso-8859-16"),
    ("koi8", "koi8-r"),
    ("koi8ru", "koi8-u"),
    ("koi8rfc", "koi8-u"),
    ("koi8unified", "koi8-u"),
    ("macroman", "macintosh"),
    ("applemacroman", "macintosh"),
    ("maccyrillic", "x-mac-cyrillic"),
    ("macukrainian", "x-mac-cyrillic"),
    ("tis620", "windows-874"),
];

const UTF_8: Charset = Charset::Known(encoding_rs::UTF_8);
const SHIFT_JIS: Charset = Charset::Known(encoding_rs::SHIFT_JIS);
const EUC_JP: Charset = Charset::Known(encoding_rs::EUC_JP);
const EUC_KR: Charset = Charset::Known(encoding_rs::EUC_KR);
const GB18030: Charset = Charset::Known(encoding_rs::GB18030);

/// Returns the charset of a label; `None` if nobody knows it.
pub(super) fn charset(label: &[u8]) -> Option<Charset> {
    let label = label.get(..label.len().min(LONGEST))?;
    // RFC 2231 §5 lets a language follow.
    let label = label.split(|octet| *octet == b'*').next().unwrap_or_default();
    let key: String = label
        .iter()
        .filter(|octet| octet.is_ascii_alphanumeric())
        .map(|octet| char::from(octet.to_ascii_lowercase()))
        .collect();
    if UNTOLD.contains(&key.as_str()) {
        return Some(Charset::Untold);
    }
    if let Some((_, charset)) = BEGINNINGS.iter().find(|(beginning, _)| key.starts_with(beginning)) {
        return Some(*charset);
    }
    let quoted = |octet: &u8| b"\"' \t".contains(octet);
    let start = label.iter().position(|octet| !quoted(octet))?;
    let end = label.iter().rposition(|octet| !quoted(octet))?;
    if let Some(encoding) = label.get(start..=end).and_then(standard) {
        return Some(Charset::Known(encoding));
    }
    let whole = WHOLE.iter().find(|(name, _)| *name == key).and_then(|(_, name)| standard(name.as_bytes()));
    whole.map(Charset::Known).or_else(|| iso_8859(&key)).or_else(|| numbered(&key))
}

/// Returns a charset of the Encoding Standard, except those that stand for nothing readable.
fn standard(label: &[u8]) -> Option<&'static Encoding> {
    let encoding = Encoding::for_label(label)?;
    let stands_for_nothing = [encoding_rs::REPLACEMENT, encoding_rs::X_USER_DEFINED].contains(&encoding);
    (!stands_for_nothing).then_some(encoding)
}

/// Reads labels such as `iso8859-15`, `8859_1`, `iso-8859-1-windows-3.1-latin-1` and `ISO8859-2:1999`.
fn iso_8859(key: &str) -> Option<Charset> {
    let key = key.strip_prefix('x').unwrap_or(key);
    let key = key.strip_prefix("iso").unwrap_or(key).strip_prefix("8859")?;
    let digits = &key[..key.bytes().take_while(u8::is_ascii_digit).count()];
    // A year may follow.
    let part = if digits.len() > 4 { &digits[..digits.len() - 4] } else { digits };
    standard(format!("iso-8859-{part}").as_bytes()).map(Charset::Known)
}

/// Reads labels that end in the number of a code page, such as `cp949`, `windows1251` and `ibm-437`, but not `x-mac…`.
fn numbered(key: &str) -> Option<Charset> {
    let digits = key.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let prefix = &key[..key.len() - digits.len()];
    let known = [
        "",
        "cp",
        "xcp",
        "ibm",
        "xibm",
        "csibm",
        "windows",
        "xwindows",
        "cswindows",
        "win",
        "ms",
        "xms",
        "mscp",
        "dos",
        "ansi",
        "pc",
        "oem",
        "codepage",
    ];
    if !known.contains(&prefix) {
        return None;
    }
    page(digits.parse().ok()?)
}

fn page(number: u16) -> Option<Charset> {
    if oem_cp::code_table::DECODING_TABLE_CP_MAP.get(&number).is_some() {
        return Some(Charset::Page(number));
    }
    let named = |name: String| standard(name.as_bytes()).map(Charset::Known);
    match number {
        367 | 20127 => Some(Charset::Untold),
        819 => named("iso-8859-1".to_owned()),
        932 | 942 | 943 => Some(SHIFT_JIS),
        936 | 1386 | 54936 | 51936 | 20936 => Some(GB18030),
        949 | 51949 | 970 | 1363 => Some(EUC_KR),
        950 | 951 | 1370 => Some(Charset::Known(encoding_rs::BIG5)),
        51932 | 20932 => Some(EUC_JP),
        50220..=50222 => Some(Charset::Known(encoding_rs::ISO_2022_JP)),
        50225 => Some(Charset::Shifted(encoding_rs::EUC_KR)),
        52936 => Some(Charset::Hz),
        1200 => Some(Charset::Known(encoding_rs::UTF_16LE)),
        1201 => Some(Charset::Known(encoding_rs::UTF_16BE)),
        1250..=1258 => named(format!("windows-{number}")),
        10000 => named("macintosh".to_owned()),
        10007 | 10017 => named("x-mac-cyrillic".to_owned()),
        12000 => Some(Charset::Utf32 { little: true }),
        12001 => Some(Charset::Utf32 { little: false }),
        20866 | 878 => named("koi8-r".to_owned()),
        21866 | 1168 => named("koi8-u".to_owned()),
        28591..=28606 => named(format!("iso-8859-{}", number - 28590)),
        38598 => named("iso-8859-8-i".to_owned()),
        65000 => Some(Charset::Utf7),
        65001 => Some(UTF_8),
        _ => None,
    }
}
