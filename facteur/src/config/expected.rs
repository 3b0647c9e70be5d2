//! What a person is told who has written something else than was expected.

use super::doors::{Door, Place};
use super::reader::{At, Reader, Section};
use crate::language::{Language, say};

/// What should have stood there.
pub enum Expected {
    HostName,
    Door(Door),
    NotTakenBy(Door),
    NameServer,
    Only { key: &'static str, value: &'static str },
    RouteDomain,
    RouteHost,
    SmtpRoute,
    RouteTls,
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
        example: &str,
    ) -> Option<At<String>> {
        if !section.table.contains_key(key) {
            let (language, name) = (self.language, section.name);
            let text = say!(in language; "this {name} lacks \"{key}\": write {key} = \"{example}\"",
                "il manque « {key} » à cette {name} : écrivez {key} = \"{example}\"");
            self.complain(span, text);
        }
        self.text(section, key, example)
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
                let example = door.default_places(true).first().map_or_else(|| "0.0.0.0:110".to_owned(), Place::to_string);
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
            Self::Only { key, value } => say!(in language;
                "{key} = \"{found}\" is not possible in this version; write {key} = \"{value}\", or leave the line out",
                "{key} = \"{found}\" n'est pas possible dans cette version ; écrivez {key} = \"{value}\", ou supprimez la ligne"),
            Self::RouteDomain => say!(in language;
                "\"{found}\" is not a domain; write one such as \"beta.test\", or \"*\" for every other domain",
                "« {found} » n'est pas un domaine ; écrivez par exemple \"beta.test\", ou \"*\" pour tous les autres"),
            Self::RouteHost => say!(in language;
                "\"{found}\" is not a host: write a name or an IP address, and a port if it is not 25, such as \"mail.beta.test:587\"",
                "« {found} » n'est pas un serveur : écrivez un nom ou une adresse IP, et un port si ce n'est pas 25, comme \"mail.beta.test:587\""),
            Self::SmtpRoute => say!(in language;
                "routes with \"lmtp:\" or \"command:\" are not possible in this version; write a host, such as \"mail.beta.test\"",
                "les routes « lmtp: » et « command: » ne sont pas possibles dans cette version ; écrivez un serveur, comme \"mail.beta.test\""),
            Self::RouteTls => say!(in language;
                "tls = \"{found}\" is not known; write \"opportunistic\", \"encrypted\" or \"verified\"",
                "tls = \"{found}\" est inconnu ; écrivez \"opportunistic\", \"encrypted\" ou \"verified\""),
        }
    }
}
