//! The configuration: one small TOML file in which every key has a default.

mod doors;
mod place;
mod reader;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use mail::Domain;
use mta::route::{Demand, RouteError};
use toml::de::DeTable;

pub use doors::{Door, Place, may_open_low_ports};
pub use reader::Problem;
use reader::{At, Reader, Section};

use crate::command_line::WhichOffice;
use crate::failure::Failure;
use crate::language::{Language, say};

/// Everything that can be set, with the defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The name this post office gives itself in SMTP and in Received fields.
    pub hostname: Domain,
    /// The data folder.
    pub data: PathBuf,
    /// The doors somebody spoke of in `[listen]`; the others stand where they stand by default.
    pub listen: BTreeMap<Door, Vec<Place>>,
    /// The name servers to ask; none for the system's.
    pub dns_servers: Vec<SocketAddr>,
    /// Where letters for some domains go.
    pub routes: Vec<Route>,
}

/// A `[[route]]`: letters for a domain go to a given host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// None for `*`: every domain that has no route of its own.
    pub domain: Option<Domain>,
    /// The host, and what is asked of the connection.
    pub to: mta::route::Route,
    /// For a smarthost that wants a log-in.
    pub login: Option<RouteLogin>,
}

/// The log-in at a smarthost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteLogin {
    pub user: String,
    /// The first line of this file is the password.
    pub password_file: PathBuf,
}

/// Why there is no configuration to work with.
#[derive(Debug)]
pub enum ConfigError {
    Unreadable { path: PathBuf, why: std::io::Error },
    Wrong { path: PathBuf, problems: Vec<Problem> },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, why } => {
                let path = path.display();
                f.write_str(&say!(
                    "the configuration {path} cannot be read: {why}",
                    "impossible de lire la configuration {path} : {why}"
                ))
            }
            Self::Wrong { path, problems } => {
                let lines = problems.iter().map(|Problem { line, text }| format!("{}:{line}: {text}", path.display()));
                f.write_str(&lines.collect::<Vec<_>>().join("\n"))
            }
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(error.to_string())
    }
}

impl Config {
    /// The configuration of the post office that the command line means.
    pub fn of(office: &WhichOffice) -> Result<Self, Failure> {
        Ok(Self::load(office.config.as_deref(), office.data.as_deref())?)
    }

    /// Reads the configuration named on the command line, or the system's, or takes the defaults where there is none.
    /// `data` wins over what the file says.
    pub fn load(file: Option<&Path>, data: Option<&Path>) -> Result<Self, ConfigError> {
        let mut config = match file.map(Path::to_owned).or_else(place::system_file) {
            Some(path) => Self::read(&path)?,
            None => Self::default(),
        };
        if let Some(data) = data {
            config.data = data.to_owned();
        }
        Ok(config)
    }

    fn read(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|why| ConfigError::Unreadable { path: path.to_owned(), why })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, folder, Language::of_the_person())
            .map_err(|problems| ConfigError::Wrong { path: path.to_owned(), problems })
    }

    /// Understands a configuration, or tells everything that is wrong with it. Relative paths in it start from `folder`.
    fn parse(text: &str, folder: &Path, language: Language) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::new(text, language);
        let document = match DeTable::parse(text) {
            Ok(document) => document,
            Err(error) => {
                let why = error.message();
                let text = say!(in language; "this is not TOML: {why}", "ceci n'est pas du TOML : {why}");
                reader.complain(&error.span().unwrap_or(0..0), text);
                return Err(reader.problems);
            }
        };
        let config = read_document(&mut reader, Section { name: "", table: document.get_ref() }, folder);
        if reader.problems.is_empty() {
            return Ok(config);
        }
        reader.problems.sort_by_key(|problem| problem.line);
        Err(reader.problems)
    }

    /// Where a door stands; `low_ports` says whether this process may open those below 1024.
    pub fn places(&self, door: Door, low_ports: bool) -> Vec<Place> {
        self.listen.get(&door).cloned().unwrap_or_else(|| door.default_places(low_ports))
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            hostname: place::this_machine(),
            data: place::default_data(),
            listen: BTreeMap::new(),
            dns_servers: Vec::new(),
            routes: Vec::new(),
        }
    }
}

fn read_document(reader: &mut Reader<'_>, top: Section<'_>, folder: &Path) -> Config {
    let mut config = Config::default();
    reader.only(top, &["hostname", "data", "listen", "store", "dns", "route"]);
    if let Some(hostname) = reader.text(top, "hostname", "mail.alpha.test") {
        match Domain::parse(&hostname.value) {
            Ok(domain) => config.hostname = domain,
            Err(_) => reader.wrong(&hostname, Expected::HostName),
        }
    }
    if let Some(data) = reader.text(top, "data", "/var/lib/facteur") {
        config.data = folder.join(data.value);
    }
    if let Some(listen) = reader.table(top, "listen", "[listen]") {
        config.listen = read_listen(reader, listen);
    }
    if let Some(store) = reader.table(top, "store", "[store]") {
        check_store(reader, store);
    }
    if let Some(dns) = reader.table(top, "dns", "[dns]") {
        config.dns_servers = read_dns(reader, dns);
    }
    config.routes = read_routes(reader, top, folder);
    config
}

