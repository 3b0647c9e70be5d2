use proptest::prelude::*;

use super::*;

/// Returns the introduction that is read from these octets, and the number left for the protocol behind it.
fn read_all(octets: &[u8]) -> (Result<Introduction, String>, usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut stream = octets;
    let read = runtime.block_on(read(&mut stream));
    (read.map_err(|fault| fault.to_string()), stream.len())
}

fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [&SIGNATURE[..], &[command, family], &length, rest].concat()
}

fn of(from: &str, to: &str) -> Introduction {
    Introduction::Of { from: from.parse().unwrap(), to: to.parse().unwrap() }
}

#[test]
fn both_versions_say_who_comes_and_leave_what_follows() {
    let hello = b"\x16\x03\x01 a TLS hello";
    let v4 = [&[198, 51, 100, 7, 192, 0, 2, 1, 0xdc, 0x04, 1, 0xbb][..], b"\x03\0\x04abcd"].concat();
    let v6: Vec<u8> = [[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]; 2].concat();
    for (header, said) in [
        (b"PROXY TCP4 198.51.100.7 192.0.2.1 56324 443\r\n".to_vec(), of("198.51.100.7:56324", "192.0.2.1")),
        (b"PROXY TCP6 2001:db8::7 2001:db8::1 1 2\r\n".to_vec(), of("[2001:db8::7]:1", "2001:db8::1")),
        (b"PROXY UNKNOWN\r\n".to_vec(), Introduction::Itself),
        (b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n".to_vec(), Introduction::Itself),
        (binary(0x21, 0x11, &v4), of("198.51.100.7:56324", "192.0.2.1")),
        (binary(0x21, 0x21, &[&v6[..], &[0, 9, 0, 8]].concat()), of("[2001:db8::7]:9", "2001:db8::7")),
        (binary(0x21, 0x31, &[0; 216]), Introduction::Itself),
        (binary(0x21, 0x00, &[]), Introduction::Itself),
        (binary(0x20, 0x00, &[]), Introduction::Itself),
        (binary(0x20, 0x11, &v4), Introduction::Itself),
    ] {
        let whole = [&header[..], hello].concat();
        assert_eq!(read_all(&whole), (Ok(said), hello.len()), "{}", header.escape_ascii());
    }
}

#[test]
fn what_breaks_the_rules_is_refused_and_reads_no_more_than_a_header() {
    let long = [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 10_000]].concat();
    for header in [
        b"EHLO proxy.test\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00".to_vec(),
        b"PROXY".to_vec(),
        b"PROXY TCP4 198.51.100.7 192.0.2.1 56324\r\n".to_vec(),
        b"PROXY TCP4 198.51.100.7 192.0.2.1 56324 443 1\r\n".to_vec(),
        b"PROXY TCP4 198.51.100.7  192.0.2.1 56324 443\r\n".to_vec(),
        b"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n".to_vec(),
        b"PROXY TCP6 198.51.100.7 192.0.2.1 1 2\r\n".to_vec(),
        b"PROXY TCP4 198.51.100.7 192.0.2.1 +1 65536\r\n".to_vec(),
        b"PROXY UDP4 198.51.100.7 192.0.2.1 1 2\r\n".to_vec(),
        b"PROXY TCP4 198.51.100.7 192.0.2.1 1 2\n".to_vec(),
        b"PROXY \xff\xff\xff\xff\xff\xff\r\n".to_vec(),
        binary(0x11, 0x11, &[0; 12]),
        binary(0x22, 0x11, &[0; 12]),
        binary(0x21, 0x11, &[0; 11]),
        binary(0x21, 0x21, &[0; 35]),
        binary(0x21, 0x31, &[0; 215]),
        binary(0x21, 0x12, &[0; 12]),
        binary(0x21, 0x41, &[0; 36]),
        binary(0x21, 0x11, &[0; LONGEST_REST + 1]),
        SIGNATURE.to_vec(),
        long,
    ] {
        let (read, left) = read_all(&header);
        assert!(read.is_err(), "{}", header.escape_ascii());
        assert!(header.len() - left <= 16 + LONGEST_REST, "{left}");
    }
    assert_eq!(read_all(b"").0, Err("the proxy said nothing".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_header_that_does_not_come_is_not_waited_for_for_ever() {
    let (mut ours, theirs) = tokio::io::duplex(64);
    let begun = tokio::time::Instant::now();
    assert!(matches!(read(&mut ours).await, Err(Fault::Late)));
    assert_eq!(begun.elapsed(), PATIENCE);
    drop(theirs);
}

proptest! {
    #[test]
    fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..200), version in 0..3_u8) {
        let begin: &[u8] = match version {
            0 => b"",
            1 => b"PROXY TCP4 ",
            _ => &SIGNATURE,
        };
        let _ = read_all(&[begin, &octets].concat());
    }

    #[test]
    fn every_client_is_told_alike_by_both_versions(from: u32, to: u32, own: u16, port: u16) {
        let (from, to) = (Ipv4Addr::from(from), Ipv4Addr::from(to));
        let line = format!("PROXY TCP4 {from} {to} {own} {port}\r\n");
        let rest = [&from.octets()[..], &to.octets(), &own.to_be_bytes(), &port.to_be_bytes()].concat();
        prop_assert_eq!(read_all(line.as_bytes()), read_all(&binary(0x21, 0x11, &rest)));
    }
}
