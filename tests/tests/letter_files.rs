//! The files of letters through the doors of the pages, as a browser asks for them: all as one zip, and small pictures.

use tests::{Office, OfficeBuilder, Person, python};

/// A part of a letter, as it travels.
fn part(head: &str, octets: &[u8]) -> Vec<u8> {
    let encoded = base64(octets);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    format!("{head}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", lines.join("\r\n")).into_bytes()
}

fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(octets.len() / 3 * 4 + 4);
    for three in octets.chunks(3) {
        let bits = three.iter().fold(0, |bits, octet| bits << 8 | u32::from(*octet)) << (8 * (3 - three.len()));
        for digit in 0..4 {
            let at = (bits >> (18 - 6 * digit)) & 63;
            out.push(if digit > three.len() { '=' } else { char::from(DIGITS[at as usize]) });
        }
    }
    out
}

fn letter(subject: &str, to: &str, parts: &[Vec<u8>]) -> Vec<u8> {
    let head = format!(
        "From: eve@evil.test\r\nTo: {to}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
    );
    let parts = parts.iter().map(|part| [b"--x\r\n".as_slice(), part, b"\r\n"].concat());
    [head.into_bytes(), parts.collect::<Vec<_>>().concat(), b"--x--\r\n".to_vec()].concat()
}

fn file(number: u8, octets: &[u8]) -> Vec<u8> {
    let head = format!("Content-Type: application/x-odd; name=f{number}\r\nContent-Disposition: attachment");
    part(&head, octets)
}

/// The files that the script knows: each of a letter of its own, the fourth empty, the last one large.
fn all_kinds(to: &str) -> Vec<u8> {
    let octets = |number: u8| match number {
        3 => Vec::new(),
        20 => vec![b'A' + number; 3_000_000],
        number => vec![b'A' + number; 1000],
    };
    let parts: Vec<_> = (0..21).map(|number| file(number, &octets(number))).collect();
    letter("Files of all kinds", to, &parts)
}

/// A picture in the smallest form that says all (24 bits a pixel, from below).
fn bmp(width: u32, height: u32) -> Vec<u8> {
    let row = (width * 3).next_multiple_of(4);
    let mut out = b"BM".to_vec();
    for number in [54 + row * height, 0, 54, 40, width, height, 24 << 16 | 1, 0, row * height, 0, 0, 0, 0] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.resize((54 + row * height) as usize, 0x80);
    out
}

fn play(story: &str, office: &Office, people: &[&Person]) {
    let port = office.ports.http.to_string();
    let mut words = vec![story, &port];
    words.extend(people.iter().flat_map(|person| [person.address.as_str(), person.password.as_str()]));
    python("letter_files.py", &words, b"").must_succeed();
}

#[test]
fn all_files_of_a_letter_come_as_one_zip_whatever_they_are_called() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let alice = office.first();
    office.hand_in("eve@evil.test", &[&alice.address], &all_kinds(&alice.address)).must_succeed();
    play("whole", &office, &[alice]);
}

#[test]
fn nobody_has_the_files_of_others_nor_what_was_never_there() {
    let mut office = OfficeBuilder::new("alpha.test").person("alice").start();
    let bob = office.add_person("bob");
    let alice = office.first();
    office.hand_in("eve@evil.test", &[&alice.address], &all_kinds(&alice.address)).must_succeed();
    let image = |kind: &str, octets: &[u8]| {
        part(&format!("Content-Type: image/{kind}; name=a.{kind}\r\nContent-Disposition: attachment"), octets)
    };
    let pictures = [
        image("bmp", &bmp(800, 400)),
        image("png", b"\x89PNG\r\n\x1a\ncut"),
        image("svg+xml", b"<svg/>"),
        file(9, b""),
    ];
    office.hand_in("eve@evil.test", &[&bob.address], &letter("A picture", &bob.address, &pictures)).must_succeed();
    play("refused", &office, &[alice, &bob]);
}

/// Memory is that of the pieces on their way, not of the file, also where browsers go away midway.
#[test]
fn what_is_large_goes_out_in_pieces_and_who_goes_away_holds_up_nobody() {
    const LARGE: usize = 24 << 20;
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let alice = office.first();
    // No packing makes such octets smaller.
    let mut state = 7_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(LARGE)
    .collect();
    let letter = letter("Something large", &alice.address, &[file(0, &noise)]);
    office.hand_in("eve@evil.test", &[&alice.address], &letter).must_succeed();
    // Filing a letter takes more than its files will.
    let before = peak(&office);
    std::fs::write(format!("/proc/{}/clear_refs", office.pid()), "5").expect("the peak begins anew");
    play("left", &office, &[alice]);
    let after = peak(&office);
    assert!(after < before.max(64 << 10) + (LARGE as u64 >> 10), "{before} kB before, {after} kB after");
}

/// The most kilobytes of memory that the office has had.
fn peak(office: &Office) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", office.pid())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
