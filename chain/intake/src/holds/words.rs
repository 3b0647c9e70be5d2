//! The words of the letters about letters that are kept back.

use std::net::IpAddr;

use conduct::Reason;
use directory::Language;
use mail::Address;

/// The facts that are told.
pub struct Told<'a> {
    /// The person whose letters they are.
    pub address: &'a Address,
    /// The reason why they are kept back.
    pub reason: Reason,
    /// The network that the first of them came from.
    pub network: Option<IpAddr>,
}

impl Told<'_> {
    fn network(&self) -> String {
        self.network.map(|ip| ip.to_string()).unwrap_or_default()
    }
}

/// Returns subject and text for the person whose letters they are.
pub fn to_author(language: Language, told: &Told<'_>) -> (String, String) {
    let network = told.network();
    match (language, told.reason) {
        (Language::English, Reason::DayLimit) => (
            "Your letters wait for tomorrow".to_owned(),
                "You have written to as many people today as your account may in one day. Your letters are taken, and the \
                 rest of them waits here: they leave by themselves as soon as the next day has room for them. You need \
                 do nothing, and nothing is lost.\n\nIf they have to leave today, or if you write to so many people \
                 often, ask your postmaster, who can let them go and raise the limit.\n"
                    .to_owned(),
        ),
        (Language::French, Reason::DayLimit) => (
            "Vos lettres attendent demain".to_owned(),
                "Vous avez écrit aujourd’hui à autant de personnes que votre compte le permet en un jour. Vos lettres sont \
                 prises, et le reste attend ici\u{a0}: elles partiront d’elles-mêmes dès que le jour suivant aura de la place. \
                 Vous n’avez rien à faire, et rien n’est perdu.\n\nSi elles doivent partir aujourd’hui, ou si vous écrivez \
                 souvent à tant de personnes, demandez à votre postmaster, qui peut les libérer et relever la limite.\n"
                    .to_owned(),
        ),
        (Language::English, reason) => (
            "Was it you? Letters of yours are kept back".to_owned(),
            format!(
                "{}\n\nThat may have been you. It may also be somebody who knows your password. So these letters wait \
                 here, and nobody has got them yet. Nothing is lost.\n\nOpen your webmail as you always do, on a device \
                 that you have used before. A page shows whom the letters go to, and asks you:\n\n\
                 - It was me: the letters leave at once.\n\
                 - It was not me: the letters are dropped, you choose a new password, and everybody who is logged in \
                 as you is logged out.\n\nYour postmaster can do the same for you.\n\n\
                 Network: {network}\n",
                english_reason(reason)
            ),
        ),
        (Language::French, reason) => (
            "Était-ce vous\u{202f}? Des lettres à votre nom sont retenues".to_owned(),
            format!(
                "{}\n\nC’était peut-être vous. C’était peut-être aussi quelqu’un qui connaît votre mot de passe. Ces \
                 lettres attendent donc ici, et personne ne les a encore reçues. Rien n’est perdu.\n\nOuvrez votre webmail \
                 comme d’habitude, sur un appareil que vous avez déjà utilisé. Une page montre à qui vont les lettres, et \
                 vous demande\u{a0}:\n\n\
                 - C’était moi\u{a0}: les lettres partent aussitôt.\n\
                 - Ce n’était pas moi\u{a0}: les lettres sont supprimées, vous choisissez un nouveau mot de passe, et toutes \
                 les sessions ouvertes à votre nom sont fermées.\n\nVotre postmaster peut le faire pour vous.\n\n\
                 Réseau\u{a0}: {network}\n",
                french_reason(reason)
            ),
        ),
    }
}

/// Returns subject and text for the postmaster.
pub fn to_postmaster(language: Language, told: &Told<'_>) -> (String, String) {
    let (address, network) = (told.address, told.network());
    match language {
        Language::English => (
            format!("Letters of {address} are kept back"),
            format!(
                "The account {address} behaves as if its password was stolen. {}\n\nIts letters wait in the queue; nothing \
                 is refused and nothing is lost. Its owner has a letter about it, and can let them go from a device that \
                 they have used before. If they ask you:\n\n\
                 facteur hold show {address}\n    shows whom the letters go to\n\
                 facteur hold release {address}\n    it was them: the letters go\n\
                 facteur hold drop {address}\n    it was not them: the letters are dropped, and the account gets \
                 another password\n\nNetwork: {network}\n",
                english_reason(told.reason)
            ),
        ),
        Language::French => (
            format!("Des lettres de {address} sont retenues"),
            format!(
                "Le compte {address} se comporte comme si son mot de passe était volé. {}\n\nSes lettres attendent dans la \
                 file\u{202f}; rien n’est refusé et rien n’est perdu. Son propriétaire a reçu une lettre à ce sujet, et peut les \
                 libérer depuis un appareil qu’il a déjà utilisé. S’il s’adresse à vous\u{a0}:\n\n\
                 facteur hold show {address}\n    montre à qui vont les lettres\n\
                 facteur hold release {address}\n    c’était lui\u{a0}: les lettres partent\n\
                 facteur hold drop {address}\n    ce n’était pas lui\u{a0}: les lettres sont supprimées, et le compte reçoit un \
                 autre mot de passe\n\nRéseau\u{a0}: {network}\n",
                french_reason(told.reason)
            ),
        ),
    }
}

fn english_reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Refusals => {
            "Many letters from this account were refused: nobody has these addresses, or they look like spam."
        }
        _ => {
            "Letters went from a network where this account is not at home to many people to whom it had never written."
        }
    }
}

fn french_reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Refusals => {
            "Beaucoup de lettres de ce compte ont été refusées\u{a0}: ces adresses ne sont à personne, ou les lettres \
             ressemblent à du spam."
        }
        _ => {
            "Des lettres sont parties d’un réseau où ce compte n’est pas chez lui, vers beaucoup de personnes à qui il \
             n’avait jamais écrit."
        }
    }
}
