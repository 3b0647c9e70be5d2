//! Lists every setting once: its key, the kind of its value, its default, and its text in both languages. The
//! reader's messages, the example of a configuration file, facteur.toml(5) and the tables of the documentation are
//! made from this list.

use super::doors::{BindAddress, Door};
use crate::language::{Language, say};

/// The settings that stand below one heading.
#[derive(Debug)]
pub struct Group {
    /// Empty for those at the top of the file.
    pub key: &'static str,
    /// The heading as it is written in the file: `[listen]`, or `[[route]]` for a table that can come more than once.
    pub heading: &'static str,
    pub settings: &'static [Setting],
    english: &'static str,
    french: &'static str,
}

/// One setting.
#[derive(Debug)]
pub struct Setting {
    pub key: &'static str,
    pub kind: Kind,
    /// A right value, without quotes.
    pub example: &'static str,
    pub fallback: Fallback,
    english: &'static str,
    french: &'static str,
}

/// The kind of a setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// A list of texts.
    Texts,
    Number,
    Flag,
}

/// The value that holds if the configuration does not name one.
#[derive(Clone, Copy, Debug)]
pub enum Fallback {
    /// A value, as TOML.
    Value(&'static str),
    /// The address that the door has by itself.
    Door(Door),
    /// Words in English and in French.
    Words(&'static str, &'static str),
    /// The group makes no sense without it.
    Needed,
}

impl Group {
    /// Returns the text that tells what the group is about.
    pub fn text(&self, language: Language) -> &'static str {
        one(language, self.english, self.french)
    }

    /// One of its settings.
    pub fn setting(&self, key: &str) -> Option<&'static Setting> {
        self.settings.iter().find(|setting| setting.key == key)
    }

    /// Returns the keys that can stand below its heading; at the top, also the headings.
    pub fn keys(&self) -> Vec<&'static str> {
        let below = GROUPS.iter().map(|group| group.key).filter(|key| self.key.is_empty() && !key.is_empty());
        self.settings.iter().map(|setting| setting.key).chain(below).collect()
    }
}

/// The settings below a heading, by its key.
pub fn group(key: &str) -> Option<&'static Group> {
    GROUPS.iter().find(|group| group.key == key)
}

impl Setting {
    /// Returns the text that tells what the setting does.
    pub fn text(&self, language: Language) -> &'static str {
        one(language, self.english, self.french)
    }

    /// Names the kind of its value, in words.
    pub fn kind_in_words(&self, language: Language) -> String {
        match self.kind {
            Kind::Text => say!(in language; "text", "texte"),
            Kind::Texts => say!(in language; "list of texts", "liste de textes"),
            Kind::Number => say!(in language; "number", "nombre"),
            Kind::Flag => say!(in language; "true or false", "true ou false"),
        }
    }

    /// A right value, as TOML.
    pub fn example_as_toml(&self) -> String {
        match self.kind {
            Kind::Text => format!("\"{}\"", self.example),
            Kind::Texts => format!("[\"{}\"]", self.example),
            Kind::Number | Kind::Flag => self.example.to_owned(),
        }
    }

    /// The default as TOML, if it is one value on every machine.
    pub fn default_as_toml(&self) -> Option<String> {
        match self.fallback {
            Fallback::Value(value) => Some(value.to_owned()),
            Fallback::Door(door) => {
                let places = door.default_places(true).iter().map(BindAddress::to_string).collect::<Vec<_>>();
                Some(format!("[{}]", places.iter().map(|place| format!("\"{place}\"")).collect::<Vec<_>>().join(", ")))
            }
            Fallback::Words(..) | Fallback::Needed => None,
        }
    }

    /// Returns the value that holds if the configuration does not name one, in words or as TOML.
    pub fn default_in_words(&self, language: Language) -> Shown {
        match (self.default_as_toml(), self.fallback) {
            (Some(value), _) => Shown::Toml(value),
            (None, Fallback::Words(english, french)) => Shown::Words(one(language, english, french).to_owned()),
            (None, _) => Shown::Words(say!(in language; "none: it must be there", "aucun : il doit y être")),
        }
    }
}

/// A default, as it is shown to a person.
#[derive(Debug)]
pub enum Shown {
    Toml(String),
    Words(String),
}

