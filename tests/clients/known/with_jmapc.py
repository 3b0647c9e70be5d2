"""jmapc, driven."""

import base64
import os
import queue
import tempfile
import threading

import driven

door = driven.Door()
os.environ["REQUESTS_CA_BUNDLE"] = door.certificate

from jmapc import Client, Email, EmailAddress, EmailBodyPart, EmailBodyValue, EmailQueryFilterCondition  # noqa: E402
from jmapc import EmailQueryFilterOperator, EmailSubmission, Mailbox, Operator, Ref  # noqa: E402
from jmapc.methods import CustomMethod, EmailChanges, EmailGet, EmailQuery, EmailSet, EmailSubmissionSet  # noqa: E402
from jmapc.methods import IdentityGet, MailboxGet, MailboxSet  # noqa: E402

KEYWORDS = {"\\Seen": "$seen", "\\Flagged": "$flagged"}
MAIL = "urn:ietf:params:jmap:mail"


class Import(CustomMethod):
    """jmapc has no words of its own for Email/import."""

    def __init__(self, data):
        super().__init__(data=data)
        self.jmap_method = "Email/import"
        type(self).using = {MAIL}


def must(answer):
    for kind in ("not_created", "not_updated", "not_destroyed"):
        assert not getattr(answer, kind, None), answer
    return answer


class Steps:
    def __init__(self):
        self.jmap = Client.create_with_password(
            host="%s:%d" % (driven.HOST, door.https), user=door.address, password=door.password
        )

    def ask(self, calls):
        return self.jmap.request(calls, raise_errors=True)

    def boxes(self):
        boxes = self.ask(MailboxGet(ids=None)).data
        return driven.paths((box.id, box.name, box.parent_id) for box in boxes)

    def role(self, name):
        return next(box.id for box in self.ask(MailboxGet(ids=None)).data if box.role == name)

    def folders(self):
        return sorted(self.boxes())

    def make(self, folder):
        parent, _, name = folder.rpartition("/")
        must(self.ask(MailboxSet(create={"k": Mailbox(name=name, parent_id=self.boxes().get(parent))})))

    def rename(self, folder, to):
        must(self.ask(MailboxSet(update={self.boxes()[folder]: {"name": to, "parentId": None}})))

    def drop(self, folder):
        must(self.ask(MailboxSet(destroy=[self.boxes()[folder]])))

    def find(self, folder, text):
        conditions = [EmailQueryFilterCondition(in_mailbox=self.boxes()[folder]), EmailQueryFilterCondition(text=text)]
        return self.ask(EmailQuery(filter=EmailQueryFilterOperator(Operator.AND, conditions))).ids

    def read(self, id):
        email = self.ask(EmailGet(ids=[id], fetch_text_body_values=True)).data[0]
        return {
            "id": email.message_id[0],
            "subject": email.subject,
            "from": email.mail_from[0].name,
            "text": email.body_values[email.text_body[0].part_id].value.strip(),
            "attachments": [{"name": each.name, "octets": self.download(each)} for each in email.attachments],
        }

    def download(self, attachment):
        with tempfile.NamedTemporaryFile() as file:
            self.jmap.download_attachment(attachment, file.name)
            return driven.text(file.read())

    def upload(self, octets, suffix):
        with tempfile.NamedTemporaryFile(suffix=suffix) as file:
            file.write(base64.b64decode(octets))
            file.flush()
            return self.jmap.upload_blob(file.name)

    def update(self, id, patch):
        must(self.ask(EmailSet(update={id: patch})))

    def mark(self, id, flag, on):
        self.update(id, {"keywords/" + KEYWORDS.get(flag, flag): True if on else None})

    def move(self, id, folder):
        self.update(id, {"mailboxIds": {self.boxes()[folder]: True}})
        return id

    def add(self, folder, letter, flags):
        email = {
            "blobId": self.upload(letter, ".eml").id,
            "mailboxIds": {self.boxes()[folder]: True},
            "keywords": {KEYWORDS.get(flag, flag): True for flag in flags},
        }
        answer = self.ask(Import({"accountId": self.jmap.account_id, "emails": {"k": email}}))
        return answer.data["created"]["k"]["id"]

    def destroy(self, id):
        must(self.ask(EmailSet(destroy=[id])))

    def state(self, _folder):
        return self.ask(EmailGet(ids=[])).state

    def since(self, _folder, state):
        answers = self.ask([
            EmailChanges(since_state=state),
            EmailGet(ids=Ref("/created", 0), properties=["messageId"]),
            EmailGet(ids=Ref("/updated", 0), properties=["messageId"]),
        ])
        return sorted(email.message_id[0] for answer in answers[1:] for email in answer.response.data)

    def listen(self, _folder):
        # A client of its own: what it waits for is the first state that it has not seen, whatever else is asked meanwhile.
        self.told = queue.Queue()
        waiting = Client.create_with_password(
            host="%s:%d" % (driven.HOST, door.https), user=door.address, password=door.password
        )
        waiting.jmap_session
        threading.Thread(target=lambda: self.told.put(next(waiting.events)), daemon=True).start()
        return "listening"

    def heard(self):
        return self.told.get(timeout=60).data.changed[self.jmap.account_id].email is not None

    def send(self, to, subject, text, name, file):
        drafts, sent = self.role("drafts"), self.role("sent")
        identity = self.ask(IdentityGet()).data[0]
        blob = self.upload(file, ".bin")
        draft = Email(
            mail_from=[EmailAddress(name=identity.name, email=identity.email)],
            to=[EmailAddress(email=to)],
            subject=subject,
            keywords={"$draft": True, "$seen": True},
            mailbox_ids={drafts: True},
            text_body=[EmailBodyPart(part_id="body", type="text/plain")],
            body_values={"body": EmailBodyValue(value=text)},
            attachments=[EmailBodyPart(blob_id=blob.id, type=blob.type, name=name, disposition="attachment")],
        )
        gone = {"mailboxIds/" + drafts: None, "mailboxIds/" + sent: True, "keywords/$draft": None}
        answers = self.ask([
            EmailSet(create={"draft": draft}),
            EmailSubmissionSet(
                create={"send": EmailSubmission(email_id="#draft", identity_id=identity.id)},
                on_success_update_email={"#send": gone},
            ),
        ])
        for answer in answers:
            must(answer.response)

    def leave(self):
        self.jmap.requests_session.close()


driven.serve(Steps())
