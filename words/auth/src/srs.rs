//! Return paths of letters that are forwarded (the Sender Rewriting Scheme): addresses of ours that stand for the address
//! of somebody else for a month, so that reports and replies find their way back.
//!
//! A server that passes a letter on may not send for the domain of its sender (SPF, RFC 7208 §2.4), so it puts an address of
//! its own on the envelope. There are three forms, each of at most 64 octets (RFC 5321 §4.5.3.1.1):
//! * `SRS0=mac=day=domain=local` holds the address of the sender. Nothing is kept of it.
//! * `SRS1=daymac=host==…` stands for an address that another forwarder has made (`SRS0=…@host`): a report goes to that
//!   forwarder directly, however many there were behind it.
//! * `SRS0=mac=day==token` stands for an address that does not fit, or that has characters which a path should not have. The
//!   caller keeps the address under the token, which is the same for the same address: many letters of one sender take one
//!   place.
//!
//! The MAC has 50 bits and a secret key, so nobody else makes such an address; the day is part of it. A server on the way may
//! change the case of a local part, so neither MAC nor day depend on it.

use ring::hmac;
use subtle::ConstantTimeEq;

/// The days for which an address is good.
pub const GOOD_FOR: u16 = 30;
/// The longest local part, in octets (RFC 5321 §4.5.3.1.1).
const LONGEST: usize = 64;
/// The characters of a MAC, five bits each.
const MAC: usize = 10;
/// The characters of a token.
const TOKEN: usize = 16;
/// Days are counted modulo this.
const DAYS: u16 = 1024;
/// The digits (RFC 4648 §6, in lower case).
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A day since 1970, modulo 1024.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day(u16);

impl Day {
    /// Returns the day of this second since 1970.
    pub fn of(seconds: i64) -> Self {
        Self(u16::try_from(seconds.div_euclid(86_400).rem_euclid(i64::from(DAYS))).unwrap_or(0))
    }

    fn text(self) -> String {
        [self.0 >> 5, self.0 & 31].map(digit).iter().collect()
    }

    fn read(text: &str) -> Option<Self> {
        let &[high, low] = text.as_bytes() else { return None };
        Some(Self(value(high)? << 5 | value(low)?))
    }

    /// Returns true if an address of this day is good `today`. One of tomorrow is: a clock may have been set back.
    fn is_fresh(self, today: Self) -> bool {
        let age = (today.0 + DAYS - self.0) % DAYS;
        age <= GOOD_FOR || age == DAYS - 1
    }
}

/// The address that a return path of ours stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Original {
    /// This address.
    Address {
        /// The local part, in the case in which it came back.
        local: String,
        /// The domain.
        domain: String,
    },
    /// The address that the caller keeps under this token.
    Kept(String),
}

