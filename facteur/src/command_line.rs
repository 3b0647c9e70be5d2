//! Defines the command line.

pub mod copy;
pub mod domain_key;
pub mod fetch;
mod form;
pub mod group;
mod help;
pub mod hold;
pub mod limit;
pub mod listed;
pub mod number;
pub mod route;
pub mod session;
mod usage;
mod words;

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use intake::fetched::Target;
use mail::{Address, Domain};

use crate::language::{Language, say};

pub use crate::commands::size::Limit;
pub use form::{Form, PasswordFrom, address, domain};

/// A whole mail server in one program
///
/// Un serveur de courrier complet en un seul programme
#[derive(Debug, Parser)]
#[command(name = "facteur", version, disable_help_subcommand = true)]
pub struct CommandLine {
    #[command(flatten)]
    pub office: WhichOffice,
    /// Nothing said: `serve`.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The post office that a command works on.
#[derive(Clone, Debug, Default, Args)]
pub struct WhichOffice {
    /// The configuration file
    ///
    /// Le fichier de configuration
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The data folder; wins over the configuration
    ///
    /// Le dossier des données ; l'emporte sur la configuration
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
}

impl WhichOffice {
    /// The same, as it is said on a command line, with a blank before it.
    pub fn as_flags(&self) -> String {
        let flag = |name: &str, path: &Option<PathBuf>| {
            path.as_ref().map(|path| format!(" --{name} {}", path.display())).unwrap_or_default()
        };
        flag("config", &self.config) + &flag("data", &self.data)
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the post office (also when no command is given)
    ///
    /// Ouvrir le bureau de poste (aussi quand aucune commande n'est donnée)
    Serve,
    /// Try it: two post offices on this machine that write to each other
    ///
    /// Essayer : deux bureaux de poste sur cette machine qui s'écrivent
    Demo(Demo),
    /// The domains this post office takes letters for
    ///
    /// Les domaines dont ce bureau prend le courrier
    #[command(subcommand)]
    Domain(DomainCommand),
    /// The people who have a mailbox here
    ///
    /// Les personnes qui ont une boîte ici
    #[command(subcommand)]
    Account(AccountCommand),
    /// Other addresses for the people here
    ///
    /// D'autres adresses pour les personnes d'ici
    #[command(subcommand)]
    Alias(AliasCommand),
    /// Addresses that lead to several people, with a say in who may write to them
    ///
    /// Des adresses qui mènent à plusieurs personnes, où l'on choisit qui peut leur écrire
    #[command(subcommand)]
    Group(group::GroupCommand),
    /// Those from whom no letters are taken
    ///
    /// Ceux dont aucune lettre n'est prise
    #[command(subcommand)]
    Deny(listed::ListedCommand),
    /// Those whose letters come in whatever is found about them
    ///
    /// Ceux dont les lettres entrent quoi qu'on y trouve
    #[command(subcommand)]
    Allow(listed::ListedCommand),
    /// How much an address, a domain or a network may send
    ///
    /// Ce qu'une adresse, un domaine ou un réseau peut envoyer
    #[command(subcommand)]
    Limit(limit::LimitCommand),
    /// Who gets copies of which letters
    ///
    /// Qui reçoit copie de quelles lettres
    #[command(subcommand)]
    Copy(copy::CopyCommand),
    /// The letters on their way to other servers
    ///
    /// Les lettres en route vers d'autres serveurs
    #[command(subcommand)]
    Queue(QueueCommand),
    /// The servers that some letters for elsewhere go through, by recipient or by sender
    ///
    /// Les serveurs par où passent certaines lettres pour ailleurs, selon le destinataire ou l'expéditeur
    #[command(subcommand)]
    Route(route::RouteCommand),
    /// Letters that are kept back because an account behaves as if it was stolen
    ///
    /// Les lettres retenues parce qu'un compte se comporte comme s'il était volé
    #[command(subcommand)]
    Hold(hold::HoldCommand),
    /// Who is logged in, and what they have open
    ///
    /// Qui est connecté, et ce qui est ouvert
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// Letters from mailboxes elsewhere
    ///
    /// Les lettres de boîtes d'ailleurs
    #[command(subcommand)]
    Fetch(fetch::FetchCommand),
    /// Tell what happened to a letter, step by step
    ///
    /// Raconter ce qui est arrivé à une lettre, étape par étape
    Trace(Trace),
    /// Send the letter on standard input, like sendmail
    ///
    /// Envoyer la lettre lue sur l'entrée standard, comme sendmail
    Send(Send),
    /// Bring letters from the files of other programs into a mailbox
    ///
    /// Apporter dans une boîte des lettres que gardent les fichiers d'autres programmes
    Import(Import),
    /// Write the letters of a mailbox into files that other programs read
    ///
    /// Écrire les lettres d'une boîte dans des fichiers que d'autres programmes lisent
    Export(Export),
    /// See whether everything is kept as it should be
    ///
    /// Voir si tout est conservé comme il faut
    Verify(Verify),
    /// Tell about a command, as COMMAND --help does
    ///
    /// Expliquer une commande, comme COMMANDE --help
    Help(Help),
    /// Write the man pages, the completions of shells and an example of the configuration
    ///
    /// Écrire les pages de manuel, les complétions des shells et un exemple de configuration
    #[command(hide = true)]
    Manual(Manual),
}

#[derive(Debug, Args)]
pub struct Help {
    /// The command, such as account add; all of them if not given
    ///
    /// La commande, par exemple account add ; toutes par défaut
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Manual {
    /// A folder laid out as /usr/share is
    ///
    /// Un dossier disposé comme /usr/share
    pub folder: PathBuf,
    /// Instead bring the tables of the documentation in this folder up to date
    ///
    /// Mettre à jour, à la place, les tableaux de la documentation dans ce dossier
    #[arg(long)]
    pub tables: bool,
}

#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Import {
    #[command(subcommand)]
    pub past: Option<PastImport>,
    #[command(flatten)]
    pub new: NewImport,
}

/// A command on a past import.
#[derive(Clone, Debug, Subcommand)]
pub enum PastImport {
    /// Take away again what an import has brought and nobody has touched since
    ///
    /// Annuler une importation : retirer ce que personne n'a touché depuis
    Undo {
        /// Its number, which it has said at its end
        ///
        /// Son numéro, qu'elle a dit à sa fin
        #[arg(value_parser = number::from_to::<i64>(1, u32::MAX.into()))]
        run: i64,
        #[command(flatten)]
        form: Lines,
    },
    /// List the imports into a mailbox
    ///
    /// Lister les importations dans une boîte
    List {
        /// Whose mailbox, such as alice@alpha.test
        ///
        /// La boîte de qui, par exemple alice@alpha.test
        #[arg(value_parser = address)]
        address: Address,
        #[command(flatten)]
        form: Form,
    },
}

#[derive(Clone, Debug, Args)]
pub struct NewImport {
    /// Whose mailbox, such as alice@alpha.test
    ///
    /// La boîte de qui, par exemple alice@alpha.test
    #[arg(value_parser = address, required = true)]
    pub address: Option<Address>,
    /// A file, a folder, or a zip or tar of them; also what another mail program keeps, or a Google Takeout
    ///
    /// Un fichier, un dossier, ou un zip ou tar de ceux-ci ; aussi ce que garde un autre programme, ou un Google Takeout
    #[arg(required = true)]
    pub path: Option<PathBuf>,
    /// Put everything into this folder and below it
    ///
    /// Tout mettre dans ce dossier et au-dessous
    #[arg(long)]
    pub folder: Option<String>,
    /// What the files are, where looking at them does not tell
    ///
    /// Ce que sont les fichiers, quand les regarder ne le dit pas
    #[arg(long, value_parser = ["mbox", "mboxo", "mboxcl2", "maildir", "eml"])]
    pub format: Option<String>,
    /// Also import what is here already
    ///
    /// Importer aussi ce qui est déjà là
    #[arg(long)]
    pub again: bool,
    /// Say what would come, and change nothing
    ///
    /// Dire ce qui viendrait, et ne rien changer
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub form: Lines,
}

#[derive(Debug, Args)]
pub struct Export {
    /// Whose mailbox, such as alice@alpha.test
    ///
    /// La boîte de qui, par exemple alice@alpha.test
    #[arg(value_parser = address)]
    pub address: Address,
    /// Where to; it must not be there yet
    ///
    /// Où écrire ; rien ne doit encore s'y trouver
    pub path: PathBuf,
    /// What to write; if not given, the ending of the name tells, else maildir
    ///
    /// Quoi écrire ; par défaut selon la fin du nom, sinon maildir
    #[arg(long, value_parser = ["maildir", "mbox", "eml", "zip", "tar.gz"])]
    pub format: Option<String>,
    #[command(flatten)]
    pub form: Lines,
}

#[derive(Debug, Args)]
pub struct Verify {
    /// Mend what can be mended; no letter is ever deleted
    ///
    /// Réparer ce qui peut l'être ; aucune lettre n'est jamais effacée
    #[arg(long)]
    pub repair: bool,
    #[command(flatten)]
    pub form: Lines,
}

/// The options of commands that tell how far they are.
#[derive(Clone, Copy, Debug, Args)]
pub struct Lines {
    /// Print JSON, one object a line
    ///
    /// Afficher en JSON, un objet par ligne
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Demo {
    /// Print everything as one JSON object
    ///
    /// Tout afficher en un seul objet JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum DomainCommand {
    /// Take letters for a domain from now on
    ///
    /// Prendre désormais le courrier d'un domaine
    Add {
        /// Such as alpha.test
        ///
        /// Par exemple alpha.test
        #[arg(value_parser = domain)]
        domain: Domain,
        /// As another name of this domain of ours: each address of it is that of the same name there
        ///
        /// Comme autre nom de ce domaine d'ici : chaque adresse en est celle du même nom là-bas
        #[arg(long, value_name = "DOMAIN", value_parser = self::domain)]
        alias_of: Option<Domain>,
        /// Do not ask about a domain that a provider of mailboxes has
        ///
        /// Ne rien demander pour un domaine d'un fournisseur de boîtes
        #[arg(long)]
        yes: bool,
    },
    /// List the domains
    ///
    /// Lister les domaines
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Take no more letters for a domain
    ///
    /// Ne plus prendre le courrier d'un domaine
    Remove {
        /// Such as alpha.test
        ///
        /// Par exemple alpha.test
        #[arg(value_parser = domain)]
        domain: Domain,
        /// Also remove the people who live there, with all their letters
        ///
        /// Retirer aussi les personnes qui y habitent, avec toutes leurs lettres
        #[arg(long)]
        force: bool,
    },
    /// Say what is done with forged letters to the people of a domain
    ///
    /// Dire ce qui est fait des lettres imitées adressées aux personnes d'un domaine
    Set {
        /// Such as alpha.test
        ///
        /// Par exemple alpha.test
        #[arg(value_parser = domain)]
        domain: Domain,
        /// yes: letters that are surely forged are refused; no: they are filed as junk
        ///
        /// yes : les lettres sûrement imitées sont refusées ; no : elles vont aux indésirables
        #[arg(long, value_name = "CHOICE", value_parser = ["yes", "no"])]
        refuse_forged: String,
    },
    /// Print the DNS records that a domain needs, as a zone file
    ///
    /// Afficher les enregistrements DNS dont un domaine a besoin, en fichier de zone
    Dns {
        /// Such as alpha.test
        ///
        /// Par exemple alpha.test
        #[arg(value_parser = domain)]
        domain: Domain,
        /// Also look what the world sees of each record now; fails if one is not right
        ///
        /// Regarder aussi ce que le monde voit de chacun en ce moment ; échoue si l'un n'est pas bon
        #[arg(long)]
        check: bool,
        #[command(flatten)]
        form: Form,
    },
    /// The keys that sign the letters of a domain (DKIM)
    ///
    /// Les clés qui signent les lettres d'un domaine (DKIM)
    #[command(subcommand)]
    Key(domain_key::KeyCommand),
}

#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Give a person a mailbox
    ///
    /// Donner une boîte à quelqu'un
    Add {
        /// Such as alice@alpha.test
        ///
        /// Par exemple alice@alpha.test
        #[arg(value_parser = address)]
        address: Address,
        /// Their name, as others should see it
        ///
        /// Son nom, tel que les autres doivent le voir
        #[arg(long)]
        name: Option<String>,
        /// The language they read
        ///
        /// La langue de cette personne
        #[arg(long, value_parser = ["en", "fr"])]
        language: Option<String>,
        /// How much their mailbox may hold, such as 5G; without limit if not given
        ///
        /// Ce que la boîte peut contenir, par exemple 5G ; sans limite par défaut
        #[arg(long, value_parser = crate::commands::size::parse)]
        quota: Option<u64>,
        #[command(flatten)]
        password: PasswordFrom,
    },
    /// List the people
    ///
    /// Lister les personnes
    List {
        /// Only those of this domain
        ///
        /// Seulement celles de ce domaine
        #[arg(value_parser = domain)]
        domain: Option<Domain>,
        #[command(flatten)]
        form: Form,
    },
    /// Tell all about a person: addresses, room, letters, sessions
    ///
    /// Tout dire d'une personne : adresses, place, lettres, sessions
    Show {
        /// Such as alice@alpha.test
        ///
        /// Par exemple alice@alpha.test
        #[arg(value_parser = address)]
        address: Address,
        #[command(flatten)]
        form: Form,
    },
    /// Change a person's name, language, room, main address, or how much they may send
    ///
    /// Changer le nom, la langue, la place, l'adresse principale d'une personne, ou ce qu'elle peut envoyer
    Set {
        /// Such as alice@alpha.test
        ///
        /// Par exemple alice@alpha.test
        #[arg(value_parser = address)]
        address: Address,
        #[command(flatten)]
        changes: AccountChanges,
    },
    /// Forward a person's letters again that a house refused as spam
    ///
    /// Transmettre de nouveau les lettres d'une personne que l'on refusait comme spam
    Resume {
        /// Such as alice@alpha.test
        ///
        /// Par exemple alice@alpha.test
        #[arg(value_parser = address)]
        address: Address,
        /// Only to this address
        ///
        /// Seulement à cette adresse
        #[arg(value_parser = address)]
        target: Option<Address>,
    },
    /// Remove a person, with all their letters
    ///
    /// Retirer une personne, avec toutes ses lettres
    Remove {
        /// Such as alice@alpha.test
        ///
        /// Par exemple alice@alpha.test
        #[arg(value_parser = address)]
        address: Address,
        /// Do not ask whether you are sure
        ///
        /// Ne pas demander confirmation
        #[arg(long)]
        yes: bool,
    },
    /// Give a person another password
    ///
    /// Donner un autre mot de passe à quelqu'un
    Password {
        /// Such as alice@alpha.test
        ///
        /// Par exemple alice@alpha.test
        #[arg(value_parser = address)]
        address: Address,
        #[command(flatten)]
        password: PasswordFrom,
    },
    /// Let a person log in again at once after too many failed tries
    ///
    /// Laisser quelqu'un se connecter tout de suite après trop d'essais manqués
    Unblock {
        /// Such as alice@alpha.test
        ///
        /// Par exemple alice@alpha.test
        #[arg(value_parser = address)]
        address: Address,
    },
}

/// The changes to an account; at least one is given.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = true)]
pub struct AccountChanges {
    /// Their name, as others should see it; an empty one takes it away
    ///
    /// Son nom, tel que les autres doivent le voir ; un nom vide le retire
    #[arg(long)]
    pub name: Option<String>,
    /// The language they read
    ///
    /// La langue de cette personne
    #[arg(long, value_parser = ["en", "fr"])]
    pub language: Option<String>,
    /// How much their mailbox may hold, such as 5G; none: without limit
    ///
    /// Ce que la boîte peut contenir, par exemple 5G ; none : sans limite
    #[arg(long, value_parser = crate::commands::size::parse_limit)]
    pub quota: Option<Limit>,
    /// Their main address, which is also the name they log in with; the one before becomes an alias
    ///
    /// Son adresse principale, qui est aussi le nom pour se connecter ; celle d'avant devient un alias
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub main_address: Option<Address>,
    /// Where their letters go on to, instead of where they went before; none: nowhere
    ///
    /// Où leurs lettres sont transmises, au lieu de là où elles l'étaient ; none : nulle part
    #[arg(long, value_name = "ADDRESS", num_args = 1.., value_parser = forward_target)]
    pub forward: Option<Vec<ForwardTarget>>,
    /// Whether they get the letters that go on, too
    ///
    /// Si elles reçoivent aussi les lettres transmises
    #[arg(long, value_name = "CHOICE", value_parser = ["yes", "no"])]
    pub keep_copy: Option<String>,
    /// How many people they may write to in a day, at other servers; usual: 200, and more with good conduct
    ///
    /// À combien de personnes elle peut écrire en un jour, sur d'autres serveurs ; usual : 200, et plus selon sa conduite
    #[arg(long, value_name = "NUMBER", value_parser = sends)]
    pub sends: Option<Sends>,
}

/// The address that letters go on to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForwardTarget {
    None,
    Address(Address),
}

fn forward_target(text: &str) -> Result<ForwardTarget, String> {
    if text == "none" { Ok(ForwardTarget::None) } else { address(text).map(ForwardTarget::Address) }
}

/// The people to whom an account may write in a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sends {
    /// As many as its conduct has earned.
    Usual,
    /// So many.
    Recipients(u64),
}

