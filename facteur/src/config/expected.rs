//! Tells a person who has written something else than was expected what to write.

use mta::route::TemplateError;
use net::NotANetwork;

use super::doors::{BindAddress, Door};
use super::reader::{At, Reader, Section};
use crate::language::{Language, say};

/// The kind of value that should have stood there.
pub enum Expected {
    HostName,
    Door(Door),
    NotTakenBy(Door),
    NameServer,
    SendAddress,
    Proxy(NotANetwork),
    DoorName,
    Only { key: &'static str, value: &'static str },
    RouteDomain,
    RouteHost,
    RouteScheme,
    RoutePath,
    RouteWords(TemplateError),
    RouteUser,
    RouteTls,
    ServiceUser,
    Authentication,
    Front,
}

impl Reader<'_> {
    pub fn wrong(&mut self, found: &At<String>, expected: Expected) {
        let text = expected.explain(&found.value, self.language);
        self.complain(&found.span, text);
    }

    /// The same, where a value is wanted and there is none.
    pub fn refuse<T>(&mut self, found: &At<String>, expected: Expected) -> Option<T> {
        self.wrong(found, expected);
        None
    }

    /// A text that a `[[route]]` cannot do without.
    pub fn needed(
        &mut self,
        section: Section<'_>,
        span: &std::ops::Range<usize>,
        key: &'static str,
    ) -> Option<At<String>> {
        if !section.table.contains_key(key) {
            let (language, name, example) = (self.language, section.about.heading, section.example(key));
            let text = say!(in language; "this {name} lacks \"{key}\": write {key} = \"{example}\"",
                "il manque « {key} » à cette {name} : écrivez {key} = \"{example}\"");
            self.complain(span, text);
        }
        self.text(section, key)
    }
}

