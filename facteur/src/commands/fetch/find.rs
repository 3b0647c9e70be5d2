//! Finding the server of an address, and asking the person where nobody has proved that it is the right one.

use std::fmt::Write as _;

use mail::Address;
use mra::discovery::{Finder, NotFound, Offer, Source};
use net::ClientTls;

use super::list;
use crate::commands::account::ask;
use crate::context::Context;
use crate::failure::Failure;
use crate::language::{self, de, say};
use crate::{server, terminal};

/// The places that a search may ask, and the certificates that it trusts.
pub struct Search {
    /// Thunderbird's list too, without a question.
    pub ask_thunderbird: bool,
    /// Certificates to trust besides the system's, as PEM.
    pub ca: Option<String>,
}

/// The server of an address. A person has agreed to it where it has not been proved.
pub fn server(address: &Address, search: &Search, context: &Context<'_>) -> Result<Offer, Failure> {
    let offer = match look(address, search, search.ask_thunderbird, context)? {
        Ok(offer) => offer,
        Err(tried) => {
            look_in_the_list(address, search, context)?.map_err(|more| not_found(address, more.unwrap_or(tried)))?
        }
    };
    agree(address, &offer)?;
    Ok(offer)
}

fn look(
    address: &Address,
    search: &Search,
    ask_thunderbird: bool,
    context: &Context<'_>,
) -> Result<Result<Offer, NotFound>, Failure> {
    let tls = ClientTls::verified().map_err(|why| Failure::new(server::StartFault::Tls(why).to_string()))?;
    let resolver = server::resolver(context.config())?;
    let finder = Finder::new(tls, resolver, ask_thunderbird).trusting(search.ca.clone());
    let domain = address.domain();
    let de_domain = de(domain.as_str());
    terminal::note(&say!("looking for the server of {domain} …\n", "recherche du serveur {de_domain} …\n"));
    crate::threads::unless_stopped(finder.find(address))
}

/// Looks again, in the list of a third party, where the person agrees that it learns the domain. Without an answer there is no
/// second search.
fn look_in_the_list(
    address: &Address,
    search: &Search,
    context: &Context<'_>,
) -> Result<Result<Offer, Option<NotFound>>, Failure> {
    if search.ask_thunderbird || !terminal::input_is_terminal() {
        return Ok(Err(None));
    }
    let domain = address.domain();
    let question = say!(
        "{domain} does not say where its mailboxes are. Ask Thunderbird's list (autoconfig.thunderbird.net)? Mozilla then learns the domain, and nothing else.",
        "{domain} ne dit pas où sont ses boîtes. Demander à la liste de Thunderbird (autoconfig.thunderbird.net) ? Mozilla apprend alors le domaine, et rien d'autre."
    );
    if !ask::sure(&question)? {
        return Ok(Err(None));
    }
    Ok(look(address, search, true, context)?.map_err(Some))
}

/// Tells which server was found, and asks where a wrong answer of the domain name system could have led elsewhere.
fn agree(address: &Address, offer: &Offer) -> Result<(), Failure> {
    let (mailbox, domain) = (&offer.mailbox, address.domain());
    let who = match offer.source {
        Source::Domain => say!("{domain} says so itself", "{domain} le dit lui-même"),
        Source::Names => say!("by the domain name system", "d'après le système de noms de domaine"),
        Source::Thunderbird => say!("from Thunderbird's list", "d'après la liste de Thunderbird"),
        Source::Exchange => {
            let de_domain = de(domain.as_str());
            say!("it takes the letters of {domain}", "il prend les lettres {de_domain}")
        }
    };
    terminal::note(&say!("found: {mailbox} ({who})\n", "trouvé : {mailbox} ({who})\n"));
    if !offer.must_be_confirmed() {
        return Ok(());
    }
    if !terminal::input_is_terminal() {
        return Err(Failure::new(say!(
            "{domain} has not proved that this is its server, and no password is sent there unasked; if it is right, say: facteur fetch add {mailbox}",
            "{domain} n'a pas prouvé que c'est son serveur, et aucun mot de passe n'y est envoyé sans accord ; si c'est le bon, dites : facteur fetch add {mailbox}"
        )));
    }
    let host = &mailbox.host;
    let question = say!(
        "{domain} has not proved that this is its server. Is {host} right, and may the password go there?",
        "{domain} n'a pas prouvé que c'est son serveur. Est-ce que {host} est le bon, et le mot de passe peut-il y aller ?"
    );
    if ask::sure(&question)? {
        return Ok(());
    }
    Err(Failure::new(say!("nothing was set up", "rien n'a été mis en place")))
}

fn not_found(address: &Address, NotFound(tried): NotFound) -> Failure {
    let (domain, user) = (address.domain(), address.to_string().replace('%', "%25"));
    let mut text = say!(
        "no server was found for {domain}; its pages tell its name. Then: facteur fetch add imaps://{user}@SERVER",
        "aucun serveur trouvé pour {domain} ; ses pages en donnent le nom. Ensuite : facteur fetch add imaps://{user}@SERVEUR"
    );
    for (mailbox, fault) in tried.iter().take(8) {
        let what = fault.kind().map(list::ailment).unwrap_or_default();
        let said = language::fault(&fault.to_string());
        let line = say!("{mailbox}: {what}: {said}", "{mailbox} : {what} : {said}");
        let _ = write!(text, "\n  {line}");
    }
    Failure::new(text)
}