/// The largest limit that can be set.
const MOST_SENDS: u64 = 1_000_000;

fn sends(text: &str) -> Result<Sends, String> {
    if text == "usual" {
        return Ok(Sends::Usual);
    }
    let recipients = text.parse().ok().filter(|recipients| (1..=MOST_SENDS).contains(recipients));
    recipients.map(Sends::Recipients).ok_or_else(|| {
        say!("write a number from 1 to {MOST_SENDS}, or usual", "écrivez un nombre de 1 à {MOST_SENDS}, ou usual")
    })
}

#[derive(Debug, Subcommand)]
pub enum AliasCommand {
    /// Give letters for an address to other addresses
    ///
    /// Remettre à d'autres les lettres d'une adresse
    Add {
        /// Such as info@alpha.test, or *@alpha.test for all that is not someone's
        ///
        /// Par exemple info@alpha.test, ou *@alpha.test pour tout ce qui n'est à personne
        #[arg(value_parser = address)]
        alias: Address,
        /// Who gets the letters
        ///
        /// Qui reçoit les lettres
        #[arg(required = true, value_parser = address)]
        targets: Vec<Address>,
    },
    /// List the aliases
    ///
    /// Lister les alias
    List {
        /// Only those of this domain
        ///
        /// Seulement ceux de ce domaine
        #[arg(value_parser = domain)]
        domain: Option<Domain>,
        #[command(flatten)]
        form: Form,
    },
    /// Send the letters of an alias on again that a house refused as spam
    ///
    /// Transmettre de nouveau les lettres d'un alias que l'on refusait comme spam
    Resume {
        /// Such as info@alpha.test
        ///
        /// Par exemple info@alpha.test
        #[arg(value_parser = address)]
        alias: Address,
        /// Only to this address
        ///
        /// Seulement à cette adresse
        #[arg(value_parser = address)]
        target: Option<Address>,
    },
    /// Remove an alias, or some of those who get its letters
    ///
    /// Retirer un alias, ou certains de ceux qui en reçoivent les lettres
    Remove {
        /// Such as info@alpha.test
        ///
        /// Par exemple info@alpha.test
        #[arg(value_parser = address)]
        alias: Address,
        /// Only these; all of them if not given
        ///
        /// Seulement ceux-ci ; tous par défaut
        #[arg(value_parser = address)]
        targets: Vec<Address>,
    },
}

