//! Says why a rule of the administrator was not changed, in the person's language.

use policy::Error;

use crate::language::say;

/// Returns the reason and the remedy.
#[rustfmt::skip]
pub fn of(error: &Error) -> String {
    match error {
        Error::ListedAlready { subject, is_allowed: true } => say!(
            "{subject} is allowed already; to end that: facteur allow remove {subject}",
            "{subject} est déjà admis ; pour y mettre fin : facteur allow remove {subject}"),
        Error::ListedAlready { subject, is_allowed: false } => say!(
            "{subject} is denied already; to end that: facteur deny remove {subject}",
            "{subject} est déjà refusé ; pour y mettre fin : facteur deny remove {subject}"),
        Error::NotListed(subject) => say!(
            "{subject} is not on the list; facteur deny list and facteur allow list show who is",
            "{subject} n'est pas sur la liste ; facteur deny list et facteur allow list montrent qui y est"),
        Error::BadReason => {
            let most = policy::listed::LONGEST_REASON;
            say!(
                "a reason has at most {most} characters, and no control characters",
                "une raison a au plus {most} caractères, sans caractères de contrôle")
        }
        Error::RouteExists(_) => say!(
            "there is a route for these letters already; remove it first, as facteur route list shows it",
            "il y a déjà une route pour ces lettres ; retirez-la d'abord, telle que la montre facteur route list"),
        Error::NoSuchRoute(_) => say!(
            "there is no such route; facteur route list shows those there are, and those of the configuration are changed there",
            "il n'y a pas de telle route ; facteur route list montre celles qui existent, et celles de la configuration se changent là"),
        Error::NoSuchLimit(subject) => say!(
            "there is no limit for {subject}; facteur limit list shows those there are",
            "il n'y a pas de limite pour {subject} ; facteur limit list montre celles qui existent"),
        Error::CopyExists(address) => say!(
            "{address} gets a copy of these letters already",
            "{address} reçoit déjà copie de ces lettres"),
        Error::NoSuchCopy(address) => say!(
            "{address} gets no copy of these letters; facteur copy list shows who gets which",
            "{address} ne reçoit pas copie de ces lettres ; facteur copy list montre qui reçoit quoi"),
        Error::Full(most) => say!(
            "there are {most} entries already, which is the most there can be; remove some first",
            "il y a déjà {most} entrées, le plus qu'il puisse y en avoir ; retirez-en d'abord"),
        other => other.to_string(),
    }
}
