//! The help in French.

use clap::Command;

/// Each command, option or word of the help, by its path, and what it is in French. A test holds that none is missing.
const TEXTS: &[(&str, &str)] = &[
    ("facteur", "Un serveur de courrier complet en un seul programme"),
    ("facteur --config", "Le fichier de configuration"),
    ("facteur --data", "Le dossier des données ; l'emporte sur la configuration"),
    ("facteur serve", "Ouvrir le bureau de poste (aussi quand aucune commande n'est donnée)"),
    ("facteur demo", "Essayer : deux bureaux de poste sur cette machine qui s'écrivent"),
    ("facteur demo --json", "Tout afficher en un seul objet JSON"),
    ("facteur domain", "Les domaines dont ce bureau prend le courrier"),
    ("facteur domain add", "Prendre désormais le courrier d'un domaine"),
    ("facteur domain add domain", "Par exemple alpha.test"),
    ("facteur domain list", "Lister les domaines"),
    ("facteur domain list --json", "Afficher en JSON"),
    ("facteur domain remove", "Ne plus prendre le courrier d'un domaine"),
    ("facteur domain remove --force", "Retirer aussi les personnes qui y habitent, avec toutes leurs lettres"),
    ("facteur domain remove domain", "Par exemple alpha.test"),
    ("facteur account", "Les personnes qui ont une boîte ici"),
    ("facteur account add", "Donner une boîte à quelqu'un"),
    ("facteur account add address", "Par exemple alice@alpha.test"),
    ("facteur account add --name", "Son nom, tel que les autres doivent le voir"),
    ("facteur account add --language", "La langue de cette personne"),
    ("facteur account add --quota", "Ce que la boîte peut contenir, par exemple 5G ; sans limite par défaut"),
    ("facteur account add --password_stdin", "Lire le mot de passe sur la première ligne de l'entrée standard"),
    ("facteur account add --generate", "Inventer un mot de passe et l'afficher"),
    ("facteur account list", "Lister les personnes"),
    ("facteur account list domain", "Seulement celles de ce domaine"),
    ("facteur account list --json", "Afficher en JSON"),
    ("facteur account remove", "Retirer une personne, avec toutes ses lettres"),
    ("facteur account remove address", "Par exemple alice@alpha.test"),
    ("facteur account remove --yes", "Ne pas demander confirmation"),
    ("facteur account unblock", "Laisser quelqu'un se connecter tout de suite après trop d'essais manqués"),
    ("facteur account unblock address", "Par exemple alice@alpha.test"),
    ("facteur account password", "Donner un autre mot de passe à quelqu'un"),
    ("facteur account password address", "Par exemple alice@alpha.test"),
    ("facteur account password --password_stdin", "Lire le mot de passe sur la première ligne de l'entrée standard"),
    ("facteur account password --generate", "Inventer un mot de passe et l'afficher"),
    ("facteur alias", "D'autres adresses pour les personnes d'ici"),
    ("facteur alias add", "Remettre à d'autres les lettres d'une adresse"),
    ("facteur alias add alias", "Par exemple info@alpha.test, ou *@alpha.test pour tout ce qui n'est à personne"),
    ("facteur alias add targets", "Qui reçoit les lettres"),
    ("facteur alias list", "Lister les alias"),
    ("facteur alias list domain", "Seulement ceux de ce domaine"),
    ("facteur alias list --json", "Afficher en JSON"),
    ("facteur alias remove", "Retirer un alias, ou certains de ceux qui en reçoivent les lettres"),
    ("facteur alias remove alias", "Par exemple info@alpha.test"),
    ("facteur alias remove targets", "Seulement ceux-ci ; tous par défaut"),
    ("facteur queue", "Les lettres en route vers d'autres serveurs"),
    ("facteur queue list", "Lister les lettres qui attendent"),
    ("facteur queue list --json", "Afficher en JSON"),
    ("facteur queue show", "Tout dire d'une lettre"),
    ("facteur queue show letter", "Son nom dans la liste"),
    ("facteur queue show --json", "Afficher en JSON"),
    ("facteur queue retry", "Essayer maintenant, sans attendre la prochaine fois"),
    ("facteur queue hold", "Retenir des lettres jusqu'à ce qu'on les libère"),
    ("facteur queue release", "Libérer des lettres retenues"),
    (
        "facteur queue drop",
        "Retirer des lettres de la file ; personne ne les reçoit, leur expéditeur n'est pas prévenu",
    ),
    ("facteur session", "Qui est connecté, et ce qui est ouvert"),
    ("facteur session list", "Lister les navigateurs connectés, et ce que les logiciels de courrier ont d'ouvert"),
    ("facteur session list address", "Seulement ceux de cette personne, par exemple alice@alpha.test"),
    ("facteur session list --json", "Afficher en JSON"),
    (
        "facteur session end",
        "Déconnecter un navigateur, ou fermer ce qu'un logiciel a d'ouvert ; il peut revenir avec le mot de passe",
    ),
    ("facteur session end address", "De qui, par exemple alice@alpha.test"),
    ("facteur session end id", "Son nom dans la liste"),
    ("facteur session end --all", "Tout ce que cette personne a d'ouvert"),
    ("facteur fetch", "Les lettres de boîtes d'ailleurs"),
    ("facteur fetch add", "Relever désormais une boîte d'ailleurs"),
    (
        "facteur fetch add url",
        "Une adresse, comme alice@example.org, dont le serveur est alors cherché ; ou le serveur lui-même : imaps://alice@imap.example.org ou pop3s://… ; imap:// et pop3:// passent en TLS avant de se connecter",
    ),
    (
        "facteur fetch add --to",
        "Où vont les lettres : alice@alpha.test, maildir:DOSSIER, ou lmtp:alice@alpha.test@HÔTE:PORT ; inutile où une seule personne habite",
    ),
    ("facteur fetch add --untried", "Ne pas essayer de se connecter d'abord"),
    (
        "facteur fetch add --ask_thunderbird",
        "Si le fournisseur ne dit pas lui-même son serveur, demander à la liste de Thunderbird (Mozilla), qui apprend alors le domaine",
    ),
    ("facteur fetch add --name", "Son nom dans la liste"),
    ("facteur fetch list", "Lister les boîtes d'ailleurs, et dire comment elles vont"),
    ("facteur fetch list --json", "Afficher en JSON"),
    ("facteur fetch run", "Relever maintenant, en disant où on en est"),
    ("facteur fetch run sources", "Leurs noms dans la liste ; toutes par défaut"),
    ("facteur fetch run --once", "Relever une fois cette boîte, qui n'a pas à être dans la liste"),
    (
        "facteur fetch run --to",
        "Où vont ses lettres : alice@alpha.test, maildir:DOSSIER ou lmtp:alice@alpha.test@HÔTE:PORT",
    ),
    ("facteur fetch run --json", "Afficher un objet JSON par ligne"),
    ("facteur fetch remove", "Ne plus relever une boîte d'ailleurs ; ce qui a été relevé reste"),
    ("facteur fetch remove source", "Son nom dans la liste"),
    (
        "facteur fetch remove --forget",
        "Oublier aussi lesquelles de ses lettres sont ici : ajoutée de nouveau, elle les apporte toutes de nouveau",
    ),
    ("facteur fetch password", "Se connecter ailleurs désormais avec un autre mot de passe ou jeton"),
    ("facteur fetch password source", "Son nom dans la liste"),
    ("facteur trace", "Raconter ce qui est arrivé à une lettre, étape par étape"),
    ("facteur trace what", "Le nom d'une lettre, son Message-ID, ou une adresse dont elle vient ou à qui elle va"),
    ("facteur trace --since", "Seulement les lettres venues depuis : il y a 30m, 12h, 3d, 2w, ou 2026-11-24"),
    ("facteur trace --limit", "Au plus tant de lettres, les dernières d'abord"),
    ("facteur trace --json", "Afficher en JSON"),
    ("facteur send", "Envoyer la lettre lue sur l'entrée standard, comme sendmail"),
    ("facteur send --recipients_from_header", "Prendre les destinataires dans To, Cc et Bcc"),
    ("facteur send --ignore_dots", "Une ligne avec un seul point ne termine pas la lettre"),
    ("facteur send --from", "L'adresse à qui revient ce qui n'arrive pas"),
    ("facteur send --full_name", "Le nom de l'expéditeur, quand la lettre n'a pas de From"),
    ("facteur send --body", "7BIT ou 8BITMIME"),
    ("facteur send --service", "Le service voulu : seulement m, envoyer une lettre"),
    ("facteur send --options", "Une option de sendmail, par exemple i"),
    ("facteur send recipients", "Qui reçoit la lettre"),
    ("facteur import", "Apporter dans une boîte des lettres que gardent les fichiers d'autres programmes"),
    ("facteur import address", "La boîte de qui, par exemple alice@alpha.test"),
    (
        "facteur import path",
        "Un fichier, un dossier, ou un zip ou tar de ceux-ci ; aussi ce que garde un autre programme, ou un Google Takeout",
    ),
    ("facteur import --folder", "Tout mettre dans ce dossier et au-dessous"),
    ("facteur import --format", "Ce que sont les fichiers, quand les regarder ne le dit pas"),
    ("facteur import --again", "Importer aussi ce qui est déjà là"),
    ("facteur import --dry_run", "Dire ce qui viendrait, et ne rien changer"),
    ("facteur import --json", "Afficher en JSON, un objet par ligne"),
    ("facteur import undo", "Annuler une importation : retirer ce que personne n'a touché depuis"),
    ("facteur import undo run", "Son numéro, qu'elle a dit à sa fin"),
    ("facteur import undo --json", "Afficher en JSON, un objet par ligne"),
    ("facteur import list", "Lister les importations dans une boîte"),
    ("facteur import list address", "La boîte de qui, par exemple alice@alpha.test"),
    ("facteur import list --json", "Afficher en JSON"),
    ("facteur export", "Écrire les lettres d'une boîte dans des fichiers que d'autres programmes lisent"),
    ("facteur export address", "La boîte de qui, par exemple alice@alpha.test"),
    ("facteur export path", "Où écrire ; rien ne doit encore s'y trouver"),
    ("facteur export --format", "Quoi écrire ; par défaut selon la fin du nom, sinon maildir"),
    ("facteur export --json", "Afficher en JSON, un objet par ligne"),
    ("facteur verify", "Voir si tout est conservé comme il faut"),
    ("facteur verify --repair", "Réparer ce qui peut l'être ; aucune lettre n'est jamais effacée"),
    ("facteur verify --json", "Afficher en JSON, un objet par ligne"),
];

