//! `facteur demo`: two post offices on this machine that write to each other.

mod office;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use mail::{Domain, Password};
use serde::Serialize;
use store::{Key, Store};
use tempfile::TempDir;

use super::Trouble;
use super::account::{self, Person};
use crate::clock;
use crate::command_line::Demo;
use crate::config::{Config, Door};
use crate::context::Context;
use crate::failure::Failure;
use crate::language::{say, system};
use crate::private;
use crate::server::{Server, StartFault};
use crate::signals::{Signals, Wish};
use crate::table::Table;
use crate::terminal;
use office::{DemoOffice, PLANS};

/// Runs the two offices until somebody ends them. Their folder goes with them, unless it was named.
pub fn run(demo: &Demo, folder: Option<&Path>) -> Result<(), Failure> {
    let taken = taken_ports();
    if !taken.is_empty() {
        return Err(say_taken(&taken, demo.json));
    }
    let folder = DemoFolder::new(folder)?;
    let runtime = crate::threads::runtime()?;
    runtime.block_on(async {
        let mut signals = Signals::new().map_err(|why| Failure::new(system(&why)))?;
        let opened = open(folder.path()).await?;
        show(&opened, &folder, demo.json);
        while signals.next().await != Wish::End {}
        for office in opened {
            office.office.close().await;
        }
        Ok(())
    })
}

/// The folder that the demo lives in.
enum DemoFolder {
    Kept(PathBuf),
    Temporary(TempDir),
}

impl DemoFolder {
    fn new(named: Option<&Path>) -> Result<Self, Failure> {
        let made = match named {
            Some(path) => std::fs::create_dir_all(path).and_then(|()| path.canonicalize()).map(Self::Kept),
            None => tempfile::Builder::new().prefix("facteur-demo-").tempdir().map(Self::Temporary),
        };
        made.map_err(|why| no_folder(&why))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

fn no_folder(why: &std::io::Error) -> Failure {
    let why = system(why);
    Failure::new(say!("no folder for the demo: {why}", "pas de dossier pour la démonstration : {why}"))
}

/// One office of the demo, open.
struct Opened {
    plan: DemoOffice,
    password: Password,
    /// Lets its person in on the pages, once.
    link: Option<String>,
    config: PathBuf,
    office: Server,
}

async fn open(demo: &Path) -> Result<Vec<Opened>, Failure> {
    let mut passwords = office::passwords(demo).map_err(|why| no_folder(&why))?;
    let mut opened = Vec::new();
    for plan in PLANS {
        let config = plan.write_config(demo).map_err(|why| no_folder(&why))?;
        let password = passwords.remove(plan.person).unwrap_or_else(crate::password::make_up);
        let settings = Config::load(Some(&config), None)?;
        settle(&settings, plan, password.clone()).await?;
        let office = Server::open(settings, None).await?;
        let link = office.invite(&plan.address()).await;
        opened.push(Opened { plan, password, link, config, office });
    }
    Ok(opened)
}

/// Makes the domain and its person, if last time has not: before any door is open, so that no letter comes too early.
async fn settle(config: &Config, plan: DemoOffice, password: Password) -> Result<(), Failure> {
    let config = config.clone();
    let work = move || {
        drop(private::close(&config.data).map_err(StartFault::Exposed)?);
        let context = Context::of_closed(&config);
        let settled = context.make_store().and_then(|store| Ok(add_person(&store, plan, &password)?));
        context.close();
        settled
    };
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()))
}

fn add_person(store: &Store, plan: DemoOffice, password: &Password) -> Result<(), Trouble> {
    let domain = Domain::parse(plan.domain).unwrap_or_else(|_| unreachable!("the demo knows its domains"));
    let now = clock::now();
    let known = store.read_blocking({
        let domain = domain.clone();
        move |view| directory::domain::exists(view, &domain)
    })?;
    if !known {
        store.write_blocking(Key::Directory, move |tx| directory::domain::add(tx, &domain, now))?;
    }
    let name = Some(plan.name.to_owned());
    let person = Person { address: plan.address(), name, language: account::own_language(), quota: None };
    match account::add(store, person, password) {
        Err(Trouble::Directory(directory::Error::AccountExists(_))) => Ok(()),
        other => other,
    }
}

/// The ports of the demo that some other program has.
fn taken_ports() -> Vec<String> {
    let all = PLANS.iter().flat_map(DemoOffice::doors).map(|(_, place)| place);
    all.filter(|place| TcpListener::bind(place).is_err()).map(|place| place.to_string()).collect()
}

