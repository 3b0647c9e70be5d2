//! A JMAP client with its mirror: it asks for the ids that `/changes` names, and for nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tests::{Office, Person, Secure};

/// Folders and keywords of a letter.
pub type Email = (BTreeSet<String>, BTreeSet<String>);
/// The name, the letters, the unread ones, and the counts of conversations.
pub type Mailbox = (String, [u64; 4]);

pub struct Jmap {
    port: u16,
    token: String,
    account: String,
    email_state: String,
    mailbox_state: String,
    pub emails: BTreeMap<String, Email>,
    pub mailboxes: BTreeMap<String, Mailbox>,
}

/// The state of the account, asked for anew.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fresh {
    pub emails: BTreeMap<String, Email>,
    pub mailboxes: BTreeMap<String, Mailbox>,
}

impl Jmap {
    pub fn log_in(office: &Office, person: &Person) -> Self {
        let mut client = Self {
            port: office.ports.https,
            token: String::new(),
            account: String::new(),
            email_state: String::new(),
            mailbox_state: String::new(),
            emails: BTreeMap::new(),
            mailboxes: BTreeMap::new(),
        };
        let form = format!("name={}&password={}", person.address, person.password.replace(' ', "+"));
        let header = "Accept: application/json\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n";
        let said = client.request("POST", "/login", header, &form);
        let cookie = said.lines().find(|line| line.to_lowercase().starts_with("set-cookie:")).expect("a cookie");
        let token = cookie.split_once('=').expect("a token").1;
        client.token = token.split(';').next().unwrap_or_default().to_owned();
        let session = client.json("GET", "/jmap/session", "");
        client.account =
            session["primaryAccounts"]["urn:ietf:params:jmap:mail"].as_str().expect("an account").to_owned();
        // The states are those before the read: a change in between comes once more.
        client.email_state = state(&client.call("Email/get", json!({"ids": []})));
        client.mailbox_state = state(&client.call("Mailbox/get", json!({"ids": []})));
        let Fresh { emails, mailboxes } = client.fresh();
        (client.emails, client.mailboxes) = (emails, mailboxes);
        client
    }

    fn request(&self, method: &str, path: &str, header: &str, body: &str) -> String {
        let mut wire = Secure::open(self.port);
        let length = body.len();
        wire.say(&format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}Content-Length: {length}\r\n\r\n{body}"
        ));
        wire.goodbye().expect("an answer")
    }

    fn json(&self, method: &str, path: &str, body: &str) -> Value {
        let header = format!("Authorization: Bearer {}\r\nContent-Type: application/json\r\n", self.token);
        let said = self.request(method, path, &header, body);
        let body = said.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{said}")).1;
        let from = body.find('{').unwrap_or_else(|| panic!("{said}"));
        let to = body.rfind('}').unwrap_or_else(|| panic!("{said}"));
        serde_json::from_str(&body[from..=to]).unwrap_or_else(|error| panic!("{error}: {said}"))
    }

    pub fn call(&self, method: &str, mut arguments: Value) -> Value {
        arguments["accountId"] = self.account.as_str().into();
        let using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];
        let body = json!({"using": using, "methodCalls": [[method, arguments, "0"]]}).to_string();
        let answer = self.json("POST", "/jmap/api", &body);
        assert_eq!(answer["methodResponses"][0][0], method, "{body}: {answer}");
        answer["methodResponses"][0][1].clone()
    }

    /// Learns what others have done, and the effects of its own deeds.
    pub fn catch_up(&mut self) {
        loop {
            let told = self.call("Email/changes", json!({"sinceState": self.email_state, "maxChanges": 20}));
            for id in strings(&told["destroyed"]) {
                self.emails.remove(&id);
            }
            let ids: Vec<String> = ["created", "updated"].iter().flat_map(|which| strings(&told[which])).collect();
            let got = self.call("Email/get", json!({"ids": ids, "properties": ["mailboxIds", "keywords"]}));
            for id in strings(&got["notFound"]) {
                self.emails.remove(&id);
            }
            self.emails.extend(list(&got).map(email));
            self.email_state = told["newState"].as_str().expect("a state").to_owned();
            if told["hasMoreChanges"] != true {
                break;
            }
        }
        loop {
            let told = self.call("Mailbox/changes", json!({"sinceState": self.mailbox_state, "maxChanges": 20}));
            for id in strings(&told["destroyed"]) {
                self.mailboxes.remove(&id);
            }
            let ids: Vec<String> = ["created", "updated"].iter().flat_map(|which| strings(&told[which])).collect();
            let got = self.call("Mailbox/get", json!({"ids": ids}));
            for id in strings(&got["notFound"]) {
                self.mailboxes.remove(&id);
            }
            self.mailboxes.extend(list(&got).map(mailbox));
            self.mailbox_state = told["newState"].as_str().expect("a state").to_owned();
            if told["hasMoreChanges"] != true {
                return;
            }
        }
    }

    /// Returns all there is, asked for without a look at the mirror.
    pub fn fresh(&self) -> Fresh {
        let mut fresh = Fresh::default();
        loop {
            let asked = json!({"position": fresh.emails.len(), "limit": 100, "sort": [{"property": "receivedAt"}]});
            let ids = strings(&self.call("Email/query", asked)["ids"]);
            if ids.is_empty() {
                break;
            }
            let got = self.call("Email/get", json!({"ids": ids, "properties": ["mailboxIds", "keywords"]}));
            let before = fresh.emails.len();
            fresh.emails.extend(list(&got).map(email));
            assert!(fresh.emails.len() > before, "the same letters twice");
        }
        let got = self.call("Mailbox/get", json!({"ids": null}));
        fresh.mailboxes.extend(list(&got).map(mailbox));
        fresh
    }
}

fn state(answer: &Value) -> String {
    answer["state"].as_str().expect("a state").to_owned()
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|one| Some(one.as_str()?.to_owned())).collect()
}

fn list(answer: &Value) -> impl Iterator<Item = &Value> {
    answer["list"].as_array().into_iter().flatten()
}

fn keys(object: &Value) -> BTreeSet<String> {
    object.as_object().into_iter().flat_map(|object| object.keys().cloned()).collect()
}

fn id(object: &Value) -> String {
    object["id"].as_str().expect("an id").to_owned()
}

fn email(object: &Value) -> (String, Email) {
    (id(object), (keys(&object["mailboxIds"]), keys(&object["keywords"])))
}

fn mailbox(object: &Value) -> (String, Mailbox) {
    let count = |name: &str| object[name].as_u64().expect("a count");
    let counts = ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"].map(count);
    (id(object), (object["name"].as_str().unwrap_or_default().to_owned(), counts))
}
