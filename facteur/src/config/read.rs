//! Turns the TOML document into a configuration.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use mail::Domain;
use mta::queue::Rate;
use mta::route::{Demand, People, RouteError, RunAs, Target};

use super::doors::{BindAddress, Door};
use super::expected::Expected;
use super::reader::{At, Reader, Section};
use super::{Config, Route, RouteLogin, proxy, receive};
use crate::language::{Language, say};

/// The whole file.
pub fn document(reader: &mut Reader<'_>, top: Section<'_>, folder: &Path) -> Config {
    let mut config = Config::default();
    reader.only_settings(top);
    if let Some(hostname) = reader.text(top, "hostname") {
        match Domain::parse(&hostname.value) {
            Ok(domain) => config.hostname = domain,
            Err(_) => reader.wrong(&hostname, Expected::HostName),
        }
    }
    if let Some(data) = reader.text(top, "data") {
        config.data = folder.join(data.value);
    }
    config.user = read_user(reader, top);
    if let Some(listen) = reader.table(top, "listen") {
        config.listen = read_listen(reader, listen);
    }
    if let Some(section) = reader.table(top, "proxy") {
        config.proxy = proxy::read(reader, section);
    }
    if let Some(store) = reader.table(top, "store") {
        check_store(reader, store);
    }
    if let Some(dns) = reader.table(top, "dns") {
        config.dns_servers = read_dns(reader, dns);
    }
    if let Some(forward) = reader.table(top, "forward") {
        reader.only_settings(forward);
        if let Some(per_hour) = reader.number(forward, "per_hour") {
            match per_hour.value {
                0 => reader.complain(&per_hour.span, no_rate(reader.language)),
                per_hour => config.forward_rate = Rate { per_hour },
            }
        }
    }
    if let Some(section) = reader.table(top, "receive") {
        config.receive = receive::read(reader, section);
    }
    if let Some(send) = reader.table(top, "send") {
        config.send_addresses = read_send(reader, send);
    }
    config.routes = read_routes(reader, top, folder, config.user.as_deref());
    config
}

fn no_rate(language: Language) -> String {
    say!(in language; "\"per_hour\" is 1 at least: per_hour = 100", "« per_hour » vaut au moins 1 : per_hour = 100")
}

/// Reads the user whom the post office works as, once its doors are open.
fn read_user(reader: &mut Reader<'_>, top: Section<'_>) -> Option<String> {
    let user = reader.text(top, "user")?;
    let is_name = RunAs::parse(&user.value).is_ok_and(|run_as| !run_as.user.has_names());
    if is_name && user.value != "root" { Some(user.value) } else { reader.refuse(&user, Expected::ServiceUser) }
}

fn read_listen(reader: &mut Reader<'_>, listen: Section<'_>) -> BTreeMap<Door, Vec<BindAddress>> {
    reader.only_settings(listen);
    let mut doors = BTreeMap::new();
    let mut taken: Vec<(BindAddress, Door)> = Vec::new();
    for door in Door::ALL {
        let Some(texts) = reader.texts(listen, door.name()) else { continue };
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

fn read_place(text: &str, door: Door) -> Option<BindAddress> {
    if let Some(path) = text.strip_prefix("unix:") {
        let fits = door == Door::Lmtp && path.starts_with('/');
        return fits.then(|| BindAddress::Unix(path.into()));
    }
    text.parse::<SocketAddr>().ok().filter(|address| address.port() != 0).map(BindAddress::Tcp)
}

/// Checks the keys of the store. They are those of the contract; a value that this version cannot use yet is refused
/// rather than ignored.
fn check_store(reader: &mut Reader<'_>, store: Section<'_>) {
    reader.only_settings(store);
    for (key, only) in [("database", "sqlite"), ("blobs", "database")] {
        match reader.text(store, key) {
            Some(text) if text.value != only => reader.wrong(&text, Expected::Only { key, value: only }),
            _ => {}
        }
    }
}

fn read_dns(reader: &mut Reader<'_>, dns: Section<'_>) -> Vec<SocketAddr> {
    reader.only_settings(dns);
    let mut servers = Vec::new();
    for text in reader.texts(dns, "servers").unwrap_or_default() {
        let address = text.value.parse::<SocketAddr>().ok();
        let alone = || text.value.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 53));
        match address.or_else(alone).filter(|address| address.port() != 0) {
            Some(server) => servers.push(server),
            None => reader.wrong(&text, Expected::NameServer),
        }
    }
    servers
}

/// Reads the addresses that letters leave from: one of each family at most, and one of this machine alone beside them.
fn read_send(reader: &mut Reader<'_>, send: Section<'_>) -> Vec<IpAddr> {
    reader.only_settings(send);
    let mut addresses: Vec<IpAddr> = Vec::new();
    for text in reader.texts(send, "address").unwrap_or_default() {
        let kind = |ip: &IpAddr| (ip.is_ipv4(), ip.is_loopback());
        match text.value.parse::<IpAddr>().ok().filter(|ip| !ip.is_unspecified()) {
            Some(ip) if !addresses.iter().any(|other| kind(other) == kind(&ip)) => addresses.push(ip),
            _ => reader.wrong(&text, Expected::SendAddress),
        }
    }
    addresses
}