/// Makes and opens the addresses of one house.
#[derive(Clone)]
pub struct Key(hmac::Key);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// Makes the key from a secret.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// Returns the local part that stands for `local@domain` from `today` on; `None` if it does not fit, and
    /// [`Self::kept`] has to be taken.
    pub fn close(&self, local: &str, domain: &str, today: Day) -> Option<String> {
        if !is_plain(local) || !is_plain(domain) || domain.contains('=') {
            return None;
        }
        let day = today.text();
        let made = match of_others(local, domain) {
            Some((host, rest)) => format!("SRS1={day}{}={host}={rest}", self.mac(b'1', &day, &[host, rest])),
            None => format!("SRS0={}={day}={domain}={local}", self.mac(b'0', &day, &[domain, local])),
        };
        (made.len() <= LONGEST).then_some(made)
    }

    /// Returns the token of an address, under which the caller keeps it. Another address has another token.
    pub fn token(&self, address: &str) -> String {
        self.digits(b't', &[address], TOKEN)
    }

    /// Returns the local part that stands from `today` on for the address that is kept under this token.
    pub fn kept(&self, token: &str, today: Day) -> String {
        let day = today.text();
        format!("SRS0={}={day}=={token}", self.mac(b'0', &day, &["", token]))
    }

    /// Returns the address that a local part stands for; `None` if we have not made it, or not in the last 30 days. The two
    /// are not told apart.
    pub fn open(&self, local: &str, today: Day) -> Option<Original> {
        let (scheme, rest) = (local.get(..5)?, local.get(5..)?);
        if scheme.eq_ignore_ascii_case("SRS0=") {
            let (mac, rest) = rest.split_once('=')?;
            let (day, rest) = rest.split_once('=')?;
            let (domain, local) = rest.split_once('=')?;
            self.is_ours(b'0', (mac, day), &[domain, local], today)?;
            return Some(match domain {
                "" => Original::Kept(local.to_ascii_lowercase()),
                domain => Original::Address { local: local.to_owned(), domain: domain.to_owned() },
            });
        }
        if scheme.eq_ignore_ascii_case("SRS1=") {
            let (stamp, rest) = rest.split_once('=')?;
            let (host, rest) = rest.split_once('=')?;
            self.is_ours(b'1', (stamp.get(2..)?, stamp.get(..2)?), &[host, rest], today)?;
            return Some(Original::Address { local: format!("SRS0{rest}"), domain: host.to_owned() });
        }
        None
    }

    fn is_ours(&self, kind: u8, (mac, day): (&str, &str), parts: &[&str], today: Day) -> Option<()> {
        let expected = self.mac(kind, &day.to_ascii_lowercase(), parts);
        let fits = expected.as_bytes().ct_eq(mac.to_ascii_lowercase().as_bytes());
        let is_fresh = Day::read(day).is_some_and(|day| day.is_fresh(today));
        (bool::from(fits) && is_fresh).then_some(())
    }

    fn mac(&self, kind: u8, day: &str, parts: &[&str]) -> String {
        let lower: Vec<String> = parts.iter().map(|part| part.to_ascii_lowercase()).collect();
        let all: Vec<&str> = std::iter::once(day).chain(lower.iter().map(String::as_str)).collect();
        self.digits(kind, &all, MAC)
    }

    /// The first digits of the MAC of these parts, of which none holds the separator.
    fn digits(&self, kind: u8, parts: &[&str], count: usize) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(&[kind]);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let tag = context.sign();
        let mut bits = tag.as_ref().iter().flat_map(|octet| (0..8).rev().map(move |bit| u16::from(octet >> bit & 1)));
        let mut five = || (0..5).fold(0, |sum, _| sum << 1 | bits.next().unwrap_or(0));
        (0..count).map(|_| digit(five())).collect()
    }
}

/// Returns true if a local part has the form of an address that a forwarder has made, whoever it was.
pub fn is_made_by_a_forwarder(local: &str) -> bool {
    let scheme = local.get(..4).unwrap_or_default();
    let is_one = scheme.eq_ignore_ascii_case("SRS0") || scheme.eq_ignore_ascii_case("SRS1");
    is_one && local[4..].starts_with(['=', '+', '-'])
}

/// Returns the first forwarder of an address that others have made, and what it knows the sender by: the separator and all
/// behind it.
fn of_others<'a>(local: &'a str, domain: &'a str) -> Option<(&'a str, &'a str)> {
    if !is_made_by_a_forwarder(local) {
        return None;
    }
    let rest = &local[4..];
    if local[..4].eq_ignore_ascii_case("SRS0") {
        return Some((domain, rest));
    }
    let (_, rest) = rest[1..].split_once('=')?;
    let (host, rest) = rest.split_once('=')?;
    (!host.is_empty() && rest.starts_with(['=', '+', '-'])).then_some((host, rest))
}

/// Returns true for a text that is a dot-atom of ASCII (RFC 5322 §3.2.3): it needs no quotes.
fn is_plain(text: &str) -> bool {
    let is_atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    text.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom))
}

fn digit(five: u16) -> char {
    DIGITS.get(usize::from(five & 31)).map_or('a', |digit| char::from(*digit))
}

