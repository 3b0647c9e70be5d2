"""jmaplib, driven."""

import ssl

import driven
import httpx
from jmap import CreationRef
from jmap.auth import BasicAuth
from jmap.client import JMAPClient
from jmap.core.patch import keyword_patch
from jmap.models.mail.objects import Mailbox
from jmap.push import EventSourceClient, Ping
from jmap.sync import ChangeStream

KEYWORDS = {"\\Seen": "$seen", "\\Flagged": "$flagged"}


def must(answer):
    assert not answer.has_errors, (answer.creation_errors, answer.update_errors, answer.destroy_errors)
    return answer


class Steps:
    def __init__(self, door):
        # The library wants a client of its own for each connection that stays open.
        trust = ssl.create_default_context(cafile=door.certificate)
        self.connect = lambda: JMAPClient.connect(
            door.jmap,
            auth=BasicAuth(door.address, door.password),
            http=httpx.Client(verify=trust, timeout=60, follow_redirects=True),
        )
        self.jmap = self.connect()

    def mailboxes(self):
        with self.jmap.batch() as batch:
            got = batch.mail.mailbox.get(ids=None)
        return got.result.items

    def boxes(self):
        return driven.paths((box.id, box.name, box.parent_id) for box in self.mailboxes())

    def role(self, name):
        return next(box.id for box in self.mailboxes() if box.role == name)

    def set_mailbox(self, **change):
        with self.jmap.batch() as batch:
            answer = batch.mail.mailbox.set(**change)
        must(answer.result)

    def set_email(self, **change):
        with self.jmap.batch() as batch:
            answer = batch.mail.email.set(**change)
        must(answer.result)

    def folders(self):
        return sorted(self.boxes())

    def make(self, folder):
        parent, _, name = folder.rpartition("/")
        self.set_mailbox(create={"k": Mailbox(name=name, parent_id=self.boxes().get(parent))})

    def rename(self, folder, to):
        self.set_mailbox(update={self.boxes()[folder]: {"name": to, "parentId": None}})

    def drop(self, folder):
        self.set_mailbox(destroy=[self.boxes()[folder]])

    def find(self, folder, text):
        conditions = [{"inMailbox": self.boxes()[folder]}, {"text": text}]
        with self.jmap.batch() as batch:
            found = batch.mail.email.query(filter={"operator": "AND", "conditions": conditions}, calculate_total=True)
            emails = batch.mail.email.get(ids=found.ref_ids(), properties=["id"])
        assert found.result.total == len(emails.result.items)
        return [email.id for email in emails.result.items]

    def read(self, id):
        properties = ["messageId", "subject", "from", "textBody", "bodyValues", "attachments"]
        with self.jmap.batch() as batch:
            got = batch.mail.email.get(ids=[id], properties=properties, fetchTextBodyValues=True)
        email = got.result.items[0]
        return {
            "id": email.message_id[0],
            "subject": email.subject,
            "from": email.from_[0].name,
            "text": email.body_values[email.text_body[0].part_id].value.strip(),
            "attachments": [
                {
                    "name": each.name,
                    "octets": driven.text(self.jmap.download(each.blob_id, name=each.name, content_type=each.type)),
                }
                for each in email.attachments
            ],
        }

    def mark(self, id, flag, on):
        keyword = KEYWORDS.get(flag, flag)
        self.set_email(update={id: keyword_patch(add=[keyword]) if on else keyword_patch(remove=[keyword])})

    def move(self, id, folder):
        self.set_email(update={id: {"mailboxIds": {self.boxes()[folder]: True}}})
        return id

    def add(self, folder, letter, flags):
        blob = self.jmap.upload(driven.octets(letter), content_type="message/rfc822")
        email = {
            "blobId": blob.blob_id,
            "mailboxIds": {self.boxes()[folder]: True},
            "keywords": {KEYWORDS.get(flag, flag): True for flag in flags},
        }
        with self.jmap.batch() as batch:
            answer = batch.mail.email.import_(emails={"k": email})
        assert not answer.result.not_created, answer.result
        return answer.result.created["k"].id

    def destroy(self, id):
        self.set_email(destroy=[id])

    def state(self, _folder):
        with self.jmap.batch() as batch:
            got = batch.mail.email.get(ids=[], properties=["id"])
        return got.result.state

    def since(self, _folder, state):
        stream = ChangeStream(self.jmap, "Email")
        stream.seed(state)
        changes = stream.catch_up()
        with self.jmap.batch() as batch:
            got = batch.mail.email.get(ids=list(changes.touched), properties=["messageId"])
        return sorted(email.message_id[0] for email in got.result.items)

    def listen(self, _folder):
        # Its listener connects when it is first asked for an event.
        self.events = EventSourceClient(self.connect(), types=("Email", "Mailbox"), ping=30).listen()
        self.known = self.state(None)
        return "listening"

    def heard(self):
        account = self.jmap.session.primary_accounts["urn:ietf:params:jmap:mail"]
        changes = (event for event in self.events if not isinstance(event, Ping))
        return "Email" in next(changes).outdated({account: {"Email": self.known}}).get(account, {})

    def send(self, to, subject, text, name, file):
        drafts, sent = self.role("drafts"), self.role("sent")
        blob = self.jmap.upload(driven.octets(file), content_type="application/octet-stream")
        with self.jmap.batch() as batch:
            identities = batch.submission.identity.get(ids=None)
        identity = identities.result.items[0]
        draft = {
            "mailboxIds": {drafts: True},
            "keywords": {"$draft": True, "$seen": True},
            "from": [{"email": identity.email, "name": identity.name}],
            "to": [{"email": to}],
            "subject": subject,
            "textBody": [{"partId": "body", "type": "text/plain"}],
            "bodyValues": {"body": {"value": text}},
            "attachments": [{"blobId": blob.blob_id, "type": blob.type, "name": name, "disposition": "attachment"}],
        }
        gone = {"mailboxIds": {sent: True}, "keywords/$draft": None}
        with self.jmap.batch() as batch:
            made = batch.mail.email.set(create={"draft": draft})
            gone_out = batch.submission.email_submission.set(
                create={"send": {"identityId": identity.id, "emailId": CreationRef("draft")}},
                onSuccessUpdateEmail={"#send": gone},
            )
        must(made.result)
        must(gone_out.result)

    def leave(self):
        self.jmap.close()


driven.serve(Steps(driven.Door()))