fn read_routes(reader: &mut Reader<'_>, top: Section<'_>, folder: &Path, service: Option<&str>) -> Vec<Route> {
    let mut routes: Vec<Route> = Vec::new();
    for At { value: section, span } in reader.tables(top, "route") {
        let Some(route) = read_route(reader, section, &span, folder, service) else { continue };
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
    service: Option<&str>,
) -> Option<Route> {
    reader.only_settings(route);
    let domain = reader.needed(route, span, "domain");
    let to = reader.needed(route, span, "to");
    let receive = reader.flag(route, "receive");
    let demand = read_demand(reader, route);

    let (domain, to) = (domain?, to?);
    let for_domain = match domain.value.as_str() {
        "*" => None,
        name => match Domain::parse(name) {
            Ok(name) => Some(name),
            Err(_) => return reader.refuse(&domain, Expected::RouteDomain),
        },
    };
    let mut parsed = match mta::route::Route::parse(&to.value) {
        Ok(route) => route,
        Err(RouteError::Scheme(_)) => return reader.refuse(&to, Expected::RouteScheme),
        Err(RouteError::Path(_)) => return reader.refuse(&to, Expected::RoutePath),
        Err(RouteError::Template(error)) => return reader.refuse(&to, Expected::RouteWords(error)),
        Err(_) => return reader.refuse(&to, Expected::RouteHost),
    };
    if let Some(receive) = receive.filter(|receive| receive.value) {
        if for_domain.is_none() {
            let language = reader.language;
            let text = say!(in language; "receive = true for \"*\" would make an open relay of this server; name each domain",
                "receive = true pour « * » ferait de ce serveur un relais ouvert ; nommez chaque domaine");
            reader.complain(&receive.span, text);
        }
        parsed = parsed.receiving();
    }
    let here = matches!(parsed.to, Target::Program(_) | Target::Maildir(_));
    if here {
        parsed = read_run_as(reader, route, parsed, service)?;
    }
    read_people(reader, route, &mut parsed);
    read_from_line(reader, route, &mut parsed);
    let login = if here { None } else { read_login(reader, route, span, folder) };
    // A password goes only to a host that has proved its name, unless somebody says otherwise.
    let usual = if login.is_some() { Demand::Verified } else { parsed.demand };
    Some(Route { domain: for_domain, to: parsed.with_demand(demand.unwrap_or(usual)), login })
}

/// Reads the user whom a program runs as, or who writes to a Maildir. If `service` is set, all work is done as that
/// user, and no other is possible.
fn read_run_as(
    reader: &mut Reader<'_>,
    route: Section<'_>,
    parsed: mta::route::Route,
    service: Option<&str>,
) -> Option<mta::route::Route> {
    let language = reader.language;
    for key in ["password_file", "tls"] {
        if let Some(value) = route.table.get(key) {
            let text = say!(in language; "\"{key}\" is for servers; a program or a folder has none",
                "« {key} » est pour les serveurs ; un programme ou un dossier n'en a pas");
            reader.complain(&value.span(), text);
        }
    }
    let Some(user) = reader.text_like(route, "user", "vmail") else { return Some(parsed) };
    if let Some(service) = service.filter(|service| *service != user.value) {
        let found = &user.value;
        let text = say!(in language; "user = \"{service}\", above, gives up the rights that handing on as \"{found}\" takes; take one of the two out",
            "user = \"{service}\", plus haut, abandonne les droits qu'il faut pour remettre sous « {found} » ; retirez l'un des deux");
        reader.complain(&user.span, text);
    }
    match parsed.run_as(&user.value) {
        Ok(parsed) => Some(parsed),
        Err(_) => reader.refuse(&user, Expected::RouteUser),
    }
}

/// Reads which users of this machine are people, for a route whose address says which user it is.
fn read_people(reader: &mut Reader<'_>, route: Section<'_>, parsed: &mut mta::route::Route) {
    let smallest = reader.number(route, "smallest_uid");
    let largest = reader.number(route, "largest_uid");
    let Some(span) = smallest.as_ref().or(largest.as_ref()).map(|number| number.span.clone()) else {
        if let Some(run_as) = &mut parsed.run_as {
            run_as.people = People::of(super::place::smallest_uid(), People::LARGEST);
        }
        return;
    };
    let language = reader.language;
    let Some(run_as) = parsed.run_as.as_mut().filter(|run_as| run_as.user.has_names()) else {
        let text = say!(in language; "\"smallest_uid\" and \"largest_uid\" go with user = \"$USER\" only",
            "« smallest_uid » et « largest_uid » ne vont qu'avec user = \"$USER\"");
        return reader.complain(&span, text);
    };
    let smallest = smallest.map_or_else(super::place::smallest_uid, |number| number.value);
    let largest = largest.map_or(People::LARGEST.max(smallest), |number| number.value);
    run_as.people = People::of(smallest, largest);
    if smallest == 0 || smallest > largest {
        let text = say!(in language; "the users who are people have numbers from \"smallest_uid\", at least 1, up to \"largest_uid\"",
            "les utilisateurs qui sont des personnes ont des numéros de « smallest_uid », au moins 1, à « largest_uid »");
        reader.complain(&span, text);
    }
}

fn read_from_line(reader: &mut Reader<'_>, route: Section<'_>, parsed: &mut mta::route::Route) {
    let Some(wanted) = reader.flag(route, "from_line") else { return };
    if let Target::Program(program) = &mut parsed.to {
        program.from_line = wanted.value;
        return;
    }
    let language = reader.language;
    let text = say!(in language; "\"from_line\" is for programs (\"command:\") only",
        "« from_line » ne vaut que pour les programmes (« command: »)");
    reader.complain(&wanted.span, text);
}

fn read_login(
    reader: &mut Reader<'_>,
    route: Section<'_>,
    span: &std::ops::Range<usize>,
    folder: &Path,
) -> Option<RouteLogin> {
    let user = reader.text(route, "user");
    let file = reader.text(route, "password_file");
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
    let text = reader.text(route, "tls")?;
    match text.value.parse() {
        Ok(demand) => Some(demand),
        Err(_) => reader.refuse(&text, Expected::RouteTls),
    }
}