fn one(language: Language, english: &'static str, french: &'static str) -> &'static str {
    match language {
        Language::English => english,
        Language::French => french,
    }
}

const fn door(
    key: &'static str,
    door: Door,
    example: &'static str,
    english: &'static str,
    french: &'static str,
) -> Setting {
    Setting { key, kind: Kind::Texts, example, fallback: Fallback::Door(door), english, french }
}

/// All of them, in the order in which they are told.
pub const GROUPS: &[Group] = &[
    Group {
        key: "",
        heading: "",
        settings: TOP,
        english: "The post office itself",
        french: "Le bureau de poste lui-même",
    },
    Group {
        key: "listen",
        heading: "[listen]",
        settings: LISTEN,
        english: "Where the doors stand: for each a list of addresses and ports; [] switches it off. Who may not open ports \
                  below 1024 gets higher ones, on this machine only",
        french: "Où se trouvent les portes : pour chacune, une liste d'adresses et de ports ; [] la ferme. Qui ne peut ouvrir \
                 les ports au-dessous de 1024 en a de plus hauts, sur cette machine seulement",
    },
    Group {
        key: "proxy",
        heading: "[proxy]",
        settings: PROXY,
        english: "The proxies in front, which say where somebody comes from",
        french: "Les mandataires devant le bureau, qui disent d'où vient chacun",
    },
    Group {
        key: "store",
        heading: "[store]",
        settings: STORE,
        english: "How the data are kept; this version has one way",
        french: "Comment les données sont conservées ; cette version n'a qu'une façon",
    },
    Group {
        key: "dns",
        heading: "[dns]",
        settings: DNS,
        english: "How names are looked up",
        french: "Comment les noms sont résolus",
    },
    Group {
        key: "forward",
        heading: "[forward]",
        settings: FORWARD,
        english: "Letters that go on to other houses",
        french: "Les lettres transmises à d'autres maisons",
    },
    Group {
        key: "receive",
        heading: "[receive]",
        settings: RECEIVE,
        english: "What is done with letters from outside whose sender nothing proves",
        french: "Ce qui est fait des lettres du dehors dont rien ne prouve l'expéditeur",
    },
    Group {
        key: "send",
        heading: "[send]",
        settings: SEND,
        english: "How letters leave",
        french: "Comment partent les lettres",
    },
    Group {
        key: "route",
        heading: "[[route]]",
        settings: ROUTE,
        english: "Where the letters for a domain go; as many of these as there are ways",
        french: "Où vont les lettres d'un domaine ; autant de ces sections qu'il y a de chemins",
    },
];

const FORWARD: &[Setting] = &[Setting {
    key: "per_hour",
    kind: Kind::Number,
    example: "100",
    fallback: Fallback::Value("100"),
    english: "The letters that go on to one address in an hour; the others wait in the queue",
    french: "Les lettres transmises à une même adresse en une heure ; les autres attendent dans la file",
}];

const TOP: &[Setting] = &[
    Setting {
        key: "hostname",
        kind: Kind::Text,
        example: "mail.alpha.test",
        fallback: Fallback::Words("the machine's name", "le nom de la machine"),
        english: "The name that the post office gives itself in SMTP, in Received fields and in its certificate",
        french: "Le nom que le bureau se donne en SMTP, dans les champs Received et dans son certificat",
    },
    Setting {
        key: "data",
        kind: Kind::Text,
        example: "/var/lib/facteur",
        fallback: Fallback::Words(
            "/var/lib/facteur, or ./facteur-data where that is not there and cannot be made",
            "/var/lib/facteur, ou ./facteur-data là où il n'existe pas et ne peut être créé",
        ),
        english: "The data folder",
        french: "Le dossier des données",
    },
    Setting {
        key: "user",
        kind: Kind::Text,
        example: "facteur",
        fallback: Fallback::Words("whoever starts it", "qui le lance"),
        english: "The user for whom root's rights are given up, once the doors are open",
        french: "L'utilisateur au profit de qui les droits de root sont abandonnés, une fois les portes ouvertes",
    },
];