fn value(digit: u8) -> Option<u16> {
    let place = DIGITS.iter().position(|one| *one == digit.to_ascii_lowercase())?;
    u16::try_from(place).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TODAY: Day = Day(700);

    fn key() -> Key {
        Key::new(&[7; 32])
    }

    fn later(days: u16) -> Day {
        Day((TODAY.0 + days) % DAYS)
    }

    fn address(local: &str, domain: &str) -> Original {
        Original::Address { local: local.to_owned(), domain: domain.to_owned() }
    }

    #[test]
    fn an_address_comes_back_for_thirty_days_and_not_on_the_next() {
        let made = key().close("bob", "beta.test", TODAY).unwrap();
        assert!(made.starts_with("SRS0=") && made.ends_with("=beta.test=bob"), "{made}");
        for day in [TODAY, later(1), later(30), Day(TODAY.0 - 1)] {
            assert_eq!(key().open(&made, day), Some(address("bob", "beta.test")));
        }
        for day in [later(31), later(500), Day(TODAY.0 - 2)] {
            assert_eq!(key().open(&made, day), None, "{day:?}");
        }
    }

    #[test]
    fn the_days_count_on_where_their_number_begins_anew() {
        let made = key().close("bob", "beta.test", Day(1020)).unwrap();
        assert_eq!(key().open(&made, Day(26)), Some(address("bob", "beta.test")));
        assert_eq!(key().open(&made, Day(27)), None);
        assert_eq!(Day::of(1024 * 86_400 + 1), Day(0));
        assert_eq!(Day::of(-1), Day(1023));
    }

    #[test]
    fn what_another_forwarder_made_goes_back_to_the_first_of_them() {
        let first = "SRS0=HHHH=TT=orig.test=user";
        let made = key().close(first, "one.test", TODAY).unwrap();
        assert_eq!(&made[..5], "SRS1=");
        assert!(made.ends_with("=one.test==HHHH=TT=orig.test=user"), "{made}");
        assert_eq!(key().open(&made, later(3)), Some(address(first, "one.test")));
        let second = key().close("SRS1=KKKK=one.test==HHHH=TT=orig.test=user", "two.test", TODAY).unwrap();
        assert_eq!(key().open(&second, later(3)), Some(address(first, "one.test")));
        assert_eq!(key().open(&made, later(31)), None, "it has a day, too");
    }

    #[test]
    fn what_does_not_fit_is_kept_under_a_token() {
        let long = "x".repeat(60);
        for (local, domain) in
            [(long.as_str(), "beta.test"), ("a b", "beta.test"), ("élise", "beta.test"), ("a", "[192.0.2.1]")]
        {
            assert_eq!(key().close(local, domain, TODAY), None, "{local}@{domain}");
        }
        let token = key().token("x@beta.test");
        assert_ne!(token, key().token("y@beta.test"));
        let made = key().kept(&token, TODAY);
        assert!(made.len() <= LONGEST);
        assert_eq!(key().open(&made.to_uppercase(), later(2)), Some(Original::Kept(token)));
        assert_eq!(key().open(&made, later(31)), None);
    }

    #[test]
    fn an_address_of_another_house_opens_nothing() {
        let made = Key::new(&[8; 32]).close("bob", "beta.test", TODAY).unwrap();
        assert_eq!(key().open(&made, TODAY), None);
        for forged in
            ["SRS0=", "SRS0====", "SRS1=aa=b==c", "SRS0=aaaaaaaaaa=aa=beta.test=bob", "srs0=é=é=é=é", "SRS1=", "x", ""]
        {
            assert_eq!(key().open(forged, TODAY), None, "{forged}");
        }
    }

    fn fold(text: &str, pattern: &[bool]) -> String {
        let turn = |(at, c): (usize, char)| {
            if pattern[at % pattern.len()] { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
        };
        text.chars().enumerate().map(turn).collect()
    }

    proptest! {
        #[test]
        fn every_address_goes_round_whatever_becomes_of_its_case(
            local in "[a-z0-9!#$%&'*+=?^_`{|}~-]{1,30}", domain in "[a-z0-9]{1,8}\\.test",
            pattern in proptest::collection::vec(any::<bool>(), 1..9), age in 0_u16..=30,
        ) {
            let Some(made) = key().close(&local, &domain, TODAY) else { return Ok(()) };
            prop_assert!(made.len() <= LONGEST && is_made_by_a_forwarder(&made));
            let Some(Original::Address { local: back, domain: host }) = key().open(&fold(&made, &pattern), later(age)) else {
                return Err(TestCaseError::fail(made));
            };
            if !is_made_by_a_forwarder(&local) {
                prop_assert_eq!((back.to_lowercase(), host.to_lowercase()), (local, domain));
            }
        }

        #[test]
        fn no_address_that_was_changed_opens(at in 0_usize..64, to in "[ -~]", local in "[a-z]{1,20}") {
            let made = key().close(&local, "beta.test", TODAY).unwrap();
            let at = at % made.len();
            let forged = format!("{}{to}{}", &made[..at], &made[at + 1..]);
            if !forged.eq_ignore_ascii_case(&made) {
                prop_assert_eq!(key().open(&forged, TODAY), None);
            }
        }

        #[test]
        fn any_text_is_answered(text in "\\PC{0,80}", domain in "\\PC{0,40}") {
            prop_assert_eq!(key().open(&text, TODAY), None);
            if let Some(made) = key().close(&text, &domain, TODAY) {
                prop_assert!(key().open(&made, TODAY).is_some());
            }
        }
    }
}