fn say_taken(taken: &[String], json: bool) -> Failure {
    let list = taken.join(", ");
    let text = say!(
        "the demo needs these ports, and other programs have them: {list}; is another demo running?",
        "la démonstration a besoin de ces ports, déjà pris par d'autres programmes : {list} ; une autre démonstration tourne-t-elle ?"
    );
    if json {
        terminal::print(&format!("{}\n", serde_json::json!({ "ready": false, "error": text, "taken": taken })));
    }
    Failure::new(text)
}

/// The object that `--json` prints.
#[derive(Serialize)]
struct Ready<'a> {
    ready: bool,
    offices: Vec<ReadyOffice<'a>>,
}

#[derive(Serialize)]
struct ReadyOffice<'a> {
    domain: &'a str,
    people: [ReadyPerson<'a>; 1],
    listen: BTreeMap<&'static str, String>,
    /// The link to the webmail.
    web: Option<String>,
    config: &'a Path,
}

#[derive(Serialize)]
struct ReadyPerson<'a> {
    address: &'a str,
    password: &'a str,
    /// Lets this person in on the pages, once.
    link: Option<&'a str>,
}

fn show(opened: &[Opened], folder: &DemoFolder, json: bool) {
    if json {
        let offices = opened.iter().map(ready).collect();
        terminal::print(&(serde_json::to_string(&Ready { ready: true, offices }).unwrap_or_default() + "\n"));
    } else {
        terminal::print(&for_a_person(opened, folder));
    }
}

fn ready(opened: &Opened) -> ReadyOffice<'_> {
    ReadyOffice {
        domain: opened.plan.domain,
        people: [ReadyPerson {
            address: opened.plan.person,
            password: opened.password.reveal(),
            link: opened.link.as_deref(),
        }],
        listen: opened.office.doors().iter().map(|(door, place)| (door.name(), place.to_string())).collect(),
        web: web(opened),
        config: &opened.config,
    }
}

/// The address of the pages.
fn web(opened: &Opened) -> Option<String> {
    let mut doors = opened.office.doors().iter();
    doors.find(|(door, _)| *door == Door::Http).map(|(_, place)| format!("http://{place}/"))
}

fn for_a_person(opened: &[Opened], folder: &DemoFolder) -> String {
    let mut text = say!(
        "Two post offices are open on this machine, and write to each other over SMTP.\n\n",
        "Deux bureaux de poste sont ouverts sur cette machine, et s'écrivent par SMTP.\n\n"
    );
    for one in opened {
        let (name, link) = (one.plan.name, one.link.clone().unwrap_or_default());
        text += &say!("{name} reads and writes here: {link}\n", "{name} lit et écrit ici : {link}\n");
    }
    text += &say!(
        "(Each link logs you in once, on this machine, within half an hour; afterwards the password does.)\n\n",
        "(Chaque lien ouvre la session une fois, sur cette machine, dans la demi-heure ; ensuite, c'est le mot de passe.)\n\n"
    );
    let mut people =
        Table::new([say!("address", "adresse"), say!("password", "mot de passe"), say!("webmail", "courrier web")]);
    for one in opened {
        people.row([one.plan.person.to_owned(), one.password.reveal().to_owned(), web(one).unwrap_or_default()]);
    }
    text += &people.show();
    text += "\n";
    let mut doors = Table::new([say!("door", "porte"), PLANS[0].domain.to_owned(), PLANS[1].domain.to_owned()]);
    for door in Door::ALL.into_iter().filter(|door| door.is_served() && door.demo_place(0).is_some()) {
        let place =
            |plan: &DemoOffice| plan.doors().into_iter().find(|(open, _)| *open == door).map(|(_, at)| at.to_string());
        doors.row([door.name().to_owned(), place(&PLANS[0]).unwrap_or_default(), place(&PLANS[1]).unwrap_or_default()]);
    }
    text += &doors.show();
    text += "\n";
    let facteur = super::called();
    for one in opened {
        let (domain, config) = (one.plan.domain, one.config.display());
        text += &say!(
            "{domain}: {facteur} queue list --config {config}\n",
            "{domain} : {facteur} queue list --config {config}\n"
        );
    }
    text += "\n";
    text += &match folder {
        DemoFolder::Temporary(_) => say!(
            "Ctrl-C closes them, and all letters are gone.\n",
            "Ctrl-C les ferme, et toutes les lettres disparaissent.\n"
        ),
        DemoFolder::Kept(path) => {
            let path = path.display();
            say!("Ctrl-C closes them; everything stays in {path}.\n", "Ctrl-C les ferme ; tout reste dans {path}.\n")
        }
    };
    text
}