impl Expected {
    #[rustfmt::skip]
    fn explain(&self, found: &str, language: Language) -> String {
        match self {
            Self::HostName => say!(in language;
                "\"{found}\" is not a host name; write one such as \"mail.alpha.test\"",
                "« {found} » n'est pas un nom de machine ; écrivez par exemple \"mail.alpha.test\""),
            Self::Door(Door::Lmtp) => say!(in language;
                "\"{found}\" is not a place to listen: write an IP address and a port from 1 to 65535, such as \
                 \"127.0.0.1:24\", or \"unix:\" and a full path",
                "« {found} » n'est pas un endroit où écouter : écrivez une adresse IP et un port de 1 à 65535, comme \
                 \"127.0.0.1:24\", ou bien \"unix:\" et un chemin complet"),
            Self::Door(door) => {
                let example = door.default_places(true).first().map_or_else(|| "[::]:110".to_owned(), BindAddress::to_string);
                say!(in language;
                    "\"{found}\" is not a place to listen: write an IP address and a port from 1 to 65535, such as \"{example}\"",
                    "« {found} » n'est pas un endroit où écouter : écrivez une adresse IP et un port de 1 à 65535, comme \"{example}\"")
            }
            Self::NotTakenBy(door) => {
                let door = door.name();
                say!(in language;
                    "\"{found}\" is already taken by \"{door}\"; choose another port",
                    "« {found} » est déjà pris par « {door} » ; choisissez un autre port")
            }
            Self::NameServer => say!(in language;
                "\"{found}\" is not the address of a name server: write an IP address, such as \"192.0.2.53\" or \"127.0.0.1:5353\"",
                "« {found} » n'est pas l'adresse d'un serveur de noms : écrivez une adresse IP, comme \"192.0.2.53\" ou \"127.0.0.1:5353\""),
            Self::SendAddress => say!(in language;
                "\"{found}\" is not an address that letters can leave from: write one IP address of this machine of each family, such as \"192.0.2.25\"",
                "« {found} » n'est pas une adresse d'où des lettres peuvent partir : écrivez une adresse IP de cette machine par famille, comme \"192.0.2.25\""),
            Self::Proxy(why) => super::proxy::explain(found, *why, language),
            Self::Authentication => say!(in language;
                "\"{found}\" is not possible; write \"on\", \"note\" or \"off\"",
                "« {found} » n'est pas possible ; écrivez \"on\", \"note\" ou \"off\""),
            Self::Front => say!(in language;
                "\"{found}\" is not the address of a server in front; write an IP address or a network, such as \"192.0.2.25\" or \"192.0.2.0/24\"",
                "« {found} » n'est pas l'adresse d'un serveur placé devant ; écrivez une adresse IP ou un réseau, comme \"192.0.2.25\" ou \"192.0.2.0/24\""),
            Self::DoorName => {
                let all = Door::ALL.map(Door::name).join(", ");
                say!(in language;
                    "\"{found}\" is not a door; the doors are {all}",
                    "« {found} » n'est pas une porte ; les portes sont {all}")
            }
            Self::Only { key, value } => say!(in language;
                "{key} = \"{found}\" is not possible in this version; write {key} = \"{value}\", or leave the line out",
                "{key} = \"{found}\" n'est pas possible dans cette version ; écrivez {key} = \"{value}\", ou supprimez la ligne"),
            Self::RouteDomain => say!(in language;
                "\"{found}\" is not a domain; write one such as \"beta.test\", or \"*\" for every other domain",
                "« {found} » n'est pas un domaine ; écrivez par exemple \"beta.test\", ou \"*\" pour tous les autres"),
            Self::RouteHost => say!(in language;
                "\"{found}\" is not a host: write a name or an IP address, and a port if it is not 25, such as \"mail.beta.test:587\"",
                "« {found} » n'est pas un serveur : écrivez un nom ou une adresse IP, et un port si ce n'est pas 25, comme \"mail.beta.test:587\""),
            Self::RouteScheme => say!(in language;
                "\"{found}\" is no way to hand letters on: write a host (\"mail.beta.test\", \"smtps:mail.beta.test\"), \"lmtp:\" and a host, \
                 \"lmtp:unix:\" and a path, \"command:\" and a program, or \"maildir:\" and a path",
                "« {found} » n'est pas une façon de remettre des lettres : écrivez un serveur (\"mail.beta.test\", \"smtps:mail.beta.test\"), \
                 \"lmtp:\" et un serveur, \"lmtp:unix:\" et un chemin, \"command:\" et un programme, ou \"maildir:\" et un chemin"),
            Self::RoutePath => say!(in language;
                "\"{found}\" needs a full path, which begins with a slash, such as \"command:/usr/bin/procmail -d $USER\"",
                "« {found} » demande un chemin complet, qui commence par une barre oblique, comme \"command:/usr/bin/procmail -d $USER\""),
            Self::RouteWords(error) => words(error, language),
            Self::RouteUser => say!(in language;
                "\"{found}\" is not a user of this machine: write the name of one, or $USER for the recipient's own",
                "« {found} » n'est pas un utilisateur de cette machine : écrivez un nom, ou $USER pour celui du destinataire"),
            Self::ServiceUser => say!(in language;
                "\"{found}\" cannot be whom the post office works as: write the name of a user of this machine that is not root, such as \"facteur\"",
                "« {found} » ne peut pas être l'utilisateur du bureau de poste : écrivez le nom d'un utilisateur de cette machine, autre que root, comme \"facteur\""),
            Self::RouteTls => say!(in language;
                "tls = \"{found}\" is not known; write \"opportunistic\", \"encrypted\" or \"verified\"",
                "tls = \"{found}\" est inconnu ; écrivez \"opportunistic\", \"encrypted\" ou \"verified\""),
        }
    }
}

/// Says why a template cannot be filled in for a recipient.
#[rustfmt::skip]
fn words(error: &TemplateError, language: Language) -> String {
    match error {
        TemplateError::Unknown(name) => say!(in language;
            "${name} is not known: there are $USER, $EXTENSION, $LOCAL, $DOMAIN, $RECIPIENT and $SENDER; write $$ for a dollar",
            "${name} est inconnu : il y a $USER, $EXTENSION, $LOCAL, $DOMAIN, $RECIPIENT et $SENDER ; écrivez $$ pour un dollar"),
        TemplateError::Quote(_) => say!(in language;
            "a quotation mark is not closed here",
            "un guillemet n'est pas fermé ici"),
        TemplateError::InText(word) => say!(in language;
            "\"{word}\" would put words of strangers before a shell: give each name a word of its own, or write $$ so that the \
             shell takes it from its environment",
            "« {word} » mettrait des mots d'inconnus devant un shell : donnez à chaque nom un mot à lui, ou écrivez $$ pour que \
             le shell le prenne dans son environnement"),
        TemplateError::User(_) => Expected::RouteUser.explain(&error.to_string(), language),
    }
}
