//! The command line of `facteur group`.

use clap::{Args, Subcommand};
use directory::group::{Changes, Writers};
use mail::{Address, Domain};

use super::{Form, address, domain};

/// A command on the groups.
#[derive(Clone, Debug, Subcommand)]
pub enum GroupCommand {
    /// Make a group, or add members to it
    ///
    /// Créer un groupe, ou y ajouter des membres
    Add {
        /// Such as staff@alpha.test
        ///
        /// Par exemple staff@alpha.test
        #[arg(value_parser = address)]
        group: Address,
        /// Who gets the letters: people here or elsewhere, or other groups
        ///
        /// Qui reçoit les lettres : des personnes d'ici ou d'ailleurs, ou d'autres groupes
        #[arg(required = true, value_parser = address)]
        members: Vec<Address>,
        #[command(flatten)]
        settings: Settings,
    },
    /// List the groups
    ///
    /// Lister les groupes
    List {
        /// Only those of this domain
        ///
        /// Seulement ceux de ce domaine
        #[arg(value_parser = domain)]
        domain: Option<Domain>,
        #[command(flatten)]
        form: Form,
    },
    /// Change who may write to a group, or as it
    ///
    /// Changer qui peut écrire à un groupe, ou en son nom
    Set {
        /// Such as staff@alpha.test
        ///
        /// Par exemple staff@alpha.test
        #[arg(value_parser = address)]
        group: Address,
        #[command(flatten)]
        settings: Settings,
    },
    /// Remove a group, or some of its members
    ///
    /// Retirer un groupe, ou certains de ses membres
    Remove {
        /// Such as staff@alpha.test
        ///
        /// Par exemple staff@alpha.test
        #[arg(value_parser = address)]
        group: Address,
        /// Only these; all of them if not given
        ///
        /// Seulement ceux-ci ; tous par défaut
        #[arg(value_parser = address)]
        members: Vec<Address>,
    },
}

/// The settings of a group.
#[derive(Clone, Debug, Args)]
pub struct Settings {
    /// Whose letters it takes: everyone's, those of our people and its members, or only its members'
    ///
    /// De qui il prend les lettres : de tous, de nos personnes et de ses membres, ou de ses membres seuls
    #[arg(long, value_name = "WHO", value_parser = ["everyone", "ours", "members"])]
    writers: Option<String>,
    /// Whether members who live here may write as the group
    ///
    /// Si les membres d'ici peuvent écrire au nom du groupe
    #[arg(long, value_name = "CHOICE", value_parser = ["yes", "no"])]
    write_as: Option<String>,
}

impl Settings {
    pub fn changes(&self) -> Changes {
        Changes {
            writers: self.writers.as_deref().and_then(Writers::from_name),
            members_write_as: self.write_as.as_deref().map(|said| said == "yes"),
        }
    }
}
