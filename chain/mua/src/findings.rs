//! `/letter/{letter}/findings`: the warnings that a reader should know before they believe a letter, as codes with
//! values. The pages have a sentence for each. Beside them stands what was found out about the sender when the letter
//! came in, in whole sentences.

mod domain;
mod files;
mod finding;
mod known;
pub mod leave;
pub mod links;
#[cfg(test)]
mod measured;
mod proof;
mod sender;

use axum::extract::{Path, State};
use axum::response::Response;
use mail::header;
use mailbox::parse::steps::unpacked;
use mailbox::parse::{Part, Structure, Summary, decode};
use mailbox::{Access, Want, fetch};
use serde_json::json;
use store::{BlobId, View};

use crate::reader::Reader;
use crate::unsubscribe::Way;
use crate::{Server, answer, letter};
pub use finding::{DomainRole, Finding, told};
pub use known::Known;

/// Octets of HTML that are looked through.
const LONGEST: u64 = 2 << 20;
/// Octets of a header that are looked through.
const LONGEST_HEADER: u64 = 256 << 10;
/// The most findings of a kind that are shown.
const MOST: usize = 5;

/// The parts of a letter that are examined.
pub struct Evidence<'a> {
    pub header: &'a [u8],
    pub summary: &'a Summary,
    pub structure: &'a Structure,
    /// The texts of its HTML parts.
    pub html: &'a [String],
}

/// Returns all findings, the gravest first.
pub fn of(evidence: &Evidence, known: &Known) -> Vec<Finding> {
    let from = sender::address(evidence.summary);
    let is_bulk = is_bulk(evidence.header);
    let mut found = sender::findings(evidence.summary, is_bulk, known);
    let misleading = evidence.html.iter().flat_map(|html| links::misleading(html)).filter_map(|link| {
        // In a letter to many, a link that names the sender's own site may go through a server that counts the clicks.
        // A reader who clicks sees that host all the same.
        let is_own = from.as_ref().is_some_and(|from| domain::are_one(&from.domain, &link.shown));
        (!(is_bulk && is_own)).then(|| Finding::Link { shown: link.shown.clone(), host: link.host() })
    });
    found.extend(once_each(misleading));
    let disguised = evidence.html.iter().flat_map(|html| links::hosts(html));
    found.extend(once_each(disguised.filter_map(|host| sender::look_alike(&host, DomainRole::Link, known))));
    found.extend(once_each(files::findings(evidence.structure)));
    found
}

/// Keeps one of several equal findings, and the first of very many.
fn once_each(findings: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings {
        if !kept.contains(&finding) {
            kept.push(finding);
        }
        if kept.len() == MOST {
            break;
        }
    }
    kept
}

/// Returns true if the letter goes to many: by a list (RFC 2369, RFC 2919), or with a way to unsubscribe.
fn is_bulk(header: &[u8]) -> bool {
    const TELLING: [&str; 4] = ["List-Id", "List-Post", "List-Unsubscribe", "Mailing-List"];
    let goes_to_many = |value: &[u8]| value.eq_ignore_ascii_case(b"bulk") || value.eq_ignore_ascii_case(b"list");
    header::fields(header).any(|field| {
        TELLING.iter().any(|name| field.is(name)) || field.is("Precedence") && goes_to_many(&field.value())
    })
}

/// Answers `/letter/{letter}/findings`.
pub async fn findings(State(server): State<Server>, Reader(login): Reader, Path(id): Path<String>) -> Response {
    let Some(key) = letter::key(&id) else { return answer::missing() };
    let access = Access::own(login.account);
    let asker = access.asker();
    let look = move |view: &View| {
        let Some((_, row)) = fetch::visible(view, access, key, Want::ALL)? else { return Ok(None) };
        let (size, Some(card)) = (row.size, row.card) else { return Ok(None) };
        let header = mailbox::body::read_all(view, card.blob, 0..size.min(LONGEST_HEADER))?;
        let structure = card.structure.unwrap_or_default();
        let (mut html, mut left) = (Vec::new(), LONGEST);
        for part in structure.shown_bodies().html.into_iter().filter(|part| part.is("text", "html")) {
            view.check()?;
            html.push(text(view, card.blob, part, &mut left)?);
        }
        let known = Known::of(view, &login)?;
        let proof = proof::of(&mailbox::findings::of(view, access, key)?);
        Ok::<_, mailbox::Error>(Some((header, card.summary.unwrap_or_default(), structure, html, known, proof)))
    };
    let (header, summary, structure, html, known, proof) = match server.store.read_for(asker, look).await {
        Ok(Some(read)) => read,
        Ok(None) => return answer::missing(),
        Err(error) => return answer::unreadable(&error),
    };
    // Megabytes of HTML take a while.
    let judged = tokio::task::spawn_blocking(move || {
        let evidence = Evidence { header: &header, summary: &summary, structure: &structure, html: &html };
        (of(&evidence, &known), Way::out_of(&header))
    });
    match judged.await {
        Ok((found, way)) => answer::json(&json!({"sender": proof, "findings": found, "unsubscribe": way})),
        Err(error) => answer::fault(&error),
    }
}

/// Returns the text of a part. `left` is the number of octets that may still be read of the letter, and is used up.
fn text(view: &View, blob: BlobId, part: &Part, left: &mut u64) -> Result<String, mailbox::Error> {
    let path = part.steps();
    let (start, end) = path.first().map_or((0, 0), |step| (step.start, step.end));
    let octets = mailbox::body::read_all(view, blob, start..end.min(start.saturating_add(*left)))?;
    *left = left.saturating_sub(octets.len() as u64);
    let whole = start + octets.len() as u64 >= end;
    Ok(decode::part_text(part, &unpacked(&path, &octets), whole).text.to_string())
}

#[cfg(test)]
mod tests;
