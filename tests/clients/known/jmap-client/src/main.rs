//! jmap-client, driven: `driven.py` says how.

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, Write};
use std::pin::Pin;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::{Stream, StreamExt};
use jmap_client::DataType;
use jmap_client::client::Client;
use jmap_client::core::query::Filter;
use jmap_client::core::set::SetObject;
use jmap_client::email::{self, EmailBodyPart, Property};
use jmap_client::event_source::PushNotification;
use jmap_client::mailbox::{Mailbox, Role};
use serde_json::{Value, json};

type Answer<T> = Result<T, Box<dyn Error>>;
type Events = Pin<Box<dyn Stream<Item = jmap_client::Result<PushNotification>>>>;

struct Steps {
    jmap: Client,
    events: Option<Events>,
}

#[tokio::main]
async fn main() -> Answer<()> {
    let told = |name: &str| std::env::var(name);
    let jmap = Client::new()
        .credentials((told("KNOWN_ADDRESS")?.as_str(), told("KNOWN_PASSWORD")?.as_str()))
        .connect(&format!("https://127.0.0.1:{}", told("KNOWN_HTTPS")?))
        .await?;
    let mut steps = Steps { jmap, events: None };
    for line in std::io::stdin().lock().lines() {
        let words: Vec<Value> = serde_json::from_str(&line?)?;
        let text = |at: usize| words.get(at).and_then(Value::as_str).unwrap_or_default();
        let answer = steps.step(text(0), [text(1), text(2), text(3), text(4), text(5)], &words).await;
        let answer = answer.unwrap_or_else(|why| json!({"error": why.to_string()}));
        println!("{answer}");
        std::io::stdout().flush()?;
    }
    Ok(())
}

impl Steps {
    async fn step(&mut self, name: &str, words: [&str; 5], all: &[Value]) -> Answer<Value> {
        let [first, second, third, fourth, fifth] = words;
        let on = all.get(3).and_then(Value::as_bool).unwrap_or_default();
        Ok(match name {
            "folders" => json!(sorted(self.boxes().await?.into_keys().collect())),
            "make" => self.make(first).await?,
            "rename" => self.rename(first, second).await?,
            "drop" => json!(self.jmap.mailbox_destroy(&self.folder(first).await?, false).await?),
            "find" => self.find(first, second).await?,
            "read" => self.read(first).await?,
            "mark" => self.mark(first, second, on).await?,
            "move" => self.to_folder(first, second).await?,
            "add" => self.add(first, second, &all[3]).await?,
            "destroy" => json!(self.jmap.email_destroy(first).await?),
            "state" => json!(self.state().await?),
            "since" => self.since(second).await?,
            "listen" => self.listen().await?,
            "heard" => self.heard().await?,
            "send" => self.send(first, second, third, fourth, fifth).await?,
            "leave" => Value::Null,
            other => return Err(format!("there is no step {other}").into()),
        })
    }

    /// The ids of the mailboxes by their paths.
    async fn boxes(&self) -> Answer<HashMap<String, String>> {
        let list = self.mailboxes().await?;
        let known: HashMap<&str, &Mailbox> = list.iter().filter_map(|each| Some((each.id()?, each))).collect();
        Ok(list.iter().map(|each| (path(each, &known), each.id().unwrap_or_default().to_owned())).collect())
    }

    async fn mailboxes(&self) -> Answer<Vec<Mailbox>> {
        let mut request = self.jmap.build();
        request.get_mailbox();
        Ok(request.send_get_mailbox().await?.take_list())
    }

    async fn folder(&self, path: &str) -> Answer<String> {
        self.boxes().await?.remove(path).ok_or_else(|| format!("there is no {path}").into())
    }

    async fn role(&self, role: Role) -> Answer<String> {
        let found = self.mailboxes().await?.into_iter().find(|each| each.role() == role);
        Ok(found.ok_or("no such role")?.take_id())
    }

    async fn make(&self, path: &str) -> Answer<Value> {
        let (parent, name) = path.rsplit_once('/').map_or((None, path), |(parent, name)| (Some(parent), name));
        let parent = match parent {
            Some(parent) => Some(self.folder(parent).await?),
            None => None,
        };
        self.jmap.mailbox_create(name, parent, Role::None).await?;
        Ok(Value::Null)
    }

    async fn rename(&self, from: &str, to: &str) -> Answer<Value> {
        let id = self.folder(from).await?;
        self.jmap.mailbox_move(&id, None::<String>).await?;
        self.jmap.mailbox_rename(&id, to).await?;
        Ok(Value::Null)
    }

    async fn find(&self, folder: &str, text: &str) -> Answer<Value> {
        let folder = email::query::Filter::in_mailbox(self.folder(folder).await?);
        let filter = Filter::and([folder, email::query::Filter::text(text)]);
        let sort = [email::query::Comparator::received_at()];
        Ok(json!(self.jmap.email_query(Some(filter), Some(sort)).await?.take_ids()))
    }

