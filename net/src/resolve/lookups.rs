//! The questions that one letter may cause.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mail::Domain;
use tokio::time::Instant;

use super::{Answer, Asked, DnsFault, Exchanges, Resolver, Service, Tlsa};

/// Asks for one letter: it bounds the number of questions, and the time that they take together. This limits the
/// look-ups that a stranger's letter causes (RFC 7208 §4.6.4, RFC 9989 §4.10), whatever it names and however slow the
/// answers are. A question beyond the bound is a fault, as if nobody had answered.
pub struct Lookups {
    resolver: Arc<dyn Resolver>,
    left: AtomicU32,
    until: Instant,
}

impl Lookups {
    /// The number of questions for one letter. SPF asks thirty at most, each signature of DKIM one, and DMARC sixteen.
    pub const MOST: u32 = 100;
    /// The time that all questions may take together.
    pub const PATIENCE: Duration = Duration::from_secs(20);

    /// Makes the bounds for one letter, of which the time begins now.
    pub fn for_letter(resolver: Arc<dyn Resolver>) -> Self {
        Self::new(resolver, Self::MOST, Self::PATIENCE)
    }

    /// Makes bounds of the caller's choice.
    pub fn new(resolver: Arc<dyn Resolver>, most: u32, patience: Duration) -> Self {
        Self { resolver, left: AtomicU32::new(most), until: Instant::now() + patience }
    }

    /// Returns the number of questions that may still be asked.
    pub fn left(&self) -> u32 {
        if Instant::now() < self.until { self.left.load(Ordering::Relaxed) } else { 0 }
    }

    /// Waits for an answer that takes so many questions, if they may be asked.
    fn ask<'a, T: 'a>(&'a self, questions: u32, asked: Asked<'a, T>) -> Asked<'a, T> {
        Box::pin(async move {
            self.take(questions)?;
            let answer: Result<Answer<T>, DnsFault> =
                tokio::time::timeout_at(self.until, asked).await.map_err(|_| no_time())?;
            answer
        })
    }

    fn take(&self, questions: u32) -> Result<(), DnsFault> {
        if Instant::now() >= self.until {
            return Err(no_time());
        }
        let less = |left: u32| left.checked_sub(questions);
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        taken.map(drop).map_err(|_| DnsFault("the letter asks for too many look-ups".to_owned()))
    }
}

fn no_time() -> DnsFault {
    DnsFault("the look-ups for the letter took too long".to_owned())
}

impl Resolver for Lookups {
    fn mx<'a>(&'a self, domain: &'a Domain) -> Asked<'a, Exchanges> {
        self.ask(1, self.resolver.mx(domain))
    }

    // The look-up asks for both families.
    fn addresses<'a>(&'a self, host: &'a str) -> Asked<'a, Vec<IpAddr>> {
        self.ask(2, self.resolver.addresses(host))
    }

    fn ipv4<'a>(&'a self, host: &'a str) -> Asked<'a, Vec<Ipv4Addr>> {
        self.ask(1, self.resolver.ipv4(host))
    }

    fn ipv6<'a>(&'a self, host: &'a str) -> Asked<'a, Vec<Ipv6Addr>> {
        self.ask(1, self.resolver.ipv6(host))
    }

    fn services<'a>(&'a self, name: &'a str) -> Asked<'a, Vec<Service>> {
        self.ask(1, self.resolver.services(name))
    }

    fn txt<'a>(&'a self, name: &'a str) -> Asked<'a, Vec<Vec<u8>>> {
        self.ask(1, self.resolver.txt(name))
    }

    fn ptr(&self, ip: IpAddr) -> Asked<'_, Vec<String>> {
        self.ask(1, self.resolver.ptr(ip))
    }

    fn tlsa<'a>(&'a self, name: &'a str) -> Asked<'a, Vec<Tlsa>> {
        self.ask(1, self.resolver.tlsa(name))
    }
}
