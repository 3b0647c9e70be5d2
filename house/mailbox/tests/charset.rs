//! Tests of charsets: the meaning of their labels, and the reading of texts without a label.

use encoding_rs::Encoding;
use facteur_mailbox::parse::charset::{Read, read, read_page, read_pieces};

fn text(label: &str, octets: &[u8]) -> String {
    read(Some(label.as_bytes()), octets, true).text.into_owned()
}

fn encoded(encoding: &'static Encoding, text: &str) -> Vec<u8> {
    encoding.encode(text).0.into_owned()
}

#[test]
fn every_name_of_a_charset_means_it() {
    let japanese = "会議のお知らせ";
    let families: [(&'static Encoding, &str, &[&str]); 9] = [
        (
            encoding_rs::SHIFT_JIS,
            japanese,
            &[
                "cp932",
                "CP-932",
                "ms932",
                "windows-932",
                "x-sjis",
                "MS_Kanji",
                "Windows-31J",
                "csWindows31J",
                "x-ms-cp932",
                "cp943",
            ],
        ),
        (encoding_rs::EUC_JP, japanese, &["eucJP", "euc_jp", "x-euc-jp", "eucJP-ms", "eucJP-win", "CP51932", "ujis"]),
        (
            encoding_rs::ISO_2022_JP,
            japanese,
            &[
                "ISO-2022-JP-MS",
                "CP50220",
                "cp50221",
                "CP50222",
                "iso-2022-jp-1",
                "iso-2022-jp-2",
                "ISO-2022-JP-3",
                "csISO2022JP",
            ],
        ),
        (
            encoding_rs::EUC_KR,
            "회의 안내 뷁",
            &[
                "cp949",
                "ms949",
                "windows-949",
                "x-windows-949",
                "UHC",
                "ks_c_5601-1987",
                "KS_C_5601-1989",
                "euckr",
                "korean",
            ],
        ),
        (
            encoding_rs::BIG5,
            "會議通知",
            &["cp950", "ms950", "big5-eten", "big5-hkscs", "x-x-big5", "cn-big5", "Big5-HKSCS:2004"],
        ),
        (
            encoding_rs::GBK,
            "会议通知",
            &["cp936", "gb2312", "GB_2312-80", "x-gbk", "euc-cn", "cp54936", "gb18030", "windows-936"],
        ),
        (
            encoding_rs::WINDOWS_1251,
            "Привет",
            &["cp1251", "cp-1251", "win-1251", "windows1251", "ansi-1251", "1251", "x-cp1251"],
        ),
        (encoding_rs::KOI8_R, "Привет", &["koi8-r", "koi8", "KOI8_R", "cp20866", "cskoi8r", "koi8r"]),
        (
            encoding_rs::ISO_8859_15,
            "10 €",
            &["latin-9", "iso8859-15", "8859-15", "ISO_8859-15:1998", "iso885915", "l9", "cp28605", "'iso-8859-15'"],
        ),
    ];
    for (encoding, said, labels) in families {
        for label in labels {
            assert_eq!(text(label, &encoded(encoding, said)), said, "{label}");
        }
    }
    for label in
        ["utf8", "UTF_8", "utf-8-sig", "utf8mb4", "cp65001", "65001", "unicode-1-1-utf-8", "\"utf-8\"", "utf-8*fr"]
    {
        assert_eq!(text(label, "forêt".as_bytes()), "forêt", "{label}");
    }
}

#[test]
fn the_pages_of_dos_are_known() {
    assert_eq!(text("cp437", b"\x82t\x82 \xe1"), "été ß");
    assert_eq!(text("IBM850", b"\x82t\x82"), "été");
    assert_eq!(text("ibm-852", b"\xa6"), "Ž");
    assert_eq!(text("cp866", b"\x8f\xe0\xa8"), "При");
    assert_eq!(text("csIBM857", b"\x80"), "Ç");
    assert!(!read(Some(b"cp857"), b"\xd5", true).sound);
}

#[test]
fn what_says_nothing_is_guessed() {
    for label in ["ANSI_X3.4-1968", "us-ascii", "ascii", "iso646-us", "iso-ir-6", "cp367", "unknown-8bit", ""] {
        let read = read(Some(label.as_bytes()), "forêt d’été".as_bytes(), true);
        assert_eq!((&*read.text, read.sound), ("forêt d’été", true), "{label}");
    }
    // A label that nobody knows makes the reading unsound.
    for label in ["x-unknown", "default", "y"] {
        let read = read(Some(label.as_bytes()), "forêt".as_bytes(), true);
        assert_eq!((&*read.text, read.sound), ("forêt", false), "{label}");
    }
    let russian = "Привет! Это письмо без указания кодировки, как их много.";
    let japanese = "会議のお知らせです。明日の午後三時から会議室で行います。";
    let chinese = "会议通知：明天下午三点在会议室开会，请大家准时参加。";
    let taiwanese = "會議通知：明天下午三點在會議室開會，請大家準時參加。";
    let korean = "회의 안내: 내일 오후 세 시에 회의실에서 회의가 있습니다.";
    for (encoding, said) in [
        (encoding_rs::KOI8_R, russian),
        (encoding_rs::WINDOWS_1251, russian),
        (encoding_rs::SHIFT_JIS, japanese),
        (encoding_rs::EUC_JP, japanese),
        (encoding_rs::ISO_2022_JP, japanese),
        (encoding_rs::GBK, chinese),
        (encoding_rs::BIG5, taiwanese),
        (encoding_rs::EUC_KR, korean),
        (encoding_rs::WINDOWS_1252, "L’été à la forêt, déjà vu"),
    ] {
        assert_eq!(read(None, &encoded(encoding, said), true).text, said, "{}", encoding.name());
    }
    assert_eq!(read(None, b"\x1b[31mred\x1b[0m", true).text, "\u{1b}[31mred\u{1b}[0m");
}

#[test]
fn a_fault_in_utf8_does_not_make_it_another_charset() {
    let mut octets = "Été, forêt, café, déjà, œuvre, naïve, élève, hôtel".as_bytes().to_vec();
    octets.push(0xff);
    assert!(read(None, &octets, true).text.starts_with("Été, forêt"));
    // A character that was cut is none.
    let torn = &"forêt".as_bytes()[..4];
    assert_eq!(read(None, torn, false), Read { text: "for".into(), sound: true });
    assert_eq!(read(Some(b"utf-8"), torn, false), Read { text: "for".into(), sound: true });
    assert_eq!(read(None, b"\xef\xbb\xbfa", true).text, "a");
}

#[test]
fn a_page_says_its_charset_itself() {
    let said = "Привет, мир";
    for page in [
        "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=windows-1251\"></head>",
        "<META CHARSET='windows-1251'/>",
        "<meta name=x content=y><meta charset = windows-1251 >",
    ] {
        let octets = encoded(encoding_rs::WINDOWS_1251, &format!("{page}{said}"));
        for label in [None, Some(&b"us-ascii"[..])] {
            assert!(read_page(label, &octets, true).text.ends_with(said), "{page}");
        }
    }
    let stale = format!("<meta charset=iso-8859-1>{said}");
    assert!(read_page(None, stale.as_bytes(), true).text.ends_with(said));
    assert!(read_page(Some(b"utf-8"), stale.as_bytes(), true).text.ends_with(said));
    // The reader ignores the charset of a page if letters do not use it, or if it would hide what is said.
    assert_eq!(read_page(None, b"<meta charset=utf-7>+ADw-", true).text, "<meta charset=utf-7>+ADw-");
    assert_eq!(read_page(None, b"<meta charset", true).text, "<meta charset");
}

#[test]
fn shifted_charsets_are_read() {
    for (written, said) in [
        ("+AMk-t+AOk +AOA la for+AOo-t", "Été à la forêt"),
        ("1 +- 1", "1 + 1"),
        ("A+ImIDkQ.", "A≢Α."),
        ("+2D3eAA-!", "😀!"),
        ("+", "+"),
        ("a+-", "a+"),
    ] {
        for label in ["utf-7", "UNICODE-1-1-UTF-7", "cp65000", "x-unicode-2-0-utf-7"] {
            assert_eq!(text(label, written.as_bytes()), said);
        }
    }
    assert!(!read(Some(b"utf-7"), b"+2D3-", true).sound);
    assert_eq!(text("hz-gb-2312", b"~{<:Ky2;~} ~~ ~\nx"), "己所不 ~ x");
    assert_eq!(text("iso-2022-kr", b"\x1b$)C\x0eH8@G\x0f ok"), "회의 ok");
    assert_eq!(text("iso-2022-cn", b"\x1b$)A\x0e;aRi\x0f ok"), "会议 ok");
    assert_eq!(text("utf-16", b"\0h\0i"), "hi");
    assert_eq!(text("utf-16", b"h\0i\0"), "hi");
    assert_eq!(text("utf-16", b"\xff\xfeh\0"), "h");
    assert_eq!(text("utf-32", b"\0\0\0h"), "h");
    assert_eq!(text("utf-32", b"\xff\xfe\0\0h\0\0\0"), "h");
}

#[test]
fn pieces_are_read_as_their_writer_meant_them() {
    let jis = |text: &str| encoded(encoding_rs::ISO_2022_JP, text);
    assert_eq!(
        read_pieces(b"iso-2022-jp", &[jis("会議の日程に"), jis("ついてのご連絡")]),
        "会議の日程についてのご連絡"
    );
    let utf8 = "forêt".as_bytes();
    assert_eq!(read_pieces(b"utf-8", &[utf8[..4].to_vec(), utf8[4..].to_vec()]), "forêt");
    // A mailer that goes on in the second piece where the first one stopped.
    let whole = jis("会議");
    assert_eq!(read_pieces(b"iso-2022-jp", &[whole[..5].to_vec(), whole[5..].to_vec()]), "会議");
}

#[test]
fn no_charset_takes_time_beyond_proportion_to_the_text() {
    let labels = ["", "utf-7", "hz", "iso-2022-kr", "iso-2022-jp", "cp437", "utf-16", "utf-32", "y", "gb18030"];
    for (label, item) in labels.into_iter().flat_map(|label| {
        ["+", "+A", "~{", "\u{e}", "\u{1b}$B", "\u{e9}", "<meta", "<meta charset=", "\0"].map(|item| (label, item))
    }) {
        let octets = item.repeat((4 << 20) / item.len());
        let begun = std::time::Instant::now();
        read_page(Some(label.as_bytes()), octets.as_bytes(), true);
        assert!(begun.elapsed().as_secs() < 3, "{label} {item}");
    }
}