fn read_listen(reader: &mut Reader<'_>, listen: Section<'_>) -> BTreeMap<Door, Vec<Place>> {
    reader.only(listen, &Door::ALL.map(Door::name));
    let mut doors = BTreeMap::new();
    let mut taken: Vec<(Place, Door)> = Vec::new();
    for door in Door::ALL {
        let example = door.default_places(true).first().map_or_else(|| "127.0.0.1:24".to_owned(), Place::to_string);
        let Some(texts) = reader.texts(listen, door.name(), &example) else { continue };
        let mut places = Vec::new();
        for text in texts {
            match read_place(&text.value, door) {
                None => reader.wrong(&text, Expected::Door(door)),
                Some(place) => match taken.iter().find(|(other, _)| *other == place) {
                    Some((_, other)) => reader.wrong(&text, Expected::NotTakenBy(*other)),
                    None => {
                        taken.push((place.clone(), door));
                        places.push(place);
                    }
                },
            }
        }
        doors.insert(door, places);
    }
    doors
}

fn read_place(text: &str, door: Door) -> Option<Place> {
    if let Some(path) = text.strip_prefix("unix:") {
        let fits = door == Door::Lmtp && path.starts_with('/');
        return fits.then(|| Place::Unix(path.into()));
    }
    text.parse::<SocketAddr>().ok().filter(|address| address.port() != 0).map(Place::Tcp)
}

/// The keys are those of the contract; what this version cannot do yet is refused rather than ignored.
fn check_store(reader: &mut Reader<'_>, store: Section<'_>) {
    reader.only(store, &["database", "blobs"]);
    for (key, only) in [("database", "sqlite"), ("blobs", "database")] {
        match reader.text(store, key, only) {
            Some(text) if text.value != only => reader.wrong(&text, Expected::Only { key, value: only }),
            _ => {}
        }
    }
}

fn read_dns(reader: &mut Reader<'_>, dns: Section<'_>) -> Vec<SocketAddr> {
    reader.only(dns, &["servers"]);
    let mut servers = Vec::new();
    for text in reader.texts(dns, "servers", "127.0.0.1:53").unwrap_or_default() {
        let address = text.value.parse::<SocketAddr>().ok();
        let alone = || text.value.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 53));
        match address.or_else(alone).filter(|address| address.port() != 0) {
            Some(server) => servers.push(server),
            None => reader.wrong(&text, Expected::NameServer),
        }
    }
    servers
}

fn read_routes(reader: &mut Reader<'_>, top: Section<'_>, folder: &Path) -> Vec<Route> {
    let mut routes: Vec<Route> = Vec::new();
    for At { value: section, span } in reader.tables(top, "route", "[[route]]") {
        let Some(route) = read_route(reader, section, &span, folder) else { continue };
        if routes.iter().any(|other| other.domain == route.domain) {
            let language = reader.language;
            let domain = route.domain.as_ref().map_or("*", Domain::as_str);
            let text = say!(in language; "there is already a route for \"{domain}\"; keep one of them",
                "il y a déjà une route pour « {domain} » ; gardez-en une seule");
            reader.complain(&span, text);
            continue;
        }
        routes.push(route);
    }
    routes
}

fn read_route(
    reader: &mut Reader<'_>,
    route: Section<'_>,
    span: &std::ops::Range<usize>,
    folder: &Path,
) -> Option<Route> {
    reader.only(route, &["domain", "to", "user", "password_file", "tls"]);
    let domain = reader.needed(route, span, "domain", "beta.test");
    let to = reader.needed(route, span, "to", "127.0.0.1:25");
    let login = read_login(reader, route, span, folder);
    let demand = read_demand(reader, route);

    let (domain, to) = (domain?, to?);
    let for_domain = match domain.value.as_str() {
        "*" => None,
        name => match Domain::parse(name) {
            Ok(name) => Some(name),
            Err(_) => return reader.refuse(&domain, Expected::RouteDomain),
        },
    };
    let to = match mta::route::Route::parse(&to.value) {
        Ok(host) => host,
        Err(RouteError::Scheme(_)) => return reader.refuse(&to, Expected::SmtpRoute),
        Err(_) => return reader.refuse(&to, Expected::RouteHost),
    };
    // A password goes only to a host that has proved its name, unless somebody says otherwise.
    let usual = if login.is_some() { Demand::Verified } else { to.demand };
    Some(Route { domain: for_domain, to: to.with_demand(demand.unwrap_or(usual)), login })
}

fn read_login(
    reader: &mut Reader<'_>,
    route: Section<'_>,
    span: &std::ops::Range<usize>,
    folder: &Path,
) -> Option<RouteLogin> {
    let user = reader.text(route, "user", "alice@isp.test");
    let file = reader.text(route, "password_file", "/etc/facteur/smarthost.password");
    match (user, file) {
        (Some(user), Some(file)) => Some(RouteLogin { user: user.value, password_file: folder.join(file.value) }),
        (None, None) => None,
        (user, file) => {
            let language = reader.language;
            let span = user.or(file).map_or(span.clone(), |one| one.span);
            let text = say!(in language; "a log-in at a host needs both \"user\" and \"password_file\"",
                "pour s'identifier auprès d'un serveur, il faut « user » et « password_file »");
            reader.complain(&span, text);
            None
        }
    }
}

fn read_demand(reader: &mut Reader<'_>, route: Section<'_>) -> Option<Demand> {
    let text = reader.text(route, "tls", "verified")?;
    match text.value.parse() {
        Ok(demand) => Some(demand),
        Err(_) => reader.refuse(&text, Expected::RouteTls),
    }
}

/// What should have stood there.
enum Expected {
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
    fn wrong(&mut self, found: &At<String>, expected: Expected) {
        let text = expected.explain(&found.value, self.language);
        self.complain(&found.span, text);
    }

    /// The same, where a value is wanted and there is none.
    fn refuse<T>(&mut self, found: &At<String>, expected: Expected) -> Option<T> {
        self.wrong(found, expected);
        None
    }

    /// A text that a `[[route]]` cannot do without.
    fn needed(
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

#[cfg(test)]
mod tests;