/// The arguments that `queue retry`, `hold`, `release` and `drop` share.
const WHICH: &[(&str, &str)] = &[
    ("letters", "Leurs noms dans la liste"),
    ("--all", "Toutes celles qui attendent"),
    ("--to", "Toutes celles qui attendent pour ce domaine"),
];

/// The options that `fetch add` and `fetch run` share.
const FETCH: &[(&str, &str)] = &[
    ("--deliver", "Faire arriver les lettres de la boîte de réception comme des nouvelles, à travers les filtres"),
    ("--folder", "Seulement ce dossier ; peut être dit plusieurs fois"),
    ("--since", "Seulement les lettres à partir de ce jour, par exemple 2026-01-31"),
    ("--delete", "Effacer là-bas les lettres une fois qu'elles sont ici"),
    ("--delete_after", "Effacer là-bas les lettres tant de jours après leur relève"),
    ("--ca", "Se fier aux certificats de ce fichier PEM"),
    ("--fingerprint", "Se fier au certificat qui a cette empreinte SHA-256"),
    (
        "--cleartext",
        "Avec imap:// et pop3:// : sans chiffrement, si bien que d'autres peuvent lire les lettres et le mot de passe",
    ),
    ("--rate", "Pas plus que cela par seconde, par exemple 500k"),
    ("--largest", "Laisser là-bas les lettres plus grandes que cela ; 100M par défaut"),
    (
        "--every",
        "Chercher de nouvelles lettres toutes les tant de minutes, quand le serveur ne les annonce pas ; 5 par défaut",
    ),
    (
        "--oauth_client",
        "Se connecter avec un jeton au lieu d'un mot de passe, en tant que programme enregistré sous cet identifiant ; un jeton durable se donne comme un mot de passe, sinon votre accord est demandé",
    ),
    ("--oauth_secret_file", "Le secret du programme est la première ligne de ce fichier"),
    ("--oauth_token_url", "D'où viennent les jetons ; connu pour Google et Microsoft"),
    ("--oauth_device_url", "Où l'accord est demandé avec un code"),
    ("--oauth_login_url", "Où l'accord est demandé dans le navigateur"),
    ("--oauth_scope", "Ce qui est demandé, comme le fournisseur l'appelle"),
    ("--password_stdin", "Lire le mot de passe sur la première ligne de l'entrée standard"),
    ("--password_file", "Lire le mot de passe sur la première ligne d'un fichier"),
];