const LISTEN: &[Setting] = &[
    door("smtp", Door::Smtp, "[::]:25", "Letters from other servers", "Les lettres d'autres serveurs"),
    door(
        "submission",
        Door::Submission,
        "[::]:587",
        "Letters of our own people, with STARTTLS",
        "Les lettres des personnes d'ici, avec STARTTLS",
    ),
    door(
        "submissions",
        Door::Submissions,
        "[::]:465",
        "The same, with TLS from the start",
        "De même, avec TLS dès le début",
    ),
    door(
        "lmtp",
        Door::Lmtp,
        "127.0.0.1:24",
        "Letters of a mail server in front; also \"unix:/run/facteur/lmtp\"",
        "Les lettres d'un serveur de courrier placé devant ; aussi « unix:/run/facteur/lmtp »",
    ),
    door("imap", Door::Imap, "[::]:143", "Reading with IMAP and STARTTLS", "Lire par IMAP avec STARTTLS"),
    door("imaps", Door::Imaps, "[::]:993", "Reading with IMAP over TLS", "Lire par IMAP sur TLS"),
    door("pop3", Door::Pop3, "[::]:110", "Fetching with POP3 and STLS", "Relever par POP3 avec STLS"),
    door("pop3s", Door::Pop3s, "[::]:995", "Fetching with POP3 over TLS", "Relever par POP3 sur TLS"),
    door(
        "managesieve",
        Door::ManageSieve,
        "[::]:4190",
        "Filters; nothing stands behind it in this version",
        "Les filtres ; rien ne se trouve derrière dans cette version",
    ),
    door(
        "http",
        Door::Http,
        "[::]:80",
        "The way to https; the pages themselves on this machine only",
        "Le chemin vers https ; les pages elles-mêmes, sur cette machine seulement",
    ),
    door("https", Door::Https, "[::]:443", "The pages, and JMAP", "Les pages, et JMAP"),
];

const PROXY: &[Setting] = &[
    Setting {
        key: "trusted",
        kind: Kind::Texts,
        example: "127.0.0.1",
        fallback: Fallback::Value("[]"),
        english: "The addresses and networks of the proxies that are believed",
        french: "Les adresses et réseaux des mandataires que l'on croit",
    },
    Setting {
        key: "protocol",
        kind: Kind::Texts,
        example: "imaps",
        fallback: Fallback::Value("[]"),
        english: "The doors at which they speak the PROXY protocol",
        french: "Les portes où ils parlent le protocole PROXY",
    },
];

const STORE: &[Setting] = &[
    Setting {
        key: "database",
        kind: Kind::Text,
        example: "sqlite",
        fallback: Fallback::Value("\"sqlite\""),
        english: "Where people, letters and the queue stand",
        french: "Où se trouvent les personnes, les lettres et la file",
    },
    Setting {
        key: "blobs",
        kind: Kind::Text,
        example: "database",
        fallback: Fallback::Value("\"database\""),
        english: "Where the octets of letters stand",
        french: "Où se trouvent les octets des lettres",
    },
];

const DNS: &[Setting] = &[Setting {
    key: "servers",
    kind: Kind::Texts,
    example: "127.0.0.1:53",
    fallback: Fallback::Words("those of the system", "ceux du système"),
    english: "The name servers to ask",
    french: "Les serveurs de noms à interroger",
}];

const RECEIVE: &[Setting] = &[
    Setting {
        key: "authentication",
        kind: Kind::Text,
        example: "note",
        fallback: Fallback::Value("\"on\""),
        english: "\"on\": forged letters are junk, or refused; \"note\": it is only written down; \"off\": nothing is checked",
        french: "« on » : les lettres imitées sont indésirables, ou refusées ; « note » : c'est seulement noté ; « off » : rien \
                 n'est vérifié",
    },
    Setting {
        key: "forwarders",
        kind: Kind::Texts,
        example: "lists.example.org",
        fallback: Fallback::Value("[]"),
        english: "The domains of forwarders and lists that are believed when they seal (ARC) that the sender was proved",
        french: "Les domaines des listes et des relais que l'on croit quand ils scellent (ARC) que l'expéditeur était prouvé",
    },
    Setting {
        key: "fronts",
        kind: Kind::Texts,
        example: "192.0.2.25",
        fallback: Fallback::Words("this machine and private networks", "cette machine et les réseaux privés"),
        english: "The addresses and networks of mail servers in front: their address says nothing about the sender",
        french: "Les adresses et réseaux des serveurs de courrier placés devant : leur adresse ne dit rien de l'expéditeur",
    },
    Setting {
        key: "believed",
        kind: Kind::Texts,
        example: "mx.example.org",
        fallback: Fallback::Value("[]"),
        english: "The names by which such servers sign Authentication-Results that are believed",
        french: "Les noms dont ces serveurs signent les Authentication-Results que l'on croit",
    },
];