#[derive(Debug, Subcommand)]
pub enum QueueCommand {
    /// List the letters that wait
    ///
    /// Lister les lettres qui attendent
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Tell all about one letter
    ///
    /// Tout dire d'une lettre
    Show {
        /// Its name in the list
        ///
        /// Son nom dans la liste
        letter: String,
        #[command(flatten)]
        form: Form,
    },
    /// Try now, without waiting for the next time
    ///
    /// Essayer maintenant, sans attendre la prochaine fois
    Retry(Which),
    /// Keep letters back until they are released
    ///
    /// Retenir des lettres jusqu'à ce qu'on les libère
    Hold(Which),
    /// Let go letters that were kept back
    ///
    /// Libérer des lettres retenues
    Release(Which),
    /// Take letters off the queue; nobody gets them, and their senders are not told
    ///
    /// Retirer des lettres de la file ; personne ne les reçoit, leur expéditeur n'est pas prévenu
    Drop(Which),
}

/// Letters of the queue.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// Their names in the list
    ///
    /// Leurs noms dans la liste
    pub letters: Vec<String>,
    /// All that wait
    ///
    /// Toutes celles qui attendent
    #[arg(long)]
    pub all: bool,
    /// All that wait for this domain
    ///
    /// Toutes celles qui attendent pour ce domaine
    #[arg(long, value_name = "DOMAIN", value_parser = domain)]
    pub to: Option<Domain>,
}

