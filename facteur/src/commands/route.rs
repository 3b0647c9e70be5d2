//! `facteur route`: the servers that some letters for elsewhere go through.

use std::sync::Arc;

use mail::{Address, Password};
use mra::Vault;
use mta::delivery::{LetIn, try_out};
use mta::route::{Route, Routes};
use policy::route::{Entry, Login, Which};
use serde::Serialize;

use super::account::ask;
use super::{Trouble, in_force};
use crate::command_line::Form;
use crate::command_line::route::RouteCommand;
use crate::config::Config;
use crate::context::Context;
use crate::failure::Failure;
use crate::language::say;
use crate::table::{self, Table};
use crate::{clock, server, terminal, threads};

pub fn run(command: RouteCommand, context: &Context<'_>) -> Result<(), Failure> {
    match command {
        RouteCommand::Add { letters, host, user, password_stdin, tls } => {
            let which = letters.which();
            let login = user.map(|user| login(&which, user, password_stdin, context.config())).transpose()?;
            let tls = tls.unwrap_or_else(|| usual_tls(&host, login.is_some()).to_owned());
            add(Entry { which, host, tls, login, created: clock::now() }, context)
        }
        RouteCommand::List { form } => list(form, context),
        RouteCommand::Remove { letters } => {
            let which = letters.which();
            context.store()?.write_blocking(store::Key::Directory, move |tx| {
                Ok::<_, Trouble>(policy::route::remove(tx, &which)?)
            })?;
            in_force::put(context)
        }
        RouteCommand::Test { address, from, form } => test(&address, from.as_ref(), form, context),
    }
}

/// A password goes only to a host that has proved its name, unless somebody says otherwise.
fn usual_tls(host: &str, logs_in: bool) -> &'static str {
    match Route::parse(host) {
        _ if logs_in => "verified",
        Ok(route) if route.demand == mta::route::Demand::Encrypted => "encrypted",
        _ => "opportunistic",
    }
}

/// The log-in of a route, with the password locked.
fn login(which: &Which, user: String, on_stdin: bool, config: &Config) -> Result<Login, Failure> {
    let password: Password = if on_stdin { ask::password_on_stdin()? } else { ask::password_elsewhere(&user)? };
    let vault = Vault::open(&config.data).map_err(|why| {
        Failure::new(say!(
            "the key for stored passwords, fetch.key, cannot be used: {why}",
            "la clé des mots de passe conservés, fetch.key, est inutilisable : {why}"
        ))
    })?;
    Ok(Login { user, sealed: vault.seal(&which.lock_name(), &password) })
}

fn add(entry: Entry, context: &Context<'_>) -> Result<(), Failure> {
    context
        .store()?
        .write_blocking(store::Key::Directory, move |tx| Ok::<_, Trouble>(policy::route::add(tx, &entry)?))?;
    in_force::put(context)
}

/// A route as scripts see it.
#[derive(Serialize)]
struct Listed {
    /// `to`, `from`, or `every`.
    letters: &'static str,
    who: String,
    host: String,
    tls: String,
    user: String,
    /// It stands in the configuration.
    configured: bool,
    since: Option<String>,
}

fn list(form: Form, context: &Context<'_>) -> Result<(), Failure> {
    let added = context.store()?.read_blocking(|view| Ok::<_, Trouble>(policy::route::list(view)?))?;
    let routes: Vec<Listed> =
        added.iter().map(of_table).chain(context.config().routes.iter().map(of_configuration)).collect();
    terminal::print(&if form.json { table::json(&routes) } else { as_table(&routes) });
    Ok(())
}

fn of_table(entry: &Entry) -> Listed {
    let (letters, who) = match &entry.which {
        Which::To(subject) => ("to", subject.to_string()),
        Which::From(subject) => ("from", subject.to_string()),
        Which::Every => ("every", String::new()),
    };
    let user = entry.login.as_ref().map(|login| login.user.clone()).unwrap_or_default();
    let (host, tls, since) = (entry.host.clone(), entry.tls.clone(), Some(entry.created.rfc3339()));
    Listed { letters, who, host, tls, user, configured: false, since }
}

fn of_configuration(route: &crate::config::Route) -> Listed {
    let tls = match route.to.demand {
        mta::route::Demand::Opportunistic => "opportunistic",
        mta::route::Demand::Encrypted => "encrypted",
        mta::route::Demand::Verified => "verified",
    };
    Listed {
        letters: if route.domain.is_some() { "to" } else { "every" },
        who: route.domain.as_ref().map(ToString::to_string).unwrap_or_default(),
        host: route.to.to_string(),
        tls: tls.to_owned(),
        user: route.login.as_ref().map(|login| login.user.clone()).unwrap_or_default(),
        configured: true,
        since: None,
    }
}

