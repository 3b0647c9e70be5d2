//! The command line of `facteur copy`.

use clap::{Args, Subcommand};
use mail::Address;
use policy::Subject;
use policy::copy::Which;

use super::route::person_or_domain;
use super::{Form, address};

/// A command on the copies.
#[derive(Clone, Debug, Subcommand)]
pub enum CopyCommand {
    /// Give an address a copy of some letters
    ///
    /// Donner à une adresse une copie de certaines lettres
    Add {
        #[command(flatten)]
        letters: Letters,
        /// Who gets the copies
        ///
        /// Qui reçoit les copies
        #[arg(value_name = "ADDRESS", value_parser = address)]
        target: Address,
    },
    /// List who gets copies of which letters
    ///
    /// Lister qui reçoit copie de quelles lettres
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Give an address no more copies of these letters
    ///
    /// Ne plus donner à une adresse de copie de ces lettres
    Remove {
        #[command(flatten)]
        letters: Letters,
        /// Who gets the copies
        ///
        /// Qui reçoit les copies
        #[arg(value_name = "ADDRESS", value_parser = address)]
        target: Address,
    },
}

/// The letters that are copied.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Letters {
    /// Letters from this address or domain
    ///
    /// Les lettres de cette adresse ou de ce domaine
    #[arg(long, value_name = "WHO", value_parser = person_or_domain)]
    from: Option<Subject>,
    /// Letters to this address or domain
    ///
    /// Les lettres à cette adresse ou à ce domaine
    #[arg(long, value_name = "WHO", value_parser = person_or_domain)]
    to: Option<Subject>,
    /// Letters from elsewhere
    ///
    /// Les lettres d'ailleurs
    #[arg(long)]
    incoming: bool,
    /// Letters of our people that go elsewhere
    ///
    /// Les lettres de nos personnes qui vont ailleurs
    #[arg(long)]
    outgoing: bool,
    /// All letters
    ///
    /// Toutes les lettres
    #[arg(long)]
    all: bool,
}

impl Letters {
    pub fn which(self) -> Which {
        match self {
            Self { from: Some(from), .. } => Which::From(from),
            Self { to: Some(to), .. } => Which::To(to),
            Self { incoming: true, .. } => Which::In,
            Self { outgoing: true, .. } => Which::Out,
            _ => Which::All,
        }
    }
}
