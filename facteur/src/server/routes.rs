//! The parts of the configuration that delivery needs.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use mail::Password;
use mta::route::{Credentials, Routes};
use net::{Dns, Resolver};

use super::StartFault;
use crate::config::{Config, Route, RouteLogin};

/// The routes, with the passwords read from their files; `us` is the number of the user whom the post office works as.
pub fn read(config: &Config, us: u32) -> Result<Routes, StartFault> {
    let mut routes = Routes::default();
    for route in &config.routes {
        let domain = route.domain.as_ref().map_or("*", |domain| domain.as_str());
        mta::delivery::check(&route.to, us).map_err(|why| StartFault::RunAs { domain: domain.to_owned(), why })?;
        routes.add(domain, with_login(route)?).unwrap_or_else(|_| unreachable!("the configuration has checked it"));
    }
    Ok(routes)
}

fn with_login(route: &Route) -> Result<mta::route::Route, StartFault> {
    let Some(RouteLogin { user, password_file }) = &route.login else { return Ok(route.to.clone()) };
    let text =
        fs::read_to_string(password_file).map_err(|why| StartFault::Password { path: password_file.clone(), why })?;
    // It is the administrator's file, so that it is not changed here.
    if fs::metadata(password_file).is_ok_and(|about| about.mode() & 0o007 != 0) {
        tracing::warn!("all users of this machine can read {}: chmod o-rwx", password_file.display());
    }
    let password = Password::new(text.lines().next().unwrap_or_default().to_owned());
    let login = Credentials { user: user.clone(), password };
    Ok(route.to.clone().with_login(login).with_demand(route.to.demand))
}

/// Returns the resolver, which looks up the hosts of other domains.
pub fn resolver(config: &Config) -> Result<Arc<dyn Resolver>, StartFault> {
    let servers: Vec<String> = config.dns_servers.iter().map(ToString::to_string).collect();
    Ok(Arc::new(Dns::new(&servers).map_err(StartFault::Names)?))
}
