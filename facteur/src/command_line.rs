//! What can be said on the command line.

pub mod fetch;
mod french;
pub mod session;

use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use mail::{Address, Domain};

use crate::language::{Language, say};
use crate::post_office::fetched::Target;

/// A whole mail server in one program
#[derive(Debug, Parser)]
#[command(name = "facteur", version, disable_help_subcommand = true)]
pub struct CommandLine {
    #[command(flatten)]
    pub office: WhichOffice,
    /// Nothing said: `serve`.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Which post office is meant.
#[derive(Clone, Debug, Default, Args)]
pub struct WhichOffice {
    /// The configuration file
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The data folder; wins over the configuration
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
    Serve,
    /// Try it: two post offices on this machine that write to each other
    Demo(Demo),
    /// The domains this post office takes letters for
    #[command(subcommand)]
    Domain(DomainCommand),
    /// The people who have a mailbox here
    #[command(subcommand)]
    Account(AccountCommand),
    /// Other addresses for the people here
    #[command(subcommand)]
    Alias(AliasCommand),
    /// The letters on their way to other servers
    #[command(subcommand)]
    Queue(QueueCommand),
    /// Who is logged in, and what they have open
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// Letters from mailboxes elsewhere
    #[command(subcommand)]
    Fetch(fetch::FetchCommand),
    /// Tell what happened to a letter, step by step
    Trace(Trace),
    /// Send the letter on standard input, like sendmail
    Send(Send),
    /// Bring letters from the files of other programs into a mailbox
    Import(Import),
    /// Write the letters of a mailbox into files that other programs read
    Export(Export),
    /// See whether everything is kept as it should be
    Verify(Verify),
}

#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Import {
    #[command(subcommand)]
    pub past: Option<PastImport>,
    #[command(flatten)]
    pub new: NewImport,
}

/// What can be said of an import that has been.
#[derive(Clone, Debug, Subcommand)]
pub enum PastImport {
    /// Take away again what an import has brought and nobody has touched since
    Undo {
        /// Its number, which it has said at its end
        run: i64,
        #[command(flatten)]
        form: Lines,
    },
    /// List the imports into a mailbox
    List {
        /// Whose mailbox, such as alice@alpha.test
        #[arg(value_parser = address)]
        address: Address,
        #[command(flatten)]
        form: Form,
    },
}

#[derive(Clone, Debug, Args)]
pub struct NewImport {
    /// Whose mailbox, such as alice@alpha.test
    #[arg(value_parser = address, required = true)]
    pub address: Option<Address>,
    /// A file, a folder, or a zip or tar of them; also what another mail program keeps, or a Google Takeout
    #[arg(required = true)]
    pub path: Option<PathBuf>,
    /// Put everything into this folder and below it
    #[arg(long)]
    pub folder: Option<String>,
    /// What the files are, where looking at them does not tell
    #[arg(long, value_parser = ["mbox", "mboxo", "mboxcl2", "maildir", "eml"])]
    pub format: Option<String>,
    /// Also import what is here already
    #[arg(long)]
    pub again: bool,
    /// Say what would come, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub form: Lines,
}

#[derive(Debug, Args)]
pub struct Export {
    /// Whose mailbox, such as alice@alpha.test
    #[arg(value_parser = address)]
    pub address: Address,
    /// Where to; it must not be there yet
    pub path: PathBuf,
    /// What to write; if not given, the ending of the name tells, else maildir
    #[arg(long, value_parser = ["maildir", "mbox", "eml", "zip", "tar.gz"])]
    pub format: Option<String>,
    #[command(flatten)]
    pub form: Lines,
}

#[derive(Debug, Args)]
pub struct Verify {
    /// Mend what can be mended; no letter is ever deleted
    #[arg(long)]
    pub repair: bool,
    #[command(flatten)]
    pub form: Lines,
}

