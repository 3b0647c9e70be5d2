use mta::route::Demand;

use super::*;

fn parse(text: &str) -> Result<Config, Vec<Problem>> {
    Config::parse(text, Path::new("/etc/facteur"), Language::English)
}

/// The complaints about a file, as `line: text`.
fn complaints(text: &str, language: Language) -> Vec<String> {
    let problems = Config::parse(text, Path::new("."), language).expect_err("this file is wrong");
    problems.iter().map(|problem| format!("{}: {}", problem.line, problem.text)).collect()
}

#[test]
fn an_empty_file_is_a_whole_configuration() {
    assert_eq!(parse(""), Ok(Config::default()));
}

#[test]
fn the_file_of_the_design_is_understood() {
    let config = parse(
        r#"
        hostname = "Mail.Alpha.test"
        data     = "/var/lib/facteur"
        [listen]
        smtp        = ["0.0.0.0:25", "[::]:25"]
        submission  = []
        lmtp        = ["unix:/run/facteur/lmtp"]
        http        = ["0.0.0.0:80"]
        [proxy]
        trusted  = ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"]
        protocol = ["smtp", "imaps"]
        [store]
        database = "sqlite"
        blobs    = "database"
        [dns]
        servers = ["127.0.0.1:5353", "::1"]
        [[route]]
        domain = "beta.test"
        to     = "127.0.0.1:3525"
        [[route]]
        domain = "*"
        to = "smtp.isp.test:587"
        user = "alice@isp.test"
        password_file = "smarthost.password"
        "#,
    )
    .unwrap();
    assert_eq!(config.hostname.as_str(), "mail.alpha.test");
    assert_eq!(config.places(Door::Smtp, false).len(), 2);
    assert!(config.places(Door::Submission, true).is_empty(), "[] switches a door off");
    assert_eq!(config.places(Door::Lmtp, true), [BindAddress::Unix("/run/facteur/lmtp".into())]);
    assert_eq!(config.places(Door::Imap, false)[0].to_string(), "127.0.0.1:2143");
    assert!(config.proxy.trusted.trust("10.1.2.3".parse().unwrap()));
    assert!(!config.proxy.trusted.trust("::1".parse().unwrap()));
    assert!(config.proxy.protocol.contains(&Door::Smtp) && !config.proxy.protocol.contains(&Door::Imap));
    assert_eq!(config.dns_servers[1].to_string(), "[::1]:53");
    assert_eq!(config.routes[0].to.to_string(), "127.0.0.1:3525");
    assert_eq!(config.routes[0].to.demand, Demand::Opportunistic);
    assert_eq!(config.routes[1].domain, None);
    assert_eq!(config.routes[1].to.demand, Demand::Verified, "a password is not given to just anybody");
    let login = config.routes[1].login.as_ref().unwrap();
    assert_eq!(login.password_file, Path::new("/etc/facteur/smarthost.password"), "paths start from the file");
}

#[test]
fn who_is_a_person_can_be_said_for_each_route_and_the_user_of_the_office_hands_on_as_itself() {
    let route = "[[route]]\ndomain = \"a.test\"\nto = \"command:/bin/cat\"\nuser = ";
    let people = |text: &str| parse(text).unwrap().routes[0].to.run_as.clone().unwrap().people;
    let usual = people(&format!("{route}\"$USER\""));
    assert!(!usual.include(1) && !usual.include(65_534) && usual.include(1500));
    let other = people(&format!("{route}\"$USER\"\nsmallest_uid = 500\nlargest_uid = 200000"));
    assert!(!other.include(499) && other.include(500) && other.include(200_000) && !other.include(65_534));
    let config = parse(&format!("user = \"facteur\"\n{route}\"facteur\"")).unwrap();
    assert_eq!(config.user.as_deref(), Some("facteur"));
}

