//! Says what is wrong with a data folder, in the person's language, with what to do.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use store::OpenError;

use crate::language::{database, say, system};
use crate::users;

/// Says what is wrong with the data folder.
pub fn data_fault(fault: &OpenError) -> String {
    match fault {
        OpenError::InUse { folder, process } => {
            let folder = folder.display();
            say!(
                "the data folder {folder} is already in use by another Facteur (process {process}); stop that one, or name another folder with --data",
                "le dossier {folder} est déjà utilisé par un autre Facteur (processus {process}) ; arrêtez-le, ou indiquez un autre dossier avec --data"
            )
        }
        OpenError::Folder { folder, error } if error.kind() == std::io::ErrorKind::PermissionDenied => no_right(folder),
        OpenError::Folder { folder, error } => {
            let (folder, error) = (folder.display(), system(error));
            say!(
                "the data folder {folder} cannot be used: {error}; name another with --data, or with data in the configuration",
                "le dossier {folder} est inutilisable : {error} ; indiquez-en un autre avec --data, ou avec data dans la configuration"
            )
        }
        missing @ (OpenError::NoDatabase { .. }
        | OpenError::NotMounted { .. }
        | OpenError::NoLog { .. }
        | OpenError::NoBodies { .. }) => incomplete(missing),
        OpenError::Older { folder } => {
            let folder = folder.display();
            say!(
                "the database {folder}/facteur.db is older than the one that was here last: letters that had been taken are missing in it. Put the newer one back, with its facteur.db-wal; if you restored a backup on purpose, move {folder}/facteur.state away and start again",
                "la base {folder}/facteur.db est plus ancienne que la dernière qui se trouvait ici : des lettres déjà reçues y manquent. Remettez la plus récente, avec son facteur.db-wal ; si vous avez restauré une sauvegarde exprès, déplacez {folder}/facteur.state hors du dossier et relancez"
            )
        }
        OpenError::OtherOffice { folder } => {
            let folder = folder.display();
            say!(
                "the database {folder}/facteur.db is that of another post office. Put the right one back; to go on with this one, move {folder}/facteur.state and {folder}/blobs away, put its own blobs there, and start again",
                "la base {folder}/facteur.db est celle d'un autre bureau de poste. Remettez la bonne ; pour continuer avec celle-ci, déplacez {folder}/facteur.state et {folder}/blobs hors du dossier, mettez-y ses propres blobs, et relancez"
            )
        }
        OpenError::NoSpace { folder, needed, free } => {
            let (folder, needed, free) = (folder.display(), needed.div_ceil(1 << 20), free >> 20);
            say!(
                "this version must first bring the data in {folder} up to date, which needs {needed} MB of free disk, and there are {free}. Nothing was changed. Make room and start again, or install the version before",
                "cette version doit d'abord mettre à jour les données de {folder}, ce qui demande {needed} Mo d'espace libre, et il y en a {free}. Rien n'a été modifié. Libérez de la place et relancez, ou réinstallez la version précédente"
            )
        }
        OpenError::Damaged { file, what } => damaged(file, what.first().map_or("", String::as_str)),
        OpenError::Database { file, error: store::Error::Corrupt(what) } => damaged(file, what),
        OpenError::FormerTables { folder } => {
            let folder = folder.display();
            say!(
                "the data in {folder} were written by a Facteur of before December 2026, and this one cannot read them. Nothing was changed. With the version that wrote them, export each mailbox (facteur export ADDRESS FOLDER); then begin with a new data folder and import them (facteur import ADDRESS FOLDER)",
                "les données de {folder} ont été écrites par un Facteur d'avant décembre 2026, et celui-ci ne sait pas les lire. Rien n'a été modifié. Avec la version qui les a écrites, exportez chaque boîte (facteur export ADRESSE DOSSIER) ; puis commencez avec un nouveau dossier de données et importez-les (facteur import ADRESSE DOSSIER)"
            )
        }
        OpenError::Newer { .. } => say!(
            "these data were written by a newer Facteur; install that version again",
            "ces données ont été écrites par un Facteur plus récent ; réinstallez cette version"
        ),
        other => not_opened(other),
    }
}

