"""A client that a test drives: one step a line on standard input, its answer a line on standard output, both JSON.

A step is a list, its name and its words. What a step raises is told as {"error": ...}, and the client goes on.
"""

import base64
import json
import os
import re
import sys
import traceback

HOST = "127.0.0.1"


class Door:
    """Where and as whom a client logs in, from the environment that the test gives it."""

    def __init__(self):
        self.address = os.environ["KNOWN_ADDRESS"]
        self.password = os.environ["KNOWN_PASSWORD"]
        self.imaps = int(os.environ["KNOWN_IMAPS"])
        self.https = int(os.environ["KNOWN_HTTPS"])
        self.certificate = os.environ["KNOWN_CERTIFICATE"]

    @property
    def jmap(self):
        return "https://%s:%d/.well-known/jmap" % (HOST, self.https)


def serve(steps):
    """Takes steps until standard input ends; `steps` has a method for each."""
    for line in sys.stdin:
        name, *words = json.loads(line)
        try:
            answer = getattr(steps, name)(*words)
        except Exception as why:
            answer = {"error": "%s: %s" % (type(why).__name__, why), "trace": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


def octets(text):
    return base64.b64decode(text)


def text(octets):
    return base64.b64encode(octets).decode()


def quoted(folder):
    """A folder as IMAP4rev1 writes it (RFC 3501 §5.1.3), for libraries that leave that to who uses them."""
    coded = lambda run: "&%s-" % text(run.group().encode("utf-16-be")).rstrip("=").replace("/", ",")
    return '"%s"' % re.sub("[^ -~]+", coded, folder.replace("&", "&-"))


def plain(coded):
    """The other way round."""
    decode = lambda run: octets(run.group(1).replace(",", "/") + "==").decode("utf-16-be") or "&"
    return re.sub(r"&([^-]*)-", decode, coded.strip('"'))


def paths(mailboxes):
    """The ids of JMAP mailboxes by their paths, as IMAP writes them; `mailboxes`: (id, name, parent)."""
    known = {id: (name, parent) for id, name, parent in mailboxes}

    def path(id):
        name, parent = known[id]
        if parent:
            return path(parent) + "/" + name
        return "INBOX" if name.lower() == "inbox" else name

    return {path(id): id for id in known}


def shown(letter):
    """What a person sees of a letter that Python's own parser has read."""
    body = letter.get_body(("plain", "html"))
    return {
        "id": letter["message-id"].strip("<> "),
        "subject": letter["subject"],
        "from": str(letter["from"].addresses[0].display_name),
        "text": body.get_content().strip(),
        "attachments": [
            {"name": part.get_filename(), "octets": text(part.get_payload(decode=True))}
            for part in letter.iter_attachments()
        ],
    }