/// A file with one fault, and the message that a person gets about it.
const BROKEN: &[(&str, &str)] = &[
    ("hostnam = \"a.test\"", "1: \"hostnam\" is not a setting; did you mean \"hostname\"?"),
    (
        "\n\nzzz = 1",
        "3: \"zzz\" is not a setting; the settings here are hostname, data, user, listen, proxy, store, dns, forward, receive, send, route",
    ),
    ("[listen]\nimapz = []", "2: \"imapz\" is not a setting of [listen]; did you mean \"imaps\"?"),
    ("[lisen]\nimap = []", "1: \"lisen\" is not a setting; did you mean \"listen\"?"),
    (
        "[[route]]\ndomain = \"*\"\nto = \"a.test\"\npassword = \"x\"",
        "4: \"password\" is not a setting of [[route]]; did you mean \"password_file\"?",
    ),
    ("hostname = 12", "1: \"hostname\" is a number, and must be a text in quotes: hostname = \"mail.alpha.test\""),
    ("hostname = \"my machine\"", "1: \"my machine\" is not a host name; write one such as \"mail.alpha.test\""),
    ("data = true", "1: \"data\" is true or false, and must be a text in quotes: data = \"/var/lib/facteur\""),
    (
        "listen = \"0.0.0.0:25\"",
        "1: \"listen\" is a section: write [listen] on a line of its own, and its settings below",
    ),
    ("[listen]\nsmtp = 25", "2: \"smtp\" must be a list of texts in quotes: smtp = [\"[::]:25\"]"),
    ("[listen]\nsmtp = [25]", "2: \"smtp\" must be a list of texts in quotes: smtp = [\"[::]:25\"]"),
    (
        "[listen]\nsmtp = [\"0.0.0.0:99999\"]",
        "2: \"0.0.0.0:99999\" is not a place to listen: write an IP address and a port from 1 to 65535, such as \"[::]:25\"",
    ),
    (
        "[listen]\nimaps = [\n  \"127.0.0.1:993\",\n  \"localhost\",\n]",
        "4: \"localhost\" is not a place to listen: write an IP address and a port from 1 to 65535, such as \"[::]:993\"",
    ),
    (
        "[listen]\nsmtp = [\"unix:/run/smtp\"]",
        "2: \"unix:/run/smtp\" is not a place to listen: write an IP address and a port from 1 to 65535, such as \"[::]:25\"",
    ),
    (
        "[listen]\nlmtp = [\"unix:lmtp\"]",
        "2: \"unix:lmtp\" is not a place to listen: write an IP address and a port from 1 to 65535, such as \
         \"127.0.0.1:24\", or \"unix:\" and a full path",
    ),
    (
        "[listen]\nimap = [\"127.0.0.1:25\"]\nsmtp = [\"127.0.0.1:25\"]",
        "2: \"127.0.0.1:25\" is already taken by \"smtp\"; choose another port",
    ),
    (
        "[proxy]\ntrusted = [\"10.0.0.0/8\", \"localhost\"]",
        "2: \"localhost\" is not the address of a proxy: write an IP address or a network, such as \"127.0.0.1\" or \"10.0.0.0/8\"",
    ),
    (
        "[proxy]\ntrusted = [\"10.1.2.3/8\"]",
        "2: \"10.1.2.3/8\" is one address with the length of a network: write \"10.0.0.0/8\" for the network, or the address alone",
    ),
    (
        "[proxy]\ntrusted = [\"0.0.0.0/0\"]",
        "2: \"0.0.0.0/0\" would believe everybody; name the addresses of the proxies",
    ),
    (
        "[proxy]\nprotocol = [\"smtp\"]",
        "2: \"protocol\" needs \"trusted\" beside it: the addresses of the proxies that speak it",
    ),
    (
        "[proxy]\ntrusted = [\"::1\"]\nprotocol = [\"web\"]",
        "3: \"web\" is not a door; the doors are smtp, submission, submissions, lmtp, imap, imaps, pop3, pop3s, managesieve, http, https",
    ),
    ("[proxy]\ntrust = []", "2: \"trust\" is not a setting of [proxy]; did you mean \"trusted\"?"),
    (
        "[store]\ndatabase = \"postgres://db\"",
        "2: database = \"postgres://db\" is not possible in this version; write database = \"sqlite\", or leave the line out",
    ),
    (
        "[store]\nblobs = \"s3://b\"",
        "2: blobs = \"s3://b\" is not possible in this version; write blobs = \"database\", or leave the line out",
    ),
    (
        "[dns]\nservers = [\"dns.test\"]",
        "2: \"dns.test\" is not the address of a name server: write an IP address, such as \"192.0.2.53\" or \"127.0.0.1:5353\"",
    ),
    ("[receive]\nauthentication = \"maybe\"", "2: \"maybe\" is not possible; write \"on\", \"note\" or \"off\""),
    (
        "[receive]\nfronts = [\"0.0.0.0/0\"]",
        "2: \"0.0.0.0/0\" is not the address of a server in front; write an IP address or a network, such as \"192.0.2.25\" or \"192.0.2.0/24\"",
    ),
    ("[receive]\nforwarders = [\"a b\"]", "2: \"a b\" is not a host name; write one such as \"mail.alpha.test\""),
    ("[route]\ndomain = \"*\"", "1: \"route\" can come more than once: write [[route]], with two brackets, above each"),
    ("[[route]]\ndomain = \"beta.test\"", "1: this [[route]] lacks \"to\": write to = \"127.0.0.1:25\""),
    (
        "[[route]]\ndomain = \"a b\"\nto = \"a.test\"",
        "2: \"a b\" is not a domain; write one such as \"beta.test\", or \"*\" for every other domain",
    ),
    (
        "[[route]]\ndomain = \"*\"\nto = \"a.test:smtp\"",
        "3: \"a.test:smtp\" is not a host: write a name or an IP address, and a port if it is not 25, such as \"mail.beta.test:587\"",
    ),
    (
        "[[route]]\ndomain = \"*\"\nto = \"mbox:/var/mail/alice\"",
        "3: \"mbox:/var/mail/alice\" is no way to hand letters on: write a host (\"mail.beta.test\", \"smtps:mail.beta.test\"), \
         \"lmtp:\" and a host, \"lmtp:unix:\" and a path, \"command:\" and a program, or \"maildir:\" and a path",
    ),
    (
        "[[route]]\ndomain = \"a.test\"\nto = \"command:procmail\"",
        "3: \"command:procmail\" needs a full path, which begins with a slash, such as \"command:/usr/bin/procmail -d $USER\"",
    ),
    (
        "[[route]]\ndomain = \"a.test\"\nto = \"maildir:/srv/$NAME\"",
        "3: $NAME is not known: there are $USER, $EXTENSION, $LOCAL, $DOMAIN, $RECIPIENT and $SENDER; write $$ for a dollar",
    ),
    (
        "[[route]]\ndomain = \"a.test\"\nto = 'command:/bin/sh -c \"cat > $USER\"'",
        "3: \"cat > $USER\" would put words of strangers before a shell: give each name a word of its own, or write $$ so \
         that the shell takes it from its environment",
    ),
    (
        "[[route]]\ndomain = \"a.test\"\nto = \"command:/bin/cat\"\nuser = \"a b\"",
        "4: \"a b\" is not a user of this machine: write the name of one, or $USER for the recipient's own",
    ),
    (
        "[[route]]\ndomain = \"a.test\"\nto = \"maildir:/srv/mail\"\ntls = \"verified\"",
        "4: \"tls\" is for servers; a program or a folder has none",
    ),
    (
        "[[route]]\ndomain = \"a.test\"\nto = \"maildir:/srv/mail\"\nfrom_line = true",
        "4: \"from_line\" is for programs (\"command:\") only",
    ),
    (
        "[[route]]\ndomain = \"*\"\nto = \"a.test\"\nreceive = true",
        "4: receive = true for \"*\" would make an open relay of this server; name each domain",
    ),
    (
        "[[route]]\ndomain = \"a.test\"\nto = \"a.test\"\nreceive = \"yes\"",
        "4: \"receive\" is true or false, without quotes: receive = true",
    ),
    (
        "user = \"root\"",
        "1: \"root\" cannot be whom the post office works as: write the name of a user of this machine that is not root, \
         such as \"facteur\"",
    ),
    (
        "user = \"facteur\"\n[[route]]\ndomain = \"a.test\"\nto = \"command:/bin/cat\"\nuser = \"$USER\"",
        "5: user = \"facteur\", above, gives up the rights that handing on as \"$USER\" takes; take one of the two out",
    ),
    (
        "[[route]]\ndomain = \"a.test\"\nto = \"command:/bin/cat\"\nuser = \"vmail\"\nsmallest_uid = 500",
        "5: \"smallest_uid\" and \"largest_uid\" go with user = \"$USER\" only",
    ),
    (
        "[[route]]\ndomain = \"a.test\"\nto = \"command:/bin/cat\"\nuser = \"$USER\"\nsmallest_uid = \"500\"",
        "5: \"smallest_uid\" is a number, without quotes: smallest_uid = 1000",
    ),
    (
        "[[route]]\ndomain = \"a.test\"\nto = \"command:/bin/cat\"\nuser = \"$USER\"\nlargest_uid = 3",
        "5: the users who are people have numbers from \"smallest_uid\", at least 1, up to \"largest_uid\"",
    ),
    (
        "[[route]]\ndomain = \"*\"\nto = \"a.test\"\nuser = \"alice\"",
        "4: a log-in at a host needs both \"user\" and \"password_file\"",
    ),
    (
        "[[route]]\ndomain = \"*\"\nto = \"a.test\"\ntls = \"yes\"",
        "4: tls = \"yes\" is not known; write \"opportunistic\", \"encrypted\" or \"verified\"",
    ),
    (
        "[[route]]\ndomain = \"*\"\nto = \"a.test\"\n[[route]]\ndomain = \"*\"\nto = \"b.test\"",
        "4: there is already a route for \"*\"; keep one of them",
    ),
];

#[test]
fn what_is_wrong_is_told_with_its_line_and_what_to_write() {
    for (file, complaint) in BROKEN {
        assert_eq!(complaints(file, Language::English), [*complaint], "{file}");
    }
}

#[test]
fn what_is_not_toml_is_told_with_its_line() {
    for (file, line) in [("hostname = \"a\ndata = 1", "1: "), ("a = 1\n[listen\n", "2: "), ("a = 1\na = 2", "2: ")] {
        let told = complaints(file, Language::English);
        assert!(told[0].starts_with(&format!("{line}this is not TOML: ")), "{told:?}");
    }
}

#[test]
fn everything_wrong_is_told_at_once_in_the_order_of_the_file() {
    let told = complaints("hostname = 1\n[dns]\nservers = 2\n[listen]\nsmtp = 3\n", Language::English);
    assert_eq!(told.iter().map(|text| &text[..2]).collect::<Vec<_>>(), ["1:", "3:", "5:"]);
}

#[test]
fn complaints_are_also_made_in_french() {
    assert_eq!(
        complaints("hostnam = 1", Language::French),
        ["1: « hostnam » n'est pas un réglage ; vouliez-vous dire « hostname » ?"]
    );
}