    async fn read(&self, id: &str) -> Answer<Value> {
        let mut request = self.jmap.build();
        let get = request.get_email().ids([id]);
        get.properties([
            Property::MessageId,
            Property::Subject,
            Property::From,
            Property::TextBody,
            Property::BodyValues,
            Property::Attachments,
        ]);
        get.arguments().fetch_text_body_values(true);
        let letter = request.send_get_email().await?.take_list().pop().ok_or("it is gone")?;
        let text = letter.text_body().and_then(<[_]>::first).and_then(|part| letter.body_value(part.part_id()?));
        let mut attachments = Vec::new();
        for part in letter.attachments().unwrap_or_default() {
            let octets = self.jmap.download(part.blob_id().unwrap_or_default()).await?;
            attachments.push(json!({"name": part.name(), "octets": BASE64_STANDARD.encode(octets)}));
        }
        Ok(json!({
            "id": letter.message_id().and_then(<[_]>::first),
            "subject": letter.subject(),
            "from": letter.from().and_then(<[_]>::first).and_then(|from| from.name()),
            "text": text.map(|text| text.value().trim()),
            "attachments": attachments,
        }))
    }

    async fn mark(&self, id: &str, flag: &str, on: bool) -> Answer<Value> {
        self.jmap.email_set_keyword(id, keyword(flag), on).await?;
        Ok(Value::Null)
    }

    async fn to_folder(&self, id: &str, folder: &str) -> Answer<Value> {
        self.jmap.email_set_mailboxes(id, [self.folder(folder).await?]).await?;
        Ok(json!(id))
    }

    async fn add(&self, folder: &str, letter: &str, flags: &Value) -> Answer<Value> {
        let flags = flags.as_array().into_iter().flatten().filter_map(Value::as_str).map(keyword);
        let folder = self.folder(folder).await?;
        let octets = BASE64_STANDARD.decode(letter)?;
        Ok(json!(self.jmap.email_import(octets, [folder], Some(flags), None).await?.take_id()))
    }

    async fn state(&self) -> Answer<String> {
        let mut request = self.jmap.build();
        request.get_email().ids(Vec::<String>::new());
        Ok(request.send_get_email().await?.take_state())
    }

    async fn since(&self, state: &str) -> Answer<Value> {
        let mut changes = self.jmap.email_changes(state, None).await?;
        let ids = [changes.take_created(), changes.take_updated()].concat();
        let mut request = self.jmap.build();
        request.get_email().ids(ids).properties([Property::MessageId]);
        let list = request.send_get_email().await?.take_list();
        let names = list.iter().filter_map(|letter| letter.message_id()?.first().cloned());
        Ok(json!(sorted(names.collect())))
    }

    async fn listen(&mut self) -> Answer<Value> {
        let types = [DataType::Email, DataType::Mailbox];
        self.events = Some(Box::pin(self.jmap.event_source(Some(types), false, Some(60), None).await?));
        Ok(json!("listening"))
    }

    async fn heard(&mut self) -> Answer<Value> {
        let event = self.events.as_mut().ok_or("nobody listens")?.next().await.ok_or("it has ended")??;
        let PushNotification::StateChange(changes) = event else { return Ok(json!(false)) };
        let account = changes.changes(self.jmap.default_account_id());
        Ok(json!(account.is_some_and(|mut types| types.any(|(kind, _)| *kind == DataType::Email))))
    }

    async fn send(&self, to: &str, subject: &str, text: &str, name: &str, file: &str) -> Answer<Value> {
        let (drafts, sent) = (self.role(Role::Drafts).await?, self.role(Role::Sent).await?);
        let octets = BASE64_STANDARD.decode(file)?;
        let blob = self.jmap.upload(None, octets, Some("application/octet-stream")).await?.take_blob_id();
        let mut request = self.jmap.build();
        request.get_identity();
        let mut identity = request.send_get_identity().await?.take_list().pop().ok_or("no identity")?;
        let mut request = self.jmap.build();
        let draft = request.set_email().create();
        draft.mailbox_ids([&drafts]).keywords(["$draft", "$seen"]);
        draft.from([identity.email().unwrap_or_default()]).to([to]).subject(subject);
        draft.text_body(EmailBodyPart::new().part_id("body").content_type("text/plain"));
        draft.body_value("body".to_owned(), text);
        draft.attachment(EmailBodyPart::new().blob_id(blob).name(name).content_type("application/octet-stream"));
        let made = draft.create_id().ok_or("no id")?;
        let id = request.send_set_email().await?.created(&made)?.take_id();
        let mut request = self.jmap.build();
        let submission = request.set_email_submission();
        let create = submission.create().email_id(&id).identity_id(identity.take_id()).create_id().ok_or("no id")?;
        let gone = submission.arguments().on_success_update_email(&create);
        gone.mailbox_id(&drafts, false).mailbox_id(&sent, true).keyword("$draft", false);
        // The server tells of the changes on success in an answer of their own behind this one.
        let answers = request.send().await?.unwrap_method_responses();
        answers.into_iter().next().ok_or("no answer")?.unwrap_set_email_submission()?.created(&create)?;
        Ok(Value::Null)
    }
}

fn path(mailbox: &Mailbox, known: &HashMap<&str, &Mailbox>) -> String {
    let name = mailbox.name().unwrap_or_default();
    match mailbox.parent_id().and_then(|parent| known.get(parent)) {
        Some(parent) => format!("{}/{name}", path(parent, known)),
        None if name.eq_ignore_ascii_case("inbox") => "INBOX".to_owned(),
        None => name.to_owned(),
    }
}

fn keyword(flag: &str) -> &str {
    match flag {
        "\\Seen" => "$seen",
        "\\Flagged" => "$flagged",
        other => other,
    }
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}
