//! The words of the page about letters that are kept back.

use directory::{Error, Language};

/// The words of one language. Markup is written as such.
pub struct Words {
    pub question: &'static str,
    pub strangers: &'static str,
    pub refused: &'static str,
    pub counted: &'static str,
    pub place: &'static str,
    pub mine: &'static str,
    pub not_mine: &'static str,
    pub not_mine_means: &'static str,
    pub password: &'static str,
    pub later: &'static str,
    pub elsewhere: &'static str,
    pub short: &'static str,
    pub long: &'static str,
    pub guessable: &'static str,
    pub broke: &'static str,
}

impl Words {
    /// Returns the words of a language.
    pub fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::French => &FRENCH,
        }
    }

    /// Says why a new password is not taken.
    pub fn refusal(&self, why: &Error) -> &'static str {
        match why {
            Error::PasswordTooShort => self.short,
            Error::PasswordTooLong => self.long,
            Error::PasswordGuessable => self.guessable,
            _ => self.broke,
        }
    }
}

const ENGLISH: Words = Words {
    question: "Was it you?",
    strangers: "Letters in your name went from a network where you are not at home to many people to whom you \
        had never written. That may have been you. It may also be somebody who knows your password.",
    refused: "Many letters in your name were refused: nobody has these addresses, or the letters look like \
        spam. That may have been you. It may also be somebody who knows your password, or a program on \
        one of your machines.",
    counted: "So {letters} letters to {recipients} people wait here. Nobody has got them yet, and nothing is \
        lost.",
    place: "Network: {network}. First letter kept back: {since}.",
    mine: "It was me: send them",
    not_mine: "It was not me: drop the letters and change the password",
    not_mine_means: "If it was not you, the letters are dropped and nobody gets them. You choose another password \
        here, and everybody who is logged in as you is logged out, you too.",
    password: "New password",
    later: "Decide later",
    elsewhere: "To decide, open this page on a device that you have used before, at home or at work. Or ask \
        your postmaster.",
    short: "The new password is too short.",
    long: "The new password is too long.",
    guessable: "The new password is among the first that are guessed. Choose another.",
    broke: "That did not work. Try again in a moment.",
};

const FRENCH: Words = Words {
    question: "Était-ce vous\u{202f}?",
    strangers: "Des lettres à votre nom sont parties d’un réseau où vous n’êtes pas chez vous, vers beaucoup de \
        personnes à qui vous n’aviez jamais écrit. C’était peut-être vous. C’était peut-être aussi \
        quelqu’un qui connaît votre mot de passe.",
    refused: "Beaucoup de lettres à votre nom ont été refusées\u{a0}: ces adresses ne sont à personne, ou les \
        lettres ressemblent à du spam. C’était peut-être vous. C’était peut-être aussi quelqu’un qui \
        connaît votre mot de passe, ou un programme sur l’une de vos machines.",
    counted: "Les lettres, {letters} en tout, pour {recipients} destinataires, attendent donc ici. Personne \
        ne les a encore reçues, et rien n’est perdu.",
    place: "Réseau\u{a0}: {network}. Première lettre retenue\u{a0}: {since}.",
    mine: "C’était moi\u{a0}: les envoyer",
    not_mine: "Ce n’était pas moi\u{a0}: supprimer les lettres et changer le mot de passe",
    not_mine_means: "Si ce n’était pas vous, les lettres sont supprimées et personne ne les reçoit. Vous choisissez \
        ici un autre mot de passe, et toutes les sessions ouvertes à votre nom sont fermées, la vôtre \
        aussi.",
    password: "Nouveau mot de passe",
    later: "Décider plus tard",
    elsewhere: "Pour décider, ouvrez cette page sur un appareil que vous avez déjà utilisé, chez vous ou au \
        travail. Ou demandez à votre postmaster.",
    short: "Le nouveau mot de passe est trop court.",
    long: "Le nouveau mot de passe est trop long.",
    guessable: "Le nouveau mot de passe est l’un des premiers que l’on essaie. Choisissez-en un autre.",
    broke: "Cela n’a pas fonctionné. Réessayez dans un instant.",
};