fn as_table(routes: &[Listed]) -> String {
    if routes.is_empty() {
        return say!(
            "no routes: letters go to the servers of each domain; facteur route add --from alice@alpha.test smtp.isp.test:587\n",
            "pas de routes : les lettres vont aux serveurs de chaque domaine ; facteur route add --from alice@alpha.test smtp.isp.test:587\n"
        );
    }
    let mut table = Table::new([
        say!("letters", "lettres"),
        say!("go through", "passent par"),
        "TLS".to_owned(),
        say!("log-in", "nom"),
        say!("from", "origine"),
    ]);
    for route in routes {
        let (who, of_whom) = (&route.who, crate::language::de(&route.who));
        let letters = match route.letters {
            "to" => say!("to {who}", "à {who}"),
            "from" => say!("from {who}", "{of_whom}"),
            _ => say!("all others", "toutes les autres"),
        };
        let origin =
            if route.configured { say!("configuration", "configuration") } else { say!("command", "commande") };
        table.row([letters, route.host.clone(), route.tls.clone(), route.user.clone(), origin]);
    }
    table.show()
}

/// The outcome of a test, as scripts see it.
#[derive(Serialize)]
struct Tested {
    /// The server that the route names; none for the servers of the domain itself.
    route: Option<String>,
    /// The server that let us in, with its address.
    server: Option<String>,
    tls: Option<&'static str>,
    /// It took the log-in.
    logged_in: bool,
    /// The reason why it did not let us in.
    fault: Option<String>,
}

fn test(to: &Address, from: Option<&Address>, form: Form, context: &Context<'_>) -> Result<(), Failure> {
    let Some(route) = routes(context)?.find_for(to, from) else {
        return tell(&Tested { route: None, server: None, tls: None, logged_in: false, fault: None }, form);
    };
    let (intake, resolver) = (context.intake()?, server::resolver(context.config())?);
    let means =
        server::means(&context.store()?, &intake, &Routes::default(), resolver).map_err(server::StartFault::Tls)?;
    let tried = threads::unless_stopped(try_out(&means, &route))?;
    let mut tested = Tested { route: Some(route.to_string()), server: None, tls: None, logged_in: false, fault: None };
    match tried {
        Some(Ok(LetIn { host, tls })) => {
            (tested.server, tested.tls, tested.logged_in) = (Some(host), Some(tls), route.login.is_some());
        }
        Some(Err(fault)) => tested.fault = Some(fault.to_string()),
        // A program or a folder of this machine.
        None => {}
    }
    tell(&tested, form)
}

/// The routes of the post office that runs, or as it would read them.
fn routes(context: &Context<'_>) -> Result<Arc<Routes>, Failure> {
    if let Some(running) = context.running() {
        return Ok(running.rules.routes.clone());
    }
    let us = rustix::process::geteuid().as_raw();
    let routes = server::read_routes(context.config(), us)?;
    routes.set_added(server::added_routes(&context.store()?, &context.config().data)?);
    Ok(Arc::new(routes))
}

fn tell(tested: &Tested, form: Form) -> Result<(), Failure> {
    if form.json {
        terminal::print(&table::json(tested));
    } else if let Some(text) = in_words(tested) {
        terminal::print(&text);
    }
    match (&tested.route, &tested.fault) {
        (Some(route), Some(fault)) => Err(Failure::new(say!(
            "{route} does not let us in: {fault}",
            "{route} ne nous laisse pas entrer : {fault}"
        ))),
        _ => Ok(()),
    }
}

fn in_words(tested: &Tested) -> Option<String> {
    let Some(route) = &tested.route else {
        return Some(say!(
            "no route: the letter goes to the servers of the domain itself (MX)\n",
            "pas de route : la lettre va aux serveurs du domaine lui-même (MX)\n"
        ));
    };
    let Some(server) = &tested.server else {
        return tested.fault.is_none().then(|| format!("{route}\n"));
    };
    let tls = tested.tls.filter(|tls| !tls.is_empty());
    let tls = tls.map_or_else(|| say!("in clear", "en clair"), |tls| say!("with {tls}", "avec {tls}"));
    let login = if tested.logged_in { say!(", and takes the log-in", ", et accepte le nom") } else { String::new() };
    Some(say!("{server} lets us in, {tls}{login}\n", "{server} nous laisse entrer, {tls}{login}\n"))
}