/// Clap puts a colon behind a heading; in French a (narrow, unbreakable) space stands before it.
const TEMPLATE: &str = "{about-with-newline}\nUtilisation\u{202f}: {usage}\n\n{all-args}";

fn text(path: &str) -> Option<&'static str> {
    let find = |texts: &'static [(&str, &'static str)], path: &str| {
        texts.iter().find(|(known, _)| *known == path).map(|(_, text)| *text)
    };
    find(TEXTS, path).or_else(|| {
        let (command, argument) = path.rsplit_once(' ')?;
        let chooses =
            ["retry", "hold", "release", "drop"].iter().any(|verb| command == format!("facteur queue {verb}"));
        let fetches = ["add", "run", "password"].iter().any(|verb| command == format!("facteur fetch {verb}"));
        if chooses {
            find(WHICH, argument)
        } else if fetches {
            find(FETCH, argument)
        } else {
            None
        }
    })
}

/// The command line with its help in French.
pub fn translate(command: Command) -> Command {
    translate_command(command, "facteur")
        .mut_arg("config", |arg| arg.value_name("FICHIER"))
        .mut_arg("data", |arg| arg.value_name("DOSSIER"))
        .disable_version_flag(true)
        .arg(
            clap::Arg::new("version")
                .short('V')
                .long("version")
                .action(clap::ArgAction::Version)
                .help("Afficher la version")
                .help_heading("Options\u{202f}"),
        )
}

