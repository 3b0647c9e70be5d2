"""jmax, a program for the command line, driven: each step is one run of it or more."""

import json
import os
import subprocess
import sys

import driven

FLAGS = {"\\Seen": ("read", "unread"), "\\Flagged": ("flag", "unflag")}


class Steps:
    def __init__(self, door):
        self.environment = dict(
            os.environ,
            JMAP_URL="https://%s:%d" % (driven.HOST, door.https),
            JMAP_USER=door.address,
            JMAP_PASSWORD=door.password,
            SSL_CERT_FILE=door.certificate,
        )

    def run(self, *words, given="", empty=()):
        """What it prints; it ends with 1 where there is nothing to print."""
        command = [sys.executable, "-m", "jmax.cli", *words]
        ended = subprocess.run(command, input=given.encode(), capture_output=True, env=self.environment, timeout=60)
        assert ended.returncode in (0, *empty), (words, ended)
        return ended.stdout

    def rows(self, *words):
        return json.loads(self.run(*words, empty=(1,)) or b"[]")

    def folders(self):
        return sorted(driven.paths((box["id"], box["name"], box["parentId"]) for box in self.rows("mailboxes")))

    def find(self, folder, text):
        return [row["id"] for row in self.rows("search", text, "--in", folder)]

    def read(self, id):
        # Its list shows who a letter is from; the rest is told by `get`.
        letter = json.loads(self.run("get", id))
        attachments = json.loads(self.run("get", id, "--attachments"))["attachments"]
        return {
            "id": letter["messageId"][0],
            "subject": self.run("get", id, "--subject").decode().strip(),
            "from": letter["from"][0]["name"],
            "text": self.run("get", id, "--body").decode().strip(),
            "attachments": [
                {"name": each["name"], "octets": driven.text(self.run("attachment", id, each["name"], "-o", "-"))}
                for each in attachments
            ],
        }

    def mark(self, id, flag, on):
        self.run(FLAGS[flag][0 if on else 1], id)

    def move(self, id, folder):
        self.run("move", id, "--to", folder)
        return id

    def destroy(self, id):
        self.run("delete", id, "--permanent", "--yes")

    def send(self, to, subject, text):
        self.run("send", "--to", to, "--subject", subject, given=text)

    def reply(self, id, text):
        self.run("reply", id, given=text)

    def leave(self):
        pass


driven.serve(Steps(driven.Door()))
