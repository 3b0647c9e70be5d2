//! The people of the servers in the tests: alice and bob. Both have the password `secret`.

use std::net::IpAddr;

use mail::seam::{AccountId, Login, LoginVerdict, Logins, OurFault, Pending, ScramKeys};
use mail::{Address, Password};

/// The directory with alice and bob.
pub struct TwoPeople;

fn person(name: &str) -> Option<Login> {
    let number = match name.trim_end_matches("@alpha.test") {
        "alice" => 1,
        "bob" => 2,
        _ => return None,
    };
    let address = format!("{}@alpha.test", name.trim_end_matches("@alpha.test"));
    Some(Login::of(AccountId(number), Address::parse(&address).ok()?))
}

fn verdict(name: &str, right: bool) -> Result<LoginVerdict, OurFault> {
    match person(name) {
        Some(login) if right => Ok(LoginVerdict::Welcome(login)),
        _ if name == "flood" => Ok(LoginVerdict::TooMany(std::time::Duration::from_secs(90))),
        _ if name == "crowd" => Ok(LoginVerdict::Busy(std::time::Duration::from_secs(5))),
        _ if name == "fault" => Err(OurFault("the directory is closed".into())),
        _ => Ok(LoginVerdict::Wrong),
    }
}

impl Logins for TwoPeople {
    fn check<'a>(
        &'a self,
        name: &'a str,
        password: &'a Password,
        _: IpAddr,
    ) -> Pending<'a, Result<LoginVerdict, OurFault>> {
        let right = password.reveal() == "secret";
        Box::pin(async move { verdict(name, right) })
    }

    fn scram_keys<'a>(&'a self, _: &'a str, _: IpAddr) -> Pending<'a, Result<ScramKeys, OurFault>> {
        Box::pin(async { Ok(sasl::derive_keys("secret", b"salt of the earth".to_vec(), 4096)) })
    }

    fn scram_done<'a>(&'a self, name: &'a str, proved: bool, _: IpAddr) -> Pending<'a, Result<LoginVerdict, OurFault>> {
        Box::pin(async move { verdict(name, proved) })
    }

    fn may_write_as<'a>(&'a self, _: &'a Login, _: &'a Address) -> Pending<'a, Result<bool, OurFault>> {
        Box::pin(async { Ok(false) })
    }
}