fn translate_command(command: Command, path: &str) -> Command {
    let mut command = command
        .help_template(TEMPLATE)
        .subcommand_help_heading("Commandes\u{202f}")
        .subcommand_value_name("COMMANDE")
        .disable_help_flag(true)
        .arg(
            clap::Arg::new("help")
                .short('h')
                .long("help")
                .action(clap::ArgAction::Help)
                .help("Afficher cette aide")
                .help_heading("Options\u{202f}"),
        );
    if let Some(about) = text(path) {
        command = command.about(about);
    }
    command = command.mut_args(|arg| {
        let heading = if arg.is_positional() { "Arguments\u{202f}" } else { "Options\u{202f}" };
        let french = text(&path_of(path, &arg));
        let arg = arg.help_heading(heading);
        if let Some(french) = french { arg.help(french) } else { arg }
    });
    let names: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    for name in names {
        let below = format!("{path} {name}");
        command = command.mut_subcommand(&name, |command| translate_command(command, &below));
    }
    command
}

fn path_of(command: &str, arg: &clap::Arg) -> String {
    let dashes = if arg.is_positional() { "" } else { "--" };
    format!("{command} {dashes}{}", arg.get_id())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn untranslated(command: &Command, path: &str, missing: &mut Vec<String>) {
        let args = command.get_arguments().filter(|arg| !arg.is_hide_set()).map(|arg| path_of(path, arg));
        missing.extend(args.chain([path.to_owned()]).filter(|path| text(path).is_none()));
        for below in command.get_subcommands() {
            untranslated(below, &format!("{path} {}", below.get_name()), missing);
        }
    }

    #[test]
    fn every_command_and_option_has_its_help_in_french() {
        let mut missing = Vec::new();
        untranslated(&super::super::CommandLine::command(), "facteur", &mut missing);
        assert_eq!(missing, Vec::<String>::new());
    }
}
