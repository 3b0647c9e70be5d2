//! Finds the first term of a record that fits (RFC 7208 §4.6, §5), within the limits on questions.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::pin::Pin;

use super::macros::{MacroString, Place, Values};
use super::record::{Directive, Mechanism, Prefixes, Record, is_record};
use super::{Identity, Problem, SpfQuestion, SpfResult, Verdict};
use crate::dns::{Answer, Dns, Later};
use crate::names::{self, sending_domain};

/// The most terms that ask (RFC 7208 §4.6.4).
const MOST_TERMS: u32 = 10;
/// The most questions that may find nothing (RFC 7208 §4.6.4).
const MOST_VOID: u32 = 2;
/// The most hosts of an MX, and the most names of an address, that are asked about (RFC 7208 §4.6.4).
const MOST_NAMES: usize = 10;

/// Checks one of the names that the peer gave.
pub(super) async fn check(dns: &dyn Dns, question: SpfQuestion<'_>, identity: Identity) -> Verdict {
    let mail_from = if identity == Identity::Helo { "" } else { question.mail_from };
    let (local, domain) = sender(mail_from, question.helo);
    let verdict = |result, domain: String| Verdict {
        result,
        identity,
        domain,
        mechanism: None,
        problem: None,
        explanation: None,
    };
    let Some(domain) = sending_domain(domain) else {
        let problem = Problem::NotADomain(domain.chars().take(names::LONGEST).collect());
        return Verdict { problem: Some(problem), ..verdict(SpfResult::None, domain.to_owned()) };
    };
    let helo = idna::domain_to_ascii(question.helo).unwrap_or_default();
    let mut evaluation = Evaluation {
        dns,
        ip: question.ip.to_canonical(),
        local,
        sender_domain: &domain,
        helo: if question.helo.is_ascii() { question.helo } else { &helo },
        receiver: question.receiver,
        now: question.now,
        terms: 0,
        void: 0,
        validated: None,
    };
    match evaluation.check_host(domain.clone()).await {
        Ok(found) => {
            let explanation = match &found.explanation {
                Some((name, at)) if found.result == SpfResult::Fail => evaluation.explain(name, at).await,
                _ => None,
            };
            Verdict { mechanism: found.mechanism, explanation, ..verdict(found.result, domain.clone()) }
        }
        Err(problem) => Verdict { problem: Some(problem.clone()), ..verdict(problem.result(), domain.clone()) },
    }
}

/// Returns the local part and the domain of the sender. Without a local part it is `postmaster` (RFC 7208 §4.3), and
/// for `<>` it is `postmaster` at the name of the peer (§2.4).
fn sender<'a>(mail_from: &'a str, helo: &'a str) -> (&'a str, &'a str) {
    match mail_from.rsplit_once('@') {
        Some((local, domain)) if !local.is_empty() => (local, domain),
        Some((_, domain)) => ("postmaster", domain),
        None if mail_from.is_empty() => ("postmaster", helo),
        None => ("postmaster", mail_from),
    }
}

/// One check, with what it has asked.
struct Evaluation<'a> {
    dns: &'a dyn Dns,
    ip: IpAddr,
    local: &'a str,
    sender_domain: &'a str,
    helo: &'a str,
    receiver: &'a str,
    now: u64,
    terms: u32,
    void: u32,
    /// The names of the address that lead back to it, once they were asked for, and how many of those questions found
    /// nothing.
    validated: Option<(Vec<String>, u32)>,
}

/// The result of the record of one domain.
struct Found {
    result: SpfResult,
    mechanism: Option<String>,
    /// The name of the explanation, and the domain whose record names it.
    explanation: Option<(MacroString, String)>,
}

type Checking<'b> = Pin<Box<dyn Future<Output = Result<Found, Problem>> + Send + 'b>>;

