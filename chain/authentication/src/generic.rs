//! Names that an access provider gives to every address of a network, and that nobody chose for a mail server.

use std::net::IpAddr;

/// Words that such names have.
const WORDS: [&str; 14] = [
    "adsl",
    "broadband",
    "cable",
    "client",
    "customer",
    "dhcp",
    "dial",
    "dsl",
    "dyn",
    "dynamic",
    "ip",
    "pool",
    "ppp",
    "dynamicip",
];

/// Returns true if the name of an address is made from the address: it has at least two of its last octets, and either
/// the others as well or a word of an access provider.
pub(crate) fn is_generic(name: &str, ip: IpAddr) -> bool {
    let name = name.to_ascii_lowercase();
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let octets = ip.octets();
            let packed = octets.map(|octet| format!("{octet:02x}")).concat();
            let mut left: Vec<u32> = numbers(&name);
            let found = octets.iter().filter(|octet| take(&mut left, u32::from(**octet))).count();
            name.contains(&packed) || found == 4 || (found >= 2 && has_word(&name))
        }
        IpAddr::V6(ip) => {
            let nibbles = ip.octets().map(|octet| format!("{octet:02x}")).concat();
            let plain: String = name.chars().filter(|c| !matches!(c, '-' | '.')).collect();
            plain.contains(&nibbles[16..])
        }
    }
}

/// The numbers in a name, also those that are written with zeros before them.
fn numbers(name: &str) -> Vec<u32> {
    name.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

/// Takes a number away; false if it is not there. A name with one `1` has no two octets of 1.1.1.1.
fn take(numbers: &mut Vec<u32>, number: u32) -> bool {
    numbers.iter().position(|one| *one == number).map(|at| numbers.swap_remove(at)).is_some()
}

fn has_word(name: &str) -> bool {
    name.split(|c: char| !c.is_ascii_alphabetic()).any(|word| WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_made_from_the_address_is_generic() {
        let v4: IpAddr = "198.51.100.7".parse().unwrap();
        let generic = [
            "198-51-100-7.customers.example.net",
            "ip-198.51.100.7.example.net",
            "host7-100-51-198.example.net",
            "c6336407.example.net",
            "dyn-100-007.example.net",
        ];
        for name in generic {
            assert!(is_generic(name, v4), "{name}");
        }
        for name in
            ["mail.example.org", "mx7.example.org", "smtp-100.example.org", "mail-7.100.example.org", "198.example"]
        {
            assert!(!is_generic(name, v4), "{name}");
        }
        assert!(!is_generic("mx1.example.org", "1.1.1.1".parse().unwrap()));
        let v6: IpAddr = "2001:db8::a:b:c:d".parse().unwrap();
        assert!(is_generic("2001-0db8-0000-0000-000a-000b-000c-000d.example.net", v6));
        assert!(!is_generic("mail.example.net", v6));
    }
}
