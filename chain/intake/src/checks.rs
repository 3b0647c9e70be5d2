//! Asks the checks about a letter that comes in: once, whoever its recipients are.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use mail::check::{Arriving, Check, Conclusion, Look};
use mail::finding::{CHECK_FAILED, CHECK_LATE};
use mail::seam::{Origin, OurFault};
use mail::{Envelope, Finding, Findings, Letter, Reply};
use tokio::time::Instant;

/// The longest time that one check may ask others about a letter.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest time that all of them may take: a sender waits ten minutes for our answer (RFC 5321 §4.5.3.2.6).
const FOR_ALL: Duration = Duration::from_secs(60);
/// A letter that is larger is looked through where a thread may compute.
const QUICK: usize = 64 * 1024;
/// The pieces in which a letter is given: small enough to stay near the processor while every check looks at them.
const PIECE: usize = 32 * 1024;

/// One look, with the method of its check. One that has panicked is none any more.
type Looking = (&'static str, Option<Box<dyn Look>>);

/// Asks the checks in their order. An error is the refusal of one: nobody gets the letter.
pub(crate) async fn look(
    checks: &[Arc<dyn Check>],
    letter: &Letter,
    envelope: &Envelope,
    origin: &Origin,
) -> Result<Findings, Reply> {
    let arriving = Arriving { origin, envelope, letter };
    let looks: Vec<Looking> = checks.iter().filter_map(|check| begin(check, arriving)).collect();
    conclude(letter, look_through(letter, looks).await).await
}

fn begin(check: &Arc<dyn Check>, arriving: Arriving<'_>) -> Option<Looking> {
    let begun = catch_unwind(AssertUnwindSafe(|| check.begin(arriving)));
    match begun {
        Ok(None) => None,
        Ok(begun) => Some((check.method(), begun)),
        Err(_panic) => Some((check.method(), None)),
    }
}

/// Gives every look the whole letter, in one pass.
async fn look_through(letter: &Letter, mut looks: Vec<Looking>) -> Vec<Looking> {
    if looks.is_empty() || letter.raw.len() <= QUICK {
        give(&letter.raw, &mut looks);
        return looks;
    }
    let (raw, methods) = (letter.raw.clone(), looks.iter().map(|(method, _)| *method).collect::<Vec<_>>());
    let looking = tokio::task::spawn_blocking(move || {
        give(&raw, &mut looks);
        looks
    });
    looking.await.unwrap_or_else(|_| methods.into_iter().map(|method| (method, None)).collect())
}

fn give(raw: &[u8], looks: &mut [Looking]) {
    for piece in raw.chunks(PIECE) {
        for (_, look) in &mut *looks {
            let given = look.as_mut().is_none_or(|look| catch_unwind(AssertUnwindSafe(|| look.octets(piece))).is_ok());
            if !given {
                *look = None;
            }
        }
    }
}

async fn conclude(letter: &Letter, looks: Vec<Looking>) -> Result<Findings, Reply> {
    let (mut findings, until) = (Findings::default(), Instant::now() + FOR_ALL);
    for (method, look) in looks {
        let within = PATIENCE.min(until.saturating_duration_since(Instant::now()));
        let concluded = match look {
            Some(look) => conclude_one(look, &findings, within).await,
            None => Err((CHECK_FAILED, "it panicked".to_owned())),
        };
        match concluded {
            Ok(Conclusion::Found(found)) => found.into_iter().for_each(|finding| findings.add(finding)),
            Ok(Conclusion::Refuse(reply)) => return Err(reply),
            Err((code, cause)) => {
                tracing::error!(letter = %letter.id, method, cause, "a check could not be done; the letter is taken");
                findings.add(Finding::new(method, "temperror").because(code));
            }
        }
    }
    Ok(findings)
}

async fn conclude_one(
    look: Box<dyn Look>,
    found: &Findings,
    within: Duration,
) -> Result<Conclusion, (&'static str, String)> {
    let concluding = AssertUnwindSafe(async { look.conclude(found, within).await }).catch_unwind();
    match tokio::time::timeout(within, concluding).await {
        Ok(Ok(Ok(conclusion))) => Ok(conclusion),
        Ok(Ok(Err(OurFault(cause)))) => Err((CHECK_FAILED, cause)),
        Ok(Err(_panic)) => Err((CHECK_FAILED, "it panicked".to_owned())),
        Err(_late) => Err((CHECK_LATE, "it took too long".to_owned())),
    }
}