/// The letters that `facteur trace` tells of.
#[derive(Debug, Args)]
pub struct Trace {
    /// The name of a letter, its Message-ID, or an address it was from or to
    ///
    /// Le nom d'une lettre, son Message-ID, ou une adresse dont elle vient ou à qui elle va
    #[arg(value_name = "LETTER|MESSAGE-ID|ADDRESS")]
    pub what: String,
    /// Only letters that came since then: 30m, 12h, 3d, 2w ago, or 2026-11-24
    ///
    /// Seulement les lettres venues depuis : il y a 30m, 12h, 3d, 2w, ou 2026-11-24
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// So many letters at most, the last first
    ///
    /// Au plus tant de lettres, les dernières d'abord
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = number::from_to::<u16>(1, u16::MAX))]
    pub limit: u16,
    #[command(flatten)]
    pub form: Form,
}

/// The options of sendmail that programs use.
#[derive(Debug, Args)]
pub struct Send {
    /// Take the recipients from To, Cc and Bcc
    ///
    /// Prendre les destinataires dans To, Cc et Bcc
    #[arg(short = 't')]
    pub recipients_from_header: bool,
    /// A line with a single dot does not end the letter
    ///
    /// Une ligne avec un seul point ne termine pas la lettre
    #[arg(short = 'i')]
    pub ignore_dots: bool,
    /// The address bounces go to; -r says the same
    ///
    /// L'adresse à qui revient ce qui n'arrive pas ; -r dit la même chose
    #[arg(short = 'f', short_alias = 'r', value_name = "ADDRESS")]
    pub from: Option<String>,
    /// The sender's name, where the letter has no From
    ///
    /// Le nom de l'expéditeur, quand la lettre n'a pas de From
    #[arg(short = 'F', value_name = "NAME")]
    pub full_name: Option<String>,
    /// 7BIT or 8BITMIME
    ///
    /// 7BIT ou 8BITMIME
    #[arg(short = 'B', value_name = "KIND")]
    pub body: Option<String>,
    /// Which service is wanted: only m, to send a letter
    ///
    /// Le service voulu : seulement m, envoyer une lettre
    #[arg(short = 'b', value_name = "SERVICE")]
    pub service: Option<String>,
    /// An option of sendmail, such as i
    ///
    /// Une option de sendmail, par exemple i
    #[arg(short = 'o', value_name = "OPTION")]
    pub options: Vec<String>,
    /// The events to be told of: never, or some of success,failure,delay
    ///
    /// Les événements dont être averti : never, ou plusieurs de success,failure,delay
    #[arg(short = 'N', value_name = "EVENTS")]
    pub notify: Option<String>,
    /// The part that comes back of a letter that does not arrive: full or hdrs (its header)
    ///
    /// Ce qui revient d'une lettre qui n'arrive pas : full (tout) ou hdrs (son en-tête)
    #[arg(short = 'R', value_name = "PART")]
    pub to_return: Option<String>,
    /// A name for this sending, which its reports repeat
    ///
    /// Un nom pour cet envoi, que répètent ses avis
    #[arg(short = 'V', value_name = "NAME")]
    pub envelope_id: Option<String>,
    /// Understood for sendmail's sake, and without effect
    ///
    /// Accepté comme le fait sendmail, et sans effet
    #[arg(short = 'e', value_name = "ERRORS", hide = true)]
    pub errors: Option<String>,
    /// Understood for sendmail's sake, and without effect
    ///
    /// Accepté comme le fait sendmail, et sans effet
    #[arg(short = 'L', value_name = "TAG", hide = true)]
    pub log_tag: Option<String>,
    /// Understood for sendmail's sake, and without effect
    ///
    /// Accepté comme le fait sendmail, et sans effet
    #[arg(short = 'n', hide = true)]
    pub no_aliases: bool,
    /// Understood for sendmail's sake, and without effect
    ///
    /// Accepté comme le fait sendmail, et sans effet
    #[arg(short = 'm', hide = true)]
    pub me_too: bool,
    /// Understood for sendmail's sake, and without effect
    ///
    /// Accepté comme le fait sendmail, et sans effet
    #[arg(short = 'v', hide = true)]
    pub verbose: bool,
    /// Understood for sendmail's sake, and without effect
    ///
    /// Accepté comme le fait sendmail, et sans effet
    #[arg(short = 'U', hide = true)]
    pub initial: bool,
    /// Understood for sendmail's sake, and without effect
    ///
    /// Accepté comme le fait sendmail, et sans effet
    #[arg(short = 'G', hide = true)]
    pub relayed: bool,
    /// Who gets the letter
    ///
    /// Qui reçoit la lettre
    pub recipients: Vec<String>,
}