impl Evaluation<'_> {
    /// The function of RFC 7208 §4. An `include` calls it again, ten times at most.
    fn check_host(&mut self, mut domain: String) -> Checking<'_> {
        Box::pin(async move {
            let mut record = self.record(&domain).await?;
            loop {
                if let Some(directive) = self.fitting(&record, &domain).await? {
                    let (result, mechanism) = (directive.result, Some(directive.text.clone()));
                    let explanation = record.explanation.map(|name| (name, domain));
                    return Ok(Found { result, mechanism, explanation });
                }
                let Some(redirect) = record.redirect else {
                    return Ok(Found { result: SpfResult::Neutral, mechanism: None, explanation: None });
                };
                // RFC 7208 §6.1: the other record stands for this one, and its own explanation counts.
                self.count_term()?;
                let target = self.name(&redirect, &domain).await.unwrap_or_default();
                record = self.record(&target).await.map_err(nowhere)?;
                domain = target;
            }
        })
    }

    /// Finds the record of a domain (RFC 7208 §4.4, §4.5).
    async fn record(&mut self, domain: &str) -> Result<Record, Problem> {
        if !names::can_be_asked(domain) || !domain.contains('.') {
            return Err(Problem::NotADomain(domain.to_owned()));
        }
        let answer = self.dns.txt(domain).await.map_err(|Later| Problem::NoAnswer(domain.to_owned()))?;
        let mut records = answer.records().unwrap_or_default().into_iter().filter(|text| is_record(text));
        let text = records.next().ok_or_else(|| Problem::NoRecord(domain.to_owned()))?;
        if records.next().is_some() {
            return Err(Problem::SeveralRecords(domain.to_owned()));
        }
        match String::from_utf8(text) {
            Ok(text) if text.is_ascii() => Record::read(&text),
            _ => Err(Problem::NotAscii(domain.to_owned())),
        }
    }

    async fn fitting<'r>(&mut self, record: &'r Record, domain: &str) -> Result<Option<&'r Directive>, Problem> {
        for directive in &record.directives {
            if directive.mechanism.asks() {
                self.count_term()?;
            }
            if self.fits(&directive.mechanism, domain).await? {
                return Ok(Some(directive));
            }
        }
        Ok(None)
    }

    fn count_term(&mut self) -> Result<(), Problem> {
        self.terms += 1;
        if self.terms > MOST_TERMS { Err(Problem::TooManyTerms) } else { Ok(()) }
    }

    /// Returns true if the mechanism fits the address (RFC 7208 §5).
    async fn fits(&mut self, mechanism: &Mechanism, domain: &str) -> Result<bool, Problem> {
        match mechanism {
            Mechanism::All => Ok(true),
            Mechanism::Ip4(address, length) => Ok(is_in_network(self.ip, IpAddr::V4(*address), *length)),
            Mechanism::Ip6(address, length) => Ok(is_in_network(self.ip, IpAddr::V6(*address), *length)),
            Mechanism::Include(name) => {
                // RFC 8616 §4: a name that takes in a local part outside ASCII fits nothing.
                let Some(target) = self.name(name, domain).await else { return Ok(false) };
                let found = self.check_host(target).await.map_err(nowhere)?;
                Ok(found.result == SpfResult::Pass)
            }
            Mechanism::A(name, prefixes) => match self.target(name.as_ref(), domain).await {
                Some(host) => self.is_near(&host, *prefixes).await,
                None => Ok(false),
            },
            Mechanism::Mx(name, prefixes) => match self.target(name.as_ref(), domain).await {
                Some(target) => self.is_near_mx(&target, *prefixes).await,
                None => Ok(false),
            },
            Mechanism::Exists(name) => match self.target(Some(name), domain).await {
                Some(host) => self.four(&host).await.map(|found| !found.is_empty()),
                None => Ok(false),
            },
            Mechanism::Ptr(name) => {
                let Some(target) = self.target(name.as_ref(), domain).await else { return Ok(false) };
                let validated = self.validated().await?;
                Ok(validated.iter().any(|host| names::is_within(host, &target)))
            }
        }
    }

    /// Returns the name that a term asks about: its own, or the domain. `None` if no question can be made of it: it
    /// fits nothing (RFC 7208 §4.8).
    async fn target(&mut self, name: Option<&MacroString>, domain: &str) -> Option<String> {
        let target = match name {
            Some(name) => self.name(name, domain).await?,
            None => domain.to_owned(),
        };
        names::can_be_asked(&target).then_some(target)
    }

    async fn name(&mut self, name: &MacroString, domain: &str) -> Option<String> {
        let validated = self.validated_name(name, domain).await;
        name.name(self.values(domain, &validated))
    }

    fn values<'v>(&'v self, domain: &'v str, validated: &'v str) -> Values<'v> {
        Values {
            local: self.local,
            sender_domain: self.sender_domain,
            domain,
            ip: self.ip,
            helo: self.helo,
            receiver: self.receiver,
            now: self.now,
            validated,
        }
    }

    /// Returns the value of `%{p}` (RFC 7208 §7.3): the domain if the address has this name, else a name below it, else
    /// any.
    async fn validated_name(&mut self, wanted: &MacroString, domain: &str) -> String {
        let unknown = || "unknown".to_owned();
        if !wanted.needs_validated_name() {
            return unknown();
        }
        let Ok(validated) = self.validated().await else { return unknown() };
        let exact = validated.iter().find(|name| name.eq_ignore_ascii_case(domain));
        let within = exact.or_else(|| validated.iter().find(|name| names::is_within(name, domain)));
        within.or_else(|| validated.first()).cloned().unwrap_or_else(unknown)
    }

    /// Returns the names of the address that lead back to it (RFC 7208 §5.5): ten are asked about, and one that nobody
    /// can say anything about is passed over.
    async fn validated(&mut self) -> Result<Vec<String>, Problem> {
        if let Some((known, void)) = self.validated.clone() {
            // Each term that needs them counts as if it had asked.
            self.count_void(void)?;
            return Ok(known);
        }
        let before = self.void;
        let names = match self.dns.ptr(self.ip).await {
            Ok(answer) => self.noted(answer)?,
            Err(Later) => Vec::new(),
        };
        let mut validated = Vec::new();
        for name in names.into_iter().take(MOST_NAMES).filter(|name| names::can_be_asked(name)) {
            match self.is_near(&name, Prefixes { four: 32, six: 128 }).await {
                Ok(true) => validated.push(name),
                Ok(false) | Err(Problem::NoAnswer(_)) => {}
                Err(problem) => return Err(problem),
            }
        }
        self.validated = Some((validated.clone(), self.void - before));
        Ok(validated)
    }

    /// Returns true if one of the hosts that take letters for the domain has an address in the network of the peer
    /// (RFC 7208 §5.4).
    async fn is_near_mx(&mut self, domain: &str, prefixes: Prefixes) -> Result<bool, Problem> {
        let answer = self.dns.mx(domain).await.map_err(|Later| Problem::NoAnswer(domain.to_owned()))?;
        let hosts = self.noted(answer)?;
        if hosts.len() > MOST_NAMES {
            return Err(Problem::TooManyMx(domain.to_owned()));
        }
        for host in hosts.iter().filter(|host| names::can_be_asked(host)) {
            if self.is_near(host, prefixes).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns true if an address of the host is in the network of the peer (RFC 7208 §5.3).
    async fn is_near(&mut self, host: &str, prefixes: Prefixes) -> Result<bool, Problem> {
        let ip = self.ip;
        if ip.is_ipv4() {
            let addresses = self.four(host).await?;
            Ok(addresses.into_iter().any(|address| is_in_network(ip, address.into(), prefixes.four)))
        } else {
            let addresses = self.six(host).await?;
            Ok(addresses.into_iter().any(|address| is_in_network(ip, address.into(), prefixes.six)))
        }
    }

    async fn four(&mut self, host: &str) -> Result<Vec<Ipv4Addr>, Problem> {
        let answer = self.dns.ipv4(host).await.map_err(|Later| Problem::NoAnswer(host.to_owned()))?;
        self.noted(answer)
    }

    async fn six(&mut self, host: &str) -> Result<Vec<Ipv6Addr>, Problem> {
        let answer = self.dns.ipv6(host).await.map_err(|Later| Problem::NoAnswer(host.to_owned()))?;
        self.noted(answer)
    }

    /// Counts a question that found nothing.
    fn noted<T>(&mut self, answer: Answer<Vec<T>>) -> Result<Vec<T>, Problem> {
        let records = answer.records().unwrap_or_default();
        self.count_void(u32::from(records.is_empty()))?;
        Ok(records)
    }

    fn count_void(&mut self, more: u32) -> Result<(), Problem> {
        self.void += more;
        if self.void > MOST_VOID { Err(Problem::TooManyVoid) } else { Ok(()) }
    }

    /// Fetches the domain's own words (RFC 7208 §6.2). What is wrong with them changes nothing about the result.
    async fn explain(&mut self, name: &MacroString, domain: &str) -> Option<String> {
        let target = self.target(Some(name), domain).await?;
        let texts = self.dns.txt(&target).await.ok()?.records()?;
        let [text] = texts.as_slice() else { return None };
        let text = MacroString::read(std::str::from_utf8(text).ok()?, Place::Explanation).ok()?;
        let validated = self.validated_name(&text, domain).await;
        text.explanation(self.values(domain, &validated))
    }
}

/// RFC 7208 §5.2, §6.1: a domain without a record cannot stand for another.
fn nowhere(problem: Problem) -> Problem {
    match problem {
        Problem::NoRecord(domain) | Problem::NotADomain(domain) => Problem::LeadsNowhere(domain),
        other => other,
    }
}

/// Returns true if both addresses begin with the same `length` bits.
fn is_in_network(ip: IpAddr, network: IpAddr, length: u8) -> bool {
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length.min(32))).unwrap_or(0);
            (ip.to_bits() ^ network.to_bits()) & mask == 0
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0);
            (ip.to_bits() ^ network.to_bits()) & mask == 0
        }
        _ => false,
    }
}