/// The database could not be opened, or brought up to date.
fn not_opened(fault: &OpenError) -> String {
    match fault {
        OpenError::Database { file, error } => {
            let (file, why) = (file.display(), database(error));
            say!("the database {file} cannot be opened: {why}", "impossible d'ouvrir la base {file} : {why}")
        }
        OpenError::Migration { room, number, error } => {
            let why = database(error);
            say!(
                "these data could not be brought up to date for this version (step {number} of {room}), and are as they were: {why}",
                "impossible de mettre ces données à jour pour cette version (étape {number} de {room}) ; elles sont comme avant : {why}"
            )
        }
        OpenError::Snapshot(error) => {
            let why = database(error);
            say!(
                "these data were not brought up to date for this version, for they could not be copied first: {why}",
                "ces données n'ont pas été mises à jour pour cette version, faute d'une copie préalable : {why}"
            )
        }
        other => say!("the data cannot be opened: {other}", "impossible d'ouvrir les données ({other})"),
    }
}

/// The data folder is another user's, or lies where this one may not go. Its content is not known.
fn no_right(folder: &Path) -> String {
    let owner = std::fs::metadata(folder).ok().map(|about| users::name_of(about.uid()));
    let folder = folder.display();
    match owner {
        Some(owner) => say!(
            "you have no right to use the data folder {folder}, which is {owner}'s; run this as {owner} or with sudo, or name a folder of your own: --data ./facteur-data",
            "vous n'avez pas le droit d'utiliser le dossier {folder}, qui est à {owner} ; lancez ceci en tant que {owner} ou avec sudo, ou indiquez un dossier à vous : --data ./facteur-data"
        ),
        None => say!(
            "you have no right to use the data folder {folder}; run this as its owner or with sudo, or name a folder of your own: --data ./facteur-data",
            "vous n'avez pas le droit d'utiliser le dossier {folder} ; lancez ceci en tant que son propriétaire ou avec sudo, ou indiquez un dossier à vous : --data ./facteur-data"
        ),
    }
}

/// A part of the data folder is missing.
fn incomplete(fault: &OpenError) -> String {
    match fault {
        OpenError::NoDatabase { folder, found } => {
            let (folder, found) = (folder.display(), found.join(", "));
            say!(
                "the database facteur.db is missing in {folder}, or is empty, but there was a post office here: {found} is left of it. Nothing was changed. Put facteur.db back, with its facteur.db-wal, or restore a backup of the whole folder; to begin anew without the old letters, move what is left to another folder first",
                "la base facteur.db manque dans {folder}, ou elle est vide, mais un bureau de poste se trouvait ici : il en reste {found}. Rien n'a été modifié. Remettez facteur.db, avec son facteur.db-wal, ou restaurez une sauvegarde du dossier entier ; pour repartir de zéro sans les anciennes lettres, déplacez d'abord ce qui reste vers un autre dossier"
            )
        }
        OpenError::NotMounted { folder, mount } => {
            let (folder, mount) = (folder.display(), mount.display());
            say!(
                "the data folder {folder} is empty, and the disk that /etc/fstab names for {mount} is not mounted; mount it (mount {mount}) and start again",
                "le dossier {folder} est vide, et le disque que /etc/fstab prévoit pour {mount} n'est pas monté ; montez-le (mount {mount}) et relancez"
            )
        }
        OpenError::NoLog { folder } => {
            let folder = folder.display();
            say!(
                "{folder}/facteur.db-wal is missing, and the last letters were in it. Nothing was changed. Put it back, or restore a backup of the whole folder; to go on without these letters, move {folder}/facteur.state away and start again",
                "{folder}/facteur.db-wal manque, et les dernières lettres s'y trouvaient. Rien n'a été modifié. Remettez-le, ou restaurez une sauvegarde du dossier entier ; pour continuer sans ces lettres, déplacez {folder}/facteur.state hors du dossier et relancez"
            )
        }
        OpenError::NoBodies { folder, bodies } => {
            let folder = folder.display();
            say!(
                "the folder {folder}/blobs is missing, where the bodies of {bodies} large letters are kept. Mount it or put it back from a backup; if they are lost for good, make it again (mkdir -p {folder}/blobs && touch {folder}/blobs/.in-use) and start again",
                "le dossier {folder}/blobs manque, qui contient le corps de grandes lettres ({bodies} en tout). Montez-le, ou remettez-le depuis une sauvegarde ; si elles sont perdues pour de bon, recréez-le (mkdir -p {folder}/blobs && touch {folder}/blobs/.in-use) et relancez"
            )
        }
        other => other.to_string(),
    }
}

/// Pages of the database are damaged.
fn damaged(file: &std::path::Path, what: &str) -> String {
    let file = file.display();
    say!(
        "the database {file} is damaged ({what}). Nothing was changed, and no letter is taken, so that senders keep theirs and try again. Keep a copy of the folder and restore a backup",
        "la base {file} est endommagée ({what}). Rien n'a été modifié, et aucune lettre n'est prise : les expéditeurs gardent les leurs et réessaieront. Gardez une copie du dossier et restaurez une sauvegarde"
    )
}
