"""The second look: what is in an account, as Python's own imaplib sees it, and JMAP beside it, which must say the same.

It also plays the other client of the account, the one that changes things behind the back of the client under test.
"""

import hashlib
import imaplib
import json
import re
import ssl
import urllib.request

import driven

# Keywords of JMAP and what IMAP calls them (RFC 8621 §4.1.1).
SYSTEM = {"$seen": "\\Seen", "$flagged": "\\Flagged", "$answered": "\\Answered", "$draft": "\\Draft"}
imaplib._MAXLINE = 100_000_000
imaplib.Commands.setdefault("MOVE", ("SELECTED",))


def must(answer):
    assert answer[0] == "OK", answer
    return answer[1]


class Look:
    def __init__(self, door):
        self.door = door
        trust = ssl.create_default_context(cafile=door.certificate)
        self.opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=trust))
        basic = driven.text(("%s:%s" % (door.address, door.password)).encode())
        self.opener.addheaders = [("Authorization", "Basic " + basic)]
        self.imap = imaplib.IMAP4_SSL(driven.HOST, door.imaps, ssl_context=trust)
        must(self.imap.login(door.address, door.password))
        self.account = None

    # These methods ask over IMAP.

    def folders(self):
        found = []
        for row in must(self.imap.list()):
            attributes, name = re.match(rb'\(([^)]*)\) "/" (.*)', row).groups()
            if b"noselect" not in attributes.lower() and b"nonexistent" not in attributes.lower():
                found.append(driven.plain(name.decode()))
        return sorted(found)

    def select(self, folder, readonly=False):
        # UIDVALIDITY is among what the SELECT said untagged.
        count = int(must(self.imap.select(driven.quoted(folder), readonly=readonly))[0])
        return count, int(self.imap.untagged_responses["UIDVALIDITY"][0])

    def letters(self, folder):
        count, validity = self.select(folder, readonly=True)
        rows = must(self.imap.fetch("1:*", "(UID FLAGS BODY.PEEK[])")) if count else []
        for row in rows:
            if isinstance(row, tuple):
                yield self.letter(folder, validity, *row)

    def letter(self, folder, validity, head, octets):
        flags = re.search(rb"FLAGS \(([^)]*)\)", head).group(1).decode().split()
        name = re.search(rb"(?im)^message-id:\s*<([^>]*)>", octets.split(b"\r\n\r\n")[0])
        return {
            "folder": folder,
            "id": name.group(1).decode() if name else "",
            "uid": int(re.search(rb"UID (\d+)", head).group(1)),
            "validity": validity,
            "flags": sorted(flag for flag in flags if flag != "\\Recent"),
            "size": len(octets),
            "digest": hashlib.sha256(octets).hexdigest(),
        }

    # These methods ask over JMAP.

    def post(self, method, arguments):
        if not self.account:
            session = json.load(self.opener.open(self.door.jmap))
            self.account, self.api = session["primaryAccounts"]["urn:ietf:params:jmap:mail"], session["apiUrl"]
        using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]
        calls = [[method, {"accountId": self.account, **arguments}, "0"]]
        body = json.dumps({"using": using, "methodCalls": calls}).encode()
        request = urllib.request.Request(self.api, body, {"Content-Type": "application/json"})
        answer = json.load(self.opener.open(request))["methodResponses"][0]
        assert answer[0] == method, answer
        return answer[1]

    def as_jmap(self):
        boxes = self.post("Mailbox/get", {"ids": None})["list"]
        folders = driven.paths((box["id"], box["name"], box["parentId"]) for box in boxes)
        names = {id: path for path, id in folders.items()}
        letters, ids = [], self.post("Email/query", {"limit": 100_000})["ids"]
        for at in range(0, len(ids), 500):
            wanted = {"ids": ids[at : at + 500], "properties": ["mailboxIds", "keywords", "messageId", "size"]}
            for email in self.post("Email/get", wanted)["list"]:
                flags = sorted(SYSTEM.get(word, word) for word in email["keywords"])
                name = (email["messageId"] or [""])[0]
                letters += [(names[box], name, flags, email["size"]) for box in email["mailboxIds"]]
        return sorted(folders), sorted(letters)

    # The steps.

    def look(self):
        """All folders and letters; raises where IMAP and JMAP do not say the same."""
        folders = self.folders()
        letters = [letter for folder in folders for letter in self.letters(folder)]
        # `\Deleted` is IMAP's alone (RFC 8621 §4.1.1), and case does not matter in keywords.
        lower = lambda flag: flag if flag.startswith("\\") else flag.lower()
        shown = lambda letter: sorted(lower(flag) for flag in letter["flags"] if flag != "\\Deleted")
        seen = sorted((each["folder"], each["id"], shown(each), each["size"]) for each in letters)
        assert (folders, seen) == self.as_jmap(), "IMAP %s\nJMAP %s" % ((folders, seen), self.as_jmap())
        return {"folders": folders, "letters": letters}

    def texts(self):
        """All letters of all folders: folder, UID, octets."""
        found = []
        for folder in self.folders():
            count, _ = self.select(folder, readonly=True)
            for row in must(self.imap.fetch("1:*", "(UID BODY.PEEK[])")) if count else []:
                if isinstance(row, tuple):
                    found.append([folder, int(re.search(rb"UID (\d+)", row[0]).group(1)), driven.text(row[1])])
        return found

    def uid(self, folder, id):
        self.select(folder)
        found = must(self.imap.uid("SEARCH", "HEADER", "Message-ID", '"%s"' % id))[0].split()
        assert len(found) == 1, (folder, id, found)
        return found[0].decode()

    def mark(self, folder, id, flag, on):
        must(self.imap.uid("STORE", self.uid(folder, id), "+FLAGS" if on else "-FLAGS", "(%s)" % flag))

    def move(self, folder, id, to):
        must(self.imap.uid("MOVE", self.uid(folder, id), driven.quoted(to)))

    def remove(self, folder, id):
        uid = self.uid(folder, id)
        must(self.imap.uid("STORE", uid, "+FLAGS", "(\\Deleted)"))
        must(self.imap.uid("EXPUNGE", uid))

    def add(self, folder, letter, flags):
        must(self.imap.append(driven.quoted(folder), "(%s)" % " ".join(flags), None, driven.octets(letter)))

    def make(self, folder):
        must(self.imap.create(driven.quoted(folder)))

    def octets(self, folder, id):
        rows = must(self.imap.uid("FETCH", self.uid(folder, id), "(BODY.PEEK[])"))
        return driven.text(rows[0][1])


driven.serve(Look(driven.Door()))
