//! Says why the directory or the mailboxes refused a command, in the person's language.

use super::{policy_trouble, size};
use crate::failure::Failure;
use crate::language::{database, say};

/// The error that a transaction of a command can end with.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error(transparent)]
    Directory(#[from] directory::Error),
    #[error(transparent)]
    Mailbox(#[from] mailbox::Error),
    #[error(transparent)]
    Policy(#[from] policy::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<conduct::Error> for Trouble {
    fn from(error: conduct::Error) -> Self {
        match error {
            conduct::Error::Store(error) => Self::Store(error),
            conduct::Error::Directory(error) => Self::Directory(error),
            conduct::Error::Mailbox(error) => Self::Mailbox(error),
        }
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::new(match &trouble {
            Trouble::Directory(directory::Error::Store(why))
            | Trouble::Mailbox(mailbox::Error::Store(why))
            | Trouble::Policy(policy::Error::Store(why))
            | Trouble::Store(why) => store_trouble(why),
            Trouble::Directory(error) => directory_trouble(error),
            Trouble::Policy(error) => policy_trouble::of(error),
            Trouble::Mailbox(why) => mailbox_trouble(why),
        })
    }
}

fn store_trouble(why: &store::Error) -> String {
    match why {
        store::Error::Busy(_) => {
            say!("the post office is very busy; try again", "le bureau de poste est très occupé ; réessayez")
        }
        why => {
            let why = database(why);
            say!("the data could not be read or written: {why}", "les données n'ont pu être lues ou écrites : {why}")
        }
    }
}

/// Says why a mailbox refuses a command.
#[rustfmt::skip]
pub fn mailbox_trouble(why: &mailbox::Error) -> String {
    use mailbox::Error;
    match why {
        Error::Store(why) => store_trouble(why),
        Error::NoSuchAccount(_) => say!(
            "the mailbox is not there; facteur account list shows those there are",
            "la boîte aux lettres n'existe pas ; facteur account list montre celles qui existent"),
        Error::AccountExists(_) => say!("the mailbox is there already", "la boîte aux lettres existe déjà"),
        Error::NoSuchFolder(_) => say!(
            "the folder is not there; it may have been deleted meanwhile",
            "le dossier n'existe pas ; il a peut-être été supprimé entre-temps"),
        Error::NoFolderCalled(name) => say!("there is no folder called {name}", "il n'y a pas de dossier {name}"),
        Error::FolderExists(name) => say!(
            "there is a folder called {name} already; choose another name",
            "il y a déjà un dossier {name} ; choisissez un autre nom"),
        Error::BadName(name, fault) => {
            let fault = name_fault(*fault);
            say!("{name} cannot be the name of a folder: {fault}", "{name} ne peut être le nom d'un dossier : {fault}")
        }
        Error::TooManyFolders(most) => say!(
            "the mailbox has {most} folders, which is the most it can have; delete some first",
            "la boîte aux lettres a {most} dossiers, le plus qu'elle puisse avoir ; supprimez-en d'abord"),
        Error::OverQuota { used, quota, size } => {
            let (used, quota, size) = (size::show(*used), size::show(*quota), size::show(*size));
            say!(
                "the mailbox is full: {used} of {quota} are used, and the letter has {size}",
                "la boîte aux lettres est pleine : {used} sur {quota} sont pris, et la lettre fait {size}")
        }
        Error::TooLarge { size, limit } => {
            let (size, limit) = (size::show(*size), size::show(*limit));
            say!("the letter has {size}, and {limit} is the most", "la lettre fait {size}, et le plus est {limit}")
        }
        Error::Damaged(what) => say!(
            "the mailbox is damaged ({what}); restore it from a backup",
            "la boîte aux lettres est endommagée ({what}) ; restaurez-la d'une sauvegarde"),
        why => say!("the mailbox cannot: {why}", "la boîte aux lettres ne peut pas faire cela ({why})"),
    }
}

fn name_fault(fault: mailbox::NameFault) -> String {
    use mailbox::NameFault;
    match fault {
        NameFault::Empty => say!("a part of it is empty", "une de ses parties est vide"),
        NameFault::Character => {
            say!("it has a character that names cannot have", "il a un caractère qu'un nom ne peut avoir")
        }
        NameFault::Dots => say!("a part of it is \".\" or \"..\"", "une de ses parties est « . » ou « .. »"),
        NameFault::TooLong => say!("it is too long", "il est trop long"),
        NameFault::TooDeep => say!("it has too many levels", "il a trop de niveaux"),
    }
}

#[rustfmt::skip]
fn directory_trouble(error: &directory::Error) -> String {
    use directory::Error;
    match error {
        Error::UnknownDomain(domain) => say!(
            "{domain} is not one of our domains; to make it one: facteur domain add {domain}",
            "le domaine {domain} n'est pas d'ici ; pour l'ajouter : facteur domain add {domain}"),
        Error::DomainExists(domain) => say!(
            "{domain} is one of our domains already",
            "le domaine {domain} est déjà d'ici"),
        Error::NotAName(domain) => say!(
            "{domain} is the address of a machine; people live in domains that have a name",
            "{domain} est l'adresse d'une machine ; il faut un domaine qui a un nom"),
        Error::DomainInUse { domain, accounts } => say!(
            "{domain} is still home to people ({accounts}); remove them first (facteur account list {domain}), or say --force to remove them with all their letters",
            "le domaine {domain} compte encore des habitants ({accounts}) ; retirez-les d'abord (facteur account list {domain}), ou ajoutez --force pour les retirer avec toutes leurs lettres"),
        Error::DomainHasAlias { domain, alias } => say!(
            "{alias} is another name of {domain}; remove it first (facteur domain remove {alias}), or say --force",
            "{alias} est un autre nom de {domain} ; retirez-le d'abord (facteur domain remove {alias}), ou ajoutez --force"),
        Error::UnknownAccount(address) => say!(
            "there is no account {address}; facteur account list shows who is here",
            "il n'y a pas de compte {address} ; facteur account list montre qui est là"),
        Error::AccountExists(address) => say!(
            "there is an account {address} already",
            "il y a déjà un compte {address}"),
        Error::AliasExists(address) => say!(
            "{address} is an alias already; to remove it: facteur alias remove {address}",
            "{address} est déjà un alias ; pour le retirer : facteur alias remove {address}"),
        Error::IsGroup(address) => say!(
            "{address} is a group; its members are changed with: facteur group add, facteur group remove",
            "{address} est un groupe ; ses membres se changent par : facteur group add, facteur group remove"),
        Error::UnknownGroup(address) => say!(
            "there is no group {address}; facteur group list shows those there are",
            "il n'y a pas de groupe {address} ; facteur group list montre ceux qui existent"),
        Error::UnknownAlias(address) => say!(
            "there is no alias {address}; facteur alias list shows those there are",
            "il n'y a pas d'alias {address} ; facteur alias list montre ceux qui existent"),
        Error::UnknownTarget { alias, target } => say!(
            "{alias} does not lead to {target}; facteur alias list shows where it leads",
            "{alias} ne mène pas à {target} ; facteur alias list montre où il mène"),
        Error::NobodyThere(address) => say!(
            "{address} is in one of our domains, but nobody has that address; add the account first",
            "{address} est d'un domaine d'ici, mais n'est à personne ; ajoutez d'abord le compte"),
        Error::NoTarget(address) => say!(
            "say where {address} leads: facteur alias add {address} ADDRESS…",
            "dites où mène {address} : facteur alias add {address} ADRESSE…"),
        Error::Loop(address) => say!(
            "{address} would lead to itself",
            "{address} mènerait à lui-même"),
        Error::TooManyForwards { most } => say!(
            "letters go on to {most} addresses at most; an alias or a mailing list is a better tool for so many",
            "les lettres sont transmises à {most} adresses au plus ; un alias ou une liste convient mieux pour tant d'adresses"),
        Error::TooManyTargets { alias, most } => say!(
            "{alias} would lead to more than {most} addresses; a mailing list does that better",
            "{alias} mènerait à plus de {most} adresses ; une liste de diffusion conviendrait mieux"),
        Error::PlusInName(address) => say!(
            "{address} has a + in its name, which stands between a person and a folder; choose a name without it",
            "{address} contient un +, qui sépare une personne d'un dossier ; choisissez un nom sans +"),
        Error::StarIsNobody(address) => say!(
            "{address} means everybody in the domain; it can be an alias, but not a person",
            "{address} désigne tout le domaine ; ce peut être un alias, mais pas une personne"),
        Error::BadName => say!(
            "a person's name has at most 200 characters, and no control characters",
            "le nom d'une personne a au plus 200 caractères, sans caractères de contrôle"),
        Error::PasswordTooShort => {
            let least = directory::Secret::SHORTEST;
            say!("a password has at least {least} characters", "un mot de passe a au moins {least} caractères")
        }
        Error::PasswordTooLong => {
            let most = directory::Secret::LONGEST;
            say!("a password has at most {most} bytes", "un mot de passe a au plus {most} octets")
        }
        Error::PasswordGuessable => say!(
            "this password is among the first that are guessed: it is a common one, or made of the person's name or \
             address; take several words that do not belong together, or say --generate",
            "ce mot de passe est parmi les premiers que l'on essaie : il est courant, ou tiré du nom ou de l'adresse de la \
             personne ; prenez plusieurs mots sans rapport entre eux, ou ajoutez --generate"),
        Error::NotAKey(fault) => key_fault(*fault),
        Error::SelectorExists { domain, selector } => say!(
            "{domain} has another key called {selector} already; facteur domain key list {domain} shows it",
            "{domain} a déjà une autre clé nommée {selector} ; facteur domain key list {domain} la montre"),
        Error::UnknownSelector { domain, selector } => say!(
            "{domain} has no key called {selector}; facteur domain key list {domain} shows those that are there",
            "{domain} n'a pas de clé nommée {selector} ; facteur domain key list {domain} montre celles qui existent"),
        other => other.to_string(),
    }
}

/// Says why a file is no key that can sign.
#[rustfmt::skip]
fn key_fault(fault: directory::KeyFault) -> String {
    use directory::KeyFault;
    match fault {
        KeyFault::NoKey => say!(
            "this is no private key: a PEM file with an RSA or Ed25519 key is needed, in the form PKCS#8 or PKCS#1",
            "ce n'est pas une clé privée : il faut un fichier PEM avec une clé RSA ou Ed25519, de forme PKCS#8 ou PKCS#1"),
        KeyFault::TooShort => say!(
            "the RSA key is shorter than 2048 bits, and many no longer trust such a one: publish the keys that Facteur has made (facteur domain dns) instead",
            "la clé RSA a moins de 2048 bits, et beaucoup ne s'y fient plus : publiez plutôt les clés que Facteur a faites (facteur domain dns)"),
        KeyFault::TooLong => say!(
            "the RSA key is longer than 4096 bits, and most cannot read such a one: publish the keys that Facteur has made (facteur domain dns) instead",
            "la clé RSA a plus de 4096 bits, et la plupart ne savent pas la lire : publiez plutôt les clés que Facteur a faites (facteur domain dns)"),
        KeyFault::Damaged => say!(
            "the key is damaged: its numbers do not fit together",
            "la clé est endommagée : ses nombres ne vont pas ensemble"),
        KeyFault::NoRandomness => say!(
            "the system gave no random octets", "le système n'a pas donné d'octets aléatoires"),
    }
}
