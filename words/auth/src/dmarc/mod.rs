//! DMARC (RFC 9989): whether the domain that a letter names as its author's is proved, and what its owner asks for
//! where it is not.
//!
//! - `record`: reads a record.
//! - `walk`: finds the records that stand above a domain, and the domain of its owner.

mod record;
#[cfg(test)]
mod tests;
mod walk;

use std::fmt;

use self::walk::{Walk, walk};
use crate::dns::{Answer, Dns, Later};
use crate::names;

pub use record::{Policy, PublicSuffix, Record};

/// The method by which a domain was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// SPF of the domain of MAIL FROM; the name of the peer alone proves nothing (RFC 9989 §4.4.2).
    Spf,
    /// A signature of DKIM.
    Dkim,
}

/// The outcome of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The domain stands for the letter.
    Pass,
    /// It does not.
    Fail,
    /// Nobody could say.
    Later,
}

/// The outcome of one method for one domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof<'a> {
    /// The method.
    pub method: Method,
    /// The domain of MAIL FROM, or of the signature.
    pub domain: &'a str,
    /// The outcome.
    pub outcome: Outcome,
}

/// The facts about a letter that DMARC looks at.
#[derive(Clone, Copy, Debug)]
pub struct DmarcQuestion<'a> {
    /// The domain of each address in From, as it was written there, for all fields of this name.
    pub authors: &'a [&'a str],
    /// The outcomes of SPF and DKIM.
    pub proofs: &'a [Proof<'a>],
}

/// The result of DMARC (RFC 8601 §2.7.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DmarcResult {
    /// The domain has no record, so that nothing is said about the letter.
    None,
    /// The domain is proved.
    Pass,
    /// It is not.
    Fail,
    /// Nobody could say; ask again later.
    TempError,
    /// No author can be found out.
    PermError,
}

impl DmarcResult {
    /// Returns the word of the registry of RFC 8601.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// The outcome about a letter. Of several authors, the one who speaks most against the letter decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The result.
    pub result: DmarcResult,
    /// The domain of the author, in A-labels; empty if there is none.
    pub author: String,
    /// The domain of its owner (RFC 9989 §4.10.2).
    pub organization: String,
    /// The domain whose record holds; `None` if there is no record.
    pub record_at: Option<String>,
    /// The policy that the record has for the author's domain, whether the owner tests or not.
    pub policy: Policy,
    /// The owner still tests.
    pub is_test: bool,
    /// The method that proved the domain, and the domain that it proved.
    pub proved_by: Option<(Method, String)>,
    /// The reason of an error, or why there is no author.
    pub problem: Option<Problem>,
    /// The addresses that the owner wants aggregate reports at.
    pub reports: Vec<String>,
}

impl Verdict {
    /// Returns what the owner of the domain asks for about this letter: nothing where the domain is proved or nobody
    /// knows, and one step less while the owner tests (RFC 9989 §4.7).
    pub fn disposition(&self) -> Policy {
        match self.result {
            DmarcResult::Fail => self.disposition_if_it_failed(),
            _ => Policy::None,
        }
    }

    /// Returns what the owner of the domain asks for about letters that fail, whether this one does or not.
    pub fn disposition_if_it_failed(&self) -> Policy {
        if self.is_test { self.policy.milder() } else { self.policy }
    }

    /// Orders verdicts by what they say against the letter.
    fn weight(&self) -> (u8, Policy) {
        let result = match self.result {
            DmarcResult::Pass => 0,
            DmarcResult::None => 1,
            DmarcResult::Fail if self.disposition() == Policy::None => 2,
            DmarcResult::TempError => 3,
            DmarcResult::PermError => 4,
            DmarcResult::Fail => 5,
        };
        (result, self.disposition())
    }
}

/// The reason why there is no better result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The letter names no author with a domain (RFC 9989 §5.3.1).
    NoAuthor,
    /// It names authors of so many domains that no person wrote it.
    TooManyAuthors,
    /// Nobody could say which records stand above this domain.
    NoAnswer(String),
    /// Nobody could say whether a method proves this domain.
    NoProofYet(String),
}

impl Problem {
    /// Returns a code for machines, which names the problem.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoAuthor => "dmarc-no-author",
            Self::TooManyAuthors => "dmarc-too-many-authors",
            Self::NoAnswer(_) => "dmarc-no-answer",
            Self::NoProofYet(_) => "dmarc-no-proof-yet",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAuthor => f.write_str("the letter names no author with a domain"),
            Self::TooManyAuthors => f.write_str("the letter names authors of too many domains"),
            Self::NoAnswer(domain) => write!(f, "the domain name system gave no answer about the policy of {domain}"),
            Self::NoProofYet(domain) => write!(f, "it could not be found out whether {domain} stands for the letter"),
        }
    }
}

/// The most domains of authors that are looked at.
const MOST_AUTHORS: usize = 4;
/// The most domains beside the author's whose owner is looked for; a letter may have any number of signatures.
const MOST_WALKS: usize = 8;