const SEND: &[Setting] = &[Setting {
    key: "address",
    kind: Kind::Texts,
    example: "192.0.2.25",
    fallback: Fallback::Value("[]"),
    english: "The address of this machine that letters leave from, one of each family; its reverse name should be the hostname",
    french: "L'adresse de cette machine d'où partent les lettres, une par famille ; son nom inverse devrait être hostname",
}];

const ROUTE: &[Setting] = &[
    Setting {
        key: "domain",
        kind: Kind::Text,
        example: "beta.test",
        fallback: Fallback::Needed,
        english: "Whose letters; \"*\" for every domain that has no route of its own",
        french: "Les lettres de qui ; « * » pour tout domaine qui n'a pas de route à lui",
    },
    Setting {
        key: "to",
        kind: Kind::Text,
        example: "127.0.0.1:25",
        fallback: Fallback::Needed,
        english: "A host, \"smtps:HOST\", \"lmtp:HOST\", \"lmtp:unix:/PATH\", \"command:/PROGRAM WORDS\" or \
                  \"maildir:/PATH/$DOMAIN/$USER\"",
        french: "Un serveur, « smtps:SERVEUR », « lmtp:SERVEUR », « lmtp:unix:/CHEMIN », « command:/PROGRAMME MOTS » ou \
                 « maildir:/CHEMIN/$DOMAIN/$USER »",
    },
    Setting {
        key: "receive",
        kind: Kind::Flag,
        example: "true",
        fallback: Fallback::Value("false"),
        english: "The mailboxes of the domain are there: letters for it are taken from anyone",
        french: "Les boîtes du domaine sont là : ses lettres sont acceptées de tous",
    },
    Setting {
        key: "user",
        kind: Kind::Text,
        example: "alice@isp.test",
        fallback: Fallback::Words("no log-in; the post office's own user", "sans connexion ; l'utilisateur du bureau"),
        english: "At a host: the name to log in with. With a program or a Maildir: the user of this machine it works as, \
                  or $USER for the recipient",
        french: "Auprès d'un serveur : le nom pour se connecter. Avec un programme ou un Maildir : l'utilisateur de cette \
                 machine qui travaille, ou $USER pour le destinataire",
    },
    Setting {
        key: "smallest_uid",
        kind: Kind::Number,
        example: "1000",
        fallback: Fallback::Words("UID_MIN of /etc/login.defs, or 1000", "UID_MIN de /etc/login.defs, ou 1000"),
        english: "With $USER: the smallest number of a user who is a person",
        french: "Avec $USER : le plus petit numéro d'un utilisateur qui est une personne",
    },
    Setting {
        key: "largest_uid",
        kind: Kind::Number,
        example: "61183",
        fallback: Fallback::Value("61183"),
        english: "With $USER: the largest such number",
        french: "Avec $USER : le plus grand de ces numéros",
    },
    Setting {
        key: "password_file",
        kind: Kind::Text,
        example: "/etc/facteur/smarthost.password",
        fallback: Fallback::Words("no log-in", "sans connexion"),
        english: "The file whose first line is the password for the log-in",
        french: "Le fichier dont la première ligne est le mot de passe pour se connecter",
    },
    Setting {
        key: "tls",
        kind: Kind::Text,
        example: "verified",
        fallback: Fallback::Words(
            "\"opportunistic\"; \"verified\" with a log-in",
            "« opportunistic » ; « verified » s'il faut se connecter",
        ),
        english: "What is asked of the connection: \"opportunistic\", \"encrypted\" or \"verified\"",
        french: "Ce qui est demandé à la connexion : « opportunistic », « encrypted » ou « verified »",
    },
    Setting {
        key: "from_line",
        kind: Kind::Flag,
        example: "true",
        fallback: Fallback::Value("false"),
        english: "Give a program an mbox From line before the letter",
        french: "Donner à un programme une ligne From de mbox avant la lettre",
    },
];
