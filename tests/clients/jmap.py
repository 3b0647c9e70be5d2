"""A JMAP client that is not ours, jmapc: writes a letter, sends it, finds it, reads it, moves it, listens for changes.

jmap.py HOST:PORT USER PASSWORD STEP [WORDS]; prints what came of it as JSON. The certificate is in REQUESTS_CA_BUNDLE.
"""

import json
import sys
import threading

from jmapc import (
    Client,
    Comparator,
    Email,
    EmailAddress,
    EmailBodyPart,
    EmailBodyValue,
    EmailQueryFilterCondition,
    EmailSubmission,
    MailboxQueryFilterCondition,
    Ref,
)
from jmapc.methods import (
    CoreEcho,
    EmailChanges,
    EmailGet,
    EmailQuery,
    EmailSet,
    EmailSubmissionSet,
    IdentityGet,
    MailboxGet,
    MailboxQuery,
    ThreadGet,
)


def client(host, user, password):
    return Client.create_with_password(host=host, user=user, password=password)


def role(jmap, name):
    found = jmap.request([
        MailboxQuery(filter=MailboxQueryFilterCondition(role=name)),
        MailboxGet(ids=Ref("/ids")),
    ])
    return found[1].response.data[0].id


def send(jmap, to, subject):
    """A draft, sent, then moved to Sent without its flag."""
    assert jmap.request(CoreEcho(data={"hello": True})).data == {"hello": True}
    drafts, sent = role(jmap, "drafts"), role(jmap, "sent")
    identity = jmap.request(IdentityGet()).data[0]
    draft = Email(
        mail_from=[EmailAddress(name="Élise", email=identity.email)],
        to=[EmailAddress(name="Bob", email=to)],
        subject=subject,
        keywords={"$draft": True, "$seen": True},
        mailbox_ids={drafts: True},
        text_body=[EmailBodyPart(part_id="body", type="text/plain")],
        body_values={"body": EmailBodyValue(value="Bonjour à vous")},
    )
    answers = jmap.request([
        EmailSet(create={"draft": draft}),
        EmailSubmissionSet(
            create={"send": EmailSubmission(email_id="#draft", identity_id=identity.id)},
            on_success_update_email={
                "#send": {f"mailboxIds/{drafts}": None, f"mailboxIds/{sent}": True, "keywords/$draft": None}
            },
        ),
    ], raise_errors=True)
    email = answers[0].response.created["draft"].id
    assert answers[1].response.created["send"] is not None
    assert answers[2].response.updated == {email: None}
    kept = jmap.request(EmailGet(ids=[email])).data[0]
    return {"id": email, "mailbox_is_sent": kept.mailbox_ids == {sent: True}, "keywords": kept.keywords}


def find(jmap, text):
    """What has the text in INBOX, with its conversation."""
    answers = jmap.request([
        EmailQuery(
            filter=EmailQueryFilterCondition(in_mailbox=role(jmap, "inbox"), text=text),
            sort=[Comparator(property="receivedAt", is_ascending=False)],
            limit=10,
            collapse_threads=True,
        ),
        EmailGet(ids=Ref("/ids"), fetch_text_body_values=True),
        ThreadGet(ids=Ref("/list/*/threadId")),
    ], raise_errors=True)
    emails = answers[1].response.data
    return [
        {
            "id": email.id,
            "subject": email.subject,
            "from": email.mail_from[0].name,
            "text": [value.value for value in email.body_values.values()],
            "thread": len(answers[2].response.data[0].email_ids),
            "keywords": sorted(email.keywords),
        }
        for email in emails
    ]


def mark(jmap, email, keyword):
    jmap.request(EmailSet(update={email: {f"keywords/{keyword}": True}}), raise_errors=True)
    return jmap.request(EmailGet(ids=[email])).data[0].keywords


def state(jmap):
    return jmap.request(EmailGet(ids=[])).state


def changes(jmap, since):
    told = jmap.request(EmailChanges(since_state=since), raise_errors=True)
    return {"created": told.created, "updated": told.updated, "destroyed": told.destroyed, "state": told.new_state}


def listen(jmap, subject):
    """Opens the event source while something changes again and again, and hears of it."""
    before, heard = state(jmap), threading.Event()

    def write():
        writer = client(*sys.argv[1:4])
        drafts = role(writer, "drafts")
        while not heard.wait(1.0):
            writer.request(EmailSet(create={"k": Email(subject=subject, mailbox_ids={drafts: True})}), raise_errors=True)

    thread = threading.Thread(target=write)
    thread.start()
    event = next(jmap.events)
    heard.set()
    thread.join()
    return {"before": before, "email": event.data.changed[jmap.account_id].email}


STEPS = {"send": send, "find": find, "mark": mark, "state": state, "changes": changes, "listen": listen}
print(json.dumps(STEPS[sys.argv[4]](client(*sys.argv[1:4]), *sys.argv[5:])))