/// Evaluates a letter. It asks eight names for each author's domain, eight for each domain below the same owner that a
/// method has proved, and one to learn whether the author's domain exists where its policy depends on it.
pub async fn evaluate(dns: &dyn Dns, question: DmarcQuestion<'_>) -> Verdict {
    let mut authors: Vec<String> = Vec::new();
    for author in question.authors {
        // A domain that cannot be is one that nothing proves: it is no way round the others.
        let Some(author) = names::domain(author) else { return verdict(Problem::NoAuthor) };
        if !authors.contains(&author) {
            authors.push(author);
        }
        if authors.len() > MOST_AUTHORS {
            return verdict(Problem::TooManyAuthors);
        }
    }
    let mut worst: Option<Verdict> = None;
    for author in &authors {
        let verdict = for_author(dns, author, question.proofs).await;
        if worst.as_ref().is_none_or(|worst| verdict.weight() > worst.weight()) {
            worst = Some(verdict);
        }
    }
    worst.unwrap_or_else(|| verdict(Problem::NoAuthor))
}

/// Finds the domain of the owner of a domain, by the walk through the tree (RFC 9989 §4.10.2).
pub async fn organization(dns: &dyn Dns, domain: &str) -> Result<String, Later> {
    Ok(walk(dns, domain).await?.organization().to_owned())
}

fn verdict(problem: Problem) -> Verdict {
    Verdict { result: DmarcResult::PermError, problem: Some(problem), ..nothing("") }
}

fn nothing(author: &str) -> Verdict {
    Verdict {
        result: DmarcResult::None,
        author: author.to_owned(),
        organization: author.to_owned(),
        record_at: None,
        policy: Policy::None,
        is_test: false,
        proved_by: None,
        problem: None,
        reports: Vec::new(),
    }
}

async fn for_author(dns: &dyn Dns, author: &str, proofs: &[Proof<'_>]) -> Verdict {
    let later = |problem| Verdict { result: DmarcResult::TempError, problem: Some(problem), ..nothing(author) };
    let Ok(walk) = walk(dns, author).await else { return later(Problem::NoAnswer(author.to_owned())) };
    let Some((at, record)) = walk.policy() else { return nothing(author) };
    let found = Verdict {
        organization: walk.organization().to_owned(),
        record_at: Some(at.to_owned()),
        is_test: record.is_test,
        reports: record.reports.clone(),
        ..nothing(author)
    };
    let aligned = align(dns, &walk, record, proofs).await;
    if let Ok(Some(proved_by)) = aligned {
        let policy = record.policy_for(author, at, true);
        return Verdict { result: DmarcResult::Pass, proved_by: Some(proved_by), policy, ..found };
    }
    let exists = at == author || record.nonexistent.is_none() || exists(dns, author).await;
    let policy = record.policy_for(author, at, exists);
    match aligned {
        Err(problem) => Verdict { result: DmarcResult::TempError, problem: Some(problem), policy, ..found },
        Ok(_) => Verdict { result: DmarcResult::Fail, policy, ..found },
    }
}

/// RFC 9989 §3.2.11, RFC 8020: a domain does not exist where its name servers say so. If nobody can say, it may exist.
async fn exists(dns: &dyn Dns, domain: &str) -> bool {
    !matches!(dns.ipv4(domain).await, Ok(Answer::NoSuchDomain))
}

/// Finds a proof whose domain is the author's, or has the same owner (RFC 9989 §4.4). An error says that one might be
/// found later.
async fn align(
    dns: &dyn Dns,
    author: &Walk<'_>,
    record: &Record,
    proofs: &[Proof<'_>],
) -> Result<Option<(Method, String)>, Problem> {
    let mut later = None;
    let mut walks = 0;
    for proof in proofs.iter().filter(|proof| proof.outcome != Outcome::Fail) {
        let Some(domain) = names::domain(proof.domain) else { continue };
        let is_strict = match proof.method {
            Method::Spf => record.has_strict_spf,
            Method::Dkim => record.has_strict_dkim,
        };
        let is_same = domain == author.domain();
        // Only a domain below the author's owner can have the same one: others cost no question.
        if !is_same && (is_strict || !names::is_within(&domain, author.organization())) {
            continue;
        }
        if proof.outcome == Outcome::Later {
            later = Some(Problem::NoProofYet(domain));
            continue;
        }
        if !is_same {
            walks += 1;
        }
        if is_same || (walks <= MOST_WALKS && has_same_owner(dns, &domain, author).await?) {
            return Ok(Some((proof.method, domain)));
        }
    }
    later.map_or(Ok(None), Err)
}

async fn has_same_owner(dns: &dyn Dns, domain: &str, author: &Walk<'_>) -> Result<bool, Problem> {
    let walk = walk(dns, domain).await.map_err(|Later| Problem::NoAnswer(domain.to_owned()))?;
    Ok(walk.organization() == author.organization())
}