impl Command {
    /// Returns true for a command with which a new post office may begin.
    pub fn makes_data(&self) -> bool {
        matches!(self, Self::Domain(DomainCommand::Add { .. }))
    }

    /// Returns true if the command works on data of its own, which lie beside the Maildir that it fetches into.
    pub fn works_apart(&self) -> bool {
        let Self::Fetch(fetch::FetchCommand::Run(run)) = self else { return false };
        run.to.as_deref().is_some_and(|to| matches!(Target::parse(to), Some(Target::Maildir(_))))
    }
}

impl CommandLine {
    /// Returns true for a command that runs until it is stopped.
    pub fn is_a_server(&self) -> bool {
        matches!(self.command, None | Some(Command::Serve))
    }

    /// Reads the command line. Called as `sendmail`, the program is `facteur send`.
    pub fn read(words: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Self, Refused> {
        let mut words: Vec<_> = words.into_iter().collect();
        let called = words.first().map(PathBuf::from);
        if called.as_deref().and_then(|path| path.file_name()).is_some_and(|name| name == "sendmail") {
            words.insert(1, "send".into());
        }
        let sending = words.iter().skip(1).any(|word| word == "send");
        let language = Language::of_the_person();
        let refused = |error| Refused { error, sending, language };
        let read = in_language(language).try_get_matches_from(words);
        let line = read.and_then(|matches| Self::from_arg_matches(&matches)).map_err(refused)?;
        match &line.command {
            Some(Command::Help(wanted)) => Err(refused(help::of(in_language(language), &wanted.command))),
            _ => Ok(line),
        }
    }
}

/// The command line was not understood, or asked for help.
pub struct Refused {
    pub error: clap::Error,
    /// True for the command line of `send`, which has exit codes of its own.
    pub sending: bool,
    language: Language,
}

impl Refused {
    /// Tells the person: help on standard output, words that were not understood on standard error.
    pub fn tell(&self) {
        // A terminal that has gone away is no reason to fail differently.
        let is_help = self.error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
        match (self.language, self.error.exit_code()) {
            (Language::French, 1..) if !is_help => crate::terminal::note(&usage::in_french(&self.error)),
            _ => drop(self.error.print()),
        }
    }
}

/// The command line with its help in a language.
pub fn in_language(language: Language) -> clap::Command {
    words::in_language(CommandLine::command(), language)
}

/// The same for man pages, which have headings without a colon.
pub fn for_pages(language: Language) -> clap::Command {
    words::for_pages(CommandLine::command(), language)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<CommandLine, Refused> {
        CommandLine::read(line.split_whitespace().map(Into::into))
    }

    #[test]
    fn the_command_line_is_well_made() {
        in_language(Language::English).debug_assert();
        in_language(Language::French).debug_assert();
    }

    #[test]
    fn no_command_means_serve_and_the_office_can_be_named_anywhere() {
        assert!(read("facteur").is_ok_and(|line| line.command.is_none()));
        let line = read("facteur domain list --json --data /tmp/x").unwrap_or_else(|_| panic!("this is right"));
        assert_eq!(line.office.data, Some("/tmp/x".into()));
        let line = read("facteur --config f.toml queue retry --all").unwrap_or_else(|_| panic!("this is right"));
        assert_eq!(line.office.config, Some("f.toml".into()));
    }

    #[test]
    fn the_flags_programs_give_to_sendmail_are_understood() {
        for line in [
            "/usr/sbin/sendmail -t -i",
            "sendmail -oi -oem -f alice@alpha.test -- bob@beta.test",
            "sendmail -ti -falice@alpha.test -FAlice",
            "facteur send -bm -B8BITMIME -N never -i bob@beta.test",
            "facteur send --data /tmp/x -r alice@alpha.test bob@beta.test carol@beta.test",
        ] {
            let read = read(line).unwrap_or_else(|refused| panic!("{line}: {}", refused.error));
            assert!(matches!(read.command, Some(Command::Send(_))), "{line}");
        }
        assert!(read("sendmail --nonsense").is_err_and(|refused| refused.sending));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in ["facteur serv", "facteur account add alice", "facteur domain add a..b", "facteur queue drop"] {
            assert!(read(line).is_err_and(|refused| refused.error.exit_code() == 2), "{line}");
        }
    }
}
