//! The configuration: one small TOML file in which every key has a default.

mod doors;
pub mod example;
mod expected;
mod place;
mod proxy;
mod read;
mod reader;
mod receive;
pub mod settings;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use mail::Domain;
use mta::queue::Rate;
use toml::de::DeTable;

pub use doors::{BindAddress, Door, may_open_low_ports};
pub use place::this_machine;
pub use proxy::Proxy;
pub use reader::Problem;
use reader::{Reader, Section};

use crate::command_line::WhichOffice;
use crate::failure::Failure;
use crate::language::{self, Language, say, system};

/// Everything that can be set, with the defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The name this post office gives itself in SMTP and in Received fields.
    pub hostname: Domain,
    /// The data folder.
    pub data: PathBuf,
    /// The user of this machine whom the post office works as, once its doors are open. `None`: the user who starts
    /// it.
    pub user: Option<String>,
    /// The doors somebody spoke of in `[listen]`; the others stand where they stand by default.
    pub listen: BTreeMap<Door, Vec<BindAddress>>,
    /// The proxies in front.
    pub proxy: Proxy,
    /// The name servers to ask; none for the system's.
    pub dns_servers: Vec<SocketAddr>,
    /// The treatment of letters whose sender nothing proves.
    pub receive: authentication::Settings,
    /// The routes that letters for some domains take.
    pub routes: Vec<Route>,
    /// The addresses of this machine that letters leave from; none: the system chooses.
    pub send_addresses: Vec<IpAddr>,
    /// The rate at which letters are forwarded to one address.
    pub forward_rate: Rate,
}

/// A `[[route]]`: letters for a domain go to a given host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// None for `*`: every domain that has no route of its own.
    pub domain: Option<Domain>,
    /// The host, and the demand on the connection.
    pub to: mta::route::Route,
    /// The log-in, for a smarthost that wants one.
    pub login: Option<RouteLogin>,
}

/// The log-in at a smarthost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteLogin {
    pub user: String,
    /// The first line of this file is the password.
    pub password_file: PathBuf,
}

/// The reason why there is no configuration to work with.
#[derive(Debug)]
pub enum ConfigError {
    Unreadable { path: PathBuf, why: std::io::Error },
    Wrong { path: PathBuf, problems: Vec<Problem> },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, why } => {
                let (path, why) = (path.display(), system(why));
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

    /// Reads the configuration named on the command line, or the system's, or takes the defaults if there is none.
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
                let span = error.span().unwrap_or(0..0);
                let (why, column) = (language::toml(error.message(), language), reader.column(&span));
                let text = say!(in language;
                    "this is not TOML: {why} (column {column})", "ceci n'est pas du TOML : {why} (colonne {column})");
                reader.complain(&span, text);
                return Err(reader.problems);
            }
        };
        let config =
            read::document(&mut reader, Section { about: &settings::GROUPS[0], table: document.get_ref() }, folder);
        if reader.problems.is_empty() {
            return Ok(config);
        }
        reader.problems.sort_by_key(|problem| problem.line);
        Err(reader.problems)
    }

    /// Returns the addresses that a door listens on; `low_ports` says whether this process may open those below 1024.
    pub fn places(&self, door: Door, low_ports: bool) -> Vec<BindAddress> {
        self.listen.get(&door).cloned().unwrap_or_else(|| door.default_places(low_ports))
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            hostname: place::this_machine(),
            data: place::default_data(),
            user: None,
            listen: BTreeMap::new(),
            proxy: Proxy::default(),
            dns_servers: Vec::new(),
            receive: authentication::Settings::default(),
            send_addresses: Vec::new(),
            routes: Vec::new(),
            forward_rate: Rate::USUAL,
        }
    }
}

#[cfg(test)]
mod tests;