/// For commands that tell how far they are.
#[derive(Clone, Copy, Debug, Args)]
pub struct Lines {
    /// Print JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Demo {
    /// Print everything as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// For every command that prints a table.
#[derive(Clone, Copy, Debug, Args)]
pub struct Form {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum DomainCommand {
    /// Take letters for a domain from now on
    Add {
        /// Such as alpha.test
        #[arg(value_parser = domain)]
        domain: Domain,
    },
    /// List the domains
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Take no more letters for a domain
    Remove {
        /// Such as alpha.test
        #[arg(value_parser = domain)]
        domain: Domain,
        /// Also remove the people who live there, with all their letters
        #[arg(long)]
        force: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Give a person a mailbox
    Add {
        /// Such as alice@alpha.test
        #[arg(value_parser = address)]
        address: Address,
        /// Their name, as others should see it
        #[arg(long)]
        name: Option<String>,
        /// The language they read
        #[arg(long, value_parser = ["en", "fr"])]
        language: Option<String>,
        /// How much their mailbox may hold, such as 5G; without limit if not given
        #[arg(long, value_parser = crate::commands::size::parse)]
        quota: Option<u64>,
        #[command(flatten)]
        password: PasswordFrom,
    },
    /// List the people
    List {
        /// Only those of this domain
        #[arg(value_parser = domain)]
        domain: Option<Domain>,
        #[command(flatten)]
        form: Form,
    },
    /// Remove a person, with all their letters
    Remove {
        /// Such as alice@alpha.test
        #[arg(value_parser = address)]
        address: Address,
        /// Do not ask whether you are sure
        #[arg(long)]
        yes: bool,
    },
    /// Give a person another password
    Password {
        /// Such as alice@alpha.test
        #[arg(value_parser = address)]
        address: Address,
        #[command(flatten)]
        password: PasswordFrom,
    },
    /// Let a person log in again at once after too many failed tries
    Unblock {
        /// Such as alice@alpha.test
        #[arg(value_parser = address)]
        address: Address,
    },
}

/// Where a new password comes from; asked on the terminal if nothing is said.
#[derive(Clone, Copy, Debug, Args)]
pub struct PasswordFrom {
    /// Read the password from the first line of standard input
    #[arg(long, conflicts_with = "generate")]
    pub password_stdin: bool,
    /// Make up a password and print it
    #[arg(long)]
    pub generate: bool,
}

#[derive(Debug, Subcommand)]
pub enum AliasCommand {
    /// Give letters for an address to other addresses
    Add {
        /// Such as info@alpha.test, or *@alpha.test for all that is not someone's
        #[arg(value_parser = address)]
        alias: Address,
        /// Who gets the letters
        #[arg(required = true, value_parser = address)]
        targets: Vec<Address>,
    },
    /// List the aliases
    List {
        /// Only those of this domain
        #[arg(value_parser = domain)]
        domain: Option<Domain>,
        #[command(flatten)]
        form: Form,
    },
    /// Remove an alias, or some of those who get its letters
    Remove {
        /// Such as info@alpha.test
        #[arg(value_parser = address)]
        alias: Address,
        /// Only these; all of them if not given
        #[arg(value_parser = address)]
        targets: Vec<Address>,
    },
}

#[derive(Debug, Subcommand)]
pub enum QueueCommand {
    /// List the letters that wait
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Tell all about one letter
    Show {
        /// Its name in the list
        letter: String,
        #[command(flatten)]
        form: Form,
    },
    /// Try now, without waiting for the next time
    Retry(Which),
    /// Keep letters back until they are released
    Hold(Which),
    /// Let go letters that were kept back
    Release(Which),
    /// Take letters off the queue; nobody gets them, and their senders are not told
    Drop(Which),
}

/// Letters of the queue.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// Their names in the list
    pub letters: Vec<String>,
    /// All that wait
    #[arg(long)]
    pub all: bool,
    /// All that wait for this domain
    #[arg(long, value_name = "DOMAIN", value_parser = domain)]
    pub to: Option<Domain>,
}

/// Which letters' ways are told.
#[derive(Debug, Args)]
pub struct Trace {
    /// The name of a letter, its Message-ID, or an address it was from or to
    #[arg(value_name = "LETTER|MESSAGE-ID|ADDRESS")]
    pub what: String,
    /// Only letters that came since then: 30m, 12h, 3d, 2w ago, or 2026-11-24
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// So many letters at most, the last first
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    pub limit: u16,
    #[command(flatten)]
    pub form: Form,
}

/// The options of sendmail that programs use.
#[derive(Debug, Args)]
pub struct Send {
    /// Take the recipients from To, Cc and Bcc
    #[arg(short = 't')]
    pub recipients_from_header: bool,
    /// A line with a single dot does not end the letter
    #[arg(short = 'i')]
    pub ignore_dots: bool,
    /// The address bounces go to
    #[arg(short = 'f', visible_short_alias = 'r', value_name = "ADDRESS")]
    pub from: Option<String>,
    /// The sender's name, where the letter has no From
    #[arg(short = 'F', value_name = "NAME")]
    pub full_name: Option<String>,
    /// 7BIT or 8BITMIME
    #[arg(short = 'B', value_name = "KIND")]
    pub body: Option<String>,
    /// Which service is wanted: only m, to send a letter
    #[arg(short = 'b', value_name = "SERVICE")]
    pub service: Option<String>,
    /// An option of sendmail, such as i
    #[arg(short = 'o', value_name = "OPTION")]
    pub options: Vec<String>,
    /// Understood for sendmail's sake, and without effect
    #[arg(short = 'N', value_name = "DSN", hide = true)]
    pub notify: Option<String>,
    /// Understood for sendmail's sake, and without effect
    #[arg(short = 'R', value_name = "RETURN", hide = true)]
    pub to_return: Option<String>,
    /// Understood for sendmail's sake, and without effect
    #[arg(short = 'V', value_name = "ENVELOPE", hide = true)]
    pub envelope_id: Option<String>,
    /// Understood for sendmail's sake, and without effect
    #[arg(short = 'e', value_name = "ERRORS", hide = true)]
    pub errors: Option<String>,
    /// Understood for sendmail's sake, and without effect
    #[arg(short = 'L', value_name = "TAG", hide = true)]
    pub log_tag: Option<String>,
    /// Understood for sendmail's sake, and without effect
    #[arg(short = 'n', hide = true)]
    pub no_aliases: bool,
    /// Understood for sendmail's sake, and without effect
    #[arg(short = 'm', hide = true)]
    pub me_too: bool,
    /// Understood for sendmail's sake, and without effect
    #[arg(short = 'v', hide = true)]
    pub verbose: bool,
    /// Understood for sendmail's sake, and without effect
    #[arg(short = 'U', hide = true)]
    pub initial: bool,
    /// Understood for sendmail's sake, and without effect
    #[arg(short = 'G', hide = true)]
    pub relayed: bool,
    /// Who gets the letter
    pub recipients: Vec<String>,
}

fn domain(text: &str) -> Result<Domain, String> {
    Domain::parse(text).map_err(|_| say!("a domain is written like alpha.test", "un domaine s'écrit comme alpha.test"))
}

fn address(text: &str) -> Result<Address, String> {
    let wrong = || say!("an address is written like alice@alpha.test", "une adresse s'écrit comme alice@alpha.test");
    Address::parse(text).map_err(|_| wrong())
}

impl Command {
    /// Does a new post office begin with it?
    pub fn makes_data(&self) -> bool {
        matches!(self, Self::Domain(DomainCommand::Add { .. }))
    }

    /// Does it work on data of its own, which lie beside the Maildir that it fetches into?
    pub fn works_apart(&self) -> bool {
        let Self::Fetch(fetch::FetchCommand::Run(run)) = self else { return false };
        run.to.as_deref().is_some_and(|to| matches!(Target::parse(to), Some(Target::Maildir(_))))
    }
}

impl CommandLine {
    /// Does this run until it is stopped?
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
        let command = in_language(Language::of_the_person());
        let read = command.try_get_matches_from(words).and_then(|matches| Self::from_arg_matches(&matches));
        read.map_err(|error| Refused { error, sending })
    }
}

/// The command line was not understood, or asked for help.
pub struct Refused {
    pub error: clap::Error,
    /// Was it the command line of `send`, which has exit codes of its own?
    pub sending: bool,
}

/// The command line with its help in a language.
fn in_language(language: Language) -> clap::Command {
    let command = CommandLine::command();
    match language {
        Language::English => command,
        Language::French => french::translate(command),
    }
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
